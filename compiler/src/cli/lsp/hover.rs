//! What is shown about the thing under the cursor: where its bytes lie, what it is for.

use std::fmt::Write as _;

use myc_schema::diag::bytes;
use myc_schema::hex::hex;
use myc_schema::ir::{Domain, Enum, Field, Layout, Message, Schema, Type};
use myc_schema::resolve::{STAND_IN, TYPE_NAMES};
use myc_schema::source::Span;
use myc_schema::{layout, rules};

use super::known::Known;
use super::meaning::Role;
use super::target::Target;

/// Fields of a message that are listed; beyond it they are counted.
const LISTED: usize = 40;

/// Markdown about a target in the text with this number. `known` is what was last resolved. What may not be true any more
/// is said to be so.
pub fn markdown(target: &Target, known: Option<&Known>, serial: u64) -> Option<String> {
    let of_target = |known: &&Known| !known.is_of(serial) || !is_another(&known.schema, target);
    let known = known.filter(of_target);
    let mut text = words(target, known.map(|known| &*known.schema))?;
    let doubt = known.and_then(|known| known.doubt(serial, target.range.start));
    if let Some(doubt) = doubt.filter(|_| words(target, None).as_ref() != Some(&text)) {
        let _ = write!(text, "\n\n*{doubt}*");
    }
    Some(text)
}

/// Whether a schema has something else by the name that the target is in: what was declared first, where a name is
/// declared again.
fn is_another(schema: &Schema, target: &Target) -> bool {
    let meaning = &target.meaning;
    let elsewhere = |span: Span, at: usize| !(span.start as usize..=span.end as usize).contains(&at);
    let owner = meaning.owner.and_then(|(section, name)| match section {
        "messages" => Some(schema.message(name)?.span),
        "structs" => Some(schema.structs.iter().find(|item| item.name == name)?.span),
        "enums" => Some(schema.enums.iter().find(|of| of.name == name)?.span),
        _ => Some(schema.domains.iter().find(|domain| domain.name == name)?.span),
    });
    let field = find_field(schema, target).map(|field| field.span);
    owner.is_some_and(|span| elsewhere(span, meaning.owner_at))
        || field.is_some_and(|span| elsewhere(span, meaning.field_at))
}

/// What there is to say about a target. `schema` is what was last resolved.
fn words(target: &Target, schema: Option<&Schema>) -> Option<String> {
    let meaning = &target.meaning;
    if target.in_value {
        return about_value(target, schema);
    }
    match meaning.role {
        Role::Key(key) => Some(format!("`{}`\n\n{}", key.name, key.about)),
        Role::Declared(section) => declared(schema?, section, target.word),
        Role::Field => about_field(schema?, target),
        Role::EnumValue => {
            let (_, name) = meaning.owner?;
            let of = schema?.enums.iter().find(|of| of.name == name)?;
            let value = of.values.iter().find(|value| value.name == target.word)?;
            Some(format!("`{}` = {} of enum `{name}` ({})", value.name, value.value, of.repr.name()))
        }
        Role::Rule(Some(rule)) => Some(about_rule(rule)),
        Role::Rule(None) => Some("Not enforced: documentation only.".to_owned()),
        Role::Unknown => None,
    }
}

fn about_rule(rule: &rules::Known) -> String {
    format!("rule `{}`\n\n{}\n\nApplies to {}.", rule.name, rule.about, rule.on)
}

fn about_value(target: &Target, schema: Option<&Schema>) -> Option<String> {
    let referred = target.refers_to().iter().find_map(|section| declared(schema?, section, target.word));
    if target.refers_to().contains(&"structs") {
        // The field's own bytes first, then what its type is.
        let own = schema.and_then(|schema| about_field(schema, target));
        let ty = referred.or_else(|| built_in(target.word));
        let parts: Vec<String> = own.into_iter().chain(ty).collect();
        return (!parts.is_empty()).then(|| parts.join("\n\n---\n\n"));
    }
    if target.is_enum_value() {
        let field = find_field(schema?, target)?;
        let Type::Enum(id) = field.ty else { return None };
        let of = schema?.enum_(id);
        let value = of.values.iter().find(|value| value.name == target.word)?;
        return Some(format!("`{}` = {} of enum `{}`", value.name, value.value, of.name));
    }
    referred.or_else(|| match target.meaning.role {
        Role::Key(key) => Some(format!("`{}`\n\n{}", key.name, key.about)),
        Role::Rule(Some(rule)) => Some(about_rule(rule)),
        _ => None,
    })
}

fn built_in(word: &str) -> Option<String> {
    let scalar = TYPE_NAMES.iter().find(|scalar| scalar.name() == word);
    match (scalar, word) {
        (Some(scalar), _) => {
            let Layout { size, align } = layout::scalar(*scalar);
            Some(format!("`{word}`: {}, align {align}, little-endian", bytes(size)))
        }
        (None, "String") => Some("`String<N>`: UTF-8 of at most N bytes, after a length of 8 bytes".to_owned()),
        (None, "Vec") => Some("`Vec<T, N>`: at most N elements, after a count of 8 bytes".to_owned()),
        (None, _) => None,
    }
}

