//! Cross-language and end-to-end tests: what the runners in `tests/` share.

pub mod browser;
pub mod contract;
pub mod contracts;
pub mod corpus;
pub mod docs;
pub mod driver;
pub mod golden;
pub mod lsp_client;
pub mod mutate;
pub mod names;
mod ocaml_glue;
pub mod ocaml_program;
pub mod pcap;
pub mod program;
pub mod project;
pub mod random;
mod rules;
mod rust_glue;
pub mod rust_program;
pub mod sarif;
pub mod streams;
pub mod tokens;
pub mod toolchain;
pub mod values;
pub mod versions;
pub mod yaml_reader;
