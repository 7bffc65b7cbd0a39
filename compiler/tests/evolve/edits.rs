//! Every kind of edit, with what is reported.

use std::collections::BTreeSet;

use myc_schema::digest::canonical_text;
use myc_schema::evolve::rules::{ALL, Category};
use myc_schema::evolve::{Known, compare};

use super::{findings, has, lines, schema};

pub const BASE: &str = include_str!("base.yaml");

/// What the edit is, the text that is replaced, its replacement, and what is reported of it.
const EDITS: &[(&str, &str, &str, &[&str])] = &[
    // How it is written.
    ("comment", "# A contract", "# Some contract", &[]),
    ("spacing", "{ price: Price, kind: Kind }", "{  price:   Price ,  kind: Kind  }", &[]),
    ("number spelling", "tlv_type: 1003", "tlv_type: 0x3eb", &[]),
    ("long field form", "note: String<31>", "note: { type: String, validation: { max_length: 31 } }", &[]),
    ("order of rules", "[{ min: 1 }, { max: 1000 }]", "[{ max: 1000 }, { min: 1 }]", &[]),
    ("modern spelling of a rule", "{ no_0x_prefix: true }", "{ not_prefix: \"0x\" }", &[]),
    ("order of one_of", "[1, 10, 100]", "[100, 1, 10]", &[]),
    ("order of enum values", "{ Buy: 1, Sell: 2 }", "{ Sell: 2, Buy: 1 }", &[]),
    ("x- key", "domain: Control\n    fields: {}", "domain: Control\n    x-owner: desk\n    fields: {}", &[]),
    ("reserved in two parts", "[1500-1509, 1600]", "[1600, 1505-1509, 1500-1504]", &[]),
    (
        "field added at the end",
        "      at: { type: u64, unit: ns }\n",
        "      at: { type: u64, unit: ns }\n      late: bool\n",
        &["FIELD_ADDED Tick.late"],
    ),
    ("field added in padding", "      lane: {", "      extra: u8\n      lane: {", &["FIELD_ADDED Order.extra"]),
    (
        "first field of a message",
        "domain: Control\n    fields: {}",
        "domain: Control\n    fields: { nonce: u64 }",
        &["FIELD_ADDED Ping.nonce"],
    ),
    ("field removed", "      flags: u32\n", "", &["FIELD_REMOVED Order.flags"]),
    ("field renamed", "lots: {", "lot: {", &["FIELD_RENAMED Book.lot"]),
    (
        "two fields renamed",
        "      quantity: u32\n      flags: u32\n",
        "      amount: u32\n      bits: u32\n",
        &["FIELD_RENAMED Order.amount", "FIELD_RENAMED Order.bits"],
    ),
    (
        "field renamed and retyped",
        "      quantity: u32\n",
        "      amount: i32\n",
        &["FIELD_REMOVED Order.quantity", "FIELD_ADDED Order.amount"],
    ),
    (
        "field moved to the front",
        "      id: u64\n      quantity: u32\n      flags: u32\n",
        "      quantity: u32\n      flags: u32\n      id: u64\n",
        &["FIELD_MOVED Order.id"],
    ),
    (
        "fields of one type swapped",
        "      quantity: u32\n      flags: u32\n",
        "      flags: u32\n      quantity: u32\n",
        &["FIELD_MOVED Order.quantity"],
    ),
    ("field of another size", "lots: { type: u16", "lots: { type: u32", &["FIELD_TYPE_CHANGED Book.lots"]),
    ("field of the same size", "flags: u32", "flags: i32", &["FIELD_TYPE_CHANGED Order.flags"]),
    ("array to vector", "tag: \"[u8; 4]\"", "tag: \"Vec<u8, 4>\"", &["FIELD_TYPE_CHANGED Tick.tag"]),
    ("field made optional", "unit: ns", "unit: ns, optional: true", &["FIELD_MADE_OPTIONAL Tick.at"]),
    ("field made required", "type: Side, optional: true, ", "type: Side, ", &["FIELD_MADE_REQUIRED Tick.side"]),
    ("array longer", "tag: \"[u8; 4]\"", "tag: \"[u8; 8]\"", &["ARRAY_LENGTH_CHANGED Tick.tag"]),
    ("array of arrays", "tag: \"[u8; 4]\"", "tag: \"[[u8; 2]; 2]\"", &["FIELD_TYPE_CHANGED Tick.tag"]),
    ("string bound that changes the size", "max_length: 12", "max_length: 13", &["STRING_BOUND_CHANGED Tick.symbol"]),
    ("string bound raised in place", "note: String<31>", "note: String<32>", &["BOUND_WIDENED_IN_PLACE Tick.note"]),
    ("string bound lowered in place", "max_length: 12", "max_length: 11", &["BOUND_NARROWED_IN_PLACE Tick.symbol"]),
    ("vector bound that changes the size", "Vec<Level, 4>", "Vec<Level, 5>", &["VEC_BOUND_CHANGED Book.levels"]),
    ("vector bound raised in place", "Vec<u8, 31>", "Vec<u8, 32>", &["BOUND_WIDENED_IN_PLACE Book.raw"]),
    (
        "rule added",
        "lots: { type: u16, validation: [",
        "lots: { type: u16, validation: [{ not_zero: true }, ",
        &["RULE_ADDED Book.lots"],
    ),
    ("rule removed", "{ not_empty: true }, ", "", &["RULE_REMOVED Tick.symbol"]),
    ("rule off", "not_empty: true", "not_empty: false", &["RULE_REMOVED Tick.symbol"]),
    ("min raised", "{ min: 1 }", "{ min: 2 }", &["RULE_TIGHTENED Tick.size"]),
    ("min lowered", "{ min: 1 }", "{ min: 0 }", &["RULE_LOOSENED Tick.size"]),
    ("max lowered", "max: 1000", "max: 999", &["RULE_TIGHTENED Tick.size"]),
    ("float bound raised", "max: 0.5", "max: 0.75", &["RULE_LOOSENED Tick.ratio"]),
    ("U256 bound raised", "\"0x64\"", "101", &["RULE_LOOSENED Book.wide"]),
    ("min_length raised", "min_length: 2", "min_length: 3", &["RULE_TIGHTENED Book.levels"]),
    ("min_length lowered", "min_length: 2", "min_length: 1", &["RULE_LOOSENED Book.levels"]),
    ("other prefix", "{ no_0x_prefix: true }", "{ not_prefix: \"0X\" }", &["RULE_CHANGED Tick.symbol"]),
    ("shorter prefix", "{ no_0x_prefix: true }", "{ not_prefix: \"0\" }", &["RULE_TIGHTENED Tick.symbol"]),
    ("longer prefix", "{ no_0x_prefix: true }", "{ not_prefix: \"0x0\" }", &["RULE_LOOSENED Tick.symbol"]),
    ("one_of shorter", "[1, 10, 100]", "[1, 10]", &["RULE_TIGHTENED Book.lots"]),
    ("one_of longer", "[1, 10, 100]", "[1, 10, 100, 1000]", &["RULE_LOOSENED Book.lots"]),
    ("one_of with other values", "[1, 10, 100]", "[1, 20, 100]", &["RULE_CHANGED Book.lots"]),
    ("one_of of an enum shorter", "[Sell, Buy]", "[Sell]", &["RULE_TIGHTENED Tick.side"]),
    (
        "not_empty for min_length",
        "{ not_empty: true }",
        "{ min_length: 1 }",
        &["RULE_ADDED Tick.symbol", "RULE_REMOVED Tick.symbol"],
    ),
    ("unit", "unit: ns", "unit: us", &["UNIT_CHANGED Tick.at"]),
    ("unit away", ", unit: ns", "", &["UNIT_CHANGED Tick.at"]),
    (
        "rule that is documentation",
        "{ monotonic: true }",
        "{ monotonic: strictly }",
        &["DOCUMENTED_RULE_CHANGED Order.lane"],
    ),
    ("field deprecated", "unit: ns", "unit: ns, deprecated: late", &["DEPRECATED Tick.at"]),
    ("description of a field", "\"Scaled\"", "\"Unscaled\"", &["DESCRIPTION_CHANGED Price.mantissa"]),
    ("rule in a struct", "max: 18", "max: 17", &["RULE_TIGHTENED Price.exponent"]),
    (
        "field added to a struct",
        "price: Price, kind: Kind",
        "price: Price, kind: Kind, n: u8",
        &["FIELD_ADDED Level.n"],
    ),
    ("field renamed in a struct", "mantissa:", "scaled:", &["FIELD_RENAMED Price.scaled"]),
    ("description of a struct", "\"Decimal\"", "\"A decimal\"", &["DESCRIPTION_CHANGED Price"]),
    ("enum value added", "{ Buy: 1, Sell: 2 }", "{ Buy: 1, Sell: 2, Short: 3 }", &["ENUM_VALUE_ADDED Side.Short"]),
    ("enum value removed", "Trade: 7, Quote: 3", "Trade: 7", &["ENUM_VALUE_REMOVED Kind.Quote"]),
    ("enum value renamed", "Trade: 7", "Deal: 7", &["ENUM_VALUE_RENAMED Kind.Deal"]),
    ("enum value renumbered", "Trade: 7", "Trade: 8", &["ENUM_VALUE_RENUMBERED Kind.Trade"]),
    (
        "enum numbers swapped",
        "Trade: 7, Quote: 3",
        "Trade: 3, Quote: 7",
        &["ENUM_VALUE_RENUMBERED Kind.Trade", "ENUM_VALUE_RENUMBERED Kind.Quote"],
    ),
    (
        "enum number given to another",
        "Trade: 7, Quote: 3",
        "Quote: 7",
        &["ENUM_VALUE_RENUMBERED Kind.Quote", "ENUM_VALUE_REMOVED Kind.Trade"],
    ),
    ("repr without a change of layout", "{ repr: u16, values", "{ repr: u8, values", &["ENUM_REPR_CHANGED Kind"]),
    ("description of an enum", "\"Order side\"", "\"Side\"", &["DESCRIPTION_CHANGED Side"]),
    ("unused enum changed", "Nothing: 0", "Nothing: 1", &["UNUSED_TYPE_CHANGED Unused"]),
    ("unused enum away", "  Unused: { values: { Nothing: 0 } }\n", "", &["ENUM_REMOVED Unused"]),
    ("struct added", "structs:\n", "structs:\n  Spare: { fields: { a: u8 } }\n", &["STRUCT_ADDED Spare"]),
    ("enum added", "enums:\n", "enums:\n  Spare: { values: { A: 1 } }\n", &["ENUM_ADDED Spare"]),
    (
        "message added",
        "  Ping:",
        "  Pong: { tlv_type: 1005, domain: Control, fields: {} }\n  Ping:",
        &["MESSAGE_ADDED Pong"],
    ),
    (
        "message removed",
        "  Ping:\n    tlv_type: 1003\n    domain: Control\n    fields: {}\n",
        "",
        &["TYPE_ID_NOT_RESERVED Ping", "MESSAGE_REMOVED Ping"],
    ),
    ("message renamed", "  Ping:", "  Pong:", &["MESSAGE_RENAMED Pong"]),
    ("type id", "tlv_type: 1004", "tlv_type: 1005", &["TYPE_ID_NOT_RESERVED Order", "MESSAGE_ID_CHANGED Order"]),
    (
        "type id and name",
        "  Order:\n    tlv_type: 1004",
        "  Intent:\n    tlv_type: 1005",
        &["TYPE_ID_NOT_RESERVED Order", "MESSAGE_ID_CHANGED Intent", "MESSAGE_RENAMED Intent"],
    ),
    (
        "type id given to another",
        "  Order:\n    tlv_type: 1004",
        "  Order:\n    tlv_type: 1005\n    domain: Control\n    fields: { n: u64 }\n  Other:\n    tlv_type: 1004",
        &[
            "FIELD_REMOVED Order.flags",
            "FIELD_REMOVED Order.lane",
            "FIELD_REMOVED Order.quantity",
            "TYPE_ID_REUSED Other",
            "MESSAGE_ID_CHANGED Order",
            "FIELD_RENAMED Order.n",
            "DEPRECATION_WITHDRAWN Order",
            "MESSAGE_ADDED Other",
        ],
    ),
    (
        "message in the place of another",
        "  Ping:\n    tlv_type: 1003\n    domain: Control\n    fields: {}",
        "  Login:\n    tlv_type: 1003\n    domain: Control\n    fields: { user: u64 }",
        &["TYPE_ID_REUSED Login", "MESSAGE_REMOVED Ping", "MESSAGE_ADDED Login"],
    ),
    (
        "topic of a message",
        "domain: Control\n    fields: {}",
        "domain: Control\n    topic: c\n    fields: {}",
        &["TOPIC_CHANGED Ping"],
    ),
    (
        "topic of a domain",
        "topic: md",
        "topic: prices",
        &["TOPIC_CHANGED Tick", "TOPIC_CHANGED Book", "DOMAIN_DECLARATION_CHANGED MarketData"],
    ),
    (
        "domain of a message",
        "domain: Control\n    fields: {}",
        "domain: Elsewhere\n    topic: control\n    fields: {}",
        &["DOMAIN_CHANGED Ping"],
    ),
    (
        "deprecated",
        "description: \"A trade\"",
        "description: \"A trade\"\n    deprecated: \"use Trade\"",
        &["DEPRECATED Tick"],
    ),
    ("no longer deprecated", "    deprecated: \"use Intent\"\n", "", &["DEPRECATION_WITHDRAWN Order"]),
    ("description of a message", "\"A trade\"", "\"A deal\"", &["DESCRIPTION_CHANGED Tick"]),
    (
        "rust_type",
        "description: \"A trade\"",
        "description: \"A trade\"\n    rust_type: LastTrade",
        &["RUST_TYPE_CHANGED Tick"],
    ),
    ("redaction away", "    sensitivity: secret\n", "", &["REDACTION_REMOVED Book", "SENSITIVITY_CHANGED Book"]),
    (
        "redaction",
        "description: \"A trade\"",
        "description: \"A trade\"\n    log_payload: false",
        &["REDACTION_ADDED Tick"],
    ),
    ("sensitivity", "sensitivity: secret", "sensitivity: internal", &["SENSITIVITY_CHANGED Book"]),
    (
        "prior messages",
        "required_prior_messages: [Tick]",
        "required_prior_messages: [Tick, Ping]",
        &["PRIOR_MESSAGES_CHANGED Book"],
    ),
    ("schema id", "id: 0x10", "id: 0x11", &["SCHEMA_ID_CHANGED schema.id"]),
    ("version raised", "version: 3", "version: 4", &["SCHEMA_VERSION_RAISED schema.version"]),
    ("version lowered", "version: 3", "version: 2", &["SCHEMA_VERSION_LOWERED schema.version"]),
    (
        "min_compatible raised",
        "min_compatible: 2",
        "min_compatible: 3",
        &["MIN_COMPATIBLE_RAISED schema.min_compatible"],
    ),
    (
        "min_compatible lowered",
        "min_compatible: 2",
        "min_compatible: 1",
        &["MIN_COMPATIBLE_LOWERED schema.min_compatible"],
    ),
    (
        "digest kind",
        "min_compatible: 2 }",
        "min_compatible: 2, digest: source }",
        &["DIGEST_KIND_CHANGED schema.digest"],
    ),
    ("core", "min_compatible: 2 }", "min_compatible: 2, core: true }", &["CORE_CHANGED schema.core"]),
    (
        "ids released",
        "[1500-1509, 1600]",
        "[1500-1503]",
        &["RESERVED_ID_RELEASED reserved.1504-1509", "RESERVED_ID_RELEASED reserved.1600"],
    ),
    ("ids reserved", "[1500-1509, 1600]", "[1500-1510, 1600]", &["RESERVED_ADDED reserved.1510"]),
    ("name released", "names: [OldTick]", "names: []", &["RESERVED_NAME_RELEASED reserved.OldTick"]),
    ("name reserved", "names: [OldTick]", "names: [OldTick, OldBook]", &["RESERVED_ADDED reserved.OldBook"]),
    ("domain", "latency_slo_p99_ms: 5", "latency_slo_p99_ms: 50", &["DOMAIN_DECLARATION_CHANGED MarketData"]),
    ("domain added", "  Control: {}\n", "  Control: {}\n  Elsewhere: {}\n", &["DOMAIN_DECLARATION_CHANGED Elsewhere"]),
    ("tag range", "app: 1000-49999", "app: 1000-9999", &["TAG_RANGE_CHANGED app"]),
    ("invariant", "severity: high", "severity: low", &["INVARIANT_CHANGED Ordered"]),
];

