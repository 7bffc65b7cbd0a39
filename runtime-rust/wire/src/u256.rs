//! [`U256`]: an unsigned 256-bit integer as it lies on the wire. Arithmetic is left to the crates it converts to
//! (features `primitive-types` and `ruint`).

use core::cmp::Ordering;
use core::fmt;

mod text;

pub use text::ParseU256Error;

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

/// An unsigned 256-bit integer: 32 bytes, little-endian, alignment 1.
///
/// ```
/// use mycelium_wire::U256;
///
/// let wei: U256 = "1000000000000000000".parse()?;
/// assert_eq!(wei, U256::from(1_000_000_000_000_000_000u64));
/// assert_eq!(format!("{wei} = {wei:#x}"), "1000000000000000000 = 0xde0b6b3a7640000");
/// assert!(wei < U256::MAX);
/// # Ok::<(), mycelium_wire::ParseU256Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(transparent)]
pub struct U256([u8; 32]);

impl U256 {
    /// 0.
    pub const ZERO: Self = Self([0; 32]);
    /// 2²⁵⁶ − 1.
    pub const MAX: Self = Self([0xff; 32]);

    /// The integer with these bytes, least significant first.
    #[inline]
    pub const fn from_le_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The integer with these bytes, most significant first.
    pub const fn from_be_bytes(bytes: [u8; 32]) -> Self {
        Self(reversed(bytes))
    }

    /// The integer `high * 2¹²⁸ + low`.
    pub const fn from_halves(high: u128, low: u128) -> Self {
        let (high, low) = (high.to_le_bytes(), low.to_le_bytes());
        let mut bytes = [0; 32];
        let mut at = 0;
        while at < 16 {
            bytes[at] = low[at];
            bytes[at + 16] = high[at];
            at += 1;
        }
        Self(bytes)
    }

    /// The bytes, least significant first.
    #[inline]
    pub const fn to_le_bytes(self) -> [u8; 32] {
        self.0
    }

    /// The bytes, most significant first.
    pub const fn to_be_bytes(self) -> [u8; 32] {
        reversed(self.0)
    }

    /// Whether the integer is 0.
    #[inline]
    pub fn is_zero(&self) -> bool {
        let (high, low) = self.halves();
        high | low == 0
    }

    /// `(high, low)` of `high * 2¹²⁸ + low`.
    #[inline]
    fn halves(&self) -> (u128, u128) {
        let (low, high) = self.0.split_at(16);
        let half = |bytes: &[u8]| bytes.first_chunk().map_or(0, |bytes| u128::from_le_bytes(*bytes));
        (half(high), half(low))
    }

    /// 64-bit limbs, least significant first.
    fn limbs(&self) -> [u64; 4] {
        let (high, low) = self.halves();
        [low as u64, (low >> 64) as u64, high as u64, (high >> 64) as u64]
    }

    fn from_limbs(limbs: [u64; 4]) -> Self {
        let half = |low: u64, high: u64| u128::from(high) << 64 | u128::from(low);
        Self::from_halves(half(limbs[2], limbs[3]), half(limbs[0], limbs[1]))
    }
}

const fn reversed(bytes: [u8; 32]) -> [u8; 32] {
    let mut out = [0; 32];
    let mut at = 0;
    while at < 32 {
        out[at] = bytes[31 - at];
        at += 1;
    }
    out
}

impl Ord for U256 {
    #[inline]
    fn cmp(&self, other: &Self) -> Ordering {
        self.halves().cmp(&other.halves())
    }
}

impl PartialOrd for U256 {
    #[inline]
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

macro_rules! from_unsigned {
    ($($native:ty)*) => {$(
        impl From<$native> for U256 {
            fn from(value: $native) -> Self {
                Self::from_halves(0, value.into())
            }
        }

        impl TryFrom<U256> for $native {
            type Error = U256Overflow;

            fn try_from(value: U256) -> Result<Self, U256Overflow> {
                match value.halves() {
                    (0, low) => <$native>::try_from(low).map_err(|_| U256Overflow),
                    _ => Err(U256Overflow),
                }
            }
        }
    )*};
}

from_unsigned! { u8 u16 u32 u64 u128 }

/// A [`U256`] is larger than the integer type it was converted to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct U256Overflow;

impl fmt::Display for U256Overflow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("256-bit integer out of range")
    }
}

impl core::error::Error for U256Overflow {}

#[cfg(feature = "primitive-types")]
impl From<primitive_types::U256> for U256 {
    fn from(value: primitive_types::U256) -> Self {
        Self(value.to_little_endian())
    }
}

#[cfg(feature = "primitive-types")]
impl From<U256> for primitive_types::U256 {
    fn from(value: U256) -> Self {
        Self::from_little_endian(&value.0)
    }
}

#[cfg(feature = "ruint")]
impl From<ruint::aliases::U256> for U256 {
    fn from(value: ruint::aliases::U256) -> Self {
        Self(value.to_le_bytes())
    }
}

#[cfg(feature = "ruint")]
impl From<U256> for ruint::aliases::U256 {
    fn from(value: U256) -> Self {
        Self::from_le_bytes(value.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(feature = "ruint")]
    use alloc::string::ToString;

    const MAX_DECIMAL: &str = "115792089237316195423570985008687907853269984665640564039457584007913129639935";

    // Comparing bytes from the wrong end is the classic mistake.
    #[test]
    fn order_is_numeric() {
        let values =
            ["0", "1", "255", "256", "18446744073709551616", "340282366920938463463374607431768211456", MAX_DECIMAL]
                .map(|text| text.parse::<U256>().unwrap());
        for (i, a) in values.iter().enumerate() {
            for (j, b) in values.iter().enumerate() {
                assert_eq!(a.cmp(b), i.cmp(&j), "{a} and {b}");
            }
        }
        assert!(U256::ZERO.is_zero() && !values[1].is_zero() && !U256::MAX.is_zero());
    }

    #[test]
    fn conversions_to_native_integers_keep_or_refuse() {
        assert_eq!(u64::try_from(U256::from(u64::MAX)), Ok(u64::MAX));
        assert_eq!(u64::try_from(U256::from(u128::from(u64::MAX) + 1)), Err(U256Overflow));
        assert_eq!(u128::try_from(U256::from(u128::MAX)), Ok(u128::MAX));
        assert_eq!(u128::try_from(U256::from_halves(1, 0)), Err(U256Overflow));
        assert_eq!(u8::try_from(U256::from(255u8)), Ok(255));
    }

    #[cfg(all(feature = "primitive-types", feature = "ruint"))]
    #[test]
    fn conversions_to_other_crates_keep_the_value() {
        let value = U256::from_halves(3, 5);
        assert_eq!(primitive_types::U256::from(value).to_string(), value.to_string());
        assert_eq!(U256::from(primitive_types::U256::from(value)), value);
        let other: ruint::aliases::U256 = value.into();
        assert_eq!(other.to_string(), value.to_string());
        assert_eq!(U256::from(other), value);
    }
}
