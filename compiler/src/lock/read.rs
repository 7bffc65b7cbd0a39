//! The text of a lock, read back. Every line is of one form and in one place, and everything in it that can be checked
//! is: a lock that was edited or merged by hand is refused rather than believed.

use crate::conflict;
use crate::digest::{canonical_text, of_text};
use crate::hex::hex;
use crate::ir::{DigestKind, Schema};
use crate::source::{SourceId, Span};

use super::canonical;
use super::head::Head;
use super::print::{CANONICAL, FIRST_LINE, FORMAT};
use super::{Lock, kind_name};

/// Why a text is no lock that can be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct LockError {
    /// The line, from 1.
    pub line: u32,
    /// What is wrong with it, and what is expected.
    pub message: String,
    /// What to do about it.
    pub help: &'static str,
}

/// What to do about a lock that is not as it was written.
const RESTORE: &str = "locks are not edited by hand: take it from version control as it was, and run `myc-schema lock`";

/// What to do about a lock with two sides.
const RESOLVE: &str = "resolve the merge in the contract, take either side's lock (`git checkout --ours` or `--theirs`), \
    and run `myc-schema lock`";

/// What to do about a lock that this version does not know.
const NEWER: &str = "use the version that wrote it, or one that is newer";

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
            let text = line.strip_suffix('\n').unwrap_or(line);
            let text = text.strip_suffix('\r').unwrap_or(text);
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

    /// It is not of the form that it should have.
    pub fn expects(&self, what: impl std::fmt::Display) -> LockError {
        self.wrong(format!("{what} is expected"))
    }

    /// Whether it says nothing: blank, or a comment.
    fn is_silent(&self) -> bool {
        self.text.is_empty() || self.text.starts_with('#')
    }
}

/// Whether a text says that it is a lock, readable or not: its first line, or the first one of a side of a merge, does.
pub fn is_lock(text: &str) -> bool {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut lines = text.lines().filter(|line| {
        let line = line.trim();
        !line.is_empty() && !line.starts_with('#') && conflict::marker(line).is_none()
    });
    lines.next().is_some_and(|line| line == "contracts.lock" || line.starts_with("contracts.lock "))
}

/// The lock that a text is. Takes time in proportion to the text's length, but for a logarithm.
pub fn read(source: SourceId, text: &str) -> Result<Lock, LockError> {
    let lines = Line::all(source, text);
    let end = Line { text: "", number: lines.last().map_or(1, |line| line.number), source, start: text.len() };
    if let Some(conflict) = lines.iter().find(|line| conflict::marker(line.text).is_some_and(conflict::Marker::is_sure))
    {
        let found = conflict.text.split(' ').next().unwrap_or_default();
        return Err(LockError { help: RESOLVE, ..conflict.wrong(format!("`{found}`: a merge was not resolved")) });
    }
    let mut rest = lines.iter().filter(|line| !line.is_silent());
    let first = *rest.next().ok_or_else(|| end.wrong("the lock is empty"))?;
    if first.text != FIRST_LINE {
        return Err(other_format(&first));
    }
    if !text.ends_with('\n') {
        return Err(end.wrong("the lock is cut short: its last line has no end"));
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
    let Some(canonical) = canonical else {
        return Err(end.wrong(format!("the lock is cut short: `{CANONICAL}` is expected after this line")));
    };
    let body = &lines[canonical.min(lines.len())..];
    let known = head.complete(&lines[canonical - 1])?;
    let mut schema = canonical::read(body, &end)?;
    as_written(&schema, body, &end)?;
    if schema.version != known.version.value {
        let line = known.version.line;
        return Err(line.expects(format!("`version {}`, as the canonical text has it,", schema.version)));
    }
    let digest = of_text(&canonical_text(&schema));
    if known.digest_kind == DigestKind::CanonicalV1 && known.digest.value != digest {
        let expected = format!("`digest {} {}`", kind_name(DigestKind::CanonicalV1), hex(&digest));
        return Err(known.digest.line.expects(format!("{expected}, which is the canonical text's,")));
    }
    schema.digest_kind = known.digest_kind;
    schema.digest = known.digest.value;
    crate::digest::fill_fingerprints(&mut schema);
    head.agrees(&schema, &lines[canonical - 1])?;
    // Of what is past nothing is left to compare with.
    let told = lines.iter().filter(|line| !line.is_silent() && line.number != known.checksum.line.number);
    let checksum = checksum(told.map(|line| line.text));
    if checksum != known.checksum.value {
        let edited = "the checksum is not that of the other lines: one of them was edited, or is gone";
        return Err(known.checksum.line.wrong(edited));
    }
    Ok(head.lock(schema))
}

/// The checksum over the lines of a lock, without its own, comments and blank lines.
pub(super) fn checksum<'a>(lines: impl Iterator<Item = &'a str>) -> [u8; 8] {
    let mut text = String::new();
    for line in lines {
        text.push_str(line);
        text.push('\n');
    }
    let [a, b, c, d, e, f, g, h, ..] = of_text(&text);
    [a, b, c, d, e, f, g, h]
}

/// A first line that is not [`FIRST_LINE`].
fn other_format(line: &Line) -> LockError {
    let format = line.text.strip_prefix("contracts.lock ").and_then(|format| format.parse::<u64>().ok());
    match format {
        Some(format) if format > FORMAT => LockError {
            help: NEWER,
            ..line.wrong(format!(
                "the lock is of format {format}, and this myc-schema knows format {FORMAT}: a newer version wrote it"
            ))
        },
        _ => line.wrong(format!("`{FIRST_LINE}` is expected: the first lines are missing, or it is no lock")),
    }
}

/// Whether a schema's canonical text is what it was read from.
fn as_written(schema: &Schema, body: &[Line], end: &Line) -> Result<(), LockError> {
    let text = canonical_text(schema);
    let mut expected = text.lines();
    for line in body {
        match expected.next() {
            Some(expected) if expected == line.text => {}
            Some(expected) => return Err(line.expects(format!("`{expected}`"))),
            None => return Err(line.wrong("nothing is expected after the canonical text")),
        }
    }
    match expected.next() {
        Some(expected) => Err(end.wrong(format!("the lock is cut short: `{expected}` is expected after this line"))),
        None => Ok(()),
    }
}
