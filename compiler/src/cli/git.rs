//! Files as they were in a commit, read with `git show`. Every way for that to fail has its own words.

use std::io::ErrorKind;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use myc_schema::diag::Diagnostic;
use myc_schema::lock::MAX_BYTES;
use myc_schema::source::{SourceId, SourceMap, reason};

use super::exit::Failure;

/// Loads `path`, a contract or a lock, of commit `reference` of the repository that `folder` is in. A path is from the repository's root, or
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
    let (shown, named) = (reference.escape_debug(), path.escape_debug());
    match text(&kind.stdout).as_str() {
        "blob" if kind.status.success() => {}
        "tree" => return Err(Failure::io(format!("cannot read `{named}` of `{shown}`: it is a directory"))),
        _ if text(&kind.stderr).contains("outside repository") => {
            return Err(
                Failure::io(format!("`{named}` is outside of the repository that commit `{shown}` is in")).help(PATHS)
            );
        }
        _ => return Err(Failure::io(format!("commit `{shown}` has no file `{named}`")).help(PATHS)),
    }
    if is_link(folder, &commit, path)? {
        return Err(
            Failure::io(format!("`{named}` is a symbolic link in `{shown}`")).help("name the file that it points to")
        );
    }
    let mut show = git(folder, &["show", "--no-textconv", &object]);
    let mut child = show.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().map_err(|error| not_run(&error))?;
    let name = format!("{reference}:{}", path.strip_prefix("./").unwrap_or(path));
    let loaded = match child.stdout.take() {
        Some(stdout) => sources.load_reader_at_most(name, stdout, MAX_BYTES),
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

/// What paths in a commit are.
const PATHS: &str = "a path is from the root of the repository; with `./` in front, from the contract's folder";

/// The path in a commit that the command line names.
pub fn path(folder: &Path, reference: &str, named: &str) -> Result<String, Failure> {
    match named {
        "" => Err(Failure::usage(format!("`git:{}:` names no file", reference.escape_debug()))
            .help("leave the last `:` out for the contract's own path, or write the file's path after it")),
        path if Path::new(path).is_absolute() => {
            let top = text(&run(folder, &["rev-parse", "--show-toplevel"])?.stdout);
            let failure = Failure::usage(format!("`{}` is an absolute path, which no commit has", path.escape_debug()));
            Err(match Path::new(path).strip_prefix(&top) {
                Ok(inner) if !top.is_empty() => {
                    failure.help(format!("write git:{}:{}", reference.escape_debug(), inner.display()))
                }
                _ => failure.help(PATHS),
            })
        }
        path => Ok(path.to_owned()),
    }
}

/// Whether a file of a commit is a symbolic link, whose content is the name of another.
fn is_link(folder: &Path, commit: &str, path: &str) -> Result<bool, Failure> {
    // From the root, and not a pattern.
    let path = match path.strip_prefix("./") {
        Some(here) => format!("{}{here}", text(&run(folder, &["rev-parse", "--show-prefix"])?.stdout)),
        None => path.to_owned(),
    };
    let listed = run(folder, &["--literal-pathspecs", "ls-tree", "--full-tree", commit, "--", &path])?;
    Ok(text(&listed.stdout).starts_with("120000 "))
}

/// The commit that a reference names.
fn commit(folder: &Path, reference: &str) -> Result<String, Failure> {
    if reference.is_empty() || reference.starts_with('-') {
        let failure = match reference {
            "" => Failure::usage("`git:` names no commit"),
            option => Failure::usage(format!("`{}` is no commit", option.escape_debug())),
        };
        return Err(failure.help("write git:REF or git:REF:PATH, as in git:main or git:v1.2.0:api/contracts.yaml"));
    }
    if let Some(one) = reference.strip_prefix('^') {
        let one = one.escape_debug();
        let failure = Failure::usage(format!("`^{one}` is every commit that is not in `{one}`"));
        return Err(failure.help(format!("name one commit: git:{one}, or git:{one}^ for the one before it")));
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
    let shown = reference.escape_debug();
    if reference.contains("..") || ["^@", "^!", "^-"].iter().any(|all| reference.contains(all)) {
        let failure = Failure::usage(format!("`{shown}` is a range of commits"));
        return Err(failure.help("name one commit: that before the change"));
    }
    if reference.contains("^{") {
        let failure = Failure::usage(format!("`{shown}` is not the name of a commit"));
        return Err(failure.help("name a commit, a branch or a tag, as in git:main or git:v1.2.0"));
    }
    if let Some((branch, _)) = reference.split_once("@{") {
        let of = if branch.is_empty() { "HEAD" } else { branch }.escape_debug();
        let failure = Failure::io(format!("this clone does not remember what `{shown}` was"));
        return Err(
            failure.help(format!("`git reflog {of}` lists what it does; a commit or a tag is the same in every clone"))
        );
    }
    let shallow = text(&repository.stdout) == "true";
    // `HEAD~2`, `main^`: of a commit that there is, one before it.
    let later = reference.split(['^', '~']).next().unwrap_or_default();
    if later != reference && !later.is_empty() && parse(later)?.is_some() {
        let failure = Failure::io(format!(
            "there is no commit `{shown}` in this repository; there is `{later}`, and no such commit before it"
        ));
        return Err(match shallow {
            true => failure.help(
                "this is a shallow clone: fetch what was before with `git fetch --deepen=100` or `git fetch --unshallow`, \
                 or let actions/checkout fetch all (`fetch-depth: 0`)",
            ),
            false => failure.help(format!("history begins there; `git log --oneline {later}` lists what there is")),
        });
    }
    let failure = Failure::io(format!("there is no commit `{shown}` in this repository"));
    if parse(&format!("origin/{reference}"))?.is_some() {
        return Err(failure.help(format!("there is `origin/{shown}`: compare with git:origin/{shown}")));
    }
    if later == "HEAD" {
        return Err(failure.help("it has no commit yet: `git commit` makes the first one"));
    }
    let remote = later.strip_prefix("origin/").unwrap_or(later).escape_debug();
    Err(match shallow {
        true => failure.help(format!(
            "this is a shallow clone: fetch the commit with `git fetch --depth=1 origin {remote}` and compare with \
             git:FETCH_HEAD, or let actions/checkout fetch all (`fetch-depth: 0`)"
        )),
        false => {
            failure.help(format!("`git fetch origin {remote}` fetches it; `git branch --all` lists what there is"))
        }
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
        _ => Failure::io(format!("cannot run git: {}", reason(error))),
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim().to_owned()
}
