//! The OCaml view of a schema: finished strings and booleans for the templates.

use std::sync::Arc;

use minijinja::value::Serde;
use minijinja::{Value, context};
use serde::Serialize;

use super::bytes;
use super::code::{self, Block, at, fill};
use super::doc::{self, comment, plain};
use super::names::{self, constructor, label};
use super::rules::Subject;
use super::shape::{Context, Facts, Shape, shape};
use super::{peeks, values};
use crate::backend::Options;
use crate::ir::{self, Enum, Field, Message, Number, OneOf, Rule, Schema};
use crate::layout;
use crate::render::lazy;

/// The native compiler's limit on the constructors of one closed type.
const CLOSED_CONSTRUCTORS: usize = 246;

/// The template context of a schema.
pub fn view(schema: &Arc<Schema>, options: &Options) -> Value {
    let facts = Arc::new(Facts::of(schema));
    let uses_elements = schema
        .structs
        .iter()
        .map(|item| &item.fields)
        .chain(schema.messages.iter().map(|item| &item.fields))
        .flatten()
        .any(|field| matches!(shape(&field.ty), Shape::Array { .. } | Shape::Vec { .. }));
    let any = any(schema, &facts);
    let shared = || (Arc::clone(schema), Arc::clone(&facts));
    let enums = {
        let (schema, facts) = shared();
        lazy(schema.enums.len(), move |index| enum_view(&schema.enums[index], &facts.enums[index]))
    };
    let composites = |interface: bool| {
        let (schema, facts) = shared();
        lazy(schema.structs.len() + schema.messages.len(), move |index| {
            let cx = Context { schema: &schema, facts: &facts };
            composite(&cx, index, interface)
        })
    };
    context! {
        source => doc::safe(&options.source_name),
        id => schema.id,
        version => schema.version,
        min_compatible => schema.min_compatible,
        digest => code::bytes(&schema.digest, 2),
        uses_runtime => !schema.structs.is_empty() || !schema.messages.is_empty(),
        uses_elements,
        enums,
        implementations => composites(false),
        interfaces => composites(true),
        any => Value::from(Serde(any)),
    }
}

/// The module over all messages.
#[derive(Serialize)]
struct Any {
    module: String,
    /// No messages.
    empty: bool,
    /// More messages than a closed type can have constructors.
    open: bool,
    /// Two values may be of different messages.
    several: bool,
    /// A reference to a message would warn.
    deprecated: bool,
    messages: Vec<AnyMessage>,
    /// The constructors of the standard library, spelt so that no message's hides them.
    some: &'static str,
    none: &'static str,
    ok: &'static str,
    error: &'static str,
}

/// One message of [`Any`].
#[derive(Serialize)]
struct AnyMessage {
    module: String,
    constructor: String,
    type_id: u16,
}

fn any(schema: &Schema, facts: &Facts) -> Any {
    let modules: Vec<String> = [&facts.enums, &facts.structs, &facts.messages].into_iter().flatten().cloned().collect();
    let messages: Vec<AnyMessage> = schema
        .messages
        .iter()
        .zip(&facts.messages)
        .map(|(message, module)| AnyMessage {
            module: module.clone(),
            constructor: constructor(&message.name),
            type_id: message.type_id,
        })
        .collect();
    let hidden = |name| messages.iter().any(|message| message.constructor == name);
    Any {
        module: names::any_module(&modules),
        empty: messages.is_empty(),
        several: messages.len() > 1,
        open: messages.len() > CLOSED_CONSTRUCTORS,
        deprecated: schema.messages.iter().any(|message| message.deprecated.is_some()),
        some: if hidden("Some") { "Stdlib.Option.Some" } else { "Some" },
        none: if hidden("None") { "Stdlib.Option.None" } else { "None" },
        ok: if hidden("Ok") { "Stdlib.Result.Ok" } else { "Ok" },
        error: if hidden("Error") { "Stdlib.Result.Error" } else { "Error" },
        messages,
    }
}

/// An enum.
#[derive(Serialize)]
struct EnumView {
    module: String,
    doc: Option<String>,
    /// The type's constructors, on as many lines as they take.
    constructors: String,
    values: Vec<EnumValueView>,
    some: &'static str,
    none: &'static str,
}

#[derive(Serialize)]
struct EnumValueView {
    constructor: String,
    number: u32,
    name: String,
}

