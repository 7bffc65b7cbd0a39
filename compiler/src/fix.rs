//! Edits that a tool may make unasked: [`fix`] makes those that are suggested and sure, as long as each leaves the
//! contract with less to say about it than before.

use crate::diag::{Severity, Suggestion};
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
/// digest; one with errors never gets more of them.
pub fn fix(text: &str) -> Fixed {
    let mut fixed = Fixed { text: text.to_owned(), edits: 0 };
    let mut checked = checked(&fixed.text);
    for _ in 0..ROUNDS {
        let edits = edits(&checked);
        let all = std::iter::once(&edits[..]).filter(|edits| !edits.is_empty());
        let single = edits.chunks(1).take(ONE_BY_ONE).filter(|_| edits.len() > 1);
        let better = all.chain(single).find_map(|edits| {
            let text = edited(&fixed.text, edits);
            let after = self::checked(&text);
            is_better(&checked, &after).then_some((text, after, edits.len()))
        });
        let Some((text, after, made)) = better else { break };
        fixed = Fixed { text, edits: fixed.edits + made };
        checked = after;
    }
    fixed
}

fn checked(text: &str) -> Checked {
    let mut sources = SourceMap::new();
    let source = sources.add("contract", text);
    check(&sources, source)
}

/// The sure suggestions, in the order of the text, without those that overlap an earlier one.
fn edits(checked: &Checked) -> Vec<Suggestion> {
    let sure = checked.diagnostics.iter().filter_map(|found| found.suggestion.clone()).filter(|edit| edit.sure);
    let mut edits: Vec<Suggestion> = sure.collect();
    edits.sort_by_key(|edit| (edit.span, edit.replacement.clone()));
    let mut end = 0;
    edits.retain(|edit| {
        let apart = edit.span.start >= end;
        end = if apart { edit.span.end.max(edit.span.start + 1) } else { end };
        apart
    });
    edits
}

/// The text with edits that are in order and do not overlap.
fn edited(text: &str, edits: &[Suggestion]) -> String {
    let mut result = String::with_capacity(text.len() + 16 * edits.len());
    let mut from = 0;
    for edit in edits {
        let (start, end) = (edit.span.start as usize, edit.span.end as usize);
        result.push_str(text.get(from..start).unwrap_or_default());
        result.push_str(&edit.replacement);
        from = end;
    }
    result.push_str(text.get(from..).unwrap_or_default());
    result
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
