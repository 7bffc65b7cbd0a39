//! Whether a payload is a message, many times over: [`Verifier`] is made once for a message, and then looks at bytes
//! without keeping any of it. Why a payload is none is [`super::decode`]'s to say.

use super::decode::{scalar, size};
use super::{Value, ValueError, check};
use crate::ir::{Field, Message, OneOf, Rule, Scalar, Schema, Type};
use crate::layout;

/// Accepts exactly the payloads that [`super::decode`] accepts, without making a value, for who only passes them on.
#[derive(Clone, Debug)]
pub struct Verifier {
    size: usize,
    steps: Vec<Step>,
}

/// What is looked at in the bytes of a message or struct.
#[derive(Clone, Debug)]
enum Step {
    /// Nothing but zeros.
    Zeros { start: usize, end: usize },
    /// A value that is not any bytes.
    Value { start: usize, end: usize, kind: Kind, rules: Vec<Rule> },
    /// A presence byte; then zeros, and a value or zeros.
    Optional { presence: usize, start: usize, end: usize, kind: Kind, rules: Vec<Rule> },
}

#[derive(Clone, Debug)]
enum Kind {
    /// Any bytes.
    Any,
    Scalar(Scalar),
    /// The numbers of an enum, ascending.
    Enum(Vec<u32>),
    Struct(Vec<Step>),
    /// Elements of so many bytes.
    Array(Box<Kind>, usize),
    /// `[u8; N]`.
    Bytes,
    String {
        bound: usize,
    },
    Vec {
        elem: Box<Kind>,
        size: usize,
        bound: usize,
    },
}

impl Kind {
    /// Whether all bytes are such a value.
    fn is_any(&self) -> bool {
        match self {
            Kind::Any | Kind::Bytes => true,
            Kind::Scalar(scalar) => !matches!(scalar, Scalar::Bool | Scalar::F32),
            Kind::Struct(steps) => steps.is_empty(),
            Kind::Array(elem, _) => elem.is_any(),
            Kind::Enum(_) | Kind::String { .. } | Kind::Vec { .. } => false,
        }
    }
}

impl Verifier {
    /// For one message of a schema. An error: the schema has a type without a size, which resolving refuses.
    pub fn new(schema: &Schema, message: &Message) -> Result<Self, ValueError> {
        Ok(Self { size: message.layout.size as usize, steps: steps(schema, &message.fields)? })
    }

    /// Whether the payload is a message. Allocates nothing.
    pub fn accepts(&self, payload: &[u8]) -> bool {
        payload.len() == self.size && all(&self.steps, payload)
    }
}

fn steps(schema: &Schema, fields: &[Field]) -> Result<Vec<Step>, ValueError> {
    let mut steps = Vec::new();
    for field in fields {
        let place = field.place;
        let (presence, start) = (place.offset as usize, place.value_offset as usize);
        let end = start + place.value_size as usize;
        let after = presence + (place.size + place.padding_after) as usize;
        let (kind, rules) = (kind(schema, &field.ty)?, field.rules.clone());
        if field.optional {
            steps.push(Step::Optional { presence, start, end, kind, rules });
        } else if !rules.is_empty() || !kind.is_any() {
            steps.push(Step::Value { start, end, kind, rules });
        }
        if end < after {
            steps.push(Step::Zeros { start: end, end: after });
        }
    }
    Ok(steps)
}

fn kind(schema: &Schema, ty: &Type) -> Result<Kind, ValueError> {
    Ok(match ty {
        Type::Scalar(scalar) => Kind::Scalar(*scalar),
        Type::Enum(id) => {
            let mut numbers: Vec<u32> = schema.enum_(*id).values.iter().map(|value| value.value).collect();
            numbers.sort_unstable();
            Kind::Enum(numbers)
        }
        Type::Struct(id) => Kind::Struct(steps(schema, &schema.struct_(*id).fields)?),
        Type::Array { elem, .. } if **elem == Type::Scalar(Scalar::U8) => Kind::Bytes,
        Type::Array { elem, .. } => Kind::Array(Box::new(kind(schema, elem)?), size(schema, elem)?),
        Type::String { bound } => Kind::String { bound: *bound as usize },
        Type::Vec { elem, bound } => {
            let inside = kind(schema, elem)?;
            let elem_kind = if inside.is_any() { Kind::Any } else { inside };
            Kind::Vec { elem: Box::new(elem_kind), size: size(schema, elem)?, bound: *bound as usize }
        }
    })
}

