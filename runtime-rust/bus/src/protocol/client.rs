//! The client's side of a connection, version 2.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mycelium_wire::core_messages::{
    ClientHello, ClientHelloArgs, Dropped, Goodbye, Ping, Pong, PongArgs, Reject, SchemaMode, SchemaSummary, Subscribe,
    SubscribeArgs, Subscribed, Unsubscribe, UnsubscribeArgs, Welcome,
};
use mycelium_wire::frame::{FIRST_USER_TYPE_ID, FrameError, MAX_PAYLOAD};
use mycelium_wire::handshake::{self, CAPABILITY_SHARED, CAPABILITY_WORKER, Differences, PROTOCOL_VERSION, PeerSchema};
use mycelium_wire::{DecodeError, MessageInfo};

use super::control::{Control, MAX_NAME, cut};
use super::frames::leading_header;
use super::heartbeat::Heartbeat;
use super::schema::say_summaries;
use super::{Frames, HeartbeatConfig, Phase, TypeSummary};
use crate::deadline;

mod ending;

pub use ending::{Ending, Rejection};

/// Core frames that wait to be taken, in bytes; summaries aside. A bridge that makes this side say more without
/// reading it is left.
const MAX_UNREAD_CONTROL: usize = 64 * 1024;

/// How long a bridge that is given up has to take its goodbye, at most.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Types of one `Subscribe` or `Unsubscribe`.
const MAX_REQUEST_TYPES: usize = 256;

/// What a client is.
#[derive(Clone)]
pub struct Settings {
    /// The digest the client was built with.
    pub schema_digest: [u8; 32],
    /// The client's message types, in ascending type id.
    pub types: Vec<MessageInfo>,
    /// Whether it can run with the types that it shares with a bridge of another schema.
    pub share: bool,
    /// For logs and metrics; cut after 64 bytes.
    pub name: String,
    /// The id and token of a supervised worker, from its environment.
    pub worker: Option<(String, [u8; 16])>,
    /// From connecting to the end of the handshake, summaries included.
    pub handshake_deadline: Duration,
    /// For everything from the decision to end until the bridge's end of stream.
    pub drain_limit: Duration,
}

impl fmt::Debug for Settings {
    /// Without the worker's token, which is a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("name", &self.name)
            .field("share", &self.share)
            .field("worker", &self.worker.as_ref().map(|(id, _)| id))
            .finish_non_exhaustive()
    }
}

