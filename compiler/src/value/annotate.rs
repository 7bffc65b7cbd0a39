//! What every byte of a payload is for, and every fault in it. The checks are those of
//! [`super::decode`], in its order and with its words, but they go on after the first failure, except inside of what a
//! wrong length or presence byte makes doubtful; what a command prints of it is left to the command.

use std::ops::Range;

use super::decode::{Decoder, scalar, size, unsigned, zeros};
use super::enums::Enums;
use super::json_out::value_to_json;
use super::{Code, Value, ValueError, check};
use crate::ir::{Field, Message, Rule, Scalar, Schema, Type};
use crate::{diag, layout};

/// A payload, byte by byte.
#[derive(Clone, Debug)]
pub struct Annotation {
    /// All bytes, in order and without gaps.
    pub parts: Vec<Part>,
    /// What is wrong, in the order of the wire format's checks: the first is the one that decoders report.
    pub faults: Vec<Fault>,
}

/// Bytes that are for one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The first byte in the payload.
    pub offset: usize,
    /// How many bytes; never 0.
    pub size: usize,
    /// What for.
    pub kind: PartKind,
    /// The field, in the contract's spelling (`bids[3].price.exponent`); empty for bytes of no field.
    pub path: String,
    /// The type of a value, in the contract language; empty for other parts.
    pub ty: String,
    /// The value by the JSON mapping, on one line; of a presence byte or a count its number. `None` for padding, and
    /// where the bytes are no value.
    pub json: Option<String>,
    /// What the bytes say, for people, without the unit.
    pub words: String,
    /// The unit of a value, where the contract has one.
    pub unit: Option<String>,
    /// Whether its faults were looked for: not where a wrong length or presence byte in front of it leaves open what the
    /// bytes are. What else is said of them is then what they would be.
    pub judged: bool,
}

/// What the bytes of a [`Part`] are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartKind {
    /// The presence byte of an optional.
    Presence,
    /// The length of a string or the count of a vector.
    Length,
    /// A value.
    Value,
    /// Always zero.
    Padding,
    /// After the end of the message.
    Surplus,
    /// The end of a payload that is too short, in the middle of something.
    Torn,
}

impl PartKind {
    /// One word for it.
    pub fn name(self) -> &'static str {
        match self {
            PartKind::Presence => "presence",
            PartKind::Length => "length",
            PartKind::Value => "value",
            PartKind::Padding => "padding",
            PartKind::Surplus => "surplus",
            PartKind::Torn => "torn",
        }
    }
}

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Code, path and words, as decoders report them.
    pub error: ValueError,
    /// The bytes it is about; empty, at the end of the payload, for bytes that are missing.
    pub bytes: Range<usize>,
}

/// Explains a payload of any length as one of `message`.
pub fn annotate(schema: &Schema, message: &Message, payload: &[u8]) -> Annotation {
    let size = message.layout.size as usize;
    let mut bytes = payload[..payload.len().min(size)].to_vec();
    let end = bytes.len();
    bytes.resize(size, 0);
    let decoder = Decoder { schema, enums: Enums::new(schema) };
    let mut walk = Walk { decoder, bytes: &bytes, end, parts: Vec::new(), faults: Vec::new(), doubtful: false };
    if payload.len() != size {
        let detail = format!("payload has {}, {} has {size}", diag::bytes(payload.len()), message.name);
        walk.faults.push(Fault { error: ValueError::new(Code::Length, detail), bytes: end..payload.len() });
    }
    walk.fields(&message.fields, 0, "");
    let Walk { mut parts, faults, .. } = walk;
    if payload.len() > size {
        let words = format!("after the end of {}", message.name);
        parts.push(part(size..payload.len(), PartKind::Surplus, "", "", None, words));
    }
    Annotation { parts, faults }
}

struct Walk<'a> {
    decoder: Decoder<'a>,
    /// As many as the message has: zeros after `end`.
    bytes: &'a [u8],
    /// Where the real bytes end.
    end: usize,
    parts: Vec<Part>,
    faults: Vec<Fault>,
    /// Inside of something whose length or presence is wrong: what is there is shown, and not judged.
    doubtful: bool,
}

/// A value that was read, and where its rules' faults are marked.
struct Read {
    value: Value,
    bytes: Range<usize>,
    length: Range<usize>,
}

