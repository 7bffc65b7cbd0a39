//! SARIF 2.1.0: one run, every rule described, every finding with its newer place and the older one
//! beside it. What is allowed is a suppressed result.

use myc_schema::evolve::rules::{self, Category, Rule};
use myc_schema::source::{SourceMap, Span};
use serde_json::{Value, json};

use super::{Judged, Report, Section, Verdict};

pub fn print(report: &Report<'_>) -> String {
    let results: Vec<Value> = report
        .sections
        .iter()
        .flat_map(|section| section.judged.iter().map(|judged| result(report, section, judged)))
        .collect();
    let log = json!({
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
    let mut result = json!({
        "ruleId": finding.rule.id,
        "ruleIndex": index,
        "level": level(finding.category()),
        "message": { "text": format!("{}; {}", finding.message, finding.advice()) },
        "properties": {
            "category": finding.category().name(),
            "path": finding.path,
            "against": section.against.name,
            "versions": judged.versions(),
        },
        // The same finding in the next run, wherever its line is then.
        "partialFingerprints": { "mycSchema/v1": format!("{}:{}", finding.rule.id, finding.path) },
    });
    let new = finding.new.and_then(|span| location(report.sources, span));
    // Results need a place in a file that is there.
    let new =
        new.unwrap_or_else(|| json!({ "physicalLocation": { "artifactLocation": { "uri": uri(&report.file) } } }));
    result["locations"] = json!([new]);
    if let Some(mut old) = finding.old.and_then(|span| location(report.sources, span)) {
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

fn location(sources: &SourceMap, span: Span) -> Option<Value> {
    let file = sources.get(span.source)?;
    let (start, end) = (file.line_column(span.start), file.line_column(span.end));
    Some(json!({ "physicalLocation": {
        "artifactLocation": { "uri": uri(file.name()) },
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
