//! Payload to [`Value`], checked in the wire format's total order.

use super::enums::Enums;
use super::{Code, Value, ValueError, check};
use crate::ir::{EnumId, Field, Message, Scalar, Schema, Type};
use crate::{diag, layout};

/// The one NaN that an `f32` on the wire may be.
pub(super) const F32_NAN: u32 = 0x7fc0_0000;

/// The value of a payload, or the first failure in the wire format's order of checks: the
/// length, then fields in declared order, depth first.
pub fn decode(schema: &Schema, message: &Message, payload: &[u8]) -> Result<Value, ValueError> {
    if payload.len() != message.layout.size as usize {
        let detail =
            format!("payload has {}, {} has {}", diag::bytes(payload.len()), message.name, message.layout.size);
        return Err(ValueError::new(Code::Length, detail));
    }
    Decoder { schema, enums: Enums::new(schema) }.fields(&message.fields, payload)
}

pub(super) struct Decoder<'a> {
    pub(super) schema: &'a Schema,
    pub(super) enums: Enums<'a>,
}

impl Decoder<'_> {
    /// The fields of a message or struct whose bytes are `bytes`.
    fn fields(&self, fields: &[Field], bytes: &[u8]) -> Result<Value, ValueError> {
        let field = |field: &Field| self.field(field, bytes).map_err(|error| error.in_field(&field.name));
        fields.iter().map(field).collect::<Result<_, _>>().map(Value::Fields)
    }

    fn field(&self, field: &Field, bytes: &[u8]) -> Result<Value, ValueError> {
        let place = field.place;
        let [start, value_start] = [place.offset as usize, place.value_offset as usize];
        let value_end = value_start + place.value_size as usize;
        let end = start + place.size as usize + place.padding_after as usize;
        if field.optional {
            let presence = bytes[start];
            if presence > 1 {
                return Err(ValueError::new(Code::Presence, format!("presence byte is {presence}, not 0 or 1")));
            }
            zeros(&bytes[start + 1..value_start], "between presence and value")?;
            if presence == 0 {
                zeros(&bytes[value_start..value_end], "of an absent value")?;
                zeros(&bytes[value_end..end], "after the field")?;
                return Ok(Value::Absent);
            }
        }
        let value = self.value(&field.ty, &bytes[value_start..value_end])?;
        check::rules(field, &value)?;
        zeros(&bytes[value_end..end], "after the field")?;
        Ok(value)
    }

    /// A present value of type `ty`; `bytes` has exactly its size.
    fn value(&self, ty: &Type, bytes: &[u8]) -> Result<Value, ValueError> {
        match ty {
            Type::Scalar(scalar) => self::scalar(*scalar, bytes),
            Type::Enum(id) => self.enum_(*id, bytes),
            Type::Struct(id) => self.fields(&self.schema.struct_(*id).fields, bytes),
            Type::Array { elem, .. } => self.elements(elem, bytes),
            Type::String { bound } => {
                let (text, tail) = counted(*bound as usize, 1, bytes)?;
                let Ok(text) = std::str::from_utf8(text) else {
                    return Err(ValueError::new(Code::Utf8, "is not UTF-8"));
                };
                zeros(tail, "after the string")?;
                Ok(Value::String(text.to_owned()))
            }
            Type::Vec { elem, bound } => {
                let (slots, tail) = counted(*bound as usize, self.size(elem)?, bytes)?;
                let elements = self.elements(elem, slots)?;
                zeros(tail, "after the last element")?;
                Ok(elements)
            }
        }
    }

    fn elements(&self, elem: &Type, bytes: &[u8]) -> Result<Value, ValueError> {
        if *elem == Type::Scalar(Scalar::U8) {
            return Ok(Value::Bytes(bytes.to_vec()));
        }
        let slots = bytes.chunks_exact(self.size(elem)?).enumerate();
        let element = |(index, bytes): (usize, &[u8])| self.value(elem, bytes).map_err(|error| error.in_element(index));
        slots.map(element).collect::<Result<_, _>>().map(Value::List)
    }

    pub(super) fn enum_(&self, id: EnumId, bytes: &[u8]) -> Result<Value, ValueError> {
        let number = unsigned(bytes) as u32;
        match self.enums.name(id, number) {
            Some(_) => Ok(Value::Enum(number)),
            None => {
                let name = &self.schema.enum_(id).name;
                Err(ValueError::new(Code::Enum, format!("{number} is not a value of {name}")))
            }
        }
    }

    fn size(&self, ty: &Type) -> Result<usize, ValueError> {
        size(self.schema, ty)
    }
}

/// The size of an element; never 0.
pub(super) fn size(schema: &Schema, ty: &Type) -> Result<usize, ValueError> {
    match layout::value(ty, &schema.enums, &schema.structs) {
        Ok(layout) if layout.size > 0 => Ok(layout.size as usize),
        _ => Err(ValueError::new(Code::Length, "the schema's type has no size")),
    }
}

pub(super) fn scalar(scalar: Scalar, bytes: &[u8]) -> Result<Value, ValueError> {
    Ok(match scalar {
        Scalar::Bool => match bytes[0] {
            0 => Value::Bool(false),
            1 => Value::Bool(true),
            byte => return Err(ValueError::new(Code::Bool, format!("boolean byte is {byte}, not 0 or 1"))),
        },
        Scalar::F32 => {
            let bits = unsigned(bytes) as u32;
            let value = f32::from_bits(bits);
            if value.is_nan() && bits != F32_NAN {
                return Err(ValueError::new(Code::Nan, format!("NaN 0x{bits:08x} is not 0x7fc00000")));
            }
            Value::Float(f64::from(value))
        }
        Scalar::F64 => Value::Float(f64::from_bits(unsigned(bytes))),
        Scalar::U256 => {
            let mut value = [0; 32];
            value.copy_from_slice(bytes);
            Value::U256(value)
        }
        Scalar::U8 | Scalar::U16 | Scalar::U32 | Scalar::U64 => Value::Int(i128::from(unsigned(bytes))),
        Scalar::I8 | Scalar::I16 | Scalar::I32 | Scalar::I64 => Value::Int(signed(bytes)),
    })
}

/// Splits a string or vector value into its used slots and everything after them.
fn counted(bound: usize, slot: usize, bytes: &[u8]) -> Result<(&[u8], &[u8]), ValueError> {
    let (prefix, slots) = bytes.split_at(layout::LENGTH_PREFIX as usize);
    let (count, rest) = prefix.split_at(layout::LENGTH_SIZE as usize);
    let count = unsigned(count) as usize;
    if count > bound {
        return Err(ValueError::new(Code::Count, format!("length is {count}, the bound is {bound}")));
    }
    zeros(rest, "after the length")?;
    Ok(slots.split_at(count * slot))
}

pub(super) fn zeros(bytes: &[u8], which: &str) -> Result<(), ValueError> {
    match bytes.iter().position(|byte| *byte != 0) {
        None => Ok(()),
        Some(at) => {
            let detail = format!("byte {at} {which} is 0x{:02x}, not zero", bytes[at]);
            Err(ValueError::new(Code::Padding, detail))
        }
    }
}

/// An unsigned little-endian integer of at most 8 bytes.
pub(super) fn unsigned(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte))
}

/// A two's complement little-endian integer of at most 8 bytes.
fn signed(bytes: &[u8]) -> i128 {
    let unused = 64 - 8 * bytes.len() as u32;
    i128::from((unsigned(bytes) << unused) as i64 >> unused)
}
