//! The examples in `--help`: every one of every command is run as it is written, in a folder where it can be. Which
//! commands there are is read from `myc-schema --help`, so that none is left out.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::SystemTime;

use mycelium_tests::program::{command, feed, folder, run};
use mycelium_tests::project::Program;
use mycelium_tests::toolchain::{compiler, root, without_colours};
use rustix::process::Signal;

/// What is expected of an example that does not end by itself with exit code 0, something printed or written, and
/// nothing on stderr but which folders were made.
enum Expected {
    /// It finds what it is for: exit code 1, and these words on stdout or stderr.
    Finds(&'static str),
    /// That there is nothing to find, or to do, is all that it says.
    Silent,
    /// What to do next is said on stderr.
    Says(&'static str),
    /// It goes on until it is told to end, after these words.
    GoesOn(&'static str),
}

/// The exceptions, as `--help` has them on one line.
const EXPECTED: &[(&str, Expected)] = &[
    ("myc-schema check", Expected::Silent),
    ("myc-schema check a.yaml b.yaml --deny warnings", Expected::Silent),
    ("myc-schema check --message-format github", Expected::Silent),
    ("myc-schema check --locked", Expected::Silent),
    ("myc-schema check --fix --dry-run", Expected::Silent),
    ("myc-schema check --fix", Expected::Silent),
    ("git show HEAD~1:contracts.yaml | myc-schema check - --stdin-name contracts.yaml", Expected::Silent),
    ("myc-schema compile --lang rust --out src --check", Expected::Silent),
    ("myc-schema compile --lang rust --out src --watch", Expected::GoesOn("contracts.yaml: wrote src/messages.rs")),
    ("myc-schema lock", Expected::Silent),
    ("myc-schema lock --amend", Expected::Silent),
    ("myc-schema lock --out - | diff contracts.lock -", Expected::Silent),
    ("myc-schema breaking --against git:main", Expected::Finds("FIELD_ADDED")),
    ("myc-schema breaking --against git:v1.2.0:old/api.yaml", Expected::Finds("FIELD_ADDED")),
    ("myc-schema breaking --against contracts.lock", Expected::Silent),
    ("myc-schema breaking new.yaml --against old.yaml --category wire", Expected::Finds("FIELD_ADDED")),
    (
        "myc-schema breaking --against old.yaml --allow 'FIELD_ADDED:Ping.nonce=nobody listens yet'",
        Expected::Finds("allowed[FIELD_ADDED]"),
    ),
    ("myc-schema breaking --against git:origin/main --format markdown > comment.md", Expected::Finds("")),
    ("diff <(myc-schema digest --explain old.yaml) <(myc-schema digest --explain new.yaml)", Expected::Finds("venue")),
    ("myc-schema fmt", Expected::Silent),
    ("myc-schema fmt --check a.yaml b.yaml", Expected::Silent),
    ("myc-schema lsp < /dev/null", Expected::Silent),
    ("myc-schema new ocaml-worker my-worker", Expected::Says("dune")),
    ("myc-schema new ocaml-worker my-worker --no-vendor", Expected::Says("dune")),
    ("myc-schema new rust-service services/words --name words-service", Expected::Says("cargo")),
    ("myc-schema new rust-client my-client", Expected::Says("cargo")),
];

/// What machines need not have: a bus that answers with a frame, a printer of JSON, a pager, a program with a contract.
const PROGRAMS: &[(&str, &str)] = &[
    ("nc", "#!/bin/sh\ncat frame.bin\n"),
    ("jq", "#!/bin/sh\ncat\n"),
    ("less", "#!/bin/sh\ncat\n"),
    ("man", "#!/bin/sh\ncat\n"),
    ("generate-contract", "#!/bin/sh\ncat contracts.yaml\n"),
];

/// The commands that `myc-schema --help` lists.
fn commands() -> Vec<String> {
    let help = run(&root(), ["--help"]).exits(0);
    let (_, list) = help.text().split_once("\nCommands:\n").expect("a list of commands");
    // The words about a command may go on in a line below it, further to the right.
    let lines = list.lines().take_while(|line| !line.is_empty());
    let named = lines.filter_map(|line| line.strip_prefix("  ")).filter(|line| !line.starts_with(' '));
    named.filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
}

/// The examples in the help of a command, without the remarks that two blanks set apart; where a command goes on in
/// the next line, both are one. Empty: of `myc-schema` as a whole.
fn examples(name: &str) -> Vec<String> {
    let arguments = [name, "--help"];
    let help = run(&root(), arguments.iter().filter(|word| !word.is_empty())).exits(0);
    let (_, text) = help.text().split_once("\nExamples:\n").unwrap_or_else(|| panic!("no example of {name}"));
    let mut examples = Vec::new();
    let mut begun = String::new();
    for line in text.lines().take_while(|line| !line.is_empty()) {
        let line =
            line.strip_prefix("  ").unwrap_or_else(|| panic!("not indented, or broken by clap: {line:?}")).trim();
        let line = line.split_once("  ").map_or(line, |(command, _)| command);
        match line.strip_suffix('\\') {
            Some(more) => begun.push_str(more),
            None => examples.push(std::mem::take(&mut begun) + line),
        }
    }
    assert!(!examples.is_empty() && begun.is_empty(), "{name}: {examples:?}, and then {begun:?}");
    let of = format!("myc-schema {name}");
    assert!(examples.iter().any(|example| example.contains(of.trim())), "{name}: {examples:?}");
    examples
}

/// A line for bash, with the compiler and the stand-ins in PATH, in a home of its own.
fn bash(here: &Path, line: &str) -> Command {
    let mut bash = Command::new("bash");
    let folders = [here.join("bin"), compiler().parent().expect("a folder").to_owned()];
    let rest = std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()).collect::<Vec<_>>();
    let path = std::env::join_paths(folders.into_iter().chain(rest)).expect("folders");
    // zsh has the array that one of them names.
    let line = format!("fpath=(zsh zsh); {line}");
    bash.args(["-o", "pipefail", "-c", &line]).current_dir(here).env("PATH", path).env("HOME", here);
    // A repository of its own, whatever is configured here.
    for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"] {
        bash.env_remove(name);
    }
    without_colours(bash)
}

fn succeeds(here: &Path, line: &str) {
    feed(bash(here, line), "").exits(0);
}

/// The reference contract with messages of the examples, as it was in version 1 and as it is in version 2; the first
/// is on `main` and tagged, the second on a branch with two commits; the lock has both.
fn world() -> tempfile::TempDir {
    let reference = fs::read_to_string(root().join("contracts.yaml")).expect("a contract");
    let more = |version: &str, venue: &str, nonce: &str| {
        let raised = reference.replace("version: 1,", &format!("version: {version},"));
        assert!(raised.contains(&format!("version: {version},")));
        let message = |name: &str, id: &str, fields: &str| {
            format!("  {name}:\n    tlv_type: {id}\n    domain: Examples\n    fields: {{ {fields} }}\n")
        };
        let tick = message("TradeTick", "1007", &format!("price: i64{venue}"));
        raised + &tick + &message("Ping", "1008", &format!("sent: u64{nonce}"))
    };
    let (old, new) = (more("1", "", ""), more("2", ", venue: u16", ", nonce: u64"));
    let here = folder(&[
        ("contracts.yaml", &old),
        ("old.yaml", &old),
        ("new.yaml", &new),
        ("old/api.yaml", &old),
        ("api/contracts.yaml", &old),
        (".local/share/bash-completion/completions/_", ""),
        (".config/fish/completions/_", ""),
        ("zsh/_", ""),
        ("src/_", ""),
    ]);
    let path = here.path();
    let copy = |from: &str, to: &str| {
        fs::create_dir_all(path.join(to).parent().expect("a folder")).expect("a folder");
        fs::copy(root().join("golden").join(from), path.join(to)).expect("a copy");
    };
    copy("reference/TextMessage/typical.bin", "text.bin");
    copy("reference/TextMessage/typical.json", "text.json");
    copy("reference/TextMessage/typical.json", "examples/TextMessage/typical.json");
    copy("streams/openings/v2_then_subscribe.bin", "captured.bin");
    copy("streams/frames/subscribe.bin", "subscribe.bin");
    fs::create_dir(path.join("bin")).expect("a folder");
    for (name, script) in PROGRAMS {
        let program = path.join("bin").join(name);
        fs::write(&program, script).expect("a file");
        let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(&program, executable).expect("a program");
    }
    let commit = "git add -A && git -c user.name=T -c user.email=t@example.org commit --quiet --message change";
    succeeds(path, &format!("myc-schema lock && git init --quiet --initial-branch=main && {commit}"));
    succeeds(path, "git tag v1.2.0 && git tag v1.4.0 && git update-ref refs/remotes/origin/main main");
    succeeds(path, "git checkout --quiet -b change");
    for name in ["contracts.yaml", "api.yaml", "billing.yaml", "a.yaml", "b.yaml"] {
        fs::write(path.join(name), &new).expect("a contract");
    }
    succeeds(path, "myc-schema fmt && myc-schema fmt a.yaml b.yaml && myc-schema lock");
    succeeds(path, &format!("{commit} && echo more > note && {commit}"));
    let json = r#"{"counter_id": "7", "value": 1, "delta": 0}"#;
    let frame = feed(command(path, ["encode", "CounterUpdate", "--frame"]), json).quiet();
    fs::write(path.join("frame.bin"), &frame).expect("a file");
    here
}

/// The files below a folder, but those of git, with what tells that they were written.
fn files(folder: &Path) -> BTreeMap<std::path::PathBuf, (u64, SystemTime)> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry")) {
        let (path, meta) = (entry.path(), entry.metadata().expect("metadata"));
        match meta.is_dir() {
            true if entry.file_name() == ".git" => {}
            true => found.extend(files(&path)),
            false => drop(found.insert(path, (meta.len(), meta.modified().expect("a time")))),
        }
    }
    found
}

