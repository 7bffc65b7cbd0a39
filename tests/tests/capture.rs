//! `myc-schema decode --stream`: frames one after the other, openings of both versions, streams that are damaged.

use mycelium_tests::golden;
use mycelium_tests::program::{Run, run_with};
use mycelium_tests::streams::{self, openings};
use mycelium_tests::toolchain::root;
use serde_json::Value as Json;

fn stream(arguments: &[&str], bytes: impl AsRef<[u8]>) -> Run {
    run_with(&root(), [&["decode", "--stream"], arguments].concat(), bytes)
}

fn lines(run: &Run) -> Vec<Json> {
    run.text().lines().map(|line| serde_json::from_str(line).expect("JSON on every line")).collect()
}

/// Without this, a captured stream could be shown with frames missing, at wrong offsets, or past its end.
#[test]
fn golden_streams() {
    let mut tested = 0;
    for case in streams::streams() {
        // The command has no limit but the format's.
        if case.row.limit.is_some() {
            continue;
        }
        let run = stream(&[], &case.bytes);
        let (found, expected) = (lines(&run), case.expected());
        let mut offset = 0;
        let words: Vec<&str> = expected.split(' ').collect();
        let (frames, end) = words.split_at(case.row.frames.len());
        assert_eq!(found.len(), frames.len(), "{}", case.name);
        for ((line, frame), row) in found.iter().zip(frames).zip(&case.row.frames) {
            let length = frame.split_once(':').expect("a frame").1.len() / 2;
            assert_eq!(line["offset"], offset, "{}", case.name);
            assert_eq!((&line["type_id"], &line["length"]), (&row.type_id.into(), &length.into()), "{}", case.name);
            if let Some(path) = &row.payload {
                let json = std::fs::read_to_string(golden::folder().join(format!("{path}.json"))).expect("a value");
                assert_eq!(line["value"], serde_json::from_str::<Json>(&json).expect("JSON"), "{}", case.name);
            }
            offset += length + 6;
        }
        let rejected = found.iter().any(|line| line.get("error").is_some());
        match end {
            ["incomplete", "6"] => assert_eq!(run.code, Some(i32::from(rejected)), "{}: {}", case.name, run.stderr),
            ["incomplete", needed] => {
                let words = format!("what begins at byte {offset} is not complete, {needed} more byte");
                assert!(run.code == Some(1) && run.stderr.contains(&words), "{}: {}", case.name, run.stderr);
            }
            ["malformed", field, _] => {
                let words = format!("stream rejected at byte {offset}: ");
                assert!(run.code == Some(1) && run.stderr.contains(&words), "{}: {}", case.name, run.stderr);
                let what = if *field == "type_id" { "type id 0" } else { "the most is 4194304" };
                assert!(run.stderr.contains(what) && run.stderr.contains("--resync"), "{}", run.stderr);
            }
            other => panic!("{other:?}"),
        }
        tested += 1;
    }
    assert!(tested > 25, "{tested}");
}

/// Without this, what a client says first could be taken for a frame.
#[test]
fn golden_openings() {
    for case in openings() {
        let run = stream(&["--from", "client"], &case.bytes);
        let found = lines(&run);
        let expected = case.expected();
        let words: Vec<&str> = expected.split(' ').collect();
        let name = &case.name;
        match words[..] {
            ["v1", digest, _] => {
                assert_eq!((&found[0]["handshake"], &found[0]["schema_digest"]), (&1.into(), &digest.into()), "{name}");
                assert_eq!(found[0]["same_schema"], digest.starts_with("5e44fe9b"), "{name}");
            }
            ["v2", hello, length] => {
                assert_eq!(found[0]["handshake"], 2, "{name}");
                assert_eq!(found[0]["value"]["schema_digest"], format!("0x{}", &hello[..64]), "{name}");
                let later = length.parse::<u64>().expect("a number") - 202;
                assert_eq!(
                    found[0].get("bytes_of_later_versions").map_or(0, |later| later.as_u64().expect("a number")),
                    later
                );
            }
            ["incomplete", needed] => {
                assert!(found.is_empty() && run.code == Some(1), "{name}");
                assert!(
                    run.stderr.contains(&format!("at byte 0 is not complete, {needed} more")),
                    "{name}: {}",
                    run.stderr
                );
            }
            ["length"] => {
                assert!(found.is_empty() && run.code == Some(1), "{name}");
                assert!(run.stderr.contains("stream rejected at byte 0: a client's opening"), "{name}: {}", run.stderr);
            }
            ["hello", code, path] => {
                assert_eq!(
                    (&found[0]["error"]["code"], &found[0]["error"]["path"]),
                    (&code.into(), &path.into()),
                    "{name}"
                );
                assert_eq!(run.code, Some(1), "{name}");
            }
            _ => panic!("{expected}"),
        }
    }
    // After an opening there are frames.
    let then = std::fs::read(golden::folder().join("streams/openings/v2_then_subscribe.bin")).expect("a case");
    let run = stream(&["--from", "client"], &then).exits(0);
    assert_eq!((lines(&run)[1]["offset"].as_u64(), lines(&run)[1]["message"].as_str()), (Some(202), Some("Subscribe")));
}

