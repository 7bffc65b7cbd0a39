//! Identifiers of Rust: keywords, casing, escapes, collisions.

use crate::diag::Diagnostic;
use crate::ir::Schema;

/// Reports names that cannot be Rust identifiers or collide after conversion.
pub fn check(_schema: &Schema) -> Vec<Diagnostic> {
    Vec::new()
}
