//! "Goodbye", in both directions, and what ends a connection.

use std::time::Duration;

use crate::bridge::{bridge, config};
use crate::client::*;

// The client publishes, leaves, and reads to the end; nothing of it is lost, nor of what was queued for it.
#[test]
fn a_client_leaves_and_everything_arrives() {
    let bridge = bridge(config());
    for kind in 0..2 {
        let mut listener = bridge.listener();
        let mut client = bridge.both().into_iter().nth(kind).unwrap();
        client.send(&version_2(digest(), 0));
        client.expect_welcome();
        client.subscribe(SUBSCRIBE, false, &[TEXT_MESSAGE], 1);
        bridge.publish_text("Alice", "before you go", 1);
        for id in 0..100 {
            client.send(&counter_update(id, 1, 2));
        }
        client.send(&goodbye());
        client.end_writing();
        // The bridge finishes, and says no goodbye of its own.
        client.expect_frame(&text_message("Alice", "before you go", 1));
        client.expect_end();
        listener.expect_frame(&text_message("Alice", "before you go", 1));
        for id in 0..100 {
            listener.expect_frame(&counter_update(id, 1, 2));
        }
    }
}

// The bridge ends writing as soon as it has finished, however long the client keeps its half.
#[test]
fn nothing_is_made_of_what_follows_a_goodbye() {
    let bridge = bridge(config());
    let (mut client, mut listener) = (bridge.client(), bridge.listener());
    client.send(&[counter_update(1, 2, 3), goodbye(), counter_update(4, 5, 6), frame(0, &[])].concat());
    client.expect_end();
    drop(client);
    listener.expect_frame(&counter_update(1, 2, 3));
    bridge.wait_until(|stats| stats.active == 1);
    listener.settle();
}

// As after a goodbye.
#[test]
fn a_client_may_end_writing_without_a_word() {
    let bridge = bridge(config());
    let (mut client, mut listener) = (bridge.listener(), bridge.listener());
    bridge.publish_update(1);
    client.send(&counter_update(2, 0, 0));
    client.end_writing();
    client.expect_frame(&counter_update(1, -5, -6));
    client.expect_end();
    listener.expect_frame(&counter_update(1, -5, -6));
    listener.expect_frame(&counter_update(2, 0, 0));
}

// What the client still has to say when the bridge has said goodbye is heard.
#[test]
fn the_bridge_leaves_and_everything_arrives() {
    let mut bridge = bridge(config());
    let mut texts = bridge.texts();
    let mut client = bridge.listener();
    bridge.publish_updates(1000);
    let done = bridge.shut_down();
    for id in 0..1000 {
        client.expect_frame(&counter_update(id, -5, -6));
    }
    assert_eq!(client.expect_goodbye(), 1);
    client.send(&text_message("Bob", "my last", 1));
    client.send(&goodbye());
    client.end_writing();
    assert_eq!(bridge.run(texts.recv()).unwrap().content(), "my last");
    bridge.run(done).unwrap();
}

#[test]
fn a_frame_that_is_too_long_ends_the_connection() {
    let bridge = bridge(config().max_payload(1000));
    for length in [1001u32, 4_194_305, u32::MAX] {
        let (mut client, mut listener) = (bridge.client(), bridge.listener());
        // The header is enough.
        let header = [&TEXT_MESSAGE.to_le_bytes()[..], &length.to_le_bytes()].concat();
        client.send(&[counter_update(1, 2, 3), header].concat());
        assert_eq!(client.expect_goodbye(), 4);
        listener.expect_frame(&counter_update(1, 2, 3));
    }
    // That is a length like any other, and only the type's size says otherwise.
    let mut client = bridge.client();
    client.send(&frame(TEXT_MESSAGE, &[0; 1000]));
    client.settle();
}

#[test]
fn core_frames_that_are_not_a_clients_to_send_end_the_connection() {
    let bridge = bridge(config());
    let hello = client_hello(digest(), 2, 0);
    let mut padded = subscription(SUBSCRIBE, true, &[], 1);
    padded[7] = 1;
    let bad = [
        frame(1, &hello),
        frame(WELCOME, &[0; 64]),
        frame(REJECT, &[0; 242]),
        summary(&[], true),
        frame(PING, &[0; 8]),
        frame(SUBSCRIBED, &[0; 16]),
        frame(DROPPED, &[0; 8]),
        frame(12, &[]),
        frame(99, &[]),
        // Of the wrong length, and what does not decode.
        frame(SUBSCRIBE, &[0; 535]),
        frame(PONG, &[0; 9]),
        padded,
        frame(GOODBYE, &[0; 210]),
        // No type.
        frame(0, &[]),
    ];
    for bad in bad {
        let (mut client, mut listener) = (bridge.client(), bridge.listener());
        client.send(&[counter_update(1, 2, 3), bad].concat());
        assert_eq!(client.expect_goodbye(), 3);
        listener.expect_frame(&counter_update(1, 2, 3));
    }
}

#[test]
fn a_client_that_has_nothing_to_do_is_sent_away() {
    let bridge = bridge(config().idle_limit(Some(Duration::from_millis(30))));
    let mut client = bridge.client();
    assert_eq!(client.expect_goodbye(), 5);
}
