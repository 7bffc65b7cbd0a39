//! One JSON object a line. Keys are always there; what doesn't apply is `null`. Lines and columns
//! count from 1, columns in Unicode scalar values; `byte_start` and `byte_end` from 0; ends are exclusive.

use std::fmt::Write;

use serde::Serialize;

use super::Diagnostic;
use super::render::{is_unprintable, place, severity};
use crate::source::{SourceMap, Span};

#[derive(Serialize)]
struct Line<'a> {
    code: &'a str,
    severity: &'a str,
    message: &'a str,
    #[serde(flatten)]
    place: Place<'a>,
    label: Option<&'a str>,
    help: Option<&'a str>,
    related: Vec<Related<'a>>,
    suggestion: Option<Suggestion<'a>>,
}

#[derive(Serialize, Default)]
struct Place<'a> {
    file: Option<&'a str>,
    line: Option<u32>,
    column: Option<u32>,
    end_line: Option<u32>,
    end_column: Option<u32>,
    byte_start: Option<u32>,
    byte_end: Option<u32>,
}

#[derive(Serialize)]
struct Related<'a> {
    message: &'a str,
    #[serde(flatten)]
    place: Place<'a>,
}

#[derive(Serialize)]
struct Suggestion<'a> {
    replacement: &'a str,
    sure: bool,
    #[serde(flatten)]
    place: Place<'a>,
}

pub(super) fn render(sources: &SourceMap, diagnostics: &[Diagnostic]) -> String {
    let mut text = String::new();
    for diagnostic in diagnostics {
        let line = Line {
            code: diagnostic.code.id,
            severity: severity(diagnostic),
            message: &diagnostic.message,
            place: diagnostic.span.map_or_else(Place::default, |span| at(sources, span)),
            label: Some(diagnostic.label.as_str()).filter(|label| !label.is_empty()),
            help: diagnostic.help.as_deref(),
            related: diagnostic
                .related
                .iter()
                .map(|(span, message)| Related { message, place: at(sources, *span) })
                .collect(),
            suggestion: diagnostic.suggestion.as_ref().map(|edit| Suggestion {
                replacement: &edit.replacement,
                sure: edit.sure,
                place: at(sources, edit.span),
            }),
        };
        // Strings and numbers only: there is nothing in it that could fail to serialize.
        escape(&serde_json::to_string(&line).unwrap_or_default(), &mut text);
        text.push('\n');
    }
    text
}

fn at(sources: &SourceMap, span: Span) -> Place<'_> {
    let Some(place) = place(sources, span) else { return Place::default() };
    Place {
        file: Some(place.file),
        line: Some(place.start.line),
        column: Some(place.start.column),
        end_line: Some(place.end.line),
        end_column: Some(place.end.column),
        byte_start: Some(span.start),
        byte_end: Some(span.end),
    }
}

/// JSON leaves most control characters of Unicode alone; a terminal doesn't.
fn escape(json: &str, text: &mut String) {
    for c in json.chars() {
        if is_unprintable(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(text, "\\u{unit:04x}");
            }
        } else {
            text.push(c);
        }
    }
}
