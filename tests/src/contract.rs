//! Contracts of the tests: text or file in, resolved schema out. Any error in one is a failure of the test.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use myc_schema::backend::{BACKENDS, Options};
use myc_schema::diag::Severity;
use myc_schema::ir::{Message, Schema};
use myc_schema::render::{self, FileMap};
use myc_schema::source::SourceMap;

/// A contract that the compiler accepts.
#[derive(Clone)]
pub struct Contract {
    /// What the tests call it: a snake_case identifier in every language.
    pub name: String,
    /// Its text.
    pub text: String,
    /// What the text means.
    pub schema: Arc<Schema>,
}

impl Contract {
    /// Resolves `text`; panics with the diagnostics if it has errors.
    pub fn new(name: &str, text: String) -> Self {
        let mut sources = SourceMap::new();
        let source = sources.add(format!("{name}.yaml"), text.clone());
        let checked = myc_schema::check(&sources, source);
        let errors: Vec<String> = checked
            .diagnostics
            .iter()
            .filter(|diagnostic| diagnostic.severity() == Severity::Error)
            .map(|diagnostic| format!("{}: {}", diagnostic.code.id, diagnostic.message))
            .collect();
        match checked.schema {
            Some(schema) => Self { name: name.to_owned(), text, schema },
            None => panic!("contract {name} is refused:\n{}\n\n{text}", errors.join("\n")),
        }
    }

    /// The contract in a file.
    pub fn read(name: &str, path: &Path) -> Self {
        Self::new(name, read(path))
    }

    /// The message called `name`.
    pub fn message(&self, name: &str) -> &Message {
        self.schema.message(name).unwrap_or_else(|| panic!("contract {} has no message {name}", self.name))
    }

    /// What the backend called `language` generates for it.
    pub fn render(&self, language: &str) -> FileMap {
        let backend = BACKENDS.iter().find(|backend| backend.id == language).expect("a language of the list");
        let options = Options { name: "messages".to_owned(), source_name: format!("{}.yaml", self.name) };
        render::render(&self.schema, backend, &options)
            .unwrap_or_else(|error| panic!("contract {}, {language}: {error}", self.name))
    }
}

/// The text of a file; panics with its name if there is none.
pub fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The files directly in `folder` whose names end in `suffix`, sorted.
pub fn files(folder: &Path, suffix: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut found: Vec<PathBuf> = entries
        .map(|entry| entry.expect("a readable folder").path())
        .filter(|path| path.is_file() && path.to_string_lossy().ends_with(suffix))
        .collect();
    found.sort();
    found
}

/// The name of a file without folders and `suffix`.
pub fn stem(path: &Path, suffix: &str) -> String {
    let name = path.file_name().expect("a file name").to_string_lossy();
    name.strip_suffix(suffix).unwrap_or(&name).to_owned()
}

/// Writes a file if it has another text.
pub fn update(path: &Path, text: &str) {
    if fs::read_to_string(path).is_ok_and(|present| present == text) {
        return;
    }
    let folder = path.parent().expect("a file in a folder");
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(path, text))
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}
