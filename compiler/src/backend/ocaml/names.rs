//! Identifiers of OCaml: keywords, casing, escapes, collisions.
//!
//! - Modules (messages, structs, enums) and constructors (enum values): snake case with a capital, `HTTPServer` →
//!   `Http_server`. The modules `Stdlib`, `Mycelium_wire` and `View`, which generated code names, get a trailing `_`.
//! - Labels (fields): snake case; keywords and `make_exn` get a trailing `_`.
//! - Functions of `View`: as the labels, and `check` gets a trailing `_`. Names made from a field's (`has_x`,
//!   `x_length`) give way to fields: they get as many trailing `_` as it takes.
//!
//! No conversion ends in `_`, so an escaped name meets no other field's or type's.

use std::collections::BTreeSet;

use heck::ToSnakeCase;
use indexmap::IndexMap;

use super::code::string;
use super::shape::{Shape, shape};
use crate::codes;
use crate::diag::{Diagnostic, quote};
use crate::ir::{Field, Schema};
use crate::source::Span;

/// Every word that is a keyword in some OCaml from 4.13 to 5.x.
#[rustfmt::skip]
static KEYWORDS: &[&str] = &[
    "and", "as", "asr", "assert", "begin", "class", "constraint", "do", "done", "downto", "effect", "else", "end",
    "exception", "external", "false", "for", "fun", "function", "functor", "if", "in", "include", "inherit",
    "initializer", "land", "lazy", "let", "lor", "lsl", "lsr", "lxor", "match", "method", "mod", "module", "mutable",
    "new", "nonrec", "object", "of", "open", "or", "private", "rec", "sig", "struct", "then", "to", "true", "try",
    "type", "val", "virtual", "when", "while", "with",
];

/// Modules that generated code refers to from inside of other modules.
const RESERVED_MODULES: [&str; 3] = ["Stdlib", "Mycelium_wire", "View"];

/// Name of the module over all messages, unless a message is called that.
const ANY: &str = "Any_message";

/// Whether `word` is a keyword.
pub fn is_keyword(word: &str) -> bool {
    KEYWORDS.binary_search(&word).is_ok()
}

/// The module of an enum, struct or message.
pub fn module(name: &str) -> String {
    let mut module = constructor(name);
    if RESERVED_MODULES.contains(&module.as_str()) {
        module.push('_');
    }
    module
}

/// The constructor of an enum value.
pub fn constructor(name: &str) -> String {
    let mut constructor = snake(name);
    if let Some(first) = constructor.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    constructor
}

/// The label of a field.
pub fn label(name: &str) -> String {
    let mut label = snake(name);
    if is_keyword(&label) || label == "make_exn" {
        label.push('_');
    }
    label
}

/// Snake case. A name that has it already, as nearly every field's, is not taken apart.
fn snake(name: &str) -> String {
    let plain = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
        && !name.starts_with('_')
        && !name.ends_with('_')
        && !name.contains("__");
    if plain { name.to_owned() } else { name.to_snake_case() }
}

/// The module over all messages.
pub fn any_module(modules: &[String]) -> String {
    let taken = modules.iter().any(|module| module == ANY);
    if taken { format!("{ANY}_") } else { ANY.to_owned() }
}

/// A field and what generated code calls it, worked out once.
#[derive(Debug)]
pub struct Named<'a> {
    field: &'a Field,
    /// The label.
    pub label: String,
    /// The path of its errors, as a string literal.
    pub path: String,
}

impl std::ops::Deref for Named<'_> {
    type Target = Field;

    fn deref(&self) -> &Field {
        self.field
    }
}

/// Fields with what generated code calls them.
pub fn named(fields: &[Field]) -> Vec<Named<'_>> {
    fields.iter().map(|field| Named { field, label: label(&field.name), path: string(&field.name) }).collect()
}

/// Names of the functions of a `View` that read one field.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct ViewNames {
    /// Reads the value.
    pub get: String,
    /// Says whether it is there; empty if the field is not optional.
    pub has: String,
    /// Reads the length of a string or vector; empty for others.
    pub length: String,
}

