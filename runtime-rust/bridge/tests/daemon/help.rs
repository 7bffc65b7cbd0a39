//! What `myc-bridge` says about itself, and that its examples work.

use std::process::Command;

use crate::place::{Ended, Place};
use crate::worker::playing;

fn text(arguments: &[&str]) -> String {
    let ended = Place::new().run(arguments).exits(0);
    assert_eq!(ended.stderr, "");
    ended.stdout
}

/// The commands that the help lists.
fn commands() -> Vec<String> {
    let help = text(&["--help"]);
    let (_, list) = help.split_once("\nCommands:\n").expect("a list of commands");
    let lines = list.lines().take_while(|line| !line.is_empty()).filter_map(|line| line.strip_prefix("  "));
    let names = lines.filter(|line| !line.starts_with(' ')).filter_map(|line| line.split(' ').next());
    let names: Vec<String> = names.map(str::to_owned).collect();
    assert!(names.len() >= 7, "{names:?}");
    names
}

// Without this, a command could be there and nobody know how to use it.
#[test]
fn help_teaches() {
    let help = text(&["--help"]);
    for name in &commands() {
        let help = text(&[name, "--help"]);
        assert!(help.contains(&format!("Usage: myc-bridge {name}")) && help.contains("Examples:"), "{help}");
    }
    for code in ["0 done", "1 findings", "2 wrong usage", "3 something"] {
        assert!(help.contains(code), "{code} in\n{help}");
    }
    assert_eq!(text(&["--version"]), format!("myc-bridge {}\n", env!("CARGO_PKG_VERSION")));
    let place = Place::new();
    place.run([""; 0]).exits(2).says(&["Usage: myc-bridge"]);
    place.run(["statsu"]).exits(2).says(&["a similar subcommand exists: 'status'"]);
    place.run(["man", "statsu"]).exits(2).says(&["did you mean `status`?"]);
}

/// The commands below "Examples:", without the remarks that blanks set apart; where one goes on in the next line, both
/// are one.
fn examples(help: &str) -> Vec<String> {
    let (_, examples) = help.split_once("Examples:\n").expect("examples");
    let mut found = Vec::new();
    let mut begun = String::new();
    for line in examples.lines().take_while(|line| line.starts_with("  ")) {
        assert!(line.chars().count() <= 80, "wider than a terminal: {line}");
        let line = line.trim().split("   ").next().expect("a command");
        match line.strip_suffix('\\') {
            Some(more) => begun.push_str(more),
            None => found.push(std::mem::take(&mut begun) + line),
        }
    }
    assert!(!found.is_empty() && begun.is_empty(), "{help}");
    found
}

// Without this, the first thing that somebody tries could fail.
#[test]
fn examples_work() {
    let place = Place::with(&format!("workers:\n{}", playing("echo", "connect publish")));
    let contract = std::fs::read_to_string(place.path("contracts.yaml")).expect("the contract");
    // The topics and messages of the examples.
    place.write("contracts.yaml", &contract);
    place.write("new.yaml", &contract.replace("value: i32", "value: i64"));
    place.write(
        "echo.exe",
        &format!("#!/bin/sh\nexec {:?} --exact worker::program\n", std::env::current_exe().expect("a path")),
    );
    place.write("updates.json", "{\"counter_id\": \"7\", \"value\": 1, \"delta\": 1}\n".repeat(2).as_str());
    place.write("jq", "#!/bin/sh\ncat > /dev/null\n");
    place.write("myc-bridge", &format!("#!/bin/sh\nexec {:?} \"$@\"\n", env!("CARGO_BIN_EXE_myc-bridge")));
    let programs = ["echo.exe", "jq", "myc-bridge"];
    for name in programs {
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(place.path(name), mode).expect("a program");
    }
    let bash = |script: &str| -> Ended {
        let path = format!("{}:{}", place.path("").display(), std::env::var("PATH").expect("a path"));
        let mut bash = Command::new("timeout");
        bash.args(["60", "bash", "-o", "pipefail", "-c", script]).current_dir(place.path("")).env("PATH", path);
        Ended::of(bash.output().expect("bash runs"))
    };
    let mut count = 0;
    let pages = std::iter::once(text(&["--help"])).chain(commands().into_iter().map(|name| text(&[&name, "--help"])));
    for example in pages.flat_map(|help| examples(&help)) {
        count += 1;
        assert!(example.starts_with("myc-bridge "), "a line too long: {example}");
        if example.starts_with("myc-bridge run") {
            // It goes on until it is told to end.
            let arguments = example.replace("127.0.0.1:9464", "127.0.0.1:0");
            let ended = bash(&format!(
                "{arguments} --ready start 2> log & until [ -S bus.sock.control ]; do :; done; kill $!; wait $!"
            ));
            assert_eq!(ended.code, Some(0), "{example}\n{ended:?}\n{:?}", std::fs::read_to_string(place.path("log")));
        } else if ["status", "tap", "publish"].iter().any(|name| example.starts_with(&format!("myc-bridge {name} "))) {
            let running = place.ready(&[]);
            // One that does not end by itself is ended, and there is no topic `prices` in this contract.
            let example = example.replace("prices", "examples").replace("myc-bridge tap", "myc-bridge tap --for 100ms");
            let ended = bash(&example);
            assert_eq!(ended.code, Some(0), "{example}\n{ended:?}");
            running.stop();
        } else if example.contains("man -l") || example.contains("fpath") || example.contains("~/") {
            // Where it goes is the reader's; what it prints is tested below.
            let command = example.split(['>', '|']).next().expect("a command");
            assert_eq!(bash(command).code, Some(0), "{example}");
        } else {
            let ended = bash(&example);
            assert_eq!(ended.code, Some(0), "{example}\n{ended:?}");
        }
    }
    assert!(count > 15, "{count} examples");
}

// Without this, a completion script could break the shell that loads it, and a manual page be one that `man` garbles.
#[test]
fn completions_and_manual_pages_are_whole() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = text(&["completions", shell]);
        let flags = ["handshake-deadline", "worker-set"].map(str::to_owned);
        for word in commands().iter().chain(&flags) {
            assert!(script.contains(word.as_str()), "{word} in the script for {shell}");
        }
    }
    let place = Place::new();
    place.write("script", &text(&["completions", "bash"]));
    let checked = Command::new("bash").args(["-n", "script"]).current_dir(place.path("")).status().expect("bash runs");
    assert!(checked.success());
    for name in std::iter::once(None).chain(commands().into_iter().map(Some)) {
        let page = match &name {
            None => text(&["man"]),
            Some(name) => text(&["man", name]),
        };
        let title = name.map_or("myc-bridge".to_owned(), |name| format!("myc-bridge-{name}"));
        assert!(page.contains(&format!(".TH {title} 1")), "{page}");
        for section in ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXAMPLES"] {
            assert!(page.lines().any(|line| line == format!(".SH {section}")), "{section} in\n{page}");
        }
    }
}
