//! JSON text to [`Value`], by the wire format's JSON mapping. The contract's types say what is
//! read, so nesting is bounded by the contract; numbers are read from their own text, never
//! through a float.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::enums::Enums;
use super::number::{self, Integer};
use super::{Code, Value, ValueError, excerpt};
use crate::ir::{EnumId, Field, Message, Scalar, Schema, Type};
use crate::u256;

/// The value of JSON text, or the first failure in the order of the text.
///
/// Fields may come in any order; an unknown, missing or duplicate one is a failure. An integer
/// may be any JSON number whose exact value is one (`1.0`, `1e3`); one of 64 bits or more may
/// also be a string of decimal digits. Hex may have either case. Kinds, names and ranges of
/// numbers are checked here; bounds and rules are [`super::encode`]'s.
pub fn from_json(schema: &Schema, message: &Message, json: &str) -> Result<Value, ValueError> {
    // One scan without recursion settles the syntax of the whole text.
    let root: &RawValue =
        serde_json::from_str(json).map_err(|error| ValueError::new(Code::Syntax, error.to_string()))?;
    Reader { schema, enums: Enums::new(schema) }.fields(&message.fields, root)
}

/// The value of a part of a message, of type `ty`, as [`from_json`] reads it there.
pub fn part_from_json(schema: &Schema, ty: &Type, json: &str) -> Result<Value, ValueError> {
    let json: &RawValue =
        serde_json::from_str(json).map_err(|error| ValueError::new(Code::Syntax, error.to_string()))?;
    Reader { schema, enums: Enums::new(schema) }.value(ty, json)
}

struct Reader<'a> {
    schema: &'a Schema,
    enums: Enums<'a>,
}

impl Reader<'_> {
    fn fields(&self, fields: &[Field], json: &RawValue) -> Result<Value, ValueError> {
        if !json.get().starts_with('{') {
            return Err(kind("an object", json));
        }
        let Members(members) = parse(json)?;
        let index: BTreeMap<&str, usize> = fields.iter().enumerate().map(|(i, field)| (&*field.name, i)).collect();
        let mut values: Vec<Option<Value>> = fields.iter().map(|_| None).collect();
        for (name, json) in members {
            let Some(&at) = index.get(&*name) else {
                return Err(self.unknown(fields, &name));
            };
            if values[at].is_some() {
                let error = ValueError::new(Code::DuplicateField, "the field is given twice");
                return Err(error.in_field(&name));
            }
            values[at] = Some(self.field(&fields[at], json).map_err(|error| error.in_field(&name))?);
        }
        let value = |(field, value): (&Field, Option<Value>)| {
            value.ok_or_else(|| {
                let hint = if field.optional {
                    "the field is missing; write null for no value"
                } else {
                    "the field is missing"
                };
                ValueError::new(Code::MissingField, hint).in_field(&field.name)
            })
        };
        fields.iter().zip(values).map(value).collect::<Result<_, _>>().map(Value::Fields)
    }

    fn unknown(&self, fields: &[Field], name: &str) -> ValueError {
        let names: Vec<&str> = fields.iter().map(|field| &*field.name).collect();
        let detail = format!("there is no such field; the fields are: {}", names.join(", "));
        ValueError::new(Code::UnknownField, detail).in_unknown_field(name)
    }

    fn field(&self, field: &Field, json: &RawValue) -> Result<Value, ValueError> {
        if field.optional && json.get() == "null" { Ok(Value::Absent) } else { self.value(&field.ty, json) }
    }

    fn value(&self, ty: &Type, json: &RawValue) -> Result<Value, ValueError> {
        match ty {
            Type::Scalar(scalar) => self::scalar(*scalar, json),
            Type::Enum(id) => self.enum_(*id, json),
            Type::Struct(id) => self.fields(&self.schema.struct_(*id).fields, json),
            Type::String { .. } => Ok(Value::String(string("a string", json)?.into_owned())),
            Type::Array { elem, .. } | Type::Vec { elem, .. } => self.elements(elem, json),
        }
    }

    fn elements(&self, elem: &Type, json: &RawValue) -> Result<Value, ValueError> {
        if *elem == Type::Scalar(Scalar::U8) {
            let expected = "a string of hex digits after 0x";
            let bytes = unhex(&string(expected, json)?).ok_or_else(|| kind(expected, json))?;
            return Ok(Value::Bytes(bytes));
        }
        if !json.get().starts_with('[') {
            return Err(kind("an array", json));
        }
        let elements: Vec<&RawValue> = parse(json)?;
        let element = |(index, json)| self.value(elem, json).map_err(|error: ValueError| error.in_element(index));
        elements.into_iter().enumerate().map(element).collect::<Result<_, _>>().map(Value::List)
    }

    fn enum_(&self, id: EnumId, json: &RawValue) -> Result<Value, ValueError> {
        let name = string("the name of an enum value", json)?;
        self.enums.number(id, &name).map(Value::Enum).ok_or_else(|| {
            let names: Vec<&str> = self.enums.names(id).take(20).collect();
            let more = if self.schema.enum_(id).values.len() > names.len() { ", …" } else { "" };
            let detail = format!(
                "`{}` is not a value of {}, whose values are: {}{more}",
                excerpt(&name),
                self.schema.enum_(id).name,
                names.join(", ")
            );
            ValueError::new(Code::Enum, detail)
        })
    }
}

