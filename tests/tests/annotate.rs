//! `value::annotate` and `myc-schema annotate`: every byte once, every value right, every fault where it is.

use myc_schema::ir::{Message, Schema};
use myc_schema::value::{self, Annotation, PartKind};
use mycelium_tests::golden;
use mycelium_tests::program::{Run, folder, run_with};
use mycelium_tests::toolchain::root;
use serde_json::Value as Json;

/// Explains a payload and holds what is true of every explanation.
fn annotate(schema: &Schema, message: &Message, payload: &[u8]) -> Annotation {
    let annotation = value::annotate(schema, message, payload);
    let mut next = 0;
    for part in &annotation.parts {
        assert_eq!(part.offset, next, "{}: a gap or the same byte twice: {part:?}", message.name);
        assert!(part.size > 0, "{part:?}");
        next += part.size;
    }
    assert_eq!(next, payload.len(), "{}: all bytes", message.name);
    let decoded = value::decode(schema, message, payload);
    assert_eq!(annotation.faults.first().map(|fault| &fault.error), decoded.as_ref().err(), "{payload:02x?}");
    for fault in &annotation.faults {
        assert!(fault.bytes.end <= payload.len() && fault.bytes.start <= fault.bytes.end, "{fault:?}");
    }
    annotation
}

/// The leaves of a message's JSON with their paths.
fn leaves(path: &str, json: &Json, out: &mut Vec<(String, Json)>) {
    match json {
        Json::Object(fields) => {
            for (name, value) in fields {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                leaves(&path, value, out);
            }
        }
        Json::Array(elements) => {
            elements.iter().enumerate().for_each(|(index, value)| leaves(&format!("{path}[{index}]"), value, out));
        }
        leaf => out.push((path.to_owned(), leaf.clone())),
    }
}

/// Without this, an explanation could leave out bytes, say another value than `decode`, or miss a fault.
#[test]
fn golden_payloads_are_explained() {
    let (mut accepted, mut rejected) = (0, 0);
    for golden in golden::load() {
        let schema = &golden.contract.schema;
        for cases in &golden.messages {
            let message = golden.contract.message(&cases.message);
            for case in &cases.accepted {
                let annotation = annotate(schema, message, &case.bytes);
                assert!(annotation.faults.is_empty());
                let mut expected = Vec::new();
                leaves("", &serde_json::from_str(&case.json).expect("JSON"), &mut expected);
                // Nothing is there to explain of what has no bytes; what is absent has a presence byte.
                let empty = |json: &Json| json.is_null() || *json == "" || *json == "0x";
                expected.retain(|(_, json)| !empty(json));
                let mut found: Vec<(String, Json)> = annotation
                    .parts
                    .iter()
                    .filter(|part| part.kind == PartKind::Value)
                    .map(|part| {
                        let json = part.json.as_deref().expect("a value");
                        (part.path.clone(), serde_json::from_str(json).expect("JSON"))
                    })
                    .collect();
                // The maps of the JSON library are sorted.
                expected.sort_by(|a, b| a.0.cmp(&b.0));
                found.sort_by(|a, b| a.0.cmp(&b.0));
                assert_eq!(found, expected, "{}/{}", cases.message, case.name);
                accepted += 1;
            }
            for case in &cases.rejected {
                let annotation = annotate(schema, message, &case.bytes);
                let first = &annotation.faults.first().expect("a fault").error;
                assert_eq!((first.code.to_string(), &first.path), (case.row.code.clone(), &case.row.path));
                rejected += 1;
            }
        }
    }
    assert!(accepted > 200 && rejected > 900, "{accepted} {rejected}");
}

/// Without this, a payload that was cut off or damaged anywhere could end the explanation, or be explained wrongly.
#[test]
fn damaged_payloads_are_explained() {
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = move |below: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        (random % below as u64) as usize
    };
    for golden in golden::load() {
        let schema = &golden.contract.schema;
        for cases in &golden.messages {
            let message = golden.contract.message(&cases.message);
            for case in &cases.accepted {
                for length in (0..case.bytes.len()).step_by(case.bytes.len() / 23 + 1) {
                    annotate(schema, message, &case.bytes[..length]);
                }
                for _ in 0..if case.bytes.is_empty() { 0 } else { 40 } {
                    let mut bytes = case.bytes.clone();
                    for _ in 0..=next(3) {
                        let at = next(bytes.len());
                        bytes[at] = [0, 1, 2, 0x7f, 0x80, 0xff][next(6)];
                    }
                    annotate(schema, message, &bytes);
                }
                annotate(schema, message, &vec![0xff; case.bytes.len()]);
            }
        }
    }
}

fn run(arguments: &[&str], input: impl AsRef<[u8]>) -> Run {
    run_with(&root(), [&["annotate"], arguments].concat(), input)
}

const COUNTER: &str = "07000000000000000100000000000000";

