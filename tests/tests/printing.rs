//! What ends up in logs: `Debug` in Rust and `pp` in OCaml, compiled and run. A contract that keeps a payload out of
//! logs keeps it out in every language, however deep in something else the message is.

use std::path::Path;
use std::process::Command;

use mycelium_tests::contract::Contract;
use mycelium_tests::program::feed;
use mycelium_tests::{ocaml_program, rust_program};

/// The same fields in two messages that are not printed, each for its own reason, and in one that is.
const CONTRACT: &str = "
tag_ranges: { app: 100-49999 }
domains: { Test: { description: Printing } }
enums:
  Kind: { values: { Usual: 1, Uncommon: 2 } }
structs:
  Inner: { fields: { note: String<16>, level: u16 } }
messages:
  Secret:
    tlv_type: 101
    domain: Test
    sensitivity: financially_destructive_if_leaked
FIELDS
  Quiet:
    tlv_type: 102
    domain: Test
    log_payload: false
FIELDS
  Open:
    tlv_type: 103
    domain: Test
    log_payload: true
FIELDS
  Large: { tlv_type: 104, domain: Test, log_payload: false, fields: { note: String<16>, bulk: \"[u8; 65535]\" } }
  Nothing: { tlv_type: 105, domain: Test, sensitivity: secret, fields: {} }
";

const FIELDS: &str = "    fields:
      note: String<16>
      key: \"[u8; 4]\"
      number: { type: u64, validation: [{ min: 10 }] }
      negative: i32
      inner: Inner
      inners: \"Vec<Inner, 2>\"
      words: \"Vec<u16, 3>\"
      blob: \"Vec<u8, 8>\"
      hint: { type: String<16>, optional: true }
      wide: U256
      kind: Kind
      ratio: f64
      flag: bool";

/// What the values of each field look like; of arrays of bytes in either language.
const VALUES: &[&[&str]] = &[
    &["text-marker"],
    &["deadbeef", "222, 173, 190, 239"],
    &["880088008800"],
    &["-770077"],
    &["inner-marker"],
    &["54321"],
    &["40404"],
    &["50505"],
    &["feed", "254, 237"],
    &["hint-marker"],
    &["98765432109876543210"],
    &["Uncommon"],
    &["1234.5625"],
    &["true"],
];

/// Any part of a value, in any notation.
const TRACES: &[&str] = &[
    "marker", "dead", "DEAD", "222", "173", "880088", "770077", "54321", "d431", "40404", "50505", "feed", "254",
    "987654", "Uncommon", "1234", "true", "note", "key", "number", "ratio", "{", "[ ]",
];

/// The lines that a program prints: what is printed, and how it looks.
fn lines(program: &Path) -> Vec<(String, String)> {
    let run = feed(Command::new(program), "").exits(0);
    let split = |line: &str| line.split_once('\t').map(|(what, text)| (what.to_owned(), text.to_owned()));
    run.text().lines().map(|line| split(line).expect("a line of the program")).collect()
}

/// Checks each line; the number of lines of each kind is known.
fn check(lines: &[(String, String)], counts: &[(&str, usize)]) {
    for (what, count) in counts {
        assert_eq!(lines.iter().filter(|(found, _)| found == what).count(), *count, "lines of {what}");
    }
    for (what, text) in lines {
        let traces: Vec<&&str> = TRACES.iter().filter(|trace| text.contains(**trace)).collect();
        match what.as_str() {
            "Open" => {
                // Alternate formatting breaks lists over lines.
                let text = text.split_whitespace().collect::<Vec<_>>().join(" ").replace("[ ", "[").replace(", ]", "]");
                for values in VALUES {
                    assert!(values.iter().any(|value| text.contains(value)), "none of {values:?} in {text}");
                }
                assert!(!text.contains("redacted"), "{text}");
            }
            // Codes and paths are no secrets; values are.
            "error" => {
                let traces: Vec<_> =
                    traces.into_iter().filter(|trace| !["note", "number", "{"].contains(trace)).collect();
                assert!(traces.is_empty(), "{traces:?} in the error {text}");
                assert!(text.contains("note") || text.contains("number"), "no path in {text}");
            }
            name => {
                assert!(text.contains(&format!("{name} <redacted>")), "{text}");
                assert!(traces.is_empty(), "{name} gives away {traces:?}: {text}");
            }
        }
    }
}

#[test]
fn rust_keeps_payloads_out_of_logs() {
    let contract = Contract::new("printing", CONTRACT.replace("FIELDS", FIELDS));
    let main = include_str!("../fixtures/rust_printing.rs");
    let lines = lines(&rust_program::build_one("printing", &contract, main));
    check(&lines, &[("Secret", 6), ("Quiet", 6), ("Open", 6), ("Large", 3), ("Nothing", 2), ("error", 6)]);
    let secret: Vec<&str> = lines.iter().filter(|(what, _)| what == "Secret").map(|(_, text)| text.as_str()).collect();
    let plain = "Secret <redacted>";
    let (listed, any) = (format!("[Some({plain})]"), format!("Secret({plain})"));
    assert_eq!(secret, [plain, plain, &listed, plain, &any, "Secret(     Secret <redacted>, )"]);
}

#[test]
fn ocaml_keeps_payloads_out_of_logs() {
    let contract = Contract::new("printing", CONTRACT.replace("FIELDS", FIELDS));
    let main = include_str!("../fixtures/ocaml_printing.ml");
    let lines = lines(&ocaml_program::build_one("printing", &contract, main));
    check(&lines, &[("Secret", 3), ("Quiet", 3), ("Open", 2), ("Large", 2), ("Nothing", 2), ("error", 12)]);
    let secret: Vec<&str> = lines.iter().filter(|(what, _)| what == "Secret").map(|(_, text)| text.as_str()).collect();
    let plain = "Secret <redacted>";
    assert_eq!(secret, [plain, &format!("{plain} {plain}"), plain]);
}
