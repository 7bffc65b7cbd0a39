//! A field's validation rules, on a [`Value`].

use std::cmp::Ordering;

use super::{Code, Value, ValueError};
use crate::ir::{Field, Number, OneOf, Rule};
use crate::u256;

/// Holds a present value of the field's type against the field's rules: the first in alphabetical order that it breaks.
pub fn rules(field: &Field, value: &Value) -> Result<(), ValueError> {
    match field.rules.iter().find(|rule| !holds(rule, value)) {
        None => Ok(()),
        Some(rule) => Err(ValueError::new(Code::Rule(rule.name()), broken(rule))),
    }
}

pub(super) fn holds(rule: &Rule, value: &Value) -> bool {
    match (rule, value) {
        (Rule::Ascii, Value::String(text)) => text.is_ascii(),
        (Rule::Max(bound), value) => compare(value, bound).is_some_and(Ordering::is_le),
        (Rule::Min(bound), value) => compare(value, bound).is_some_and(Ordering::is_ge),
        (Rule::MinLength(least), value) => length(value).is_some_and(|length| length >= *least as usize),
        (Rule::NotEmpty, value) => length(value).is_some_and(|length| length > 0),
        (Rule::NotPrefix(prefix), Value::String(text)) => !text.starts_with(prefix.as_str()),
        (Rule::NotZero, value) => not_zero(value),
        (Rule::OneOf(OneOf::Ints(allowed)), Value::Int(value)) => allowed.binary_search(value).is_ok(),
        (Rule::OneOf(OneOf::U256s(allowed)), Value::U256(value)) => allowed.contains(value),
        (Rule::OneOf(OneOf::Strings(allowed)), Value::String(value)) => allowed.binary_search(value).is_ok(),
        (Rule::OneOf(OneOf::Enums(allowed)), Value::Enum(value)) => allowed.iter().any(|(_, number)| number == value),
        // A rule on a type it does not apply to: resolving refuses such a contract.
        (Rule::Ascii | Rule::NotPrefix(_) | Rule::OneOf(_), _) => false,
    }
}

/// How a value compares with a bound; `None` for a NaN, which fails every numeric rule.
fn compare(value: &Value, bound: &Number) -> Option<Ordering> {
    match (value, bound) {
        (Value::Int(value), Number::Int(bound)) => Some(value.cmp(bound)),
        (Value::Float(value), Number::F32(bound)) => (*value as f32).partial_cmp(bound),
        (Value::Float(value), Number::F64(bound)) => value.partial_cmp(bound),
        (Value::U256(value), Number::U256(bound)) => Some(u256::compare(value, bound)),
        _ => None,
    }
}

fn not_zero(value: &Value) -> bool {
    match value {
        Value::Int(value) => *value != 0,
        Value::Float(value) => !value.is_nan() && *value != 0.0,
        Value::U256(bytes) => bytes.iter().any(|byte| *byte != 0),
        Value::Bytes(bytes) => bytes.iter().any(|byte| *byte != 0),
        _ => false,
    }
}

fn length(value: &Value) -> Option<usize> {
    match value {
        Value::String(text) => Some(text.len()),
        Value::Bytes(bytes) => Some(bytes.len()),
        Value::List(elements) => Some(elements.len()),
        _ => None,
    }
}

pub(super) fn broken(rule: &Rule) -> String {
    match rule {
        Rule::Ascii => "has a character that is not ASCII".to_owned(),
        Rule::Max(bound) => format!("is more than {}", number(bound)),
        Rule::Min(bound) => format!("is less than {}", number(bound)),
        Rule::MinLength(least) => format!("is shorter than {least}"),
        Rule::NotEmpty => "is empty".to_owned(),
        Rule::NotPrefix(prefix) => format!("begins with `{}`", prefix.escape_debug()),
        Rule::NotZero => "is zero".to_owned(),
        Rule::OneOf(_) => "is not one of the allowed values".to_owned(),
    }
}

fn number(number: &Number) -> String {
    match number {
        Number::Int(value) => value.to_string(),
        Number::F32(value) => value.to_string(),
        Number::F64(value) => value.to_string(),
        Number::U256(value) => u256::to_decimal(value),
    }
}
