//! What changed between two contracts.

mod edits;
mod lock;

use std::sync::Arc;

use myc_schema::check;
use myc_schema::evolve::rules::Category;
use myc_schema::evolve::{Finding, Known, compare};
use myc_schema::ir::Schema;
use myc_schema::source::SourceMap;

fn schema(text: &str) -> Arc<Schema> {
    let mut sources = SourceMap::new();
    let id = sources.add("contracts.yaml", text);
    let checked = check(&sources, id);
    checked.schema.unwrap_or_else(|| panic!("{text}\n{:#?}", checked.diagnostics))
}

/// The differences between two contracts, but for the notes that the version is as before and the digest is not.
fn findings(old: &str, new: &str) -> Vec<Finding> {
    let mut findings = compare(&schema(old), &schema(new), Known::Everything);
    findings.retain(|finding| !["SCHEMA_VERSION_KEPT", "SCHEMA_DIGEST_CHANGED"].contains(&finding.rule.id));
    findings
}

/// `RULE path`, a line a finding.
fn lines(findings: &[Finding]) -> Vec<String> {
    findings.iter().map(|finding| format!("{} {}", finding.rule.id, finding.path)).collect()
}

fn has(findings: &[Finding], category: Category) -> bool {
    findings.iter().any(|finding| finding.category() == category)
}
