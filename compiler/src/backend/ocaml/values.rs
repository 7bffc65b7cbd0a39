//! Expressions and statements over values: checks of `make`, equality, printing.

use super::code::{Block, string};
use super::names::Named;
use super::rules::{Subject, condition};
use super::shape::{Context, Shape, shape};
use crate::ir::{Rule, Type};

/// `RT.require …` for each rule of the field.
pub fn require(cx: &Context, field: &Named, subject: Subject) -> Vec<String> {
    let path = &field.path;
    let statement = |rule: &Rule| {
        let condition = condition(cx, field, rule, subject)?;
        Some(format!("RT.require ({condition}) {} {path}", string(rule.name())))
    };
    field.rules.iter().filter_map(statement).collect()
}

/// Checks the variable of a field for `make`, and binds what is kept where that is something else.
pub fn make(cx: &Context, field: &Named, block: &mut Block) {
    let Named { label, path, .. } = field;
    let value = if field.optional { "v" } else { label };
    if let Some(kept) = own(cx, &field.ty, value, path) {
        if field.optional {
            block.binding(&format!("let {label} = Stdlib.Option.map (fun v -> {kept}) {label} in"));
        } else {
            block.binding(&format!("let {label} = {kept} in"));
        }
    }
    let mut checks: Vec<String> = valid(&field.ty, value, path).into_iter().collect();
    checks.extend(require(cx, field, Subject::Value(value)));
    if !field.optional {
        checks.iter().for_each(|check| block.statement(check));
    } else if !checks.is_empty() {
        block.statement(&format!("Stdlib.Option.iter (fun v -> {}) {label}", checks.join("; ")));
    }
}

/// A check of a value that is kept as it is; `None` if every value of its type is valid.
fn valid(ty: &Type, value: &str, path: &str) -> Option<String> {
    Some(match shape(ty) {
        Shape::Int(scalar) => ["RT.valid_", scalar.name(), " ", value, " ", path].concat(),
        Shape::Octets { len } => format!("RT.valid_octets {value} ~len:{len} {path}"),
        Shape::Text { bound } => format!("RT.valid_text {value} ~max:{bound} {path}"),
        Shape::Blob { bound } => format!("RT.valid_blob {value} ~max:{bound} {path}"),
        _ => return None,
    })
}

/// The checked value to keep instead of `value`; `None` if it is kept as it is.
fn own(cx: &Context, ty: &Type, value: &str, path: &str) -> Option<String> {
    Some(match shape(ty) {
        Shape::F32 => format!("RT.round_f32 {value} {path}"),
        Shape::Array { elem, len } => match owner(cx, elem) {
            Some(owner) => format!("EL.own_array {owner} {value} ~len:{len} {path}"),
            None => format!("EL.copy_array {value} ~len:{len} {path}"),
        },
        Shape::Vec { elem, bound } => match owner(cx, elem) {
            Some(owner) => format!("EL.own_vec {owner} {value} ~max:{bound} {path}"),
            None => format!("EL.copy_vec {value} ~max:{bound} {path}"),
        },
        _ => return None,
    })
}

/// A function from an element to the checked element to keep; its errors have no path of their own.
fn owner(cx: &Context, elem: &Type) -> Option<String> {
    if let Some(own) = own(cx, elem, "v", "\"\"") {
        return Some(format!("(fun v -> {own})"));
    }
    valid(elem, "v", "\"\"").map(|check| format!("(fun v -> {check}; v)"))
}

/// `a` and `b` have equal fields.
pub fn equal(cx: &Context, field: &Named) -> String {
    let label = &field.label;
    let simple = matches!(
        shape(&field.ty),
        Shape::Int(_)
            | Shape::I64
            | Shape::Bool
            | Shape::Octets { .. }
            | Shape::Text { .. }
            | Shape::Blob { .. }
            | Shape::Enum(_)
    );
    if field.optional {
        format!("RT.equal_option {} a.{label} b.{label}", equality(cx, &field.ty))
    } else if simple {
        ["a.", label, " = b.", label].concat()
    } else if let Shape::Array { elem, .. } | Shape::Vec { elem, .. } = shape(&field.ty) {
        format!("EL.equal {} a.{label} b.{label}", equality(cx, elem))
    } else {
        [equality(cx, &field.ty).as_str(), " a.", label, " b.", label].concat()
    }
}

fn equality(cx: &Context, ty: &Type) -> String {
    match shape(ty) {
        Shape::Int(_) => "Stdlib.Int.equal".into(),
        Shape::U64 => "Mycelium_wire.U64.equal".into(),
        Shape::I64 => "Stdlib.Int64.equal".into(),
        Shape::F32 | Shape::F64 => "RT.equal_float".into(),
        Shape::Bool => "Stdlib.Bool.equal".into(),
        Shape::U256 => "Mycelium_wire.U256.equal".into(),
        Shape::Octets { .. } | Shape::Text { .. } | Shape::Blob { .. } => "Stdlib.String.equal".into(),
        Shape::Array { elem, .. } | Shape::Vec { elem, .. } => format!("(EL.equal {})", equality(cx, elem)),
        Shape::Enum(id) => format!("{}.equal", cx.enum_module(id)),
        Shape::Struct(id) => format!("{}.equal", cx.struct_module(id)),
    }
}

/// Prints a field of `t`.
pub fn print(cx: &Context, field: &Named) -> String {
    let Named { label, path, .. } = field;
    let printer = printer(cx, &field.ty);
    let printer = if field.optional { format!("(RT.pp_option {printer})") } else { printer };
    ["RT.pp_field ppf ", path, " ", &printer, " t.", label].concat()
}

fn printer(cx: &Context, ty: &Type) -> String {
    match shape(ty) {
        Shape::Int(_) => "RT.pp_int".into(),
        Shape::U64 => "Mycelium_wire.U64.pp".into(),
        Shape::I64 => "RT.pp_int64".into(),
        Shape::F32 => "RT.pp_f32".into(),
        Shape::F64 => "RT.pp_f64".into(),
        Shape::Bool => "RT.pp_bool".into(),
        Shape::U256 => "Mycelium_wire.U256.pp".into(),
        Shape::Text { .. } => "RT.pp_text".into(),
        Shape::Octets { .. } | Shape::Blob { .. } => "RT.pp_octets".into(),
        Shape::Array { elem, .. } | Shape::Vec { elem, .. } => format!("(EL.pp {})", printer(cx, elem)),
        Shape::Enum(id) => format!("{}.pp", cx.enum_module(id)),
        Shape::Struct(id) => format!("{}.pp", cx.struct_module(id)),
    }
}
