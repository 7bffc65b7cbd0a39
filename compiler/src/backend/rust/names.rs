//! Identifiers of Rust: keywords, escapes, companions, collisions. Names keep the contract's spelling:
//!
//! - A keyword becomes `r#type`; `self`, `Self`, `super` and `crate`, which cannot be raw, get a trailing `_`.
//! - Types (messages, structs, enums) with the name of a primitive type get a trailing `_`: `u64_`.
//! - Fields with the name of a function or constant of every generated type get a trailing `_`: `new_`.
//! - A name made from another (`TextMessageArgs`, `AnyMessage`, private `MycTextMessage`) gives way to the contract's own
//!   names: it gets as many trailing `_` as it takes.
//!
//! Escaping is done after a name is composed.

use std::borrow::Cow;
use std::collections::BTreeSet;

use indexmap::IndexMap;

use crate::codes;
use crate::diag::{Diagnostic, quote};
use crate::ir::{Message, Schema};
use crate::source::Span;

/// Words that cannot be identifiers in some edition up to 2024.
const KEYWORDS: [&str; 52] = [
    "Self", "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate", "do", "dyn",
    "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro",
    "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return", "self", "static", "struct", "super",
    "trait", "true", "try", "type", "typeof", "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

/// Keywords that cannot be raw identifiers.
const NEVER_RAW: [&str; 4] = ["Self", "crate", "self", "super"];

/// Primitive types: generated code means these by these names.
const PRIMITIVES: [&str; 19] = [
    "bool", "char", "f128", "f16", "f32", "f64", "i128", "i16", "i32", "i64", "i8", "isize", "str", "u128", "u16",
    "u32", "u64", "u8", "usize",
];

/// Whether `word` is a keyword in some edition.
pub fn is_keyword(word: &str) -> bool {
    KEYWORDS.binary_search(&word).is_ok()
}

/// What every generated message or struct has, or has from a trait, under its own name.
const API: [&str; 26] = [
    "FINGERPRINT",
    "INFO",
    "NAME",
    "SCHEMA_DIGEST",
    "SIZE",
    "TOPIC",
    "TYPE_ID",
    "as_bytes",
    "as_ref",
    "borrow",
    "clone",
    "cmp",
    "decode",
    "deref",
    "drop",
    "encode_into",
    "eq",
    "fmt",
    "hash",
    "into",
    "ne",
    "new",
    "partial_cmp",
    "read",
    "to_owned",
    "try_into",
];

/// `word` as an identifier.
fn escape(word: &str) -> Cow<'_, str> {
    if KEYWORDS.binary_search(&word).is_err() {
        Cow::Borrowed(word)
    } else if NEVER_RAW.contains(&word) {
        Cow::Owned(format!("{word}_"))
    } else {
        Cow::Owned(format!("r#{word}"))
    }
}

/// The type of an enum, struct or message called `name`.
pub fn type_name(name: &str) -> Cow<'_, str> {
    if PRIMITIVES.binary_search(&name).is_ok() { Cow::Owned(format!("{name}_")) } else { escape(name) }
}

/// The field, argument and getter of a field called `name`.
pub fn field(name: &str) -> Cow<'_, str> {
    if API.binary_search(&name).is_ok() { Cow::Owned(format!("{name}_")) } else { escape(name) }
}

/// The variant of an enum value called `name`. `val` is what the `?` of Rust calls a value that is well: rustc refuses it
/// on an enum with a variant of that name.
pub fn variant(name: &str) -> Cow<'_, str> {
    if name == "ALL" || name == "val" { Cow::Owned(format!("{name}_")) } else { escape(name) }
}

/// The name that a message's Rust type is made from.
pub fn base(message: &Message) -> &str {
    message.rust_type.as_deref().unwrap_or(&message.name)
}

/// Every type of a generated file.
pub struct Names {
    /// Enums, by index.
    pub enums: Vec<String>,
    /// Structs, by index.
    pub structs: Vec<Composite>,
    /// Messages, by index.
    pub messages: Vec<Composite>,
    /// The enum over all messages.
    pub any: String,
}

/// The types of a struct or message.
pub struct Composite {
    /// The type itself.
    pub name: String,
    /// The values it is made from.
    pub args: String,
    /// The private plain-old-data twin.
    pub twin: String,
}

impl Names {
    /// Names every type of a schema.
    pub fn of(schema: &Schema) -> Self {
        let enums: Vec<String> = schema.enums.iter().map(|item| type_name(&item.name).into_owned()).collect();
        let structs: Vec<&str> = schema.structs.iter().map(|item| item.name.as_str()).collect();
        let messages: Vec<&str> = schema.messages.iter().map(base).collect();
        let own = structs.iter().chain(&messages).map(|name| type_name(name).into_owned());
        let mut taken: BTreeSet<String> = enums.iter().cloned().chain(own).collect();
        let mut claim = |mut name: String| {
            while !taken.insert(name.clone()) {
                name.push('_');
            }
            name
        };
        let mut composite = |name: &&str| Composite {
            name: type_name(name).into_owned(),
            args: claim(format!("{name}Args")),
            twin: claim(format!("Myc{name}")),
        };
        let structs = structs.iter().map(&mut composite).collect();
        let messages = messages.iter().map(&mut composite).collect();
        Self { enums, structs, messages, any: claim("AnyMessage".to_owned()) }
    }
}

