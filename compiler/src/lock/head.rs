//! What a lock says before its canonical text, a line a fact: each of one form, in one order, once.

use std::collections::BTreeMap;

use crate::hex::hex;
use crate::ir::{DigestKind, Schema};
use crate::source::Spanned;

use super::read::{Line, LockError};
use super::{Lock, Past, kind_name};

/// The first word of a line and the form of the whole, in the order in which they stand.
const FORMS: [(&str, &str); 8] = [
    ("version", "version NUMBER"),
    ("digest", "digest canonical-v1|source DIGEST"),
    ("checksum", "checksum CHECKSUM"),
    ("message", "message TYPE_ID NAME SIZE FINGERPRINT since VERSION"),
    ("reserved", "reserved TYPE_ID` or `reserved FIRST-LAST"),
    ("reserved-name", "reserved-name \"NAME\""),
    ("earlier", "earlier VERSION DIGEST"),
    ("was", "was TYPE_ID NAME SIZE FINGERPRINT in FIRST-LAST"),
];

/// What is read before the canonical text.
#[derive(Default)]
pub(super) struct Head<'a> {
    version: Option<Said<'a, u16>>,
    digest: Option<(DigestKind, Said<'a, [u8; 32]>)>,
    checksum: Option<Said<'a, [u8; 8]>>,
    messages: Vec<(Line<'a>, u16)>,
    since: BTreeMap<u16, u16>,
    reserved_ids: Vec<Spanned<(u16, u16)>>,
    reserved_names: Vec<Spanned<String>>,
    history: Vec<(u16, [u8; 32])>,
    past: Vec<(Line<'a>, Past)>,
    /// The line before: its place in [`FORMS`], what it is sorted by, and its number.
    before: Option<(usize, Key, u32)>,
}

/// A value and the line that says so.
#[derive(Clone, Copy)]
pub(super) struct Said<'a, T> {
    pub value: T,
    pub line: Line<'a>,
}

/// What no lock is without.
pub(super) struct Known<'a> {
    pub version: Said<'a, u16>,
    pub digest_kind: DigestKind,
    pub digest: Said<'a, [u8; 32]>,
    pub checksum: Said<'a, [u8; 8]>,
}

/// What lines of one form are sorted by.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Numbers(u16, u16),
    Text(String),
}

impl<'a> Head<'a> {
    /// Takes the next line.
    pub fn line(&mut self, line: Line<'a>) -> Result<(), LockError> {
        let word = line.text.split(' ').next().unwrap_or_default();
        let Some(form) = FORMS.iter().position(|(known, _)| *known == word) else {
            let known: Vec<String> = FORMS.iter().map(|(known, _)| format!("`{known}`")).collect();
            return Err(line.expects(format!("a line that begins with {} or `canonical text`", known.join(", "))));
        };
        let key = self.fact(line).ok_or_else(|| line.expects(format!("`{}`", FORMS[form].1)))?;
        if let Some((before, other, number)) = &self.before {
            if form < *before {
                return Err(line.wrong(format!("`{word}` lines are expected before those with `{}`", FORMS[*before].0)));
            }
            if form == *before && key <= *other {
                let twice = key == *other;
                let why = if twice { "says it already" } else { "comes after it: lines are sorted" };
                return Err(line.wrong(format!("line {number} {why}")));
            }
        }
        self.before = Some((form, key, line.number));
        Ok(())
    }

    /// Takes what a line says; `None` where it is of no known form.
    fn fact(&mut self, line: Line<'a>) -> Option<Key> {
        let words: Vec<&str> = line.text.split(' ').collect();
        Some(match words[..] {
            ["version", version] => {
                let value = number(version)?;
                self.version = Some(Said { value, line });
                Key::Numbers(0, 0)
            }
            ["digest", kind, digest] => {
                let kinds = [DigestKind::CanonicalV1, DigestKind::Source];
                let kind = kinds.into_iter().find(|known| kind_name(*known) == kind)?;
                self.digest = Some((kind, Said { value: bytes(digest)?, line }));
                Key::Numbers(0, 0)
            }
            ["checksum", checksum] => {
                self.checksum = Some(Said { value: bytes(checksum)?, line });
                Key::Numbers(0, 0)
            }
            ["message", id, name, size, fingerprint, "since", since] => {
                let id = number(id).filter(|id| *id > 0)?;
                (is_name(name) && size_of(size).is_some() && bytes::<8>(fingerprint).is_some()).then_some(())?;
                self.since.insert(id, number(since)?);
                self.messages.push((line, id));
                Key::Numbers(id, 0)
            }
            ["reserved", ids] => {
                let (first, last) = match ids.split_once('-') {
                    None => number(ids).map(|id| (id, id))?,
                    Some((first, last)) => number(first).zip(number(last)).filter(|(first, last)| first < last)?,
                };
                self.reserved_ids.push(Spanned::new((first, last), line.span(ids)));
                Key::Numbers(first, last)
            }
            ["reserved-name", ..] => {
                let (_, written) = line.text.split_once(' ')?;
                let name: String = serde_json::from_str(written).ok()?;
                serde_json::to_string(&name).is_ok_and(|again| again == written).then_some(())?;
                self.reserved_names.push(Spanned::new(name.clone(), line.span(written)));
                Key::Text(name)
            }
            ["earlier", version, digest] => {
                let version = number(version)?;
                self.history.push((version, bytes(digest)?));
                Key::Numbers(version, 0)
            }
            ["was", id, name, size, fingerprint, "in", versions] => {
                let (first, last) = versions.split_once('-')?;
                let (first, last) = number(first).zip(number(last)).filter(|(first, last)| first <= last)?;
                let type_id = number(id).filter(|id| *id > 0)?;
                let (size, fingerprint) = (size_of(size)?, bytes(fingerprint)?);
                let name_at = line.span(name);
                let name = is_name(name).then(|| name.to_owned())?;
                self.past.push((line, Past { type_id, first, last, name, size, fingerprint, span: name_at }));
                Key::Numbers(type_id, first)
            }
            _ => return None,
        })
    }

