//! `cargo xtask setup`: finds out which of the tools are missing and installs those, and only those, from Debian's or
//! Ubuntu's packages (rustfmt and clippy with rustup). What is already there, from wherever, is used.

use std::io::IsTerminal;
use std::path::Path;
use std::process::Command;

use crate::{Failure, Outcome, process};

/// One line for the usage text.
pub const ABOUT: &str = "installs what is missing of OCaml, its libraries, dune, git, patch, make, ninja and groff; --bench: for the benches";

/// What the tools are for. Each includes those before it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd)]
pub enum Purpose {
    /// Building for both languages.
    Demo,
    /// Everything that must hold of a change.
    Gate,
    /// Comparing with other formats.
    Benches,
}

/// Something the project needs beside Rust.
struct Tool {
    name: &'static str,
    packages: &'static [&'static str],
    /// Succeeds where the tool is there.
    probe: &'static [&'static str],
    purpose: Purpose,
}

static TOOLS: &[Tool] = &[
    Tool { name: "ocamlopt", packages: &["ocaml"], probe: &["ocamlopt", "-version"], purpose: Purpose::Demo },
    Tool {
        name: "ocamlfind",
        packages: &["ocaml-findlib"],
        probe: &["ocamlfind", "printconf", "path"],
        purpose: Purpose::Demo,
    },
    Tool { name: "dune", packages: &["ocaml-dune"], probe: &["dune", "--version"], purpose: Purpose::Demo },
    // dune asks it for the version of what it installs from a checkout.
    Tool { name: "git", packages: &["git"], probe: &["git", "--version"], purpose: Purpose::Demo },
    // Tests apply a diff and typeset manual pages.
    Tool { name: "patch", packages: &["patch"], probe: &["patch", "--version"], purpose: Purpose::Gate },
    // Tests have them read dependency files.
    Tool { name: "make", packages: &["make"], probe: &["make", "--version"], purpose: Purpose::Gate },
    Tool { name: "ninja", packages: &["ninja-build"], probe: &["ninja", "--version"], purpose: Purpose::Gate },
    Tool { name: "groff", packages: &["groff-base"], probe: &["groff", "--version"], purpose: Purpose::Gate },
    Tool {
        name: "the OCaml library alcotest",
        packages: &["libalcotest-ocaml-dev"],
        probe: &["ocamlfind", "query", "-r", "alcotest"],
        purpose: Purpose::Gate,
    },
    Tool {
        name: "the OCaml library qcheck",
        packages: &["libqcheck-ocaml-dev"],
        probe: &["ocamlfind", "query", "-r", "qcheck"],
        purpose: Purpose::Gate,
    },
    Tool {
        name: "the OCaml library logs",
        packages: &["liblogs-ocaml-dev"],
        probe: &["ocamlfind", "query", "-r", "logs"],
        purpose: Purpose::Demo,
    },
    Tool {
        name: "the OCaml library lwt",
        packages: &["liblwt-ocaml-dev"],
        probe: &["ocamlfind", "query", "-r", "lwt.unix"],
        purpose: Purpose::Gate,
    },
    Tool {
        name: "the OCaml library zarith",
        packages: &["libzarith-ocaml-dev"],
        probe: &["ocamlfind", "query", "-r", "zarith"],
        purpose: Purpose::Gate,
    },
    Tool {
        name: "the OCaml library bin_prot",
        // Debian's bin_prot needs fieldslib and does not say so.
        packages: &["libbin-prot-ocaml-dev", "libfieldslib-ocaml-dev"],
        probe: &["ocamlfind", "query", "-r", "bin_prot"],
        purpose: Purpose::Benches,
    },
    Tool {
        name: "the C library libzmq",
        packages: &["libzmq3-dev", "pkg-config"],
        probe: &["pkg-config", "--exists", "libzmq"],
        purpose: Purpose::Benches,
    },
    Tool {
        name: "nats-server",
        packages: &["nats-server"],
        probe: &["nats-server", "--version"],
        purpose: Purpose::Benches,
    },
    Tool {
        name: "flatc",
        packages: &["flatbuffers-compiler"],
        probe: &["flatc", "--version"],
        purpose: Purpose::Benches,
    },
];

/// Installs what is missing; `--bench` includes what only the benches need.
pub fn run(arguments: &[String]) -> Outcome {
    let purpose = match arguments {
        [] => Purpose::Gate,
        [only] if only == "--bench" => Purpose::Benches,
        _ => return Err(Failure(format!("cannot understand `{}`; the one option is --bench", arguments.join(" ")))),
    };
    ensure(purpose)
}

