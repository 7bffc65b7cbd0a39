//! The handshake: who is let in, and what the others are told.

use std::time::Instant;

use mycelium_wire::Code;
use mycelium_wire::core_messages::{
    Goodbye, GoodbyeArgs, GoodbyeReason, Reject, RejectArgs, RejectReason, SchemaMode, Welcome, WelcomeArgs,
};
use mycelium_wire::handshake::{self, Agreement, MAX_SUMMARY_TYPES, Opening, OpeningError, PROTOCOL_VERSION};

use super::{Connection, Ending, HandshakeFailure, LAST_WORDS, Step, Version};
use crate::protocol::control::{MAX_DETAIL, cut};
use crate::protocol::heartbeat::{Heartbeat, IdleWatch};
use crate::protocol::schema::say_summaries;
use crate::protocol::{Phase, SharedTypes, Subscriptions};

/// Why a client is not let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The reason, as the client is told.
    pub reason: RejectReason,
    /// For people, at most 200 bytes.
    pub detail: String,
}

impl Refusal {
    /// A refusal.
    pub fn new(reason: RejectReason, detail: impl Into<String>) -> Self {
        Self { reason, detail: detail.into() }
    }
}

/// What a client says of itself in its opening.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// Its name; empty with version 1.
    pub name: String,
    /// The digest of its contract.
    pub schema_digest: [u8; 32],
}

impl Connection {
    /// Why the client was not let in.
    pub fn refused(&self) -> Option<&Refusal> {
        self.refused.as_ref()
    }

    /// What the client has said of itself, until it is let in.
    pub fn said(&self) -> Option<&Said> {
        self.said.as_ref()
    }

    pub(super) fn read_opening<'a>(&mut self, now: Instant, input: &'a [u8]) -> (usize, Step<'a>) {
        if self.asked.is_some() {
            debug_assert!(false, "the opening is not answered");
            return (0, Step::Incomplete { needed: 1 });
        }
        let (opening, used) = match handshake::decode_opening(input) {
            Ok(decoded) => decoded,
            Err(OpeningError::Incomplete { needed }) => {
                // With two bytes it is known which version a client speaks, and so whether it can be told of a refusal.
                if input.first_chunk().is_some_and(|length| u16::from_le_bytes(*length) != 32) {
                    self.version = Some(Version::Two);
                }
                return (0, Step::Incomplete { needed });
            }
            Err(OpeningError::Hello(error)) => {
                self.version = Some(Version::Two);
                let reason = match (error.code(), error.path()) {
                    (Code::Rule(_), "protocol_version") => RejectReason::ProtocolVersion,
                    _ => RejectReason::Malformed,
                };
                self.reject(now, Refusal::new(reason, format!("ClientHello: {error}")));
                return (input.len(), Step::Discarded);
            }
            Err(_) => {
                self.version = None;
                self.reject(now, Refusal::new(RejectReason::Malformed, ""));
                return (input.len(), Step::Discarded);
            }
        };
        let mode = match opening {
            Opening::V1(digest) => {
                self.version = Some(Version::One);
                self.said = Some(Said { name: String::new(), schema_digest: *digest });
                (*digest == self.settings.schema_digest).then_some(SchemaMode::Exact)
            }
            Opening::V2(hello) => {
                self.version = Some(Version::Two);
                self.said = Some(Said { name: hello.client_name().to_owned(), schema_digest: *hello.schema_digest() });
                match handshake::agreement(&self.settings.schema_digest, hello, self.settings.share) {
                    Agreement::Exact => Some(SchemaMode::Exact),
                    Agreement::Shared => Some(SchemaMode::Shared),
                    Agreement::Mismatch => None,
                }
            }
        };
        if let Some(refusal) = self.refusal.take() {
            self.reject(now, refusal);
        } else if mode.is_none() {
            self.reject(now, Refusal::new(RejectReason::SchemaMismatch, "the schema digests differ"));
        } else {
            self.asked = mode;
            return (used, Step::Opening(opening));
        }
        (used, Step::Discarded)
    }

    /// Answers [`Step::Opening`].
    pub fn admit(&mut self, now: Instant, verdict: Result<(), Refusal>) {
        let Some(mode) = self.asked.take() else { return };
        if let Err(refusal) = verdict {
            return self.reject(now, refusal);
        }
        self.phase = Phase::Open;
        self.said = None;
        if !self.speaks_v2() {
            self.subscriptions = Subscriptions::all();
            return;
        }
        let settings = &self.settings;
        self.control.say::<Welcome>(&WelcomeArgs {
            schema_digest: &settings.schema_digest,
            protocol_version: PROTOCOL_VERSION,
            schema_mode: mode,
            connection_id: self.id,
            heartbeat_interval_ms: settings.heartbeat.map_or(0, |heartbeat| heartbeat.interval_ms()),
            heartbeat_misses: settings.heartbeat.map_or(0, |heartbeat| heartbeat.misses.max(1)),
            max_payload: settings.max_payload,
        });
        if mode == SchemaMode::Shared {
            say_summaries(&settings.types, &mut self.control);
            self.shared = Some(SharedTypes::default());
            self.control_limit += self.control.len();
        }
        self.heartbeat = settings.heartbeat.map(|config| Heartbeat::new(config, now));
        self.idle = settings.idle_limit.map(|limit| IdleWatch::new(limit, now));
    }

    /// Refuses a client whose handshake is not done, whatever it was going to say.
    pub fn refuse(&mut self, now: Instant, refusal: Refusal) {
        if self.phase == Phase::Opening {
            self.reject(now, refusal);
        }
    }

    /// Ends a connection that never began. A client of version 2 is told why.
    pub(super) fn reject(&mut self, now: Instant, refusal: Refusal) {
        self.asked = None;
        self.ending = Some(Ending::Handshake(HandshakeFailure::Refused(refusal.reason)));
        self.discards_input = true;
        if !self.speaks_v2() {
            self.refused = Some(refusal);
            self.phase = Phase::Closed;
            return;
        }
        self.control.say::<Reject>(&RejectArgs {
            reason: refusal.reason,
            schema_digest: &self.settings.schema_digest,
            detail: cut(&refusal.detail, MAX_DETAIL),
        });
        if refusal.reason == RejectReason::SchemaMismatch {
            let types = self.settings.types.get(..MAX_SUMMARY_TYPES).unwrap_or(&self.settings.types);
            say_summaries(types, &mut self.control);
        }
        let reason = match refusal.reason {
            RejectReason::ShuttingDown => GoodbyeReason::Shutdown,
            _ => GoodbyeReason::ProtocolError,
        };
        self.control.say::<Goodbye>(&GoodbyeArgs { reason, detail: "refused" });
        self.refused = Some(refusal);
        self.phase = Phase::Flushing;
        // The refusal is inside the deadline, too; after it there is a moment to say just that.
        self.ends = Some(self.handshake_ends.max(now + LAST_WORDS.min(self.settings.drain_limit)));
    }
}
