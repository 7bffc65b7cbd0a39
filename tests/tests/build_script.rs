//! The example of tests/build-script, built by cargo outside the workspace as a user would build it.

use std::fs;
use std::path::{Path, PathBuf};

use mycelium_tests::program::Run;
use mycelium_tests::toolchain::{self, root};

/// A copy of the example. What it depends on has been built with the workspace.
struct Example {
    folder: PathBuf,
}

impl Example {
    fn new(name: &str) -> Self {
        let source = root().join("tests/build-script");
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(folder.join("src")).expect("a folder");
        let example = Self { folder };
        for name in ["build.rs", "contracts.yaml", "src/main.rs"] {
            example.write(name, &fs::read_to_string(source.join(name)).expect("a file"));
        }
        let manifest = fs::read_to_string(source.join("Cargo.toml")).expect("a file");
        assert!(manifest.contains("\"../../"), "paths to this workspace");
        let manifest = manifest.replace("\"../../", &format!("\"{}/", root().display()));
        example.write("Cargo.toml", &format!("{manifest}\n[workspace]\n"));
        // The versions of this workspace are there without a network.
        fs::copy(root().join("Cargo.lock"), example.folder.join("Cargo.lock")).expect("a lock file");
        example
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.folder.join(name), text).expect("written");
    }

    fn cargo(&self, arguments: &[&str]) -> Run {
        let mut cargo = toolchain::cargo(&self.folder, arguments);
        cargo.arg("--offline").env("CARGO_TERM_COLOR", "never");
        toolchain::run(cargo).into()
    }
}

/// Without this, every build of a user's crate could generate and compile again, a mistake in the
/// contract could be shown as a panic, and code could be compiled from a contract that was changed.
#[test]
fn a_crate_generates_its_messages() {
    let example = Example::new("build-script");
    let contract = fs::read_to_string(example.folder.join("contracts.yaml")).expect("a file");
    let said = example.cargo(&["run", "--quiet"]).quiet();
    assert_eq!(String::from_utf8_lossy(&said), "56 bytes on topic greetings: hello\n");

    let again = example.cargo(&["build", "--verbose"]).exits(0).stderr;
    assert!(again.contains("Fresh build-script-example v0.1.0"), "{again}");
    assert!(!again.contains("Dirty") && !again.contains("Compiling") && !again.contains("Running"), "{again}");

    example.write("contracts.yaml", &contract.replace("String<40>", "String<48>"));
    let said = example.cargo(&["run", "--quiet"]).quiet();
    assert_eq!(String::from_utf8_lossy(&said), "64 bytes on topic greetings: hello\n");

    example.write("contracts.yaml", &contract.replace("u64", "u65").replace("not_empty", "not_emty"));
    let broken = example.cargo(&["build"]).exits(101).stderr;
    let at = "\nerror: build-script-example@0.1.0: contracts.yaml:";
    assert!(broken.contains(&format!("{at}7:49: error[E0")), "{broken}");
    assert!(broken.contains(&format!("{at}8:19: error[E0201]: unknown type `u65`")), "{broken}");
    assert!(broken.contains("at: { type: u65, unit: s }\n"), "with an excerpt:\n{broken}");

    example.write("contracts.yaml", &contract.replace("String<40>", "String"));
    let warned = example.cargo(&["build"]).exits(0).stderr;
    assert!(warned.contains("\nwarning: build-script-example@0.1.0: contracts.yaml:7:"), "{warned}");

    fs::remove_file(example.folder.join("contracts.yaml")).expect("removed");
    let missing = example.cargo(&["build"]).exits(101).stderr;
    assert!(
        missing.contains("error: build-script-example@0.1.0: error[E0001]: cannot read `contracts.yaml`"),
        "{missing}"
    );
}

/// Without this, every user's build script would compile an argument parser and terminal support.
#[test]
fn a_build_script_needs_no_command_line() {
    let tree = |arguments: &[&str]| {
        let arguments =
            [&["tree", "--package", "myc-schema", "--edges", "normal,build", "--prefix", "none"], arguments];
        let tree = toolchain::cargo(&root(), &arguments.concat());
        String::from_utf8(Run::from(toolchain::run(tree)).exits(0).stdout).expect("UTF-8")
    };
    let command_line = ["anstream", "clap", "clap_builder", "clap_complete", "clap_mangen", "similar", "terminal_size"];
    let whole = tree(&[]);
    let library = tree(&["--no-default-features"]);
    let has = |tree: &str, name: &str| tree.lines().any(|line| line.starts_with(&format!("{name} v")));
    for name in command_line {
        assert!(has(&whole, name), "{name}:\n{whole}");
        assert!(!has(&library, name), "{name}:\n{library}");
    }
    assert!(has(&library, "saphyr-parser"), "{library}");
}
