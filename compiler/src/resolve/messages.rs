//! Messages: their fields, ids, topics, sizes and references to each other.

use crate::codes;
use crate::diag::{Diagnostic, quote};
use crate::ir::{Layout, Message};
use crate::raw;

use super::fields::{self, Context};
use super::ids::Ids;
use super::names::{self, Named};
use super::structs::Structs;
use super::topics::Topics;
use super::{size, text};

/// Resolves all messages, in file order. Digests are not filled in.
pub fn resolve<'a>(
    cx: &mut Context,
    file: &'a raw::File,
    structs: &Structs,
    ids: &mut Ids<'a>,
    topics: &mut Topics,
) -> Vec<Message> {
    file.messages.iter().map(|raw| message(cx, raw, structs, ids, topics)).collect()
}

fn message<'a>(
    cx: &mut Context,
    raw: &'a raw::Message,
    structs: &Structs,
    ids: &mut Ids<'a>,
    topics: &mut Topics,
) -> Message {
    let type_id = ids.check(raw, &mut cx.diagnostics).unwrap_or(0);
    let topic = topics.of_message(raw, &mut cx.diagnostics);
    if let Some(name) = &raw.rust_type {
        names::identifier("`rust_type`", name, &mut cx.diagnostics);
    }
    check_prior(cx, raw);
    let mut sound = true;
    let mut fields = Vec::with_capacity(raw.fields.as_ref().map_or(0, Vec::len));
    for raw in raw.fields.iter().flatten() {
        let resolved = fields::resolve(cx, raw);
        sound &= resolved.sound;
        fields.push(resolved.field);
    }
    let layout =
        structs.lay_out(cx, &mut fields, sound, |fault| size::too_large("message", &codes::E0601, &raw.name, fault));
    Message {
        name: raw.name.value.clone(),
        span: raw.name.span,
        type_id,
        domain: text(&raw.domain).unwrap_or_default(),
        topic,
        description: text(&raw.description),
        fields,
        layout: layout.unwrap_or(Layout { size: 0, align: 1 }),
        fingerprint: [0; 8],
        redacted: raw.sensitivity.is_some() || raw.log_payload.as_ref().is_some_and(|log| !log.value),
        sensitivity: text(&raw.sensitivity),
        required_prior_messages: raw.required_prior_messages.iter().map(|name| name.value.clone()).collect(),
        deprecated: text(&raw.deprecated),
        rust_type: text(&raw.rust_type),
    }
}

/// Reports required messages that do not exist.
fn check_prior(cx: &mut Context, raw: &raw::Message) {
    for name in &raw.required_prior_messages {
        let kind = match cx.names.get(&name.value) {
            Some(Named::Message(_)) => continue,
            Some(Named::Enum(_)) => Some("an enum"),
            Some(Named::Struct(_)) => Some("a struct"),
            None => None,
        };
        let message = format!("unknown message {}", quote(&name.value));
        let diagnostic = Diagnostic::new(&codes::E0408, name.span, message).label("not a message");
        cx.diagnostics.push(if let Some(kind) = kind {
            diagnostic.help(format!("{} is {kind}", quote(&name.value)))
        } else if let Some(near) = cx.names.closest_message(&name.value) {
            diagnostic.did_you_mean(name.span, &near)
        } else {
            diagnostic
        });
    }
}
