//! Validation rules: which exist, what each applies to, what its value may be. Owns turning
//! `validation` into [`ir::Rule`]s; what a rule means on the wire is left to the code that enforces it.

mod conflicts;
mod values;

use indexmap::IndexMap;

use crate::codes;
use crate::diag::{Diagnostic, quote};
use crate::ir::{self, Enum, Scalar, Type};
use crate::raw::{self, Value};
use crate::source::Span;
use crate::suggest;

/// A rule of the language.
#[derive(Debug)]
pub struct Known {
    /// As it is written.
    pub name: &'static str,
    /// What its value may be.
    pub takes: Takes,
    /// What it applies to, in words.
    pub on: &'static str,
    /// What it demands, in a sentence.
    pub about: &'static str,
    applies: fn(&Type) -> bool,
}

impl Known {
    /// Whether a field of this type may have the rule.
    pub fn applies(&self, ty: &Type) -> bool {
        (self.applies)(ty)
    }
}

/// What the value of a rule may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// `true`; `false` is as if the rule were not there.
    Flag,
    /// A number of the field's type; for `U256` quotes are allowed.
    Number,
    /// A length, from this one to 65535.
    Length(u32),
    /// A text that is not empty.
    Text,
    /// A list of values of the field's type, not empty and without repeats.
    Values,
}

const fn known(
    name: &'static str,
    takes: Takes,
    on: &'static str,
    applies: fn(&Type) -> bool,
    about: &'static str,
) -> Known {
    Known { name, takes, on, about, applies }
}

/// Every enforced rule.
pub static KNOWN: &[Known] = &[
    known("min", Takes::Number, "integers, floats and U256", is_number, "The smallest value that is allowed."),
    known("max", Takes::Number, "integers, floats and U256", is_number, "The largest value that is allowed."),
    known(
        "not_zero",
        Takes::Flag,
        "integers, floats, U256 and [u8; N]",
        |ty| is_number(ty) || is_bytes(ty),
        "The value is not zero; of `[u8; N]` not every byte is.",
    ),
    known("not_empty", Takes::Flag, "String and Vec", is_variable, "There is at least one byte or element."),
    known("min_length", Takes::Length(0), "String and Vec", is_variable, "The least bytes of a string, or elements."),
    known(MAX_LENGTH, Takes::Length(1), "String and Vec", is_variable, "The most bytes of a string, or elements."),
    known("not_prefix", Takes::Text, "String", is_string, "A text that the value does not begin with."),
    known(NO_0X_PREFIX, Takes::Flag, "String", is_string, "The old way to write `not_prefix: \"0x\"`."),
    known("ascii", Takes::Flag, "String", is_string, "Every character is ASCII."),
    known(
        "one_of",
        Takes::Values,
        "integers, U256, String and enums",
        |ty| is_string(ty) || matches!(ty, Type::Enum(_)) || (is_number(ty) && !is_float(ty)),
        "The values that are allowed, and no other.",
    ),
];

const MAX_LENGTH: &str = "max_length";

/// The old way to write `not_prefix: "0x"`.
const NO_0X_PREFIX: &str = "no_0x_prefix";

/// Rules that contracts have had since before rules were enforced; never taken for a misspelling.
const DOCUMENTED: [&str; 3] = ["known_chain", "known_venue", "monotonic"];

/// Other words for enforced rules: too far from them to be a misspelling, close enough to be a mistake.
const OTHER_WORDS: [(&str, &str); 12] = [
    ("minimum", "min"),
    ("maximum", "max"),
    ("at_least", "min"),
    ("at_most", "max"),
    ("required", "not_empty"),
    ("min_len", "min_length"),
    ("max_len", "max_length"),
    ("min_items", "min_length"),
    ("max_items", "max_length"),
    ("in", "one_of"),
    ("enum", "one_of"),
    ("allowed", "one_of"),
];

/// What `validation` says about the bound of a string or vector.
pub enum MaxLength {
    /// Nothing.
    Absent,
    /// The bound.
    Given {
        /// 1 to 65535.
        value: u32,
        /// Where it was written.
        span: Span,
    },
    /// Something that cannot be a bound; reported.
    Invalid,
}

/// The bound in `validation`.
pub fn max_length(rules: &[raw::Rule], diagnostics: &mut Vec<Diagnostic>) -> MaxLength {
    let Some(rule) = rules.iter().find(|rule| rule.name.value == MAX_LENGTH) else { return MaxLength::Absent };
    match values::bound(rule, diagnostics) {
        Some(value) => MaxLength::Given { value, span: rule.value.span },
        None => MaxLength::Invalid,
    }
}

/// A field's rules.
pub struct Checked {
    /// Enforced ones, by name; `max_length` is not among them.
    pub rules: Vec<ir::Rule>,
    /// The others, as written, in file order.
    pub documented: Vec<(String, String)>,
}

/// An enforced rule and where it was written.
struct Placed {
    rule: ir::Rule,
    /// Its name in the contract.
    name: &'static str,
    /// Its value in the contract.
    span: Span,
}

