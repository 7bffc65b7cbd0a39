//! What a contract is compared with: another file, a commit, or a lock.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use myc_schema::codes;
use myc_schema::diag::Diagnostic;
use myc_schema::evolve::{Finding, Known, compare};
use myc_schema::ir::Schema;
use myc_schema::lock::{Lock, MAX_BYTES, Versions, is_lock};
use myc_schema::source::{self, SourceId, SourceMap};

use super::contract::{DEFAULT_FILE, Reading, is_stdin};
use super::exit::{Exit, Failure};
use super::{git, lock};

/// Which of two contracts one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Age {
    /// As it is deployed: its warnings cannot be mended.
    Older,
    /// As it is to be.
    Newer,
}

/// A schema, from wherever it is.
pub struct Against {
    /// As the command line names it.
    pub name: String,
    /// Of what is in a commit, where it is there.
    pub commit: Option<InCommit>,
    older: Older,
}

/// A file of a commit.
pub struct InCommit {
    /// The commit, as the command line names it.
    pub reference: String,
    /// The file's path.
    pub path: String,
    /// Whether that is from the root of the repository, not from the current folder.
    pub from_root: bool,
}

enum Older {
    Contract(Arc<Schema>),
    Lock(Box<Lock>),
}

/// A difference, and the versions whose peers it concerns.
pub struct Difference {
    pub finding: Finding,
    pub versions: Versions,
}

impl Against {
    /// Reads `FILE` (a contract or a lock, by what is in it) or `git:REF[:PATH]`, where the path is by default that of
    /// `contract`.
    pub fn read(
        reading: &Reading,
        name: &str,
        contract: Option<&Path>,
        age: Age,
        sources: &mut SourceMap,
    ) -> Result<Self, Failure> {
        let mut commit = None;
        let loaded = match name.strip_prefix("git:") {
            Some(of_git) => {
                let (reference, path) = match of_git.split_once(':') {
                    Some((reference, path)) => (reference, Some(path)),
                    None => (of_git, None),
                };
                let (folder, path) = match path {
                    Some(path) => {
                        let folder = place(contract)?.0;
                        let path = git::path(&folder, reference, path)?;
                        (folder, path)
                    }
                    None => place(resolved(contract).as_deref()).map(|(folder, file)| (folder, format!("./{file}")))?,
                };
                let loaded = git::load(sources, &folder, reference, &path)?;
                let here = path.strip_prefix("./").map(|path| folder.join(path).display().to_string());
                let (from_root, reference) = (here.is_none(), reference.to_owned());
                commit = Some(InCommit { reference, path: here.unwrap_or(path), from_root });
                loaded
            }
            None if is_stdin(Path::new(name)) => {
                sources.load_reader_at_most(&reading.stdin_name, std::io::stdin().lock(), MAX_BYTES)
            }
            None => sources.load_at_most(Path::new(name), MAX_BYTES),
        };
        let loaded = loaded.and_then(|source| is_reasonable(sources, source).map(|()| source));
        let locked = lock::is_lock_name(name);
        let source = loaded.map_err(|diagnostic| match diagnostic.code.id {
            id if locked && id == codes::E0003.id => lock::not_text(name),
            id if locked && id == codes::E0001.id => {
                let help = match diagnostic.help {
                    None => "`myc-schema lock` writes the lock of a contract",
                    Some(_) => lock::A_LOCK,
                };
                refuse(reading, sources, diagnostic.help(help))
            }
            _ => refuse(reading, sources, *diagnostic),
        })?;
        Ok(Self { name: name.to_owned(), commit, older: Older::read(reading, sources, source, age, locked)? })
    }

    /// The schema.
    pub fn schema(&self) -> &Schema {
        match &self.older {
            Older::Contract(schema) => schema,
            Older::Lock(lock) => &lock.schema,
        }
    }

    /// Every difference to a newer schema.
    pub fn compare(&self, new: &Schema) -> Vec<Difference> {
        match &self.older {
            Older::Contract(old) => {
                let findings = compare(old, new, Known::Everything).into_iter();
                findings.map(|finding| Difference { finding, versions: Versions::one(old.version) }).collect()
            }
            Older::Lock(lock) => {
                let findings = lock.compare(new).into_iter();
                findings.map(|locked| Difference { finding: locked.finding, versions: locked.versions }).collect()
            }
        }
    }
}

impl Older {
    /// `locked`: it is to be a lock, by its name.
    fn read(reading: &Reading, sources: &SourceMap, source: SourceId, age: Age, locked: bool) -> Result<Self, Failure> {
        let file = sources.get(source);
        let (name, text) = file.map_or(("", ""), |file| (file.name(), file.text()));
        if !locked && !is_lock(text) {
            let schema = match age {
                Age::Older => reading.check_older(sources, source),
                Age::Newer => reading.check(sources, source, false),
            };
            return schema.map(Self::Contract);
        }
        lock::parse(name, source, text).map(|lock| Self::Lock(Box::new(lock)))
    }
}

/// A lock may be larger than a contract, and what it is shows in the text.
fn is_reasonable(sources: &SourceMap, source: SourceId) -> Result<(), Box<Diagnostic>> {
    match sources.get(source) {
        Some(file) if file.text().len() as u64 > source::MAX_BYTES && !is_lock(file.text()) => {
            Err(Box::new(source::too_large(file.name(), source::MAX_BYTES)))
        }
        _ => Ok(()),
    }
}

/// The folder and the name of a contract.
fn place(contract: Option<&Path>) -> Result<(PathBuf, String), Failure> {
    let contract = contract.filter(|path| !is_stdin(path)).unwrap_or(Path::new(DEFAULT_FILE));
    let folder = contract.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
    let name = contract.file_name().and_then(|name| name.to_str());
    let name = name.ok_or_else(|| Failure::usage(format!("`{}` is no file of a repository", contract.display())))?;
    Ok((folder.to_owned(), name.to_owned()))
}

/// Where a contract is that is a link: in a commit a link is its target's name, not what is in it.
fn resolved(contract: Option<&Path>) -> Option<PathBuf> {
    let contract = contract.unwrap_or(Path::new(DEFAULT_FILE));
    let linked = std::fs::symlink_metadata(contract).is_ok_and(|metadata| metadata.is_symlink());
    let target = linked.then(|| std::fs::canonicalize(contract).ok()).flatten();
    Some(target.unwrap_or_else(|| contract.to_owned()))
}

/// A text that could not be read.
fn refuse(reading: &Reading, sources: &SourceMap, diagnostic: Diagnostic) -> Failure {
    let unread = diagnostic.code.id == codes::E0001.id;
    reading.print(sources, &[diagnostic]);
    Failure::silent(if unread { Exit::Io } else { Exit::Findings })
}
