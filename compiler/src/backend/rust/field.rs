//! The fields of a struct or message in the Rust view: slots in the twin, arguments, checks, writes, getters.

use std::borrow::Cow;

use serde::Serialize;

use super::code::{call, chain, getter, line, push, string};
use super::doc;
use super::names;
use super::rules::{self, Side, Subject};
use super::types::{Access, Context};
use crate::ir::{Field, Type};

/// What all fields of a composite are in each part of its code, in finished lines.
#[derive(Default, Serialize)]
pub struct Parts {
    /// The layout: each field, and the padding after it.
    pub slots: String,
    /// The fields of the arguments with their documentation.
    pub arguments: String,
    /// Checks on the arguments.
    pub args_checks: String,
    /// Constants of the twin.
    pub constants: String,
    /// Checks on the twin.
    pub checks: String,
    /// Writes of every byte.
    pub writes: String,
    /// Getters with their documentation.
    pub getters: String,
    /// Lines of Debug.
    pub debug: String,
}

/// A field and what its names are in Rust.
pub struct Named<'a> {
    /// The field.
    pub field: &'a Field,
    /// How it is read and written.
    pub access: Access,
    /// In the twin and the arguments, and the getter.
    pub name: Cow<'a, str>,
    /// The name in the contract, as a string literal.
    pub wire_name: String,
    /// The padding after it; empty where there is none.
    pub padding: String,
}

/// Names every field of a composite.
pub fn named<'a>(cx: &Context<'_>, fields: &'a [Field]) -> Vec<Named<'a>> {
    fields
        .iter()
        .map(|field| Named {
            field,
            access: cx.access(&field.ty),
            name: names::field(&field.name),
            wire_name: string(&field.name),
            padding: padding(field, fields),
        })
        .collect()
}

fn padding(field: &Field, fields: &[Field]) -> String {
    if field.place.padding_after == 0 {
        return String::new();
    }
    let mut name = format!("myc_padding_{}", field.place.offset + field.place.size);
    while fields.iter().any(|other| other.name == name) {
        name.push('_');
    }
    name
}

/// The parts of the composite whose twin is `twin`.
pub fn parts(cx: &Context<'_>, twin: &str, fields: &[Named<'_>]) -> Parts {
    let mut parts = Parts::default();
    for (index, field) in fields.iter().enumerate() {
        slot(&mut parts.slots, cx, field);
        argument(&mut parts.arguments, cx, field);
        args_check(&mut parts.args_checks, field, twin, index);
        rules::constants(&mut parts.constants, cx, field.field, index);
        check(&mut parts.checks, cx, field, index);
        write(&mut parts.writes, field);
        if index > 0 {
            parts.getters.push('\n');
        }
        getter_head(&mut parts.getters, cx, field);
        body(&mut parts.getters, cx, field);
        call(&mut parts.debug, 8, "f.field", &[&[&field.wire_name], &["&self.", &field.name, "()"]], ";");
    }
    parts
}

fn slot(out: &mut String, cx: &Context<'_>, named: &Named<'_>) {
    let place = named.field.place;
    push(out, &["        ", &place.offset.to_string(), " => ", &named.name, ": "]);
    cx.raw_field(out, named.field);
    out.push_str(",\n");
    if place.padding_after > 0 {
        let (offset, size) = ((place.offset + place.size).to_string(), place.padding_after.to_string());
        line(out, 8, &[&offset, " => ", &named.padding, ": [u8; ", &size, "],"]);
    }
}

fn argument(out: &mut String, cx: &Context<'_>, named: &Named<'_>) {
    describe(out, cx, named.field, false);
    if let Some(reason) = &named.field.deprecated {
        line(out, 4, &["///"]);
        line(out, 4, &["/// Deprecated: ", &doc::inline(&reason.replace(['\n', '\r'], " "))]);
    }
    push(out, &["    pub ", &named.name, ": "]);
    cx.argument(out, named.field, named.access);
    out.push_str(",\n");
}

fn getter_head(out: &mut String, cx: &Context<'_>, named: &Named<'_>) {
    describe(out, cx, named.field, true);
    if let Some(reason) = &named.field.deprecated {
        line(out, 4, &["#[deprecated = ", &string(reason), "]"]);
    }
    if names::is_odd_field(&named.name) {
        line(out, 4, &["#[allow(non_snake_case)]"]);
    }
    if ["from_", "into_", "to_"].iter().any(|prefix| named.name.starts_with(prefix)) {
        line(out, 4, &["#[allow(clippy::wrong_self_convention)]"]);
    }
    if named.name == "len" {
        line(out, 4, &["#[allow(clippy::len_without_is_empty)]"]);
    }
    line(out, 4, &["#[inline]"]);
}

