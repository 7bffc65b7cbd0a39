//! Clients that break the rules, by mistake or on purpose. After each of them other clients still work, and the counters
//! say what happened.

use std::time::Duration;

use mycelium_bus::protocol::HeartbeatConfig;
use mycelium_bus::protocol::server::HandshakeFailure::{Disconnected, Refused};
use mycelium_bus::{EndpointConfig, EndpointStats, OverflowPolicy, QueueLimits};
use mycelium_wire::core_messages::*;
use mycelium_wire::handshake;
use tokio::io::AsyncWriteExt;

use crate::messages::{CounterUpdate, SCHEMA_DIGEST, TextMessage};
use crate::peer::{Peer, Place, config, core, hello, place, soon, text, update};
use crate::raw::framed;

/// A client that is there all the time, and a subscriber in the process: both have to go on as if nothing happened.
struct Witness {
    place: Place,
    client: Peer,
    said: u64,
}

impl Witness {
    async fn new(config: EndpointConfig) -> Self {
        let place = place(config).await;
        let client = place.listener().await;
        Self { place, client, said: 0 }
    }

    /// In both directions, and for newcomers.
    async fn everything_works(&mut self) {
        let mut subscriber = self.place.bus.subscriber::<CounterUpdate>().unwrap();
        let mut publisher = self.place.bus.publisher::<CounterUpdate>().unwrap();
        let mut newcomer = self.place.listener().await;
        self.said += 1;
        publisher.publish(&update(self.said)).await.unwrap();
        assert_eq!(*self.client.expect::<CounterUpdate>().await, update(self.said));
        assert_eq!(*newcomer.expect::<CounterUpdate>().await, update(self.said));
        assert_eq!(soon(subscriber.recv()).await.unwrap(), update(self.said));
        newcomer.send(&framed(&update(1000))).await;
        assert_eq!(*self.client.expect::<CounterUpdate>().await, update(1000));
        assert_eq!(soon(subscriber.recv()).await.unwrap(), update(1000));
        newcomer.send(&core::<Goodbye>(GoodbyeArgs { reason: GoodbyeReason::ClientDone, detail: "" })).await;
        newcomer.socket.shutdown().await.unwrap();
        newcomer.expect_end().await;
        drop(newcomer);
        self.settled().await;
    }

    /// Only the witness is there.
    async fn settled(&self) -> EndpointStats {
        soon(self.place.endpoint.wait_until(|stats| (stats.active, stats.opening) == (1, 0))).await
    }
}

/// For clients that have to be given up while they are sent away.
fn short_drain() -> EndpointConfig {
    config().drain_limit(Duration::from_millis(500))
}

fn short() -> EndpointConfig {
    short_drain().handshake_deadline(Duration::from_millis(40))
}

#[tokio::test]
async fn a_client_that_says_nothing_is_closed() {
    let mut witness = Witness::new(short()).await;
    let mut silent = witness.place.peer().await;
    silent.expect_end().await;
    witness.everything_works().await;
    assert_eq!(witness.settled().await.handshake_failures[&Refused(RejectReason::Deadline)], 1);
}

#[tokio::test]
async fn half_a_handshake_is_told_that_it_took_too_long() {
    let mut witness = Witness::new(short()).await;
    let mut slow = witness.place.peer().await;
    slow.send(&hello(SCHEMA_DIGEST, 0)[..100]).await;
    assert_eq!(slow.expect::<Reject>().await.reason(), RejectReason::Deadline);
    slow.expect_goodbye().await;
    drop(slow);
    let mut gone = witness.place.peer().await;
    gone.send(&hello(SCHEMA_DIGEST, 0)[..100]).await;
    drop(gone);
    witness.everything_works().await;
    let failures = witness.settled().await.handshake_failures;
    assert_eq!((failures[&Refused(RejectReason::Deadline)], failures[&Disconnected]), (1, 1));
}

#[tokio::test]
async fn wrong_digests_and_lengths_are_counted_by_reason() {
    let mut witness = Witness::new(config()).await;
    let mut bad_hello = hello(SCHEMA_DIGEST, 0);
    bad_hello[2 + 36 + 4] = 65;
    for (bytes, reason) in [
        (handshake::client_v1(&[1; 32]).to_vec(), RejectReason::SchemaMismatch),
        (hello([1; 32], 0), RejectReason::SchemaMismatch),
        (vec![33, 0], RejectReason::Malformed),
        (vec![0xff; 5000], RejectReason::Malformed),
        (b"GET / HTTP/1.1\r\n\r\n".to_vec(), RejectReason::Malformed),
        (bad_hello, RejectReason::Malformed),
    ] {
        let before = witness.settled().await.handshake_failures.get(&Refused(reason)).copied().unwrap_or(0);
        let mut peer = witness.place.peer().await;
        peer.send_what_it_takes(&bytes).await;
        while peer.frame().await.is_some() {}
        drop(peer);
        witness.everything_works().await;
        let failures = witness.settled().await.handshake_failures;
        assert_eq!(failures[&Refused(reason)], before + 1, "{reason:?}");
    }
}

