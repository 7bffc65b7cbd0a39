//! The examples in `--help` of commands that look at bytes: each is run as it is written, where its files are.

use std::fs;
use std::process::Command;

use mycelium_tests::program::{command, feed, folder, run};
use mycelium_tests::toolchain::{compiler, root, without_colours};

/// The commands below "Examples:", without the remarks that two blanks set apart.
fn examples(name: &str) -> Vec<String> {
    let help = run(&root(), [name, "--help"]).exits(0);
    let (_, examples) = help.text().split_once("Examples:\n").expect("examples");
    let lines = examples.lines().take_while(|line| line.starts_with("  "));
    lines.map(|line| line.trim().split("   ").next().expect("a command").to_owned()).collect()
}

/// Without this, the first thing that somebody tries could fail.
#[test]
fn examples_work() {
    let here = folder(&[("contracts.yaml", &fs::read_to_string(root().join("contracts.yaml")).expect("a contract"))]);
    let copy = |from: &str, to: &str| fs::copy(root().join("golden").join(from), here.path().join(to)).expect("a copy");
    copy("reference/TextMessage/typical.bin", "text.bin");
    copy("streams/openings/v2_then_subscribe.bin", "captured.bin");
    copy("streams/frames/subscribe.bin", "subscribe.bin");
    let json = r#"{"counter_id": "7", "value": 1, "delta": 0}"#;
    let frame = feed(command(here.path(), ["encode", "CounterUpdate", "--frame"]), json).quiet();
    fs::write(here.path().join("frame.bin"), &frame).expect("a file");
    // What machines need not have: a bus that answers with a frame, and a printer of JSON.
    for (name, script) in [("nc", "#!/bin/sh\ncat frame.bin\n"), ("jq", "#!/bin/sh\ncat\n")] {
        let path = here.path().join("bin").join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(&path, script).expect("a file");
        let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(&path, executable).expect("a program");
    }
    for name in ["api.yaml", "billing.yaml"] {
        fs::copy(root().join("contracts.yaml"), here.path().join(name)).expect("a contract");
    }
    fs::create_dir_all(here.path().join("examples/TextMessage")).expect("a folder");
    copy("reference/TextMessage/typical.json", "examples/TextMessage/typical.json");
    for name in ["annotate", "decode", "docs"] {
        let examples = examples(name);
        assert!(examples.len() >= 3, "{examples:?}");
        for example in examples {
            let mut bash = Command::new("bash");
            let paths = [here.path().join("bin"), compiler().parent().expect("a folder").to_owned()];
            let rest = std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()).collect::<Vec<_>>();
            bash.args(["-o", "pipefail", "-c", &example]).current_dir(here.path());
            bash.env("PATH", std::env::join_paths(paths.into_iter().chain(rest)).expect("folders"));
            let output = feed(without_colours(bash), "").exits(0);
            let made = |line: &str| name == "docs" && line == "made the folder `site`";
            assert!(output.stderr.lines().all(made), "`{example}`: {}", output.stderr);
            // This one writes files.
            assert_eq!(output.stdout.is_empty(), name == "docs", "`{example}`");
        }
    }
    for page in ["index.html", "contracts.html", "contracts.md", "api.html", "billing.html"] {
        assert!(here.path().join("site").join(page).is_file(), "{page}");
    }
}
