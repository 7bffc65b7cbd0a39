//! One JSON object a finding and line. Keys are always there; what does not apply is `null`. Lines and
//! columns count from 1, columns in Unicode scalar values; ends are exclusive.

use myc_schema::source::{SourceMap, Span};
use serde::Serialize;

use super::{Judged, Report, Section, Verdict};

/// Messages that an object names.
const NAMED: usize = 100;

#[derive(Serialize)]
struct Line<'a> {
    rule: &'a str,
    category: &'a str,
    path: &'a str,
    message: &'a str,
    counts: bool,
    allowed: Option<Allowed<'a>>,
    against: &'a str,
    /// Ranges of versions, first and last.
    versions: &'a [(u16, u16)],
    messages: Vec<&'a str>,
    more_messages: usize,
    old: Option<Place<'a>>,
    new: Option<Place<'a>>,
    help: &'a str,
}

#[derive(Serialize)]
struct Allowed<'a> {
    reason: &'a str,
    until: Option<String>,
    expired: bool,
}

#[derive(Serialize)]
struct Place<'a> {
    file: &'a str,
    line: u32,
    column: u32,
    end_line: u32,
    end_column: u32,
}

pub fn print(report: &Report<'_>) -> String {
    let mut text = String::new();
    for section in &report.sections {
        for judged in &section.judged {
            // Strings and numbers only: there is nothing in it that could fail to serialize.
            text.push_str(&serde_json::to_string(&line(report, section, judged)).unwrap_or_default());
            text.push('\n');
        }
    }
    text
}

fn line<'a>(report: &'a Report<'_>, section: &'a Section, judged: &'a Judged) -> Line<'a> {
    let finding = &judged.difference.finding;
    let (messages, more_messages) = section.messages(judged, NAMED);
    let allowance = match &judged.verdict {
        Verdict::Allowed(allowance) => Some((allowance, false)),
        Verdict::Counts(allowance) => allowance.as_ref().map(|allowance| (allowance, true)),
        Verdict::Information => None,
    };
    Line {
        rule: finding.rule.id,
        category: finding.category().name(),
        path: &finding.path,
        message: &finding.message,
        counts: judged.counts(),
        allowed: allowance.map(|(allowance, expired)| Allowed {
            reason: &allowance.reason,
            until: allowance.until.map(|until| until.to_string()),
            expired,
        }),
        against: &section.against.name,
        versions: judged.difference.versions.ranges(),
        messages,
        more_messages,
        old: finding.old.and_then(|span| place(report.sources, span)),
        new: finding.new.and_then(|span| place(report.sources, span)),
        help: finding.advice(),
    }
}

fn place(sources: &SourceMap, span: Span) -> Option<Place<'_>> {
    let file = sources.get(span.source)?;
    let (start, end) = (file.line_column(span.start), file.line_column(span.end));
    let (line, column, end_line, end_column) = (start.line, start.column, end.line, end.column);
    Some(Place { file: file.name(), line, column, end_line, end_column })
}
