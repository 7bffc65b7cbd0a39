//! The contract language as a JSON Schema (draft 07), for editors that know YAML but not contracts. It is made of the
//! same tables that the reader goes by, and is never stricter than the compiler: what takes names to be looked up, or
//! several keys to be compared, is left to [`crate::check`].

use serde_json::{Map, Value, json};

use crate::raw::keys::{self, FIELD, Key, Keys, Takes};
use crate::resolve::TYPE_NAMES;
use crate::rules;

/// Where generated schemas say they are from.
const DIALECT: &str = "http://json-schema.org/draft-07/schema#";

/// Mappings that are described once and referred to.
static SHARED: [(&str, &Keys); 6] = [
    ("domain", &keys::DOMAIN),
    ("enum", &keys::ENUM),
    ("struct", &keys::STRUCT),
    ("message", &keys::MESSAGE),
    ("field", &FIELD),
    ("invariant", &keys::INVARIANT),
];

/// The schema, as text that ends with a line break.
pub fn text() -> String {
    let mut definitions = Map::new();
    for (name, keys) in SHARED {
        definitions.insert(name.to_owned(), mapping(keys));
    }
    definitions.insert("type".to_owned(), type_());
    definitions.insert("fields".to_owned(), named(json!({ "anyOf": [reference("type"), reference("field")] }), true));
    definitions.insert("rules".to_owned(), rules());
    definitions.insert("text".to_owned(), text_value());
    definitions.insert("idRange".to_owned(), id_range());
    let mut schema = Map::new();
    schema.insert("$schema".to_owned(), json!(DIALECT));
    schema.insert("title".to_owned(), json!("Mycelium contract"));
    schema.insert("description".to_owned(), json!("Messages between programs: names, wire ids, fields in wire order."));
    if let Value::Object(top) = mapping(&keys::TOP) {
        schema.extend(top);
    }
    schema.insert("definitions".to_owned(), Value::Object(definitions));
    // Strings, numbers and lists: there is nothing in it that could fail to serialize.
    let mut text = serde_json::to_string_pretty(&Value::Object(schema)).unwrap_or_default();
    text.push('\n');
    text
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/definitions/{name}") })
}

fn mapping(keys: &Keys) -> Value {
    let mut properties = Map::new();
    for key in keys.known {
        properties.insert(key.name.to_owned(), described(value(key.takes), key));
    }
    for name in keys.legacy {
        properties.insert((*name).to_owned(), json!({ "description": "Of older contracts; no effect." }));
    }
    let required: Vec<_> = keys.known.iter().filter(|key| key.required).map(|key| key.name).collect();
    let mut schema = json!({
        "type": "object",
        "properties": properties,
        "patternProperties": { "^x-": {} },
        "additionalProperties": false,
    });
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}

/// A draft-07 validator looks at nothing beside a `$ref`, so that the description goes around it.
fn described(schema: Value, key: &Key) -> Value {
    match schema {
        Value::Object(mut map) if !map.contains_key("$ref") => {
            map.insert("description".to_owned(), json!(key.about));
            Value::Object(map)
        }
        other => json!({ "description": key.about, "allOf": [other] }),
    }
}

fn value(takes: Takes) -> Value {
    match takes {
        Takes::Text | Takes::Domain => reference("text"),
        Takes::Choice(choices) => json!({ "enum": choices }),
        Takes::Bool => json!({ "type": "boolean" }),
        Takes::Int(min, max) => json!({ "type": "integer", "minimum": min, "maximum": max }),
        Takes::Number(min, max) if max == f64::MAX => json!({ "type": "number", "minimum": min }),
        Takes::Number(min, max) => json!({ "type": "number", "minimum": min, "maximum": max }),
        Takes::IdRange => reference("idRange"),
        Takes::IdRanges => list(reference("idRange")),
        Takes::Texts(true) => json!({ "anyOf": [reference("text"), list(reference("text"))] }),
        Takes::Texts(false) | Takes::Messages => list(reference("text")),
        Takes::Type => reference("type"),
        Takes::Rules => reference("rules"),
        Takes::Fields => reference("fields"),
        Takes::Values => named(json!({ "type": "integer", "minimum": 0, "maximum": u32::MAX }), true),
        Takes::IdRangesByName => named(reference("idRange"), false),
        Takes::Mapping(keys) => mapping(keys),
        Takes::Named(keys, identifiers) => named(keys_of(keys), identifiers),
        Takes::List(keys) => list(keys_of(keys)),
        Takes::Anything => json!({}),
    }
}

fn keys_of(keys: &'static Keys) -> Value {
    match SHARED.iter().find(|(_, shared)| shared.of == keys.of) {
        Some((name, _)) => reference(name),
        None => mapping(keys),
    }
}

fn list(items: Value) -> Value {
    json!({ "type": "array", "items": items })
}

/// Names to values. Names that begin with `x-` are the author's own.
fn named(value: Value, identifiers: bool) -> Value {
    let mut schema = json!({ "type": "object", "patternProperties": { "^x-": {}, "^(?!x-)": value } });
    if identifiers {
        schema["propertyNames"] = json!({ "pattern": "^(x-.*|[A-Za-z_][A-Za-z0-9_]{0,127})$" });
    }
    schema
}

/// Every text is allowed to look like a number or boolean: some do only to some YAML readers.
fn text_value() -> Value {
    json!({ "type": ["string", "number", "boolean"] })
}

fn type_() -> Value {
    let names = json!({ "enum": TYPE_NAMES.iter().map(|name| name.name()).collect::<Vec<_>>() });
    let other = json!({
        "type": ["string", "boolean"],
        "description": "`String<N>`, `Vec<T, N>`, `[T; N]`, or the name of an enum or struct.",
        "examples": ["String<32>", "Vec<u64, 8>", "[u8; 20]"],
    });
    let unquoted = json!({ "type": "array", "description": "`[T; N]` without quotes." });
    json!({ "anyOf": [names, other, unquoted] })
}

fn id_range() -> Value {
    let ends = json!({ "type": "array", "items": { "type": "integer", "minimum": 0 }, "minItems": 2, "maxItems": 2 });
    json!({ "anyOf": [{ "type": "integer", "minimum": 0 }, { "type": "string" }, ends] })
}

fn rules() -> Value {
    let mut properties = Map::new();
    for rule in rules::KNOWN {
        let value = match rule.takes {
            rules::Takes::Flag => json!({ "type": "boolean" }),
            rules::Takes::Number => json!({ "type": ["number", "string"] }),
            rules::Takes::Length(min) => json!({ "type": "integer", "minimum": min, "maximum": u16::MAX }),
            rules::Takes::Text => json!({ "type": ["string", "number", "boolean"] }),
            rules::Takes::Values => json!({ "type": "array", "minItems": 1 }),
        };
        let about = format!("{} On {}.", rule.about, rule.on);
        if let Value::Object(mut value) = value {
            value.insert("description".to_owned(), json!(about));
            properties.insert(rule.name.to_owned(), Value::Object(value));
        }
    }
    // Other rules are documentation, and may have any value.
    let rules = json!({ "type": "object", "properties": properties });
    json!({ "anyOf": [rules.clone(), list(rules)] })
}
