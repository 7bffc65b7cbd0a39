//! The bridge's side of a connection.

use std::sync::Arc;
use std::time::{Duration, Instant};

use mycelium_wire::DecodeError;
use mycelium_wire::core_messages::{
    Dropped, DroppedArgs, Goodbye, GoodbyeReason, Ping, PingArgs, Pong, RejectReason, SchemaMode, SchemaSummary,
    Subscribe, Unsubscribe,
};
use mycelium_wire::frame::{FIRST_USER_TYPE_ID, FrameCode, FrameError};
use mycelium_wire::handshake::Opening;

use super::control::Control;
use super::frames::leading_header;
use super::heartbeat::{Heartbeat, IdleWatch};
use super::{Frames, HeartbeatConfig, Phase, SharedTypes, Subscriptions, TypeSummary};
use crate::deadline;

mod ending;
mod opening;
mod subscribing;

pub use ending::{Ending, HandshakeFailure};
pub use opening::{Refusal, Said};
use subscribing::Changed;

/// Core frames that wait to be taken, in bytes; summaries aside. A peer that makes this side say more without
/// reading it is disconnected.
const MAX_UNREAD_CONTROL: usize = 64 * 1024;

/// How long a client that is given up has for its last bytes, at most.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// What is the same for every connection of an endpoint.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The endpoint's digest.
    pub schema_digest: [u8; 32],
    /// The endpoint's message types, in ascending type id.
    pub types: Vec<TypeSummary>,
    /// Whether clients of another schema may run with the types both sides share.
    pub share: bool,
    /// From connecting to the end of the handshake, summaries included.
    pub handshake_deadline: Duration,
    /// The largest payload that is taken, in bytes.
    pub max_payload: u32,
    /// Whether clients are asked for signs of life.
    pub heartbeat: Option<HeartbeatConfig>,
    /// A version 2 client that neither sends nor is sent anything but heartbeats for this long is disconnected.
    pub idle_limit: Option<Duration>,
    /// For everything from the decision to end until the peer's end of stream.
    pub drain_limit: Duration,
}

