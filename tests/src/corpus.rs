//! The corpus: the contracts that are compiled for every language, and one program a language made of them.

use std::sync::OnceLock;

use crate::contract::{Contract, files, stem};
use crate::contracts::{self, SEED};
use crate::driver::Driver;
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
