//! The corpus: the contracts that are compiled for every language, and one program a language made of them.

use std::sync::OnceLock;

use crate::contract::{Contract, files, stem};
use crate::contracts::{self, SEED};
use crate::driver::Driver;
use crate::random::Random;
use crate::toolchain::root;
use crate::{names, ocaml_program};

/// Every contract of `schemas/valid`, a dozen random ones, and the names that may mean something in a target.
pub fn contracts() -> &'static [Contract] {
    static CONTRACTS: OnceLock<Vec<Contract>> = OnceLock::new();
    CONTRACTS.get_or_init(|| {
        let fixtures = files(&root().join("tests/schemas/valid"), ".yaml");
        let mut contracts: Vec<Contract> =
            fixtures.iter().map(|path| Contract::read(&stem(path, ".yaml"), path)).collect();
        contracts.extend(names::contracts());
        contracts.extend(contracts::contracts(&mut Random::for_test("corpus", SEED), "random", 12));
        contracts
    })
}

/// The drivers of the corpus.
pub fn drivers() -> [&'static Driver; 1] {
    [ocaml()]
}

/// The OCaml driver of the corpus.
pub fn ocaml() -> &'static Driver {
    static DRIVER: OnceLock<Driver> = OnceLock::new();
    DRIVER.get_or_init(|| ocaml_program::build("corpus", contracts()))
}
