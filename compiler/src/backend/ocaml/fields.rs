//! Fields of records in the interface: types, and documentation made of all the contract says of a field.

use super::code;
use super::doc::{self, comment, plain};
use super::names::Named;
use super::shape::{Context, Shape, shape};
use crate::ir::{Field, Number, OneOf, Rule};

/// The type of a field.
pub fn type_of(cx: &Context, field: &Field) -> String {
    let ty = cx.type_of(&field.ty);
    if field.optional { ty + " option" } else { ty }
}

/// A field of the record with its documentation.
pub fn documented(cx: &Context, field: &Named) -> String {
    let mut line = ["    ", &field.label, " : ", &type_of(cx, field), ";"].concat();
    if let Some(reason) = &field.deprecated {
        line.push_str(&format!(" [@ocaml.deprecated {}]", code::string(reason)));
    }
    let Some(doc) = field_doc(cx, field) else {
        return line;
    };
    // Nearly every field's: nothing in there that means something to anyone else.
    if line.len() + doc.len() + 9 <= 80 && doc.bytes().all(is_plain) {
        line.push_str("  (** ");
        line.push_str(&doc);
        line.push_str(" *)");
        return line;
    }
    let doc = comment(&doc, 8);
    let short = doc.trim_start();
    if !doc.contains('\n') && line.len() + 2 + short.chars().count() <= 80 {
        line + "  " + short
    } else {
        line + "\n" + &doc
    }
}

/// Whether a byte of a comment is only that to the lexer and to odoc, wherever it is.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b' ' | b'.' | b',' | b';' | b':' | b'<' | b'>' | b'[' | b']' | b'_')
}

fn field_doc(cx: &Context, field: &Field) -> Option<String> {
    let mut facts = Vec::new();
    // Where the type in OCaml does not say all.
    if !matches!(shape(&field.ty), Shape::U64 | Shape::Bool | Shape::U256 | Shape::Enum(_) | Shape::Struct(_)) {
        facts.push(doc::code(&cx.contract_type(&field.ty)));
    }
    if let Some(unit) = &field.unit {
        facts.push(format!("in {}", doc::code(unit)));
    }
    facts.extend(field.rules.iter().map(|rule| doc::code(&rule_text(rule))));
    facts.extend(
        field
            .documented_rules
            .iter()
            .map(|(name, value)| format!("{} (not enforced)", doc::code(&format!("{name}: {value}")))),
    );
    let description = field.description.as_deref().map(plain).filter(|text| !text.is_empty());
    let facts = (!facts.is_empty()).then(|| facts.join(", ") + ".");
    let parts: Vec<String> = description.into_iter().chain(facts).collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}

/// A rule as the contract has it.
fn rule_text(rule: &Rule) -> String {
    let name = rule.name();
    match rule {
        Rule::Ascii | Rule::NotEmpty | Rule::NotZero => name.into(),
        Rule::Max(bound) | Rule::Min(bound) => format!("{name}: {}", number_text(bound)),
        Rule::MinLength(least) => format!("{name}: {least}"),
        Rule::NotPrefix(prefix) => format!("{name}: {prefix}"),
        Rule::OneOf(values) => {
            let values: Vec<String> = match values {
                OneOf::Ints(values) => values.iter().map(i128::to_string).collect(),
                OneOf::U256s(values) => values.iter().map(|value| number_text(&Number::U256(*value))).collect(),
                OneOf::Strings(values) => values.clone(),
                OneOf::Enums(values) => values.iter().map(|(name, _)| name.clone()).collect(),
            };
            format!("{name}: {}", values.join(", "))
        }
    }
}

fn number_text(number: &Number) -> String {
    match number {
        Number::Int(value) => value.to_string(),
        Number::F32(value) => format!("{value:?}"),
        Number::F64(value) => format!("{value:?}"),
        Number::U256(bytes) => crate::u256::to_decimal(bytes),
    }
}
