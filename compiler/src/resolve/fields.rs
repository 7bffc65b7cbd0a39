//! Fields: their types with every name looked up, their bounds, their rules.

use std::ops::Range;

use crate::codes;
use crate::diag::{Diagnostic, quote};
use crate::ir::{Enum, EnumId, Field, Place, Scalar, StructId, Type};
use crate::raw;
use crate::rules;
use crate::source::{Span, Spanned};

use super::names::{self, Named, Names, SCALARS};
use super::text;
use super::types::{self, Expr, Fault};

/// Bounds of types written without one, as in contracts from before bounds could be written.
const DEFAULT_STRING: u32 = 32;
const DEFAULT_BYTES: u32 = 16;
const DEFAULT_VEC: u32 = 4;

/// What every field needs to know.
pub struct Context<'a> {
    pub names: &'a Names<'a>,
    pub enums: &'a [Enum],
    pub source: &'a [u8],
    /// Enums and structs that a type names, by index in the raw file.
    pub used_enums: Vec<bool>,
    pub used_structs: Vec<bool>,
    /// Whether some types could not be read at all, so that an unknown name may be one of them.
    pub types_unreadable: bool,
    /// Whether the type of any field is not known.
    pub unsound: bool,
    pub diagnostics: Vec<Diagnostic>,
}

/// The type of a field whose type is not known. Its message or struct has no layout: the sizes in it are 0.
pub const STAND_IN: Type = Type::Scalar(Scalar::U8);

/// A field, and whether its type is known. Where it is not, that has been reported and the type
/// is [`STAND_IN`].
pub struct Resolved {
    pub field: Field,
    pub sound: bool,
}

/// Resolves one field. Struct ids in its type are still indices of the raw file's list.
pub fn resolve(cx: &mut Context, raw: &raw::Field) -> Resolved {
    names::check_field_name(&raw.name, &mut cx.diagnostics);
    let max_length = rules::max_length(&raw.validation, &mut cx.diagnostics);
    let ty = raw.ty.as_ref().and_then(|written| match types::parse(&written.value) {
        _ if cx.names.is_ambiguous(&written.value) => None,
        Ok(expr) => {
            let bounds = Bounds { field: &raw.name, written, max_length: &max_length, rules: &raw.validation };
            lookup(cx, &bounds, &expr, true)
        }
        Err(fault) => {
            let diagnostic = report(cx, written, fault);
            cx.diagnostics.push(diagnostic);
            None
        }
    });
    let checked = rules::check(&raw.name.value, ty.as_ref(), cx.enums, &raw.validation, &mut cx.diagnostics);
    let sound = ty.is_some() && !matches!(max_length, rules::MaxLength::Invalid);
    cx.unsound |= !sound;
    let field = Field {
        name: raw.name.value.clone(),
        span: raw.name.span,
        description: text(&raw.description),
        unit: text(&raw.unit),
        deprecated: text(&raw.deprecated),
        ty: ty.unwrap_or(STAND_IN),
        optional: raw.optional.as_ref().is_some_and(|optional| optional.value),
        rules: checked.rules,
        documented_rules: checked.documented,
        place: Place::default(),
    };
    Resolved { field, sound }
}

/// A field's bounds: what there is to say about one of its types.
struct Bounds<'a> {
    field: &'a Spanned<String>,
    written: &'a Spanned<String>,
    max_length: &'a rules::MaxLength,
    rules: &'a [raw::Rule],
}

