//! Which edits of a contract change its digest, and whose fingerprints they change.

use super::schema;

const BASE: &str = include_str!("base.yaml");

/// What an edit changes.
enum Change {
    /// Neither digest nor fingerprints.
    Nothing,
    /// The digest, and the fingerprints of these messages.
    Of(&'static [&'static str]),
}

use Change::{Nothing, Of};

const TICK: Change = Of(&["Tick"]);
const BOOK: Change = Of(&["Book"]);
const BOTH: Change = Of(&["Tick", "Book"]);

/// What the edit is, the text that is replaced, its replacement, what changes.
const EDITS: &[(&str, &str, &str, Change)] = &[
    // How it is written.
    ("comment", "# A contract", "# Some contract", Nothing),
    ("comment after a value", "domain: Control", "domain: Control # of the connection", Nothing),
    ("spacing", "{ price: Price, kind: Kind }", "{  price:   Price ,  kind: Kind  }", Nothing),
    ("quotes", "domain: Control", "domain: \"Control\"", Nothing),
    ("number spelling: id", "id: 0x10", "id: 16", Nothing),
    ("number spelling: type id", "tlv_type: 1003", "tlv_type: 0x3eb", Nothing),
    ("number spelling: integer bound", "max: 1000", "max: 0x3e8", Nothing),
    ("number spelling: float bound", "max: 0.5", "max: 5e-1", Nothing),
    ("number spelling: U256 bound", "\"0x64\"", "100", Nothing),
    ("number spelling: one_of", "[1, 10, 100]", "[0x1, 10, 0x64]", Nothing),
    ("number spelling: enum value", "Buy: 1", "Buy: 0x01", Nothing),
    ("long field form", "price: Price\n", "price: { type: Price }\n", Nothing),
    ("spaces in a type", "\"Vec<Level, 4>\"", "\" Vec < Level,4 > \"", Nothing),
    ("inline bound", "type: String, validation: [{ max_length: 12 }, ", "type: String<12>, validation: [", Nothing),
    ("both bounds", "type: String, validation", "type: String<12>, validation", Nothing),
    ("rules as a mapping", "[{ min: 1 }, { max: 1000 }]", "{ min: 1, max: 1000 }", Nothing),
    ("order of rules", "[{ min: 1 }, { max: 1000 }]", "[{ max: 1000 }, { min: 1 }]", Nothing),
    ("modern spelling of a rule", "{ no_0x_prefix: true }", "{ not_prefix: \"0x\" }", Nothing),
    ("order of one_of", "[1, 10, 100]", "[100, 1, 10]", Nothing),
    ("order of one_of names", "[Sell, Buy]", "[Buy, Sell]", Nothing),
    ("order of enum values", "{ Buy: 1, Sell: 2 }", "{ Sell: 2, Buy: 1 }", Nothing),
    ("default repr", "description: \"Order side\", values", "repr: u8, values", Nothing),
    ("order of keys", "tlv_type: 1003\n    domain: Control\n", "domain: Control\n    tlv_type: 1003\n", Nothing),
    ("required, said", "price: Price\n", "price: { type: Price, optional: false }\n", Nothing),
    ("a rule that is off", "{ min: 1 }, { max: 1000 }", "{ min: 1 }, { max: 1000 }, { not_zero: false }", Nothing),
    ("a rule that is documentation", "{ max: 1000 }", "{ max: 1000 }, { monotonic: true }", Nothing),
    ("default digest", "min_compatible: 2 }", "min_compatible: 2, digest: canonical-v1 }", Nothing),
    ("legacy key", "min_compatible: 2 }", "min_compatible: 2, digest_algo: md5 }", Nothing),
    ("legacy section", "messages:\n", "types: { Address: { rust_type: \"[u8; 20]\" } }\nmessages:\n", Nothing),
    ("x- key", "domain: Control", "domain: Control\n    x-owner: desk", Nothing),
    // Documentation.
    ("description of a message", "\"A trade\"", "\"The last trade\"", Nothing),
    ("description of a field", "\"Scaled\"", "\"Scaled value\"", Nothing),
    ("description of a struct", "\"Decimal\"", "\"Decimal price\"", Nothing),
    ("description of an enum", "\"Order side\"", "\"Side\"", Nothing),
    ("unit", "unit: ns", "unit: s", Nothing),
    ("latency objective", "latency_slo_p99_ms: 5", "latency_slo_p99_ms: 50", Nothing),
    ("error objective", "error_rate_slo_pct: 0.1", "error_rate_slo_pct: 1", Nothing),
    ("domain range", "type_range: 1000-1099", "type_range: 1000-1999", Nothing),
    ("tag ranges", "app: 1000-49999, ", "app: 1000-9999, ", Nothing),
    ("sensitivity", "sensitivity: secret", "log_payload: true", Nothing),
    ("deprecation", "description: \"A trade\"", "deprecated: \"use Trade\"", Nothing),
    ("deprecation of a field", "unit: ns", "deprecated: \"late\"", Nothing),
    ("rust_type", "description: \"A trade\"", "rust_type: LastTrade", Nothing),
    ("schema_version", "description: \"A trade\"", "schema_version: v3", Nothing),
    ("required prior messages", "required_prior_messages: [Tick]", "required_prior_messages: []", Nothing),
    ("an unused enum", "Nothing: 0", "Nothing: 1", Nothing),
    ("an unused enum away", "  Unused: { values: { Nothing: 0 } }\n", "", Nothing),
    ("an unused struct", "structs:\n", "structs:\n  Spare: { fields: { a: u8 } }\n", Nothing),
    ("reserved ids", "messages:\n", "reserved: { tlv_types: [1500] }\nmessages:\n", Nothing),
    ("invariants", "messages:\n", "invariants: [{ name: Order }]\nmessages:\n", Nothing),
    ("the same topic from the message", "domain: Control", "domain: Elsewhere\n    topic: control", Nothing),
    // The header: every digest is another one, the messages are the same.
    ("schema id", "id: 0x10", "id: 0x11", Of(&[])),
    ("schema version", "version: 3", "version: 4", Of(&[])),
    ("min_compatible", "min_compatible: 2", "min_compatible: 1", Of(&[])),
    // Identity and routing of messages.
    ("type id", "tlv_type: 1003", "tlv_type: 1004", Of(&["Ping"])),
    ("name of a message", "  Ping:", "  Pong:", Of(&["Pong"])),
    ("domain without a topic", "domain: Control", "domain: Administration", Of(&["Ping"])),
    ("topic of a message", "domain: Control", "domain: Control\n    topic: c", Of(&["Ping"])),
    ("topic of a domain", "topic: md", "topic: prices", BOTH),
    ("a message more", "  Ping:", "  Pong: { tlv_type: 1005, domain: Control }\n  Ping:", Of(&["Pong"])),
    ("a field more", "fields: {}", "fields: { nonce: u64 }", Of(&["Ping"])),
    // Fields.
    ("name of a field", "lots:", "lot:", BOOK),
    ("type of a field", "lots: { type: u16", "lots: { type: u32", BOOK),
    ("a type of the same size", "lots: { type: u16", "lots: { type: i16", BOOK),
    ("optional", "unit: ns", "optional: true", TICK),
    ("order of fields", "price: Price, kind: Kind", "kind: Kind, price: Price", BOOK),
    ("bound of a string", "max_length: 12", "max_length: 13", TICK),
    ("bound of a vector", "\"Vec<Level, 4>\"", "\"Vec<Level, 5>\"", BOOK),
    ("a field away", "      at: { type: u64, unit: ns }\n", "", TICK),
    // Rules.
    ("integer bound", "max: 1000", "max: 1001", TICK),
    ("float bound", "max: 0.5", "max: 0.25", TICK),
    ("U256 bound", "\"0x64\"", "101", BOOK),
    ("min_length", "min_length: 1", "min_length: 2", BOOK),
    ("a rule more", "{ not_empty: true }", "{ not_empty: true }, { ascii: true }", TICK),
    ("a rule away", "{ not_empty: true }, ", "", TICK),
    ("a rule off", "not_empty: true", "not_empty: false", TICK),
    ("another rule", "{ no_0x_prefix: true }", "{ not_prefix: \"0X\" }", TICK),
    ("one_of", "[1, 10, 100]", "[1, 10]", BOOK),
    ("one_of names", "[Sell, Buy]", "[Sell]", TICK),
    // What messages are made of.
    ("bound in a struct", "max: 18", "max: 17", BOTH),
    ("name of a struct's field", "mantissa:", "scaled:", BOTH),
    ("a field of a struct more", "price: Price, kind: Kind", "price: Price, kind: Kind, n: u8", BOOK),
    ("name of an enum value", "Trade: 7", "Deal: 7", BOOK),
    ("number of an enum value", "Trade: 7", "Trade: 8", BOOK),
    ("an enum value more", "Trade: 7", "Trade: 7, Cross: 9", BOOK),
    ("repr of an enum", "{ repr: u16, values", "{ repr: u32, values", BOOK),
    ("repr without a change of layout", "{ repr: u16, values", "{ repr: u8, values", BOOK),
];

