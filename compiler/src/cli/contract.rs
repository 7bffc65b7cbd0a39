//! Reading a contract for a command: options, loading, diagnostics on stderr, verdict.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, ValueEnum};
use myc_schema::Checked;
use myc_schema::codes;
use myc_schema::diag::render::{Format, printable, render};
use myc_schema::diag::{Diagnostic, Severity, github};
use myc_schema::ir::{Message, Schema};
use myc_schema::lock::is_lock;
use myc_schema::source::{SourceId, SourceMap};
use myc_schema::suggest;

use super::exit::{Exit, Failure};
use super::terminal;

/// The contract that is read when none is named.
pub const DEFAULT_FILE: &str = "contracts.yaml";

/// How diagnostics are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum MessageFormat {
    /// With source excerpts
    #[default]
    Human,
    /// `file:line:column: error[CODE]: text`
    Short,
    /// One JSON object a line
    Json,
    /// GitHub workflow annotations
    Github,
}

/// What `--deny` may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Deny {
    /// Every warning
    Warnings,
}

/// Options of every command that reads a contract.
#[derive(Args, Debug)]
#[command(next_help_heading = "Diagnostics")]
pub struct Reading {
    /// How diagnostics are printed on stderr
    #[arg(long, value_enum, default_value_t)]
    pub message_format: MessageFormat,
    /// Fail (exit 1) on warnings as on errors; of two contracts, on those of the newer
    #[arg(long, value_enum, value_name = "WHAT")]
    pub deny: Option<Deny>,
    /// What diagnostics and generated code call a contract read from stdin
    #[arg(long, value_name = "NAME", default_value = "<stdin>")]
    pub stdin_name: String,
    #[arg(from_global)]
    color: terminal::Color,
}

/// A contract without errors.
pub struct Contract {
    /// What it says.
    pub schema: Arc<Schema>,
    /// Where it was read from, or what stdin is called.
    pub path: PathBuf,
}

impl Contract {
    /// Reads the contract, `-` being stdin, and prints every error and warning.
    pub fn read(reading: &Reading, file: Option<&Path>) -> Result<Self, Failure> {
        Self::read_showing(reading, file, true)
    }

    /// Reads the contract for a command that is about something else than the contract: warnings
    /// are printed only where they matter, beside errors or when denied.
    pub fn read_quietly(reading: &Reading, file: Option<&Path>) -> Result<Self, Failure> {
        Self::read_showing(reading, file, false)
    }

    /// The same, with the text among others, so that places in all of them can be shown.
    pub fn read_among(reading: &Reading, file: Option<&Path>, sources: &mut SourceMap) -> Result<Self, Failure> {
        Self::read_into(reading, file, false, sources)
    }

    fn read_showing(reading: &Reading, file: Option<&Path>, warnings: bool) -> Result<Self, Failure> {
        Self::read_into(reading, file, warnings, &mut SourceMap::new())
    }

    fn read_into(
        reading: &Reading,
        file: Option<&Path>,
        warnings: bool,
        sources: &mut SourceMap,
    ) -> Result<Self, Failure> {
        let path = file.unwrap_or(Path::new(DEFAULT_FILE));
        let source = reading.load(sources, path)?;
        let name = if is_stdin(path) { Path::new(&reading.stdin_name) } else { path };
        let schema = reading.check(sources, source, warnings)?;
        Ok(Self { schema, path: name.to_owned() })
    }

    /// The message called `name`.
    pub fn message(&self, name: &str) -> Result<&Message, Failure> {
        let names = || self.schema.messages.iter().map(|message| &*message.name);
        self.schema.message(name).ok_or_else(|| unknown_name("message", name, names()))
    }
}

/// Whether a contract's path means stdin.
pub fn is_stdin(path: &Path) -> bool {
    path == Path::new("-")
}

/// The repository that a workflow of GitHub works in, which annotations and code scanning count paths from.
pub fn workspace() -> Option<github::Workspace> {
    let root = std::env::var_os("GITHUB_WORKSPACE").filter(|root| !root.is_empty())?;
    let root = std::fs::canonicalize(root).ok()?;
    let current = std::env::current_dir().and_then(std::fs::canonicalize).ok()?;
    Some(github::Workspace::new(root, current))
}

