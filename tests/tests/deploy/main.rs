//! What is deployed (`docs/ocaml-bridge/deploy/`) is held against the programs that will read it, and against the code
//! that it speaks of.

mod alerts;
mod continuous_integration;
mod dashboards;
mod images;
mod live;
mod metrics;
mod units;
mod usage;

use std::path::PathBuf;

use mycelium_tests::toolchain;

/// A file or folder of what is deployed.
fn deployed(path: &str) -> PathBuf {
    toolchain::root().join("docs/ocaml-bridge/deploy").join(path)
}

/// The text of a file of the project.
fn text(path: &str) -> String {
    std::fs::read_to_string(toolchain::root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}
