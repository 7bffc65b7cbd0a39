//! The size limit of messages and structs.

use super::{checked, contracts};

fn message(fields: &str) -> String {
    format!("messages: {{ M: {{ tlv_type: 1001, domain: D, fields: {{ {fields} }} }} }}\n")
}

/// Without it a message could be declared that no frame can carry.
#[test]
fn limit() {
    contracts(&[
        (&message("f: \"[[u8; 1024]; 4096]\""), &[]),
        (&message("f: \"[[u8; 1024]; 4096]\", g: u8"), &["E0601 M"]),
        (&message("f: { type: \"[[u8; 1024]; 4096]\", optional: true }"), &["E0601 M"]),
        (&message("f: \"Vec<[u8; 64], 65535>\""), &[]),
        (&message("f: \"Vec<[u8; 65], 65535>\""), &["E0601 M"]),
        (&message("f: \"[[[[[u8; 65535]; 65535]; 65535]; 65535]; 65535]\""), &["E0601 M"]),
        (
            "structs: { S: { fields: { f: \"[[u64; 1024]; 1024]\" } } }\nmessages: { M: { tlv_type: 1001, domain: D, fields: { s: S, t: S } } }",
            &["E0602 S"],
        ),
    ]);
}

/// Without it nobody would know which field to shrink.
#[test]
fn largest_field() {
    let checked = checked(&message("a: u64, f: \"[[u8; 65535]; 65]\", b: u8"));
    let diagnostic = &checked.diagnostics[0];
    assert_eq!(diagnostic.message, "message `M` takes 4259784 bytes; at most 4194304 are allowed");
    assert_eq!(diagnostic.related[0].1, "`f` takes 4259775 bytes of them");
}

/// Without it structs that double at each level could overflow, or take forever.
#[test]
fn doubling() {
    let mut text = "structs:\n  S0: { fields: { f: u8 } }\n".to_owned();
    for index in 1..64 {
        text.push_str(&format!("  S{index}: {{ fields: {{ a: S{0}, b: S{0} }} }}\n", index - 1));
    }
    text.push_str("messages: { M: { tlv_type: 1001, domain: D, fields: { f: S63 } } }\n");
    contracts(&[(&text, &["E0602 S23"])]);
}
