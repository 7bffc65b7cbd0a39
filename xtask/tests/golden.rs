//! `cargo xtask tidy` on a repository of its own, whose history has golden bytes: no commit may change them.

use std::fs;
use std::path::Path;
use std::process::Command;

struct Repository {
    folder: tempfile::TempDir,
}

impl Repository {
    /// Two golden files, recorded and committed.
    fn new() -> Self {
        let repository = Self { folder: tempfile::tempdir().unwrap() };
        repository.git(&["init", "-q", "-b", "main"]);
        repository.put("golden/c/M/a.bin", "one").put("golden/c/M/b.bin", "two");
        repository.put("golden/c/M/rejected.yaml", "# cases\n- a\n- b\n").bless().commit();
        assert_eq!(repository.findings(), "");
        repository
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn put(&self, path: &str, text: &str) -> &Self {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    fn git(&self, arguments: &[&str]) -> &Self {
        let identity = ["-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "commit.gpgsign=false"];
        let mut git = Command::new("git");
        git.args(identity).args(arguments).current_dir(self.path());
        // Nobody's settings, and not the repository of a hook that runs the tests.
        git.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_SYSTEM", "/dev/null");
        for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY"] {
            git.env_remove(name);
        }
        let status = git.status().unwrap();
        assert!(status.success(), "git {arguments:?}");
        self
    }

    fn commit(&self) -> &Self {
        self.git(&["add", "-A"]).git(&["commit", "-q", "-m", "x"])
    }

    /// As `cargo xtask bless` does it, with no tests to run.
    fn bless(&self) -> &Self {
        self.xtask("bless");
        self
    }

    /// What `tidy` says about golden files.
    fn findings(&self) -> String {
        let words = self.xtask("tidy");
        words.lines().filter(|line| line.starts_with("golden/")).map(|line| format!("{line}\n")).collect()
    }

    fn xtask(&self, command: &str) -> String {
        said(self.command(self.path(), command))
    }

    /// A command of this program on the project in `folder`.
    fn command(&self, folder: &Path, command: &str) -> Command {
        let mut xtask = Command::new(env!("CARGO_BIN_EXE_xtask"));
        xtask.arg(command).current_dir(folder);
        xtask.env("CARGO_MANIFEST_DIR", folder.join("xtask")).env("CARGO", "true");
        xtask
    }
}

fn said(mut command: Command) -> String {
    let output = command.output().unwrap();
    String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
}

/// The files of a golden case may be added, with the case's line.
#[test]
fn new_cases_are_welcome() {
    let repository = Repository::new();
    repository.put("golden/c/M/c.bin", "three");
    assert!(repository.findings().contains("golden/c/M/c.bin: not in golden/MANIFEST"));
    repository.bless().put("golden/c/M/rejected.yaml", "# cases, and words\n- b\n- a\n- c\n").commit();
    assert_eq!(repository.findings(), "");
}

/// bless must not help: it adds lines and leaves a changed file changed.
#[test]
fn a_changed_file_cannot_be_blessed() {
    let repository = Repository::new();
    repository.put("golden/c/M/a.bin", "ONE").bless();
    assert!(repository.findings().contains("golden/c/M/a.bin: changed"));
    repository.commit();
    assert!(repository.findings().contains("golden/c/M/a.bin: changed"));
}

/// Recording everything anew must not help, before or after a commit, or with commits on top.
#[test]
fn a_new_manifest_cannot_cover_a_change() {
    let repository = Repository::new();
    fs::remove_file(repository.path().join("golden/MANIFEST")).unwrap();
    repository.put("golden/c/M/a.bin", "ONE").bless();
    assert!(repository.findings().contains("a.bin`, which is gone or different now"));
    repository.commit().put("README.md", "more\n").commit();
    assert!(repository.findings().contains("a.bin`, which is gone or different now"));
}

/// Neither must deleting and adding again in separate commits, nor a merge.
#[test]
fn the_whole_history_counts() {
    let repository = Repository::new();
    repository.git(&["checkout", "-q", "-b", "side"]);
    repository.git(&["rm", "-rq", "golden"]).git(&["-c", "core.editor=true", "commit", "-q", "-m", "x"]);
    repository.put("golden/c/M/a.bin", "ONE").bless().commit();
    repository.git(&["checkout", "-q", "main"]).put("README.md", "more\n").commit();
    repository.git(&["merge", "-q", "-X", "theirs", "-m", "x", "side"]);
    let findings = repository.findings();
    assert!(findings.contains("a.bin`, which is gone or different now"), "{findings}");
    assert!(findings.contains("`- b`, which is gone or different now"), "{findings}");
}

/// A verdict is as frozen as the bytes.
#[test]
fn a_rejected_case_cannot_change_its_line() {
    let repository = Repository::new();
    repository.put("golden/c/M/rejected.yaml", "- a\n- B\n").commit();
    assert!(repository.findings().contains("`- b`, which is gone or different now"));
}

/// A source archive has no history; the files are still held to the manifest, and the limit is told.
#[test]
fn without_history_the_manifest_still_holds() {
    let repository = Repository::new();
    assert!(!repository.xtask("tidy").contains("golden/ was held"));
    fs::remove_dir_all(repository.path().join(".git")).unwrap();
    assert_eq!(repository.findings(), "");
    assert!(repository.xtask("tidy").contains("no git history here"));
    repository.put("golden/c/M/a.bin", "ONE");
    assert!(repository.findings().contains("golden/c/M/a.bin: changed"));
}

/// Continuous integration often has the last commit alone: that holds, and the limit is told.
#[test]
fn a_shallow_clone_is_held_to_what_it_has() {
    let repository = Repository::new();
    repository.put("README.md", "more\n").commit();
    let clone = tempfile::tempdir().unwrap();
    let folder = clone.path().join("a clone");
    let url = format!("file://{}", repository.path().display());
    repository.git(&["clone", "-q", "--depth", "1", &url, folder.to_str().unwrap()]);
    let tidy = || said(repository.command(&folder, "tidy"));
    assert!(tidy().contains("a shallow clone: golden/ was held to"), "{}", tidy());
    fs::write(folder.join("golden/c/M/a.bin"), "ONE").unwrap();
    fs::remove_file(folder.join("golden/MANIFEST")).unwrap();
    said(repository.command(&folder, "bless"));
    assert!(tidy().contains("a.bin`, which is gone or different now"), "{}", tidy());
}

/// A project in a folder of a larger repository has its history there; one that was only unpacked there has none.
#[test]
fn a_folder_of_another_repository() {
    let repository = Repository::new();
    let inner = repository.path().join("inner");
    repository.put("inner/golden/c/M/a.bin", "one");
    said(repository.command(&inner, "bless"));
    let tidy = || said(repository.command(&inner, "tidy"));
    assert!(tidy().contains("the git history here knows no golden bytes"), "{}", tidy());
    repository.commit();
    assert!(!tidy().contains("golden/ was held"), "{}", tidy());
    fs::remove_file(inner.join("golden/MANIFEST")).unwrap();
    repository.put("inner/golden/c/M/a.bin", "ONE");
    said(repository.command(&inner, "bless"));
    assert!(tidy().contains("a.bin`, which is gone or different now"), "{}", tidy());
}

/// In a git hook the variables of git speak of the repository that the hook is of.
#[test]
fn a_hook_checks_this_repository() {
    let (repository, other) = (Repository::new(), Repository::new());
    fs::remove_file(repository.path().join("golden/MANIFEST")).unwrap();
    repository.put("golden/c/M/a.bin", "ONE").bless().commit();
    let mut tidy = repository.command(repository.path(), "tidy");
    tidy.env("GIT_DIR", other.path().join(".git")).env("GIT_WORK_TREE", other.path());
    let words = said(tidy);
    assert!(words.contains("a.bin`, which is gone or different now"), "{words}");
}

/// What a machine leaves in the checkout, its log or cargo's own folder, is not the project's.
#[test]
fn files_of_others_are_not_looked_at() {
    let repository = Repository::new();
    let blanks = |path: &str| repository.xtask("tidy").contains(&format!("{path}:1: blanks at the end"));
    repository.put(".cargo/config.toml", "").put("docs/a.md", "a\n").commit();
    repository.put("docs/new.md", "a \n").put("gate.log", "a \n").put(".cargo/registry/a.rs", "a \n");
    repository.put("build/CACHEDIR.TAG", "").put("build/a.rs", "a \n");
    assert!(blanks("docs/new.md"));
    assert!(!blanks("gate.log") && !blanks(".cargo/registry/a.rs") && !blanks("build/a.rs"));
    repository.git(&["add", "gate.log"]);
    assert!(blanks("gate.log"));
}
