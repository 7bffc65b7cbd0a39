//! The lock: a text file that remembers the schema of a contract, message by message, and the
//! versions before it. Owns what it holds and when it may change; its text is [`print()`]'s and
//! [`read`]'s, the schema behind its canonical text `canonical`'s. Files are left to the command line.

use std::collections::BTreeMap;
use std::fmt;

use crate::evolve::{self, Finding, Known};
use crate::ir::{DigestKind, Schema};
use crate::source::Span;

mod canonical;
mod head;
mod print;
mod read;

pub use print::print;
pub use read::{LockError, is_lock, read};

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
    /// The first and the last locked version whose peers it concerns.
    pub versions: (u16, u16),
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

    /// Every difference between what is locked and a schema, each with the versions whose peers it concerns.
    pub fn compare(&self, new: &Schema) -> Vec<LockedFinding> {
        let version = self.schema.version;
        let mut findings: Vec<LockedFinding> = evolve::compare(&self.schema, new, Known::CanonicalText)
            .into_iter()
            .map(|finding| {
                let since = finding.type_ids.iter().filter_map(|id| self.since.get(id)).min();
                LockedFinding { versions: (since.copied().unwrap_or(version), version), finding }
            })
            .collect();
        let now: BTreeMap<u16, _> = new.messages.iter().map(|message| (message.type_id, message)).collect();
        let mut reused = Vec::new();
        for past in self.past.iter().filter(|past| !self.since.contains_key(&past.type_id)) {
            if let Some(is) = now.get(&past.type_id).filter(|is| is.name != past.name) {
                let versions = (past.first, past.last);
                reused.push(LockedFinding { finding: evolve::reused(past, is), versions });
            }
        }
        if !reused.is_empty() {
            reused.append(&mut findings);
            findings = reused;
            // Stable: what was in order stays so.
            findings.sort_by_key(|locked| locked.finding.category());
        }
        findings
    }
}

/// The kind of a digest, as locks and contracts write it.
fn kind_name(kind: DigestKind) -> &'static str {
    match kind {
        DigestKind::CanonicalV1 => "canonical-v1",
        DigestKind::Source => "source",
    }
}
