//! Dockerfiles. No image is built here: there is hadolint's judgement, and each command that does not need an empty
//! machine is run as it stands.

use std::collections::BTreeSet;
use std::path::PathBuf;

use mycelium_tests::program::{Run, folder};
use mycelium_tests::project::{bash, new};
use mycelium_tests::toolchain::{self, compiler, root};

use super::{deployed, text};

const FILES: &[&str] = &["bridge.Dockerfile", "worker.Dockerfile"];

/// The instructions of a file: a word and what follows, lines that go on put together.
fn instructions(file: &str) -> Vec<(String, String)> {
    let text = text(&format!("docs/ocaml-bridge/deploy/docker/{file}"));
    let lines = text.lines().filter(|line| !line.starts_with('#')).collect::<Vec<_>>().join("\n");
    let whole = lines.replace("\\\n", "");
    let instructions = whole.lines().filter_map(|line| line.split_once(' '));
    instructions.map(|(word, rest)| (word.to_owned(), rest.trim().to_owned())).collect()
}

/// The commands of all `RUN` lines.
fn commands(file: &str) -> Vec<String> {
    let runs = instructions(file).into_iter().filter(|(word, _)| word == "RUN");
    runs.flat_map(|(_, line)| line.split("&&").map(|command| command.trim().to_owned()).collect::<Vec<_>>()).collect()
}

#[test]
fn hadolint_is_content() {
    for file in FILES {
        let mut hadolint = toolchain::tool("hadolint");
        hadolint.args(["--failure-threshold", "style"]).arg(deployed("docker").join(file));
        let run = Run::from(toolchain::run(hadolint));
        assert_eq!((run.code, run.text()), (Some(0), ""), "{}", run.stderr);
    }
}

/// The image would not be built: cargo refuses to build with an older Rust than the workspace's.
#[test]
fn the_rust_of_the_image_is_new_enough() {
    let manifest = text("Cargo.toml");
    let version = manifest.lines().find_map(|line| line.strip_prefix("rust-version = ")).expect("a version");
    let from = format!("rust:{}-bookworm AS build", version.trim_matches('"'));
    assert_eq!(instructions("bridge.Dockerfile")[0], ("FROM".to_owned(), from));
}

/// What is copied from the build has to be what was built, under the names that the rest uses.
#[test]
fn the_bridge_is_built_as_it_is_copied() {
    let commands = commands("bridge.Dockerfile");
    let builds: Vec<&String> = commands.iter().filter(|command| command.starts_with("cargo build")).collect();
    assert_eq!(builds.len(), 2);
    let mut built = BTreeSet::new();
    for build in builds {
        // A release build takes minutes, and differs in nothing that could fail.
        let here = build.strip_prefix("cargo build --release ").expect("a release build");
        let arguments: Vec<&str> = ["build", "--quiet"].into_iter().chain(here.split(' ')).collect();
        Run::from(toolchain::run(toolchain::cargo(&root(), &arguments))).exits(0);
        built.insert(format!("/src/target/release/{}", arguments.last().expect("a program")));
        assert!(toolchain::target_folder().join("debug").join(arguments.last().expect("a program")).is_file());
    }
    let instructions = instructions("bridge.Dockerfile");
    let copied = instructions.iter().find_map(|(_, rest)| rest.strip_prefix("--from=build ")).expect("a copy");
    let (programs, folder) = copied.rsplit_once(' ').expect("programs and a folder");
    assert_eq!(programs.split(' ').map(str::to_owned).collect::<BTreeSet<_>>(), built);
    let entry = instructions.iter().find(|(word, _)| word == "ENTRYPOINT").expect("an entry point");
    assert!(entry.1.contains(&format!("\"{folder}myc-bridge\"")), "{entry:?}");
}

/// The flags that containers are started and watched with have to be the program's.
#[test]
fn the_image_calls_the_bridge_as_it_wants_to_be_called() {
    for (word, rest) in instructions("bridge.Dockerfile") {
        let call = match (word.as_str(), rest.split_once("CMD ")) {
            ("CMD", _) => rest,
            ("HEALTHCHECK", Some((_, call))) => call.replace("\"myc-bridge\", ", ""),
            _ => continue,
        };
        let mut arguments: Vec<String> = serde_json::from_str(&call).expect("a list");
        arguments.push("--help".to_owned());
        let mut bridge = std::process::Command::new(bridge());
        bridge.args(&arguments);
        let run = Run::from(toolchain::run(bridge)).exits(0);
        for flag in arguments.iter().filter(|argument| argument.starts_with("--")) {
            assert!(run.text().contains(flag.as_str()), "{flag} of {call}");
        }
    }
}

/// The bridge under test.
fn bridge() -> PathBuf {
    let build = toolchain::cargo(&root(), &["build", "--quiet", "--package", "mycelium-bridge", "--bin", "myc-bridge"]);
    Run::from(toolchain::run(build)).exits(0);
    toolchain::target_folder().join("debug/myc-bridge")
}

/// A worker as it is written is built by the commands of the image, and leaves the program where it is copied from.
#[test]
fn the_commands_of_the_image_build_a_worker() {
    let here = folder(&[]);
    new(here.path(), &["ocaml-worker", "my-worker"]);
    let commands = commands("worker.Dockerfile");
    let out = here.path().join("out");
    let build: Vec<String> = commands
        .into_iter()
        .filter(|command| command.starts_with("dune ") || command.starts_with("install "))
        .map(|command| command.replace("/out/", &format!("{}/", out.display())))
        .collect();
    assert_eq!(build.len(), 2);
    let path = std::env::var("PATH").expect("a path");
    let mut run = bash(&here.path().join("my-worker"), &build.join(" && "));
    run.env("PATH", format!("{}:{path}", compiler().parent().expect("a folder").display()));
    Run::from(toolchain::run(run)).exits(0);
    let mut worker = std::process::Command::new(out.join("worker"));
    worker.env_remove("MYCELIUM_SOCKET");
    let run = Run::from(toolchain::run(worker));
    assert!(run.code == Some(78) && run.stderr.contains("MYCELIUM_SOCKET"), "{}", run.stderr);
}

/// Debian's packages that a worker is built with are those that `new` names.
#[test]
fn a_worker_is_built_with_the_packages_that_new_names() {
    let here = folder(&[]);
    let words = new(here.path(), &["ocaml-worker", "my-worker"]);
    let (_, named) = words.split_once("apt-get install ").expect("packages");
    let named: Vec<&str> = named.split('`').next().expect("packages").split(' ').collect();
    let install = commands("worker.Dockerfile").into_iter().find(|line| line.contains("apt-get install")).expect("one");
    let installed: BTreeSet<&str> = install.split(' ').collect();
    assert!(named.iter().all(|package| installed.contains(package)), "{named:?} {install}");
}
