//! `myc-schema docs`: a reference site, one page of HTML and one of Markdown for each contract.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use minijinja::context;
use minijinja::value::{Serde, Value};
use myc_schema::hex::hex;
use myc_schema::ir::Schema;
use myc_schema::render;

use super::contract::{Contract, Reading, is_stdin};
use super::exit::Failure;
use super::output;
use examples::Examples;

mod examples;
mod rules;
mod view;

/// Write reference documentation: messages, fields, byte diagrams, rules, examples
#[derive(Args, Debug)]
#[command(after_help = "\
For each contract there is NAME.html, which needs no other file and no network,
and NAME.md; index.html lists them. Messages have example bytes: those in the
folder --examples, as MESSAGE/CASE.json, are taken first (`typical` before
others), and checked; for other messages one is made up that keeps their rules.
None is made up for a message without fields or of more than 4096 bytes.

Examples:
  myc-schema docs --out site           site/contracts.html, site/contracts.md
  myc-schema docs api.yaml billing.yaml --out site   one site for several
  myc-schema docs --out site --examples examples     TextMessage/typical.json")]
pub struct DocsArgs {
    /// The contracts, `-` for stdin [default: contracts.yaml]
    files: Vec<PathBuf>,
    /// The folder that is written to; made if missing
    #[arg(long, short, value_name = "DIR")]
    out: PathBuf,
    /// A folder with examples as JSON
    #[arg(long, value_name = "DIR")]
    examples: Option<PathBuf>,
    #[command(flatten)]
    reading: Reading,
}

/// Messages and structs of one task: enough to keep a thread busy, few enough to keep all threads busy.
const CHUNK: usize = 128;

pub fn run(args: DocsArgs) -> Result<(), Failure> {
    let files = if args.files.is_empty() { vec![None] } else { args.files.iter().map(Some).collect() };
    if args.examples.is_some() && files.len() > 1 {
        return Err(Failure::usage("--examples is of one contract, and several are given")
            .help("run the command once for each contract, with the same --out"));
    }
    if is_stdin(&args.out) {
        return Err(Failure::usage("--out takes a folder: the pages are several files")
            .help("`--out ./-` is a folder called `-`"));
    }
    let mut contracts = BTreeMap::new();
    for file in files {
        let contract = Contract::read_quietly(&args.reading, file.map(PathBuf::as_path))?;
        let stem = stem(&contract.path);
        if let Some(other) = contracts.insert(stem.clone(), contract) {
            return Err(Failure::usage(format!("two contracts would both be `{stem}.html`"))
                .help(format_args!("one of them is `{}`; give them folders of their own", other.path.display())));
        }
    }
    let mut pages = Vec::new();
    for (stem, contract) in &contracts {
        let examples = Examples::read(&args.reading, &contract.schema, args.examples.as_deref())?;
        let (html, markdown) = pages_of(contract, stem, &examples).map_err(|error| bug(&error))?;
        pages.push((args.out.join(format!("{stem}.html")), html));
        pages.push((args.out.join(format!("{stem}.md")), markdown));
    }
    pages.push((args.out.join("index.html"), index(&contracts).map_err(|error| bug(&error))?));
    let pages: Vec<(PathBuf, &str)> = pages.iter().map(|(path, text)| (path.clone(), text.as_str())).collect();
    output::write_made_of(contracts.values().map(|contract| &*contract.path), &args.reading, &pages).map(drop)
}

fn bug(error: &minijinja::Error) -> Failure {
    Failure::finding(format!("a bug in myc-schema: {error}"))
}

/// What the pages of a contract are called: its file's name, with characters that every file system and address has.
fn stem(path: &Path) -> String {
    let name = if is_stdin(path) { None } else { path.file_stem() };
    let name = name.unwrap_or_default().to_string_lossy();
    let plain = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' };
    let name: String = name.chars().map(plain).collect();
    match name.trim_matches('-') {
        "" | "stdin" => "contract".to_owned(),
        // That is the list of them.
        "index" => "index-contract".to_owned(),
        name => name.to_owned(),
    }
}