#[tokio::test]
async fn frames_that_may_not_be_are_answered_with_goodbye() {
    let mut witness = Witness::new(config().max_payload(1000)).await;
    let oversized = [[0xe9, 3, 0xe9, 3, 0, 0].to_vec(), vec![0; 5000]].concat();
    for (bytes, reason) in [
        (oversized, GoodbyeReason::FrameTooLarge),
        (vec![0xe9, 3, 0xff, 0xff, 0xff, 0xff], GoodbyeReason::FrameTooLarge),
        (core::<Welcome>(welcome()), GoodbyeReason::ProtocolError),
        (vec![50, 0, 0, 0, 0, 0], GoodbyeReason::ProtocolError),
        (vec![0, 0, 0, 0, 0, 0], GoodbyeReason::ProtocolError),
    ] {
        let before = witness.settled().await.sent_away.get(&reason).copied().unwrap_or(0);
        let mut peer = witness.place.client().await;
        peer.send(&[framed(&update(9)), bytes, framed(&update(10))].concat()).await;
        assert_eq!(peer.expect::<Goodbye>().await.reason(), reason);
        peer.expect_end().await;
        drop(peer);
        assert_eq!(*witness.client.expect::<CounterUpdate>().await, update(9), "what came before is good");
        witness.everything_works().await;
        assert_eq!(witness.settled().await.sent_away[&reason], before + 1);
    }
    // With version 1 there is no goodbye.
    let mut peer = witness.place.peer().await;
    peer.send(&[&handshake::client_v1(&SCHEMA_DIGEST)[..], &core::<Pong>(PongArgs { nonce: 1 })].concat()).await;
    peer.expect_end().await;
    drop(peer);
    witness.everything_works().await;
    assert_eq!(witness.settled().await.sent_away[&GoodbyeReason::ProtocolError], 4);
}

fn welcome() -> WelcomeArgs<'static> {
    WelcomeArgs {
        schema_digest: &[0; 32],
        protocol_version: 2,
        schema_mode: SchemaMode::Exact,
        connection_id: 1,
        heartbeat_interval_ms: 0,
        heartbeat_misses: 0,
        max_payload: 0,
    }
}

// One wrong message is the sender's mistake, and no reason to lose the others.
#[tokio::test]
async fn messages_that_are_none_are_counted_by_code_and_the_client_stays() {
    let registry = mycelium_bus::Registry::new().with_messages::<crate::messages::AnyMessage>().unwrap();
    let mut witness = Witness::new(config().registry(registry)).await;
    let mut peer = witness.place.client().await;
    let short = [&[0xea, 3, 15, 0, 0, 0][..], &[0; 15]].concat();
    let mut padded = framed(&text("x"));
    padded[6 + 2] = 1;
    let mut not_utf8 = framed(&text("x"));
    not_utf8[6 + 48] = 0xff;
    let unknown = [&[0x10, 0x27, 3, 0, 0, 0][..], &[0; 3]].concat();
    for bad in [&short, &padded, &not_utf8, &unknown, &unknown] {
        peer.send(&[framed(&update(1)), bad.clone(), framed(&update(2))].concat()).await;
    }
    for id in [1, 2, 1, 2, 1, 2, 1, 2, 1, 2] {
        assert_eq!(*witness.client.expect::<CounterUpdate>().await, update(id));
    }
    let stats = witness.place.endpoint.stats();
    let rejected: Vec<_> = stats.rejected.iter().map(|(code, count)| (&**code, *count)).collect();
    assert_eq!(rejected, [("length", 1), ("padding", 1), ("unknown_type", 2), ("utf8", 1)]);
    assert_eq!((stats.frames_in, stats.active, stats.undelivered), (15, 2, 0));
    drop(peer);
    witness.everything_works().await;
}

