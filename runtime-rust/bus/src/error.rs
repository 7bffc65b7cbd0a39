//! What can go wrong between a publisher and its subscribers.

use std::sync::Arc;
use std::time::Duration;

use mycelium_wire::ValueError;

/// Why a type cannot be known to the bus.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BusError {
    /// The bus was closed.
    #[error("the bus is closed: make publishers and subscribers before `MessageBus::close`")]
    Closed,
    /// The framework's own messages belong to one connection.
    #[error(
        "{name} has type id {type_id}; ids 1 to 99 are the framework's own and never on a bus: give the message an id \
         of 100 or more in its contract"
    )]
    CoreType {
        /// The type id.
        type_id: u16,
        /// The message's name.
        name: Arc<str>,
    },
    /// Another message already has the type id.
    #[error(
        "{name} and {known} both have type id {type_id} and differ (fingerprints {} and {}): messages on one bus \
         come from one contract, or from contracts whose `tag_ranges` do not overlap",
        Hex(fingerprint),
        Hex(known_fingerprint)
    )]
    TypeConflict {
        /// The type id.
        type_id: u16,
        /// The message that was to be added.
        name: Arc<str>,
        /// The message that has the id.
        known: Arc<str>,
        /// The fingerprint of the message that was to be added.
        fingerprint: [u8; 8],
        /// The fingerprint of the message that has the id.
        known_fingerprint: [u8; 8],
    },
}

/// Why a message was not published. It reached no subscriber.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PublishError {
    /// The bus was closed.
    #[error("the bus is closed: nothing can be published any more")]
    Closed,
    /// A blocking subscriber's queue is full, and the publisher was not to wait.
    #[error(
        "the queue of subscriber `{subscriber}` is full: publish with waiting, or give the subscriber a larger queue or \
         another policy"
    )]
    Full {
        /// The subscriber's name.
        subscriber: Arc<str>,
    },
    /// A blocking subscriber's queue stayed full.
    #[error(
        "the queue of subscriber `{subscriber}` had no room within {after:?}: does it wait for this publisher, or is it \
         too slow?"
    )]
    Timeout {
        /// The subscriber's name.
        subscriber: Arc<str>,
        /// How long the publisher waited.
        after: Duration,
    },
    /// The contract refuses the values.
    #[error("the contract refuses the message's values")]
    Value(#[from] ValueError),
}

/// Why there is no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TryRecvError {
    /// Nothing is queued now.
    #[error("nothing is queued: wait with `recv`")]
    Empty,
    /// Nothing is queued, and nothing will be.
    #[error("the subscription has ended: {0}")]
    Closed(CloseReason),
}

/// Why a subscription ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum CloseReason {
    /// [`MessageBus::close`](crate::MessageBus::close) was called.
    #[error("the bus was closed")]
    BusClosed,
    /// Its queue was full, under [`OverflowPolicy::Disconnect`](crate::OverflowPolicy::Disconnect).
    #[error("its queue was full, and its policy is `disconnect`: receive faster, or take a larger queue")]
    Overflow,
    /// It took nothing for longer than its stall limit, while publishers waited.
    #[error("publishers waited for it longer than its stall limit: receive faster, or take a larger queue")]
    Stalled,
    /// The subscriber was dropped.
    #[error("the subscriber was dropped")]
    Unsubscribed,
}

/// Bytes in hexadecimal digits.
pub(crate) struct Hex<'a>(pub(crate) &'a [u8]);

impl std::fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
