//! From the file as written to the schema it means: owns looking names up, filling defaults in and
//! every rule of the contract language that is about meaning. Rules on values are left to
//! [`crate::rules`], offsets and sizes to [`crate::layout`], digests to [`crate::digest`],
//! identifiers of a target language to its backend.

mod enums;
mod fields;
mod header;
mod ids;
mod messages;
mod names;
mod order;
mod size;
mod structs;
mod topics;
mod types;

pub use fields::STAND_IN;
pub use ids::LAST_FRAMEWORK_ID;
pub use names::SCALARS as TYPE_NAMES;
pub(crate) use types::MAX_DEPTH;

use crate::codes;
use crate::diag::{Diagnostic, Severity, quote};
use crate::digest;
use crate::ir::{self, Schema};
use crate::raw;
use crate::source::Spanned;

/// The schema behind a file. Every mistake in it goes to `diagnostics`.
///
/// With an error among them the schema is only good for looking at its names: what could not be
/// resolved has placeholders, and there is no digest. `source_bytes` is the file as it is on disk.
pub fn resolve(file: &raw::File, source_bytes: &[u8], diagnostics: &mut Vec<Diagnostic>) -> Schema {
    let header = header::resolve(file.schema.as_ref(), diagnostics);
    let names = names::Names::collect(file, diagnostics);
    let enums: Vec<ir::Enum> = file.enums.iter().map(|raw| enums::resolve(raw, diagnostics)).collect();
    let mut ids = ids::Ids::collect(file, header.core, diagnostics);
    let mut topics = topics::collect(file, diagnostics);
    let mut cx = fields::Context {
        names: &names,
        enums: &enums,
        source: source_bytes,
        used_enums: vec![false; file.enums.len()],
        used_structs: vec![false; file.structs.len()],
        types_unreadable: file.types_unreadable,
        unsound: false,
        diagnostics: std::mem::take(diagnostics),
    };
    let structs = structs::resolve(&mut cx, file);
    let messages = messages::resolve(&mut cx, file, &structs, &mut ids, &mut topics);
    report_unused(&mut cx, file);
    *diagnostics = cx.diagnostics;
    let mut schema = Schema {
        span: file.schema.as_ref().map(|header| header.span),
        id: header.id,
        version: header.version,
        min_compatible: header.min_compatible,
        core: header.core,
        digest_kind: header.digest_kind,
        digest: [0; 32],
        tag_ranges: tag_ranges(file),
        domains: topics.into_domains(),
        enums,
        structs: structs.structs,
        messages,
        invariants: file.invariants.iter().map(invariant).collect(),
        reserved_ids: file.reserved_ids.iter().filter_map(reserved).collect(),
        reserved_names: file.reserved_names.clone(),
    };
    if !diagnostics.iter().any(|diagnostic| diagnostic.severity() == Severity::Error) {
        digest::fill(&mut schema, source_bytes);
    }
    schema
}

/// Warns of enums and structs that no type names: they are not in the digest, so two sides may
/// disagree about them without noticing. Says nothing where some type could not be read.
fn report_unused(cx: &mut fields::Context, file: &raw::File) {
    if cx.unsound {
        return;
    }
    let enums = file.enums.iter().zip(&cx.used_enums).map(|(raw, used)| ("enum", &raw.name, *used));
    let structs = file.structs.iter().zip(&cx.used_structs).map(|(raw, used)| ("struct", &raw.name, *used));
    for (kind, name, used) in enums.chain(structs) {
        // A name that something else has, or that cannot be one, was reported.
        if !used && cx.names.stands_for(name) {
            let message = format!("{kind} {} is used by no message", quote(&name.value));
            let diagnostic = Diagnostic::new(&codes::W0202, name.span, message);
            cx.diagnostics.push(diagnostic.help("it is not part of the schema digest"));
        }
    }
}

fn tag_ranges(file: &raw::File) -> Vec<ir::TagRange> {
    let range = |range: &raw::TagRange| {
        let (first, last) = ids::range(range.range.as_ref()?)?;
        Some(ir::TagRange { name: range.name.value.clone(), span: range.name.span, first, last })
    };
    file.tag_ranges.iter().flatten().filter_map(range).collect()
}

fn reserved(written: &Spanned<raw::IdRange>) -> Option<Spanned<(u16, u16)>> {
    ids::range(written).map(|range| Spanned::new(range, written.span))
}

fn invariant(raw: &raw::Invariant) -> ir::Invariant {
    ir::Invariant {
        name: text(&raw.name).unwrap_or_default(),
        span: raw.name.as_ref().map(|name| name.span),
        description: text(&raw.description),
        enforced_by: raw.enforced_by.iter().map(|by| by.value.clone()).collect(),
        severity: text(&raw.severity),
    }
}

/// An optional text without its place.
fn text(text: &Option<Spanned<String>>) -> Option<String> {
    text.as_ref().map(|text| text.value.clone())
}
