//! `myc-schema check --fix`: it mends what leaves no doubt, and nothing else.

use std::fs;

use myc_schema::diag::Severity;
use myc_schema::fix::fix;
use myc_schema::source::SourceMap;
use myc_schema::{Checked, check};
use mycelium_tests::contract::files;
use mycelium_tests::mutate::mutated_text;
use mycelium_tests::program::{folder, run, run_with};
use mycelium_tests::random::Random;
use mycelium_tests::toolchain::root;

fn checked(text: &str) -> Checked {
    let mut sources = SourceMap::new();
    let id = sources.add("contract", text);
    check(&sources, id)
}

fn errors(checked: &Checked) -> usize {
    checked.diagnostics.iter().filter(|found| found.severity() == Severity::Error).count()
}

const WRONG: &str = "\
# Comments stay.
tag_ranges: { app: 1000..=49999 }
messages:
  Tick:  # this one too
    tlv_tpye: 1_001
    domain: Quotes
    deprecated: 5
    required_prior_messages: Tick
    fields: { a: { type: Vec<u8, 4>, optional: yes }, b: String, c: [u8, 4] }
";

const RIGHT: &str = "\
# Comments stay.
tag_ranges: { app: 1000-49999 }
messages:
  Tick:  # this one too
    tlv_type: 1001
    domain: Quotes
    deprecated: \"5\"
    required_prior_messages: [Tick]
    fields: { a: { type: \"Vec<u8, 4>\", optional: true }, b: String<32>, c: [u8; 4] }
";

/// Without this, every one of these would be an edit by hand.
#[test]
fn what_is_sure_is_mended() {
    let here = folder(&[("contracts.yaml", WRONG), ("good.yaml", RIGHT)]);
    let file = here.path().join("contracts.yaml");
    let dry = run(here.path(), ["check", "--fix", "--dry-run"]).exits(1);
    assert!(dry.text().starts_with("--- contracts.yaml\n+++ contracts.yaml\n@@"), "{}", dry.text());
    assert!(dry.text().contains("-    tlv_tpye: 1_001\n") && dry.text().contains("+    tlv_type: 1001\n"));
    assert!(dry.stderr.contains("contracts.yaml: 9 edits to make"), "{}", dry.stderr);
    assert_eq!(fs::read_to_string(&file).expect("a file"), WRONG, "nothing is written");
    let mended = run(here.path(), ["check", "--fix"]).exits(0).says(&["contracts.yaml: 9 edits made"]);
    assert!(!mended.stderr.contains("error["), "{}", mended.stderr);
    assert_eq!(fs::read_to_string(&file).expect("a file"), RIGHT);
    run(here.path(), ["check", "--fix"]).quiet();
    run(here.path(), ["check", "--fix", "--dry-run", "good.yaml"]).quiet();
    run_with(here.path(), ["check", "--fix", "-"], WRONG).exits(2).says(&["stdin"]);
    run(here.path(), ["check", "--dry-run"]).exits(2).says(&["--fix"]);
    run(here.path(), ["check", "--fix", "nowhere.yaml"]).exits(3).says(&["E0001"]);
}

/// Without this, a contract could come to mean what nobody wrote.
#[test]
fn guesses_are_left_to_people() {
    let message = |rest: &str| format!("messages:\n  Tick: {{ tlv_type: 1001, domain: D, {rest} }}\n");
    for text in [
        message("fields: { a: u65 }"),
        message("fields: { a: { type: u8, validation: [{ min: 010 }] } }"),
        message("fields: { a: { type: u16, validation: [{ min: 1:30 }] } }"),
        message("required_prior_messages: [Tik]"),
        "tag_ranges: { app: 1000..2000 }\nmessages: {}\n".to_owned(),
        "schema: { digest: sourc }\nmessages: {}\n".to_owned(),
        "domains: { Market: {} }\nmessages: { A: { tlv_type: 1000, domain: Markt } }\n".to_owned(),
        // The key that it resembles is there already.
        message("feilds: {}, fields: {}"),
        // Which of the two was meant?
        message("feilds: { a: u8 }, fieldz: { b: u8 }"),
        message("fields: { a: { type: u8, validation: { minn: 3, mim: 4 } } }"),
        // In other words this is the bound.
        message("fields: { a: { type: String, validation: { length: 5 } } }"),
        // A rule of this name is not for numbers.
        message("fields: { a: { type: u8, validation: { asci: true } } }"),
        // An edit would change the digest of a contract that is in use.
        format!("schema: {{ digest: source }}\n{}", message("fields: { a: String }")),
    ] {
        assert!(!checked(&text).diagnostics.is_empty(), "{text}");
        let fixed = fix(&text);
        assert_eq!((fixed.text.as_str(), fixed.edits), (text.as_str(), 0));
    }
}

/// Without this, one edit could take the ground from another: the bound that was meant would be in the way of one that
/// nobody wrote.
#[test]
fn what_is_in_doubt_holds_nothing_up() {
    let text = |fields: &str| format!("messages:\n  Tick: {{ tlv_type: 1001, domain: D, fields: {{ {fields} }} }}\n");
    for (wrong, right, edits) in [
        ("a: { type: String, validation: { maxlength: 5 } }", "a: { type: String, validation: { max_length: 5 } }", 1),
        // Those that collide are left, and the rest is made.
        (
            "a: { type: u8, validation: { minn: 3, mim: 4 }, optional: yes }, b: { tpye: u8 }",
            "a: { type: u8, validation: { minn: 3, mim: 4 }, optional: true }, b: { type: u8 }",
            2,
        ),
        ("a: { type: u8, validation: { minn: 3, maxx: 4 } }", "a: { type: u8, validation: { min: 3, max: 4 } }", 2),
    ] {
        let fixed = fix(&text(wrong));
        assert_eq!((fixed.text, fixed.edits), (text(right), edits));
    }
    // One of many that collides does not make it one edit a round.
    let many: Vec<String> = (0..100).map(|index| format!("f{index}: {{ tpye: u8 }}")).collect();
    let fixed = fix(&text(&format!("{}, a: {{ type: u8, validation: {{ minn: 3, mim: 4 }} }}", many.join(", "))));
    assert_eq!(fixed.edits, 100);
}

/// Without this, mending could break what was whole, or never come to an end.
#[test]
fn it_never_makes_it_worse() {
    let mut random = Random::for_test("cli_fix", 5);
    let folders = ["valid", "invalid"].map(|kind| root().join("tests/schemas").join(kind));
    let paths = folders.iter().flat_map(|folder| files(folder, ".yaml")).filter(|path| path.is_file());
    let texts: Vec<String> =
        paths.filter_map(|path| fs::read_to_string(path).ok()).filter(|text| (1..5000).contains(&text.len())).collect();
    let mut mended = 0;
    let altered: Vec<String> = (0..800)
        .filter_map(|_| {
            let (text, other) = (random.choose(&texts).clone(), random.choose(&texts).clone());
            String::from_utf8(mutated_text(&mut random, text.as_bytes(), other.as_bytes())).ok()
        })
        .collect();
    for text in texts.iter().chain(&altered) {
        let fixed = fix(text);
        let (before, after) = (checked(text), checked(&fixed.text));
        assert_eq!(fixed.edits == 0, fixed.text == *text);
        assert!(errors(&after) <= errors(&before), "{text}\n{}", fixed.text);
        assert!(after.diagnostics.len() <= before.diagnostics.len(), "{text}\n{}", fixed.text);
        let codes = |checked: &Checked| checked.diagnostics.iter().filter(|found| found.code.id == "E0102").count();
        assert!(codes(&after) <= codes(&before), "a key twice:\n{text}\n{}", fixed.text);
        if let Some(schema) = &before.schema {
            assert_eq!(after.schema.expect("still without errors").digest, schema.digest, "{text}");
        }
        assert_eq!(fix(&fixed.text).edits, 0, "once is enough:\n{}", fixed.text);
        mended += usize::from(fixed.edits > 0);
    }
    assert!(mended > 30, "only {mended} of {} were mended", texts.len() + altered.len());
}
