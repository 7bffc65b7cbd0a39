//! What a contract's type is in Rust: the raw type in the twin, the argument, what a getter returns, and how one is
//! turned into the other.

use super::code::push;
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

    /// Appends the raw type of a field, with its presence byte where it is optional.
    pub fn raw_field(&self, out: &mut String, field: &Field) {
        if field.optional {
            out.push_str("::mycelium_wire::raw::Opt<");
            self.raw(out, &field.ty);
            push(out, &[", ", &(field.place.align - 1).to_string(), ">"]);
        } else {
            self.raw(out, &field.ty);
        }
    }

    fn raw(&self, out: &mut String, ty: &Type) {
        match ty {
            Type::Scalar(scalar) => out.push_str(raw_scalar(*scalar)),
            Type::Enum(id) => push(out, &["::mycelium_wire::raw::Enum<", &self.names.enums[id.0], ">"]),
            Type::Struct(id) => out.push_str(&self.names.structs[id.0].twin),
            Type::Array { elem, len } => {
                out.push('[');
                self.raw(out, elem);
                push(out, &["; ", &len.to_string(), "]"]);
            }
            Type::String { bound } => {
                let rounding = self.rounding(ty).to_string();
                push(out, &["::mycelium_wire::raw::Str<", &bound.to_string(), ", ", &rounding, ">"]);
            }
            Type::Vec { elem, bound } => {
                let rounding = self.rounding(ty).to_string();
                out.push_str("::mycelium_wire::raw::List<");
                self.raw(out, elem);
                push(out, &[", ", &bound.to_string(), ", ", &rounding, ">"]);
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

    /// Appends the type of a value on its own: in an array, a vector or an argument.
    pub fn item(&self, out: &mut String, ty: &Type) {
        match ty {
            Type::Scalar(Scalar::U256) => out.push_str("::mycelium_wire::U256"),
            Type::Scalar(scalar) => out.push_str(scalar.name()),
            Type::Enum(id) => out.push_str(&self.names.enums[id.0]),
            Type::Struct(id) => out.push_str(&self.names.structs[id.0].name),
            Type::Array { elem, len } => {
                out.push('[');
                self.item(out, elem);
                push(out, &["; ", &len.to_string(), "]"]);
            }
            Type::String { .. } => out.push_str("str"),
            Type::Vec { elem, .. } => {
                out.push('[');
                self.item(out, elem);
                out.push(']');
            }
        }
    }

    /// Appends the type of the argument for a field.
    pub fn argument(&self, out: &mut String, field: &Field, access: Access) {
        optional(out, field, |out| {
            if access.borrows() {
                out.push_str("&'a ");
            }
            self.item(out, &field.ty);
        });
    }

    /// Appends what the getter of a field returns.
    pub fn returned(&self, out: &mut String, field: &Field, access: Access) {
        optional(out, field, |out| match (access, &field.ty) {
            (Access::Plain | Access::Cell | Access::Array { flatten: None }, ty) => self.item(out, ty),
            (Access::Array { .. }, Type::Array { elem, .. }) => self.elements(out, self.flattened(elem).1),
            (Access::Elements, Type::Vec { elem, .. }) => self.elements(out, elem),
            (_, ty) => {
                out.push('&');
                self.item(out, ty);
            }
        });
    }

    fn elements(&self, out: &mut String, elem: &Type) {
        out.push_str("::mycelium_wire::Elements<'_, ");
        self.item(out, elem);
        out.push('>');
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

    /// Appends a type as a contract has it.
    pub fn written(&self, out: &mut String, ty: &Type) {
        match ty {
            Type::Scalar(scalar) => out.push_str(scalar.name()),
            Type::Enum(id) => out.push_str(&self.schema.enum_(*id).name),
            Type::Struct(id) => out.push_str(&self.schema.struct_(*id).name),
            Type::Array { elem, len } => {
                out.push('[');
                self.written(out, elem);
                push(out, &["; ", &len.to_string(), "]"]);
            }
            Type::String { bound } => push(out, &["String<", &bound.to_string(), ">"]),
            Type::Vec { elem, bound } => {
                out.push_str("Vec<");
                self.written(out, elem);
                push(out, &[", ", &bound.to_string(), ">"]);
            }
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

fn optional(out: &mut String, field: &Field, ty: impl FnOnce(&mut String)) {
    if field.optional {
        out.push_str("::core::option::Option<");
        ty(out);
        out.push('>');
    } else {
        ty(out);
    }
}

fn raw_scalar(scalar: Scalar) -> &'static str {
    match scalar {
        Scalar::U8 => "u8",
        Scalar::U16 => "::mycelium_wire::raw::U16",
        Scalar::U32 => "::mycelium_wire::raw::U32",
        Scalar::U64 => "::mycelium_wire::raw::U64",
        Scalar::I8 => "i8",
        Scalar::I16 => "::mycelium_wire::raw::I16",
        Scalar::I32 => "::mycelium_wire::raw::I32",
        Scalar::I64 => "::mycelium_wire::raw::I64",
        Scalar::F32 => "::mycelium_wire::raw::F32",
        Scalar::F64 => "::mycelium_wire::raw::F64",
        Scalar::Bool => "::mycelium_wire::raw::Bool",
        Scalar::U256 => "::mycelium_wire::U256",
    }
}

impl Access {
    /// Whether the argument is a reference.
    pub fn borrows(self) -> bool {
        !matches!(self, Access::Plain | Access::Cell)
    }
}
