//! What contracts are compared with in git, and the words for every way in which that can fail.

use std::path::Path;
use std::process::Command;

use mycelium_tests::program::{command, feed, folder, run};
use mycelium_tests::versions::{NEW, OLD};

fn git(folder: &Path, arguments: &[&str]) {
    let mut git = Command::new("git");
    let identity = ["-c", "user.name=Test", "-c", "user.email=test@example.org", "-c", "init.defaultBranch=main"];
    git.args(identity).args(arguments).current_dir(folder);
    // Where the tests run in a hook, these name the project's own repository.
    git.env_remove("GIT_DIR").env_remove("GIT_WORK_TREE").env_remove("GIT_INDEX_FILE");
    feed(git, "").exits(0);
}

/// Without this, a pull request could only be compared with a file that somebody has to fetch.
#[test]
fn commits_are_read_with_git() {
    let here = folder(&[("api/contracts.yaml", OLD), ("other.yaml", OLD)]);
    git(here.path(), &["init", "--quiet"]);
    git(here.path(), &["add", "."]);
    git(here.path(), &["commit", "--quiet", "-m", "first"]);
    git(here.path(), &["tag", "-a", "v1", "-m", "v1"]);
    std::fs::write(here.path().join("api/contracts.yaml"), NEW).expect("written");
    git(here.path(), &["commit", "--quiet", "-a", "-m", "second"]);
    let api = here.path().join("api");
    let found = |folder: &Path, arguments: &[&str]| {
        let run = run(folder, [&["breaking", "--format=json"], arguments].concat());
        run.text().lines().count()
    };
    // By default the same file, wherever the command runs.
    assert_eq!(found(&api, &["--against", "git:v1"]), 6);
    assert_eq!(found(here.path(), &["api/contracts.yaml", "--against", "git:main~1"]), 6);
    assert_eq!(found(&api, &["--against", "git:HEAD^"]), 6);
    assert_eq!(found(&api, &["--against", "git:HEAD"]), 0);
    assert_eq!(found(&api, &["--against", "git:v1:other.yaml"]), 6);
    assert_eq!(found(&api, &["--against", "git:v1:./contracts.yaml"]), 6);
    assert_eq!(found(&api, &["--against", "git:v1", "--against", "git:HEAD"]), 6);
    let human = run(&api, ["breaking", "--against", "git:v1"]).exits(1);
    assert!(human.text().contains("::: v1:contracts.yaml:3:3"), "{}", human.text());

    // The place in a commit is no file of the checkout, and does not pretend to be one.
    for (against, contract, path) in [
        ("git:v1", "api/contracts.yaml", "api/contracts.yaml"),
        ("git:v1:other.yaml", "api/contracts.yaml", "other.yaml"),
        ("git:v1:./contracts.yaml", "api/contracts.yaml", "api/contracts.yaml"),
    ] {
        let arguments = ["breaking", contract, "--against", against, "--format", "sarif"];
        let log: serde_json::Value = serde_json::from_str(run(here.path(), arguments).text()).expect("JSON");
        let place = &log["runs"][0]["results"][0]["relatedLocations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"], serde_json::json!({ "uri": path, "uriBaseId": "COMMIT-v1" }));
        assert_eq!((&place["region"]["startLine"], &place["region"]["snippet"]["text"]), (&3.into(), &"Tick".into()));
        let base = &log["runs"][0]["originalUriBaseIds"]["COMMIT-v1"]["description"]["text"];
        assert_eq!(base, "the repository in commit v1");
        let words = log["runs"][0]["results"][0]["message"]["text"].as_str().expect("words");
        assert!(words.contains("; as it was: v1:") && words.ends_with(":3:3"), "{words}");
        assert_eq!(mycelium_tests::sarif::errors(&log), Vec::<String>::new());
    }

    let fails = |folder: &Path, against: &str, code, words: &[&str]| {
        drop(run(folder, ["breaking", "--against", against]).exits(code).says(words));
    };
    fails(&api, "git:v9", 3, &["no commit `v9`", "git fetch origin v9"]);
    fails(&api, "git:", 2, &["git:REF"]);
    fails(&api, "git:--output=x", 2, &["git:REF"]);
    fails(&api, "git:v1:nowhere.yaml", 3, &["no file `nowhere.yaml`", "root of the repository"]);
    fails(&api, "git:v1:api", 3, &["`api`", "directory"]);
    // A clone that has the branch under another name, and one that does not have the commit at all.
    let clones = folder(&[]);
    let source = format!("file://{}", here.path().display());
    git(clones.path(), &["clone", "--quiet", "--depth=1", &source, "shallow"]);
    let shallow = clones.path().join("shallow/api");
    fails(&shallow, "git:v1", 3, &["no commit `v1`", "shallow clone", "fetch-depth: 0"]);
    git(&shallow, &["checkout", "--quiet", "--detach"]);
    git(&shallow, &["branch", "--quiet", "-D", "main"]);
    fails(&shallow, "git:main", 3, &["no commit `main`", "git:origin/main"]);
    // In a hook.
    let mut hook = command(&api, ["breaking", "--against", "git:HEAD"]);
    feed(
        {
            hook.env("GIT_DIR", ".git").env("GIT_WORK_TREE", "/");
            hook
        },
        "",
    )
    .exits(0);
    // No repository, and no git.
    let plain = folder(&[("contracts.yaml", OLD)]);
    let mut outside = command(plain.path(), ["breaking", "--against", "git:main"]);
    outside.env("GIT_CEILING_DIRECTORIES", plain.path().parent().expect("a parent"));
    feed(outside, "").exits(3).says(&["no git repository", "compare with a file"]);
    let mut without = command(plain.path(), ["breaking", "--against", "git:main"]);
    without.env("PATH", plain.path());
    feed(without, "").exits(3).says(&["git is not installed", "compare with a file"]);
}

