//! systemd: the units by `systemd-analyze`, in a folder that is laid out like a machine on which they are installed.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use mycelium_tests::program::{Run, folder};
use mycelium_tests::toolchain;
use tempfile::TempDir;

use super::{deployed, text};

const UNITS: &[&str] = &["mycelium-bridge.service", "mycelium-worker@.service"];

/// As they are started.
const STARTED: &[&str] = &["mycelium-bridge.service", "mycelium-worker@my-worker.service"];

/// A machine with the units, systemd's own, and programs where the units have them.
fn machine() -> TempDir {
    let machine = folder(&[]);
    let units = machine.path().join("etc/systemd/system");
    fs::create_dir_all(&units).expect("a folder");
    for unit in UNITS {
        fs::copy(deployed("systemd").join(unit), units.join(unit)).expect("a unit");
    }
    for own in ["/usr/lib/systemd/system", "/lib/systemd/system"] {
        let there = machine.path().join(&own[1..]);
        fs::create_dir_all(&there).expect("a folder");
        for entry in fs::read_dir(own).into_iter().flatten().flatten() {
            if entry.file_type().is_ok_and(|kind| kind.is_file()) {
                fs::copy(entry.path(), there.join(entry.file_name())).expect("a unit of systemd's");
            }
        }
    }
    for program in ["usr/local/bin/myc-bridge", "usr/local/lib/mycelium/my-worker"] {
        let path = machine.path().join(program);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(&path, "#!/bin/sh\n").expect("a program");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("executable");
    }
    machine
}

fn analyze(machine: &Path, arguments: &[&str]) -> Run {
    let mut analyze = Command::new("systemd-analyze");
    analyze.args(arguments).arg(format!("--root={}", machine.display())).env("SYSTEMD_LOG_TARGET", "console");
    Run::from(toolchain::run(analyze))
}

/// What is said about these units; units of the machine's own are its affair.
fn complaints(machine: &Path) -> Vec<String> {
    let run = analyze(machine, &[&["verify", "--man=no"], STARTED].concat());
    let said = format!("{}{}", run.text(), run.stderr);
    let lines: Vec<String> = said.lines().filter(|line| line.contains("mycelium")).map(str::to_owned).collect();
    assert!(run.code == Some(0) || !lines.is_empty(), "{said}");
    lines
}

/// A key that systemd does not know it ignores, with a line in a log that nobody reads.
#[test]
fn systemd_reads_the_units() {
    let machine = machine();
    assert_eq!(complaints(machine.path()), [""; 0]);
    // And it would say so:
    for (unit, right, wrong) in [
        (UNITS[0], "ProtectHome=yes", "ProtectHouse=yes"),
        (UNITS[0], "KillMode=mixed", "KillMode=both"),
        (UNITS[0], "/usr/local/bin/myc-bridge run", "/usr/local/bin/my-bridge run"),
        (UNITS[1], "Type=exec", "Type=exce"),
    ] {
        let path = machine.path().join("etc/systemd/system").join(unit);
        let before = fs::read_to_string(&path).expect("a unit");
        assert!(before.contains(right), "{right}");
        fs::write(&path, before.replace(right, wrong)).expect("written");
        assert_ne!(complaints(machine.path()), [""; 0], "{wrong}");
        fs::write(&path, before).expect("written");
    }
}

/// Out of 10, where 10 is no protection at all.
#[test]
fn the_units_are_hardened() {
    let machine = machine();
    for unit in STARTED {
        let run = analyze(machine.path(), &["security", "--offline=yes", "--threshold=16", "--no-pager", unit]);
        assert_eq!(run.code, Some(0), "{}\n{}", run.text(), run.stderr);
    }
}

/// The bridge's end and its workers' hang together by these: what a restart of the bridge must not lose.
#[test]
fn the_units_say_what_the_page_says() {
    let bridge = text("docs/ocaml-bridge/deploy/systemd/mycelium-bridge.service");
    for line in ["Type=notify", "WatchdogSec=30s", "KillMode=mixed", "OOMPolicy=continue", "RestartPreventExitStatus=2"]
    {
        assert!(bridge.lines().any(|there| there == line), "{line}");
    }
    let worker = text("docs/ocaml-bridge/deploy/systemd/mycelium-worker@.service");
    for line in ["RestartPreventExitStatus=78", "KillMode=control-group"] {
        assert!(worker.lines().any(|there| there == line), "{line}");
    }
}

#[test]
fn the_user_is_made() {
    let machine = machine();
    let users = machine.path().join("usr/lib/sysusers.d/mycelium.conf");
    fs::create_dir_all(users.parent().expect("a folder")).expect("a folder");
    fs::copy(deployed("systemd/mycelium.sysusers"), users).expect("the file");
    let mut make = Command::new("systemd-sysusers");
    make.arg(format!("--root={}", machine.path().display()));
    let run = Run::from(toolchain::run(make));
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let made = fs::read_to_string(machine.path().join("etc/passwd")).expect("users");
    assert!(made.lines().any(|user| user.starts_with("mycelium:") && user.contains(":/var/lib/mycelium:")), "{made}");
}
