//! The text of a lock, read back. Everything in it that can be checked is: a lock that was edited or
//! merged by hand is refused rather than believed.

use std::collections::BTreeMap;

use crate::digest::{canonical_text, of_text};
use crate::ir::DigestKind;
use crate::source::{SourceId, Span, Spanned};

use super::canonical;
use super::print::{CANONICAL, FIRST_LINE, hex};
use super::{Lock, Past, kind_name};

/// Why a text is no lock that can be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct LockError {
    /// The line, from 1.
    pub line: u32,
    /// What is wrong with it.
    pub message: String,
    /// What to do about it.
    pub help: &'static str,
}

/// What to do about a lock that is not as it was written.
const RESTORE: &str =
    "take it from version control as it was (after a merge, either side's), and run `myc-schema lock`";

/// What a merge that failed leaves, in two parts: this file is not in conflict.
const CONFLICT: &str = concat!("<<<<", "<<< ");

/// A line and where it is.
#[derive(Clone, Copy)]
pub(super) struct Line<'a> {
    pub text: &'a str,
    pub number: u32,
    source: SourceId,
    start: usize,
}

impl<'a> Line<'a> {
    /// The lines of a text.
    fn all(source: SourceId, text: &'a str) -> Vec<Self> {
        let mut lines = Vec::new();
        let mut start = 0;
        for (number, line) in (1..).zip(text.split_inclusive('\n')) {
            let text = line.trim_end_matches(['\n', '\r']);
            lines.push(Self { text, number, source, start });
            start += line.len();
        }
        lines
    }

    /// The place of a part of the line.
    pub fn span(&self, part: &str) -> Span {
        let at = (part.as_ptr() as usize).wrapping_sub(self.text.as_ptr() as usize);
        let at = if at <= self.text.len() { at } else { 0 };
        let byte = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        Span { source: self.source, start: byte(self.start + at), end: byte(self.start + at + part.len()) }
    }

    /// Something wrong with it.
    pub fn wrong(&self, message: impl Into<String>) -> LockError {
        LockError { line: self.number, message: message.into(), help: RESTORE }
    }
}

/// Whether a text says that it is a lock, readable or not.
pub fn is_lock(text: &str) -> bool {
    first_line(text).is_some_and(|line| line.starts_with("contracts.lock "))
}

fn first_line(text: &str) -> Option<&str> {
    text.lines().find(|line| !line.trim().is_empty() && !line.starts_with('#'))
}

/// What is read before the canonical text.
#[derive(Default)]
struct Head<'a> {
    version: Option<u16>,
    digest: Option<(DigestKind, [u8; 32])>,
    messages: Vec<(Line<'a>, u16, String)>,
    since: BTreeMap<u16, u16>,
    reserved_ids: Vec<Spanned<(u16, u16)>>,
    reserved_names: Vec<Spanned<String>>,
    history: Vec<(u16, [u8; 32])>,
    past: Vec<Past>,
}

/// The lock that a text is. Takes time in proportion to the text's length, but for a logarithm.
pub fn read(source: SourceId, text: &str) -> Result<Lock, LockError> {
    let lines = Line::all(source, text);
    let mut rest = lines.iter().filter(|line| !line.text.trim().is_empty() && !line.text.starts_with('#'));
    let end = Line { text: "", number: lines.last().map_or(1, |line| line.number), source, start: text.len() };
    let first = *rest.next().unwrap_or(&end);
    if first.text != FIRST_LINE {
        let mut error = first.wrong(format!("`{FIRST_LINE}` is expected"));
        if first.text.starts_with("contracts.lock ") {
            error.message.push_str(": the lock is of another format");
            error.help = "use the myc-schema that wrote it, or one that is newer";
        }
        return Err(error);
    }
    if let Some(conflict) = lines.iter().find(|line| line.text.starts_with(CONFLICT)) {
        return Err(conflict.wrong("here is a merge conflict"));
    }
    let mut head = Head::default();
    let mut canonical = None;
    for line in rest {
        if line.text == CANONICAL {
            canonical = Some(line.number as usize);
            break;
        }
        head.line(*line)?;
    }
    let Some(canonical) = canonical else { return Err(end.wrong(format!("`{CANONICAL}` is missing"))) };
    let body = &lines[canonical.min(lines.len())..];
    let text = body.first().map_or("", |line| &text[line.start..]);
    let mut schema = canonical::read(body, &end)?;
    let (Some(version), Some((kind, digest))) = (head.version, head.digest) else {
        return Err(end.wrong("`version` or `digest` is missing"));
    };
    schema.digest_kind = kind;
    schema.digest = digest;
    let first = *body.first().unwrap_or(&end);
    // A checkout can have other line ends.
    if canonical_text(&schema) != text.replace("\r\n", "\n") {
        return Err(first.wrong("the canonical text is not as it was written"));
    }
    if schema.version != version || (kind == DigestKind::CanonicalV1 && of_text(&canonical_text(&schema)) != digest) {
        return Err(first.wrong("the digest or the version above is not that of the canonical text"));
    }
    crate::digest::fill_fingerprints(&mut schema);
    head.agrees(&schema, first)?;
    (schema.reserved_ids, schema.reserved_names) = (head.reserved_ids, head.reserved_names);
    Ok(Lock { schema, since: head.since, history: head.history, past: head.past })
}

