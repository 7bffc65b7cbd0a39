//! An open text: owns positions as the protocol counts them (lines from 0, UTF-16 code units), edits to the text, and
//! which lines belong to one message, struct or enum. Where lines begin is left to [`super::lines`].

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use gen_lsp_types::Position;
use myc_schema::source::Span;
use serde::Deserialize;

use super::lines::{Lines, without_mark};
use super::outline::{End, Outline};
use super::units::Units;

/// An open text in one of its versions. Copies share the text.
#[derive(Clone, Debug)]
pub struct Document {
    pub text: Arc<String>,
    lines: Arc<Lines>,
    units: Arc<Units>,
    /// The outline of all of it, where there is a part that is too long to be looked at for every answer.
    whole: Arc<OnceLock<Arc<Outline>>>,
    /// The client's number for it.
    pub version: i32,
    /// The server's: no other text has had it.
    pub serial: u64,
    /// Where the last edit was.
    pub edited: usize,
}

/// An edit. The protocol's own type takes one whose range is none for a new text.
#[derive(Debug, Deserialize)]
pub struct Change {
    /// What is replaced; without it, everything.
    range: Option<gen_lsp_types::Range>,
    text: String,
}

impl Document {
    pub fn new(text: impl Into<String>, version: i32) -> Self {
        let text = text.into();
        let lines = Arc::new(Lines::of(&text));
        let (text, units, whole) = (Arc::new(text), Arc::default(), Arc::default());
        Self { text, lines, units, whole, version, serial: 0, edited: 0 }
    }

    /// Makes edits, each of the text that the one before it left.
    pub fn change(&mut self, changes: Vec<Change>, version: i32) {
        self.version = version;
        for Change { range, text: new } in changes {
            let Some(range) = range else {
                *self = Self::new(new, version);
                continue;
            };
            let start = self.offset(range.start);
            let end = self.offset(range.end).max(start);
            // Copies what is still looked at elsewhere.
            let text = Arc::make_mut(&mut self.text);
            text.replace_range(start..end, &new);
            Arc::make_mut(&mut self.lines).edit(text, start..end, new.len());
            self.units = Arc::default();
            self.whole = Arc::default();
            self.edited = start + new.len();
        }
    }

    /// The byte at a position. One beyond the end of its line or of the text is that end.
    pub fn offset(&self, position: Position) -> usize {
        let Some(start) = self.lines.start(position.line as usize) else { return self.text.len() };
        let line = self.text[start..self.line_end(position.line as usize)].trim_end_matches(['\n', '\r']);
        let end = start + line.len();
        let (near, mut units) = self.units.near(&self.text, start..end, position.character);
        for (at, c) in self.text[near..end].char_indices() {
            // A position between the halves of a character is before it.
            if units + c.len_utf16() as u32 > position.character {
                return near + at;
            }
            units += c.len_utf16() as u32;
        }
        end
    }

    /// The position of a byte. One inside of a character, or of a line break, is where that begins.
    pub fn position(&self, offset: usize) -> Position {
        let offset = floor(&self.text, offset);
        let offset = if is_place(&self.text, offset) { offset } else { offset - 1 };
        let line = self.lines.at(offset);
        Position { line: line as u32, character: self.units.between(&self.text, self.begin(line), offset) }
    }

    pub fn range(&self, range: Range<usize>) -> gen_lsp_types::Range {
        gen_lsp_types::Range { start: self.position(range.start), end: self.position(range.end.max(range.start)) }
    }

    pub fn span(&self, span: Span) -> gen_lsp_types::Range {
        self.range(span.start as usize..span.end as usize)
    }

    /// Where a line begins, or the end of the text.
    fn begin(&self, line: usize) -> usize {
        self.lines.start(line).unwrap_or(self.text.len())
    }

    /// The end of a line, line break included.
    fn line_end(&self, line: usize) -> usize {
        self.begin(line + 1)
    }

    /// The line around a byte, without its line break.
    pub fn line(&self, offset: usize) -> Range<usize> {
        let line = self.lines.at(floor(&self.text, offset));
        let start = self.begin(line);
        start..start + self.text[start..self.line_end(line)].trim_end_matches(['\n', '\r']).len()
    }

    fn indent(&self, line: usize) -> Option<usize> {
        let text = without_mark(&self.text[self.begin(line)..self.line_end(line)]);
        let body = text.trim_start_matches(' ');
        (!body.trim().is_empty() && !body.starts_with('#')).then_some(text.len() - body.len())
    }

    /// The lines, as bytes, of what is around an offset: the section's own line, and all of the one message, struct or
    /// enum in it. Of a section in brackets it is everything.
    pub fn item(&self, offset: usize) -> [Range<usize>; 2] {
        let line = self.lines.at(floor(&self.text, offset));
        let (first, next) = self.lines.section(line);
        let header = self.begin(first)..self.line_end(first);
        let bytes = |from: usize, to: usize| self.begin(from)..self.begin(to);
        let whole = [header.clone(), bytes((first + 1).min(next), next)];
        if line == first {
            // Its brackets may go on below.
            let opens = self.text[header].contains(['{', '[']);
            return if opens { whole } else { [self.begin(first)..self.line_end(first), 0..0] };
        }
        let Some(indent) = (first + 1..next).find_map(|line| self.indent(line)) else { return whole };
        let begins = |line: &usize| self.indent(*line).is_some_and(|found| found <= indent);
        let Some(start) = (first + 1..=line).rev().take(LINES).find(begins) else { return whole };
        let end = (line.max(start) + 1..next).take(LINES).find(begins).unwrap_or(next);
        [whole[0].clone(), bytes(start, end)]
    }

