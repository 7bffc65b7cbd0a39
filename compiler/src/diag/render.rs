//! Diagnostics to text, in one of four formats. Pure: printing is left to the caller.

use std::borrow::Cow;

use super::{Diagnostic, Severity, github, human, json, short};
use crate::source::{LineColumn, SourceMap, Span};

/// How diagnostics are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// With excerpts of the source, for people.
    Human {
        /// With ANSI colours.
        color: bool,
    },
    /// One line each: `file:line:column: error[E0201]: text`.
    Short,
    /// One JSON object a line.
    Json,
    /// GitHub workflow annotations, with paths as they are; [`github::render`] has them from the root of a workspace.
    Github,
}

/// Every diagnostic, in the order given. Ends with a line break unless there are none.
pub fn render(sources: &SourceMap, diagnostics: &[Diagnostic], format: Format) -> String {
    match format {
        Format::Human { color } => human::render(sources, diagnostics, color),
        Format::Short => short::render(sources, diagnostics),
        Format::Json => json::render(sources, diagnostics),
        Format::Github => github::render(sources, diagnostics, None),
    }
}

/// One diagnostic as [`Format::Human`] shows it, with another word for its severity and with notes. Ends with a line
/// break.
pub fn render_as(
    sources: &SourceMap,
    diagnostic: &Diagnostic,
    severity: &str,
    notes: &[String],
    color: bool,
) -> String {
    human::render_as(sources, diagnostic, severity, notes, color)
}

/// A span as people and tools count it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    pub file: &'a str,
    pub start: LineColumn,
    pub end: LineColumn,
}

/// Where a span is; `None` for a span of another source map.
pub(super) fn place(sources: &SourceMap, span: Span) -> Option<Place<'_>> {
    let file = sources.get(span.source)?;
    Some(Place { file: file.name(), start: file.line_column(span.start), end: file.line_column(span.end) })
}

pub(super) fn severity(diagnostic: &Diagnostic) -> &'static str {
    match diagnostic.severity() {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

/// Text for a terminal or a log: what would move the cursor, colour or reorder the line is spelled out.
pub fn printable(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_unprintable) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if is_unprintable(c) { shown.extend(c.escape_default()) } else { shown.push(c) }
    }
    Cow::Owned(shown)
}

/// Control characters, line breaks among them, and those that reorder or hide what is around them.
pub(super) fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::printable;

    #[test]
    fn nothing_reaches_the_terminal_raw() {
        assert_eq!(printable("prix é 円"), "prix é 円");
        assert_eq!(printable("a\x1b[31m\r\n\u{9b}\u{202e}\u{feff}"), "a\\u{1b}[31m\\r\\n\\u{9b}\\u{202e}\\u{feff}");
    }
}