impl<'a> Head<'a> {
    fn line(&mut self, line: Line<'a>) -> Result<(), LockError> {
        let words: Vec<&str> = line.text.split(' ').collect();
        let unknown = || line.wrong("this is nothing that a lock says");
        match words[..] {
            ["version", version] => self.version = Some(number(version).ok_or_else(unknown)?),
            ["digest", kind, digest] => {
                let kinds = [DigestKind::CanonicalV1, DigestKind::Source];
                let kind = kinds.into_iter().find(|known| kind_name(*known) == kind).ok_or_else(unknown)?;
                self.digest = Some((kind, bytes(digest).ok_or_else(unknown)?));
            }
            ["message", id, .., "since", since] => {
                let id = number(id).ok_or_else(unknown)?;
                let start = line.text.rsplit_once(" since ").map_or("", |(start, _)| start);
                self.messages.push((line, id, start.to_owned()));
                self.since.insert(id, number(since).ok_or_else(unknown)?);
            }
            ["reserved", ids] => {
                let (first, last) = ids.split_once('-').unwrap_or((ids, ids));
                let range = number(first).zip(number(last)).filter(|(first, last)| first <= last);
                self.reserved_ids.push(Spanned::new(range.ok_or_else(unknown)?, line.span(ids)));
            }
            ["reserved-name", ..] => {
                let name = line.text.split_once(' ').map_or("", |(_, name)| name);
                let value = serde_json::from_str(name).map_err(|_| unknown())?;
                self.reserved_names.push(Spanned::new(value, line.span(name)));
            }
            ["earlier", version, digest] => {
                self.history.push((number(version).ok_or_else(unknown)?, bytes(digest).ok_or_else(unknown)?));
            }
            ["was", id, name, size, fingerprint, "in", versions] => {
                let (first, last) = versions.split_once('-').ok_or_else(unknown)?;
                self.past.push(Past {
                    type_id: number(id).ok_or_else(unknown)?,
                    first: number(first).ok_or_else(unknown)?,
                    last: number(last).ok_or_else(unknown)?,
                    name: name.to_owned(),
                    size: size.parse().ok().ok_or_else(unknown)?,
                    fingerprint: bytes(fingerprint).ok_or_else(unknown)?,
                    span: line.span(name),
                });
            }
            _ => return Err(unknown()),
        }
        Ok(())
    }

    /// Whether the lines of messages are those of the schema.
    fn agrees(&self, schema: &crate::ir::Schema, canonical: Line) -> Result<(), LockError> {
        if self.messages.len() != schema.messages.len() {
            return Err(canonical.wrong("the canonical text has other messages than are listed above"));
        }
        for ((line, _, text), message) in self.messages.iter().zip(&schema.messages) {
            let (id, name, size) = (message.type_id, &message.name, message.layout.size);
            if *text != format!("message {id} {name} {size} {}", hex(&message.fingerprint)) {
                return Err(line.wrong("the canonical text below says something else of the message"));
            }
        }
        Ok(())
    }
}

fn number(text: &str) -> Option<u16> {
    text.parse().ok().filter(|number: &u16| number.to_string() == text)
}

fn bytes<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    if text.len() != 2 * N || !text.is_ascii() {
        return None;
    }
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * index..2 * index + 2], 16).ok()?;
    }
    Some(bytes)
}
