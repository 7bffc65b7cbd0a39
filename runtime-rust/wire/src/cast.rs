//! The one place with unsafe code: references to checked types made from references to raw ones.
//!
//! Generated code has two types a message. The *twin* is plain old data, private to the module: any bytes
//! of the right length are one. The public type is `repr(transparent)` over [`Valid`] of the
//! twin, and [`Valid`] is made here only: from a twin that passed its check, or from one that
//! was written from checked arguments. What unsafe code relies on is just this: the text of every
//! [`Str`] inside a [`Valid`] is UTF-8. With the feature `bytes` there is also `Owned`, a message in a
//! shared buffer, for which `crate::shared` vouches once, where it makes one.

use alloc::boxed::Box;
use core::ops::Deref;

use zerocopy::{Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::U256;
use crate::error::{Code, DecodeError, Fault, ValueError};
use crate::raw::{Raw, Str, Verdict};

/// A twin that passed its check. Dereferences to the twin; there is no way to change it.
#[derive(Clone, Copy, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(transparent)]
pub struct Valid<R>(R);

/// The plain-old-data twin of a message or struct.
///
/// # Safety
/// [`Raw::check`] accepts a value only if the text of every [`Str`] in it is UTF-8, those in
/// nested twins included. After [`Twin::check_args`] accepted `args`, [`Twin::write`] leaves such
/// a value. (An all-zero [`Str`] is the empty text, so absent values and unused slots need no
/// more than to be zero.)
pub unsafe trait Twin: Raw {
    /// What a value is made from.
    type Args<'a>;

    /// Whether a value can be made from `args`.
    fn check_args(args: &Self::Args<'_>) -> Verdict;

    /// Writes every byte.
    fn write(&mut self, args: &Self::Args<'_>);
}

/// A type of the generated interface whose bytes are those of the raw type `R`.
///
/// # Safety
/// `Self` is `repr(transparent)` over [`Valid<R>`](Valid), or over `R` where any bytes are a valid
/// value, or an array of such types.
pub unsafe trait Checked<R: Raw>: Sized {}

// SAFETY: any byte is a valid value of these, and they are their own raw types.
unsafe impl Checked<u8> for u8 {}

// SAFETY: as above.
unsafe impl Checked<i8> for i8 {}

// SAFETY: as above.
unsafe impl Checked<U256> for U256 {}

// SAFETY: arrays of types of the same layout have the same layout, and an array's check is that of
// its elements.
unsafe impl<T: Checked<R>, R: Raw, const N: usize> Checked<[R; N]> for [T; N] {}

impl<R> Deref for Valid<R> {
    type Target = R;

    #[inline(always)]
    fn deref(&self) -> &R {
        &self.0
    }
}

impl<R: Twin> Valid<R> {
    /// A value made from arguments. For types of up to 64 KiB.
    #[inline]
    pub fn new(args: &R::Args<'_>) -> Result<Self, ValueError> {
        R::check_args(args)?;
        let mut raw = R::new_zeroed();
        raw.write(args);
        Ok(Self(raw))
    }

    /// The text of a string field.
    ///
    /// `field` is a place in the twin as it is declared there, not a reinterpretation of other bytes.
    #[inline(always)]
    pub fn text<'a, const N: usize, const PAD: usize>(&'a self, field: &'a Str<N, PAD>) -> &'a str {
        self.assert_contains(field.as_bytes());
        // SAFETY: the field lies in `self`, which passed the check of its twin, and that found the
        // text of every `Str` to be UTF-8, by the contract of `Twin`.
        unsafe { core::str::from_utf8_unchecked(field.text()) }
    }

    /// A struct, or an array of structs, among the fields. As with [`Valid::text`], `field` is a
    /// place as declared.
    #[inline(always)]
    pub fn inner<'a, T: Checked<F>, F: Raw>(&'a self, field: &'a F) -> &'a T {
        self.assert_contains(field.as_bytes());
        // SAFETY: the field lies in `self`, which passed the check of its twin; by the contract of
        // `Twin` the text of every `Str` in the field is UTF-8.
        unsafe { wrap(field) }
    }

    /// The structs, or arrays of structs, of a vector. As with [`Valid::text`], `field` is a place as declared.
    #[inline(always)]
    pub fn slice<'a, T: Checked<F>, F: Raw>(&'a self, field: &'a [F]) -> &'a [T] {
        self.assert_contains(field.as_bytes());
        const { assert!(size_of::<T>() == size_of::<F>() && align_of::<T>() == align_of::<F>()) };
        // SAFETY: `T` has the layout of `F` by the contract of `Checked`, so the pointer, the
        // number of elements and the lifetime of `field` hold for `[T]`; the values are valid
        // for the reason given in `inner`.
        unsafe { core::slice::from_raw_parts(field.as_ptr().cast(), field.len()) }
    }

    /// Panics if `field` does not lie within `self`. The compiler sees that it does.
    #[inline(always)]
    fn assert_contains(&self, field: &[u8]) {
        let (start, field_start) = (core::ptr::from_ref(self).addr(), field.as_ptr().addr());
        assert!(field_start >= start && field_start + field.len() <= start + size_of::<Self>());
    }
}

/// A message in a payload.
#[inline]
pub fn decode<T: Checked<R>, R: Twin>(payload: &[u8]) -> Result<&T, DecodeError> {
    let Ok(raw) = R::ref_from_bytes(payload) else {
        return Err(Fault::new(Code::Length).into());
    };
    raw.check()?;
    // SAFETY: the value passed its check.
    Ok(unsafe { wrap(raw) })
}

/// An owned copy of the message in a payload, for types of any size.
pub fn read_boxed<T: Checked<R>, R: Twin>(payload: &[u8]) -> Result<Box<T>, DecodeError> {
    decode::<T, R>(payload)?;
    let mut raw = zeroed::<R>();
    raw.as_mut_bytes().copy_from_slice(payload);
    // SAFETY: these bytes were just checked in the payload.
    Ok(unsafe { wrap_box(raw) })
}

/// A value made from arguments, for types of any size.
pub fn new_boxed<T: Checked<R>, R: Twin>(args: &R::Args<'_>) -> Result<Box<T>, ValueError> {
    R::check_args(args)?;
    let mut raw = zeroed::<R>();
    raw.write(args);
    // SAFETY: the value was written from checked arguments.
    Ok(unsafe { wrap_box(raw) })
}

/// Writes a value made from arguments into a buffer of exactly its size. On an error the
/// buffer is as it was.
#[inline(always)]
pub fn encode_into<'b, T: Checked<R>, R: Twin>(args: &R::Args<'_>, buffer: &'b mut [u8]) -> Result<&'b T, ValueError> {
    let Ok(raw) = R::mut_from_bytes(buffer) else {
        return Err(Fault::new(Code::Length).into());
    };
    R::check_args(args)?;
    raw.write(args);
    // SAFETY: the value was written from checked arguments, and nothing can write to the buffer
    // while it is borrowed.
    Ok(unsafe { wrap(raw) })
}

/// A copy of a value, for types of any size.
pub fn clone_boxed<T: Checked<R> + IntoBytes + Immutable, R: Raw>(value: &T) -> Box<T> {
    let mut raw = zeroed::<R>();
    raw.as_mut_bytes().copy_from_slice(value.as_bytes());
    // SAFETY: these are the bytes of a valid value.
    unsafe { wrap_box(raw) }
}

/// A message in a shared buffer. The buffer is not written to while anything of it is shared, so that what was checked
/// once stays checked.
#[cfg(feature = "bytes")]
pub struct Owned<M> {
    frame: bytes::Bytes,
    message: core::marker::PhantomData<fn() -> M>,
}

#[cfg(feature = "bytes")]
impl<M: crate::Message> Owned<M> {
    /// The message in a frame.
    ///
    /// # Safety
    /// What follows the header of `frame` is a value of `M`: it was copied from one, or accepted by `M::decode`, or
    /// written by `M::encode_into`.
    #[inline]
    pub(crate) unsafe fn new(frame: bytes::Bytes) -> Self {
        Self { frame, message: core::marker::PhantomData }
    }

    /// The frame, header included.
    pub(crate) fn bytes(&self) -> &bytes::Bytes {
        &self.frame
    }

    /// The frame, header included.
    pub(crate) fn into_bytes(self) -> bytes::Bytes {
        self.frame
    }
}

#[cfg(feature = "bytes")]
impl<M> Clone for Owned<M> {
    /// Copies no bytes.
    #[inline]
    fn clone(&self) -> Self {
        Self { frame: self.frame.clone(), message: core::marker::PhantomData }
    }
}

#[cfg(feature = "bytes")]
impl<M: crate::Message> Deref for Owned<M> {
    type Target = M;

    #[inline]
    fn deref(&self) -> &M {
        const { assert!(size_of::<M>() == M::SIZE && align_of::<M>() == 1) };
        let payload = &self.frame[crate::frame::HEADER_SIZE..];
        assert!(payload.len() == size_of::<M>());
        // SAFETY: these are as many bytes as an `M` has, which has no alignment, and they are a value of it by the
        // contract of `new` and of `Generated`. They live as long as `self`, and `Bytes` are never written to.
        unsafe { &*payload.as_ptr().cast::<M>() }
    }
}

fn zeroed<R: Raw>() -> Box<R> {
    match R::new_box_zeroed() {
        Ok(raw) => raw,
        Err(_) => alloc::alloc::handle_alloc_error(core::alloc::Layout::new::<R>()),
    }
}

/// # Safety
/// The text of every [`Str`] in `raw` is UTF-8.
#[inline(always)]
unsafe fn wrap<T: Checked<R>, R: Raw>(raw: &R) -> &T {
    const { assert!(size_of::<T>() == size_of::<R>() && align_of::<T>() == align_of::<R>()) };
    // SAFETY: `T` has the layout of `R` by the contract of `Checked`, the lifetimes are the same,
    // and the caller vouches for the value.
    unsafe { &*core::ptr::from_ref(raw).cast::<T>() }
}

/// # Safety
/// The text of every [`Str`] in `raw` is UTF-8.
unsafe fn wrap_box<T: Checked<R>, R: Raw>(raw: Box<R>) -> Box<T> {
    const { assert!(size_of::<T>() == size_of::<R>() && align_of::<T>() == align_of::<R>()) };
    // SAFETY: `T` has the layout of `R`, so the allocation is one of a `T`; the caller
    // vouches for the value.
    unsafe { Box::from_raw(Box::into_raw(raw).cast::<T>()) }
}
