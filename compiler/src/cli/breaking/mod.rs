//! `myc-schema breaking`: what a change of a contract breaks, and for whom.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, ValueEnum};
use myc_schema::diag::github::Workspace;
use myc_schema::evolve::rules::{self, Category};
use myc_schema::source::SourceMap;

use super::against::{Against, Age, Difference};
use super::contract::{Contract, DEFAULT_FILE, Reading, is_stdin, workspace};
use super::exit::{Exit, Failure};
use super::terminal;
use allow::Allowance;
use date::Date;

mod allow;
mod date;
mod github;
mod human;
mod json;
mod markdown;
mod sarif;

/// How findings are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// With source excerpts
    #[default]
    Human,
    /// One JSON object a line
    Json,
    /// GitHub workflow annotations
    Github,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// For a comment on a pull request
    Markdown,
}

/// A category, as arguments name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum CategoryName {
    /// Bytes change, or a type id can come to mean something else
    Wire,
    /// Other values are accepted, or a value means something else
    Semantic,
    /// Topics, type ids, and what peers are told about the schema
    Route,
    /// Names in generated code
    Source,
    /// No bytes, values, routes or names of what both have; never counts
    Info,
}

impl CategoryName {
    fn category(self) -> Category {
        match self {
            Self::Wire => Category::Wire,
            Self::Semantic => Category::Semantic,
            Self::Route => Category::Route,
            Self::Source => Category::Source,
            Self::Info => Category::Info,
        }
    }
}

/// Report every difference from an older contract: what it breaks, and what to do
#[derive(Args, Debug)]
#[command(after_help = "\
A finding has a rule, which is of a category: WIRE, SEMANTIC, ROUTE, SOURCE or
INFO. All but INFO count: if any finding counts, the exit code is 1. Without
WIRE findings about a message, every value that both contracts accept has the
same bytes; without SEMANTIC ones either, both accept exactly the same bytes.
INFO does not mean that peers of the two versions connect: where the schema
digest is another, SCHEMA_DIGEST_CHANGED says which messages flow.

What is allowed is in contracts.allow.yaml, beside contracts.yaml, each with a
last day:
  allow:
    - rule: FIELD_ADDED
      path: TradeTick.venue
      reason: both sides deploy on Monday
      until: 2026-12-01

Examples:
  myc-schema breaking --against git:main         contracts.yaml as it is on main
  myc-schema breaking --against git:v1.2.0:old/api.yaml     another name then
  myc-schema breaking --against contracts.lock   which versions does it break?
  myc-schema breaking new.yaml --against old.yaml --category wire
  myc-schema breaking --against old.yaml \\
    --allow 'FIELD_ADDED:Ping.nonce=nobody listens yet'
  myc-schema breaking --against git:origin/main --format markdown > comment.md
  myc-schema breaking --list-rules")]
pub struct BreakingArgs {
    /// The newer contract, `-` for stdin [default: contracts.yaml]
    file: Option<PathBuf>,
    /// The older one: a file, `git:REF[:PATH]` or a lock; may be repeated
    #[arg(long, value_name = "OLDER", required_unless_present = "list_rules", value_parser = NonEmptyStringValueParser::new())]
    against: Vec<String>,
    /// Report this category alone; may be repeated
    #[arg(long, value_enum)]
    category: Vec<CategoryName>,
    /// How to print findings
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Allow a difference; PATH is what a finding is about, or the beginning of that and `*`
    #[arg(long, value_name = "RULE:PATH=REASON", value_parser = allow::argument)]
    allow: Vec<Allowance>,
    /// The file of what is allowed [default: beside the contract, contracts.allow.yaml for contracts.yaml]
    #[arg(long, value_name = "FILE")]
    allow_file: Option<PathBuf>,
    /// The day that last days are compared with [default: today, in UTC]
    #[arg(long, value_name = "YYYY-MM-DD")]
    today: Option<Date>,
    /// List every rule instead
    #[arg(long, conflicts_with_all = ["against", "category", "allow", "allow_file", "today"])]
    list_rules: bool,
    #[command(flatten)]
    reading: Reading,
}

/// Whether a finding decides the exit code.
enum Verdict {
    /// It does, also where it was allowed until some day.
    Counts(Option<Allowance>),
    /// It does not, as no message and no code has to change.
    Information,
    /// It does not, as somebody said why.
    Allowed(Allowance),
}

/// A difference and what it comes to.
struct Judged {
    difference: Difference,
    verdict: Verdict,
}

/// The differences from one older contract.
struct Section {
    against: Against,
    /// The older contract's messages.
    names: BTreeMap<u16, String>,
    /// The names of both contracts' messages.
    own: BTreeSet<String>,
    judged: Vec<Judged>,
}

/// All there is to print.
struct Report<'a> {
    sources: &'a SourceMap,
    /// What the newer contract is called.
    file: String,
    /// What reviews on GitHub count paths from.
    workspace: Option<Workspace>,
    sections: Vec<Section>,
}

impl Judged {
    fn counts(&self) -> bool {
        matches!(self.verdict, Verdict::Counts(_))
    }

    /// `version 3`, or `versions 1 to 3 and 5`.
    fn versions(&self) -> String {
        self.difference.versions.to_string()
    }
}

impl Section {
    /// The names of the messages that a difference concerns, as they were; of many the first, and how many more.
    fn messages(&self, judged: &Judged, shown: usize) -> (Vec<&str>, usize) {
        let ids = &judged.difference.finding.type_ids;
        let name = |id: &u16| self.names.get(id).map(String::as_str);
        (ids.iter().take(shown).filter_map(name).collect(), ids.len().saturating_sub(shown))
    }
}