/// The type behind an expression. `outermost`: not the element of an array or vector.
fn lookup(cx: &mut Context, bounds: &Bounds, expr: &Expr, outermost: bool) -> Option<Type> {
    match expr {
        Expr::Name(name, at) => named(cx, bounds.written, name, at),
        Expr::Array(elem, len) => {
            let elem = Box::new(lookup(cx, bounds, elem, false)?);
            Some(Type::Array { elem, len: *len })
        }
        Expr::String(inline, at) if outermost => {
            let bound = bound(cx, bounds, inline.as_ref(), at, ("String", DEFAULT_STRING, "bytes"))?;
            Some(Type::String { bound })
        }
        Expr::Vec(elem, inline, at) if outermost => {
            let elem = Box::new(lookup(cx, bounds, elem, false)?);
            let default = if *elem == Type::Scalar(Scalar::U8) { DEFAULT_BYTES } else { DEFAULT_VEC };
            let bound = bound(cx, bounds, inline.as_ref(), at, ("Vec", default, "elements"))?;
            Some(Type::Vec { elem, bound })
        }
        Expr::String(_, at) | Expr::Vec(_, _, at) => {
            let name = if matches!(expr, Expr::String(..)) { "String" } else { "Vec" };
            let message = format!("`{name}` cannot be an element of an array or vector");
            let diagnostic = Diagnostic::new(&codes::E0204, place(cx.source, bounds.written, at), message)
                .help(format!("declare a struct with a `{name}` field and use the struct as the element"));
            cx.diagnostics.push(diagnostic);
            None
        }
    }
}

fn named(cx: &mut Context, written: &Spanned<String>, name: &str, at: &Range<usize>) -> Option<Type> {
    if let Some(scalar) = SCALARS.into_iter().find(|scalar| scalar.name() == name) {
        return Some(Type::Scalar(scalar));
    }
    let is_message = match cx.names.get(name) {
        Some(Named::Enum(index)) => {
            cx.used_enums[index] = true;
            return Some(Type::Enum(EnumId(index)));
        }
        Some(Named::Struct(index)) => {
            cx.used_structs[index] = true;
            return Some(Type::Struct(StructId(index)));
        }
        Some(Named::Message(_)) => true,
        None => false,
    };
    let span = place(cx.source, written, at);
    let exact = span != written.span || written.value.len() == at.len();
    let diagnostic = Diagnostic::new(&codes::E0201, span, format!("unknown type {}", quote(name))).label("not a type");
    let near = foreign(name).map(str::to_owned).or_else(|| cx.names.closest_type(name));
    cx.diagnostics.push(if is_message {
        diagnostic.help(format!("{} is a message; what fields are made of is declared under `structs`", quote(name)))
    } else if let Some(help) = unlike(name) {
        diagnostic.help(help)
    } else if let Some(near) = near {
        let meant = diagnostic.did_you_mean(span, &near);
        if exact { meant } else { Diagnostic { suggestion: None, ..meant } }
    } else if cx.types_unreadable {
        return None;
    } else {
        diagnostic.help("a type is a scalar, `[T; N]`, `String<N>`, `Vec<T, N>`, or the name of an enum or struct")
    });
    None
}

/// What other languages' names of our types are called here.
fn foreign(name: &str) -> Option<&'static str> {
    Some(match name.to_ascii_lowercase().as_str() {
        "int" | "integer" | "long" | "isize" | "int64" | "int64_t" | "sint64" => "i64",
        "int32" | "int32_t" | "sint32" => "i32",
        "short" | "int16" | "int16_t" => "i16",
        "int8" | "int8_t" => "i8",
        "uint" | "unsigned" | "usize" | "ulong" | "uint64" | "uint64_t" | "timestamp" => "u64",
        "uint32" | "uint32_t" => "u32",
        "ushort" | "uint16" | "uint16_t" => "u16",
        "byte" | "uint8" | "uint8_t" => "u8",
        "float" | "double" | "number" | "float64" | "real" => "f64",
        "float32" | "single" => "f32",
        "boolean" => "bool",
        "uint256" => "U256",
        _ => return None,
    })
}

