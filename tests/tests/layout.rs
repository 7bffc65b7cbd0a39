//! Layouts held against rustc's own: every struct and message as a native `repr(C)` type. Without it the layout
//! arithmetic would only ever be compared with itself.

use std::fmt::Write as _;
use std::fs;
use std::process::Command;

use myc_schema::ir::{Field, Layout, Scalar, Schema, Type};
use mycelium_tests::contract::{Contract, files, stem};
use mycelium_tests::random::Random;
use mycelium_tests::toolchain::{root, run, target_folder};
use mycelium_tests::{contracts, golden};

const WIRE_TYPES: &str = "\
#![allow(dead_code)]
#[repr(C)] struct Text<const N: usize> { length: u16, zero: [u8; 6], bytes: [u8; N] }
#[repr(C)] struct Vector<T, const N: usize> { count: u16, zero: [u8; 6], slots: [T; N] }
#[repr(C)] struct Optional<T> { presence: u8, value: T }
";

#[test]
fn layouts_are_those_of_native_structs() {
    let mut random = Random::for_test("layouts_are_those_of_native_structs", 5);
    let mut all: Vec<Contract> = golden::load().into_iter().map(|golden| golden.contract).collect();
    let fixtures = files(&root().join("tests/schemas/valid"), ".yaml");
    all.extend(fixtures.iter().map(|path| Contract::read(&stem(path, ".yaml").replace('-', "_"), path)));
    all.extend(contracts::contracts(&mut random, "random", 60));
    let mut source = WIRE_TYPES.to_owned();
    for (index, contract) in all.iter().enumerate() {
        native(&mut source, index, contract);
    }
    let folder = target_folder().join("layout");
    fs::create_dir_all(&folder).expect("a writable target folder");
    let path = folder.join("twins.rs");
    fs::write(&path, source).expect("a writable folder");
    let mut rustc = Command::new(std::env::var("RUSTC").unwrap_or_else(|_| "rustc".into()));
    rustc.args(["--edition", "2024", "--crate-type", "lib", "--emit", "metadata", "--out-dir"]).arg(&folder).arg(&path);
    let output = run(rustc);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// A module with a native type for every struct and message, and assertions that fail to compile if rustc lays
/// them out otherwise.
fn native(source: &mut String, index: usize, contract: &Contract) {
    let schema = &contract.schema;
    let _ = writeln!(source, "mod contract_{index}_{} {{\nuse super::*;", contract.name);
    for (index, composite) in schema.structs.iter().enumerate() {
        self::composite(source, schema, &format!("Struct{index}"), &composite.fields, composite.layout);
    }
    for (index, message) in schema.messages.iter().enumerate() {
        self::composite(source, schema, &format!("Message{index}"), &message.fields, message.layout);
    }
    source.push_str("}\n");
}

fn composite(source: &mut String, schema: &Schema, name: &str, fields: &[Field], layout: Layout) {
    let _ = writeln!(source, "#[repr(C)] struct {name} {{");
    for (index, field) in fields.iter().enumerate() {
        let _ = writeln!(source, "field_{index}: {},", field_type(schema, field));
    }
    let Layout { size, align } = layout;
    let _ = writeln!(source, "}}\nconst _: () = {{\nuse std::mem::{{align_of, offset_of, size_of}};");
    let _ = writeln!(source, "assert!(size_of::<{name}>() == {size} && align_of::<{name}>() == {align});");
    for (index, field) in fields.iter().enumerate() {
        let place = field.place;
        let ty = field_type(schema, field);
        let _ = writeln!(source, "assert!(offset_of!({name}, field_{index}) == {});", place.offset);
        let _ =
            writeln!(source, "assert!(size_of::<{ty}>() == {} && align_of::<{ty}>() == {});", place.size, place.align);
        let value = native_type(schema, &field.ty);
        let _ = writeln!(source, "assert!(size_of::<{value}>() == {});", place.value_size);
        if field.optional {
            let value_at = place.value_offset - place.offset;
            let _ = writeln!(source, "assert!(offset_of!(Optional<{value}>, value) == {value_at});");
        }
        let end = fields.get(index + 1).map_or(size, |next| next.place.offset);
        assert_eq!(place.offset + place.size + place.padding_after, end, "padding after {}", field.name);
    }
    source.push_str("};\n");
}

fn field_type(schema: &Schema, field: &Field) -> String {
    let value = native_type(schema, &field.ty);
    if field.optional { format!("Optional<{value}>") } else { value }
}

fn native_type(schema: &Schema, ty: &Type) -> String {
    match ty {
        Type::Scalar(Scalar::U256) => "[u8; 32]".to_owned(),
        Type::Scalar(scalar) => scalar.name().to_owned(),
        Type::Enum(id) => schema.enum_(*id).repr.name().to_owned(),
        Type::Struct(id) => format!("Struct{}", id.0),
        Type::Array { elem, len } => format!("[{}; {len}]", native_type(schema, elem)),
        Type::String { bound } => format!("Text<{bound}>"),
        Type::Vec { elem, bound } => format!("Vector<{}, {bound}>", native_type(schema, elem)),
    }
}
