//! `myc-schema lock`: writes the lock beside a contract, and `check --locked` holds a contract against it.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use clap::Args;
use myc_schema::codes;
use myc_schema::diag::render::printable;
use myc_schema::evolve::plan::plan;
use myc_schema::ir::Schema;
use myc_schema::lock::{self, Lock, MAX_BYTES, Refusal};
use myc_schema::source::{SourceId, SourceMap};

use super::contract::{Contract, Reading, is_stdin};
use super::exit::Failure;
use super::{output, terminal};

/// Write contracts.lock: the schema, message by message, and the versions before it
#[derive(Args, Debug)]
#[command(after_help = "\
The lock is text, to be committed and reviewed with the contract: the digest, a
line a message with its id, name, size and fingerprint, and what earlier
versions had. The schema of a version is locked once: a change takes another
`schema.version`, whose lock then remembers the one before. A version that
nobody has yet can be amended.

Examples:
  myc-schema lock                    contracts.lock, beside contracts.yaml
  myc-schema lock --amend            the version is the same, nobody has it yet
  myc-schema lock api/contracts.yaml --out api.lock
  myc-schema lock --out - | diff contracts.lock -    what would change?
  myc-schema check --locked          is it up to date? (for CI)
  myc-schema breaking --against contracts.lock   what breaks, in which versions?")]
pub struct LockArgs {
    /// The contract, `-` for stdin [default: contracts.yaml]
    file: Option<PathBuf>,
    /// The lock, whose folder is made if missing [default: beside the contract, contracts.lock for contracts.yaml];
    /// with `-` the one that would be written beside the contract is printed
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Lock another schema under the version that is locked
    #[arg(long)]
    amend: bool,
    #[command(flatten)]
    reading: Reading,
}

pub fn run(args: LockArgs) -> Result<(), Failure> {
    let contract = Contract::read_quietly(&args.reading, args.file.as_deref())?;
    let printed = args.out.as_deref().is_some_and(is_stdin);
    let path = match (args.out.filter(|_| !printed), args.file.as_deref()) {
        (Some(path), _) => Some(path),
        (None, Some(file)) if is_stdin(file) && printed => None,
        (None, Some(file)) if is_stdin(file) => {
            return Err(Failure::usage("the lock of a contract on stdin needs a name")
                .help("give it with --out; `--out -` prints the lock"));
        }
        (None, _) => Some(beside(&contract.path)),
    };
    let before = path.as_deref().map(|path| Ok((path, read(path)?))).transpose()?;
    let next = match &before {
        Some((path, Some((locked, _)))) => {
            locked.next(&contract.schema, args.amend).map_err(|refusal| refused(refusal, &contract.schema, path))?
        }
        _ => Lock::first(&contract.schema),
    };
    let text = lock::print(&next);
    if text.len() as u64 > MAX_BYTES {
        return Err(Failure::finding(format!("the lock cannot be written: {}", too_large())).help(LARGE));
    }
    match path.filter(|_| !printed) {
        Some(path) => output::write(&args.reading, &[(path, &text)]).map(drop),
        None => terminal::data(text),
    }
}

/// What is said of a folder.
pub const A_LOCK: &str = "give the path of the lock, a file that `myc-schema lock` writes";

const LARGE: &str = "split the contract into several, each with ids of its own";

fn too_large() -> String {
    format!("it is larger than {} MiB", MAX_BYTES / (1024 * 1024))
}

/// The lock beside a contract: `contracts.lock` for `contracts.yaml`.
fn beside(contract: &Path) -> PathBuf {
    contract.with_extension("lock")
}

/// The lock in a file and its text; `None` where there is no file.
fn read(path: &Path) -> Result<Option<(Lock, String)>, Failure> {
    if matches!(fs::metadata(path), Err(error) if error.kind() == ErrorKind::NotFound) {
        return Ok(None);
    }
    let name = path.display().to_string();
    let mut sources = SourceMap::new();
    let source = sources.load_at_most(path, MAX_BYTES).map_err(|diagnostic| match diagnostic.code.id {
        id if id == codes::E0003.id => not_text(&name),
        id if id == codes::E0002.id => unusable(&name, &too_large()).help(LARGE),
        _ if diagnostic.help.is_some() => Failure::io(diagnostic.message).help(A_LOCK),
        _ => Failure::io(diagnostic.message),
    })?;
    let text = sources.get(source).map_or("", |file| file.text());
    Ok(Some((parse(&name, source, text)?, text.to_owned())))
}

/// Whether a file of this name is to be a lock, whatever is in it.
pub fn is_lock_name(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|extension| extension == "lock")
}

/// The lock that the text of a file is. One that cannot be used is a finding, whichever command meets it.
pub fn parse(name: &str, source: SourceId, text: &str) -> Result<Lock, Failure> {
    lock::read(source, text).map_err(|error| unusable(name, &error.to_string()).help(error.help))
}

/// A lock that is no text.
pub fn not_text(name: &str) -> Failure {
    unusable(name, "it is not UTF-8 text").help("take it from version control as it was, and run `myc-schema lock`")
}

fn unusable(name: &str, why: &str) -> Failure {
    Failure::finding(format!("`{}` is no lock that can be used: {}", printable(name), printable(why)))
}

fn refused(refusal: Refusal, new: &Schema, path: &Path) -> Failure {
    let failure = Failure::finding(format!("{}: {refusal}", path.display()));
    match refusal {
        Refusal::VersionKept(version) => failure.help(format!(
            "write `version: {}`, so that people and logs can tell the schemas apart; where nobody has version \
             {version} yet, `myc-schema lock --amend` locks it anew",
            u32::from(version) + 1
        )),
        Refusal::VersionLowered(_, locked) => {
            failure.help(format!("write a version above {locked}, of which the contract was {}", new.version))
        }
    }
}

/// Whether the lock beside a contract is up to date.
pub fn check(contract: &Contract) -> Result<(), Failure> {
    let path = beside(&contract.path);
    let shown = path.display();
    let Some((locked, text)) = read(&path)? else {
        return Err(Failure::finding(format!("there is no `{shown}`")).help("`myc-schema lock` writes it"));
    };
    let stale = |what: String| Failure::finding(format!("`{shown}` is stale: {what}"));
    match locked.next(&contract.schema, false) {
        Ok(next) if lock::print(&next) == text.replace("\r\n", "\n") => Ok(()),
        Ok(_) => Err(stale(differences(&locked.schema, &contract.schema)).help("run `myc-schema lock`")),
        Err(refusal) => {
            let failure = refused(refusal, &contract.schema, &path);
            let what = format!("{}; {refusal}", differences(&locked.schema, &contract.schema));
            Err(Failure { help: failure.help, ..stale(what) })
        }
    }
}

/// Which messages differ, in a few words.
fn differences(old: &Schema, new: &Schema) -> String {
    const NAMED: usize = 8;
    let plan = plan(old, new);
    let paused = plan.paused.iter().map(|(_, is)| format!("{} differs", is.name));
    let added = plan.added.iter().map(|is| format!("{} is new", is.name));
    let removed = plan.removed.iter().map(|was| format!("{} is gone", was.name));
    let mut words: Vec<String> = paused.chain(added).chain(removed).collect();
    match words.len() {
        0 if old.version != new.version => format!("the version is {}, and {} is locked", new.version, old.version),
        0 => "the header or what is reserved differs".to_owned(),
        count => {
            words.truncate(NAMED);
            if count > NAMED {
                words.push(format!("and {} more", count - NAMED));
            }
            words.join(", ")
        }
    }
}
