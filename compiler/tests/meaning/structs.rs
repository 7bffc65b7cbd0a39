//! Structs: what they may contain.

use super::{checked, contracts};

/// Without it a struct could be declared that has no finite size.
#[test]
fn cycles() {
    contracts(&[
        (
            "structs: { A: { fields: { a: A } } }\nmessages: { M: { tlv_type: 1001, domain: D, fields: { f: A } } }",
            &["E0207 A"],
        ),
        (
            "structs: { A: { fields: { x: \"Vec<A, 2>\", y: \"[A; 2]\" } } }\nmessages: { M: { tlv_type: 1001, domain: D, fields: { f: A } } }",
            &["E0207 \"Vec<A, 2>\"", "E0207 \"[A; 2]\""],
        ),
        (
            "structs:\n  A: { fields: { b: B } }\n  B: { fields: { n: u8, c: { type: C, optional: true } } }\n  C: { fields: { a: \"[A; 2]\" } }\nmessages: { M: { tlv_type: 1001, domain: D, fields: { f: B } } }",
            &["E0207 \"[A; 2]\""],
        ),
    ]);
}

/// Without it a cycle's report could fail to say which fields close it.
#[test]
fn cycle_path() {
    let text = "structs:
  Outer: { fields: { a: A } }
  A: { fields: { n: u8, b: B } }
  B: { fields: { a: A } }
messages: { M: { tlv_type: 1001, domain: D, fields: { f: Outer } } }
";
    let diagnostics = checked(text).diagnostics;
    assert_eq!(diagnostics.len(), 1);
    assert_eq!(diagnostics[0].message, "struct `A` contains itself: A.b → B.a → A");
    assert_eq!(diagnostics[0].related.len(), 1);
}

/// Without it an empty struct could pass, or an empty message be refused.
#[test]
fn fields_are_needed() {
    contracts(&[
        (
            "structs: { A: { fields: {} } }\nmessages: { M: { tlv_type: 1001, domain: D, fields: { f: A } } }",
            &["E0208 A"],
        ),
        ("messages: { M: { tlv_type: 1001, domain: D, fields: {} } }", &[]),
        ("messages: { M: { tlv_type: 1001, domain: D } }", &[]),
        ("messages: {}", &[]),
    ]);
}

/// Without it a chain of structs could take the stack of whatever walks it.
#[test]
fn depth() {
    let chain = |length: usize| {
        let mut text = "structs:\n  S1: { fields: { f: u8 } }\n".to_owned();
        for index in 2..=length {
            text.push_str(&format!("  S{index}: {{ fields: {{ f: S{} }} }}\n", index - 1));
        }
        text + &format!("messages: {{ M: {{ tlv_type: 1001, domain: D, fields: {{ f: S{length} }} }} }}\n")
    };
    contracts(&[(&chain(64), &[]), (&chain(65), &["E0206 S65"]), (&chain(20_000), &["E0206 S65"])]);
}

/// Without it a struct could come before one it contains, and have a wrong layout.
#[test]
fn order_in_the_file_is_free() {
    let text = "structs:
  Outer: { fields: { one: Inner, two: \"[Inner; 3]\" } }
  Inner: { fields: { a: u64, b: u8 } }
messages: { M: { tlv_type: 1001, domain: D, fields: { o: { type: Outer, optional: true } } } }
";
    let schema = checked(text).schema.unwrap();
    let structs: Vec<_> = schema.structs.iter().map(|s| (s.name.as_str(), s.layout.size, s.layout.align)).collect();
    assert_eq!(structs, [("Inner", 16, 8), ("Outer", 64, 8)]);
    assert_eq!(schema.messages[0].layout.size, 72);
}
