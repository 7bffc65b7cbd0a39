//! [`Value`] to payload, with the checks of a constructor.

use super::decode::{F32_NAN, size};
use super::enums::Enums;
use super::{Code, Value, ValueError, check, number};
use crate::ir::{Field, Message, Scalar, Schema, Type};
use crate::layout;

/// The payload of a value, or why the value cannot be one: the first failure in declared order,
/// depth first. Every `f32` NaN becomes 0x7fc00000.
pub fn encode(schema: &Schema, message: &Message, value: &Value) -> Result<Vec<u8>, ValueError> {
    let mut payload = vec![0; message.layout.size as usize];
    Encoder { schema, enums: Enums::new(schema) }.fields(&message.fields, value, &mut payload)?;
    Ok(payload)
}

struct Encoder<'a> {
    schema: &'a Schema,
    enums: Enums<'a>,
}

impl Encoder<'_> {
    /// Writes the fields of a message or struct into `out`, which is zero.
    fn fields(&self, fields: &[Field], value: &Value, out: &mut [u8]) -> Result<(), ValueError> {
        let Value::Fields(values) = value else {
            return Err(kind("fields", value));
        };
        if values.len() != fields.len() {
            let detail = format!("{} fields, {} were expected", values.len(), fields.len());
            return Err(ValueError::new(Code::Kind, detail));
        }
        fields
            .iter()
            .zip(values)
            .try_for_each(|(field, value)| self.field(field, value, out).map_err(|error| error.in_field(&field.name)))
    }

    fn field(&self, field: &Field, value: &Value, out: &mut [u8]) -> Result<(), ValueError> {
        if field.optional {
            if *value == Value::Absent {
                return Ok(());
            }
            out[field.place.offset as usize] = 1;
        }
        let start = field.place.value_offset as usize;
        self.value(&field.ty, value, &mut out[start..start + field.place.value_size as usize])?;
        check::rules(field, value)
    }

    /// Writes a present value of type `ty` into `out`, which has exactly its size and is zero.
    fn value(&self, ty: &Type, value: &Value, out: &mut [u8]) -> Result<(), ValueError> {
        match (ty, value) {
            (Type::Scalar(scalar), value) => self::scalar(*scalar, value, out),
            (Type::Enum(id), Value::Enum(number)) => match self.enums.name(*id, *number) {
                Some(_) => {
                    write_low_bytes(i128::from(*number), out);
                    Ok(())
                }
                None => {
                    let name = &self.schema.enum_(*id).name;
                    Err(ValueError::new(Code::Enum, format!("{number} is not a value of {name}")))
                }
            },
            (Type::Struct(id), value) => self.fields(&self.schema.struct_(*id).fields, value, out),
            (Type::Array { elem, len }, value) => {
                let found = count(elem, value)?;
                if found != *len as usize {
                    return Err(ValueError::new(Code::Count, format!("{found} elements, {len} were expected")));
                }
                self.elements(elem, value, out)
            }
            (Type::String { bound }, Value::String(text)) => {
                counted(text.len(), *bound as usize, out)?[..text.len()].copy_from_slice(text.as_bytes());
                Ok(())
            }
            (Type::Vec { elem, bound }, value) => {
                let slots = counted(count(elem, value)?, *bound as usize, out)?;
                self.elements(elem, value, slots)
            }
            (Type::Enum(_), other) => Err(kind("an enum value", other)),
            (Type::String { .. }, other) => Err(kind("a string", other)),
        }
    }

    fn elements(&self, elem: &Type, value: &Value, slots: &mut [u8]) -> Result<(), ValueError> {
        match value {
            Value::Bytes(bytes) => slots[..bytes.len()].copy_from_slice(bytes),
            Value::List(values) => {
                let slots = slots.chunks_exact_mut(size(self.schema, elem)?);
                for (index, (value, slot)) in values.iter().zip(slots).enumerate() {
                    self.value(elem, value, slot).map_err(|error| error.in_element(index))?;
                }
            }
            _ => {}
        }
        Ok(())
    }
}

/// The number of elements of an array or vector, if the value is one.
fn count(elem: &Type, value: &Value) -> Result<usize, ValueError> {
    match (elem, value) {
        (Type::Scalar(Scalar::U8), Value::Bytes(bytes)) => Ok(bytes.len()),
        (Type::Scalar(Scalar::U8), other) => Err(kind("bytes", other)),
        (_, Value::List(values)) => Ok(values.len()),
        (_, other) => Err(kind("a list", other)),
    }
}

/// Writes the length of a string or vector and gives its slots.
fn counted(count: usize, bound: usize, out: &mut [u8]) -> Result<&mut [u8], ValueError> {
    if count > bound {
        return Err(ValueError::new(Code::Count, format!("length is {count}, the bound is {bound}")));
    }
    let (prefix, slots) = out.split_at_mut(layout::LENGTH_PREFIX as usize);
    write_low_bytes(count as i128, &mut prefix[..layout::LENGTH_SIZE as usize]);
    Ok(slots)
}

fn scalar(scalar: Scalar, value: &Value, out: &mut [u8]) -> Result<(), ValueError> {
    match (scalar, value) {
        (Scalar::Bool, Value::Bool(value)) => write_low_bytes(i128::from(*value), out),
        (Scalar::F32, Value::Float(value)) => write_low_bytes(i128::from(f32_bits(*value)?), out),
        (Scalar::F64, Value::Float(value)) => write_low_bytes(i128::from(value.to_bits()), out),
        (Scalar::U256, Value::U256(bytes)) => out.copy_from_slice(bytes),
        (Scalar::Bool, other) => return Err(kind("a boolean", other)),
        (Scalar::F32 | Scalar::F64, other) => return Err(kind("a float", other)),
        (Scalar::U256, other) => return Err(kind("a 256-bit integer", other)),
        (_, Value::Int(value)) => {
            number::in_range(scalar, *value)?;
            write_low_bytes(*value, out);
        }
        (_, other) => return Err(kind("an integer", other)),
    }
    Ok(())
}

fn f32_bits(value: f64) -> Result<u32, ValueError> {
    let rounded = value as f32;
    if rounded.is_nan() {
        return Ok(F32_NAN);
    }
    if rounded.is_infinite() && value.is_finite() {
        return Err(ValueError::new(Code::Range, format!("{value:e} is out of the range of f32")));
    }
    Ok(rounded.to_bits())
}

/// Writes as many low bytes of `value` as `out` has, little-endian.
fn write_low_bytes(value: i128, out: &mut [u8]) {
    let length = out.len();
    out.copy_from_slice(&value.to_le_bytes()[..length]);
}

fn kind(expected: &str, found: &Value) -> ValueError {
    ValueError::new(Code::Kind, format!("{expected} was expected, found {}", found.kind()))
}
