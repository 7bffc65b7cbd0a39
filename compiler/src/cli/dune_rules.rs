//! `myc-schema dune-rules`: the stanzas with which dune generates messages, or compares committed ones.

use clap::Args;
use myc_schema::backend::{self, Backend};
use myc_schema::render;
use serde::Serialize;

use super::compile::stem;
use super::exit::Failure;
use super::terminal;

/// Print the dune stanzas that generate a contract's OCaml, or check what is committed
#[derive(Args, Debug)]
#[command(after_help = "\
By default the messages are generated when the program is built: nothing
generated is committed, and everybody who builds needs myc-schema. With
--committed, `dune build` needs none: generated files are committed, `dune test`
shows what is stale in them, and `dune promote` accepts it.

Examples:
  myc-schema dune-rules >> dune        for the contracts.yaml beside it
  myc-schema dune-rules ../contracts.yaml >> src/dune
  myc-schema dune-rules --committed >> dune
  myc-schema dune-rules api.yaml --name api")]
pub struct DuneRulesArgs {
    /// The contract, as seen from the folder of the dune file
    #[arg(default_value = "contracts.yaml")]
    contract: String,
    /// The generated files are committed: compare them in `dune test`
    #[arg(long, visible_alias = "promote")]
    committed: bool,
    /// The generated files' name, without extension
    #[arg(long, default_value = "messages", value_parser = stem)]
    name: String,
}

pub fn run(args: DuneRulesArgs) -> Result<(), Failure> {
    terminal::data(rules(&args.contract, &args.name, args.committed)?)
}

#[derive(Serialize)]
struct File {
    name: String,
    extension: &'static str,
}

#[derive(Serialize)]
struct View {
    /// The contract's path, as dune reads it.
    contract: String,
    files: Vec<File>,
    /// The files' name, where it is not the compiler's default.
    rename: Option<String>,
}

/// The stanzas for the contract at a path that is relative to the dune file.
pub fn rules(contract: &str, name: &str, committed: bool) -> Result<String, Failure> {
    if contract == "-" {
        return Err(Failure::usage("dune needs a file, and cannot read the contract from stdin"));
    }
    let template = match committed {
        false => include_str!("../../templates/dune-rules/at-build.j2"),
        true => include_str!("../../templates/dune-rules/committed.j2"),
    };
    let file =
        |output: &backend::Output| File { name: format!("{name}.{}", output.extension), extension: output.extension };
    let outputs = backend::find("ocaml").map_or(&[][..], |ocaml: &Backend| ocaml.outputs);
    let quote = if is_bare(contract)? { "" } else { "\"" };
    let view = View {
        contract: format!("{quote}{contract}{quote}"),
        files: outputs.iter().map(file).collect(),
        rename: (name != "messages").then(|| name.to_owned()),
    };
    render::text(template, minijinja::value::Serde(view))
        .map_err(|error| Failure::finding(format!("a bug in myc-schema: {error}")))
}

/// Whether dune takes a path without quotes. One that it would not take in quotes either is an error.
fn is_bare(path: &str) -> Result<bool, Failure> {
    let bare = |c: char| c.is_ascii_alphanumeric() || "/._-+@~".contains(c);
    if path.is_empty() || path.starts_with('-') || !path.chars().all(|c| bare(c) || c == ' ' || c.is_alphanumeric()) {
        let text = format!("`{}` is no path that can be in a dune file", path.escape_debug());
        return Err(Failure::usage(text).help("letters, digits, spaces and `/._-+@~` are expected"));
    }
    Ok(path.chars().all(bare))
}
