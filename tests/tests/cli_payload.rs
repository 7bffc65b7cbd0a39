//! `myc-schema encode` and `decode`: JSON to bytes and back, frames, hex, rejections.

use mycelium_tests::program::{Run, folder, run, run_with};
use mycelium_tests::toolchain::root;

const COUNTER: &str = r#"{"counter_id": "18446744073709551615", "value": -2, "delta": 7}"#;
const COUNTER_HEX: &str = "fffffffffffffffffeffffff07000000\n";

fn encode(arguments: &[&str], json: &str) -> Run {
    run_with(&root(), [&["encode"], arguments].concat(), json)
}

fn decode(arguments: &[&str], bytes: impl AsRef<[u8]>) -> Run {
    run_with(&root(), [&["decode"], arguments].concat(), bytes)
}

/// Without this, what people write by hand and what programs send could differ.
#[test]
fn json_to_bytes_and_back() {
    assert_eq!(encode(&["CounterUpdate", "--hex"], COUNTER).quiet(), COUNTER_HEX.as_bytes());
    let bytes = encode(&["CounterUpdate"], COUNTER).quiet();
    assert_eq!(bytes, [[0xff; 8].as_slice(), &[0xfe, 0xff, 0xff, 0xff, 7, 0, 0, 0]].concat());
    let pretty = "{\n  \"counter_id\": \"18446744073709551615\",\n  \"value\": -2,\n  \"delta\": 7\n}\n";
    assert_eq!(decode(&["CounterUpdate"], &bytes).quiet(), pretty.as_bytes());
    let compact = "{\"counter_id\":\"18446744073709551615\",\"value\":-2,\"delta\":7}\n";
    assert_eq!(decode(&["CounterUpdate", "--hex", "--compact"], COUNTER_HEX).quiet(), compact.as_bytes());
    let spaced = " 0xFFFFFFFF ffffffff\n feffffff\t07000000\r\n";
    assert_eq!(decode(&["CounterUpdate", "--hex", "--compact"], spaced).quiet(), compact.as_bytes());
}

/// Without this, bytes from a socket could not be looked at without knowing which message they are.
#[test]
fn frames_name_their_message() {
    let frame = encode(&["CounterUpdate", "--frame"], COUNTER).quiet();
    assert_eq!(frame[..6], [0xea, 0x03, 16, 0, 0, 0]);
    assert_eq!(frame.len(), 22);
    assert!(decode(&["--frame"], &frame).quiet().starts_with(b"{\n  \"counter_id\""));
    assert!(decode(&["--frame", "CounterUpdate"], &frame).quiet().starts_with(b"{\n  \"counter_id\""));
    let hex = encode(&["CounterUpdate", "--frame", "--hex"], COUNTER).quiet();
    assert_eq!(hex, format!("ea0310000000{COUNTER_HEX}").as_bytes());
    decode(&["--frame", "--hex"], hex).quiet();
    decode(&["--frame", "TextMessage"], &frame).exits(1).says(&["1002 (CounterUpdate)", "TextMessage has 1001"]);
    for (frame, words) in [
        (&frame[..5], "length: 5 bytes, the header alone has 6"),
        (&frame[..21], "the header says 16 bytes, 15 follow it"),
        (&[&frame[..], &[0]].concat(), "the header says 16 bytes, 17 follow it"),
        (&[0xea, 0x03, 1, 0, 0x40, 0], "the most is 4194304"),
        (&[0xe7, 0x03, 0, 0, 0, 0], "no message of type 999"),
    ] {
        decode(&["--frame"], frame).exits(1).says(&["frame rejected: ", words]);
    }
}

/// Without this, a rejection could go unnoticed, or not say where.
#[test]
fn rejections_have_code_and_path() {
    decode(&["TextMessage"], [0; 311]).exits(1).says(&["TextMessage rejected: length: payload has 311 bytes"]);
    decode(&["TextMessage"], [0; 312]).exits(1).says(&["TextMessage rejected: rule:not_empty at sender: "]);
    decode(&["TextMessage"], vec![0; 5_000_000]).exits(1).says(&["longer than"]);
    decode(&["TextMessage", "--message-format", "json"], [0; 312]).exits(1).says(&[
        r#""code":"rule:not_empty""#,
        r#""path":"sender""#,
        r#""message_name":"TextMessage""#,
    ]);
    decode(&["CounterUpdate", "--hex"], "0x0").exits(1).says(&["odd number"]);
    decode(&["CounterUpdate", "--hex"], "0x0g").exits(1).says(&["`g`"]);
    let range = COUNTER.replace("-2", "2147483648");
    encode(&["CounterUpdate"], &range).exits(1).says(&["CounterUpdate rejected: range at value: "]);
    encode(&["CounterUpdate"], "{}").exits(1).says(&["missing_field at counter_id"]);
    encode(&["CounterUpdate"], "").exits(1).says(&["syntax: "]);
    run_with(&root(), ["encode", "CounterUpdate"], b"\"\xff\"").exits(1).says(&["syntax: byte 1 is not UTF-8"]);
}

