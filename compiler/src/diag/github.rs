//! GitHub workflow commands: `::error file=…,line=…::message`. GitHub shows ten errors and ten
//! warnings of a step and drops the rest without a word, so the rest becomes plain lines of the log
//! and one notice that says so.

use std::fmt::Write;
use std::path::{Component, Path, PathBuf};

use super::render::{place, printable, severity};
use super::{Diagnostic, Severity, short};
use crate::source::SourceMap;

const SHOWN_OF_EACH: usize = 10;

/// The folder that annotations count paths from: the root of the repository.
#[derive(Clone, Debug)]
pub struct Workspace {
    root: PathBuf,
    current: PathBuf,
}

impl Workspace {
    /// A repository, and the folder that names of files are relative to; both absolute, without links.
    pub fn new(root: impl Into<PathBuf>, current: impl Into<PathBuf>) -> Self {
        Self { root: root.into(), current: current.into() }
    }

    /// The path of a file from the root; of one that is elsewhere, its name.
    pub fn path(&self, name: &str) -> String {
        let mut path = PathBuf::new();
        for component in self.current.join(name).components() {
            match component {
                Component::CurDir => {}
                Component::ParentDir => {
                    path.pop();
                }
                component => path.push(component),
            }
        }
        let inside = path.strip_prefix(&self.root).ok().filter(|_| !name.starts_with('<')).and_then(Path::to_str);
        inside.unwrap_or(name).to_owned()
    }
}

/// Every diagnostic as an annotation, with paths as they are or from the root of a workspace.
pub fn render(sources: &SourceMap, diagnostics: &[Diagnostic], workspace: Option<&Workspace>) -> String {
    let mut text = String::new();
    let mut rest = String::new();
    let mut counts = [0usize; 2];
    for (count, wanted) in counts.iter_mut().zip([Severity::Error, Severity::Warning]) {
        for diagnostic in diagnostics.iter().filter(|diagnostic| diagnostic.severity() == wanted) {
            if *count < SHOWN_OF_EACH {
                annotation(&mut text, sources, diagnostic, workspace);
            } else {
                // The prefix keeps a file name from being read as a command.
                rest.push_str("also: ");
                short::line(&mut rest, sources, diagnostic);
            }
            *count += 1;
        }
    }
    let [errors, warnings] = counts.map(|count| count.saturating_sub(SHOWN_OF_EACH));
    if errors + warnings > 0 {
        let _ = writeln!(
            text,
            "::notice title=myc-schema::{errors} more errors and {warnings} more warnings are in the log of this step"
        );
    }
    text + &rest
}

fn annotation(text: &mut String, sources: &SourceMap, diagnostic: &Diagnostic, workspace: Option<&Workspace>) {
    let _ = write!(text, "::{} ", severity(diagnostic));
    if let Some(place) = diagnostic.span.and_then(|span| place(sources, span)) {
        let file = workspace.map_or_else(|| place.file.to_owned(), |workspace| workspace.path(place.file));
        let _ = write!(text, "file={},line={}", property(&file), place.start.line);
        if place.start.line == place.end.line {
            let end = place.end.column.max(place.start.column);
            let _ = write!(text, ",endLine={},col={},endColumn={end}", place.end.line, place.start.column);
        } else {
            let _ = write!(text, ",endLine={}", place.end.line);
        }
        text.push(',');
    }
    let title = format!("{} {}", diagnostic.code.id, diagnostic.code.title);
    let _ = writeln!(text, "title={}::{}", property(&title), escaped(&body(sources, diagnostic)));
}

fn body(sources: &SourceMap, diagnostic: &Diagnostic) -> String {
    let mut body = printable(&diagnostic.message).into_owned();
    if !diagnostic.label.is_empty() {
        let _ = write!(body, "\n{}", printable(&diagnostic.label));
    }
    for (span, message) in &diagnostic.related {
        if let Some(place) = place(sources, *span) {
            let (file, line, column) = (printable(place.file), place.start.line, place.start.column);
            let _ = write!(body, "\n{}: {file}:{line}:{column}", printable(message));
        }
    }
    if let Some(help) = &diagnostic.help {
        let _ = write!(body, "\nhelp: {}", printable(help));
    }
    if let Some(edit) = &diagnostic.suggestion {
        let _ = write!(body, "\nwrite: {}", printable(&edit.replacement));
    }
    body
}

/// What is written as a command's message: `%` first, because the others are written with it.
pub fn escaped(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// What is written as the value of a command's property.
pub fn property(text: &str) -> String {
    escaped(&printable(text)).replace(':', "%3A").replace(',', "%2C")
}
