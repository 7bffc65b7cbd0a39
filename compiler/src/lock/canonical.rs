//! A canonical text, read back into the schema that it was written from. Offsets and sizes are
//! computed, not read; whoever calls compares the text of the result with the text.

use std::collections::BTreeMap;

use crate::digest::HEADER;
use crate::ir::{
    DigestKind, Enum, EnumId, EnumValue, Field, Message, Number, OneOf, Place, Rule, Scalar, Schema, Struct, StructId,
    Type,
};
use crate::layout;
use crate::resolve::{MAX_DEPTH, TYPE_NAMES};
use crate::u256;

use super::head::is_name;
use super::read::{Line, LockError};

/// The names of enums and structs.
#[derive(Default)]
struct Names<'a> {
    enums: BTreeMap<&'a str, usize>,
    structs: BTreeMap<&'a str, usize>,
}

/// A struct or message, and the lines of its fields.
struct Composite<'a> {
    line: Line<'a>,
    fields: &'a [Line<'a>],
}

/// The schema, without digest and fingerprints. `end` is blamed for what is missing.
pub fn read(lines: &[Line], end: &Line) -> Result<Schema, LockError> {
    match lines.first() {
        Some(first) if first.text == HEADER.trim_end() => {}
        first => return Err(first.unwrap_or(end).expects(format!("`{}`", HEADER.trim_end()))),
    }
    let header = lines.get(1).unwrap_or(end);
    let wrong = || header.expects("`schema ID VERSION MIN_COMPATIBLE`");
    let numbers: Vec<&str> = header.text.split(' ').collect();
    let ["schema", id, version, least] = numbers[..] else { return Err(wrong()) };
    let (Ok(id), Ok(version), Ok(min_compatible)) = (id.parse(), version.parse(), least.parse()) else {
        return Err(wrong());
    };
    let mut enums = Vec::new();
    let (mut structs, mut messages): (Vec<Composite>, Vec<Composite>) = (Vec::new(), Vec::new());
    let mut names = Names::default();
    let mut rest = &lines[2.min(lines.len())..];
    while let Some((line, after)) = rest.split_first() {
        let fields = after.iter().take_while(|line| line.text.starts_with("field ")).count();
        let composite = Composite { line: *line, fields: &after[..fields] };
        match line.text.split(' ').collect::<Vec<_>>()[..] {
            ["enum" | "struct", name, ..] | ["message", _, name, ..] if !is_name(name) => {
                return Err(line.expects("a name of letters, digits and `_`"));
            }
            ["enum", name, repr, ref values @ ..] if fields == 0 => {
                names.enums.insert(name, enums.len());
                enums.push(read_enum(line, name, repr, values)?);
            }
            ["struct", name, _, _] => {
                names.structs.insert(name, structs.len());
                structs.push(composite);
            }
            ["message", _, _, _, ..] => messages.push(composite),
            _ => return Err(line.expects("`enum …`, `struct …`, `message …` or `field …`")),
        }
        rest = &after[fields..];
    }
    let order = order(&structs, &names, end)?;
    for (place, &index) in order.iter().enumerate() {
        let name = structs[index].line.text.split(' ').nth(1).unwrap_or_default();
        names.structs.insert(name, place);
    }
    let mut schema = Schema {
        span: Some(header.span(header.text)),
        id,
        version,
        min_compatible,
        core: false,
        digest_kind: DigestKind::CanonicalV1,
        digest: [0; 32],
        tag_ranges: Vec::new(),
        domains: Vec::new(),
        enums,
        structs: Vec::new(),
        messages: Vec::new(),
        invariants: Vec::new(),
        reserved_ids: Vec::new(),
        reserved_names: Vec::new(),
    };
    for index in order {
        let composite = &structs[index];
        let name = composite.line.text.split(' ').nth(1).unwrap_or_default();
        let mut fields = read_fields(composite, &names, &schema.enums)?;
        let layout = layout::composite(&mut fields, &schema.enums, &schema.structs)
            .map_err(|_| composite.line.wrong("the struct is too large"))?;
        let span = composite.line.span(name);
        schema.structs.push(Struct { name: name.to_owned(), span, description: None, fields, layout });
    }
    for composite in &messages {
        let message = read_message(composite, &names, &schema)?;
        schema.messages.push(message);
    }
    Ok(schema)
}

