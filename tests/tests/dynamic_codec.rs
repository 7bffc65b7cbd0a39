//! The dynamic codec on random contracts, without any generated code: what it encodes it decodes, in bytes and in
//! JSON, and the contracts that the other tests compile have everything in them.

use std::collections::BTreeSet;

use myc_schema::ir::{Field, Schema, Type};
use myc_schema::value::{self, JsonStyle, Verifier};
use mycelium_tests::random::Random;
use mycelium_tests::{contracts, mutate, values};

#[test]
fn values_survive_bytes_and_json() {
    let mut random = Random::for_test("values_survive_bytes_and_json", 1);
    for contract in contracts::contracts(&mut random, "contract", 12) {
        let schema = &*contract.schema;
        for message in &schema.messages {
            let verifier = Verifier::new(schema, message).expect("types have sizes");
            for _ in 0..30 {
                let value = values::valid(&mut random, schema, message);
                let payload = value::encode(schema, message, &value).expect("a valid value");
                let decoded = value::decode(schema, message, &payload).expect("an encoded value");
                assert!(verifier.accepts(&payload), "{}", contract.text);
                assert_eq!(value::encode(schema, message, &decoded).as_ref(), Ok(&payload), "{}", contract.text);
                let json = value::to_json(schema, message, &decoded, JsonStyle::Compact).expect("a decoded value");
                let again = value::from_json(schema, message, &json).expect("JSON of a decoded value");
                let json_again = value::to_json(schema, message, &again, JsonStyle::Compact).expect("a value");
                assert_eq!(json, json_again);
                if !json.contains("NaN") {
                    assert_eq!(again, decoded, "{json}\n{}", contract.text);
                }
            }
        }
    }
}

/// What decode accepts, encode writes, bit by bit: there are no two encodings of a value.
#[test]
fn accepted_bytes_have_one_encoding() {
    let mut random = Random::for_test("accepted_bytes_have_one_encoding", 2);
    let (mut accepted, mut rejected) = (0, BTreeSet::new());
    for contract in contracts::contracts(&mut random, "contract", 12) {
        let schema = &*contract.schema;
        let without = values::without_rules(schema);
        for message in &schema.messages {
            let verifier = Verifier::new(schema, message).expect("types have sizes");
            for _ in 0..120 {
                let payload = values::disturbed_payload(&mut random, schema, &without, message);
                let bytes = if random.one_in(2) { mutate::mutated(&mut random, &payload) } else { payload };
                let decoded = value::decode(schema, message, &bytes);
                // A bridge passes on what this accepts, and nothing else.
                assert_eq!(verifier.accepts(&bytes), decoded.is_ok(), "{decoded:?} {bytes:?}\n{}", contract.text);
                match decoded {
                    Ok(value) => {
                        accepted += 1;
                        assert_eq!(value::encode(schema, message, &value).as_ref(), Ok(&bytes), "{}", contract.text);
                    }
                    Err(error) => {
                        rejected.insert(error.code.to_string());
                    }
                }
            }
        }
    }
    assert!(accepted > 300, "{accepted} accepted");
    assert!(rejected.len() >= 13, "only these codes came up: {rejected:?}");
}

/// The tests that compile a dozen random contracts would miss what is in none of them.
#[test]
fn a_dozen_contracts_have_every_type_in_every_container_and_every_rule() {
    let mut random = Random::fixed(contracts::SEED);
    let mut seen = BTreeSet::new();
    for contract in contracts::contracts(&mut random, "contract", 12) {
        let schema = &contract.schema;
        let composites = schema.messages.iter().map(|m| &m.fields).chain(schema.structs.iter().map(|s| &s.fields));
        for field in composites.flatten() {
            note(schema, field, &mut seen);
        }
    }
    let elements = "u8 u16 u32 u64 i8 i16 i32 i64 f32 f64 bool U256 enum:u8 enum:u16 enum:u32 struct";
    let mut expected = BTreeSet::new();
    for optional in ["", "optional "] {
        expected.insert(format!("{optional}string"));
        for element in elements.split(' ') {
            for container in ["", "array of ", "vec of ", "array of array of ", "vec of array of "] {
                expected.insert(format!("{optional}{container}{element}"));
            }
        }
    }
    for integer in "u8 u16 u32 u64 i8 i16 i32 i64 U256".split(' ') {
        expected.extend(["max", "min", "not_zero", "one_of"].map(|rule| format!("{rule} on {integer}")));
    }
    for float in ["f32", "f64"] {
        expected.extend(["max", "min", "not_zero"].map(|rule| format!("{rule} on {float}")));
    }
    let of_strings = ["ascii", "min_length", "not_empty", "not_prefix", "one_of"];
    expected.extend(of_strings.map(|rule| format!("{rule} on string")));
    expected.extend(["enum:u8", "enum:u16", "enum:u32"].map(|repr| format!("one_of on {repr}")));
    expected.extend(["min_length", "not_empty"].map(|rule| format!("{rule} on vec of u8")));
    expected.insert("not_zero on array of u8".to_owned());
    let missing: Vec<&String> = expected.difference(&seen).collect();
    assert!(missing.is_empty(), "missing: {missing:?}");
}

fn note(schema: &Schema, field: &Field, seen: &mut BTreeSet<String>) {
    let ty = describe(schema, &field.ty);
    seen.extend(field.rules.iter().map(|rule| format!("{} on {ty}", rule.name())));
    seen.insert(if field.optional { format!("optional {ty}") } else { ty });
}

fn describe(schema: &Schema, ty: &Type) -> String {
    match ty {
        Type::Scalar(scalar) => scalar.name().to_owned(),
        Type::Array { elem, .. } => format!("array of {}", describe(schema, elem)),
        Type::Vec { elem, .. } => format!("vec of {}", describe(schema, elem)),
        Type::String { .. } => "string".to_owned(),
        Type::Enum(id) => format!("enum:{}", schema.enum_(*id).repr.name()),
        Type::Struct(_) => "struct".to_owned(),
    }
}
