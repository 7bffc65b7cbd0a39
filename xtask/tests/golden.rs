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
        let status = Command::new("git").args(identity).args(arguments).current_dir(self.path()).status().unwrap();
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
        let output = Command::new(env!("CARGO_BIN_EXE_xtask"))
            .arg(command)
            .current_dir(self.path())
            .env("CARGO_MANIFEST_DIR", self.path().join("xtask"))
            .env("CARGO", "true")
            .output()
            .unwrap();
        String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
    }
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

/// A source archive has no history; the files are still held to the manifest.
#[test]
fn without_history_the_manifest_still_holds() {
    let repository = Repository::new();
    fs::remove_dir_all(repository.path().join(".git")).unwrap();
    assert_eq!(repository.findings(), "");
    repository.put("golden/c/M/a.bin", "ONE");
    assert!(repository.findings().contains("golden/c/M/a.bin: changed"));
}
