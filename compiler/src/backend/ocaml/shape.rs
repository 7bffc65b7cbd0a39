//! What a type is in OCaml: the one place that sorts the contract's types into OCaml's.

use crate::ir::{Enum, EnumId, Scalar, Schema, StructId, Type};
use crate::layout;

/// A type, as far as OCaml tells types apart.
#[derive(Clone, Copy, Debug)]
pub enum Shape<'a> {
    /// An integer of at most 32 bits: `int`. Its name is that of the runtime's functions.
    Int(Scalar),
    /// `U64.t`.
    U64,
    /// `int64`.
    I64,
    /// `float`, rounded.
    F32,
    /// `float`.
    F64,
    /// `bool`.
    Bool,
    /// `U256.t`.
    U256,
    /// `[u8; N]`: `string`.
    Octets { len: u32 },
    /// `String<N>`: `string`.
    Text { bound: u32 },
    /// `Vec<u8, N>`: `string`.
    Blob { bound: u32 },
    /// `array` of exactly `len` elements.
    Array { elem: &'a Type, len: u32 },
    /// `array` of at most `bound` elements.
    Vec { elem: &'a Type, bound: u32 },
    /// A variant.
    Enum(EnumId),
    /// A record.
    Struct(StructId),
}

/// The shape of a type.
pub fn shape(ty: &Type) -> Shape<'_> {
    match ty {
        Type::Scalar(Scalar::U64) => Shape::U64,
        Type::Scalar(Scalar::I64) => Shape::I64,
        Type::Scalar(Scalar::F32) => Shape::F32,
        Type::Scalar(Scalar::F64) => Shape::F64,
        Type::Scalar(Scalar::Bool) => Shape::Bool,
        Type::Scalar(Scalar::U256) => Shape::U256,
        Type::Scalar(scalar) => Shape::Int(*scalar),
        Type::Array { elem, len } if is_u8(elem) => Shape::Octets { len: *len },
        Type::Array { elem, len } => Shape::Array { elem, len: *len },
        Type::String { bound } => Shape::Text { bound: *bound },
        Type::Vec { elem, bound } if is_u8(elem) => Shape::Blob { bound: *bound },
        Type::Vec { elem, bound } => Shape::Vec { elem, bound: *bound },
        Type::Enum(id) => Shape::Enum(*id),
        Type::Struct(id) => Shape::Struct(*id),
    }
}

fn is_u8(ty: &Type) -> bool {
    matches!(ty, Type::Scalar(Scalar::U8))
}

/// What the code for one composite needs to know of the whole schema, worked out once.
#[derive(Debug)]
pub struct Context<'a> {
    /// The schema.
    pub schema: &'a Schema,
    /// Names worked out once.
    pub facts: &'a Facts,
}

/// What is worked out once for a schema.
#[derive(Debug)]
pub struct Facts {
    /// Modules of the enums, by id.
    pub enums: Vec<String>,
    /// Modules of the structs, by id.
    pub structs: Vec<String>,
    /// Modules of the messages, in order.
    pub messages: Vec<String>,
    /// Of each struct: whether bytes can be wrong for it.
    pub fallible: Vec<bool>,
}

impl Facts {
    /// Works them out.
    pub fn of(schema: &Schema) -> Self {
        use super::names::module;
        let mut facts = Self {
            enums: schema.enums.iter().map(|item| module(&item.name)).collect(),
            structs: schema.structs.iter().map(|item| module(&item.name)).collect(),
            messages: schema.messages.iter().map(|item| module(&item.name)).collect(),
            fallible: Vec::with_capacity(schema.structs.len()),
        };
        // A struct comes after those it contains.
        for item in &schema.structs {
            let fallible = item.fields.iter().any(|field| {
                field.optional
                    || !field.rules.is_empty()
                    || field.place.padding_after > 0
                    || is_fallible(&field.ty, &facts.fallible)
            });
            facts.fallible.push(fallible);
        }
        facts
    }
}

/// Whether there are bytes of the right number that are no value of the type.
fn is_fallible(ty: &Type, structs: &[bool]) -> bool {
    match shape(ty) {
        Shape::Int(_) | Shape::U64 | Shape::I64 | Shape::F64 | Shape::U256 | Shape::Octets { .. } => false,
        Shape::F32 | Shape::Bool | Shape::Enum(_) => true,
        Shape::Text { .. } | Shape::Blob { .. } | Shape::Vec { .. } => true,
        Shape::Array { elem, .. } => is_fallible(elem, structs),
        Shape::Struct(id) => structs.get(id.0).copied().unwrap_or(true),
    }
}

impl<'a> Context<'a> {
    /// Whether there are bytes of the right number that are no value of the type.
    pub fn is_fallible(&self, ty: &Type) -> bool {
        is_fallible(ty, &self.facts.fallible)
    }

    /// Bytes of one value of the type.
    pub fn size(&self, ty: &Type) -> u32 {
        layout::value(ty, &self.schema.enums, &self.schema.structs).map_or(0, |layout| layout.size)
    }

    /// The module of an enum.
    pub fn enum_module(&self, id: EnumId) -> &'a str {
        &self.facts.enums[id.0]
    }

    /// The module of a struct.
    pub fn struct_module(&self, id: StructId) -> &'a str {
        &self.facts.structs[id.0]
    }

    /// The enum itself.
    pub fn enum_(&self, id: EnumId) -> &'a Enum {
        self.schema.enum_(id)
    }

    /// The type in OCaml.
    pub fn type_of(&self, ty: &Type) -> String {
        match shape(ty) {
            Shape::Int(_) => "int".into(),
            Shape::U64 => "Mycelium_wire.U64.t".into(),
            Shape::I64 => "int64".into(),
            Shape::F32 | Shape::F64 => "float".into(),
            Shape::Bool => "bool".into(),
            Shape::U256 => "Mycelium_wire.U256.t".into(),
            Shape::Octets { .. } | Shape::Text { .. } | Shape::Blob { .. } => "string".into(),
            Shape::Array { elem, .. } | Shape::Vec { elem, .. } => self.type_of(elem) + " array",
            Shape::Enum(id) => format!("{}.t", self.enum_module(id)),
            Shape::Struct(id) => format!("{}.t", self.struct_module(id)),
        }
    }

    /// The type as the contract has it, for documentation.
    pub fn contract_type(&self, ty: &Type) -> String {
        match ty {
            Type::Scalar(scalar) => scalar.name().into(),
            Type::Array { elem, len } => format!("[{}; {len}]", self.contract_type(elem)),
            Type::String { bound } => format!("String<{bound}>"),
            Type::Vec { elem, bound } => format!("Vec<{}, {bound}>", self.contract_type(elem)),
            Type::Enum(id) => self.enum_(*id).name.clone(),
            Type::Struct(id) => self.schema.struct_(*id).name.clone(),
        }
    }
}
