//! The canonical text of a schema, its digest, and the fingerprints of its messages. Owns what
//! counts as a change; where bytes lie is [`crate::layout`]'s.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use crate::ir::{DigestKind, EnumId, Field, Message, Number, OneOf, Rule, Schema, StructId, Type};
use crate::u256;

/// First line of every canonical text.
pub(crate) const HEADER: &str = "mycelium canonical-v1\n";

/// The canonical text of a whole schema.
pub fn canonical_text(schema: &Schema) -> String {
    let mut canonical = Canonical::new(schema);
    let mut text = canonical.head();
    for index in canonical.order() {
        message_lines(&mut text, schema, &schema.messages[index]);
    }
    text
}

/// SHA-256 over a canonical text.
pub fn of_text(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

/// The fingerprint of one message: the start of SHA-256 over the lines that concern it.
pub fn fingerprint(schema: &Schema, message: &Message) -> [u8; 8] {
    let mut own = String::new();
    message_lines(&mut own, schema, message);
    Canonical::new(schema).fingerprint(message, &own)
}

/// Puts the digest and the fingerprints into a schema that is otherwise complete.
pub(crate) fn fill(schema: &mut Schema, source_bytes: &[u8]) {
    let mut canonical = Canonical::new(schema);
    let mut fingerprints = vec![[0; 8]; schema.messages.len()];
    let mut text = canonical.head();
    for index in canonical.order() {
        let start = text.len();
        message_lines(&mut text, schema, &schema.messages[index]);
        fingerprints[index] = canonical.fingerprint(&schema.messages[index], &text[start..]);
    }
    schema.digest = match schema.digest_kind {
        DigestKind::CanonicalV1 => of_text(&text),
        DigestKind::Source => Sha256::digest(source_bytes).into(),
    };
    for (message, fingerprint) in schema.messages.iter_mut().zip(fingerprints) {
        message.fingerprint = fingerprint;
    }
}

/// Puts the fingerprints into a schema whose digest is known.
pub(crate) fn fill_fingerprints(schema: &mut Schema) {
    let digest = schema.digest;
    fill(schema, &[]);
    schema.digest = digest;
}

/// The parts of a schema's canonical text.
struct Canonical<'a> {
    schema: &'a Schema,
    enums: Vec<Part>,
    structs: Vec<Part>,
    /// The current round of reaching.
    round: u32,
}

/// An enum or a struct.
struct Part {
    /// Its lines.
    text: String,
    /// Its position among the names of its kind.
    rank: usize,
    /// The last round in which it was reached.
    round: u32,
}

impl<'a> Canonical<'a> {
    fn new(schema: &'a Schema) -> Self {
        let enum_names: Vec<&str> = schema.enums.iter().map(|item| item.name.as_str()).collect();
        let struct_names: Vec<&str> = schema.structs.iter().map(|item| item.name.as_str()).collect();
        let enums = (0..schema.enums.len()).map(|index| enum_line(schema, EnumId(index)));
        let structs = (0..schema.structs.len()).map(|index| struct_lines(schema, StructId(index)));
        Self { schema, enums: parts(enums, &enum_names), structs: parts(structs, &struct_names), round: 0 }
    }

    /// The lines before those of the messages.
    fn head(&mut self) -> String {
        let Schema { id, version, min_compatible, messages, .. } = self.schema;
        let mut text = format!("{HEADER}schema {id} {version} {min_compatible}\n");
        self.reached(messages, |lines| text.push_str(lines));
        text
    }

    /// The messages in the order of their lines.
    fn order(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.schema.messages.len()).collect();
        order.sort_by_key(|&index| self.schema.messages[index].type_id);
        order
    }

    /// The fingerprint of a message whose own lines are `own`.
    fn fingerprint(&mut self, message: &Message, own: &str) -> [u8; 8] {
        let mut hash = Sha256::new();
        hash.update(HEADER);
        self.reached(std::slice::from_ref(message), |lines| hash.update(lines));
        hash.update(own);
        let digest: [u8; 32] = hash.finalize().into();
        let [a, b, c, d, e, f, g, h, ..] = digest;
        [a, b, c, d, e, f, g, h]
    }

    /// Hands on the lines of the enums, then of the structs, that messages reach, each kind by name.
    fn reached(&mut self, messages: &[Message], mut each: impl FnMut(&str)) {
        self.round += 1;
        let (mut enums, mut structs) = (Vec::new(), Vec::new());
        let mut open: Vec<&[Field]> = messages.iter().map(|message| message.fields.as_slice()).collect();
        while let Some(fields) = open.pop() {
            for field in fields {
                match base(&field.ty) {
                    Type::Enum(EnumId(index)) => reach(&mut self.enums, *index, self.round, &mut enums),
                    Type::Struct(StructId(index)) if self.structs[*index].round != self.round => {
                        reach(&mut self.structs, *index, self.round, &mut structs);
                        open.push(&self.schema.structs[*index].fields);
                    }
                    _ => {}
                }
            }
        }
        enums.sort_by_key(|&index| self.enums[index].rank);
        structs.sort_by_key(|&index| self.structs[index].rank);
        enums.iter().for_each(|&index| each(&self.enums[index].text));
        structs.iter().for_each(|&index| each(&self.structs[index].text));
    }
}