/// Whether rustc would complain of a type's or variant's case.
pub fn is_odd_type(name: &str) -> bool {
    let name = name.trim_start_matches("r#").trim_matches('_');
    name.starts_with(|c: char| c.is_ascii_lowercase()) || name.contains('_')
}

/// Whether Clippy would complain of a type's or variant's capitals.
pub fn is_all_capitals(name: &str) -> bool {
    name.len() > 2 && !name.bytes().any(|c| c.is_ascii_lowercase())
}

/// Whether rustc would complain of a field's case.
pub fn is_odd_field(name: &str) -> bool {
    let name = name.trim_start_matches("r#").trim_matches('_');
    name.bytes().any(|c| c.is_ascii_uppercase()) || name.contains("__")
}

/// Whether Clippy would complain of words that an enum's variants share with each other or with its name.
pub fn share_words(name: &str, variants: &[String]) -> bool {
    let first = |name: &str| {
        name[..name[1..].find(|c: char| c.is_ascii_uppercase()).map_or(name.len(), |at| at + 1)].to_owned()
    };
    let last = |name: &str| name[name.rfind(|c: char| c.is_ascii_uppercase()).unwrap_or(0)..].to_owned();
    let same = |word: &dyn Fn(&str) -> String| variants.windows(2).all(|pair| word(&pair[0]) == word(&pair[1]));
    let repeats = |variant: &String| variant.starts_with(name) || variant.ends_with(name);
    variants.len() > 2 && (variants.iter().any(repeats) || same(&first) || same(&last))
}

/// Reports names that are the same once escaped.
pub fn check(schema: &Schema) -> Vec<Diagnostic> {
    let mut diagnostics = Vec::new();
    let enums = schema.enums.iter().map(|item| ("enum", item.name.as_str(), item.span));
    let structs = schema.structs.iter().map(|item| ("struct", item.name.as_str(), item.span));
    let messages = schema.messages.iter().map(|item| ("message", base(item), item.span));
    distinct(enums.chain(structs).chain(messages), "type", type_name, &mut diagnostics);
    for item in &schema.enums {
        let values = item.values.iter().map(|value| ("enum value", value.name.as_str(), value.span));
        distinct(values, "variant", variant, &mut diagnostics);
    }
    let structs = schema.structs.iter().map(|item| &item.fields);
    for fields in structs.chain(schema.messages.iter().map(|item| &item.fields)) {
        let fields = fields.iter().map(|field| ("field", field.name.as_str(), field.span));
        distinct(fields, "field", field, &mut diagnostics);
    }
    diagnostics
}

/// Reports names of one scope that are the same once converted.
fn distinct<'a>(
    names: impl Iterator<Item = (&'a str, &'a str, Span)>,
    what: &str,
    convert: fn(&str) -> Cow<'_, str>,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let mut seen: IndexMap<Cow<'a, str>, (&str, Span)> = IndexMap::new();
    for (kind, name, span) in names {
        let converted = convert(name);
        if let Some(&(first, first_span)) = seen.get(converted.as_ref()) {
            let message = format!("{kind} {} and {} are the same name in Rust", quote(name), quote(first));
            let help = format!("each would be the {what} `{converted}`; choose another name for one of them");
            diagnostics.push(
                Diagnostic::new(&codes::E0505, span, message).related(first_span, "the other one is here").help(help),
            );
            continue;
        }
        seen.insert(converted, (name, span));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Looked up by binary search.
    #[test]
    fn tables_are_sorted() {
        assert!(KEYWORDS.is_sorted() && PRIMITIVES.is_sorted() && API.is_sorted());
    }

    #[test]
    fn escapes() {
        let types = [("Self", "Self_"), ("type", "r#type"), ("gen", "r#gen"), ("u64", "u64_"), ("String", "String")];
        for (name, expected) in types {
            assert_eq!(type_name(name), expected);
        }
        let fields = [("self", "self_"), ("super", "super_"), ("match", "r#match"), ("new", "new_"), ("u64", "u64")];
        for (name, expected) in fields {
            assert_eq!(field(name), expected);
        }
        for (name, expected) in [("ALL", "ALL_"), ("val", "val_"), ("Self", "Self_"), ("Val", "Val")] {
            assert_eq!(variant(name), expected);
        }
    }

    #[test]
    fn odd_names_are_those_rustc_warns_of() {
        for (name, odd) in [("Foo", false), ("Foo_", false), ("r#type", true), ("FooBar2", false), ("Foo_Bar", true)] {
            assert_eq!(is_odd_type(name), odd, "{name}");
        }
        for (name, odd) in [("foo_bar", false), ("r#type", false), ("Foo", true), ("a__b", true), ("new_", false)] {
            assert_eq!(is_odd_field(name), odd, "{name}");
        }
        assert!(is_all_capitals("BUY") && !is_all_capitals("Buy") && !is_all_capitals("OK"));
    }
}