/// What to use for types of other languages that have no counterpart here.
fn unlike(name: &str) -> Option<&'static str> {
    Some(match name.to_ascii_lowercase().as_str() {
        "str" | "text" | "varchar" => "write `String<N>` for at most N bytes of text",
        "bytes" | "blob" => "write `[u8; N]` for exactly N bytes, or `Vec<u8, N>` for at most N",
        "char" => "write `u8` for a byte, or `String<4>` for any one character",
        "i128" | "u128" | "int128" | "uint128" => "the widest integers are `u64`, `i64` and `U256`",
        _ => return None,
    })
}

/// The bound of a string or vector: inline, from `max_length`, or the default of old.
fn bound(
    cx: &mut Context,
    bounds: &Bounds,
    inline: Option<&types::Bound>,
    at: &Range<usize>,
    (name, default, unit): (&str, u32, &str),
) -> Option<u32> {
    match (inline, bounds.max_length) {
        (Some(inline), rules::MaxLength::Given { value, span }) if inline.value != *value => {
            let message = format!(
                "{} is bound to {} by its type and to {value} by `max_length`",
                quote(&bounds.field.value),
                inline.value
            );
            let diagnostic = Diagnostic::new(&codes::E0205, *span, message)
                .related(place(cx.source, bounds.written, &inline.at), "the type's bound is given here")
                .help("one of them is enough");
            cx.diagnostics.push(diagnostic);
            Some(inline.value)
        }
        (Some(inline), _) => Some(inline.value),
        (None, rules::MaxLength::Given { value, .. }) => Some(*value),
        // A bound that nothing contradicts; there is no layout anyway.
        (None, rules::MaxLength::Invalid) => Some(types::MAX_BOUND),
        (None, rules::MaxLength::Absent) => {
            let field = quote(&bounds.field.value);
            let message = format!("{field} is a `{name}` without a bound: at most {default} {unit} are assumed");
            let help = if name == "String" {
                format!("write `String<{default}>`")
            } else {
                format!("write `Vec<T, {default}>`")
            };
            let span = place(cx.source, bounds.written, at);
            let mut diagnostic = Diagnostic::new(&codes::W0201, span, message).help(help);
            if name == "String" && cx.source.get(span.start as usize..span.end as usize) == Some(b"String") {
                // A rule that nobody knows may be the bound, in other words.
                let right = format!("String<{default}>");
                diagnostic = match bounds.rules.iter().all(rules::is_known) {
                    true => diagnostic.correct(span, right),
                    false => diagnostic.suggest(span, right),
                };
            }
            cx.diagnostics.push(diagnostic);
            Some(default)
        }
    }
}

fn report(cx: &Context, written: &Spanned<String>, fault: Fault) -> Diagnostic {
    let span = place(cx.source, written, &fault.at);
    let exact = span != written.span;
    let mut diagnostic = Diagnostic::new(fault.code, span, fault.message);
    if let Some(help) = fault.help {
        diagnostic = diagnostic.help(help);
    }
    if let Some(replacement) = fault.replacement {
        diagnostic = diagnostic.help(format!("write `{replacement}`"));
        if exact {
            diagnostic = match fault.sure {
                true => diagnostic.correct(span, replacement),
                false => diagnostic.suggest(span, replacement),
            };
        }
    }
    diagnostic
}

/// Where a part of a type's text is in the source: exactly if the text is there as it is, plain or
/// between quotes, else the whole.
fn place(source: &[u8], written: &Spanned<String>, part: &Range<usize>) -> Span {
    let Span { start, end, .. } = written.span;
    let matches = |skip: usize| {
        let from = start as usize + skip;
        source.get(from..from + written.value.len()).is_some_and(|bytes| bytes == written.value.as_bytes())
            && from + written.value.len() + skip <= end as usize
    };
    let skip = if matches(0) {
        0
    } else if matches(1) {
        1
    } else {
        return written.span;
    };
    if part.is_empty() {
        return written.span;
    }
    let at = |offset: usize| start + skip + u32::try_from(offset).unwrap_or(0);
    Span { start: at(part.start), end: at(part.end), ..written.span }
}
