//! `cargo xtask setup`: finds out which of the OCaml tools are missing and installs those, and only those, from
//! Debian's or Ubuntu's packages (rustfmt and clippy with rustup). What is already there, from wherever, is used.

use std::io::IsTerminal;
use std::path::Path;
use std::process::Command;

use crate::{Failure, Outcome, process};

/// One line for the usage text.
pub const ABOUT: &str =
    "installs what is missing of OCaml, findlib, dune, Alcotest and QCheck; --bench: for the benches";

/// Something the project needs beside Rust.
struct Tool {
    name: &'static str,
    package: &'static str,
    /// Succeeds where the tool is there.
    probe: &'static [&'static str],
    bench_only: bool,
}

static TOOLS: &[Tool] = &[
    Tool { name: "ocamlopt", package: "ocaml", probe: &["ocamlopt", "-version"], bench_only: false },
    Tool { name: "ocamlfind", package: "ocaml-findlib", probe: &["ocamlfind", "printconf", "path"], bench_only: false },
    Tool { name: "dune", package: "ocaml-dune", probe: &["dune", "--version"], bench_only: false },
    Tool {
        name: "the OCaml library alcotest",
        package: "libalcotest-ocaml-dev",
        probe: &["ocamlfind", "query", "alcotest"],
        bench_only: false,
    },
    Tool {
        name: "the OCaml library qcheck",
        package: "libqcheck-ocaml-dev",
        probe: &["ocamlfind", "query", "qcheck"],
        bench_only: false,
    },
    Tool {
        name: "the OCaml library bin_prot",
        package: "libbin-prot-ocaml-dev",
        probe: &["ocamlfind", "query", "bin_prot"],
        bench_only: true,
    },
    Tool { name: "flatc", package: "flatbuffers-compiler", probe: &["flatc", "--version"], bench_only: true },
];

/// Installs what is missing; `--bench` includes what only the benches need.
pub fn run(arguments: &[String]) -> Outcome {
    let bench = match arguments {
        [] => false,
        [only] if only == "--bench" => true,
        _ => return Err(Failure(format!("cannot understand `{}`; the one option is --bench", arguments.join(" ")))),
    };
    ensure(bench)
}

/// Makes sure that every tool is there, with those of the benches where `bench` asks for them.
pub fn ensure(bench: bool) -> Outcome {
    rust_components()?;
    let missing = missing(bench);
    if missing.is_empty() {
        println!("setup: nothing to install");
        return Ok(());
    }
    let names: Vec<_> = missing.iter().map(|tool| tool.name).collect();
    let packages: Vec<_> = missing.iter().map(|tool| tool.package).collect();
    println!("setup: missing: {}", names.join(", "));
    println!("setup: installing with apt-get: {}", packages.join(" "));
    install(&Machine::inspect(), &packages)?;

    let still = self::missing(bench);
    if still.is_empty() {
        return Ok(());
    }
    // A compiler from an opam switch hides the libraries of the distribution's compiler.
    let names: Vec<_> = still.iter().map(|tool| tool.name).collect();
    Err(Failure(format!(
        "{} still not found after apt-get installed {}. Another OCaml comes first in PATH: install it there (with opam: \
         `opam install dune alcotest qcheck`), or take it out of PATH",
        names.join(", "),
        packages.join(" ")
    )))
}

/// rustfmt and clippy, which a minimal Rust toolchain lacks.
fn rust_components() -> Outcome {
    for (command, component) in [("fmt", "rustfmt"), ("clippy", "clippy")] {
        if !process::succeeds(process::cargo(&[command, "--version"])) {
            println!("setup: missing: cargo {command}; installing {component} with rustup");
            process::run(process::program("rustup", &["component", "add", component]))?;
        }
    }
    Ok(())
}

fn missing(bench: bool) -> Vec<&'static Tool> {
    let wanted = TOOLS.iter().filter(|tool| bench || !tool.bench_only);
    wanted.filter(|tool| !process::succeeds(process::program(tool.probe[0], &tool.probe[1..]))).collect()
}

/// What decides how packages can be installed.
struct Machine {
    has_apt: bool,
    is_root: bool,
    has_sudo: bool,
    has_package_lists: bool,
    can_ask_for_password: bool,
}

impl Machine {
    fn inspect() -> Self {
        let lists = std::fs::read_dir("/var/lib/apt/lists").into_iter().flatten().flatten();
        Self {
            has_apt: process::succeeds(process::program("apt-get", &["--version"])),
            is_root: process::output(process::program("id", &["-u"])).is_ok_and(|id| id.trim() == "0"),
            has_sudo: process::succeeds(process::program("sudo", &["-V"])),
            has_package_lists: lists.into_iter().any(|entry| is_package_list(&entry.path())),
            can_ask_for_password: std::io::stdin().is_terminal() && std::env::var_os("CI").is_none(),
        }
    }
}

fn is_package_list(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().contains("_Packages"))
}

fn install(machine: &Machine, packages: &[&str]) -> Outcome {
    let by_hand = format!("apt-get update && apt-get install -y --no-install-recommends {}", packages.join(" "));
    if !machine.has_apt {
        return Err(Failure(format!(
            "no apt-get on this machine. Install OCaml 4.13 or later, findlib, dune, alcotest and qcheck (with opam: \
             `opam install dune alcotest qcheck`); on Debian or Ubuntu, as root: `{by_hand}`"
        )));
    }
    if !machine.is_root && !machine.has_sudo {
        return Err(Failure(format!("not root, and no sudo. As root: `{by_hand}`")));
    }
    let explain = |Failure(words): Failure| Failure(format!("{words}\nBy hand, as root: `{by_hand}`"));
    let install = || process::run(apt(machine, &install_arguments(packages)));
    let update = || process::run(apt(machine, &["update"]));
    if !machine.has_package_lists {
        update().map_err(explain)?;
        return install().map_err(explain);
    }
    // Old lists name packages that the archive has replaced since: once more with new ones.
    install().or_else(|_| update().and_then(|()| install())).map_err(explain)
}

fn install_arguments<'a>(packages: &[&'a str]) -> Vec<&'a str> {
    [&["install", "-y", "--no-install-recommends"], packages].concat()
}

fn apt(machine: &Machine, arguments: &[&str]) -> Command {
    let mut words = vec![];
    if !machine.is_root {
        words.extend(if machine.can_ask_for_password { &["sudo"][..] } else { &["sudo", "-n"][..] });
    }
    // Through env, because sudo does not hand variables on.
    words.extend(["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]);
    words.extend(["-o", "DPkg::Lock::Timeout=300", "-o", "Acquire::Retries=3"]);
    words.extend(arguments);
    let mut command = process::program(words[0], &words[1..]);
    if machine.can_ask_for_password {
        command.stdin(std::process::Stdio::inherit());
    }
    command
}
