//! Identifiers of OCaml: keywords, casing, escapes, collisions.

use crate::diag::Diagnostic;
use crate::ir::Schema;

/// Reports names that cannot be OCaml identifiers or collide after conversion.
pub fn check(_schema: &Schema) -> Vec<Diagnostic> {
    Vec::new()
}
