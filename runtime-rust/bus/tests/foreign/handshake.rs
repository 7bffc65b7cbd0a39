//! "Handshake", version 2.

use std::time::Duration;

use crate::bridge::{bridge, config};
use crate::client::*;

#[test]
fn equal_digests_are_welcome() {
    let bridge = bridge(config().max_payload(100_000));
    let mut ids = Vec::new();
    for mut client in bridge.both() {
        client.send(&version_2(digest(), 0));
        let welcome = client.expect_welcome();
        assert_eq!((welcome.digest, welcome.protocol_version, welcome.mode), (digest(), 2, 1));
        assert_eq!((welcome.heartbeat_interval_ms, welcome.max_payload), (0, 100_000));
        ids.push(welcome.connection_id);
    }
    assert_ne!(ids[0], ids[1]);
}

// The bridge speaks 2 with a client of a later version, and leaves aside what that adds to the hello.
#[test]
fn later_versions_and_what_they_add_are_taken() {
    let bridge = bridge(config());
    for extra in [0, 1, 824] {
        let mut client = bridge.unix();
        let mut hello = client_hello(digest(), 7, 0xffff_fffd);
        hello.resize(hello.len() + extra, 0xaa);
        client.send(&opening(&hello));
        assert_eq!(client.expect_welcome().protocol_version, 2);
    }
}

#[test]
fn an_opening_may_come_in_pieces_and_frames_right_behind_it() {
    let bridge = bridge(config());
    let mut client = bridge.tcp();
    for byte in version_2(digest(), 0) {
        client.send(&[byte]);
    }
    client.expect_welcome();

    let mut client = bridge.unix();
    client.send(&[version_2(digest(), 0), subscription(SUBSCRIBE, true, &[], 9)].concat());
    client.expect_welcome();
    assert_eq!(u64_at(&client.expect(SUBSCRIBED), 0), 9);
}

// The client learns what differs: it has everything to compare.
#[test]
fn another_digest_is_refused_with_the_bridges_types() {
    let bridge = bridge(config());
    for (capabilities, mut client) in [0, SHARED].into_iter().zip(bridge.both()) {
        client.send(&version_2([7; 32], capabilities));
        assert_eq!(client.expect_reject(), (1, digest()));
        assert_eq!(client.expect_summaries(), reference_types());
        assert_eq!(client.expect_goodbye(), 3);
    }
    // Where the endpoint would share, and the client would not.
    let bridge = crate::bridge::bridge(config().allow_shared_schema(true));
    let mut client = bridge.unix();
    client.send(&version_2([7; 32], 0));
    assert_eq!(client.expect_reject().0, 1);
    assert_eq!(client.expect_summaries().len(), 3);
    assert_eq!(client.expect_goodbye(), 3);
}

// The bridge does not know whom it talks to, and so says nothing. The two bytes are enough.
#[test]
fn lengths_of_no_version_are_closed_without_a_word() {
    let bridge = bridge(config());
    for length in [0u16, 1, 31, 33, 199, 1025, 51_200, 65_535] {
        for mut client in bridge.both() {
            client.send(&length.to_le_bytes());
            client.expect_end();
        }
    }
    bridge.client();
}

#[test]
fn hellos_that_do_not_decode_are_told_so() {
    let bridge = bridge(config());
    let good = client_hello(digest(), 2, 0);
    let patched = |at: usize, value: u8| {
        let mut hello = good.clone();
        hello[at] = value;
        hello
    };
    let cases = [
        (patched(32, 1), 2),
        (patched(32, 0), 2),
        // Padding after the version, the name's length, the zeros behind it, its text.
        (patched(34, 1), 3),
        (patched(40, 65), 3),
        (patched(42, 1), 3),
        (patched(48, 0xff), 3),
        (patched(111, 1), 3),
    ];
    for (hello, reason) in cases {
        let mut client = bridge.unix();
        client.send(&opening(&hello));
        assert_eq!(client.expect_reject(), (reason, digest()));
        assert_eq!(client.expect_goodbye(), 3);
    }
}

#[test]
fn a_hello_that_does_not_come_is_not_waited_for() {
    let bridge = bridge(config().handshake_deadline(Duration::from_secs(2)));
    let started = |part: &[u8]| {
        let mut client = bridge.unix();
        client.send(part);
        client
    };
    let hello = version_2(digest(), 0);
    let told = [started(&hello[..2]), started(&hello[..201])];
    // Neither version can be told, or there is none yet.
    let closed = [started(&[]), started(&[200]), started(&[32, 0]), started(&[32, 0, 1])];
    for mut client in told {
        assert_eq!(client.expect_reject(), (8, digest()));
        assert_eq!(client.expect_goodbye(), 3);
    }
    for mut client in closed {
        client.expect_end();
    }
}

#[test]
fn one_client_too_many_is_told_so() {
    let bridge = bridge(config().max_clients(1));
    let _first = bridge.client();
    let mut client = bridge.unix();
    client.send(&version_2(digest(), 0));
    assert_eq!(client.expect_reject(), (4, digest()));
    assert_eq!(client.expect_goodbye(), 3);
}
