//! `fields` of structs and messages, and `validation`. Which rules there are is left to
//! [`crate::resolve`]; here it only matters whether a rule's value is a number, a boolean or a text.

use super::keys::FIELD;
use super::lower::{Lower, describe};
use super::scalar::{self, Plain};
use super::tree::{self, Entry, Kind, Node};
use super::{Field, Rule, Value, array_types, syntax};
use crate::codes;
use crate::diag::{Diagnostic, quote};
use crate::source::{Span, Spanned};

/// Keys that belong in `validation`.
const RULES: &[&str] = &[
    "min",
    "max",
    "not_zero",
    "not_empty",
    "min_length",
    "max_length",
    "not_prefix",
    "no_0x_prefix",
    "ascii",
    "one_of",
];

const BOOLEAN_RULES: &[&str] = &["not_zero", "not_empty", "no_0x_prefix", "ascii"];

/// The fields of a struct or message. `None`: the value was of a wrong kind.
pub(super) fn fields(lower: &mut Lower, span: Span, node: Node, may_be_empty: bool) -> Option<Vec<Field>> {
    let help = match &node.kind {
        Kind::Plain(text) if text.is_empty() && may_be_empty => "write `fields: {}` for a message without fields",
        _ => "`fields` maps each name to a type: `price: u64`",
    };
    let entries = lower.mapping("fields", span, node, help)?;
    Some(entries.into_iter().map(|entry| field(lower, entry)).collect())
}

fn field(lower: &mut Lower, Entry { key, value }: Entry) -> Field {
    let mut field = Field {
        ty: None,
        description: None,
        optional: None,
        validation: Vec::new(),
        deprecated: None,
        unit: None,
        name: tree::name(key),
    };
    let Node { span, kind } = value;
    let Kind::Map(mut entries) = kind else {
        let name = field.name.value.clone();
        field.ty = field_type(lower, &name, field.name.span, Node { span, kind });
        return field;
    };
    let cut = cut_type(lower, &mut entries);
    let outside = rules_outside(lower, &mut entries, &field.name.value);
    let mut has_type = cut;
    for pair in lower.pairs(entries, &FIELD) {
        let (key, span, value) = (pair.key, pair.span, pair.value);
        match key {
            "type" => {
                has_type = true;
                field.ty = if cut { None } else { field_type(lower, key, span, value) };
            }
            "description" => field.description = lower.text(key, span, value),
            "optional" => field.optional = lower.bool(key, span, &value),
            "validation" => field.validation = validation(lower, span, value),
            "deprecated" => field.deprecated = lower.text(key, span, value),
            "unit" => field.unit = lower.text(key, span, value),
            _ => {}
        }
    }
    for rule in outside.into_iter().map(|entry| rule(lower, entry)) {
        if !field.validation.iter().any(|given| given.name.value == rule.name.value) {
            field.validation.push(rule);
        }
    }
    if !has_type {
        lower.missing("type", "field", &field.name, "write `type: u64`, or the short form `name: u64`");
    }
    field
}

fn field_type(lower: &mut Lower, name: &str, span: Span, node: Node) -> Option<Spanned<String>> {
    let help = Some("a type is `u64`, `String<32>`, `\"[u8; 20]\"`, or the name of an enum or struct");
    let place = node.span;
    let ty = match &node.kind {
        Kind::List { items, flow: true } => array_types::from_list(items),
        Kind::Plain(text) => match scalar::classify(text) {
            Plain::Null | Plain::Bool(_) | Plain::Int | Plain::Float | Plain::OddNumber(_) => None,
            Plain::Text | Plain::OddBool(_) => Some(text.to_string()),
        },
        Kind::Text { text, .. } => Some(text.to_string()),
        _ => None,
    };
    if ty.is_none() {
        lower.wrong_kind(name, "a type", span, &node, help);
    }
    ty.map(|ty| Spanned::new(ty, place))
}

/// `{ type: Vec<u8, 4> }` is to YAML a type `Vec<u8` and a key `4>`.
fn cut_type(lower: &mut Lower, entries: &mut Vec<Entry>) -> bool {
    let Some(at) = entries.iter().position(|entry| entry.key.value == "type") else { return false };
    let Some(rest) = entries.get(at + 1).filter(|rest| rest.key.value.ends_with('>')) else { return false };
    let Kind::Plain(first) = &entries[at].value.kind else { return false };
    let valueless = matches!(&rest.value.kind, Kind::Plain(text) if text.is_empty());
    if !valueless || !first.contains('<') || first.contains('>') {
        return false;
    }
    let span = Span { end: rest.key.span.end, ..entries[at].value.span };
    let written = lower.text.get(span.start as usize..span.end as usize).unwrap_or_default().to_owned();
    lower.report(
        Diagnostic::new(&codes::E0109, span, format!("type {} needs quotes here", quote(&written)))
            .label("YAML ends a text at the comma")
            .help("inside `{ }` put a type that has a comma in quotes")
            .correct(span, format!("\"{written}\"")),
    );
    entries.remove(at + 1);
    true
}

