//! Validation rules: what they apply to, what their values may be, which contradict each other.

use super::{fields, help};

const WITH: &str = "{ type: TYPE, validation: [RULES] }";

/// Rows of type, rules and findings.
fn rules(rows: &[(&str, &str, &[&str])]) {
    for (ty, rules, wanted) in rows {
        fields(&[(&WITH.replace("TYPE", ty).replace("RULES", rules), wanted)]);
    }
}

/// Without it a rule could be ignored on a type it is meant for, or accepted on one it is not.
#[test]
fn applicability() {
    let all: [(&str, &str); 9] = [
        ("min", "{ min: 1 }"),
        ("max", "{ max: 1 }"),
        ("not_zero", "{ not_zero: true }"),
        ("not_empty", "{ not_empty: true }"),
        ("min_length", "{ min_length: 1 }"),
        ("not_prefix", "{ not_prefix: x }"),
        ("no_0x_prefix", "{ no_0x_prefix: true }"),
        ("ascii", "{ ascii: true }"),
        ("max_length", "{ max_length: 4 }"),
    ];
    for (types, applying) in [
        (
            &["u8", "u16", "u32", "u64", "i8", "i16", "i32", "i64", "f32", "f64", "U256"][..],
            &["min", "max", "not_zero"][..],
        ),
        (&["\"[u8; 4]\""], &["not_zero"]),
        (&["bool", "Side", "Price", "\"[u16; 4]\"", "\"[[u8; 4]; 4]\""], &[]),
        (&["String<4>"], &["not_empty", "min_length", "not_prefix", "no_0x_prefix", "ascii", "max_length"]),
        (&["\"Vec<u8, 4>\"", "\"Vec<Price, 4>\""], &["not_empty", "min_length", "max_length"]),
    ] {
        for ty in types {
            for (name, rule) in all {
                let refused = format!("E0301 {name}");
                let wanted = if applying.contains(&name) { vec![] } else { vec![refused.as_str()] };
                rules(&[(ty, rule, &wanted)]);
            }
        }
    }
    rules(&[
        ("u8", "{ one_of: [1, 2] }", &[]),
        ("i64", "{ one_of: [-1, 2] }", &[]),
        ("U256", "{ one_of: [1, \"2\"] }", &[]),
        ("String<4>", "{ one_of: [a, \"b\"] }", &[]),
        ("Side", "{ one_of: [Buy, \"Sell\"] }", &[]),
        ("f64", "{ one_of: [1.0] }", &["E0301 one_of"]),
        ("bool", "{ one_of: [true] }", &["E0301 one_of"]),
        ("\"[u8; 4]\"", "{ one_of: [1] }", &["E0301 one_of"]),
        ("\"Vec<u8, 4>\"", "{ one_of: [1] }", &["E0301 one_of"]),
        ("Price", "{ one_of: [1] }", &["E0301 one_of"]),
    ]);
}

