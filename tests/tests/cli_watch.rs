//! `myc-schema compile --watch`: a program that runs until it is told to end. Every step waits for the words that say it
//! is done.

use std::fs;
use std::path::Path;

use mycelium_tests::program::{command, folder, run};
use mycelium_tests::project::Program;
use mycelium_tests::toolchain::root;
use rustix::process::Signal;

fn contract(field: &str) -> String {
    format!("messages: {{ Ping: {{ tlv_type: 1000, domain: D, fields: {{ {field}: u64 }} }} }}\n")
}

fn start(here: &Path) -> Program {
    let mut watch = command(here, ["compile", "--lang", "rust", "--out", "gen", "--watch"]);
    watch.stdout(std::process::Stdio::null());
    let mut program = Program::start(watch);
    program.says("watching contracts.yaml; Ctrl-C ends it");
    program
}

/// Without this, watching could miss a change, stop at a mistake, or spoil what is there.
#[test]
fn every_change_is_compiled() {
    let here = folder(&[("contracts.yaml", &contract("first"))]);
    let (file, output) = (here.path().join("contracts.yaml"), here.path().join("gen/messages.rs"));
    let generated = || fs::read_to_string(&output).expect("generated code");
    let mut program = start(here.path());
    program.says("contracts.yaml: wrote gen/messages.rs");
    assert!(generated().contains("first"));
    // Written in place. Paths are spelt as they were given, also of files that are there.
    fs::write(&file, contract("second")).expect("written");
    program.says("contracts.yaml: wrote gen/messages.rs");
    assert!(generated().contains("second"));
    // A mistake: the files stay.
    fs::write(&file, contract("second").replace("u64", "u65")).expect("written");
    program.says("error[E0201]");
    program.says("contracts.yaml: nothing written");
    assert!(generated().contains("second"));
    // Replaced by another file, as editors do.
    let other = here.path().join(".contracts.yaml.swp");
    fs::write(&other, contract("third")).and_then(|()| fs::rename(&other, &file)).expect("replaced");
    program.says("contracts.yaml: wrote gen/messages.rs");
    assert!(generated().contains("third"));
    // Gone and back.
    fs::remove_file(&file).expect("removed");
    program.says("error[E0001]");
    fs::write(&file, format!("# again\n{}", contract("third"))).expect("written");
    program.says("contracts.yaml: nothing to write");
    // Changes in a burst come to the last one.
    for index in 0..50 {
        fs::write(&file, contract(&format!("field_{index}"))).expect("written");
    }
    while !generated().contains("field_49") {
        program.says("contracts.yaml: wrote");
    }
    // Not written: that is no reason to end either.
    fs::remove_file(&output).and_then(|()| fs::create_dir(&output)).expect("a folder");
    fs::write(&file, contract("fourth")).expect("written");
    program.says("error: cannot write `gen/messages.rs`");
    program.says("contracts.yaml: nothing written");
    fs::remove_dir(&output).expect("removed");
    fs::write(&file, contract("fifth")).expect("written");
    program.says("contracts.yaml: wrote gen/messages.rs");
    program.ends();
}

/// Without this, who deletes generated code while it is watched would have to touch the contract.
#[test]
fn what_is_deleted_is_written_again() {
    let here = folder(&[("contracts.yaml", &contract("first"))]);
    let (file, gen_) = (here.path().join("contracts.yaml"), here.path().join("gen"));
    let arguments = ["compile", "--lang", "ocaml", "--out", "gen", "--depfile", "deps/d", "--watch"];
    let mut program = Program::start(command(here.path(), arguments));
    program.says("contracts.yaml: wrote gen/messages.ml, gen/messages.mli, deps/d");
    fs::remove_file(gen_.join("messages.mli")).expect("removed");
    program.says("contracts.yaml: wrote gen/messages.mli");
    fs::remove_file(here.path().join("deps/d")).expect("removed");
    program.says("contracts.yaml: wrote deps/d");
    // What is there is as it is left.
    fs::remove_dir_all(&gen_).expect("removed");
    program.says("made the folder `gen`");
    program.says("contracts.yaml: wrote gen/messages.ml, gen/messages.mli");
    // A mistake is said once, and there is nothing to write again from.
    fs::write(&file, "messages: 1\n").expect("written");
    program.says("contracts.yaml: nothing written");
    fs::remove_file(gen_.join("messages.ml")).expect("removed");
    program.says("contracts.yaml: nothing written");
    fs::write(&file, contract("first")).expect("written");
    program.says("contracts.yaml: wrote gen/messages.ml");
    program.ends();
}

