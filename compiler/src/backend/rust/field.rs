//! One field in the Rust view: its slot in the twin, argument, checks, write, getter.

use serde::Serialize;

use super::code::{call, chain, getter, line, string};
use super::doc;
use super::names;
use super::rules::{self, Side, Subject};
use super::types::{Access, Context, Read};
use crate::ir::{Field, Type};

/// One field, in finished lines.
#[derive(Serialize)]
pub struct FieldView {
    /// Lines of the layout: the field, and the padding after it.
    slot: String,
    /// The field of the arguments with its documentation.
    argument: String,
    /// Checks on the arguments.
    args_check: String,
    /// Checks on the twin.
    check: String,
    /// Writes it and the padding after it.
    write: String,
    /// Documentation and attributes of the getter.
    getter_head: String,
    /// Signature and body of the getter.
    getter: String,
    /// Its line of Debug.
    debug: String,
}

/// The names of the padding after each field; empty where there is none.
pub fn padding_names(fields: &[Field]) -> Vec<String> {
    let padding = |field: &Field| {
        let mut name = format!("myc_padding_{}", field.place.offset + field.place.size);
        while fields.iter().any(|other| other.name == name) {
            name.push('_');
        }
        name
    };
    fields.iter().map(|field| if field.place.padding_after > 0 { padding(field) } else { String::new() }).collect()
}

/// The view of the field at `index` of the composite whose twin is `twin`; `constants` collects constants of the twin.
pub fn view(
    cx: &Context<'_>,
    twin: &str,
    index: usize,
    field: &Field,
    padding: &str,
    constants: &mut String,
) -> FieldView {
    let name = names::field(&field.name);
    let access = cx.access(&field.ty);
    constants.push_str(&rules::constants(cx, field, index));
    let lint = if names::is_odd_field(&name) { "    #[allow(non_snake_case)]\n" } else { "" };
    FieldView {
        slot: slot(cx, field, &name, padding),
        argument: argument(cx, field, &name),
        args_check: args_check(field, &name, twin, index),
        check: check(cx, field, &name, index, padding),
        write: write(field, &name, access, padding),
        getter_head: getter_head(cx, field, &name, lint),
        getter: body(&name, access, field.optional, &cx.returned(field)),
        debug: debug(field, &name),
    }
}

fn slot(cx: &Context<'_>, field: &Field, name: &str, padding: &str) -> String {
    let place = field.place;
    let mut out = format!("        {} => {name}: {},\n", place.offset, cx.raw_field(field));
    if place.padding_after > 0 {
        line(&mut out, 8, &format!("{} => {padding}: [u8; {}],", place.offset + place.size, place.padding_after));
    }
    out
}

fn argument(cx: &Context<'_>, field: &Field, name: &str) -> String {
    let mut docs = described(cx, field, String::new());
    if let Some(reason) = &field.deprecated {
        docs.extend([String::new(), format!("Deprecated: {}", doc::inline(&reason.replace(['\n', '\r'], " ")))]);
    }
    let (ty, _) = cx.argument(field);
    format!("{}    pub {name}: {ty},\n", doc::comment("    ", &docs))
}

fn getter_head(cx: &Context<'_>, field: &Field, name: &str, lint: &str) -> String {
    let place = field.place;
    let docs = described(cx, field, format!(" at offset {}, {} bytes", place.offset, place.size));
    let mut out = doc::comment("    ", &docs);
    if let Some(reason) = &field.deprecated {
        line(&mut out, 4, &format!("#[deprecated = {}]", string(reason)));
    }
    out.push_str(lint);
    if ["from_", "into_", "to_"].iter().any(|prefix| name.starts_with(prefix)) {
        line(&mut out, 4, "#[allow(clippy::wrong_self_convention)]");
    }
    if name == "len" {
        line(&mut out, 4, "#[allow(clippy::len_without_is_empty)]");
    }
    out
}

/// What the author wrote of a field; then its type, where it lies, unit and rules.
fn described(cx: &Context<'_>, field: &Field, place: String) -> Vec<String> {
    let mut docs = doc::description(field.description.as_deref().unwrap_or_default());
    if !docs.is_empty() {
        docs.push(String::new());
    }
    let mut line = format!("`{}`{}{place}", cx.written(&field.ty), if field.optional { ", optional" } else { "" });
    if let Some(unit) = &field.unit {
        line.push_str(&format!("; in {}", doc::code(unit)));
    }
    for (index, rule) in field.rules.iter().enumerate() {
        line.push_str(if index == 0 { "; " } else { ", " });
        line.push_str(&doc::code(&rules::written(rule)));
    }
    line.push('.');
    docs.push(line);
    if !field.documented_rules.is_empty() {
        let rules = field.documented_rules.iter().map(|(name, value)| doc::code(&format!("{name}: {value}")));
        docs.push(format!("Not enforced: {}.", rules.collect::<Vec<_>>().join(", ")));
    }
    docs
}

