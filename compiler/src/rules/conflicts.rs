//! Rules that contradict each other, or the bound in the type.

use std::cmp::Ordering;

use crate::codes;
use crate::diag::{Diagnostic, quote};
use crate::ir::{Number, OneOf, Rule, Scalar, Type};
use crate::u256;

use super::Placed;

/// Reports the contradictions among a field's rules.
pub fn report(field: &str, ty: &Type, rules: &[Placed], diagnostics: &mut Vec<Diagnostic>) {
    let mut found = Vec::new();
    for (index, one) in rules.iter().enumerate() {
        for other in &rules[..index] {
            found.extend(pair(field, one, other));
        }
        if let (Rule::MinLength(min), Some(bound)) = (&one.rule, bound(ty))
            && *min > bound
        {
            let message = format!("`min_length` of {} is {min}, above its bound of {bound}", quote(field));
            found.push(Diagnostic::new(&codes::E0305, one.span, message));
        }
        if let Rule::OneOf(OneOf::Strings(strings)) = &one.rule {
            let bound = bound(ty).unwrap_or(u32::MAX);
            if let Some(long) = strings.iter().find(|text| text.len() > bound as usize) {
                let message =
                    format!("`one_of` of {} allows {}, which is longer than {bound} bytes", quote(field), json(long));
                found.push(Diagnostic::new(&codes::E0305, one.span, message));
            }
        }
    }
    if found.is_empty() {
        found.extend(only_zero(field, ty, rules));
    }
    diagnostics.append(&mut found);
}

fn bound(ty: &Type) -> Option<u32> {
    match ty {
        Type::String { bound } | Type::Vec { bound, .. } => Some(*bound),
        _ => None,
    }
}

/// The contradiction between two rules, of which `later` was written after `earlier`.
fn pair(field: &str, later: &Placed, earlier: &Placed) -> Option<Diagnostic> {
    let message = match (&later.rule, &earlier.rule) {
        (Rule::Min(min), Rule::Max(max)) | (Rule::Max(max), Rule::Min(min)) => (compare(min, max) == Ordering::Greater)
            .then(|| format!("`min` of {} is {}, above its `max` of {}", quote(field), show(min), show(max)))?,
        (Rule::OneOf(list), other) | (other, Rule::OneOf(list)) => {
            let name = if matches!(earlier.rule, Rule::OneOf(_)) { later.name } else { earlier.name };
            let refused = refused(list, other)?;
            format!("`one_of` of {} allows {refused}, which `{name}` refuses", quote(field))
        }
        _ => return None,
    };
    let note = format!("`{}` is given here", earlier.name);
    Some(Diagnostic::new(&codes::E0305, later.span, message).related(earlier.span, note))
}

/// The first value of a list that a rule refuses.
fn refused(list: &OneOf, rule: &Rule) -> Option<String> {
    match list {
        OneOf::Ints(values) => values.iter().map(|&value| Number::Int(value)).find_map(|value| number(value, rule)),
        OneOf::U256s(values) => values.iter().map(|&value| Number::U256(value)).find_map(|value| number(value, rule)),
        OneOf::Strings(values) => values.iter().find(|value| refuses(rule, value)).map(|value| json(value)),
        OneOf::Enums(_) => None,
    }
}

fn number(value: Number, rule: &Rule) -> Option<String> {
    let refused = match rule {
        Rule::Min(min) => compare(&value, min) == Ordering::Less,
        Rule::Max(max) => compare(&value, max) == Ordering::Greater,
        Rule::NotZero => is_zero(&value),
        _ => false,
    };
    refused.then(|| show(&value))
}

fn refuses(rule: &Rule, value: &str) -> bool {
    match rule {
        Rule::Ascii => !value.is_ascii(),
        Rule::MinLength(min) => value.len() < *min as usize,
        Rule::NotEmpty => value.is_empty(),
        Rule::NotPrefix(prefix) => value.starts_with(prefix.as_str()),
        Rule::Max(_) | Rule::Min(_) | Rule::NotZero | Rule::OneOf(_) => false,
    }
}

/// `not_zero` where the other rules leave nothing but zero.
fn only_zero(field: &str, ty: &Type, rules: &[Placed]) -> Option<Diagnostic> {
    let not_zero = rules.iter().find(|placed| placed.rule == Rule::NotZero)?;
    let max = rules.iter().find(|placed| matches!(&placed.rule, Rule::Max(max) if is_zero(max)))?;
    let signed = !matches!(ty, Type::Scalar(Scalar::U8 | Scalar::U16 | Scalar::U32 | Scalar::U64 | Scalar::U256));
    let min_is_zero = rules.iter().any(|placed| matches!(&placed.rule, Rule::Min(min) if is_zero(min)));
    if signed && !min_is_zero {
        return None;
    }
    let message = format!("the rules of {} allow no value: only zero, and `not_zero`", quote(field));
    let (later, earlier) = if max.span < not_zero.span { (not_zero, max) } else { (max, not_zero) };
    let note = format!("`{}` is given here", earlier.name);
    Some(Diagnostic::new(&codes::E0305, later.span, message).related(earlier.span, note))
}

fn is_zero(number: &Number) -> bool {
    match number {
        Number::Int(value) => *value == 0,
        Number::F32(value) => *value == 0.0,
        Number::F64(value) => *value == 0.0,
        Number::U256(value) => *value == [0; 32],
    }
}

/// Compares two numbers of one type.
fn compare(a: &Number, b: &Number) -> Ordering {
    match (a, b) {
        (Number::Int(a), Number::Int(b)) => a.cmp(b),
        (Number::F32(a), Number::F32(b)) => a.total_cmp(b),
        (Number::F64(a), Number::F64(b)) => a.total_cmp(b),
        (Number::U256(a), Number::U256(b)) => u256::compare(a, b),
        _ => Ordering::Equal,
    }
}

fn show(number: &Number) -> String {
    match number {
        Number::Int(value) => value.to_string(),
        Number::F32(value) => value.to_string(),
        Number::F64(value) => value.to_string(),
        Number::U256(value) => u256::to_decimal(value),
    }
}

fn json(text: &str) -> String {
    format!("\"{}\"", quote(text).trim_matches('`'))
}
