//! `myc-schema dune-rules`: both forms of the stanzas, in dune projects.

use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

use mycelium_tests::program::{Run, folder, run};
use mycelium_tests::toolchain::{self, compiler, ocaml_library, root};

const CONTRACT: &str = "messages:\n  Greeting:\n    tlv_type: 1000\n    domain: Greetings\n    fields: { at: u64 }\n";

fn rules(folder: &Path, arguments: &[&str]) -> String {
    String::from_utf8(run(folder, [&["dune-rules"], arguments].concat()).quiet()).expect("UTF-8")
}

/// A command with `myc-schema` and the OCaml library where users have them.
fn installed(mut command: Command) -> Run {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = compiler().parent().map(Path::to_path_buf).into_iter();
    command.env("PATH", env::join_paths(folders.chain(env::split_paths(&path))).expect("a path"));
    command.env("OCAMLPATH", ocaml_library()).env_remove("INSIDE_DUNE");
    toolchain::run(command).into()
}

fn dune(folder: &Path, arguments: &[&str]) -> Run {
    installed(toolchain::dune(folder, arguments))
}

/// Without this, the documented examples could have other rules than the command prints; dune runs those examples in
/// `dune_example.rs`.
#[test]
fn the_examples_have_the_printed_rules() {
    for (example, arguments) in [("at-build", &[][..]), ("committed", &["--committed"])] {
        let dune = fs::read_to_string(root().join("tests/dune-example").join(example).join("dune")).expect("a file");
        let printed = rules(&root(), arguments);
        assert!(dune.contains(&printed), "{example}:\n{printed}");
    }
    assert_eq!(rules(&root(), &["--promote"]), rules(&root(), &["--committed"]));
}

/// Without this, rules for a contract in another folder, or of another name, could be ones that dune does not take.
#[test]
fn rules_work_for_other_paths_and_names() {
    let contract = "shared contracts/api.yaml";
    let library = |name: &str| format!("(library\n (name {name})\n (libraries mycelium.wire))\n\n");
    let here = folder(&[("dune-project", "(lang dune 2.9)\n"), (contract, CONTRACT)]);
    let here = here.path();
    let dependency = format!("../{contract}");
    for (name, form) in [("built", &[][..]), ("kept", &["--committed"])] {
        fs::create_dir(here.join(name)).expect("a folder");
        let printed = rules(here, &[&[dependency.as_str(), "--name", "api"], form].concat());
        fs::write(here.join(name).join("dune"), library(name) + &printed).expect("written");
    }

    dune(here, &["build", "@built/all"]).exits(0);
    // What is not committed yet, dune shows, and makes when it is told to.
    assert!(dune(here, &["build", "@kept/runtest"]).exits(1).stderr.contains("kept/api.ml"));
    dune(here, &["promote"]).exits(0);
    for name in ["api.ml", "api.mli"] {
        let kept = fs::read(here.join("kept").join(name)).expect("promoted");
        assert!(kept == fs::read(here.join("_build/default/built").join(name)).expect("built"), "{name}");
    }
    dune(here, &["build", "@kept/all", "@kept/runtest"]).exits(0);

    fs::write(here.join(contract), CONTRACT.replace("u64", "u32")).expect("written");
    dune(here, &["build", "@kept/all"]).exits(0);
    let stale = dune(here, &["build", "@kept/runtest"]).exits(1).stderr;
    assert!(stale.contains("File \"kept/api.ml\"") && stale.contains("File \"kept/api.mli\""), "{stale}");
}

/// Without this, what dune reads as something else than a path could be printed as one.
#[test]
fn paths_that_dune_would_misread_are_refused() {
    for path in ["a%{b}.yaml", "a:b.yaml", "a\"b.yaml", "a\nb.yaml", "", "(a)", "a;b"] {
        run(&root(), ["dune-rules", path]).exits(2).says(&["is no path that can be in a dune file"]);
    }
    run(&root(), ["dune-rules", "-"]).exits(2).says(&["cannot read the contract from stdin"]);
    run(&root(), ["dune-rules", "--name", "a-b"]).exits(2).says(&["it names a module"]);
}