fn parts(texts: impl Iterator<Item = String>, names: &[&str]) -> Vec<Part> {
    let mut order: Vec<usize> = (0..names.len()).collect();
    order.sort_by_key(|&index| names[index]);
    let mut ranks = vec![0; names.len()];
    for (rank, &index) in order.iter().enumerate() {
        ranks[index] = rank;
    }
    texts.zip(ranks).map(|(text, rank)| Part { text, rank, round: 0 }).collect()
}

fn reach(parts: &mut [Part], index: usize, round: u32, list: &mut Vec<usize>) {
    if parts[index].round != round {
        parts[index].round = round;
        list.push(index);
    }
}

/// What the elements of arrays and vectors are in the end.
fn base(ty: &Type) -> &Type {
    match ty {
        Type::Array { elem, .. } | Type::Vec { elem, .. } => base(elem),
        Type::Scalar(_) | Type::String { .. } | Type::Enum(_) | Type::Struct(_) => ty,
    }
}

fn enum_line(schema: &Schema, id: EnumId) -> String {
    let item = schema.enum_(id);
    let mut line = format!("enum {} {}", item.name, item.repr.name());
    let mut values: Vec<_> = item.values.iter().collect();
    values.sort_by_key(|value| value.value);
    for value in values {
        put(&mut line, format_args!(" {}={}", value.name, value.value));
    }
    line.push('\n');
    line
}

fn struct_lines(schema: &Schema, id: StructId) -> String {
    let item = schema.struct_(id);
    let mut lines = format!("struct {} {} {}\n", item.name, item.layout.size, item.layout.align);
    item.fields.iter().for_each(|field| field_line(&mut lines, schema, field));
    lines
}

fn message_lines(out: &mut String, schema: &Schema, message: &Message) {
    let Message { type_id, name, topic, layout, .. } = message;
    put(out, format_args!("message {type_id} {name} {topic} {} {}\n", layout.size, layout.align));
    message.fields.iter().for_each(|field| field_line(out, schema, field));
}

fn field_line(out: &mut String, schema: &Schema, field: &Field) {
    put(out, format_args!("field {} {} ", field.place.offset, field.name));
    type_name(out, schema, &field.ty);
    out.push_str(if field.optional { " optional" } else { " required" });
    for rule in &field.rules {
        put(out, format_args!(" {}=", rule.name()));
        rule_value(out, rule);
    }
    out.push('\n');
}

fn type_name(out: &mut String, schema: &Schema, ty: &Type) {
    match ty {
        Type::Scalar(scalar) => out.push_str(scalar.name()),
        Type::Array { elem, len } => {
            out.push_str("array(");
            type_name(out, schema, elem);
            put(out, format_args!(",{len})"));
        }
        Type::String { bound } => put(out, format_args!("string({bound})")),
        Type::Vec { elem, bound } => {
            out.push_str("vec(");
            type_name(out, schema, elem);
            put(out, format_args!(",{bound})"));
        }
        Type::Enum(id) => put(out, format_args!("enum({})", schema.enum_(*id).name)),
        Type::Struct(id) => put(out, format_args!("struct({})", schema.struct_(*id).name)),
    }
}

fn rule_value(out: &mut String, rule: &Rule) {
    match rule {
        Rule::Ascii | Rule::NotEmpty | Rule::NotZero => out.push_str("true"),
        Rule::Max(number) | Rule::Min(number) => number_value(out, number),
        Rule::MinLength(length) => put(out, format_args!("{length}")),
        Rule::NotPrefix(prefix) => json_string(out, prefix),
        Rule::OneOf(OneOf::Ints(values)) => list(out, values, |out, value| put(out, format_args!("{value}"))),
        Rule::OneOf(OneOf::U256s(values)) => list(out, values, |out, value| out.push_str(&u256::to_decimal(value))),
        Rule::OneOf(OneOf::Strings(values)) => list(out, values, |out, value| json_string(out, value)),
        Rule::OneOf(OneOf::Enums(values)) => list(out, values, |out, (name, _)| out.push_str(name)),
    }
}

fn number_value(out: &mut String, number: &Number) {
    match number {
        Number::Int(value) => put(out, format_args!("{value}")),
        Number::F32(value) => put(out, format_args!("{:08x}", value.to_bits())),
        Number::F64(value) => put(out, format_args!("{:016x}", value.to_bits())),
        Number::U256(value) => out.push_str(&u256::to_decimal(value)),
    }
}

fn list<T>(out: &mut String, items: &[T], mut each: impl FnMut(&mut String, &T)) {
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        each(out, item);
    }
}

/// A JSON string: quotes, backslashes and control characters escaped, everything else as it is.
fn json_string(out: &mut String, text: &str) {
    out.push_str(&serde_json::Value::from(text).to_string());
}

/// Formats into a string, which cannot fail.
fn put(out: &mut String, arguments: std::fmt::Arguments) {
    let _ = out.write_fmt(arguments);
}
