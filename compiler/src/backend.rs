//! The list of target languages. Everything one language knows is in its own folder here and in
//! `templates/<lang>/`; the command line, the tests and the docs iterate [`BACKENDS`].

use std::path::Path;
use std::sync::Arc;

use crate::diag::Diagnostic;
use crate::ir::Schema;

pub mod ocaml;
pub mod rust;
pub mod wireshark;

/// A target language.
pub struct Backend {
    /// What `--lang` calls it.
    pub id: &'static str,
    /// One line for `--help`.
    pub description: &'static str,
    /// What the generated code can do.
    pub capabilities: Capabilities,
    /// The files it generates, in order.
    pub outputs: &'static [Output],
    /// Reports names that cannot be identifiers of this language or collide in it.
    pub check: fn(&Schema) -> Vec<Diagnostic>,
    /// The template context: finished strings and booleans. Long lists are lazy
    /// ([`crate::render::lazy`]), so that memory does not grow with the number of messages.
    pub view: fn(&Arc<Schema>, &Options) -> minijinja::Value,
}

/// One generated file.
pub struct Output {
    /// Extension of the file; its stem is [`Options::name`].
    pub extension: &'static str,
    /// The template's text.
    pub template: &'static str,
}

/// What a backend's generated code can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// Reads fields out of a buffer without copying.
    pub zero_copy: bool,
    /// Reads and writes payloads; false for a description of the bytes only.
    pub codec: bool,
}

/// Choices of the caller that change the output.
#[derive(Clone, Debug)]
pub struct Options {
    /// Stem of the generated files.
    pub name: String,
    /// What the header says the code was generated from: the file name of the contract, no path.
    pub source_name: String,
}

impl Options {
    /// The choices for a contract read from `source`, whose folders do not appear in the output.
    ///
    /// Characters that could end a comment or begin a string in some language become `_`.
    pub fn new(name: impl Into<String>, source: &Path) -> Self {
        let file_name = source.file_name().unwrap_or(source.as_os_str()).to_string_lossy();
        let harmless = |character: char| character.is_alphanumeric() || "._-+@=,<> ".contains(character);
        let source_name = file_name.chars().map(|character| if harmless(character) { character } else { '_' });
        Self { name: name.into(), source_name: source_name.collect() }
    }

    /// The contract as a shell takes it on a command line.
    pub fn source_argument(&self) -> String {
        let plain = |character: char| character.is_alphanumeric() || "._-+@=,".contains(character);
        match &*self.source_name {
            STDIN => "-".to_owned(),
            name if name.chars().all(plain) => name.to_owned(),
            name => format!("'{name}'"),
        }
    }
}

/// What stdin is called.
const STDIN: &str = "<stdin>";

/// Every target language, in the order `--help` shows them.
pub static BACKENDS: &[Backend] = &[rust::BACKEND, ocaml::BACKEND, wireshark::BACKEND];

/// The backend called `id`.
pub fn find(id: &str) -> Option<&'static Backend> {
    BACKENDS.iter().find(|backend| backend.id == id)
}

/// Neither a control character nor one that turns the direction of text around it, which rustc
/// refuses in comments and no reader of generated code wants.
pub fn is_printable(c: char) -> bool {
    !c.is_control()
        && !matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}
