//! What generated code is made of: raw types of every contract type, and the checks on them. **Not part of the
//! public interface**: anything here may change with the compiler that generates calls to it.
//!
//! Raw types have alignment 1 and accept any bytes; [`Raw::check`] says whether the bytes are a value.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

pub use crate::cast::{Checked, Twin, Valid, clone_boxed, decode, encode_into, new_boxed, read_boxed};
pub use crate::elements::{load, store};
pub use crate::error::{Code, Fault};
pub use zerocopy::little_endian::{F64, I16, I32, I64, U16, U32, U64};

mod list;
mod optional;
mod scalar;
mod string;
#[cfg(test)]
mod tests;

pub use list::List;
pub use optional::Opt;
pub use scalar::{Bool, Enum, Enumeration, F32, Number};
pub use string::Str;

/// What a check says. Nothing is allocated where all is well.
pub type Verdict = Result<(), Fault>;

/// A raw type: plain old data with alignment 1.
pub trait Raw: 'static + FromBytes + IntoBytes + Immutable + KnownLayout + Unaligned {
    /// Whether [`Raw::check`] accepts anything, so that long runs need not be looked at.
    const TOTAL: bool;

    /// Whether the bytes are a value: everything that the wire format checks inside a field, in its order.
    fn check(&self) -> Verdict;
}

macro_rules! total {
    ($($raw:ty)*) => {$(
        impl Raw for $raw {
            const TOTAL: bool = true;

            #[inline(always)]
            fn check(&self) -> Verdict {
                Ok(())
            }
        }
    )*};
}

total! { u8 i8 U16 I16 U32 I32 U64 I64 F64 crate::U256 }

impl<R: Raw, const N: usize> Raw for [R; N] {
    const TOTAL: bool = R::TOTAL;

    #[inline]
    fn check(&self) -> Verdict {
        elements(self)
    }
}

/// Checks elements in order.
#[inline]
fn elements<R: Raw>(elements: &[R]) -> Verdict {
    if !R::TOTAL {
        for (index, element) in elements.iter().enumerate() {
            if let Err(fault) = element.check() {
                return Err(fault.in_element(index));
            }
        }
    }
    Ok(())
}

/// The check of the field `name`.
#[inline(always)]
pub fn check<R: Raw>(value: &R, name: &str) -> Verdict {
    match value.check() {
        Ok(()) => Ok(()),
        Err(fault) => Err(fault.in_field(name)),
    }
}

/// A rule on the field `name`.
#[inline(always)]
pub fn rule(holds: bool, rule: &'static str, name: &str) -> Verdict {
    if holds { Ok(()) } else { Err(Fault::of(Code::Rule(rule), name)) }
}

/// The bound on a string's bytes or a vector's elements, of an argument.
#[inline(always)]
pub fn bound(length: usize, bound: usize, name: &str) -> Verdict {
    if length <= bound { Ok(()) } else { Err(Fault::of(Code::Count, name)) }
}

/// The padding after the field `name`.
#[inline(always)]
pub fn padding<const N: usize>(padding: &[u8; N], name: &str) -> Verdict {
    if *padding == [0; N] { Ok(()) } else { Err(Fault::of(Code::Padding, name)) }
}

/// Whether bytes are all zero, for the rule `not_zero`.
#[inline]
pub fn is_zero(bytes: &[u8]) -> bool {
    crate::bytes::is_zero(bytes)
}

/// Writes a value whose layout is its raw type's.
#[inline(always)]
pub fn copy<T: Checked<R> + IntoBytes + Immutable, R: Raw>(to: &mut R, from: &T) {
    to.as_mut_bytes().copy_from_slice(from.as_bytes());
}

/// Reads the count before a string or vector: `Ok` if it is at most `bound` and the six bytes
/// after it are zero.
#[inline(always)]
fn count(prefix: &[u8; 8], bound: usize) -> Result<usize, Fault> {
    let word = u64::from_le_bytes(*prefix);
    if word <= bound as u64 {
        Ok(word as usize)
    } else if word & 0xffff > bound as u64 {
        Err(Fault::new(Code::Count))
    } else {
        Err(Fault::new(Code::Padding))
    }
}

/// Writes the count before a string or vector, and the six zero bytes after it.
#[inline(always)]
fn set_count(value: &mut [u8], count: usize) {
    if let Some(prefix) = value.first_chunk_mut() {
        *prefix = (count as u64).to_le_bytes();
    }
}

/// The failure of the enum over all messages.
#[cold]
pub fn unknown_type() -> crate::DecodeError {
    Fault::new(Code::UnknownType).into()
}

/// Marks generated message types: nothing else implements [`crate::Message`].
///
/// # Safety
/// The type is `repr(transparent)` over a checked twin of `Message::SIZE` bytes, and it owns nothing else: a copy of a
/// value's bytes is a value. `Message::decode` and `Message::encode_into` accept bytes only if they are a value.
pub unsafe trait Generated {}

/// Whether a text is in a list, for the rule `one_of`.
#[inline]
pub fn one_of(text: &[u8], list: &[&str]) -> bool {
    list.iter().any(|allowed| allowed.as_bytes() == text)
}