/// Makes sure that every tool for `purpose` is there.
pub fn ensure(purpose: Purpose) -> Outcome {
    if purpose >= Purpose::Gate {
        rust_components()?;
    }
    let missing = missing(purpose);
    if missing.is_empty() {
        println!("setup: nothing to install");
        return Ok(());
    }
    let names = |tools: &[&Tool]| tools.iter().map(|tool| tool.name).collect::<Vec<_>>().join(", ");
    let packages: Vec<_> = missing.iter().flat_map(|tool| tool.packages).copied().collect();
    println!("setup: missing: {}", names(&missing));
    install(&Machine::inspect(), &packages)?;

    let still = self::missing(purpose);
    if still.is_empty() {
        return Ok(());
    }
    // A compiler from an opam switch hides the libraries of the distribution's compiler.
    Err(Failure(format!(
        "{} still not found after apt-get installed {}. Another OCaml comes first in PATH: install it there (with opam: \
         `opam install dune alcotest qcheck logs lwt zarith`), or take it out of PATH",
        names(&still),
        packages.join(" ")
    )))
}

/// rustfmt and clippy, which a minimal Rust toolchain lacks.
fn rust_components() -> Outcome {
    for (command, component, package) in [("fmt", "rustfmt", "rustfmt"), ("clippy", "clippy", "rust-clippy")] {
        if !process::succeeds(process::cargo(&[command, "--version"])) {
            println!("setup: missing: cargo {command}; installing {component} with rustup");
            process::run(process::program("rustup", &["component", "add", component])).map_err(|Failure(words)| {
                Failure(format!(
                    "{words}\nBy hand: `rustup component add {component}`, or for a Rust of Debian's or Ubuntu's own, \
                     as root: `apt-get install {package}`"
                ))
            })?;
        }
    }
    Ok(())
}

fn missing(purpose: Purpose) -> Vec<&'static Tool> {
    let wanted = TOOLS.iter().filter(|tool| tool.purpose <= purpose);
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
            "no apt-get on this machine to install them with (OCaml: 4.13 or later; with opam: `opam install dune \
             ocamlfind alcotest qcheck logs lwt zarith`). On Debian or Ubuntu, as root: `{by_hand}`"
        )));
    }
    if !machine.is_root && !machine.has_sudo {
        return Err(Failure(format!("not root, and no sudo. As root: `{by_hand}`")));
    }
    println!("setup: installing with apt-get: {}", packages.join(" "));
    let install = || process::run(apt(machine, &install_arguments(packages)));
    // Lists that are there may name packages that the archive has replaced since: once more with new ones.
    let first = if machine.has_package_lists { install() } else { Err(Failure(String::new())) };
    if first.is_ok() {
        return Ok(());
    }
    // One archive of several that cannot be reached does not matter if it has none of the packages.
    let updated = process::run(apt(machine, &["update"]));
    install().map_err(|Failure(words)| {
        let update = updated.err().map_or(String::new(), |Failure(words)| format!("{words}\n"));
        Failure(format!("{update}{words}\nIs there a network? By hand, as root: `{by_hand}`"))
    })
}

fn install_arguments<'a>(packages: &[&'a str]) -> Vec<&'a str> {
    [&["install", "-y", "--no-install-recommends"], packages].concat()
}

/// Variables that say how the archive is reached; sudo does not hand variables on.
const PROXIES: &[&str] = &["http_proxy", "https_proxy", "no_proxy"];

fn apt(machine: &Machine, arguments: &[&str]) -> Command {
    let mut words: Vec<String> = Vec::new();
    if !machine.is_root {
        let sudo = if machine.can_ask_for_password { &["sudo"][..] } else { &["sudo", "-n"][..] };
        words.extend(sudo.iter().map(|&word| word.to_owned()));
    }
    words.extend(["env", "DEBIAN_FRONTEND=noninteractive"].map(str::to_owned));
    let proxies = PROXIES.iter().filter_map(|name| Some(format!("{name}={}", std::env::var(name).ok()?)));
    words.extend(proxies.filter(|_| !machine.is_root));
    words.extend(["apt-get", "-o", "DPkg::Lock::Timeout=300", "-o", "Acquire::Retries=3"].map(str::to_owned));
    words.extend(arguments.iter().map(|&word| word.to_owned()));
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let mut command = process::program(words[0], &words[1..]);
    if machine.can_ask_for_password {
        command.stdin(std::process::Stdio::inherit());
    }
    command
}
