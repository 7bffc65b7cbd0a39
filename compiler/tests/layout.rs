//! Layouts: the worked cases of the wire format, and what holds for every layout. What rustc computes
//! for native twins is compared elsewhere.

use std::path::Path;
use std::sync::Arc;

use myc_schema::check;
use myc_schema::ir::{Enum, Field, Layout, Schema, Struct, Type};
use myc_schema::layout;
use myc_schema::source::SourceMap;

fn schema(text: &str) -> Arc<Schema> {
    let mut sources = SourceMap::new();
    let id = sources.add("contracts.yaml", text);
    let checked = check(&sources, id);
    checked.schema.unwrap_or_else(|| panic!("{text}\n{:#?}", checked.diagnostics))
}

fn message(fields: &str) -> String {
    format!("messages: {{ M: {{ tlv_type: 1001, domain: D, fields: {{ {fields} }} }} }}")
}

/// Size and alignment of a message, and the offsets of its fields.
fn numbers(text: &str, name: &str) -> (u32, u32, Vec<u32>) {
    let schema = schema(text);
    let message = schema.message(name).unwrap();
    let offsets = message.fields.iter().map(|field| field.place.offset).collect();
    (message.layout.size, message.layout.align, offsets)
}

/// Without it a deployed peer could read other bytes than were written.
#[test]
fn worked_cases() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../contracts.yaml");
    let reference = std::fs::read_to_string(path).unwrap();
    assert_eq!(numbers(&reference, "TextMessage"), (312, 8, vec![0, 40, 304]));
    assert_eq!(numbers(&reference, "CounterUpdate"), (16, 8, vec![0, 8, 12]));
    assert_eq!(numbers(&reference, "BatchOperation"), (224, 8, vec![0, 8, 216]));
    let batch = schema(&reference);
    assert_eq!(batch.message("BatchOperation").unwrap().fields[2].place.padding_after, 4);
}

/// Without it the size or alignment of a type could change unseen.
#[test]
fn one_field() {
    for (ty, size, align) in [
        ("u8", 1, 1),
        ("i8", 1, 1),
        ("bool", 1, 1),
        ("u16", 2, 2),
        ("i16", 2, 2),
        ("u32", 4, 4),
        ("i32", 4, 4),
        ("f32", 4, 4),
        ("u64", 8, 8),
        ("i64", 8, 8),
        ("f64", 8, 8),
        ("U256", 32, 1),
        ("\"[u8; 20]\"", 20, 1),
        ("\"[u64; 3]\"", 24, 8),
        ("\"[[u16; 3]; 5]\"", 30, 2),
        ("String<1>", 10, 2),
        ("String<32>", 40, 2),
        ("String<33>", 42, 2),
        ("String<65535>", 65544, 2),
        ("\"Vec<u8, 3>\"", 12, 2),
        ("\"Vec<[u8; 3], 3>\"", 18, 2),
        ("\"Vec<u64, 3>\"", 32, 8),
        ("\"Vec<u32, 1>\"", 12, 4),
        ("\"Vec<U256, 1>\"", 40, 2),
        ("{ type: u8, optional: true }", 2, 1),
        ("{ type: bool, optional: true }", 2, 1),
        ("{ type: u16, optional: true }", 4, 2),
        ("{ type: u64, optional: true }", 16, 8),
        ("{ type: U256, optional: true }", 33, 1),
        ("{ type: String<33>, optional: true }", 44, 2),
        ("{ type: \"[u8; 5]\", optional: true }", 6, 1),
        ("{ type: \"Vec<u64, 1>\", optional: true }", 24, 8),
    ] {
        assert_eq!(numbers(&message(&format!("f: {ty}")), "M"), (size, align, vec![0]), "{ty}");
    }
    assert_eq!(numbers(&message(""), "M"), (0, 1, vec![]));
}

/// Without it padding could go uncounted between or after fields.
#[test]
fn places() {
    let schema = schema(&message("a: u8, b: { type: u32, optional: true }, c: u16, d: String<3>, e: u64, f: u8"));
    let places: Vec<_> = schema.messages[0]
        .fields
        .iter()
        .map(|field| {
            let place = field.place;
            (place.offset, place.size, place.align, place.value_offset, place.value_size, place.padding_after)
        })
        .collect();
    assert_eq!(
        places,
        [
            (0, 1, 1, 0, 1, 3),
            (4, 8, 4, 8, 4, 0),
            (12, 2, 2, 12, 2, 0),
            (14, 12, 2, 14, 12, 6),
            (32, 8, 8, 32, 8, 0),
            (40, 1, 1, 40, 1, 7),
        ]
    );
}

