//! What to say about a struct or message that is too large.

use crate::codes::Code;
use crate::diag::{Diagnostic, quote};
use crate::ir::{Enum, Field, Struct};
use crate::layout::{self, MAX_MESSAGE_SIZE};
use crate::source::{Span, Spanned};

/// How large something would be, and the field that takes most of it.
pub struct Fault {
    pub size: u128,
    pub largest: Option<(String, Span, u128)>,
}

/// The field with the largest value.
pub fn largest(fields: &[Field], enums: &[Enum], structs: &[Struct]) -> Option<(String, Span, u128)> {
    let size = |field: &Field| match layout::value(&field.ty, enums, structs) {
        Ok(layout) => u128::from(layout.size),
        Err(error) => error.size,
    };
    let mut largest: Option<(&Field, u128)> = None;
    for field in fields {
        let size = size(field);
        if largest.is_none_or(|(_, most)| size > most) {
            largest = Some((field, size));
        }
    }
    largest.map(|(field, size)| (field.name.clone(), field.span, size))
}

/// The diagnostic for it.
pub fn too_large(kind: &str, code: &'static Code, name: &Spanned<String>, fault: Fault) -> Diagnostic {
    let size = bytes(fault.size);
    let message = format!("{kind} {} takes {size}; at most {MAX_MESSAGE_SIZE} are allowed", quote(&name.value));
    let diagnostic = Diagnostic::new(code, name.span, message);
    match fault.largest {
        Some((field, span, size)) => {
            diagnostic.related(span, format!("{} takes {} of them", quote(&field), bytes(size)))
        }
        None => diagnostic,
    }
}

fn bytes(size: u128) -> String {
    if size > 1 << 64 { "more than 2^64 bytes".to_owned() } else { format!("{size} bytes") }
}
