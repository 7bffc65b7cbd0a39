//! SARIF 2.1.0: one run, every rule described, every finding with its newer place and the older one
//! beside it. What is allowed is a suppressed result.

use myc_schema::diag::render::printable;
use myc_schema::evolve::rules::{self, Category, Rule};
use myc_schema::source::{SourceMap, Span};
use serde_json::{Map, Value, json};

use super::{Judged, Report, Section, Verdict};
use crate::cli::against::InCommit;

pub fn print(report: &Report<'_>) -> String {
    let results: Vec<Value> = report
        .sections
        .iter()
        .flat_map(|section| section.judged.iter().map(|judged| result(report, section, judged)))
        .collect();
    let mut log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "myc-schema breaking",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules::ALL.iter().map(|rule| described(rule)).collect::<Vec<_>>(),
            } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    let commits = report.sections.iter().filter_map(|section| section.against.commit.as_ref());
    let bases: Map<String, Value> = commits.map(|commit| (base(commit), described_base(commit))).collect();
    if !bases.is_empty() {
        log["runs"][0]["originalUriBaseIds"] = Value::Object(bases);
    }
    // Maps with string keys always have JSON.
    let mut text = serde_json::to_string_pretty(&log).unwrap_or_default();
    text.push('\n');
    text
}

fn level(category: Category) -> &'static str {
    if category == Category::Info { "note" } else { "error" }
}

fn described(rule: &Rule) -> Value {
    json!({
        "id": rule.id,
        "shortDescription": { "text": rule.title },
        "help": { "text": rule.advice },
        "defaultConfiguration": { "level": level(rule.category) },
        "properties": { "tags": [rule.category.name()] },
    })
}

fn result(report: &Report<'_>, section: &Section, judged: &Judged) -> Value {
    let finding = &judged.difference.finding;
    let index = rules::ALL.iter().position(|rule| rule.id == finding.rule.id);
    // Code scanning shows other places only where the message names them.
    let was = finding.old.and_then(|span| Some((report.sources.get(span.source)?, span))).map(|(file, span)| {
        let at = file.line_column(span.start);
        format!("; as it was: {}:{}:{}", printable(file.name()), at.line, at.column)
    });
    let was = was.unwrap_or_default();
    let mut result = json!({
        "ruleId": finding.rule.id,
        "ruleIndex": index,
        "level": level(finding.category()),
        "message": { "text": format!("{}; {}{was}", finding.message, finding.advice()) },
        "properties": {
            "category": finding.category().name(),
            "path": finding.path,
            "against": section.against.name,
            "versions": judged.versions(),
        },
        // The same finding in the next run, wherever its line is then.
        "partialFingerprints": { "mycSchema/v1": format!("{}:{}", finding.rule.id, finding.path) },
    });
    let new = finding.new.and_then(|span| {
        let name = report.sources.get(span.source)?.name();
        location(report.sources, span, json!({ "uri": uri(&report.place_in_workspace(name)) }))
    });
    // Results need a place in a file that is there.
    let file = uri(&report.place_in_workspace(&report.file));
    let new = new.unwrap_or_else(|| json!({ "physicalLocation": { "artifactLocation": { "uri": file } } }));
    result["locations"] = json!([new]);
    let old = finding.old.and_then(|span| {
        let artifact = match &section.against.commit {
            Some(commit) if commit.from_root => json!({ "uri": uri(&commit.path), "uriBaseId": base(commit) }),
            Some(commit) => {
                json!({ "uri": uri(&report.place_in_workspace(&commit.path)), "uriBaseId": base(commit) })
            }
            None => json!({ "uri": uri(&report.place_in_workspace(report.sources.get(span.source)?.name())) }),
        };
        let mut old = location(report.sources, span, artifact)?;
        // For whoever does not have the commit.
        let words = report.sources.get(span.source)?.slice(span);
        old["physicalLocation"]["region"]["snippet"] = json!({ "text": words });
        Some(old)
    });
    if let Some(mut old) = old {
        old["id"] = json!(1);
        old["message"] = json!({ "text": "as it was" });
        result["relatedLocations"] = json!([old]);
    }
    if let Verdict::Allowed(allowance) = &judged.verdict {
        let until = allowance.until.map_or(String::new(), |until| format!(" (until {until})"));
        result["suppressions"] =
            json!([{ "kind": "external", "justification": format!("{}{until}", allowance.reason) }]);
    }
    result
}

/// What stands for the root of the repository as it was in a commit: `COMMIT-v5`.
fn base(commit: &InCommit) -> String {
    format!("COMMIT-{}", commit.reference)
}

/// Where that is, is for whoever reads the report to find out.
fn described_base(commit: &InCommit) -> Value {
    json!({ "description": { "text": format!("the repository in commit {}", printable(&commit.reference)) } })
}

fn location(sources: &SourceMap, span: Span, artifact: Value) -> Option<Value> {
    let file = sources.get(span.source)?;
    let (start, end) = (file.line_column(span.start), file.line_column(span.end));
    Some(json!({ "physicalLocation": {
        "artifactLocation": artifact,
        "region": {
            "startLine": start.line, "startColumn": start.column, "endLine": end.line, "endColumn": end.column,
        },
    } }))
}

/// A path as a relative reference: what URIs give a meaning to is escaped.
fn uri(path: &str) -> String {
    let path = path.strip_prefix("./").unwrap_or(path);
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' | b'~' => uri.push(char::from(byte)),
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}
