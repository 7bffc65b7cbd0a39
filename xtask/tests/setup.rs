//! `cargo xtask setup` against stand-ins for every program it calls: which commands it runs, in which order.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

/// A folder of stand-in programs; the only one in PATH.
struct Machine {
    folder: tempfile::TempDir,
}

const PRESENT: &str = "exit 0";

impl Machine {
    /// Everything is there, and the user is root; apt-get notes how it was called.
    fn new() -> Self {
        let machine = Self { folder: tempfile::tempdir().unwrap() };
        for name in ["cargo", "ocamlopt", "ocamlfind", "dune", "flatc"] {
            machine.put(name, PRESENT);
        }
        machine.put("id", "echo 0");
        // `env NAME=VALUE PROGRAM …`: the real one would leave this PATH.
        machine.put("env", "echo \"$1\" >> \"$0.log\"; shift; exec \"$@\"");
        machine.put("apt-get", "[ \"$1\" = --version ] || echo \"apt-get $5 $6 $7 $8 $9\" >> \"$0.log\"");
        machine
    }

    fn put(&self, name: &str, script: &str) -> &Self {
        let path = self.folder.path().join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        self
    }

    fn remove(&self, name: &str) -> &Self {
        fs::remove_file(self.folder.path().join(name)).unwrap();
        self
    }

    /// Whether it succeeded, and all that it said.
    fn setup(&self, arguments: &[&str]) -> (bool, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_xtask"))
            .arg("setup")
            .args(arguments)
            .env("PATH", self.folder.path())
            .env("CARGO", self.folder.path().join("cargo"))
            .env("CI", "true")
            .output()
            .unwrap();
        let words = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8(words).unwrap())
    }

    fn log(&self, name: &str) -> String {
        let path = self.folder.path().join(format!("{name}.log"));
        if Path::new(&path).exists() { fs::read_to_string(path).unwrap() } else { String::new() }
    }
}

/// Without it every `cargo xtask test` would call apt-get.
#[test]
fn calls_nothing_when_everything_is_there() {
    let machine = Machine::new();
    let (ok, words) = machine.setup(&[]);
    assert!(ok && words.contains("nothing to install"), "{words}");
    assert_eq!(machine.log("apt-get"), "");
}

/// Installs the one missing package and nothing beside it; apt-get may not ask questions.
#[test]
fn installs_only_what_is_missing() {
    let machine = Machine::new();
    machine.remove("dune");
    // Installing makes it appear.
    let apt = format!(
        "[ \"$1\" = --version ] && exit 0; echo \"$5 $6 $7 $8\" >> \"$0.log\"\n\
         [ \"$5\" = install ] && printf '#!/bin/sh\\n' > {0}/dune && /bin/chmod +x {0}/dune\nexit 0",
        machine.folder.path().display()
    );
    machine.put("apt-get", &apt);
    let (ok, words) = machine.setup(&[]);
    assert!(ok, "{words}");
    let log = machine.log("apt-get");
    assert_eq!(
        log.lines().filter(|line| *line != "update   ").collect::<Vec<_>>(),
        ["install -y --no-install-recommends ocaml-dune"]
    );
    assert!(machine.log("env").lines().all(|line| line == "DEBIAN_FRONTEND=noninteractive"));
}

/// The benches' packages are large: only on request.
#[test]
fn bench_packages_are_installed_on_request_only() {
    let machine = Machine::new();
    machine.remove("flatc");
    assert!(machine.setup(&[]).0);
    let (ok, words) = machine.setup(&["--bench"]);
    assert!(!ok && words.contains("flatbuffers-compiler"), "{words}");
    assert!(machine.log("apt-get").contains("install -y --no-install-recommends flatbuffers-compiler"));
}

/// A user without rights is told exactly what to type.
#[test]
fn without_rights_it_names_the_command() {
    let machine = Machine::new();
    machine.remove("ocamlfind").put("id", "echo 1000");
    let (ok, words) = machine.setup(&[]);
    assert!(!ok);
    let command = "apt-get update && apt-get install -y --no-install-recommends ocaml-findlib libalcotest-ocaml-dev libqcheck-ocaml-dev";
    assert!(words.contains("not root, and no sudo") && words.contains(command), "{words}");
    assert_eq!(machine.log("apt-get"), "");
}

/// In CI nobody can type a password: sudo must fail rather than wait.
#[test]
fn sudo_never_asks_in_ci() {
    let machine = Machine::new();
    machine.remove("dune").put("id", "echo 1000").put("sudo", "[ \"$1\" = -V ] || printf '%s\\n' \"$*\" >> \"$0.log\"");
    assert!(!machine.setup(&[]).0);
    let log = machine.log("sudo");
    assert!(
        !log.is_empty() && log.lines().all(|line| line.starts_with("-n env DEBIAN_FRONTEND=noninteractive apt-get"))
    );
}

#[test]
fn without_apt_it_names_the_packages() {
    let machine = Machine::new();
    machine.remove("dune").remove("apt-get");
    let (ok, words) = machine.setup(&[]);
    assert!(!ok && words.contains("no apt-get") && words.contains("ocaml-dune"), "{words}");
}

/// A minimal Rust toolchain has neither rustfmt nor clippy, which the gate needs.
#[test]
fn installs_missing_rust_components() {
    let machine = Machine::new();
    machine.put("cargo", "[ \"$1\" = fmt ]").put("rustup", "echo \"$@\" >> \"$0.log\"");
    assert!(machine.setup(&[]).0);
    assert_eq!(machine.log("rustup"), "component add clippy\n");
}

#[test]
fn an_unknown_option_is_an_error() {
    let (ok, words) = Machine::new().setup(&["--everything"]);
    assert!(!ok && words.contains("--everything"), "{words}");
}
