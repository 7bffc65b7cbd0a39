//! `myc-schema new rust-service` and `new rust-client`: cargo projects.

use std::path::{Path, absolute};

use serde::Serialize;

use super::super::exit::Failure;
use super::{CONTRACT, Made, Place, checkout, files, rendered, shell_word};

macro_rules! template {
    ($folder:literal, $path:literal) => {
        ($path, include_str!(concat!("../../../templates/new/", $folder, "/", $path, ".j2")))
    };
}

/// The files of a kind of project, and what is said about it.
pub struct Kind {
    files: &'static [(&'static str, &'static str)],
    words: &'static str,
}

/// A bus with a socket, and a service on it.
pub const SERVICE: Kind = Kind {
    files: &[
        CONTRACT,
        (".gitignore", template!("rust-service", "gitignore").1),
        template!("rust-service", "Cargo.toml"),
        template!("rust-service", "README.md"),
        template!("rust-service", "build.rs"),
        template!("rust-service", "src/lib.rs"),
        template!("rust-service", "src/main.rs"),
        template!("rust-service", "src/requests.rs"),
        template!("rust-service", "tests/requests.rs"),
    ],
    words: include_str!("../../../templates/new/rust-service.words.j2"),
};

/// A program at the other end of a bridge's socket.
pub const CLIENT: Kind = Kind {
    files: &[
        CONTRACT,
        (".gitignore", template!("rust-client", "gitignore").1),
        template!("rust-client", "Cargo.toml"),
        template!("rust-client", "README.md"),
        template!("rust-client", "build.rs"),
        template!("rust-client", "src/lib.rs"),
        template!("rust-client", "src/main.rs"),
        template!("rust-client", "tests/ask.rs"),
    ],
    words: include_str!("../../../templates/new/rust-client.words.j2"),
};

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

pub fn make(kind: &Kind, place: &Place, runtime: Option<&Path>) -> Result<Made, Failure> {
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
    Ok(Made { files: files(kind.files, &view)?, words: rendered(kind.words, &view)? })
}

fn toml_string(path: &Path) -> Result<String, Failure> {
    match path.to_str() {
        Some(path) if !path.contains(char::is_control) => {
            Ok(format!("\"{}\"", path.replace('\\', "\\\\").replace('"', "\\\"")))
        }
        _ => Err(Failure::usage(format!("`{}` is no path that can be in a Cargo.toml", path.display()))),
    }
}
