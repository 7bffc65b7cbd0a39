//! What the compiler says about a text, found on a thread of its own. Where the text is not YAML, what stands in the
//! way is left out, so that the rest is still looked at.

use std::ops::Range;
use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender};
use indexmap::IndexMap;
use myc_schema::codes;
use myc_schema::diag::{Diagnostic, Severity};
use myc_schema::ir::Schema;
use myc_schema::source::SourceMap;

use super::document::Document;

/// What is known about one version of a text.
#[derive(Clone, Debug)]
pub struct Analysis {
    pub document: Document,
    pub diagnostics: Vec<Diagnostic>,
    /// What could be resolved; `None` where nothing could.
    pub schema: Option<Arc<Schema>>,
}

/// Answers each text with an analysis, of the newest version where there are several, until nobody asks any more.
pub fn serve(texts: &Receiver<(String, Document)>, analyses: &Sender<(String, Analysis)>) {
    let mut waiting: IndexMap<String, Document> = IndexMap::new();
    loop {
        if waiting.is_empty() {
            let Ok((uri, document)) = texts.recv() else { return };
            waiting.insert(uri, document);
        }
        waiting.extend(texts.try_iter());
        let Some((uri, document)) = waiting.shift_remove_index(0) else { continue };
        if analyses.send((uri, analyse(document))).is_err() {
            return;
        }
    }
}

/// Checks a text.
pub fn analyse(document: Document) -> Analysis {
    let (mut diagnostics, schema) = check(&document.text);
    let syntax = diagnostics.iter().find(|diagnostic| is_syntax(diagnostic)).and_then(|diagnostic| diagnostic.span);
    let Some(syntax) = syntax else { return Analysis { document, diagnostics, schema } };
    for hidden in suspects(&document, syntax.start as usize) {
        let Some(text) = without(&document.text, &hidden) else { continue };
        let (rest, schema) = check(&text);
        if rest.iter().any(is_syntax) {
            continue;
        }
        // The message around what is left out, as far as it is still there, is not what was written.
        let [_, item] = document.item(hidden.start);
        let touched = item.start.min(hidden.start)..item.end.max(hidden.end);
        let unseen = &document.text[hidden.clone()];
        let certain = |diagnostic: &Diagnostic| {
            let place = diagnostic.span.map_or(0..0, |span| span.start as usize..span.end as usize);
            // A name may be missing only because it is declared, or used, in what is left out.
            let name = document.text.get(place.clone()).unwrap_or_default();
            let follows = FOLLOWING.iter().any(|code| code.id == diagnostic.code.id) && unseen.contains(name);
            !touched.contains(&place.start) && !follows
        };
        diagnostics.extend(rest.into_iter().filter(certain));
        diagnostics.sort_by_key(|diagnostic| (diagnostic.span, diagnostic.code.id));
        return Analysis { document, diagnostics, schema };
    }
    Analysis { document, diagnostics, schema: None }
}

/// What may be found only because something was left out.
static FOLLOWING: &[&codes::Code] = &[&codes::E0006, &codes::E0201, &codes::E0408, &codes::W0202, &codes::W0404];

fn check(text: &str) -> (Vec<Diagnostic>, Option<Arc<Schema>>) {
    let mut sources = SourceMap::new();
    let source = sources.add("contract", text);
    let checked = myc_schema::check(&sources, source);
    (checked.diagnostics, checked.resolved)
}

fn is_syntax(diagnostic: &Diagnostic) -> bool {
    diagnostic.severity() == Severity::Error && ["E0004", "E0005", "E0011"].contains(&diagnostic.code.id)
}

/// What may be in the way of reading a text with a syntax error, the least first: the line of the error, that of the
/// last edit, what is around each, and what is before.
fn suspects(document: &Document, error: usize) -> Vec<Range<usize>> {
    let text = &document.text;
    let line = |at: usize| {
        let at = at.min(text.len());
        let start = text.as_bytes()[..at].iter().rposition(|byte| *byte == b'\n').map_or(0, |found| found + 1);
        let end = text.as_bytes()[at..].iter().position(|byte| *byte == b'\n').map_or(text.len(), |found| at + found);
        start..end
    };
    let item = |at: usize| document.item(at)[1].clone();
    let before = item(error).start.saturating_sub(1);
    let above = line(line(error).start.saturating_sub(1));
    let mut suspects =
        vec![line(document.edited), line(error), above, item(document.edited), item(error), item(before)];
    let both = item(before).start..item(error).end;
    suspects.push(both);
    suspects.dedup();
    suspects.retain(|range| !range.is_empty());
    suspects
}

/// The text with blanks for a range; line breaks and the places of the rest stay.
fn without(text: &str, hidden: &Range<usize>) -> Option<String> {
    let mut bytes = text.as_bytes().to_vec();
    for byte in bytes.get_mut(hidden.clone())? {
        if !matches!(byte, b'\n' | b'\r') {
            *byte = b' ';
        }
    }
    String::from_utf8(bytes).ok()
}
