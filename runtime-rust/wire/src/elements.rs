//! [`Elements`]: arrays and vectors whose elements are converted as they are read.

use alloc::vec::Vec;
use core::{fmt, iter, slice};

use crate::U256;
use crate::raw::{Bool, Enum, Enumeration, F32, F64, I16, I32, I64, Raw, U16, U32, U64};

/// A type of the generated interface that stands in an array or vector: numbers, booleans,
/// enums, and arrays of them. Implemented for these; not meant to be implemented by others.
pub trait Element: Copy + 'static {
    /// What it is on the wire.
    #[doc(hidden)]
    type Raw: Raw;

    /// Reads one.
    #[doc(hidden)]
    fn load(raw: &Self::Raw) -> Self;

    /// Writes one.
    #[doc(hidden)]
    fn store(&self, raw: &mut Self::Raw);
}

macro_rules! plain {
    ($($plain:ty)*) => {$(
        impl Element for $plain {
            type Raw = $plain;

            #[inline(always)]
            fn load(raw: &$plain) -> $plain {
                *raw
            }

            #[inline(always)]
            fn store(&self, raw: &mut $plain) {
                *raw = *self;
            }
        }
    )*};
}

macro_rules! converted {
    ($($native:ident => $raw:ident,)*) => {$(
        impl Element for $native {
            type Raw = $raw;

            #[inline(always)]
            fn load(raw: &$raw) -> $native {
                raw.get()
            }

            #[inline(always)]
            fn store(&self, raw: &mut $raw) {
                raw.set(*self);
            }
        }
    )*};
}

plain! { u8 i8 U256 }

converted! {
    u16 => U16, u32 => U32, u64 => U64,
    i16 => I16, i32 => I32, i64 => I64,
    f32 => F32, f64 => F64, bool => Bool,
}

impl<E: Enumeration> Element for E {
    type Raw = Enum<E>;

    #[inline(always)]
    fn load(raw: &Enum<E>) -> E {
        raw.get()
    }

    #[inline(always)]
    fn store(&self, raw: &mut Enum<E>) {
        raw.set(*self);
    }
}

impl<T: Element, const N: usize> Element for [T; N] {
    type Raw = [T::Raw; N];

    #[inline]
    fn load(raw: &[T::Raw; N]) -> [T; N] {
        core::array::from_fn(|index| T::load(&raw[index]))
    }

    #[inline]
    fn store(&self, raw: &mut [T::Raw; N]) {
        for (raw, value) in raw.iter_mut().zip(self) {
            value.store(raw);
        }
    }
}

/// Reads a number, boolean, enum or array of them.
#[doc(hidden)]
#[inline(always)]
pub fn load<T: Element>(raw: &T::Raw) -> T {
    T::load(raw)
}

/// Writes a number, boolean, enum or array of them.
#[doc(hidden)]
#[inline(always)]
pub fn store<T: Element>(raw: &mut T::Raw, value: &T) {
    value.store(raw);
}

/// The elements of a vector, or of an array of more than 64 KiB, still on the wire: each is
/// converted when it is read, nothing is copied.
pub struct Elements<'a, T: Element>(&'a [T::Raw]);

impl<'a, T: Element> Elements<'a, T> {
    /// Wraps checked raw elements.
    #[doc(hidden)]
    #[inline(always)]
    pub fn new(raw: &'a [T::Raw]) -> Self {
        Self(raw)
    }

    /// The number of elements.
    #[inline]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The element at `index`, if there are that many.
    #[inline]
    pub fn get(&self, index: usize) -> Option<T> {
        self.0.get(index).map(T::load)
    }

    /// The elements in order.
    #[inline]
    pub fn iter(&self) -> ElementsIter<'a, T> {
        ElementsIter(self.0.iter())
    }

    /// The elements in a vector of their own.
    pub fn to_vec(&self) -> Vec<T> {
        self.iter().collect()
    }
}

impl<T: Element> Clone for Elements<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Element> Copy for Elements<'_, T> {}

impl<T: Element + fmt::Debug> fmt::Debug for Elements<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self).finish()
    }
}

impl<T: Element + PartialEq> PartialEq for Elements<'_, T> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(*other)
    }
}

impl<T: Element + PartialEq> PartialEq<[T]> for Elements<'_, T> {
    fn eq(&self, other: &[T]) -> bool {
        self.iter().eq(other.iter().copied())
    }
}

impl<T: Element + PartialEq> PartialEq<&[T]> for Elements<'_, T> {
    fn eq(&self, other: &&[T]) -> bool {
        *self == **other
    }
}

impl<T: Element + PartialEq, const N: usize> PartialEq<[T; N]> for Elements<'_, T> {
    fn eq(&self, other: &[T; N]) -> bool {
        *self == other[..]
    }
}

impl<'a, T: Element> IntoIterator for Elements<'a, T> {
    type Item = T;
    type IntoIter = ElementsIter<'a, T>;

    #[inline]
    fn into_iter(self) -> ElementsIter<'a, T> {
        self.iter()
    }
}

impl<'a, T: Element> IntoIterator for &Elements<'a, T> {
    type Item = T;
    type IntoIter = ElementsIter<'a, T>;

    #[inline]
    fn into_iter(self) -> ElementsIter<'a, T> {
        self.iter()
    }
}

/// The elements of an [`Elements`] in order.
pub struct ElementsIter<'a, T: Element>(slice::Iter<'a, T::Raw>);

impl<T: Element> Clone for ElementsIter<'_, T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: Element + fmt::Debug> fmt::Debug for ElementsIter<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}

impl<T: Element> Iterator for ElementsIter<'_, T> {
    type Item = T;

    #[inline]
    fn next(&mut self) -> Option<T> {
        self.0.next().map(T::load)
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }

    #[inline]
    fn nth(&mut self, n: usize) -> Option<T> {
        self.0.nth(n).map(T::load)
    }
}

impl<T: Element> DoubleEndedIterator for ElementsIter<'_, T> {
    #[inline]
    fn next_back(&mut self) -> Option<T> {
        self.0.next_back().map(T::load)
    }
}

impl<T: Element> ExactSizeIterator for ElementsIter<'_, T> {}

impl<T: Element> iter::FusedIterator for ElementsIter<'_, T> {}