impl Section {
    /// Of a finding that is about a struct or enum, which messages those are part of.
    fn part_of(&self, judged: &Judged, show: impl Fn(&str) -> String) -> Option<String> {
        const SHOWN: usize = 6;
        let (names, more) = self.messages(judged, SHOWN);
        let about = judged.difference.finding.path.split('.').next().unwrap_or_default();
        if names.is_empty() || self.own.contains(about) {
            return None;
        }
        let names: Vec<String> = names.into_iter().map(show).collect();
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        Some(format!("it is part of {}{more}", names.join(", ")))
    }
}

impl Report<'_> {
    /// A file's path as reviews count it: from the root of the workspace, where there is one.
    fn place_in_workspace(&self, name: &str) -> String {
        self.workspace.as_ref().map_or_else(|| name.to_owned(), |workspace| workspace.path(name))
    }

    fn all(&self) -> impl Iterator<Item = &Judged> {
        self.sections.iter().flat_map(|section| &section.judged)
    }

    /// `3 findings that count: 2 WIRE, 1 SOURCE`; `None` if none does.
    fn summary(&self) -> Option<String> {
        let mut counts: BTreeMap<Category, usize> = BTreeMap::new();
        for judged in self.all().filter(|judged| judged.counts()) {
            *counts.entry(judged.difference.finding.category()).or_default() += 1;
        }
        let all: usize = counts.values().sum();
        let each: Vec<String> = counts.iter().map(|(category, count)| format!("{count} {}", category.name())).collect();
        match all {
            0 => None,
            1 => Some(format!("1 finding that counts: {}", each.join(", "))),
            _ => Some(format!("{all} findings that count: {}", each.join(", "))),
        }
    }
}

pub fn run(args: BreakingArgs) -> Result<(), Failure> {
    if args.list_rules {
        return terminal::data(list());
    }
    let stdins = args.against.iter().filter(|name| *name == "-").count();
    if stdins + usize::from(args.file.as_deref().is_some_and(is_stdin)) > 1 {
        return Err(Failure::usage("stdin (`-`) is named more than once"));
    }
    let path = args.file.as_deref().unwrap_or(Path::new(DEFAULT_FILE));
    let today = args.today.unwrap_or_else(Date::today);
    let mut sources = SourceMap::new();
    let contract = Contract::read_among(&args.reading, args.file.as_deref(), &mut sources)?;
    let allowances = allowances(&args, path)?;
    let mut used = vec![false; allowances.len()];
    let mut sections = Vec::new();
    for name in &args.against {
        let against = Against::read(&args.reading, name, args.file.as_deref(), Age::Older, &mut sources)?;
        let differences = against.compare(&contract.schema);
        let mut judged = Vec::new();
        for difference in differences {
            let verdict = judge(&difference, &allowances, &mut used, today);
            let category = difference.finding.category();
            if args.category.is_empty() || args.category.iter().any(|name| name.category() == category) {
                judged.push(Judged { difference, verdict });
            }
        }
        let messages = against.schema().messages.iter();
        let names = messages.map(|message| (message.type_id, message.name.clone())).collect();
        let messages = against.schema().messages.iter().chain(&contract.schema.messages);
        let own = messages.map(|message| message.name.clone()).collect();
        sections.push(Section { against, names, own, judged });
    }
    for (allowance, _) in allowances.iter().zip(used).filter(|(_, used)| !used) {
        let text = format!("note: {} is allowed, and there is no such finding any more\n", allowance.name());
        terminal::words(&text);
    }
    let report =
        Report { sources: &sources, file: contract.path.display().to_string(), workspace: workspace(), sections };
    let text = match args.format {
        Format::Human => human::print(&report, args.reading.colored_data()),
        Format::Json => json::print(&report),
        Format::Github => github::print(&report),
        Format::Sarif => sarif::print(&report),
        Format::Markdown => markdown::print(&report),
    };
    match report.summary() {
        None => terminal::data(text),
        Some(summary) => {
            // What counts does so whether or not somebody reads it all.
            terminal::data(text).map_err(|failure| Failure { exit: failure.exit.max(Exit::Findings), ..failure })?;
            Err(Failure::finding(summary))
        }
    }
}

/// What the arguments and the file allow.
fn allowances(args: &BreakingArgs, contract: &Path) -> Result<Vec<Allowance>, Failure> {
    let mut allowances = args.allow.clone();
    match &args.allow_file {
        Some(file) => allowances.extend(allow::read(file, true)?),
        None if is_stdin(contract) => {}
        None => allowances.extend(allow::read(&allow::beside(contract), false)?),
    }
    Ok(allowances)
}

fn judge(difference: &Difference, allowances: &[Allowance], used: &mut [bool], today: Date) -> Verdict {
    let mut expired = None;
    let mut valid = None;
    for (allowance, used) in allowances.iter().zip(used).filter(|(allowance, _)| allowance.covers(&difference.finding))
    {
        *used = true;
        match allowance.expired(today) {
            true => expired = Some(allowance.clone()),
            false => valid = valid.or(Some(allowance.clone())),
        }
    }
    match (difference.finding.category(), valid) {
        (Category::Info, _) => Verdict::Information,
        (_, Some(allowance)) => Verdict::Allowed(allowance),
        (_, None) => Verdict::Counts(expired),
    }
}

/// Every rule, by category.
fn list() -> String {
    let mut text = String::new();
    for category in Category::ALL {
        text.push_str(&format!("{}: {}\n", category.name(), category.about()));
        for rule in rules::ALL.iter().filter(|rule| rule.category == category) {
            text.push_str(&format!("  {:<26}  {}\n", rule.id, rule.title));
        }
    }
    text
}
