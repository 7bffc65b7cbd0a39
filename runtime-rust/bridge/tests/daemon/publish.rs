//! Publishing what is given as JSON.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use serde_json::{Value, json};

use crate::place::Place;

const TEXT: &str = r#"{"sender":"ada","content":"hello","timestamp":"1"}"#;

#[test]
fn what_is_published_is_received() {
    let place = Place::with("");
    let running = place.ready(&[]);
    let mut tap = place.command(["tap", "--config", "bridge.yaml", "--count", "4"]);
    let mut tap = tap.stdout(Stdio::piped()).spawn().expect("it runs");
    while place.status()["endpoints"][0]["clients"] != 1 {
        std::thread::yield_now();
    }
    let mut lines = BufReader::new(tap.stdout.take().expect("a pipe")).lines();
    // It has subscribed once it prints one.
    let ended = loop {
        let ended = place.run(["publish", "--config", "bridge.yaml", "TextMessage", TEXT]).exits(0);
        if place.status()["endpoints"][0]["frames_out"] != 0 {
            break ended;
        }
    };
    assert_eq!(ended.stdout, "published 1 message TextMessage: type 1001, topic examples, 312 bytes\n");
    assert_eq!(ended.stderr, "");
    let mut next = || -> Value { serde_json::from_str(&lines.next().expect("a line").expect("a line")).expect("JSON") };
    assert_eq!(next()["payload"]["content"], "hello");
    // Several, from stdin, to the socket; and one that may not be looked at.
    let updates = r#"{"counter_id":"7","value":1,"delta":1} {"counter_id":"7","value":2,"delta":1}"#;
    let arguments = ["publish", "--contracts", "contracts.yaml", "--socket", "bus.sock", "CounterUpdate"];
    let ended = place.run_with(updates, arguments).exits(0);
    assert_eq!(ended.stdout, "published 2 messages CounterUpdate: type 1002, topic examples, 16 bytes\n");
    place.run(["publish", "--config", "bridge.yaml", "Secret", r#"{"key":"hunter2"}"#]).exits(0);
    assert_eq!(next()["payload"], json!({ "counter_id": "7", "value": 1, "delta": 1 }));
    assert_eq!(next()["payload"]["value"], 2);
    assert_eq!(next()["redacted"], true);
    assert_eq!(tap.wait().expect("an end").code(), Some(0));
    assert_eq!(place.status()["endpoints"][0]["rejected"], json!({}));
    running.stop();
}

#[test]
fn what_the_contract_refuses_is_not_published() {
    let place = Place::with("");
    let running = place.ready(&[]);
    let publish = |json: &str| place.run_with(json, ["publish", "--config", "bridge.yaml", "TextMessage"]);
    let example = "help: a TextMessage is written so: {\"sender\":\"";
    for (json, words) in [
        (format!("{TEXT}\n{}", TEXT.replace("ada", "")), "message 2 is no TextMessage: sender: rule:not_empty"),
        (TEXT.replace("\"1\"", "-1"), "message 1 is no TextMessage: timestamp: range"),
        (TEXT.replace("content", "contents"), "message 1 is no TextMessage: contents: unknown_field"),
        (r#"{"sender":"ada"}"#.into(), "message 1 is no TextMessage: content: missing_field"),
        ("hello".into(), "message 1 is no TextMessage: expected value at line 1 column 1"),
        ("{".into(), "message 1 is no TextMessage: EOF"),
        (" \n".into(), "there is no JSON"),
    ] {
        publish(&json).exits(1).says(&[words, example]);
    }
    let config = ["publish", "--config", "bridge.yaml"];
    place.run([&config[..], &["TextMesage", TEXT]].concat()).exits(2).says(&["did you mean `TextMessage`?"]);
    place.run(["publish", "--socket", "bus.sock", "TextMessage", TEXT]).exits(2).says(&["--contracts FILE"]);
    place.run(["publish", "--contracts", "contracts.yaml", "TextMessage", TEXT]).exits(2).says(&["--socket PATH"]);
    let contract = std::fs::read_to_string(place.path("contracts.yaml")).expect("the contract");
    place.write("other.yaml", &contract.replace("value: i32", "value: i64"));
    let other = ["publish", "--config", "bridge.yaml", "--contracts", "other.yaml", "TextMessage", TEXT];
    place.run(other).exits(3).says(&["another contract", "CounterUpdate differs"]);
    assert_eq!(place.status()["endpoints"][0]["frames_in"], 0);
    running.stop();
    place.run([&config[..], &["TextMessage", TEXT]].concat()).exits(3).says(&["cannot connect to bus.sock"]);
}

// Two versions of a contract, as in a rolling upgrade.
#[test]
fn a_message_that_both_versions_share_is_published() {
    let place = Place::with("");
    let running = place.ready(&["--share", "true"]);
    let contract = std::fs::read_to_string(place.path("contracts.yaml")).expect("the contract");
    place.write("other.yaml", &contract.replace("value: i32", "value: i64"));
    let other = ["publish", "--config", "bridge.yaml", "--contracts", "other.yaml", "--share"];
    place.run([&other[..], &["TextMessage", TEXT]].concat()).exits(0);
    let update = r#"{"counter_id":"7","value":"1","delta":1}"#;
    let ended = place.run([&other[..], &["CounterUpdate", update]].concat()).exits(3);
    ended.says(&[
        "error: no CounterUpdate passes between the two contracts: it differs in the bridge's contract",
        "help: name the bridge's contract with --contracts FILE",
    ]);
    assert_eq!(place.status()["endpoints"][0]["frames_in"], 1);
    running.stop();
}

// What helps is said, and only where it does.
#[test]
fn sharing_is_suggested_where_it_helps() {
    let place = Place::with("");
    let running = place.ready(&[]);
    let contract = std::fs::read_to_string(place.path("contracts.yaml")).expect("the contract");
    place.write("other.yaml", &contract.replace("value: i32", "value: i64"));
    let other = ["--config", "bridge.yaml", "--contracts", "other.yaml"];
    let publish = |arguments: &[&str]| place.run([&["publish"], &other[..], arguments].concat()).exits(3);
    let share =
        "help: TextMessage is the same in both: add --share, which the bridge has to allow (`endpoint.share: true`)";
    publish(&["TextMessage", TEXT]).says(&["another contract", "CounterUpdate differs", share]);
    publish(&["TextMessage", TEXT, "--share"]).says(&["another contract", "help: this bridge lets nobody share"]);
    let ended = publish(&["CounterUpdate", r#"{"counter_id":"7","value":"1","delta":1}"#]);
    assert!(!ended.stderr.contains("--share"), "{}", ended.stderr);
    let tap = |arguments: &[&str]| place.run([&["tap"], &other[..], arguments].concat()).exits(3);
    tap(&[]).says(&["help: 5 messages are the same in both: add --share"]);
    assert!(!tap(&["--message", "CounterUpdate"]).stderr.contains("--share"));
    running.stop();
}

// Words about what is wrong go into logs.
#[test]
fn redacted_values_are_not_repeated() {
    let place = Place::with("");
    for (json, words) in [
        (r#"{"key":7531}"#, "message 1 is no Secret: key: kind: a string was expected\n"),
        (
            r#"{"hunter2":"key"}"#,
            "message 1 is no Secret: unknown_field: there is no such field; the fields are: key\n",
        ),
        (r#"{"key":"hunter2hunter2hunter2hunter2hunter2"}"#, "message 1 is no Secret: key: count\n"),
        (r#"{"key":"hunter2"} {"key":""}"#, "message 2 is no Secret: key: rule:not_empty: is empty\n"),
    ] {
        let ended = place.run_with(json, ["publish", "--config", "bridge.yaml", "Secret"]).exits(1);
        assert!(!ended.stderr.contains("7531") && !ended.stderr.contains("hunter"), "{}", ended.stderr);
        ended.says(&[words]);
    }
}
