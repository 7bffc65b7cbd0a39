//! `myc-schema check`: diagnostics only.

use std::path::{Path, PathBuf};

use clap::Args;

use super::contract::{Contract, Reading, is_stdin};
use super::exit::{Exit, Failure};
use super::lock;

/// Report every mistake in contracts, without generating anything
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  myc-schema check                                   contracts.yaml in this folder
  myc-schema check a.yaml b.yaml --deny warnings     several, each by itself
  myc-schema check --message-format github           for annotations in a workflow
  myc-schema check --locked                          is contracts.lock up to date as well?
  git show HEAD~1:contracts.yaml | myc-schema check - --stdin-name contracts.yaml")]
pub struct CheckArgs {
    /// The contracts, `-` for stdin [default: contracts.yaml]
    files: Vec<PathBuf>,
    /// Fail (exit 1) where the lock beside a contract, contracts.lock for contracts.yaml, is stale or missing
    #[arg(long)]
    locked: bool,
    #[command(flatten)]
    reading: Reading,
}

pub fn run(args: CheckArgs) -> Result<(), Failure> {
    if args.files.iter().filter(|file| is_stdin(file)).count() > 1 {
        return Err(Failure::usage("stdin (`-`) is named more than once"));
    }
    if args.locked && args.files.iter().any(|file| is_stdin(file)) {
        return Err(Failure::usage("a contract on stdin has no lock beside it"));
    }
    let files: Vec<Option<&Path>> = match &args.files[..] {
        [] => vec![None],
        files => files.iter().map(|file| Some(file.as_path())).collect(),
    };
    let mut worst = Exit::Done;
    for file in files {
        let checked = Contract::read(&args.reading, file);
        let checked = checked.and_then(|contract| if args.locked { lock::check(&contract) } else { Ok(()) });
        if let Err(failure) = checked {
            args.reading.say(&failure);
            worst = worst.max(failure.exit);
        }
    }
    if worst == Exit::Done { Ok(()) } else { Err(Failure::silent(worst)) }
}
