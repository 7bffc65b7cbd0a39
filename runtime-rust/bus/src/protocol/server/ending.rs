//! How a connection ends: what was queued, a goodbye, the end of writing, the end of reading.

use std::fmt;
use std::time::Instant;

use mycelium_wire::core_messages::{Goodbye, GoodbyeArgs, GoodbyeReason, RejectReason};

use super::{Connection, LAST_WORDS, Version};
use crate::deadline;
use crate::protocol::Phase;
use crate::protocol::control::{MAX_DETAIL, cut};

/// What came of a handshake that did not succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HandshakeFailure {
    /// The client was refused: told so with version 2, disconnected with version 1.
    Refused(RejectReason),
    /// The client went away first.
    Disconnected,
}

impl HandshakeFailure {
    /// The name of the `RejectReason`, or `Disconnected`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Refused(reason) => reason.name(),
            Self::Disconnected => "Disconnected",
        }
    }
}

impl fmt::Display for HandshakeFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(reason) => write!(f, "it was refused ({})", reason.name()),
            Self::Disconnected => f.write_str("it went away in its handshake"),
        }
    }
}

/// Why a connection ended. As text it is what logs have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It never began.
    Handshake(HandshakeFailure),
    /// This side ended it; a version 1 client is not told.
    Goodbye(GoodbyeReason, String),
    /// The client said goodbye.
    PeerGoodbye(GoodbyeReason, String),
    /// The client's stream ended without a word.
    PeerClosed,
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Handshake(failure) => failure.fmt(f),
            Self::Goodbye(reason, detail) => write!(f, "it was sent away ({}): {detail}", reason.name()),
            Self::PeerGoodbye(reason, detail) if detail.is_empty() => write!(f, "it said goodbye ({})", reason.name()),
            Self::PeerGoodbye(reason, detail) => write!(f, "it said goodbye ({}): {detail}", reason.name()),
            Self::PeerClosed => f.write_str("it closed the connection without a word"),
        }
    }
}

impl Connection {
    /// The client's stream has ended.
    pub fn end_of_input(&mut self, now: Instant) {
        self.input_ended = true;
        match self.phase {
            Phase::Opening => {
                self.ending = Some(Ending::Handshake(HandshakeFailure::Disconnected));
                self.phase = Phase::Closed;
            }
            Phase::Open => self.end(now, Ending::PeerClosed),
            Phase::HalfClosed => self.phase = Phase::Closed,
            Phase::Draining | Phase::Flushing | Phase::Closed => {}
        }
    }

    /// The client takes no more bytes, as it is gone. What it has sent before can still be read.
    pub fn end_of_output(&mut self, now: Instant) {
        match self.phase {
            Phase::Opening => return self.end_of_input(now),
            Phase::Open => self.end(now, Ending::PeerClosed),
            Phase::Draining | Phase::Flushing | Phase::HalfClosed | Phase::Closed => {}
        }
        if self.phase != Phase::Closed {
            self.phase = if self.input_ended { Phase::Closed } else { Phase::HalfClosed };
        }
    }

    /// The stream is broken: nothing can be read or written any more.
    pub fn broken(&mut self, now: Instant) {
        self.end_of_input(now);
        self.phase = Phase::Closed;
    }

    /// Ends the connection from this side. Without effect where it is ending already.
    pub fn close(&mut self, now: Instant, reason: GoodbyeReason, detail: &str) {
        match self.phase {
            Phase::Opening => {
                // Not worth waiting for: whoever has not spoken yet learns it from the end of the stream.
                self.ending = Some(Ending::Handshake(HandshakeFailure::Refused(RejectReason::ShuttingDown)));
                self.phase = Phase::Closed;
            }
            Phase::Open => {
                self.discards_input = matches!(reason, GoodbyeReason::ProtocolError | GoodbyeReason::FrameTooLarge);
                self.discards_data = matches!(reason, GoodbyeReason::SlowConsumer | GoodbyeReason::HeartbeatMissed);
                self.end(now, Ending::Goodbye(reason, cut(detail, MAX_DETAIL).to_owned()));
            }
            // A client that breaks the rules while it is sent away.
            _ if matches!(reason, GoodbyeReason::ProtocolError | GoodbyeReason::FrameTooLarge) => {
                self.discards_input = true;
            }
            _ => {}
        }
    }

    pub(super) fn end(&mut self, now: Instant, ending: Ending) {
        if self.phase != Phase::Open {
            return;
        }
        let limit = self.settings.drain_limit;
        self.ends = Some(deadline::after(now, if self.discards_data { limit.min(LAST_WORDS) } else { limit }));
        self.ending = Some(ending);
        self.phase = Phase::Draining;
        (self.heartbeat, self.idle) = (None, None);
    }

    /// Whether data that is queued is given up rather than written, as the client does not read it.
    pub fn discards_data(&self) -> bool {
        self.discards_data
    }

    /// All that was queued is in the outbox, while [`Phase::Draining`].
    pub fn drained(&mut self) {
        if self.phase != Phase::Draining {
            return;
        }
        self.phase = Phase::Flushing;
        if let (Some(Ending::Goodbye(reason, detail)), Some(Version::Two)) = (&self.ending, self.version) {
            self.control.say::<Goodbye>(&GoodbyeArgs { reason: *reason, detail });
        }
    }

    /// The outbox is empty and there is no output, while [`Phase::Flushing`]: writing ends now.
    pub fn flushed(&mut self) {
        if self.phase == Phase::Flushing {
            self.phase = if self.input_ended { Phase::Closed } else { Phase::HalfClosed };
        }
    }
}
