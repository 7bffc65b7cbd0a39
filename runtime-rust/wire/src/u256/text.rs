//! [`U256`] as text: decimal and hexadecimal, both ways.

use core::fmt;
use core::str::FromStr;

use super::U256;

/// Digits that a decimal chunk of a `u64` has.
const CHUNK_DIGITS: usize = 19;
const CHUNK: u64 = 10_000_000_000_000_000_000;

/// Decimal digits, no sign, no leading zeros.
impl fmt::Display for U256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // 78 digits at most; filled from the end.
        let mut digits = [0; 78];
        let mut start = digits.len();
        let mut limbs = self.limbs();
        loop {
            let mut chunk = divide(&mut limbs, CHUNK);
            let last = limbs == [0; 4];
            for _ in 0..CHUNK_DIGITS {
                if start == 0 || (last && chunk == 0) {
                    break;
                }
                start -= 1;
                digits[start] = b'0' + (chunk % 10) as u8;
                chunk /= 10;
            }
            if last {
                break;
            }
        }
        let text = core::str::from_utf8(&digits[start..]).unwrap_or_default();
        f.pad_integral(true, "", if text.is_empty() { "0" } else { text })
    }
}

/// Divides in place and gives the remainder.
fn divide(limbs: &mut [u64; 4], divisor: u64) -> u64 {
    let mut remainder = 0;
    for limb in limbs.iter_mut().rev() {
        let value = u128::from(remainder) << 64 | u128::from(*limb);
        *limb = (value / u128::from(divisor)) as u64;
        remainder = (value % u128::from(divisor)) as u64;
    }
    remainder
}

impl fmt::Debug for U256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

macro_rules! hex {
    ($trait:ident, $digits:literal) => {
        impl fmt::$trait for U256 {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut text = [0; 64];
                for (index, digit) in text.iter_mut().enumerate() {
                    let byte = self.0[31 - index / 2];
                    *digit = $digits[usize::from(if index % 2 == 0 { byte >> 4 } else { byte & 15 })];
                }
                let start = text.iter().position(|digit| *digit != b'0').unwrap_or(63);
                f.pad_integral(true, "0x", core::str::from_utf8(&text[start..]).unwrap_or_default())
            }
        }
    };
}

hex!(LowerHex, b"0123456789abcdef");
hex!(UpperHex, b"0123456789ABCDEF");

/// Why a text is not a [`U256`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ParseU256Error {
    /// No digits.
    Empty,
    /// A character that is not a digit.
    Digit,
    /// 2²⁵⁶ or more.
    TooLarge,
}

impl fmt::Display for ParseU256Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ParseU256Error::Empty => "no digits in a 256-bit integer",
            ParseU256Error::Digit => "invalid digit in a 256-bit integer",
            ParseU256Error::TooLarge => "256-bit integer of 2^256 or more",
        })
    }
}

impl core::error::Error for ParseU256Error {}

/// Decimal digits, or `0x` and hexadecimal digits of either case.
impl FromStr for U256 {
    type Err = ParseU256Error;

    fn from_str(text: &str) -> Result<Self, ParseU256Error> {
        let (digits, radix) = match text.strip_prefix("0x") {
            Some(digits) => (digits, 16),
            None => (text, 10),
        };
        if digits.is_empty() {
            return Err(ParseU256Error::Empty);
        }
        let mut limbs = [0; 4];
        for digit in digits.chars() {
            let mut carry = u128::from(digit.to_digit(radix).ok_or(ParseU256Error::Digit)?);
            for limb in &mut limbs {
                let value = u128::from(*limb) * u128::from(radix) + carry;
                *limb = value as u64;
                carry = value >> 64;
            }
            if carry != 0 {
                // A later character that is no digit matters more than the size.
                let fine = digits.chars().all(|digit| digit.is_digit(radix));
                return Err(if fine { ParseU256Error::TooLarge } else { ParseU256Error::Digit });
            }
        }
        Ok(Self::from_limbs(limbs))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use alloc::string::ToString;

    const MAX_DECIMAL: &str = "115792089237316195423570985008687907853269984665640564039457584007913129639935";

    // Amounts of money are printed and read by people and by JSON: both ways, at every limb's edge.
    #[test]
    fn decimal_and_hex_round_trip() {
        let cases = [
            ("0", "0x0"),
            ("9", "0x9"),
            ("10", "0xa"),
            ("9999999999999999999", "0x8ac7230489e7ffff"),
            ("10000000000000000000", "0x8ac7230489e80000"),
            ("18446744073709551615", "0xffffffffffffffff"),
            ("18446744073709551616", "0x10000000000000000"),
            ("340282366920938463463374607431768211456", "0x100000000000000000000000000000000"),
            (MAX_DECIMAL, "0xffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"),
        ];
        for (decimal, hex) in cases {
            let value: U256 = decimal.parse().unwrap();
            assert_eq!(value, hex.parse().unwrap(), "{decimal}");
            assert_eq!(value.to_string(), decimal);
            assert_eq!(format!("{value:?}"), decimal);
            assert_eq!(format!("{value:#x}"), hex);
            assert_eq!(format!("{value:X}"), hex[2..].to_uppercase());
            assert_eq!(U256::from_be_bytes(value.to_be_bytes()), value);
            assert_eq!(U256::from_le_bytes(value.to_le_bytes()), value);
        }
        assert_eq!(MAX_DECIMAL.parse(), Ok(U256::MAX));
        assert_eq!(
            format!("{:>5}|{:<5}|{:05}", U256::from(7u8), U256::from(7u8), U256::from(7u8)),
            "    7|7    |00007"
        );
    }

    #[test]
    fn what_is_no_number_is_refused() {
        let too_large = "115792089237316195423570985008687907853269984665640564039457584007913129639936";
        let cases = [
            ("", ParseU256Error::Empty),
            ("0x", ParseU256Error::Empty),
            ("-1", ParseU256Error::Digit),
            ("+1", ParseU256Error::Digit),
            ("1_000", ParseU256Error::Digit),
            ("12a", ParseU256Error::Digit),
            ("0X1", ParseU256Error::Digit),
            ("٣", ParseU256Error::Digit),
            (too_large, ParseU256Error::TooLarge),
            ("0x10000000000000000000000000000000000000000000000000000000000000000", ParseU256Error::TooLarge),
        ];
        for (text, error) in cases {
            assert_eq!(text.parse::<U256>(), Err(error), "{text:?}");
        }
        assert_eq!(format!("{too_large}x").parse::<U256>(), Err(ParseU256Error::Digit));
    }
}
