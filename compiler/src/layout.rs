//! Sizes, alignments, offsets and padding: the only arithmetic of that kind in the project.
//! The rules are the wire format's: `repr(C)` with every padding byte explicit.

use crate::ir::{Enum, Field, Layout, Place, Scalar, Struct, Type};

/// Bytes of the length of a string or the count of a vector, with its zero bytes.
pub const LENGTH_PREFIX: u32 = 8;

/// Bytes of the length or count itself; the rest of [`LENGTH_PREFIX`] is zero.
pub const LENGTH_SIZE: u32 = 2;

/// The largest payload of a message, in bytes.
pub const MAX_MESSAGE_SIZE: u32 = 4_194_304;

/// Why a layout does not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLarge;

/// `value` rounded up to a multiple of `align`.
fn round_up(value: u64, align: u32) -> u64 {
    value.next_multiple_of(u64::from(align))
}

fn sized(size: u64, align: u32) -> Result<Layout, TooLarge> {
    match u32::try_from(size) {
        Ok(size) if size <= MAX_MESSAGE_SIZE => Ok(Layout { size, align }),
        _ => Err(TooLarge),
    }
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
    match ty {
        Type::Scalar(s) => Ok(scalar(*s)),
        Type::Enum(id) => Ok(scalar(enums[id.0].repr)),
        Type::Struct(id) => Ok(structs[id.0].layout),
        Type::Array { elem, len } => {
            let elem = value(elem, enums, structs)?;
            sized(u64::from(elem.size) * u64::from(*len), elem.align)
        }
        Type::String { bound } => {
            let align = 2;
            sized(round_up(u64::from(LENGTH_PREFIX) + u64::from(*bound), align), align)
        }
        Type::Vec { elem, bound } => {
            let elem = value(elem, enums, structs)?;
            let align = elem.align.max(2);
            let slots = u64::from(elem.size) * u64::from(*bound);
            sized(round_up(u64::from(LENGTH_PREFIX) + slots, align), align)
        }
    }
}

/// Bytes from the start of a string or vector value to the end of its last slot, before rounding.
pub fn unrounded_size(ty: &Type, enums: &[Enum], structs: &[Struct]) -> Result<u32, TooLarge> {
    match ty {
        Type::String { bound } => Ok(LENGTH_PREFIX + bound),
        Type::Vec { elem, bound } => {
            let elem = value(elem, enums, structs)?;
            let slots = u64::from(elem.size) * u64::from(*bound);
            sized(u64::from(LENGTH_PREFIX) + slots, 1).map(|layout| layout.size)
        }
        _ => value(ty, enums, structs).map(|layout| layout.size),
    }
}

/// Gives every field its [`Place`] and returns the layout of the whole.
pub fn composite(fields: &mut [Field], enums: &[Enum], structs: &[Struct]) -> Result<Layout, TooLarge> {
    let mut end = 0u64;
    let mut align = 1;
    for field in fields.iter_mut() {
        let value = value(&field.ty, enums, structs)?;
        let offset = round_up(end, value.align);
        let (value_offset, size) = if field.optional {
            let value_at = round_up(1, value.align);
            (offset + value_at, round_up(value_at + u64::from(value.size), value.align))
        } else {
            (offset, u64::from(value.size))
        };
        end = offset + size;
        sized(end, 1)?;
        align = align.max(value.align);
        field.place = Place {
            offset: offset as u32,
            size: size as u32,
            align: value.align,
            value_offset: value_offset as u32,
            value_size: value.size,
            padding_after: 0,
        };
    }
    let layout = sized(round_up(end, align), align)?;
    let mut next = layout.size;
    for field in fields.iter_mut().rev() {
        field.place.padding_after = next - (field.place.offset + field.place.size);
        next = field.place.offset;
    }
    Ok(layout)
}
