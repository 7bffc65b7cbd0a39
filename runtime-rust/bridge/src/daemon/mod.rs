//! The `myc-bridge` command, a bridge without a Rust host: one file for each subcommand, and what they are made of. What
//! bridges and supervises is the library's.

mod assemble;
mod check;
mod completions;
mod condition;
mod config;
mod connect;
mod contracts;
mod control;
#[cfg(test)]
mod documented;
mod exit;
mod flags;
mod frames;
mod http;
mod life;
mod logs;
mod man;
mod notify;
mod pages;
mod publish;
mod run;
mod runtime;
mod settings;
mod status;
mod tap;
mod terminal;
mod values;

use std::ffi::OsString;
use std::io::ErrorKind;

use clap::{CommandFactory, Parser, Subcommand};

use exit::{Exit, Failure};

/// Run OCaml workers on a message bus that holds everybody to one contract
#[derive(Parser, Debug)]
#[command(
    name = "myc-bridge",
    version,
    long_about = "Run OCaml workers on a message bus that holds everybody to one contract.\n\n\
        A bridge listens on a Unix socket, a TCP port or both, starts workers and keeps them alive, checks every \
        message against contracts.yaml, and passes it on to everybody who wants it.",
    after_help = "\
Examples:
  myc-bridge run --config bridge.yaml         until SIGTERM or SIGINT
  myc-bridge run --contracts contracts.yaml --socket bus.sock \\
    --worker echo=./echo.exe
  myc-bridge check --config bridge.yaml       what is wrong with it?
  myc-bridge status --config bridge.yaml      workers, clients, counters
  myc-bridge tap --config bridge.yaml --topic prices     live messages as JSON
  myc-bridge publish --config bridge.yaml CounterUpdate < updates.json

Exit codes: 0 done, 1 findings (errors in the contract, a worker that was given
up on), 2 wrong usage or configuration, 3 something could not be read, written,
bound or reached.",
    subcommand_required = true,
    arg_required_else_help = true,
    disable_help_subcommand = true
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    Run(run::RunArgs),
    Check(check::CheckArgs),
    Status(status::StatusArgs),
    Tap(tap::TapArgs),
    Publish(publish::PublishArgs),
    Completions(completions::CompletionsArgs),
    Man(man::ManArgs),
}

/// Runs the command that the arguments, program name first, ask for.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> Exit {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let result = match Cli::try_parse_from(&arguments) {
        Ok(Cli { command }) => match command {
            Command::Run(args) => run::run(args),
            Command::Check(args) => check::run(args),
            Command::Status(args) => status::run(args),
            Command::Tap(args) => tap::run(args),
            Command::Publish(args) => publish::run(args),
            Command::Completions(args) => completions::run(args),
            Command::Man(args) => man::run(args),
        },
        Err(error) => usage(&error, &arguments),
    };
    let exit = match result {
        Ok(()) => Exit::Done,
        Err(failure) => {
            terminal::say(&failure);
            failure.exit
        }
    };
    logs::finish();
    exit
}

/// Help and version go to stdout, mistakes to stderr.
fn usage(error: &clap::Error, arguments: &[OsString]) -> Result<(), Failure> {
    let is_harmless = |argument: &OsString| !argument.to_string_lossy().contains(char::is_control);
    if error.use_stderr() && !arguments.iter().all(is_harmless) {
        // What is quoted of them must not reach a terminal as it is.
        let text = error.render().to_string();
        text.lines().for_each(|line| terminal::words(&format!("{}\n", terminal::printable(line))));
        return Err(Failure::silent(Exit::Usage));
    }
    match error.print() {
        Err(io) if io.kind() != ErrorKind::BrokenPipe => Err(Failure::stdout(&io)),
        _ if error.use_stderr() => Err(Failure::silent(Exit::Usage)),
        _ => Ok(()),
    }
}

/// The command as clap has it.
fn command() -> clap::Command {
    Cli::command()
}
