//! `myc-bridge check`: is a configuration right?

use std::path::{Path, PathBuf};

use clap::Args;

use super::assemble::{Assembled, assemble};
use super::config;
use super::exit::Failure;
use super::flags::Flags;
use super::terminal::{self, printable};
use super::values::{Digest, Value};

/// Say what is wrong with a configuration, without running it
#[derive(Args, Debug)]
#[command(after_help = "\
Takes the flags of `run`. Every key is checked, the contract is compiled, and
workers' programs are looked for; nothing is bound or started. All that is wrong
is said at once, in the order of the file.

Examples:
  myc-bridge check --config bridge.yaml
  myc-bridge check --config bridge.yaml --contracts new.yaml     would it run?")]
pub struct CheckArgs {
    /// The configuration; paths in it are relative to its folder
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    flags: Flags,
}

pub fn run(args: CheckArgs) -> Result<(), Failure> {
    let configuration = config::load(args.config.as_deref(), &args.flags.0)?;
    let Assembled { settings, contract, digest, .. } = assemble(configuration)?;
    if settings.endpoint.heartbeat().0.is_none() && !settings.workers.is_empty() {
        terminal::words(
            "warning: endpoint.heartbeat: it is `never`: a worker that hangs is not found, and not started again\n",
        );
    }
    let count = |number: usize, what: &str| format!("{number} {what}{}", if number == 1 { "" } else { "s" });
    let workers = count(settings.workers.len(), "worker");
    let messages = match contract {
        Some(contract) => count(contract.schema.messages.len(), "message"),
        None => "no contract".to_owned(),
    };
    let file = args.config.as_deref().unwrap_or(Path::new("the command line")).display().to_string();
    let (file, name, digest) = (printable(&file), settings.name(), Digest(digest).text());
    terminal::data(format!("{file} is right: bridge `{name}`, {workers}, {messages}, digest {digest}\n"))
}
