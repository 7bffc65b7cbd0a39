//! Differences that are allowed: on the command line, or in a file, where each has a last day.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use myc_schema::evolve::Finding;
use myc_schema::evolve::rules;
use myc_schema::source::reason;
use myc_schema::suggest;
use serde::Deserialize;

use super::date::Date;
use crate::cli::exit::Failure;
use crate::cli::expected::said;

/// One kind of difference that is allowed at one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowance {
    rule: &'static str,
    /// A path; with `*` at its end, all that begin so.
    path: String,
    /// Why.
    pub reason: String,
    /// The last day.
    pub until: Option<Date>,
}

impl Allowance {
    /// Whether it is about a finding, expired or not.
    pub fn covers(&self, finding: &Finding) -> bool {
        self.rule == finding.rule.id
            && match self.path.strip_suffix('*') {
                Some(start) => finding.path.starts_with(start),
                None => self.path == finding.path,
            }
    }

    /// Whether it counts no longer.
    pub fn expired(&self, today: Date) -> bool {
        self.until.is_some_and(|until| until < today)
    }

    /// As the command line writes it, without the reason.
    pub fn name(&self) -> String {
        format!("{}:{}", self.rule, self.path)
    }
}

/// Reads `RULE:PATH=reason`.
pub fn argument(text: &str) -> Result<Allowance, String> {
    let expected = "RULE:PATH=reason is expected, as in `FIELD_ADDED:TradeTick.venue=\"nobody listens yet\"`";
    let (what, reason) = text.split_once('=').ok_or(expected)?;
    let (rule, path) = what.split_once(':').ok_or(expected)?;
    allowance(rule, path, reason, None)
}

fn allowance(rule: &str, path: &str, reason: &str, until: Option<Date>) -> Result<Allowance, String> {
    let Some(known) = rules::find(rule) else {
        let near = suggest::nearest(rule, rules::ALL.iter().map(|rule| rule.id));
        let help = near.map_or("`myc-schema breaking --list-rules` lists them".to_owned(), |near| {
            format!("did you mean `{near}`?")
        });
        return Err(format!("there is no rule `{}`; {help}", rule.escape_debug()));
    };
    match (path.trim(), reason.trim()) {
        ("", _) => Err(format!("{rule}: the path is missing; it is what a finding is about, as in `TradeTick.venue`")),
        (_, "") => Err(format!("{rule}:{path}: the reason is missing")),
        (path, reason) => Ok(Allowance { rule: known.id, path: path.to_owned(), reason: reason.to_owned(), until }),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    allow: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    rule: String,
    path: String,
    reason: String,
    until: String,
}

/// The allowances of a file; of one that need not be there, none where it is not.
pub fn read(path: &Path, needed: bool) -> Result<Vec<Allowance>, Failure> {
    let shown = path.display();
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound && !needed => return Ok(Vec::new()),
        Err(error) => return Err(Failure::io(format!("cannot read `{shown}`: {}", reason(&error)))),
    };
    let wrong = |text: String| {
        Failure::usage(format!("{shown}: {text}"))
            .help("it is a list `allow:` of `{ rule: …, path: …, reason: …, until: YYYY-MM-DD }`")
    };
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    let file: File = serde_yaml::from_str(&text).map_err(|error| wrong(said(&error.to_string(), "a mapping")))?;
    let entry = |entry: &Entry| {
        let until: Date = entry.until.parse().map_err(|error| format!("{}:{}: {error}", entry.rule, entry.path))?;
        allowance(&entry.rule, &entry.path, &entry.reason, Some(until))
    };
    file.allow.iter().map(entry).collect::<Result<_, _>>().map_err(wrong)
}

/// The file beside a contract: `contracts.allow.yaml` for `contracts.yaml`.
pub fn beside(contract: &Path) -> PathBuf {
    contract.with_extension("allow.yaml")
}