fn scalar(scalar: Scalar, json: &RawValue) -> Result<Value, ValueError> {
    match scalar {
        Scalar::Bool => match json.get() {
            "true" => Ok(Value::Bool(true)),
            "false" => Ok(Value::Bool(false)),
            _ => Err(kind("true or false", json)),
        },
        Scalar::F32 => float(scalar, json, |text| text.parse::<f32>().ok().map(f64::from)),
        Scalar::F64 => float(scalar, json, |text| text.parse().ok()),
        _ => integer(scalar, json),
    }
}

/// A float, rounded once, from its decimal text to its own width.
fn float(scalar: Scalar, json: &RawValue, parse: impl Fn(&str) -> Option<f64>) -> Result<Value, ValueError> {
    const EXPECTED: &str = r#"a number, "NaN", "Infinity" or "-Infinity""#;
    let text = json.get();
    if text.starts_with('"') {
        return match &*string(EXPECTED, json)? {
            "NaN" => Ok(Value::Float(f64::NAN)),
            "Infinity" => Ok(Value::Float(f64::INFINITY)),
            "-Infinity" => Ok(Value::Float(f64::NEG_INFINITY)),
            _ => Err(kind(EXPECTED, json)),
        };
    }
    if !is_number(text) {
        return Err(kind(EXPECTED, json));
    }
    match parse(text) {
        Some(value) if value.is_finite() => Ok(Value::Float(value)),
        Some(_) => Err(number::out_of_range(scalar, text)),
        None => Err(kind(EXPECTED, json)),
    }
}

fn integer(scalar: Scalar, json: &RawValue) -> Result<Value, ValueError> {
    let text = json.get();
    let wide = matches!(scalar, Scalar::U64 | Scalar::I64 | Scalar::U256);
    let expected = if wide { "an integer, as a string of decimal digits or a number" } else { "an integer number" };
    let value = if is_number(text) {
        number::json_integer(text)
    } else if wide && text.starts_with('"') {
        number::quoted_integer(&string(expected, json)?).ok_or_else(|| kind(expected, json))?
    } else {
        return Err(kind(expected, json));
    };
    match value {
        Integer::Fraction => Err(kind(expected, json)),
        Integer::Huge => Err(number::out_of_range(scalar, text)),
        Integer::Digits(negative, digits) if scalar == Scalar::U256 => match u256::parse(&digits) {
            Ok(value) if !negative => Ok(Value::U256(value)),
            _ => Err(number::out_of_range(scalar, text)),
        },
        Integer::Digits(negative, digits) => match digits.parse::<i128>() {
            Ok(value) => {
                let value = if negative { -value } else { value };
                number::in_range(scalar, value)?;
                Ok(Value::Int(value))
            }
            Err(_) => Err(number::out_of_range(scalar, text)),
        },
    }
}

fn is_number(text: &str) -> bool {
    text.starts_with(|first: char| first == '-' || first.is_ascii_digit())
}

fn string<'a>(expected: &str, json: &'a RawValue) -> Result<Cow<'a, str>, ValueError> {
    if !json.get().starts_with('"') {
        return Err(kind(expected, json));
    }
    let Text(text) = parse(json)?;
    Ok(text)
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.strip_prefix("0x")?.as_bytes();
    if digits.len() % 2 != 0 {
        return None;
    }
    let nibble = |digit: u8| char::from(digit).to_digit(16);
    digits.chunks_exact(2).map(|pair| Some((nibble(pair[0])? << 4 | nibble(pair[1])?) as u8)).collect()
}

/// Reads one level of JSON whose kind is known. Only an escape in a string can still be wrong.
fn parse<'a, T: Deserialize<'a>>(json: &'a RawValue) -> Result<T, ValueError> {
    serde_json::from_str(json.get()).map_err(|error| {
        // The position would be one in this level alone.
        let text = error.to_string();
        ValueError::new(Code::Syntax, text.split(" at line ").next().unwrap_or_default())
    })
}

fn kind(expected: &str, found: &RawValue) -> ValueError {
    let text = found.get();
    let found = match text.as_bytes().first() {
        Some(b'{') => "an object".to_owned(),
        Some(b'[') => "an array".to_owned(),
        _ => excerpt_json(text),
    };
    ValueError::new(Code::Kind, format!("{expected} was expected, found {found}"))
}

fn excerpt_json(text: &str) -> String {
    const LIMIT: usize = 40;
    let start: String = text.chars().take(LIMIT).collect();
    if start.len() < text.len() { format!("{start}…") } else { start }
}

/// The members of an object in the order of the text, names repeated or not.
struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MembersVisitor;
        impl<'de> Visitor<'de> for MembersVisitor {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some((Text(name), value)) = map.next_entry()? {
                    members.push((name, value));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(MembersVisitor)
    }
}

/// A string, borrowed from the text unless it has escapes.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);
