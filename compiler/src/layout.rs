//! Sizes, alignments, offsets and padding: the only arithmetic of that kind in the project.
//! The rules are the wire format's: `repr(C)` with every padding byte explicit.

use std::collections::BTreeMap;

use crate::ir::{Enum, Field, Layout, Place, Scalar, Struct, Type};

/// Bytes of the length of a string or the count of a vector, with its zero bytes.
pub const LENGTH_PREFIX: u32 = 8;

/// Bytes of the length or count itself; the rest of [`LENGTH_PREFIX`] is zero.
pub const LENGTH_SIZE: u32 = 2;

/// Bytes that say whether an optional is present.
pub const PRESENCE_SIZE: u32 = 1;

/// The largest payload of a message, in bytes.
pub const MAX_MESSAGE_SIZE: u32 = 4_194_304;

/// Why a layout does not exist: it is larger than [`MAX_MESSAGE_SIZE`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLarge {
    /// The size it would have, in bytes; `u128::MAX` stands for all that is larger.
    pub size: u128,
}

/// A size that may be larger than allowed, and an alignment.
#[derive(Clone, Copy)]
struct Extent {
    size: u128,
    align: u32,
}

impl Extent {
    fn within_limit(self) -> Result<Layout, TooLarge> {
        match u32::try_from(self.size) {
            Ok(size) if size <= MAX_MESSAGE_SIZE => Ok(Layout { size, align: self.align }),
            _ => Err(TooLarge { size: self.size }),
        }
    }
}

impl From<Layout> for Extent {
    fn from(layout: Layout) -> Self {
        Self { size: layout.size.into(), align: layout.align }
    }
}

/// `value` rounded up to a multiple of `align`.
fn round_up(value: u128, align: u32) -> u128 {
    value.checked_next_multiple_of(u128::from(align)).unwrap_or(u128::MAX)
}

/// Layout of a scalar.
pub fn scalar(scalar: Scalar) -> Layout {
    let (size, align) = match scalar {
        Scalar::U8 | Scalar::I8 | Scalar::Bool => (1, 1),
        Scalar::U16 | Scalar::I16 => (2, 2),
        Scalar::U32 | Scalar::I32 | Scalar::F32 => (4, 4),
        Scalar::U64 | Scalar::I64 | Scalar::F64 => (8, 8),
        Scalar::U256 => (32, 1),
    };
    Layout { size, align }
}

/// Layout of a present value of type `ty`. `structs` and `enums` are those the type's ids index;
/// the structs it reaches must have their layouts already.
pub fn value(ty: &Type, enums: &[Enum], structs: &[Struct]) -> Result<Layout, TooLarge> {
    extent(ty, enums, structs).within_limit()
}

/// Bytes from the start of a string or vector value to the end of its last slot, before rounding.
pub fn unrounded_size(ty: &Type, enums: &[Enum], structs: &[Struct]) -> Result<u32, TooLarge> {
    Extent { align: 1, ..unrounded(ty, enums, structs) }.within_limit().map(|layout| layout.size)
}

fn extent(ty: &Type, enums: &[Enum], structs: &[Struct]) -> Extent {
    let Extent { size, align } = unrounded(ty, enums, structs);
    Extent { size: round_up(size, align), align }
}

/// Size before rounding, and alignment.
fn unrounded(ty: &Type, enums: &[Enum], structs: &[Struct]) -> Extent {
    match ty {
        Type::Scalar(s) => scalar(*s).into(),
        Type::Enum(id) => scalar(enums[id.0].repr).into(),
        Type::Struct(id) => structs[id.0].layout.into(),
        Type::Array { elem, len } => {
            let elem = extent(elem, enums, structs);
            Extent { size: elem.size.saturating_mul((*len).into()), align: elem.align }
        }
        Type::String { bound } => Extent { size: u128::from(LENGTH_PREFIX) + u128::from(*bound), align: LENGTH_SIZE },
        Type::Vec { elem, bound } => {
            let elem = extent(elem, enums, structs);
            let slots = elem.size.saturating_mul((*bound).into());
            Extent { size: slots.saturating_add(LENGTH_PREFIX.into()), align: elem.align.max(LENGTH_SIZE) }
        }
    }
}

