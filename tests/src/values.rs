//! Random values of a message: valid ones, and ones with something wrong in one place.

use myc_schema::ir::{Field, Message, Number, OneOf, Rule, Scalar, Schema, Type};
use myc_schema::layout::composite;
use myc_schema::value::{Value, encode};

use crate::random::Random;

/// What the constructors of a language can be asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Width {
    /// Values of the field's own type alone: Rust.
    Typed,
    /// Also numbers out of the type's range and arrays of another length: OCaml.
    Wide,
}

/// A value that keeps every rule.
pub fn valid(random: &mut Random, schema: &Schema, message: &Message) -> Value {
    for _ in 0..100 {
        let value = Value::Fields(fields(random, schema, &message.fields));
        if encode(schema, message, &value).is_ok() {
            return value;
        }
    }
    panic!("no valid value of {} found", message.name)
}

/// A payload that most likely differs from a valid one in one value, which may break rules.
pub fn disturbed_payload(random: &mut Random, schema: &Schema, without: &Schema, message: &Message) -> Vec<u8> {
    loop {
        let mut value = valid(random, schema, message);
        disturb(random, schema, &message.fields, &mut value, Width::Typed);
        let lenient = without.message(&message.name).expect("the same messages");
        // A value over a bound has no bytes at all.
        if let Ok(payload) = encode(without, lenient, &value) {
            return payload;
        }
    }
}

/// The schema with the same layout and no rules.
pub fn without_rules(schema: &Schema) -> Schema {
    let mut schema = schema.clone();
    let messages = schema.messages.iter_mut().map(|message| &mut message.fields);
    for field in messages.chain(schema.structs.iter_mut().map(|composite| &mut composite.fields)).flatten() {
        field.rules.clear();
    }
    schema
}

/// Replaces something in a valid value by another value of its type, which may break a rule or a bound.
pub fn disturb(random: &mut Random, schema: &Schema, of: &[Field], value: &mut Value, width: Width) {
    let Value::Fields(values) = value else { return };
    if of.is_empty() {
        return;
    }
    let at = random.below(of.len());
    let (field, value) = (&of[at], &mut values[at]);
    match (&field.ty, &mut *value) {
        (Type::Struct(id), Value::Fields(_)) => disturb(random, schema, &schema.struct_(*id).fields, value, width),
        (Type::Array { elem, .. } | Type::Vec { elem, .. }, Value::List(values))
            if matches!(**elem, Type::Struct(_)) && !values.is_empty() && random.one_in(2) =>
        {
            let Type::Struct(id) = **elem else { return };
            let at = random.below(values.len());
            disturb(random, schema, &schema.struct_(id).fields, &mut values[at], width);
        }
        _ => *value = any(random, schema, field, width),
    }
}

/// A value of the field's type that need not keep any rule or bound.
fn any(random: &mut Random, schema: &Schema, field: &Field, width: Width) -> Value {
    match &field.ty {
        Type::String { bound } if random.one_in(2) => {
            let over = *bound as usize + random.between(1, 3);
            Value::String("x".repeat(over))
        }
        Type::String { bound } => {
            let ascii = random.one_in(2);
            Value::String(text(random, 0, *bound as usize, ascii))
        }
        Type::Vec { elem, bound } if random.one_in(2) => {
            let over = *bound as usize + random.between(1, 3);
            sound_list(random, schema, field, elem, over)
        }
        Type::Array { elem, len } if width == Width::Wide && random.one_in(2) => {
            let other = *len as usize + 1 - 2 * random.below(2);
            sound_list(random, schema, field, elem, other)
        }
        Type::Scalar(Scalar::F32) if width == Width::Wide && random.one_in(2) => {
            Value::Float(*random.choose(&[1e39, -1e39, f64::MAX, 3.4028235677973366e38, 3.4028235677973365e38, 0.1]))
        }
        Type::Scalar(Scalar::F32) => Value::Float(not_a_bound(random)),
        Type::Scalar(scalar) if width == Width::Wide && random.one_in(2) && narrow(*scalar) => {
            let (least, most) = range(*scalar);
            Value::Int(*random.choose(&[least - 1, most + 1, least - 1000, most + 1000, 1 << 40, -(1 << 40)]))
        }
        ty => plain(random, schema, ty),
    }
}

