//! Cross-language and end-to-end tests.
