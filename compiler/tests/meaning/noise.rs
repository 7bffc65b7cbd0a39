//! One mistake, one report; all mistakes in one run, in source order.

use super::{checked, contracts, findings};

/// Without it one unknown type could be reported by everything that uses it.
#[test]
fn no_follow_on() {
    contracts(&[
        (
            "enums: { E: { repr: u64, values: { A: 1 } } }
structs:
  S: { fields: { a: u65, e: E } }
  T: { fields: { s: S, again: \"[S; 4]\" } }
messages:
  M: { tlv_type: 1001, domain: D, fields: { t: T, s: S, e: { type: E, validation: [{ one_of: [A] }] } } }
",
            &["E0209 u64", "E0201 u65"],
        ),
        // The rules of a field without a type are not measured against one.
        (
            "messages: { M: { tlv_type: 1001, domain: D, fields: { f: { type: u65, validation: [{ min: x }, { ascii: true }] } } } }",
            &["E0201 u65"],
        ),
        // Nothing is said of unused types while some type is not known.
        (
            "structs: { Price: { fields: { f: u8 } } }\nmessages: { M: { tlv_type: 1001, domain: D, fields: { f: Prise } } }",
            &["E0201 Prise"],
        ),
        // A struct that is too large is reported itself, not by what contains it.
        (
            "structs: { S: { fields: { f: \"[[u64; 65535]; 65535]\" } }, T: { fields: { s: S } } }\nmessages: { M: { tlv_type: 1001, domain: D, fields: { t: T } } }",
            &["E0602 S"],
        ),
        // A number where text belongs is not also an unknown message, a bad topic, a bad name or an unknown kind.
        (
            "schema: { digest: 5 }
enums: { E: { repr: 8, values: { A: 1 } } }
messages:
  M: { tlv_type: 1001, domain: D, required_prior_messages: [5], fields: { e: E } }
  N: { tlv_type: 1002, domain: 7, rust_type: 9, topic: true, fields: {} }
",
            &["E0103 5", "E0103 8", "E0103 5", "E0103 7", "E0103 9", "E0103 true"],
        ),
        // A list that was reported is not reported again as empty or missing.
        ("messages: { M: { tlv_type: 1001, domain: D, fields: [a, b] } }", &["E0103 [a, b]"]),
        (
            "structs: { S: { fields: 5 } }\nmessages: { M: { tlv_type: 1001, domain: D, fields: { s: S } } }",
            &["E0103 5"],
        ),
        ("structs: { S: 5 }\nmessages: { M: { tlv_type: 1001, domain: D, fields: { s: S } } }", &["E0103 5"]),
        ("enums: { E: 5 }\nmessages: { M: { tlv_type: 1001, domain: D, fields: { e: E } } }", &["E0103 5"]),
        ("structs: 5\nmessages: { M: { tlv_type: 1001, domain: D, fields: { s: S } } }", &["E0103 5"]),
        ("messages: { A: 5, M: { tlv_type: 1001, domain: D, required_prior_messages: [A] } }", &["E0103 5"]),
        ("messages: { M: { tlv_type: 1001, domain: 5 } }", &["E0103 5"]),
    ]);
}

/// Without it an author would have to run the compiler once for each mistake.
#[test]
fn all_in_one_run() {
    let text = "schema: { version: 70000 }
tag_ranges: { core: 1-999, app: 900-49999 }
enums:
  Side: { repr: u8, values: { Buy: 1, Sell: 300 } }
structs:
  Price: { fields: { mantissa: i65 } }
messages:
  TradeTick:
    tlv_type: 0
    domain: MarketData
    required_prior_messages: [Nothing]
    fields:
      price: Price
      size: { type: u8, validation: [{ min: -1 }, { maxx: 3 }] }
      side: Side
      best-price: u64
";
    assert_eq!(
        findings(text),
        [
            "E0701 70000",
            "E0406 900-49999",
            "E0211 300",
            "E0201 i65",
            "E0401 0",
            "E0408 Nothing",
            "E0303 -1",
            "E0306 maxx",
            "E0501 best-price",
        ]
    );
    assert!(checked(text).schema.is_none());
}

/// Without it a hostile file could take the compiler minutes: every unknown name compared with every known one.
#[test]
fn suggestions_are_rationed() {
    let suggested = |count: usize| {
        let mut text = "structs:\n".to_owned();
        for index in 0..count {
            text.push_str(&format!("  SomethingLong{index}: {{ fields: {{ f: SomethingLonger{index} }} }}\n"));
        }
        let diagnostics = checked(&text).diagnostics;
        assert_eq!(diagnostics.len(), count);
        diagnostics.iter().filter(|diagnostic| diagnostic.suggestion.is_some()).count()
    };
    assert_eq!(suggested(300), 300);
    assert!((1..100).contains(&suggested(2_000)));
}