/// A list whose elements are all right: structs are made before the list is, so what is wrong with one of them is found
/// first wherever there are types, and the number of elements first where there are none.
fn sound_list(random: &mut Random, schema: &Schema, field: &Field, elem: &Type, len: usize) -> Value {
    match elem {
        Type::Array { elem: inner, len: inner_len } if **inner != Type::Scalar(Scalar::U8) => {
            Value::List((0..len).map(|_| sound_list(random, schema, field, inner, *inner_len as usize)).collect())
        }
        Type::Struct(_) => {
            let mut probe = schema.messages[0].clone();
            probe.fields = vec![Field { ty: elem.clone(), optional: false, rules: Vec::new(), ..field.clone() }];
            probe.layout = composite(&mut probe.fields, &schema.enums, &schema.structs).expect("a small struct");
            Value::List((0..len).map(|_| field_of(valid(random, schema, &probe))).collect())
        }
        _ => list(random, schema, elem, len),
    }
}

/// The value of the only field.
fn field_of(message: Value) -> Value {
    match message {
        Value::Fields(mut values) => values.remove(0),
        other => other,
    }
}

/// Floats as a constructor may get them: with NaNs that are not the one on the wire.
fn not_a_bound(random: &mut Random) -> f64 {
    let nan = f64::from_bits(0x7ff8_1234_6000_0000);
    let float = f64::from(f32_value(random));
    *random.choose(&[nan, -nan, 0.0, -0.0, f64::INFINITY, float])
}

fn fields(random: &mut Random, schema: &Schema, fields: &[Field]) -> Vec<Value> {
    fields
        .iter()
        .map(|field| {
            if field.optional && random.one_in(3) {
                return Value::Absent;
            }
            ruled(random, schema, field)
        })
        .collect()
}

/// A present value of a field that most likely keeps the field's rules.
fn ruled(random: &mut Random, schema: &Schema, field: &Field) -> Value {
    for rule in &field.rules {
        if let Rule::OneOf(allowed) = rule {
            return match allowed {
                OneOf::Ints(values) => Value::Int(*random.choose(values)),
                OneOf::U256s(values) => Value::U256(*random.choose(values)),
                OneOf::Strings(values) => Value::String(random.choose(values).clone()),
                OneOf::Enums(values) => Value::Enum(random.choose(values).1),
            };
        }
    }
    let least = field.rules.iter().map(|rule| match rule {
        Rule::MinLength(least) => *least as usize,
        Rule::NotEmpty => 1,
        _ => 0,
    });
    let least = least.max().unwrap_or(0);
    match &field.ty {
        Type::Scalar(_) => number(random, schema, field),
        Type::String { bound } => {
            let ascii = field.rules.contains(&Rule::Ascii) || random.one_in(2);
            let mut text = text(random, least, *bound as usize, ascii);
            let prefixes = field.rules.iter().filter_map(|rule| match rule {
                Rule::NotPrefix(prefix) => Some(prefix),
                _ => None,
            });
            for prefix in prefixes {
                if text.starts_with(prefix.as_str()) {
                    text = "~".repeat(least.max(1).min(*bound as usize));
                }
            }
            Value::String(text)
        }
        Type::Vec { elem, bound } => {
            let len = length(random, least, *bound as usize);
            list(random, schema, elem, len)
        }
        ty => {
            let mut value = plain(random, schema, ty);
            if let (Value::Bytes(bytes), true) = (&mut value, field.rules.contains(&Rule::NotZero)) {
                let at = random.below(bytes.len());
                bytes[at] |= 1;
            }
            value
        }
    }
}

/// A number at or between the field's bounds.
fn number(random: &mut Random, schema: &Schema, field: &Field) -> Value {
    let bounds: Vec<Value> = field
        .rules
        .iter()
        .filter_map(|rule| match rule {
            Rule::Min(bound) | Rule::Max(bound) => Some(match bound {
                Number::Int(value) => Value::Int(*value),
                Number::F32(value) => Value::Float(f64::from(*value)),
                Number::F64(value) => Value::Float(*value),
                Number::U256(value) => Value::U256(*value),
            }),
            _ => None,
        })
        .collect();
    let value = match (&bounds[..], &field.ty) {
        ([], ty) => plain(random, schema, ty),
        _ if random.one_in(2) => random.choose(&bounds).clone(),
        (bounds, Type::Scalar(scalar)) if integer(*scalar) => {
            let (mut least, mut most) = range(*scalar);
            for (rule, bound) in
                field.rules.iter().filter(|rule| matches!(rule, Rule::Min(_) | Rule::Max(_))).zip(bounds)
            {
                match (rule, bound) {
                    (Rule::Min(_), Value::Int(bound)) => least = *bound,
                    (_, Value::Int(bound)) => most = *bound,
                    _ => {}
                }
            }
            Value::Int(least + i128::from(random.bits()) % (most - least + 1))
        }
        (_, ty) => plain(random, schema, ty),
    };
    match value {
        Value::Int(0) if field.rules.contains(&Rule::NotZero) => Value::Int(1),
        Value::Float(zero) if zero == 0.0 && field.rules.contains(&Rule::NotZero) => Value::Float(1.0),
        value => value,
    }
}

