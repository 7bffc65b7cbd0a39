//! `myc-schema json-schema`: never stricter than the compiler, and of some use all the same.

use std::fs;

use jsonschema::Validator;
use myc_schema::source::SourceMap;
use mycelium_tests::contracts::{SEED, contracts};
use mycelium_tests::corpus;
use mycelium_tests::docs::blocks::Page;
use mycelium_tests::mutate::mutated_text;
use mycelium_tests::program::run;
use mycelium_tests::random::Random;
use mycelium_tests::toolchain::root;
use mycelium_tests::yaml_reader::{Version, read};

fn schema() -> Validator {
    let text = run(&root(), ["json-schema"]).quiet();
    let schema: serde_json::Value = serde_json::from_slice(&text).expect("JSON");
    assert!(jsonschema::draft7::meta::is_valid(&schema), "it is a schema of draft 07");
    jsonschema::draft7::new(&schema).expect("a schema")
}

fn accepted(text: &str) -> bool {
    let mut sources = SourceMap::new();
    let id = sources.add("contracts.yaml", text);
    myc_schema::check(&sources, id).schema.is_some()
}

/// Every contract of the project, accepted or not, those of its pages included.
fn texts() -> Vec<String> {
    let mut texts = corpus::texts();
    for page in ["docs/contracts.md", "README.md"] {
        let page = Page::parse(&fs::read_to_string(root().join(page)).expect("a page"));
        texts.extend(page.blocks.into_iter().filter(|block| block.kind() == "yaml").map(|block| block.body));
    }
    texts
}

/// What the schema has against a text that the compiler accepts, as readers of either version read it.
fn objections(schema: &Validator, text: &str) -> Vec<String> {
    let read = |version| read(text, version).map(|value| (version, value));
    let values = [Version::V12, Version::V11].into_iter().filter_map(read);
    values
        .flat_map(|(version, value)| {
            let errors =
                schema.iter_errors(&value).map(|error| format!("{version:?}: {}: {error}", error.instance_path()));
            errors.collect::<Vec<_>>()
        })
        .collect()
}

/// Without this, an editor could underline a contract that is right.
#[test]
fn never_stricter_than_the_compiler() {
    let schema = schema();
    let mut random = Random::for_test("json_schema", SEED);
    let mut texts: Vec<String> = texts();
    texts.extend(contracts(&mut random, "random", 60).into_iter().map(|contract| contract.text));
    let (mut sound, mut altered) = (0, 0);
    for text in texts.iter().filter(|text| accepted(text)) {
        assert_eq!(objections(&schema, text), Vec::<String>::new(), "{text}");
        sound += 1;
    }
    let small: Vec<&String> = texts.iter().filter(|text| (1..8000).contains(&text.len())).collect();
    for _ in 0..9000 {
        let (text, other) = (*random.choose(&small), *random.choose(&small));
        let text = mutated_text(&mut random, text.as_bytes(), other.as_bytes());
        let Ok(text) = String::from_utf8(text) else { continue };
        if accepted(&text) {
            assert_eq!(objections(&schema, &text), Vec::<String>::new(), "{text}");
            altered += 1;
        }
    }
    assert!(sound > 100 && altered > 250, "only {sound} contracts and {altered} altered ones were accepted");
}

/// Without this, a spelling that some YAML readers take for something else could be refused.
#[test]
fn odd_spellings_that_are_texts() {
    let schema = schema();
    for text in [
        "domains: { Yes: { description: yes, topic: 010 } }\nmessages:\n  A: { tlv_type: 0x3E8, domain: On, description: 1_000 }\n",
        "enums: { True: { values: { Off: 0, On: 1, Null: 2 } } }\nmessages:\n  A:\n    tlv_type: 1000\n    domain: 1.2.3\n    fields: { a: True, b: { type: True, validation: { one_of: [Off, True-ish, Null] } } }\n".replace("True-ish, Null", "On").as_str(),
        "messages:\n  A:\n    tlv_type: 1000\n    domain: D\n    fields:\n      w: { type: U256, validation: [{ min: \"0x10\" }, { max: 115792089237316195423570985008687907853269984665640564039457584007913129639935 }] }\n",
        "messages:\n  A:\n    tlv_type: 1000\n    domain: D\n    validation_notes_are_elsewhere: 1\n    fields: {}\n".replace("validation_notes_are_elsewhere", "x-notes").as_str(),
        "reserved: { tlv_types: [5, 7-9, [10, 12]], names: [A, off] }\nmessages: {}\n",
        "messages:\n  A:\n    tlv_type: 1000\n    domain: D\n    fields: { x-note: ~, a: [u8; 4], b: { type: u8, validation: { known_venue: , min: -0 } } }\n",
    ] {
        assert!(accepted(text), "{text}");
        assert_eq!(objections(&schema, text), Vec::<String>::new(), "{text}");
    }
}

/// Without this, the schema could allow anything and nobody notice.
#[test]
fn it_finds_what_a_schema_can() {
    let schema = schema();
    for (text, pointer) in [
        ("messagse: {}", ""),
        ("messages: { A: { domain: D } }", "/messages/A"),
        ("messages: { A: { tlv_type: 70000, domain: D } }", "/messages/A/tlv_type"),
        ("messages: { A: { tlv_type: \"1000\", domain: D } }", "/messages/A/tlv_type"),
        ("messages: { A: { tlv_type: 1000, domain: D, feilds: {} } }", "/messages/A"),
        ("messages: { A: { tlv_type: 1000, domain: D, fields: } }", "/messages/A/fields"),
        ("messages: { A: { tlv_type: 1000, domain: D, fields: { a: { optional: true } } } }", "/messages/A/fields/a"),
        ("messages: { A: { tlv_type: 1000, domain: D, fields: { a: 5 } } }", "/messages/A/fields/a"),
        ("messages: { A-B: { tlv_type: 1000, domain: D } }", "/messages"),
        ("messages: { A: { tlv_type: 1000, domain: D, log_payload: 1 } }", "/messages/A/log_payload"),
        ("enums: { E: { repr: u64, values: { A: 1 } } }", "/enums/E/repr"),
        ("enums: { E: { values: { A: -1 } } }", "/enums/E/values/A"),
        ("schema: { digest: md5 }", "/schema/digest"),
        ("structs: { S: {} }", "/structs/S"),
        ("[]", ""),
    ] {
        assert!(!accepted(text), "{text}");
        let value = read(text, Version::V12).expect("YAML");
        let places: Vec<String> = schema.iter_errors(&value).map(|error| error.instance_path().to_string()).collect();
        assert!(places.iter().any(|place| place == pointer), "{text}: {places:?}");
    }
    let flag =
        "messages: { A: { tlv_type: 1000, domain: D, fields: { a: { type: u8, validation: [{ not_zero: 1 }] } } } }";
    assert!(!schema.is_valid(&read(flag, Version::V12).expect("YAML")) && !accepted(flag));
}
