//! [`ValueError`]: why a payload, a value or a JSON text was refused.

use std::fmt;

/// Why a payload, a value or a JSON text was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{code}{}", at(.path), colon(.detail))]
pub struct ValueError {
    /// The kind of failure: the same in every language.
    pub code: Code,
    /// The field, in the contract's spelling (`bids[3].price.exponent`); empty for the whole payload.
    pub path: String,
    /// What was found and what was expected, for people; may be empty.
    pub detail: String,
}

/// The kind of a [`ValueError`]. [`fmt::Display`] gives the name that every language uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Code {
    /// The payload is not exactly the message's size.
    Length,
    /// A presence byte is neither 0 nor 1.
    Presence,
    /// A byte that carries nothing is not zero.
    Padding,
    /// A length over its bound, or an array of the wrong number of elements.
    Count,
    /// A string is not UTF-8.
    Utf8,
    /// A boolean byte is neither 0 nor 1.
    Bool,
    /// Not one of the enum's values.
    Enum,
    /// An `f32` NaN other than 0x7fc00000.
    Nan,
    /// A number outside its type's range.
    Range,
    /// A validation rule, by name.
    Rule(&'static str),
    /// A value of the wrong kind, such as a string where a number belongs.
    Kind,
    /// The text is not JSON.
    Syntax,
    /// JSON names a field that the message or struct does not have.
    UnknownField,
    /// JSON lacks a field.
    MissingField,
    /// JSON names a field twice.
    DuplicateField,
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Code::Length => "length",
            Code::Presence => "presence",
            Code::Padding => "padding",
            Code::Count => "count",
            Code::Utf8 => "utf8",
            Code::Bool => "bool",
            Code::Enum => "enum",
            Code::Nan => "nan",
            Code::Range => "range",
            Code::Rule(name) => return write!(f, "rule:{name}"),
            Code::Kind => "kind",
            Code::Syntax => "syntax",
            Code::UnknownField => "unknown_field",
            Code::MissingField => "missing_field",
            Code::DuplicateField => "duplicate_field",
        })
    }
}

impl ValueError {
    /// The failure without anything of what was refused: what may be said where the contract keeps a message's payload
    /// out of logs. Code, field and rule stay, and of the detail what follows from the contract alone.
    pub fn redacted(mut self) -> Self {
        match self.code {
            // Their words are of the contract, of the payload's size, or of a place in the text.
            Code::Rule(_) | Code::Length | Code::MissingField | Code::DuplicateField | Code::Syntax => {}
            // The name is of the one who wrote the JSON, and may be a value in the wrong place.
            Code::UnknownField => {
                let outer = self.path.find("[\"").or_else(|| self.path.rfind('.')).unwrap_or(0);
                self.path.truncate(outer);
            }
            Code::Kind => match self.detail.split_once(" was expected, found ") {
                Some((expected, _)) => self.detail = format!("{expected} was expected"),
                None => self.detail.clear(),
            },
            _ => self.detail.clear(),
        }
        self
    }

    /// A failure of the whole payload, for now: [`ValueError::in_field`] says where.
    pub(super) fn new(code: Code, detail: impl Into<String>) -> Self {
        Self { code, path: String::new(), detail: detail.into() }
    }

    /// The failure of something inside a field.
    pub(super) fn in_field(self, name: &str) -> Self {
        self.inside(name.to_owned())
    }

    /// The failure of something inside a field that JSON names and the contract does not.
    pub(super) fn in_unknown_field(self, name: &str) -> Self {
        let plain = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if plain { self.in_field(name) } else { self.inside(format!("[\"{}\"]", super::excerpt(name))) }
    }

    /// The failure of something inside an element of an array or vector.
    pub(super) fn in_element(self, index: usize) -> Self {
        self.inside(format!("[{index}]"))
    }

    // Paths are put together from the inside out, so that nothing is allocated for what is accepted.
    fn inside(mut self, outer: String) -> Self {
        let separator = if self.path.is_empty() || self.path.starts_with('[') { "" } else { "." };
        self.path = format!("{outer}{separator}{}", self.path);
        self
    }
}

fn at(path: &str) -> String {
    if path.is_empty() { String::new() } else { format!("{path}: ") }
}

fn colon(detail: &str) -> String {
    if detail.is_empty() { String::new() } else { format!(": {detail}") }
}
