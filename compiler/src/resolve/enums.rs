//! Enums: their representation and values.

use indexmap::IndexMap;

use crate::codes;
use crate::diag::{Diagnostic, quote};
use crate::ir::{Enum, EnumValue, Scalar};
use crate::raw;
use crate::source::Span;
use crate::suggest;

use super::{names, text};

const REPRS: [(&str, Scalar, u32); 3] =
    [("u8", Scalar::U8, u8::MAX as u32), ("u16", Scalar::U16, u16::MAX as u32), ("u32", Scalar::U32, u32::MAX)];

/// Resolves one enum. What cannot be is reported and left out.
pub fn resolve(raw: &raw::Enum, diagnostics: &mut Vec<Diagnostic>) -> Enum {
    let (repr_name, repr, max) = repr(raw, diagnostics).unwrap_or(REPRS[2]);
    let mut values = Vec::new();
    let mut numbers: IndexMap<u32, (&str, Span)> = IndexMap::new();
    for raw::EnumValue { name, value: number } in raw.values.iter().flatten() {
        names::check_type_name("enum value", name, diagnostics);
        // A value without a usable number keeps its name, so that rules may refer to it.
        let mut declare = |value| values.push(EnumValue { name: name.value.clone(), span: name.span, value });
        let Some(number) = number else {
            declare(0);
            continue;
        };
        let Some(value) = u32::try_from(number.value).ok().filter(|&value| value <= max) else {
            diagnostics.push(does_not_fit(raw, &name.value, number.value, number.span, repr_name, max));
            declare(0);
            continue;
        };
        declare(value);
        if let Some((first, span)) = numbers.get(&value) {
            let message = format!("{} and {} are both {value}", quote(first), quote(&name.value));
            let diagnostic = Diagnostic::new(&codes::E0212, number.span, message)
                .label("used again here")
                .related(*span, "first used here");
            diagnostics.push(diagnostic.help("every value of an enum has a number of its own"));
            continue;
        }
        numbers.insert(value, (&name.value, number.span));
    }
    if raw.values.as_ref().is_some_and(Vec::is_empty) {
        let message = format!("enum {} has no values", quote(&raw.name.value));
        let diagnostic = Diagnostic::new(&codes::E0210, raw.name.span, message);
        diagnostics.push(diagnostic.help("give it at least one: `values: { Name: 1 }`"));
    }
    Enum { name: raw.name.value.clone(), span: raw.name.span, description: text(&raw.description), repr, values }
}

fn repr(raw: &raw::Enum, diagnostics: &mut Vec<Diagnostic>) -> Option<(&'static str, Scalar, u32)> {
    let Some(repr) = &raw.repr else { return Some(REPRS[0]) };
    let known = REPRS.iter().find(|(name, ..)| *name == repr.value);
    if known.is_none() {
        let message = format!("enum {} cannot be represented as {}", quote(&raw.name.value), quote(&repr.value));
        let diagnostic = Diagnostic::new(&codes::E0209, repr.span, message).help("it can be as `u8`, `u16` or `u32`");
        diagnostics.push(match suggest::nearest(&repr.value, REPRS.map(|(name, ..)| name)) {
            Some(near) => diagnostic.did_you_mean(repr.span, near),
            None => diagnostic,
        });
    }
    known.copied()
}

fn does_not_fit(raw: &raw::Enum, value: &str, number: i128, span: Span, repr: &str, max: u32) -> Diagnostic {
    let message = format!("{} is {number}, which does not fit {repr} (0 to {max})", quote(value));
    let diagnostic = Diagnostic::new(&codes::E0211, span, message);
    let wider = REPRS.iter().find(|(_, _, max)| (0..=i128::from(*max)).contains(&number));
    match (wider, &raw.repr) {
        (Some((wider, ..)), Some(repr)) => diagnostic
            .related(repr.span, "the representation is given here")
            .help(format!("write `repr: {wider}`"))
            .suggest(repr.span, *wider),
        (Some((wider, ..)), None) => diagnostic.help(format!("add `repr: {wider}`; without it an enum is `u8`")),
        (None, _) => diagnostic.help("values are from 0 to 4294967295"),
    }
}
