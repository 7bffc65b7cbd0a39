//! The documentation says what there is: its tables are held against the settings, the metrics and the log.

use mycelium_bridge::metrics::METRICS;

use super::flags::{WORKER_PREFIX, flag};
use super::settings::{Endpoint, Section, Setting, Settings, Worker, WorkerDefaults};

const PAGE: &str = include_str!("../../../../docs/operations.md");

fn has(table: &str) {
    assert!(PAGE.contains(table), "docs/operations.md has another table than this one:\n{table}");
}

fn settings(settings: &[Setting], prefix: Option<&str>) {
    let head = if prefix.is_some() { "| key | flag | default | |" } else { "| key | default | |" };
    let rule = if prefix.is_some() { "| --- | --- | --- | --- |" } else { "| --- | --- | --- |" };
    let mut table = format!("{head}\n{rule}\n");
    for setting in settings {
        let Setting { key, value, help, .. } = setting;
        let default = setting.default.as_ref().map(|default| format!("`{default}`")).unwrap_or_default();
        let flag = prefix.map(|prefix| format!("`--{} {value}` | ", flag(prefix, setting))).unwrap_or_default();
        table.push_str(&format!("| `{key}` | {flag}{default} | {help} |\n"));
    }
    has(&table);
}

// Without these, somebody would look for a setting in vain, or set one that is not there.
#[test]
fn every_setting_of_the_bridge_is_documented() {
    settings(&Settings::table(), Some(""));
}

#[test]
fn every_setting_of_clients_is_documented() {
    settings(&Endpoint::table(), Some(""));
}

#[test]
fn every_setting_of_all_workers_is_documented() {
    settings(&WorkerDefaults::table(), Some(WORKER_PREFIX));
}

#[test]
fn every_setting_of_a_worker_is_documented() {
    let defaults = WorkerDefaults::table();
    let is_own = |setting: &Setting| defaults.iter().all(|other| other.key != setting.key);
    settings(&Worker::table().into_iter().filter(is_own).collect::<Vec<_>>(), None);
}

#[test]
fn every_metric_of_the_bridge_is_documented() {
    let mut table = String::from("| metric | kind | labels | |\n| --- | --- | --- | --- |\n");
    for metric in METRICS {
        let labels: Vec<_> = metric.labels.iter().map(|label| format!("`{label}`")).collect();
        let (name, kind, help) = (metric.name, metric.kind.name(), metric.help);
        table.push_str(&format!("| `{name}` | {kind} | {} | {help} |\n", labels.join(", ")));
    }
    has(&table);
}

/// What the command logs: text, level and names of fields of every event in its sources.
fn events() -> Vec<(String, String, Vec<String>)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/daemon");
    let mut files: Vec<_> =
        std::fs::read_dir(folder).expect("the sources").flatten().map(|entry| entry.path()).collect();
    files.sort();
    let mut events = Vec::new();
    for file in files.iter().filter(|file| file.is_file() && !file.ends_with("documented.rs")) {
        let text = std::fs::read_to_string(file).expect("a source");
        for event in text.split("tracing::").skip(1) {
            let Some((level, rest)) = event.split_once("!(") else { continue };
            if !["error", "warn", "info"].contains(&level) {
                continue;
            }
            let inside = &rest[..end(rest)];
            // The text is the last literal that is an argument of its own.
            let arguments = arguments(inside);
            let text = arguments.last().expect("an argument").trim_matches('"');
            let name = |field: &&String| {
                let name = field.split('=').next().unwrap_or_default().trim();
                name.trim_start_matches(['%', '?']).to_owned()
            };
            let fields = arguments[..arguments.len() - 1].iter().map(|field| name(&field)).collect();
            events.push((text.to_owned(), level.to_uppercase(), fields));
        }
    }
    events
}

/// Where the parenthesis that was opened before is closed.
fn end(text: &str) -> usize {
    let (mut depth, mut quoted) = (1, false);
    for (at, c) in text.char_indices() {
        match c {
            '"' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at;
        }
    }
    text.len()
}

fn arguments(text: &str) -> Vec<String> {
    let (mut depth, mut quoted) = (0, false);
    let mut arguments = vec![String::new()];
    for c in text.chars() {
        match c {
            '"' => quoted = !quoted,
            '(' | '{' | '[' if !quoted => depth += 1,
            ')' | '}' | ']' if !quoted => depth -= 1,
            ',' if !quoted && depth == 0 => {
                arguments.push(String::new());
                continue;
            }
            _ => {}
        }
        arguments.last_mut().expect("there is one").push(c);
    }
    arguments.into_iter().map(|argument| argument.trim().to_owned()).filter(|argument| !argument.is_empty()).collect()
}

// Alarms are made of these texts and fields.
#[test]
fn every_event_of_the_command_is_documented() {
    let mut table = String::from("| message | level | fields |\n| --- | --- | --- |\n");
    let events = events();
    assert!(events.len() > 7, "{events:?}");
    for (text, level, fields) in events {
        let fields: Vec<_> = fields.iter().map(|field| format!("`{field}`")).collect();
        table.push_str(&format!("| {text} | {level} | {} |\n", fields.join(", ")));
    }
    has(&table);
}
