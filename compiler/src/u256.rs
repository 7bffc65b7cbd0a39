//! 256-bit unsigned integers as 32 little-endian bytes: reading and printing them.

use std::cmp::Ordering;

/// Why a text is not a 256-bit unsigned integer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotU256 {
    /// Not decimal digits, nor `0x` and hexadecimal digits.
    Malformed,
    /// More than 2^256 - 1.
    TooLarge,
}

/// Reads decimal digits, or `0x` and hexadecimal digits. No sign, no separators; a decimal number has no leading zero.
pub fn parse(text: &str) -> Result<[u8; 32], NotU256> {
    let (digits, radix) = match text.strip_prefix("0x") {
        Some(digits) => (digits, 16),
        None => (text, 10),
    };
    let malformed = digits.is_empty()
        || !digits.chars().all(|c| c.is_digit(radix))
        || (radix == 10 && digits.len() > 1 && digits.starts_with('0'));
    if malformed {
        return Err(NotU256::Malformed);
    }
    let mut limbs = [0u64; 4];
    for digit in digits.chars() {
        let mut carry = u128::from(digit.to_digit(radix).unwrap_or(0));
        for limb in &mut limbs {
            let wide = u128::from(*limb) * u128::from(radix) + carry;
            *limb = wide as u64;
            carry = wide >> 64;
        }
        if carry != 0 {
            return Err(NotU256::TooLarge);
        }
    }
    let mut bytes = [0; 32];
    for (chunk, limb) in bytes.chunks_exact_mut(8).zip(limbs) {
        chunk.copy_from_slice(&limb.to_le_bytes());
    }
    Ok(bytes)
}

/// Prints in decimal, without leading zeros.
pub fn to_decimal(bytes: &[u8; 32]) -> String {
    /// The largest power of ten in a `u64`, and its number of zeros.
    const GROUP: (u64, usize) = (10_000_000_000_000_000_000, 19);
    let mut limbs = limbs(bytes);
    let mut groups = Vec::new();
    while limbs != [0; 4] {
        let mut rest = 0u128;
        for limb in limbs.iter_mut().rev() {
            let wide = (rest << 64) | u128::from(*limb);
            *limb = (wide / u128::from(GROUP.0)) as u64;
            rest = wide % u128::from(GROUP.0);
        }
        groups.push(rest as u64);
    }
    let mut text = groups.pop().unwrap_or(0).to_string();
    for group in groups.iter().rev() {
        text.push_str(&format!("{group:0width$}", width = GROUP.1));
    }
    text
}

/// Compares as numbers.
pub fn compare(a: &[u8; 32], b: &[u8; 32]) -> Ordering {
    a.iter().rev().cmp(b.iter().rev())
}

/// The number, if it fits a `u128`.
pub fn to_u128(bytes: &[u8; 32]) -> Option<u128> {
    let [a, b, 0, 0] = limbs(bytes) else { return None };
    Some(u128::from(a) | u128::from(b) << 64)
}

fn limbs(bytes: &[u8; 32]) -> [u64; 4] {
    let mut limbs = [0; 4];
    for (limb, chunk) in limbs.iter_mut().zip(bytes.chunks_exact(8)) {
        *limb = chunk.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte));
    }
    limbs
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAX: &str = "115792089237316195423570985008687907853269984665640564039457584007913129639935";

    /// Without it a bound of a U256 field could be misread or misprinted in the digest.
    #[test]
    fn decimal_round_trip() {
        for text in ["0", "1", "255", "10000000000000000000", "18446744073709551616", MAX] {
            assert_eq!(to_decimal(&parse(text).unwrap()), text);
        }
        assert_eq!(parse(MAX).unwrap(), [0xff; 32]);
        assert_eq!(parse(&format!("0x{}", "f".repeat(64))).unwrap(), [0xff; 32]);
        assert_eq!(parse("0x0100").unwrap()[..3], [0, 1, 0]);
    }

    /// Without it a number that no contract may spell could be read as another one.
    #[test]
    fn refusals() {
        for text in ["", "0x", "-1", "+1", "1_000", " 1", "010", "0xg", "1.0", "ten", "٣"] {
            assert_eq!(parse(text), Err(NotU256::Malformed), "{text}");
        }
        let above = "115792089237316195423570985008687907853269984665640564039457584007913129639936";
        assert_eq!(parse(above), Err(NotU256::TooLarge));
        assert_eq!(parse(&format!("0x1{}", "0".repeat(64))), Err(NotU256::TooLarge));
        assert_eq!(parse(&"9".repeat(100_000)), Err(NotU256::TooLarge));
    }

    /// Without it bounds could be compared by their low bytes.
    #[test]
    fn order_and_narrowing() {
        let [one, big] = [parse("1").unwrap(), parse("0x10000000000000000").unwrap()];
        assert_eq!(compare(&one, &big), Ordering::Less);
        assert_eq!(to_u128(&big), Some(1 << 64));
        assert_eq!(to_u128(&[0xff; 32]), None);
    }
}
