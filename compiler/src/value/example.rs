//! An example value of a message, which its rules accept: what documentation shows.

use super::{Value, check, number};
use crate::ir::{Field, Message, Number, OneOf, Rule, Scalar, Schema, Type};

/// A value of the message that its rules accept, with every optional field present and lists of two elements. `None`
/// where none was found: rules can be such that no value keeps them all.
pub fn example(schema: &Schema, message: &Message) -> Option<Value> {
    fields(schema, &message.fields)
}

fn fields(schema: &Schema, all: &[Field]) -> Option<Value> {
    all.iter().map(|field| self::field(schema, field)).collect::<Option<_>>().map(Value::Fields)
}

fn field(schema: &Schema, field: &Field) -> Option<Value> {
    let candidates = candidates(schema, field);
    let fits = |value: &Value| match (&field.ty, value) {
        (Type::Scalar(scalar), Value::Int(value)) => number::in_range(*scalar, *value).is_ok(),
        _ => true,
    };
    let holds = |value: &Value| fits(value) && field.rules.iter().all(|rule| check::holds(rule, value));
    match candidates.into_iter().find(holds) {
        None if field.optional => Some(Value::Absent),
        found => found,
    }
}

/// Values of a field's type, the most telling first.
fn candidates(schema: &Schema, field: &Field) -> Vec<Value> {
    let mut values = Vec::new();
    for rule in &field.rules {
        match rule {
            Rule::OneOf(OneOf::Ints(allowed)) => values.extend(allowed.iter().map(|value| Value::Int(*value))),
            Rule::OneOf(OneOf::U256s(allowed)) => values.extend(allowed.iter().map(|value| Value::U256(*value))),
            Rule::OneOf(OneOf::Strings(allowed)) => values.extend(allowed.iter().cloned().map(Value::String)),
            Rule::OneOf(OneOf::Enums(allowed)) => values.extend(allowed.iter().map(|(_, number)| Value::Enum(*number))),
            _ => {}
        }
    }
    match &field.ty {
        Type::String { bound } => values.extend(texts(field, *bound as usize)),
        Type::Vec { elem, bound } => {
            let count = least(field).max(2).min(*bound as usize);
            values.extend([count, least(field), *bound as usize].into_iter().filter_map(|n| list(schema, elem, n)));
        }
        ty => values.extend(plain(schema, ty)),
    }
    // Bounds of the rules are in them.
    for rule in &field.rules {
        if let Rule::Max(bound) | Rule::Min(bound) = rule {
            values.push(match bound {
                Number::Int(value) => Value::Int(*value),
                Number::F32(value) => Value::Float(f64::from(*value)),
                Number::F64(value) => Value::Float(*value),
                Number::U256(value) => Value::U256(*value),
            });
        }
    }
    values
}

/// The least length that the rules allow.
fn least(field: &Field) -> usize {
    let least = |rule: &Rule| match rule {
        Rule::MinLength(least) => *least as usize,
        Rule::NotEmpty => 1,
        _ => 0,
    };
    field.rules.iter().map(least).max().unwrap_or(0)
}

/// Texts that fit, as long as they have to be.
fn texts(field: &Field, bound: usize) -> impl Iterator<Item = Value> {
    let least = least(field);
    ["example", "text", "a", "-"].into_iter().map(move |word| {
        let mut text: String = word.chars().take(bound).collect();
        while text.len() < least {
            text.push('-');
        }
        Value::String(text)
    })
}

/// Values without regard to rules.
fn plain(schema: &Schema, ty: &Type) -> Vec<Value> {
    match ty {
        Type::Scalar(Scalar::Bool) => vec![Value::Bool(true)],
        Type::Scalar(Scalar::F32 | Scalar::F64) => [1.5, 0.5, 0.0, -1.0].map(Value::Float).to_vec(),
        Type::Scalar(Scalar::U256) => [1000, 1, 0].map(small_u256).to_vec(),
        Type::Scalar(_) => [100, 1, 0, -1].map(Value::Int).to_vec(),
        Type::Enum(id) => schema.enum_(*id).values.iter().map(|value| Value::Enum(value.value)).collect(),
        Type::Struct(id) => fields(schema, &schema.struct_(*id).fields).into_iter().collect(),
        Type::Array { elem, len } => list(schema, elem, *len as usize).into_iter().collect(),
        // Only fields have these types.
        Type::String { .. } | Type::Vec { .. } => Vec::new(),
    }
}

fn small_u256(number: u16) -> Value {
    let mut bytes = [0; 32];
    bytes[..2].copy_from_slice(&number.to_le_bytes());
    Value::U256(bytes)
}

fn list(schema: &Schema, elem: &Type, count: usize) -> Option<Value> {
    if *elem == Type::Scalar(Scalar::U8) {
        return Some(Value::Bytes((1..=count).map(|index| index as u8).collect()));
    }
    if count == 0 {
        return Some(Value::List(Vec::new()));
    }
    let element = plain(schema, elem).into_iter().next()?;
    // Numbers that count up are told apart.
    let nth = |index: usize| match &element {
        Value::Int(_) => Value::Int((index % 100) as i128 + 1),
        other => other.clone(),
    };
    Some(Value::List((0..count).map(nth).collect()))
}