/// Without it a struct's or an enum's alignment could be lost on the way to its field.
#[test]
fn structs_and_enums() {
    let text = "enums: { Wide: { repr: u32, values: { A: 1 } } }
structs:
  Mixed: { fields: { a: u8, wide: Wide, b: u8 } }
  Text: { fields: { t: String<1>, n: u8 } }
messages:
  M: { tlv_type: 1001, domain: D, fields: { f: u8, m: Mixed, v: \"Vec<Mixed, 2>\", t: \"[Text; 2]\", o: { type: Text, optional: true } } }
";
    assert_eq!(numbers(text, "M"), (88, 4, vec![0, 4, 16, 48, 72]));
}

/// Without it the message that is just too large could be accepted, or its size overflow.
#[test]
fn too_large_says_by_how_much() {
    let elem = |elem: Type, len| Type::Array { elem: Box::new(elem), len };
    let byte = || Type::Scalar(myc_schema::ir::Scalar::U8);
    let size = |ty: &Type| layout::value(ty, &[], &[]);
    assert_eq!(size(&elem(elem(byte(), 1024), 4096)), Ok(Layout { size: layout::MAX_MESSAGE_SIZE, align: 1 }));
    assert_eq!(size(&elem(elem(byte(), 1025), 4096)).unwrap_err().size, 1025 * 4096);
    let mut ty = byte();
    for _ in 0..32 {
        ty = elem(ty, 65_535);
    }
    assert_eq!(size(&ty).unwrap_err().size, u128::MAX);
}

/// What must hold for the fields of every struct and message.
fn invariants(what: &str, fields: &[Field], whole: Layout, enums: &[Enum], structs: &[Struct]) {
    assert!([1, 2, 4, 8].contains(&whole.align), "{what}");
    assert_eq!(whole.size % whole.align, 0, "{what}");
    assert_eq!(whole.align, fields.iter().map(|field| field.place.align).max().unwrap_or(1), "{what}");
    let mut end = 0;
    for field in fields {
        let (what, place) = (format!("{what}.{}", field.name), field.place);
        let value = layout::value(&field.ty, enums, structs).unwrap();
        assert_eq!((place.value_size, place.align), (value.size, value.align), "{what}");
        assert_eq!(value.size % value.align, 0, "{what}");
        assert_eq!(place.offset, end, "{what} does not begin where the padding before it ends");
        assert_eq!(place.offset % place.align, 0, "{what}");
        assert_eq!(place.value_offset % place.align, 0, "{what}");
        assert_eq!(place.value_offset + place.value_size, place.offset + place.size, "{what}");
        assert_eq!(place.value_offset > place.offset, field.optional, "{what}");
        assert!(place.padding_after < whole.align, "{what}");
        let unrounded = layout::unrounded_size(&field.ty, enums, structs).unwrap();
        assert!(value.size - value.align < unrounded && unrounded <= value.size, "{what}");
        end = place.offset + place.size + place.padding_after;
    }
    assert_eq!(end, whole.size, "{what}: the sizes and paddings do not add up");
}

fn all_invariants(schema: &Schema) -> usize {
    let (enums, structs) = (schema.enums.as_slice(), schema.structs.as_slice());
    for item in structs {
        invariants(&item.name, &item.fields, item.layout, enums, structs);
    }
    for item in &schema.messages {
        invariants(&item.name, &item.fields, item.layout, enums, structs);
    }
    structs.len() + schema.messages.len()
}

/// Without it bytes could overlap, or lie outside of every field and padding.
#[test]
fn nothing_overlaps_and_everything_adds_up() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/schemas/valid");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        seen += all_invariants(&schema(&std::fs::read_to_string(entry.unwrap().path()).unwrap()));
    }
    assert!(seen > 50, "{seen}");
    // Every order of fields of every alignment, plain and optional.
    let types = ["u8", "u16", "u64", "U256", "String<3>", "\"Vec<u32, 3>\"", "S"];
    for first in types {
        for second in types {
            for third in types {
                for optional in 0..8 {
                    let field =
                        |at: u32, ty: &str| format!("f{at}: {{ type: {ty}, optional: {} }}", optional >> at & 1 == 1);
                    let fields = [field(0, first), field(1, second), field(2, third)].join(", ");
                    let text = format!("structs: {{ S: {{ fields: {{ a: u32, b: u8 }} }} }}\n{}", message(&fields));
                    all_invariants(&schema(&text));
                }
            }
        }
    }
}