/// Fails as it should: the exit code and words.
#[track_caller]
fn fails(folder: &Path, against: &str, code: i32, words: &[&str]) {
    drop(run(folder, ["breaking", "--against", against]).exits(code).says(words));
}

/// Without this, a slip in what is to be compared would be answered with a riddle of git's.
#[test]
fn odd_names_are_explained() {
    let here = folder(&[("api/contracts.yaml", OLD), ("other.yaml", OLD)]);
    git(here.path(), &["init", "--quiet"]);
    let api = here.path().join("api");
    fails(&api, "git:HEAD", 3, &["there is no commit `HEAD`", "it has no commit yet"]);
    git(here.path(), &["add", "."]);
    git(here.path(), &["commit", "--quiet", "-m", "first"]);
    // No path, and paths that no commit has.
    fails(&api, "git:HEAD:", 2, &["`git:HEAD:` names no file", "leave the last `:` out"]);
    let inside = std::fs::canonicalize(&api).expect("a path").join("contracts.yaml");
    fails(&api, &format!("git:HEAD:{}", inside.display()), 2, &["absolute path", "write git:HEAD:api/contracts.yaml"]);
    fails(&api, "git:HEAD:/etc/hosts", 2, &["`/etc/hosts` is an absolute path", "from the root of the repository"]);
    fails(&api, "git:HEAD:../../x.yaml", 3, &["`../../x.yaml` is outside of the repository"]);
    fails(&api, "git:HEAD:contracts.yaml", 3, &["has no file `contracts.yaml`", "from the root of the repository"]);
    run(&api, ["breaking", "--against", "git:HEAD:../other.yaml"]).quiet();
    // What is no commit, looks like an option, or is more than one.
    fails(&api, "git:", 2, &["`git:` names no commit", "git:REF:PATH"]);
    fails(&api, "git::contracts.yaml", 2, &["`git:` names no commit"]);
    fails(&api, "git:--output=x", 2, &["`--output=x` is no commit"]);
    fails(&api, "git:-1:contracts.yaml", 2, &["`-1` is no commit"]);
    fails(&api, "git:main..HEAD", 2, &["`main..HEAD` is a range of commits", "name one"]);
    assert!(!api.join("x").exists());
    // What git takes for several commits, or for another thing than one.
    fails(&api, "git:^v1", 2, &["`^v1` is every commit that is not in `v1`", "name one commit: git:v1, or git:v1^"]);
    fails(&api, "git:HEAD^@", 2, &["`HEAD^@` is a range of commits"]);
    fails(&api, "git:HEAD^{tree}", 2, &["`HEAD^{tree}` is not the name of a commit"]);
    run(&api, ["breaking", "--against", "git:HEAD^{commit}"]).quiet();
    fails(&api, "git:HEAD@{5}", 3, &["does not remember what `HEAD@{5}` was", "`git reflog HEAD` lists"]);
    fails(&api, "git:@{99}:contracts.yaml", 3, &["does not remember", "`git reflog HEAD`"]);
    fails(&api, "git:@{upstream}", 3, &["does not remember what `@{upstream}` was"]);
    // Before the first commit.
    fails(
        &api,
        "git:HEAD^",
        3,
        &["no commit `HEAD^`", "there is `HEAD`, and no such commit before it", "history begins"],
    );
    fails(&api, "git:main~3:api/contracts.yaml", 3, &["there is `main`, and no such"]);
    fails(&api, "git:nothing~3", 3, &["no commit `nothing~3`", "git fetch origin nothing`"]);
    // A clone without what was before.
    std::fs::write(api.join("contracts.yaml"), NEW).expect("written");
    git(here.path(), &["commit", "--quiet", "-a", "-m", "second"]);
    let clones = folder(&[]);
    git(clones.path(), &["clone", "--quiet", "--depth=1", &format!("file://{}", here.path().display()), "shallow"]);
    let shallow = clones.path().join("shallow/api");
    run(&shallow, ["breaking", "--against", "git:HEAD"]).quiet();
    fails(&shallow, "git:HEAD^", 3, &["no such commit before it", "shallow clone", "--unshallow", "`fetch-depth: 0`"]);
}

/// Without this, the name of a file would be taken for a contract.
#[cfg(unix)]
#[test]
fn links_in_a_commit() {
    let here = folder(&[("shared/api.yaml", OLD), ("app/readme", "")]);
    std::os::unix::fs::symlink("../shared/api.yaml", here.path().join("app/contracts.yaml")).expect("a link");
    git(here.path(), &["init", "--quiet"]);
    git(here.path(), &["add", "."]);
    git(here.path(), &["commit", "--quiet", "-m", "first"]);
    std::fs::write(here.path().join("shared/api.yaml"), NEW).expect("written");
    let app = here.path().join("app");
    let found = run(&app, ["breaking", "--against", "git:HEAD", "--format", "json"]).exits(1);
    assert_eq!(found.text().lines().count(), 6, "{}", found.text());
    for named in ["git:HEAD:app/contracts.yaml", "git:HEAD:./contracts.yaml"] {
        fails(&app, named, 3, &["contracts.yaml` is a symbolic link in `HEAD`", "that it points to"]);
    }
}
