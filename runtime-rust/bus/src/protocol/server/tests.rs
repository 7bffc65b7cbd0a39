//! Bytes in, bytes and steps out.

use std::sync::Arc;
use std::time::{Duration, Instant};

use mycelium_wire::Message;
use mycelium_wire::core_messages::*;
use mycelium_wire::frame::{self, Header, MAX_PAYLOAD};
use mycelium_wire::handshake::{self, CAPABILITY_SHARED};

use super::*;

const DIGEST: [u8; 32] = [7; 32];
const SECOND: Duration = Duration::from_secs(1);

fn summary(type_id: u16, version: u8) -> TypeSummary {
    TypeSummary { type_id, fingerprint: [version; 8], name: format!("M{type_id}").into() }
}

pub(super) fn settings() -> Settings {
    Settings {
        schema_digest: DIGEST,
        types: vec![summary(100, 1), summary(101, 1), summary(102, 1)],
        share: true,
        handshake_deadline: 5 * SECOND,
        max_payload: 1000,
        heartbeat: Some(HeartbeatConfig { interval: SECOND, misses: 2 }),
        idle_limit: None,
        drain_limit: 3 * SECOND,
    }
}

pub(super) fn hello(digest: u8, capabilities: u32) -> Vec<u8> {
    let hello = ClientHello::new(ClientHelloArgs {
        schema_digest: &[digest; 32],
        protocol_version: 2,
        capabilities,
        client_name: "test",
        worker_id: "",
        worker_token: &[0; 16],
    });
    handshake::client_v2(&hello.unwrap()).to_vec()
}

pub(super) fn core<M: Message>(args: M::Args<'_>) -> Vec<u8> {
    let mut bytes = Header::of::<M>().to_bytes().to_vec();
    bytes.resize(frame::HEADER_SIZE + M::SIZE, 0);
    M::encode_into(&args, &mut bytes[frame::HEADER_SIZE..]).unwrap();
    bytes
}

pub(super) fn data(type_id: u16, length: usize) -> Vec<u8> {
    let mut bytes = Header::new(type_id, length, MAX_PAYLOAD).unwrap().to_bytes().to_vec();
    bytes.resize(frame::HEADER_SIZE + length, 1);
    bytes
}

pub(super) fn subscribe(types: &[u16], request: u64) -> Vec<u8> {
    core::<Subscribe>(SubscribeArgs { all: false, type_ids: types, request })
}

/// A connection driven as an endpoint drives it, and what came of it.
struct Driven {
    connection: Connection,
    start: Instant,
    now: Instant,
    pending: Vec<u8>,
    /// Data frames by type, one entry a run; whole runs are added up.
    data: Vec<(u16, usize)>,
    unshared: usize,
    asked: usize,
    verdict: Result<(), Refusal>,
    out: Vec<u8>,
}

impl Driven {
    fn new(settings: Settings) -> Self {
        let start = Instant::now();
        let connection = Connection::new(Arc::new(settings), 9, start);
        let (pending, data, out) = (Vec::new(), Vec::new(), Vec::new());
        Self { connection, start, now: start, pending, data, unshared: 0, asked: 0, verdict: Ok(()), out }
    }

    fn give(&mut self, bytes: &[u8]) {
        self.pending.extend_from_slice(bytes);
        let pending = std::mem::take(&mut self.pending);
        let mut rest = &pending[..];
        while !rest.is_empty() {
            let (used, step) = self.connection.read(|| self.now, rest);
            match step {
                Step::Incomplete { needed } => {
                    assert!(needed > 0 && used == 0);
                    break;
                }
                Step::Opening(_) => {
                    self.asked += 1;
                    self.connection.admit(self.now, self.verdict.clone());
                }
                Step::Data(frames) => match self.data.last_mut() {
                    Some((type_id, count)) if *type_id == frames.type_id => *count += frames.count,
                    _ => self.data.push((frames.type_id, frames.count)),
                },
                Step::Unshared(frames) => self.unshared += frames.count,
                Step::Subscriptions { request } => self.connection.subscribed(request),
                Step::Negotiated | Step::Handled | Step::Discarded => {}
            }
            rest = &rest[used..];
        }
        self.pending = rest.to_vec();
        self.connection.take_output(&mut self.out);
    }