/// What a text is replaced by.
type Replacement = (&'static str, &'static str);

/// Edits in several places, each of which is made wherever it can be.
const EDITS_OF_MANY: &[(&str, &[Replacement], &[&str])] = &[
    ("struct renamed", &[("  Price:", "  Amount:"), (": Price", ": Amount")], &["STRUCT_RENAMED Amount"]),
    ("enum renamed", &[("  Side:", "  Way:"), (": Side", ": Way")], &["ENUM_RENAMED Way"]),
    (
        "struct renamed and changed",
        &[("  Price:", "  Amount:"), (": Price", ": Amount"), ("exponent: { type: i8", "exponent: { type: i16")],
        &["FIELD_TYPE_CHANGED Amount.exponent", "STRUCT_RENAMED Amount"],
    ),
    (
        "another struct with the same bytes",
        &[
            (
                "structs:\n",
                "structs:\n  Quantity: { fields: { mantissa: i64, exponent: { type: i8, validation: { min: -18, max: 18 } } } }\n",
            ),
            ("      price: Price\n", "      price: Quantity\n"),
        ],
        &["FIELD_TYPE_REPLACED Tick.price", "STRUCT_ADDED Quantity"],
    ),
    (
        "struct away",
        &[("  Level: { fields: { price: Price, kind: Kind } }\n", ""), ("Vec<Level, 4>", "Vec<Price, 4>")],
        &["FIELD_TYPE_CHANGED Book.levels", "STRUCT_REMOVED Level"],
    ),
    (
        "another struct with other bytes",
        &[
            ("structs:\n", "structs:\n  Quantity: { fields: { units: u64 } }\n"),
            ("      price: Price\n", "      price: Quantity\n"),
        ],
        &["FIELD_TYPE_CHANGED Tick.price", "STRUCT_ADDED Quantity"],
    ),
    (
        "enum to its representation",
        &[(
            "      side: { type: Side, optional: true, validation: [{ one_of: [Sell, Buy] }] }",
            "      side: { type: u8, optional: true, validation: [{ one_of: [1, 2] }] }",
        )],
        &["FIELD_TYPE_CHANGED Tick.side"],
    ),
    (
        "enum renamed whose value is renamed",
        &[("  Side:", "  Way:"), (": Side", ": Way"), ("Buy", "Bid")],
        &["ENUM_RENAMED Way", "ENUM_VALUE_RENAMED Way.Bid"],
    ),
    (
        "message removed and reserved",
        &[
            ("  Ping:\n    tlv_type: 1003\n    domain: Control\n    fields: {}\n", ""),
            ("1600], names: [OldTick]", "1600, 1003], names: [OldTick, Ping]"),
        ],
        &["MESSAGE_REMOVED Ping", "RESERVED_ADDED reserved.1003", "RESERVED_ADDED reserved.Ping"],
    ),
    (
        "type ids swapped",
        &[("tlv_type: 1003", "tlv_type: X"), ("tlv_type: 1004", "tlv_type: 1003"), ("tlv_type: X", "tlv_type: 1004")],
        &["TYPE_ID_REUSED Ping", "TYPE_ID_REUSED Order", "MESSAGE_ID_CHANGED Ping", "MESSAGE_ID_CHANGED Order"],
    ),
    (
        "message added on a reserved id",
        &[
            ("1500-1509, 1600", "1500-1509"),
            ("  Ping:", "  Pong: { tlv_type: 1600, domain: Control, fields: {} }\n  Ping:"),
        ],
        &["RESERVED_ID_RELEASED reserved.1600", "MESSAGE_ADDED Pong"],
    ),
];

