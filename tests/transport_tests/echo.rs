//! The echo of `fixtures/ocaml_bridge_echo.ml`.

use std::path::PathBuf;
use std::sync::OnceLock;

use mycelium_tests::contract::{Contract, read};
use mycelium_tests::ocaml_program;
use mycelium_tests::toolchain::root;

/// The program of `fixtures/ocaml_bridge_echo.ml`, built once for all tests, with the contract of [`crate::messages`] or
/// one that differs from it.
pub fn program(contract: &str) -> PathBuf {
    static PROGRAMS: OnceLock<PathBuf> = OnceLock::new();
    let build = || {
        let text = read(&root().join("runtime-rust/bus/tests/messages/contracts.yaml"));
        let other = text.replace("{ max_length: 10 }", "{ max_length: 12 }");
        assert_ne!(text, other);
        let contracts = [Contract::new("same", text), Contract::new("other", other)];
        let programs = [("echo", include_str!("../fixtures/ocaml_bridge_echo.ml"))];
        ocaml_program::build_clients("bridge", &[&contracts[0], &contracts[1]], "", &programs)
    };
    PROGRAMS.get_or_init(build).join(contract).join("echo.exe")
}
