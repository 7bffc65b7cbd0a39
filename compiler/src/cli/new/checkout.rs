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

/// The absolute path of a checkout with the Rust crates.
pub fn rust(path: &Path) -> Result<PathBuf, Failure> {
    match fs::canonicalize(path) {
        Ok(path) if has_crates(&path) => Ok(path),
        _ => Err(none(path)),
    }
}

/// The checkout that the command is run in.
pub fn around() -> Option<PathBuf> {
    let here = env::current_dir().ok()?;
    here.ancestors().find(|path| has_crates(path)).map(Path::to_path_buf)
}

fn has_crates(path: &Path) -> bool {
    ["compiler", "runtime-rust/bus", "runtime-rust/wire"].iter().all(|dir| path.join(dir).join("Cargo.toml").is_file())
}

fn none(path: &Path) -> Failure {
    let text = format!("`{}` is no checkout of Mycelium", path.display());
    Failure::io(text).help("expected is a folder with `compiler`, `runtime-ocaml` and `runtime-rust` in it")
}
