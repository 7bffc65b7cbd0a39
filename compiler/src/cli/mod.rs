//! The command line: one file per command, each a plain function from its arguments. The only
//! part of the compiler that prints; the exit code is decided here.

use std::ffi::OsString;
use std::io::ErrorKind;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use exit::{Exit, Failure};
use terminal::Color;

mod against;
mod annotate;
mod breaking;
mod capture;
mod check;
mod compile;
mod completions;
mod contract;
mod decode;
mod diff;
mod digest;
mod docs;
mod dune_rules;
mod encode;
mod exit;
mod expected;
mod explain;
mod fmt;
mod git;
mod json_schema;
mod layout;
mod list_codes;
mod lock;
mod lsp;
mod man;
mod new;
mod next_id;
mod output;
mod payload;
mod plan;
mod signals;
mod stale;
mod terminal;
mod watch;

/// Compile one contracts.yaml to Rust and OCaml that agree byte for byte
#[derive(Parser, Debug)]
#[command(
    name = "myc-schema",
    version,
    long_about = "Compile one contracts.yaml to Rust and OCaml that agree byte for byte.\n\n\
        A contract declares messages, their wire ids, and their fields in wire order. The generated types \
        cannot hold a value that breaks the contract, and both languages accept and reject exactly the same bytes.",
    after_help = "\
Examples:
  myc-schema check                           what is wrong with contracts.yaml
  myc-schema compile --lang rust --out src   src/messages.rs
  myc-schema compile --lang rust --out src --check   is it up to date?
  myc-schema layout TextMessage              its bytes, drawn to scale
  myc-schema encode TextMessage --hex < text.json    JSON to bytes
  myc-schema new ocaml-worker my-worker      a project that builds and runs

Exit codes: 0 done, 1 findings (errors in the contract, stale output, a
rejected payload), 2 wrong usage, 3 a file or stream could not be read or
written.",
    subcommand_required = true,
    arg_required_else_help = true,
    disable_help_subcommand = true
)]
struct Cli {
    /// When to use colours
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN")]
    color: Color,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    Compile(compile::CompileArgs),
    Check(check::CheckArgs),
    Breaking(breaking::BreakingArgs),
    Lock(lock::LockArgs),
    Plan(plan::PlanArgs),
    Diff(diff::DiffArgs),
    Digest(digest::DigestArgs),
    Layout(layout::LayoutArgs),
    Encode(encode::EncodeArgs),
    Decode(decode::DecodeArgs),
    Annotate(annotate::AnnotateArgs),
    Docs(docs::DocsArgs),
    New(new::NewArgs),
    DuneRules(dune_rules::DuneRulesArgs),
    NextId(next_id::NextIdArgs),
    Lsp(lsp::LspArgs),
    Fmt(fmt::FmtArgs),
    JsonSchema(json_schema::JsonSchemaArgs),
    Explain(explain::ExplainArgs),
    ListCodes(list_codes::ListCodesArgs),
    Completions(completions::CompletionsArgs),
    Man(man::ManArgs),
}

/// Runs the command that the arguments, program name first, ask for.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> Exit {
    signals::fail_writes();
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let mut color = color_of(&arguments);
    let parsed = Cli::command().color(color.into()).try_get_matches_from(arguments);
    let result = match parsed.and_then(|matches| Cli::from_arg_matches(&matches)) {
        Ok(cli) => {
            color = cli.color;
            dispatch(cli.command)
        }
        Err(error) => usage(&error),
    };
    match result {
        Ok(()) => Exit::Done,
        Err(failure) => {
            terminal::say(&failure, color);
            failure.exit
        }
    }
}

fn dispatch(command: Command) -> Result<(), Failure> {
    match command {
        Command::Compile(args) => compile::run(args),
        Command::Check(args) => check::run(args),
        Command::Breaking(args) => breaking::run(args),
        Command::Lock(args) => lock::run(args),
        Command::Plan(args) => plan::run(args),
        Command::Diff(args) => diff::run(args),
        Command::Digest(args) => digest::run(args),
        Command::Layout(args) => layout::run(args),
        Command::Encode(args) => encode::run(args),
        Command::Decode(args) => decode::run(args),
        Command::Annotate(args) => annotate::run(args),
        Command::Docs(args) => docs::run(args),
        Command::New(args) => new::run(args),
        Command::DuneRules(args) => dune_rules::run(args),
        Command::NextId(args) => next_id::run(args),
        Command::Lsp(args) => lsp::run(args),
        Command::Fmt(args) => fmt::run(args),
        Command::JsonSchema(args) => json_schema::run(args),
        Command::Explain(args) => explain::run(args),
        Command::ListCodes(args) => list_codes::run(args),
        Command::Completions(args) => completions::run(args),
        Command::Man(args) => man::run(args),
    }
}

/// Help and version go to stdout, mistakes to stderr.
fn usage(error: &clap::Error) -> Result<(), Failure> {
    match error.print() {
        Err(io) if io.kind() != ErrorKind::BrokenPipe => Err(Failure::stdout(&io)),
        _ if error.use_stderr() => Err(Failure::silent(Exit::Usage)),
        _ => Ok(()),
    }
}

/// `--color` decides about the colours of help and of mistakes in the command line itself, so it
/// is looked for before the command line is understood.
fn color_of(arguments: &[OsString]) -> Color {
    let value = arguments.iter().enumerate().find_map(|(index, argument)| match argument.to_str()? {
        "--color" => arguments.get(index + 1)?.to_str(),
        argument => argument.strip_prefix("--color="),
    });
    match value {
        Some("always") => Color::Always,
        Some("never") => Color::Never,
        _ => Color::Auto,
    }
}