fn declared(schema: &Schema, section: &str, name: &str) -> Option<String> {
    match section {
        "messages" => schema.message(name).map(|message| about_message(schema, message)),
        "structs" => {
            let item = schema.structs.iter().find(|item| item.name == name)?;
            let head = format!("struct `{name}`");
            Some(composite(schema, head, &item.description, &item.fields, item.layout))
        }
        "enums" => schema.enums.iter().find(|of| of.name == name).map(about_enum),
        "domains" => schema.domains.iter().find(|domain| domain.name == name).map(about_domain),
        _ => None,
    }
}

fn about_message(schema: &Schema, message: &Message) -> String {
    let Message { name, type_id, topic, .. } = message;
    let mut head = format!("message `{name}` · type {type_id} (0x{type_id:04x}) · topic `{topic}`");
    if let Some(why) = &message.deprecated {
        let _ = write!(head, "\n\n**Deprecated**: {why}");
    }
    let mut text = composite(schema, head, &message.description, &message.fields, message.layout);
    if message.fingerprint != [0; 8] {
        let _ = write!(text, "\n\nfingerprint `{}`", hex(&message.fingerprint));
    }
    text
}

fn about_enum(of: &Enum) -> String {
    let mut text = format!("enum `{}` · {} · {}", of.name, of.repr.name(), bytes(layout::scalar(of.repr).size));
    paragraph(&mut text, &of.description);
    text.push_str("\n\n");
    let listed: Vec<String> =
        of.values.iter().take(LISTED).map(|value| format!("`{}` = {}", value.name, value.value)).collect();
    text.push_str(&listed.join(", "));
    if of.values.len() > LISTED {
        let _ = write!(text, " and {} more", of.values.len() - LISTED);
    }
    text
}

fn about_domain(domain: &Domain) -> String {
    let mut text = format!("domain `{}` · topic `{}`", domain.name, domain.topic);
    if let Some((first, last)) = domain.type_range {
        let _ = write!(text, " · ids {first} to {last}");
    }
    paragraph(&mut text, &domain.description);
    text
}

fn composite(
    schema: &Schema,
    head: String,
    description: &Option<String>,
    fields: &[Field],
    Layout { size, align }: Layout,
) -> String {
    let mut text = head;
    let known = fields.iter().all(|field| field.place.size > 0);
    if known {
        let padding = layout::padding(fields, &schema.enums, &schema.structs);
        let _ = write!(text, "\n\n{}, align {align}, {padding} padding", bytes(size));
    } else {
        text.push_str("\n\nsize not known: a type of a field is not");
    }
    paragraph(&mut text, description);
    if fields.is_empty() {
        return text;
    }
    text.push_str("\n\n| offset | size | field | type |\n| ---: | ---: | --- | --- |");
    for field in fields.iter().take(LISTED) {
        let place = field.place;
        let (offset, size) =
            if known { (place.offset.to_string(), place.size.to_string()) } else { ("?".to_owned(), "?".to_owned()) };
        let optional = if field.optional { " optional" } else { "" };
        let ty = type_name(schema, field);
        let _ = write!(text, "\n| {offset} | {size} | `{}` | `{ty}`{optional} |", field.name);
    }
    if fields.len() > LISTED {
        let _ = write!(text, "\n\n{} fields more", fields.len() - LISTED);
    }
    text
}

/// The type, or `?` where it may be a stand-in for one that is not known.
fn type_name(schema: &Schema, field: &Field) -> String {
    match field.place.size {
        0 if field.ty == STAND_IN => "?".to_owned(),
        _ => schema.type_name(&field.ty),
    }
}

fn find_field<'a>(schema: &'a Schema, target: &Target) -> Option<&'a Field> {
    let (section, owner) = target.meaning.owner?;
    let fields = match section {
        "messages" => &schema.message(owner)?.fields,
        "structs" => &schema.structs.iter().find(|item| item.name == owner)?.fields,
        _ => return None,
    };
    let name = target.meaning.field?;
    fields.iter().find(|field| field.name == name)
}

fn about_field(schema: &Schema, target: &Target) -> Option<String> {
    let (_, owner) = target.meaning.owner?;
    let field = find_field(schema, target)?;
    let place = field.place;
    let optional = if field.optional { "optional " } else { "" };
    let mut text = format!("field `{owner}.{}`: {optional}`{}`", field.name, type_name(schema, field));
    if place.size > 0 {
        let _ = write!(text, "\n\noffset {}, size {}, align {}", place.offset, place.size, place.align);
        if field.optional {
            let _ = write!(text, "; presence byte at {}, value at {}", place.offset, place.value_offset);
        }
        if place.padding_after > 0 {
            let _ = write!(text, "; {} of padding after it", bytes(place.padding_after));
        }
    } else {
        text.push_str("\n\nsize not known");
    }
    if let Some(unit) = &field.unit {
        let _ = write!(text, "\n\nunit: {unit}");
    }
    if let Some(why) = &field.deprecated {
        let _ = write!(text, "\n\n**Deprecated**: {why}");
    }
    paragraph(&mut text, &field.description);
    let documented = field.documented_rules.iter().map(|(name, _)| format!("`{name}` (not enforced)"));
    let names: Vec<String> = field.rules.iter().map(|rule| format!("`{}`", rule.name())).chain(documented).collect();
    if !names.is_empty() {
        let _ = write!(text, "\n\nrules: {}", names.join(", "));
    }
    Some(text)
}

fn paragraph(text: &mut String, description: &Option<String>) {
    if let Some(description) = description {
        text.push_str("\n\n");
        text.push_str(description.trim());
    }
}
