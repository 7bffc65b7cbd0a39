//! Builds one Rust program out of the generated code of several contracts. Clippy compiles it, all of its warnings and
//! rustc's denied, so that generated code is held to both as it is built.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::contract::{Contract, update};
use crate::driver::Driver;
use crate::rust_glue;
use crate::toolchain::{cargo, root, run, target_folder};

/// Builds the driver of `contracts`; panics with the compiler's words. The contracts of `private` are compiled as
/// an application would: in modules that nobody else sees, whose items nobody uses.
pub fn build(name: &str, contracts: &[Contract], private: &[Contract]) -> Driver {
    let folder = write(name, contracts, private);
    let mut build = cargo(&folder, &["build", "--quiet", "--offline", "--workspace"]);
    build.env("RUSTC_WORKSPACE_WRAPPER", "clippy-driver");
    let output = run(build);
    assert!(
        output.status.success(),
        "{name}, generated Rust (`cargo xtask setup` installs what is missing):\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let program = target_folder().join("debug").join(format!("driver-{name}{}", std::env::consts::EXE_SUFFIX));
    Driver { language: "Rust", program }
}

/// Builds one program, `main`, that has the generated code of one contract in its module `messages`, warnings denied;
/// the path of the executable.
pub fn build_one(name: &str, contract: &Contract, main: &str) -> PathBuf {
    let folder = target_folder().join("generated").join(name).join("rust");
    update(&folder.join("src/messages.rs"), &generated(contract));
    update(&folder.join("src/main.rs"), &format!("#![deny(warnings)]\n#![allow(dead_code)]\nmod messages;\n\n{main}"));
    let wire = root().join("runtime-rust/wire");
    let manifest = format!(
        "[package]\nname = \"program-{name}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[dependencies]\n\
         mycelium-wire = {{ path = {wire:?} }}\n\n[workspace]\n\n[profile.dev]\ndebug = \"line-tables-only\"\n"
    );
    update(&folder.join("Cargo.toml"), &manifest);
    if !folder.join("Cargo.lock").exists() {
        fs::copy(root().join("Cargo.lock"), folder.join("Cargo.lock")).expect("the workspace's lock file");
    }
    let output = run(cargo(&folder, &["build", "--quiet", "--offline"]));
    assert!(output.status.success(), "{name}, generated Rust:\n{}", String::from_utf8_lossy(&output.stderr));
    target_folder().join("debug").join(format!("program-{name}{}", std::env::consts::EXE_SUFFIX))
}

/// How rustfmt with its default settings would change the generated code.
pub fn format(name: &str, contracts: &[Contract]) -> String {
    let folder = target_folder().join("generated").join(name).join("format");
    let files = contracts.iter().map(|contract| {
        let file = folder.join(format!("{}.rs", contract.name));
        update(&file, &generated(contract));
        file
    });
    let files: Vec<PathBuf> = files.collect();
    update(&folder.join("rustfmt.toml"), "");
    let mut rustfmt = Command::new("rustfmt");
    rustfmt.args(["--check", "--edition", "2024", "--config-path"]).arg(&folder).args(files);
    let output = run(rustfmt);
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.success(), text.is_empty(), "{text}");
    text
}

fn generated(contract: &Contract) -> String {
    contract.render("rust").remove("messages.rs").expect("one Rust file")
}

/// Writes the crates; files that did not change keep their times.
fn write(name: &str, contracts: &[Contract], private: &[Contract]) -> PathBuf {
    let folder = target_folder().join("generated").join(name).join("rust");
    let wire = format!("mycelium-wire = {{ path = {:?} }}\n", root().join("runtime-rust/wire"));
    let package =
        |part: &str| format!("[package]\nname = \"{part}-{name}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n");
    let lints = "#![forbid(unsafe_code)]\n#![deny(warnings, missing_docs, clippy::all)]\n\n";

    let mut library = format!("//! Generated code.\n{lints}");
    let mut main = String::from("#![allow(deprecated, unused, clippy::all)]\nmod driver;\n");
    let mut arms = String::new();
    for contract in contracts {
        let name = &contract.name;
        update(&folder.join(format!("contracts/src/{name}.rs")), &generated(contract));
        update(&folder.join(format!("driver/src/glue_{name}.rs")), &rust_glue::module(contract));
        let _ = writeln!(library, "/// A contract.\npub mod {name};");
        let _ = writeln!(main, "mod glue_{name};");
        let _ = writeln!(arms, "        {name:?} => glue_{name}::answer(message, operation, words),");
    }
    let _ = writeln!(
        main,
        "\nfn main() {{\n    driver::serve(|contract, message, operation, words| match contract {{\n{arms}        \
         other => panic!(\"no contract {{other}}\"),\n    }});\n}}"
    );
    update(&folder.join("contracts/src/lib.rs"), &library);
    let manifest = format!("{}[lib]\nname = \"contracts\"\n\n[dependencies]\n{wire}", package("contracts"));
    update(&folder.join("contracts/Cargo.toml"), &manifest);
    update(&folder.join("driver/src/main.rs"), &main);
    update(&folder.join("driver/src/driver.rs"), include_str!("../fixtures/rust_driver.rs"));
    let contracts = format!("contracts-{name} = {{ path = \"../contracts\" }}\n");
    update(&folder.join("driver/Cargo.toml"), &format!("{}[dependencies]\n{wire}{contracts}", package("driver")));

    let mut library = format!("//! Generated code.\n{lints}mod deep {{\n");
    for contract in private {
        update(&folder.join(format!("private/src/deep/{}.rs", contract.name)), &generated(contract));
        let _ = writeln!(library, "mod {};", contract.name);
    }
    update(&folder.join("private/src/lib.rs"), &(library + "}\n"));
    update(&folder.join("private/Cargo.toml"), &format!("{}[dependencies]\n{wire}", package("private")));

    // The workspace's own profile, so that its build of the dependencies serves here as well.
    let mut manifest = String::from(
        "[workspace]\nmembers = [\"contracts\", \"driver\", \"private\"]\nresolver = \"3\"\n\n\
         [profile.dev]\ndebug = \"line-tables-only\"\n",
    );
    for part in ["contracts", "driver", "private"] {
        let _ = writeln!(manifest, "\n[profile.dev.package.{part}-{name}]\ndebug = false\nincremental = false");
    }
    update(&folder.join("Cargo.toml"), &manifest);
    if !folder.join("Cargo.lock").exists() {
        fs::copy(root().join("Cargo.lock"), folder.join("Cargo.lock")).expect("the workspace's lock file");
    }
    folder
}
