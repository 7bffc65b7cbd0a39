//! `myc-schema check`: exit codes, where the contract comes from, formats of diagnostics.

use std::fs::{self, File};

use mycelium_tests::program::{folder, run, run_with};

const GOOD: &str = "messages: { Ping: { tlv_type: 1000, domain: D, fields: { at: u64 } } }\n";
/// A string without a bound is a warning.
const WARNED: &str = "messages: { Ping: { tlv_type: 1000, domain: D, fields: { text: String } } }\n";
/// Two errors, the second on line 3.
const BAD: &str = "messages:\n  Ping: { tlv_type: 0, domain: D, fields: {\n    at: u65 } }\n";

/// Without this, a script could not tell a good contract from a bad one, or from a missing one.
#[test]
fn exit_codes() {
    let here = folder(&[("contracts.yaml", GOOD), ("warned.yaml", WARNED), ("bad.yaml", BAD), ("empty.yaml", "")]);
    let check = |files: &[&str]| run(here.path(), [&["check"], files].concat());
    assert_eq!(check(&[]).quiet(), b"");
    assert_eq!(check(&["./contracts.yaml"]).quiet(), b"");
    check(&["warned.yaml"]).exits(0).says(&["warning["]);
    check(&["warned.yaml", "--deny", "warnings"]).exits(1).says(&["warning[", "1 warning, denied by --deny warnings"]);
    check(&["contracts.yaml", "--deny", "warnings"]).quiet();
    check(&["bad.yaml"]).exits(1).says(&["bad.yaml: 2 errors"]);
    check(&["empty.yaml"]).exits(1).says(&["empty.yaml"]);
    check(&["nowhere.yaml"]).exits(3).says(&["error[E0001]", "nowhere.yaml"]);
    check(&["."]).exits(3).says(&["error[E0001]", "directory"]);
    check(&["--deny", "errors"]).exits(2).says(&["warnings"]);
    check(&["-", "-"]).exits(2).says(&["more than once"]);
}

/// Without this, somebody in the wrong folder would not learn what was looked for.
#[test]
fn a_missing_default_says_what_to_do() {
    let empty = folder(&[]);
    run(empty.path(), ["check"]).exits(3).says(&["contracts.yaml", "help", "current folder"]);
}

/// Without this, one bad file could hide the findings about the others, or its exit code.
#[test]
fn several_files_are_each_checked() {
    let here = folder(&[("good.yaml", GOOD), ("bad.yaml", BAD), ("other.yaml", BAD)]);
    let run = run(here.path(), ["check", "bad.yaml", "good.yaml", "nowhere.yaml", "other.yaml"]);
    run.exits(3).says(&["bad.yaml: 2 errors", "nowhere.yaml", "other.yaml: 2 errors"]);
}

/// Without this, binary files and very large ones could be read whole or give an unclear error.
#[test]
fn what_is_no_text_or_too_much() {
    let here = folder(&[]);
    fs::write(here.path().join("latin.yaml"), b"messages: # caf\xe9\n").expect("written");
    run(here.path(), ["check", "latin.yaml"]).exits(1).says(&["error[E0003]", "0xe9", "latin.yaml:1:16"]);
    File::create(here.path().join("huge.yaml")).and_then(|file| file.set_len(1 << 40)).expect("a sparse file");
    run(here.path(), ["check", "huge.yaml"]).exits(1).says(&["error[E0002]", "huge.yaml"]);
}

/// Without this, a generated or historical contract could not be checked without a file.
#[test]
fn stdin_has_a_name() {
    let here = folder(&[]);
    assert_eq!(run_with(here.path(), ["check", "-"], GOOD).quiet(), b"");
    let short = ["check", "-", "--message-format", "short"];
    run_with(here.path(), short, BAD).exits(1).says(&["<stdin>:3:9: error[E0201]: unknown type"]);
    let named = ["check", "-", "--message-format=short", "--stdin-name", "api/contracts.yaml"];
    run_with(here.path(), named, BAD).exits(1).says(&["api/contracts.yaml:3:9: error[E0201]"]);
    run_with(here.path(), ["check", "-"], b"\xff").exits(1).says(&["E0003"]);
}

/// Without this, editors and workflows could not read the diagnostics.
#[test]
fn message_formats() {
    let here = folder(&[("bad.yaml", BAD)]);
    let check = |format: &str| run(here.path(), ["check", "bad.yaml", "--message-format", format]).exits(1).says(&[]);
    assert!(check("human").stderr.contains("3 |     at: u65 } }"), "the source is shown");
    let short = check("short").stderr;
    let lines: Vec<&str> = short.lines().collect();
    assert_eq!(lines.len(), 2, "{short}");
    assert!(lines[0].starts_with("bad.yaml:2:21: error[E0"), "{short}");
    assert!(lines[1].starts_with("bad.yaml:3:9: error[E0201]: "), "{short}");
    let json = check("json").stderr;
    let lines: Vec<serde_json::Value> =
        json.lines().map(|line| serde_json::from_str(line).expect("a JSON object a line")).collect();
    assert_eq!(lines.len(), 2, "{json}");
    assert_eq!(lines[1]["code"], "E0201");
    let github = check("github").stderr;
    assert!(github.lines().all(|line| line.starts_with("::error file=bad.yaml,line=")), "{github}");
}
