//! `cargo xtask bless`: accepts the snapshots' present texts, and the output that documentation shows. Bytes in `golden/` are not snapshots: new ones are
//! added to their manifest, and anything that a test run did to the others is undone.

use std::collections::BTreeMap;

use crate::{Failure, Outcome, golden, process, workspace};

/// One line for the usage text.
pub const ABOUT: &str =
    "accepts changed snapshots and shown output, lists new golden bytes; never changes golden bytes";

/// Runs the tests that compare snapshots, letting them write. Arguments go to `cargo test`.
pub fn run(arguments: &[String]) -> Outcome {
    let before = golden_files()?;
    let packages = snapshot_packages()?;
    let mut command = process::cargo(&["test", "--no-fail-fast"]);
    for package in &packages {
        command.args(["--package", package]);
    }
    command.args(arguments).env("INSTA_UPDATE", "always").env("INSTA_FORCE_PASS", "1").env("MYC_DOCS", "update");
    let tests = process::run(command);
    restore(&before)?;
    let added = golden::record()?;
    println!("bless: {added} new golden files listed");
    tests.map_err(|Failure(words)| Failure(format!("snapshots are accepted, but other tests fail: {words}")))
}

/// The packages whose tests compare snapshots (they depend on the snapshot library) or documentation.
fn snapshot_packages() -> Result<Vec<String>, Failure> {
    let mut packages = Vec::new();
    for path in workspace::project_files()? {
        if path.ends_with("Cargo.toml") {
            let manifest = workspace::read(&workspace::root().join(&path))?;
            let name = manifest.lines().find_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"'));
            let uses =
                manifest.lines().any(|line| line.starts_with("insta.workspace") || line.contains("mycelium-tests"));
            packages.extend(name.filter(|_| uses).map(str::to_owned));
        }
    }
    Ok(packages)
}

fn golden_files() -> Result<BTreeMap<String, Vec<u8>>, Failure> {
    let folder = workspace::root().join("golden");
    workspace::files(&folder)?
        .into_iter()
        .map(|file| Ok((file.clone(), workspace::read_bytes(&folder.join(file))?)))
        .collect()
}

fn restore(before: &BTreeMap<String, Vec<u8>>) -> Outcome {
    let after = golden_files()?;
    let changed: Vec<_> = before.iter().filter(|(file, bytes)| after.get(*file) != Some(*bytes)).collect();
    for (file, bytes) in &changed {
        workspace::write(&workspace::root().join("golden").join(file), bytes)?;
    }
    if changed.is_empty() {
        return Ok(());
    }
    let files: Vec<_> = changed.iter().map(|(file, _)| file.as_str()).collect();
    Err(Failure(format!("the tests changed golden bytes, which were restored: {}", files.join(", "))))
}
