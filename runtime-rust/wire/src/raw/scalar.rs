//! Raw scalars that are not any bytes: [`Bool`], [`F32`], [`Enum`].

use core::marker::PhantomData;

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::{Raw, U16, U32, Verdict};
use crate::error::{Code, Fault};

/// The one NaN that an `f32` on the wire may be.
const F32_NAN: u32 = 0x7fc0_0000;

/// A boolean: one byte, 0 or 1.
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(transparent)]
pub struct Bool(u8);

impl Bool {
    /// The value.
    #[inline(always)]
    pub fn get(&self) -> bool {
        self.0 != 0
    }

    /// Writes a value.
    #[inline(always)]
    pub fn set(&mut self, value: bool) {
        self.0 = u8::from(value);
    }
}

impl Raw for Bool {
    const TOTAL: bool = false;

    #[inline(always)]
    fn check(&self) -> Verdict {
        if self.0 <= 1 { Ok(()) } else { Err(Fault::new(Code::Bool)) }
    }
}

/// An `f32` whose NaN is always the same.
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(transparent)]
pub struct F32(U32);

impl F32 {
    /// The value.
    #[inline(always)]
    pub fn get(&self) -> f32 {
        f32::from_bits(self.0.get())
    }

    /// Writes a value; every NaN becomes 0x7fc00000.
    #[inline(always)]
    pub fn set(&mut self, value: f32) {
        self.0.set(if value.is_nan() { F32_NAN } else { value.to_bits() });
    }
}

impl Raw for F32 {
    const TOTAL: bool = false;

    #[inline(always)]
    fn check(&self) -> Verdict {
        if !self.get().is_nan() || self.0.get() == F32_NAN { Ok(()) } else { Err(Fault::new(Code::Nan)) }
    }
}

/// A raw unsigned number that an enum is on the wire.
pub trait Number: Raw + Copy {
    /// The number.
    fn number(self) -> u32;

    /// The raw form of a number that fits.
    fn from_number(number: u32) -> Self;
}

impl Number for u8 {
    #[inline(always)]
    fn number(self) -> u32 {
        self.into()
    }

    #[inline(always)]
    fn from_number(number: u32) -> Self {
        number as u8
    }
}

impl Number for U16 {
    #[inline(always)]
    fn number(self) -> u32 {
        self.get().into()
    }

    #[inline(always)]
    fn from_number(number: u32) -> Self {
        U16::new(number as u16)
    }
}

impl Number for U32 {
    #[inline(always)]
    fn number(self) -> u32 {
        self.get()
    }

    #[inline(always)]
    fn from_number(number: u32) -> Self {
        U32::new(number)
    }
}

/// A generated enum.
pub trait Enumeration: Copy + 'static {
    /// What it is on the wire.
    type Raw: Number;

    /// Its first value: what the zero bytes of an absent value or unused slot read as if no value is zero.
    const FIRST: Self;

    /// The value with this number.
    fn from_number(number: u32) -> Option<Self>;

    /// The number on the wire.
    fn number(self) -> u32;
}

/// The raw form of the enum `E`.
#[derive(FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(transparent)]
pub struct Enum<E: Enumeration>(E::Raw, PhantomData<E>);

impl<E: Enumeration> Clone for Enum<E> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<E: Enumeration> Copy for Enum<E> {}

impl<E: Enumeration> Enum<E> {
    /// The value.
    #[inline(always)]
    pub fn get(&self) -> E {
        match E::from_number(self.0.number()) {
            Some(value) => value,
            None => E::FIRST,
        }
    }

    /// Writes a value.
    #[inline(always)]
    pub fn set(&mut self, value: E) {
        self.0 = E::Raw::from_number(value.number());
    }
}

impl<E: Enumeration> Raw for Enum<E> {
    const TOTAL: bool = false;

    #[inline(always)]
    fn check(&self) -> Verdict {
        match E::from_number(self.0.number()) {
            Some(_) => Ok(()),
            None => Err(Fault::new(Code::Enum)),
        }
    }
}
