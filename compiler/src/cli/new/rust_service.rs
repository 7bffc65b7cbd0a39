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
    version: &'static str,
    bus: String,
    wire: String,
    compiler: String,
    /// The crates are a checkout's.
    checkout: Option<String>,
    /// Below another cargo project.
    root: bool,
    dir: String,
    here: bool,
}

pub fn make(place: &Place, runtime: Option<&Path>) -> Result<Made, Failure> {
    let checkout = match runtime {
        Some(path) => Some(checkout::rust(path)?),
        None => checkout::around(),
    };
    let version = env!("CARGO_PKG_VERSION");
    let source = |path: &str, rest: &str| {
        Ok(match &checkout {
            Some(checkout) => format!("{{ path = {}{rest} }}", toml_string(&checkout.join(path))?),
            None if rest.is_empty() => format!("\"{version}\""),
            None => format!("{{ version = \"{version}\"{rest} }}"),
        })
    };
    let dir = absolute(place.dir).unwrap_or_else(|_| place.dir.to_owned());
    let view = View {
        name: place.name,
        ident: &place.ident,
        rust_version: env!("CARGO_PKG_RUST_VERSION"),
        version,
        bus: source("runtime-rust/bus", "")?,
        wire: source("runtime-rust/wire", "")?,
        compiler: source("compiler", ", default-features = false")?,
        checkout: checkout.as_ref().map(|path| path.display().to_string()),
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
