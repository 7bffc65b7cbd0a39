//! Expressions and statements that check, read and write bytes at a position. Offsets and sizes come from the
//! schema's layout; nothing is computed here but the element size that the layout gives.

use super::code::{Block, at};
use super::names::Named;
use super::shape::{Context, Shape, shape};
use crate::ir::{Field, Scalar, Type};
use crate::layout::first_slot;

/// Where to read: unchecked (`get`) or with a check of the range (`peek`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// After the whole message was checked.
    Get,
    /// Of bytes that nobody may have checked.
    Peek,
}

impl Access {
    fn prefix(self) -> &'static str {
        match self {
            Access::Get => "get",
            Access::Peek => "peek",
        }
    }
}

/// The runtime's word for a scalar: `u8`.
fn word(shape: &Shape) -> Option<&'static str> {
    Some(match shape {
        Shape::Int(scalar) => scalar.name(),
        Shape::U64 => "u64",
        Shape::I64 => "i64",
        Shape::F32 => "f32",
        Shape::F64 => "f64",
        Shape::Bool => "bool",
        _ => return None,
    })
}

/// The number of an enum at `pos`.
fn enum_number(repr: Scalar, access: Access, pos: &str) -> String {
    format!("RT.{}_{} b {pos}", access.prefix(), repr.name())
}

/// Reads a value that has no elements and is no struct.
pub fn get_simple(cx: &Context, ty: &Type, access: Access, pos: &str) -> String {
    let shape = shape(ty);
    let prefix = access.prefix();
    match (shape, access) {
        (Shape::U256, _) => format!("Mycelium_wire.U256.{prefix} b {pos}"),
        (Shape::Octets { len }, _) => format!("RT.{prefix}_octets b {pos} ~len:{len}"),
        (Shape::Text { .. } | Shape::Blob { .. }, Access::Get) => ["RT.get_text b ", pos].concat(),
        (Shape::Text { bound } | Shape::Blob { bound }, Access::Peek) => format!("RT.peek_text b {pos} ~max:{bound}"),
        (Shape::Enum(id), _) => {
            let number = enum_number(cx.enum_(id).repr, access, pos);
            format!("RT.known ({}.of_int ({number}))", cx.enum_module(id))
        }
        (Shape::Struct(id), _) => format!("{}.myc_read b {pos}", cx.struct_module(id)),
        _ => ["RT.", prefix, "_", word(&shape).unwrap_or_default(), " b ", pos].concat(),
    }
}

/// Reads the value at `base + offset`, whole.
pub fn get(cx: &Context, ty: &Type, base: &str, offset: u32) -> String {
    let pos = at(base, offset);
    match shape(ty) {
        Shape::Array { elem, len } => get_elements(cx, elem, &pos, &len.to_string()),
        Shape::Vec { elem, .. } => {
            get_elements(cx, elem, &at(base, first_slot(offset)), &format!("(RT.get_u16 b {pos})"))
        }
        _ => get_simple(cx, ty, Access::Get, &pos),
    }
}

fn get_elements(cx: &Context, elem: &Type, pos: &str, len: &str) -> String {
    let stride = cx.size(elem);
    match shape(elem) {
        Shape::Int(scalar) => format!("EL.get_ints RT.get_{} b {pos} ~len:{len} ~stride:{stride}", scalar.name()),
        Shape::Octets { len: size } => format!("EL.get_octets b {pos} ~len:{len} ~size:{size}"),
        Shape::F32 => format!("EL.get_f32s b {pos} ~len:{len}"),
        Shape::F64 => format!("EL.get_f64s b {pos} ~len:{len}"),
        _ => format!("EL.get_array {} b {pos} ~len:{len} ~stride:{stride}", getter(cx, elem)),
    }
}

/// A function that reads an element.
fn getter(cx: &Context, elem: &Type) -> String {
    match shape(elem) {
        Shape::U64 => "RT.get_u64".into(),
        Shape::I64 => "RT.get_i64".into(),
        Shape::Bool => "RT.get_bool".into(),
        Shape::U256 => "Mycelium_wire.U256.get".into(),
        Shape::Struct(id) => format!("{}.myc_read", cx.struct_module(id)),
        _ => format!("(fun b p -> {})", get(cx, elem, "p", 0)),
    }
}

/// Writes `value` at `base + offset`; `size` is that of a whole string or vector.
pub fn set(cx: &Context, ty: &Type, base: &str, offset: u32, size: u32, value: &str, block: &mut Block) {
    let pos = at(base, offset);
    match shape(ty) {
        Shape::Vec { elem, bound } => {
            let stride = cx.size(elem);
            block.binding(&format!(
                "let n = EL.set_count b {pos} ~max:{bound} ~stride:{stride} ~size:{size} {value} in"
            ));
            block.statement(&set_elements(cx, elem, &at(base, first_slot(offset)), "n", value));
        }
        _ => block.statement(&set_simple(cx, ty, &pos, size, value)),
    }
}

