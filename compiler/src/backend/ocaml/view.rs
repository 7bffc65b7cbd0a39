//! The OCaml view of a schema: finished strings and booleans for the templates.

use std::sync::Arc;

use minijinja::value::Serde;
use minijinja::{Value, context};
use serde::Serialize;

use super::code::{self, fill};
use super::composite::composite;
use super::doc;
use super::names::{self, constructor};
use super::shape::{Context, Facts, Shape, shape};
use crate::backend::Options;
use crate::ir::{Enum, Invariant, Schema};
use crate::render::lazy;

/// The native compiler's limit on the constructors of one closed type.
const CLOSED_CONSTRUCTORS: usize = 246;

/// The template context of a schema.
pub fn view(schema: &Arc<Schema>, options: &Options) -> Value {
    let facts = Arc::new(Facts::of(schema));
    let uses_elements = schema
        .structs
        .iter()
        .map(|item| &item.fields)
        .chain(schema.messages.iter().map(|item| &item.fields))
        .flatten()
        .any(|field| matches!(shape(&field.ty), Shape::Array { .. } | Shape::Vec { .. }));
    let any = any(schema, &facts);
    let shared = || (Arc::clone(schema), Arc::clone(&facts));
    let enums = {
        let (schema, facts) = shared();
        lazy(schema.enums.len(), move |index| enum_view(&schema.enums[index], &facts.enums[index]))
    };
    let composites = |interface: bool| {
        let (schema, facts) = shared();
        lazy(schema.structs.len() + schema.messages.len(), move |index| {
            let cx = Context { schema: &schema, facts: &facts };
            composite(&cx, index, interface)
        })
    };
    context! {
        source => doc::safe(&options.source_name),
        argument => doc::safe(&options.source_argument()),
        id => schema.id,
        version => schema.version,
        min_compatible => schema.min_compatible,
        digest => code::bytes(&schema.digest, 2),
        uses_runtime => !schema.structs.is_empty() || !schema.messages.is_empty(),
        uses_elements,
        enums,
        implementations => composites(false),
        interfaces => composites(true),
        any => Value::from(Serde(any)),
    }
}

/// The module over all messages.
#[derive(Serialize)]
struct Any {
    module: String,
    doc: String,
    /// No messages.
    empty: bool,
    /// More messages than a closed type can have constructors.
    open: bool,
    /// Two values may be of different messages.
    several: bool,
    /// A reference to a message would warn.
    deprecated: bool,
    messages: Vec<AnyMessage>,
    /// The constructors of the standard library, spelt so that no message's hides them.
    some: &'static str,
    none: &'static str,
    ok: &'static str,
    error: &'static str,
}

/// One message of [`Any`].
#[derive(Serialize)]
struct AnyMessage {
    module: String,
    constructor: String,
    type_id: u16,
}

fn any(schema: &Schema, facts: &Facts) -> Any {
    let modules: Vec<String> = [&facts.enums, &facts.structs, &facts.messages].into_iter().flatten().cloned().collect();
    let messages: Vec<AnyMessage> = schema
        .messages
        .iter()
        .zip(&facts.messages)
        .map(|(message, module)| AnyMessage {
            module: module.clone(),
            constructor: constructor(&message.name),
            type_id: message.type_id,
        })
        .collect();
    let hidden = |name| messages.iter().any(|message| message.constructor == name);
    Any {
        module: names::any_module(&modules),
        doc: doc::comment(&any_doc(&schema.invariants), 0),
        empty: messages.is_empty(),
        several: messages.len() > 1,
        open: messages.len() > CLOSED_CONSTRUCTORS,
        deprecated: schema.messages.iter().any(|message| message.deprecated.is_some()),
        some: if hidden("Some") { "Stdlib.Option.Some" } else { "Some" },
        none: if hidden("None") { "Stdlib.Option.None" } else { "None" },
        ok: if hidden("Ok") { "Stdlib.Result.Ok" } else { "Ok" },
        error: if hidden("Error") { "Stdlib.Result.Error" } else { "Error" },
        messages,
    }
}

/// What the module over all messages is, and what the contract says of them together.
fn any_doc(invariants: &[Invariant]) -> String {
    let mut markup = "Any message of the schema.".to_owned();
    for invariant in invariants {
        markup.push_str(&format!("\n\nInvariant: {}", doc::plain(&invariant.name)));
        if let Some(description) = &invariant.description {
            // One paragraph an invariant.
            markup.push_str(&format!(" {}", doc::plain(description).replace("\n\n", "\n")));
        }
        if let Some(severity) = &invariant.severity {
            markup.push_str(&format!(" Severity: {}.", doc::code(severity)));
        }
        if !invariant.enforced_by.is_empty() {
            let by: Vec<String> = invariant.enforced_by.iter().map(|name| doc::code(name)).collect();
            markup.push_str(&format!(" Enforced by {}.", by.join(", ")));
        }
    }
    markup
}

/// An enum.
#[derive(Serialize)]
struct EnumView {
    module: String,
    doc: Option<String>,
    /// The type's constructors, on as many lines as they take.
    constructors: String,
    /// The list of them.
    all: String,
    values: Vec<EnumValueView>,
    some: &'static str,
    none: &'static str,
}

#[derive(Serialize)]
struct EnumValueView {
    constructor: String,
    number: u32,
    name: String,
}

fn enum_view(item: &Enum, module: &str) -> EnumView {
    let values: Vec<EnumValueView> = item
        .values
        .iter()
        .map(|value| EnumValueView {
            constructor: constructor(&value.name),
            number: value.value,
            name: code::string(&value.name),
        })
        .collect();
    let hidden = |name| values.iter().any(|value| value.constructor == name);
    let list = values.iter().map(|value| value.constructor.as_str()).collect::<Vec<_>>().join(" | ");
    let mut constructors = String::new();
    fill(&mut constructors, &format!("type t = {list}"), 2);
    let mut all = String::new();
    fill(&mut all, &format!("let all = [ {} ]", list.replace(" | ", "; ")), 2);
    EnumView {
        module: module.to_owned(),
        doc: doc::description(item.description.as_deref(), 2),
        constructors,
        all,
        some: if hidden("Some") { "Stdlib.Option.Some" } else { "Some" },
        none: if hidden("None") { "Stdlib.Option.None" } else { "None" },
        values,
    }
}
