//! The sections of a contract: where the values of their keys go. Which keys there are is left to [`super::keys`].

use super::fields::fields;
use super::keys::{DOMAIN, ENUM, INVARIANT, MESSAGE, RESERVED, SCHEMA, STRUCT, TOP};
use super::lower::{Lone, Lower, describe};
use super::scalar::{self, Plain};
use super::syntax;
use super::tree::{self, Entry, Kind, Node};
use super::{Domain, Enum, EnumValue, File, IdRange, Invariant, Message, SchemaHeader, Struct, TagRange};
use crate::codes;
use crate::diag::{Diagnostic, quote};
use crate::source::{Span, Spanned};

/// A whole contract.
pub(super) fn file(lower: &mut Lower, root: Node) -> File {
    let mut file = File::default();
    let place = root.span;
    let root = match root.kind {
        Kind::Map(entries) => entries,
        kind => {
            let node = Node { span: place, kind };
            let message = format!("a contract is a mapping, not {}", describe(&node));
            if !matches!(node.kind, Kind::Reported) {
                lower.report(
                    Diagnostic::new(&codes::E0103, syntax::first_line(lower.text, place), message)
                        .label("expected a key such as `messages:`"),
                );
            }
            return file;
        }
    };
    for pair in lower.pairs(root, &TOP) {
        let (key, span, value) = (pair.key, pair.span, pair.value);
        file.types_unreadable |= matches!(key, "enums" | "structs") && !matches!(value.kind, Kind::Map(_));
        match key {
            "schema" => file.schema = schema(lower, span, value),
            "tag_ranges" => file.tag_ranges = tag_ranges(lower, span, value),
            "domains" => file.domains = named(lower, key, span, value, domain),
            "enums" => file.enums = named(lower, key, span, value, enumeration),
            "structs" => file.structs = named(lower, key, span, value, structure),
            "messages" => file.messages = named(lower, key, span, value, message),
            "invariants" => file.invariants = invariants(lower, span, value),
            "reserved" => reserved(lower, span, value, &mut file),
            _ => {}
        }
    }
    file
}

fn schema(lower: &mut Lower, span: Span, node: Node) -> Option<SchemaHeader> {
    let entries = lower.mapping("schema", span, node, "write `schema: { id: 0x4D594345, version: 1 }`")?;
    let mut header = SchemaHeader { span, id: None, version: None, min_compatible: None, digest: None, core: None };
    for pair in lower.pairs(entries, &SCHEMA) {
        let (key, span, value) = (pair.key, pair.span, pair.value);
        match key {
            "id" => header.id = lower.int(key, span, &value),
            "version" => header.version = lower.int(key, span, &value),
            "min_compatible" => header.min_compatible = lower.int(key, span, &value),
            "digest" => header.digest = lower.text(key, span, value),
            "core" => header.core = lower.bool(key, span, &value),
            // `digest_algo`: legacy, means nothing, so that it may be anything.
            _ => {}
        }
    }
    Some(header)
}

/// The entries of a section that maps names to mappings. One whose value is of a wrong kind is kept
/// without keys, because others may refer to its name.
fn named<'a, T>(
    lower: &mut Lower,
    section: &str,
    span: Span,
    node: Node<'a>,
    item: impl Fn(&mut Lower, Spanned<String>, Option<Vec<Entry<'a>>>) -> T,
) -> Vec<T> {
    let help = format!("write `{section}: {{}}` for none, or remove the key");
    let help = if matches!(&node.kind, Kind::Plain(text) if scalar::classify(text) == Plain::Null) {
        help
    } else {
        format!("`{section}` maps each name to a mapping of its own")
    };
    let entries = lower.mapping(section, span, node, &help).unwrap_or_default();
    let read = |Entry { key, value }: Entry<'a>| {
        let keys = lower.mapping(&key.value, key.span, value, "");
        item(lower, tree::name(key), keys)
    };
    entries.into_iter().map(read).collect()
}

fn tag_ranges(lower: &mut Lower, span: Span, node: Node) -> Option<Vec<TagRange>> {
    let entries = lower.mapping("tag_ranges", span, node, "write `tag_ranges: { app: 1000-49999 }`")?;
    let ranges: Vec<_> = entries
        .into_iter()
        .map(|Entry { key, value }| {
            let name = tree::name(key);
            let range = id_range(lower, &name.value, name.span, &value);
            TagRange { name, range }
        })
        .collect();
    Some(ranges)
}

