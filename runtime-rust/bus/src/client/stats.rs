//! What became of a client's frames and connections.

use std::sync::atomic::{AtomicU64, Ordering};

/// The counters of one client at one moment. For frames that publishers had, once it is closed:
/// `published = sent + lost + withheld + unsent`, and what [`ClientCounters::dropped`] and
/// [`ClientCounters::refused`] count was not published.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClientCounters {
    /// Connections that were established, handshake included.
    pub connections: u64,
    /// Attempts that failed.
    pub failed_attempts: u64,
    /// Connections that were lost: not those that this side closed.
    pub disconnects: u64,
    /// Frames that publishers gave to the queue.
    pub published: u64,
    /// Frames that were handed to the operating system.
    pub sent: u64,
    /// Their bytes, headers included.
    pub sent_bytes: u64,
    /// Frames that wait to be sent.
    pub queued: u64,
    /// Messages that were dropped because there was no connection.
    pub dropped: u64,
    /// Messages that publishers were refused: not connected, not shared, or too large.
    pub refused: u64,
    /// Frames that were queued or begun when a connection was lost, and not kept for the next.
    pub lost: u64,
    /// Frames that were queued and could not be sent on a later connection, as its bridge does not take them.
    pub withheld: u64,
    /// Frames that were queued when the client was closed and could not be written in time.
    pub unsent: u64,
    /// Frames that came.
    pub received: u64,
    /// Their bytes, headers included.
    pub received_bytes: u64,
    /// Frames that came and were no messages of their type.
    pub rejected: u64,
    /// Frames that came after the client was closed.
    pub discarded: u64,
    /// Frames for this client that the bridge says it dropped.
    pub dropped_by_bridge: u64,
}

macro_rules! counts {
    ($($name:ident)+) => {
        /// Counters that the client's task and its publishers add to.
        #[derive(Debug, Default)]
        pub(super) struct Counts {
            $(pub(super) $name: AtomicU64,)+
        }

        impl Counts {
            pub(super) fn read(&self) -> ClientCounters {
                ClientCounters { $($name: self.$name.load(Ordering::Relaxed),)+ ..ClientCounters::default() }
            }
        }
    };
}

counts! {
    connections failed_attempts disconnects sent sent_bytes dropped refused lost withheld unsent rejected discarded
    dropped_by_bridge
}

pub(super) fn add(counter: &AtomicU64, count: u64) {
    counter.fetch_add(count, Ordering::Relaxed);
}
