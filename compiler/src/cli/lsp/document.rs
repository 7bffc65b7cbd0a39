//! An open text: owns positions as the protocol counts them (lines from 0, UTF-16 code units), edits to the text, and
//! which lines belong to one message, struct or enum.

use std::ops::Range;
use std::sync::Arc;

use gen_lsp_types::{Position, TextDocumentContentChangeEvent};
use myc_schema::source::Span;

use super::outline::Outline;

/// An open text in one of its versions.
#[derive(Clone, Debug)]
pub struct Document {
    pub text: Arc<str>,
    pub version: i32,
    /// Where lines begin.
    lines: Vec<usize>,
    /// Lines that begin with something else than a blank or a comment, by number.
    top: Vec<usize>,
    /// Where the last edit was.
    pub edited: usize,
}

impl Document {
    pub fn new(text: impl Into<Arc<str>>, version: i32) -> Self {
        let text = text.into();
        let bytes = text.as_bytes();
        let mut lines = vec![0];
        let mut from = 0;
        while let Some(found) = text[from..].find(['\n', '\r']) {
            let end = from + found;
            from = end + if bytes[end] == b'\r' && bytes.get(end + 1) == Some(&b'\n') { 2 } else { 1 };
            lines.push(from);
        }
        let begins = |start: usize| bytes.get(start).is_some_and(|byte| !b" \t\r\n#".contains(byte));
        let top = lines.iter().enumerate().filter(|(_, start)| begins(**start)).map(|(number, _)| number).collect();
        Self { text, version, lines, top, edited: 0 }
    }

    /// The text after edits, each of the text that the one before it left.
    pub fn changed(&self, changes: Vec<TextDocumentContentChangeEvent>, version: i32) -> Self {
        let mut document = Self { version, ..self.clone() };
        for change in changes {
            document = match change {
                TextDocumentContentChangeEvent::TextDocumentContentChangeWholeDocument(whole) => {
                    Self::new(whole.text, version)
                }
                TextDocumentContentChangeEvent::TextDocumentContentChangePartial(part) => {
                    let start = document.offset(part.range.start);
                    let end = document.offset(part.range.end).max(start);
                    let old = &document.text;
                    let text = [&old[..start], &part.text, &old[end..]].concat();
                    Self { edited: start + part.text.len(), ..Self::new(text, version) }
                }
            };
        }
        document
    }

    /// The byte at a position. One beyond the end of its line or of the text is that end.
    pub fn offset(&self, position: Position) -> usize {
        let Some(&start) = self.lines.get(position.line as usize) else { return self.text.len() };
        let line = self.text[start..self.line_end(position.line as usize)].trim_end_matches(['\n', '\r']);
        let mut units = 0;
        for (at, c) in line.char_indices() {
            // A position between the halves of a character is before it.
            if units + c.len_utf16() as u32 > position.character {
                return start + at;
            }
            units += c.len_utf16() as u32;
        }
        start + line.len()
    }

    /// The position of a byte. One inside of a character is where that begins.
    pub fn position(&self, offset: usize) -> Position {
        let offset = floor(&self.text, offset);
        let line = self.line_of(offset);
        let units = self.text[self.lines[line]..offset].chars().map(|c| c.len_utf16() as u32).sum();
        Position { line: line as u32, character: units }
    }

    pub fn range(&self, range: Range<usize>) -> gen_lsp_types::Range {
        gen_lsp_types::Range { start: self.position(range.start), end: self.position(range.end.max(range.start)) }
    }

    pub fn span(&self, span: Span) -> gen_lsp_types::Range {
        self.range(span.start as usize..span.end as usize)
    }

    /// The number of the line of a byte.
    fn line_of(&self, offset: usize) -> usize {
        self.lines.partition_point(|start| *start <= offset).saturating_sub(1)
    }

    /// The end of a line, line break included.
    fn line_end(&self, line: usize) -> usize {
        self.lines.get(line + 1).copied().unwrap_or(self.text.len())
    }

    fn indent(&self, line: usize) -> Option<usize> {
        let text = &self.text[self.lines[line]..self.line_end(line)];
        let body = text.trim_start_matches(' ');
        (!body.trim().is_empty() && !body.starts_with('#')).then_some(text.len() - body.len())
    }

    /// The top-level line that governs a line, and the line of the next one (or the number of lines).
    fn section(&self, line: usize) -> (usize, usize) {
        let after = self.top.partition_point(|top| *top <= line);
        let first = after.checked_sub(1).map_or(0, |before| self.top[before]);
        (first, self.top.get(after).copied().unwrap_or(self.lines.len()))
    }

