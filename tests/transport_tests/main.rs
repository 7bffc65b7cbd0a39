//! The bridge end to end, with workers in OCaml. `cargo test ocaml_bridge_service` runs them.

mod echo;
mod ocaml_bridge_service;
mod place;
mod tlv;

#[rustfmt::skip]
#[path = "../../runtime-rust/bus/tests/messages/messages.rs"]
#[allow(dead_code)]
mod messages;
