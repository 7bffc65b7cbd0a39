//! [`List`]: the raw form of `Vec<T, N>`.

use zerocopy::{FromBytes, FromZeros, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::{Checked, Raw, U16, Verdict, count, elements, set_count};
use crate::bytes::{is_zero, is_zero_from};
use crate::elements::Element;
use crate::error::{Code, Fault};

/// At most `N` elements: `u16` count, six zero bytes, the slots, unused ones zero. `PAD` is what
/// rounds the size up to the alignment.
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct List<R, const N: usize, const PAD: usize> {
    count: U16,
    zeros: [u8; 6],
    slots: [R; N],
    rounding: [u8; PAD],
}

impl<R: Raw, const N: usize, const PAD: usize> List<R, N, PAD> {
    /// The elements; all slots if the count is over the bound.
    #[inline(always)]
    pub fn elements(&self) -> &[R] {
        self.slots.get(..self.len()).unwrap_or(&self.slots)
    }

    /// The number of elements.
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.count.get().into()
    }

    /// Whether there are no elements.
    #[inline(always)]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Writes elements that are converted one by one. More than the bound are not written at
    /// all: the value is then the empty vector.
    #[inline]
    pub fn set<T: Element<Raw = R>>(&mut self, elements: &[T]) {
        for (slot, element) in self.begin(elements.len()).iter_mut().zip(elements) {
            element.store(slot);
        }
    }

    /// Writes elements that have the layout of their slots. More than the bound are not written
    /// at all: the value is then the empty vector.
    #[inline]
    pub fn copy<T: Checked<R> + IntoBytes + Immutable>(&mut self, elements: &[T]) {
        let slots = self.begin(elements.len()).as_mut_bytes();
        // The lengths differ if there were too many.
        if let Some(slots) = slots.get_mut(..size_of_val(elements)) {
            slots.copy_from_slice(elements.as_bytes());
        }
    }

    /// Writes everything but the first `count` slots, which are given back; none if that is over
    /// the bound.
    #[inline(always)]
    fn begin(&mut self, count: usize) -> &mut [R] {
        let count = if count <= N { count } else { 0 };
        set_count(self.as_mut_bytes(), count);
        self.rounding.zero();
        let (used, unused) = self.slots.split_at_mut(count);
        unused.as_mut_bytes().zero();
        used
    }
}

impl<R: Raw, const N: usize, const PAD: usize> Raw for List<R, N, PAD> {
    const TOTAL: bool = false;

    #[inline]
    fn check(&self) -> Verdict {
        let Some(prefix) = self.as_bytes().first_chunk() else {
            return Err(Fault::new(Code::Length));
        };
        let count = count(prefix, N)?;
        elements(self.elements())?;
        if is_zero_from(self.slots.as_bytes(), count * size_of::<R>()) && is_zero(&self.rounding) {
            Ok(())
        } else {
            Err(Fault::new(Code::Padding))
        }
    }
}
