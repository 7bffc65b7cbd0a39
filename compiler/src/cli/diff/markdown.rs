//! Differences as Markdown, for a comment on a pull request: a table of sizes, the bytes folded away.

use std::fmt::Write;

use myc_schema::diag::code;

use super::{Shown, head, table};

/// Messages and structs whose bytes are drawn; comments have a greatest length.
const DRAWN: usize = 20;

pub fn print(shown: &Shown<'_>) -> String {
    let mut text = format!("### Bytes of {} against {}\n\n", code(shown.names.1), code(shown.names.0));
    if shown.changes.is_empty() {
        text.push_str("Every message and struct lies as it did.\n");
        if shown.exact {
            return text;
        }
    } else {
        text.push_str("| | size | padding |\n| --- | --- | --- |\n");
    }
    for change in &shown.changes {
        let [size, padding] = shown.numbers(change);
        let _ = writeln!(text, "| {} | {} | {} |", head(change), cell(size), cell(padding));
    }
    text.push('\n');
    for change in shown.changes.iter().take(DRAWN) {
        let map = table::map(shown, change, usize::MAX);
        if !map.is_empty() {
            let _ = writeln!(
                text,
                "<details><summary>{}: {}</summary>\n\n```text\n{map}```\n\n</details>\n",
                head(change),
                shown.sizes(change)
            );
        }
    }
    if shown.changes.len() > DRAWN {
        let _ = writeln!(text, "The bytes of {} more are not drawn here.\n", shown.changes.len() - DRAWN);
    }
    if let Some(paused) = &shown.paused {
        let _ = writeln!(text, "{paused}\n");
    }
    text.push_str("**Deploy**\n\n");
    for (number, step) in (1..).zip(&shown.steps) {
        let _ = writeln!(text, "{number}. {step}");
    }
    text
}

fn cell(numbers: (Option<u32>, Option<u32>)) -> String {
    match numbers {
        (Some(old), Some(new)) if old == new => new.to_string(),
        (Some(old), Some(new)) => format!("{old} → {new} ({:+})", i64::from(new) - i64::from(old)),
        (None, Some(new)) => format!("new, {new}"),
        (Some(old), None) => format!("removed, {old}"),
        (None, None) => String::new(),
    }
}
