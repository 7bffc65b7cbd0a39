//! `cargo xtask demo`: the reference contract in both languages, end to end. The programs that it builds are in
//! `tests/demo/`, and it builds them as a user's would be: outside of the workspace, from generated files, against the
//! installed OCaml library.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use crate::{Failure, Outcome, process, setup, workspace};

/// One line for the usage text.
pub const ABOUT: &str =
    "compiles the reference contract for both languages and sends messages from Rust to OCaml and back";

const CONTRACT: &str = "contracts.yaml";

/// Builds everything, runs the programs, and prints what they did.
pub fn run(arguments: &[String]) -> Outcome {
    if !arguments.is_empty() {
        return Err(Failure("takes no arguments".into()));
    }
    let demo = Demo { folder: workspace::target().join("demo"), start: Instant::now() };
    demo.title("what is missing of the tools is installed");
    setup::ensure(setup::Purpose::Demo)?;

    demo.title("the compiler is built");
    process::run(process::cargo(&["build", "--package", "myc-schema"]))?;

    demo.title("contracts.yaml is compiled for both languages");
    let generated = demo.folder.join("generated");
    let folder = generated.display().to_string();
    demo.compiler(&["compile", CONTRACT, "--lang", "rust", "--lang", "ocaml", "--out", &folder])?;
    for file in workspace::files(&generated)? {
        println!("  {file}: {} lines", workspace::read(&generated.join(&file))?.lines().count());
    }

    demo.title("the layout of its messages, drawn to scale");
    demo.compiler(&["layout", CONTRACT])?;

    demo.title("a Rust program and an OCaml program are built from the generated code");
    let rust = demo.rust_program()?;
    let ocaml = demo.ocaml_program()?;

    demo.title("Rust writes messages");
    demo.program(&rust, &["write", "from-rust.frames"])?;
    demo.title("OCaml reads them, writes them again, and writes messages of its own");
    demo.program(&ocaml, &["from-rust.frames", "again.frames", "from-ocaml.frames"])?;
    demo.title("Rust reads what OCaml wrote");
    demo.program(&rust, &["read", "from-ocaml.frames"])?;

    demo.title("the bytes that both wrote");
    let read = |name: &str| workspace::read_bytes(&demo.folder.join(name));
    let (first, again) = (read("from-rust.frames")?, read("again.frames")?);
    if first != again {
        return Err(Failure("OCaml wrote other bytes than Rust for the same messages".into()));
    }
    println!("  {} bytes, the same from both", first.len());

    demo.title("as JSON, with the contract and no generated code");
    demo.decode(&read("from-ocaml.frames")?)?;
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

    fn program(&self, program: &Path, arguments: &[&str]) -> Outcome {
        let mut command = process::program(&program.to_string_lossy(), arguments);
        command.current_dir(&self.folder);
        print_indented(&process::output(command)?);
        Ok(())
    }

    /// A cargo project of its own that shares the workspace's build output and versions.
    fn rust_program(&self) -> Result<PathBuf, Failure> {
        let folder = self.folder.join("rust");
        let wire = workspace::root().join("runtime-rust/wire");
        let manifest = format!(
            "[package]\nname = \"mycelium-demo\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n\
             [dependencies]\nmycelium-wire = {{ path = {:?} }}\n\n\
             [profile.dev]\ndebug = \"line-tables-only\"\n\n[workspace]\n",
            wire.display().to_string()
        );
        workspace::write(&folder.join("Cargo.toml"), manifest)?;
        workspace::write(&folder.join("Cargo.lock"), workspace::read(&workspace::root().join("Cargo.lock"))?)?;
        self.copy("tests/demo/main.rs", &folder.join("src/main.rs"))?;
        self.copy("target/demo/generated/messages.rs", &folder.join("src/messages.rs"))?;
        let mut cargo = process::cargo(&["build", "--quiet"]);
        cargo.current_dir(&folder).env("CARGO_TARGET_DIR", workspace::target());
        process::run(cargo)?;
        Ok(workspace::target().join("debug/mycelium-demo"))
    }

    /// A dune project of its own that finds the installed library.
    fn ocaml_program(&self) -> Result<PathBuf, Failure> {
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
        self.copy("tests/demo/demo.ml", &folder.join("demo.ml"))?;
        self.copy("target/demo/generated/messages.ml", &folder.join("messages.ml"))?;
        self.copy("target/demo/generated/messages.mli", &folder.join("messages.mli"))?;
        let mut program = dune(&["build", "./demo.exe"], &folder);
        program.env("OCAMLPATH", prefix.join("lib"));
        process::run(program)?;
        Ok(folder.join("_build/default/demo.exe"))
    }

    fn copy(&self, from: &str, to: &Path) -> Outcome {
        let from = from
            .strip_prefix("target/")
            .map_or_else(|| workspace::root().join(from), |path| workspace::target().join(path));
        workspace::write(to, workspace::read_bytes(&from)?)
    }

    /// Prints frames through the compiler's own codec.
    fn decode(&self, frames: &[u8]) -> Outcome {
        let mut rest = frames;
        while let Some((header, after)) = rest.split_at_checked(6) {
            let length = u32::from_le_bytes([header[2], header[3], header[4], header[5]]) as usize;
            let Some((payload, after)) = after.split_at_checked(length) else {
                return Err(Failure("the last frame is cut short".into()));
            };
            let file = self.folder.join("frame.bin");
            workspace::write(&file, [header, payload].concat())?;
            let mut command = self.compiler_command(&["decode", "--frame", "--contracts", CONTRACT]);
            command.stdin(std::fs::File::open(&file).map_err(|error| Failure(error.to_string()))?);
            print_indented(&process::output(command)?);
            rest = after;
        }
        Ok(())
    }
}

fn print_indented(text: &str) {
    for line in text.lines() {
        println!("{}", format!("  {line}").trim_end());
    }
}
