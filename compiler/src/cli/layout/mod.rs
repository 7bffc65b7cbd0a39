//! `myc-schema layout`: offsets, sizes and padding, as a table drawn to scale, JSON or SVG.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use myc_schema::ir::{Field, Layout, Message, Schema, StructId, Type};
use myc_schema::layout::{self, Piece, Use, pieces};

use super::contract::{Contract, Reading, unknown_name};
use super::exit::Failure;
use super::terminal;

mod json;
pub(super) mod svg;
pub(super) mod table;

/// How the layout is shown.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Format {
    /// Text, the bytes of every field drawn to scale
    #[default]
    Table,
    /// One JSON object, for programs
    Json,
    /// A picture, for documents; follows the reader's light or dark theme
    Svg,
}

/// Show offsets, sizes and padding of messages
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  myc-schema layout                    every message of contracts.yaml
  myc-schema layout TextMessage        one message and the structs in it
  myc-schema layout api.yaml --format json | jq .
  myc-schema layout api.yaml TextMessage --format svg > text-message.svg")]
pub struct LayoutArgs {
    /// The contract, `-` for stdin [default: contracts.yaml]. A name that is no file is taken for MESSAGE
    file: Option<PathBuf>,
    /// Only this message or struct, and the structs in it
    message: Option<String>,
    /// How to show it
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    reading: Reading,
}

/// A message or struct, as the formats draw it.
pub(super) struct Composite<'a> {
    /// `None` for a struct.
    pub message: Option<&'a Message>,
    pub name: &'a str,
    pub fields: &'a [Field],
    pub layout: Layout,
}

/// A schema and what of it is shown: messages first, then the structs in them.
pub(super) struct Shown<'a> {
    pub schema: &'a Schema,
    pub composites: Vec<Composite<'a>>,
}

pub fn run(args: LayoutArgs) -> Result<(), Failure> {
    let (file, message) = file_and_message(args.file, args.message);
    let contract = Contract::read_quietly(&args.reading, file.as_deref())?;
    let schema = &*contract.schema;
    let shown = Shown { schema, composites: choose(schema, message.as_deref())? };
    let text = match args.format {
        Format::Table => table::draw(&shown, terminal::width()),
        Format::Json => json::print(&shown),
        Format::Svg => svg::draw(&shown),
    };
    terminal::data(text)
}

/// `layout TextMessage` means a message, unless there is a file of that name.
fn file_and_message(file: Option<PathBuf>, message: Option<String>) -> (Option<PathBuf>, Option<String>) {
    let name_alone = |file: &PathBuf| {
        let name = file.to_str()?;
        let identifier = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        (identifier && !Path::new(name).exists()).then(|| name.to_owned())
    };
    match (file, message) {
        (Some(file), None) => match name_alone(&file) {
            Some(name) => (None, Some(name)),
            None => (Some(file), None),
        },
        other => other,
    }
}

fn choose<'a>(schema: &'a Schema, name: Option<&str>) -> Result<Vec<Composite<'a>>, Failure> {
    let messages: Vec<&Message> = schema.messages.iter().filter(|m| name.is_none_or(|name| m.name == name)).collect();
    let mut reached = vec![false; schema.structs.len()];
    for (reached, declared) in reached.iter_mut().zip(&schema.structs) {
        *reached = name == Some(&declared.name);
    }
    if messages.is_empty() && !reached.contains(&true) {
        return match name {
            None => Ok(Vec::new()),
            Some(name) => {
                let messages = schema.messages.iter().map(|message| &*message.name);
                let known = messages.chain(schema.structs.iter().map(|declared| &*declared.name));
                Err(unknown_name("message or struct", name, known))
            }
        };
    }
    for message in &messages {
        reach(&message.fields, &mut reached);
    }
    // A struct follows the structs in it, so one pass backwards reaches all.
    for index in (0..reached.len()).rev() {
        if reached[index] {
            reach(&schema.structs[index].fields, &mut reached);
        }
    }
    let messages = messages.into_iter().map(|message| Composite {
        message: Some(message),
        name: &message.name,
        fields: &message.fields,
        layout: message.layout,
    });
    let structs = schema.structs.iter().zip(reached).filter(|(_, reached)| *reached).map(|(declared, _)| Composite {
        message: None,
        name: &declared.name,
        fields: &declared.fields,
        layout: declared.layout,
    });
    Ok(messages.chain(structs).collect())
}

fn reach(fields: &[Field], reached: &mut [bool]) {
    for field in fields {
        if let Some(StructId(index)) = struct_in(&field.ty) {
            reached[index] = true;
        }
    }
}

fn struct_in(ty: &Type) -> Option<StructId> {
    match ty {
        Type::Struct(id) => Some(*id),
        Type::Array { elem, .. } | Type::Vec { elem, .. } => struct_in(elem),
        Type::Scalar(_) | Type::Enum(_) | Type::String { .. } => None,
    }
}

impl Composite<'_> {
    /// Each field with its bytes.
    fn pieces<'a>(&'a self, schema: &'a Schema) -> impl Iterator<Item = (&'a Field, Vec<Piece>)> {
        // A schema whose types are too large does not exist.
        self.fields.iter().map(|field| (field, pieces(field, &schema.enums, &schema.structs).unwrap_or_default()))
    }

    /// How many bytes are always zero, those inside of structs included.
    pub fn padding(&self, schema: &Schema) -> u32 {
        layout::padding(self.fields, &schema.enums, &schema.structs)
    }
}

fn usage_name(usage: Use) -> &'static str {
    match usage {
        Use::Presence => "presence",
        Use::Length => "length",
        Use::Value => "value",
        Use::Padding => "padding",
    }
}
