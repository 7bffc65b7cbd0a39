//! `cargo xtask codegen`: renders the generated code that is committed, through the compiler's library, so that a
//! stale copy of it cannot keep the compiler from being built.

use std::path::Path;

use myc_schema::backend::{self, Options};
use myc_schema::diag::render::{Format, render as render_diagnostics};
use myc_schema::render::{FileMap, render};
use myc_schema::source::SourceMap;
use similar::TextDiff;

use crate::{Failure, Outcome, workspace};

/// One line for the usage text.
pub const ABOUT: &str = "renders the committed generated code; --check: prints what is stale and writes nothing";

/// One contract in one language.
struct Generated {
    contract: &'static str,
    language: &'static str,
    folder: &'static str,
    stem: &'static str,
}

static GENERATED: &[Generated] = &[
    Generated { contract: CORE, language: "rust", folder: "runtime-rust/wire/src", stem: "core_messages" },
    Generated { contract: CORE, language: "ocaml", folder: "runtime-ocaml/lib", stem: "core_messages" },
    Generated {
        contract: "runtime-rust/bus/tests/messages/contracts.yaml",
        language: "rust",
        folder: "runtime-rust/bus/tests/messages",
        stem: "messages",
    },
    Generated {
        contract: REFERENCE,
        language: "rust",
        folder: "runtime-rust/bridge/examples/reference",
        stem: "messages",
    },
    Generated { contract: REFERENCE, language: "ocaml", folder: "runtime-ocaml/reference", stem: "reference_messages" },
    Generated {
        contract: "tests/dune-example/committed/contracts.yaml",
        language: "ocaml",
        folder: "tests/dune-example/committed",
        stem: "messages",
    },
];

const CORE: &str = "runtime-rust/wire/core.yaml";
const REFERENCE: &str = "contracts.yaml";

/// Writes, or with `--check` compares, every generated file.
pub fn run(arguments: &[String]) -> Outcome {
    let check = match arguments {
        [] => false,
        [only] if only == "--check" => true,
        _ => return Err(Failure(format!("cannot understand `{}`; the one option is --check", arguments.join(" ")))),
    };
    let mut count = 0;
    let mut stale = Vec::new();
    for generated in GENERATED {
        for (name, text) in generated.files()? {
            count += 1;
            let path = format!("{}/{name}", generated.folder);
            let file = workspace::root().join(&path);
            let present = if file.exists() { Some(workspace::read(&file)?) } else { None };
            if present.as_deref() == Some(text.as_str()) {
                continue;
            }
            if check {
                let present = present.unwrap_or_default();
                print!("{}", TextDiff::from_lines(&present, &text).unified_diff().header(&path, "generated now"));
            } else {
                workspace::write(&file, text)?;
                println!("codegen: wrote {path}");
            }
            stale.push(path);
        }
    }
    if check && !stale.is_empty() {
        return Err(Failure(format!("stale: {}. `cargo xtask codegen` renders them", stale.join(", "))));
    }
    println!("codegen: {count} files are current");
    Ok(())
}

impl Generated {
    fn files(&self) -> Result<FileMap, Failure> {
        let mut sources = SourceMap::new();
        let id = sources.add(self.contract, workspace::read(&workspace::root().join(self.contract))?);
        let checked = myc_schema::check(&sources, id);
        let schema = checked.schema.filter(|_| checked.diagnostics.is_empty()).ok_or_else(|| {
            Failure(format!("{}\n{}", self.contract, render_diagnostics(&sources, &checked.diagnostics, Format::Short)))
        })?;
        let backend = backend::find(self.language).ok_or_else(|| Failure(format!("no backend `{}`", self.language)))?;
        let source_name = Path::new(self.contract).file_name().map(|name| name.to_string_lossy().into_owned());
        let options = Options { name: self.stem.to_owned(), source_name: source_name.unwrap_or_default() };
        render(&schema, backend, &options).map_err(|error| Failure(format!("{}: {error}", self.contract)))
    }
}
