//! The example of tests/dune-example, built by dune beside the OCaml library as a user's workspace would be.

use std::env;
use std::fs;
use std::path::Path;

use mycelium_tests::program::Run;
use mycelium_tests::toolchain::{self, compiler, root};

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).unwrap_or_else(|error| panic!("{}: {error}", from.display())) {
        let entry = entry.expect("an entry");
        let name = entry.file_name();
        if entry.file_type().expect("a type").is_dir() {
            if name != "_build" {
                copy(&entry.path(), &to.join(&name));
            }
        } else {
            fs::copy(entry.path(), to.join(&name)).expect("copied");
        }
    }
}

/// dune in a copy of the example, with `myc-schema` on the path or without.
fn dune(workspace: &Path, with_compiler: bool, arguments: &[&str]) -> Run {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = compiler().parent().map(Path::to_path_buf).into_iter().filter(|_| with_compiler);
    let path = env::join_paths(folders.chain(env::split_paths(&path))).expect("a path");
    let mut dune = std::process::Command::new("dune");
    dune.args(arguments).args(["--root", "."]).current_dir(workspace).env("PATH", path).env("DUNE_CACHE", "disabled");
    dune.env_remove("INSIDE_DUNE").stdin(std::process::Stdio::null());
    toolchain::run(toolchain::without_colours(dune)).into()
}

/// Without this, the rules that users copy could be ones that dune does not take, the committed
/// code could be stale, or building could need the compiler where it should not.
#[test]
fn dune_generates_or_compares() {
    let workspace = tempfile::tempdir().expect("a folder");
    let workspace = workspace.path();
    copy(&root().join("tests/dune-example"), workspace);
    copy(&root().join("runtime-ocaml"), &workspace.join("runtime-ocaml"));
    let said = "56 bytes on topic greetings: hello\n";

    // Committed: builds without the compiler, in the development profile, where warnings are errors.
    dune(workspace, false, &["build", "./committed/main.exe"]).quiet();
    assert_eq!(dune(workspace, false, &["exec", "./committed/main.exe"]).exits(0).text(), said);
    dune(workspace, true, &["build", "@committed/runtest"]).quiet();

    // Generated when built; the rule's output goes through dune unchanged.
    dune(workspace, true, &["build", "./at-build/main.exe"]).quiet();
    assert_eq!(dune(workspace, true, &["exec", "./at-build/main.exe"]).exits(0).text(), said);
    let generated = |name: &str| fs::read(workspace.join("_build/default/at-build").join(name)).expect("generated");
    for name in ["messages.ml", "messages.mli"] {
        assert!(generated(name) == fs::read(workspace.join("committed").join(name)).expect("committed"), "{name}");
    }

    // A changed contract: the program follows, the committed code is shown as stale and can be promoted.
    for example in ["at-build", "committed"] {
        let contract = workspace.join(example).join("contracts.yaml");
        let text = fs::read_to_string(&contract).expect("a contract").replace("String<40>", "String<48>");
        fs::write(contract, text).expect("written");
    }
    let said = "64 bytes on topic greetings: hello\n";
    assert_eq!(dune(workspace, true, &["exec", "./at-build/main.exe"]).exits(0).text(), said);
    let stale = dune(workspace, true, &["build", "@committed/runtest"]).exits(1).stderr;
    for name in ["messages.ml", "messages.mli"] {
        assert!(stale.contains(&format!("File \"committed/{name}\", line 1")), "{name} in\n{stale}");
    }
    dune(workspace, true, &["promote"]).exits(0);
    dune(workspace, true, &["build", "@committed/runtest"]).quiet();
    assert_eq!(dune(workspace, false, &["exec", "./committed/main.exe"]).exits(0).text(), said);

    // A broken contract: dune shows the compiler's diagnostics.
    let contract = workspace.join("at-build/contracts.yaml");
    let text = fs::read_to_string(&contract).expect("a contract").replace("u64", "u65");
    fs::write(contract, text).expect("written");
    let broken = dune(workspace, true, &["build", "./at-build/main.exe"]).exits(1).stderr;
    assert!(broken.contains("error[E0201]: unknown type `u65`"), "{broken}");
    assert!(broken.contains("contracts.yaml:8:19"), "{broken}");
}
