//! `myc-schema new rust-service`: a cargo project.

use std::path::{Path, absolute};

use serde::Serialize;

use super::super::exit::Failure;
use super::{CONTRACT, Made, Place, checkout, files, rendered, shell_word};

macro_rules! template {
    ($path:literal) => {
        ($path, include_str!(concat!("../../../templates/new/rust-service/", $path, ".j2")))
    };
}

const FILES: &[(&str, &str)] = &[
    CONTRACT,
    (".gitignore", template!("gitignore").1),
    template!("Cargo.toml"),
    template!("README.md"),
    template!("build.rs"),
    template!("src/lib.rs"),
    template!("src/main.rs"),
    template!("src/requests.rs"),
    template!("tests/requests.rs"),
];

const WORDS: &str = include_str!("../../../templates/new/rust-service.words.j2");

#[derive(Serialize)]
struct View<'a> {
    name: &'a str,
    ident: &'a str,
    rust_version: &'static str,
    /// Paths of crates, as strings of TOML.
    bus: String,
    wire: String,
    compiler: String,
    checkout: String,
    /// Below another cargo project.
    root: bool,
    dir: String,
    here: bool,
}

pub fn make(place: &Place, runtime: Option<&Path>) -> Result<Made, Failure> {
    let checkout = checkout::rust(runtime)?;
    let dir = absolute(place.dir).unwrap_or_else(|_| place.dir.to_owned());
    let view = View {
        name: place.name,
        ident: &place.ident,
        rust_version: env!("CARGO_PKG_RUST_VERSION"),
        bus: toml_string(&checkout.join("runtime-rust/bus"))?,
        wire: toml_string(&checkout.join("runtime-rust/wire"))?,
        compiler: toml_string(&checkout.join("compiler"))?,
        checkout: checkout.display().to_string(),
        root: dir.ancestors().skip(1).any(|folder| folder.join("Cargo.toml").is_file()),
        dir: shell_word(place.dir),
        here: place.dir == Path::new("."),
    };
    Ok(Made { files: files(FILES, &view)?, words: rendered(WORDS, &view)? })
}

fn toml_string(path: &Path) -> Result<String, Failure> {
    match path.to_str() {
        Some(path) if !path.contains(char::is_control) => {
            Ok(format!("\"{}\"", path.replace('\\', "\\\\").replace('"', "\\\"")))
        }
        _ => Err(Failure::usage(format!("`{}` is no path that can be in a Cargo.toml", path.display()))),
    }
}
