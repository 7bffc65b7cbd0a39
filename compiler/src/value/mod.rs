//! The dynamic codec: payloads of any message of a resolved schema, without generated code.
//! [`decode`] and [`encode`] go between bytes and [`Value`], [`from_json`] and [`to_json`]
//! between [`Value`] and JSON; [`annotate`] says what each byte of a payload is for. What is accepted, in which order it is checked and what a failure
//! is called is the wire format's; where a byte lies is [`crate::ir::Place`]'s and
//! [`crate::layout`]'s. Files and terminals are left to the command line.

use std::fmt;

use crate::ir::{Message, Schema};

mod annotate;
mod check;
mod decode;
mod encode;
mod enums;
mod error;
mod example;
mod json_in;
mod json_out;
mod number;
#[cfg(test)]
mod tests;
mod verify;

pub use annotate::{Annotation, Fault, Part, PartKind, annotate};
pub use check::rules;
pub use decode::decode;
pub use encode::encode;
pub use error::{Code, ValueError};
pub use example::example;
pub use json_in::{from_json, part_from_json};
pub use json_out::{JsonStyle, to_json};
pub use verify::Verifier;

/// A value of any type of the contract language.
///
/// Two values are equal if they would be written alike: floats are compared by their bits, so
/// that a NaN equals itself and -0.0 differs from 0.0.
#[derive(Clone, Debug)]
pub enum Value {
    /// An integer of 8 to 64 bits, signed or not.
    Int(i128),
    /// A `U256`: 32 bytes, little-endian.
    U256([u8; 32]),
    /// An `f32` or `f64`. Of an `f32` field it is the exact value, widened.
    Float(f64),
    /// A boolean.
    Bool(bool),
    /// An enum's value, by its number.
    Enum(u32),
    /// A string.
    String(String),
    /// A `[u8; N]` or `Vec<u8, N>`.
    Bytes(Vec<u8>),
    /// Any other array or vector.
    List(Vec<Value>),
    /// A struct or message: one value a field, in declared order.
    Fields(Vec<Value>),
    /// An optional field without a value.
    Absent,
}

impl Value {
    /// What the value is, in words for an error text.
    pub fn kind(&self) -> &'static str {
        match self {
            Value::Int(_) => "an integer",
            Value::U256(_) => "a 256-bit integer",
            Value::Float(_) => "a float",
            Value::Bool(_) => "a boolean",
            Value::Enum(_) => "an enum value",
            Value::String(_) => "a string",
            Value::Bytes(_) => "bytes",
            Value::List(_) => "a list",
            Value::Fields(_) => "fields",
            Value::Absent => "nothing",
        }
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Value::Int(a), Value::Int(b)) => a == b,
            (Value::U256(a), Value::U256(b)) => a == b,
            (Value::Float(a), Value::Float(b)) => a.to_bits() == b.to_bits(),
            (Value::Bool(a), Value::Bool(b)) => a == b,
            (Value::Enum(a), Value::Enum(b)) => a == b,
            (Value::String(a), Value::String(b)) => a == b,
            (Value::Bytes(a), Value::Bytes(b)) => a == b,
            (Value::List(a), Value::List(b)) | (Value::Fields(a), Value::Fields(b)) => a == b,
            (Value::Absent, Value::Absent) => true,
            _ => false,
        }
    }
}

/// The payload of JSON text: [`from_json`], then [`encode`].
pub fn json_to_payload(schema: &Schema, message: &Message, json: &str) -> Result<Vec<u8>, ValueError> {
    encode(schema, message, &from_json(schema, message, json)?)
}

/// The JSON text of a payload: [`decode`], then [`to_json`].
pub fn payload_to_json(
    schema: &Schema,
    message: &Message,
    payload: &[u8],
    style: JsonStyle,
) -> Result<String, ValueError> {
    to_json(schema, message, &decode(schema, message, payload)?, style)
}

/// `text` cut to something that fits a line, for an error text.
fn excerpt(text: &str) -> impl fmt::Display {
    const LIMIT: usize = 40;
    let mut characters = text.chars();
    let mut start = String::new();
    for c in characters.by_ref().take(LIMIT) {
        // Quotes are part of what was written.
        if matches!(c, '"' | '\'') { start.push(c) } else { start.extend(c.escape_debug()) }
    }
    let rest = if characters.next().is_some() { "…" } else { "" };
    format!("{start}{rest}")
}
