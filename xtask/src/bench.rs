//! `cargo xtask bench`: the benchmarks of `tests/bench`, which is a workspace of its own, so that the formats it
//! compares with are built for benchmarks alone. [`check`] keeps it compiling; `docs/benchmarks.md` says what is
//! measured and how.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Failure, Outcome, process, setup, workspace};

/// One line for the usage text.
pub const ABOUT: &str = "measures against floors and others: rust, bus, transport, bridge, ocaml, sockets, compiler, lsp, criterion; --quick, --strict";

struct Part {
    name: &'static str,
    /// Whether it runs when no part is named.
    usual: bool,
    run: fn(&[&str]) -> Outcome,
}

static PARTS: &[Part] = &[
    Part { name: "rust", usual: true, run: rust },
    Part { name: "bus", usual: true, run: bus },
    Part { name: "transport", usual: true, run: transport },
    Part { name: "bridge", usual: true, run: bridge },
    Part { name: "ocaml", usual: true, run: ocaml },
    Part { name: "sockets", usual: true, run: sockets },
    Part { name: "hold", usual: false, run: hold },
    Part { name: "compiler", usual: true, run: compiler },
    Part { name: "lsp", usual: true, run: lsp },
    Part { name: "criterion", usual: false, run: criterion },
];

/// Runs the named parts, or the usual ones. Other arguments go to the benchmarks: `--quick`, `--strict` (a goal that
/// is not met is a failure), a part of the names of those to run.
pub fn run(arguments: &[String]) -> Outcome {
    let is_part = |argument: &str| PARTS.iter().any(|part| part.name == argument);
    let (named, options): (Vec<_>, Vec<_>) = arguments.iter().map(String::as_str).partition(|word| is_part(word));
    setup::ensure(setup::Purpose::Benches)?;
    let mut failures = Vec::new();
    for part in PARTS.iter().filter(|part| named.contains(&part.name) || named.is_empty() && part.usual) {
        println!("\n## {}\n", part.name);
        if let Err(Failure(words)) = (part.run)(&options) {
            failures.push(words);
        }
    }
    if failures.is_empty() { Ok(()) } else { Err(Failure(failures.join("\n"))) }
}

/// What must hold of the benchmarks on every change: they are formatted, free of warnings, and compile in both
/// languages. bin_prot may be missing. A worker holds some messages.
pub fn check() -> Outcome {
    process::run(cargo(&["fmt", "--check"]))?;
    process::run(cargo(&["clippy", "--locked", "--all-targets", "--", "-D", "warnings"]))?;
    ocaml_program("dev", &CODEC)?;
    ocaml_program("dev", &SOCKETS)?;
    ocaml_program("dev", &BRIDGE)?;
    let hold = ocaml_program("dev", &HOLD)?;
    process::run(process::program(&hold.to_string_lossy(), &["--quick"]))
}

fn rust(options: &[&str]) -> Outcome {
    // Floors that skip a check would be no floors.
    process::run(cargo(&["test", "--quiet", "--locked", "--release"]))?;
    process::run(cargo(&[&["run", "--quiet", "--locked", "--release", "--bin", "ratios", "--"], options].concat()))
}

fn bus(options: &[&str]) -> Outcome {
    process::run(cargo(&[&["run", "--quiet", "--locked", "--release", "--bin", "bus", "--"], options].concat()))
}

fn ocaml(options: &[&str]) -> Outcome {
    let program = ocaml_program("release", &CODEC)?;
    process::run(process::program(&program.to_string_lossy(), options))
}

fn sockets(options: &[&str]) -> Outcome {
    let program = ocaml_program("release", &SOCKETS)?;
    process::run(process::program(&program.to_string_lossy(), options))
}

fn hold(options: &[&str]) -> Outcome {
    let program = ocaml_program("release", &HOLD)?;
    process::run(process::program(&program.to_string_lossy(), options))
}

fn compiler(options: &[&str]) -> Outcome {
    of_compiler("compiler", "bench/contracts", options)
}

fn lsp(options: &[&str]) -> Outcome {
    of_compiler("lsp", "bench/contracts/lsp", options)
}

