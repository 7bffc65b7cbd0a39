//! YAML as other readers take it: which values a plain scalar stands for depends on the version of YAML that a reader
//! knows. Editors read contracts with such a reader and hold what they got against the JSON Schema.

use saphyr_parser::{Event, Parser, ScalarStyle, StrInput};
use serde_json::{Map, Number, Value};

/// A version of YAML.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// 1.1: `yes` is true, `010` is eight, `1:30` is ninety.
    V11,
    /// 1.2, the core schema: `010` is ten, and `True` is true.
    V12,
}

/// What a reader makes of a text; `None` where it is no YAML.
pub fn read(text: &str, version: Version) -> Option<Value> {
    let mut reader = Reader { parser: Parser::new_from_str(text), version };
    loop {
        match reader.next()? {
            Event::StreamEnd => return Some(Value::Null),
            Event::StreamStart | Event::DocumentStart(_) => {}
            event => return reader.node(event),
        }
    }
}

struct Reader<'a> {
    parser: Parser<'a, StrInput<'a>>,
    version: Version,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Option<Event<'a>> {
        Some(self.parser.next_event()?.ok()?.0)
    }

    fn node(&mut self, event: Event<'a>) -> Option<Value> {
        match event {
            Event::Scalar(text, ScalarStyle::Plain, _, _) => Some(plain(&text, self.version)),
            Event::Scalar(text, ..) => Some(Value::String(text.into_owned())),
            Event::SequenceStart(..) => {
                let mut items = Vec::new();
                loop {
                    match self.next()? {
                        Event::SequenceEnd => return Some(Value::Array(items)),
                        event => items.push(self.node(event)?),
                    }
                }
            }
            Event::MappingStart(..) => {
                let mut map = Map::new();
                loop {
                    let key = match self.next()? {
                        Event::MappingEnd => return Some(Value::Object(map)),
                        Event::Scalar(text, ..) => text.into_owned(),
                        _ => return None,
                    };
                    let value = self.next()?;
                    map.insert(key, self.node(value)?);
                }
            }
            _ => None,
        }
    }
}

fn plain(text: &str, version: Version) -> Value {
    let old = version == Version::V11;
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" if old => return Value::Bool(true),
        "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" if old => return Value::Bool(false),
        _ => {}
    }
    number(text, old).unwrap_or_else(|| Value::String(text.to_owned()))
}

fn number(text: &str, old: bool) -> Option<Value> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let negative = text.starts_with('-');
    let digits = if old { unsigned.replace('_', "") } else { unsigned.to_owned() };
    let radix = |prefix: &str, radix| {
        let digits = digits.strip_prefix(prefix).filter(|digits| !digits.is_empty())?;
        let value =
            digits.chars().try_fold(0.0, |value, c| Some(value * f64::from(radix) + f64::from(c.to_digit(radix)?)))?;
        Some(value)
    };
    let decimal = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let whole = radix("0x", 16)
        .or_else(|| if old { radix("0b", 2) } else { radix("0o", 8) })
        .or_else(|| if old { radix("0", 8) } else { None })
        .or_else(|| decimal.then(|| digits.parse().ok()).flatten())
        .or_else(|| if old { sexagesimal(&digits) } else { None });
    if let Some(whole) = whole {
        let signed = if negative { -whole } else { whole };
        // What a JSON number can be as an integer is one; larger ones are floats, as in JavaScript.
        let integer = (signed.abs() < 9e15).then_some(signed as i64);
        return Some(integer.map_or_else(|| float(signed), |integer| Value::Number(integer.into())));
    }
    let lower = digits.to_ascii_lowercase();
    if matches!(lower.as_str(), ".inf" | ".nan") && unsigned.starts_with('.') {
        return Some(float(f64::MAX));
    }
    let numeric = digits.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && digits.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '+' | '-'));
    numeric.then(|| digits.parse::<f64>().ok()).flatten().map(|value| float(if negative { -value } else { value }))
}

fn sexagesimal(digits: &str) -> Option<f64> {
    let mut parts = digits.split(':');
    let first = parts.next().filter(|part| digits.contains(':') && part.bytes().all(|byte| byte.is_ascii_digit()))?;
    parts.try_fold(first.parse().ok()?, |value: f64, part| {
        let part: f64 = part.parse().ok().filter(|part: &f64| *part < 60.0)?;
        Some(value * 60.0 + part)
    })
}

fn float(value: f64) -> Value {
    let finite = value.clamp(f64::MIN, f64::MAX);
    Number::from_f64(finite).map_or(Value::Null, Value::Number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// Without this, the schema could be held against what no editor reads.
    #[test]
    fn scalars_by_version() {
        let text = "[010, yes, True, 1:30, 0x10, .5, 1_000, '5', ~, 5.0, a b, 0o17, -3]";
        let new = json!([10, "yes", true, "1:30", 16, 0.5, "1_000", "5", null, 5.0, "a b", 15, -3]);
        let old = json!([8, true, true, 90, 16, 0.5, 1000, "5", null, 5.0, "a b", "0o17", -3]);
        assert_eq!(read(text, Version::V12), Some(new));
        assert_eq!(read(text, Version::V11), Some(old));
        assert_eq!(read("a: {b: 1}\nc:\n  - d\n", Version::V12), Some(json!({ "a": { "b": 1 }, "c": ["d"] })));
        assert_eq!(read("a: {", Version::V12), None);
    }
}
