//! Pieces of Lua: string literals, types and rules of fields.

use crate::backend::is_printable;
use crate::ir::{Field, Number, OneOf, Rule, Scalar, Schema, Type};
use crate::layout;
use crate::u256;

/// A string literal. Bytes that are not printable ASCII are escaped, so that it is one line in any editor.
pub fn string(text: &str) -> String {
    let mut literal = String::with_capacity(text.len() + 2);
    literal.push('"');
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' => literal.extend(['\\', char::from(byte)]),
            b' '..=b'~' => literal.push(char::from(byte)),
            _ => literal.push_str(&format!("\\{byte:03}")),
        }
    }
    literal.push('"');
    literal
}

/// Words of a contract as the literal of one line of text.
pub fn words(text: &str) -> String {
    let printable: String = text.chars().map(|c| if is_printable(c) { c } else { ' ' }).collect();
    string(&printable.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// A list of strings or numbers.
pub fn list(items: impl IntoIterator<Item = String>) -> String {
    let items: Vec<String> = items.into_iter().collect();
    if items.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", items.join(", ")) }
}

/// The call that describes a type. `prefix` is before the names of the contract's types.
pub fn ty(schema: &Schema, prefix: &str, ty: &Type) -> String {
    let size = |ty: &Type| layout::value(ty, &schema.enums, &schema.structs).map_or(0, |layout| layout.size);
    let is_byte = |elem: &Type| *elem == Type::Scalar(Scalar::U8);
    match ty {
        Type::Scalar(scalar) => {
            let size = layout::scalar(*scalar).size;
            match scalar {
                Scalar::U8 | Scalar::U16 | Scalar::U32 | Scalar::U64 => format!("unsigned({size})"),
                Scalar::I8 | Scalar::I16 | Scalar::I32 | Scalar::I64 => format!("signed({size})"),
                Scalar::F32 | Scalar::F64 => format!("float({size})"),
                Scalar::Bool => "boolean()".to_owned(),
                Scalar::U256 => "u256()".to_owned(),
            }
        }
        Type::Enum(id) => {
            let found = schema.enum_(*id);
            format!("enum({}, {})", string(&format!("{prefix}{}", found.name)), layout::scalar(found.repr).size)
        }
        Type::Struct(id) => format!("struct({})", string(&format!("{prefix}{}", schema.struct_(*id).name))),
        Type::String { bound } => format!("text({bound})"),
        Type::Array { elem, len } if is_byte(elem) => format!("bytes({len})"),
        Type::Vec { elem, bound } if is_byte(elem) => format!("blob({bound})"),
        Type::Array { elem, len } => format!("array({}, {len}, {})", self::ty(schema, prefix, elem), size(elem)),
        Type::Vec { elem, bound } => format!("list({}, {bound}, {})", self::ty(schema, prefix, elem), size(elem)),
    }
}

/// A field's rules, in the order in which they are checked.
pub fn rules(field: &Field) -> String {
    list(field.rules.iter().map(|rule| format!("{{ {} }}", self::rule(rule))))
}

fn rule(rule: &Rule) -> String {
    let name = string(rule.name());
    match rule {
        Rule::Ascii | Rule::NotEmpty | Rule::NotZero => name,
        Rule::Max(bound) | Rule::Min(bound) => format!("{name}, {}", number(bound)),
        Rule::MinLength(least) => format!("{name}, {least}"),
        Rule::NotPrefix(prefix) => format!("{name}, {}", string(prefix)),
        Rule::OneOf(allowed) => {
            let allowed: Vec<String> = match allowed {
                OneOf::Ints(values) => values.iter().map(|value| format!("\"{value}\"")).collect(),
                OneOf::U256s(values) => values.iter().map(|value| format!("\"{}\"", u256::to_decimal(value))).collect(),
                OneOf::Strings(values) => values.iter().map(|value| string(value)).collect(),
                OneOf::Enums(values) => values.iter().map(|(_, number)| format!("\"{number}\"")).collect(),
            };
            format!("{name}, {}", list(allowed))
        }
    }
}

/// Integers are compared as decimal digits, which have any number of bits.
fn number(number: &Number) -> String {
    match number {
        Number::Int(value) => format!("\"{value}\""),
        Number::U256(value) => format!("\"{}\"", u256::to_decimal(value)),
        Number::F32(value) => format!("{:e}", f64::from(*value)),
        Number::F64(value) => format!("{value:e}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Without this, a description could end a string and be run as code.
    #[test]
    fn strings_are_one_literal() {
        for (text, literal) in [
            ("plain", "\"plain\""),
            ("\"]] os.exit() --\\", "\"\\\"]] os.exit() --\\\\\""),
            ("a\nb\0c", "\"a\\010b\\000c\""),
            ("1é", "\"1\\195\\169\""),
        ] {
            assert_eq!(string(text), literal);
        }
        assert_eq!(words(" a\n\u{202e}b  c "), "\"a b c\"");
    }
}
