//! [`Opt`]: the raw form of an optional field.

use zerocopy::{FromBytes, FromZeros, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::{Raw, Verdict};
use crate::bytes::is_zero;
use crate::error::{Code, Fault};

/// A presence byte, `GAP` zero bytes up to the alignment of the value, the value or zeros.
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct Opt<R, const GAP: usize> {
    presence: u8,
    gap: [u8; GAP],
    value: R,
}

impl<R: Raw, const GAP: usize> Opt<R, GAP> {
    /// The value, where there is one.
    #[inline(always)]
    pub fn present(&self) -> Option<&R> {
        if self.presence == 0 { None } else { Some(&self.value) }
    }

    /// Writes that there is a value, which the caller writes next.
    #[inline(always)]
    pub fn some(&mut self) -> &mut R {
        self.presence = 1;
        self.gap = [0; GAP];
        &mut self.value
    }

    /// Writes that there is no value.
    #[inline(always)]
    pub fn none(&mut self) {
        self.as_mut_bytes().zero();
    }
}

impl<R: Raw, const GAP: usize> Raw for Opt<R, GAP> {
    const TOTAL: bool = false;

    #[inline]
    fn check(&self) -> Verdict {
        if self.presence > 1 {
            return Err(Fault::new(Code::Presence));
        }
        if self.gap != [0; GAP] {
            return Err(Fault::new(Code::Padding));
        }
        if self.presence == 1 {
            self.value.check()
        } else if is_zero(self.value.as_bytes()) {
            Ok(())
        } else {
            Err(Fault::new(Code::Padding))
        }
    }
}
