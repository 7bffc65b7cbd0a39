//! `golden/MANIFEST`: the SHA-256 of every file whose bytes may never change. Lines are only ever added. A line that
//! any commit before this one had must still be there, so that neither a changed file nor a changed line gets past
//! [`check`]; `cargo xtask bless` can only add lines ([`record`]). Lists of rejected payloads grow by lines as well, and
//! are held to the same rule instead of a sum.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use crate::{Failure, process, workspace};

const MANIFEST: &str = "golden/MANIFEST";

/// Files in `golden/` that are not bytes of the wire and may change.
const LEFT_OUT: &[&str] = &["MANIFEST", "README.md"];

/// Files that grow by lines: their lines may never change or go.
const GROWING: &str = "rejected.yaml";

/// Path below `golden/` to SHA-256 in hexadecimal.
type Sums = BTreeMap<String, String>;

/// One version of a file whose lines may never go.
struct Version {
    /// Abbreviated commit.
    commit: String,
    path: String,
    text: String,
}

/// The manifest and the growing files as commits had them.
struct History {
    versions: Vec<Version>,
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
    let read = |path: &str| {
        let path = workspace::root().join(path);
        if path.exists() { workspace::read(&path) } else { Ok(String::new()) }
    };
    let mut findings = compare(&files, &parse(&read(MANIFEST)?)?);
    let history = history()?;
    let mut now = BTreeMap::new();
    for Version { path, .. } in &history.versions {
        if !now.contains_key(path) {
            now.insert(path.clone(), read(path)?);
        }
    }
    findings.extend(lost_lines(&now, &history.versions));
    Ok(Report { findings, limit: history.limit })
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
        if !LEFT_OUT.contains(&file.as_str()) && !file.ends_with(GROWING) {
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

/// Every version of the manifest and of the growing files that commits before this one had.
fn history() -> Result<History, Failure> {
    let git = |arguments: &[&str]| process::output(process::git(arguments));
    let nothing = |why: &str| {
        let limit =
            format!("{why}: golden/ was held to golden/MANIFEST as it lies in this folder, and to no earlier one");
        History { versions: vec![], limit: Some(limit) }
    };
    if let Err(Failure(words)) = git(&["rev-parse", "--verify", "HEAD"]) {
        let why = words.lines().last().unwrap_or_default().to_owned();
        return Ok(nothing(&format!("no git history here ({why})")));
    }
    let shallow = git(&["rev-parse", "--is-shallow-repository"])?.trim() == "true";
    let limit = shallow.then(|| {
        "a shallow clone: golden/ was held to the commits that are here; `git fetch --unshallow` for all".to_owned()
    });
    let mut versions = Vec::new();
    // All of the history, merges included: a change on a side branch counts.
    let patterns = [MANIFEST.to_owned(), format!(":(glob)golden/**/{GROWING}")];
    let [manifest, growing] = patterns.each_ref().map(String::as_str);
    for commit in git(&["rev-list", "--full-history", "HEAD", "--", manifest, growing])?.lines() {
        let tree = git(&["ls-tree", "-r", "--name-only", commit, "golden/"])?;
        for path in tree.lines().filter(|path| *path == MANIFEST || path.ends_with(GROWING)) {
            let text = git(&["cat-file", "blob", &format!("{commit}:./{path}")])?;
            versions.push(Version { commit: commit.chars().take(12).collect(), path: path.to_owned(), text });
        }
    }
    if versions.is_empty() {
        return Ok(nothing("the git history here knows no golden bytes"));
    }
    Ok(History { versions, limit })
}

fn compare(files: &Sums, manifest: &Sums) -> Vec<String> {
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
    let unlisted = files.keys().filter(|file| !manifest.contains_key(*file));
    findings.extend(unlisted.map(|file| format!("golden/{file}: not in {MANIFEST}; `cargo xtask bless` adds it")));
    findings
}

/// Lines of earlier versions that the files of `now` do not have. Comments may change.
fn lost_lines(now: &BTreeMap<String, String>, versions: &[Version]) -> Vec<String> {
    let lines = |text: &str| -> BTreeSet<String> { text.lines().map(str::to_owned).collect() };
    let now: BTreeMap<_, _> = now.iter().map(|(path, text)| (path, lines(text))).collect();
    let mut lost = BTreeMap::new();
    for Version { commit, path, text } in versions {
        for line in text.lines().filter(|line| !line.trim_start().starts_with('#') && !line.trim().is_empty()) {
            if !now.get(path).is_some_and(|lines| lines.contains(line)) {
                lost.insert((path, line), commit);
            }
        }
    }
    let words = |((path, line), commit)| {
        format!("{path}: commit {commit} has `{line}`, which is gone or different now. Lines are only ever added")
    };
    lost.into_iter().map(words).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sums(entries: &[(&str, &str)]) -> Sums {
        entries.iter().map(|(file, sum)| (file.to_string(), sum.to_string())).collect()
    }

    fn lost(now: &str, before: &str) -> Vec<String> {
        let version = Version { commit: "c0ffee".into(), path: MANIFEST.into(), text: before.into() };
        lost_lines(&[(MANIFEST.into(), now.into())].into(), &[version])
    }

    #[test]
    fn agreement_and_growth_are_fine() {
        let now = sums(&[("a.bin", "1"), ("b.bin", "2")]);
        assert_eq!(compare(&now, &now), Vec::<String>::new());
        assert_eq!(lost("1  a.bin\n2  b.bin\n", "# old words\n1  a.bin\n"), Vec::<String>::new());
    }

    /// The point of the manifest: neither the file alone nor file and line together can be changed.
    #[test]
    fn changed_bytes_are_found_with_and_without_the_line() {
        assert!(compare(&sums(&[("a.bin", "2")]), &sums(&[("a.bin", "1")]))[0].contains("a.bin: changed"));
        assert!(lost("2  a.bin\n", "1  a.bin\n")[0].contains("commit c0ffee has `1  a.bin`"));
    }

    #[test]
    fn deleted_bytes_are_found_with_and_without_the_line() {
        assert!(compare(&sums(&[]), &sums(&[("a.bin", "1")]))[0].contains("a.bin: deleted"));
        assert!(lost("", "1  a.bin\n")[0].contains("gone or different"));
    }

    /// Without it new goldens would be unprotected.
    #[test]
    fn an_unlisted_file_is_found() {
        assert!(compare(&sums(&[("a.bin", "1")]), &sums(&[]))[0].contains("not in golden/MANIFEST"));
    }
}
