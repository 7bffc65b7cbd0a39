//! Values as words on one line: how the harness and the generated drivers tell each other values,
//! without sharing a codec. The types say what is read, so there are no tags:
//!
//! | value | words |
//! | --- | --- |
//! | integer | decimal digits |
//! | float | 16 hex digits: its bits as an `f64` |
//! | boolean | `true`, `false` |
//! | U256 | decimal digits |
//! | enum | the value's name |
//! | string, bytes | `x` and hex digits |
//! | array, vector | the number of elements, then each |
//! | struct, message | its fields |
//! | optional field | `-`, or `+` and the value |

use std::fmt::Write as _;

use myc_schema::ir::{Field, Message, Schema, Type};
use myc_schema::u256;
use myc_schema::value::Value;

/// The words of a message's value.
pub fn words(schema: &Schema, message: &Message, value: &Value) -> String {
    let mut line = String::new();
    fields(schema, &message.fields, value, &mut line);
    line.trim_end().to_owned()
}

fn fields(schema: &Schema, fields: &[Field], value: &Value, line: &mut String) {
    let Value::Fields(values) = value else { panic!("{} in the place of fields", value.kind()) };
    for (field, value) in fields.iter().zip(values) {
        match value {
            Value::Absent => line.push_str("- "),
            value => {
                if field.optional {
                    line.push_str("+ ");
                }
                one(schema, &field.ty, value, line);
            }
        }
    }
}

fn one(schema: &Schema, ty: &Type, value: &Value, line: &mut String) {
    let word = match (ty, value) {
        (Type::Struct(id), value) => return fields(schema, &schema.struct_(*id).fields, value, line),
        (Type::Array { elem, .. } | Type::Vec { elem, .. }, Value::List(values)) => {
            let _ = write!(line, "{} ", values.len());
            return values.iter().for_each(|value| one(schema, elem, value, line));
        }
        (Type::Enum(id), Value::Enum(number)) => {
            let value = schema.enum_(*id).values.iter().find(|value| value.value == *number);
            value.expect("a number of the enum").name.clone()
        }
        (_, Value::Int(value)) => value.to_string(),
        (_, Value::Float(value)) => format!("{:016x}", value.to_bits()),
        (_, Value::Bool(value)) => value.to_string(),
        (_, Value::U256(value)) => u256::to_decimal(value),
        (_, Value::String(text)) => format!("x{}", hex(text.as_bytes())),
        (_, Value::Bytes(bytes)) => format!("x{}", hex(bytes)),
        (ty, value) => panic!("{} in the place of a {ty:?}", value.kind()),
    };
    let _ = write!(line, "{word} ");
}

/// Hexadecimal digits of bytes.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The bytes of hexadecimal digits.
pub fn unhex(digits: &str) -> Option<Vec<u8>> {
    let pairs = digits.as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}
