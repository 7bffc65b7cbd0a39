//! "Version 1".

use std::time::Duration;

use mycelium_bus::protocol::HeartbeatConfig;

use crate::bridge::{Bridge, bridge, config};
use crate::client::*;

/// A client of version 1. It is not answered, but the bridge streams before it takes the first frame.
fn let_in(bridge: &Bridge) -> Client {
    let mut texts = bridge.texts();
    let mut client = bridge.unix();
    client.send(&[version_1(digest()), text_message("Bob", "here I am", 1)].concat());
    assert_eq!(bridge.run(texts.recv()).unwrap().content(), "here I am");
    client
}

#[test]
fn every_type_is_streamed_and_nothing_else() {
    // What version 2 would be asked and told.
    let heartbeat = HeartbeatConfig { interval: Duration::from_millis(1), misses: 1 };
    let limit = Some(Duration::from_millis(1));
    let mut bridge = bridge(config().heartbeat(Some(heartbeat)).idle_limit(limit));
    let mut client = let_in(&bridge);
    // One of version 2 is long gone by the time that it is sent away.
    let mut idle = bridge.unix();
    idle.send(&version_2(digest(), 0));
    idle.expect_welcome();
    while idle.hear() != Heard::End {}
    drop(idle);

    bridge.publish_text("Alice", "hello", 3);
    bridge.publish_update(7);
    client.expect_frame(&text_message("Alice", "hello", 3));
    client.expect_frame(&counter_update(7, -5, -6));
    // The other way.
    let mut texts = bridge.texts();
    client.send(&text_message("Bob", "hello yourself", 4));
    let text = bridge.run(texts.recv()).unwrap();
    assert_eq!((text.sender(), text.content(), text.timestamp()), ("Bob", "hello yourself", 4));
    bridge.publish_update(8);
    let done = bridge.shut_down();
    client.expect_frame(&counter_update(8, -5, -6));
    client.expect_end();
    drop(client);
    bridge.run(done).unwrap();
}

#[test]
fn another_digest_is_closed_without_a_word() {
    let bridge = bridge(config().allow_shared_schema(true));
    for mut client in bridge.both() {
        client.send(&version_1([7; 32]));
        client.expect_end();
    }
}

#[test]
fn core_frames_and_what_has_no_next_frame_are_closed_without_a_word() {
    let bridge = bridge(config());
    let too_long = [&TEXT_MESSAGE.to_le_bytes()[..], &4_194_305u32.to_le_bytes()].concat();
    let nothing = frame(0, &[]);
    for bad in [pong(1), subscription(SUBSCRIBE, true, &[], 1), goodbye(), frame(99, &[]), nothing, too_long] {
        for mut client in bridge.both() {
            client.send(&version_1(digest()));
            client.send(&bad);
            client.expect_end();
        }
    }
}

#[test]
fn a_client_that_has_ended_writing_gets_what_was_queued() {
    let bridge = bridge(config());
    let mut client = let_in(&bridge);
    let mut texts = bridge.texts();
    bridge.publish_updates(100);
    client.send(&text_message("Bob", "the last", 1));
    client.end_writing();
    for id in 0..100 {
        client.expect_frame(&counter_update(id, -5, -6));
    }
    client.expect_end();
    assert_eq!(bridge.run(texts.recv()).unwrap().content(), "the last");
}
