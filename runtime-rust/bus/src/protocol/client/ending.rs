//! How a client's connection ends, and why it did.

use std::time::Instant;

use mycelium_wire::core_messages::{Goodbye, GoodbyeArgs, GoodbyeReason, RejectReason};
use mycelium_wire::handshake::Differences;

use super::{Connection, LAST_WORDS};
use crate::deadline;
use crate::protocol::Phase;
use crate::protocol::control::{MAX_DETAIL, cut};

/// A bridge's refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// Why.
    pub reason: RejectReason,
    /// For people.
    pub detail: String,
    /// The bridge's digest.
    pub schema_digest: [u8; 32],
    /// How the schemas differ, where the bridge said it all.
    pub differences: Option<Differences>,
}

/// Why a connection ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The bridge refused the client.
    Rejected(Box<Rejection>),
    /// The handshake was not done in time.
    Deadline,
    /// The client ended it.
    Done,
    /// The bridge said goodbye.
    PeerGoodbye(GoodbyeReason, String),
    /// The bridge's stream ended without a word; during the handshake: it refused, as a version 1 bridge
    /// does, or it is not one.
    PeerClosed,
    /// The bridge has been silent for longer than its heartbeat allows.
    Silent,
    /// The bridge broke the protocol.
    ProtocolError(String),
}

impl Connection {
    /// The bridge's stream has ended.
    pub fn end_of_input(&mut self, now: Instant) {
        self.input_ended = true;
        match self.phase {
            Phase::Opening | Phase::Open => self.leave(now, Ending::PeerClosed),
            Phase::HalfClosed => self.phase = Phase::Closed,
            Phase::Draining | Phase::Flushing | Phase::Closed => {}
        }
    }

    /// Ends the connection from this side, after what is queued. Without effect where it is ending already.
    pub fn close(&mut self, now: Instant) {
        match self.phase {
            Phase::Opening => self.leave(now, Ending::Done),
            _ => self.end(now, Ending::Done),
        }
    }

    /// Ends without regard to what is queued.
    pub(super) fn leave(&mut self, now: Instant, ending: Ending) {
        if self.ending.is_none() {
            self.ending = Some(match self.rejected.take() {
                Some(rejection) => Ending::Rejected(rejection),
                None => ending,
            });
        }
        (self.ends, self.phase, self.discards_input) = (Some(now), Phase::Closed, true);
    }

    /// The bridge broke the protocol: it is told, where it can be, and nothing else is begun with it.
    pub(super) fn give_up(&mut self, now: Instant, detail: String) {
        if self.phase != Phase::Open {
            return self.leave(now, Ending::ProtocolError(detail));
        }
        let reason = GoodbyeReason::ProtocolError;
        self.control.say::<Goodbye>(&GoodbyeArgs { reason, detail: cut(&detail, MAX_DETAIL) });
        self.end(now, Ending::ProtocolError(detail));
        self.ends = Some(now + self.settings.drain_limit.min(LAST_WORDS));
        (self.phase, self.discards_input) = (Phase::Flushing, true);
    }

    pub(super) fn end(&mut self, now: Instant, ending: Ending) {
        if self.phase > Phase::Open {
            return;
        }
        self.heartbeat = None;
        self.ending = Some(ending);
        self.ends = Some(deadline::after(now, self.settings.drain_limit));
        self.phase = Phase::Draining;
    }

    /// All that was queued is in the outbox, while [`Phase::Draining`].
    pub fn drained(&mut self) {
        if self.phase != Phase::Draining {
            return;
        }
        self.phase = Phase::Flushing;
        if self.ending == Some(Ending::Done) {
            self.control.say::<Goodbye>(&GoodbyeArgs { reason: GoodbyeReason::ClientDone, detail: "" });
        }
    }

    /// The outbox is empty and there is no output, while [`Phase::Flushing`]: writing ends now.
    pub fn flushed(&mut self) {
        if self.phase == Phase::Flushing {
            self.phase = if self.input_ended { Phase::Closed } else { Phase::HalfClosed };
        }
    }
}