// Under the policies that drop, a client that does not read costs what its queue holds, and no more.
#[tokio::test]
async fn a_client_that_never_reads_loses_messages_alone() {
    for policy in [OverflowPolicy::DropOldest, OverflowPolicy::DropNewest, OverflowPolicy::Disconnect] {
        let limits = QueueLimits { frames: 64, bytes: 1 << 20 };
        let mut witness = Witness::new(short_drain().policy(policy).queue_limits(limits)).await;
        let deaf = witness.place.listener().await;
        let mut publisher = witness.place.bus.publisher::<TextMessage>().unwrap();
        let message = text("as long as it takes");
        for _ in 0..3000 {
            publisher.publish(&message).await.unwrap();
            assert_eq!(*witness.client.expect::<TextMessage>().await, message);
        }
        if policy == OverflowPolicy::Disconnect {
            drop(witness.settled().await);
            assert_eq!(witness.place.endpoint.stats().sent_away[&GoodbyeReason::SlowConsumer], 1);
        }
        drop(deaf);
        let outgoing = witness.settled().await.outgoing;
        assert!(outgoing.dropped > 0, "{policy}: {outgoing:?}");
        assert_eq!(outgoing.offered, outgoing.written + outgoing.dropped + outgoing.lost + outgoing.queued);
        assert_eq!(outgoing.queued, 0);
        if policy != OverflowPolicy::Disconnect {
            assert_eq!(outgoing.offered, 6000);
        }
        witness.everything_works().await;
    }
}

// `Block` means that publishers wait for a client; not forever.
#[tokio::test]
async fn a_blocking_client_that_never_reads_has_a_limit() {
    let limits = QueueLimits { frames: 64, bytes: 1 << 20 };
    let config = short_drain().policy(OverflowPolicy::Block);
    let mut witness = Witness::new(config.queue_limits(limits).stall_limit(Duration::from_millis(50))).await;
    let deaf = witness.place.listener().await;
    let mut publisher = witness.place.bus.publisher::<TextMessage>().unwrap();
    let message = text("as long as it takes");
    for _ in 0..3000 {
        soon(publisher.publish(&message)).await.unwrap();
        assert_eq!(*witness.client.expect::<TextMessage>().await, message);
    }
    let stats = witness.settled().await;
    assert_eq!((stats.sent_away[&GoodbyeReason::SlowConsumer], stats.outgoing.dropped), (1, 0));
    assert!(stats.outgoing.lost > 0);
    assert_eq!(stats.outgoing.offered, stats.outgoing.written + stats.outgoing.lost);
    drop(deaf);
    witness.everything_works().await;
}

#[tokio::test]
async fn a_client_without_a_pulse_is_given_up() {
    let heartbeat = HeartbeatConfig { interval: Duration::from_millis(20), misses: 2 };
    let mut witness = Witness::new(short().heartbeat(Some(heartbeat))).await;
    // It reads, and says nothing. The witness answers its pings while it is waited for.
    let mut still = witness.place.listener().await;
    let ending = async {
        let mut pings = 0;
        loop {
            let (type_id, payload) = still.frame().await.unwrap();
            if type_id == Goodbye::TYPE_ID {
                break (pings, Goodbye::decode(&payload).unwrap().reason());
            }
            assert_eq!(type_id, Ping::TYPE_ID);
            pings += 1;
        }
    };
    let mut publisher = witness.place.bus.publisher::<TextMessage>().unwrap();
    let (pings, reason) = tokio::select! {
        ended = ending => ended,
        _ = witness.client.expect::<TextMessage>() => unreachable!(),
    };
    assert!(pings >= 2, "{pings}");
    assert_eq!(reason, GoodbyeReason::HeartbeatMissed);
    publisher.publish(&text("still here")).await.unwrap();
    witness.client.expect::<TextMessage>().await;
    drop(still);
    let stats = witness.settled().await;
    assert!(stats.heartbeats_missed >= 2);
    assert_eq!(stats.sent_away[&GoodbyeReason::HeartbeatMissed], 1);
}

#[tokio::test]
async fn resets_are_no_news() {
    let mut witness = Witness::new(config()).await;
    let address = {
        let endpoint = config().bind_tcp(&witness.place.bus, "127.0.0.1:0").await.unwrap();
        let address = endpoint.local_addr().unwrap();
        for said in [0, 100, 202] {
            let socket = tokio::net::TcpStream::connect(address).await.unwrap();
            let mut socket = socket.into_std().unwrap();
            socket.set_nonblocking(false).unwrap();
            std::io::Write::write_all(&mut socket, &hello(SCHEMA_DIGEST, 0)[..said]).unwrap();
            if said == 202 {
                soon(endpoint.wait_until(|stats| stats.active == 1)).await;
            }
            socket2::SockRef::from(&socket).set_linger(Some(Duration::ZERO)).unwrap();
            drop(socket);
            soon(endpoint.wait_until(|stats| stats.active + stats.opening == 0 && stats.connections > 0)).await;
        }
        let stats = endpoint.stats();
        assert_eq!((stats.connections, stats.clients, stats.handshake_failures[&Disconnected]), (3, 1, 2));
        endpoint.shutdown().await;
        address
    };
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
    witness.everything_works().await;
}