/// Without this, the columns could be those of another message than was asked for.
#[test]
fn text_is_aligned() {
    let expected = "\
message CounterUpdate  type 1002  16 bytes
offset  bytes                    field       type  meaning
     0  07 00 00 00 00 00 00 00  counter_id  u64   7
     8  01 00 00 00              value       i32   1
    12  00 00 00 00              delta       i32   0
";
    assert_eq!(String::from_utf8(run(&["CounterUpdate", "--hex"], COUNTER).quiet()).expect("UTF-8"), expected);
    let framed = run(&["--frame", "--hex"], format!("ea0310000000{COUNTER}")).quiet();
    let framed = String::from_utf8(framed).expect("UTF-8");
    assert!(framed.contains("     0  ea 03                    (type id)   u16   1002: CounterUpdate\n"), "{framed}");
    assert!(framed.contains("     2  10 00 00 00              (length)    u32   16 bytes of payload\n"), "{framed}");
    assert!(framed.contains("    14  01 00 00 00              value       i32   1\n"), "{framed}");
}

/// Without this, a fault could be shown under bytes that are right, or only the first of several be shown at all.
#[test]
fn faults_are_marked_where_they_are() {
    let mut bytes = std::fs::read(root().join("golden/reference/TextMessage/typical.bin")).expect("a golden payload");
    bytes[4] = 1;
    bytes[50] = 0xff;
    bytes[100] = 7;
    let run = run(&["TextMessage"], &bytes).exits(1);
    let text = String::from_utf8(run.stdout.clone()).expect("UTF-8");
    for lines in [
        "     2  00 00 01 00 00 00        sender     padding      6 bytes after the length\n              ^^ padding at \
         sender: byte 2 after the length is 0x01, not zero\n",
        "\n              ^^ utf8 at content: is not UTF-8\n",
        "padding at content: byte 23 after the string is 0x07, not zero\n",
        "   304  00 f1 53 65 00 00 00 00  timestamp  u64          1700000000 s\n",
    ] {
        assert!(text.contains(lines), "{lines}in\n{text}");
    }
    assert!(run.stderr.contains("error: TextMessage rejected: padding at sender: "), "{}", run.stderr);
    assert!(run.stderr.contains("3 faults are marked in all"), "{}", run.stderr);
    let coloured = self::run(&["TextMessage", "--color", "always"], &bytes).exits(1);
    assert!(coloured.text().contains("\x1b[31m^^ padding at sender"), "{}", coloured.text());
}

