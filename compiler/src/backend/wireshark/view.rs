//! A schema as the dissector's template reads it.

use std::sync::Arc;

use minijinja::{Value, context};
use serde::Serialize;

use super::code;
use crate::backend::Options;
use crate::core_contract;
use crate::hex::hex;
use crate::ir::{Enum, Field, Layout, Message, Schema};
use crate::layout;
use crate::render::lazy;

/// Before the names of the framework's types. No contract has a name with a hyphen.
const CORE: &str = "core-";

/// The template context of a schema.
pub fn view(schema: &Arc<Schema>, options: &Options) -> Value {
    context! {
        source => options.source_name.clone(),
        argument => options.source_argument(),
        title => code::words(&format!("Mycelium messages ({})", options.source_name)),
        // What filters begin with. The prefix keeps it apart from every protocol that Wireshark has.
        protocol => code::string(&format!("myc_{}", options.name.to_lowercase())),
        digest => code::string(&hex(&schema.digest)),
        parts => core_contract::schema().map(|core| part(core, CORE)).into_iter().chain([part(schema, "")]).collect::<Vec<_>>(),
    }
}

/// The types of one contract.
fn part(schema: &Arc<Schema>, prefix: &'static str) -> Value {
    context! {
        is_core => prefix == CORE,
        enums => enums(schema, prefix),
        composites => composites(schema, prefix),
    }
}

#[derive(Serialize)]
struct EnumView {
    name: String,
    values: Vec<String>,
}

fn enums(schema: &Arc<Schema>, prefix: &'static str) -> Value {
    let schema = Arc::clone(schema);
    lazy(schema.enums.len(), move |index| {
        let Enum { name, values, .. } = &schema.enums[index];
        let value = |value: &crate::ir::EnumValue| format!("[{}] = {}", value.value, code::string(&value.name));
        EnumView { name: code::string(&format!("{prefix}{name}")), values: values.iter().map(value).collect() }
    })
}

/// A struct or message.
#[derive(Serialize)]
struct CompositeView {
    name: String,
    size: u32,
    fields: Vec<String>,
    /// The rest is of messages.
    is_message: bool,
    type_id: u16,
    label: String,
    redacted: &'static str,
}

fn composites(schema: &Arc<Schema>, prefix: &'static str) -> Value {
    let schema = Arc::clone(schema);
    lazy(schema.structs.len() + schema.messages.len(), move |index| match schema.structs.get(index) {
        Some(item) => composite(&schema, prefix, &item.name, item.layout, &item.fields, None),
        None => {
            let message = &schema.messages[index - schema.structs.len()];
            composite(&schema, prefix, &message.name, message.layout, &message.fields, Some(message))
        }
    })
}

fn composite(
    schema: &Schema,
    prefix: &str,
    name: &str,
    layout: Layout,
    fields: &[Field],
    message: Option<&Message>,
) -> CompositeView {
    CompositeView {
        name: code::string(&format!("{prefix}{name}")),
        size: layout.size,
        fields: fields.iter().map(|field| self::field(schema, prefix, field)).collect(),
        is_message: message.is_some(),
        type_id: message.map_or(0, |message| message.type_id),
        label: code::string(name),
        redacted: if message.is_some_and(|message| message.redacted) { "true" } else { "false" },
    }
}

/// `field(name, offset, offset of the value, end of the value, end, optional, type, rules, unit, description)`
fn field(schema: &Schema, prefix: &str, field: &Field) -> String {
    let place = &field.place;
    let numbers = [place.offset, place.value_offset, layout::value_end(place), layout::next(place)];
    let numbers = numbers.map(|number| number.to_string()).join(", ");
    let text = |text: &Option<String>| text.as_deref().map_or("nil".to_owned(), code::words);
    format!(
        "field({}, {numbers}, {}, {}, {}, {}, {})",
        code::string(&field.name),
        field.optional,
        code::ty(schema, prefix, &field.ty),
        code::rules(field),
        text(&field.unit),
        text(&field.description),
    )
}
