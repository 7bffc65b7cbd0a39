//! The view of a struct or message: the bodies of its functions, as text for the templates.

use serde::Serialize;

use super::bytes;
use super::code::{self, Block, at, fill};
use super::doc;
use super::names::{Named, named};
use super::rules::Subject;
use super::shape::{Context, Shape, shape};
use super::{fields, peeks, values};
use crate::ir::{self, Field, Message};
use crate::layout;

/// A struct or a message, for one of the two files.
#[derive(Serialize, Default)]
pub struct Composite {
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
    /// Declarations of `make` and `make_exn`, in the interface.
    make_type: String,
    make_exn_type: String,
    /// `let make_exn`, `let make` and the call of `make_exn`, with the labels.
    make_exn_head: String,
    make_head: String,
    make_call: String,
    /// The functions of `View`.
    view: String,
    /// Bodies of functions; the interface has none.
    check: Option<String>,
    /// What is before the record of `read` where `decode` does both, of a message that has text.
    take: Option<String>,
    read: String,
    write: String,
    make: String,
    equal: String,
    print: String,
    redacted: bool,
}

/// What a message has and a struct has not.
#[derive(Serialize)]
pub struct MessageView {
    type_id: u16,
    /// As string literals.
    topic: String,
    fingerprint: String,
}

/// The view of the struct or message at an index of the structs followed by the messages.
pub fn composite(cx: &Context, index: usize, interface: bool) -> Composite {
    match cx.schema.structs.get(index) {
        Some(item) => {
            let doc = if interface { doc::description(item.description.as_deref(), 2) } else { None };
            let head = Composite { module: cx.facts.structs[index].clone(), doc, ..Composite::default() };
            body(cx, head, &item.name, &item.fields, item.layout, interface)
        }
        None => {
            let index = index - cx.schema.structs.len();
            let item = &cx.schema.messages[index];
            let head = Composite {
                module: cx.facts.messages[index].clone(),
                message: Some(message_view(item)),
                deprecated: item.deprecated.as_deref().map(code::string),
                redacted: item.redacted,
                doc: if interface { message_doc(item) } else { None },
                ..Composite::default()
            };
            body(cx, head, &item.name, &item.fields, item.layout, interface)
        }
    }
}

/// The description of a message, and what else there is to know of it.
fn message_doc(item: &Message) -> Option<String> {
    if item.sensitivity.is_none() && item.required_prior_messages.is_empty() {
        return doc::description(item.description.as_deref(), 2);
    }
    let mut markup = doc::plain(item.description.as_deref().unwrap_or_default());
    markup.push_str("\n\n");
    if let Some(sensitivity) = &item.sensitivity {
        markup.push_str(&format!("Sensitivity: {}. ", doc::code(sensitivity)));
    }
    if !item.required_prior_messages.is_empty() {
        let prior: Vec<String> = item.required_prior_messages.iter().map(|name| doc::code(name)).collect();
        markup.push_str(&format!("Comes after {}.", prior.join(", ")));
    }
    Some(doc::comment(&markup, 2))
}

fn message_view(item: &Message) -> MessageView {
    MessageView {
        type_id: item.type_id,
        topic: code::string(&item.topic),
        fingerprint: code::bytes(&item.fingerprint, 0),
    }
}

fn body(cx: &Context, head: Composite, name: &str, fields: &[Field], layout: ir::Layout, interface: bool) -> Composite {
    let head = Composite { name: code::string(name), size: layout.size, empty: fields.is_empty(), ..head };
    let fields = &named(fields)[..];
    if interface {
        Composite {
            fields: lines(fields, |field| fields::documented(cx, field)),
            make_type: make_type(cx, fields, "make", "(t, Mycelium_wire.Error.t) result"),
            make_exn_type: make_type(cx, fields, "make_exn", "t"),
            view: peeks::interface(cx, fields),
            ..head
        }
    } else {
        // Of text, checking and reading in one go spares to find its length twice.
        let takes = head.message.is_some() && fields.iter().any(|field| is_taken(field));
        let labels: Vec<String> = fields.iter().map(|field| ["~", &field.label].concat()).collect();
        Composite {
            fields: lines(fields, |field| ["    ", &field.label, " : ", &fields::type_of(cx, field), ";"].concat()),
            make_exn_head: labelled(&labels, "  let make_exn", 4),
            make_head: labelled(&labels, "  let make", 4),
            make_call: labelled(&labels, "    try Ok (make_exn", 8),
            view: peeks::functions(cx, fields),
            check: check(cx, fields),
            take: takes.then(|| take(cx, fields)),
            read: lines(fields, |field| if takes { taken(cx, field) } else { read(cx, field, 6) }),
            write: write(cx, fields),
            make: make(cx, fields),
            equal: equal(cx, fields),
            print: print(cx, fields),
            ..head
        }
    }
}

/// A line for each field.
fn lines(fields: &[Named], line: impl Fn(&Named) -> String) -> String {
    let mut out = String::with_capacity(fields.len() * 64);
    for (index, field) in fields.iter().enumerate() {
        if index > 0 {
            out.push('\n');
        }
        out.push_str(&line(field));
    }
    out
}

