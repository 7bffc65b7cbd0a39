//! The lock: a text file that remembers the schema of a contract, message by message, and the
//! versions before it. Owns what it holds and when it may change; its text is [`print()`]'s and
//! [`read`]'s, the schema behind its canonical text `canonical`'s. Files are left to the command line.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::diag::{bytes, quote};
use crate::evolve::rules::TYPE_ID_REUSED;
use crate::evolve::{self, Finding, Known};
use crate::hex::hex;
use crate::ir::{DigestKind, Message, Schema};
use crate::source::Span;

mod canonical;
mod head;
mod print;
mod read;
mod versions;

pub use print::print;
pub use read::{LockError, is_lock, read};
pub use versions::Versions;

/// The largest lock that is read or written, in bytes: room for the largest contract, spelt out, and its history.
pub const MAX_BYTES: u64 = 16 * crate::source::MAX_BYTES;

/// What a lock remembers.
#[derive(Clone, Debug)]
pub struct Lock {
    /// The schema, as its canonical text tells it: with digest and reservations, without descriptions, domains and
    /// types that no message uses. Its places are in the lock's text.
    pub schema: Schema,
    /// Since which version each message has its fingerprint, by type id.
    pub since: BTreeMap<u16, u16>,
    /// The digests of earlier versions, in ascending order.
    pub history: Vec<(u16, [u8; 32])>,
    /// Messages as they were in earlier versions, by type id and version.
    pub past: Vec<Past>,
}

/// A message as it was in earlier versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Past {
    /// Its type id.
    pub type_id: u16,
    /// The first locked version that had it so.
    pub first: u16,
    /// The last version that had it so.
    pub last: u16,
    /// Its name.
    pub name: String,
    /// Its payload's size in bytes.
    pub size: u32,
    /// Its fingerprint.
    pub fingerprint: [u8; 8],
    /// Where the lock says so; empty in a lock that was not read.
    pub span: Span,
}

/// Why a contract cannot be locked as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The schema is another and has the version that is locked.
    VersionKept(u16),
    /// The schema has a version below the locked one: it, and the locked one.
    VersionLowered(u16, u16),
}

impl fmt::Display for Refusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::VersionKept(version) => {
                write!(out, "the contract changed, and `schema.version` is {version} as in the lock")
            }
            Refusal::VersionLowered(version, locked) => {
                write!(out, "`schema.version` is {version}, and {locked} is locked: versions only rise")
            }
        }
    }
}

/// A difference from what is locked.
#[derive(Clone, Debug)]
pub struct LockedFinding {
    /// The difference.
    pub finding: Finding,
    /// The locked versions whose peers it concerns: those that had the message as it is locked.
    pub versions: Versions,
}

impl Lock {
    /// The lock of a contract that has had none.
    pub fn first(schema: &Schema) -> Self {
        let since = schema.messages.iter().map(|message| (message.type_id, schema.version)).collect();
        Self { schema: schema.clone(), since, history: Vec::new(), past: Vec::new() }
    }

    /// The lock after this one. With `amend` the schema may be another than the locked one of the same version: that
    /// is for a version that nobody has yet.
    pub fn next(&self, schema: &Schema, amend: bool) -> Result<Self, Refusal> {
        let locked = self.schema.version;
        let changed = self.schema.digest != schema.digest || self.schema.digest_kind != schema.digest_kind;
        if schema.version < locked {
            return Err(Refusal::VersionLowered(schema.version, locked));
        }
        if changed && schema.version == locked && !amend {
            return Err(Refusal::VersionKept(locked));
        }
        let risen = schema.version > locked;
        let mut next = Self {
            schema: schema.clone(),
            since: BTreeMap::new(),
            history: self.history.clone(),
            past: self.past.iter().map(|past| Past { span: Span::default(), ..past.clone() }).collect(),
        };
        if risen {
            next.history.push((locked, self.schema.digest));
        }
        let before: BTreeMap<u16, _> = self.schema.messages.iter().map(|message| (message.type_id, message)).collect();
        for message in &schema.messages {
            let same = before.get(&message.type_id).filter(|was| was.fingerprint == message.fingerprint);
            let since = same.and_then(|_| self.since.get(&message.type_id)).copied();
            next.since.insert(message.type_id, since.unwrap_or(schema.version));
        }
        let now: BTreeMap<u16, _> = schema.messages.iter().map(|message| (message.type_id, message)).collect();
        for was in &self.schema.messages {
            let since = self.since.get(&was.type_id).copied().unwrap_or(locked);
            let stays = next.since.get(&was.type_id) == Some(&since)
                && now.get(&was.type_id).is_some_and(|is| is.fingerprint == was.fingerprint);
            // What was only in the version that is amended was nobody's.
            let last = if risen { Some(locked) } else { self.history.last().map(|(version, _)| *version) };
            if let (false, Some(last)) = (stays, last)
                && since <= last
            {
                next.past.push(Past {
                    type_id: was.type_id,
                    first: since,
                    last,
                    name: was.name.clone(),
                    size: was.layout.size,
                    fingerprint: was.fingerprint,
                    span: Span::default(),
                });
            }
        }
        next.past.sort_by_key(|past| (past.type_id, past.first));
        Ok(next)
    }

