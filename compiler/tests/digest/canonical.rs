//! The canonical text, line by line.

use myc_schema::digest::canonical_text;

use super::{file, schema};

/// Asserts the whole canonical text of a contract.
fn text(contract: &str, wanted: &str) {
    assert_eq!(canonical_text(&schema(contract)), wanted, "{contract}");
}

/// Asserts the line of a field `f`.
fn field(ty: &str, wanted: &str) {
    let contract = format!(
        "enums: {{ Side: {{ values: {{ Sell: 2, Buy: 1 }} }} }}
structs: {{ S: {{ fields: {{ a: u8 }} }} }}
messages: {{ M: {{ tlv_type: 1001, domain: D, fields: {{ f: {ty} }} }} }}"
    );
    let text = canonical_text(&schema(&contract));
    let line = text.lines().last().unwrap();
    assert_eq!(line, format!("field 0 f {wanted}"), "{ty}");
}

/// Without it a contract without a header could have another digest than one that spells the defaults.
#[test]
fn defaults() {
    text("messages: {}", "mycelium canonical-v1\nschema 0 1 1\n");
    text(
        "schema: { id: 0xffffffff, version: 65535 }\nmessages: {}",
        "mycelium canonical-v1\nschema 4294967295 65535 1\n",
    );
}

/// Without it a type or rule could be spelt in two ways, and two compilers disagree.
#[test]
fn fields() {
    field("u8", "u8 required");
    field("{ type: U256, optional: true }", "U256 optional");
    field("\"[[f64; 2]; 3]\"", "array(array(f64,2),3) required");
    field("String<7>", "string(7) required");
    field("\"Vec<[bool; 4], 2>\"", "vec(array(bool,4),2) required");
    field("Side", "enum(Side) required");
    field("\"[Side; 2]\"", "array(enum(Side),2) required");
    field("S", "struct(S) required");
    field("{ type: \"Vec<S, 2>\", optional: true }", "vec(struct(S),2) optional");
    let rules = |ty: &str, rules: &str, wanted: &str| {
        field(&format!("{{ type: {ty}, validation: [{rules}] }}"), wanted);
    };
    rules("i8", "{ not_zero: true }, { min: -1 }, { max: 0x7f }", "i8 required max=127 min=-1 not_zero=true");
    rules("u64", "{ max: 18446744073709551615 }", "u64 required max=18446744073709551615");
    rules("i32", "{ one_of: [3, -1, 0x10] }", "i32 required one_of=-1,3,16");
    rules("f32", "{ min: 0.1 }, { max: 1 }", "f32 required max=3f800000 min=3dcccccd");
    rules("f64", "{ min: 0.1 }, { max: 1 }", "f64 required max=3ff0000000000000 min=3fb999999999999a");
    rules("f64", "{ min: -0.0 }", "f64 required min=0000000000000000");
    rules("f32", "{ max: 16777217 }", "f32 required max=4b800000");
    rules(
        "U256",
        "{ max: \"0xffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff\" }",
        "U256 required max=115792089237316195423570985008687907853269984665640564039457584007913129639935",
    );
    rules("U256", "{ one_of: [256, 1, \"0xff\"] }", "U256 required one_of=1,255,256");
    rules("String<9>", "{ no_0x_prefix: true }", "string(9) required not_prefix=\"0x\"");
    rules("String<9>", "{ not_prefix: 'a\"b\\é' }", "string(9) required not_prefix=\"a\\\"b\\\\é\"");
    rules(
        "String<9>",
        "{ not_prefix: \"\\t\\n\\x01\\x7f/\" }",
        "string(9) required not_prefix=\"\\t\\n\\u0001\\u007f/\"".replace("\\u007f", "\x7f").as_str(),
    );
    rules(
        "String<9>",
        "{ one_of: [b, \"B\", é, a, \"a,b\"] }",
        "string(9) required one_of=\"B\",\"a\",\"a,b\",\"b\",\"é\"",
    );
    rules(
        "String<9>",
        "{ ascii: true }, { not_empty: true }, { min_length: 2 }, { max_length: 9 }",
        "string(9) required ascii=true min_length=2 not_empty=true",
    );
    rules("Side", "{ one_of: [Sell, Buy] }", "enum(Side) required one_of=Buy,Sell");
    rules("\"[u8; 4]\"", "{ not_zero: true }", "array(u8,4) required not_zero=true");
    rules("u8", "{ not_zero: false }, { monotonic: true }", "u8 required");
}

/// Without it what messages do not contain could change the digest, or what they do contain be left out.
#[test]
fn only_what_is_reached() {
    text(
        "enums:
  Zeta: { values: { B: 2, A: 1 } }
  InStruct: { repr: u16, values: { Z: 65535, Y: 0 } }
  InArray: { values: { X: 1 } }
  InVec: { values: { X: 1 } }
  InOptional: { repr: u32, values: { X: 1 } }
  Unused: { values: { X: 1 } }
  OnlyInUnused: { values: { X: 1 } }
structs:
  Outer: { fields: { inner: \"Vec<Inner, 2>\" } }
  Inner: { fields: { e: InStruct, deep: \"[[Leaf; 2]; 2]\" } }
  Leaf: { fields: { a: \"[InArray; 2]\", b: { type: InOptional, optional: true } } }
  Spare: { fields: { e: OnlyInUnused } }
messages:
  Second: { tlv_type: 1002, domain: D, fields: { z: Zeta } }
  First: { tlv_type: 1001, domain: D, fields: { o: { type: Outer, optional: true }, v: \"Vec<InVec, 1>\" } }
",
        "mycelium canonical-v1
schema 0 1 1
enum InArray u8 X=1
enum InOptional u32 X=1
enum InStruct u16 Y=0 Z=65535
enum InVec u8 X=1
enum Zeta u8 A=1 B=2
struct Inner 52 4
field 0 e enum(InStruct) required
field 4 deep array(array(struct(Leaf),2),2) required
struct Leaf 12 4
field 0 a array(enum(InArray),2) required
field 4 b enum(InOptional) optional
struct Outer 112 4
field 0 inner vec(struct(Inner),2) required
message 1001 First d 128 4
field 0 o struct(Outer) optional
field 116 v vec(enum(InVec),1) required
message 1002 Second d 1 1
field 0 z enum(Zeta) required
",
    );
}

/// Without it a fingerprint could be over other lines than its message's.
#[test]
fn fingerprints_are_over_the_lines_of_a_message() {
    let schema = schema(&file("tests/schemas/valid/trading.yaml"));
    let text = canonical_text(&schema);
    let lines = |wanted: &[&str]| {
        let mut keep = true;
        let mut kept = "mycelium canonical-v1\n".to_owned();
        for line in text.lines().skip(2) {
            if !line.starts_with("field ") {
                keep = wanted.iter().any(|start| line.starts_with(start));
            }
            if keep {
                kept.push_str(&format!("{line}\n"));
            }
        }
        myc_schema::digest::of_text(&kept)
    };
    for (name, wanted) in [
        ("TradeTick", &["enum Side ", "struct Price ", "message 1000 "][..]),
        ("BookSnapshot", &["struct Level ", "struct Price ", "message 1001 "]),
        ("NewOrder", &["enum Side ", "struct Price ", "message 1100 "]),
        ("OrderRejected", &["enum RejectReason ", "message 1101 "]),
    ] {
        assert_eq!(lines(wanted)[..8], schema.message(name).unwrap().fingerprint, "{name}");
    }
}
