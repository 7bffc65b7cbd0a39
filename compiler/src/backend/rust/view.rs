//! The Rust view of a schema: finished strings and booleans for the template.

use std::sync::Arc;

use minijinja::{Value, context};
use serde::Serialize;

use super::code;
use super::doc;
use super::field::{self, Parts};
use super::names::{self, Composite, Names};
use super::types::{Context, MAX_BY_VALUE};
use crate::backend::Options;
use crate::ir::{Enum, Field, Invariant, Layout, Message, Schema};
use crate::render::lazy;

/// The template context of a schema.
pub fn view(schema: &Arc<Schema>, options: &Options) -> Value {
    let names = Arc::new(Names::of(schema));
    let shared = || (Arc::clone(schema), Arc::clone(&names));
    let enums = {
        let (schema, names) = shared();
        lazy(schema.enums.len(), move |index| enum_view(&schema.enums[index], &names.enums[index]))
    };
    let composites = {
        let (schema, names) = shared();
        let structs = schema.structs.len();
        lazy(structs + schema.messages.len(), move |index| {
            let cx = Context { schema: &schema, names: &names };
            match index.checked_sub(structs) {
                None => struct_view(&cx, index),
                Some(index) => message_view(&cx, index),
            }
        })
    };
    let variants = {
        let (schema, names) = shared();
        // In ascending type id, which is what peers tell each other.
        let mut order: Vec<usize> = (0..schema.messages.len()).collect();
        order.sort_by_key(|&index| schema.messages[index].type_id);
        lazy(order.len(), move |index| variant_view(&names.messages[order[index]].name))
    };
    context! {
        source => options.source_name.as_str(),
        argument => options.source_argument(),
        digest => [code::bytes(&schema.digest[..16]), code::bytes(&schema.digest[16..])],
        digest_of => if schema.digest_kind == crate::ir::DigestKind::Source { "contract file" } else { "canonical text" },
        id => format!("{:#x}", schema.id),
        version => schema.version,
        min_compatible => schema.min_compatible,
        enums,
        composites,
        variants,
        any => names.any.as_str(),
        any_docs => comment("    ", &invariants(&schema.invariants)),
    }
}

/// A variant of the enum over all messages.
#[derive(Serialize)]
struct AnyVariantView {
    name: String,
    link: String,
}

fn variant_view(name: &str) -> AnyVariantView {
    AnyVariantView { name: name.to_owned(), link: link(name) }
}

/// A type's name in documentation; a link, where rustdoc takes it for the name of nothing else (no macro, no raw
/// identifier).
fn link(name: &str) -> String {
    let derives = ["Clone", "Copy", "Debug", "Default", "Eq", "Hash", "Ord", "PartialEq", "PartialOrd"];
    if name.starts_with(|c: char| c.is_ascii_uppercase()) && !derives.contains(&name) {
        format!("[`{name}`]")
    } else {
        format!("`{name}`")
    }
}

#[derive(Serialize)]
struct EnumView {
    docs: String,
    /// Targeted lint attribute, or nothing.
    allow: String,
    name: String,
    repr: &'static str,
    raw: &'static str,
    wire_name: String,
    variants: Vec<VariantView>,
}

#[derive(Serialize)]
struct VariantView {
    name: String,
    wire_name: String,
    number: String,
}

fn enum_view(item: &Enum, name: &str) -> EnumView {
    let repr = item.repr.name();
    let mut docs = doc::description(item.description.as_deref().unwrap_or_default());
    separate(&mut docs);
    docs.push(format!("`{repr}` on the wire."));
    EnumView {
        docs: comment("", &docs),
        allow: allow(&enum_lints(item, name)),
        name: name.to_owned(),
        repr,
        raw: match repr {
            "u8" => "u8",
            "u16" => "::mycelium_wire::raw::U16",
            _ => "::mycelium_wire::raw::U32",
        },
        wire_name: code::string(&item.name),
        variants: item
            .values
            .iter()
            .map(|value| VariantView {
                name: names::variant(&value.name).into_owned(),
                wire_name: code::string(&value.name),
                number: code::integer(value.value.into()),
            })
            .collect(),
    }
}

/// Lints that the contract's spelling of an enum and its values sets off.
fn enum_lints(item: &Enum, name: &str) -> Vec<&'static str> {
    let variants: Vec<String> = item.values.iter().map(|value| names::variant(&value.name).into_owned()).collect();
    let all = || variants.iter().map(String::as_str).chain([name]);
    let mut lints = Vec::new();
    if all().any(names::is_odd_type) {
        lints.push("non_camel_case_types");
    }
    if names::share_words(name, &variants) {
        lints.push("clippy::enum_variant_names");
    }
    if all().any(names::is_all_capitals) {
        lints.push("clippy::upper_case_acronyms");
    }
    lints
}

/// A struct or message.
#[derive(Serialize)]
struct CompositeView {
    docs: String,
    /// The type of the interface, its arguments and its twin.
    name: String,
    link: String,
    /// The arguments with the lifetime `'a`, with an anonymous one, and the generics of an impl.
    args_named: String,
    args_anonymous: String,
    twin: String,
    wire_name: String,
    size: u32,
    /// `copy` or `boxed`.
    storage: &'static str,
    redacted: bool,
    /// Attributes, each with its line feed, or nothing: of the type; of the arguments; of every impl;
    /// of the impl with the getters; of the impl of Debug.
    deprecated: String,
    args_attributes: String,
    skip: &'static str,
    getters_attributes: String,
    debug_attributes: String,
    /// Whether writing inlines wherever it is called.
    inline: &'static str,
    /// What only a message has.
    message: Option<MessageView>,
    /// Whether there are no fields.
    empty: bool,
    parts: Parts,
}

