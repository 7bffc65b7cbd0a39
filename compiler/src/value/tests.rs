//! The dynamic codec on hand-made schemas: every check of the wire format with its code and path,
//! and every line of the JSON mapping.
//! Long because every check and every line of the mapping is here, on the same hand-made types.

use super::*;
use crate::ir::{
    DigestKind, Enum, EnumId, EnumValue, Field, Layout, Number, OneOf, Place, Rule, Scalar, Struct, StructId, Type,
};
use crate::layout;
use crate::source::Span;

use Scalar::{Bool, F32, F64, I8, I16, I64, U8, U16, U32, U64, U256};

/// Buy, Sell of Side; `Price { mantissa i64, exponent i8 in -18..=18 }`; `Level { price, orders u16 }`.
const SIDE: Type = Type::Enum(EnumId(0));
const PRICE: Type = Type::Struct(StructId(0));
const LEVEL: Type = Type::Struct(StructId(1));

fn field(name: &str, ty: Type) -> Field {
    Field {
        name: name.to_owned(),
        span: Span::default(),
        description: None,
        unit: None,
        deprecated: None,
        ty,
        optional: false,
        rules: Vec::new(),
        documented_rules: Vec::new(),
        place: Place::default(),
    }
}

fn scalar(name: &str, scalar: Scalar) -> Field {
    field(name, Type::Scalar(scalar))
}

fn array(elem: Type, len: u32) -> Type {
    Type::Array { elem: Box::new(elem), len }
}

fn vec_of(elem: Type, bound: u32) -> Type {
    Type::Vec { elem: Box::new(elem), bound }
}

fn string(bound: u32) -> Type {
    Type::String { bound }
}

fn optional(field: Field) -> Field {
    Field { optional: true, ..field }
}

fn ruled(field: Field, rules: &[Rule]) -> Field {
    Field { rules: rules.to_vec(), ..field }
}

/// A schema with the types above and one message of `fields`, called M.
fn schema(mut fields: Vec<Field>) -> Schema {
    let value = |name: &str, value| EnumValue { name: name.to_owned(), span: Span::default(), value };
    let enums = vec![Enum {
        name: "Side".to_owned(),
        span: Span::default(),
        description: None,
        repr: U16,
        values: vec![value("Buy", 1), value("Sell", 513)],
    }];
    let mut structs = Vec::new();
    for (name, mut fields) in [
        (
            "Price",
            vec![
                scalar("mantissa", I64),
                ruled(scalar("exponent", I8), &[Rule::Max(Number::Int(18)), Rule::Min(Number::Int(-18))]),
            ],
        ),
        ("Level", vec![field("price", PRICE), scalar("orders", U16)]),
    ] {
        let layout = layout::composite(&mut fields, &enums, &structs).expect("small");
        structs.push(Struct { name: name.to_owned(), span: Span::default(), description: None, fields, layout });
    }
    let layout = layout::composite(&mut fields, &enums, &structs).expect("small");
    Schema {
        span: None,
        id: 0,
        version: 1,
        min_compatible: 1,
        core: false,
        digest_kind: DigestKind::CanonicalV1,
        digest: [0; 32],
        tag_ranges: Vec::new(),
        domains: Vec::new(),
        enums,
        structs,
        messages: vec![Message {
            name: "M".to_owned(),
            span: Span::default(),
            type_id: 1000,
            domain: "D".to_owned(),
            topic: "d".to_owned(),
            description: None,
            fields,
            layout,
            fingerprint: [0; 8],
            redacted: false,
            sensitivity: None,
            required_prior_messages: Vec::new(),
            deprecated: None,
            rust_type: None,
        }],
        invariants: Vec::new(),
        reserved_ids: Vec::new(),
        reserved_names: Vec::new(),
    }
}

fn failure<T: std::fmt::Debug>(result: Result<T, ValueError>) -> String {
    match result {
        Ok(value) => format!("accepted: {value:?}"),
        Err(error) => format!("{} at {}", error.code, if error.path.is_empty() { "-" } else { &error.path }),
    }
}

