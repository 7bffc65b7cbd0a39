//! Which types two sides share whose schemas differ.

use std::borrow::Cow;

use mycelium_wire::MessageInfo;
use mycelium_wire::core_messages::{MessageSummary, MessageSummaryArgs, SchemaSummary, SchemaSummaryArgs};
use mycelium_wire::frame::FIRST_USER_TYPE_ID;
use mycelium_wire::handshake::SummaryError;

use super::control::{Control, cut};
use crate::TypeEntry;

/// Entries of one summary frame.
const ENTRIES: usize = 32;

/// The longest name in a summary, in bytes.
const MAX_NAME: usize = 64;

/// A message type as a schema summary tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeSummary {
    /// The type id.
    pub type_id: u16,
    /// Equal where both sides read the same bytes the same way.
    pub fingerprint: [u8; 8],
    /// The name in the contract.
    pub name: Cow<'static, str>,
}

impl From<&MessageInfo> for TypeSummary {
    fn from(info: &MessageInfo) -> Self {
        Self { type_id: info.type_id, fingerprint: info.fingerprint, name: Cow::Borrowed(info.name) }
    }
}

impl From<&TypeEntry> for TypeSummary {
    fn from(entry: &TypeEntry) -> Self {
        Self { type_id: entry.type_id(), fingerprint: entry.fingerprint(), name: entry.name().to_string().into() }
    }
}

/// The frames that tell of `types`, which are in ascending type id.
pub(super) fn say_summaries(types: &[TypeSummary], control: &mut Control) {
    let mut chunks = types.chunks(ENTRIES);
    let mut chunk = chunks.next().unwrap_or_default();
    loop {
        let entries: Vec<MessageSummary> = chunk.iter().filter_map(entry).collect();
        let next = chunks.next();
        control.say::<SchemaSummary>(&SchemaSummaryArgs { entries: &entries, last: next.is_none() });
        match next {
            Some(next) => chunk = next,
            None => return,
        }
    }
}

fn entry(summary: &TypeSummary) -> Option<MessageSummary> {
    let name = cut(&summary.name, MAX_NAME);
    let args = MessageSummaryArgs { type_id: summary.type_id, fingerprint: &summary.fingerprint, name };
    MessageSummary::new(args).ok()
}

/// The types that this side and a peer have with the same fingerprint, learned from the peer's
/// summaries. Of what the peer sends only that is kept which this side has too.
#[derive(Clone, Debug, Default)]
pub struct SharedTypes {
    last: Option<u16>,
    complete: bool,
    shared: Vec<u16>,
    differ: Vec<u16>,
    unknown_here: usize,
}

impl SharedTypes {
    /// Takes the peer's next summary; `own` is in ascending type id. The peer is of no use after an error.
    pub(super) fn add(&mut self, summary: &SchemaSummary, own: &[TypeSummary]) -> Result<(), SummaryError> {
        if self.complete {
            return Err(SummaryError::AfterLast);
        }
        for entry in summary.entries() {
            let type_id = entry.type_id();
            if self.last.is_some_and(|last| type_id <= last) {
                return Err(SummaryError::Order { type_id });
            }
            self.last = Some(type_id);
            let known = own.binary_search_by_key(&type_id, |own| own.type_id).ok().and_then(|index| own.get(index));
            match known {
                None => self.unknown_here += 1,
                Some(own) if own.fingerprint != *entry.fingerprint() => self.differ.push(type_id),
                Some(_) if type_id < FIRST_USER_TYPE_ID => {}
                Some(_) => self.shared.push(type_id),
            }
        }
        self.complete = summary.last();
        Ok(())
    }

    /// Whether the peer has told everything.
    pub fn is_complete(&self) -> bool {
        self.complete
    }

    /// Whether messages of this type mean the same on both sides. None does before the peer has told everything.
    pub fn contains(&self, type_id: u16) -> bool {
        self.complete && self.shared.binary_search(&type_id).is_ok()
    }

    /// The shared types in ascending order; none before the peer has told everything.
    pub fn shared(&self) -> &[u16] {
        if self.complete { &self.shared } else { &[] }
    }

    /// The types that both sides have with other fingerprints, in ascending order.
    pub fn differing(&self) -> &[u16] {
        &self.differ
    }

    /// How many of the peer's types this side does not have.
    pub fn unknown_here(&self) -> usize {
        self.unknown_here
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mycelium_wire::frame::{self, MAX_PAYLOAD};

    fn types(ids: impl IntoIterator<Item = u16>, version: u8) -> Vec<TypeSummary> {
        let summary = |type_id| TypeSummary { type_id, fingerprint: [version; 8], name: "é".repeat(40).into() };
        ids.into_iter().map(summary).collect()
    }

    fn summaries(types: &[TypeSummary]) -> Vec<SchemaSummary> {
        let (mut control, mut bytes) = (Control::default(), Vec::new());
        say_summaries(types, &mut control);
        control.take(&mut bytes);
        let (mut rest, mut found) = (&bytes[..], Vec::new());
        while let Ok(next) = frame::decode(rest, MAX_PAYLOAD) {
            found.push(*SchemaSummary::decode(next.payload).unwrap());
            rest = &rest[next.length()..];
        }
        assert!(rest.is_empty());
        found
    }

    // A reader waits for `last`: it has to come, and once.
    #[test]
    fn any_number_of_types_is_told() {
        for count in [0, 1, 31, 32, 33, 64, 65, 4096] {
            let own = types((0..count).map(|index| 100 + index), 1);
            let frames = summaries(&own);
            assert_eq!(frames.len(), usize::from(count).div_ceil(32).max(1), "{count} types");
            let mut shared = SharedTypes::default();
            for frame in &frames {
                assert!(!shared.is_complete() && shared.shared().is_empty());
                shared.add(frame, &own).unwrap();
            }
            assert!(shared.is_complete());
            assert_eq!(shared.shared().len(), usize::from(count));
            assert_eq!(shared.add(&frames[0], &own), Err(SummaryError::AfterLast));
        }
    }

    #[test]
    fn only_equal_fingerprints_are_shared() {
        let own = [types([100, 101], 1), types([102], 2)].concat();
        let mut shared = SharedTypes::default();
        shared.add(&summaries(&types([100, 102, 103], 1))[0], &own).unwrap();
        assert_eq!((shared.shared(), shared.differing(), shared.unknown_here()), (&[100][..], &[102][..], 1));
        assert!(shared.contains(100) && !shared.contains(101) && !shared.contains(102) && !shared.contains(103));
    }

    #[test]
    fn summaries_out_of_order_are_refused() {
        let mut shared = SharedTypes::default();
        let error = shared.add(&summaries(&types([200, 100], 1))[0], &[]);
        assert_eq!(error, Err(SummaryError::Order { type_id: 100 }));
    }
}