/// Without it a change could go into a release that nobody was told of, or a review be full of false alarms.
#[test]
fn edits() {
    let mut wrong = String::new();
    for (what, from, to, expected) in EDITS {
        assert_eq!(BASE.matches(from).count(), 1, "{what}: {from}");
        check(what, &BASE.replacen(from, to, 1), expected, &mut wrong);
    }
    for (what, edits, expected) in EDITS_OF_MANY {
        let after = edits.iter().fold(BASE.to_owned(), |text, (from, to)| {
            assert!(text.contains(from), "{what}: {from}");
            text.replace(from, to)
        });
        check(what, &after, expected, &mut wrong);
    }
    assert!(wrong.is_empty(), "{wrong}");
}

fn check(what: &str, after: &str, expected: &[&str], wrong: &mut String) {
    let found = findings(BASE, after);
    if lines(&found) != *expected {
        wrong.push_str(&format!("{what}: {:?}\n", lines(&found)));
    }
}

/// Without it a rule could be in the table and its difference never be found.
#[test]
fn every_rule_has_an_edit() {
    let rows = EDITS.iter().map(|row| row.3).chain(EDITS_OF_MANY.iter().map(|row| row.2));
    let reported: BTreeSet<&str> = rows
        .flatten()
        .map(|line| line.split(' ').next().unwrap_or_default())
        .chain(["SCHEMA_VERSION_KEPT", "SCHEMA_DIGEST_CHANGED"])
        .collect();
    let rules: BTreeSet<&str> = ALL.iter().map(|rule| rule.id).collect();
    assert_eq!(reported, rules);
    assert!(EDITS.len() + EDITS_OF_MANY.len() >= 40);
}