/// Without this, the first thing that somebody tries could fail.
#[test]
fn every_example_of_every_command_runs() {
    let world = world();
    let mut rows: Vec<&str> = EXPECTED.iter().map(|(example, _)| *example).collect();
    let mut count = 0;
    for name in commands().iter().map(String::as_str).chain([""]) {
        for example in examples(name) {
            count += 1;
            // Each finds the world as it was.
            let here = folder(&[]);
            let copied = Command::new("cp").arg("-a").arg(world.path().join(".")).arg(here.path()).status();
            assert!(copied.expect("cp runs").success());
            rows.retain(|row| *row != example);
            let expected = EXPECTED.iter().find(|(row, _)| *row == example).map(|(_, expected)| expected);
            if let Some(Expected::GoesOn(words)) = expected {
                let mut program = Program::start(bash(here.path(), &format!("exec {example}")));
                program.says(words);
                program.ends_at(Signal::INT);
                continue;
            }
            // What is up to date only after it was made.
            if let Some(make) = example.strip_suffix(" --check") {
                succeeds(here.path(), make);
            }
            let before = files(here.path());
            let ran = feed(bash(here.path(), &example), "");
            let changed = files(here.path()) != before;
            let stdout = String::from_utf8_lossy(&ran.stdout);
            let context = format!("`{example}` exits with {:?}: {stdout}{}", ran.code, ran.stderr);
            match expected {
                None => {
                    let made = |line: &str| line.starts_with("made the folder `");
                    assert!(ran.code == Some(0) && ran.stderr.lines().all(made), "{context}");
                    assert!(changed || !ran.stdout.is_empty(), "{context}");
                }
                Some(Expected::Silent) => {
                    assert!(ran.code == Some(0) && ran.stdout.is_empty() && ran.stderr.is_empty(), "{context}");
                    assert!(!changed, "{context}");
                }
                Some(Expected::Says(words)) => {
                    assert!(ran.code == Some(0) && ran.stderr.contains(words) && changed, "{context}");
                }
                Some(Expected::Finds(words)) => {
                    assert!(ran.code == Some(1) && context.contains(words), "{context}");
                }
                Some(Expected::GoesOn(_)) => unreachable!("run above"),
            }
        }
    }
    assert!(rows.is_empty(), "of no example: {rows:?}");
    assert!(count > 70, "only {count} examples");
}

/// Without this, examples could be torn apart on a narrow terminal, and the words around them ragged.
#[test]
fn help_fits_a_narrow_terminal() {
    for name in commands().iter().map(String::as_str).chain([""]) {
        let arguments = [name, "--help"].into_iter().filter(|word| !word.is_empty());
        let mut narrow = command(&root(), arguments);
        narrow.env("COLUMNS", "80");
        let narrow = feed(narrow, "").exits(0);
        // The manual page has the same words as they were written.
        let page = run(&root(), ["man", name].into_iter().filter(|word| !word.is_empty())).exits(0);
        let (_, written) = page.text().split_once(".SH EXAMPLES\n.nf\n").expect("examples");
        let (written, _) = written.split_once("\n.fi\n").expect("their end");
        let written =
            written.lines().map(|line| line.trim_start_matches("\\&").replace("\\-", "-").replace("\\e", "\\"));
        for line in written.filter(|line| !line.is_empty()) {
            assert!(line.chars().count() <= 80, "{name}: {line}");
            assert!(narrow.text().lines().any(|shown| shown == line), "{name}: {line:?} in\n{}", narrow.text());
        }
    }
}