    /// What was said since the last call.
    fn said(&mut self) -> Vec<String> {
        self.connection.take_output(&mut self.out);
        let out = std::mem::take(&mut self.out);
        let (mut rest, mut said) = (&out[..], Vec::new());
        while let Ok(frame) = frame::decode(rest, MAX_PAYLOAD) {
            rest = &rest[frame.length()..];
            said.push(match AnyMessage::decode(frame.type_id, frame.payload).unwrap() {
                AnyMessage::Welcome(m) => format!("Welcome {:?} {}", m.schema_mode(), m.connection_id()),
                AnyMessage::Reject(m) => format!("Reject {:?} {}", m.reason(), m.detail()),
                AnyMessage::SchemaSummary(m) => format!("SchemaSummary {} {}", m.entries().len(), m.last()),
                AnyMessage::Goodbye(m) => format!("Goodbye {:?} {}", m.reason(), m.detail()),
                AnyMessage::Subscribed(m) => format!("Subscribed {} {}", m.request(), m.types()),
                AnyMessage::Ping(m) => format!("Ping {}", m.nonce()),
                AnyMessage::Dropped(m) => format!("Dropped {}", m.total()),
                other => other.name().to_owned(),
            });
        }
        assert!(rest.is_empty());
        said
    }

    fn at(&mut self, seconds: u32) -> Phase {
        self.now = self.start + seconds * SECOND;
        self.connection.handle_timeout(self.now, || true);
        self.connection.phase()
    }

    fn refused(&self) -> Option<RejectReason> {
        match self.connection.ending() {
            Some(Ending::Handshake(HandshakeFailure::Refused(reason))) => Some(*reason),
            _ => None,
        }
    }

    fn goodbye(&self) -> Option<GoodbyeReason> {
        match self.connection.ending() {
            Some(Ending::Goodbye(reason, _)) => Some(*reason),
            _ => None,
        }
    }
}

fn open() -> Driven {
    let mut driven = Driven::new(settings());
    driven.give(&hello(7, 0));
    assert_eq!(driven.said(), ["Welcome Exact 9"]);
    driven
}

// A socket cuts a stream anywhere: every cut, and every byte by itself, has to come to the same.
#[test]
fn every_split_means_the_same() {
    let entries = [(100, 1), (101, 2), (103, 1)].map(|(type_id, version)| {
        let args = MessageSummaryArgs { type_id, fingerprint: &[version; 8], name: "M" };
        MessageSummary::new(args).unwrap()
    });
    let stream = [
        hello(8, CAPABILITY_SHARED),
        core::<SchemaSummary>(SchemaSummaryArgs { entries: &entries, last: true }),
        subscribe(&[100, 101], 4),
        data(100, 3),
        data(100, 3),
        data(101, 10),
        data(100, 0),
        core::<Pong>(PongArgs { nonce: 1 }),
        core::<Unsubscribe>(UnsubscribeArgs { all: true, type_ids: &[], request: 5 }),
        core::<Goodbye>(GoodbyeArgs { reason: GoodbyeReason::ClientDone, detail: "bye" }),
    ]
    .concat();
    let run = |parts: &[&[u8]]| {
        let mut driven = Driven::new(settings());
        parts.iter().for_each(|part| driven.give(part));
        assert!(driven.pending.is_empty());
        assert_eq!(driven.said(), ["Welcome Shared 9", "SchemaSummary 3 true", "Subscribed 4 1", "Subscribed 5 0"]);
        assert_eq!((driven.data, driven.unshared, driven.asked), (vec![(100, 3)], 1, 1));
        let ending = Ending::PeerGoodbye(GoodbyeReason::ClientDone, "bye".to_owned());
        assert_eq!(driven.connection.ending(), Some(&ending));
    };
    for cut in 0..=stream.len() {
        run(&[&stream[..cut], &stream[cut..]]);
    }
    run(&stream.chunks(1).collect::<Vec<_>>());
}

