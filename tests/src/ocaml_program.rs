//! Builds one OCaml program out of the generated code of several contracts: a library whose warnings are errors, and
//! a driver.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::contract::{Contract, update};
use crate::driver::Driver;
use crate::ocaml_glue;
use crate::toolchain::{root, run, target_folder};

/// Flags of the generated code: those of dune's dev profile for people who turn every warning on.
const STRICT: &str = "(flags\n  (:standard -w +a-4-9-40..42-44-45-70 -warn-error +a))";

/// Builds the driver of `contracts`; panics with the compiler's words. The contracts of `unused` are compiled alone.
pub fn build(name: &str, contracts: &[Contract], unused: &[Contract]) -> Driver {
    let folder = project(name);
    // Bytecode is enough to see every error and warning.
    for (library, modes, contracts) in [("contracts", "", contracts), ("unused", " (modes byte)\n", unused)] {
        let dune =
            format!("(library\n (name {library})\n (wrapped false)\n{modes} (libraries mycelium.wire)\n {STRICT})\n");
        let mut files = vec![("dune".to_owned(), dune)];
        files.extend(contracts.iter().flat_map(generated));
        exactly(&folder.join(library), files);
    }
    let dune = "(executable\n (name driver)\n (libraries contracts mycelium.wire)\n (flags\n  (-w -a -alert -all)))\n";
    let mut files = vec![
        ("dune".to_owned(), dune.to_owned()),
        ("support.ml".to_owned(), include_str!("../fixtures/ocaml_driver.ml").to_owned()),
    ];
    let mut arms = String::new();
    for contract in contracts {
        let name = &contract.name;
        files.push((format!("glue_{name}.ml"), ocaml_glue::module(contract)));
        let _ = writeln!(arms, "  | {name:?} -> Glue_{name}.answer message operation w");
    }
    let main = format!(
        "let () =\n  Support.serve @@ fun contract message operation w ->\n  match contract with\n{arms}  \
         | _ -> failwith \"an unknown contract\"\n"
    );
    files.push(("driver.ml".to_owned(), main));
    exactly(&folder.join("driver"), files);
    self::dune(&folder, &["./driver/driver.exe", "@unused/check"]);
    Driver { language: "OCaml", program: folder.join("_build/default/driver/driver.exe") }
}

/// Builds one program, `main`, beside the generated code of one contract, a library `messages` whose warnings are
/// errors; the path of the executable.
pub fn build_one(name: &str, contract: &Contract, main: &str) -> PathBuf {
    let folder = project(name);
    let library = format!("(library\n (name messages)\n (libraries mycelium.wire)\n {STRICT})\n");
    update(&folder.join("messages/dune"), &library);
    for (file, text) in contract.render("ocaml") {
        update(&folder.join("messages").join(file), &text);
    }
    update(&folder.join("main/dune"), "(executable\n (name main)\n (libraries messages mycelium.wire))\n");
    update(&folder.join("main/main.ml"), main);
    dune(&folder, &["./main/main.exe"]);
    folder.join("_build/default/main/main.exe")
}

/// Builds one program, `main`, that uses the library `mycelium` and no generated code of its own; the path of the
/// executable.
pub fn build_with_runtime(name: &str, main: &str) -> PathBuf {
    let folder = project(name);
    update(&folder.join("main/dune"), "(executable\n (name main)\n (libraries mycelium))\n");
    update(&folder.join("main/main.ml"), main);
    dune(&folder, &["./main/main.exe"]);
    folder.join("_build/default/main/main.exe")
}

/// Builds programs that talk to a bus, each of `programs` (a name and its text), once beside the generated code of every
/// contract, with what they share as module `Commands`; the folder that has `CONTRACT/PROGRAM.exe`.
pub fn build_clients(name: &str, contracts: &[&Contract], commands: &str, programs: &[(&str, &str)]) -> PathBuf {
    let folder = project(name);
    let names: Vec<&str> = programs.iter().map(|(name, _)| *name).collect();
    let names = names.join(" ");
    let dune = format!(
        "(executables\n (names {names})\n (libraries mycelium mycelium.unix mycelium-lwt lwt lwt.unix logs unix))\n"
    );
    let mut targets = Vec::new();
    for contract in contracts {
        let mut files = vec![("dune".to_owned(), dune.clone()), ("commands.ml".to_owned(), commands.to_owned())];
        files.extend(contract.render("ocaml"));
        for (program, text) in programs {
            files.push((format!("{program}.ml"), (*text).to_owned()));
            targets.push(format!("./{}/{program}.exe", contract.name));
        }
        exactly(&folder.join(&contract.name), files);
    }
    let targets: Vec<&str> = targets.iter().map(String::as_str).collect();
    self::dune(&folder, &targets);
    folder.join("_build/default")
}

/// The files of a contract, named for it.
fn generated(contract: &Contract) -> impl Iterator<Item = (String, String)> {
    let named = format!("contract_{}", contract.name);
    contract.render("ocaml").into_iter().map(move |(file, text)| (file.replace("messages", &named), text))
}

/// Writes files; others in the folder, from contracts that are gone, are removed: dune would build them.
fn exactly(folder: &Path, files: Vec<(String, String)>) {
    for (file, text) in &files {
        update(&folder.join(file), text);
    }
    for entry in fs::read_dir(folder).expect("the folder of the files") {
        let entry = entry.expect("a readable folder");
        if !files.iter().any(|(file, _)| **file == *entry.file_name()) {
            fs::remove_file(entry.path()).expect("an old file can be removed");
        }
    }
}

/// The folder of a dune project with the runtime library in it.
fn project(name: &str) -> PathBuf {
    let folder = target_folder().join("generated").join(name).join("ocaml");
    copy(&root().join("runtime-ocaml"), &folder.join("runtime"));
    update(&folder.join("dune-project"), "(lang dune 2.9)\n");
    folder
}

fn dune(folder: &Path, targets: &[&str]) {
    let mut dune = Command::new("dune");
    dune.args(["build", "--root", ".", "--profile", "dev", "--display", "quiet"]).args(targets).current_dir(folder);
    let output = run(dune);
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}, generated OCaml:\n{words}", folder.display());
}

/// Copies what the runtime libraries are built from.
fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap_or_else(|error| panic!("{}: {error}", from.display())) {
        let entry = entry.expect("a readable folder");
        let name = entry.file_name().to_string_lossy().into_owned();
        let library = ["lib", "wire", "unix", "lwt"].contains(&name.as_str());
        if entry.path().is_dir() && library {
            copy(&entry.path(), &to.join(&name));
        } else if entry.path().is_file() {
            update(&to.join(&name), &fs::read_to_string(entry.path()).expect("a text file"));
        }
    }
}
