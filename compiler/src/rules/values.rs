//! The value of a rule: its kind, its range, its meaning for the field's type.

use indexmap::IndexMap;

use crate::codes;
use crate::diag::{Diagnostic, quote};
use crate::ir::{Enum, Number, OneOf, Rule, Scalar, Type};
use crate::raw::{self, Value};
use crate::source::{Span, Spanned};
use crate::suggest;
use crate::u256::{self, NotU256};

/// Whether the rule is one that is `true` or absent.
pub fn is_flag(name: &str) -> bool {
    matches!(name, "not_zero" | "not_empty" | "ascii" | super::NO_0X_PREFIX)
}

/// The rule called `name` on a type it applies to. `None` where its value cannot be, which is
/// reported, and for `max_length`, which is in the type.
pub fn rule(name: &str, ty: &Type, enums: &[Enum], raw: &raw::Rule, diagnostics: &mut Vec<Diagnostic>) -> Option<Rule> {
    let value = &raw.value;
    match name {
        _ if value.value == Value::Reported => None,
        super::MAX_LENGTH => None,
        "min" | "max" => {
            let Type::Scalar(scalar) = ty else { return None };
            let number = number(name, *scalar, value, diagnostics)?;
            Some(if name == "min" { Rule::Min(number) } else { Rule::Max(number) })
        }
        "min_length" => length(name, value, diagnostics).map(Rule::MinLength),
        "not_prefix" => not_prefix(value, diagnostics).map(Rule::NotPrefix),
        "one_of" => one_of(ty, enums, value, diagnostics).map(Rule::OneOf),
        _ if value.value != Value::Bool(true) => {
            diagnostics.push(wrong_kind(name, "`true`", value));
            None
        }
        "not_zero" => Some(Rule::NotZero),
        "not_empty" => Some(Rule::NotEmpty),
        "ascii" => Some(Rule::Ascii),
        super::NO_0X_PREFIX => Some(Rule::NotPrefix("0x".to_owned())),
        _ => None,
    }
}

/// The bound that `max_length` gives.
pub fn bound(raw: &raw::Rule, diagnostics: &mut Vec<Diagnostic>) -> Option<u32> {
    if raw.value.value == Value::Reported {
        return None;
    }
    let value = integer(&raw.name.value, &raw.value, "a number from 1 to 65535", diagnostics)?;
    match value {
        1..=65_535 => Some(value as u32),
        _ => {
            let written = quote(&as_written(&raw.value.value));
            let message = format!("`max_length` is {written}, which is not between 1 and 65535");
            diagnostics.push(Diagnostic::new(&codes::E0203, raw.value.span, message));
            None
        }
    }
}

/// A value as it was written, for documentation.
pub fn as_written(value: &Value) -> String {
    match value {
        Value::Bool(value) => value.to_string(),
        Value::Int(text) | Value::Float(text) | Value::Map(text) | Value::Str { text, .. } => text.clone(),
        Value::List(items) => {
            let items: Vec<String> = items.iter().map(|item| as_written(&item.value)).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Null | Value::Reported => String::new(),
    }
}

/// What a value is, in a sentence.
fn kind(value: &Value) -> String {
    match value {
        Value::Bool(value) => format!("`{value}`"),
        Value::Int(text) | Value::Float(text) => format!("the number {}", quote(text)),
        Value::Str { text, quoted: true } => format!("the string \"{}\"", quote(text).trim_matches('`')),
        Value::Str { text, quoted: false } => quote(text),
        Value::List(_) => "a list".to_owned(),
        Value::Null => "nothing".to_owned(),
        Value::Map(_) | Value::Reported => "a mapping".to_owned(),
    }
}

fn wrong_kind(rule: &str, expected: &str, value: &Spanned<Value>) -> Diagnostic {
    let message = format!("`{rule}` takes {expected}, found {}", kind(&value.value));
    let diagnostic = Diagnostic::new(&codes::E0302, value.span, message);
    match &value.value {
        Value::Str { text, quoted: true } if is_integer(text) && !expected.contains("string") => {
            diagnostic.help("remove the quotes").correct(value.span, text.clone())
        }
        _ => diagnostic,
    }
}

fn is_integer(text: &str) -> bool {
    u256::parse(text.strip_prefix('-').unwrap_or(text)) != Err(NotU256::Malformed)
}

fn out_of_range(rule: &str, value: &Spanned<Value>, range: &str) -> Diagnostic {
    let message = format!("{} in `{rule}` is out of range: {range}", quote(&as_written(&value.value)));
    Diagnostic::new(&codes::E0303, value.span, message)
}

/// An integer; one beyond `i128` becomes the end of `i128` on its side.
fn integer(rule: &str, value: &Spanned<Value>, expected: &str, diagnostics: &mut Vec<Diagnostic>) -> Option<i128> {
    let Value::Int(text) = &value.value else {
        diagnostics.push(wrong_kind(rule, expected, value));
        return None;
    };
    let (negative, digits) = signed(text);
    let magnitude = match u256::parse(digits) {
        Ok(bytes) => u256::to_u128(&bytes).and_then(|wide| i128::try_from(wide).ok()).unwrap_or(i128::MAX),
        Err(NotU256::TooLarge) => i128::MAX,
        Err(NotU256::Malformed) => {
            diagnostics.push(wrong_kind(rule, expected, value));
            return None;
        }
    };
    Some(if negative { -magnitude } else { magnitude })
}

fn signed(text: &str) -> (bool, &str) {
    match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    }
}

