//! `golden/MANIFEST`: the SHA-256 of every file whose bytes may never change. Lines are only ever added. A line that
//! any commit before this one had must still be there, so that neither a changed file nor a changed line gets past
//! [`check`]; `cargo xtask bless` can only add lines ([`record`]).

use std::collections::BTreeMap;
use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use crate::{Failure, process, workspace};

const MANIFEST: &str = "golden/MANIFEST";

/// Files in `golden/` that are not bytes of the wire and may change.
const LEFT_OUT: &[&str] = &["MANIFEST", "README.md"];

/// Path below `golden/` to SHA-256 in hexadecimal.
type Sums = BTreeMap<String, String>;

/// The manifest as commits had it.
struct History {
    /// Abbreviated commit, and what it had.
    versions: Vec<(String, Sums)>,
    /// What of the history is not here, if anything.
    limit: Option<String>,
}

/// Everything wrong with `golden/`, and how far back it could be checked.
pub struct Report {
    /// One line each.
    pub findings: Vec<String>,
    /// What the check could not see, if anything.
    pub limit: Option<String>,
}

/// Compares the files with the manifest, and the manifest with every version of it in the history.
pub fn check() -> Result<Report, Failure> {
    let files = sums_of_files()?;
    let path = workspace::root().join(MANIFEST);
    let manifest = if path.exists() { parse(&workspace::read(&path)?)? } else { Sums::new() };
    let history = history()?;
    Ok(Report { findings: compare(&files, &manifest, &history.versions), limit: history.limit })
}

/// Adds the files that the manifest does not have yet; says how many.
pub fn record() -> Result<usize, Failure> {
    let path = workspace::root().join(MANIFEST);
    let mut manifest = if path.exists() { parse(&workspace::read(&path)?)? } else { Sums::new() };
    let before = manifest.len();
    for (file, sum) in sums_of_files()? {
        manifest.entry(file).or_insert(sum);
    }
    let added = manifest.len() - before;
    if added > 0 {
        let mut text = String::new();
        for (file, sum) in &manifest {
            let _ = writeln!(text, "{sum}  {file}");
        }
        workspace::write(&path, text)?;
    }
    Ok(added)
}

fn sums_of_files() -> Result<Sums, Failure> {
    let folder = workspace::root().join("golden");
    let mut sums = Sums::new();
    for file in workspace::files(&folder)? {
        if !LEFT_OUT.contains(&file.as_str()) {
            let digest = Sha256::digest(workspace::read_bytes(&folder.join(&file))?);
            let hex = digest.iter().fold(String::new(), |mut hex, byte| {
                let _ = write!(hex, "{byte:02x}");
                hex
            });
            sums.insert(file, hex);
        }
    }
    Ok(sums)
}

/// The format of `sha256sum`: sum, two spaces, path.
fn parse(text: &str) -> Result<Sums, Failure> {
    let mut sums = Sums::new();
    for line in text.lines() {
        let Some((sum, file)) = line.split_once("  ") else {
            return Err(Failure(format!("{MANIFEST}: `{line}` is not `SHA256  PATH`")));
        };
        if sums.insert(file.to_owned(), sum.to_owned()).is_some_and(|other| other != sum) {
            return Err(Failure(format!("{MANIFEST}: two sums for {file}")));
        }
    }
    Ok(sums)
}

/// Every version of the manifest that commits before this one had.
fn history() -> Result<History, Failure> {
    let git = |arguments: &[&str]| process::output(process::program("git", arguments));
    if !process::succeeds(process::program("git", &["rev-parse", "--verify", "HEAD"])) {
        let limit = "no git history here: golden/ was held to golden/MANIFEST as it lies in this folder";
        return Ok(History { versions: vec![], limit: Some(limit.to_owned()) });
    }
    let shallow = git(&["rev-parse", "--is-shallow-repository"])?.trim() == "true";
    let limit = shallow.then(|| {
        "a shallow clone: golden/ was held to the commits that are here; `git fetch --unshallow` for all".to_owned()
    });
    let mut versions = Vec::new();
    // All of the history, merges included: a change on a side branch counts.
    for commit in git(&["rev-list", "--full-history", "HEAD", "--", MANIFEST])?.lines() {
        // A commit that deletes the manifest has no version of it; its parent has.
        let object = format!("{commit}:{MANIFEST}");
        if process::succeeds(process::program("git", &["cat-file", "-e", &object])) {
            versions.push((commit.chars().take(12).collect(), parse(&git(&["cat-file", "blob", &object])?)?));
        }
    }
    Ok(History { versions, limit })
}

fn compare(files: &Sums, manifest: &Sums, history: &[(String, Sums)]) -> Vec<String> {
    let mut findings = Vec::new();
    for (file, sum) in manifest {
        match files.get(file) {
            None => findings.push(format!("golden/{file}: deleted. Golden bytes may never go: restore the file")),
            Some(found) if found != sum => findings.push(format!(
                "golden/{file}: changed. Golden bytes may never change: restore the file; new bytes of a new schema \
                 version are new files"
            )),
            Some(_) => {}
        }
    }
    for file in files.keys().filter(|file| !manifest.contains_key(*file)) {
        findings.push(format!("golden/{file}: not in {MANIFEST}; `cargo xtask bless` adds it"));
    }
    let mut lost = BTreeMap::new();
    for (commit, version) in history {
        for (file, sum) in version.iter().filter(|(file, sum)| manifest.get(*file) != Some(*sum)) {
            lost.insert((file, sum), commit);
        }
    }
    for ((file, sum), commit) in lost {
        findings.push(format!(
            "{MANIFEST}: commit {commit} has `{sum}  {file}`, which is gone or different now. Lines are only ever added"
        ));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sums(entries: &[(&str, &str)]) -> Sums {
        entries.iter().map(|(file, sum)| (file.to_string(), sum.to_string())).collect()
    }

    fn findings(files: &[(&str, &str)], manifest: &[(&str, &str)], history: &[&[(&str, &str)]]) -> Vec<String> {
        let history: Vec<_> = history.iter().map(|version| ("c0ffee".to_owned(), sums(version))).collect();
        compare(&sums(files), &sums(manifest), &history)
    }

    #[test]
    fn agreement_and_growth_are_fine() {
        let now = [("a.bin", "1"), ("b.bin", "2")];
        assert_eq!(findings(&now, &now, &[&[("a.bin", "1")], &now]), Vec::<String>::new());
    }

    /// The point of the manifest: neither the file alone nor file and line together can be changed.
    #[test]
    fn changed_bytes_are_found_with_and_without_the_line() {
        let old = [("a.bin", "1")];
        let new = [("a.bin", "2")];
        assert!(findings(&new, &old, &[&old])[0].contains("a.bin: changed"));
        assert!(findings(&new, &new, &[&old])[0].contains("commit c0ffee has `1  a.bin`"));
    }

    #[test]
    fn deleted_bytes_are_found_with_and_without_the_line() {
        let old = [("a.bin", "1")];
        assert!(findings(&[], &old, &[&old])[0].contains("a.bin: deleted"));
        assert!(findings(&[], &[], &[&old])[0].contains("gone or different"));
    }

    /// Without it new goldens would be unprotected.
    #[test]
    fn an_unlisted_file_is_found() {
        assert!(findings(&[("a.bin", "1")], &[], &[])[0].contains("not in golden/MANIFEST"));
    }
}
