//! What others run `myc-schema` by: the hooks for pre-commit, and the workflow for GitHub.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use mycelium_tests::program::{Run, feed, folder};
use mycelium_tests::toolchain::{compiler, root, without_colours};
use serde_yaml::Value;

fn text(path: &str) -> String {
    fs::read_to_string(root().join(path)).expect("a file of the project")
}

/// A line of bash in a folder, with `myc-schema` in PATH.
fn bash(here: &Path, line: &str) -> Command {
    let mut bash = Command::new("bash");
    let folders = [here.join("bin"), compiler().parent().expect("a folder").to_owned()];
    let rest = std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()).collect::<Vec<_>>();
    let path = std::env::join_paths(folders.into_iter().chain(rest)).expect("folders");
    bash.args(["-o", "pipefail", "-c", line]).current_dir(here).env("PATH", path);
    // A repository of its own, whatever is configured here.
    for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"] {
        bash.env_remove(name);
    }
    without_colours(bash)
}

fn succeeds(here: &Path, line: &str) -> Run {
    feed(bash(here, line), "").exits(0)
}

const COMMIT: &str = "git add -A && git -c user.name=T -c user.email=t@example.org commit --quiet --message change";

/// A repository with the reference contract, its generated code, and a commit before the last.
fn repository() -> tempfile::TempDir {
    let contract = text("contracts.yaml");
    let here =
        folder(&[("contracts.yaml", &contract), ("a.yaml", &contract), ("b.yaml", &contract), ("api.yaml", &contract)]);
    succeeds(here.path(), "git init --quiet --initial-branch=main && myc-schema fmt && myc-schema fmt a.yaml b.yaml");
    succeeds(here.path(), "myc-schema compile --lang rust --out src && myc-schema lock");
    succeeds(here.path(), &format!("{COMMIT} && git update-ref refs/remotes/origin/main main"));
    succeeds(here.path(), &format!("echo '# more' >> a.yaml && {COMMIT}"));
    here
}

/// Without this, a hook could be one that pre-commit refuses, or one that finds nothing.
#[test]
fn the_hooks_for_pre_commit_run() {
    let hooks: Vec<BTreeMap<String, Value>> = serde_yaml::from_str(&text(".pre-commit-hooks.yaml")).expect("hooks");
    let config: Value = serde_yaml::from_str(&text("tests/fixtures/pre-commit-config.yaml")).expect("a configuration");
    let used = config["repos"][0]["hooks"].as_sequence().expect("hooks").clone();
    assert_eq!(used.len(), hooks.len(), "the example has all of them");
    let here = repository();
    let words = |value: &Value| value.as_str().expect("a text").to_owned();
    let commands: Vec<String> = hooks
        .iter()
        .map(|hook| {
            for key in ["id", "name", "entry", "language", "files"] {
                assert!(hook.contains_key(key), "{key} in {hook:?}");
            }
            assert_eq!(words(&hook["language"]), "system");
            let files = words(&hook["files"]);
            assert_eq!(files, r"(^|/)contracts\.ya?ml$");
            let user = used.iter().find(|user| user["id"] == hook["id"]).expect("the example uses it");
            let args = user["args"].as_sequence().cloned().unwrap_or_default();
            let mut parts = vec![words(&hook["entry"])];
            parts.extend(args.iter().map(words));
            if hook.get("pass_filenames") != Some(&Value::Bool(false)) {
                parts.push("contracts.yaml".to_owned());
            }
            parts.join(" ")
        })
        .collect();
    for command in &commands {
        assert_eq!(succeeds(here.path(), command).text(), "", "{command}");
    }
    // Each finds what it is for.
    let contract = fs::read_to_string(here.path().join("contracts.yaml")).expect("the contract");
    for (command, old, new, finding) in
        [(&commands[0], "value: i32", "value: i33", "E0201"), (&commands[2], "value: i32", "value: i64", "stale")]
    {
        fs::write(here.path().join("contracts.yaml"), contract.replacen(old, new, 1)).expect("written");
        let found = feed(bash(here.path(), command), "").exits(1);
        assert!(found.stderr.contains(finding), "{command}: {found:?}");
    }
    fs::write(here.path().join("contracts.yaml"), contract.replacen("value: i32", "value:   i32", 1)).expect("written");
    succeeds(here.path(), &commands[1]);
    // pre-commit fails where a hook changes a file; this one did.
    assert_eq!(fs::read_to_string(here.path().join("contracts.yaml")).expect("the contract"), contract);
}

/// Without this, the workflow of the documentation could be one that fails on a good contract or passes a bad one.
#[test]
fn the_workflow_for_github_runs() {
    let workflow: Value = serde_yaml::from_str(&text("tests/fixtures/contracts-workflow.yaml")).expect("a workflow");
    let steps = workflow["jobs"]["contracts"]["steps"].as_sequence().expect("steps").clone();
    assert_eq!(steps[0]["uses"].as_str(), Some("actions/checkout@v4"));
    assert_eq!(steps[0]["with"]["fetch-depth"].as_u64(), Some(0), "other branches are there");
    let runs: Vec<String> = steps
        .iter()
        .filter(|step| step["name"].as_str() != Some("Install"))
        .filter_map(|step| step["run"].as_str().map(str::to_owned))
        .collect();
    assert_eq!(runs.len(), 4);
    let here = repository();
    for line in &runs {
        succeeds(here.path(), line);
    }
    let contract = fs::read_to_string(here.path().join("contracts.yaml")).expect("the contract");
    for (index, old, new, finding) in [
        (0, "value: i32", "value: i33", "::error file=contracts.yaml,line="),
        (1, "value: i32", "value:   i32", "--- contracts.yaml"),
        (2, "value: i32", "value: i64", "--- src/messages.rs"),
        (3, "value: i32", "value: i64", "::error "),
    ] {
        fs::write(here.path().join("contracts.yaml"), contract.replacen(old, new, 1)).expect("written");
        let found = feed(bash(here.path(), &runs[index]), "").exits(1);
        let said = format!("{}{}", found.text(), found.stderr);
        assert!(said.contains(finding), "{}: {said}", runs[index]);
    }
}

/// Without this, the extension of the documentation could be one that VS Code refuses.
#[test]
fn the_extension_for_vs_code_is_whole() {
    let package: serde_json::Value = serde_json::from_str(&text("docs/editors/vscode/package.json")).expect("JSON");
    let main = package["main"].as_str().expect("a file").trim_start_matches("./");
    let code = text(&format!("docs/editors/vscode/{main}"));
    let setting = package["contributes"]["configuration"]["properties"].as_object().expect("settings");
    assert!(
        setting.contains_key("mycelium.compiler") && code.contains(r#"getConfiguration("mycelium").get("compiler")"#)
    );
    assert!(code.contains(r#"args: ["lsp"]"#));
    assert!(code.contains("vscode-languageclient") && package["dependencies"]["vscode-languageclient"].is_string());
}
