//! Different ways to write the same contract: each pair has the same digest, and neither has a finding.

use myc_schema::source::SourceMap;

fn digest(text: &str) -> [u8; 32] {
    let mut sources = SourceMap::new();
    let source = sources.add("contracts.yaml", text);
    let checked = myc_schema::check(&sources, source);
    let said: Vec<_> = checked.diagnostics.iter().map(|found| (found.code.id, &found.message)).collect();
    assert!(said.is_empty(), "{said:?} of\n{text}");
    checked.schema.expect("a schema where nothing is found").digest
}

fn message(fields: &str) -> String {
    format!("messages:\n  M:\n    tlv_type: 1001\n    domain: A\n    fields:\n{fields}")
}

#[test]
fn fields_have_forms() {
    for (what, one, other) in [
        ("short and long", "      a: u64\n", "      a: { type: u64 }\n"),
        ("an array as a list", "      a: [u8; 20]\n", "      a: \"[u8; 20]\"\n"),
        ("an array as a list in braces", "      a: { type: [ u8;20 ] }\n", "      a: '[u8; 20]'\n"),
        ("an array of arrays as no YAML", "      a: [[i16; 4]; 3]\n", "      a: \"[[i16; 4]; 3]\"\n"),
        (
            "three deep, in braces, twice",
            "      a: { type: [[[u8; 2]; 3]; 4], description: \"é: [[u8; 1]; 2]\" }\n      b: [[u8;1];2] # why\n",
            "      a: \"[[[u8; 2]; 3]; 4]\"\n      b: \"[[u8; 1]; 2]\"\n",
        ),
        ("a vector without quotes", "      a: Vec<[u8; 3], 5>\n", "      a: { type: \"Vec<[u8; 3], 5>\" }\n"),
        ("blanks in types", "      a: Vec < [ u8 ; 3 ] , 5 >\n", "      a: Vec<[u8;3],5>\n"),
        ("a bound as a rule", "      a: { type: String, validation: [{ max_length: 9 }] }\n", "      a: String<9>\n"),
        (
            "rules as a mapping",
            "      a: { type: u8, validation: { min: 1, max: 9 } }\n",
            "      a: { type: u8, validation: [{ max: 9 }, { min: 1 }] }\n",
        ),
        (
            "rules as a block",
            "      a:\n        type: u8\n        validation:\n          - min: 1\n          - max: 9\n",
            "      a: { type: u8, validation: [min: 1, max: 9] }\n",
        ),
        ("no rules", "      a: { type: u8, validation: [] }\n", "      a: { type: u8, validation: {} }\n"),
        (
            "hexadecimal",
            "      a: { type: u8, validation: [{ max: 0x1F }] }\n",
            "      a: { type: u8, validation: [{ max: 31 }] }\n",
        ),
        ("not optional", "      a: { type: u8, optional: false }\n", "      a: u8\n"),
        ("unit and description", "      a: { type: u8, unit: ms, description: yes }\n", "      a: u8\n"),
        (
            "keys of your own",
            "      a: { type: u8, x-owner: desk-7, validation: { x-why: 5 } }\n      x-b: u9\n",
            "      a: u8\n",
        ),
        ("a quoted key", "      \"a\": u8\n", "      a: u8\n"),
        ("a text on two lines", "      a: { type: u8, description: one\n        two }\n", "      a: u8\n"),
        (
            "a block of text",
            "      a:\n        type: u8\n        description: |\n          one: two\n",
            "      a: u8\n",
        ),
    ] {
        assert_eq!(digest(&message(one)), digest(&message(other)), "{what}");
    }
}

#[test]
fn contracts_have_forms() {
    let plain = "tag_ranges: { app: 1000-1999 }\nmessages:\n  M: { tlv_type: 1001, domain: A }\n";
    let expected = digest(plain);
    for (what, text) in [
        ("quoted range", plain.replace("1000-1999", "\"1000-1999\"")),
        ("blanks in a range", plain.replace("1000-1999", "1000 - 1999")),
        ("range as a list", plain.replace("1000-1999", "[1000, 0x7CF]")),
        ("no fields at all", plain.replace(" }\n", ", fields: {} }\n").replace("1999, fields: {} }", "1999 }")),
        ("JSON", "{\"messages\": {\"M\": {\"tlv_type\": 1001, \"domain\": \"A\", \"fields\": {}}}}".to_owned()),
        ("keys of your own", format!("x-a: [1, {{ b: ~ }}]\n{plain}  x-N: nothing\n")),
        ("explicit keys", "? messages\n: ? M\n  : { tlv_type: 1001, domain: A }\n".to_owned()),
        (
            "legacy keys",
            format!("schema: {{ digest_algo: sha256 }}\n{plain}")
                .replace("domain: A", "domain: A, schema_version: \"1.0\", rust_type: Em, rkyv: { archive: true }"),
        ),
        ("invariants", format!("{plain}invariants:\n  - {{ name: N, enforced_by: tests }}\n")),
        ("reserved", format!("{plain}reserved: {{ tlv_types: [5, 7-9, \"10-12\", [20, 29]], names: [Old] }}\n")),
    ] {
        assert_eq!(digest(&text), expected, "{what}:\n{text}");
    }
}