fn enum_view(item: &Enum, module: &str) -> EnumView {
    let values: Vec<EnumValueView> = item
        .values
        .iter()
        .map(|value| EnumValueView {
            constructor: constructor(&value.name),
            number: value.value,
            name: code::string(&value.name),
        })
        .collect();
    let hidden = |name| values.iter().any(|value| value.constructor == name);
    let list = values.iter().map(|value| value.constructor.as_str()).collect::<Vec<_>>().join(" | ");
    let mut constructors = String::new();
    fill(&mut constructors, &format!("type t = {list}"), 2);
    EnumView {
        module: module.to_owned(),
        doc: item.description.as_deref().map(|text| comment(&plain(text), 2)),
        constructors,
        some: if hidden("Some") { "Stdlib.Option.Some" } else { "Some" },
        none: if hidden("None") { "Stdlib.Option.None" } else { "None" },
        values,
    }
}

/// A struct or a message, for one of the two files.
#[derive(Serialize, Default)]
struct Composite {
    module: String,
    /// As a string literal.
    name: String,
    size: u32,
    /// Only for a message.
    message: Option<MessageView>,
    /// No fields.
    empty: bool,
    doc: Option<String>,
    /// As a string literal.
    deprecated: Option<String>,
    /// The record's fields.
    fields: String,
    /// Labelled types of `make`, in the interface.
    arguments: String,
    /// `let make_exn`, `let make` and the call of `make_exn`, with the labels.
    make_exn_head: String,
    make_head: String,
    make_call: String,
    /// The functions of `View`.
    view: String,
    /// Bodies of functions; the interface has none.
    check: Option<String>,
    read: String,
    write: String,
    make: String,
    equal: String,
    print: String,
    redacted: bool,
}

/// What a message has and a struct has not.
#[derive(Serialize)]
struct MessageView {
    type_id: u16,
    /// As string literals.
    topic: String,
    fingerprint: String,
}

fn composite(cx: &Context, index: usize, interface: bool) -> Composite {
    match cx.schema.structs.get(index) {
        Some(item) => {
            let head = Composite { module: cx.facts.structs[index].clone(), ..Composite::default() };
            body(cx, head, &item.name, item.description.as_deref(), &item.fields, item.layout, interface)
        }
        None => {
            let index = index - cx.schema.structs.len();
            let item = &cx.schema.messages[index];
            let head = Composite {
                module: cx.facts.messages[index].clone(),
                message: Some(message_view(item)),
                deprecated: item.deprecated.as_deref().map(code::string),
                redacted: item.redacted,
                ..Composite::default()
            };
            body(cx, head, &item.name, item.description.as_deref(), &item.fields, item.layout, interface)
        }
    }
}

fn message_view(item: &Message) -> MessageView {
    MessageView {
        type_id: item.type_id,
        topic: code::string(&item.topic),
        fingerprint: code::bytes(&item.fingerprint, 0),
    }
}

fn body(
    cx: &Context,
    head: Composite,
    name: &str,
    description: Option<&str>,
    fields: &[Field],
    layout: ir::Layout,
    interface: bool,
) -> Composite {
    let head = Composite { name: code::string(name), size: layout.size, empty: fields.is_empty(), ..head };
    if interface {
        Composite {
            doc: description.map(|text| comment(&plain(text), 2)),
            fields: lines(fields, |field| documented_field(cx, field)),
            arguments: lines(fields, |field| argument_type(cx, field)),
            view: peeks::interface(cx, fields),
            ..head
        }
    } else {
        Composite {
            fields: lines(fields, |field| format!("    {} : {};", label(&field.name), field_type(cx, field))),
            make_exn_head: labelled(fields, "let make_exn", 2),
            make_head: labelled(fields, "let make", 2),
            make_call: labelled(fields, "try Ok (make_exn", 4),
            view: peeks::functions(cx, fields),
            check: check(cx, fields),
            read: lines(fields, |field| read(cx, field)),
            write: write(cx, fields),
            make: make(cx, fields),
            equal: equal(cx, fields),
            print: print(cx, fields),
            ..head
        }
    }
}

