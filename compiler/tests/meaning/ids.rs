//! The schema section, type ids, ranges, domains, topics, references.

use super::{checked, contracts};

/// A message with an id, after some sections.
fn message(head: &str, id: &str) -> String {
    format!("{head}\nmessages: {{ M: {{ tlv_type: {id}, domain: D, fields: {{ f: u8 }} }} }}\n")
}

fn rows(rows: &[(&str, &str, &[&str])]) {
    for (head, id, wanted) in rows {
        contracts(&[(&message(head, id), wanted)]);
    }
}

/// Without it a number of the header could be cut to its width.
#[test]
fn schema_section() {
    rows(&[
        ("schema: {}", "1001", &[]),
        ("schema: { id: 0xFFFFFFFF, version: 65535, min_compatible: 65535, digest: source }", "1001", &[]),
        ("schema: { id: 0x100000000 }", "1001", &["E0701 0x100000000"]),
        ("schema: { id: -1 }", "1001", &["E0701 -1"]),
        ("schema: { version: 65536 }", "1001", &["E0701 65536"]),
        ("schema: { version: 65536, min_compatible: 3 }", "1001", &["E0701 65536"]),
        ("schema: { min_compatible: 2 }", "1001", &["E0702 2"]),
        ("schema: { version: 0 }", "1001", &["E0702 0"]),
        ("schema: { version: 2, min_compatible: 3 }", "1001", &["E0702 3"]),
        ("schema: { digest: canonical_v1 }", "1001", &["E0703 canonical_v1"]),
        ("schema: { digest: sha256 }", "1001", &["E0703 sha256"]),
        ("schema: { digest_algo: sha256 }", "1001", &[]),
    ]);
}

/// Without it an application's message could be taken for one of the framework's.
#[test]
fn framework_ids() {
    rows(&[
        ("", "0", &["E0401 0"]),
        ("", "-1", &["E0401 -1"]),
        ("", "65536", &["E0401 65536"]),
        ("", "65535", &[]),
        ("", "0x3e9", &[]),
        ("", "1", &["E0403 1"]),
        ("", "99", &["E0403 99"]),
        ("", "100", &[]),
        ("schema: { core: true }", "1", &[]),
        ("schema: { core: false }", "1", &["E0403 1"]),
        ("tag_ranges: { app: 1-65535 }", "99", &["E0403 99"]),
        ("schema: { core: true }\ntag_ranges: { core: 1-999 }", "1", &[]),
        ("tag_ranges: { core: 1-999, app: 1000-65535 }", "999", &["E0403 999"]),
        ("tag_ranges: { core: 1-999, app: 1000-65535 }", "42", &["E0403 42"]),
    ]);
}

/// Without it a message could be in two ranges, or in the wrong one without a word.
#[test]
fn tag_ranges() {
    let all = "tag_ranges: { core: 1-999, app: 1000-49999, experimental: 50000-65535 }";
    rows(&[
        (all, "1000", &[]),
        (all, "49999", &[]),
        (all, "50000", &["W0401 50000"]),
        ("tag_ranges: { app: 1000-1999 }", "2000", &["W0402 2000"]),
        ("tag_ranges: { app: 1000-1999 }", "500", &["W0402 500"]),
        ("tag_ranges: { app: 1000-1999, vendor: 500-599 }", "500", &[]),
        ("tag_ranges: {}", "500", &[]),
        ("tag_ranges: { a: 1-10, b: 10-20 }", "500", &["E0406 10-20"]),
        ("tag_ranges: { b: 10-20, a: 1-10 }", "500", &["E0406 1-10"]),
        ("tag_ranges: { a: 1-100, b: 2-3, c: 50-60 }", "500", &["E0406 2-3", "E0406 50-60"]),
        ("tag_ranges: { a: 0-65535 }", "500", &[]),
        ("tag_ranges: { a: 1-65536 }", "500", &["E0407 1-65536"]),
        ("tag_ranges: { app: 1000-70000 }", "500", &["E0407 1000-70000"]),
    ]);
}

/// Without it a retired id or name could come back with another meaning.
#[test]
fn reserved() {
    let some = "reserved: { tlv_types: [1005, 1010-1019, 1015-1030, 1012-1013], names: [Old] }";
    rows(&[
        (some, "1004", &[]),
        (some, "1005", &["E0404 1005"]),
        (some, "1006", &[]),
        (some, "1010", &["E0404 1010"]),
        (some, "1014", &["E0404 1014"]),
        (some, "1025", &["E0404 1025"]),
        (some, "1030", &["E0404 1030"]),
        (some, "1031", &[]),
        ("reserved: { tlv_types: [70000] }", "1001", &["E0407 70000"]),
        ("reserved: { names: [M] }", "1001", &["E0405 M"]),
    ]);
    contracts(&[(
        "reserved: { names: [Side, Price] }\nenums: { Side: { values: { A: 1 } } }\nstructs: { Price: { fields: { s: Side } } }\nmessages: { M: { tlv_type: 1001, domain: D, fields: { f: Price } } }\n",
        &["E0405 Side", "E0405 Price"],
    )]);
}

