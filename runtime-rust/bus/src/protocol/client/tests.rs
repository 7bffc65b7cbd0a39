//! Bytes in, bytes and steps out; and both sides against each other.

use std::sync::Arc;
use std::time::{Duration, Instant};

use mycelium_wire::Message;
use mycelium_wire::core_messages::{RejectArgs, SchemaSummaryArgs, SubscribedArgs, WelcomeArgs, *};
use mycelium_wire::frame::{self, Header};

use super::*;
use crate::protocol::server;
use crate::protocol::{Subscriptions, TypeSummary};

const SECOND: Duration = Duration::from_secs(1);

fn info(type_id: u16, name: &'static str, version: u8) -> MessageInfo {
    MessageInfo { type_id, topic: "t", name, size: 4, fingerprint: [version; 8], redacted: false }
}

fn settings() -> Settings {
    Settings {
        schema_digest: [7; 32],
        types: vec![info(100, "TradeTick", 1), info(101, "Same", 1), info(102, "OrderRejected", 1)],
        share: true,
        name: "é".repeat(40),
        worker: Some(("echo".to_owned(), [5; 16])),
        handshake_deadline: 5 * SECOND,
        drain_limit: 3 * SECOND,
    }
}

fn server_settings(digest: u8) -> server::Settings {
    let types = [info(100, "TradeTick", 2), info(101, "Same", 1), info(103, "NewOrder", 1)];
    server::Settings {
        schema_digest: [digest; 32],
        types: types.iter().map(TypeSummary::from).collect(),
        share: true,
        handshake_deadline: 5 * SECOND,
        max_payload: 1000,
        heartbeat: Some(HeartbeatConfig { interval: SECOND, misses: 2 }),
        idle_limit: None,
        drain_limit: 3 * SECOND,
    }
}

fn core<M: Message>(args: M::Args<'_>) -> Vec<u8> {
    let mut bytes = Header::of::<M>().to_bytes().to_vec();
    bytes.resize(frame::HEADER_SIZE + M::SIZE, 0);
    M::encode_into(&args, &mut bytes[frame::HEADER_SIZE..]).unwrap();
    bytes
}

fn data(type_id: u16) -> Vec<u8> {
    [&Header::new(type_id, 4, MAX_PAYLOAD).unwrap().to_bytes()[..], &[0; 4]].concat()
}

fn welcome(mode: SchemaMode, version: u16) -> Vec<u8> {
    core::<Welcome>(WelcomeArgs {
        schema_digest: &[9; 32],
        protocol_version: version,
        schema_mode: mode,
        connection_id: 1,
        heartbeat_interval_ms: 1000,
        heartbeat_misses: 2,
        max_payload: 500,
    })
}

fn reject(reason: RejectReason) -> Vec<u8> {
    core::<Reject>(RejectArgs { reason, schema_digest: &[9; 32], detail: "no" })
}

fn goodbye() -> Vec<u8> {
    core::<Goodbye>(GoodbyeArgs { reason: GoodbyeReason::Shutdown, detail: "later" })
}

/// What the steps of some input were, in words.
fn give(client: &mut Connection, now: Instant, input: &[u8]) -> (usize, Vec<String>) {
    let (mut rest, mut steps) = (input, Vec::new());
    while !rest.is_empty() {
        let (used, step) = client.read(|| now, rest);
        match step {
            Step::Incomplete { needed } => {
                assert!(used == 0 && needed > 0);
                break;
            }
            Step::Handled | Step::Discarded => {}
            Step::Data(frames) => steps.extend((0..frames.count).map(|_| format!("Data {}", frames.type_id))),
            Step::Unshared(frames) => steps.push(format!("Unshared {}", frames.type_id)),
            step => steps.push(format!("{step:?}")),
        }
        rest = &rest[used..];
    }
    (input.len() - rest.len(), steps)
}

fn connected() -> (Connection, Instant) {
    let now = Instant::now();
    let mut client = Connection::new(Arc::new(settings()), now);
    client.take_output(&mut Vec::new());
    assert_eq!(give(&mut client, now, &welcome(SchemaMode::Exact, 2)).1, ["Welcomed"]);
    (client, now)
}