fn read_enum(line: &Line, name: &str, repr: &str, values: &[&str]) -> Result<Enum, LockError> {
    let repr = [Scalar::U8, Scalar::U16, Scalar::U32].into_iter().find(|scalar| scalar.name() == repr);
    let repr = repr.ok_or_else(|| line.expects("`enum NAME u8|u16|u32` and its values"))?;
    let value = |text: &&str| {
        let (name, number) = text.split_once('=')?;
        let name = Some(name).filter(|name| is_name(name))?;
        Some(EnumValue { name: name.to_owned(), span: line.span(name), value: number.parse().ok()? })
    };
    let values: Option<Vec<EnumValue>> = values.iter().map(value).collect();
    let values = values.ok_or_else(|| line.expects("`NAME=NUMBER` for each value"))?;
    Ok(Enum { name: name.to_owned(), span: line.span(name), description: None, repr, values })
}

fn read_message(composite: &Composite, names: &Names, schema: &Schema) -> Result<Message, LockError> {
    let line = &composite.line;
    let wrong = || line.expects("`message TYPE_ID NAME TOPIC SIZE ALIGN`");
    let mut start = line.text.splitn(4, ' ').skip(1);
    let (Some(id), Some(name), Some(rest)) = (start.next(), start.next(), start.next()) else { return Err(wrong()) };
    let mut ends = rest.rsplitn(3, ' ').skip(2);
    let (Ok(type_id), Some(topic)) = (id.parse(), ends.next()) else { return Err(wrong()) };
    let mut fields = read_fields(composite, names, &schema.enums)?;
    let layout = layout::composite(&mut fields, &schema.enums, &schema.structs)
        .map_err(|_| line.wrong("the message is too large"))?;
    Ok(Message {
        name: name.to_owned(),
        span: line.span(name),
        type_id,
        domain: String::new(),
        topic: topic.to_owned(),
        description: None,
        fields,
        layout,
        fingerprint: [0; 8],
        redacted: false,
        sensitivity: None,
        required_prior_messages: Vec::new(),
        deprecated: None,
        rust_type: None,
    })
}

/// Structs in an order in which each comes after those it contains.
fn order(structs: &[Composite], names: &Names, end: &Line) -> Result<Vec<usize>, LockError> {
    let contained = |composite: &Composite| -> Vec<usize> {
        let types = composite.fields.iter().filter_map(|line| line.text.split(' ').nth(3));
        let names_in = types.filter_map(|ty| ty.split_once("struct(")?.1.split(')').next());
        names_in.filter_map(|name| names.structs.get(name).copied()).collect()
    };
    let mut waiting: Vec<usize> = vec![0; structs.len()];
    let mut users: Vec<Vec<usize>> = vec![Vec::new(); structs.len()];
    for (index, composite) in structs.iter().enumerate() {
        for inner in contained(composite) {
            waiting[index] += 1;
            users[inner].push(index);
        }
    }
    let mut order: Vec<usize> = (0..structs.len()).filter(|&index| waiting[index] == 0).collect();
    let mut next = 0;
    while let Some(&index) = order.get(next) {
        next += 1;
        for &user in &users[index] {
            waiting[user] -= 1;
            if waiting[user] == 0 {
                order.push(user);
            }
        }
    }
    if order.len() == structs.len() { Ok(order) } else { Err(end.wrong("a struct contains itself")) }
}

fn read_fields(composite: &Composite, names: &Names, enums: &[Enum]) -> Result<Vec<Field>, LockError> {
    composite.fields.iter().map(|line| read_field(line, names, enums)).collect()
}

fn read_field(line: &Line, names: &Names, enums: &[Enum]) -> Result<Field, LockError> {
    let wrong = || line.expects("`field OFFSET NAME TYPE required|optional`, with rules or not,");
    let mut words = line.text.splitn(6, ' ').skip(2);
    let (Some(name), Some(ty), Some(presence)) = (words.next(), words.next(), words.next()) else {
        return Err(wrong());
    };
    if !is_name(name) {
        return Err(line.expects("a name of letters, digits and `_`"));
    }
    // No contract nests deeper, and a text that does must not exhaust the stack.
    if ty.matches('(').count() > 2 + MAX_DEPTH {
        return Err(line.wrong("the type is nested too deeply"));
    }
    let ty = read_type(ty, names).ok_or_else(|| line.expects(format!("a type that there is, in place of `{ty}`,")))?;
    let optional = match presence {
        "required" => false,
        "optional" => true,
        _ => return Err(wrong()),
    };
    let mut rules = Vec::new();
    let mut rest = words.next().unwrap_or_default();
    while !rest.is_empty() {
        let (rule, after) =
            read_rule(rest, &ty, enums).ok_or_else(|| line.expects(format!("a rule, in place of `{rest}`,")))?;
        rules.push(rule);
        rest = after.strip_prefix(' ').unwrap_or(after);
    }
    Ok(Field {
        name: name.to_owned(),
        span: line.span(name),
        description: None,
        unit: None,
        deprecated: None,
        ty,
        optional,
        rules,
        documented_rules: Vec::new(),
        place: Place::default(),
    })
}