fn lines(fields: &[Field], line: impl Fn(&Field) -> String) -> String {
    fields.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn field_type(cx: &Context, field: &Field) -> String {
    let ty = cx.type_of(&field.ty);
    if field.optional { ty + " option" } else { ty }
}

fn argument_type(cx: &Context, field: &Field) -> String {
    format!("    {}:{} ->", label(&field.name), field_type(cx, field))
}

/// `head` and the labels of `make`, `indent` columns from the left.
fn labelled(fields: &[Field], head: &str, indent: usize) -> String {
    let mut text = head.to_owned();
    for field in fields {
        text.push_str(" ~");
        text.push_str(&label(&field.name));
    }
    let mut out = String::new();
    fill(&mut out, &text, indent);
    out
}

/// A field of the record with its documentation.
fn documented_field(cx: &Context, field: &Field) -> String {
    let mut line = format!("    {} : {};", label(&field.name), field_type(cx, field));
    if let Some(reason) = &field.deprecated {
        line.push_str(&format!(" [@ocaml.deprecated {}]", code::string(reason)));
    }
    let doc = comment(&field_doc(cx, field), 8);
    let short = doc.trim_start();
    if !doc.contains('\n') && line.len() + 2 + short.chars().count() <= 80 {
        line + "  " + short
    } else {
        line + "\n" + &doc
    }
}

fn field_doc(cx: &Context, field: &Field) -> String {
    let mut parts = Vec::new();
    if let Some(description) = &field.description {
        parts.push(plain(description));
    }
    let mut facts = vec![doc::code(&cx.contract_type(&field.ty))];
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
    parts.push(facts.join(", ") + ".");
    parts.join(" ")
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

/// The body of the check; `None` if there is nothing to check.
fn check(cx: &Context, fields: &[Field]) -> Option<String> {
    let mut block = Block::new(4);
    for field in fields {
        let path = code::string(&field.name);
        let place = field.place;
        let value = at("p", place.value_offset);
        if field.optional {
            let presence = format!(
                "RT.check_presence b {} ~gap:{} ~size:{} {path}",
                at("p", place.offset),
                layout::gap(&place),
                place.value_size
            );
            let mut inner = block.inner();
            bytes::check(cx, field, "p", place.value_offset, &path, &mut inner);
            values::require(cx, field, Subject::Bytes(&value), &path).iter().for_each(|rule| inner.statement(rule));
            if inner.is_empty() {
                block.statement(&format!("Stdlib.ignore ({presence})"));
            } else {
                block.nested(&format!("if {presence} then begin"), inner, "end");
            }
        } else {
            bytes::check(cx, field, "p", place.value_offset, &path, &mut block);
            values::require(cx, field, Subject::Bytes(&value), &path).iter().for_each(|rule| block.statement(rule));
        }
        if place.padding_after > 0 {
            let padding = at("p", layout::end(&place));
            block.statement(&format!("RT.check_zeros b {padding} {} {path}", place.padding_after));
        }
    }
    (!block.is_empty()).then(|| block.finish())
}

fn read(cx: &Context, field: &Field) -> String {
    let value = bytes::get(cx, &field.ty, "p", field.place.value_offset);
    let value = if field.optional {
        let presence = at("p", field.place.offset);
        format!("if RT.get_bool b {presence} then Some ({value}) else None")
    } else {
        value
    };
    let mut out = String::new();
    fill(&mut out, &format!("{} = {value};", label(&field.name)), 6);
    out
}

fn write(cx: &Context, fields: &[Field]) -> String {
    let mut block = Block::new(4);
    for field in fields {
        let place = field.place;
        let value = format!("t.{}", label(&field.name));
        if field.optional {
            let presence = at("p", place.offset);
            let mut some = Block::new(8);
            some.statement(&format!("RT.set_presence b {presence} ~gap:{}", layout::gap(&place)));
            bytes::set(cx, &field.ty, "p", place.value_offset, place.value_size, "v", &mut some);
            let (some, size) = (some.finish(), place.size);
            block.verbatim(&format!(
                "    (match {value} with\n    | None -> RT.set_zeros b {presence} {size}\n    | Some v ->\n{some})"
            ));
        } else {
            bytes::set(cx, &field.ty, "p", place.value_offset, place.value_size, &value, &mut block);
        }
        if place.padding_after > 0 {
            let padding = at("p", layout::end(&place));
            block.statement(&format!("RT.set_zeros b {padding} {}", place.padding_after));
        }
    }
    block.finish()
}

fn make(cx: &Context, fields: &[Field]) -> String {
    let mut block = Block::new(4);
    fields.iter().for_each(|field| values::make(cx, field, &mut block));
    let labels: Vec<String> = fields.iter().map(|field| label(&field.name)).collect();
    block.statement(&format!("{{ {} }}", labels.join("; ")));
    block.finish()
}

fn equal(cx: &Context, fields: &[Field]) -> String {
    let mut out = String::new();
    for (index, field) in fields.iter().enumerate() {
        if index > 0 {
            out.push('\n');
        }
        let and = if index > 0 { "&& " } else { "" };
        fill(&mut out, &format!("{and}{}", values::equal(cx, field)), 4);
    }
    out
}

fn print(cx: &Context, fields: &[Field]) -> String {
    let mut block = Block::new(4);
    fields.iter().for_each(|field| block.statement(&values::print(cx, field)));
    block.finish()
}