#[tokio::test]
async fn five_hundred_connections_that_say_nothing_keep_nobody_out() {
    let mut witness = Witness::new(config().max_clients(3)).await;
    let mut silent = Vec::new();
    for _ in 0..600 {
        silent.push(witness.place.peer().await);
    }
    let mut newcomer = witness.place.listener().await;
    let mut publisher = witness.place.bus.publisher::<CounterUpdate>().unwrap();
    publisher.publish(&update(1)).await.unwrap();
    assert_eq!(*newcomer.expect::<CounterUpdate>().await, update(1));
    assert_eq!(*witness.client.expect::<CounterUpdate>().await, update(1));
    // The oldest made room.
    let stats = witness.place.endpoint.stats();
    assert!(stats.handshake_failures[&Refused(RejectReason::Capacity)] >= 80, "{stats:?}");
    silent[0].expect_end().await;
    drop((silent, newcomer));
    witness.everything_works().await;
    let stats = witness.settled().await;
    assert_eq!(stats.connections, stats.clients + stats.handshake_failures.values().sum::<u64>());
}

// Clients that were refused and do not go must not take the place of others, nor descriptors without end.
#[tokio::test]
async fn refused_clients_that_stay_are_closed() {
    let mut witness = Witness::new(config()).await;
    let mut refused = Vec::new();
    for _ in 0..600 {
        let mut peer = witness.place.peer().await;
        peer.send(&hello([1; 32], 0)).await;
        refused.push(peer);
    }
    let opening = |stats: &EndpointStats| stats.opening <= 513;
    soon(witness.place.endpoint.wait_until(opening)).await;
    drop(refused);
    witness.everything_works().await;
}

// With two bytes it is known that a client speaks version 2 and can be told of its refusal; it must not be waited for,
// out of sight, until its handshake would have been over.
#[tokio::test]
async fn half_spoken_connections_that_make_room_are_gone_at_once() {
    let mut witness = Witness::new(config().handshake_deadline(Duration::from_secs(3600))).await;
    let mut begun = Vec::new();
    for _ in 0..600 {
        let mut peer = witness.place.peer().await;
        peer.send(&hello(SCHEMA_DIGEST, 0)[..2]).await;
        begun.push(peer);
    }
    let all = |stats: &EndpointStats| stats.connections == 601 && stats.opening <= 512;
    soon(witness.place.endpoint.wait_until(all)).await;
    // They are told nevertheless.
    assert_eq!(begun[0].expect::<Reject>().await.reason(), RejectReason::Capacity);
    begun[0].expect_goodbye().await;
    drop(begun);
    witness.everything_works().await;
    assert_eq!(witness.settled().await.handshake_failures[&Refused(RejectReason::Capacity)], 88);
}

// A flood of requests whose answers nobody reads must not become memory.
#[tokio::test]
async fn requests_without_end_are_cut_off() {
    let mut witness = Witness::new(short_drain()).await;
    let mut peer = witness.place.client().await;
    let requests = core::<Subscribe>(SubscribeArgs { all: true, type_ids: &[], request: 1 }).repeat(2000);
    soon(async {
        // Until the bridge takes no more, or says goodbye behind the answers.
        for _ in 0..100 {
            if peer.socket.write_all(&requests).await.is_err() {
                break;
            }
        }
    })
    .await;
    drop(peer);
    let stats = witness.settled().await;
    assert_eq!(stats.sent_away[&GoodbyeReason::SlowConsumer], 1);
    witness.everything_works().await;
}

#[tokio::test]
async fn bad_messages_of_redacted_types_are_counted_like_others() {
    let witness = Witness::new(config()).await;
    let mut peer = witness.place.client().await;
    let secret = crate::messages::Secret::TYPE_ID.to_le_bytes();
    peer.send(&[&secret[..], &[1, 0, 0, 0, 9], &framed(&update(1))].concat()).await;
    let mut client = witness.client;
    assert_eq!(*client.expect::<CounterUpdate>().await, update(1));
    assert_eq!(witness.place.endpoint.stats().rejected["length"], 1);
}
