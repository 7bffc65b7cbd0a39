//! The units under a systemd that runs: the lines of the page, then what has to come of them. It is process 1 of
//! namespaces of its own, with copies of the folders that are installed into.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use mycelium_tests::program::{Run, folder};
use mycelium_tests::project::{bash, new};
use mycelium_tests::toolchain::{self, compiler, root};

use super::text;

/// Leaves the test out where a machine cannot do it.
const WITHOUT: &str = "MYC_WITHOUT_SYSTEMD";

/// The lines of the page that install a bridge.
fn lines() -> String {
    let page = text("docs/operations.md");
    let (_, rest) = page.split_once("### With systemd").expect("the part about systemd");
    let (_, rest) = rest.split_once("```text\n").expect("a block");
    rest.split("```").next().expect("its end").to_owned()
}

/// What a checkout has once it is built, without what a release build would take.
fn checkout(work: &Path) {
    symlink(root().join("docs"), work.join("docs")).expect("a link");
    new(work, &["ocaml-worker", "my-worker"]);
    let mut build = bash(&work.join("my-worker"), "dune build");
    let path = std::env::var("PATH").expect("a path");
    build.env("PATH", format!("{}:{path}", compiler().parent().expect("a folder").display()));
    Run::from(toolchain::run(build)).exits(0);
    let bridge =
        toolchain::cargo(&root(), &["build", "--quiet", "--package", "mycelium-bridge", "--bin", "myc-bridge"]);
    Run::from(toolchain::run(bridge)).exits(0);
    fs::create_dir_all(work.join("target/release")).expect("a folder");
    let built = toolchain::target_folder().join("debug/myc-bridge");
    symlink(built, work.join("target/release/myc-bridge")).expect("a link");
}

/// A command with the rights to make namespaces.
fn privileged(arguments: &[&str]) -> Command {
    let id = Command::new("id").arg("-u").output().expect("id");
    let mut words = if id.stdout == b"0\n" { Vec::new() } else { vec!["sudo", "-n"] };
    words.extend(arguments);
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).stdin(std::process::Stdio::null());
    command
}

const NAMESPACES: [&str; 8] =
    ["unshare", "--pid", "--mount", "--fork", "--uts", "--ipc", "--cgroup", "--propagation=private"];

/// Without this the units could be well formed and the bridge unable to run under them: too well protected, killed while
/// it starts, or leaving behind what its workers started.
#[test]
fn the_bridge_runs_under_systemd_as_the_page_says() {
    if std::env::var_os(WITHOUT).is_some() {
        eprintln!("{WITHOUT} is set: the units are not run");
        return;
    }
    let can = privileged(&[&NAMESPACES[..], &["true"]].concat()).status();
    assert!(
        can.is_ok_and(|status| status.success()),
        "a systemd of the test's own needs root, or sudo without a password, and namespaces; where a machine has none, \
         {WITHOUT}=1 leaves the test out"
    );
    let work = folder(&[]);
    checkout(work.path());
    let here = |name: &str| work.path().join(name).display().to_string();
    fs::write(here("drive.sh"), text("tests/tests/deploy/drive.sh").replace("$PAGE\n", &lines())).expect("a script");
    fs::write(here("boot.sh"), text("tests/tests/deploy/boot.sh")).expect("a script");
    let (script, folder) = (here("boot.sh"), work.path().display().to_string());
    let limit = ["timeout", "--kill-after=5", "400"];
    let shell = ["--kill-child", "bash", &script, &folder];
    let run = Run::from(toolchain::run(privileged(&[&limit[..], &NAMESPACES, &shell].concat())));
    let said = fs::read_to_string(here("said")).unwrap_or_default();
    assert_eq!(run.code, Some(0), "{}{}\n{said}", run.text(), run.stderr);
}
