//! `yaml` blocks: a contract, or the fields of a message, and the diagnostics that it gives.

use std::fs;

use myc_schema::source::SourceMap;

use super::blocks::Block;
use super::{Mismatch, Place};

const TOP_LEVEL: &[&str] =
    &["schema", "tag_ranges", "domains", "enums", "structs", "messages", "invariants", "reserved"];

pub(super) fn check(place: &Place, block: &Block) -> Result<(), Mismatch> {
    let text = contract(&block.body);
    if let Some(name) = kept_name(&block.body) {
        fs::write(place.folder.join(name), &block.body).map_err(|error| Mismatch::Wrong(format!("{name}: {error}")))?;
    }
    let mut expected: Vec<&str> = block.words().skip(1).collect();
    expected.sort_unstable();
    gives(&text, &expected).map_err(Mismatch::Wrong)
}

/// Whether a contract gives diagnostics with exactly these codes, in the order of the codes; if not, words.
fn gives(contract: &str, expected: &[&str]) -> Result<(), String> {
    let mut sources = SourceMap::new();
    let source = sources.add("contracts.yaml", contract);
    let diagnostics = myc_schema::check(&sources, source).diagnostics;
    let mut found: Vec<&str> = diagnostics.iter().map(|diagnostic| diagnostic.code.id).collect();
    found.sort_unstable();
    found.dedup();
    if found == expected {
        return Ok(());
    }
    let words: Vec<_> =
        diagnostics.iter().map(|diagnostic| format!("{}: {}", diagnostic.code.id, diagnostic.message)).collect();
    Err(format!("gives {found:?} rather than {expected:?}\n{}", words.join("\n")))
}

/// The whole contract that a block stands for.
fn contract(body: &str) -> String {
    let is_whole = body
        .lines()
        .any(|line| TOP_LEVEL.iter().any(|key| line.strip_prefix(key).is_some_and(|rest| rest.starts_with(':'))));
    if is_whole {
        return body.to_owned();
    }
    let fields: String = body.lines().map(|line| format!("      {line}\n")).collect();
    format!("messages:\n  Example:\n    tlv_type: 1000\n    domain: Examples\n    fields:\n{fields}")
}

/// The name under which a block is kept for the commands further down the page.
pub(super) fn kept_name(body: &str) -> Option<&str> {
    body.lines().next()?.strip_prefix("# ").filter(|name| name.ends_with(".yaml") && !name.contains(['/', ' ']))
}