/// What the author wrote of a field; then its type, where it lies if `placed`, unit and rules.
fn describe(out: &mut String, cx: &Context<'_>, field: &Field, placed: bool) {
    if let Some(description) = &field.description {
        let lines = doc::description(description);
        doc::comment(out, "    ", &lines);
        if !lines.is_empty() {
            out.push_str("    ///\n");
        }
    }
    out.push_str("    /// `");
    cx.written(out, &field.ty);
    out.push_str(if field.optional { "`, optional" } else { "`" });
    if placed {
        push(out, &[" at offset ", &field.place.offset.to_string(), ", ", &field.place.size.to_string(), " bytes"]);
    }
    if let Some(unit) = &field.unit {
        push(out, &["; in ", &doc::code(unit)]);
    }
    for (index, rule) in field.rules.iter().enumerate() {
        push(out, &[if index == 0 { "; " } else { ", " }, &doc::code(&rules::written(rule))]);
    }
    out.push_str(".\n");
    if !field.documented_rules.is_empty() {
        let rules = field.documented_rules.iter().map(|(name, value)| doc::code(&format!("{name}: {value}")));
        line(out, 4, &["/// Not enforced: ", &rules.collect::<Vec<_>>().join(", "), "."]);
    }
}

fn args_check(out: &mut String, named: &Named<'_>, owner: &str, index: usize) {
    let Named { field, name, wire_name, .. } = named;
    let bound = match &field.ty {
        Type::String { bound } | Type::Vec { bound, .. } => Some(bound.to_string()),
        _ => None,
    };
    let checks = |out: &mut String, indent: usize, place: &str| {
        if let Some(bound) = &bound {
            let arguments: [&[&str]; 3] = [&[place, ".len()"], &[bound], &[wire_name]];
            call(out, indent, "::mycelium_wire::raw::bound", &arguments, "?;");
        }
        let subject = Subject { side: Side::Args, place, present: field.optional, owner, index };
        rule_checks(out, indent, field, &subject, wire_name);
    };
    if bound.is_none() && field.rules.is_empty() {
    } else if field.optional {
        if_present(out, &["self.", name], |out| checks(out, 12, "value"));
    } else {
        checks(out, 8, &["self.", name].concat());
    }
}

fn check(out: &mut String, cx: &Context<'_>, named: &Named<'_>, index: usize) {
    let Named { field, name, wire_name, padding, .. } = named;
    if field.optional || !cx.is_total(&field.ty) {
        call(out, 8, "::mycelium_wire::raw::check", &[&["&self.", name], &[wire_name]], "?;");
    }
    if field.rules.is_empty() {
    } else if field.optional {
        let subject = Subject { side: Side::Twin, place: "value", present: true, owner: "Self", index };
        if_present(out, &["self.", name, ".present()"], |out| rule_checks(out, 12, field, &subject, wire_name));
    } else {
        let place = ["self.", name].concat();
        let subject = Subject { side: Side::Twin, place: &place, present: false, owner: "Self", index };
        rule_checks(out, 8, field, &subject, wire_name);
    }
    if !padding.is_empty() {
        call(out, 8, "::mycelium_wire::raw::padding", &[&["&self.", padding], &[wire_name]], "?;");
    }
}

fn rule_checks(out: &mut String, indent: usize, field: &Field, subject: &Subject<'_>, wire_name: &str) {
    for rule in &field.rules {
        if let Some(condition) = subject.condition(field, rule, indent + 4) {
            let rule: &[&str] = &["\"", rule.name(), "\""];
            call(out, indent, "::mycelium_wire::raw::rule", &[&[&condition], rule, &[wire_name]], "?;");
        }
    }
}

/// Statements on the `value` of an optional, if there are any.
fn if_present(out: &mut String, optional: &[&str], statements: impl FnOnce(&mut String)) {
    let mut inner = String::new();
    statements(&mut inner);
    if !inner.is_empty() {
        out.push_str("        if let ::core::option::Option::Some(value) = ");
        push(out, optional);
        push(out, &[" {\n", &inner, "        }\n"]);
    }
}

