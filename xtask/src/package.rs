//! The step `package`: packs every published crate and compiles what was packed, away from the repository.
//!
//! `cargo package` would do the second half itself, but where crates of one workspace depend on each other it unpacks
//! them under cargo's home, in a folder named after the path of the target folder, and never again: the next commit on
//! the same machine would be compiled against the last one's crates. So the archives are unpacked here, into a
//! workspace of their own whose members stand for the registry's crates.

use std::fs;
use std::path::Path;

use crate::{Failure, Outcome, process, workspace};

/// The published crates.
const CRATES: &[&str] = &["mycelium-wire", "mycelium-bus", "mycelium-bridge", "myc-schema"];

pub fn run() -> Outcome {
    has_templates()?;
    let mut package = process::cargo(&["package", "--allow-dirty", "--no-verify"]);
    package.args(CRATES.iter().flat_map(|name| ["--package", name]));
    process::run(package)?;
    let folder = workspace::target().join("package/unpacked");
    unpack(&folder)?;
    let mut check = process::cargo(&["check", "--workspace", "--manifest-path"]);
    check.arg(folder.join("Cargo.toml"));
    process::run(check)
}

fn has_templates() -> Outcome {
    let listed = process::output(process::cargo(&["package", "--list", "--allow-dirty", "--package", "myc-schema"]))?;
    for template in workspace::files(&workspace::root().join("templates"))? {
        let packed = Path::new("templates").join(&template);
        if !listed.lines().any(|line| Path::new(line) == packed) {
            return Err(Failure(format!("the package myc-schema lacks templates/{template}")));
        }
    }
    Ok(())
}

/// Makes `folder` anew: the archives' contents, a manifest over them, and the versions that the repository has locked.
fn unpack(folder: &Path) -> Outcome {
    let failed = |error: std::io::Error| Failure(format!("cannot make {}: {error}", folder.display()));
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(failed)?;
    }
    fs::create_dir_all(folder).map_err(failed)?;
    let version = env!("CARGO_PKG_VERSION");
    let mut members = String::new();
    let mut patches = String::new();
    for name in CRATES {
        let mut tar = process::program("tar", &["--extract", "--gzip", "--file"]);
        tar.arg(workspace::target().join(format!("package/{name}-{version}.crate"))).arg("--directory").arg(folder);
        process::run(tar)?;
        members.push_str(&format!("    \"{name}-{version}\",\n"));
        patches.push_str(&format!("{name} = {{ path = \"{name}-{version}\" }}\n"));
    }
    let manifest = format!("[workspace]\nresolver = \"3\"\nmembers = [\n{members}]\n\n[patch.crates-io]\n{patches}");
    workspace::write(&folder.join("Cargo.toml"), manifest)?;
    fs::copy(workspace::root().join("Cargo.lock"), folder.join("Cargo.lock")).map_err(failed)?;
    Ok(())
}