#[test]
fn version_1_gets_everything_and_never_a_core_frame() {
    let mut driven = Driven::new(settings());
    driven.give(&handshake::client_v1(&DIGEST));
    driven.give(&data(100, 2));
    assert_eq!((driven.connection.phase(), driven.data.as_slice()), (Phase::Open, &[(100, 1)][..]));
    assert!(driven.connection.subscriptions().is_all() && !driven.connection.speaks_v2());
    driven.connection.dropped(3);
    assert_eq!((driven.connection.deadline(), driven.at(1000)), (None, Phase::Open), "no heartbeat, no idle limit");
    driven.connection.close(driven.now, GoodbyeReason::Shutdown, "");
    driven.connection.drained();
    assert_eq!((driven.said().len(), driven.connection.phase()), (0, Phase::Flushing));

    for (bytes, reason) in [
        (handshake::client_v1(&[8; 32]).to_vec(), RejectReason::SchemaMismatch),
        ([32, 0].to_vec(), RejectReason::Deadline),
        ([31, 0].to_vec(), RejectReason::Malformed),
        ([199, 0].to_vec(), RejectReason::Malformed),
        ([1, 4].to_vec(), RejectReason::Malformed),
        (Vec::new(), RejectReason::Deadline),
    ] {
        let mut driven = Driven::new(settings());
        driven.give(&bytes);
        driven.at(5);
        assert_eq!((driven.refused(), driven.connection.phase()), (Some(reason), Phase::Closed), "{bytes:?}");
        assert!(driven.said().is_empty());
    }

    let mut driven = Driven::new(settings());
    driven.give(&handshake::client_v1(&DIGEST));
    driven.give(&core::<Pong>(PongArgs { nonce: 1 }));
    driven.connection.drained();
    assert_eq!((driven.goodbye(), driven.said().len()), (Some(GoodbyeReason::ProtocolError), 0));
}

#[test]
fn refusals_say_why_and_end_the_writing() {
    let mut invalid = hello(7, 0);
    invalid[2 + 35] = 1;
    let mut old = hello(7, 0);
    old[2 + 32] = 1;
    let capacity = Err(Refusal::new(RejectReason::Capacity, "é".repeat(150)));
    let summaries = vec!["SchemaSummary 3 true".to_owned()];
    for (bytes, share, verdict, reason, more) in [
        (hello(8, 0), true, Ok(()), RejectReason::SchemaMismatch, summaries.clone()),
        (hello(8, CAPABILITY_SHARED), false, Ok(()), RejectReason::SchemaMismatch, summaries),
        (invalid, true, Ok(()), RejectReason::Malformed, vec![]),
        (old, true, Ok(()), RejectReason::ProtocolVersion, vec![]),
        (hello(7, 0), true, capacity, RejectReason::Capacity, vec![]),
        (hello(7, 0)[..50].to_vec(), true, Ok(()), RejectReason::Deadline, vec![]),
    ] {
        let mut driven = Driven::new(Settings { share, ..settings() });
        driven.verdict = verdict;
        driven.give(&bytes);
        if reason == RejectReason::Deadline {
            driven.at(5);
        }
        let said = driven.said();
        assert!(said[0].starts_with(&format!("Reject {reason:?} ")), "{said:?}");
        assert_eq!(said[1..said.len() - 1], more);
        assert_eq!(said.last().unwrap(), "Goodbye ProtocolError refused");
        assert_eq!((driven.refused(), driven.connection.phase()), (Some(reason), Phase::Flushing));
        // Whatever it still sends is read and thrown away, so that the refusal is not destroyed by a reset.
        driven.give(&[0; 5000]);
        driven.connection.flushed();
        assert_eq!(driven.connection.phase(), Phase::HalfClosed);
        driven.connection.end_of_input(driven.now);
        assert_eq!(driven.connection.phase(), Phase::Closed);
    }
}

// A refusal that was decided before the client spoke comes before anything the hello could tell.
#[test]
fn a_refused_peer_learns_nothing_else() {
    let refusal = Refusal::new(RejectReason::NotAllowed, "uid 7");
    for digest in [7, 8] {
        let mut driven = Driven::new(settings());
        driven.connection = Connection::refusing(Arc::new(settings()), 1, driven.now, refusal.clone());
        driven.give(&hello(digest, 0));
        assert_eq!(driven.said(), ["Reject NotAllowed uid 7", "Goodbye ProtocolError refused"]);
        assert_eq!(driven.asked, 0);
    }
}

