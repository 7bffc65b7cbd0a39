//! Findings for people: those that count with excerpts of both sources, the others a line each.

use std::fmt::Write;

use myc_schema::diag::render::{printable, render_as};

use super::{Judged, Report, Section, Verdict};

pub fn print(report: &Report<'_>, color: bool) -> String {
    let mut text = String::new();
    for section in &report.sections {
        if report.sections.len() > 1 {
            let _ = writeln!(text, "against {}:\n", printable(&section.against.name));
        }
        for judged in section.judged.iter().filter(|judged| judged.counts()) {
            text.push_str(&excerpts(report, section, judged, color));
            text.push('\n');
        }
        let rest: Vec<String> =
            section.judged.iter().filter(|judged| !judged.counts()).map(|judged| line(report, judged)).collect();
        if !rest.is_empty() {
            text.push_str(&rest.concat());
            text.push('\n');
        }
    }
    // One empty line between blocks, none at the end.
    text.truncate(text.trim_end_matches('\n').len());
    if !text.is_empty() {
        text.push('\n');
    }
    text
}

fn excerpts(report: &Report<'_>, section: &Section, judged: &Judged, color: bool) -> String {
    let finding = &judged.difference.finding;
    let mut notes = Vec::new();
    notes.extend(section.part_of(judged, str::to_owned));
    if finding.rule.concerns_peers() {
        notes.push(format!("it breaks peers of {}", judged.versions()));
    }
    if let Verdict::Counts(Some(allowance)) = &judged.verdict
        && let Some(until) = allowance.until
    {
        notes.push(format!("it was allowed until {until}: {}", allowance.reason));
    }
    render_as(report.sources, &finding.diagnostic(), finding.category().name(), &notes, color)
}

fn line(report: &Report<'_>, judged: &Judged) -> String {
    let finding = &judged.difference.finding;
    let place = finding.new.or(finding.old).and_then(|span| {
        let file = report.sources.get(span.source)?;
        let at = file.line_column(span.start);
        Some(format!("{}:{}:{}: ", printable(file.name()), at.line, at.column))
    });
    let head = match &judged.verdict {
        Verdict::Allowed(_) => "allowed",
        Verdict::Counts(_) | Verdict::Information => finding.category().name(),
    };
    let mut text = format!("{}{head}[{}]: {}", place.unwrap_or_default(), finding.rule.id, finding.message);
    if let Verdict::Allowed(allowance) = &judged.verdict {
        let until = allowance.until.map_or(String::new(), |until| format!("until {until}: "));
        let _ = write!(text, " ({until}{})", printable(&allowance.reason));
    }
    text.push('\n');
    text
}
