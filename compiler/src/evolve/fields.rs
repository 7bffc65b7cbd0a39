//! Fields of a message or struct: which came, went and moved, and what changed about those that stayed.

use std::sync::Arc;

use crate::diag::{bytes, code};
use crate::ir::{Field, Layout, Type};
use crate::source::Span;

use super::order::{self, FieldPairs};
use super::rules::{
    ARRAY_LENGTH_CHANGED, BOUND_NARROWED_IN_PLACE, BOUND_WIDENED_IN_PLACE, DESCRIPTION_CHANGED,
    DOCUMENTED_RULE_CHANGED, FIELD_ADDED, FIELD_MADE_OPTIONAL, FIELD_MADE_REQUIRED, FIELD_MOVED, FIELD_REMOVED,
    FIELD_RENAMED, FIELD_TYPE_CHANGED, FIELD_TYPE_REPLACED, RULE_ADDED, RULE_CHANGED, RULE_LOOSENED, RULE_REMOVED,
    RULE_TIGHTENED, Rule, STRING_BOUND_CHANGED, UNIT_CHANGED, VEC_BOUND_CHANGED,
};
use super::types::Users;
use super::values::{self, Change};
use super::{Comparison, Finding, deprecation, quote};

/// The message or struct that fields are of.
pub struct Place<'a> {
    /// Its newer name.
    pub name: &'a str,
    /// Where its older version is, and its layout.
    pub old: (Span, Layout),
    /// Where its newer version is, and its layout.
    pub new: (Span, Layout),
}

/// Reports what changed about the fields of a message or struct.
pub fn compare(comparison: &mut Comparison, place: &Place, old: &[Field], new: &[Field], users: Users) {
    let FieldPairs { both, removed, added, moved } = order::pair(&comparison.pairs, old, new);
    let start = comparison.findings.len();
    let size = size_change(place);
    for index in added {
        let field = &new[index];
        let ty = comparison.new.type_name(&field.ty);
        let message =
            format!("{} got a field {}, {}{size}", quote(place.name), quote(&field.name), describe(&ty, field));
        report(comparison, &FIELD_ADDED, place, field, message, (place.old.0, field.span));
    }
    for index in removed {
        let field = &old[index];
        let ty = comparison.old.type_name(&field.ty);
        let message =
            format!("{} lost its field {}, {}{size}", quote(place.name), quote(&field.name), describe(&ty, field));
        report(comparison, &FIELD_REMOVED, place, field, message, (field.span, place.new.0));
    }
    for (before, after) in both {
        let (was, is) = (&old[before], &new[after]);
        if moved.contains(&after) {
            let message = format!(
                "{} moved from byte {} to byte {} of {}",
                quote(&is.name),
                was.place.offset,
                is.place.offset,
                quote(place.name)
            );
            report(comparison, &FIELD_MOVED, place, is, message, (was.span, is.span));
        }
        field(comparison, place, was, is);
    }
    if comparison.findings.len() > start {
        let ids: Arc<[u16]> = match users {
            Users::Message(id) => Arc::new([id]),
            Users::Struct(index) => comparison.pairs.users_of_struct(index),
        };
        for finding in &mut comparison.findings[start..] {
            finding.type_ids = Arc::clone(&ids);
        }
    }
}

/// `: 16 bytes became 24`, where it did.
fn size_change(place: &Place) -> String {
    let (old, new) = (place.old.1.size, place.new.1.size);
    if old == new { String::new() } else { format!(": its {} became {new}", bytes(old)) }
}

fn describe(ty: &str, field: &Field) -> String {
    let optional = if field.optional { "optional " } else { "" };
    format!("{optional}{}", quote(ty))
}

fn report(
    comparison: &mut Comparison,
    rule: &'static Rule,
    place: &Place,
    field: &Field,
    message: String,
    spans: (Span, Span),
) {
    comparison.report(Finding::new(rule, format!("{}.{}", place.name, field.name), message).at(spans.0, spans.1));
}