#[test]
fn a_summary_of_many_types_is_cut_in_a_refusal_only() {
    let types: Vec<_> = (100..100 + 5000).map(|type_id| summary(type_id, 1)).collect();
    let count = |said: &[String]| said.iter().filter(|text| text.starts_with("SchemaSummary")).count();
    let mut refused = Driven::new(Settings { types: types.clone(), ..settings() });
    refused.give(&hello(8, 0));
    let mut shared = Driven::new(Settings { types, ..settings() });
    shared.give(&hello(8, CAPABILITY_SHARED));
    shared.give(&subscribe(&[100], 1));
    assert_eq!((count(&refused.said()), count(&shared.said())), (4096 / 32, 5000_usize.div_ceil(32)));
    assert_eq!(shared.connection.phase(), Phase::Open);
}

#[test]
fn a_client_that_keeps_its_summary_back_is_sent_away() {
    let mut driven = Driven::new(Settings { heartbeat: None, ..settings() });
    driven.give(&hello(8, CAPABILITY_SHARED));
    driven.give(&data(100, 3));
    assert_eq!((driven.unshared, driven.at(4)), (1, Phase::Open));
    assert_eq!((driven.at(5), driven.goodbye()), (Phase::Draining, Some(GoodbyeReason::ProtocolError)));
}

#[test]
fn what_breaks_the_protocol_is_answered_with_goodbye() {
    use GoodbyeReason::{FrameTooLarge, ProtocolError};
    let ping = core::<Ping>(PingArgs { nonce: 1 });
    let summary = core::<SchemaSummary>(SchemaSummaryArgs { entries: &[], last: true });
    let mut bad_subscribe = subscribe(&[100], 1);
    bad_subscribe[6] = 2;
    for (bytes, reason, detail) in [
        (ping, ProtocolError, "core frame 5 is not a client's to send"),
        (summary, ProtocolError, "core frame 4 is not a client's to send"),
        (data(99, 1), ProtocolError, "core frame 99 is not a client's to send"),
        (bad_subscribe, ProtocolError, "core frame 7: payload refused: bool at `all`"),
        ([7, 0, 1, 0, 0, 0].to_vec(), ProtocolError, "core frame 7 of 1 bytes, not 536"),
        ([0, 0, 1, 0, 0, 0].to_vec(), ProtocolError, "malformed frame: `type_id`"),
        ([100, 0, 233, 3, 0, 0].to_vec(), FrameTooLarge, "malformed frame: `length`"),
    ] {
        let mut driven = open();
        driven.give(&data(100, 1));
        driven.give(&bytes);
        assert_eq!((driven.connection.phase(), driven.goodbye()), (Phase::Draining, Some(reason)));
        driven.give(&data(100, 1));
        assert_eq!(driven.data, [(100, 1)], "what follows is not looked at");
        // What was queued for the client goes out before the goodbye.
        assert!(driven.said().is_empty() && !driven.connection.discards_data());
        driven.connection.drained();
        let said = driven.said();
        assert!(said[0].starts_with(&format!("Goodbye {reason:?} {detail}")), "{said:?}");
    }
}

#[test]
fn shutting_down_goes_through_every_phase() {
    let mut driven = open();
    driven.connection.close(driven.now, GoodbyeReason::Shutdown, "");
    driven.connection.dropped(4);
    driven.give(&[data(100, 1), subscribe(&[100], 1)].concat());
    assert_eq!(driven.data, [(100, 1)], "what a client still sends is not lost");
    driven.connection.drained();
    assert_eq!(driven.said(), ["Dropped 4", "Goodbye Shutdown "]);
    driven.connection.flushed();
    assert_eq!(driven.connection.phase(), Phase::HalfClosed);
    driven.give(&data(100, 1));
    assert_eq!(driven.data, [(100, 2)]);
    driven.connection.end_of_input(driven.now);
    assert_eq!((driven.connection.phase(), driven.goodbye()), (Phase::Closed, Some(GoodbyeReason::Shutdown)));
}

// However far the ending has come, a peer that does nothing cannot hold it up beyond the limit.
#[test]
fn the_ending_has_a_limit() {
    for steps in 0..3 {
        let mut driven = open();
        driven.connection.close(driven.now, GoodbyeReason::Shutdown, "");
        if steps > 0 {
            driven.connection.drained();
        }
        if steps > 1 {
            driven.connection.flushed();
        }
        assert_ne!(driven.at(2), Phase::Closed);
        assert_eq!(driven.at(3), Phase::Closed);
    }
    let mut driven = open();
    driven.connection.close(driven.now, GoodbyeReason::SlowConsumer, "");
    assert!(driven.connection.discards_data());
    assert_eq!(driven.at(1), Phase::Closed);
}

