//! Every OCaml module of the library has an interface.

use super::File;

pub fn check(files: &[File]) -> Vec<String> {
    let in_library =
        |path: &str| ["runtime-ocaml/lib/", "runtime-ocaml/lwt/"].iter().any(|folder| path.starts_with(folder));
    let exists = |wanted: &str| files.iter().any(|file| file.path == wanted);
    let implementations =
        files.iter().map(|file| file.path.as_str()).filter(|path| path.ends_with(".ml") && in_library(path));
    implementations
        .filter(|path| !exists(&format!("{path}i")))
        .map(|path| format!("{path}: no interface {path}i"))
        .collect()
}
