//! The schema compiler: contracts text → [`raw`] → [`ir`] → one language's view → text.
//! Plain functions, one direction; see ARCHITECTURE.md.

pub mod backend;
pub mod build;
mod check;
pub mod codes;
pub mod conflict;
pub mod core_contract;
pub mod depfile;
pub mod diag;
pub mod digest;
pub mod evolve;
pub mod fix;
pub mod fmt;
pub mod hex;
pub mod ir;
pub mod json_schema;
pub mod layout;
pub mod lock;
pub mod next_id;
pub mod raw;
pub mod render;
pub mod resolve;
pub mod rules;
pub mod source;
pub mod stream;
pub mod suggest;
pub mod u256;
pub mod value;
pub mod write;

pub use check::{Checked, check, check_while};
