//! The contract language's own reading of plain scalars: decimal and `0x` integers, JSON floats,
//! `true` and `false`. Whether a place wants a number or a text is left to [`super::lower`].

/// What a plain (unquoted) scalar is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Plain {
    /// Nothing, `~` or `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// `-?(0|[1-9][0-9]*)` or `0x[0-9a-fA-F]+`.
    Int,
    /// A JSON number with a fraction or an exponent.
    Float,
    /// A boolean in another spelling (`yes`, `TRUE`); the right one.
    OddBool(bool),
    /// A number in another spelling (`010`, `1_000`); the right one, where there is one.
    OddNumber(Option<String>),
    /// Anything else.
    Text,
}

/// Reads a plain scalar.
pub(super) fn classify(text: &str) -> Plain {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Plain::Null,
        "true" => return Plain::Bool(true),
        "false" => return Plain::Bool(false),
        "True" | "TRUE" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" | "y" | "Y" => return Plain::OddBool(true),
        "False" | "FALSE" | "no" | "No" | "NO" | "off" | "Off" | "OFF" | "n" | "N" => return Plain::OddBool(false),
        _ => {}
    }
    let numeric = matches!(text.as_bytes().first(), Some(b'0'..=b'9' | b'+' | b'-' | b'.'));
    if !numeric {
        return Plain::Text;
    }
    if is_int(text) {
        return Plain::Int;
    }
    if is_float(text) {
        return Plain::Float;
    }
    odd_number(text).map_or(Plain::Text, Plain::OddNumber)
}

/// Whether `text` is an integer of the contract language.
pub(super) fn is_int(text: &str) -> bool {
    match text.strip_prefix("0x") {
        Some(digits) => !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit()),
        None => is_decimal(text.strip_prefix('-').unwrap_or(text)),
    }
}

