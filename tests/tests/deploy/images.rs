//! Dockerfiles. No image is built here: there is hadolint's judgement, and each command that does not need an empty
//! machine is run as it stands.

use std::collections::BTreeSet;

use mycelium_tests::program::{Run, folder};
use mycelium_tests::project::{bash, new};
use mycelium_tests::toolchain::{self, compiler};

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
