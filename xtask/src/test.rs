//! `cargo xtask test`: everything that must hold before a change lands, in the order in which it fails soonest.

use std::time::Instant;

use crate::{Failure, Outcome, bench, codegen, package, process, setup, tidy, workspace};

/// One line for the usage text.
pub const ABOUT: &str = "runs everything that continuous integration runs; names of steps as arguments: those alone";

struct Step {
    name: &'static str,
    run: fn() -> Outcome,
}

static STEPS: &[Step] = &[
    Step { name: "setup", run: || setup::ensure(setup::Purpose::Gate) },
    Step { name: "fmt", run: || process::run(process::cargo(&["fmt", "--all", "--check"])) },
    Step { name: "tidy", run: || tidy::run(&[]) },
    Step { name: "codegen", run: || codegen::run(&["--check".to_owned()]) },
    Step { name: "clippy", run: clippy },
    Step { name: "cargo", run: cargo_test },
    Step { name: "snapshots", run: tidy::snapshots::unreferenced },
    Step { name: "dune", run: dune },
    Step { name: "doc", run: doc },
    Step { name: "features", run: features },
    Step { name: "bench", run: bench::check },
    Step { name: "package", run: package::run },
];

/// Runs all steps, or those that are named.
pub fn run(arguments: &[String]) -> Outcome {
    if let Some(unknown) = arguments.iter().find(|name| !STEPS.iter().any(|step| step.name == **name)) {
        let names: Vec<_> = STEPS.iter().map(|step| step.name).collect();
        return Err(Failure(format!("no step `{unknown}`; there are {}", names.join(", "))));
    }
    let steps: Vec<_> =
        STEPS.iter().filter(|step| arguments.is_empty() || arguments.iter().any(|name| name == step.name)).collect();
    let start = Instant::now();
    let mut times = Vec::new();
    for (index, step) in steps.iter().enumerate() {
        println!("\n==> [{}/{}] {}", index + 1, steps.len(), step.name);
        let start = Instant::now();
        let outcome = (step.run)();
        let seconds = start.elapsed().as_secs_f64();
        if let Err(Failure(words)) = outcome {
            return Err(Failure(format!(
                "step `{name}` failed after {seconds:.1} s: {words}\nThis step again: cargo xtask test {name}",
                name = step.name
            )));
        }
        println!("<== {} ok, {seconds:.1} s", step.name);
        times.push((step.name, seconds));
    }
    println!();
    for (name, seconds) in times {
        println!("{name:>10} {seconds:7.1} s");
    }
    println!("{:>10} {:7.1} s: all {} steps passed", "total", start.elapsed().as_secs_f64(), steps.len());
    Ok(())
}

fn clippy() -> Outcome {
    process::run(process::cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))
}

/// Where the snapshot library notes the snapshots that were compared.
pub fn snapshot_references() -> std::path::PathBuf {
    workspace::target().join("snapshot-references")
}

fn cargo_test() -> Outcome {
    let references = snapshot_references();
    workspace::write(&references, "")?;
    let mut command = process::cargo(&["test", "--workspace", "--no-fail-fast"]);
    if !can_boot_systemd() {
        println!("left out: {LEFT_OUT}");
        command.env("MYC_WITHOUT_SYSTEMD", "1");
    }
    // Snapshots are compared, never written: a new one is a failure.
    command.env("INSTA_UPDATE", "no").env("INSTA_SNAPSHOT_REFERENCES_FILE", references);
    process::run(command)
}

const LEFT_OUT: &str = "the units under a systemd that runs: that takes root, or sudo without a password, and a machine that makes namespaces";

/// Whether `tests/tests/deploy/live.rs` can have a systemd of its own. Many containers cannot.
fn can_boot_systemd() -> bool {
    let unshare = "unshare --pid --mount --fork --uts --ipc --cgroup --propagation=private true";
    let root = format!("if [ $(id -u) = 0 ]; then {unshare}; else sudo -n {unshare}; fi");
    process::output(process::program("sh", &["-c", &root])).is_ok()
}

fn dune() -> Outcome {
    let folder = workspace::root().join("runtime-ocaml");
    let build = workspace::target().join("dune");
    let dune = |action: &[&str]| {
        let mut command = process::program("dune", action);
        command.args(["--root", "."]).arg("--build-dir").arg(&build).current_dir(&folder);
        process::run(command)
    };
    dune(&["build", "--profile", "dev", "@all"])?;
    dune(&["test", "--profile", "dev", "--force"])
}

fn doc() -> Outcome {
    let mut command = process::cargo(&["doc", "--workspace", "--no-deps"]);
    command.env("RUSTDOCFLAGS", "-D warnings");
    process::run(command)
}

/// The libraries with other features than the rest of the gate has: the compiler as build scripts depend on it, and the
/// bridge as programs do, without command lines, and the conversions that the wire crate has on request.
fn features() -> Outcome {
    for package in ["myc-schema", "mycelium-bridge"] {
        let library = ["clippy", "--package", package, "--lib", "--no-default-features", "--", "-D", "warnings"];
        process::run(process::cargo(&library))?;
    }
    process::run(process::cargo(&["test", "--quiet", "--package", "mycelium-wire", "--all-features"]))?;
    let tree = process::output(process::cargo(&[
        "tree",
        "--package",
        "myc-schema",
        "--no-default-features",
        "--edges",
        "normal",
    ]))?;
    match ["clap", "anstream"].iter().find(|name| tree.contains(&format!(" {name} v"))) {
        Some(name) => Err(Failure(format!("without features myc-schema still depends on {name}"))),
        None => Ok(()),
    }
}