fn length(rule: &str, value: &Spanned<Value>, diagnostics: &mut Vec<Diagnostic>) -> Option<u32> {
    let number = integer(rule, value, "a number from 0 to 65535", diagnostics)?;
    if !(0..=65_535).contains(&number) {
        diagnostics.push(out_of_range(rule, value, "lengths are from 0 to 65535"));
        return None;
    }
    u32::try_from(number).ok()
}

/// A number of the field's own type.
fn number(rule: &str, scalar: Scalar, value: &Spanned<Value>, diagnostics: &mut Vec<Diagnostic>) -> Option<Number> {
    match scalar {
        Scalar::F32 | Scalar::F64 => float(rule, scalar, value, diagnostics),
        Scalar::U256 => wide(rule, value, diagnostics).map(Number::U256),
        _ => {
            let number = integer(rule, value, "an integer", diagnostics)?;
            match scalar.range() {
                Some((min, max)) if !(min..=max).contains(&number) => {
                    diagnostics.push(out_of_range(rule, value, &format!("{} is from {min} to {max}", scalar.name())));
                    None
                }
                _ => Some(Number::Int(number)),
            }
        }
    }
}

fn wide(rule: &str, value: &Spanned<Value>, diagnostics: &mut Vec<Diagnostic>) -> Option<[u8; 32]> {
    let expected = "an integer (plain, or quoted in decimal or hex)";
    let (negative, digits) = match &value.value {
        Value::Int(text) => signed(text),
        Value::Str { text, quoted: true } if is_integer(text) => signed(text),
        _ => {
            diagnostics.push(wrong_kind(rule, expected, value));
            return None;
        }
    };
    match u256::parse(digits) {
        Ok(bytes) if !negative || bytes == [0; 32] => Some(bytes),
        Ok(_) | Err(NotU256::TooLarge) => {
            diagnostics.push(out_of_range(rule, value, "U256 is from 0 to 2^256 - 1"));
            None
        }
        Err(NotU256::Malformed) => {
            diagnostics.push(wrong_kind(rule, expected, value));
            None
        }
    }
}

/// A bound of a float: rounded once, to the field's own width. Negative zero is zero: it bounds the same values.
fn float(rule: &str, scalar: Scalar, value: &Spanned<Value>, diagnostics: &mut Vec<Diagnostic>) -> Option<Number> {
    let decimal = match &value.value {
        Value::Float(text) => Some(text.clone()),
        Value::Int(text) => {
            let (negative, digits) = signed(text);
            match u256::parse(digits) {
                Ok(bytes) => Some(format!("{}{}", if negative { "-" } else { "" }, u256::to_decimal(&bytes))),
                Err(NotU256::TooLarge) if digits.starts_with("0x") => Some("inf".to_owned()),
                Err(NotU256::TooLarge) => Some(text.clone()),
                Err(NotU256::Malformed) => None,
            }
        }
        _ => None,
    };
    let parsed = decimal.and_then(|text| {
        Some(match scalar {
            Scalar::F32 => Number::F32(text.parse::<f32>().ok()? + 0.0),
            _ => Number::F64(text.parse::<f64>().ok()? + 0.0),
        })
    });
    let Some(number) = parsed else {
        diagnostics.push(wrong_kind(rule, "a number", value));
        return None;
    };
    let (finite, name) = match number {
        Number::F32(number) => (number.is_finite(), "f32"),
        Number::F64(number) => (number.is_finite(), "f64"),
        Number::Int(_) | Number::U256(_) => (true, ""),
    };
    if !finite {
        diagnostics.push(out_of_range(rule, value, &format!("it would be infinite as {name}")));
        return None;
    }
    Some(number)
}

fn not_prefix(value: &Spanned<Value>, diagnostics: &mut Vec<Diagnostic>) -> Option<String> {
    match &value.value {
        Value::Str { text, .. } if !text.is_empty() => Some(text.clone()),
        _ => {
            let diagnostic = wrong_kind("not_prefix", "a non-empty string", value);
            diagnostics.push(match &value.value {
                Value::Int(text) | Value::Float(text) => {
                    diagnostic.help("put it in quotes").correct(value.span, format!("\"{text}\""))
                }
                _ => diagnostic,
            });
            None
        }
    }
}