fn domain(lower: &mut Lower, name: Spanned<String>, entries: Option<Vec<Entry>>) -> Domain {
    let mut domain = Domain {
        name,
        description: None,
        topic: None,
        type_range: None,
        latency_slo_p99_ms: None,
        error_rate_slo_pct: None,
    };
    for pair in lower.pairs(entries.unwrap_or_default(), &DOMAIN) {
        let (key, span, value) = (pair.key, pair.span, pair.value);
        match key {
            "description" => domain.description = lower.text(key, span, value),
            "topic" => domain.topic = lower.text(key, span, value),
            "type_range" => domain.type_range = id_range(lower, key, span, &value),
            "latency_slo_p99_ms" => domain.latency_slo_p99_ms = lower.number(key, span, &value),
            "error_rate_slo_pct" => domain.error_rate_slo_pct = lower.number(key, span, &value),
            _ => {}
        }
    }
    domain
}

fn enumeration(lower: &mut Lower, name: Spanned<String>, entries: Option<Vec<Entry>>) -> Enum {
    const HELP: &str = "`values` maps each name to its number: `Buy: 1`";
    let mut result = Enum { name, repr: None, description: None, values: None };
    let mut has_values = entries.is_none();
    for pair in lower.pairs(entries.unwrap_or_default(), &ENUM) {
        let (key, span, value) = (pair.key, pair.span, pair.value);
        match key {
            "repr" => result.repr = lower.text(key, span, value),
            "description" => result.description = lower.text(key, span, value),
            "values" => {
                has_values = true;
                result.values = lower.mapping(key, span, value, HELP).map(|entries| {
                    let read = |Entry { key, value }: Entry| {
                        let value = lower.int(&key.value, key.span, &value);
                        EnumValue { name: tree::name(key), value }
                    };
                    entries.into_iter().map(read).collect()
                });
            }
            _ => {}
        }
    }
    if !has_values {
        lower.missing("values", "enum", &result.name, HELP);
    }
    result
}

fn structure(lower: &mut Lower, name: Spanned<String>, entries: Option<Vec<Entry>>) -> Struct {
    let mut result = Struct { name, description: None, fields: None };
    let mut has_fields = entries.is_none();
    for pair in lower.pairs(entries.unwrap_or_default(), &STRUCT) {
        let (key, span, value) = (pair.key, pair.span, pair.value);
        match key {
            "description" => result.description = lower.text(key, span, value),
            "fields" => {
                has_fields = true;
                result.fields = fields(lower, span, value, false);
            }
            _ => {}
        }
    }
    if !has_fields {
        lower.missing("fields", "struct", &result.name, "`fields` maps each name to a type: `price: u64`");
    }
    result
}

fn message(lower: &mut Lower, name: Spanned<String>, entries: Option<Vec<Entry>>) -> Message {
    let mut message = Message {
        name,
        tlv_type: None,
        domain: None,
        topic: None,
        description: None,
        fields: None,
        sensitivity: None,
        log_payload: None,
        required_prior_messages: Vec::new(),
        deprecated: None,
        rust_type: None,
        schema_version: None,
    };
    let (mut has_id, mut has_domain) = (entries.is_none(), entries.is_none());
    for pair in lower.pairs(entries.unwrap_or_default(), &MESSAGE) {
        let (key, span, value) = (pair.key, pair.span, pair.value);
        match key {
            "tlv_type" => {
                has_id = true;
                message.tlv_type = lower.int(key, span, &value);
            }
            "domain" => {
                has_domain = true;
                message.domain = lower.text(key, span, value);
            }
            "topic" => message.topic = lower.text(key, span, value),
            "description" => message.description = lower.text(key, span, value),
            "fields" => message.fields = fields(lower, span, value, true),
            "sensitivity" => message.sensitivity = lower.text(key, span, value),
            "log_payload" => message.log_payload = lower.bool(key, span, &value),
            "required_prior_messages" => {
                message.required_prior_messages = lower.texts(key, span, value, Lone::Reported);
            }
            "deprecated" => message.deprecated = lower.text(key, span, value),
            "rust_type" => message.rust_type = lower.text(key, span, value),
            // Legacy keys without effect may be anything.
            "schema_version" => message.schema_version = legacy_int(&value),
            _ => {}
        }
    }
    if !has_id {
        lower.missing("tlv_type", "message", &message.name, "give it an id of its own: `tlv_type: 1001`");
    }
    if !has_domain {
        lower.missing(
            "domain",
            "message",
            &message.name,
            "name the domain whose topic it is routed by: `domain: MarketData`",
        );
    }
    message
}

fn legacy_int(node: &Node) -> Option<Spanned<i128>> {
    match &node.kind {
        Kind::Plain(text) if scalar::is_int(text) => {
            scalar::int_value(text).map(|value| Spanned::new(value, node.span))
        }
        _ => None,
    }
}

