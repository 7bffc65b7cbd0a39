//! `myc-schema check`: diagnostics only.

use std::path::PathBuf;

use clap::Args;

use super::contract::{Contract, DEFAULT_FILE, Reading, is_stdin};
use super::exit::{Exit, Failure};

/// Report every mistake in contracts, without generating anything
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  myc-schema check                                   contracts.yaml in this folder
  myc-schema check a.yaml b.yaml --deny warnings     several, each by itself
  myc-schema check --message-format github           for annotations in a workflow
  git show HEAD~1:contracts.yaml | myc-schema check - --stdin-name contracts.yaml")]
pub struct CheckArgs {
    /// The contracts, `-` for stdin [default: contracts.yaml]
    files: Vec<PathBuf>,
    #[command(flatten)]
    reading: Reading,
}

pub fn run(args: CheckArgs) -> Result<(), Failure> {
    if args.files.iter().filter(|file| is_stdin(file)).count() > 1 {
        return Err(Failure::usage("stdin (`-`) is named more than once"));
    }
    let default = [PathBuf::from(DEFAULT_FILE)];
    let files = if args.files.is_empty() { &default[..] } else { &args.files };
    let mut worst = Exit::Done;
    for file in files {
        if let Err(failure) = Contract::read(&args.reading, Some(file)) {
            args.reading.say(&failure);
            worst = worst.max(failure.exit);
        }
    }
    if worst == Exit::Done { Ok(()) } else { Err(Failure::silent(worst)) }
}