/// Without this, bytes could be called zeros that are not, or pass for judged where nothing about them is certain.
#[test]
fn what_a_wrong_length_leaves_open_is_not_judged() {
    let contract = "\
structs: { Word: { fields: { text: String<3> } } }
messages:
  Doubt:
    tlv_type: 1000
    domain: D
    fields:
      words: \"[Word; 2]\"
      few: { type: \"Vec<u8, 2>\", validation: [{ min_length: 2 }] }
      limit: { type: u32, optional: true }
";
    let here = folder(&[("contracts.yaml", contract)]);
    // A length over its bound, no text, and a byte after it; an element that is right; a count over its bound, and bytes
    // that belong to no element in any case; neither absent nor present.
    let hex =
        "0900 000000000001 ff6200 ab  0100 000000000000 610000 00  ff01 000000000000 cd00 f217  02 000000 07000000";
    let run = run_with(here.path(), ["annotate", "Doubt", "--hex"], hex).exits(1);
    let expected = "
     0  09 00                    words[0].text  length      9 of at most 3 bytes
        ^^^^^ count at words[0].text: length is 9, the bound is 3
     2  00 00 00 00 00 01        words[0].text  padding     6 bytes after the length
                       ^^ padding at words[0].text: byte 5 after the length is 0x01, not zero
     8  ff 62 00                 words[0].text  String<3>   \"\u{fffd}b\\u0000\" (not judged)
    11  ab                       words[0].text  padding     byte after the string (not judged)
    12  01 00                    words[1].text  length      1 of at most 3 bytes
    14  00 00 00 00 00 00        words[1].text  padding     6 zeros after the length
    20  61                       words[1].text  String<3>   \"a\"
    21  00 00 00                 words[1].text  padding     3 zeros after the string
    24  ff 01                    few            length      511 of at most 2 elements
        ^^^^^ count at few: length is 511, the bound is 2
    26  00 00 00 00 00 00        few            padding     6 zeros after the length
    32  cd 00                    few            Vec<u8, 2>  2 bytes (not judged)
    34  f2 17                    few            padding     2 bytes after the field
        ^^^^^ padding at few: byte 0 after the field is 0xf2, not zero
    36  02                       limit          presence    neither absent nor present
        ^^ presence at limit: presence byte is 2, not 0 or 1
    37  00 00 00                 limit          padding     3 zeros between presence and value
    40  07 00 00 00              limit          u32         7 (not judged)
";
    let (_, lines) = run.text().split_once("meaning").expect("a table");
    assert_eq!(lines, expected);
    let json = run_with(here.path(), ["annotate", "Doubt", "--hex", "--format", "json"], hex).exits(1);
    let json: Json = serde_json::from_slice(&json.stdout).expect("JSON");
    let parts = json["parts"].as_array().expect("parts").iter();
    let open: Vec<_> = parts.filter(|part| part["judged"] == false).map(|part| part["offset"].clone()).collect();
    assert_eq!(open, [8, 11, 32, 40]);
    // One byte is one byte.
    let short = run_with(here.path(), ["annotate", "Doubt", "--hex"], "01").exits(1);
    assert!(short.stderr.contains("payload has 1 byte, Doubt has 44"), "{}", short.stderr);
}

/// Without this, programs could not rely on what they read.
#[test]
fn json_has_parts_and_faults() {
    let json = |arguments: &[&str], input: &[u8], code: i32| -> Json {
        let run = run(&[arguments, &["--format", "json"]].concat(), input).exits(code);
        serde_json::from_slice(&run.stdout).expect("JSON")
    };
    let found = json(&["--frame", "--hex"], format!("ea0310000000{COUNTER}").as_bytes(), 0);
    assert_eq!((found["accepted"].as_bool(), found["message"].as_str()), (Some(true), Some("CounterUpdate")));
    let part = &found["parts"][2];
    assert_eq!(
        (part["offset"].as_u64(), part["path"].as_str(), part["value"].as_str()),
        (Some(6), Some("counter_id"), Some("7"))
    );
    assert_eq!(part["bytes"], "0x0700000000000000");
    let found = json(&["TextMessage"], &[0; 312], 1);
    let codes: Vec<_> = found["faults"]
        .as_array()
        .expect("faults")
        .iter()
        .map(|fault| (&fault["code"], &fault["path"], &fault["offset"]))
        .collect();
    let expected = [("rule:not_empty", "sender", 0), ("rule:not_empty", "content", 40)];
    assert_eq!(codes.len(), 2);
    for (found, expected) in codes.iter().zip(expected) {
        assert_eq!(
            (found.0.as_str(), found.1.as_str(), found.2.as_u64()),
            (Some(expected.0), Some(expected.1), Some(expected.2))
        );
    }
}

/// Without this, frames that are cut short, too long or of no type could not be looked at.
#[test]
fn broken_frames_are_explained() {
    let cases = [
        (
            "ea03110000000700000000000000010000000000000000",
            "length: payload has 17 bytes, CounterUpdate has 16",
            "after the end of CounterUpdate",
        ),
        ("ea03100000000700000000000000010000", "frame rejected: length: 16, and 11 bytes follow", "3 of 4 bytes"),
        ("ea03ffffffff07000000", "length: 4294967295, the most is 4194304", "4 of 8 bytes"),
        ("e70302000000abcd", "type_id: 999: the contract has no message of this type", "ab cd"),
        ("000002000000abcd", "type_id: 0: no frame has it", "^^"),
    ];
    for (hex, said, shown) in cases {
        let run = run(&["--frame", "--hex"], hex).exits(1);
        assert!(run.stderr.contains(said), "{said}: {}", run.stderr);
        assert!(run.text().contains(shown), "{shown} in\n{}", run.text());
    }
    run(&["--frame", "--hex"], "ea03").exits(1).says(&["2 bytes, the header of a frame alone has 6"]);
    run(&["--frame", "--hex", "TextMessage"], format!("ea0310000000{COUNTER}")).exits(1);
    run(&[], "").exits(2).says(&["<MESSAGE>"]);
    run(&["CounterUpdat"], "").exits(2).says(&["did you mean `CounterUpdate`?"]);
}

/// Without this, a payload that the contract keeps out of logs could be in somebody's terminal, or its length.
#[test]
fn redacted_payloads_are_not_shown() {
    let bytes = std::fs::read(root().join("golden/trading/NewOrder/typical.bin")).expect("a golden payload");
    let contracts = ["NewOrder", "--contracts", "golden/trading/contracts.yaml"];
    let text = String::from_utf8(run(&contracts, &bytes).quiet()).expect("UTF-8");
    assert!(text.contains("     0  ·· × 16") && text.contains("<redacted>") && !text.contains("EURUSD"), "{text}");
    let longer = std::fs::read(root().join("golden/trading/NewOrder/max.bin")).expect("a golden payload");
    assert_eq!(text.as_bytes(), run(&contracts, longer).quiet(), "no difference is seen");
    let mut bad = bytes.clone();
    bad[18] = 0xab;
    let bad = run(&contracts, &bad).exits(1);
    assert!(bad.text().contains("padding at symbol\n") && !bad.text().contains("ab"), "{}", bad.text());
    assert!(!bad.stderr.contains("0xab"), "{}", bad.stderr);
    let json = run(&[&contracts[..], &["--format", "json"]].concat(), &bytes).quiet();
    assert!(!String::from_utf8(json).expect("UTF-8").contains("EURUSD"));
    let open = run(&[&contracts[..], &["--show-redacted"]].concat(), &bytes).quiet();
    assert!(String::from_utf8(open).expect("UTF-8").contains("\"EURUSD\""));
}