/// A program that measures the compiler, and writes contracts for that into a folder.
fn of_compiler(program: &str, folder: &str, options: &[&str]) -> Outcome {
    let compiler = myc_schema("release")?;
    let mut command = cargo(&["run", "--quiet", "--locked", "--release", "--bin", program, "--"]);
    command.arg(compiler).arg(workspace::target().join(folder)).args(options);
    process::run(command)
}

fn transport(options: &[&str]) -> Outcome {
    let features = ["run", "--quiet", "--locked", "--release", "--features", "peers", "--bin", "transport", "--"];
    process::run(cargo(&[&features, options].concat()))
}

fn bridge(options: &[&str]) -> Outcome {
    let worker = ocaml_program("release", &BRIDGE)?;
    let profile =
        ["run", "--quiet", "--locked", "--profile", "deployed", "--features", "zeromq", "--bin", "bridge", "--"];
    let mut command = cargo(&[&profile, options].concat());
    command.arg(worker);
    process::run(command)
}

fn criterion(options: &[&str]) -> Outcome {
    process::run(cargo(
        &[&["bench", "--locked", "--features", "criterion", "--bench", "codec", "--"], options].concat(),
    ))
}

/// Cargo in the workspace of the benchmarks.
fn cargo(arguments: &[&str]) -> Command {
    let mut command = process::cargo(arguments);
    command
        .current_dir(workspace::root().join("tests/bench"))
        .env("CARGO_TARGET_DIR", workspace::target().join("bench"));
    command
}

/// The compiler, built in a cargo profile.
fn myc_schema(profile: &str) -> Result<PathBuf, Failure> {
    process::run(process::cargo(&["build", "--quiet", "--package", "myc-schema", "--profile", profile]))?;
    let folder = if profile == "dev" { "debug" } else { profile };
    Ok(workspace::target().join(folder).join(format!("myc-schema{}", std::env::consts::EXE_SUFFIX)))
}

/// A benchmark in OCaml.
struct OcamlProgram {
    /// Where it is, in `tests/bench`.
    folder: &'static str,
    contract: &'static str,
    name: &'static str,
}

const CODEC: OcamlProgram = OcamlProgram { folder: "ocaml", contract: "contracts.yaml", name: "bench" };
const SOCKETS: OcamlProgram = OcamlProgram { folder: "sockets", contract: "sockets/contracts.yaml", name: "sockets" };
const BRIDGE: OcamlProgram = OcamlProgram { folder: "bridge", contract: "contracts.yaml", name: "worker" };
const HOLD: OcamlProgram = OcamlProgram { name: "hold", ..SOCKETS };

/// The benchmark, compiled for release with the code that the compiler generates now. dune wants all it builds in one
/// folder: the runtime and the benchmarks are copied side by side.
fn ocaml_program(compiler_profile: &str, program: &OcamlProgram) -> Result<PathBuf, Failure> {
    let stage = workspace::target().join("bench/ocaml");
    let source = workspace::root();
    let bench = stage.join(program.folder);
    copy(&source.join("runtime-ocaml"), &stage.join("runtime-ocaml"))?;
    copy(&source.join("tests/bench").join(program.folder), &bench)?;
    let mut generate = Command::new(myc_schema(compiler_profile)?);
    generate.args(["compile", "--lang", "ocaml"]).arg(source.join("tests/bench").join(program.contract));
    generate.arg("--out").arg(&bench);
    process::run(generate)?;
    workspace::write(&stage.join("dune-project"), "(lang dune 2.9)\n")?;
    let target = format!("{}/{}.exe", program.folder, program.name);
    let mut dune = process::program("dune", &["build", "--root", ".", "--profile", "release", &target]);
    dune.current_dir(&stage);
    process::run(dune)?;
    Ok(stage.join("_build/default").join(target))
}

/// Makes `to` hold the files of `from`, and no others but generated messages.
fn copy(from: &Path, to: &Path) -> Outcome {
    let files = workspace::files(from)?;
    for stale in workspace::files(to)? {
        if !files.contains(&stale) && !stale.starts_with("messages.") {
            let path = to.join(stale);
            fs::remove_file(&path).map_err(|error| Failure(format!("{}: {error}", path.display())))?;
        }
    }
    for file in files {
        workspace::write(&to.join(&file), workspace::read_bytes(&from.join(&file))?)?;
    }
    Ok(())
}
