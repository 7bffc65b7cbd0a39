//! What the compiler says about a contract: [`Diagnostic`], and [`render`] to write it. Which codes
//! exist is left to [`crate::codes`]; where a byte offset lies in a text, to [`crate::source`].

pub mod github;
mod human;
mod json;
pub mod render;
mod short;

use std::fmt::Display;

use crate::codes::Code;
use crate::source::Span;

/// How many findings about one contract are shown. More than these nobody reads, and writing them
/// would take longer than finding them.
pub const MAX_SHOWN: usize = 10_000;

/// How bad a diagnostic is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Output is produced all the same.
    Warning,
    /// No output is produced.
    Error,
}

/// One finding about a contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The stable code; severity and explanation hang on it.
    pub code: &'static Code,
    /// Where it is; `None` for a file that could not be read at all.
    pub span: Option<Span>,
    /// What was found and what was expected: lower case, no final period, names the thing.
    pub message: String,
    /// Words under the underlined token; empty for none.
    pub label: String,
    /// What to do about it.
    pub help: Option<String>,
    /// An edit that a tool may make.
    pub suggestion: Option<Suggestion>,
    /// Other places that matter ("first defined here").
    pub related: Vec<(Span, String)>,
}

/// Replace the text at `span` by `replacement`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggestion {
    /// What is replaced.
    pub span: Span,
    /// What replaces it.
    pub replacement: String,
    /// Whether it says what was written in the way that the language has for it, so that a tool may make it unasked;
    /// otherwise it is a guess at what was meant, such as a name that resembles another.
    pub sure: bool,
}

impl Diagnostic {
    /// A diagnostic at a place.
    pub fn new(code: &'static Code, span: Span, message: impl Into<String>) -> Self {
        Self {
            code,
            span: Some(span),
            message: message.into(),
            label: String::new(),
            help: None,
            suggestion: None,
            related: Vec::new(),
        }
    }

    /// A diagnostic about a whole input that has no text to point into.
    pub fn without_place(code: &'static Code, message: impl Into<String>) -> Self {
        Self { span: None, ..Self::new(code, Span::default(), message) }
    }

    /// Sets the words under the underlined token.
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// Sets what to do about it.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Offers an edit: `replacement` for the text at `span`.
    pub fn suggest(mut self, span: Span, replacement: impl Into<String>) -> Self {
        self.suggestion = Some(Suggestion { span, replacement: replacement.into(), sure: false });
        self
    }

    /// Offers an edit that a tool may make unasked: `replacement` for the text at `span`.
    pub fn correct(mut self, span: Span, replacement: impl Into<String>) -> Self {
        self.suggestion = Some(Suggestion { span, replacement: replacement.into(), sure: true });
        self
    }

    /// Names what was probably meant, and offers it for the text at `span`.
    pub fn did_you_mean(mut self, span: Span, meant: &str) -> Self {
        self.message.push_str(&format!("; did you mean `{meant}`?"));
        self.suggest(span, meant)
    }

    /// Points at another place that matters.
    pub fn related(mut self, span: Span, message: impl Into<String>) -> Self {
        self.related.push((span, message.into()));
        self
    }

    /// How bad it is.
    pub fn severity(&self) -> Severity {
        self.code.severity
    }
}

/// A number of bytes in words.
pub fn bytes(count: impl Display) -> String {
    let count = count.to_string();
    let unit = if count == "1" { "byte" } else { "bytes" };
    format!("{count} {unit}")
}

/// `text` between backticks, as a message shows it: on one line, and not all of it where it is very long.
pub fn quote(text: &str) -> String {
    const SHOWN: usize = 64;
    match text.char_indices().nth(SHOWN) {
        Some((at, _)) => code(&format!("{}…", &text[..at])),
        None => code(text),
    }
}

/// `text` between backticks, on one line: more of them where the text has some, as in Markdown, so that nothing in it is
/// read as anything but text.
pub fn code(text: &str) -> String {
    let text = render::printable(text);
    match text.split(|c| c != '`').map(str::len).max() {
        Some(longest) if longest > 0 => {
            let fence = "`".repeat(longest + 1);
            format!("{fence} {text} {fence}")
        }
        _ => format!("`{text}`"),
    }
}
