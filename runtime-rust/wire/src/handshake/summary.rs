//! Schema summaries: what two sides whose digests differ tell each other, and what follows from it.

use alloc::string::String;
use alloc::vec::Vec;
use core::cmp::Ordering;
use core::fmt;

use crate::core_messages::{MessageSummary, MessageSummaryArgs, SchemaSummary, SchemaSummaryArgs};
use crate::error::ValueError;
use crate::message::MessageInfo;

/// The most types whose summaries accompany a refusal.
pub const MAX_SUMMARY_TYPES: usize = 4096;

/// Entries of one summary frame.
const ENTRIES: usize = 32;

/// The longest name in a summary, in bytes.
const MAX_NAME: usize = 64;

/// The summaries of a schema, at least one, in the order to send them. `messages` are in ascending
/// type id, as `AnyMessage::MESSAGES` of generated code is.
pub fn summaries(messages: &[MessageInfo]) -> Result<Vec<SchemaSummary>, ValueError> {
    let frames = messages.len().div_ceil(ENTRIES).max(1);
    (0..frames)
        .map(|frame| {
            let start = frame * ENTRIES;
            let end = messages.len().min(start + ENTRIES);
            let entries =
                messages.get(start..end).unwrap_or_default().iter().map(entry).collect::<Result<Vec<_>, _>>()?;
            SchemaSummary::new(SchemaSummaryArgs { entries: &entries, last: frame + 1 == frames })
        })
        .collect()
}

fn entry(message: &MessageInfo) -> Result<MessageSummary, ValueError> {
    MessageSummary::new(MessageSummaryArgs {
        type_id: message.type_id,
        fingerprint: &message.fingerprint,
        name: cut(message.name),
    })
}

/// As much of a name as a summary holds, cut at a character boundary.
fn cut(name: &str) -> &str {
    let mut end = name.len().min(MAX_NAME);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    &name[..end]
}

/// A peer's schema, as its summaries tell.
#[derive(Clone, Debug, Default)]
pub struct PeerSchema {
    entries: Vec<MessageSummary>,
    complete: bool,
}

/// A summary that cannot follow the ones before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SummaryError {
    /// The one before it was the last.
    AfterLast,
    /// A type id is not above the one before it.
    Order {
        /// The type id.
        type_id: u16,
    },
}

impl fmt::Display for SummaryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SummaryError::AfterLast => f.write_str("schema summary after the last"),
            SummaryError::Order { type_id } => write!(f, "schema summary out of order at type id {type_id}"),
        }
    }
}

impl core::error::Error for SummaryError {}

impl PeerSchema {
    /// Takes the next summary; on an error nothing of it.
    pub fn add(&mut self, summary: &SchemaSummary) -> Result<(), SummaryError> {
        if self.complete {
            return Err(SummaryError::AfterLast);
        }
        let mut last = self.entries.last().map(MessageSummary::type_id);
        for entry in summary.entries() {
            let type_id = entry.type_id();
            if last.is_some_and(|last| type_id <= last) {
                return Err(SummaryError::Order { type_id });
            }
            last = Some(type_id);
        }
        self.entries.extend_from_slice(summary.entries());
        self.complete = summary.last();
        Ok(())
    }

    /// Whether the last summary is in.
    pub fn is_complete(&self) -> bool {
        self.complete
    }

    /// Whether the peer reads this message's bytes as this side does, so that it may be sent.
    pub fn shares(&self, message: &MessageInfo) -> bool {
        match self.entries.binary_search_by_key(&message.type_id, MessageSummary::type_id) {
            Ok(index) => self.entries.get(index).is_some_and(|entry| *entry.fingerprint() == message.fingerprint),
            Err(_) => false,
        }
    }

    /// How the peer's schema differs from this side's, whose `messages` are in ascending type id.
    pub fn differences(&self, messages: &[MessageInfo]) -> Differences {
        let mut differences = Differences::default();
        let (mut own, mut peer) = (messages.iter().peekable(), self.entries.iter().peekable());
        loop {
            let order = match (own.peek(), peer.peek()) {
                (None, None) => return differences,
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(own), Some(peer)) => own.type_id.cmp(&peer.type_id()),
            };
            let mine = if order.is_le() { own.next() } else { None };
            let theirs = if order.is_ge() { peer.next() } else { None };
            match (mine, theirs) {
                (Some(mine), Some(theirs)) if mine.fingerprint != *theirs.fingerprint() => {
                    differences.differ.push(mine.name.into());
                }
                (Some(mine), None) => differences.unknown_to_peer.push(mine.name.into()),
                (None, Some(theirs)) => differences.unknown_here.push(theirs.name().into()),
                _ => {}
            }
        }
    }
}

