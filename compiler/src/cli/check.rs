//! `myc-schema check`: diagnostics, and the edits that they are sure of.

use std::path::{Path, PathBuf};

use clap::Args;
use myc_schema::fix::{Fixed, fix};
use myc_schema::source::SourceMap;

use super::contract::{Contract, DEFAULT_FILE, Reading, is_stdin};
use super::exit::{Exit, Failure};
use super::{lock, output, stale, terminal};

/// Report every mistake in contracts, without generating anything
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  myc-schema check                           contracts.yaml in this folder
  myc-schema check a.yaml b.yaml --deny warnings     several, each by itself
  myc-schema check --message-format github   for annotations in a workflow
  myc-schema check --locked                  is contracts.lock up to date too?
  myc-schema check --fix --dry-run           what would be mended, as a diff
  myc-schema check --fix                     mend what leaves no doubt
  git show HEAD~1:contracts.yaml | \\
    myc-schema check - --stdin-name contracts.yaml")]
pub struct CheckArgs {
    /// The contracts, `-` for stdin [default: contracts.yaml]
    files: Vec<PathBuf>,
    /// Fail (exit 1) where the lock beside a contract, contracts.lock for contracts.yaml, is stale or missing
    #[arg(long)]
    locked: bool,
    /// Make the edits that leave no doubt about what is meant (misspelt keys and rules, quotes, spellings of
    /// numbers), never those that guess a name or make another finding; what is left is reported
    #[arg(long)]
    fix: bool,
    /// With --fix: write nothing, print the edits as a unified diff, and exit 1 if there are any
    #[arg(long, requires = "fix")]
    dry_run: bool,
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
    if args.fix && args.files.iter().any(|file| is_stdin(file)) {
        return Err(Failure::usage("a contract on stdin cannot be mended").help("--fix needs a file"));
    }
    let mut worst = Exit::Done;
    for file in files {
        if args.fix
            && let Err(failure) = mend(&args.reading, file.unwrap_or(Path::new(DEFAULT_FILE)), args.dry_run)
        {
            args.reading.say(&failure);
            worst = worst.max(failure.exit);
            if args.dry_run {
                // What is there now is not what would be left.
                continue;
            }
        }
        let checked = Contract::read(&args.reading, file);
        let checked = checked.and_then(|contract| if args.locked { lock::check(&contract) } else { Ok(()) });
        if let Err(failure) = checked {
            args.reading.say(&failure);
            worst = worst.max(failure.exit);
        }
    }
    if worst == Exit::Done { Ok(()) } else { Err(Failure::silent(worst)) }
}

/// Mends a file, or prints what would be done to it. A file that cannot be read is left to the check after it.
fn mend(reading: &Reading, path: &Path, dry_run: bool) -> Result<(), Failure> {
    let mut sources = SourceMap::new();
    let Ok(source) = sources.load(path) else { return Ok(()) };
    let Some(text) = sources.get(source).map(|file| file.text()) else { return Ok(()) };
    let Fixed { text: fixed, edits } = fix(text);
    if edits == 0 {
        return Ok(());
    }
    let shown = path.display().to_string();
    let count = if edits == 1 { "1 edit".to_owned() } else { format!("{edits} edits") };
    if dry_run {
        terminal::data(stale::unified(&shown, &shown, text, &fixed))?;
        return Err(
            Failure::finding(format!("{shown}: {count} to make")).help("run the same command without --dry-run")
        );
    }
    output::write(reading, &[(path.to_owned(), &fixed)])?;
    terminal::line(&format!("{shown}: {count} made"));
    Ok(())
}
