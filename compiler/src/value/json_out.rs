//! [`Value`] to JSON text, by the wire format's JSON mapping.

use serde::ser::{Error, SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};

use super::enums::Enums;
use super::{Code, Value, ValueError};
use crate::hex::hex;
use crate::ir::{Field, Message, Scalar, Schema, Type};
use crate::u256;

/// How JSON text is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonStyle {
    /// On one line, without spaces.
    Compact,
    /// One field or element a line, indented by two spaces.
    Pretty,
}

/// The JSON text of a value that [`super::decode`] or [`super::from_json`] gave, without a final
/// line end. A value that does not have the message's shape is a `kind` failure.
pub fn to_json(schema: &Schema, message: &Message, value: &Value, style: JsonStyle) -> Result<String, ValueError> {
    let enums = Enums::new(schema);
    let json = FieldsJson { at: At { schema, enums: &enums }, fields: &message.fields, value };
    let text = match style {
        JsonStyle::Compact => serde_json::to_string(&json),
        JsonStyle::Pretty => serde_json::to_string_pretty(&json),
    };
    text.map_err(|error| ValueError::new(Code::Kind, error.to_string()))
}

/// The JSON text of one value of type `ty`, on one line.
pub(super) fn value_to_json(schema: &Schema, enums: &Enums<'_>, ty: &Type, value: &Value) -> Option<String> {
    serde_json::to_string(&ValueJson { at: At { schema, enums }, ty, value }).ok()
}

#[derive(Clone, Copy)]
struct At<'a, 'e> {
    schema: &'a Schema,
    enums: &'a Enums<'e>,
}

struct FieldsJson<'a, 'e> {
    at: At<'a, 'e>,
    fields: &'a [Field],
    value: &'a Value,
}

struct ValueJson<'a, 'e> {
    at: At<'a, 'e>,
    ty: &'a Type,
    value: &'a Value,
}

impl Serialize for FieldsJson<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let values = match self.value {
            Value::Fields(values) if values.len() == self.fields.len() => values,
            other => return Err(S::Error::custom(format!("fields were expected, found {}", other.kind()))),
        };
        let mut map = serializer.serialize_map(Some(values.len()))?;
        for (field, value) in self.fields.iter().zip(values) {
            match value {
                Value::Absent if field.optional => map.serialize_entry(&field.name, &())?,
                value => map.serialize_entry(&field.name, &ValueJson { at: self.at, ty: &field.ty, value })?,
            }
        }
        map.end()
    }
}

impl Serialize for ValueJson<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let at = self.at;
        match (self.ty, self.value) {
            (Type::Scalar(Scalar::F32), Value::Float(value)) => match not_finite(*value) {
                Some(name) => serializer.serialize_str(name),
                None => serializer.serialize_f32(*value as f32),
            },
            (Type::Scalar(Scalar::F64), Value::Float(value)) => match not_finite(*value) {
                Some(name) => serializer.serialize_str(name),
                None => serializer.serialize_f64(*value),
            },
            (Type::Scalar(Scalar::Bool), Value::Bool(value)) => serializer.serialize_bool(*value),
            (Type::Scalar(Scalar::U256), Value::U256(value)) => serializer.serialize_str(&u256::to_decimal(value)),
            (Type::Scalar(Scalar::U64 | Scalar::I64), Value::Int(value)) => serializer.collect_str(value),
            (Type::Scalar(_), Value::Int(value)) => match i64::try_from(*value) {
                Ok(value) => serializer.serialize_i64(value),
                Err(_) => Err(S::Error::custom(format!("{value} is out of range"))),
            },
            (Type::Enum(id), Value::Enum(number)) => match at.enums.name(*id, *number) {
                Some(name) => serializer.serialize_str(name),
                None => Err(S::Error::custom(format!("{number} is not a value of {}", at.schema.enum_(*id).name))),
            },
            (Type::Struct(id), value) => {
                FieldsJson { at, fields: &at.schema.struct_(*id).fields, value }.serialize(serializer)
            }
            (Type::String { .. }, Value::String(text)) => serializer.serialize_str(text),
            (Type::Array { .. } | Type::Vec { .. }, Value::Bytes(bytes)) => {
                serializer.serialize_str(&format!("0x{}", hex(bytes)))
            }
            (Type::Array { elem, .. } | Type::Vec { elem, .. }, Value::List(values)) => {
                let mut list = serializer.serialize_seq(Some(values.len()))?;
                for value in values {
                    list.serialize_element(&ValueJson { at, ty: elem, value })?;
                }
                list.end()
            }
            (_, other) => Err(S::Error::custom(format!("found {} in the place of another type", other.kind()))),
        }
    }
}

fn not_finite(value: f64) -> Option<&'static str> {
    match value {
        value if value.is_nan() => Some("NaN"),
        f64::INFINITY => Some("Infinity"),
        f64::NEG_INFINITY => Some("-Infinity"),
        _ => None,
    }
}