/// How two schemas differ, by the names of their messages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Differences {
    /// Both have the type id, with other fingerprints.
    pub differ: Vec<String>,
    /// Only this side has the type id.
    pub unknown_to_peer: Vec<String>,
    /// Only the peer has the type id; the name may be cut.
    pub unknown_here: Vec<String>,
}

impl Differences {
    /// Whether every message is the same.
    pub fn is_empty(&self) -> bool {
        self.differ.is_empty() && self.unknown_to_peer.is_empty() && self.unknown_here.is_empty()
    }

    /// What differs, in words; `here` and `peer` are what the two sides are called: `"this client"`, `"the bridge"`.
    pub fn describe(&self, here: &str, peer: &str) -> String {
        let mut out = String::new();
        for (names, what, whom) in [
            (&self.differ, " differs", ""),
            (&self.unknown_to_peer, " is unknown to ", peer),
            (&self.unknown_here, " is unknown to ", here),
        ] {
            for name in names {
                for part in [name, what, whom, "; "] {
                    out.push_str(part);
                }
            }
        }
        out.push_str("regenerate with `myc-schema compile`");
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn info(type_id: u16, name: &'static str, version: u8) -> MessageInfo {
        MessageInfo { type_id, topic: "t", name, size: 8, fingerprint: [version; 8], redacted: false }
    }

    fn peer(messages: &[MessageInfo]) -> PeerSchema {
        let mut peer = PeerSchema::default();
        for summary in summaries(messages).unwrap() {
            assert!(!peer.is_complete());
            peer.add(&summary).unwrap();
        }
        assert!(peer.is_complete());
        peer
    }

    // A reader waits for `last`: it has to come, and once.
    #[test]
    fn any_number_of_messages_fits_into_frames() {
        for count in [0, 1, 31, 32, 33, 64, 65, 4096] {
            let messages: Vec<_> = (0..count).map(|index| info(100 + index, "M", 1)).collect();
            let frames = summaries(&messages).unwrap();
            assert_eq!(frames.len(), usize::from(count).div_ceil(32).max(1), "{count} messages");
            assert_eq!(frames.iter().filter(|frame| frame.last()).count(), 1);
            let peer = peer(&messages);
            assert!(messages.iter().all(|message| peer.shares(message)) && peer.differences(&messages).is_empty());
        }
    }

    #[test]
    fn what_differs_is_named() {
        let own = [info(100, "TradeTick", 1), info(101, "Same", 1), info(102, "OrderRejected", 1)];
        let peer = peer(&[info(100, "TradeTick", 2), info(101, "Same", 1), info(103, "NewOrder", 1)]);
        let differences = peer.differences(&own);
        assert_eq!(
            differences.describe("this client", "the bridge"),
            "TradeTick differs; OrderRejected is unknown to the bridge; NewOrder is unknown to this client; \
             regenerate with `myc-schema compile`",
        );
        assert_eq!(own.map(|message| peer.shares(&message)), [false, true, false]);
    }

    #[test]
    fn names_are_cut_at_a_character() {
        let long = alloc::format!("{}é", "x".repeat(63));
        assert_eq!((cut(&long).len(), cut("short")), (63, "short"));
    }

    #[test]
    fn summaries_out_of_order_are_refused() {
        let frames = |ids: &[u16], last| {
            let entries: Vec<_> = ids.iter().map(|id| entry(&info(*id, "M", 1)).unwrap()).collect();
            SchemaSummary::new(SchemaSummaryArgs { entries: &entries, last }).unwrap()
        };
        let mut peer = PeerSchema::default();
        assert_eq!(peer.add(&frames(&[7, 7], false)), Err(SummaryError::Order { type_id: 7 }));
        assert_eq!(peer.add(&frames(&[7, 9], false)), Ok(()));
        assert_eq!(peer.add(&frames(&[8], false)), Err(SummaryError::Order { type_id: 8 }));
        assert_eq!(peer.add(&frames(&[10], true)), Ok(()));
        assert_eq!(peer.add(&frames(&[11], true)), Err(SummaryError::AfterLast));
        let known: Vec<_> = peer.entries.iter().map(MessageSummary::type_id).collect();
        assert_eq!(known, vec![7, 9, 10]);
    }
}