fn set_simple(cx: &Context, ty: &Type, pos: &str, size: u32, value: &str) -> String {
    let shape = shape(ty);
    match shape {
        Shape::U256 => format!("Mycelium_wire.U256.set b {pos} {value}"),
        Shape::Octets { .. } => format!("RT.set_octets b {pos} {value}"),
        Shape::Text { .. } | Shape::Blob { .. } => format!("RT.set_text b {pos} ~size:{size} {value}"),
        Shape::Enum(id) => {
            let repr = cx.enum_(id).repr.name();
            format!("RT.set_{repr} b {pos} ({}.to_int {value})", cx.enum_module(id))
        }
        Shape::Struct(id) => format!("{}.myc_write b {pos} {value}", cx.struct_module(id)),
        Shape::Array { elem, len } => set_elements(cx, elem, pos, &len.to_string(), value),
        _ => ["RT.set_", word(&shape).unwrap_or_default(), " b ", pos, " ", value].concat(),
    }
}

fn set_elements(cx: &Context, elem: &Type, pos: &str, len: &str, value: &str) -> String {
    let stride = cx.size(elem);
    match shape(elem) {
        Shape::Int(scalar) => {
            format!("EL.set_ints EL.put_{} b {pos} ~len:{len} ~stride:{stride} {value}", scalar.name())
        }
        Shape::Octets { len: size } => format!("EL.set_octets b {pos} ~len:{len} ~size:{size} {value}"),
        Shape::F32 => format!("EL.set_f32s b {pos} ~len:{len} {value}"),
        Shape::F64 => format!("EL.set_f64s b {pos} ~len:{len} {value}"),
        _ => format!("EL.set_array {} b {pos} ~len:{len} ~stride:{stride} {value}", setter(cx, elem)),
    }
}

/// A function that writes an element, which may have been made invalid.
fn setter(cx: &Context, elem: &Type) -> String {
    match shape(elem) {
        Shape::U64 => "RT.set_u64".into(),
        Shape::I64 => "RT.set_i64".into(),
        Shape::Bool => "RT.set_bool".into(),
        Shape::U256 => "Mycelium_wire.U256.set".into(),
        Shape::Struct(id) => format!("{}.myc_write", cx.struct_module(id)),
        _ => format!("(fun b p v -> {})", set_simple(cx, elem, "p", 0, "v")),
    }
}

/// Checks a text, without the field's rules, and binds it to the field's name.
pub fn take(field: &Named, base: &str, block: &mut Block) {
    let place = field.place;
    let (pos, size, path) = (at(base, place.value_offset), place.value_size, &field.path);
    if let Shape::Text { bound } = shape(&field.ty) {
        block.binding(&format!("let {} = RT.take_text b {pos} ~max:{bound} ~size:{size} {path} in", field.label));
    }
}

/// Checks the value of a field at `base + offset`, without the field's rules.
pub fn check(cx: &Context, field: &Field, base: &str, offset: u32, path: &str, block: &mut Block) {
    let pos = at(base, offset);
    let size = field.place.value_size;
    match shape(&field.ty) {
        Shape::Text { bound } => {
            block.statement(&format!("RT.check_text b {pos} ~max:{bound} ~size:{size} {path}"));
        }
        Shape::Blob { bound } => {
            block.statement(&format!("RT.check_blob b {pos} ~max:{bound} ~size:{size} {path}"));
        }
        Shape::Vec { elem, bound } => {
            let shape = format!("b {pos} ~max:{bound} ~stride:{} ~size:{size} {path}", cx.size(elem));
            block.statement(&if cx.is_fallible(elem) {
                format!("EL.check_vec {} {shape}", checker(cx, elem))
            } else {
                format!("EL.check_slots {shape}")
            });
        }
        _ if cx.is_fallible(&field.ty) => block.statement(&check_simple(cx, &field.ty, &pos, path)),
        _ => {}
    }
}

/// Checks a value of fixed size that can be wrong.
fn check_simple(cx: &Context, ty: &Type, pos: &str, path: &str) -> String {
    let shape = shape(ty);
    match shape {
        Shape::Enum(id) => {
            let number = enum_number(cx.enum_(id).repr, Access::Get, pos);
            format!("RT.check_enum ({}.of_int ({number})) {path}", cx.enum_module(id))
        }
        Shape::Struct(id) => format!("RT.check_under {}.myc_check b {pos} {path}", cx.struct_module(id)),
        Shape::Array { elem, len } => {
            format!("EL.check_array {} b {pos} ~len:{len} ~stride:{} {path}", checker(cx, elem), cx.size(elem))
        }
        _ => format!("RT.check_{} b {pos} {path}", word(&shape).unwrap_or_default()),
    }
}

/// A function that checks an element, whose errors have no path of their own.
fn checker(cx: &Context, elem: &Type) -> String {
    match shape(elem) {
        Shape::Struct(id) => format!("{}.myc_check", cx.struct_module(id)),
        _ => format!("(fun b p -> {})", check_simple(cx, elem, "p", "\"\"")),
    }
}
