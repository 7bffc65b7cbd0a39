//! A schema as the templates of the documentation read it. Texts of the contract are escaped when they are printed; the
//! only markup here is the picture of the bytes, whose own texts are escaped where it is drawn.

use std::collections::{BTreeMap, BTreeSet};

use minijinja::context;
use minijinja::value::Value;
use myc_schema::hex::hex;
use myc_schema::ir::{DigestKind, Enum, EnumId, Field, Message, Schema, StructId, Type};
use serde::Serialize;

use super::examples::Examples;
use super::rules;
use crate::cli::layout::svg;

/// What is said once for a contract.
pub fn overview(schema: &Schema, source: &str, stem: &str) -> Value {
    let names = |names: Vec<(&str, String)>| -> Vec<Value> {
        names.into_iter().map(|(name, about)| context! { name, about }).collect()
    };
    let messages = schema.messages.iter().map(|message| (&*message.name, message.type_id.to_string())).collect();
    let structs = schema.structs.iter().map(|item| (&*item.name, String::new())).collect();
    let enums = schema.enums.iter().map(|item| (&*item.name, String::new())).collect();
    let range =
        |(first, last): (u16, u16)| if first == last { first.to_string() } else { format!("{first} to {last}") };
    let ranges = schema
        .tag_ranges
        .iter()
        .map(|item| context! { name => item.name.clone(), ids => range((item.first, item.last)) });
    let invariants = schema.invariants.iter().map(|item| {
        context! {
            name => item.name.clone(),
            description => item.description.clone(),
            severity => item.severity.clone(),
            enforced_by => item.enforced_by.clone(),
        }
    });
    context! {
        source,
        stem,
        id => format!("0x{:08x}", schema.id),
        version => schema.version,
        min_compatible => schema.min_compatible,
        digest => hex(&schema.digest),
        digest_of_file => schema.digest_kind == DigestKind::Source,
        messages => names(messages),
        structs => names(structs),
        enum_names => names(enums),
        enums => schema.enums.iter().map(enum_view).collect::<Vec<_>>(),
        domains => domains(schema),
        ranges => ranges.collect::<Vec<_>>(),
        reserved_ids => schema.reserved_ids.iter().map(|ids| range(ids.value)).collect::<Vec<_>>(),
        reserved_names => schema.reserved_names.iter().map(|name| name.value.clone()).collect::<Vec<_>>(),
        invariants => invariants.collect::<Vec<_>>(),
    }
}

fn enum_view(item: &Enum) -> Value {
    let values = item.values.iter().map(|value| context! { name => value.name.clone(), number => value.value });
    context! {
        name => item.name.clone(),
        repr => item.repr.name(),
        description => item.description.clone(),
        values => values.collect::<Vec<_>>(),
    }
}

/// The domains that are declared, and those that messages name without a declaration.
fn domain_names(schema: &Schema) -> Vec<&str> {
    let declared: Vec<&str> = schema.domains.iter().map(|domain| &*domain.name).collect();
    let known: BTreeSet<&str> = declared.iter().copied().collect();
    let named: BTreeSet<&str> = schema.messages.iter().map(|message| &*message.domain).collect();
    declared.into_iter().chain(named.difference(&known).copied()).collect()
}

fn domains(schema: &Schema) -> Vec<Value> {
    let mut members: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for message in &schema.messages {
        members.entry(&message.domain).or_default().push(message.name.clone());
    }
    let row = |(number, name): (usize, &str)| {
        let domain = schema.domains.get(number);
        let ids = domain.and_then(|domain| domain.type_range);
        context! {
            number,
            name => name.to_owned(),
            description => domain.and_then(|domain| domain.description.clone()),
            topic => domain.map(|domain| domain.topic.clone()),
            ids => ids.map(|(first, last)| format!("{first} to {last}")),
            latency => domain.and_then(|domain| Some(domain.latency_slo_p99_ms?.to_string())),
            errors => domain.and_then(|domain| Some(domain.error_rate_slo_pct?.to_string())),
            messages => members.get(name).cloned().unwrap_or_default(),
        }
    };
    domain_names(schema).into_iter().enumerate().map(row).collect()
}

/// What sections refer to.
pub struct Users<'a> {
    /// Which messages and structs have a struct in a field.
    of_structs: Vec<Vec<String>>,
    /// Numbers of domains, which are their anchors: any text can be the name of one.
    domains: BTreeMap<&'a str, usize>,
}

/// Finds them.
pub fn users(schema: &Schema) -> Users<'_> {
    let mut of_structs = vec![Vec::new(); schema.structs.len()];
    let messages = schema.messages.iter().map(|item| (&item.name, &item.fields));
    for (name, fields) in messages.chain(schema.structs.iter().map(|item| (&item.name, &item.fields))) {
        let used: BTreeSet<usize> = fields.iter().filter_map(|field| Some(named(&field.ty)?.0?.0)).collect();
        used.into_iter().for_each(|index| of_structs[index].push(name.clone()));
    }
    let domains = domain_names(schema).into_iter().enumerate().map(|(number, name)| (name, number)).collect();
    Users { of_structs, domains }
}

/// The struct or enum in a type.
fn named(ty: &Type) -> Option<(Option<StructId>, Option<EnumId>)> {
    match ty {
        Type::Struct(id) => Some((Some(*id), None)),
        Type::Enum(id) => Some((None, Some(*id))),
        Type::Array { elem, .. } | Type::Vec { elem, .. } => named(elem),
        Type::Scalar(_) | Type::String { .. } => None,
    }
}

