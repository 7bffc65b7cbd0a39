//! A lock as text: sorted, a line a fact, so that a review sees what a change does.

use std::fmt::Write;

use super::{Lock, kind_name};
use crate::digest::canonical_text;
use crate::hex::hex;
use crate::ir::show_range;

/// The number of the format.
pub(super) const FORMAT: u64 = 1;

/// What every lock begins with; the number is the format's.
pub(super) const FIRST_LINE: &str = "contracts.lock 1";

const COMMENT: &str = "\
# The schema that peers have: written by `myc-schema lock`, compared by `myc-schema check --locked` and
# `myc-schema breaking --against contracts.lock`. Commit it and read its changes; do not edit it.
";

/// What stands before the canonical text.
pub(super) const CANONICAL: &str = "canonical text";

/// The whole text of a lock. The same lock gives the same text.
pub fn print(lock: &Lock) -> String {
    let schema = &lock.schema;
    let facts = facts(lock);
    let head = format!(
        "{FIRST_LINE}\nversion {}\ndigest {} {}\n",
        schema.version,
        kind_name(schema.digest_kind),
        hex(&schema.digest)
    );
    let told = head.lines().chain(facts.lines()).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let checksum = hex(&super::read::checksum(told));
    format!("{COMMENT}{head}checksum {checksum}\n{facts}")
}

/// Everything but the head.
fn facts(lock: &Lock) -> String {
    let schema = &lock.schema;
    let mut text = String::new();
    text.push_str("\n# Type id, name, size in bytes, fingerprint, and the first locked version that has it so.\n");
    let mut messages: Vec<_> = schema.messages.iter().collect();
    messages.sort_by_key(|message| message.type_id);
    for message in messages {
        let since = lock.since.get(&message.type_id).copied().unwrap_or(schema.version);
        let (id, name, size) = (message.type_id, &message.name, message.layout.size);
        put(&mut text, format_args!("message {id} {name} {size} {} since {since}\n", hex(&message.fingerprint)));
    }
    text.push_str("\n# Type ids and names that may not come back.\n");
    let mut ids: Vec<_> = schema.reserved_ids.iter().map(|range| range.value).collect();
    ids.sort_unstable();
    ids.dedup();
    ids.iter().for_each(|range| put(&mut text, format_args!("reserved {}\n", show_range(*range))));
    let mut names: Vec<&str> = schema.reserved_names.iter().map(|name| name.value.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    for name in names {
        put(&mut text, format_args!("reserved-name {}\n", serde_json::Value::from(name)));
    }
    text.push_str("\n# Earlier versions and their digests, and messages as they were in them.\n");
    for (version, digest) in &lock.history {
        put(&mut text, format_args!("earlier {version} {}\n", hex(digest)));
    }
    for past in &lock.past {
        let super::Past { type_id, first, last, name, size, fingerprint, span: _ } = past;
        put(&mut text, format_args!("was {type_id} {name} {size} {} in {first}-{last}\n", hex(fingerprint)));
    }
    put(&mut text, format_args!("\n# What the digest is computed over.\n{CANONICAL}\n"));
    text.push_str(&canonical_text(schema));
    text
}

/// Formats into a string, which cannot fail.
fn put(out: &mut String, arguments: std::fmt::Arguments) {
    let _ = out.write_fmt(arguments);
}