/// Every contract of the tables.
pub fn edited() -> impl Iterator<Item = (&'static str, String)> {
    let one = EDITS.iter().map(|(what, from, to, _)| (*what, BASE.replacen(from, to, 1)));
    one.chain(
        EDITS_OF_MANY.iter().map(|(what, edits, _)| {
            (*what, edits.iter().fold(BASE.to_owned(), |text, (from, to)| text.replace(from, to)))
        }),
    )
}

/// Without it a contract that nobody changed could fail a build.
#[test]
fn nothing_differs_from_itself() {
    for (what, text) in edited() {
        assert_eq!(lines(&findings(&text, &text)), [""; 0], "{what}");
    }
}

/// Without it peers could refuse each other after a change that was reported as none, or as nobody's concern.
#[test]
fn what_changes_the_digest_is_reported() {
    let base = schema(BASE);
    for (what, text) in edited() {
        let new = schema(&text);
        for (a, b) in [(&base, &new), (&new, &base)] {
            let found = compare(a, b, Known::Everything);
            let same = canonical_text(a) == canonical_text(b);
            let kept = a.version == b.version && a.digest_kind == b.digest_kind && a.digest != b.digest;
            assert_eq!(found.iter().any(|finding| finding.rule.id == "SCHEMA_VERSION_KEPT"), kept, "{what}");
            // Peers compare digests: whoever has to plan for that is told, whatever else is found.
            let told = found.iter().filter(|finding| finding.rule.id == "SCHEMA_DIGEST_CHANGED").count();
            assert_eq!(told, usize::from(a.digest != b.digest), "{what}");
            let free =
                |category, but: &[&str]| !found.iter().any(|f| f.category() == category && !but.contains(&f.rule.id));
            if same {
                let reserved = ["RESERVED_ID_RELEASED"];
                assert!(free(Category::Wire, &reserved), "{what}");
                assert!(free(Category::Semantic, &["UNIT_CHANGED"]), "{what}");
                assert!(free(Category::Route, &["DIGEST_KIND_CHANGED"]), "{what}");
            } else {
                let silent = found.iter().all(|finding| {
                    finding.category() == Category::Info
                        && !["MESSAGE_ADDED", "SCHEMA_VERSION_RAISED", "MIN_COMPATIBLE_LOWERED"]
                            .contains(&finding.rule.id)
                });
                assert!(!silent, "{what}");
            }
            // A message with another fingerprint is named by a finding.
            for was in &a.messages {
                let Some(is) = b.message_by_id(was.type_id) else { continue };
                let named = found.iter().any(|f| f.category() != Category::Info && f.type_ids.contains(&was.type_id));
                assert!(named || was.fingerprint == is.fingerprint, "{what}: {}", was.name);
            }
        }
    }
}