fn frame(type_id: u16, payload: &[u8]) -> Vec<u8> {
    [&type_id.to_le_bytes()[..], &(payload.len() as u32).to_le_bytes(), payload].concat()
}

fn golden_frame(type_id: u16, path: &str) -> Vec<u8> {
    frame(type_id, &streams::payload(path))
}

/// Without this, one lost byte could cost everything after it, or frames be made up without a word.
#[test]
fn resynchronising_is_asked_for_and_counted() {
    let (text, counter) =
        (golden_frame(1001, "reference/TextMessage/typical"), golden_frame(1002, "reference/CounterUpdate/typical"));
    let offsets = |run: &Run| -> Vec<(u64, Option<String>, Option<u64>)> {
        let of = |line: &Json| {
            let message = line["message"].as_str().map(str::to_owned);
            (line["offset"].as_u64().expect("an offset"), message, line["skipped"].as_u64())
        };
        lines(run).iter().map(of).collect()
    };
    let named = |offset: u64, name: &str| (offset, Some(name.to_owned()), None);
    // Bytes between frames.
    let damaged = [&counter[..], &[0; 5], &text, &[0xee; 9], &counter].concat();
    let refused = stream(&[], &damaged).exits(1);
    assert_eq!(offsets(&refused), [named(0, "CounterUpdate")]);
    assert!(refused.stderr.contains("stream rejected at byte 22: type id 0"), "{}", refused.stderr);
    let run = stream(&["--resync"], &damaged).exits(1);
    let expected = [
        named(0, "CounterUpdate"),
        (22, None, Some(5)),
        named(27, "TextMessage"),
        (345, None, Some(9)),
        named(354, "CounterUpdate"),
    ];
    assert_eq!(offsets(&run), expected);
    assert!(run.stderr.contains("14 bytes passed over in 2 places"), "{}", run.stderr);
    // Bytes that a frame lost: the next one is found all the same.
    let damaged = [&text[..100], &text[105..], &counter, &text].concat();
    let run = stream(&["--resync"], &damaged).exits(1);
    assert_eq!(offsets(&run), [(0, None, Some(313)), named(313, "CounterUpdate"), named(335, "TextMessage")]);
    // A payload that is refused in a whole frame costs nothing else.
    let mut wrong = text.clone();
    wrong[10] = 1;
    for arguments in [&[][..], &["--resync"]] {
        let run = stream(arguments, [&counter[..], &wrong, &counter].concat()).exits(1);
        assert_eq!(offsets(&run), [named(0, "CounterUpdate"), named(22, "TextMessage"), named(340, "CounterUpdate")]);
        assert_eq!(lines(&run)[1]["error"]["code"], "padding");
        assert!(run.stderr.contains("error: 1 frame rejected\n"), "{}", run.stderr);
    }
    // A type that the contract does not have.
    let run = stream(&[], [frame(999, b"xy"), counter.clone()].concat()).exits(1);
    assert_eq!(lines(&run)[0]["error"]["code"], "type_id");
    assert_eq!(lines(&run)[1]["message"], "CounterUpdate");
    // Nothing is found in noise, and the end of it is the end.
    let run = stream(&["--resync"], [0xee; 100_000]).exits(1);
    assert_eq!(offsets(&run), [(0, None, Some(100_000))]);
    let run = stream(&["--resync", "--from", "client"], [&[1, 2, 3], &counter[..], &text[..50]].concat()).exits(1);
    assert_eq!(offsets(&run), [(0, None, Some(3)), named(3, "CounterUpdate"), (25, None, Some(50))]);
}

/// Without this, hex dumps could not be read, and redaction could end where streams begin.
#[test]
fn hex_and_redaction() {
    let text = golden_frame(1002, "reference/CounterUpdate/typical");
    let hex: String = text.iter().map(|byte| format!("{byte:02x} ")).collect();
    assert_eq!(stream(&["--hex"], hex).quiet(), stream(&[], &text).quiet());
    let order = golden_frame(1100, "trading/NewOrder/typical");
    let contracts = ["--contracts", "golden/trading/contracts.yaml"];
    let shut = lines(&stream(&contracts, &order).exits(0)).remove(0);
    assert_eq!(
        (shut["message"].as_str(), shut["redacted"].as_bool(), shut.get("value")),
        (Some("NewOrder"), Some(true), None)
    );
    let open = stream(&[&contracts[..], &["--show-redacted"]].concat(), &order).quiet();
    assert!(String::from_utf8(open).expect("UTF-8").contains("EURUSD"));
    stream(&["TextMessage"], "").exits(2).says(&["--stream takes no message"]);
    run_with(&root(), ["decode", "--resync", "TextMessage"], "").exits(2).says(&["--stream"]);
}