/// The pages in HTML and in Markdown.
fn pages_of(contract: &Contract, stem: &str, examples: &Examples) -> Result<(String, String), minijinja::Error> {
    let schema = &contract.schema;
    let source = contract.path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let overview = view::overview(schema, &source, stem);
    let head = render::html(
        include_str!("../../../templates/docs/head.html.j2"),
        context! { style => Value::from_safe_string(STYLE.to_owned()), ..overview.clone() },
    )?;
    let parts = in_parallel(schema, examples)?;
    let tail = render::html(
        include_str!("../../../templates/docs/tail.html.j2"),
        context! { script => Value::from_safe_string(SCRIPT.to_owned()), ..overview.clone() },
    )?;
    let mut markdown = render::markdown(include_str!("../../../templates/docs/head.md.j2"), overview.clone())?;
    let mut html = head;
    for (part, text) in parts {
        html.push_str(&part);
        markdown.push_str(&text);
    }
    html.push_str(&tail);
    markdown.push_str(&render::markdown(include_str!("../../../templates/docs/tail.md.j2"), overview)?);
    Ok((html, markdown))
}

/// The sections of messages, then of structs, in both languages, some on each processor.
fn in_parallel(schema: &Arc<Schema>, examples: &Examples) -> Result<Vec<(String, String)>, minijinja::Error> {
    let users = view::users(schema);
    let count = schema.messages.len() + schema.structs.len();
    let chunks: Vec<_> = (0..count).step_by(CHUNK).map(|first| first..(first + CHUNK).min(count)).collect();
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(chunks.len().max(1));
    let render = |range: &std::ops::Range<usize>| -> Result<(String, String), minijinja::Error> {
        let items: Vec<Value> =
            range.clone().map(|index| Value::from(Serde(view::section(schema, &users, examples, index)))).collect();
        let sections = context! { items };
        let html = render::html(include_str!("../../../templates/docs/sections.html.j2"), sections.clone())?;
        let markdown = render::markdown(include_str!("../../../templates/docs/sections.md.j2"), sections)?;
        Ok((html, markdown))
    };
    std::thread::scope(|scope| {
        let (chunks, render) = (&chunks, &render);
        let task = |thread| scope.spawn(move || chunks.iter().skip(thread).step_by(threads).map(render).collect());
        let tasks: Vec<std::thread::ScopedJoinHandle<'_, Result<Vec<_>, _>>> = (0..threads).map(task).collect();
        let mut done = Vec::with_capacity(threads);
        for task in tasks {
            match task.join() {
                Ok(parts) => done.push(parts?.into_iter()),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        // Chunks were dealt out in turn, and are taken back the same way.
        Ok((0..chunks.len()).filter_map(|index| done[index % threads].next()).collect())
    })
}

fn index(contracts: &BTreeMap<String, Contract>) -> Result<String, minijinja::Error> {
    let row = |(stem, contract): (&String, &Contract)| {
        let schema = &contract.schema;
        context! {
            stem,
            file => contract.path.file_name().map(|name| name.to_string_lossy().into_owned()),
            version => schema.version,
            messages => schema.messages.len(),
            digest => hex(&schema.digest),
        }
    };
    let contracts: Vec<Value> = contracts.iter().map(row).collect();
    let style = Value::from_safe_string(STYLE.to_owned());
    let script = Value::from_safe_string(THEME.to_owned());
    render::html(include_str!("../../../templates/docs/index.html.j2"), context! { contracts, style, script })
}

const STYLE: &str = include_str!("../../../templates/docs/style.css");
/// Light and dark.
const THEME: &str = include_str!("../../../templates/docs/theme.js");
/// Light and dark, and the search.
const SCRIPT: &str =
    concat!(include_str!("../../../templates/docs/theme.js"), include_str!("../../../templates/docs/search.js"));
