//! Numbers of the contract language as decimal text: whether a type has them, and JSON
//! numbers read exactly.

use super::{Code, ValueError};
use crate::ir::Scalar;

/// Fails with `range` unless an integer type of at most 64 bits has `value`.
pub(super) fn in_range(scalar: Scalar, value: i128) -> Result<(), ValueError> {
    match scalar.range() {
        Some((least, most)) if (least..=most).contains(&value) => Ok(()),
        _ => Err(out_of_range(scalar, &value.to_string())),
    }
}

/// The `range` failure of a number as it was written.
pub(super) fn out_of_range(scalar: Scalar, written: &str) -> ValueError {
    let range = match (scalar, scalar.range()) {
        (Scalar::U256, _) => ", 0 to 2^256 - 1".to_owned(),
        (_, Some((least, most))) => format!(", {least} to {most}"),
        (_, None) => String::new(),
    };
    ValueError::new(Code::Range, format!("{} is out of the range of {}{range}", super::excerpt(written), scalar.name()))
}

/// An integer of any size, exactly: an optional sign and decimal digits without leading zeros.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Integer {
    /// A sign (true for minus; never of a zero) and digits.
    Digits(bool, String),
    /// Too many digits for any type.
    Huge,
    /// A number with a fraction.
    Fraction,
}

/// Decimal digits of 2^256: no type has a longer integer.
const MOST_DIGITS: i64 = 78;

/// The exact value of a number in JSON's grammar, if it is an integer: `1.0` and `1e3` are, `1.5` is not.
pub(super) fn json_integer(text: &str) -> Integer {
    let (negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let digits = digits.trim_start_matches('0');
    let significant = digits.trim_end_matches('0');
    if significant.is_empty() {
        return Integer::Digits(false, "0".to_owned());
    }
    // An exponent too long for an i64 is as good as the largest or smallest one.
    let exponent = exponent
        .parse()
        .unwrap_or(if exponent.starts_with('-') { i64::MIN / 2 } else { i64::MAX / 2 })
        .clamp(i64::MIN / 2, i64::MAX / 2);
    let zeros = exponent - fraction.len() as i64 + (digits.len() - significant.len()) as i64;
    if zeros < 0 {
        return Integer::Fraction;
    }
    if zeros > MOST_DIGITS || significant.len() as i64 + zeros > MOST_DIGITS {
        return Integer::Huge;
    }
    Integer::Digits(negative, format!("{significant}{}", "0".repeat(zeros as usize)))
}

/// An integer in a JSON string: decimal, no plus, no leading zeros, no `-0`, no spaces.
pub(super) fn quoted_integer(text: &str) -> Option<Integer> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let canonical = match digits.as_bytes() {
        [b'0'] => !negative,
        [b'1'..=b'9', rest @ ..] => rest.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    if !canonical {
        return None;
    }
    if digits.len() as i64 > MOST_DIGITS {
        return Some(Integer::Huge);
    }
    Some(Integer::Digits(negative, digits.to_owned()))
}