    /// Finds out what answers about a text with a long part go by. It takes longer than an answer may.
    pub fn prepare(&self) {
        if self.has_long_item() {
            self.whole.get_or_init(|| Arc::new(self.outline()));
        }
    }

    fn has_long_item(&self) -> bool {
        let is_long = |from: usize, to: usize| to - from > LINES || self.begin(to) - self.begin(from) > LONG;
        self.lines.sections().filter(|(first, next)| is_long(*first, *next)).any(|(first, next)| {
            let indent = (first + 1..next).find_map(|line| self.indent(line));
            let begins = |line: &usize| self.indent(*line).is_some_and(|found| Some(found) <= indent);
            let mut last = first;
            let items = (first + 1..next).filter(begins).chain([next]);
            items.into_iter().any(|line| is_long(std::mem::replace(&mut last, line), line))
        })
    }

    /// The keys around an offset, and the offset's own place among them. `None` where that is not known yet: see
    /// [`Self::prepare`].
    pub fn outline_at(&self, offset: usize) -> Option<Arc<Outline>> {
        if let Some(whole) = self.whole.get() {
            return Some(whole.clone());
        }
        let pieces = self.item(offset);
        (!is_long(&pieces)).then(|| Arc::new(Outline::of(&self.text, &pieces)))
    }

    /// What a cursor at an offset is in, by what is before it. `None` where that is not known yet.
    pub fn outline_before(&self, offset: usize) -> Option<(Arc<Outline>, End)> {
        let offset = floor(&self.text, offset);
        if let Some(whole) = self.whole.get() {
            return Some((whole.clone(), whole.end_at(&self.text, offset)));
        }
        let pieces = self.item(offset);
        if is_long(&pieces) {
            return None;
        }
        let pieces: Vec<Range<usize>> =
            pieces.into_iter().map(|piece| piece.start.min(offset)..piece.end.min(offset)).collect();
        let pieces = if pieces[1].is_empty() { vec![pieces[0].clone()] } else { pieces };
        let outline = Outline::of(&self.text, &pieces);
        let end = outline.end;
        Some((Arc::new(outline), end))
    }

    /// The keys of the top level, and perhaps some of what is in them.
    pub fn heads(&self) -> Outline {
        const ENOUGH: usize = 256;
        let end = |first: usize| floor(&self.text, self.line_end(first).min(self.begin(first) + ENOUGH));
        let pieces: Vec<_> = self.lines.sections().map(|(first, _)| self.begin(first)..end(first)).collect();
        Outline::of(&self.text, &pieces)
    }

    /// The keys of the sections with these names, and whatever is not in a section.
    pub fn outline_of(&self, sections: &[&str]) -> Arc<Outline> {
        if let Some(whole) = self.whole.get() {
            return whole.clone();
        }
        let wanted = |line: usize| {
            let head = without_mark(&self.text[self.begin(line)..self.line_end(line)]);
            let key = head.trim_start_matches(['"', '\'']);
            sections.iter().any(|section| key.starts_with(section)) || head.starts_with(['{', '['])
        };
        let sections = self.lines.sections().filter(|(first, _)| wanted(*first));
        let pieces: Vec<_> = sections.map(|(first, next)| self.begin(first)..self.begin(next)).collect();
        Arc::new(Outline::of(&self.text, &pieces))
    }

    /// All keys.
    pub fn outline(&self) -> Outline {
        Outline::of(&self.text, std::slice::from_ref(&(0..self.text.len())))
    }
}

/// The longest part that is looked at for an answer, in bytes and in lines.
const LONG: usize = 512 * 1024;
const LINES: usize = 1 << 15;

fn is_long(pieces: &[Range<usize>]) -> bool {
    pieces.iter().map(ExactSizeIterator::len).sum::<usize>() > LONG
}

/// Whether the protocol has a position for a byte: it has none inside of a character, nor of a line break.
pub fn is_place(text: &str, offset: usize) -> bool {
    let bytes = text.as_bytes();
    text.is_char_boundary(offset) && !(offset > 0 && bytes[offset - 1] == b'\r' && bytes.get(offset) == Some(&b'\n'))
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
        assert_eq!(document.position(13), at(0, 9), "inside of a line break");
        assert_eq!(document.offset(at(0, 6)), 6, "between the halves of one");
        assert_eq!(document.offset(at(0, 99)), 12, "the end of the line, before its break");
        assert_eq!(document.offset(at(99, 0)), document.text.len());
        assert_eq!(document.position(999), at(3, 0));
    }

    #[test]
    fn edits_apply_in_order() {
        let edit = |line, from, to, text: &str| {
            let range = gen_lsp_types::Range { start: at(line, from), end: at(line, to) };
            Change { range: Some(range), text: text.to_owned() }
        };
        let mut document = Document::new("😀b\nc\n", 1);
        let before = document.clone();
        document.change(vec![edit(0, 2, 3, "x\ny"), edit(1, 1, 1, "!"), edit(9, 9, 9, "z")], 2);
        assert_eq!((document.text.as_str(), document.version), ("😀x\ny!\nc\nz", 2));
        assert_eq!(before.text.as_str(), "😀b\nc\n", "what is being looked at stays");
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