/// Reports what changed about one field.
fn field(comparison: &mut Comparison, place: &Place, was: &Field, is: &Field) {
    let everything = comparison.everything();
    let path = format!("{}.{}", place.name, is.name);
    let mut found = |rule, message: String| {
        comparison.findings.push(Finding::new(rule, path.as_str(), message).at(was.span, is.span));
    };
    let name = quote(&path);
    if was.name != is.name {
        found(&FIELD_RENAMED, format!("{} is now called {name}", quote(&format!("{}.{}", place.name, was.name))));
    }
    if was.optional != is.optional {
        let sizes = if was.place.size == is.place.size {
            String::new()
        } else {
            format!(": its {} became {}", bytes(was.place.size), is.place.size)
        };
        match is.optional {
            true => found(&FIELD_MADE_OPTIONAL, format!("{name} is optional now{sizes}")),
            false => found(&FIELD_MADE_REQUIRED, format!("{name} is required now{sizes}")),
        }
    }
    if everything {
        if was.unit != is.unit {
            let unit = |unit: &Option<String>| unit.as_ref().map_or("no unit".to_owned(), |unit| quote(unit));
            found(&UNIT_CHANGED, format!("{name} was in {}, is in {}", unit(&was.unit), unit(&is.unit)));
        }
        deprecation(&mut found, &name, &was.deprecated, &is.deprecated);
        if was.description != is.description {
            found(&DESCRIPTION_CHANGED, format!("the description of {name} changed"));
        }
        if was.documented_rules != is.documented_rules {
            found(&DOCUMENTED_RULE_CHANGED, format!("rules of {name} that are documentation only changed"));
        }
    }
    rules(&mut found, &name, was, is);
    ty(comparison, &path, was, is);
}

/// Reports what changed about a field's enforced rules.
fn rules(found: &mut impl FnMut(&'static Rule, String), name: &str, was: &Field, is: &Field) {
    for old in &was.rules {
        let shown = code(&values::show(old));
        match is.rules.iter().find(|new| new.name() == old.name()) {
            None => found(&RULE_REMOVED, format!("{name} no longer has the rule {shown}")),
            Some(new) => {
                let rule = match values::change(old, new) {
                    None => continue,
                    Some(Change::Tightened) => &RULE_TIGHTENED,
                    Some(Change::Loosened) => &RULE_LOOSENED,
                    Some(Change::Other) => &RULE_CHANGED,
                };
                found(rule, format!("{name} had the rule {shown}, has {}", code(&values::show(new))));
            }
        }
    }
    for new in &is.rules {
        if !was.rules.iter().any(|old| old.name() == new.name()) {
            found(&RULE_ADDED, format!("{name} got the rule {}", code(&values::show(new))));
        }
    }
}

/// Reports what changed about a field's type.
fn ty(comparison: &mut Comparison, path: &str, was: &Field, is: &Field) {
    let pairs = &comparison.pairs;
    if pairs.alike(&was.ty, &is.ty) {
        return;
    }
    let same_size = was.place.value_size == is.place.value_size;
    let bound = |rule: &'static Rule, old: u32, new: u32| match same_size {
        false => rule,
        true if old < new => &BOUND_WIDENED_IN_PLACE,
        true => &BOUND_NARROWED_IN_PLACE,
    };
    let rule = match (&was.ty, &is.ty) {
        (Type::String { bound: a }, Type::String { bound: b }) => bound(&STRING_BOUND_CHANGED, *a, *b),
        (Type::Vec { elem: old, bound: a }, Type::Vec { elem: new, bound: b }) if pairs.alike(old, new) => {
            bound(&VEC_BOUND_CHANGED, *a, *b)
        }
        (Type::Array { elem: old, .. }, Type::Array { elem: new, .. }) if pairs.alike(old, new) => {
            &ARRAY_LENGTH_CHANGED
        }
        (old, new) if comparison.same_bytes.types(old, new) => &FIELD_TYPE_REPLACED,
        _ => &FIELD_TYPE_CHANGED,
    };
    let (old, new) = (comparison.old.type_name(&was.ty), comparison.new.type_name(&is.ty));
    let sizes = match (was.place.value_size, is.place.value_size) {
        (old, new) if old == new => String::new(),
        (old, new) => format!(": its {} became {new}", bytes(old)),
    };
    let message = format!("{} was {}, is {}{sizes}", quote(path), quote(&old), quote(&new));
    comparison.report(Finding::new(rule, path, message).at(was.span, is.span));
}