/// What the input at hand means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step<'a> {
    /// Nothing yet: this many more bytes, at least, are missing.
    Incomplete {
        /// How many bytes to wait for.
        needed: usize,
    },
    /// The handshake is done: [`Connection::welcome`].
    Welcomed,
    /// Messages.
    Data(Frames<'a>),
    /// Messages of a type that the two sides do not share: there should be none.
    Unshared(Frames<'a>),
    /// A request has taken effect.
    Subscribed {
        /// What [`Connection::subscribe`] or [`Connection::unsubscribe`] gave.
        request: u64,
        /// Types subscribed now.
        types: u32,
    },
    /// The bridge dropped messages for this client.
    Dropped {
        /// How many since the connection began.
        total: u64,
    },
    /// Nothing that concerns anybody else.
    Handled,
    /// Nothing is made of input any more.
    Discarded,
}

/// One connection.
#[derive(Debug)]
pub struct Connection {
    settings: Arc<Settings>,
    phase: Phase,
    consumed: u64,
    handshake_ends: Instant,
    /// Larger payloads may not be sent.
    max_payload: u32,
    welcome: Option<Welcome>,
    rejected: Option<Box<Rejection>>,
    /// The bridge's types, in mode `Shared` and after a refusal.
    peer: PeerSchema,
    /// In mode `Shared`: the types that may flow, in ascending order.
    shared: Option<Vec<u16>>,
    requests: u64,
    /// Of the last `Ping`.
    nonce: u64,
    heartbeat: Option<Heartbeat>,
    control: Control,
    ending: Option<Ending>,
    ends: Option<Instant>,
    discards_input: bool,
    input_ended: bool,
}

impl Connection {
    /// A connection that was just established; the first output is the handshake.
    pub fn new(settings: Arc<Settings>, now: Instant) -> Self {
        let (worker_id, token) = match &settings.worker {
            Some((id, token)) => (cut(id, MAX_NAME), *token),
            None => ("", [0; 16]),
        };
        let hello = ClientHello::new(ClientHelloArgs {
            schema_digest: &settings.schema_digest,
            protocol_version: PROTOCOL_VERSION,
            capabilities: (if settings.share { CAPABILITY_SHARED } else { 0 })
                | (if settings.worker.is_some() { CAPABILITY_WORKER } else { 0 }),
            client_name: cut(&settings.name, MAX_NAME),
            worker_id,
            worker_token: &token,
        });
        let mut control = Control::default();
        match hello {
            Ok(hello) => control.append(&handshake::client_v2(&hello)),
            Err(error) => debug_assert!(false, "{error}"),
        }
        Self {
            phase: Phase::Opening,
            consumed: 0,
            handshake_ends: deadline::after(now, settings.handshake_deadline),
            settings,
            max_payload: MAX_PAYLOAD,
            welcome: None,
            rejected: None,
            peer: PeerSchema::default(),
            shared: None,
            requests: 0,
            nonce: 0,
            heartbeat: None,
            control,
            ending: None,
            ends: None,
            discards_input: false,
            input_ended: false,
        }
    }

    /// How far the connection has come.
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// Why the connection ends, once it does.
    pub fn ending(&self) -> Option<&Ending> {
        self.ending.as_ref()
    }

    /// What the bridge said to the handshake, once it has.
    pub fn welcome(&self) -> Option<&Welcome> {
        self.welcome.as_ref()
    }

    /// The largest payload that the bridge takes, in bytes.
    pub fn max_payload(&self) -> u32 {
        self.max_payload
    }

    /// Whether messages of this type mean the same on both sides, so that they may be sent.
    pub fn shares(&self, type_id: u16) -> bool {
        self.shared.as_ref().is_none_or(|shared| shared.binary_search(&type_id).is_ok())
    }

    /// How the bridge's types differ from the client's: empty in mode `Exact`.
    pub fn differences(&self) -> Differences {
        match self.shared {
            Some(_) => self.peer.differences(&self.settings.types),
            None => Differences::default(),
        }
    }

    /// Takes some of `input`, the bytes not yet consumed: how many, and what they mean. The time is asked for where it
    /// matters, which with messages it does not.
    pub fn read<'a>(&mut self, now: impl Fn() -> Instant, input: &'a [u8]) -> (usize, Step<'a>) {
        if input.is_empty() || self.phase == Phase::Closed || self.discards_input {
            return (input.len(), if input.is_empty() { Step::Incomplete { needed: 1 } } else { Step::Discarded });
        }
        let (used, step) = match self.read_frames(&now, input) {
            Ok(read) => read,
            Err(detail) => {
                let detail = format!("{detail}, after {} bytes of the stream", self.consumed);
                self.give_up(now(), detail);
                (input.len(), Step::Discarded)
            }
        };
        self.consumed += used as u64;
        if let Some(heartbeat) = &mut self.heartbeat {
            heartbeat.heard();
        }
        (used, step)
    }

    fn read_frames<'a>(&mut self, now: impl Fn() -> Instant, input: &'a [u8]) -> Result<(usize, Step<'a>), String> {
        let frames = match Frames::leading(input, MAX_PAYLOAD) {
            Ok(frames) => frames,
            Err(FrameError::Incomplete { needed }) => {
                // What cannot become a core frame is not waited for: that is how a version 1 bridge is found out.
                if let Some(header) = leading_header(input, MAX_PAYLOAD)
                    && (header.type_id() < FIRST_USER_TYPE_ID || self.phase == Phase::Opening)
                {
                    self.expects(header.type_id(), header.length())?;
                }
                return Ok((0, Step::Incomplete { needed }));
            }
            Err(error) => return Err(error.to_string()),
        };
        let used = frames.bytes.len();
        if frames.type_id < FIRST_USER_TYPE_ID || self.phase == Phase::Opening {
            self.expects(frames.type_id, frames.first_payload().len())?;
            return Ok((used, self.read_control(now(), frames)?));
        }
        Ok((used, if self.shares(frames.type_id) { Step::Data(frames) } else { Step::Unshared(frames) }))
    }

    /// Whether a core frame of this type and length may come now.
    fn expects(&self, type_id: u16, length: usize) -> Result<(), String> {
        let welcomed = self.welcome.is_some();
        let summaries = self.shared.is_some() || self.rejected.is_some();
        let open = self.phase > Phase::Opening;
        let size = match type_id {
            Welcome::TYPE_ID if !welcomed && self.rejected.is_none() => Welcome::SIZE,
            Reject::TYPE_ID if !welcomed && self.rejected.is_none() => Reject::SIZE,
            SchemaSummary::TYPE_ID if summaries => SchemaSummary::SIZE,
            Goodbye::TYPE_ID if welcomed || self.rejected.is_some() => Goodbye::SIZE,
            Ping::TYPE_ID if welcomed => Ping::SIZE,
            Subscribed::TYPE_ID if open => Subscribed::SIZE,
            Dropped::TYPE_ID if open => Dropped::SIZE,
            _ => return Err(format!("frame {type_id} where it cannot be")),
        };
        if length == size { Ok(()) } else { Err(format!("core frame {type_id} of {length} bytes, not {size}")) }
    }

    fn read_control<'a>(&mut self, now: Instant, frames: Frames<'a>) -> Result<Step<'a>, String> {
        let payload = frames.first_payload();
        let malformed = |error: DecodeError| format!("core frame {}: {error}", frames.type_id);
        Ok(match frames.type_id {
            Welcome::TYPE_ID => self.welcomed(now, Welcome::decode(payload).map_err(malformed)?)?,
            Reject::TYPE_ID => {
                let reject = Reject::decode(payload).map_err(malformed)?;
                self.rejected = Some(Box::new(Rejection {
                    reason: reject.reason(),
                    detail: reject.detail().to_owned(),
                    schema_digest: *reject.schema_digest(),
                    differences: None,
                }));
                Step::Handled
            }
            SchemaSummary::TYPE_ID => {
                let summary = SchemaSummary::decode(payload).map_err(malformed)?;
                self.peer.add(summary).map_err(|error| error.to_string())?;
                if self.peer.is_complete() { self.summarized() } else { Step::Handled }
            }
            Ping::TYPE_ID => {
                let nonce = Ping::decode(payload).map_err(malformed)?.nonce();
                if self.control.len() > MAX_UNREAD_CONTROL {
                    return Err("answers are not read".to_owned());
                }
                self.nonce = nonce;
                // Nothing is said after a goodbye.
                if self.phase <= Phase::Draining {
                    self.control.say::<Pong>(&PongArgs { nonce });
                }
                Step::Handled
            }
            Subscribed::TYPE_ID => {
                let answer = Subscribed::decode(payload).map_err(malformed)?;
                if answer.request() > self.requests {
                    return Err(format!("an answer to request {}, which was not made", answer.request()));
                }
                Step::Subscribed { request: answer.request(), types: answer.types() }
            }
            Dropped::TYPE_ID => Step::Dropped { total: Dropped::decode(payload).map_err(malformed)?.total() },
            _ => {
                let goodbye = Goodbye::decode(payload).map_err(malformed)?;
                let ending = match self.rejected.take() {
                    Some(rejection) => Ending::Rejected(rejection),
                    None => Ending::PeerGoodbye(goodbye.reason(), goodbye.detail().to_owned()),
                };
                self.discards_input = true;
                self.end(now, ending);
                Step::Discarded
            }
        })
    }

    fn welcomed(&mut self, now: Instant, welcome: &Welcome) -> Result<Step<'static>, String> {
        if welcome.protocol_version() != PROTOCOL_VERSION {
            return Err(format!("the bridge goes on in version {}", welcome.protocol_version()));
        }
        self.welcome = Some(*welcome);
        self.max_payload = welcome.max_payload().min(MAX_PAYLOAD);
        if welcome.heartbeat_interval_ms() > 0 {
            let interval = Duration::from_millis(welcome.heartbeat_interval_ms().into());
            // The bridge speaks at every interval. It is given one more than it gives.
            let misses = welcome.heartbeat_misses().saturating_add(1);
            self.heartbeat = Some(Heartbeat::new(HeartbeatConfig { interval, misses }, now));
        }
        if welcome.schema_mode() == SchemaMode::Exact {
            self.phase = Phase::Open;
            return Ok(Step::Welcomed);
        }
        if !self.settings.share {
            return Err("mode Shared was not asked for".to_owned());
        }
        let types: Vec<TypeSummary> = self.settings.types.iter().map(TypeSummary::from).collect();
        say_summaries(&types, &mut self.control);
        self.shared = Some(Vec::new());
        Ok(Step::Handled)
    }

    /// All the bridge's summaries are in.
    fn summarized(&mut self) -> Step<'static> {
        let types = &self.settings.types;
        if let Some(rejection) = &mut self.rejected {
            rejection.differences = Some(self.peer.differences(types));
            return Step::Handled;
        }
        self.shared = Some(types.iter().filter(|info| self.peer.shares(info)).map(|info| info.type_id).collect());
        self.phase = Phase::Open;
        Step::Welcomed
    }

    /// Asks for messages of these types, or of all; the number by which [`Step::Subscribed`] answers. More than 256
    /// types are more than one request, of which the last one's number counts.
    pub fn subscribe(&mut self, all: bool, types: &[u16]) -> u64 {
        self.request(types, |control, type_ids, request| {
            control.say::<Subscribe>(&SubscribeArgs { all, type_ids, request });
        })
    }

    /// Asks for messages of these types, or any, no longer; as [`Connection::subscribe`].
    pub fn unsubscribe(&mut self, all: bool, types: &[u16]) -> u64 {
        self.request(types, |control, type_ids, request| {
            control.say::<Unsubscribe>(&UnsubscribeArgs { all, type_ids, request });
        })
    }

    fn request(&mut self, types: &[u16], mut say: impl FnMut(&mut Control, &[u16], u64)) -> u64 {
        let mut chunks = types.chunks(MAX_REQUEST_TYPES);
        let mut chunk = chunks.next().unwrap_or_default();
        loop {
            self.requests += 1;
            if self.phase == Phase::Open {
                say(&mut self.control, chunk, self.requests);
            }
            match chunks.next() {
                Some(next) => chunk = next,
                None => return self.requests,
            }
        }
    }

    /// Whether this side reads what comes, or is held up.
    pub fn reading(&mut self, reading: bool) {
        if let Some(heartbeat) = &mut self.heartbeat {
            heartbeat.reading(reading);
        }
    }

    /// Tells the bridge that this side lives, where it is held up and so does not see what it is asked. Without effect
    /// where the last sign is not taken yet.
    pub fn sign_of_life(&mut self) {
        if self.phase == Phase::Open && self.control.len() == 0 {
            self.control.say::<Pong>(&PongArgs { nonce: self.nonce });
        }
    }

    /// Whether [`Connection::take_output`] has something.
    pub fn has_output(&self) -> bool {
        self.control.len() > 0
    }

    /// Moves the core frames to send to the end of `into`.
    pub fn take_output(&mut self, into: &mut Vec<u8>) {
        self.control.take(into);
    }

    /// When [`Connection::handle_timeout`] is to be called next. It may move to a later time without notice, and
    /// to an earlier one when the phase changes.
    pub fn deadline(&self) -> Option<Instant> {
        match self.phase {
            Phase::Opening => Some(self.handshake_ends),
            Phase::Open => self.heartbeat.as_ref().map(Heartbeat::deadline),
            Phase::Draining | Phase::Flushing | Phase::HalfClosed => self.ends,
            Phase::Closed => None,
        }
    }

    /// A deadline may be over. `nothing_unread`: whether the socket, looked at now, has nothing to read;
    /// asked only if the bridge would count as silent.
    pub fn handle_timeout(&mut self, now: Instant, nothing_unread: impl FnOnce() -> bool) {
        if self.deadline().is_none_or(|deadline| now < deadline) {
            return;
        }
        match self.phase {
            Phase::Opening => self.leave(now, Ending::Deadline),
            Phase::Open => {
                let beat = self.heartbeat.as_mut().and_then(|heartbeat| heartbeat.tick(now, nothing_unread));
                if beat.is_some_and(|beat| beat.dead) {
                    self.leave(now, Ending::Silent);
                }
            }
            Phase::Draining | Phase::Flushing | Phase::HalfClosed | Phase::Closed => self.phase = Phase::Closed,
        }
    }
}

#[cfg(test)]
mod tests;
