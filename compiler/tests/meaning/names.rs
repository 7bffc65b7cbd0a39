//! Names: identifiers, conventions, duplicates.

use super::{checked, contracts};

/// A contract whose message, field, enum, enum value or struct has a name.
fn named(kind: &str, name: &str) -> String {
    let pick = |this: &str, other: &str| if this == kind { name.to_owned() } else { other.to_owned() };
    format!(
        "enums: {{ {enum_}: {{ values: {{ {value}: 1 }} }} }}
structs: {{ {struct_}: {{ fields: {{ e: \"{enum_type}\" }} }} }}
messages: {{ {message}: {{ tlv_type: 1001, domain: D, fields: {{ {field}: u8, s: \"{struct_type}\" }} }} }}
",
        enum_ = pick("enum", "Side"),
        enum_type = pick("enum", "Side").trim_matches('"'),
        struct_ = pick("struct", "Price"),
        struct_type = pick("struct", "Price").trim_matches('"'),
        value = pick("value", "Buy"),
        message = pick("message", "Tick"),
        field = pick("field", "size"),
    )
}

fn rows(kinds: &[&str], names: &[(&str, &[&str])]) {
    for kind in kinds {
        for (name, wanted) in names {
            contracts(&[(&named(kind, name), wanted)]);
        }
    }
}

const TYPES: [&str; 4] = ["message", "struct", "enum", "value"];

/// Without it a name could pass that no target can express.
#[test]
fn identifiers() {
    let long = "A".repeat(128);
    let longer = "A".repeat(129);
    rows(
        &["message", "value"],
        &[
            ("A", &[]),
            ("\"\"", &["E0501 \"\""]),
            ("Tick-Size", &["E0501 Tick-Size"]),
            ("Tick Size", &["E0501 Tick Size"]),
            ("Tick.Size", &["E0501 Tick.Size"]),
            ("9Tick", &["E0501 9Tick"]),
            ("9", &["E0501 9"]),
            ("_", &["E0501 _"]),
            ("___", &["E0501 ___"]),
            ("Größe", &["E0501 Größe"]),
            ("Тick", &["E0501 Тick"]),
            ("\"Tick\\n\"", &["E0501 \"Tick\\n\""]),
            (&long, &[]),
            (&longer, &[&format!("E0502 {longer}")]),
        ],
    );
    let long = "a".repeat(128);
    let longer = "a".repeat(129);
    rows(
        &["field"],
        &[
            ("a", &[]),
            ("\"\"", &["E0501 \"\""]),
            ("tick-size", &["E0501 tick-size"]),
            ("9tick", &["E0501 9tick"]),
            ("_", &["E0501 _"]),
            ("größe", &["E0501 größe"]),
            (&long, &[]),
            (&longer, &[&format!("E0502 {longer}")]),
        ],
    );
}

/// Without it an unusual name could be refused, or a usual one warned of.
#[test]
fn conventions() {
    rows(
        &TYPES,
        &[
            ("TradeTick", &[]),
            ("HTTPServer", &[]),
            ("T", &[]),
            ("V1_2", &[]),
            ("Tick2", &[]),
            ("BUY", &[]),
            ("tradeTick", &["W0501 tradeTick"]),
            ("trade_tick", &["W0501 trade_tick"]),
            ("Trade_Tick", &["W0501 Trade_Tick"]),
            ("STALE_PRICE", &["W0501 STALE_PRICE"]),
            ("_Trade", &["W0501 _Trade"]),
        ],
    );
    rows(
        &["field"],
        &[
            ("best_price", &[]),
            ("reserve0", &[]),
            ("sqrt_price_x96", &[]),
            ("type", &[]),
            ("self", &[]),
            ("true", &[]),
            ("bestPrice", &["W0501 bestPrice"]),
            ("Price", &["W0501 Price"]),
            ("best__price", &["W0501 best__price"]),
            ("_price", &["W0501 _price"]),
            ("price_", &["W0501 price_"]),
        ],
    );
    let help = |kind, name| checked(&named(kind, name)).diagnostics[0].help.clone();
    assert_eq!(help("field", "bestPrice").as_deref(), Some("write `best_price`"));
    assert_eq!(help("value", "STALE_PRICE").as_deref(), Some("write `StalePrice`"));
}

/// Without it generated code could define a type twice.
#[test]
fn one_set_of_names() {
    let text = "enums: { A: { values: { X: 1 } } }
structs: { A: { fields: { f: u8 } }, B: { fields: { f: A } } }
messages: { B: { tlv_type: 1001, domain: D, fields: { b: B } } }
";
    contracts(&[(text, &["E0503 A", "E0503 B"])]);
    let starts: Vec<_> = checked(text).diagnostics.iter().map(|d| d.related[0].0.start as usize).collect();
    assert_eq!(starts, [text.find("A:").unwrap(), text.find("B:").unwrap()]);
}

/// Without it a field could have a type that means two things.
#[test]
fn built_in_names() {
    for name in ["u8", "bool", "U256", "String", "Vec"] {
        for kind in ["struct", "enum"] {
            let found = super::findings(&named(kind, name));
            assert!(found.contains(&format!("E0504 {name}")), "{kind} {name}: {found:?}");
        }
    }
    contracts(&[
        ("messages: { String: { tlv_type: 1001, domain: D }, Vec: { tlv_type: 1002, domain: D } }", &[]),
        ("messages: { U256: { tlv_type: 1001, domain: D, fields: { f: U256 } } }", &[]),
    ]);
}

/// Without it a path or a type with arguments could end up where Rust wants a name.
#[test]
fn rust_type() {
    for (name, wanted) in [
        ("TickV2", &[][..]),
        ("tick", &[]),
        ("\"crate::Tick\"", &["E0501 \"crate::Tick\""]),
        ("\"Vec<u8>\"", &["E0501 \"Vec<u8>\""]),
        ("\"\"", &["E0501 \"\""]),
    ] {
        let text = format!("messages: {{ M: {{ tlv_type: 1001, domain: D, rust_type: {name} }} }}");
        contracts(&[(&text, wanted)]);
    }
}
