//! What a contract's type is in Rust: the raw type in the twin, the argument, what a getter returns, and how one is
//! turned into the other.

use super::names::Names;
use crate::ir::{Field, Scalar, Schema, Type};
use crate::layout;

/// The largest type that is `Copy` and built by value, in bytes; larger ones live on the heap or in a buffer.
pub const MAX_BY_VALUE: u32 = 65_536;

/// What types are resolved with.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The schema.
    pub schema: &'a Schema,
    /// The names of its types.
    pub names: &'a Names,
}

/// How a value goes between the twin and the interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// The raw type is the interface's: `u8`, `i8`, `U256`.
    Plain,
    /// A number, boolean or enum with `get` and `set`.
    Cell,
    /// An array or struct with the layout of its raw type; whether it has structs in it.
    Same { structs: bool },
    /// An array whose elements are converted; how often it is flattened to be read where it lies, if
    /// it is too large to be returned by value.
    Array { flatten: Option<usize> },
    /// A string.
    Text,
    /// A vector of elements with the layout of their raw type; whether there are structs in them.
    Slice { structs: bool },
    /// A vector whose elements are converted.
    Elements,
}

impl Context<'_> {
    /// How a value of type `ty` is read and written.
    pub fn access(&self, ty: &Type) -> Access {
        match ty {
            Type::Scalar(Scalar::U8 | Scalar::I8 | Scalar::U256) => Access::Plain,
            Type::Scalar(_) | Type::Enum(_) => Access::Cell,
            Type::Struct(_) => Access::Same { structs: true },
            Type::Array { elem, .. } => match innermost(elem) {
                Type::Struct(_) => Access::Same { structs: true },
                Type::Scalar(Scalar::U8 | Scalar::I8 | Scalar::U256) => Access::Same { structs: false },
                _ => {
                    let large = self.size(ty) > MAX_BY_VALUE;
                    Access::Array { flatten: large.then(|| self.flattened(elem).0) }
                }
            },
            Type::String { .. } => Access::Text,
            Type::Vec { elem, .. } => match innermost(elem) {
                Type::Struct(_) => Access::Slice { structs: true },
                Type::Scalar(Scalar::U8 | Scalar::I8 | Scalar::U256) => Access::Slice { structs: false },
                _ => Access::Elements,
            },
        }
    }

    /// The raw type of a field, with its presence byte where it is optional.
    pub fn raw_field(&self, field: &Field) -> String {
        let raw = self.raw(&field.ty);
        if field.optional { format!("::mycelium_wire::raw::Opt<{raw}, {}>", field.place.align - 1) } else { raw }
    }

    fn raw(&self, ty: &Type) -> String {
        match ty {
            Type::Scalar(Scalar::U8 | Scalar::I8 | Scalar::U256) => self.item(ty),
            Type::Scalar(Scalar::Bool) => "::mycelium_wire::raw::Bool".to_owned(),
            Type::Scalar(scalar) => format!("::mycelium_wire::raw::{}", scalar.name().to_ascii_uppercase()),
            Type::Enum(_) => format!("::mycelium_wire::raw::Enum<{}>", self.item(ty)),
            Type::Struct(id) => self.names.structs[id.0].twin.clone(),
            Type::Array { elem, len } => format!("[{}; {len}]", self.raw(elem)),
            Type::String { bound } => format!("::mycelium_wire::raw::Str<{bound}, {}>", self.rounding(ty)),
            Type::Vec { elem, bound } => {
                format!("::mycelium_wire::raw::List<{}, {bound}, {}>", self.raw(elem), self.rounding(ty))
            }
        }
    }

    /// Zero bytes after the last slot of a string or vector.
    fn rounding(&self, ty: &Type) -> u32 {
        let unrounded = layout::unrounded_size(ty, &self.schema.enums, &self.schema.structs);
        self.size(ty) - unrounded.unwrap_or_default()
    }

    fn size(&self, ty: &Type) -> u32 {
        // A resolved type has a size; a wrong one would fail the assertions in the generated code.
        layout::value(ty, &self.schema.enums, &self.schema.structs).map_or(0, |layout| layout.size)
    }

    /// A value on its own: in an array, a vector or an argument.
    pub fn item(&self, ty: &Type) -> String {
        match ty {
            Type::Scalar(Scalar::U256) => "::mycelium_wire::U256".to_owned(),
            Type::Scalar(scalar) => scalar.name().to_owned(),
            Type::Enum(id) => self.names.enums[id.0].clone(),
            Type::Struct(id) => self.names.structs[id.0].name.clone(),
            Type::Array { elem, len } => format!("[{}; {len}]", self.item(elem)),
            Type::String { .. } => "str".to_owned(),
            Type::Vec { elem, .. } => format!("[{}]", self.item(elem)),
        }
    }

    /// The argument for a field; whether it borrows with the lifetime `'a`.
    pub fn argument(&self, field: &Field) -> (String, bool) {
        let item = self.item(&field.ty);
        let borrows = !matches!(self.access(&field.ty), Access::Plain | Access::Cell);
        let argument = if borrows { format!("&'a {item}") } else { item };
        (optional(field, argument), borrows)
    }

    /// What the getter of a field returns.
    pub fn returned(&self, field: &Field) -> String {
        let item = match (self.access(&field.ty), &field.ty) {
            (Access::Plain | Access::Cell | Access::Array { flatten: None }, ty) => self.item(ty),
            (Access::Same { .. } | Access::Text | Access::Slice { .. }, ty) => format!("&{}", self.item(ty)),
            (Access::Array { .. }, Type::Array { elem, .. }) => elements(self.item(self.flattened(elem).1)),
            (_, Type::Vec { elem, .. }) => elements(self.item(elem)),
            (_, ty) => self.item(ty),
        };
        optional(field, item)
    }

    /// How often an array of `elem` has to be flattened until its elements can be returned by value, and those
    /// elements.
    fn flattened<'t>(&self, elem: &'t Type) -> (usize, &'t Type) {
        let (mut times, mut elem) = (0, elem);
        while self.size(elem) > MAX_BY_VALUE
            && let Type::Array { elem: inner, .. } = elem
        {
            times += 1;
            elem = inner;
        }
        (times, elem)
    }

    /// A type as a contract has it.
    pub fn written(&self, ty: &Type) -> String {
        match ty {
            Type::Scalar(scalar) => scalar.name().to_owned(),
            Type::Enum(id) => self.schema.enum_(*id).name.clone(),
            Type::Struct(id) => self.schema.struct_(*id).name.clone(),
            Type::Array { elem, len } => format!("[{}; {len}]", self.written(elem)),
            Type::String { bound } => format!("String<{bound}>"),
            Type::Vec { elem, bound } => format!("Vec<{}, {bound}>", self.written(elem)),
        }
    }

    /// Whether every value of raw bytes is one of this type's.
    pub fn is_total(&self, ty: &Type) -> bool {
        match innermost(ty) {
            Type::Scalar(scalar) => !matches!(scalar, Scalar::Bool | Scalar::F32),
            _ => false,
        }
    }
}

