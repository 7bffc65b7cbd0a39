//! Cross-language and end-to-end tests.

pub mod toolchain;