fn all(steps: &[Step], bytes: &[u8]) -> bool {
    steps.iter().all(|step| match step {
        Step::Zeros { start, end } => zeros(&bytes[*start..*end]),
        Step::Value { start, end, kind, rules } => is(kind, rules, &bytes[*start..*end]),
        Step::Optional { presence, start, end, kind, rules } => match bytes[*presence] {
            0 => zeros(&bytes[presence + 1..*end]),
            1 => zeros(&bytes[presence + 1..*start]) && is(kind, rules, &bytes[*start..*end]),
            _ => false,
        },
    })
}

fn zeros(bytes: &[u8]) -> bool {
    // Without an early end, so that many are looked at together.
    bytes.iter().fold(0, |seen, byte| seen | byte) == 0
}

/// Whether the bytes are a value that breaks no rule.
fn is(kind: &Kind, rules: &[Rule], bytes: &[u8]) -> bool {
    match kind {
        Kind::Any => true,
        Kind::Scalar(of) => match scalar(*of, bytes) {
            Ok(value) => rules.iter().all(|rule| check::holds(rule, &value)),
            Err(_) => false,
        },
        Kind::Enum(numbers) => {
            let number = bytes.iter().rev().fold(0, |number, byte| number << 8 | u32::from(*byte));
            let value = Value::Enum(number);
            numbers.binary_search(&number).is_ok() && rules.iter().all(|rule| check::holds(rule, &value))
        }
        Kind::Struct(steps) => all(steps, bytes),
        Kind::Array(elem, size) => elem.is_any() || bytes.chunks_exact(*size).all(|slot| is(elem, &[], slot)),
        Kind::Bytes => rules.iter().all(|rule| match rule {
            Rule::NotZero => !zeros(bytes),
            _ => false,
        }),
        Kind::String { bound } => {
            let Some((text, rest)) = counted(bytes, *bound, 1) else { return false };
            let Ok(text) = std::str::from_utf8(text) else { return false };
            zeros(rest) && rules.iter().all(|rule| text_holds(rule, text))
        }
        Kind::Vec { elem, size, bound } => {
            let Some((slots, rest)) = counted(bytes, *bound, *size) else { return false };
            let is_right = match **elem {
                Kind::Any => true,
                _ => slots.chunks_exact(*size).all(|slot| is(elem, &[], slot)),
            };
            is_right && zeros(rest) && rules.iter().all(|rule| length_holds(rule, slots.len() / size))
        }
    }
}

/// The used slots of a string or vector, and everything after them.
fn counted(bytes: &[u8], bound: usize, slot: usize) -> Option<(&[u8], &[u8])> {
    let (prefix, slots) = bytes.split_at(layout::LENGTH_PREFIX as usize);
    let (count, rest) = prefix.split_at(layout::LENGTH_SIZE as usize);
    let count = count.iter().rev().fold(0, |count, byte| count << 8 | usize::from(*byte));
    (count <= bound && zeros(rest)).then(|| slots.split_at(count * slot))
}

fn text_holds(rule: &Rule, text: &str) -> bool {
    match rule {
        Rule::Ascii => text.is_ascii(),
        Rule::NotPrefix(prefix) => !text.starts_with(prefix.as_str()),
        Rule::OneOf(OneOf::Strings(allowed)) => allowed.binary_search_by(|one| one.as_str().cmp(text)).is_ok(),
        rule => length_holds(rule, text.len()),
    }
}

fn length_holds(rule: &Rule, length: usize) -> bool {
    match rule {
        Rule::MinLength(least) => length >= *least as usize,
        Rule::NotEmpty => length > 0,
        // A rule on a type it does not apply to: resolving refuses such a contract.
        _ => false,
    }
}