/// Names of the functions of a `View`, in field order.
pub fn view(fields: &[Named]) -> Vec<ViewNames> {
    let mut names: Vec<ViewNames> = fields
        .iter()
        .map(|field| {
            let mut get = field.label.clone();
            if get == "check" {
                get.push('_');
            }
            ViewNames { get, ..ViewNames::default() }
        })
        .collect();
    let derives = |field: &Named| field.optional || has_length(field);
    if !fields.iter().any(derives) {
        return names;
    }
    let mut taken: BTreeSet<String> = names.iter().map(|names| names.get.clone()).collect();
    let mut claim = |mut name: String| {
        while !taken.insert(name.clone()) {
            name.push('_');
        }
        name
    };
    for (field, names) in fields.iter().zip(&mut names) {
        if field.optional {
            names.has = claim(format!("has_{}", snake(&field.name)));
        }
        if has_length(field) {
            names.length = claim(format!("{}_length", snake(&field.name)));
        }
    }
    names
}

fn has_length(field: &Field) -> bool {
    matches!(shape(&field.ty), Shape::Text { .. } | Shape::Blob { .. } | Shape::Vec { .. })
}

/// Reports names that cannot be OCaml identifiers or collide after conversion.
pub fn check(schema: &Schema) -> Vec<Diagnostic> {
    let mut diagnostics = Vec::new();
    let enums = schema.enums.iter().map(|item| ("enum", item.name.as_str(), item.span));
    let structs = schema.structs.iter().map(|item| ("struct", item.name.as_str(), item.span));
    let messages = schema.messages.iter().map(|item| ("message", item.name.as_str(), item.span));
    check_scope(enums.chain(structs).chain(messages), "module", module, &mut diagnostics);
    for item in &schema.enums {
        let values = item.values.iter().map(|value| ("enum value", value.name.as_str(), value.span));
        check_scope(values, "constructor", constructor, &mut diagnostics);
    }
    let structs = schema.structs.iter().map(|item| &item.fields);
    for fields in structs.chain(schema.messages.iter().map(|item| &item.fields)) {
        let fields = fields.iter().map(|field| ("field", field.name.as_str(), field.span));
        check_scope(fields, "label", label, &mut diagnostics);
    }
    diagnostics
}

/// Checks names that have to differ from each other once converted.
fn check_scope<'a>(
    names: impl Iterator<Item = (&'a str, &'a str, Span)>,
    what: &str,
    convert: fn(&str) -> String,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let mut seen: IndexMap<String, (&str, Span)> = IndexMap::new();
    for (kind, name, span) in names {
        let converted = convert(name);
        if !converted.starts_with(|c: char| c.is_ascii_alphabetic()) {
            let message = format!("{kind} {} cannot be an identifier in OCaml", quote(name));
            let help = format!("its {what} would be {}, which does not begin with a letter", quote(&converted));
            diagnostics.push(Diagnostic::new(&codes::E0506, span, message).help(help));
            continue;
        }
        if let Some(&(first, first_span)) = seen.get(&converted) {
            // The same name twice has been reported already, for every language.
            if first == name {
                continue;
            }
            let message = format!("{kind} {} and {} are the same name in OCaml", quote(name), quote(first));
            let help =
                format!("each would be the {what} {}; choose names that differ in more than case", quote(&converted));
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

    /// Names are looked up by binary search.
    #[test]
    fn keywords_are_sorted() {
        assert!(KEYWORDS.is_sorted());
        assert!(is_keyword("effect") && is_keyword("with") && !is_keyword("parser"));
    }

    #[test]
    fn conversions() {
        let table = [
            ("TextMessage", "Text_message"),
            ("HTTPServer", "Http_server"),
            ("HttpServerV2", "Http_server_v2"),
            ("U64", "U64"),
            ("Stdlib", "Stdlib_"),
            ("MyceliumWire", "Mycelium_wire_"),
            ("View", "View_"),
            ("buy", "Buy"),
            ("STOP_LIMIT", "Stop_limit"),
        ];
        for (name, expected) in table {
            assert_eq!(module(name), expected);
        }
        for name in ["a", "a1", "a_1", "a1b_2c", "_a", "a_", "a__b", "_", "", "aB", "a-b", "é"] {
            assert_eq!(snake(name), name.to_snake_case(), "the short cut for {name:?}");
        }
        assert_eq!(constructor("View"), "View");
        assert_eq!(label("type"), "type_");
        assert_eq!(label("Price"), "price");
        assert_eq!(label("make_exn"), "make_exn_");
    }
}