/// The element type under every level of arrays.
pub fn innermost(ty: &Type) -> &Type {
    match ty {
        Type::Array { elem, .. } => innermost(elem),
        _ => ty,
    }
}

fn elements(item: String) -> String {
    format!("::mycelium_wire::Elements<'_, {item}>")
}

fn optional(field: &Field, ty: String) -> String {
    if field.optional { format!("::core::option::Option<{ty}>") } else { ty }
}

impl Access {
    /// Reads a required field at `place`, which is `self.raw.NAME`.
    pub fn read(self, place: &str) -> Read {
        match self {
            Access::Plain => Read::Expression(place.to_owned()),
            Access::Cell => Read::Chain(place.to_owned(), "get()".to_owned()),
            Access::Same { structs: false } => Read::Expression(format!("&{place}")),
            Access::Same { structs: true } => Read::Method("inner", format!("&{place}")),
            Access::Array { flatten: None } => Read::Call("::mycelium_wire::raw::load", format!("&{place}")),
            Access::Array { flatten: Some(0) } => Read::Call("::mycelium_wire::Elements::new", format!("&{place}")),
            Access::Array { flatten: Some(times) } => {
                Read::Call("::mycelium_wire::Elements::new", format!("{place}{}", ".as_flattened()".repeat(times)))
            }
            Access::Text => Read::Method("text", format!("&{place}")),
            Access::Slice { structs: false } => Read::Chain(place.to_owned(), "elements()".to_owned()),
            Access::Slice { structs: true } => Read::Method("slice", format!("{place}.elements()")),
            Access::Elements => Read::Call("::mycelium_wire::Elements::new", format!("{place}.elements()")),
        }
    }

    /// Reads the `value` of an optional field, a reference; `None` if the reference itself is what is wanted.
    pub fn read_present(self) -> Option<String> {
        Some(match self {
            Access::Plain => "*value".to_owned(),
            Access::Cell => "value.get()".to_owned(),
            Access::Same { structs: false } => return None,
            Access::Same { structs: true } => "self.raw.inner(value)".to_owned(),
            Access::Array { flatten: None } => "::mycelium_wire::raw::load(value)".to_owned(),
            Access::Array { flatten: Some(times) } => {
                format!("::mycelium_wire::Elements::new(value{})", ".as_flattened()".repeat(times))
            }
            Access::Text => "self.raw.text(value)".to_owned(),
            Access::Slice { structs: false } => "value.elements()".to_owned(),
            Access::Slice { structs: true } => "self.raw.slice(value.elements())".to_owned(),
            Access::Elements => "::mycelium_wire::Elements::new(value.elements())".to_owned(),
        })
    }
}

/// An expression, by what rustfmt makes of it when it is long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Read {
    /// Anything short.
    Expression(String),
    /// A place and a call on it.
    Chain(String, String),
    /// A method of `self.raw` and its argument.
    Method(&'static str, String),
    /// A function and its argument.
    Call(&'static str, String),
}