fn invariants(lower: &mut Lower, span: Span, node: Node) -> Vec<Invariant> {
    let Kind::List { items, .. } = node.kind else {
        lower.wrong_kind("invariants", "a list", span, &node, Some("each item has a `name` and a `description`"));
        return Vec::new();
    };
    items.into_iter().filter_map(|item| invariant(lower, item)).collect()
}

fn invariant(lower: &mut Lower, node: Node) -> Option<Invariant> {
    let place = syntax::first_line(lower.text, node.span);
    let entries = lower.mapping("invariants", place, node, "each item has a `name` and a `description`")?;
    let mut invariant = Invariant { name: None, description: None, enforced_by: Vec::new(), severity: None };
    let mut has_name = false;
    for pair in lower.pairs(entries, &INVARIANT) {
        let (key, span, value) = (pair.key, pair.span, pair.value);
        match key {
            "name" => {
                has_name = true;
                invariant.name = lower.text(key, span, value);
            }
            "description" => invariant.description = lower.text(key, span, value),
            "enforced_by" => invariant.enforced_by = lower.texts(key, span, value, Lone::Accepted),
            "severity" => invariant.severity = lower.text(key, span, value),
            _ => {}
        }
    }
    if !has_name {
        lower.report(
            Diagnostic::new(&codes::E0104, place, "an invariant has no `name`")
                .label("`name` is required")
                .help("give it a name for the generated documentation"),
        );
    }
    Some(invariant)
}

fn reserved(lower: &mut Lower, span: Span, node: Node, file: &mut File) {
    let help = "write `reserved: { tlv_types: [1005, 1010-1019], names: [OldTick] }`";
    for pair in
        lower.mapping("reserved", span, node, help).map(|entries| lower.pairs(entries, &RESERVED)).unwrap_or_default()
    {
        let (key, span, value) = (pair.key, pair.span, pair.value);
        match key {
            "tlv_types" => match value.kind {
                Kind::List { items, .. } => {
                    file.reserved_ids = items.iter().filter_map(|item| id_range(lower, key, item.span, item)).collect();
                }
                _ => lower.wrong_kind(key, "a list", span, &value, Some(help)),
            },
            "names" => file.reserved_names = lower.texts(key, span, value, Lone::Reported),
            _ => {}
        }
    }
}

/// An id, a range `1-999` plain or in quotes, or a list of first and last id.
fn id_range(lower: &mut Lower, name: &str, span: Span, node: &Node) -> Option<Spanned<IdRange>> {
    const EXPECTED: &str = "an id range such as `1000-1099`";
    let (first, last) = match &node.kind {
        Kind::Plain(text) | Kind::Text { text, .. } if !text.is_empty() => match range_ends(text) {
            Some(ends) => ends,
            None => {
                bad_range(lower, name, text, node.span);
                return None;
            }
        },
        Kind::List { items, .. } if items.len() == 2 => {
            let first = lower.int(name, items[0].span, &items[0]);
            let last = lower.int(name, items[1].span, &items[1]);
            (first?.value, last?.value)
        }
        _ => {
            lower.wrong_kind(name, EXPECTED, span, node, None);
            return None;
        }
    };
    if first > last {
        let message = format!("id range of {} runs backwards, from {first} to {last}", quote(name));
        let diagnostic = Diagnostic::new(&codes::E0108, node.span, message).label("the first id comes first");
        lower.report(diagnostic.suggest(node.span, format!("{last}-{first}")));
        return None;
    }
    Some(Spanned::new(IdRange { first, last }, node.span))
}

fn range_ends(text: &str) -> Option<(i128, i128)> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let id = |text: &str| scalar::int_value(text.trim()).filter(|_| scalar::is_int(text.trim()));
    Some((id(first)?, id(last)?)).filter(|(first, last)| *first >= 0 && *last >= 0)
}

fn bad_range(lower: &mut Lower, name: &str, text: &str, place: Span) {
    let message = format!("expected an id range for {}, found {}", quote(name), quote(text));
    let diagnostic = Diagnostic::new(&codes::E0108, place, message).label("not an id range");
    let separators = ["..=", "...", "..", "–", "—", " to ", ":", ",", "-"];
    let parts = separators.iter().find_map(|separator| text.split_once(separator));
    let right_end = |text: &str| match scalar::classify(text.trim()) {
        Plain::OddNumber(Some(right)) => right,
        _ => text.trim().to_owned(),
    };
    let right = parts.and_then(|(first, last)| {
        let right = format!("{}-{}", right_end(first), right_end(last));
        range_ends(&right).map(|_| right)
    });
    lower.report(match right {
        // Two dots leave the last one out to some, and not to others.
        Some(right) if text.contains("..") && !text.contains("..=") => diagnostic.suggest(place, right),
        Some(right) => diagnostic.correct(place, right),
        None => diagnostic.help("write first and last id with a `-` between: `1000-1099`"),
    });
}
