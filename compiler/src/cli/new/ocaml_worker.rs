//! `myc-schema new ocaml-worker`: a dune project.

use std::path::Path;

use serde::Serialize;

use super::super::dune_rules;
use super::super::exit::Failure;
use super::{CONTRACT, Made, Place, compiler_folder, files, library, rendered, shell_word};

macro_rules! template {
    ($path:literal) => {
        ($path, include_str!(concat!("../../../templates/new/ocaml-worker/", $path, ".j2")))
    };
}

const FILES: &[(&str, &str)] = &[
    CONTRACT,
    (".gitignore", template!("gitignore").1),
    template!("NAME.opam"),
    template!("README.md"),
    template!("bin/dune"),
    template!("bin/main.ml"),
    template!("dune-project"),
    template!("src/dune"),
    template!("src/handler.ml"),
    template!("src/handler.mli"),
    template!("test/dune"),
    template!("test/test_NAME.ml"),
];

/// Those with the library.
const VENDORED: &[(&str, &str)] =
    &[template!("dune"), template!("vendor/mycelium/README.md"), template!("vendor/mycelium/dune-project")];

const WORDS: &str = include_str!("../../../templates/new/ocaml-worker.words.j2");

#[derive(Serialize)]
struct View<'a> {
    name: &'a str,
    ident: &'a str,
    module: String,
    version: &'static str,
    vendored: bool,
    rules: String,
    dir: String,
    here: bool,
    compiler: Option<String>,
}

pub fn make(place: &Place, runtime: Option<&Path>, no_vendor: bool) -> Result<Made, Failure> {
    let mut module = place.ident.clone();
    module[..1].make_ascii_uppercase();
    let view = View {
        name: place.name,
        ident: &place.ident,
        module,
        version: env!("CARGO_PKG_VERSION"),
        vendored: !no_vendor,
        rules: dune_rules::rules("../contracts.yaml", "messages", false)?,
        dir: shell_word(place.dir),
        here: place.dir == Path::new("."),
        compiler: compiler_folder().map(|folder| shell_word(&folder)),
    };
    let mut made = files(FILES, &view)?;
    for file in &mut made {
        file.0 = file.0.replace("test_NAME", &format!("test_{}", place.ident)).replace("NAME", place.name);
    }
    if view.vendored {
        made.extend(files(VENDORED, &view)?);
        made.extend(library::files(runtime)?.into_iter().map(|(path, text)| (format!("vendor/mycelium/{path}"), text)));
    }
    Ok(Made { files: made, words: rendered(WORDS, &view)? })
}