/// Gives every field its [`Place`] and returns the layout of the whole.
pub fn composite(fields: &mut [Field], enums: &[Enum], structs: &[Struct]) -> Result<Layout, TooLarge> {
    let mut end = 0u128;
    let mut align = 1;
    for field in fields.iter_mut() {
        let value = extent(&field.ty, enums, structs);
        let value_at = if field.optional { round_up(PRESENCE_SIZE.into(), value.align) } else { 0 };
        let offset = round_up(end, value.align);
        let size = round_up(value_at.saturating_add(value.size), value.align);
        end = offset.saturating_add(size);
        align = align.max(value.align);
        // Truncated only where the whole is too large, and then nobody reads it.
        field.place = Place {
            offset: offset as u32,
            size: size as u32,
            align: value.align,
            value_offset: offset.saturating_add(value_at) as u32,
            value_size: value.size as u32,
            padding_after: 0,
        };
    }
    let layout = Extent { size: round_up(end, align), align }.within_limit()?;
    let mut next = layout.size;
    for field in fields.iter_mut().rev() {
        field.place.padding_after = next - (field.place.offset + field.place.size);
        next = field.place.offset;
    }
    Ok(layout)
}

/// What some bytes of a field are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// The presence byte of an optional.
    Presence,
    /// The length of a string or the count of a vector.
    Length,
    /// The value: of a string or vector all its slots.
    Value,
    /// Always zero.
    Padding,
}

/// Bytes of a field that are for one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// What for.
    pub usage: Use,
    /// The first byte, counted from the start of the message or struct.
    pub offset: u32,
    /// How many bytes; never 0.
    pub size: u32,
}

/// A field's bytes by what they are for, in order and without gaps: from its offset to the next
/// field or the end of the message or struct. The bytes of a struct are all value.
pub fn pieces(field: &Field, enums: &[Enum], structs: &[Struct]) -> Result<Vec<Piece>, TooLarge> {
    let place = &field.place;
    let mut ends = Vec::with_capacity(6);
    if field.optional {
        ends.push((Use::Presence, place.offset + 1));
        ends.push((Use::Padding, place.value_offset));
    }
    if matches!(field.ty, Type::String { .. } | Type::Vec { .. }) {
        ends.push((Use::Length, place.value_offset + LENGTH_SIZE));
        ends.push((Use::Padding, place.value_offset + LENGTH_PREFIX));
    }
    ends.push((Use::Value, place.value_offset + unrounded_size(&field.ty, enums, structs)?));
    ends.push((Use::Padding, place.offset + place.size + place.padding_after));
    let mut offset = place.offset;
    let piece = |(usage, end): (Use, u32)| {
        let piece = Piece { usage, offset, size: end - offset };
        offset = end;
        piece
    };
    Ok(ends.into_iter().map(piece).filter(|piece| piece.size > 0).collect())
}

/// How many bytes of a message or struct are zero whatever its values are, those inside of structs and in every slot of
/// a vector included.
pub fn padding(fields: &[Field], enums: &[Enum], structs: &[Struct]) -> u32 {
    of_fields(fields, enums, structs, &mut BTreeMap::new())
}

/// `known`: what was found for structs already, by index.
fn of_fields(fields: &[Field], enums: &[Enum], structs: &[Struct], known: &mut BTreeMap<usize, u32>) -> u32 {
    let own = |field: &Field| -> u32 {
        // A schema whose types are too large does not exist.
        let pieces = pieces(field, enums, structs).unwrap_or_default();
        pieces.iter().filter(|piece| piece.usage == Use::Padding).map(|piece| piece.size).sum()
    };
    fields.iter().map(|field| own(field).saturating_add(of_value(&field.ty, enums, structs, known))).sum()
}

/// The same within a value, but for what [`pieces`] has of a string or vector.
fn of_value(ty: &Type, enums: &[Enum], structs: &[Struct], known: &mut BTreeMap<usize, u32>) -> u32 {
    match ty {
        Type::Scalar(_) | Type::Enum(_) | Type::String { .. } => 0,
        Type::Array { elem, len: count } | Type::Vec { elem, bound: count } => {
            of_value(elem, enums, structs, known).saturating_mul(*count)
        }
        Type::Struct(id) => match known.get(&id.0) {
            Some(padding) => *padding,
            None => {
                let padding = of_fields(&structs[id.0].fields, enums, structs, known);
                known.insert(id.0, padding);
                padding
            }
        },
    }
}

/// Bytes between the presence byte of an optional field and its value.
pub fn gap(place: &Place) -> u32 {
    (place.value_offset - place.offset).saturating_sub(1)
}

/// One past the field's last byte: where the padding after it begins.
pub fn end(place: &Place) -> u32 {
    place.offset + place.size
}

/// One past the last byte of the field's value.
pub fn value_end(place: &Place) -> u32 {
    place.value_offset + place.value_size
}

/// One past the padding after the field: where the next field begins, or the message or struct ends.
pub fn next(place: &Place) -> u32 {
    end(place) + place.padding_after
}

/// Offset of the first slot of a vector, or the first byte of a string, at `offset`.
pub fn first_slot(offset: u32) -> u32 {
    offset + LENGTH_PREFIX
}