fn args_check(field: &Field, name: &str, owner: &str, index: usize) -> String {
    let mut out = String::new();
    let wire_name = string(&field.name);
    let optional = field.optional;
    let place = if optional { "value".to_owned() } else { format!("self.{name}") };
    let indent = if optional { 12 } else { 8 };
    if let Type::String { bound } | Type::Vec { bound, .. } = &field.ty {
        let (length, bound) = (format!("{place}.len()"), bound.to_string());
        call(&mut out, indent, "::mycelium_wire::raw::bound", &[&length, &bound, &wire_name], "?;");
    }
    let subject = Subject { side: Side::Args, place: &place, present: optional, owner, index };
    rule_checks(&mut out, indent, field, &subject, &wire_name);
    if optional { if_present(&format!("self.{name}"), &out) } else { out }
}

fn check(cx: &Context<'_>, field: &Field, name: &str, index: usize, padding: &str) -> String {
    let mut out = String::new();
    let wire_name = string(&field.name);
    let place = format!("self.{name}");
    if field.optional || !cx.is_total(&field.ty) {
        call(&mut out, 8, "::mycelium_wire::raw::check", &[&format!("&{place}"), &wire_name], "?;");
    }
    if field.optional {
        let mut inner = String::new();
        let subject = Subject { side: Side::Twin, place: "value", present: true, owner: "Self", index };
        rule_checks(&mut inner, 12, field, &subject, &wire_name);
        out.push_str(&if_present(&format!("{place}.present()"), &inner));
    } else {
        let subject = Subject { side: Side::Twin, place: &place, present: false, owner: "Self", index };
        rule_checks(&mut out, 8, field, &subject, &wire_name);
    }
    if !padding.is_empty() {
        call(&mut out, 8, "::mycelium_wire::raw::padding", &[&format!("&self.{padding}"), &wire_name], "?;");
    }
    out
}

fn rule_checks(out: &mut String, indent: usize, field: &Field, subject: &Subject<'_>, wire_name: &str) {
    for rule in &field.rules {
        if let Some(condition) = subject.condition(field, rule) {
            let rule = string(rule.name());
            call(out, indent, "::mycelium_wire::raw::rule", &[&condition, &rule, wire_name], "?;");
        }
    }
}

/// Statements on the `value` of an optional, if there are any.
fn if_present(optional: &str, statements: &str) -> String {
    if statements.is_empty() {
        return String::new();
    }
    format!("        if let ::core::option::Option::Some(value) = {optional} {{\n{statements}        }}\n")
}

fn write(field: &Field, name: &str, access: Access, padding: &str) -> String {
    let mut out = String::new();
    if field.optional {
        line(&mut out, 8, &format!("if let ::core::option::Option::Some(value) = args.{name} {{"));
        let place = format!("self.{name}.some()");
        match access {
            Access::Plain => line(&mut out, 12, &format!("*{place} = value;")),
            Access::Cell | Access::Text | Access::Elements => line(&mut out, 12, &format!("{place}.set(value);")),
            Access::Slice { .. } => line(&mut out, 12, &format!("{place}.copy(value);")),
            Access::Same { .. } => call(&mut out, 12, "::mycelium_wire::raw::copy", &[&place, "value"], ";"),
            Access::Array { .. } => call(&mut out, 12, "::mycelium_wire::raw::store", &[&place, "value"], ";"),
        }
        line(&mut out, 8, "} else {");
        line(&mut out, 12, &format!("self.{name}.none();"));
        line(&mut out, 8, "}");
    } else {
        let (to, from) = (format!("self.{name}"), format!("args.{name}"));
        let reference = format!("&mut {to}");
        match access {
            Access::Plain => line(&mut out, 8, &format!("{to} = {from};")),
            Access::Cell | Access::Text | Access::Elements => chain(&mut out, 8, &to, &format!("set({from})"), ";"),
            Access::Slice { .. } => chain(&mut out, 8, &to, &format!("copy({from})"), ";"),
            Access::Same { .. } => call(&mut out, 8, "::mycelium_wire::raw::copy", &[&reference, &from], ";"),
            Access::Array { .. } => call(&mut out, 8, "::mycelium_wire::raw::store", &[&reference, &from], ";"),
        }
    }
    if !padding.is_empty() {
        line(&mut out, 8, &format!("self.{padding} = [0; {}];", field.place.padding_after));
    }
    out
}

fn body(name: &str, access: Access, optional: bool, returned: &str) -> String {
    let mut out = String::new();
    getter(&mut out, name, returned);
    let place = format!("self.raw.{name}");
    if optional {
        match access.read_present() {
            Some(value) if value == "*value" => line(&mut out, 8, &format!("{place}.present().copied()")),
            Some(value) => {
                line(&mut out, 8, &format!("let value = {place}.present()?;"));
                line(&mut out, 8, &format!("::core::option::Option::Some({value})"));
            }
            None => line(&mut out, 8, &format!("{place}.present()")),
        }
    } else {
        match access.read(&place) {
            Read::Expression(expression) => line(&mut out, 8, &expression),
            Read::Chain(place, method) => chain(&mut out, 8, &place, &method, ""),
            Read::Method(method, argument) => chain(&mut out, 8, "self.raw", &format!("{method}({argument})"), ""),
            Read::Call(function, argument) => call(&mut out, 8, function, &[&argument], ""),
        }
    }
    line(&mut out, 4, "}");
    out
}

fn debug(field: &Field, name: &str) -> String {
    let mut out = String::new();
    call(&mut out, 8, "f.field", &[&string(&field.name), &format!("&self.{name}()")], ";");
    out
}
