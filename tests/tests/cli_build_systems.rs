//! What build systems ask of `myc-schema`: which files it would write, and what they depend on.

use std::fs;
use std::path::Path;
use std::process::Command;

use mycelium_tests::program::{folder, run};
use mycelium_tests::toolchain::{self, root, without_colours};

/// Without this, a build system could be told of other files than those that are written.
#[test]
fn printed_outputs_are_those_that_are_written() {
    let here = folder(&[]);
    let print = ["compile", "--lang", "ocaml", "--lang", "rust", "--out", "gen", "--name", "api", "--print-outputs"];
    let printed = run(here.path(), print).quiet();
    assert_eq!(String::from_utf8(printed).expect("UTF-8"), "gen/api.rs\ngen/api.ml\ngen/api.mli\n");
    assert!(!here.path().join("gen").exists(), "nothing is written, and no contract is needed");
    fs::copy(root().join("contracts.yaml"), here.path().join("contracts.yaml")).expect("a contract");
    run(here.path(), &print[..print.len() - 1]).made_folders();
    for name in ["api.rs", "api.ml", "api.mli"] {
        assert!(here.path().join("gen").join(name).is_file(), "{name}");
    }
    run(here.path(), ["compile", "--lang", "rust", "--print-outputs", "--check"]).exits(2).says(&["cannot be used"]);
}

/// Compiles `contract` into `out` with a dependency file, and gives the name of the Rust file.
fn compiled(here: &Path, contract: &str, out: &str) -> String {
    fs::copy(root().join("contracts.yaml"), here.join(contract)).expect("a contract");
    run(here, ["compile", contract, "--lang", "rust", "--lang", "ocaml", "--out", out, "--depfile", "deps.d"]).exits(0);
    format!("{out}/messages.rs")
}

/// Without this, make would rebuild nothing, or look for half of a name.
#[test]
fn make_reads_the_dependency_file() {
    for (contract, out) in
        [("contracts.yaml", "gen"), ("my $odd #1: contract.yaml", "out $x #2"), ("a\\ b.yaml", "c\\d")]
    {
        let here = folder(&[]);
        let output = compiled(here.path(), contract, out);
        let before = fs::read_to_string(here.path().join("deps.d")).expect("a dependency file");
        // The first target is the first rule's first output.
        let makefile = "include deps.d\n%.rs %.ml %.mli:\n\t@echo '<$^> makes <$@>'\n";
        fs::write(here.path().join("Makefile"), makefile).expect("written");
        let mut make = Command::new("make");
        make.args(["-r", "--always-make", "--no-print-directory"]).current_dir(here.path());
        let made = toolchain::run(without_colours(make));
        let said = String::from_utf8_lossy(&made.stdout).into_owned();
        assert!(made.status.success() && said.contains(&format!("<{contract}> makes <{output}>")), "{before}{made:?}");
        // It is written again only when it changes.
        run(
            here.path(),
            ["compile", contract, "--lang", "rust", "--lang", "ocaml", "--out", out, "--depfile", "deps.d"],
        )
        .quiet();
        assert_eq!(fs::read_to_string(here.path().join("deps.d")).expect("a dependency file"), before);
    }
}

/// Without this, a slip would make a file called `-`, or generated code would be replaced by what it depends on.
#[test]
fn where_a_dependency_file_goes() {
    let here = folder(&[("contracts.yaml", &fs::read_to_string(root().join("contracts.yaml")).expect("a contract"))]);
    let compile = |arguments: &[&str]| run(here.path(), [&["compile", "--lang", "rust"], arguments].concat());
    let printed = compile(&["--out", "gen", "--depfile", "-"]).exits(0);
    assert_eq!(printed.text(), "gen/messages.rs: contracts.yaml\n");
    assert!(here.path().join("gen/messages.rs").is_file() && !here.path().join("-").exists());
    for depfile in ["gen/messages.rs", "gen/../gen/messages.rs", "./gen/messages.rs"] {
        compile(&["--out", "gen", "--depfile", depfile])
            .exits(2)
            .says(&["gen/messages.rs` is a file that is generated"]);
        compile(&["--out", "gen/", "--watch", "--depfile", depfile]).exits(2).says(&["a file that is generated"]);
    }
    compile(&["--out", "new", "--depfile", "new/messages.rs"]).exits(2).says(&["a file that is generated"]);
    assert!(!here.path().join("new").exists());
    compile(&["--watch", "--depfile", "-"]).exits(2).says(&["--depfile needs a name while --watch goes on"]);
    compile(&["--out", "-"]).exits(2).says(&["--out takes a folder", "--stdout prints the files"]);
    run(here.path(), ["docs", "--out", "-"]).exits(2).says(&["--out takes a folder"]);
    assert!(!here.path().join("-").exists());
}

/// Without this, ninja would build what is current, or not what is stale.
#[test]
fn ninja_reads_the_dependency_file() {
    let here = folder(&[]);
    let (contract, out) = ("my $odd #1: contract.yaml", "out $x #2");
    let output = compiled(here.path(), contract, out);
    let escape = |path: &str| path.replace('$', "$$").replace(':', "$:").replace(' ', "$ ");
    let compiler = toolchain::compiler().display().to_string();
    let script = format!(
        "rule compile\n  command = {compiler} compile '{}' --lang rust --lang ocaml --out '{}' --depfile deps.d\n  \
         depfile = deps.d\nbuild {outputs}: compile\n",
        contract.replace('$', "$$"),
        out.replace('$', "$$"),
        outputs = ["rs", "ml", "mli"].map(|extension| escape(&format!("{out}/messages.{extension}"))).join(" "),
    );
    fs::write(here.path().join("build.ninja"), script).expect("written");
    fs::remove_file(here.path().join(&output)).expect("a file");
    let ninja = || {
        let mut ninja = Command::new("ninja");
        ninja.args(["-d", "explain"]).current_dir(here.path());
        let run = toolchain::run(without_colours(ninja));
        assert!(run.status.success(), "{run:?}");
        String::from_utf8_lossy(&[run.stdout, run.stderr].concat()).into_owned()
    };
    assert!(ninja().contains("[1/1]"));
    assert!(ninja().contains("no work to do"));
    let text = fs::read_to_string(here.path().join(contract)).expect("the contract");
    let later = std::time::SystemTime::now() + std::time::Duration::from_secs(10);
    fs::write(here.path().join(contract), text.replace("A counter moved", "A counter has moved")).expect("written");
    let file = fs::File::options().append(true).open(here.path().join(contract)).expect("the contract");
    file.set_modified(later).expect("a time");
    assert!(ninja().contains("[1/1]"), "the contract is the only input, and ninja knows it from the dependency file");
}

/// Without this, a dependency file could be of a contract that has no path, or be one that nothing reads.
#[test]
fn what_cannot_be_in_a_dependency_file() {
    let here = folder(&[("a\nb.yaml", "messages: {}\n")]);
    let compile = |contract: &str| {
        run(here.path(), ["compile", contract, "--lang", "rust", "--out", "gen", "--depfile", "deps.d"])
    };
    compile("a\nb.yaml").exits(2).says(&["line break"]);
    compile("-").exits(1).says(&["empty"]);
    assert!(!here.path().join("gen").exists() && !here.path().join("deps.d").exists());
}
