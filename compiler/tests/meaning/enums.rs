//! Enums.

use super::{checked, contracts};

fn rows(rows: &[(&str, &[&str])]) {
    for (body, wanted) in rows {
        let text = format!(
            "enums: {{ E: {{ {body} }} }}\nmessages: {{ M: {{ tlv_type: 1001, domain: D, fields: {{ f: E }} }} }}\n"
        );
        contracts(&[(&text, wanted)]);
    }
}

/// Without it a value could be cut to its representation, or mean two things.
#[test]
fn values() {
    rows(&[
        ("values: { A: 0, B: 255 }", &[]),
        ("values: { A: 256 }", &["E0211 256"]),
        ("values: { A: -1 }", &["E0211 -1"]),
        ("repr: u8, values: { A: 0xff }", &[]),
        ("repr: u16, values: { A: 65535, B: 65536 }", &["E0211 65536"]),
        ("repr: u32, values: { A: 4294967295 }", &[]),
        ("repr: u32, values: { A: 4294967296 }", &["E0211 4294967296"]),
        ("values: { A: 1, B: 2, C: 1 }", &["E0212 1"]),
        ("values: { A: 1, B: 0x1 }", &["E0212 0x1"]),
        ("values: {}", &["E0210 E"]),
        ("repr: u64, values: { A: 1 }", &["E0209 u64"]),
        ("repr: i8, values: { A: 1, B: 300 }", &["E0209 i8"]),
        ("repr: U8, values: { A: 1 }", &["E0209 U8"]),
        ("values: { a: 1 }", &["W0501 a"]),
        ("values: { A B: 1 }", &["E0501 A B"]),
    ]);
}

/// Without it nobody would learn that an enum without `repr` is a byte.
#[test]
fn suggestions() {
    let text =
        "enums: { E: { values: { A: 300 } } }\nmessages: { M: { tlv_type: 1001, domain: D, fields: { f: E } } }\n";
    let help = checked(text).diagnostics[0].help.clone().unwrap();
    assert_eq!(help, "add `repr: u16`; without it an enum is `u8`");
}

/// Without it an enum could be forgotten in the contract without a word.
#[test]
fn unused() {
    contracts(&[
        ("enums: { E: { values: { A: 1 } } }", &["W0202 E"]),
        ("structs: { S: { fields: { f: u8 } } }", &["W0202 S"]),
        ("enums: { E: { values: { A: 1 } } }\nstructs: { S: { fields: { f: E } } }", &["W0202 S"]),
    ]);
}