#[derive(Serialize)]
struct MessageView {
    type_id: u16,
    topic: String,
    fingerprint: String,
}

fn struct_view(cx: &Context<'_>, index: usize) -> CompositeView {
    let item = &cx.schema.structs[index];
    let mut docs = doc::description(item.description.as_deref().unwrap_or_default());
    separate(&mut docs);
    docs.push(format!("{} bytes.", item.layout.size));
    composite_view(cx, &cx.names.structs[index], &item.name, &item.fields, item.layout, docs)
}

fn message_view(cx: &Context<'_>, index: usize) -> CompositeView {
    let item = &cx.schema.messages[index];
    let composite = &cx.names.messages[index];
    let mut view = composite_view(cx, composite, &item.name, &item.fields, item.layout, message_docs(item));
    view.redacted = item.redacted;
    if let Some(reason) = &item.deprecated {
        view.deprecated = format!("    #[deprecated = {}]\n", code::string(reason));
        view.getters_attributes = view.getters_attributes.replace("(dead_code)", "(dead_code, deprecated)");
        view.debug_attributes = format!("{}#[allow(deprecated)]\n", view.skip);
    }
    view.message = Some(MessageView {
        type_id: item.type_id,
        topic: code::string(&item.topic),
        fingerprint: code::bytes(&item.fingerprint),
    });
    view
}

fn message_docs(item: &Message) -> Vec<String> {
    let mut docs = doc::description(item.description.as_deref().unwrap_or_default());
    separate(&mut docs);
    let (size, topic, domain) = (item.layout.size, doc::code(&item.topic), doc::code(&item.domain));
    docs.push(format!("{size} bytes; type id {}, topic {topic}, domain {domain}.", item.type_id));
    if let Some(sensitivity) = &item.sensitivity {
        docs.push(format!("Sensitivity: {}.", doc::code(sensitivity)));
    }
    if !item.required_prior_messages.is_empty() {
        let prior: Vec<String> = item.required_prior_messages.iter().map(|name| doc::code(name)).collect();
        docs.push(format!("Comes after {}.", prior.join(", ")));
    }
    docs
}

fn composite_view(
    cx: &Context<'_>,
    composite: &Composite,
    wire_name: &str,
    fields: &[Field],
    layout: Layout,
    docs: Vec<String>,
) -> CompositeView {
    let twin = &composite.twin;
    let named = field::named(cx, fields);
    let borrows = named.iter().any(|field| field.access.borrows());
    let long = |name: &str| name.len() > code::MAX_NAME;
    let skip = if long(twin) || long(&composite.args) || fields.iter().any(|field| long(&field.name)) {
        "#[rustfmt::skip]\n"
    } else {
        ""
    };
    let mut lints = Vec::new();
    if names::is_odd_type(&composite.args) {
        lints.push("non_camel_case_types");
    }
    if named.iter().any(|field| names::is_odd_field(&field.name)) {
        lints.push("non_snake_case");
    }
    let deprecated = fields.iter().any(|field| field.deprecated.is_some());
    let generics = |lifetime: &str| {
        if borrows { format!("{}<{lifetime}>", composite.args) } else { composite.args.clone() }
    };
    CompositeView {
        docs: comment("    ", &docs),
        name: composite.name.clone(),
        link: link(&composite.name),
        args_named: generics("'a"),
        args_anonymous: generics("'_"),
        twin: twin.clone(),
        wire_name: code::string(wire_name),
        size: layout.size,
        storage: if layout.size > MAX_BY_VALUE { "boxed" } else { "copy" },
        redacted: false,
        deprecated: String::new(),
        args_attributes: format!("{}{skip}", allow(&lints)),
        skip,
        getters_attributes: format!("#[allow(dead_code)]\n{skip}"),
        debug_attributes: format!("{skip}{}", if deprecated { "#[allow(deprecated)]\n" } else { "" }),
        inline: if fields.len() <= MAX_INLINED { "#[inline(always)]" } else { "#[inline]" },
        message: None,
        empty: fields.is_empty(),
        parts: field::parts(cx, twin, &named),
    }
}

/// A write of more fields than this is called, not copied to where it is called from.
const MAX_INLINED: usize = 16;

fn comment(indent: &str, lines: &[String]) -> String {
    let mut out = String::new();
    doc::comment(&mut out, indent, lines);
    out
}

/// A blank line after what the author wrote.
fn separate(docs: &mut Vec<String>) {
    if !docs.is_empty() {
        docs.push(String::new());
    }
}

fn allow(lints: &[&str]) -> String {
    if lints.is_empty() { String::new() } else { format!("#[allow({})]\n", lints.join(", ")) }
}

/// The documented invariants of a contract, for the enum over its messages.
fn invariants(invariants: &[Invariant]) -> Vec<String> {
    let mut docs = Vec::new();
    for invariant in invariants {
        docs.push(String::new());
        docs.push(format!("Invariant: {}.", doc::inline(invariant.name.trim_end_matches('.'))));
        let mut description = invariant.description.as_deref().map(doc::description).unwrap_or_default();
        if let Some(last) = description.last_mut().filter(|last| last.ends_with(char::is_alphanumeric)) {
            last.push('.');
        }
        docs.extend(description);
        let severity = invariant.severity.as_deref().map(|severity| format!("Severity: {}.", doc::code(severity)));
        docs.extend(severity);
        if !invariant.enforced_by.is_empty() {
            let by: Vec<String> = invariant.enforced_by.iter().map(|name| doc::code(name)).collect();
            docs.push(format!("Enforced by {}.", by.join(", ")));
        }
    }
    docs
}
