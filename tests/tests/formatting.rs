//! Generated code as text.

use mycelium_tests::contract::Contract;
use mycelium_tests::{corpus, golden, rust_program};

/// People read generated code, and whoever commits it runs rustfmt over it.
#[test]
fn rust_is_formatted_as_rustfmt_would() {
    let golden = golden::contracts();
    let contracts: Vec<Contract> = corpus::contracts().iter().chain(corpus::names()).chain(&golden).cloned().collect();
    let changes = rust_program::format("formatting", &contracts);
    assert!(changes.is_empty(), "rustfmt would change:\n{}", changes.chars().take(5000).collect::<String>());
}

/// An editor that cuts blanks, a tool that wants a last newline, a terminal of 80 columns.
#[test]
fn files_are_clean() {
    for contract in corpus::contracts() {
        for language in ["rust", "ocaml"] {
            for (name, text) in contract.render(language) {
                let at = format!("{}, {name}", contract.name);
                assert!(text.ends_with('\n') && !text.ends_with("\n\n"), "{at}: the end of the file");
                assert!(!text.contains("\n\n\n"), "{at}: two blank lines");
                let blank = text.lines().find(|line| line.ends_with([' ', '\t']) || line.contains('\t'));
                assert_eq!(blank, None, "{at}: blanks at the end, or tabs");
            }
        }
    }
}