/// Nothing in the contract has the name asked for.
pub fn unknown_name<'a>(what: &str, name: &str, known: impl Iterator<Item = &'a str> + Clone) -> Failure {
    let failure = Failure::usage(format!("the contract has no {what} `{}`", name.escape_debug()));
    match suggest::nearest(name, known.clone()) {
        Some(near) => failure.help(format_args!("did you mean `{near}`?")),
        None => {
            const SHOWN: usize = 12;
            let names: Vec<&str> = known.clone().take(SHOWN).collect();
            let more = if known.count() > SHOWN { ", …" } else { "" };
            if names.is_empty() { failure } else { failure.help(format_args!("it has {}{more}", names.join(", "))) }
        }
    }
}

impl Reading {
    /// Prints diagnostics on stderr.
    pub fn print(&self, sources: &SourceMap, diagnostics: &[Diagnostic]) {
        let format = match self.message_format {
            MessageFormat::Human => Format::Human { color: terminal::colored_words(self.color) },
            MessageFormat::Short => Format::Short,
            MessageFormat::Json => Format::Json,
            MessageFormat::Github => {
                return terminal::words(&github::render(sources, diagnostics, workspace().as_ref()));
            }
        };
        let text = render(sources, diagnostics, format);
        // An empty line between the last excerpt and what follows it.
        let end = if self.message_format == MessageFormat::Human && !text.is_empty() { "\n" } else { "" };
        terminal::words(&(text + end));
    }

    /// Whether data on stdout is coloured.
    pub fn colored_data(&self) -> bool {
        terminal::colored_data(self.color)
    }

    /// Says why one of several contracts is refused.
    pub fn say(&self, failure: &Failure) {
        terminal::say(failure, self.color);
    }

    /// The text of a contract, `-` being stdin; prints why where it cannot be read.
    pub fn load(&self, sources: &mut SourceMap, path: &Path) -> Result<SourceId, Failure> {
        let loaded = match is_stdin(path) {
            true => sources.load_reader(&self.stdin_name, io::stdin().lock()),
            false => sources.load(path),
        };
        let loaded = loaded.map_err(|diagnostic| {
            let unread = diagnostic.code.id == codes::E0001.id;
            let diagnostic = match &diagnostic.help {
                None if path == Path::new(DEFAULT_FILE) => diagnostic
                    .help(format!("name the contract; without a name it is {DEFAULT_FILE} in the current folder")),
                _ => *diagnostic,
            };
            self.print(sources, &[diagnostic]);
            Failure::silent(if unread { Exit::Io } else { Exit::Findings })
        });
        let source = loaded?;
        match sources.get(source) {
            Some(file) if is_lock(file.text()) => {
                let failure = Failure::finding(format!("`{}` is a lock, not a contract", printable(file.name())));
                Err(failure.help("name the contract that it was written from"))
            }
            _ => Ok(source),
        }
    }

    /// The schema of a text; prints its diagnostics where there are errors, or warnings that are shown or denied.
    pub fn check(&self, sources: &SourceMap, source: SourceId, show_warnings: bool) -> Result<Arc<Schema>, Failure> {
        self.judge(sources, source, show_warnings, self.deny == Some(Deny::Warnings))
    }

    /// The schema of a text that nobody can mend any more, as it is deployed: its warnings are never denied.
    pub fn check_older(&self, sources: &SourceMap, source: SourceId) -> Result<Arc<Schema>, Failure> {
        self.judge(sources, source, false, false)
    }

    fn judge(
        &self,
        sources: &SourceMap,
        source: SourceId,
        show_warnings: bool,
        deny_warnings: bool,
    ) -> Result<Arc<Schema>, Failure> {
        let Checked { schema, diagnostics, .. } = myc_schema::check(sources, source);
        if show_warnings || schema.is_none() || deny_warnings {
            self.print(sources, &diagnostics);
        }
        let warnings = diagnostics.iter().filter(|diagnostic| diagnostic.severity() == Severity::Warning).count();
        let errors = diagnostics.len() - warnings;
        let name = sources.get(source).map_or("", |file| file.name());
        match schema {
            Some(_) if warnings > 0 && deny_warnings => {
                Err(self.summary(format!("{name}: {}, denied by --deny warnings", count(warnings, "warning"))))
            }
            Some(schema) => Ok(schema),
            None if warnings == 0 => Err(self.summary(format!("{name}: {}", count(errors, "error")))),
            None => Err(self.summary(format!("{name}: {}, {}", count(errors, "error"), count(warnings, "warning")))),
        }
    }

    /// The last line, for people; programs have the diagnostics.
    fn summary(&self, text: String) -> Failure {
        match self.message_format {
            MessageFormat::Human => Failure::finding(text),
            _ => Failure::silent(Exit::Findings),
        }
    }
}

fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}