#[test]
fn every_split_means_the_same() {
    let entry = |type_id, version| {
        MessageSummary::new(MessageSummaryArgs { type_id, fingerprint: &[version; 8], name: "M" }).unwrap()
    };
    let stream = [
        welcome(SchemaMode::Shared, 2),
        core::<SchemaSummary>(SchemaSummaryArgs { entries: &[entry(100, 2), entry(101, 1)], last: true }),
        core::<Subscribed>(SubscribedArgs { request: 3, types: 1 }),
        data(101),
        data(101),
        data(100),
        core::<Ping>(PingArgs { nonce: 6 }),
        core::<Dropped>(DroppedArgs { total: 4 }),
        goodbye(),
    ]
    .concat();
    let run = |cuts: &[usize]| {
        let now = Instant::now();
        let mut client = Connection::new(Arc::new(settings()), now);
        let (mut pending, mut steps, mut start) = (Vec::new(), Vec::new(), 0);
        // Asked for before it may be: not said, and counted.
        assert_eq!((0..3).map(|_| client.subscribe(false, &[101])).last(), Some(3));
        for cut in cuts {
            pending.extend_from_slice(&stream[start..*cut]);
            start = *cut;
            let (used, more) = give(&mut client, now, &pending);
            steps.extend(more);
            pending.drain(..used);
        }
        let expected = [
            "Welcomed",
            "Subscribed { request: 3, types: 1 }",
            "Data 101",
            "Data 101",
            "Unshared 100",
            "Dropped { total: 4 }",
        ];
        assert_eq!((steps.as_slice(), pending.len()), (&expected.map(str::to_owned)[..], 0), "{cuts:?}");
        let ending = Ending::PeerGoodbye(GoodbyeReason::Shutdown, "later".to_owned());
        assert_eq!((client.ending(), client.phase()), (Some(&ending), Phase::Draining));
        let mut out = Vec::new();
        client.take_output(&mut out);
        let tail = [core::<Pong>(PongArgs { nonce: 6 })].concat();
        assert_eq!(out[out.len() - tail.len()..], tail);
    };
    for cut in 0..=stream.len() {
        run(&[cut, stream.len()]);
    }
    run(&(1..=stream.len()).collect::<Vec<_>>());
}

#[test]
fn the_hello_says_who_it_is() {
    let client = &mut Connection::new(Arc::new(settings()), Instant::now());
    let mut out = Vec::new();
    client.take_output(&mut out);
    let Ok((handshake::Opening::V2(hello), 202)) = handshake::decode_opening(&out) else { panic!("{out:?}") };
    assert_eq!((hello.client_name(), hello.worker_id()), (&*"é".repeat(32), "echo"));
    assert_eq!((*hello.worker_token(), hello.capabilities()), ([5; 16], 3));
}

#[test]
fn refusals_name_what_differs() {
    let now = Instant::now();
    let mut client = Connection::new(Arc::new(Settings { share: false, ..settings() }), now);
    let mut bridge = server::Connection::new(Arc::new(server_settings(8)), 1, now);
    let (mut asked, mut answer) = (Vec::new(), Vec::new());
    client.take_output(&mut asked);
    bridge.read(|| now, &asked);
    bridge.take_output(&mut answer);
    give(&mut client, now, &answer);
    let Some(Ending::Rejected(rejection)) = client.ending() else { panic!("{:?}", client.ending()) };
    assert_eq!((rejection.reason, rejection.schema_digest), (RejectReason::SchemaMismatch, [8; 32]));
    let differences = rejection.differences.clone().unwrap();
    assert_eq!(
        differences.describe("this client", "the bridge"),
        "TradeTick differs; OrderRejected is unknown to the bridge; NewOrder is unknown to this client; regenerate \
         with `myc-schema compile`"
    );
}

// A refusal is one, whatever else comes to pass while it is explained.
#[test]
fn a_refusal_counts_without_its_explanation() {
    for ends in 0..3 {
        let now = Instant::now();
        let mut client = Connection::new(Arc::new(settings()), now);
        give(&mut client, now, &reject(RejectReason::Capacity));
        match ends {
            0 => client.end_of_input(now),
            1 => client.handle_timeout(now + 5 * SECOND, || true),
            _ => drop(give(&mut client, now, &goodbye())),
        }
        let Some(Ending::Rejected(rejection)) = client.ending() else { panic!("{:?}", client.ending()) };
        assert_eq!((rejection.reason, &*rejection.detail), (RejectReason::Capacity, "no"));
        assert_eq!(rejection.differences, None);
    }
}

