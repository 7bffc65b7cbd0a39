//! Cross-language and end-to-end tests.

pub mod program;
pub mod toolchain;