/// The declaration of `make` or `make_exn`.
fn make_type(cx: &Context, fields: &[Named], name: &str, result: &str) -> String {
    let mut pieces: Vec<String> =
        fields.iter().map(|field| [&field.label, ":", &fields::type_of(cx, field), " ->"].concat()).collect();
    if fields.is_empty() {
        pieces.push("unit ->".into());
    }
    pieces.push(result.to_owned());
    let mut out = format!("  val {name} :");
    let length = out.len() + pieces.iter().map(|piece| 1 + piece.len()).sum::<usize>();
    if length > code::WIDTH {
        out.push_str("\n   ");
    }
    code::fill_pieces(&mut out, &pieces, 4);
    out
}

/// `head`, which begins where its line does, and the labels of `make`; further lines are `indent` columns from the left.
fn labelled(labels: &[String], head: &str, indent: usize) -> String {
    let mut out = head.to_owned();
    code::fill_pieces(&mut out, labels, indent);
    out
}

/// Whether `decode` reads the field where it checks it: not if that hid the variables of bytes and position.
fn is_taken(field: &Named) -> bool {
    !field.optional && matches!(shape(&field.ty), Shape::Text { .. }) && !matches!(field.label.as_str(), "b" | "p")
}

/// What `decode` does before it makes the record.
fn take(cx: &Context, fields: &[Named]) -> String {
    let mut block = Block::new(8);
    checks(cx, fields, true, &mut block);
    block.finish_before_value()
}

/// The field of a record where [`take`] came before.
fn taken(cx: &Context, field: &Named) -> String {
    if is_taken(field) { ["          ", &field.label, ";"].concat() } else { read(cx, field, 10) }
}

/// The body of the check; `None` if there is nothing to check.
fn check(cx: &Context, fields: &[Named]) -> Option<String> {
    let mut block = Block::new(4);
    checks(cx, fields, false, &mut block);
    (!block.is_empty()).then(|| block.finish())
}

/// Checks of all fields. With `take`, those that [`is_taken`] are bound to their names.
fn checks(cx: &Context, fields: &[Named], take: bool, block: &mut Block) {
    for field in fields {
        let path = &field.path;
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
            bytes::check(cx, field, "p", place.value_offset, path, &mut inner);
            values::require(cx, field, Subject::Bytes(&value)).iter().for_each(|rule| inner.statement(rule));
            if inner.is_empty() {
                block.statement(&format!("Stdlib.ignore ({presence})"));
            } else {
                block.conditional(&presence, inner);
            }
        } else {
            if take && is_taken(field) {
                bytes::take(field, "p", block);
            } else {
                bytes::check(cx, field, "p", place.value_offset, path, block);
            }
            values::require(cx, field, Subject::Bytes(&value)).iter().for_each(|rule| block.statement(rule));
        }
        if place.padding_after > 0 {
            let padding = at("p", layout::end(&place));
            block.statement(&format!("RT.check_zeros b {padding} {} {path}", place.padding_after));
        }
    }
}

/// A field of the record, `indent` columns from the left.
fn read(cx: &Context, field: &Named, indent: usize) -> String {
    let label = &field.label;
    let value = bytes::get(cx, &field.ty, "p", field.place.value_offset);
    let mut out = String::new();
    if !field.optional {
        fill(&mut out, &[label, " = ", &value, ";"].concat(), indent);
        return out;
    }
    let presence = at("p", field.place.offset);
    code::pad(&mut out, indent);
    let line = format!("{label} = if RT.get_bool b {presence} then Some ({value}) else None;");
    if indent + line.len() <= 80 {
        return out + &line;
    }
    out.push_str(&format!("{label} =\n"));
    code::pad(&mut out, indent + 2);
    out.push_str(&format!("(if RT.get_bool b {presence} then\n"));
    fill(&mut out, &format!("Some ({value})"), indent + 5);
    out.push('\n');
    code::pad(&mut out, indent + 3);
    out + "else None);"
}

fn write(cx: &Context, fields: &[Named]) -> String {
    let mut block = Block::new(4);
    for field in fields {
        let place = field.place;
        let value = ["t.", &field.label].concat();
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

fn make(cx: &Context, fields: &[Named]) -> String {
    let mut block = Block::new(4);
    fields.iter().for_each(|field| values::make(cx, field, &mut block));
    let labels: Vec<&str> = fields.iter().map(|field| field.label.as_str()).collect();
    block.statement(&format!("{{ {} }}", labels.join("; ")));
    block.finish()
}

fn equal(cx: &Context, fields: &[Named]) -> String {
    let mut out = String::new();
    for (index, field) in fields.iter().enumerate() {
        if index > 0 {
            out.push('\n');
        }
        let and = if index > 0 { "&& " } else { "" };
        fill(&mut out, &[and, &values::equal(cx, field)].concat(), 4);
    }
    out
}

fn print(cx: &Context, fields: &[Named]) -> String {
    let mut block = Block::new(4);
    fields.iter().for_each(|field| block.statement(&values::print(cx, field)));
    block.finish()
}
