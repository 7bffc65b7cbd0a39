//! What is wrong with a text before it is YAML: characters that no text file has, and what the YAML
//! parser objects to, in words that say what to do.

use saphyr_parser::ScanError;

use super::tree::MAX_DEPTH;
use crate::codes;
use crate::conflict;
use crate::diag::Diagnostic;
use crate::source::{self, SourceId, Span};

/// Why a text is not looked at as YAML.
pub(super) fn unfit(source: SourceId, text: &str) -> Option<Diagnostic> {
    let unfit = control_characters(source, text).or_else(|| too_many_items(source, text));
    unfit.or_else(|| merge_conflict(source, text))
}

/// What a merge that failed left behind. No line of a contract begins so, not even in a text of several lines.
fn merge_conflict(source: SourceId, text: &str) -> Option<Diagnostic> {
    let marker = conflict::first(text)?;
    let span = Span { source, start: marker.start as u32, end: marker.end as u32 };
    Some(
        Diagnostic::new(&codes::E0012, span, "a merge was not resolved")
            .label("version control left this line between two sides")
            .help("keep of both sides what is meant, and remove the lines with markers; then run `myc-schema lock`, if there is a lock"),
    )
}

/// The first character that YAML doesn't allow in a text, reported once with a count of all.
pub(super) fn control_characters(source: SourceId, text: &str) -> Option<Diagnostic> {
    let suspicious = |byte: &u8| (*byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r')) || *byte >= 0x7f;
    if !text.as_bytes().iter().any(suspicious) {
        return None;
    }
    let mut forbidden = text.char_indices().filter(|(_, c)| is_forbidden(*c));
    let (at, first) = forbidden.next()?;
    let others = forbidden.count();
    let span = Span { source, start: at as u32, end: (at + first.len_utf8()) as u32 };
    let help = match (first, others) {
        ('\0', 1..) => format!("is this a text file in UTF-8? it has {others} more such characters"),
        (_, 0) => "remove it, or write it as an escape in double quotes".to_owned(),
        _ => format!("remove it, or write it as an escape in double quotes; there are {others} more"),
    };
    Some(
        Diagnostic::new(&codes::E0004, span, format!("control character U+{:04X}", u32::from(first)))
            .label("not allowed in a contract")
            .help(help),
    )
}

/// Most lines, and most commas, that a contract may have: about one a field. A list of as many items
/// is all in memory before its first item is looked at.
const MAX_ITEMS: usize = 1 << 20;

/// A contract of a reasonable size in bytes can be one of unreasonably many items.
fn too_many_items(source: SourceId, text: &str) -> Option<Diagnostic> {
    let commas = || text.bytes().enumerate().filter(|(_, byte)| *byte == b',').map(|(at, _)| at);
    for (at, what) in [(source::line_breaks(text).nth(MAX_ITEMS), "lines"), (commas().nth(MAX_ITEMS), "commas")] {
        let Some(at) = at else { continue };
        let span = Span { source, start: at as u32, end: at as u32 + 1 };
        let diagnostic = Diagnostic::new(&codes::E0002, span, format!("more than {MAX_ITEMS} {what}"));
        return Some(diagnostic.label("too large for a contract").help("split it into several contracts"));
    }
    None
}

fn is_forbidden(c: char) -> bool {
    matches!(c, '\0'..='\x08' | '\x0b' | '\x0c' | '\x0e'..='\x1f' | '\x7f'..='\u{84}' | '\u{86}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}')
}

/// The diagnostic for lists and mappings that lie too deep in one another.
pub(super) fn too_deep(span: Span) -> Diagnostic {
    Diagnostic::new(&codes::E0011, Span { end: span.start + 1, ..span }, "lists and mappings nested too deep")
        .label(format!("more than {MAX_DEPTH} levels"))
        .help("a contract needs fewer than ten levels")
}

/// The part of a span that is on its first line.
pub(super) fn first_line(text: &str, span: Span) -> Span {
    let written = text.get(span.start as usize..span.end as usize).unwrap_or_default();
    let line = written.split(['\n', '\r']).next().unwrap_or_default();
    Span { end: span.start + line.trim_end().len() as u32, ..span }
}

/// What the YAML parser objected to. `at` is the byte offset of its mark.
pub(super) fn error(source: SourceId, text: &str, error: &ScanError, at: usize) -> Diagnostic {
    let span = token(source, text, at);
    let info = error.info();
    if info.contains("recursion limit") {
        return too_deep(span);
    }
    if info.contains("unknown anchor") {
        let name =
            text.get(at + 1..).and_then(|rest| rest.split(|c: char| c.is_whitespace() || ",[]{}".contains(c)).next());
        let span = Span { start: at as u32, end: (at + 1 + name.map_or(0, str::len)) as u32, ..span };
        return Diagnostic::new(&codes::E0008, span, "YAML alias of an anchor that doesn't exist")
            .label("contracts have no anchors and aliases")
            .help("write the value out, or quote it if the `*` is part of a text");
    }
    let (message, help) = explain(info);
    let mut diagnostic = Diagnostic::new(&codes::E0005, span, format!("not well-formed YAML: {message}"));
    let tab = tab_before(text, at).or_else(|| tab_after(text, at).filter(|_| info.contains("tab")));
    if let Some(tab) = tab {
        diagnostic.span = Some(Span { source, start: tab as u32, end: tab as u32 + 1 });
        diagnostic.message = "not well-formed YAML: a tab in the indentation".to_owned();
        return diagnostic.help("indent with spaces");
    }
    match help {
        Some(help) => diagnostic.help(help),
        None => diagnostic,
    }
}

/// The characters from `at` to the end of a word; at the end of the text its last character.
fn token(source: SourceId, text: &str, at: usize) -> Span {
    let at = if at >= text.trim_end().len() { text.trim_end().len() } else { at };
    let rest = text.get(at..).unwrap_or_default();
    let mut len = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
    if len == 0 {
        len = rest.chars().next().filter(|c| !matches!(c, '\n' | '\r')).map_or(0, char::len_utf8);
    }
    Span { source, start: at as u32, end: (at + len) as u32 }
}

/// A tab among the blanks at the beginning of the line of `at`.
fn tab_before(text: &str, at: usize) -> Option<usize> {
    let before = text.get(..at)?;
    let start = before.rfind(['\n', '\r']).map_or(0, |at| at + 1);
    let line = &text[start..];
    let blanks = line.len() - line.trim_start_matches([' ', '\t']).len();
    line[..blanks].find('\t').map(|tab| start + tab)
}

/// The first tab among the blanks at the beginning of a line after `at`.
fn tab_after(text: &str, at: usize) -> Option<usize> {
    let mut rest = text.get(at..)?;
    while let Some(end) = rest.find(['\n', '\r']) {
        rest = &rest[end + 1..];
        let line = text.len() - rest.len();
        let blanks = rest.len() - rest.trim_start_matches([' ', '\t']).len();
        if let Some(tab) = rest[..blanks].find('\t') {
            return Some(line + tab);
        }
    }
    None
}

fn explain(info: &str) -> (&str, Option<&'static str>) {
    const QUOTE: &str =
        "a text that has `: `, ` #` or brackets in it, or begins with one of `@%*&!|>{[\"'`, is put in quotes";
    match info {
        "mapping values are not allowed in this context" => ("a `:` where no key can be", Some(QUOTE)),
        "mapping keys are not allowed in this context" => ("a `?` where no key can be", Some(QUOTE)),
        "simple key expected" | "simple key expect ':'" => (
            "a line that is neither `key: value` nor `- item`",
            Some("is a `:` missing, or the line before not closed?"),
        ),
        "while parsing a block mapping, did not find expected key" => {
            ("expected a key here", Some("keys of one mapping begin in the same column"))
        }
        "while parsing a block collection, did not find expected '-' indicator" => {
            ("expected `-` here", Some("items of one list begin in the same column"))
        }
        "while parsing a flow mapping, did not find expected ',' or '}'" => (
            "expected `,` or `}`",
            Some("in `{ }` a type or text with `,`, `[`, `]`, `{` or `}` in it is put in quotes"),
        ),
        "while parsing a flow sequence, expected ',' or ']'" => (
            "expected `,` or `]`",
            Some("in `[ ]` a type or text with `,`, `[`, `]`, `{` or `}` in it is put in quotes"),
        ),
        "while scanning a quoted scalar, found unexpected end of stream" => {
            ("a quote that is never closed", Some("it was opened here"))
        }
        "while scanning a quoted scalar, found unexpected document indicator" => {
            ("a quote that is not closed before `---` or `...`", Some("it was opened here"))
        }
        "invalid trailing content after double-quoted scalar" => (
            "text after a closing quote",
            Some("a quote inside a text is written `\\\"` in double quotes, `''` in single quotes"),
        ),
        "while parsing a quoted scalar, found unknown escape character" => {
            ("an unknown escape in double quotes", Some("write `\\\\` for a backslash, or use single quotes"))
        }
        "while parsing a quoted scalar, did not find expected hexadecimal number"
        | "while parsing a quoted scalar, found invalid Unicode character escape code" => (
            "an escape in double quotes that is no character",
            Some("`\\xHH`, `\\uHHHH` and `\\UHHHHHHHH` name a character by number"),
        ),
        "misplaced bracket" => {
            ("a closing bracket without an opening one", Some("remove it, or put the text it is part of in quotes"))
        }
        "invalid indentation in quoted scalar" => {
            ("a quote that is never closed, or a line of its text that is not indented", Some("it was opened here"))
        }
        "invalid indentation" | "invalid indentation in flow construct" => {
            ("the line is not indented enough", Some("what continues a value is indented further than its key"))
        }
        "wrongly indented line in block scalar" => {
            ("a line of a text block is not indented enough", Some("every line is indented like the first"))
        }
        "block sequence entries are not allowed in this context" => {
            ("a list item `-` where none can be", Some("a list begins on the line after its key"))
        }
        "\"-\" is only valid inside a block" => {
            ("a list item `-` inside brackets", Some("in `[ ]` items are separated by commas"))
        }
        "unexpected end of plain scalar"
        | "unexpected eof"
        | "while parsing a node, did not find expected node content" => ("expected a value here", Some(QUOTE)),
        "tabs disallowed within this context (block indentation)"
        | "tabs disallowed in this context"
        | "tab cannot be used as indentation"
        | "while scanning a plain scalar, found a tab"
        | "a block scalar content cannot start with a tab" => ("a tab in the indentation", Some("indent with spaces")),
        "':' must be followed by a valid YAML whitespace" => ("a tab after `:`", Some("write a space")),
        "'-' must be followed by a valid YAML whitespace" => ("a tab after `-`", Some("write a space")),
        "invalid content after document end marker" => ("text after `...`", None),
        "did not find expected <document start>" => {
            ("text that belongs to nothing", Some("keys of one mapping begin in the same column"))
        }
        "comment intercepting the multiline text" => {
            ("a comment inside a text of several lines", Some("put the text in quotes"))
        }
        "a byte order mark must not appear inside a document" => {
            ("a byte order mark inside the text", Some("remove U+FEFF"))
        }
        "illegal placement of ':' indicator" => ("a key inside `[ ]`", Some("is a `[` before it never closed?")),
        _ => {
            let info = info.strip_prefix("unexpected character: ").map_or(info, |_| "a character no value begins with");
            (info, Some(QUOTE))
        }
    }
}
