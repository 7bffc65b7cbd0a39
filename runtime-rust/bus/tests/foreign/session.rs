//! "After the handshake": subscribing, publishing, heartbeats, what is dropped, what is refused.

use std::time::Duration;

use mycelium_bus::protocol::HeartbeatConfig;
use mycelium_bus::{OverflowPolicy, QueueLimits};

use crate::bridge::{bridge, config};
use crate::client::*;

#[test]
fn a_client_receives_what_it_asks_for() {
    let bridge = bridge(config());
    let mut client = bridge.client();
    bridge.publish_update(1);
    assert_eq!(client.subscribe(SUBSCRIBE, false, &[COUNTER_UPDATE], u64::MAX), 1);
    bridge.publish_text("Alice", "not asked for", 1);
    bridge.publish_update(2);
    client.expect_frame(&counter_update(2, -5, -6));

    // It adds; what is there twice is there once, and what nobody has may be asked for.
    assert_eq!(client.subscribe(SUBSCRIBE, false, &[TEXT_MESSAGE, COUNTER_UPDATE, 40_000], 2), 3);
    bridge.publish_text("Alice", "hello", 2);
    client.expect_frame(&text_message("Alice", "hello", 2));
    assert_eq!(client.subscribe(UNSUBSCRIBE, false, &[COUNTER_UPDATE, BATCH_OPERATION], 3), 2);
    bridge.publish_update(3);
    bridge.publish_text("Alice", "again", 3);
    client.expect_frame(&text_message("Alice", "again", 3));

    // Every type, of which some can be taken away.
    assert_eq!(client.subscribe(SUBSCRIBE, true, &[], 4), 3);
    assert_eq!(client.subscribe(UNSUBSCRIBE, false, &[TEXT_MESSAGE], 5), 2);
    bridge.publish_text("Alice", "not wanted", 4);
    bridge.publish_update(4);
    client.expect_frame(&counter_update(4, -5, -6));
    assert_eq!(client.subscribe(UNSUBSCRIBE, true, &[], 6), 0);
    bridge.publish_update(5);
    client.settle();
}

// The bytes are those of `golden/`, composed by hand.
#[test]
fn messages_go_to_everybody_but_their_sender() {
    let bridge = bridge(config());
    let mut texts = bridge.texts();
    let (mut one, mut other) = (bridge.listener(), bridge.tcp());
    other.send(&version_2(digest(), 0));
    other.expect_welcome();
    other.subscribe(SUBSCRIBE, true, &[], 1);
    let hello = text_message("Alice", "Grüße aus Köln: 3 € 😀", 1_700_000_000);
    let golden = include_bytes!("../../../../golden/reference/TextMessage/typical.bin");
    assert_eq!(hello[6..], golden[..]);
    one.send(&hello);
    other.expect_frame(&hello);
    let text = bridge.run(texts.recv()).unwrap();
    assert_eq!((text.sender(), text.timestamp()), ("Alice", 1_700_000_000));
    one.settle();

    let update = counter_update(7, -5, -6);
    for byte in &update {
        other.send(&[*byte]);
    }
    one.expect_frame(&update);
    other.settle();
}

#[test]
fn payloads_that_do_not_decode_go_nowhere_and_the_client_stays() {
    let bridge = bridge(config());
    let (mut client, mut listener) = (bridge.client(), bridge.listener());
    let good = text_message("Bob", "hi", 1);
    let mut no_sender = good.clone();
    no_sender[6] = 0;
    no_sender[14..17].fill(0);
    let mut padded = good.clone();
    padded[8] = 1;
    let short = frame(TEXT_MESSAGE, &good[6..317]);
    let long = frame(TEXT_MESSAGE, &[&good[6..], &[0]].concat());
    let unknown = frame(40_000, b"whatever");
    client.send(&[no_sender, padded, short, long, unknown, good.clone()].concat());
    listener.expect_frame(&good);
    client.settle();
    assert_eq!(bridge.stats().rejected.values().sum::<u64>(), 5);
}

#[test]
fn pings_come_and_are_answered() {
    let interval = Duration::from_millis(20);
    let heartbeat = HeartbeatConfig { interval, misses: 10_000 };
    let bridge = bridge(config().heartbeat(Some(heartbeat)));
    let mut client = bridge.unix();
    client.send(&version_2(digest(), 0));
    let welcome = client.expect_welcome();
    assert_eq!((welcome.heartbeat_interval_ms, welcome.heartbeat_misses), (20, 10_000));
    for _ in 0..3 {
        let nonce = u64_at(&client.expect(PING), 0);
        client.send(&pong(nonce));
    }
    // One that nobody has asked for is a sign of life as any other.
    client.send(&pong(42));
    client.expect(PING);
}

#[test]
fn who_gives_no_sign_of_life_is_sent_away() {
    let heartbeat = HeartbeatConfig { interval: Duration::from_millis(10), misses: 2 };
    let bridge = bridge(config().heartbeat(Some(heartbeat)));
    let mut client = bridge.unix();
    client.send(&version_2(digest(), 0));
    client.expect_welcome();
    loop {
        match client.hear() {
            Heard::Frame(PING, _) => {}
            Heard::Frame(GOODBYE, goodbye) => break assert_eq!(u16_at(&goodbye, 0), 6),
            other => panic!("{other:?}"),
        }
    }
    client.expect_end();
}

// What came, and what the last word about what was dropped says, is what was published.
#[test]
fn a_client_that_does_not_read_is_told_what_it_missed() {
    const PUBLISHED: u64 = 50_000;
    let limits = QueueLimits { frames: 8, bytes: 1 << 16 };
    for policy in [OverflowPolicy::DropOldest, OverflowPolicy::DropNewest] {
        let mut bridge = bridge(config().policy(policy).queue_limits(limits));
        let mut client = bridge.listener();
        bridge.publish_updates(PUBLISHED);
        let done = bridge.shut_down();
        let (mut came, mut dropped, mut next) = (0, 0, 0);
        loop {
            match client.hear() {
                Heard::Frame(COUNTER_UPDATE, payload) => {
                    let id = u64_at(&payload, 0);
                    assert!(id >= next, "{id} after {next}");
                    (came, next) = (came + 1, id + 1);
                }
                Heard::Frame(DROPPED, payload) => {
                    assert!(u64_at(&payload, 0) > dropped);
                    dropped = u64_at(&payload, 0);
                }
                Heard::Frame(GOODBYE, goodbye) => break assert_eq!(u16_at(&goodbye, 0), 1),
                other => panic!("{other:?}"),
            }
        }
        client.expect_end();
        drop(client);
        assert!(dropped > 0);
        assert_eq!(came + dropped, PUBLISHED);
        bridge.run(done).unwrap();
    }
}