/// Without it somebody could be told that something changed, and not where.
#[test]
fn findings_have_places() {
    for (what, text) in edited() {
        for finding in findings(BASE, &text) {
            let place = if finding.rule.id.ends_with("_ADDED") { finding.new } else { finding.old.or(finding.new) };
            assert!(place.is_some(), "{what}: {finding:?}");
            assert!(!finding.message.ends_with('.') && !finding.message.contains("``"), "{what}: {}", finding.message);
        }
    }
    assert!(has(&findings(BASE, &BASE.replace("flags: u32", "flags: i32")), Category::Wire));
}

/// Without it somebody would have to compare two declarations by eye.
#[test]
fn what_is_declared_otherwise_is_said() {
    let domain = |rest: &str| format!("domains: {{ Market: {{ {rest} }} }}\nmessages: {{}}\n");
    let long = "a word ".repeat(20);
    for (old, new, words) in [
        ("topic: md", "topic: prices", "`topic` was `md`, is `prices`"),
        ("latency_slo_p99_ms: 5", "latency_slo_p99_ms: 5.5", "`latency_slo_p99_ms` was 5, is 5.5"),
        ("", "error_rate_slo_pct: 0.1", "`error_rate_slo_pct` was nothing, is 0.1"),
        ("type_range: 1000-1999", "", "`type_range` was 1000-1999, is nothing"),
        ("description: A", "description: B, topic: m", "`topic` was `market`, is `m`; `description` was `A`, is `B`"),
        ("description: A", &format!("description: {long}"), "`description` is another"),
        // Past what a message shows of it.
        (&format!("description: {long}a"), &format!("description: {long}b"), "`description` is another"),
    ] {
        let found = findings(&domain(old), &domain(new));
        let messages: Vec<&str> = found.iter().map(|finding| &*finding.message).collect();
        assert_eq!(messages, [format!("domain `Market` changed: {words}")]);
    }
    let found =
        findings(BASE, &BASE.replace("app: 1000-49999", "app: 1000-9999").replace("severity: high", "severity: low"));
    let messages: Vec<&str> = found.iter().map(|finding| &*finding.message).collect();
    assert_eq!(
        messages,
        [
            "tag range `app` changed: `range` was 1000-49999, is 1000-9999",
            "invariant `Ordered` changed: `severity` was `high`, is `low`"
        ]
    );
}