/// Without it a rule with a meaningless value could be enforced as something else, or not at all.
#[test]
fn values() {
    rules(&[
        ("u8", "{ min: -1 }", &["E0303 -1"]),
        ("u8", "{ max: 256 }", &["E0303 256"]),
        ("u8", "{ max: 0xff }", &[]),
        ("u8", "{ max: 0x100 }", &["E0303 0x100"]),
        ("i8", "{ min: -128 }, { max: 127 }", &[]),
        ("i8", "{ min: -129 }", &["E0303 -129"]),
        ("u64", "{ max: 18446744073709551615 }", &[]),
        ("u64", "{ max: 18446744073709551616 }", &["E0303 18446744073709551616"]),
        ("i64", "{ min: -9223372036854775808 }", &[]),
        ("i64", "{ min: -9223372036854775809 }", &["E0303 -9223372036854775809"]),
        ("u64", "{ min: 1.5 }", &["E0302 1.5"]),
        ("u64", "{ min: 1.0 }", &["E0302 1.0"]),
        ("u64", "{ min: \"5\" }", &["E0302 \"5\""]),
        ("u64", "{ min: low }", &["E0302 low"]),
        ("u64", "{ min: true }", &["E0302 true"]),
        ("u64", "{ min: [1] }", &["E0302 [1]"]),
        ("u64", "{ min: null }", &["E0302 null"]),
        ("f64", "{ min: -1.5e3 }, { max: 2 }", &[]),
        ("f64", "{ min: 0x10 }", &[]),
        ("f64", "{ max: 1e400 }", &["E0303 1e400"]),
        ("f32", "{ max: 1e39 }", &["E0303 1e39"]),
        ("f32", "{ max: 3.4028235e38 }", &[]),
        ("f32", "{ max: 3.4028236e38 }", &["E0303 3.4028236e38"]),
        ("f64", "{ max: .inf }", &["E0105 .inf"]),
        ("f64", "{ max: \"1.5\" }", &["E0302 \"1.5\""]),
        ("U256", "{ max: 115792089237316195423570985008687907853269984665640564039457584007913129639935 }", &[]),
        ("U256", "{ max: \"115792089237316195423570985008687907853269984665640564039457584007913129639935\" }", &[]),
        ("U256", "{ max: \"0xff\" }", &[]),
        ("U256", "{ max: 0xff }", &[]),
        ("U256", "{ min: -1 }", &["E0303 -1"]),
        ("U256", "{ min: \"ten\" }", &["E0302 \"ten\""]),
        ("U256", "{ min: 1.0 }", &["E0302 1.0"]),
        (
            "U256",
            "{ max: 115792089237316195423570985008687907853269984665640564039457584007913129639936 }",
            &["E0303 115792089237316195423570985008687907853269984665640564039457584007913129639936"],
        ),
        ("u8", "{ not_zero: 1 }", &["E0302 1"]),
        ("String<4>", "{ not_empty: [] }", &["E0302 []"]),
        ("String<4>", "{ ascii: strict }", &["E0302 strict"]),
        ("String<4>", "{ min_length: 65536 }", &["E0303 65536"]),
        ("String<4>", "{ min_length: -1 }", &["E0303 -1"]),
        ("String<4>", "{ min_length: 0 }", &[]),
        ("String<4>", "{ not_prefix: \"\" }", &["E0302 \"\""]),
        ("String<4>", "{ not_prefix: 7 }", &["E0302 7"]),
        ("String<4>", "{ not_prefix: \"7\" }", &[]),
        ("u8", "{ one_of: 1 }", &["E0302 1"]),
        ("u8", "{ one_of: [] }", &["E0307 []"]),
        ("u8", "{ one_of: [1, 2, 1] }", &["E0307 1"]),
        ("u8", "{ one_of: [10, 0x0a] }", &["E0307 0x0a"]),
        ("u8", "{ one_of: [1, 256, two] }", &["E0303 256", "E0302 two"]),
        ("U256", "{ one_of: [16, \"0x10\"] }", &["E0307 \"0x10\""]),
        ("String<4>", "{ one_of: [a, \"a\"] }", &["E0307 \"a\""]),
        ("String<4>", "{ one_of: [a, 1] }", &["E0302 1"]),
        ("Side", "{ one_of: [Buy, Buy] }", &["E0307 Buy"]),
        ("Side", "{ one_of: [Buy, Sel] }", &["E0308 Sel"]),
        ("Side", "{ one_of: [1] }", &["E0302 1"]),
    ]);
}

/// Without it a rule that is switched off could be enforced, or enforced twice.
#[test]
fn false_is_absent() {
    rules(&[
        ("u8", "{ not_zero: false }", &[]),
        ("String<4>", "{ not_zero: false }", &[]),
        ("u8", "{ ascii: false }", &[]),
        ("String<4>", "{ not_empty: false }, { no_0x_prefix: false }, { ascii: false }", &[]),
        ("u8", "{ min: false }", &["E0302 false"]),
    ]);
}

/// Without it one of two rules could silently win.
#[test]
fn twice() {
    rules(&[
        ("u8", "{ min: 1 }, { min: 1 }", &["E0304 min"]),
        ("u8", "{ min: 1 }, { max: 3 }, { min: 2 }, { max: 4 }", &["E0304 min", "E0304 max"]),
        ("String<4>", "{ not_empty: true }, { not_empty: false }", &["E0304 not_empty"]),
        ("String<4>", "{ no_0x_prefix: true }, { not_prefix: \"0x\" }", &["E0304 not_prefix"]),
        ("u8", "{ monotonic: true }, { monotonic: true }", &["W0301 monotonic", "E0304 monotonic"]),
        ("u8", "{ min: 1, max: 3 }", &[]),
    ]);
}