/// Without this, a branch that is checked out, or a folder that is moved, could end it, or leave it watching what is gone.
#[test]
fn the_folder_may_go_and_come_back() {
    let here = folder(&[("api/contracts.yaml", &contract("first"))]);
    let (api, away) = (here.path().join("api"), here.path().join("away"));
    let arguments = ["compile", "api/contracts.yaml", "--lang", "rust", "--out", "gen", "--watch"];
    let mut program = Program::start(command(here.path(), arguments));
    program.says("api/contracts.yaml: wrote gen/messages.rs");
    fs::rename(&api, &away).expect("renamed");
    program.says("error[E0001]: cannot read `api/contracts.yaml`");
    // What is elsewhere now is no longer watched.
    fs::write(away.join("contracts.yaml"), contract("elsewhere")).expect("written");
    fs::create_dir(&api).and_then(|()| fs::write(api.join("contracts.yaml"), contract("second"))).expect("a file");
    program.says("api/contracts.yaml: wrote gen/messages.rs");
    assert!(fs::read_to_string(here.path().join("gen/messages.rs")).expect("code").contains("second"));
    // The folder is another one of the same name, and is watched as well.
    fs::write(api.join("contracts.yaml"), contract("third")).expect("written");
    program.says("api/contracts.yaml: wrote gen/messages.rs");
    fs::remove_dir_all(&api).expect("removed");
    program.says("error[E0001]");
    fs::rename(&away, &api).expect("renamed");
    program.says("api/contracts.yaml: wrote gen/messages.rs");
    assert!(fs::read_to_string(here.path().join("gen/messages.rs")).expect("code").contains("elsewhere"));
    program.ends();
}

/// Without this, whoever ends it could not tell that from a failure, and a second Ctrl-C be needed.
#[test]
fn it_ends_when_it_is_asked_to() {
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let here = folder(&[("contracts.yaml", &contract("first"))]);
        let mut program = start(here.path());
        program.says("contracts.yaml: wrote gen/messages.rs");
        program.ends_at(signal);
    }
}

/// Without this, a contract that is a link into another folder could be watched in vain.
#[cfg(unix)]
#[test]
fn what_a_link_points_to_is_watched() {
    let here = folder(&[("shared/api.yaml", &contract("first"))]);
    std::os::unix::fs::symlink("shared/api.yaml", here.path().join("contracts.yaml")).expect("a link");
    let mut program = start(here.path());
    program.says("contracts.yaml: wrote gen/messages.rs");
    fs::write(here.path().join("shared/api.yaml"), contract("second")).expect("written");
    program.says("contracts.yaml: wrote");
}

/// Without this, somebody would wait for what never comes.
#[test]
fn what_cannot_be_watched() {
    let watch = |arguments: &[&str]| run(&root(), [&["compile", "--lang", "rust", "--watch"], arguments].concat());
    watch(&["-"]).exits(2).says(&["stdin cannot be watched"]);
    watch(&["--check"]).exits(2).says(&["cannot be used"]);
    watch(&["--stdout"]).exits(2).says(&["cannot be used"]);
    watch(&["no/such/folder/contracts.yaml"]).exits(3).says(&["no/such/folder"]);
}
