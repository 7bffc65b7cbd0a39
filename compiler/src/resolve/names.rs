//! Names: what may be one, what is unusual, which are taken, and what each stands for.
//! Keywords and case conversions of a target are left to its backend.

use std::cell::Cell;

use heck::{ToSnakeCase, ToUpperCamelCase};
use indexmap::IndexMap;

use crate::codes;
use crate::diag::{Diagnostic, quote};
use crate::ir::Scalar;
use crate::raw;
use crate::source::{Span, Spanned};
use crate::suggest;

/// Longest name, in bytes.
pub const MAX_NAME: usize = 128;

/// Names that unknown ones are compared with, in all; beyond it there are no more suggestions, so
/// that a file of nothing but unknown names stays fast.
const SUGGESTING: usize = 100_000;

/// Scalar types by name; where a misspelt one resembles several equally, the first is offered.
pub const SCALARS: [Scalar; 12] = [
    Scalar::U64,
    Scalar::I64,
    Scalar::F64,
    Scalar::U32,
    Scalar::I32,
    Scalar::F32,
    Scalar::U16,
    Scalar::I16,
    Scalar::U8,
    Scalar::I8,
    Scalar::Bool,
    Scalar::U256,
];

/// What a name stands for; numbers index the raw file's lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named {
    Enum(usize),
    Struct(usize),
    Message(usize),
}

/// Every enum, struct and message of a file by name.
pub struct Names<'a> {
    index: IndexMap<&'a str, (Named, Span)>,
    /// Built-in types that enums and structs are named like, which was reported.
    builtin: Vec<&'a str>,
    /// Comparisons left for suggestions.
    budget: Cell<usize>,
}

impl<'a> Names<'a> {
    /// Collects the names of a file and reports those that cannot be, or should not.
    pub fn collect(file: &'a raw::File, diagnostics: &mut Vec<Diagnostic>) -> Self {
        let mut names = Self { index: IndexMap::new(), builtin: Vec::new(), budget: Cell::new(SUGGESTING) };
        let retired: IndexMap<&str, Span> =
            file.reserved_names.iter().map(|name| (name.value.as_str(), name.span)).collect();
        let mut add = |kind, name: &'a Spanned<String>, named| {
            let builtin = !matches!(named, Named::Message(_)) && is_builtin(&name.value);
            if builtin {
                let message = format!("{kind} {} has the name of a built-in type", quote(&name.value));
                diagnostics.push(Diagnostic::new(&codes::E0504, name.span, message));
                names.builtin.push(&name.value);
                return;
            }
            check_type_name(kind, name, diagnostics);
            if let Some(&span) = retired.get(name.value.as_str()) {
                diagnostics.push(
                    Diagnostic::new(&codes::E0405, name.span, format!("{kind} {} is retired", quote(&name.value)))
                        .related(span, "retired here")
                        .help("choose another name: old recordings and peers know this one as something else"),
                );
            }
            if let Some(&(_, first)) = names.index.get(name.value.as_str()) {
                diagnostics.push(
                    Diagnostic::new(&codes::E0503, name.span, format!("{} is defined twice", quote(&name.value)))
                        .label("defined again here")
                        .related(first, "first defined here")
                        .help("enums, structs and messages share one set of names"),
                );
                return;
            }
            names.index.insert(&name.value, (named, name.span));
        };
        for (index, item) in file.enums.iter().enumerate() {
            add("enum", &item.name, Named::Enum(index));
        }
        for (index, item) in file.structs.iter().enumerate() {
            add("struct", &item.name, Named::Struct(index));
        }
        for (index, item) in file.messages.iter().enumerate() {
            add("message", &item.name, Named::Message(index));
        }
        names
    }

    /// What `name` stands for.
    pub fn get(&self, name: &str) -> Option<Named> {
        self.index.get(name).map(|(named, _)| *named)
    }

    /// Whether a type as written names a built-in type that something of the contract is named like,
    /// so that it is not known which of them is meant.
    pub fn is_ambiguous(&self, ty: &str) -> bool {
        !self.builtin.is_empty()
            && ty.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| self.builtin.contains(&word))
    }

    /// Whether a name, where it was defined, stands for what is defined there.
    pub fn stands_for(&self, name: &Spanned<String>) -> bool {
        self.index.get(name.value.as_str()).is_some_and(|(_, span)| *span == name.span)
    }

    /// The type that `name` is probably a misspelling of.
    pub fn closest_type(&self, name: &str) -> Option<String> {
        let builtin = SCALARS.iter().map(|scalar| scalar.name()).chain(["String", "Vec"]);
        let declared = self.affordable(|named| !matches!(named, Named::Message(_)));
        suggest::nearest(name, builtin.chain(declared)).map(str::to_owned)
    }

    /// The message that `name` is probably a misspelling of.
    pub fn closest_message(&self, name: &str) -> Option<String> {
        let messages = self.affordable(|named| matches!(named, Named::Message(_)));
        suggest::nearest(name, messages).map(str::to_owned)
    }

    fn affordable(&self, wanted: impl Fn(Named) -> bool) -> impl Iterator<Item = &str> {
        let affordable = self.budget.get() >= self.index.len();
        self.budget.set(self.budget.get().saturating_sub(self.index.len()));
        let count = if affordable { self.index.len() } else { 0 };
        self.index.iter().take(count).filter(move |(_, (named, _))| wanted(*named)).map(|(name, _)| *name)
    }
}

