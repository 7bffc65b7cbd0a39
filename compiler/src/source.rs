//! Source texts and positions in them: owns [`SourceMap`], [`SourceId`], [`Span`] and the way from
//! a byte offset to a line and column. Printing a position is left to [`crate::diag`].

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;
use std::sync::OnceLock;

use crate::codes;
use crate::diag::{Diagnostic, render::printable};

/// The largest contract that is read, in bytes: 16 MiB, some 60,000 messages.
pub const MAX_BYTES: u64 = 16 * 1024 * 1024;

/// One text of a [`SourceMap`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct SourceId(pub u32);

/// A half-open range of bytes in one source text. Both ends lie on character boundaries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span {
    /// The text the range lies in.
    pub source: SourceId,
    /// First byte of the range.
    pub start: u32,
    /// One past the last byte of the range.
    pub end: u32,
}

impl Span {
    /// Whether the range has no bytes.
    pub fn is_empty(self) -> bool {
        self.start >= self.end
    }
}

/// A value and where it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Where it was written.
    pub span: Span,
}

impl<T> Spanned<T> {
    /// Pairs a value with its place.
    pub fn new(value: T, span: Span) -> Self {
        Self { value, span }
    }
}

/// A line and column, both counted from 1; columns in Unicode scalar values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LineColumn {
    /// The line.
    pub line: u32,
    /// The column.
    pub column: u32,
}

/// Every text of one run.
#[derive(Debug, Default)]
pub struct SourceMap {
    files: Vec<SourceFile>,
}

/// One named text.
#[derive(Debug)]
pub struct SourceFile {
    name: String,
    text: String,
    index: OnceLock<Index>,
}

impl SourceMap {
    /// No texts.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a text under the name that diagnostics show for it.
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<String>) -> SourceId {
        let id = SourceId(u32::try_from(self.files.len()).unwrap_or(u32::MAX));
        self.files.push(SourceFile { name: name.into(), text: text.into(), index: OnceLock::new() });
        id
    }

    /// The text behind an id of this map; `None` for an id of another.
    pub fn get(&self, id: SourceId) -> Option<&SourceFile> {
        self.files.get(id.0 as usize)
    }

    /// Adds bytes read elsewhere. The error is a finding about this map's newest text, or about
    /// no text at all.
    pub fn load_bytes(&mut self, name: impl Into<String>, bytes: Vec<u8>) -> Result<SourceId, Box<Diagnostic>> {
        self.load_bytes_at_most(name.into(), bytes, MAX_BYTES)
    }

    fn load_bytes_at_most(&mut self, name: String, bytes: Vec<u8>, most: u64) -> Result<SourceId, Box<Diagnostic>> {
        if bytes.len() as u64 > most {
            return Err(Box::new(too_large(&name, most)));
        }
        match String::from_utf8(bytes) {
            Ok(text) => Ok(self.add(name, text)),
            Err(error) => Err(Box::new(self.not_utf8(name, error.utf8_error(), error.as_bytes()))),
        }
    }

    /// Reads a contract from a file. A file over [`MAX_BYTES`] is not read.
    pub fn load(&mut self, path: &Path) -> Result<SourceId, Box<Diagnostic>> {
        self.load_at_most(path, MAX_BYTES)
    }

    /// Reads a text from a file that has no more bytes than these.
    pub fn load_at_most(&mut self, path: &Path, most: u64) -> Result<SourceId, Box<Diagnostic>> {
        let name = path.display().to_string();
        let unreadable = |error: std::io::Error| Box::new(unreadable(&name, &error));
        let metadata = std::fs::metadata(path).map_err(unreadable)?;
        if metadata.is_dir() {
            let message = format!("cannot read `{}`: it is a directory", printable(&name));
            return Err(Box::new(
                Diagnostic::without_place(&codes::E0001, message).help("give the path of the contract file in it"),
            ));
        }
        if metadata.len() > most {
            return Err(Box::new(too_large(&name, most)));
        }
        let file = File::open(path).map_err(unreadable)?;
        self.load_reader_at_most(name, file, most)
    }

    /// Reads a contract from a stream, [`MAX_BYTES`] at most.
    pub fn load_reader(&mut self, name: impl Into<String>, reader: impl Read) -> Result<SourceId, Box<Diagnostic>> {
        self.load_reader_at_most(name, reader, MAX_BYTES)
    }

    /// Reads a text of so many bytes at most from a stream.
    pub fn load_reader_at_most(
        &mut self,
        name: impl Into<String>,
        reader: impl Read,
        most: u64,
    ) -> Result<SourceId, Box<Diagnostic>> {
        let name = name.into();
        let mut bytes = Vec::new();
        match reader.take(most + 1).read_to_end(&mut bytes) {
            Ok(_) => self.load_bytes_at_most(name, bytes, most),
            Err(error) => Err(Box::new(unreadable(&name, &error))),
        }
    }

    /// Keeps the text up to the line of the first bad byte, so that the diagnostic has an excerpt.
    fn not_utf8(&mut self, name: String, error: std::str::Utf8Error, bytes: &[u8]) -> Diagnostic {
        let (valid, rest) = bytes.split_at(error.valid_up_to());
        let mut text = String::from_utf8_lossy(valid).into_owned();
        let start = text.len() as u32;
        let line = rest.iter().take(120).take_while(|byte| **byte != b'\n').copied().collect::<Vec<_>>();
        text.push_str(&String::from_utf8_lossy(&line));
        let byte = rest.first().copied().unwrap_or_default();
        let end = start + char::REPLACEMENT_CHARACTER.len_utf8() as u32;
        let source = self.add(name, text);
        Diagnostic::new(
            &codes::E0003,
            Span { source, start, end },
            format!("byte 0x{byte:02x} at offset {start} is not UTF-8"),
        )
        .label("a contract is UTF-8 text")
        .help("save the file as UTF-8; it may be Latin-1, UTF-16 or not text at all")
    }
}