/// Without it a field could be declared that no value fits.
#[test]
fn contradictions() {
    rules(&[
        ("u8", "{ min: 5 }, { max: 4 }", &["E0305 4"]),
        ("u8", "{ max: 4 }, { min: 5 }", &["E0305 5"]),
        ("u8", "{ min: 4 }, { max: 4 }", &[]),
        ("i8", "{ min: 1 }, { max: -1 }", &["E0305 -1"]),
        ("f64", "{ min: 0.2 }, { max: 0.1 }", &["E0305 0.1"]),
        ("f32", "{ min: 0.1 }, { max: 0.1000000001 }", &[]),
        ("f64", "{ min: 0.0 }, { max: -0.0 }", &[]),
        ("U256", "{ min: \"0x100\" }, { max: 255 }", &["E0305 255"]),
        ("String<4>", "{ min_length: 5 }", &["E0305 5"]),
        ("String<4>", "{ min_length: 4 }", &[]),
        ("String", "{ max_length: 4 }, { min_length: 5 }", &["E0305 5"]),
        ("\"Vec<u16, 4>\"", "{ min_length: 5 }", &["E0305 5"]),
        ("u8", "{ one_of: [1, 2] }, { min: 2 }", &["E0305 2"]),
        ("u8", "{ max: 1 }, { one_of: [1, 2] }", &["E0305 [1, 2]"]),
        ("u8", "{ one_of: [0, 1] }, { not_zero: true }", &["E0305 true"]),
        ("u8", "{ one_of: [1, 2] }, { min: 1 }, { max: 2 }", &[]),
        ("U256", "{ one_of: [1, 2] }, { min: 2 }", &["E0305 2"]),
        ("String<4>", "{ one_of: [abcde] }", &["E0305 [abcde]"]),
        ("String<4>", "{ one_of: [\"\", a] }, { not_empty: true }", &["E0305 true"]),
        ("String<4>", "{ one_of: [a, ab] }, { min_length: 2 }", &["E0305 2"]),
        ("String<4>", "{ one_of: [\"0x1\"] }, { no_0x_prefix: true }", &["E0305 true"]),
        ("String<4>", "{ one_of: [é] }, { ascii: true }", &["E0305 true"]),
        ("u8", "{ max: 0 }, { not_zero: true }", &["E0305 true"]),
        ("i8", "{ max: 0 }, { not_zero: true }", &[]),
        ("i8", "{ not_zero: true }, { min: 0 }, { max: 0 }", &["E0305 0"]),
        ("f64", "{ min: 0 }, { max: 0 }, { not_zero: true }", &["E0305 true"]),
        ("U256", "{ max: 0 }, { not_zero: true }", &["E0305 true"]),
    ]);
}

/// Without it a misspelt rule could pass for documentation, or documentation be refused.
#[test]
fn unknown_rules() {
    rules(&[
        ("u32", "{ known_chain: true }", &["W0301 known_chain"]),
        ("u16", "{ known_venue: true }", &["W0301 known_venue"]),
        ("u64", "{ monotonic: true }", &["W0301 monotonic"]),
        ("u64", "{ checksum: { poly: 7 } }", &["W0301 checksum"]),
        ("u64", "{ in: [1, 2] }", &["W0301 in"]),
        ("String<4>", "{ maxx_length: 3 }", &["E0306 maxx_length"]),
        ("String<4>", "{ maxLength: 3 }", &["E0306 maxLength"]),
        ("String<4>", "{ not-empty: true }", &["E0306 not-empty"]),
        ("u8", "{ mim: 3 }", &["E0306 mim"]),
        ("u8", "{ oneof: [1] }", &["E0306 oneof"]),
        ("u8", "{ Max: 3 }", &["E0306 Max"]),
    ]);
    let misspelt = super::checked(&super::with_field("{ type: u8, validation: [{ maxx: 3 }] }")).diagnostics.remove(0);
    assert_eq!(misspelt.message, "unknown rule `maxx`; did you mean `max`?");
    assert_eq!(help("{ type: u8, validation: [{ in: [3] }] }"), "to enforce it, write `one_of`");
}

/// Without it a rule that is not enforced could be lost on the way to the documentation.
#[test]
fn documented_rules_are_kept() {
    let text =
        super::with_field("{ type: u64, validation: [{ monotonic: true }, { known_chain: [1, eth] }, { min: 1 }] }");
    let schema = super::checked(&text).schema.unwrap();
    let field = &schema.message("M").unwrap().fields[0];
    let kept: Vec<_> = field.documented_rules.iter().map(|(name, value)| format!("{name}={value}")).collect();
    assert_eq!(kept, ["monotonic=true", "known_chain=[1, eth]"]);
    assert_eq!(field.rules.len(), 1);
}