fn one_of(ty: &Type, enums: &[Enum], value: &Spanned<Value>, diagnostics: &mut Vec<Diagnostic>) -> Option<OneOf> {
    let Value::List(items) = &value.value else {
        diagnostics.push(wrong_kind("one_of", "a list", value).help("write `one_of: [a, b]`"));
        return None;
    };
    if items.is_empty() {
        let message = "`one_of` has an empty list, so no value could pass";
        diagnostics.push(Diagnostic::new(&codes::E0307, value.span, message));
        return None;
    }
    match ty {
        Type::Scalar(Scalar::U256) => {
            let mut list = each(items, diagnostics, |item, diagnostics| wide("one_of", item, diagnostics))?;
            list.sort_by(u256::compare);
            Some(OneOf::U256s(list))
        }
        Type::Scalar(scalar) => {
            let mut list =
                each(items, diagnostics, |item, diagnostics| match number("one_of", *scalar, item, diagnostics)? {
                    Number::Int(number) => Some(number),
                    Number::F32(_) | Number::F64(_) | Number::U256(_) => None,
                })?;
            list.sort_unstable();
            Some(OneOf::Ints(list))
        }
        Type::String { .. } => {
            let mut list = each(items, diagnostics, string)?;
            list.sort_unstable();
            Some(OneOf::Strings(list))
        }
        Type::Enum(id) => {
            let of = &enums[id.0];
            let numbers = of.values.iter().map(|value| (value.name.as_str(), value.value)).collect();
            let mut list = each(items, diagnostics, |item, diagnostics| enum_value(of, &numbers, item, diagnostics))?;
            list.sort_unstable();
            Some(OneOf::Enums(list))
        }
        Type::Array { .. } | Type::Vec { .. } | Type::Struct(_) => None,
    }
}

/// Reads every item of a list and reports repeats; `None` if any item cannot be.
fn each<T: Clone + Eq + std::hash::Hash>(
    items: &[Spanned<Value>],
    diagnostics: &mut Vec<Diagnostic>,
    read: impl Fn(&Spanned<Value>, &mut Vec<Diagnostic>) -> Option<T>,
) -> Option<Vec<T>> {
    let mut found: IndexMap<T, Span> = IndexMap::new();
    let mut complete = true;
    for item in items {
        let value = if item.value == Value::Reported { None } else { read(item, diagnostics) };
        let Some(value) = value else {
            complete = false;
            continue;
        };
        if let Some(first) = found.get(&value) {
            let message = format!("`one_of` has {} twice", quote(&as_written(&item.value)));
            diagnostics.push(
                Diagnostic::new(&codes::E0307, item.span, message)
                    .label("given again here")
                    .related(*first, "first given here"),
            );
            continue;
        }
        found.insert(value, item.span);
    }
    complete.then(|| found.into_keys().collect())
}

fn string(item: &Spanned<Value>, diagnostics: &mut Vec<Diagnostic>) -> Option<String> {
    if let Value::Str { text, .. } = &item.value {
        return Some(text.clone());
    }
    let diagnostic = wrong_kind("one_of", "strings here", item);
    diagnostics.push(match &item.value {
        Value::Int(text) | Value::Float(text) => {
            diagnostic.help("put it in quotes").correct(item.span, format!("\"{text}\""))
        }
        Value::Bool(value) => diagnostic.help("put it in quotes").correct(item.span, format!("\"{value}\"")),
        _ => diagnostic,
    });
    None
}

fn enum_value(
    of: &Enum,
    numbers: &IndexMap<&str, u32>,
    item: &Spanned<Value>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<(String, u32)> {
    /// Values beyond which unknown names are not compared with them.
    const COMPARED: usize = 200;
    let name = match &item.value {
        Value::Str { text, .. } => text.clone(),
        Value::Bool(value) => value.to_string(),
        _ => {
            diagnostics.push(wrong_kind("one_of", &format!("names of {} values", quote(&of.name)), item));
            return None;
        }
    };
    if let Some(&number) = numbers.get(name.as_str()) {
        return Some((name, number));
    }
    let message = format!("enum {} has no value {}", quote(&of.name), quote(&name));
    let diagnostic = Diagnostic::new(&codes::E0308, item.span, message).related(of.span, "the enum is declared here");
    diagnostics.push(match suggest::nearest(&name, numbers.keys().copied().take(COMPARED)) {
        Some(near) => diagnostic.did_you_mean(item.span, near),
        None => diagnostic,
    });
    None
}