/// The verdict on a payload; an accepted one must encode to the same bytes and survive JSON.
fn verdict(schema: &Schema, payload: &[u8]) -> String {
    let message = &schema.messages[0];
    match decode(schema, message, payload) {
        Ok(value) => {
            assert_eq!(encode(schema, message, &value).as_deref(), Ok(payload), "encoding what was decoded");
            let json = to_json(schema, message, &value, JsonStyle::Pretty).expect("decoded values have JSON");
            assert_eq!(json_to_payload(schema, message, &json).as_deref(), Ok(payload), "through {json}");
            to_json(schema, message, &value, JsonStyle::Compact).expect("decoded values have JSON")
        }
        error => failure(error),
    }
}

/// The verdict on a JSON text: JSON of the payload it gives, or code and path.
fn json_verdict(schema: &Schema, json: &str) -> String {
    let message = &schema.messages[0];
    match json_to_payload(schema, message, json) {
        Ok(payload) => verdict(schema, &payload),
        error => failure(error),
    }
}

fn bytes(len: usize, set: &[(usize, &[u8])]) -> Vec<u8> {
    let mut bytes = vec![0; len];
    for (at, values) in set {
        bytes[*at..*at + values.len()].copy_from_slice(values);
    }
    bytes
}

/// Without this, a payload with two faults could be refused for another reason than in the
/// generated code: the order of checks is part of the wire format.
#[test]
fn decode_reports_the_first_failure_in_the_total_order() {
    let name = ruled(field("name", string(3)), &[Rule::Ascii, Rule::NotEmpty]);
    let s = schema(vec![name, optional(scalar("at", U64)), field("side", SIDE), scalar("last", Bool)]);
    // name 0..12 (11 and rounding), at 16..32 (value at 24), side 32..34, last 34, end 40.
    assert_eq!(s.messages[0].layout, Layout { size: 40, align: 8 });
    let good: &[(usize, &[u8])] = &[(0, &[2]), (8, b"ab"), (16, &[1]), (24, &[7]), (32, &[1, 2]), (34, &[1])];
    let with = |set: &[(usize, &[u8])]| verdict(&s, &bytes(40, &[good, set].concat()));
    assert_eq!(with(&[]), r#"{"name":"ab","at":"7","side":"Sell","last":true}"#);
    assert_eq!(verdict(&s, &bytes(39, good)), "length at -");
    assert_eq!(verdict(&s, &bytes(41, good)), "length at -");
    for (set, expected) in [
        (&[(0, &[4][..])][..], "count at name"),
        (&[(1, &[1])], "count at name"),
        (&[(2, &[1])], "padding at name"),
        (&[(7, &[1]), (8, &[0xff])], "padding at name"),
        (&[(8, &[0xff]), (10, &[1])], "utf8 at name"),
        (&[(10, &[1])], "padding at name"),
        (&[(11, &[1])], "padding at name"),
        (&[(8, "é".as_bytes()), (11, &[1])], "padding at name"),
        (&[(8, "é".as_bytes()), (12, &[1])], "rule:ascii at name"),
        (&[(0, &[0]), (8, &[0, 0]), (12, &[1])], "rule:not_empty at name"),
        (&[(12, &[1]), (16, &[2])], "padding at name"),
        (&[(16, &[2]), (17, &[1])], "presence at at"),
        (&[(17, &[1]), (32, &[9])], "padding at at"),
        (&[(16, &[0])], "padding at at"),
        (&[(16, &[0]), (24, &[0]), (23, &[1])], "padding at at"),
        (&[(16, &[0]), (24, &[0]), (31, &[1])], "padding at at"),
        (&[(32, &[2, 0]), (34, &[2])], "enum at side"),
        (&[(34, &[2, 1])], "bool at last"),
        (&[(35, &[1])], "padding at last"),
        (&[(39, &[1])], "padding at last"),
    ] {
        assert_eq!(with(set), expected, "with {set:?}");
    }
    let absent = with(&[(16, &[0]), (24, &[0])]);
    assert_eq!(absent, r#"{"name":"ab","at":null,"side":"Sell","last":true}"#);
}

/// Without this, paths into nested values could differ from what the generated code reports.
#[test]
fn paths_name_fields_and_elements() {
    let s = schema(vec![
        field("bids", vec_of(LEVEL, 2)),
        field("grid", array(array(Type::Scalar(F32), 2), 2)),
        optional(field("limit", PRICE)),
    ]);
    let place = |index: usize| s.messages[0].fields[index].place;
    let level = s.structs[1].layout.size as usize;
    assert_eq!((level, place(0).size, place(1).offset, place(2).value_offset), (24, 56, 56, 80));
    let size = s.messages[0].layout.size as usize;
    let with = |set: &[(usize, &[u8])]| verdict(&s, &bytes(size, set));
    assert_eq!(with(&[]), r#"{"bids":[],"grid":[[0.0,0.0],[0.0,0.0]],"limit":null}"#);
    let second = 8 + level;
    for (set, expected) in [
        (&[(0, &[3][..])][..], "count at bids"),
        (&[(0, &[2]), (second + 8, &[19])], "rule:max at bids[1].price.exponent"),
        (&[(0, &[2]), (second + 8, &[0x80])], "rule:min at bids[1].price.exponent"),
        (&[(0, &[2]), (second + 9, &[1])], "padding at bids[1].price.exponent"),
        (&[(0, &[2]), (second + 18, &[1])], "padding at bids[1].orders"),
        (&[(0, &[1]), (second, &[1])], "padding at bids"),
        (&[(0, &[1]), (8 + 18, &[1]), (second, &[1])], "padding at bids[0].orders"),
        (&[(56 + 12, &[1, 0, 0xc0, 0x7f])], "nan at grid[1][1]"),
        (&[(56 + 4, &[1, 0, 0x80, 0x7f])], "nan at grid[0][1]"),
        (&[(56 + 4, &[0, 0, 0xc0, 0xff])], "nan at grid[0][1]"),
        (&[(72, &[1]), (80 + 8, &[19])], "rule:max at limit.exponent"),
        (&[(72, &[0]), (80 + 8, &[19])], "padding at limit"),
    ] {
        assert_eq!(with(set), expected, "with {set:?}");
    }
    let canonical = with(&[(56 + 4, &[0, 0, 0xc0, 0x7f])]);
    assert_eq!(canonical, r#"{"bids":[],"grid":[[0.0,"NaN"],[0.0,0.0]],"limit":null}"#);
}

/// Without this, a rule could hold in one language and not in the dynamic codec.
#[test]
fn rules_hold_at_their_bounds() {
    let u256 = |low: u8, high: u8| {
        let mut bytes = [0; 32];
        (bytes[0], bytes[31]) = (low, high);
        bytes
    };
    let ints = OneOf::Ints(vec![-5, 7]);
    for (ty, rule, good, bad) in [
        (Type::Scalar(U64), Rule::Max(Number::Int(u64::MAX.into())), &["\"18446744073709551615\""][..], &[][..]),
        (Type::Scalar(U64), Rule::Min(Number::Int(1 << 63)), &["\"9223372036854775808\""], &["9223372036854775807"]),
        (Type::Scalar(I8), Rule::OneOf(ints), &["-5", "7"], &["5", "0"]),
        (Type::Scalar(U16), Rule::NotZero, &["1"], &["0", "-0"]),
        (Type::Scalar(F32), Rule::NotZero, &["1e-45", "\"Infinity\""], &["0", "-0.0", "1e-60", "\"NaN\""]),
        (Type::Scalar(F32), Rule::Min(Number::F32(0.1)), &["0.1", "0.10000000001"], &["0.09999999", "\"NaN\""]),
        (Type::Scalar(F32), Rule::Max(Number::F32(0.0)), &["0", "-0.0", "\"-Infinity\""], &["1e-45", "\"NaN\""]),
        (Type::Scalar(F64), Rule::Max(Number::F64(0.1)), &["0.1"], &["0.10000000000000002", "\"NaN\""]),
        (Type::Scalar(F64), Rule::NotZero, &["5e-324"], &["-0.0", "\"NaN\""]),
        (Type::Scalar(U256), Rule::Max(Number::U256(u256(0, 1))), &["256", "0"], &["1e77"]),
        (Type::Scalar(U256), Rule::Min(Number::U256(u256(1, 0))), &["1"], &["0"]),
        (Type::Scalar(U256), Rule::NotZero, &["256"], &["\"0\""]),
        (Type::Scalar(U256), Rule::OneOf(OneOf::U256s(vec![u256(3, 0)])), &["3"], &["4"]),
        (array(Type::Scalar(U8), 2), Rule::NotZero, &["\"0x0100\"", "\"0x0001\""], &["\"0x0000\""]),
        (vec_of(Type::Scalar(U8), 2), Rule::MinLength(2), &["\"0x0000\""], &["\"0x00\""]),
        (vec_of(Type::Scalar(U16), 2), Rule::NotEmpty, &["[0]"], &["[]"]),
        (string(4), Rule::MinLength(2), &["\"é\""], &["\"e\""]),
        (string(4), Rule::NotPrefix("0x".to_owned()), &["\"\"", "\"0\"", "\"0X\"", "\"00x\""], &["\"0x\"", "\"0x1\""]),
        (string(4), Rule::OneOf(OneOf::Strings(vec!["a".to_owned(), "b".to_owned()])), &["\"b\""], &["\"\""]),
        (SIDE, Rule::OneOf(OneOf::Enums(vec![("Sell".to_owned(), 513)])), &["\"Sell\""], &["\"Buy\""]),
    ] {
        let name = rule.name();
        let s = schema(vec![optional(ruled(field("f", ty), &[rule]))]);
        for value in good {
            let verdict = json_verdict(&s, &format!("{{\"f\":{value}}}"));
            assert!(verdict.starts_with('{'), "{name} of {value}: {verdict}");
        }
        for value in bad {
            assert_eq!(json_verdict(&s, &format!("{{\"f\":{value}}}")), format!("rule:{name} at f"), "{value}");
        }
        // A rule is on a present value.
        assert_eq!(json_verdict(&s, r#"{"f":null}"#), r#"{"f":null}"#);
    }
}

/// Without this, a number could change its value on the way from JSON to bytes.
#[test]
fn json_numbers_are_read_exactly() {
    for (scalar, written, expected) in [
        (U8, "255", "255"),
        (U8, "256", "range at f"),
        (U8, "-1", "range at f"),
        (U8, "-0", "0"),
        (U8, "1.0", "1"),
        (U8, "1e2", "100"),
        (U8, "2550e-1", "255"),
        (U8, "1.5", "kind at f"),
        (U8, "1e-1", "kind at f"),
        (U8, "1e999999999999999999999", "range at f"),
        (U8, "0e999999999999999999999", "0"),
        (U8, "1e-999999999999999999999", "kind at f"),
        (U8, "\"5\"", "kind at f"),
        (U8, "true", "kind at f"),
        (U8, "null", "kind at f"),
        (U8, "[5]", "kind at f"),
        (I8, "-128", "-128"),
        (I8, "-129", "range at f"),
        (U32, "4000000000", "4000000000"),
        (U64, "18446744073709551615", "\"18446744073709551615\""),
        (U64, "\"18446744073709551615\"", "\"18446744073709551615\""),
        (U64, "18446744073709551616", "range at f"),
        (U64, "9007199254740993", "\"9007199254740993\""),
        (U64, "\"-0\"", "kind at f"),
        (U64, "\"+1\"", "kind at f"),
        (U64, "\"01\"", "kind at f"),
        (U64, "\"1.0\"", "kind at f"),
        (U64, "\"0x10\"", "kind at f"),
        (U64, "\" 1\"", "kind at f"),
        (U64, "\"\"", "kind at f"),
        (U64, "\"-1\"", "range at f"),
        (I64, "-9223372036854775808", "\"-9223372036854775808\""),
        (I64, "\"-9223372036854775809\"", "range at f"),
        (
            U256,
            "\"115792089237316195423570985008687907853269984665640564039457584007913129639935\"",
            "\"115792089237316195423570985008687907853269984665640564039457584007913129639935\"",
        ),
        (U256, "115792089237316195423570985008687907853269984665640564039457584007913129639936", "range at f"),
        (U256, "1000000000000000000000000000000000000000000000000000000000000000000000000000000000", "range at f"),
        (U256, "-1", "range at f"),
        (U256, "\"0\"", "\"0\""),
        (F32, "0.1", "0.1"),
        (F32, "16777217", "16777216.0"),
        (F32, "3.4028235e38", "3.4028235e+38"),
        (F32, "3.4028236e38", "range at f"),
        (F32, "1e39", "range at f"),
        (F32, "1e-46", "0.0"),
        (F32, "\"Infinity\"", "\"Infinity\""),
        (F32, "\"NaN\"", "\"NaN\""),
        (F64, "0.1", "0.1"),
        (F64, "-0", "-0.0"),
        (F64, "1e400", "range at f"),
        (F64, "-1e400", "range at f"),
        (F64, "5e-324", "5e-324"),
        (F64, "\"-Infinity\"", "\"-Infinity\""),
        (F64, "\"inf\"", "kind at f"),
        (F64, "\"1\"", "kind at f"),
        (F64, "{}", "kind at f"),
        (Bool, "true", "true"),
        (Bool, "1", "kind at f"),
    ] {
        let s = schema(vec![self::scalar("f", scalar)]);
        let verdict = json_verdict(&s, &format!("{{ \"f\" : {written} }}"));
        let verdict = verdict.strip_prefix("{\"f\":").and_then(|v| v.strip_suffix('}')).unwrap_or(&verdict);
        assert_eq!(verdict, expected, "{} {written}", scalar.name());
    }
    // Rounded once: through an f64 this would become the neighbour above.
    let s = schema(vec![self::scalar("f", F32)]);
    assert_eq!(json_verdict(&s, r#"{"f":1.00000017881393432617187499}"#), r#"{"f":1.0000001}"#);
}

/// Without this, what a contract keeps out of logs would be in the words about why it was refused.
#[test]
fn redacted_failures_say_nothing_of_a_value() {
    let s = schema(vec![
        field("text", string(4)),
        ruled(field("note", string(64)), &[Rule::Ascii]),
        field("id", array(Type::Scalar(U8), 2)),
        self::scalar("n", I8),
        self::scalar("ratio", F32),
        field("side", SIDE),
        field("price", PRICE),
    ]);
    for (json, said) in [
        (r#"{"text":7531}"#, "text: kind: a string was expected"),
        (r#"{"n":"7531 was expected, found x"}"#, "n: kind: an integer number was expected"),
        (r#"{"n":7531}"#, "n: range"),
        (r#"{"ratio":7531e40}"#, "ratio: range"),
        (r#"{"id":"0x7531zz"}"#, "id: kind: a string of hex digits after 0x was expected"),
        (r#"{"side":"7531"}"#, "side: enum"),
        (r#"{"side":"Bu\u0079 7531"}"#, "side: enum"),
        (
            r#"{"7531":1}"#,
            "unknown_field: there is no such field; the fields are: text, note, id, n, ratio, side, price",
        ),
        (r#"{"75 31":1}"#, "unknown_field: there is no such field"),
        (r#"{"price":{"7531":1}}"#, "price: unknown_field: there is no such field; the fields are: mantissa, exponent"),
        (r#"{"price":{"75.\"31":1}}"#, "price: unknown_field: there is no such field"),
        (r#"{"price":7531}"#, "price: kind: an object was expected"),
        (r#"{"text":"7531""#, "syntax: EOF while parsing an object at line 1 column 14"),
        (r#"{"text":"a"}"#, "note: missing_field: the field is missing"),
    ] {
        let error = from_json(&s, &s.messages[0], json).expect_err(json).redacted().to_string();
        assert!(error.starts_with(said) && !error.contains("31"), "{json}: {error}");
    }
    let fields = |text: &str, note: &str| {
        format!(
            r#"{{"text":"{text}","note":"{note}","id":"0x0000","n":1,"ratio":1,"side":"Buy","price":{{"mantissa":1,"exponent":1}}}}"#
        )
    };
    for (json, said) in [
        (fields("75317531", ""), "text: count"),
        (fields("", "7531é"), "note: rule:ascii: has a character that is not ASCII"),
    ] {
        let error = json_to_payload(&s, &s.messages[0], &json).expect_err(&json).redacted().to_string();
        assert_eq!(error, said);
    }
}

/// Without this, a typing error in JSON could pass unnoticed, or be reported at the wrong place.
#[test]
fn json_shape_errors_have_a_path() {
    let s = schema(vec![
        field("bids", vec_of(LEVEL, 2)),
        field("id", array(Type::Scalar(U8), 2)),
        optional(field("side", SIDE)),
        field("text", string(4)),
    ]);
    let with = |bids: &str, id: &str, side: &str, text: &str| {
        json_verdict(&s, &format!(r#"{{"bids":{bids},"id":{id},"side":{side},"text":{text}}}"#))
    };
    let good = with("[]", "\"0xaBcD\"", "\"Buy\"", "\"\\u00e9\"");
    assert_eq!(good, r#"{"bids":[],"id":"0xabcd","side":"Buy","text":"é"}"#);
    let level = r#"{"orders":1,"price":{"mantissa":"1","exponent":1}}"#;
    assert!(with(&format!("[{level}]"), "\"0x0000\"", "null", "\"\"").starts_with('{'));
    for (json, expected) in [
        ("", "syntax at -"),
        ("{", "syntax at -"),
        ("{} {}", "syntax at -"),
        ("\u{feff}{}", "syntax at -"),
        ("[]", "kind at -"),
        ("null", "kind at -"),
        ("{}", "missing_field at bids"),
        (r#"{"bids":[],"bids":[]}"#, "duplicate_field at bids"),
        (r#"{"bids":[],"b\u0069ds":[]}"#, "duplicate_field at bids"),
        (r#"{"bid":[]}"#, "unknown_field at bid"),
        (r#"{"a b":[]}"#, "unknown_field at [\"a b\"]"),
        (r#"{"bids":[],"id":"0x0000","text":""}"#, "missing_field at side"),
        (r#"{"bids":{}}"#, "kind at bids"),
        (r#"{"bids":[[]]}"#, "kind at bids[0]"),
        (r#"{"bids":[{"price":{"mantissa":1}}]}"#, "missing_field at bids[0].price.exponent"),
        (r#"{"bids":[{"price":{"mantisa":1}}]}"#, "unknown_field at bids[0].price.mantisa"),
        (r#"{"bids":[{"price":{"mantissa":1,"mantissa":1}}]}"#, "duplicate_field at bids[0].price.mantissa"),
        (r#"{"bids":[],"id":"0000"}"#, "kind at id"),
        (r#"{"bids":[],"id":"0x000"}"#, "kind at id"),
        (r#"{"bids":[],"id":"0x+1+1"}"#, "kind at id"),
        (r#"{"bids":[],"id":[0,0]}"#, "kind at id"),
        (r#"{"bids":[],"id":"0xé"}"#, "kind at id"),
        (r#"{"text":"\ud800"}"#, "syntax at text"),
        (r#"{"\ud800":1}"#, "syntax at -"),
    ] {
        assert_eq!(json_verdict(&s, json), expected, "{json}");
    }
    assert_eq!(with("[]", "\"0x\"", "null", "\"\""), "count at id");
    assert_eq!(with("[]", "\"0x000000\"", "null", "\"\""), "count at id");
    assert_eq!(with(&format!("[{level},{level},{level}]"), "\"0x0000\"", "null", "\"\""), "count at bids");
    assert_eq!(with("[]", "\"0x0000\"", "\"buy\"", "\"\""), "enum at side");
    assert_eq!(with("[]", "\"0x0000\"", "1", "\"\""), "kind at side");
    assert_eq!(with("[]", "\"0x0000\"", "null", "\"abcde\""), "count at text");
    assert_eq!(with("[]", "\"0x0000\"", "null", "null"), "kind at text");
}

/// Without this, hostile JSON could overflow the stack or take quadratic time.
#[test]
fn deep_and_long_json_is_refused_without_recursion() {
    let s = schema(vec![field("bids", vec_of(LEVEL, 2)), field("text", string(4))]);
    let deep = 1_000_000;
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let nested = format!("{}1{}", open.repeat(deep), close.repeat(deep));
        assert_eq!(json_verdict(&s, &format!("{{\"bids\":[{nested}]}}")).split(' ').next_back(), {
            Some(if open == "[" { "bids[0]" } else { "bids[0].a" })
        });
        assert_eq!(json_verdict(&s, &open.repeat(deep)), "syntax at -");
    }
    let many = vec!["1"; deep].join(",");
    assert_eq!(json_verdict(&s, &format!("{{\"bids\":[{many}]}}")), "kind at bids[0]");
    let long = format!("{{\"text\":\"{}\"}}", "a".repeat(deep));
    assert_eq!(json_verdict(&s, &long), "missing_field at bids");
    let digits = schema(vec![scalar("f", F64), scalar("g", U64)]);
    let json = format!("{{\"f\":0.{},\"g\":{}}}", "1".repeat(deep), "1".repeat(deep));
    assert_eq!(json_verdict(&digits, &json), "range at g");
}

/// Without this, a program's own mistakes with [`Value`] could give bad bytes.
#[test]
fn encode_refuses_values_of_another_shape() {
    let s = schema(vec![
        scalar("n", U8),
        field("side", SIDE),
        field("v", vec_of(Type::Scalar(I16), 1)),
        field("a", array(Type::Scalar(F32), 1)),
        optional(field("s", string(1))),
    ]);
    let good =
        [Value::Int(1), Value::Enum(1), Value::List(vec![]), Value::List(vec![Value::Float(0.5)]), Value::Absent];
    let with = |at: usize, value: Value| {
        let mut values = good.to_vec();
        values[at] = value;
        failure(encode(&s, &s.messages[0], &Value::Fields(values)).map(|_| "bytes"))
    };
    assert_eq!(with(0, Value::Int(255)), "accepted: \"bytes\"");
    for (at, value, expected) in [
        (0, Value::Int(256), "range at n"),
        (0, Value::Absent, "kind at n"),
        (0, Value::Float(1.0), "kind at n"),
        (1, Value::Enum(2), "enum at side"),
        (1, Value::Enum(65_537), "enum at side"),
        (1, Value::Int(1), "kind at side"),
        (2, Value::List(vec![Value::Int(1), Value::Int(1)]), "count at v"),
        (2, Value::List(vec![Value::Int(40_000)]), "range at v[0]"),
        (2, Value::Bytes(vec![]), "kind at v"),
        (3, Value::List(vec![]), "count at a"),
        (3, Value::List(vec![Value::Float(1e39)]), "range at a[0]"),
        (3, Value::List(vec![Value::Float(-3.4028236e38)]), "range at a[0]"),
        (4, Value::String("é".to_owned()), "count at s"),
        (4, Value::Fields(vec![]), "kind at s"),
    ] {
        assert_eq!(with(at, value.clone()), expected, "{value:?}");
    }
    assert_eq!(failure(encode(&s, &s.messages[0], &Value::Fields(vec![]))), "kind at -");
    assert_eq!(failure(encode(&s, &s.messages[0], &Value::Absent)), "kind at -");
    // A NaN with any bits becomes the one an f32 may be; of an f64 the bits are kept.
    let s = schema(vec![scalar("f", F32), scalar("g", F64)]);
    let nan = f64::from_bits(0xfff0_0000_0000_0001);
    let payload = encode(&s, &s.messages[0], &Value::Fields(vec![Value::Float(nan), Value::Float(nan)]));
    let expected = bytes(16, &[(0, &0x7fc0_0000u32.to_le_bytes()), (8, &nan.to_bits().to_le_bytes())]);
    assert_eq!(payload, Ok(expected));
}

/// Without this, a message without fields would have no JSON or a payload of some size.
#[test]
fn an_empty_message_has_an_empty_payload() {
    let s = schema(vec![]);
    assert_eq!(verdict(&s, &[]), "{}");
    assert_eq!(verdict(&s, &[0]), "length at -");
    assert_eq!(json_verdict(&s, " {\n} "), "{}");
}

/// Without this, an enum with very many values would make a long vector slow: each look-up must
/// not walk the values.
#[test]
fn enum_look_ups_do_not_walk_the_values() {
    let mut s = schema(vec![field("sides", vec_of(SIDE, 65_535))]);
    s.enums[0].values =
        (0..65_536).map(|value| EnumValue { name: format!("V{value}"), span: Span::default(), value }).collect();
    let size = s.messages[0].layout.size as usize;
    let payload = bytes(size, &[(0, &[0xff, 0xff]), (8, &[0xff; 131_070])]);
    let json = verdict(&s, &payload);
    assert!(json.ends_with("\"V65535\"]}"), "{}", &json[..100]);
}

// A caller may have more digits than the wire: 0.1 is less than the nearest f32, which is what is written and compared.
#[test]
fn bounds_of_f32_are_compared_with_what_is_written() {
    let s = schema(vec![ruled(scalar("f", F32), &[Rule::Max(Number::F32(0.3)), Rule::Min(Number::F32(0.1))])]);
    let verdict = |value: f64| encode(&s, &s.messages[0], &Value::Fields(vec![Value::Float(value)]));
    for value in [0.1, 0.100000001, 0.3, 0.30000000001, 0.3000000119] {
        assert_eq!(verdict(value), Ok((value as f32).to_le_bytes().to_vec()), "{value}");
    }
    for value in [0.09999999, 0.30000004] {
        assert!(verdict(value).is_err(), "{value}");
    }
}