    /// What no lock is without; `end` is where the last of it would be.
    pub fn complete(&self, end: &Line<'a>) -> Result<Known<'a>, LockError> {
        let missing = |form: usize| end.wrong(format!("`{}` is missing above", FORMS[form].1));
        let version = self.version.ok_or_else(|| missing(0))?;
        let (digest_kind, digest) = self.digest.ok_or_else(|| missing(1))?;
        let checksum = self.checksum.ok_or_else(|| missing(2))?;
        Ok(Known { version, digest_kind, digest, checksum })
    }

    /// Whether the lines of messages are those of the schema, and the versions those that were locked.
    pub fn agrees(&self, schema: &Schema, end: &Line<'a>) -> Result<(), LockError> {
        let line_of = |message: &crate::ir::Message| {
            let (id, name, size) = (message.type_id, &message.name, message.layout.size);
            format!("message {id} {name} {size} {}", hex(&message.fingerprint))
        };
        let locked = |version: u16| {
            version == schema.version || self.history.binary_search_by_key(&version, |(version, _)| *version).is_ok()
        };
        let mut expected = schema.messages.iter();
        for (line, id) in &self.messages {
            let Some(message) = expected.next() else {
                return Err(line.wrong("the canonical text has no such message"));
            };
            let (said, since) = line.text.rsplit_once(" since ").unwrap_or((line.text, ""));
            if said != line_of(message) {
                return Err(line.expects(format!("`{} since …`, as the canonical text has it,", line_of(message))));
            }
            if !self.since.get(id).is_some_and(|since| locked(*since)) {
                return Err(line.wrong(format!("version {since} is neither this one nor one of the `earlier` below")));
            }
        }
        if let Some(message) = expected.next() {
            return Err(end.wrong(format!("`{} since …` is missing above", line_of(message))));
        }
        if let Some((version, _)) = self.history.last().filter(|(version, _)| *version >= schema.version) {
            return Err(end.wrong(format!("`earlier {version}` above is not earlier than version {}", schema.version)));
        }
        let mut before: Option<&Past> = None;
        for (line, past) in &self.past {
            if let Some(version) = [past.first, past.last].into_iter().find(|version| !locked(*version)) {
                return Err(line.wrong(format!("version {version} is none of the `earlier` above")));
            }
            if before.is_some_and(|before| before.type_id == past.type_id && before.last >= past.first) {
                return Err(line.wrong("its versions are those of the line before as well"));
            }
            if let Some(since) = self.since.get(&past.type_id).filter(|since| **since <= past.last) {
                let (id, last) = (past.type_id, past.last);
                return Err(line.wrong(format!("type id {id} is what it is now since {since}, and was this in {last}")));
            }
            before = Some(past);
        }
        match self.past.iter().find(|(_, past)| past.last >= schema.version) {
            Some((line, past)) => Err(line.wrong(format!("version {} is not past", past.last))),
            None => Ok(()),
        }
    }

    /// The lock that these lines and a schema are.
    pub fn lock(self, mut schema: Schema) -> Lock {
        (schema.reserved_ids, schema.reserved_names) = (self.reserved_ids, self.reserved_names);
        let past = self.past.into_iter().map(|(_, past)| past).collect();
        Lock { schema, since: self.since, history: self.history, past }
    }
}

/// A number in the one way in which it is written.
fn number(text: &str) -> Option<u16> {
    text.parse().ok().filter(|number: &u16| number.to_string() == text)
}

fn size_of(text: &str) -> Option<u32> {
    text.parse().ok().filter(|size: &u32| size.to_string() == text)
}

/// Whether a contract could have a message of this name.
pub(super) fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Bytes in lower-case hex.
fn bytes<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    if text.len() != 2 * N || !text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
        return None;
    }
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * index..2 * index + 2], 16).ok()?;
    }
    Some(bytes)
}
