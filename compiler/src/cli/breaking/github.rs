//! GitHub workflow commands. What counts is an error, the rest a notice; GitHub shows ten of each for a
//! step and drops the rest without a word, so the rest becomes plain lines of the log.

use std::fmt::Write;

use myc_schema::diag::github::{escaped, property};
use myc_schema::diag::render::printable;

use super::{Judged, Report, Section, Verdict};

const SHOWN_OF_EACH: usize = 10;

pub fn print(report: &Report<'_>) -> String {
    let (mut text, mut rest) = (String::new(), String::new());
    let mut more = 0;
    for counts in [true, false] {
        let mut shown = 0;
        for section in &report.sections {
            for judged in section.judged.iter().filter(|judged| judged.counts() == counts) {
                if shown < SHOWN_OF_EACH {
                    annotation(&mut text, report, section, judged);
                } else {
                    // The prefix keeps a name from being read as a command.
                    let finding = &judged.difference.finding;
                    let _ =
                        writeln!(rest, "also: {}[{}]: {}", finding.category().name(), finding.rule.id, finding.message);
                    more += 1;
                }
                shown += 1;
            }
        }
    }
    if more > 0 {
        let _ = writeln!(text, "::notice title=myc-schema::{more} more findings are in the log of this step");
    }
    text + &rest
}

fn annotation(text: &mut String, report: &Report<'_>, section: &Section, judged: &Judged) {
    let finding = &judged.difference.finding;
    let level = if judged.counts() { "error" } else { "notice" };
    // An older place is in no file of the workspace.
    let place = match finding.new.and_then(|span| Some((report.sources.get(span.source)?, span))) {
        Some((file, span)) => {
            let (start, end) = (file.line_column(span.start), file.line_column(span.end));
            let name = property(&report.place_in_workspace(file.name()));
            match start.line == end.line {
                true => format!(
                    "file={name},line={},endLine={},col={},endColumn={}",
                    start.line, end.line, start.column, end.column
                ),
                false => format!("file={name},line={},endLine={}", start.line, end.line),
            }
        }
        None => format!("file={}", property(&report.place_in_workspace(&report.file))),
    };
    let title = format!("{} {}: {}", finding.category().name(), finding.rule.id, finding.rule.title);
    let mut body = printable(&finding.message).into_owned();
    let _ = write!(body, "\n{}", finding.advice());
    let _ = write!(body, "\ncompared with {}, {}", printable(&section.against.name), judged.versions());
    if let Some(old) = finding.old.and_then(|span| Some((report.sources.get(span.source)?, span))) {
        let at = old.0.line_column(old.1.start);
        let _ = write!(body, "; as it was: {}:{}:{}", printable(old.0.name()), at.line, at.column);
    }
    match &judged.verdict {
        Verdict::Allowed(allowance) => {
            let _ = write!(body, "\nallowed: {}", printable(&allowance.reason));
        }
        Verdict::Counts(Some(allowance)) => {
            let until = allowance.until.map_or(String::new(), |until| format!(" until {until}"));
            let _ = write!(body, "\nit was allowed{until}: {}", printable(&allowance.reason));
        }
        Verdict::Counts(None) | Verdict::Information => {}
    }
    let _ = writeln!(text, "::{level} {place},title={}::{}", property(&title), escaped(&body));
}
