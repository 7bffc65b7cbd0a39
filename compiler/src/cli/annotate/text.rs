//! Annotated hex: offset, bytes, field, type, what they say; under them what is wrong.

use std::fmt::Write;

use myc_schema::diag::bytes;
use myc_schema::hex::hex;
use myc_schema::value::{Fault, Part, PartKind};

use super::Shown;

/// Bytes on a line.
const ROW: usize = 8;

/// Columns of the bytes.
const HEX: usize = ROW * 3 - 1;

/// Columns of fields and types at most; longer ones run on.
const WIDEST: usize = 40;

/// What is printed in one colour.
#[derive(Clone, Copy)]
struct Colors {
    fault: &'static str,
    quiet: &'static str,
    reset: &'static str,
}

/// The columns before the words.
struct Columns {
    offset: usize,
    path: usize,
    ty: usize,
    colors: Colors,
}

/// All of it.
pub fn print(shown: &Shown<'_>, color: bool) -> String {
    let (fault, quiet, reset) = if color { ("\x1b[1m\x1b[31m", "\x1b[2m", "\x1b[0m") } else { ("", "", "") };
    let parts = &shown.annotation.parts;
    let header = shown.header.iter();
    let widest = |lengths: &mut dyn Iterator<Item = usize>| lengths.max().unwrap_or(0).min(WIDEST);
    let path = widest(&mut parts.iter().map(|part| part.path.len()).chain(header.clone().map(|part| part.name.len())));
    let columns = Columns {
        offset: shown.bytes.len().to_string().len().max(6),
        path: path.max("field".len()),
        ty: widest(&mut parts.iter().map(|part| kind(part).len()).chain(header.map(|part| part.ty.len()))).max(4),
        colors: Colors { fault, quiet, reset },
    };
    let mut text = String::new();
    match shown.message {
        Some(message) => {
            let size = bytes(message.layout.size);
            let _ = writeln!(text, "message {}  type {}  {size}", message.name, message.type_id);
        }
        None => text.push_str("a frame of an unknown type\n"),
    }
    columns.line(&mut text, "offset", "bytes", "field", "type", "meaning");
    for part in &shown.header {
        let bytes = spaced(&shown.bytes[part.offset..part.offset + part.size]);
        columns.line(&mut text, &part.offset.to_string(), &bytes, part.name, part.ty, &part.words);
        let fault = shown.header_fault.as_ref().filter(|fault| fault.starts_with(part.code));
        fault.into_iter().for_each(|words| columns.mark(&mut text, 0, part.size, words));
    }
    if shown.message.is_none() {
        let rest = &shown.bytes[shown.header.iter().map(|part| part.size).sum::<usize>()..];
        columns.rows(&mut text, shown.bytes.len() - rest.len(), rest, ["", "", "not explained"], &[], false);
    }
    for part in parts {
        print_part(&mut text, &columns, shown, part);
    }
    // Bytes that are missing, and those after the end when there are none to mark.
    for fault in shown.annotation.faults.iter().filter(|fault| fault.bytes.is_empty()) {
        columns.mark(&mut text, 0, 0, &said(fault));
    }
    text
}

fn print_part(text: &mut String, columns: &Columns, shown: &Shown<'_>, part: &Part) {
    let offset = shown.payload_at + part.offset;
    let bytes = &shown.bytes[offset..offset + part.size];
    let marks: Vec<Mark> = shown
        .faults_of(part)
        .filter(|fault| !fault.bytes.is_empty())
        .map(|fault| Mark { start: fault.bytes.start - part.offset, size: fault.bytes.len(), words: said(fault) })
        .collect();
    if shown.redacted {
        let hidden = match part.size {
            size @ ..=ROW => vec!["··"; size].join(" "),
            size => format!("·· × {size}"),
        };
        columns.line(text, &offset.to_string(), &hidden, &part.path, kind(part), &part.words);
        marks.iter().for_each(|mark| columns.mark(text, 0, 1, &mark.words));
        return;
    }
    let mut words = plain(&part.words);
    if let (PartKind::Value, Some(unit)) = (part.kind, &part.unit) {
        let _ = write!(words, " {}", plain(unit));
    }
    if !part.judged {
        words.push_str(" (not judged)");
    }
    let text_follows = part.ty.starts_with("String");
    columns.rows(text, offset, bytes, [&part.path, kind(part), &words], &marks, text_follows);
}

