//! Edits that a tool may make unasked: [`fix`] makes those that are suggested and sure, as long as they leave the
//! contract with less to say about it than before, and nothing new about what was edited.

use std::collections::BTreeSet;

use crate::diag::{Diagnostic, Severity, Suggestion};
use crate::source::SourceMap;
use crate::{Checked, check};

/// Rounds, each of which may uncover what the next one mends.
const ROUNDS: usize = 32;

/// Edits that are tried one by one, where all together make nothing better.
const ONE_BY_ONE: usize = 200;

/// A contract after its edits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fixed {
    /// The text.
    pub text: String,
    /// How many edits were made.
    pub edits: usize,
}

/// Makes every sure suggestion about a text, and those about what comes out of it. A contract without errors keeps its
/// digest; one with errors never gets more of them. Edits that would make a new finding of what they wrote, as two that
/// write the same key, are not sure after all and are left out.
pub fn fix(text: &str) -> Fixed {
    let mut fixed = Fixed { text: text.to_owned(), edits: 0 };
    let mut checked = checked(&fixed.text);
    for _ in 0..ROUNDS {
        let Some((text, after, made)) = round(&fixed.text, &checked) else { break };
        fixed = Fixed { text, edits: fixed.edits + made };
        checked = after;
    }
    fixed
}

/// The text after as many edits as make it better, what is left to say about it, and their number.
fn round(text: &str, before: &Checked) -> Option<(String, Checked, usize)> {
    let mut edits = edits(before);
    loop {
        if edits.is_empty() {
            return None;
        }
        let made = edited(text, &edits);
        let after = checked(&made);
        let doubtful = doubtful(before, &after, &edits);
        if !doubtful.contains(&true) {
            if is_better(before, &after) {
                return Some((made, after, edits.len()));
            }
            break;
        }
        let mut doubtful = doubtful.into_iter();
        edits.retain(|_| doubtful.next() == Some(false));
    }
    // Errors first: what is said about the rest may go with them.
    edits.sort_by_key(|edit| (!edit.of_error, edit.span()));
    edits.chunks(1).take(ONE_BY_ONE).find_map(|edits| {
        let made = edited(text, edits);
        let after = checked(&made);
        let better = is_better(before, &after) && !doubtful(before, &after, edits).contains(&true);
        better.then_some((made, after, 1))
    })
}

/// A suggestion that is sure.
struct Edit {
    suggestion: Suggestion,
    /// Whether it mends an error.
    of_error: bool,
}

impl Edit {
    fn span(&self) -> (u32, u32) {
        (self.suggestion.span.start, self.suggestion.span.end)
    }
}

fn checked(text: &str) -> Checked {
    let mut sources = SourceMap::new();
    let source = sources.add("contract", text);
    check(&sources, source)
}

/// The sure suggestions, in the order of the text, without those that overlap an earlier one.
fn edits(checked: &Checked) -> Vec<Edit> {
    let sure = checked.diagnostics.iter().filter_map(|found| {
        let suggestion = found.suggestion.clone().filter(|edit| edit.sure)?;
        Some(Edit { suggestion, of_error: found.severity() == Severity::Error })
    });
    let mut edits: Vec<Edit> = sure.collect();
    edits.sort_by_key(|edit| (edit.span(), edit.suggestion.replacement.clone()));
    let mut free = 0;
    edits.retain(|edit| {
        let (start, end) = edit.span();
        let apart = start >= free;
        free = if apart { end.max(start + 1) } else { free };
        apart
    });
    edits
}

/// The text with edits that are in order and do not overlap.
fn edited(text: &str, edits: &[Edit]) -> String {
    let mut result = String::with_capacity(text.len() + 16 * edits.len());
    let mut from = 0;
    for edit in edits {
        let (start, end) = edit.span();
        result.push_str(text.get(from..start as usize).unwrap_or_default());
        result.push_str(&edit.suggestion.replacement);
        from = end as usize;
    }
    result.push_str(text.get(from..).unwrap_or_default());
    result
}

/// For each edit, whether something is said of what it wrote that was not said of what was there before.
fn doubtful(before: &Checked, after: &Checked, edits: &[Edit]) -> Vec<bool> {
    let mut moved = 0i64;
    let written = edits.iter().map(|edit| {
        let (start, end) = edit.span();
        let length = edit.suggestion.replacement.len() as i64;
        let now = i64::from(start) + moved;
        moved += length - i64::from(end - start);
        (now as u32, (now + length) as u32)
    });
    let written: Vec<(u32, u32)> = written.collect();
    let there: Vec<(u32, u32)> = edits.iter().map(Edit::span).collect();
    let (was, is) = (said(&before.diagnostics, &there), said(&after.diagnostics, &written));
    was.iter().zip(&is).map(|(was, is)| !is.is_subset(was)).collect()
}

/// What is said, by its code, of each of some places, which are in order.
fn said(diagnostics: &[Diagnostic], places: &[(u32, u32)]) -> Vec<BTreeSet<&'static str>> {
    let mut said = vec![BTreeSet::new(); places.len()];
    for found in diagnostics {
        for span in found.span.iter().chain(found.related.iter().map(|(span, _)| span)) {
            let first = places.partition_point(|(_, end)| *end <= span.start);
            let touched = places[first..].iter().take_while(|(start, _)| *start < span.end).count();
            said[first..first + touched].iter_mut().for_each(|said| said.extend([found.code.id]));
        }
    }
    said
}

/// Whether there is less to say, errors first. What means something already keeps its meaning.
fn is_better(before: &Checked, after: &Checked) -> bool {
    let weight = |checked: &Checked| {
        let errors = checked.diagnostics.iter().filter(|found| found.severity() == Severity::Error).count();
        (errors, checked.diagnostics.len())
    };
    let same = match (&before.schema, &after.schema) {
        (Some(before), Some(after)) => before.digest == after.digest,
        (Some(_), None) => false,
        (None, _) => true,
    };
    same && weight(after) < weight(before)
}
