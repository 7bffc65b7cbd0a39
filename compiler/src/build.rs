//! For `build.rs`: generates Rust into `$OUT_DIR` and tells cargo what it must know.
//!
//! ```no_run
//! fn main() -> Result<(), myc_schema::build::Error> {
//!     myc_schema::build::Config::new().compile("contracts.yaml")
//! }
//! ```
//!
//! The crate then includes the generated code with `mycelium_wire::include_messages!();`. In its
//! Cargo.toml, `myc-schema` is a build-dependency with `default-features = false`.

use std::env;
use std::fmt;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::backend::Options;
use crate::diag::render::{Format, render as render_diagnostics};
use crate::diag::{Diagnostic, Severity};
use crate::render::{RenderError, render};
use crate::source::SourceMap;
use crate::write::{WriteError, write_files};
use crate::{Checked, backend, check};

/// What a build script generates and from what. Start with [`Config::new`].
#[derive(Clone, Debug)]
pub struct Config {
    name: String,
    out_dir: Option<PathBuf>,
    deny_warnings: bool,
}

/// Why nothing was generated.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The contract has errors, or could not be read. Cargo has been told all of them.
    #[error("`{}` has errors, shown above", .0.display())]
    Contract(PathBuf),
    /// `$OUT_DIR` is not set: this is no build script, and [`Config::out_dir`] was not called.
    #[error("OUT_DIR is not set: this is for build scripts; elsewhere give Config::out_dir")]
    NoOutDir,
    /// A file could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The compiler's own templates are at fault.
    #[error("a bug in myc-schema: {0}")]
    Render(#[from] RenderError),
}

/// A build script whose `main` returns the error prints it in this form, so it is the words of
/// [`fmt::Display`].
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Default for Config {
    fn default() -> Self {
        Self::new()
    }
}

impl Config {
    /// `messages.rs` in `$OUT_DIR`, warnings allowed.
    pub fn new() -> Self {
        Self { name: "messages".to_owned(), out_dir: None, deny_warnings: false }
    }

    /// Another name for the generated file, without its extension. `include_messages!` takes it
    /// as an argument.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Another folder than `$OUT_DIR`.
    pub fn out_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.out_dir = Some(folder.into());
        self
    }

    /// Whether a contract with warnings fails the build.
    pub fn deny_warnings(mut self, deny: bool) -> Self {
        self.deny_warnings = deny;
        self
    }

    /// Generates Rust from a contract; a relative path starts at the package's folder.
    ///
    /// Cargo is told to run the build script again when the contract changes, and every warning
    /// and error of the contract. Nothing is written if there is an error; an unchanged file is
    /// not touched, so nothing that depends on it is built again.
    pub fn compile(&self, contract: impl AsRef<Path>) -> Result<(), Error> {
        let path = contract.as_ref();
        let out_dir = match &self.out_dir {
            Some(folder) => folder.clone(),
            None => env::var_os("OUT_DIR").map(PathBuf::from).ok_or(Error::NoOutDir)?,
        };
        tell(format_args!("rerun-if-changed={}", path.display()));
        let mut sources = SourceMap::new();
        let refused = || Error::Contract(path.to_owned());
        let source = match sources.load(path) {
            Ok(source) => source,
            Err(diagnostic) => {
                self.report(&sources, &[*diagnostic]);
                return Err(refused());
            }
        };
        let Checked { schema, diagnostics, .. } = check(&sources, source);
        let denied = self.report(&sources, &diagnostics);
        let schema = schema.filter(|_| !denied).ok_or_else(refused)?;
        let options = Options::new(&self.name, path);
        let files = render(&schema, &backend::rust::BACKEND, &options)?;
        let files: Vec<(PathBuf, &str)> = files.iter().map(|(name, text)| (out_dir.join(name), &**text)).collect();
        write_files(&files)?;
        Ok(())
    }

    /// Tells cargo each diagnostic on a line of its own; where cargo fails the build it also
    /// shows stderr, which gets them with source excerpts. Whether the build must fail.
    fn report(&self, sources: &SourceMap, diagnostics: &[Diagnostic]) -> bool {
        let mut denied = false;
        for diagnostic in diagnostics {
            let error = self.deny_warnings || diagnostic.severity() == Severity::Error;
            denied |= error;
            let directive = if error { "error" } else { "warning" };
            let text = render_diagnostics(sources, std::slice::from_ref(diagnostic), Format::Short);
            for line in text.lines() {
                tell(format_args!("{directive}={line}"));
            }
        }
        if denied {
            let excerpts = render_diagnostics(sources, diagnostics, Format::Human { color: false });
            let _ = io::stderr().write_all(excerpts.as_bytes());
        }
        denied
    }
}

/// Gives cargo a directive. Where nobody reads stdout there is no cargo to tell.
fn tell(directive: fmt::Arguments<'_>) {
    let _ = writeln!(io::stdout(), "cargo::{directive}");
}