/// A message or struct.
#[derive(Serialize)]
pub struct Section<'a> {
    name: &'a str,
    is_message: bool,
    size: u32,
    align: u32,
    description: Option<&'a str>,
    fields: Vec<FieldView<'a>>,
    /// The picture of its bytes.
    svg: String,
    /// What the search looks at, in lower case.
    words: String,
    /// Of a struct: where it is used.
    used_by: &'a [String],
    /// The rest is of messages.
    type_id: u16,
    domain: &'a str,
    /// Its anchor.
    domain_number: usize,
    topic: &'a str,
    fingerprint: String,
    redacted: bool,
    sensitivity: Option<&'a str>,
    deprecated: Option<&'a str>,
    required_prior_messages: &'a [String],
    example: Option<ExampleView>,
}

#[derive(Serialize)]
struct ExampleView {
    json: String,
    bytes: String,
    made_up: bool,
    /// As Markdown shows them: the longest run of backticks there is could end a block of code.
    fence: String,
}

#[derive(Serialize)]
struct FieldView<'a> {
    name: &'a str,
    offset: u32,
    size: u32,
    /// The type, and the struct or enum in it, which is a link.
    before: String,
    link: Option<&'a str>,
    after: String,
    optional: bool,
    rules: Vec<String>,
    documented: Vec<String>,
    unit: Option<&'a str>,
    description: Option<&'a str>,
    deprecated: Option<&'a str>,
}

/// The message, or after all messages the struct, of this number.
pub fn section<'a>(schema: &'a Schema, users: &'a Users<'_>, examples: &Examples, index: usize) -> Section<'a> {
    match schema.messages.get(index) {
        Some(message) => of_message(schema, users, examples, message),
        None => {
            let index = index - schema.messages.len();
            let item = &schema.structs[index];
            Section {
                name: &item.name,
                is_message: false,
                size: item.layout.size,
                align: item.layout.align,
                description: item.description.as_deref(),
                fields: item.fields.iter().map(|field| self::field(schema, field)).collect(),
                svg: svg::bare(schema, &item.fields, item.layout),
                words: words(&item.name, &item.fields, [item.description.as_deref(), None, None]),
                used_by: &users.of_structs[index],
                type_id: 0,
                domain: "",
                domain_number: 0,
                topic: "",
                fingerprint: String::new(),
                redacted: false,
                sensitivity: None,
                deprecated: None,
                required_prior_messages: &[],
                example: None,
            }
        }
    }
}

fn of_message<'a>(schema: &'a Schema, users: &Users<'_>, examples: &Examples, message: &'a Message) -> Section<'a> {
    let texts = [message.description.as_deref(), Some(&*message.topic), Some(&*message.domain)];
    let example = examples.of(schema, message).map(|example| {
        let longest = example.json.split(|c| c != '`').chain(example.bytes.split(|c| c != '`')).map(str::len).max();
        let fence = "`".repeat(longest.unwrap_or(0).max(2) + 1);
        ExampleView { json: example.json, bytes: example.bytes, made_up: example.made_up, fence }
    });
    Section {
        name: &message.name,
        is_message: true,
        size: message.layout.size,
        align: message.layout.align,
        description: message.description.as_deref(),
        fields: message.fields.iter().map(|field| self::field(schema, field)).collect(),
        svg: svg::bare(schema, &message.fields, message.layout),
        words: format!("{} {}", message.type_id, words(&message.name, &message.fields, texts)),
        used_by: &[],
        type_id: message.type_id,
        domain: &message.domain,
        domain_number: users.domains.get(&*message.domain).copied().unwrap_or_default(),
        topic: &message.topic,
        fingerprint: hex(&message.fingerprint),
        redacted: message.redacted,
        sensitivity: message.sensitivity.as_deref(),
        deprecated: message.deprecated.as_deref(),
        required_prior_messages: &message.required_prior_messages,
        example,
    }
}

fn words(name: &str, fields: &[Field], texts: [Option<&str>; 3]) -> String {
    let mut words = name.to_lowercase();
    let fields = fields.iter().flat_map(|field| [Some(&*field.name), field.description.as_deref()]);
    for text in texts.into_iter().chain(fields).flatten() {
        words.push(' ');
        words.push_str(&text.to_lowercase());
    }
    words
}

fn field<'a>(schema: &'a Schema, field: &'a Field) -> FieldView<'a> {
    let ty = schema.type_name(&field.ty);
    let link = named(&field.ty).and_then(|found| match found {
        (Some(id), _) => Some(&*schema.struct_(id).name),
        (None, id) => Some(&*schema.enum_(id?).name),
    });
    // What is before a name in a type has brackets and `Vec` in it; a name that has them as well is at the very start.
    let at =
        link.map(|name| (ty.rfind(&format!("<{name}")).or(ty.rfind(&format!("[{name}"))).map_or(0, |at| at + 1), name));
    let (before, after) = match at {
        Some((at, name)) => (ty[..at].to_owned(), ty[at + name.len()..].to_owned()),
        None => (ty, String::new()),
    };
    FieldView {
        name: &field.name,
        offset: field.place.offset,
        size: field.place.size,
        before,
        link,
        after,
        optional: field.optional,
        rules: rules::enforced(field),
        documented: rules::documented(field),
        unit: field.unit.as_deref(),
        description: field.description.as_deref(),
        deprecated: field.deprecated.as_deref(),
    }
}
