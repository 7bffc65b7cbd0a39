//! Files as they were in a commit, read with `git show`. Every way for that to fail has its own words.

use std::io::ErrorKind;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use myc_schema::diag::Diagnostic;
use myc_schema::source::{SourceId, SourceMap};

use super::exit::Failure;

/// Loads `path` of commit `reference` of the repository that `folder` is in. A path is from the repository's root, or
/// from `folder` where it begins with `./`. The inner error is about the text.
pub fn load(
    sources: &mut SourceMap,
    folder: &Path,
    reference: &str,
    path: &str,
) -> Result<Result<SourceId, Box<Diagnostic>>, Failure> {
    let commit = commit(folder, reference)?;
    let object = format!("{commit}:{path}");
    let kind = run(folder, &["cat-file", "-t", &object])?;
    match text(&kind.stdout).as_str() {
        "blob" if kind.status.success() => {}
        "tree" => return Err(Failure::io(format!("cannot read `{path}` of `{reference}`: it is a directory"))),
        _ => {
            let help = "a path is from the root of the repository; with `./` in front, from the contract's folder";
            return Err(Failure::io(format!("commit `{reference}` has no file `{path}`")).help(help));
        }
    }
    let mut show = git(folder, &["show", "--no-textconv", &object]);
    let mut child = show.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().map_err(|error| not_run(&error))?;
    let name = format!("{reference}:{}", path.strip_prefix("./").unwrap_or(path));
    let loaded = match child.stdout.take() {
        Some(stdout) => sources.load_reader(name, stdout),
        None => return Err(Failure::io("`git show` has no output")),
    };
    // What is larger than a contract may be is not read to its end.
    if loaded.is_err() {
        let _ = child.kill();
    }
    let status = child.wait().map_err(|error| not_run(&error))?;
    match loaded {
        Ok(_) if !status.success() => Err(Failure::io(format!("`git show {object}` ended with {status}"))),
        loaded => Ok(loaded),
    }
}

/// The commit that a reference names.
fn commit(folder: &Path, reference: &str) -> Result<String, Failure> {
    if reference.is_empty() || reference.starts_with('-') {
        let failure = Failure::usage(format!("`{}` is no commit", reference.escape_debug()));
        return Err(failure.help("write git:REF or git:REF:PATH, as in git:main or git:v1.2.0:api/contracts.yaml"));
    }
    let parse = |reference: &str| {
        run(folder, &["rev-parse", "--verify", "--quiet", &format!("{reference}^{{commit}}")])
            .map(|output| output.status.success().then(|| text(&output.stdout)))
    };
    if let Some(commit) = parse(reference)? {
        return Ok(commit);
    }
    let repository = run(folder, &["rev-parse", "--is-shallow-repository"])?;
    if !repository.status.success() {
        let reason = text(&repository.stderr);
        let reason = reason.lines().next().unwrap_or("git does not say why");
        let failure = Failure::io(format!("`{}` is in no git repository that can be read: {reason}", folder.display()));
        return Err(failure.help("compare with a file or with contracts.lock instead"));
    }
    let failure = Failure::io(format!("there is no commit `{}` in this repository", reference.escape_debug()));
    if parse(&format!("origin/{reference}"))?.is_some() {
        return Err(failure.help(format!("there is `origin/{reference}`: compare with git:origin/{reference}")));
    }
    Err(match text(&repository.stdout).as_str() {
        "true" => failure.help(format!(
            "this is a shallow clone: fetch the commit with `git fetch --depth=1 origin {reference}` and compare with \
             git:FETCH_HEAD, or let actions/checkout fetch all (`fetch-depth: 0`)"
        )),
        _ => failure.help(format!("`git fetch origin {reference}` fetches it; `git branch --all` lists what there is")),
    })
}

fn git(folder: &Path, arguments: &[&str]) -> Command {
    let mut git = Command::new("git");
    // Words of other languages would not be found in what it says. In a hook these name another repository, or this one
    // from another folder.
    git.arg("-C").arg(folder).args(arguments).env("LC_ALL", "C").stdin(Stdio::null());
    git.env_remove("GIT_DIR").env_remove("GIT_WORK_TREE").env_remove("GIT_INDEX_FILE");
    git
}

fn run(folder: &Path, arguments: &[&str]) -> Result<Output, Failure> {
    git(folder, arguments).output().map_err(|error| not_run(&error))
}

fn not_run(error: &std::io::Error) -> Failure {
    match error.kind() {
        ErrorKind::NotFound => Failure::io("git is not installed, or not on PATH")
            .help("compare with a file or with contracts.lock instead"),
        _ => Failure::io(format!("cannot run git: {error}")),
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim().to_owned()
}