/// The value of an integer of the contract language, unless it is past `i128`.
pub(super) fn int_value(text: &str) -> Option<i128> {
    match text.strip_prefix("0x") {
        Some(digits) => i128::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

/// The integer a float of the contract language is, where it is one: `1e3` is 1000.
pub(super) fn integral(text: &str) -> Option<String> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let value: f64 = text.parse().ok()?;
    (value.fract() == 0.0 && value.abs() < EXACT).then(|| (value as i64).to_string())
}

fn is_decimal(text: &str) -> bool {
    match text.as_bytes() {
        [b'0'] => true,
        [b'1'..=b'9', rest @ ..] => rest.iter().all(u8::is_ascii_digit),
        _ => false,
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_float(text: &str) -> bool {
    let text = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    is_decimal(whole)
        && fraction.is_none_or(is_digits)
        && exponent.is_none_or(|digits| is_digits(digits.strip_prefix(['+', '-']).unwrap_or(digits)))
        && (fraction.is_some() || exponent.is_some())
}

/// Spellings that some YAML reader takes for a number and this language doesn't.
/// `None`: not a number in any of them. `Some(None)`: one that has no right spelling (`.inf`).
fn odd_number(text: &str) -> Option<Option<String>> {
    let (negative, body) = match text.as_bytes().first()? {
        b'+' => (false, &text[1..]),
        b'-' => (true, &text[1..]),
        _ => (false, text),
    };
    let lower = body.to_ascii_lowercase();
    if matches!(lower.as_str(), ".inf" | ".nan") {
        return Some(None);
    }
    let signed = |text: String| if negative && text != "0" { format!("-{text}") } else { text };
    let plain: String = lower.chars().filter(|c| *c != '_').collect();
    for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] {
        let Some(digits) = plain.strip_prefix(prefix) else { continue };
        if digits.is_empty() || !digits.chars().all(|c| c.is_digit(radix)) {
            return None;
        }
        let value = u128::from_str_radix(digits, radix);
        return Some(match (radix, negative) {
            (16, false) => Some(format!("0x{digits}")),
            _ => value.ok().map(|value| signed(value.to_string())),
        });
    }
    if plain.contains(':') {
        return sexagesimal(&plain).map(|value| value.map(|value| signed(value.to_string())));
    }
    let plain = if grouped(&plain) { plain.replace(',', "") } else { plain };
    let (mantissa, exponent) = match plain.find('e') {
        Some(at) => plain.split_at(at),
        None => (plain.as_str(), ""),
    };
    let (whole, fraction) = mantissa.split_once('.').map_or((mantissa, None), |(whole, rest)| (whole, Some(rest)));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let exponent_digits = exponent.strip_prefix('e').map(|rest| rest.strip_prefix(['+', '-']).unwrap_or(rest));
    let sound = digits(whole)
        && fraction.is_none_or(digits)
        && (!whole.is_empty() || fraction.is_some_and(|fraction| !fraction.is_empty()))
        && exponent_digits.is_none_or(is_digits);
    if !sound {
        return None;
    }
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    let mut right = whole.to_owned();
    if let Some(fraction) = fraction {
        right.push('.');
        right.push_str(if fraction.is_empty() { "0" } else { fraction });
    }
    right.push_str(exponent);
    Some(Some(signed(right)))
}

/// `1:30` is 90 to readers of YAML 1.1.
fn sexagesimal(text: &str) -> Option<Option<u128>> {
    let mut value = Some(0u128);
    for (place, part) in text.split(':').enumerate() {
        if !is_digits(part) || place > 0 && part.len() > 2 {
            return None;
        }
        let digit: Option<u128> = part.parse().ok();
        if place > 0 && digit.is_some_and(|digit| digit > 59) {
            return None;
        }
        value = value.zip(digit).and_then(|(value, digit)| value.checked_mul(60)?.checked_add(digit));
    }
    Some(value)
}

/// `1,000`
fn grouped(text: &str) -> bool {
    let mut groups = text.split(',');
    let first = groups.next().unwrap_or_default();
    text.contains(',')
        && is_digits(first)
        && first.len() <= 3
        && groups.all(|group| is_digits(group) && group.len() == 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn odd(text: &str) -> Plain {
        Plain::OddNumber(Some(text.to_owned()))
    }

    /// One verdict for each spelling that YAML readers disagree about.
    #[test]
    fn spellings() {
        for (text, expected) in [
            ("0", Plain::Int),
            ("-0", Plain::Int),
            ("-18", Plain::Int),
            ("0x1F", Plain::Int),
            ("0xdeadBEEF", Plain::Int),
            ("1.5", Plain::Float),
            ("1e3", Plain::Float),
            ("-1.5E-3", Plain::Float),
            ("010", odd("10")),
            ("007", odd("7")),
            ("00", odd("0")),
            ("-010", odd("-10")),
            ("0o17", odd("15")),
            ("0O17", odd("15")),
            ("0b101", odd("5")),
            ("0X1F", odd("0x1f")),
            ("-0x10", odd("-16")),
            ("+0x10", odd("0x10")),
            ("1_000", odd("1000")),
            ("0xFF_FF", odd("0xffff")),
            ("1,000,000", odd("1000000")),
            ("1:30", odd("90")),
            ("1:30:00", odd("5400")),
            ("+5", odd("5")),
            ("+1e3", odd("1e3")),
            (".5", odd("0.5")),
            ("5.", odd("5.0")),
            ("01.5", odd("1.5")),
            (".inf", Plain::OddNumber(None)),
            ("-.Inf", Plain::OddNumber(None)),
            (".NaN", Plain::OddNumber(None)),
            ("true", Plain::Bool(true)),
            ("TRUE", Plain::OddBool(true)),
            ("False", Plain::OddBool(false)),
            ("yes", Plain::OddBool(true)),
            ("off", Plain::OddBool(false)),
            ("~", Plain::Null),
            ("null", Plain::Null),
            ("", Plain::Null),
            ("0x", Plain::Text),
            ("0xZZ", Plain::Text),
            ("1-999", Plain::Text),
            ("1:99", Plain::Text),
            ("12:34:56:ab", Plain::Text),
            ("1.2.3", Plain::Text),
            ("1e", Plain::Text),
            (".", Plain::Text),
            ("-", Plain::Text),
            ("+", Plain::Text),
            ("2024-01-01", Plain::Text),
            ("nullable", Plain::Text),
            ("Infinity", Plain::Text),
        ] {
            assert_eq!(classify(text), expected, "{text}");
        }
    }

    #[test]
    fn values() {
        assert_eq!(int_value("0x10"), Some(16));
        assert_eq!(int_value("-5"), Some(-5));
        assert_eq!(int_value(&"9".repeat(1000)), None);
        assert_eq!(int_value(&format!("-{}", "9".repeat(1000))), None);
        assert_eq!(int_value(&format!("0x{}", "f".repeat(1000))), None);
        assert_eq!(integral("1e3").as_deref(), Some("1000"));
        assert_eq!(integral("1.0").as_deref(), Some("1"));
        assert_eq!(integral("1.5"), None);
        assert_eq!(integral("1e300"), None);
    }
}
