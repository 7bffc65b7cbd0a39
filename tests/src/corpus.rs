//! The corpus: the contracts that are compiled for every language, and one program a language made of them.

use std::sync::OnceLock;

use crate::contract::{Contract, files, stem};
use crate::contracts::{self, SEED};
use crate::driver::Driver;
use crate::golden;
use crate::random::Random;
use crate::toolchain::root;
use crate::{names, ocaml_program, rust_program};

/// What the programs are called.
pub const NAME: &str = "corpus";

/// Every contract of `schemas/valid` and a dozen random ones.
pub fn contracts() -> &'static [Contract] {
    static CONTRACTS: OnceLock<Vec<Contract>> = OnceLock::new();
    CONTRACTS.get_or_init(|| {
        let fixtures = files(&root().join("tests/schemas/valid"), ".yaml");
        let mut contracts: Vec<Contract> =
            fixtures.iter().map(|path| Contract::read(&stem(path, ".yaml"), path)).collect();
        contracts.extend(contracts::contracts(&mut Random::for_test("corpus", SEED), "random", 12));
        contracts
    })
}

/// The text of every contract of the project, accepted or not: fixtures, golden contracts, the reference contract, the
/// framework's own, and the random ones. Those that are not UTF-8 are left out.
pub fn texts() -> Vec<String> {
    let fixtures = ["valid", "invalid"].map(|kind| files(&root().join("tests/schemas").join(kind), ".yaml"));
    let golden = golden::load();
    let golden = golden.iter().map(|golden| golden.folder.join("contracts.yaml"));
    let own = ["contracts.yaml", "runtime-rust/wire/core.yaml"].map(|path| root().join(path));
    let paths = fixtures.into_iter().flatten().chain(golden).chain(own);
    let mut texts: Vec<String> =
        paths.filter(|path| path.is_file()).filter_map(|path| std::fs::read_to_string(path).ok()).collect();
    texts.extend(contracts().iter().map(|contract| contract.text.clone()));
    texts.sort();
    texts.dedup();
    texts
}

/// The names that may mean something in a target: compiled, no more.
pub fn names() -> &'static [Contract] {
    static CONTRACTS: OnceLock<Vec<Contract>> = OnceLock::new();
    CONTRACTS.get_or_init(names::contracts)
}

/// The drivers of the corpus.
pub fn drivers() -> [&'static Driver; 2] {
    [rust(), ocaml()]
}

/// The Rust driver of the corpus.
pub fn rust() -> &'static Driver {
    static DRIVER: OnceLock<Driver> = OnceLock::new();
    DRIVER.get_or_init(|| rust_program::build(NAME, contracts(), names()))
}

/// The OCaml driver of the corpus.
pub fn ocaml() -> &'static Driver {
    static DRIVER: OnceLock<Driver> = OnceLock::new();
    DRIVER.get_or_init(|| ocaml_program::build(NAME, contracts(), names()))
}