/// Reports what is wrong with the name of an enum, struct, message or enum value.
pub fn check_type_name(kind: &str, name: &Spanned<String>, diagnostics: &mut Vec<Diagnostic>) {
    if identifier(kind, name, diagnostics) && !is_upper_camel(&name.value) {
        unconventional(kind, name, "UpperCamelCase", name.value.to_upper_camel_case(), diagnostics);
    }
}

/// Reports what is wrong with the name of a field.
pub fn check_field_name(name: &Spanned<String>, diagnostics: &mut Vec<Diagnostic>) {
    if identifier("field", name, diagnostics) && !is_snake(&name.value) {
        unconventional("field", name, "snake_case", name.value.to_snake_case(), diagnostics);
    }
}

/// Whether `name` can be an identifier in every target; reports it if not.
pub fn identifier(kind: &str, name: &Spanned<String>, diagnostics: &mut Vec<Diagnostic>) -> bool {
    let text = &name.value;
    let shown = || quote(text);
    let wrong = |c: char| !c.is_ascii_alphanumeric() && c != '_';
    let message = if text.is_empty() {
        format!("{kind} without a name")
    } else if let Some(c) = text.chars().find(|&c| wrong(c)) {
        format!("{kind} {} is not an identifier: it contains {}", shown(), quote(&c.to_string()))
    } else if text.starts_with(|c: char| c.is_ascii_digit()) {
        format!("{kind} {} is not an identifier: it begins with a digit", shown())
    } else if text.bytes().all(|c| c == b'_') {
        format!("{kind} {} is not an identifier: it has no letter or digit", shown())
    } else if text.len() > MAX_NAME {
        let message = format!("{kind} {} has a name of {} bytes; at most {MAX_NAME} are allowed", shown(), text.len());
        diagnostics.push(Diagnostic::new(&codes::E0502, name.span, message));
        return false;
    } else {
        return true;
    };
    let help = "a name is made of ASCII letters, digits and `_`, and begins with a letter";
    diagnostics.push(Diagnostic::new(&codes::E0501, name.span, message).help(help));
    false
}

fn unconventional(kind: &str, name: &Spanned<String>, style: &str, better: String, diagnostics: &mut Vec<Diagnostic>) {
    let message = format!("{kind} {} is not in {style}", quote(&name.value));
    let mut diagnostic = Diagnostic::new(&codes::W0501, name.span, message);
    if better != name.value && better.starts_with(|c: char| c.is_ascii_alphabetic()) {
        diagnostic = diagnostic.help(format!("write `{better}`"));
    }
    diagnostics.push(diagnostic);
}

/// A capital first, and `_` only between digits.
fn is_upper_camel(name: &str) -> bool {
    let bytes = name.as_bytes();
    let digit = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_digit);
    bytes[0].is_ascii_uppercase()
        && (0..bytes.len()).all(|at| bytes[at] != b'_' || (digit(at.checked_sub(1)) && digit(Some(at + 1))))
}

/// No capital; words are parted by one `_`.
fn is_snake(name: &str) -> bool {
    !name.bytes().any(|c| c.is_ascii_uppercase())
        && !name.starts_with('_')
        && !name.ends_with('_')
        && !name.contains("__")
}

fn is_builtin(name: &str) -> bool {
    matches!(name, "String" | "Vec") || SCALARS.iter().any(|scalar| scalar.name() == name)
}