impl Walk<'_> {
    /// The fields of a message or struct that begins at `base`.
    fn fields(&mut self, fields: &[Field], base: usize, path: &str) {
        for field in fields {
            let path = if path.is_empty() { field.name.clone() } else { format!("{path}.{}", field.name) };
            let first = self.parts.len();
            self.field(field, base, &path);
            // Fields inside of it have units of their own.
            for part in self.parts.iter_mut().skip(first).filter(|part| part.path == path) {
                part.unit.clone_from(&field.unit);
            }
        }
    }

    fn field(&mut self, field: &Field, base: usize, path: &str) {
        let place = field.place;
        let start = base + place.offset as usize;
        let value_start = base + place.value_offset as usize;
        let value_end = value_start + place.value_size as usize;
        let end = start + place.size as usize + place.padding_after as usize;
        let doubtful = self.doubtful;
        if field.optional {
            let presence = self.bytes[start];
            let words = match presence {
                0 => "absent",
                1 => "present",
                _ => "neither absent nor present",
            };
            let at = start..start + 1;
            self.push(part(at.clone(), PartKind::Presence, path, "", Some(presence.to_string()), words.to_owned()));
            if presence > 1 {
                let detail = format!("presence byte is {presence}, not 0 or 1");
                self.fault(path, ValueError::new(Code::Presence, detail), at);
            }
            self.padding(start + 1..value_start, path, "between presence and value");
            if presence == 0 {
                self.padding(value_start..value_end, path, "of an absent value");
                self.padding(value_end..end, path, "after the field");
                return;
            }
            self.doubtful |= presence > 1;
        }
        if let Some(read) = self.value(&field.ty, value_start..value_end, path) {
            for rule in field.rules.iter().filter(|rule| !check::holds(rule, &read.value)) {
                let at = place_of(rule, &read);
                self.fault(path, ValueError::new(Code::Rule(rule.name()), check::broken(rule)), at);
            }
        }
        self.doubtful = doubtful;
        self.padding(value_end..end, path, "after the field");
    }

    /// A present value of type `ty`; `None` where it is none, or has no rules.
    fn value(&mut self, ty: &Type, at: Range<usize>, path: &str) -> Option<Read> {
        match ty {
            Type::Scalar(kind) => {
                let read = scalar(*kind, &self.bytes[at.clone()]);
                self.leaf(ty, at, path, read)
            }
            Type::Enum(id) => {
                let read = self.decoder.enum_(*id, &self.bytes[at.clone()]);
                self.leaf(ty, at, path, read)
            }
            Type::Struct(id) => {
                let schema = self.decoder.schema;
                self.fields(&schema.struct_(*id).fields, at.start, path);
                None
            }
            Type::Array { elem, .. } => self.elements(ty, elem, at.clone(), at.start..at.start, path),
            Type::String { bound } => {
                let (length, text, tail) = self.counted(ty, at, *bound, 1, path);
                let read = self.text(ty, text, &length, path);
                self.padding(tail, path, "after the string");
                read
            }
            Type::Vec { elem, bound } => {
                let slot = size(self.decoder.schema, elem).ok()?;
                let (length, slots, tail) = self.counted(ty, at, *bound, slot, path);
                let read = self.elements(ty, elem, slots, length, path);
                self.padding(tail, path, "after the last element");
                read
            }
        }
    }

    /// A scalar or enum value.
    fn leaf(&mut self, ty: &Type, at: Range<usize>, path: &str, read: Result<Value, ValueError>) -> Option<Read> {
        let Decoder { schema, enums } = &self.decoder;
        let name = schema.type_name(ty);
        match read {
            Ok(value) => {
                let json = value_to_json(schema, enums, ty, &value);
                let mut words = json.as_deref().unwrap_or_default().trim_matches('"').to_owned();
                if let Value::Enum(number) = value {
                    words = format!("{words} ({number})");
                }
                self.push(part(at.clone(), PartKind::Value, path, &name, json, words));
                Some(Read { value, length: at.clone(), bytes: at })
            }
            Err(error) => {
                self.push(part(at.clone(), PartKind::Value, path, &name, None, "no value".to_owned()));
                self.fault(path, error, at);
                None
            }
        }
    }

    /// The length of a string or vector and its zeros. Gives where the length is, the used slots and what follows them.
    /// A length over the bound is a fault, and makes the slots doubtful; the zeros are where they are in any case.
    fn counted(
        &mut self,
        ty: &Type,
        at: Range<usize>,
        bound: u32,
        slot: usize,
        path: &str,
    ) -> (Range<usize>, Range<usize>, Range<usize>) {
        let length = at.start..at.start + layout::LENGTH_SIZE as usize;
        let slots = at.start + layout::LENGTH_PREFIX as usize;
        let count = unsigned(&self.bytes[length.clone()]) as usize;
        let of = if matches!(ty, Type::String { .. }) { "byte" } else { "element" };
        let words = format!("{count} of at most {}", counted(bound as usize, of));
        self.push(part(length.clone(), PartKind::Length, path, "", Some(count.to_string()), words));
        if count > bound as usize {
            let detail = format!("length is {count}, the bound is {bound}");
            self.fault(path, ValueError::new(Code::Count, detail), length.clone());
        }
        self.padding(length.end..slots, path, "after the length");
        self.doubtful |= count > bound as usize;
        let used = slots + count.min(bound as usize) * slot;
        (length, slots..used, used..at.end)
    }

    fn text(&mut self, ty: &Type, at: Range<usize>, length: &Range<usize>, path: &str) -> Option<Read> {
        let name = self.decoder.schema.type_name(ty);
        match std::str::from_utf8(&self.bytes[at.clone()]) {
            Ok(text) => {
                let value = Value::String(text.to_owned());
                let json = serde_json::to_string(text).ok();
                let words = json.clone().unwrap_or_default();
                if !at.is_empty() {
                    self.push(part(at.clone(), PartKind::Value, path, &name, json, words));
                }
                Some(Read { value, bytes: at, length: length.clone() })
            }
            Err(error) => {
                let shown = String::from_utf8_lossy(&self.bytes[at.clone()]);
                let words = serde_json::to_string(&shown).unwrap_or_default();
                self.push(part(at.clone(), PartKind::Value, path, &name, None, words));
                let bad = at.start + error.valid_up_to();
                let bad = bad..error.error_len().map_or(at.end, |length| bad + length);
                self.fault(path, ValueError::new(Code::Utf8, "is not UTF-8"), bad);
                None
            }
        }
    }

    fn elements(&mut self, ty: &Type, elem: &Type, at: Range<usize>, length: Range<usize>, path: &str) -> Option<Read> {
        if *elem == Type::Scalar(Scalar::U8) {
            let Decoder { schema, enums } = &self.decoder;
            let value = Value::Bytes(self.bytes[at.clone()].to_vec());
            let (name, json) = (schema.type_name(ty), value_to_json(schema, enums, ty, &value));
            if !at.is_empty() {
                self.push(part(at.clone(), PartKind::Value, path, &name, json, counted(at.len(), "byte")));
            }
            return Some(Read { value, bytes: at, length });
        }
        let slot = size(self.decoder.schema, elem).ok()?;
        let count = at.len() / slot;
        for index in 0..count {
            let start = at.start + index * slot;
            // Nothing is left to be shown after the end.
            if start >= self.end {
                break;
            }
            self.value(elem, start..start + slot, &format!("{path}[{index}]"));
        }
        // The rules of a list are about its length alone.
        Some(Read { value: Value::List(vec![Value::Absent; count]), bytes: at, length })
    }

    fn padding(&mut self, at: Range<usize>, path: &str, which: &str) {
        if at.is_empty() {
            return;
        }
        let bytes = &self.bytes[at.clone()];
        let real = &bytes[..self.end.saturating_sub(at.start).min(bytes.len())];
        let what = if real.iter().all(|byte| *byte == 0) { "zero" } else { "byte" };
        let words = match at.len() {
            1 => format!("{what} {which}"),
            size => format!("{} {which}", counted(size, what)),
        };
        self.push(part(at.clone(), PartKind::Padding, path, "", None, words));
        if let Err(error) = zeros(bytes, which) {
            let first = bytes.iter().position(|byte| *byte != 0).unwrap_or_default();
            let last = bytes.iter().rposition(|byte| *byte != 0).unwrap_or_default();
            self.fault(path, error, at.start + first..at.start + last + 1);
        }
    }

    fn push(&mut self, mut part: Part) {
        part.judged = !self.doubtful;
        let end = part.offset + part.size;
        if part.offset >= self.end {
            return;
        }
        if end > self.end {
            let found = self.end - part.offset;
            // A part of 1 byte has it, or is not there.
            part.words = format!("{found} of {} bytes", part.size);
            part.size = found;
            part.kind = PartKind::Torn;
            part.json = None;
        }
        self.parts.push(part);
    }

    fn fault(&mut self, path: &str, error: ValueError, bytes: Range<usize>) {
        if !self.doubtful && bytes.end <= self.end {
            self.faults.push(Fault { error: ValueError { path: path.to_owned(), ..error }, bytes });
        }
    }
}

fn part(at: Range<usize>, kind: PartKind, path: &str, ty: &str, json: Option<String>, words: String) -> Part {
    let (path, ty) = (path.to_owned(), ty.to_owned());
    Part { offset: at.start, size: at.len(), kind, path, ty, json, words, unit: None, judged: true }
}

/// A number of things in words.
fn counted(number: usize, thing: &str) -> String {
    format!("{number} {thing}{}", if number == 1 { "" } else { "s" })
}

/// The bytes that break a rule.
fn place_of(rule: &Rule, read: &Read) -> Range<usize> {
    let bytes = read.bytes.clone();
    match (rule, &read.value) {
        (Rule::MinLength(_) | Rule::NotEmpty, _) => read.length.clone(),
        _ if bytes.is_empty() => read.length.clone(),
        (Rule::NotPrefix(prefix), _) => bytes.start..(bytes.start + prefix.len()).min(bytes.end),
        (Rule::Ascii, Value::String(text)) => {
            let first = text.char_indices().find(|(_, character)| !character.is_ascii());
            let (at, length) = first.map_or((0, bytes.len()), |(at, character)| (at, character.len_utf8()));
            bytes.start + at..bytes.start + at + length
        }
        _ => bytes,
    }
}
