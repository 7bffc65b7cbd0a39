//! `cargo xtask demo`: a bridge in Rust with a worker in OCaml, end to end. The worker, in `tests/demo/`, is built as a
//! user's would be: outside of the workspace, from generated files, against the installed OCaml library. The bridge is
//! the example `ocaml_bridge_demo`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use crate::{Failure, Outcome, process, setup, workspace};

/// One line for the usage text.
pub const ABOUT: &str = "compiles the reference contract, and runs a bridge in Rust with a worker in OCaml";

const CONTRACT: &str = "contracts.yaml";

/// Builds everything, then runs the bridge.
pub fn run(arguments: &[String]) -> Outcome {
    if !arguments.is_empty() {
        return Err(Failure("takes no arguments".into()));
    }
    let demo = Demo { folder: workspace::target().join("demo"), start: Instant::now() };
    demo.title("what is missing of the tools is installed");
    setup::ensure(setup::Purpose::Demo)?;

    demo.title("the compiler and the bridge are built");
    process::run(process::cargo(&["build", "--package", "myc-schema"]))?;
    process::run(process::cargo(&["build", "--package", "mycelium-bridge", "--example", "ocaml_bridge_demo"]))?;

    demo.title("contracts.yaml is compiled");
    let generated = demo.folder.join("generated");
    demo.compiler(&["compile", CONTRACT, "--lang", "ocaml", "--out", &generated.display().to_string()])?;
    for file in workspace::files(&generated)? {
        println!("  {file}: {} lines", workspace::read(&generated.join(&file))?.lines().count());
    }
    println!("its schema digest, which both sides of a connection have to have:");
    demo.compiler(&["digest", CONTRACT])?;

    demo.title("the layout of its messages, drawn to scale");
    demo.compiler(&["layout", CONTRACT])?;
    let picture = demo.folder.join("layout.svg");
    workspace::write(&picture, process::output(demo.compiler_command(&["layout", CONTRACT, "--format", "svg"]))?)?;
    println!("the same as a picture: {}", picture.display());

    demo.title("the OCaml worker is built");
    let worker = demo.worker()?;

    demo.title("the bridge runs");
    let example = workspace::target().join("debug/examples/ocaml_bridge_demo");
    process::run(process::program(&example.to_string_lossy(), &[&worker.to_string_lossy()]))?;
    demo.title("done");
    Ok(())
}

struct Demo {
    folder: PathBuf,
    start: Instant,
}

impl Demo {
    fn title(&self, words: &str) {
        println!("\n[{:5.1} s] {words}", self.start.elapsed().as_secs_f64());
    }

    fn compiler_command(&self, arguments: &[&str]) -> Command {
        process::program(&workspace::target().join("debug/myc-schema").to_string_lossy(), arguments)
    }

    fn compiler(&self, arguments: &[&str]) -> Outcome {
        print_indented(&process::output(self.compiler_command(arguments))?);
        Ok(())
    }

    /// A dune project of its own that finds the installed library.
    fn worker(&self) -> Result<PathBuf, Failure> {
        let prefix = self.folder.join("prefix");
        // In a copy: versions of dune since 3 do not install from a build folder outside of the project.
        let library = self.folder.join("runtime-ocaml");
        workspace::mirror(&workspace::root().join("runtime-ocaml"), &library)?;
        let dune = |arguments: &[&str], folder: &Path| {
            let mut command = process::program("dune", arguments);
            command.args(["--root", "."]).current_dir(folder);
            command
        };
        process::run(dune(&["build", "--profile", "release", "--only-packages", "mycelium", "@install"], &library))?;
        let mut installed = dune(&["install", "mycelium"], &library);
        installed.arg("--prefix").arg(&prefix);
        process::output(installed)?;

        let folder = self.folder.join("ocaml");
        workspace::write(&folder.join("dune-project"), "(lang dune 2.9)\n")?;
        self.copy("tests/demo/dune", &folder.join("dune"))?;
        self.copy("tests/demo/worker.ml", &folder.join("worker.ml"))?;
        self.copy("target/demo/generated/messages.ml", &folder.join("messages.ml"))?;
        self.copy("target/demo/generated/messages.mli", &folder.join("messages.mli"))?;
        let mut program = dune(&["build", "--profile", "release", "./worker.exe"], &folder);
        program.env("OCAMLPATH", prefix.join("lib"));
        process::run(program)?;
        Ok(folder.join("_build/default/worker.exe"))
    }

    fn copy(&self, from: &str, to: &Path) -> Outcome {
        let from = from
            .strip_prefix("target/")
            .map_or_else(|| workspace::root().join(from), |path| workspace::target().join(path));
        workspace::write(to, workspace::read_bytes(&from)?)
    }
}

fn print_indented(text: &str) {
    for line in text.lines() {
        println!("{}", format!("  {line}").trim_end());
    }
}
