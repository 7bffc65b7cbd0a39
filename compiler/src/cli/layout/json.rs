//! The layout as one JSON object.

use myc_schema::hex::hex;
use myc_schema::ir::{Field, Schema};
use myc_schema::layout::Piece;
use serde::Serialize;

use super::{Composite, Shown, usage_name};

#[derive(Serialize)]
struct LayoutJson<'a> {
    schema: SchemaJson,
    messages: Vec<MessageJson<'a>>,
    structs: Vec<CompositeJson<'a>>,
}

#[derive(Serialize)]
struct SchemaJson {
    id: u32,
    version: u16,
    digest: String,
}

#[derive(Serialize)]
struct MessageJson<'a> {
    type_id: u16,
    topic: &'a str,
    fingerprint: String,
    #[serde(flatten)]
    composite: CompositeJson<'a>,
}

#[derive(Serialize)]
struct CompositeJson<'a> {
    name: &'a str,
    size: u32,
    align: u32,
    padding: u32,
    fields: Vec<FieldJson<'a>>,
}

#[derive(Serialize)]
struct FieldJson<'a> {
    name: &'a str,
    #[serde(rename = "type")]
    ty: String,
    optional: bool,
    offset: u32,
    size: u32,
    align: u32,
    value_offset: u32,
    value_size: u32,
    padding_after: u32,
    bytes: Vec<PieceJson>,
}

#[derive(Serialize)]
struct PieceJson {
    #[serde(rename = "use")]
    usage: &'static str,
    offset: u32,
    size: u32,
}

/// The object, with a final line end.
pub fn print(shown: &Shown<'_>) -> String {
    let schema = shown.schema;
    let messages = shown.composites.iter().filter_map(|shown| {
        let message = shown.message?;
        Some(MessageJson {
            type_id: message.type_id,
            topic: &message.topic,
            fingerprint: hex(&message.fingerprint),
            composite: composite(schema, shown),
        })
    });
    let structs = shown.composites.iter().filter(|shown| shown.message.is_none());
    let layout = LayoutJson {
        schema: SchemaJson { id: schema.id, version: schema.version, digest: hex(&schema.digest) },
        messages: messages.collect(),
        structs: structs.map(|shown| composite(schema, shown)).collect(),
    };
    // Plain structs of numbers and strings always have JSON.
    let mut text = serde_json::to_string_pretty(&layout).unwrap_or_default();
    text.push('\n');
    text
}

fn composite<'a>(schema: &'a Schema, shown: &'a Composite<'a>) -> CompositeJson<'a> {
    CompositeJson {
        name: shown.name,
        size: shown.layout.size,
        align: shown.layout.align,
        padding: shown.padding(schema),
        fields: shown.pieces(schema).map(|(field, pieces)| self::field(schema, field, &pieces)).collect(),
    }
}

fn field<'a>(schema: &Schema, field: &'a Field, pieces: &[Piece]) -> FieldJson<'a> {
    let place = field.place;
    let piece = |piece: &Piece| PieceJson { usage: usage_name(piece.usage), offset: piece.offset, size: piece.size };
    FieldJson {
        name: &field.name,
        ty: schema.type_name(&field.ty),
        optional: field.optional,
        offset: place.offset,
        size: place.size,
        align: place.align,
        value_offset: place.value_offset,
        value_size: place.value_size,
        padding_after: place.padding_after,
        bytes: pieces.iter().map(piece).collect(),
    }
}