fn read_type(text: &str, names: &Names) -> Option<Type> {
    let Some((kind, inner)) = text.strip_suffix(')').and_then(|text| text.split_once('(')) else {
        return TYPE_NAMES.into_iter().find(|scalar| scalar.name() == text).map(Type::Scalar);
    };
    let bound = |text: &str| text.parse::<u32>().ok().filter(|bound| (1..=65_535).contains(bound));
    let pair = || {
        let (elem, count) = inner.rsplit_once(',')?;
        Some((Box::new(read_type(elem, names)?), bound(count)?))
    };
    Some(match kind {
        "string" => Type::String { bound: bound(inner)? },
        "array" => pair().map(|(elem, len)| Type::Array { elem, len })?,
        "vec" => pair().map(|(elem, bound)| Type::Vec { elem, bound })?,
        "enum" => Type::Enum(EnumId(*names.enums.get(inner)?)),
        "struct" => Type::Struct(StructId(*names.structs.get(inner)?)),
        _ => return None,
    })
}

/// The first rule of a text, and what is after it.
fn read_rule<'a>(text: &'a str, ty: &Type, enums: &[Enum]) -> Option<(Rule, &'a str)> {
    let (name, rest) = text.split_once('=')?;
    let word = || {
        let end = rest.find(' ').unwrap_or(rest.len());
        rest.split_at(end)
    };
    let (value, after) = word();
    Some(match name {
        "ascii" => (Rule::Ascii, after),
        "not_empty" => (Rule::NotEmpty, after),
        "not_zero" => (Rule::NotZero, after),
        "min_length" => (Rule::MinLength(value.parse().ok()?), after),
        "min" => (Rule::Min(read_number(value, ty)?), after),
        "max" => (Rule::Max(read_number(value, ty)?), after),
        "not_prefix" => {
            let (prefix, after) = read_string(rest)?;
            (Rule::NotPrefix(prefix), after)
        }
        "one_of" if matches!(ty, Type::String { .. }) => {
            let (first, mut after) = read_string(rest)?;
            let mut strings = vec![first];
            while let Some(more) = after.strip_prefix(',') {
                let (next, rest) = read_string(more)?;
                strings.push(next);
                after = rest;
            }
            (Rule::OneOf(OneOf::Strings(strings)), after)
        }
        "one_of" => (Rule::OneOf(read_list(value, ty, enums)?), after),
        _ => return None,
    })
}

fn read_list(text: &str, ty: &Type, enums: &[Enum]) -> Option<OneOf> {
    let words = text.split(',');
    Some(match ty {
        Type::Enum(EnumId(index)) => {
            let values = &enums.get(*index)?.values;
            let value = |name: &str| {
                let value = values.iter().find(|value| value.name == name)?;
                Some((name.to_owned(), value.value))
            };
            OneOf::Enums(words.map(value).collect::<Option<_>>()?)
        }
        Type::Scalar(Scalar::U256) => OneOf::U256s(words.map(|word| u256::parse(word).ok()).collect::<Option<_>>()?),
        _ => OneOf::Ints(words.map(|word| word.parse().ok()).collect::<Option<_>>()?),
    })
}

fn read_number(text: &str, ty: &Type) -> Option<Number> {
    Some(match ty {
        Type::Scalar(Scalar::F32) => Number::F32(f32::from_bits(u32::from_str_radix(text, 16).ok()?)),
        Type::Scalar(Scalar::F64) => Number::F64(f64::from_bits(u64::from_str_radix(text, 16).ok()?)),
        Type::Scalar(Scalar::U256) => Number::U256(u256::parse(text).ok()?),
        _ => Number::Int(text.parse().ok()?),
    })
}

/// The JSON string that a text begins with, and what is after it.
fn read_string(text: &str) -> Option<(String, &str)> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<String>();
    let string = values.next()?.ok()?;
    Some((string, text.get(values.byte_offset()..)?))
}
