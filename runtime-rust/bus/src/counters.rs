//! Counters that say what became of every frame.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::{CloseReason, ConnectionId, OverflowPolicy};

/// What became of the frames that were offered to one queue:
/// `offered = received + queued + dropped + discarded`, at every moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct QueueCounters {
    /// Frames that publishers had for the queue.
    pub offered: u64,
    /// Frames that the subscriber took.
    pub received: u64,
    /// Frames that are waiting for it.
    pub queued: u64,
    /// Bytes that are waiting for it.
    pub queued_bytes: u64,
    /// Frames that the policy dropped.
    pub dropped: u64,
    /// Frames that were queued when the subscriber was dropped.
    pub discarded: u64,
    /// The most frames that were ever queued.
    pub most_queued: u64,
    /// How often a publisher had to wait for room.
    pub waits: u64,
}

/// One subscription in [`BusStats`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SubscriptionStats {
    /// The subscriber's name.
    pub name: Arc<str>,
    /// Different from every other one of the bus.
    pub id: u64,
    /// The connection on whose behalf it is, where it is a socket client's.
    pub connection: Option<ConnectionId>,
    /// Its policy.
    pub policy: OverflowPolicy,
    /// Why it has ended, if it has.
    pub closed: Option<CloseReason>,
    /// What became of its frames.
    pub counters: QueueCounters,
}

/// One message type in [`BusStats`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TypeStats {
    /// The type id.
    pub type_id: u16,
    /// The message's name, if the type is known.
    pub name: Option<Arc<str>>,
    /// Frames that were published, by publishers in this process and from sockets.
    pub published: u64,
    /// Queues they go to now.
    pub subscribers: usize,
}

/// A moment in the life of a bus.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct BusStats {
    /// The message types that were published or subscribed to.
    pub types: Vec<TypeStats>,
    /// Frames of types that the bus does not know, from sources that are gone: those are not in `types` any more.
    pub published_before: u64,
    /// The subscriptions that there are, in the order in which they were made.
    pub subscriptions: Vec<SubscriptionStats>,
    /// Frames that were dropped by the policies of all subscriptions that there are and were.
    pub dropped: u64,
}

/// Counts that one publisher alone makes, so that counting costs no more than a store.
#[derive(Debug, Default)]
pub(crate) struct PublishCount(AtomicU64);

impl PublishCount {
    /// For the one publisher that owns it.
    #[inline]
    pub(crate) fn add(&self, frames: u64) {
        self.0.store(self.0.load(Ordering::Relaxed).wrapping_add(frames), Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
