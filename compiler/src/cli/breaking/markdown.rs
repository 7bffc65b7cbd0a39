//! Findings as Markdown, for a comment on a pull request.

use std::fmt::Write;

use myc_schema::diag::code;
use myc_schema::evolve::rules::Category;

use super::{Judged, Report, Section, Verdict};

/// Findings of a category that are shown; comments have a greatest length.
const SHOWN: usize = 100;

pub fn print(report: &Report<'_>) -> String {
    let mut text = String::new();
    for section in &report.sections {
        let _ = writeln!(text, "### {} against {}\n", code(&report.file), code(&section.against.name));
        if section.judged.is_empty() {
            text.push_str("No difference.\n\n");
        }
        for category in Category::ALL {
            let of: Vec<&Judged> =
                section.judged.iter().filter(|judged| judged.difference.finding.category() == category).collect();
            if of.is_empty() {
                continue;
            }
            let _ = writeln!(text, "**{}**: {}\n", category.name(), category.about());
            for judged in of.iter().take(SHOWN) {
                item(&mut text, section, judged);
            }
            if of.len() > SHOWN {
                let _ = writeln!(text, "- and {} more", of.len() - SHOWN);
            }
            text.push('\n');
        }
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

fn item(text: &mut String, section: &Section, judged: &Judged) {
    let finding = &judged.difference.finding;
    let _ = write!(text, "- `{}` {}", finding.rule.id, finding.message);
    if let Some(part) = section.part_of(judged, |name| format!("`{name}`")) {
        let _ = write!(text, "; {part}");
    }
    match &judged.verdict {
        Verdict::Information => {}
        Verdict::Allowed(allowance) => {
            let until = allowance.until.map_or(String::new(), |until| format!(" until {until}"));
            let _ = write!(text, "<br>allowed{until}: {}", plain(&allowance.reason));
        }
        Verdict::Counts(expired) => {
            let breaks = match finding.rule.concerns_peers() {
                true => format!("breaks {}; ", judged.versions()),
                false => String::new(),
            };
            let _ = write!(text, "<br>{breaks}{}", finding.advice());
            if let Some((allowance, until)) = expired.as_ref().and_then(|allowance| Some((allowance, allowance.until?)))
            {
                let _ = write!(text, "<br>it was allowed until {until}: {}", plain(&allowance.reason));
            }
        }
    }
    text.push('\n');
}

/// Text that Markdown gives no meaning to.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' | '\r' => plain.push(' '),
            '<' => plain.push_str("&lt;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' => plain.extend(['\\', character]),
            character => plain.push(character),
        }
    }
    plain
}
