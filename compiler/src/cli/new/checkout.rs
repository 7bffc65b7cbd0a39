//! Checkouts of Mycelium: what `--runtime` names.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use super::super::exit::Failure;

/// The folder of the OCaml library in a checkout, or in its folder `runtime-ocaml`.
pub fn ocaml_library(path: &Path) -> Result<PathBuf, Failure> {
    let candidates = [path.join("runtime-ocaml/lib"), path.join("lib")];
    match candidates.into_iter().find(|lib| lib.join("wire/dune").is_file()) {
        Some(lib) => Ok(lib),
        None => Err(none(path)),
    }
}

/// The absolute path of the checkout whose crates a Rust project uses: the one that is named; otherwise the one that the
/// command is run in, or the one that this compiler was built from. There is no other place to take them from: a crate of
/// the same name on crates.io would be a stranger's.
pub fn rust(named: Option<&Path>) -> Result<PathBuf, Failure> {
    match named {
        Some(path) => whole(path).ok_or_else(|| none(path)),
        None => unnamed(env::current_dir().ok().as_deref(), Path::new(BUILT_FROM)),
    }
}

/// The folder above this crate's when the compiler was built: a checkout's, unless it was built of a package.
const BUILT_FROM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// Folders of a checkout, and the crates in them.
const CRATES: &[(&str, &str)] =
    &[("compiler", "myc-schema"), ("runtime-rust/bus", "mycelium-bus"), ("runtime-rust/wire", "mycelium-wire")];

fn unnamed(here: Option<&Path>, built_from: &Path) -> Result<PathBuf, Failure> {
    let around = here.and_then(|here| here.ancestors().find_map(whole));
    around.or_else(|| whole(built_from)).ok_or_else(|| {
        Failure::io("no checkout of Mycelium is known, and its crates, which a Rust project uses, are nowhere else").help(
            "`--runtime PATH` names one; a compiler that was built from a checkout finds that by itself for as long as \
             it stays where it was",
        )
    })
}

/// The real path of a folder that has the crates, and by their names.
fn whole(path: &Path) -> Option<PathBuf> {
    let is_there = |(folder, name): &(&str, &str)| {
        let manifest = fs::read_to_string(path.join(folder).join("Cargo.toml"));
        manifest.is_ok_and(|text| text.lines().any(|line| line == format!("name = \"{name}\"")))
    };
    CRATES.iter().all(is_there).then(|| fs::canonicalize(path).ok()).flatten()
}

fn none(path: &Path) -> Failure {
    let text = format!("`{}` is no checkout of Mycelium", path.display());
    Failure::io(text).help("expected is a folder with `compiler`, `runtime-ocaml` and `runtime-rust` in it")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checkout(path: &Path) {
        for (folder, name) in CRATES {
            fs::create_dir_all(path.join(folder)).expect("a folder");
            fs::write(path.join(folder).join("Cargo.toml"), format!("[package]\nname = \"{name}\"\n"))
                .expect("written");
        }
    }

    /// Without this, a project could name crates that are not there, which a stranger may have on crates.io.
    #[test]
    fn a_project_without_a_checkout_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path().canonicalize().expect("a path");
        let (here, built) = (root.join("work/deep"), root.join("built"));
        fs::create_dir_all(&here).expect("a folder");
        let refused = || {
            let failure = unnamed(Some(&here), &built.join("compiler/..")).expect_err("no checkout");
            assert!(failure.help.is_some_and(|help| help.contains("`--runtime PATH`")));
        };
        refused();
        checkout(&built);
        assert_eq!(unnamed(Some(&here), &built.join("compiler/..")).expect("a checkout"), built);
        assert_eq!(unnamed(None, &built).expect("a checkout"), built);
        // Something else has come to where the checkout was, or a part of it is gone.
        fs::write(built.join("runtime-rust/bus/Cargo.toml"), "[package]\nname = \"other\"\n").expect("written");
        refused();
        fs::remove_dir_all(&built).expect("removed");
        refused();
        // The one that the command is run in comes first.
        checkout(&built);
        checkout(&root.join("work"));
        assert_eq!(unnamed(Some(&here), &built).expect("a checkout"), root.join("work"));
    }
}