#[test]
fn a_goodbye_is_followed_by_what_was_queued() {
    let mut driven = open();
    driven.give(&core::<Goodbye>(GoodbyeArgs { reason: GoodbyeReason::ClientDone, detail: "" }));
    driven.connection.end_of_input(driven.now);
    assert_eq!((driven.connection.phase(), driven.connection.discards_data()), (Phase::Draining, false));
    driven.connection.drained();
    assert!(driven.said().is_empty());
    driven.connection.flushed();
    assert_eq!(driven.connection.phase(), Phase::Closed);

    let mut driven = open();
    driven.connection.end_of_input(driven.now);
    assert_eq!(driven.connection.ending(), Some(&Ending::PeerClosed));
    let mut driven = Driven::new(settings());
    driven.give(&hello(7, 0)[..9]);
    driven.connection.end_of_input(driven.now);
    assert_eq!(driven.connection.ending(), Some(&Ending::Handshake(HandshakeFailure::Disconnected)));
}

#[test]
fn heartbeats_ask_and_give_up() {
    let mut driven = open();
    assert_eq!(driven.connection.deadline(), Some(driven.start + SECOND));
    assert_eq!((driven.at(1), driven.said().as_slice()), (Phase::Open, &["Ping 1".to_owned()][..]));
    driven.give(&core::<Pong>(PongArgs { nonce: 1 }));
    for second in 2..4 {
        driven.at(second);
    }
    assert_eq!(driven.connection.heartbeats_missed(), 1);
    // Half a frame is life as well.
    driven.give(&[100]);
    assert_eq!((driven.at(4), driven.at(5)), (Phase::Open, Phase::Open));
    assert_eq!((driven.at(6), driven.goodbye()), (Phase::Draining, Some(GoodbyeReason::HeartbeatMissed)));
    assert_eq!((driven.connection.heartbeats_missed(), driven.connection.discards_data()), (3, true));
}

#[test]
fn pings_that_nobody_takes_do_not_pile_up() {
    let mut driven = open();
    for second in 1..100 {
        driven.at(second);
        driven.connection.reading(false);
    }
    assert_eq!(driven.said(), ["Ping 1"]);
}

#[test]
fn an_idle_client_is_sent_away() {
    let mut driven = Driven::new(Settings { idle_limit: Some(4 * SECOND), heartbeat: None, ..settings() });
    driven.give(&hello(7, 0));
    driven.at(2);
    driven.give(&data(100, 1));
    assert_eq!((driven.at(4), driven.at(7)), (Phase::Open, Phase::Open));
    driven.connection.active();
    assert_eq!((driven.at(8), driven.at(11)), (Phase::Open, Phase::Open));
    // A pong is life, and no use.
    driven.give(&core::<Pong>(PongArgs { nonce: 1 }));
    assert_eq!((driven.at(12), driven.goodbye()), (Phase::Draining, Some(GoodbyeReason::Idle)));
}

// Answers to requests are held for a client that does not read; that must have an end.
#[test]
fn a_flood_of_requests_is_not_buffered() {
    let mut connection = open().connection;
    let request = subscribe(&[100], 1);
    for flood in 0.. {
        assert!(flood < 10_000, "still there");
        match connection.read(Instant::now, &request).1 {
            Step::Subscriptions { request } => connection.subscribed(request),
            _ => break,
        }
    }
    assert!(matches!(connection.ending(), Some(Ending::Goodbye(GoodbyeReason::SlowConsumer, _))));
    assert!(connection.control.len() < MAX_UNREAD_CONTROL + 100);
}

#[test]
fn subscriptions_are_counted() {
    let mut driven = open();
    driven.give(&subscribe(&[100, 500, 7], 1));
    driven.give(&core::<Subscribe>(SubscribeArgs { all: true, type_ids: &[], request: 2 }));
    driven.give(&core::<Unsubscribe>(UnsubscribeArgs { all: false, type_ids: &[101], request: 3 }));
    assert_eq!(driven.said(), ["Subscribed 1 2", "Subscribed 2 3", "Subscribed 3 2"]);
    assert!(driven.connection.subscriptions().contains(100) && !driven.connection.subscriptions().contains(101));
}