/// A present value of a type; what is in it keeps its rules.
fn plain(random: &mut Random, schema: &Schema, ty: &Type) -> Value {
    match ty {
        Type::Scalar(Scalar::Bool) => Value::Bool(random.one_in(2)),
        Type::Scalar(Scalar::F32) => Value::Float(f64::from(f32_value(random))),
        Type::Scalar(Scalar::F64) => Value::Float(f64_value(random)),
        Type::Scalar(Scalar::U256) => {
            let mut bytes = [0; 32];
            match random.below(4) {
                0 => {}
                1 => bytes = [255; 32],
                2 => bytes[..16].copy_from_slice(&u128::from(random.bits()).to_le_bytes()),
                _ => bytes.copy_from_slice(&random.bytes(32)),
            }
            Value::U256(bytes)
        }
        Type::Scalar(scalar) => {
            let (least, most) = range(*scalar);
            Value::Int(match random.below(6) {
                0 => least,
                1 => most,
                2 => 0,
                3 => (most + 1) / 2,
                _ => least + i128::from(random.bits()) % (most - least + 1),
            })
        }
        Type::Enum(id) => Value::Enum(random.choose(&schema.enum_(*id).values).value),
        Type::Struct(id) => Value::Fields(fields(random, schema, &schema.struct_(*id).fields)),
        Type::Array { elem, len } => list(random, schema, elem, *len as usize),
        Type::String { bound } => {
            let ascii = random.one_in(2);
            Value::String(text(random, 0, *bound as usize, ascii))
        }
        Type::Vec { elem, bound } => {
            let len = length(random, 0, *bound as usize);
            list(random, schema, elem, len)
        }
    }
}

fn list(random: &mut Random, schema: &Schema, elem: &Type, len: usize) -> Value {
    if *elem == Type::Scalar(Scalar::U8) {
        return Value::Bytes(random.bytes(len));
    }
    Value::List((0..len).map(|_| plain(random, schema, elem)).collect())
}

fn length(random: &mut Random, least: usize, most: usize) -> usize {
    match random.below(4) {
        0 => least,
        1 => most,
        _ => random.between(least, most),
    }
}

fn text(random: &mut Random, least: usize, most: usize, ascii: bool) -> String {
    let len = length(random, least, most);
    let mut text = String::new();
    while text.len() < len {
        let room = len - text.len();
        let next = match (ascii, random.below(4)) {
            (false, 0) if room >= 2 => *random.choose(&['\u{80}', 'é', '\u{7ff}']),
            (false, 1) if room >= 3 => *random.choose(&['\u{800}', '€', '\u{d7ff}', '\u{ffff}']),
            (false, 2) if room >= 4 => *random.choose(&['\u{10000}', '😀', '\u{10ffff}']),
            _ => char::from(random.below(128) as u8),
        };
        text.push(next);
    }
    text
}

fn f32_value(random: &mut Random) -> f32 {
    let specials =
        [0.0, -0.0, 1.0, -1.0, 0.1, f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX, f32::MIN, f32::MIN_POSITIVE];
    match random.below(3) {
        0 => *random.choose(&specials),
        1 => f32::from_bits(random.bits() as u32 & 0x807f_ffff),
        _ => {
            let value = f32::from_bits(random.bits() as u32);
            if value.is_nan() { f32::NAN } else { value }
        }
    }
}

fn f64_value(random: &mut Random) -> f64 {
    let specials =
        [0.0, -0.0, 1.0, -1.0, 0.1, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, f64::MIN, f64::MIN_POSITIVE];
    if random.one_in(2) { *random.choose(&specials) } else { f64::from_bits(random.bits()) }
}

fn integer(scalar: Scalar) -> bool {
    !matches!(scalar, Scalar::Bool | Scalar::F32 | Scalar::F64 | Scalar::U256)
}

/// Whether the OCaml interface has a wider type than the wire.
fn narrow(scalar: Scalar) -> bool {
    integer(scalar) && !matches!(scalar, Scalar::U64 | Scalar::I64)
}

fn range(scalar: Scalar) -> (i128, i128) {
    match scalar {
        Scalar::U8 => (0, u8::MAX.into()),
        Scalar::U16 => (0, u16::MAX.into()),
        Scalar::U32 => (0, u32::MAX.into()),
        Scalar::I8 => (i8::MIN.into(), i8::MAX.into()),
        Scalar::I16 => (i16::MIN.into(), i16::MAX.into()),
        Scalar::I32 => (i32::MIN.into(), i32::MAX.into()),
        Scalar::I64 => (i64::MIN.into(), i64::MAX.into()),
        _ => (0, u64::MAX.into()),
    }
}