/// Without it two messages could share an id, or the report could fail to show both.
#[test]
fn duplicate_ids() {
    let text = "messages:
  A: { tlv_type: 1001, domain: D }
  B: { tlv_type: 0x3e9, domain: D }
  C: { tlv_type: 1001, domain: D }
";
    contracts(&[(text, &["E0402 0x3e9", "E0402 1001"])]);
    for diagnostic in checked(text).diagnostics {
        assert_eq!(diagnostic.related.len(), 1);
        assert_eq!(diagnostic.related[0].0.start as usize, text.find("1001").unwrap());
        assert_eq!(diagnostic.message.matches("`A`").count(), 1, "{}", diagnostic.message);
    }
}

/// Without it a message could have a topic that nobody can subscribe to.
#[test]
fn domains() {
    rows(&[
        ("domains: { D: { type_range: 1000-1099 } }", "1099", &[]),
        ("domains: { D: { type_range: 1000-1099 } }", "1100", &["W0403 1100"]),
        ("domains: { D: { type_range: \"1000-1099\" } }", "999", &["W0403 999"]),
        ("domains: { D: { type_range: 1000-70000 } }", "500", &["E0407 1000-70000"]),
        ("domains: { D: { topic: \"\" } }", "1001", &["E0409 \"\""]),
        ("domains: { D: { topic: a b } }", "1001", &["E0409 a b"]),
        ("domains: { D: { topic: \"a\\nb\" } }", "1001", &["E0409 \"a\\nb\""]),
        ("domains: { D: { topic: räksmörgås/1 } }", "1001", &[]),
        ("domains: { \"--\": { description: x } }", "1001", &["E0409 \"--\""]),
        ("domains: { Other: {} }", "1001", &[]),
    ]);
    contracts(&[
        (
            "domains: { MarketData: {} }\nmessages:\n  A: { tlv_type: 1001, domain: MarketDta }\n  B: { tlv_type: 1002, domain: MarketDta }\n",
            &["W0404 MarketDta"],
        ),
        ("domains: { Desk1: {} }\nmessages: { M: { tlv_type: 1001, domain: Desk2 } }", &[]),
        ("messages: { M: { tlv_type: 1001, domain: \"\" } }", &["E0409 \"\""]),
        ("messages: { M: { tlv_type: 1001, domain: D, topic: \"\" } }", &["E0409 \"\""]),
    ]);
}

/// Without it a message could be routed by another topic than its contract says.
#[test]
fn topics() {
    let text = "domains: { Execution: { topic: exec }, MarketData: {} }
messages:
  A: { tlv_type: 1001, domain: MarketData }
  B: { tlv_type: 1002, domain: Execution }
  C: { tlv_type: 1003, domain: HTTPServerV2 }
  D: { tlv_type: 1004, domain: Execution, topic: own.topic }
  E: { tlv_type: 1005, domain: risk_limits }
";
    let schema = checked(text).schema.unwrap();
    let topics: Vec<_> = schema.messages.iter().map(|message| message.topic.as_str()).collect();
    assert_eq!(topics, ["market-data", "exec", "http-server-v2", "own.topic", "risk-limits"]);
    assert_eq!(schema.domains.iter().map(|domain| domain.topic.as_str()).collect::<Vec<_>>(), ["exec", "market-data"]);
}

/// Without it the documentation could refer to messages that do not exist.
#[test]
fn required_prior_messages() {
    let with = |prior: &str| {
        format!(
            "structs: {{ Price: {{ fields: {{ f: u8 }} }} }}
messages:
  InstrumentMeta: {{ tlv_type: 1001, domain: D, fields: {{ p: Price }} }}
  M: {{ tlv_type: 1002, domain: D, required_prior_messages: [{prior}] }}
"
        )
    };
    for (prior, wanted) in [
        ("InstrumentMeta", &[][..]),
        ("M", &[]),
        ("", &[]),
        ("InstrumentMata", &["E0408 InstrumentMata"]),
        ("Price, Nothing", &["E0408 Price", "E0408 Nothing"]),
    ] {
        contracts(&[(&with(prior), wanted)]);
    }
    let diagnostics = checked(&with("InstrumentMata, Price")).diagnostics;
    assert_eq!(diagnostics[0].message, "unknown message `InstrumentMata`; did you mean `InstrumentMeta`?");
    assert_eq!(diagnostics[1].help.as_deref(), Some("`Price` is a struct"));
}
