//! The functions of a module's `View`: each reads one field out of bytes that may not have been checked.
//!
//! A field that is a struct gives the struct's position; an array or vector takes an index, and one more for each array
//! inside of it.

use super::bytes::{Access, get_simple};
use super::code::{fill, push_number, string};
use super::doc::comment;
use super::names::{self, Named, ViewNames};
use super::shape::{Context, Shape, shape};
use crate::ir::Type;

/// Names of indices, outermost first; types are not nested deeper.
const INDICES: [&str; 10] = ["i", "j", "k", "l", "m", "n", "o", "q", "r", "s"];

/// How to read one field.
struct Peek {
    /// The expression, not in parentheses.
    value: String,
    /// Number of indices.
    indices: usize,
    /// Whether the bytes are looked at, and not only the position worked out.
    looks: bool,
    /// Type of the result.
    result: String,
    /// Name of the struct's module whose position the result is.
    struct_module: Option<String>,
}

/// The position of a field, as an argument: the runtime refuses one before the bytes, which reads at an offset from it
/// would not notice.
fn position(offset: u32) -> String {
    let mut out = String::from("pos");
    if offset > 0 {
        out.insert_str(0, "(RT.at ");
        out.push(' ');
        push_number(&mut out, offset);
        out.push(')');
    }
    out
}

fn peek(cx: &Context, field: &Named) -> Peek {
    let mut pos = position(field.place.value_offset);
    let mut ty: &Type = &field.ty;
    let mut indices = 0;
    let mut looks = false;
    loop {
        let index = INDICES.get(indices).copied().unwrap_or("i");
        match shape(ty) {
            Shape::Array { elem, len } => {
                pos = format!("(RT.slot {pos} ~len:{len} ~stride:{} {index})", cx.size(elem));
                ty = elem;
            }
            Shape::Vec { elem, bound } => {
                pos = format!("(RT.peek_slot b {pos} ~max:{bound} ~stride:{} {index})", cx.size(elem));
                ty = elem;
                looks = true;
            }
            Shape::Struct(id) => {
                let value = pos.strip_prefix('(').and_then(|pos| pos.strip_suffix(')')).unwrap_or(&pos).to_owned();
                let struct_module = Some(cx.struct_module(id).to_owned());
                return Peek { value, indices, looks, result: "int".into(), struct_module };
            }
            _ => {
                let value = get_simple(cx, ty, Access::Peek, &pos);
                return Peek { value, indices, looks: true, result: cx.type_of(ty), struct_module: None };
            }
        }
        indices += 1;
    }
}

/// The functions.
pub fn functions(cx: &Context, fields: &[Named]) -> String {
    let mut out = String::with_capacity(fields.len() * 64);
    for (field, ViewNames { get, has, length }) in fields.iter().zip(names::view(fields)) {
        let presence = position(field.place.offset);
        if field.optional {
            out.push('\n');
            fill(&mut out, &format!("let {has} b ~pos = RT.peek_bool b {presence}"), 4);
        }
        if let Shape::Text { bound } | Shape::Blob { bound } | Shape::Vec { bound, .. } = shape(&field.ty) {
            let pos = position(field.place.value_offset);
            out.push('\n');
            fill(&mut out, &format!("let {length} b ~pos = RT.peek_length b {pos} ~max:{bound}"), 4);
        }
        let peek = peek(cx, field);
        let b = if peek.looks || field.optional { "b" } else { "_" };
        let mut head = String::with_capacity(80);
        for part in ["let ", &get, " ", b, " ~pos"] {
            head.push_str(part);
        }
        for index in &INDICES[..peek.indices.min(INDICES.len())] {
            head.push(' ');
            head.push_str(index);
        }
        out.push('\n');
        if field.optional {
            out.push_str(&format!("    {head} =\n      RT.require_present b {presence};\n"));
            fill(&mut out, &peek.value, 6);
        } else {
            head.push_str(" = ");
            head.push_str(&peek.value);
            fill(&mut out, &head, 4);
        }
    }
    out
}

/// The declarations.
pub fn interface(cx: &Context, fields: &[Named]) -> String {
    let mut out = String::with_capacity(fields.len() * 64);
    for (field, ViewNames { get, has, length }) in fields.iter().zip(names::view(fields)) {
        let mut declare = |name: &str, ty: &str| {
            let attribute = match &field.deprecated {
                Some(reason) => format!(" [@@ocaml.deprecated {}]", string(reason)),
                None => String::new(),
            };
            out.push('\n');
            fill(&mut out, &["val ", name, " : bytes -> pos:int -> ", ty, &attribute].concat(), 4);
        };
        if field.optional {
            declare(&has, "bool");
        }
        if !length.is_empty() {
            declare(&length, "int");
        }
        let peek = peek(cx, field);
        declare(&get, &("int -> ".repeat(peek.indices) + &peek.result));
        if let Some(module) = peek.struct_module {
            out.push('\n');
            out.push_str(&comment(&format!("The position of it, for {{!{module}.View}}."), 4));
            out.push('\n');
        }
    }
    out
}