#[test]
fn what_a_bridge_may_not_say_ends_the_connection() {
    let early = [
        data(100),
        goodbye(),
        core::<Ping>(PingArgs { nonce: 1 }),
        welcome(SchemaMode::Exact, 3),
        vec![0; 6],
        // A version 1 bridge streams at once; half a header is enough to know.
        data(2000)[..6].to_vec(),
    ];
    let late = [
        welcome(SchemaMode::Exact, 2),
        reject(RejectReason::Capacity),
        core::<Pong>(PongArgs { nonce: 1 }),
        core::<SchemaSummary>(SchemaSummaryArgs { entries: &[], last: true }),
        vec![9, 0, 1, 0, 0, 0],
        vec![100, 0, 1, 0, 64, 0],
        // One of a later version, which this side has not agreed to; its payload is not waited for.
        vec![50, 0, 1, 0, 0, 0],
        core::<Subscribed>(SubscribedArgs { request: 1000, types: 1 }),
    ];
    for (open, bytes) in early.iter().map(|bytes| (false, bytes)).chain(late.iter().map(|bytes| (true, bytes))) {
        let now = Instant::now();
        let mut client = if open { connected().0 } else { Connection::new(Arc::new(settings()), now) };
        give(&mut client, now, bytes);
        assert!(matches!(client.ending(), Some(Ending::ProtocolError(_))), "{open} {bytes:?} {:?}", client.ending());
        if open {
            // It is told, and whatever follows is not looked at.
            assert_eq!(give(&mut client, now, &[data(100), bytes.clone()].concat()).1, [""; 0]);
            let mut out = Vec::new();
            client.take_output(&mut out);
            let said = frame::decode(&out, MAX_PAYLOAD).unwrap();
            let AnyMessage::Goodbye(goodbye) = AnyMessage::decode(said.type_id, said.payload).unwrap() else {
                panic!()
            };
            assert_eq!((goodbye.reason(), said.length()), (GoodbyeReason::ProtocolError, out.len()));
            client.handle_timeout(now + SECOND, || true);
        }
        assert_eq!(client.phase(), Phase::Closed);
    }
}

#[test]
fn more_types_than_a_request_holds_are_several() {
    let (mut client, _) = connected();
    let types: Vec<u16> = (100..700).collect();
    assert_eq!((client.subscribe(false, &types), client.unsubscribe(true, &[])), (3, 4));
    let mut out = Vec::new();
    client.take_output(&mut out);
    let mut rest = &out[..];
    let mut sizes = Vec::new();
    while let Ok(frame) = frame::decode(rest, MAX_PAYLOAD) {
        match AnyMessage::decode(frame.type_id, frame.payload).unwrap() {
            AnyMessage::Subscribe(request) => sizes.push((request.request(), request.type_ids().len())),
            AnyMessage::Unsubscribe(request) => assert!(request.all() && request.request() == 4),
            other => panic!("{}", other.name()),
        }
        rest = &rest[frame.length()..];
    }
    assert_eq!(sizes, [(1, 256), (2, 256), (3, 88)]);
}

#[test]
fn endings_go_through_every_phase() {
    let (mut client, now) = connected();
    client.close(now);
    assert_eq!(give(&mut client, now, &data(100)).1, ["Data 100"], "the bridge may still be sending");
    client.drained();
    let mut out = Vec::new();
    client.take_output(&mut out);
    assert_eq!(out, core::<Goodbye>(GoodbyeArgs { reason: GoodbyeReason::ClientDone, detail: "" }));
    client.flushed();
    assert_eq!(client.phase(), Phase::HalfClosed);
    client.end_of_input(now);
    assert_eq!((client.phase(), client.ending()), (Phase::Closed, Some(&Ending::Done)));

    // What a client has queued goes out after the bridge's goodbye, and nothing is said behind it.
    let (mut client, now) = connected();
    give(&mut client, now, &goodbye());
    client.end_of_input(now);
    client.drained();
    assert!(!client.has_output());
    client.flushed();
    assert_eq!(client.phase(), Phase::Closed);

    let (mut client, now) = connected();
    client.close(now);
    client.handle_timeout(now + 3 * SECOND, || true);
    assert_eq!(client.phase(), Phase::Closed, "a bridge that does not end cannot hold it");
}

