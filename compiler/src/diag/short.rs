//! One line a diagnostic: `contracts.yaml:12:9: error[E0201]: unknown type "u65"`.

use std::fmt::Write;

use super::Diagnostic;
use super::render::{place, printable, severity};
use crate::source::SourceMap;

pub(super) fn render(sources: &SourceMap, diagnostics: &[Diagnostic]) -> String {
    let mut text = String::new();
    for diagnostic in diagnostics {
        line(&mut text, sources, diagnostic);
    }
    text
}

/// Appends the line of one diagnostic.
pub(super) fn line(text: &mut String, sources: &SourceMap, diagnostic: &Diagnostic) {
    if let Some(place) = diagnostic.span.and_then(|span| place(sources, span)) {
        let _ = write!(text, "{}:{}:{}: ", printable(place.file), place.start.line, place.start.column);
    }
    let _ = writeln!(text, "{}[{}]: {}", severity(diagnostic), diagnostic.code.id, printable(&diagnostic.message));
}