    /// Every difference between what is locked and a schema, each with the versions whose peers it concerns. What a
    /// version before the locked one had otherwise was found when the locked one was compared with it, and is not found
    /// again; but a type id that the locked version does not have is compared with all that it ever was.
    pub fn compare(&self, new: &Schema) -> Vec<LockedFinding> {
        let now: BTreeMap<u16, &Message> = new.messages.iter().map(|message| (message.type_id, message)).collect();
        let mut findings = Vec::new();
        // What is past is sorted by type id.
        for past in self.past.chunk_by(|a, b| a.type_id == b.type_id) {
            let Some(is) = past.first().and_then(|past| now.get(&past.type_id)) else { continue };
            if self.since.contains_key(&is.type_id) {
                continue;
            }
            for (index, was) in past.iter().enumerate() {
                let same = |other: &&Past| other.fingerprint == was.fingerprint;
                if was.fingerprint == is.fingerprint || past[..index].iter().any(|before| same(&before)) {
                    continue;
                }
                let ranges = past.iter().filter(same).map(|past| (past.first, past.last)).collect();
                let versions = self.versions(ranges);
                findings.push(LockedFinding { finding: reused(was, &versions, is), versions });
            }
        }
        let some_reused = !findings.is_empty();
        let fingerprints: BTreeMap<u16, [u8; 8]> =
            self.schema.messages.iter().map(|message| (message.type_id, message.fingerprint)).collect();
        findings.extend(evolve::compare(&self.schema, new, Known::CanonicalText).into_iter().map(|finding| {
            let ranges: Vec<(u16, u16)> =
                finding.type_ids.iter().flat_map(|id| self.had_as_locked(*id, &fingerprints)).collect();
            let versions = if ranges.is_empty() { Versions::one(self.schema.version) } else { self.versions(ranges) };
            LockedFinding { finding, versions }
        }));
        if some_reused {
            // Stable: what was in order stays so.
            findings.sort_by_key(|locked| locked.finding.category());
        }
        findings
    }

    /// The versions that had a message as it is locked; none of a message that is not.
    fn had_as_locked(&self, id: u16, fingerprints: &BTreeMap<u16, [u8; 8]>) -> impl Iterator<Item = (u16, u16)> {
        let since = self.since.get(&id).map(|since| (*since, self.schema.version));
        let start = self.past.partition_point(|past| past.type_id < id);
        let before = self.past[start..].iter().take_while(move |past| past.type_id == id);
        let fingerprint = fingerprints.get(&id).copied();
        let before = before.filter(move |past| Some(past.fingerprint) == fingerprint);
        before.map(|past| (past.first, past.last)).chain(since)
    }

    /// Ranges of versions as one list, of which none is missing that was locked.
    fn versions(&self, ranges: Vec<(u16, u16)>) -> Versions {
        Versions::of(ranges, |version| {
            let next = self.history.partition_point(|(earlier, _)| *earlier <= version);
            Some(self.history.get(next).map_or(self.schema.version, |(next, _)| *next))
        })
    }
}

/// A type id that is not in use, that meant something else in earlier versions, and has come back.
fn reused(past: &Past, versions: &Versions, is: &Message) -> Finding {
    let Past { type_id: id, name, size, fingerprint, span, .. } = past;
    let is_name = quote(&is.name);
    let finding = |message: String| {
        let finding = Finding::new(&TYPE_ID_REUSED, &is.name, message).at(*span, is.span);
        finding.concerning(Arc::new([*id]))
    };
    if *name != is.name {
        return finding(format!("type id {id} was {} in {versions}, is {is_name}", quote(name)));
    }
    let otherwise = match is.layout.size {
        now if now != *size => format!("its {} became {now}", bytes(*size)),
        _ => format!("its fingerprint was {}, is {}", hex(fingerprint), hex(&is.fingerprint)),
    };
    finding(format!("type id {id} was another {is_name} in {versions}: {otherwise}"))
        .help("give it a type id that no version had; or make it what it was, if it is to be that message again")
}

/// The kind of a digest, as locks and contracts write it.
fn kind_name(kind: DigestKind) -> &'static str {
    match kind {
        DigestKind::CanonicalV1 => "canonical-v1",
        DigestKind::Source => "source",
    }
}