/// What the input at hand means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step<'a> {
    /// Nothing yet: this many more bytes, at least, are missing.
    Incomplete {
        /// How many bytes to wait for.
        needed: usize,
    },
    /// A client that the protocol has nothing against. To be answered with [`Connection::admit`] before more is read.
    Opening(Opening<'a>),
    /// What both sides share is known: [`Connection::shared_types`].
    Negotiated,
    /// Messages.
    Data(Frames<'a>),
    /// Messages of a type that the two sides do not share.
    Unshared(Frames<'a>),
    /// [`Connection::subscriptions`] have changed, as [`Connection::changed_types`] says. Once that has taken effect,
    /// [`Connection::subscribed`] is called.
    Subscriptions {
        /// What the client calls its request.
        request: u64,
    },
    /// Nothing that concerns anybody else.
    Handled,
    /// Nothing is made of input any more.
    Discarded,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Version {
    One,
    Two,
}

/// One connection.
#[derive(Debug)]
pub struct Connection {
    settings: Arc<Settings>,
    id: u64,
    phase: Phase,
    version: Option<Version>,
    /// Bytes of the stream that were consumed.
    consumed: u64,
    handshake_ends: Instant,
    /// Decided before the client spoke.
    refusal: Option<Refusal>,
    /// What the client was told.
    refused: Option<Refusal>,
    said: Option<Said>,
    /// The client's opening was given out and not answered.
    asked: Option<SchemaMode>,
    /// In mode `Shared`.
    shared: Option<SharedTypes>,
    subscriptions: Subscriptions,
    changed: Changed,
    /// Of the types that the subscriptions list: those that both sides share, or that the endpoint knows.
    listed_known: usize,
    heartbeat: Option<Heartbeat>,
    missed: u64,
    idle: Option<IdleWatch>,
    told_dropped: u64,
    control: Control,
    control_limit: usize,
    ending: Option<Ending>,
    /// When the ending is over, whatever was achieved.
    ends: Option<Instant>,
    discards_input: bool,
    discards_data: bool,
    input_ended: bool,
}

impl Connection {
    /// A connection that was just accepted. `id` is unique in the endpoint's life.
    pub fn new(settings: Arc<Settings>, id: u64, now: Instant) -> Self {
        let handshake_ends = deadline::after(now, settings.handshake_deadline);
        Self {
            settings,
            id,
            phase: Phase::Opening,
            version: None,
            consumed: 0,
            handshake_ends,
            refusal: None,
            refused: None,
            said: None,
            asked: None,
            shared: None,
            subscriptions: Subscriptions::default(),
            changed: Changed::default(),
            listed_known: 0,
            heartbeat: None,
            missed: 0,
            idle: None,
            told_dropped: 0,
            control: Control::default(),
            control_limit: MAX_UNREAD_CONTROL,
            ending: None,
            ends: None,
            discards_input: false,
            discards_data: false,
            input_ended: false,
        }
    }

    /// A connection that will be refused, whatever the client says.
    pub fn refusing(settings: Arc<Settings>, id: u64, now: Instant, refusal: Refusal) -> Self {
        Self { refusal: Some(refusal), ..Self::new(settings, id, now) }
    }

    /// How far the connection has come.
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// Whether the client speaks version 2; not known before its handshake.
    pub fn speaks_v2(&self) -> bool {
        self.version == Some(Version::Two)
    }

    /// Why the connection ends, once it does.
    pub fn ending(&self) -> Option<&Ending> {
        self.ending.as_ref()
    }

    /// What the client wants to receive.
    pub fn subscriptions(&self) -> &Subscriptions {
        &self.subscriptions
    }

    /// Which types may flow; `None`: all.
    pub fn shared_types(&self) -> Option<&SharedTypes> {
        self.shared.as_ref()
    }

    /// Intervals of the heartbeat that counted as missed.
    pub fn heartbeats_missed(&self) -> u64 {
        self.missed
    }

    /// Takes some of `input`, the bytes not yet consumed: how many, and what they mean. The time is asked for where it
    /// matters, which with messages it does not.
    pub fn read<'a>(&mut self, now: impl FnOnce() -> Instant, input: &'a [u8]) -> (usize, Step<'a>) {
        if input.is_empty() || self.phase == Phase::Closed || self.discards_input {
            return (input.len(), if input.is_empty() { Step::Incomplete { needed: 1 } } else { Step::Discarded });
        }
        let (used, step) = match self.phase {
            Phase::Opening => self.read_opening(now(), input),
            _ => self.read_frames(now, input),
        };
        self.consumed += used as u64;
        if let Some(heartbeat) = &mut self.heartbeat {
            heartbeat.heard();
        }
        (used, step)
    }

    fn read_frames<'a>(&mut self, now: impl FnOnce() -> Instant, input: &'a [u8]) -> (usize, Step<'a>) {
        let limit = self.settings.max_payload;
        let frames = match Frames::leading(input, limit) {
            Ok(frames) => frames,
            Err(FrameError::Incomplete { needed }) => {
                // What cannot become a core frame is not waited for.
                return match leading_header(input, limit) {
                    Some(header) if header.type_id() < FIRST_USER_TYPE_ID => {
                        match self.expects(header.type_id(), header.length()) {
                            Ok(()) => (0, Step::Incomplete { needed }),
                            Err(detail) => self.violation(now(), input, &detail),
                        }
                    }
                    _ => (0, Step::Incomplete { needed }),
                };
            }
            Err(error) => {
                let reason = match error {
                    FrameError::Malformed { code: FrameCode::TooLong { .. }, .. } => GoodbyeReason::FrameTooLarge,
                    _ => GoodbyeReason::ProtocolError,
                };
                self.close(now(), reason, &format!("{error}, after {} bytes of the connection", self.consumed));
                return (input.len(), Step::Discarded);
            }
        };
        let used = frames.bytes.len();
        if frames.type_id < FIRST_USER_TYPE_ID {
            let now = now();
            return match self.read_control(now, frames) {
                Ok(step) => (used, step),
                Err(detail) => self.violation(now, input, &detail),
            };
        }
        self.active();
        match &self.shared {
            Some(shared) if !shared.contains(frames.type_id) => (used, Step::Unshared(frames)),
            _ => (used, Step::Data(frames)),
        }
    }

    fn violation<'a>(&mut self, now: Instant, input: &'a [u8], detail: &str) -> (usize, Step<'a>) {
        self.close(now, GoodbyeReason::ProtocolError, detail);
        (input.len(), Step::Discarded)
    }

    /// Whether a core frame of this type and length may come.
    fn expects(&self, type_id: u16, length: usize) -> Result<(), String> {
        if !self.speaks_v2() {
            return Err(format!("core frame {type_id} from a version 1 client"));
        }
        let size = match type_id {
            SchemaSummary::TYPE_ID if self.shared.is_some() => SchemaSummary::SIZE,
            Pong::TYPE_ID => Pong::SIZE,
            Subscribe::TYPE_ID => Subscribe::SIZE,
            Unsubscribe::TYPE_ID => Unsubscribe::SIZE,
            Goodbye::TYPE_ID => Goodbye::SIZE,
            _ => return Err(format!("core frame {type_id} is not a client's to send")),
        };
        if length == size { Ok(()) } else { Err(format!("core frame {type_id} of {length} bytes, not {size}")) }
    }

    fn read_control<'a>(&mut self, now: Instant, frames: Frames<'a>) -> Result<Step<'a>, String> {
        let payload = frames.first_payload();
        self.expects(frames.type_id, payload.len())?;
        let malformed = |error: DecodeError| format!("core frame {}: {error}", frames.type_id);
        match frames.type_id {
            SchemaSummary::TYPE_ID => {
                let summary = SchemaSummary::decode(payload).map_err(malformed)?;
                let Some(shared) = &mut self.shared else { return Ok(Step::Handled) };
                shared.add(summary, &self.settings.types).map_err(|error| error.to_string())?;
                if !shared.is_complete() {
                    return Ok(Step::Handled);
                }
                self.recount();
                Ok(Step::Negotiated)
            }
            Pong::TYPE_ID => Pong::decode(payload).map(|_| Step::Handled).map_err(malformed),
            Subscribe::TYPE_ID => {
                let request = Subscribe::decode(payload).map_err(malformed)?;
                Ok(self.subscribe(now, request.request(), request.all(), request.type_ids().iter(), true))
            }
            Unsubscribe::TYPE_ID => {
                let request = Unsubscribe::decode(payload).map_err(malformed)?;
                Ok(self.subscribe(now, request.request(), request.all(), request.type_ids().iter(), false))
            }
            _ => {
                let goodbye = Goodbye::decode(payload).map_err(malformed)?;
                self.discards_input = true;
                self.end(now, Ending::PeerGoodbye(goodbye.reason(), goodbye.detail().to_owned()));
                Ok(Step::Discarded)
            }
        }
    }

    /// `total` frames for this client were dropped so far: it is told, if it has not been. To be called when the
    /// outbox takes control.
    pub fn dropped(&mut self, total: u64) {
        if total != self.told_dropped && self.speaks_v2() && matches!(self.phase, Phase::Open | Phase::Draining) {
            self.told_dropped = total;
            self.control.say::<Dropped>(&DroppedArgs { total });
        }
    }

    /// Data was written: the connection is not idle.
    pub fn active(&mut self) {
        if let Some(idle) = &mut self.idle {
            idle.active();
        }
    }

    /// Whether this side reads what comes, or is held up.
    pub fn reading(&mut self, reading: bool) {
        if let Some(heartbeat) = &mut self.heartbeat {
            heartbeat.reading(reading);
        }
    }

    /// Whether [`Connection::take_output`] has something.
    pub fn has_output(&self) -> bool {
        self.control.len() > 0
    }

    /// Moves the core frames to send to the end of `into`.
    pub fn take_output(&mut self, into: &mut Vec<u8>) {
        self.control_limit = MAX_UNREAD_CONTROL;
        self.control.take(into);
    }

    /// When [`Connection::handle_timeout`] is to be called next. It may move to a later time without notice, and
    /// to an earlier one when the phase changes.
    pub fn deadline(&self) -> Option<Instant> {
        match self.phase {
            Phase::Opening => Some(self.handshake_ends),
            Phase::Open => {
                let summaries = self.shared.as_ref().filter(|shared| !shared.is_complete());
                let heartbeat = self.heartbeat.as_ref().map(Heartbeat::deadline);
                let idle = self.idle.as_ref().map(IdleWatch::deadline);
                [summaries.map(|_| self.handshake_ends), heartbeat, idle].into_iter().flatten().min()
            }
            Phase::Draining | Phase::Flushing | Phase::HalfClosed => self.ends,
            Phase::Closed => None,
        }
    }

    /// A deadline may be over. `nothing_unread`: whether the socket, looked at now, has nothing to read;
    /// asked only if a heartbeat would count as missed.
    pub fn handle_timeout(&mut self, now: Instant, nothing_unread: impl FnOnce() -> bool) {
        if self.deadline().is_none_or(|deadline| now < deadline) {
            return;
        }
        match self.phase {
            Phase::Opening => self.reject(now, Refusal::new(RejectReason::Deadline, "the handshake took too long")),
            Phase::Open => self.open_timeout(now, nothing_unread),
            Phase::Draining | Phase::Flushing | Phase::HalfClosed => self.phase = Phase::Closed,
            Phase::Closed => {}
        }
    }

    fn open_timeout(&mut self, now: Instant, nothing_unread: impl FnOnce() -> bool) {
        if self.shared.as_ref().is_some_and(|shared| !shared.is_complete()) && now >= self.handshake_ends {
            self.close(now, GoodbyeReason::ProtocolError, "the schema summary took too long");
            return;
        }
        if let Some(beat) = self.heartbeat.as_mut().and_then(|heartbeat| heartbeat.tick(now, nothing_unread)) {
            self.missed += u64::from(beat.missed);
            if beat.dead {
                return self.close(now, GoodbyeReason::HeartbeatMissed, "no sign of life");
            }
            // One that is not taken yet asks well enough.
            if self.control.len() == 0 {
                self.control.say::<Ping>(&PingArgs { nonce: beat.nonce });
            }
        }
        if self.idle.as_mut().is_some_and(|idle| idle.tick(now)) {
            self.close(now, GoodbyeReason::Idle, "nothing was sent or received");
        }
    }
}

#[cfg(test)]
mod mutated;
#[cfg(test)]
mod tests;