/// Without this, what a contract keeps out of logs would be on stderr as soon as it is mistyped.
#[test]
fn redacted_values_are_not_repeated() {
    let contract = "messages: { Key: { tlv_type: 1000, domain: D, log_payload: false, \
        fields: { secret: \"String<8>\", pin: u8 } } }\n";
    let here = folder(&[("contracts.yaml", contract)]);
    let refused = |command: &[&str], input: &[u8], words: &[&str]| {
        let stderr = run_with(here.path(), command, input).exits(1).says(words).stderr;
        assert!(!stderr.contains("7531") && !stderr.contains("hunter"), "{stderr}");
    };
    for (json, words) in [
        (r#"{"secret":"hunter2","pin":7531}"#, "Key rejected: range at pin"),
        (r#"{"secret":7531,"pin":1}"#, "Key rejected: kind at secret: a string was expected"),
        (r#"{"secret":"hunter hunter","pin":1}"#, "Key rejected: count at secret"),
        (r#"{"hunter2":"secret"}"#, "Key rejected: unknown_field: there is no such field"),
    ] {
        refused(&["encode", "Key"], json.as_bytes(), &[words]);
        let code = words.split(" rejected: ").nth(1).and_then(|rest| rest.split([' ', ':']).next()).expect("a code");
        let code = format!(r#""code":"{code}""#);
        refused(&["encode", "Key", "--message-format", "json"], json.as_bytes(), &[&code]);
    }
    // 0xe9 is no UTF-8 on its own.
    refused(&["decode", "Key"], b"\x08\0\0\0\0\0\0\0hunter\xe97\x01\0", &["Key rejected: utf8 at secret"]);
}

/// Without this, what a contract keeps out of logs would be shown to whoever looks for something else.
#[test]
fn redacted_payloads_are_shown_only_on_demand() {
    let key =
        |name: &str| format!("  {name}: {{ tlv_type: 1000, domain: D, DENY, fields: {{ secret: \"String<8>\" }} }}\n");
    for deny in ["log_payload: false", "sensitivity: confidential"] {
        let here = folder(&[("contracts.yaml", &format!("messages:\n{}", key("Key").replace("DENY", deny)))]);
        let decode = |arguments: &[&str], input: &[u8]| run_with(here.path(), [&["decode"], arguments].concat(), input);
        let payload = *b"\x07\0\0\0\0\0\0\0hunter2\0";
        let frame = [&[0xe8, 3, 16, 0, 0, 0][..], &payload].concat();
        let hex: String = payload.iter().map(|byte| format!("{byte:02x}")).collect();
        for (arguments, input) in [
            (&["Key"][..], &payload[..]),
            (&["Key", "--hex", "--compact"], hex.as_bytes()),
            (&["--frame"], &frame),
            (&["--frame", "Key", "--message-format", "json"], &frame),
        ] {
            let kept = decode(arguments, input).exits(2).says(&["Key is accepted", "add --show-redacted"]);
            assert!(!kept.stderr.contains("hunter2"), "{}", kept.stderr);
            let shown = decode(&[arguments, &["--show-redacted"]].concat(), input).quiet();
            assert!(String::from_utf8_lossy(&shown).contains("hunter2"), "{arguments:?}");
        }
        // In a stream there is a line for it, as others follow.
        let lines = decode(&["--stream"], &frame).quiet();
        assert_eq!(
            String::from_utf8_lossy(&lines),
            "{\"offset\":0,\"type_id\":1000,\"message\":\"Key\",\"length\":16,\"redacted\":true}\n"
        );
        let shown = decode(&["--stream", "--show-redacted"], &frame).quiet();
        assert!(String::from_utf8_lossy(&shown).contains("hunter2"));
        // What is rejected is rejected first, and its words are as much of it.
        let long = [&[9][..], &payload[1..]].concat();
        let kept = decode(&["Key"], &long).exits(1).says(&["Key rejected: count at secret"]);
        assert!(!kept.stderr.contains("length is 9"), "{}", kept.stderr);
        decode(&["Key", "--show-redacted"], &long).exits(1).says(&["count at secret: length is 9, the bound is 8"]);
    }
}

/// Without this, a wrong command line could read as a rejected payload.
#[test]
fn wrong_usage() {
    encode(&["CounterUpdat"], COUNTER).exits(2).says(&["no message `CounterUpdat`", "did you mean `CounterUpdate`?"]);
    encode(&["Zebra"], COUNTER).exits(2).says(&["it has TextMessage, CounterUpdate, BatchOperation"]);
    encode(&[], COUNTER).exits(2).says(&["<MESSAGE>"]);
    decode(&[], [0; 16]).exits(2).says(&["<MESSAGE>"]);
    encode(&["CounterUpdate", "--contracts", "-"], COUNTER).exits(2).says(&["--contracts"]);
    encode(&["CounterUpdate", "--contracts", "nowhere.yaml"], COUNTER).exits(3).says(&["nowhere.yaml"]);
    run(&root(), ["decode", "TextMessage", "--contracts", "Cargo.toml"]).exits(1).says(&["Cargo.toml"]);
}

/// Without this, the largest messages could not be given as JSON or bytes.
#[test]
fn the_largest_message() {
    let contract = "structs: { Row: { fields: { cells: \"[u8; 65000]\" } } }\n\
        messages: { Big: { tlv_type: 1000, domain: D, fields: { rows: \"[Row; 64]\" } } }\n";
    let here = folder(&[("contracts.yaml", contract)]);
    let payload = vec![0xab; 65_000 * 64];
    let json = run_with(here.path(), ["decode", "Big"], &payload).quiet();
    assert_eq!(json.windows(7).filter(|seven| seven == b"\"cells\"").count(), 64);
    assert!(run_with(here.path(), ["encode", "Big"], &json).quiet() == payload);
    let hex = run_with(here.path(), ["encode", "Big", "--frame", "--hex"], &json).quiet();
    assert!(run_with(here.path(), ["decode", "--frame", "--hex"], hex).quiet() == json);
}