/// Checks the rules of a field of type `ty` (`None`: the type is not known, which has been reported).
pub fn check(
    field: &str,
    ty: Option<&Type>,
    enums: &[Enum],
    rules: &[raw::Rule],
    diagnostics: &mut Vec<Diagnostic>,
) -> Checked {
    let mut placed: Vec<Placed> = Vec::new();
    let mut documented = Vec::new();
    let mut seen: IndexMap<&str, Span> = IndexMap::new();
    for raw in rules {
        let name = raw.name.value.as_str();
        let meaning = if name == NO_0X_PREFIX { "not_prefix" } else { name };
        if let Some(first) = seen.get(meaning) {
            let message = format!("rule {} is given twice for {}", quote(name), quote(field));
            diagnostics.push(
                Diagnostic::new(&codes::E0304, raw.name.span, message)
                    .label("given again here")
                    .related(*first, "first given here"),
            );
            continue;
        }
        seen.insert(meaning, raw.name.span);
        let Some(known) = KNOWN.iter().find(|known| known.name == name) else {
            if report_unknown(raw, diagnostics) {
                documented.push((name.to_owned(), values::as_written(&raw.value.value)));
            }
            continue;
        };
        let Some(ty) = ty else { continue };
        if values::is_flag(name) && raw.value.value == Value::Bool(false) {
            continue;
        }
        if !(known.applies)(ty) {
            diagnostics.push(inapplicable(field, known, ty, enums, raw));
            continue;
        }
        let rule = values::rule(known.name, ty, enums, raw, diagnostics);
        placed.extend(rule.map(|rule| Placed { rule, name: known.name, span: raw.value.span }));
    }
    if let Some(ty) = ty {
        conflicts::report(field, ty, &placed, diagnostics);
    }
    let mut rules: Vec<ir::Rule> = placed.into_iter().map(|placed| placed.rule).collect();
    rules.sort_by_key(ir::Rule::name);
    Checked { rules, documented }
}

/// Whether a rule is enforced, or documentation that contracts are known to have.
pub fn is_known(raw: &raw::Rule) -> bool {
    let name = raw.name.value.as_str();
    KNOWN.iter().any(|known| known.name == name) || DOCUMENTED.contains(&name)
}

/// Reports a rule that is not enforced; whether it is kept as documentation.
fn report_unknown(raw: &raw::Rule, diagnostics: &mut Vec<Diagnostic>) -> bool {
    let name = raw.name.value.as_str();
    let other_word = OTHER_WORDS.iter().find(|(other, _)| *other == name);
    if other_word.is_none()
        && !DOCUMENTED.contains(&name)
        && let Some(near) = suggest::nearest(name, KNOWN.iter().map(|known| known.name))
    {
        let diagnostic = Diagnostic::new(&codes::E0306, raw.name.span, format!("unknown rule {}", quote(name)))
            .label("no such rule");
        let diagnostic = diagnostic.did_you_mean(raw.name.span, near);
        diagnostics.push(diagnostic.correct(raw.name.span, near));
        return false;
    }
    let message = format!("rule {} is not enforced; documentation only", quote(name));
    let diagnostic = Diagnostic::new(&codes::W0301, raw.name.span, message);
    diagnostics.push(match other_word {
        Some((_, enforced)) => diagnostic.help(format!("to enforce it, write `{enforced}`")),
        None => diagnostic,
    });
    true
}

fn inapplicable(field: &str, known: &Known, ty: &Type, enums: &[Enum], raw: &raw::Rule) -> Diagnostic {
    let message =
        format!("rule `{}` does not apply to {}, whose type is {}", known.name, quote(field), describe(ty, enums));
    let diagnostic = Diagnostic::new(&codes::E0301, raw.name.span, message);
    match (known.name, ty) {
        (_, Type::Array { .. } | Type::Vec { .. }) if !known.on.contains("Vec") => diagnostic
            .help("a rule is about the field, not its elements; to check elements, make them structs with rules"),
        ("not_zero", Type::Vec { .. } | Type::String { .. }) => {
            diagnostic.help("to refuse an empty one, use `not_empty`")
        }
        _ => diagnostic.help(format!("it applies to {}", known.on)),
    }
}

/// A type in a sentence.
fn describe(ty: &Type, enums: &[Enum]) -> String {
    match ty {
        Type::Scalar(scalar) => format!("`{}`", scalar.name()),
        Type::Array { .. } => "an array".to_owned(),
        Type::String { .. } => "a string".to_owned(),
        Type::Vec { .. } => "a vector".to_owned(),
        Type::Enum(id) => format!("the enum {}", quote(&enums[id.0].name)),
        Type::Struct(_) => "a struct".to_owned(),
    }
}

fn is_number(ty: &Type) -> bool {
    matches!(ty, Type::Scalar(scalar) if *scalar != Scalar::Bool)
}

fn is_float(ty: &Type) -> bool {
    matches!(ty, Type::Scalar(Scalar::F32 | Scalar::F64))
}

fn is_string(ty: &Type) -> bool {
    matches!(ty, Type::String { .. })
}

fn is_variable(ty: &Type) -> bool {
    matches!(ty, Type::String { .. } | Type::Vec { .. })
}

fn is_bytes(ty: &Type) -> bool {
    matches!(ty, Type::Array { elem, .. } if **elem == Type::Scalar(Scalar::U8))
}