fn unreadable(name: &str, error: &std::io::Error) -> Diagnostic {
    let reason = reason(error);
    Diagnostic::without_place(&codes::E0001, format!("cannot read `{}`: {reason}", printable(name)))
}

/// Why something could not be read or written, in words for people: without the system's number for it, and without
/// names of files that nobody has given.
pub fn reason(error: &std::io::Error) -> String {
    let words = match error.kind() {
        ErrorKind::NotFound => "there is no such file",
        ErrorKind::PermissionDenied => "permission denied",
        ErrorKind::IsADirectory => "it is a directory",
        ErrorKind::NotADirectory => "what should be a directory is a file",
        ErrorKind::StorageFull => "there is no space left on the device",
        ErrorKind::ReadOnlyFilesystem => "the file system is read-only",
        ErrorKind::QuotaExceeded => "the quota is used up",
        _ => {
            let words = error.to_string();
            let words = words.split(" (os error ").next().unwrap_or_default();
            let mut rest = words.chars();
            return rest.next().into_iter().flat_map(char::to_lowercase).chain(rest).collect();
        }
    };
    words.to_owned()
}

/// What is said of a text of more bytes than these.
pub fn too_large(name: &str, most: u64) -> Diagnostic {
    let message = format!("`{}` is larger than {} MiB", printable(name), most / (1024 * 1024));
    Diagnostic::without_place(&codes::E0002, message).help("split it into several contracts, each with ids of its own")
}

/// Where lines begin, and how many characters lie before every [`BLOCK`]th byte.
#[derive(Debug)]
struct Index {
    lines: Vec<u32>,
    /// Empty for ASCII text, in which characters are bytes.
    chars: Vec<u32>,
}

const BLOCK: usize = 1024;

impl SourceFile {
    /// The name diagnostics show.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text of a span; empty where the span doesn't lie in this text.
    pub fn slice(&self, span: Span) -> &str {
        self.text.get(span.start as usize..span.end as usize).unwrap_or_default()
    }

    /// Line and column of a byte offset, in logarithmic time. An offset past the end is the end;
    /// a byte order mark has no column.
    pub fn line_column(&self, offset: u32) -> LineColumn {
        let offset = offset.min(self.text.len() as u32);
        let index = self.index();
        let line = index.lines.partition_point(|start| *start <= offset).saturating_sub(1);
        let start = match index.lines.get(line).copied().unwrap_or_default() {
            0 => self.mark_len().min(offset),
            start => start,
        };
        let column = self.chars_before(offset) - self.chars_before(start);
        LineColumn { line: line as u32 + 1, column: column + 1 }
    }

    /// Byte range of a line counted from 1, without its line break and without a byte order mark.
    pub fn line_range(&self, line: u32) -> std::ops::Range<usize> {
        let lines = &self.index().lines;
        let at = |line: usize| lines.get(line).map_or(self.text.len(), |start| *start as usize);
        let line = (line.max(1) - 1) as usize;
        let range = at(line)..at(line + 1);
        let text = self.text.get(range.clone()).unwrap_or_default();
        let start = if range.start == 0 { self.mark_len() as usize } else { range.start };
        start..(range.start + text.trim_end_matches(['\n', '\r']).len()).max(start)
    }

    /// Bytes of a byte order mark at the beginning.
    fn mark_len(&self) -> u32 {
        if self.text.starts_with('\u{feff}') { 3 } else { 0 }
    }

    fn index(&self) -> &Index {
        self.index.get_or_init(|| {
            let lines = std::iter::once(0).chain(line_breaks(&self.text).map(|at| at as u32 + 1)).collect();
            let mut chars = Vec::new();
            if !self.text.is_ascii() {
                let mut count = 0;
                for block in self.text.as_bytes().chunks(BLOCK) {
                    chars.push(count);
                    count += count_chars(block);
                }
            }
            Index { lines, chars }
        })
    }

    fn chars_before(&self, offset: u32) -> u32 {
        let block = offset as usize / BLOCK;
        match self.index().chars.get(block) {
            Some(before) => before + count_chars(&self.text.as_bytes()[block * BLOCK..offset as usize]),
            None if self.index().chars.is_empty() => offset,
            None => self.index().chars.last().map_or(0, |before| {
                before + count_chars(&self.text.as_bytes()[(self.index().chars.len() - 1) * BLOCK..offset as usize])
            }),
        }
    }
}

/// Where lines end: at every `\n`, and at every `\r` that is not before one, as YAML has it.
pub(crate) fn line_breaks(text: &str) -> impl Iterator<Item = usize> {
    let bytes = text.as_bytes();
    let ends = |at: &usize| match bytes[*at] {
        b'\n' => true,
        b'\r' => bytes.get(at + 1) != Some(&b'\n'),
        _ => false,
    };
    (0..bytes.len()).filter(ends)
}

fn count_chars(bytes: &[u8]) -> u32 {
    bytes.iter().filter(|byte| (**byte as i8) >= -0x40).count() as u32
}
