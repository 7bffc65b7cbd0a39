//! What a contract that is known at run time lets through. The client speaks the protocol's first version: a digest, and
//! then frames.

use std::io::Write;
use std::os::unix::net::UnixStream;

use serde_json::Value;

use crate::messages::{CounterUpdate, CounterUpdateArgs, SCHEMA_DIGEST, TextMessage, TextMessageArgs};
use crate::place::Place;

fn connect(place: &Place) -> UnixStream {
    let mut client = UnixStream::connect(place.path("bus.sock")).expect("a connection");
    client.write_all(&[&[32, 0], &SCHEMA_DIGEST[..]].concat()).expect("a handshake");
    client
}

fn frame(type_id: u16, payload: &[u8]) -> Vec<u8> {
    [&type_id.to_le_bytes()[..], &(payload.len() as u32).to_le_bytes(), payload].concat()
}

/// The endpoint's part of the status, once so many frames have come.
fn after(place: &Place, frames: u64) -> Value {
    loop {
        let endpoint = place.status()["endpoints"][0].clone();
        if endpoint["frames_in"] == frames {
            return endpoint;
        }
        std::thread::yield_now();
    }
}

fn frames() -> Vec<u8> {
    let text = TextMessage::new(TextMessageArgs { sender: "ada", content: "hello", timestamp: 1 }).expect("a message");
    let update = CounterUpdate::new(CounterUpdateArgs { counter_id: 1, value: 1, delta: 1 }).expect("a message");
    let mut empty_sender = text.as_bytes().to_vec();
    empty_sender[..40].fill(0);
    let mut not_utf8 = text.as_bytes().to_vec();
    not_utf8[8] = 0xff;
    let mut padded = text.as_bytes().to_vec();
    padded[3] = 1;
    [
        frame(1001, text.as_bytes()),
        frame(1001, &empty_sender),
        frame(1001, &not_utf8),
        frame(1002, update.as_bytes()),
        frame(1001, &padded),
        frame(1002, &update.as_bytes()[1..]),
        frame(9000, b"?"),
        frame(1002, update.as_bytes()),
    ]
    .concat()
}

// Without this, a bridge would pass on what breaks its contract, or keep back what does not.
#[test]
fn what_breaks_the_contract_goes_nowhere() {
    let place = Place::with("");
    let running = place.ready(&[]);
    connect(&place).write_all(&frames()).expect("frames");
    let endpoint = after(&place, 8);
    let rejected = serde_json::json!({ "length": 1, "padding": 1, "rule:not_empty": 1, "unknown_type": 1, "utf8": 1 });
    assert_eq!((&endpoint["rejected"], &endpoint["connections"]), (&rejected, &1.into()));
    let log = running.stop();
    assert!(log.contains("code=\"rule:not_empty\" path=\"sender\""), "{log}");
}

#[test]
fn types_that_are_not_in_the_contract_may_be_forwarded() {
    let place = Place::with("endpoint: { unknown_types: forward }\n");
    let running = place.ready(&[]);
    connect(&place).write_all(&frames()).expect("frames");
    let rejected = serde_json::json!({ "length": 1, "padding": 1, "rule:not_empty": 1, "utf8": 1 });
    assert_eq!(after(&place, 8)["rejected"], rejected);
    running.stop();
}

#[test]
fn without_a_contract_everything_is_forwarded() {
    let place = Place::new();
    let digest: String = SCHEMA_DIGEST.iter().map(|byte| format!("{byte:02x}")).collect();
    place.write("bridge.yaml", &format!("digest: {digest}\nsocket: bus.sock\n"));
    let running = place.ready(&[]);
    connect(&place).write_all(&frames()).expect("frames");
    assert_eq!(after(&place, 8)["rejected"], serde_json::json!({}));
    running.stop();
}
