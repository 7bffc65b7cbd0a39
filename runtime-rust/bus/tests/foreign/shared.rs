//! "Handshake", mode `Shared`.

use std::time::Duration;

use crate::bridge::{Bridge, bridge, config};
use crate::client::*;

/// What an older client has: one type as the bridge, one that has changed, one that the bridge has no more.
fn older_types() -> Vec<Entry> {
    let [text, update, _] = <[Entry; 3]>::try_from(reference_types()).unwrap();
    vec![text, Entry { fingerprint: [1; 8], ..update }, entry(1500, [2; 8], "Forgotten")]
}

fn shared(bridge: &Bridge) -> Client {
    let mut client = bridge.unix();
    client.send(&version_2([7; 32], SHARED));
    let welcome = client.expect_welcome();
    assert_eq!((welcome.digest, welcome.mode), (digest(), 2));
    assert_eq!(client.expect_summaries(), reference_types());
    client
}

#[test]
fn types_with_equal_fingerprints_flow_and_no_others() {
    let bridge = bridge(config().allow_shared_schema(true));
    let mut client = shared(&bridge);
    client.send(&summary(&older_types(), true));
    assert_eq!(client.subscribe(SUBSCRIBE, true, &[], 1), 1);
    bridge.publish_update(1);
    bridge.publish_text("Alice", "hello", 3);
    client.expect_frame(&text_message("Alice", "hello", 3));

    // The other way: one that the bridge would take for something else, one that it does not know, one that it shares.
    let mut listener = bridge.listener();
    client.send(&[counter_update(1, 2, 3), frame(1500, &[1]), text_message("Bob", "hi", 4)].concat());
    listener.expect_frame(&text_message("Bob", "hi", 4));
    client.settle();
}

// A type is shared once both have told everything.
#[test]
fn nothing_flows_before_the_last_summary() {
    let bridge = bridge(config().allow_shared_schema(true));
    let mut client = shared(&bridge);
    let mut listener = bridge.listener();
    let types = older_types();
    assert_eq!(client.subscribe(SUBSCRIBE, true, &[], 1), 0);
    client.send(&summary(&types[..1], false));
    client.send(&text_message("Bob", "too early", 4));
    client.settle();
    bridge.publish_text("Alice", "too early", 3);
    listener.expect_frame(&text_message("Alice", "too early", 3));
    client.send(&[summary(&types[1..], true), text_message("Bob", "now", 4)].concat());
    listener.expect_frame(&text_message("Bob", "now", 4));
    client.settle();
    bridge.publish_text("Alice", "now", 3);
    client.expect_frame(&text_message("Alice", "now", 3));
}

#[test]
fn equal_digests_are_exact_whatever_the_client_can() {
    let bridge = bridge(config().allow_shared_schema(true));
    let mut client = bridge.unix();
    client.send(&version_2(digest(), SHARED));
    assert_eq!(client.expect_welcome().mode, 1);
    client.send(&summary(&older_types(), true));
    assert_eq!(client.expect_goodbye(), 3);
}

#[test]
fn summaries_are_ordered_end_once_and_are_not_waited_for_forever() {
    let bridge = bridge(config().allow_shared_schema(true));
    let types = older_types();
    let [first, second] = [&types[..1], &types[1..]];
    let bad = [
        vec![summary(second, false), summary(first, true)],
        vec![summary(&[types[0].clone(), types[0].clone()], true)],
        vec![summary(first, true), summary(second, true)],
        vec![summary(first, true), summary(&[], true)],
    ];
    for bad in bad {
        let mut client = shared(&bridge);
        client.send(&bad.concat());
        assert_eq!(client.expect_goodbye(), 3);
    }
    let bridge = crate::bridge::bridge(config().allow_shared_schema(true).handshake_deadline(Duration::from_secs(2)));
    let mut client = shared(&bridge);
    client.send(&summary(first, false));
    assert_eq!(client.expect_goodbye(), 3);
}

#[test]
fn a_client_without_types_says_so() {
    let bridge = bridge(config().allow_shared_schema(true));
    let mut client = shared(&bridge);
    client.send(&summary(&[], true));
    assert_eq!(client.subscribe(SUBSCRIBE, true, &[], 1), 0);
}
