//! The Rust backend.

use super::{Backend, Capabilities, Output};

mod code;
mod doc;
mod field;
pub mod names;
mod rules;
mod types;
pub mod view;

/// Rust.
pub const BACKEND: Backend = Backend {
    id: "rust",
    description: "zerocopy structs over the wire bytes (needs the crate mycelium-wire)",
    capabilities: Capabilities { zero_copy: true, codec: true },
    outputs: OUTPUTS,
    check: names::check,
    view: view::view,
};

const OUTPUTS: &[Output] =
    &[Output { extension: "rs", template: include_str!("../../../templates/rust/messages.rs.j2") }];
