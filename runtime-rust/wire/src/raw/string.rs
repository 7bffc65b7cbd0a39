//! [`Str`]: the raw form of `String<N>`.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::{Raw, U16, Verdict, count, set_count};
use crate::bytes::{fill, is_ascii_then_zero, is_utf8, is_zero};
use crate::error::{Code, Fault};
use crate::utf8::is_utf8_in_zeros;

/// The length and the six zero bytes after it.
const PREFIX: usize = 8;

/// At most `N` bytes of UTF-8: `u16` length, six zero bytes, the text, then zeros. `PAD` is what
/// rounds the size up to an even number.
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct Str<const N: usize, const PAD: usize> {
    length: U16,
    zeros: [u8; 6],
    text: [u8; N],
    rounding: [u8; PAD],
}

impl<const N: usize, const PAD: usize> Str<N, PAD> {
    /// The bytes of the text; all of them if the length is over the bound.
    #[inline(always)]
    pub fn text(&self) -> &[u8] {
        self.text.get(..self.len()).unwrap_or(&self.text)
    }

    /// The length in bytes.
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.length.get().into()
    }

    /// Whether the text is empty.
    #[inline(always)]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Writes a text. One over the bound is not written at all: the value is then the empty text.
    #[inline(always)]
    pub fn set(&mut self, text: &str) {
        let text = if text.len() <= N { text.as_bytes() } else { &[] };
        set_count(self.as_mut_bytes(), text.len());
        fill(&mut self.text, text);
        self.rounding = [0; PAD];
    }
}

impl<const N: usize, const PAD: usize> Raw for Str<N, PAD> {
    const TOTAL: bool = false;

    #[inline]
    fn check(&self) -> Verdict {
        let Some(prefix) = self.as_bytes().first_chunk() else {
            return Err(Fault::new(Code::Length));
        };
        let length = count(prefix, N)?;
        // Most strings are short and ASCII: text and tail in one pass.
        if !is_ascii_then_zero(&self.text, length) {
            check_text(self.as_bytes(), PREFIX + N, length)?;
        }
        if self.rounding == [0; PAD] { Ok(()) } else { Err(Fault::new(Code::Padding)) }
    }
}

/// Text of any kind, then zeros, in the first `end` bytes of a string, whose prefix is fine.
#[inline(never)]
fn check_text(string: &[u8], end: usize, length: usize) -> Verdict {
    let Some((text, tail)) = string.get(PREFIX..end).and_then(|bytes| bytes.split_at_checked(length)) else {
        return Err(Fault::new(Code::Count));
    };
    let zero = is_zero(tail);
    // What is all right is seen the fast way; only what may not be is looked at closely.
    if zero && is_utf8_in_zeros(&string[..end], PREFIX, length) {
        Ok(())
    } else if !is_utf8(text) {
        Err(Fault::new(Code::Utf8))
    } else if !zero {
        Err(Fault::new(Code::Padding))
    } else {
        Ok(())
    }
}
