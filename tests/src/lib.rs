//! Cross-language and end-to-end tests.

pub mod docs;
pub mod program;
pub mod toolchain;
