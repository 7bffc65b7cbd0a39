//! Types and bounds.

use super::{checked, fields, help, with_field};

/// Without it a type of the language could be refused.
#[test]
fn every_type_is_accepted() {
    for ty in [
        "u8",
        "u16",
        "u32",
        "u64",
        "i8",
        "i16",
        "i32",
        "i64",
        "f32",
        "f64",
        "bool",
        "U256",
        "Side",
        "Price",
        "String<1>",
        "String<65535>",
        "\"[u8; 20]\"",
        "[u8; 20]",
        "[[i16; 4]; 4]",
        "\"[Price; 3]\"",
        "\"[Side; 3]\"",
        "\"[U256; 2]\"",
        "\"Vec<u8, 255>\"",
        "\"Vec<Price, 4>\"",
        "\"Vec<Side, 4>\"",
        "\"Vec<[u8; 3], 3>\"",
        "\"Vec<bool, 8>\"",
        "\"[f32; 64]\"",
        "\" Vec < [ u8 ; 0x10 ] , 4 > \"",
    ] {
        fields(&[(ty, &[])]);
        fields(&[(&format!("{{ type: {ty}, optional: true }}"), &[])]);
    }
}

/// Without it a mistake in a type could pass, or be underlined at the wrong place.
#[test]
fn mistakes() {
    fields(&[
        ("u65", &["E0201 u65"]),
        ("\"Vec<u65, 4>\"", &["E0201 u65"]),
        ("'[Prise; 4]'", &["E0201 Prise"]),
        ("\"[\\x75\\x36; 4]\"", &["E0201 \"[\\x75\\x36; 4]\""]),
        ("M", &["E0201 M"]),
        ("\"Option<u64>\"", &["E0201 Option<u64>"]),
        ("\"[u8, 4]\"", &["E0202 ,"]),
        ("\"Vec<u8; 4>\"", &["E0202 ;"]),
        ("\"[u8]\"", &["E0202 [u8]"]),
        ("\"u8 \"", &[]),
        ("\"\"", &["E0202 \"\""]),
        ("\"u8?\"", &["E0202 ?"]),
        ("Vec", &["E0202 Vec"]),
        ("\"[u8; 010]\"", &["E0202 010"]),
        ("\"[u8; 1_000]\"", &["E0202 1_000"]),
        ("\"[u8; 0]\"", &["E0203 0"]),
        ("\"[u8; 65536]\"", &["E0203 65536"]),
        ("\"[u8; -4]\"", &["E0203 -4"]),
        ("String<0>", &["E0203 0"]),
        ("String<99999999999999999999999>", &["E0203 99999999999999999999999"]),
        ("\"Vec<String<4>, 4>\"", &["E0204 String"]),
        ("\"Vec<Vec<u8, 4>, 4>\"", &["E0204 Vec"]),
        ("\"[String; 4]\"", &["E0204 String"]),
        ("\"[[Vec<u8>; 2]; 2]\"", &["E0204 Vec"]),
    ]);
}

/// Without it a type could be unknown without a word about what is meant.
#[test]
fn suggestions() {
    for (ty, meant) in [
        ("u65", "u64"),
        ("string", "String"),
        ("Strng", "String"),
        ("int", "i64"),
        ("Uint64", "u64"),
        ("uint64", "u64"),
        ("float", "f64"),
        ("double", "f64"),
        ("boolean", "bool"),
        ("Bool", "bool"),
        ("byte", "u8"),
        ("u256", "U256"),
        ("Prise", "Price"),
        ("side", "Side"),
    ] {
        let diagnostic = checked(&with_field(ty)).diagnostics.remove(0);
        assert_eq!(diagnostic.message, format!("unknown type `{ty}`; did you mean `{meant}`?"));
        assert_eq!(diagnostic.suggestion.map(|edit| edit.replacement).as_deref(), Some(meant));
    }
    for (ty, wanted) in [
        ("bytes", "write `[u8; N]` for exactly N bytes, or `Vec<u8, N>` for at most N"),
        ("u128", "the widest integers are `u64`, `i64` and `U256`"),
        ("Uses", "`Uses` is a message; what fields are made of is declared under `structs`"),
        ("\"Option<u8>\"", "write the type alone, and `optional: true` beside it"),
        ("\"u8?\"", "write `optional: true` beside `type`"),
        ("\"[u8, 4]\"", "write `;`"),
    ] {
        assert_eq!(help(ty), wanted, "{ty}");
    }
}

/// Without it a bound could be missing, doubled or contradictory without a word.
#[test]
fn bounds() {
    fields(&[
        ("String", &["W0201 String"]),
        ("\"Vec<u8>\"", &["W0201 Vec"]),
        ("\"Vec<Price>\"", &["W0201 Vec"]),
        ("{ type: String, validation: [{ max_length: 12 }] }", &[]),
        ("{ type: \"Vec<u8>\", validation: { max_length: 0x0c } }", &[]),
        ("{ type: String<12>, validation: [{ max_length: 12 }] }", &[]),
        ("{ type: String<12>, validation: [{ max_length: 13 }] }", &["E0205 13"]),
        ("{ type: \"Vec<u8, 12>\", validation: [{ max_length: 13 }] }", &["E0205 13"]),
        ("{ type: String, validation: [{ max_length: 0 }] }", &["E0203 0"]),
        ("{ type: String<12>, validation: [{ max_length: 0 }] }", &["E0203 0"]),
        ("{ type: String, validation: [{ max_length: 65536 }] }", &["E0203 65536"]),
        ("{ type: String, validation: [{ max_length: -1 }] }", &["E0203 -1"]),
        ("{ type: String, validation: [{ max_length: many }] }", &["E0302 many"]),
        ("{ type: String, validation: [{ max_length: \"12\" }] }", &["E0302 \"12\""]),
        ("{ type: String, validation: [{ max_length: 1.5 }] }", &["E0302 1.5"]),
        ("{ type: u64, validation: [{ max_length: 4 }] }", &["E0301 max_length"]),
        ("{ type: \"[u8; 4]\", validation: [{ max_length: 4 }] }", &["E0301 max_length"]),
        ("{ type: String, validation: [{ max_length: 12 }, { max_length: 13 }] }", &["E0304 max_length"]),
    ]);
}

/// Without it a hostile type could take the compiler's stack or time.
#[test]
fn nesting() {
    let nested = |depth: usize| format!("\"{}u8{}\"", "[".repeat(depth), "; 1]".repeat(depth));
    fields(&[(&nested(32), &[])]);
    let deep = nested(33);
    assert_eq!(super::findings(&super::with_field(&deep))[0][..5], *"E0206");
    let hostile = nested(100_000);
    assert_eq!(super::findings(&super::with_field(&hostile))[0][..5], *"E0206");
    fields(&[("\"[[[[[[[[u8; 65535]; 65535]; 65535]; 65535]; 65535]; 65535]; 65535]; 65535]\"", &["E0601 M"])]);
}
