//! `rust` and `ocaml` blocks: each is a program of its own, compiled with warnings denied and run. They see `messages`
//! (`Messages`), the code generated from the page's `contracts.yaml`. A Rust block without `main` is the body of one, an
//! asynchronous one where it awaits something; on a page that speaks of `mycelium_bus` it can use that and tokio,
//! and `mycelium_bridge` if it speaks of that as well.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::blocks::Block;
use super::{Finding, Place};
use crate::toolchain;

/// Compiles and runs the programs of a page.
pub(super) fn check(place: &Place, blocks: &[Block]) -> Vec<Finding> {
    let programs_in = |kind: &str| -> Vec<&Block> {
        blocks.iter().filter(|block| block.kind() == kind && block.words().count() == 1).collect()
    };
    let mut findings = Vec::new();
    for (kind, build) in [("rust", rust as Build), ("ocaml", ocaml as Build)] {
        let programs = programs_in(kind);
        let Some(first) = programs.first() else { continue };
        let built = generate(place, kind).and_then(|()| build(place, &programs));
        match built {
            Err(words) => findings.push(Finding { line: first.line, words }),
            Ok(folder) => findings.extend(programs.iter().filter_map(|block| run(&folder, block))),
        }
    }
    findings
}

/// Builds the programs and says in which folder they are.
type Build = fn(&Place, &[&Block]) -> Result<PathBuf, String>;

fn name(block: &Block) -> String {
    format!("line_{}", block.line)
}

fn run(folder: &Path, block: &Block) -> Option<Finding> {
    let program = ["", ".exe"].map(|extension| folder.join(format!("{}{extension}", name(block))));
    let program = program.iter().find(|program| program.exists())?;
    let output = Command::new(program).stdin(Stdio::null()).output();
    let words = match output {
        Ok(output) if output.status.success() => return None,
        Ok(output) => format!("ends with {}: {}", output.status, String::from_utf8_lossy(&output.stderr)),
        Err(error) => format!("does not run: {error}"),
    };
    Some(Finding { line: block.line, words })
}

/// The code of the page's contract, in a folder for the language.
fn generate(place: &Place, language: &str) -> Result<(), String> {
    let mut command = Command::new(toolchain::compiler());
    command.args(["compile", "contracts.yaml", "--lang", language, "--out", &format!("{language}/generated")]);
    command.current_dir(&place.folder);
    succeed(command)
}

fn rust(place: &Place, programs: &[&Block]) -> Result<PathBuf, String> {
    let folder = place.folder.join("rust");
    let slug = place.folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let runtime = place.root.join("runtime-rust");
    let wire = runtime.join("wire").display().to_string();
    let mut dependencies = format!("mycelium-wire = {{ path = {wire:?} }}\n");
    if programs.iter().any(|block| block.body.contains("mycelium_bus")) {
        let bus = runtime.join("bus").display().to_string();
        let features = r#"["macros", "net", "rt-multi-thread", "sync", "time"]"#;
        dependencies.push_str(&format!("mycelium-bus = {{ path = {bus:?} }}\n"));
        if programs.iter().any(|block| block.body.contains("mycelium_bridge")) {
            let bridge = runtime.join("bridge").display().to_string();
            dependencies.push_str(&format!("mycelium-bridge = {{ path = {bridge:?}, default-features = false }}\n"));
        }
        dependencies.push_str(&format!("tokio = {{ version = \"1\", features = {features} }}\n"));
    }
    let manifest = format!(
        "[package]\nname = \"page-{slug}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[lib]\nname = \"page\"\n\n\
         [dependencies]\n{dependencies}\n\
         [profile.dev]\ndebug = \"line-tables-only\"\n\n[workspace]\n"
    );
    let write = || -> io::Result<()> {
        let _ = fs::remove_dir_all(folder.join("src"));
        fs::create_dir_all(folder.join("src/bin"))?;
        fs::write(folder.join("Cargo.toml"), manifest)?;
        fs::copy(place.root.join("Cargo.lock"), folder.join("Cargo.lock"))?;
        let library = "//! The generated code of a page.\n#![forbid(unsafe_code)]\n\npub mod messages {\n    include!(\"../generated/messages.rs\");\n}\n";
        fs::write(folder.join("src/lib.rs"), library)?;
        for block in programs {
            let head = "#![forbid(unsafe_code)]\n#![deny(warnings)]\n#![allow(unused_imports, unused_variables, dead_code)]\nuse page::messages;\n";
            let program = if block.body.contains("fn main()") {
                format!("{head}{}", block.body)
            } else if block.body.contains(".await") {
                let body = &block.body;
                format!(
                    "{head}#[tokio::main]\nasync fn main() -> Result<(), Box<dyn std::error::Error>> {{\n{body}\nOk(())\n}}\n"
                )
            } else {
                let body = &block.body;
                format!("{head}fn main() -> Result<(), Box<dyn std::error::Error>> {{\n{body}\nOk(())\n}}\n")
            };
            fs::write(folder.join(format!("src/bin/{}.rs", name(block))), program)?;
        }
        Ok(())
    };
    write().map_err(|error| format!("{}: {error}", folder.display()))?;
    succeed(toolchain::cargo(&folder, &["build", "--quiet"]))?;
    Ok(toolchain::target_folder().join("debug"))
}

fn ocaml(place: &Place, programs: &[&Block]) -> Result<PathBuf, String> {
    let folder = place.folder.join("ocaml");
    let names: Vec<_> = programs.iter().map(|block| name(block)).collect();
    let dune =
        format!("(copy_files generated/*)\n(executables\n (names {})\n (libraries mycelium))\n", names.join(" "));
    let write = || -> io::Result<()> {
        fs::create_dir_all(&folder)?;
        fs::write(folder.join("dune-project"), "(lang dune 2.9)\n")?;
        fs::write(folder.join("dune"), dune)?;
        for entry in fs::read_dir(&folder)?.flatten() {
            if entry.file_name().to_string_lossy().starts_with("line_") {
                fs::remove_file(entry.path())?;
            }
        }
        for block in programs {
            fs::write(folder.join(format!("{}.ml", name(block))), &block.body)?;
        }
        Ok(())
    };
    write().map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut build = toolchain::dune(&folder, &["build"]);
    build.args(names.iter().map(|name| format!("./{name}.exe"))).env("OCAMLPATH", toolchain::ocaml_library());
    succeed(build)?;
    Ok(folder.join("_build/default"))
}

fn succeed(command: Command) -> Result<(), String> {
    let output = toolchain::run(command);
    if output.status.success() {
        return Ok(());
    }
    Err(format!("does not build:\n{}", String::from_utf8_lossy(&output.stderr)))
}