    /// The lines, as bytes, of what is around an offset: the section's own line, and all of the one message, struct or
    /// enum in it. Of a section in brackets it is everything.
    pub fn item(&self, offset: usize) -> [Range<usize>; 2] {
        let line = self.line_of(floor(&self.text, offset));
        let (first, next) = self.section(line);
        let header = self.lines[first]..self.line_end(first);
        let begin = |line: usize| self.lines.get(line).copied().unwrap_or(self.text.len());
        let bytes = |from: usize, to: usize| begin(from)..begin(to);
        let whole = [header.clone(), bytes((first + 1).min(next), next)];
        if line == first {
            // Its brackets may go on below.
            let opens = self.text[header].contains(['{', '[']);
            return if opens { whole } else { [self.lines[first]..self.line_end(first), 0..0] };
        }
        let Some(indent) = (first + 1..next).find_map(|line| self.indent(line)) else { return whole };
        let begins = |line: &usize| self.indent(*line).is_some_and(|found| found <= indent);
        let Some(start) = (first + 1..=line).rev().find(begins) else { return whole };
        let end = (line.max(start) + 1..next).find(begins).unwrap_or(next);
        [whole[0].clone(), bytes(start, end)]
    }

    /// The keys around an offset, and the offset's own place among them.
    pub fn outline_at(&self, offset: usize) -> Outline {
        Outline::of(&self.text, &self.item(offset))
    }

    /// What a cursor at an offset is in, by what is before it.
    pub fn outline_before(&self, offset: usize) -> Outline {
        let offset = floor(&self.text, offset);
        let pieces: Vec<Range<usize>> =
            self.item(offset).into_iter().map(|piece| piece.start.min(offset)..piece.end.min(offset)).collect();
        let pieces = if pieces[1].is_empty() { vec![pieces[0].clone()] } else { pieces };
        Outline::of(&self.text, &pieces)
    }

    pub fn outline(&self) -> Outline {
        Outline::of(&self.text, std::slice::from_ref(&(0..self.text.len())))
    }
}

/// The nearest boundary of a character at or before a byte.
fn floor(text: &str, offset: usize) -> usize {
    let offset = offset.min(text.len());
    (0..=offset).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(line: u32, character: u32) -> Position {
        Position { line, character }
    }

    /// Without this, everything after an emoji or an accent would be off by some characters.
    #[test]
    fn positions_count_utf_16() {
        let document = Document::new("a: \"é😀x\"\r\nb\rc\n", 1);
        for (offset, position) in
            [(0, at(0, 0)), (4, at(0, 4)), (6, at(0, 5)), (10, at(0, 7)), (14, at(1, 0)), (16, at(2, 0))]
        {
            assert_eq!(document.position(offset), position, "{offset}");
            assert_eq!(document.offset(position), offset, "{position:?}");
        }
        assert_eq!(document.position(8), at(0, 5), "inside of a character");
        assert_eq!(document.offset(at(0, 6)), 6, "between the halves of one");
        assert_eq!(document.offset(at(0, 99)), 12, "the end of the line, before its break");
        assert_eq!(document.offset(at(99, 0)), document.text.len());
        assert_eq!(document.position(999), at(3, 0));
    }

    #[test]
    fn edits_apply_in_order() {
        let edit = |line, from, to, text: &str| {
            TextDocumentContentChangeEvent::TextDocumentContentChangePartial(
                gen_lsp_types::TextDocumentContentChangePartial {
                    range: gen_lsp_types::Range { start: at(line, from), end: at(line, to) },
                    #[allow(deprecated)]
                    range_length: None,
                    text: text.to_owned(),
                },
            )
        };
        let document = Document::new("😀b\nc\n", 1)
            .changed(vec![edit(0, 2, 3, "x\ny"), edit(1, 1, 1, "!"), edit(9, 9, 9, "z")], 2);
        assert_eq!((&*document.text, document.version), ("😀x\ny!\nc\nz", 2));
    }

    #[test]
    fn an_item_is_the_lines_of_one_message() {
        let text = "# x\nmessages:\n  # y\n  A:\n    a: 1\n\n  B:\n    b: 2\nenums: { C: 1,\n  D: 2 }\n";
        let document = Document::new(text, 1);
        let item = |what: &str| {
            let [header, item] = document.item(text.find(what).expect("there"));
            (text[header].to_owned(), text[item].to_owned())
        };
        assert_eq!(item("a: 1"), ("messages:\n".to_owned(), "  A:\n    a: 1\n\n".to_owned()));
        assert_eq!(item("B:"), ("messages:\n".to_owned(), "  B:\n    b: 2\n".to_owned()));
        assert_eq!(item("D:"), ("enums: { C: 1,\n".to_owned(), "  D: 2 }\n".to_owned()));
        assert_eq!(item("C:"), ("enums: { C: 1,\n".to_owned(), "  D: 2 }\n".to_owned()));
        assert_eq!(item("messages").1, "");
    }
}
