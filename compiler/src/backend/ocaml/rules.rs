//! Conditions of rules, as OCaml expressions over a value or over bytes.

use super::code::{bytes, float, int, int64, string};
use super::names::constructor;
use super::shape::{Context, Shape, shape};
use crate::ir::{Field, Number, OneOf, Rule};

/// What a condition looks at.
#[derive(Clone, Copy, Debug)]
pub enum Subject<'a> {
    /// The variable of this name.
    Value(&'a str),
    /// The bytes at this position of `b`.
    Bytes(&'a str),
}

/// The condition of a rule of a field; `None` if it always holds.
pub fn condition(cx: &Context, field: &Field, rule: &Rule, subject: Subject) -> Option<String> {
    Some(match rule {
        Rule::Max(bound) => compare(field, subject, "<=", bound),
        Rule::Min(bound) => compare(field, subject, ">=", bound),
        Rule::NotZero => not_zero(field, subject),
        Rule::NotEmpty => format!("{} > 0", length(field, subject)),
        Rule::MinLength(least) => format!("{} >= {least}", length(field, subject)),
        Rule::Ascii => match subject {
            Subject::Value(v) => format!("Mycelium_wire.Utf8.is_ascii {v}"),
            Subject::Bytes(p) => format!("RT.text_is_ascii b {p}"),
        },
        Rule::NotPrefix(prefix) => match subject {
            Subject::Value(v) => format!("Stdlib.not (RT.has_prefix {v} {})", string(prefix)),
            Subject::Bytes(p) => format!("Stdlib.not (RT.text_has_prefix b {p} {})", string(prefix)),
        },
        Rule::OneOf(values) => return one_of(cx, field, subject, values),
    })
}

/// The subject as a number, not in parentheses.
fn number(field: &Field, subject: Subject) -> String {
    match (subject, shape(&field.ty)) {
        (Subject::Value(v), _) => v.to_owned(),
        (Subject::Bytes(p), Shape::Int(scalar)) => format!("RT.get_{} b {p}", scalar.name()),
        (Subject::Bytes(p), Shape::U64) => format!("RT.get_u64 b {p}"),
        (Subject::Bytes(p), Shape::I64) => format!("RT.get_i64 b {p}"),
        (Subject::Bytes(p), Shape::F32) => format!("RT.get_f32 b {p}"),
        (Subject::Bytes(p), _) => format!("RT.get_f64 b {p}"),
    }
}

/// The subject as a number and an argument.
fn argument(field: &Field, subject: Subject) -> String {
    match subject {
        Subject::Value(v) => v.to_owned(),
        Subject::Bytes(_) => format!("({})", number(field, subject)),
    }
}

fn compare(field: &Field, subject: Subject, operator: &str, bound: &Number) -> String {
    match (bound, shape(&field.ty)) {
        (Number::U256(bound), _) => format!("{} {operator} 0", compare_u256(subject, bound)),
        (Number::Int(bound), Shape::U64) => {
            let function = if operator == ">=" { "ge" } else { "le" };
            format!("RT.u64_{function} {} {}", argument(field, subject), int64(*bound))
        }
        (Number::Int(bound), Shape::I64) => format!("{} {operator} {}", number(field, subject), int64(*bound)),
        (Number::Int(bound), _) => format!("{} {operator} {}", number(field, subject), int(*bound)),
        (Number::F32(bound), _) => format!("{} {operator} {}", number(field, subject), float(f64::from(*bound))),
        (Number::F64(bound), _) => format!("{} {operator} {}", number(field, subject), float(*bound)),
    }
}

fn compare_u256(subject: Subject, bound: &[u8; 32]) -> String {
    match subject {
        Subject::Value(v) => format!("Mycelium_wire.U256.compare_bytes {v} {}", bytes(bound, 8)),
        Subject::Bytes(p) => format!("Mycelium_wire.U256.compare_at b {p} {}", bytes(bound, 8)),
    }
}

fn not_zero(field: &Field, subject: Subject) -> String {
    match (shape(&field.ty), subject) {
        (Shape::U64, _) => format!("RT.u64_ge {} 1L", argument(field, subject)),
        (Shape::I64, _) => format!("{} <> 0L", number(field, subject)),
        (Shape::F32 | Shape::F64, _) => format!("RT.is_nonzero {}", argument(field, subject)),
        (Shape::U256, Subject::Value(v)) => format!("Mycelium_wire.U256.compare {v} Mycelium_wire.U256.zero > 0"),
        (Shape::U256, Subject::Bytes(p)) => format!("Stdlib.not (RT.is_zero b {p} 32)"),
        (Shape::Octets { .. }, Subject::Value(v)) => format!("Stdlib.not (RT.is_zero_octets {v})"),
        (Shape::Octets { len }, Subject::Bytes(p)) => format!("Stdlib.not (RT.is_zero b {p} {len})"),
        _ => format!("{} <> 0", number(field, subject)),
    }
}

fn length(field: &Field, subject: Subject) -> String {
    match (subject, shape(&field.ty)) {
        (Subject::Bytes(p), _) => format!("RT.get_u16 b {p}"),
        (Subject::Value(v), Shape::Vec { .. }) => format!("Stdlib.Array.length {v}"),
        (Subject::Value(v), _) => format!("Stdlib.String.length {v}"),
    }
}

fn one_of(cx: &Context, field: &Field, subject: Subject, values: &OneOf) -> Option<String> {
    let matching = |subject: String, patterns: Vec<String>| {
        format!("match {subject} with {} -> true | _ -> false", patterns.join(" | "))
    };
    Some(match (values, shape(&field.ty), subject) {
        (OneOf::Ints(values), Shape::U64, _) => {
            let bits = format!("Mycelium_wire.U64.to_int64 {}", argument(field, subject));
            matching(bits, values.iter().map(|value| int64(*value)).collect())
        }
        (OneOf::Ints(values), Shape::I64, _) => {
            matching(number(field, subject), values.iter().map(|value| int64(*value)).collect())
        }
        (OneOf::Ints(values), _, _) => {
            matching(number(field, subject), values.iter().map(|value| int(*value)).collect())
        }
        (OneOf::U256s(values), _, _) => {
            let equal = |value: &[u8; 32]| format!("{} = 0", compare_u256(subject, value));
            values.iter().map(equal).collect::<Vec<_>>().join(" || ")
        }
        (OneOf::Strings(values), _, Subject::Value(v)) => {
            matching(v.to_owned(), values.iter().map(|value| string(value)).collect())
        }
        (OneOf::Strings(values), _, Subject::Bytes(p)) => {
            let equal = |value: &String| format!("RT.text_is b {p} {}", string(value));
            values.iter().map(equal).collect::<Vec<_>>().join(" || ")
        }
        (OneOf::Enums(values), Shape::Enum(id), _) => {
            let item = cx.enum_(id);
            if values.len() >= item.values.len() {
                return None;
            }
            match subject {
                Subject::Value(v) => {
                    let module = cx.enum_module(id);
                    let pattern = |(name, _): &(String, u32)| format!("{module}.{}", constructor(name));
                    matching(v.to_owned(), values.iter().map(pattern).collect())
                }
                Subject::Bytes(p) => {
                    let number = format!("RT.get_{} b {p}", item.repr.name());
                    matching(number, values.iter().map(|(_, number)| number.to_string()).collect())
                }
            }
        }
        (OneOf::Enums(_), _, _) => return None,
    })
}
