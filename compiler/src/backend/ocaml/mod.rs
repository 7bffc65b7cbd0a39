//! The OCaml backend.

use super::{Backend, Capabilities, Output};

mod bytes;
mod code;
mod composite;
mod doc;
mod fields;
pub mod names;
mod peeks;
mod rules;
mod shape;
mod values;
pub mod view;

/// OCaml.
pub const BACKEND: Backend = Backend {
    id: "ocaml",
    description: "modules with private records over the wire bytes (needs the library mycelium)",
    capabilities: Capabilities { zero_copy: true, codec: true },
    outputs: OUTPUTS,
    check: names::check,
    view: view::view,
};

const OUTPUTS: &[Output] = &[
    Output { extension: "ml", template: include_str!("../../../templates/ocaml/messages.ml.j2") },
    Output { extension: "mli", template: include_str!("../../../templates/ocaml/messages.mli.j2") },
];