#[test]
fn a_bridge_that_falls_silent_is_noticed() {
    let (mut client, start) = connected();
    let mut last = 0;
    for second in 1..20 {
        client.handle_timeout(start + second * SECOND, || true);
        if client.phase() == Phase::Open {
            last = second;
        }
    }
    // The bridge's own two misses and one more, counted from the second interval on.
    assert_eq!((last, client.ending()), (3, Some(&Ending::Silent)));

    let mut client = Connection::new(Arc::new(settings()), start);
    client.handle_timeout(start + 5 * SECOND, || true);
    assert_eq!(client.ending(), Some(&Ending::Deadline));
}

#[test]
fn pings_without_end_are_not_answered_without_end() {
    let (mut client, now) = connected();
    let ping = core::<Ping>(PingArgs { nonce: 1 });
    assert!((0..10_000).any(|_| {
        give(&mut client, now, &ping);
        client.phase() > Phase::Open
    }));
    assert!(client.control.len() < MAX_UNREAD_CONTROL + 300);
    client.handle_timeout(now + SECOND, || true);
    assert_eq!(client.phase(), Phase::Closed);
}

/// Moves bytes between both sides, `step` at a time, until neither has more to say.
fn converse(client: &mut Connection, bridge: &mut server::Connection, now: Instant, step: usize) -> Vec<String> {
    let (mut to_client, mut to_bridge) = (Vec::new(), Vec::new());
    let (mut client_has, mut bridge_has) = (Vec::new(), Vec::new());
    let mut steps = Vec::new();
    loop {
        client.take_output(&mut to_bridge);
        bridge.take_output(&mut to_client);
        if to_client.is_empty() && to_bridge.is_empty() {
            assert!(client_has.is_empty() && bridge_has.is_empty());
            return steps;
        }
        client_has.extend(to_client.drain(..step.min(to_client.len())));
        let (used, more) = give(client, now, &client_has);
        client_has.drain(..used);
        steps.extend(more);
        bridge_has.extend(to_bridge.drain(..step.min(to_bridge.len())));
        let mut used = 0;
        loop {
            let (length, step) = bridge.read(|| now, &bridge_has[used..]);
            match step {
                server::Step::Incomplete { .. } => break,
                server::Step::Opening(_) => bridge.admit(now, Ok(())),
                server::Step::Subscriptions { request } => bridge.subscribed(request),
                server::Step::Discarded if length == 0 => break,
                _ => {}
            }
            used += length;
        }
        bridge_has.drain(..used);
    }
}

#[test]
fn both_sides_agree_however_the_bytes_arrive() {
    for digest in [7, 8] {
        for step in [1, 2, 7, 100, 5000] {
            let now = Instant::now();
            let mut client = Connection::new(Arc::new(settings()), now);
            let mut bridge = server::Connection::new(Arc::new(server_settings(digest)), 1, now);
            assert_eq!(converse(&mut client, &mut bridge, now, step), ["Welcomed"]);
            assert_eq!((client.phase(), bridge.phase()), (Phase::Open, Phase::Open));
            assert_eq!((client.shares(101), client.shares(100)), (true, digest == 7));
            assert_eq!(client.differences().is_empty(), digest == 7);
            assert_eq!(client.max_payload(), 1000);
            assert_eq!(bridge.shared_types().map(|shared| shared.shared()), (digest == 8).then_some(&[101][..]));
            client.subscribe(true, &[]);
            let types = if digest == 7 { 3 } else { 1 };
            let answer = format!("Subscribed {{ request: 1, types: {types} }}");
            assert_eq!(converse(&mut client, &mut bridge, now, step), [answer]);
            assert_eq!(bridge.subscriptions(), &Subscriptions::all());
            bridge.handle_timeout(now + SECOND, || true);
            assert!(converse(&mut client, &mut bridge, now, step).is_empty());
            client.close(now);
            client.drained();
            converse(&mut client, &mut bridge, now, step);
            client.flushed();
            bridge.end_of_input(now);
            bridge.drained();
            bridge.flushed();
            client.end_of_input(now);
            assert_eq!((client.phase(), bridge.phase()), (Phase::Closed, Phase::Closed));
            assert!(matches!(bridge.ending(), Some(server::Ending::PeerGoodbye(GoodbyeReason::ClientDone, _))));
        }
    }
}