fn write(out: &mut String, named: &Named<'_>) {
    let Named { field, name, access, padding, .. } = named;
    let name: &str = name;
    if field.optional {
        line(out, 8, &["if let ::core::option::Option::Some(value) = args.", name, " {"]);
        match access {
            Access::Plain => line(out, 12, &["*self.", name, ".some() = value;"]),
            Access::Cell | Access::Text | Access::Elements => line(out, 12, &["self.", name, ".some().set(value);"]),
            Access::Slice { .. } => line(out, 12, &["self.", name, ".some().copy(value);"]),
            Access::Same { .. } | Access::Array { .. } => {
                call(out, 12, access.writer(), &[&["self.", name, ".some()"], &["value"]], ";");
            }
        }
        line(out, 8, &["} else {"]);
        line(out, 12, &["self.", name, ".none();"]);
        line(out, 8, &["}"]);
    } else {
        match access {
            Access::Plain => line(out, 8, &["self.", name, " = args.", name, ";"]),
            Access::Cell | Access::Text | Access::Elements => {
                chain(out, 8, &["self.", name], &["set(args.", name, ")"], ";");
            }
            Access::Slice { .. } => chain(out, 8, &["self.", name], &["copy(args.", name, ")"], ";"),
            Access::Same { .. } | Access::Array { .. } => {
                call(out, 8, access.writer(), &[&["&mut self.", name], &["args.", name]], ";");
            }
        }
    }
    if !padding.is_empty() {
        line(out, 8, &["self.", padding, " = [0; ", &field.place.padding_after.to_string(), "];"]);
    }
}

impl Access {
    /// The function that writes an array or struct.
    fn writer(self) -> &'static str {
        if matches!(self, Access::Same { .. }) { "::mycelium_wire::raw::copy" } else { "::mycelium_wire::raw::store" }
    }
}

const LOAD: &str = "::mycelium_wire::raw::load";
const ELEMENTS: &str = "::mycelium_wire::Elements::new";
const SOME: &str = "::core::option::Option::Some(";

/// Signature and body of a getter.
fn body(out: &mut String, cx: &Context<'_>, named: &Named<'_>) {
    let mut returned = String::new();
    cx.returned(&mut returned, named.field, named.access);
    getter(out, &named.name, &returned);
    if named.field.optional {
        present_value(out, &named.name, named.access);
    } else {
        value(out, &named.name, named.access);
    }
    line(out, 4, &["}"]);
}

/// Reads a required field.
fn value(out: &mut String, name: &str, access: Access) {
    let raw: &[&str] = &["self.raw"];
    match access {
        Access::Plain => line(out, 8, &["self.raw.", name]),
        Access::Cell => chain(out, 8, &["self.raw.", name], &["get()"], ""),
        Access::Same { structs: false } => line(out, 8, &["&self.raw.", name]),
        Access::Same { structs: true } => chain(out, 8, raw, &["inner(&self.raw.", name, ")"], ""),
        Access::Array { flatten: None } => call(out, 8, LOAD, &[&["&self.raw.", name]], ""),
        Access::Array { flatten: Some(0) } => call(out, 8, ELEMENTS, &[&["&self.raw.", name]], ""),
        Access::Array { flatten: Some(times) } => {
            call(out, 8, ELEMENTS, &[&["self.raw.", name, &".as_flattened()".repeat(times)]], "");
        }
        Access::Text => chain(out, 8, raw, &["text(&self.raw.", name, ")"], ""),
        Access::Slice { structs: false } => chain(out, 8, &["self.raw.", name], &["elements()"], ""),
        Access::Slice { structs: true } => chain(out, 8, raw, &["slice(self.raw.", name, ".elements())"], ""),
        Access::Elements => call(out, 8, ELEMENTS, &[&["self.raw.", name, ".elements()"]], ""),
    }
}

/// Reads an optional field.
fn present_value(out: &mut String, name: &str, access: Access) {
    match access {
        Access::Same { structs: false } => return line(out, 8, &["self.raw.", name, ".present()"]),
        Access::Plain => return line(out, 8, &["self.raw.", name, ".present().copied()"]),
        _ => line(out, 8, &["let value = self.raw.", name, ".present()?;"]),
    }
    match access {
        Access::Same { structs: true } => line(out, 8, &[SOME, "self.raw.inner(value))"]),
        Access::Array { flatten: None } => line(out, 8, &[SOME, LOAD, "(value))"]),
        Access::Array { flatten: Some(times) } => {
            line(out, 8, &[SOME, ELEMENTS, "(value", &".as_flattened()".repeat(times), "))"]);
        }
        Access::Text => line(out, 8, &[SOME, "self.raw.text(value))"]),
        Access::Slice { structs: false } => line(out, 8, &[SOME, "value.elements())"]),
        Access::Slice { structs: true } => line(out, 8, &[SOME, "self.raw.slice(value.elements()))"]),
        Access::Elements => line(out, 8, &[SOME, ELEMENTS, "(value.elements()))"]),
        Access::Cell | Access::Plain | Access::Same { structs: false } => line(out, 8, &[SOME, "value.get())"]),
    }
}