/// Without it peers that agree could refuse each other, or peers that disagree could misread each other.
#[test]
fn edits() {
    let base = schema(BASE);
    for (what, from, to, change) in EDITS {
        assert_eq!(BASE.matches(from).count(), 1, "{what}: {from}");
        let after = BASE.replacen(from, to, 1);
        let edited = schema(&after);
        let digest_changed = edited.digest != base.digest;
        let known = |fingerprint| base.messages.iter().any(|message| message.fingerprint == fingerprint);
        let changed: Vec<&str> = edited
            .messages
            .iter()
            .filter(|message| !known(message.fingerprint))
            .map(|message| message.name.as_str())
            .collect();
        match change {
            Nothing => assert!(!digest_changed && changed.is_empty(), "{what} changes the digest, and {changed:?}"),
            Of(messages) => {
                assert!(digest_changed, "{what} does not change the digest");
                assert_eq!(changed, *messages, "{what}");
            }
        }
    }
}

/// Without it moving a section could change the digest.
#[test]
fn order_of_sections() {
    let (head, messages) = BASE.split_once("messages:\n").unwrap();
    assert_eq!(schema(&format!("messages:\n{messages}{head}")).digest, schema(BASE).digest);
}

/// Without it two different edits could lead to one digest.
#[test]
fn different_contracts_have_different_digests() {
    let mut digests = std::collections::BTreeMap::new();
    for (what, from, to, change) in EDITS {
        // "A rule off" is "a rule away" in other words.
        if matches!(change, Of(_)) && *what != "a rule off" {
            let digest = schema(&BASE.replacen(from, to, 1)).digest;
            assert_eq!(digests.insert(digest, what), None, "{what}");
        }
    }
}

/// Without it a digest over the file's bytes could miss an edit of them, or fingerprints depend on comments.
#[test]
fn source_digest() {
    let text = BASE.replace("min_compatible: 2 }", "min_compatible: 2, digest: source }");
    let base = schema(&text);
    let edited = schema(&text.replace("# A contract", "# The contract"));
    assert_ne!(base.digest, edited.digest);
    assert_eq!(base.digest, myc_schema::digest::of_text(&text));
    let fingerprints =
        |schema: &myc_schema::ir::Schema| schema.messages.iter().map(|m| m.fingerprint).collect::<Vec<_>>();
    assert_eq!(fingerprints(&base), fingerprints(&edited));
    assert_eq!(fingerprints(&base), fingerprints(&schema(BASE)));
}
