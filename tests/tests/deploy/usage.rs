//! The tables of `docs/ocaml-bridge/USAGE.md`: metrics, fields of the log, errors by their text.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use mycelium_bus::metrics::Metric;
use mycelium_tests::toolchain;

use super::text;

fn page() -> String {
    text("docs/ocaml-bridge/USAGE.md")
}

/// The part of the page under a heading, up to the next of any level.
fn part<'a>(page: &'a str, heading: &str) -> &'a str {
    let from = page.find(&format!("\n{heading}\n")).unwrap_or_else(|| panic!("no `{heading}`")) + heading.len() + 2;
    let rest = &page[from..];
    &rest[..rest.find("\n#").unwrap_or(rest.len())]
}

fn row(metric: &Metric) -> String {
    let labels: Vec<String> = metric.labels.iter().map(|label| format!("`{label}`")).collect();
    format!("| `{}` | {} | {} | {} |", metric.name, metric.kind.name(), labels.join(", "), metric.help)
}

/// Somebody who reads a metric's name on a dashboard looks it up here.
#[test]
fn every_metric_is_on_the_page() {
    let page = page();
    let shown: Vec<&str> = part(&page, "### Metrics").lines().filter(|line| line.starts_with("| `")).collect();
    let tables = mycelium_bridge::metrics::METRICS.iter().chain(mycelium_bus::metrics::METRICS);
    let expected: Vec<String> = tables.map(row).collect();
    assert_eq!(shown, expected);
}

/// Every Rust file below a folder, without tests.
fn sources(folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        if path.is_dir() && name != "tests" {
            sources(&path, found);
        } else if name.ends_with(".rs") && name != "tests.rs" {
            let text = fs::read_to_string(&path).expect("a source");
            found.push(text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default().to_owned());
        }
    }
}

/// The text from `from` to the parenthesis that closes, split at commas that are in no other parentheses or strings.
fn arguments(text: &str) -> Vec<String> {
    let (mut depth, mut quoted, mut escaped) = (0, false, false);
    let mut parts = vec![String::new()];
    for c in text.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '(' | '[' | '{' if !quoted => depth += 1,
            ')' | ']' | '}' if !quoted && depth == 0 => break,
            ')' | ']' | '}' if !quoted => depth -= 1,
            ',' if !quoted && depth == 0 => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        parts.last_mut().expect("a part").push(c);
    }
    parts.iter().map(|part| part.trim().to_owned()).collect()
}

/// The name of a field, of an argument such as `pid`, `?delay` or `worker = slot.id()`.
fn field(argument: &str) -> Option<String> {
    let argument = argument.trim_start_matches(['?', '%']);
    let name: String = argument.chars().take_while(|c| c.is_ascii_lowercase() || "_.0123456789".contains(*c)).collect();
    let rest = argument[name.len()..].trim_start();
    let is_field = rest.is_empty() || rest.starts_with('=');
    (is_field && name.starts_with(|c: char| c.is_ascii_lowercase())).then_some(name)
}

/// The fields of all events of a text.
fn fields(text: &str) -> BTreeSet<String> {
    let events = ["trace!(", "debug!(", "info!(", "warn!(", "error!(", "event!("];
    let calls = events.iter().flat_map(|event| {
        let call = format!("tracing::{event}");
        text.match_indices(&call).map(|(at, found)| at + found.len()).collect::<Vec<_>>()
    });
    calls.flat_map(|at| arguments(&text[at..])).filter_map(|argument| field(&argument)).collect()
}

#[test]
fn fields_are_found() {
    let text = r#"tracing::info!(endpoint = &*self.name, connection = f(1, "),"), ?ending, %error, pid, "a {} b", 3);
        tracing::event!(target: "x", $level, stream, cut_bytes = cut, "{}", line)"#;
    let expected = ["connection", "cut_bytes", "ending", "endpoint", "error", "line", "pid", "stream"];
    // What is printed is taken for a field too: it is, in most events.
    assert_eq!(fields(text), expected.iter().map(|name| (*name).to_owned()).collect());
}

/// Somebody who searches logs by a field has to know that there is one, and what it means.
#[test]
fn every_field_of_the_log_is_on_the_page() {
    let mut texts = Vec::new();
    for part in ["bus", "bridge"] {
        sources(&toolchain::root().join("runtime-rust").join(part).join("src"), &mut texts);
    }
    assert!(texts.iter().any(|text| text.contains("tracing::info!(")), "there are events");
    let found: BTreeSet<String> = texts.iter().flat_map(|text| fields(text)).collect();
    let page = page();
    let rows = part(&page, "### Log fields").lines().filter_map(|line| line.strip_prefix("| `"));
    let shown: BTreeSet<String> = rows.filter_map(|row| row.split('`').next()).map(str::to_owned).collect();
    assert_eq!(shown, found);
}

/// Errors are found by their text, so the text has to be the one that is printed.
#[test]
fn quoted_errors_are_those_of_the_programs() {
    let mut texts = Vec::new();
    for folder in ["runtime-rust/bus/src", "runtime-rust/bridge/src"] {
        sources(&toolchain::root().join(folder), &mut texts);
    }
    for file in ["lib/failure.ml", "lib/unix/worker.ml", "lib/unix/address.ml"] {
        texts.push(text(&format!("runtime-ocaml/{file}")));
    }
    // Strings that go on in the next line, and code spans in them.
    let texts: String = texts.join("\n").replace("\\\n", "\u{1}").replace('`', "");
    let texts: String = texts.split('\u{1}').map(str::trim_start).collect::<Vec<_>>().join("");
    let page = page();
    let rows = part(&page, "## Troubleshooting by error text").lines().filter_map(|line| line.strip_prefix("| `"));
    let mut count = 0;
    for quoted in rows.filter_map(|row| row.split('`').next()) {
        count += 1;
        for piece in quoted.split('…').flat_map(|part| part.split(": ")).map(str::trim).filter(|piece| piece.len() > 3)
        {
            assert!(texts.contains(piece), "nobody says {piece:?} of {quoted:?}");
        }
    }
    assert!(count > 20, "{count}");
}

/// Three words or more, and nothing else.
fn is_line_of_the_log(quoted: &str) -> bool {
    let is_word = |word: &str| !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c == '\'');
    quoted.split(' ').count() > 2 && quoted.split(' ').all(is_word)
}

/// Whoever follows a runbook searches the log for what it quotes.
#[test]
fn quoted_lines_of_the_log_are_logged() {
    let mut texts = Vec::new();
    for folder in ["runtime-rust/bus/src", "runtime-rust/bridge/src"] {
        sources(&toolchain::root().join(folder), &mut texts);
    }
    let mut count = 0;
    for page in ["docs/operations.md", "docs/ocaml-bridge/USAGE.md", "docs/bridge.md"] {
        let page_text = text(page);
        let outside = page_text.split("```").step_by(2);
        let spans = outside.flat_map(|part| part.split('`').skip(1).step_by(2));
        for quoted in spans.filter(|span| is_line_of_the_log(span) && !span.starts_with("cargo ")) {
            count += 1;
            let literal = format!("\"{quoted}");
            assert!(texts.iter().any(|text| text.contains(&literal)), "{page}: nobody logs {quoted:?}");
        }
    }
    assert!(count >= 2, "{count}");
}