/// A fault in words.
fn said(fault: &Fault) -> String {
    let error = &fault.error;
    let at = if error.path.is_empty() { String::new() } else { format!(" at {}", error.path) };
    let detail = if error.detail.is_empty() { String::new() } else { format!(": {}", error.detail) };
    format!("{}{at}{detail}", error.code)
}

/// What is under bytes.
struct Mark {
    start: usize,
    size: usize,
    words: String,
}

impl Columns {
    fn line(&self, text: &mut String, offset: &str, bytes: &str, path: &str, ty: &str, words: &str) {
        let (o, p, t) = (self.offset, self.path, self.ty);
        // Wide characters are counted, not bytes.
        let _ = writeln!(text, "{offset:>o$}  {bytes:<HEX$}  {path:<p$}  {ty:<t$}  {words}");
        while text.ends_with(" \n") {
            text.truncate(text.len() - 2);
            text.push('\n');
        }
    }

    /// The bytes of a part, as many lines as they take; each mark under the first line that has some of its bytes.
    fn rows(
        &self,
        text: &mut String,
        offset: usize,
        bytes: &[u8],
        [path, ty, words]: [&str; 3],
        marks: &[Mark],
        is_text: bool,
    ) {
        let Colors { quiet, reset, .. } = self.colors;
        if bytes.len() > ROW && bytes.iter().all(|byte| *byte == 0) {
            let zeros = format!("00 × {}", bytes.len());
            self.line(text, &offset.to_string(), &zeros, path, ty, words);
            marks.iter().for_each(|mark| self.mark(text, 0, 2, &mark.words));
            return;
        }
        for (index, row) in bytes.chunks(ROW).enumerate() {
            let start = index * ROW;
            let at = (offset + start).to_string();
            if index == 0 {
                self.line(text, &at, &spaced(row), path, ty, words);
            } else {
                let shown = if is_text { format!("{quiet}{}{reset}", characters(row)) } else { String::new() };
                self.line(text, &at, &spaced(row), "", "", &shown);
            }
            let here = start..start + row.len();
            for mark in marks.iter().filter(|mark| here.contains(&mark.start)) {
                self.mark(text, mark.start - start, mark.size.min(here.end - mark.start), &mark.words);
            }
        }
    }

    /// Carets under `size` bytes of a row, from the byte `start` on.
    fn mark(&self, text: &mut String, start: usize, size: usize, words: &str) {
        let Colors { fault, reset, .. } = self.colors;
        let left = self.offset + 2 + start * 3;
        let carets = "^".repeat((size * 3).saturating_sub(1).max(1));
        let _ = writeln!(text, "{:left$}{fault}{carets} {words}{reset}", "");
    }
}

/// The column that says what kind of bytes they are.
fn kind(part: &Part) -> &str {
    if part.kind == PartKind::Value { &part.ty } else { part.kind.name() }
}

/// Hex digits, a space between bytes.
fn spaced(bytes: &[u8]) -> String {
    bytes.chunks(1).map(hex).collect::<Vec<_>>().join(" ")
}

/// The characters of ASCII among bytes.
fn characters(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| if byte.is_ascii_graphic() || *byte == b' ' { char::from(*byte) } else { '.' }).collect()
}

/// Text without what a terminal obeys.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for character in text.chars() {
        if myc_schema::backend::is_printable(character) {
            plain.push(character);
        } else {
            plain.extend(character.escape_unicode());
        }
    }
    plain
}