/// Takes out and reports rules that stand beside `validation` instead of in it.
fn rules_outside<'a>(lower: &mut Lower, entries: &mut Vec<Entry<'a>>, field: &str) -> Vec<Entry<'a>> {
    if !entries.iter().any(|entry| RULES.contains(&entry.key.value.as_ref())) {
        return Vec::new();
    }
    let (outside, keys): (Vec<_>, Vec<_>) =
        std::mem::take(entries).into_iter().partition(|entry| RULES.contains(&entry.key.value.as_ref()));
    *entries = keys;
    for entry in &outside {
        let rule = entry.key.value.as_ref();
        lower.report(
            Diagnostic::new(&codes::E0101, entry.key.span, format!("unknown key `{rule}` of a field; it is a rule"))
                .label("belongs in `validation`")
                .help(format!("write it under `validation` of {}, as a list item `{{ {rule}: … }}`", quote(field))),
        );
    }
    outside
}

fn validation(lower: &mut Lower, span: Span, node: Node) -> Vec<Rule> {
    const HELP: &str = "write `validation: [{ min: 1 }, { max: 9 }]`";
    let mut rules = Vec::new();
    match node.kind {
        Kind::List { items, .. } => {
            for item in items {
                let place = item.span;
                match item.kind {
                    Kind::Map(entries) => rules.extend(entries.into_iter().map(|entry| rule(lower, entry))),
                    _ => lower.wrong_kind("validation", "rules with values", place, &item, Some(HELP)),
                }
            }
        }
        Kind::Map(entries) => rules.extend(entries.into_iter().map(|entry| rule(lower, entry))),
        _ => lower.wrong_kind("validation", "a list of rules", span, &node, Some(HELP)),
    }
    rules
}

fn rule(lower: &mut Lower, Entry { key, value }: Entry) -> Rule {
    let name = tree::name(key);
    let place = value.span;
    let strict = RULES.contains(&name.value.as_str());
    let value = rule_value(lower, &name.value, strict, value);
    Rule { name, value: Spanned::new(value, place) }
}

/// A rule's value. The values of unknown rules are documentation: their spelling is free.
fn rule_value(lower: &mut Lower, rule: &str, strict: bool, node: Node) -> Value {
    let place = node.span;
    match node.kind {
        Kind::Plain(text) => match scalar::classify(&text) {
            Plain::Null => Value::Null,
            Plain::Bool(value) => Value::Bool(value),
            Plain::Int => Value::Int(text.into_owned()),
            Plain::Float => Value::Float(text.into_owned()),
            Plain::OddBool(value) if BOOLEAN_RULES.contains(&rule) => {
                lower.misspelt::<bool>(rule, "`true` or `false`", &text, place, Some(value.to_string()));
                Value::Bool(value)
            }
            Plain::OddNumber(right) if strict && !BOOLEAN_RULES.contains(&rule) => {
                lower.misspelt(rule, "a number", &text, place, right).unwrap_or(Value::Reported)
            }
            Plain::OddBool(_) | Plain::OddNumber(_) | Plain::Text => {
                Value::Str { text: text.into_owned(), quoted: false }
            }
        },
        Kind::Text { text, .. } => Value::Str { text: text.into_owned(), quoted: true },
        Kind::List { items, .. } => Value::List(
            items
                .into_iter()
                .map(|item| {
                    let span = item.span;
                    Spanned::new(rule_value(lower, rule, strict, item), span)
                })
                .collect(),
        ),
        Kind::Map(_) if strict => {
            let span = syntax::first_line(lower.text, place);
            let found = describe(&Node { span: place, kind: node.kind });
            let message = format!("expected a value for rule `{rule}`, found {found}");
            lower.report(Diagnostic::new(&codes::E0103, span, message).label("expected a number, text or a list"));
            Value::Reported
        }
        Kind::Map(_) => {
            Value::Map(lower.text.get(place.start as usize..place.end as usize).unwrap_or_default().to_owned())
        }
        Kind::Reported => Value::Reported,
    }
}
