//! `myc-schema fmt`: contracts in one way of writing them.

use std::path::{Path, PathBuf};

use clap::Args;
use myc_schema::fmt::{Unformatted, changes_digest, format};
use myc_schema::source::SourceMap;

use super::contract::{DEFAULT_FILE, Reading, is_stdin};
use super::exit::{Exit, Failure};
use super::{output, stale, terminal};

/// Format contracts: indentation, spacing, blank lines
#[derive(Args, Debug)]
#[command(after_help = "\
Comments stay, as do the order of keys, quotes, and the choice between brackets
and lines. What the contract means, and with it its digest, stays as well. A
contract with `digest: source`, whose digest is over its bytes, is left as it
is. A file that is not well-formed is not touched.
A file is replaced as a whole: it keeps its permissions, symbolic links to it
stay, and a second name that it has (a hard link) keeps the old text.

Examples:
  myc-schema fmt                           contracts.yaml in this folder
  myc-schema fmt --check a.yaml b.yaml     what would change; exit 1 if anything
  myc-schema fmt - < contracts.yaml        to stdout")]
pub struct FmtArgs {
    /// The contracts, `-` for stdin (to stdout) [default: contracts.yaml]
    files: Vec<PathBuf>,
    /// Write nothing: print what would change as a unified diff, and exit 1 if anything would
    #[arg(long)]
    check: bool,
    #[command(flatten)]
    reading: Reading,
}

pub fn run(args: FmtArgs) -> Result<(), Failure> {
    let default = [PathBuf::from(DEFAULT_FILE)];
    let files = if args.files.is_empty() { &default[..] } else { &args.files[..] };
    if files.len() > 1 && files.iter().any(|file| is_stdin(file)) {
        return Err(Failure::usage("stdin (`-`) is formatted alone"));
    }
    let mut worst = Exit::Done;
    for file in files {
        if let Err(failure) = one(&args, file) {
            args.reading.say(&failure);
            worst = worst.max(failure.exit);
        }
    }
    if worst == Exit::Done { Ok(()) } else { Err(Failure::silent(worst)) }
}

fn one(args: &FmtArgs, path: &Path) -> Result<(), Failure> {
    let mut sources = SourceMap::new();
    let source = args.reading.load(&mut sources, path)?;
    let file = sources.get(source);
    let (name, text) = file.map_or(("", ""), |file| (file.name(), file.text()));
    let formatted = match format(text) {
        Ok(formatted) => formatted,
        Err(Unformatted::Malformed) => {
            // The compiler says what is wrong with it.
            let error = args.reading.check(&sources, source, false).err();
            return Err(error.unwrap_or_else(|| Failure::finding(format!("{name}: {}", Unformatted::Malformed))));
        }
        Err(unusual @ Unformatted::Unusual) => {
            let failure = Failure::finding(format!("{name}: not formatted: {unusual}"));
            return Err(failure.help("please report it; the file is as it was"));
        }
    };
    if formatted != text && changes_digest(text) {
        terminal::line(&format!("{name}: left as it is: its digest (`digest: source`) is over its bytes"));
        return if is_stdin(path) && !args.check { terminal::data(text) } else { Ok(()) };
    }
    if args.check {
        if formatted == text {
            return Ok(());
        }
        terminal::data(stale::unified(name, name, text, &formatted))?;
        return Err(Failure::finding(format!("{name}: not formatted")).help("run the same command without --check"));
    }
    if is_stdin(path) {
        return terminal::data(formatted);
    }
    output::write(&args.reading, &[(path.to_owned(), &formatted)]).map(drop)
}
