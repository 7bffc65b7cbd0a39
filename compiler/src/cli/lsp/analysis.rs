//! What the compiler says about a text, found on a thread of its own. Where the text is not YAML, what stands in the
//! way is left out, so that the rest is still looked at.

use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender};
use gen_lsp_types::Uri;
use indexmap::IndexMap;
use myc_schema::codes;
use myc_schema::diag::{Diagnostic, Severity};
use myc_schema::ir::Schema;
use myc_schema::source::SourceMap;

use super::document::Document;
use super::findings;
use super::rpc::Outgoing;

/// What is known about one version of a text.
#[derive(Debug)]
pub struct Analysis {
    /// Which text it is about.
    pub serial: u64,
    pub diagnostics: Vec<Diagnostic>,
    /// What could be resolved; `None` where nothing could.
    pub schema: Option<Arc<Schema>>,
    /// What the schema is without, where the text is not YAML: all of the message around it, which may be half there.
    pub unread: Option<Range<usize>>,
    /// The diagnostics, as the client is told.
    pub shown: Outgoing,
    /// How long it took to find out.
    pub took: Duration,
}

/// Answers texts with analyses, each of the newest version, until nobody asks any more. What is being looked at when
/// another text comes is left, and taken up again unless there is a newer version of it.
pub fn serve(texts: &Receiver<(String, Document)>, analyses: &Sender<(String, Analysis)>) {
    let mut waiting: IndexMap<String, Document> = IndexMap::new();
    loop {
        if waiting.is_empty() {
            let Ok((uri, document)) = texts.recv() else { return };
            waiting.insert(uri, document);
        }
        waiting.extend(texts.try_iter());
        // Another text than the one that was left comes before it: somebody is looking at that one now.
        let Some((uri, document)) = waiting.pop() else { continue };
        match analyse(&uri, &document, &|| texts.is_empty()) {
            None => {
                waiting.insert(uri, document);
            }
            Some(analysis) => {
                if analyses.send((uri, analysis)).is_err() {
                    return;
                }
            }
        }
    }
}

/// Checks a text, unless that is not wanted any more before it is done.
fn analyse(uri: &str, document: &Document, wanted: &dyn Fn() -> bool) -> Option<Analysis> {
    let begun = Instant::now();
    document.prepare();
    let mut found = check(&document.text, wanted)?;
    let syntax = found.diagnostics.iter().find(|diagnostic| is_syntax(diagnostic)).and_then(|found| found.span);
    if let Some(syntax) = syntax {
        // What is resolved of nothing is not what was written.
        found.schema = None;
        let error = syntax.start as usize;
        for hidden in suspects(document, error).into_iter().filter(|hidden| may_help(document, error, hidden)) {
            let Some(text) = without(&document.text, &hidden) else { continue };
            let rest = check(&text, wanted)?;
            if !rest.diagnostics.iter().any(is_syntax) {
                found = found.with(rest, document, hidden);
                break;
            }
        }
    }
    let Found { diagnostics, schema, unread } = found;
    let shown = findings::published(&Uri(uri.to_owned()), document, &diagnostics);
    Some(Analysis { serial: document.serial, diagnostics, schema, unread, shown, took: begun.elapsed() })
}

/// What the compiler found in a text.
struct Found {
    diagnostics: Vec<Diagnostic>,
    schema: Option<Arc<Schema>>,
    unread: Option<Range<usize>>,
}

impl Found {
    /// These findings about a text, with those about the rest of it where a part is hidden.
    fn with(mut self, rest: Self, document: &Document, hidden: Range<usize>) -> Self {
        // The message around what is left out, as far as it is still there, is not what was written.
        let [_, item] = document.item(hidden.start);
        let touched = item.start.min(hidden.start)..item.end.max(hidden.end);
        let unseen = &document.text[hidden];
        let certain = |diagnostic: &Diagnostic| {
            let place = diagnostic.span.map_or(0..0, |span| span.start as usize..span.end as usize);
            // A name may be missing only because it is declared, or used, in what is left out.
            let name = document.text.get(place.clone()).unwrap_or_default();
            let follows = FOLLOWING.iter().any(|code| code.id == diagnostic.code.id) && unseen.contains(name);
            !touched.contains(&place.start) && !follows
        };
        self.diagnostics.extend(rest.diagnostics.into_iter().filter(certain));
        self.diagnostics.sort_by_key(|diagnostic| (diagnostic.span, diagnostic.code.id));
        Self { diagnostics: self.diagnostics, schema: rest.schema, unread: Some(touched) }
    }
}

/// What may be found only because something was left out.
static FOLLOWING: &[&codes::Code] = &[&codes::E0006, &codes::E0201, &codes::E0408, &codes::W0202, &codes::W0404];

fn check(text: &str, wanted: &dyn Fn() -> bool) -> Option<Found> {
    let mut sources = SourceMap::new();
    // The same limits as for a file.
    let source = match sources.load_bytes("contract", text.into()) {
        Ok(source) => source,
        Err(refused) => return Some(Found { diagnostics: vec![*refused], schema: None, unread: None }),
    };
    let checked = myc_schema::check_while(&sources, source, wanted)?;
    Some(Found { diagnostics: checked.diagnostics, schema: checked.resolved, unread: None })
}

fn is_syntax(diagnostic: &Diagnostic) -> bool {
    diagnostic.severity() == Severity::Error && ["E0004", "E0005", "E0011"].contains(&diagnostic.code.id)
}

/// What may be in the way of reading a text with a syntax error, the least first: the line of the error, that of the
/// last edit, what is around each, and what is before.
fn suspects(document: &Document, error: usize) -> Vec<Range<usize>> {
    let line = |at: usize| document.line(at);
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

/// The longest piece of a text that is looked at to save a look at all of it, in bytes.
const PIECE: usize = 64 * 1024;

/// Whether the text may be YAML without a range: not where what is around the range and the error is none. That is
/// found out in no time, and which one of the suspects it is would take a second each.
fn may_help(document: &Document, error: usize, hidden: &Range<usize>) -> bool {
    let around = |at: usize| {
        let [head, item] = document.item(at);
        if item.is_empty() { head } else { item }
    };
    let first = around(error).start.min(hidden.start);
    let from = around(first.saturating_sub(1)).start.min(first);
    let to = around(error).end.max(around(hidden.end).end).max(hidden.end);
    if to - from > PIECE {
        return true;
    }
    let [head, _] = document.item(from);
    let piece = |range: Range<usize>| document.text.get(range).unwrap_or_default();
    let head = piece(head.start..head.end.min(from));
    let at = |offset: usize| offset - from + head.len();
    let text = without(&[head, piece(from..to)].concat(), &(at(hidden.start)..at(hidden.end)));
    let found = text.and_then(|text| check(&text, &|| true));
    found.is_none_or(|found| !found.diagnostics.iter().any(is_syntax))
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

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use crossbeam_channel::unbounded;

    use super::*;

    fn document(text: &str, serial: u64) -> Document {
        let mut document = Document::new(text, 1);
        document.serial = serial;
        document
    }

    const CONTRACT: &str = "messages:\n  A:\n    tlv_type: 1000\n    domain: D\n    fields: { a: u64 }\n";

    /// Without this, the compiler would be busy with what somebody typed a while ago.
    #[test]
    fn the_newest_of_each_text_is_looked_at() {
        let (texts, to_check) = unbounded();
        let (checked, analyses) = unbounded();
        for (serial, uri) in ["a", "b", "a", "a", "b", "a"].into_iter().enumerate() {
            let _ = texts.send((uri.to_owned(), document(CONTRACT, serial as u64)));
        }
        drop(texts);
        serve(&to_check, &checked);
        drop(checked);
        let seen: Vec<(String, u64)> = analyses.iter().map(|(uri, analysis)| (uri, analysis.serial)).collect();
        assert_eq!(seen, [("b".to_owned(), 4), ("a".to_owned(), 5)]);
    }

    #[test]
    fn what_is_outdated_is_given_up() {
        let document = document(CONTRACT, 7);
        assert!(analyse("a", &document, &|| false).is_none());
        assert_eq!(analyse("a", &document, &|| true).map(|analysis| analysis.serial), Some(7));
    }

    /// What stands in the way of a large text is found by looks at a small piece of it. Without this, a half written
    /// line in a large contract would cost a look at all of it for every guess.
    #[test]
    fn few_looks_at_all_of_a_broken_text() {
        let mut text = String::from("messages:\n");
        for index in 0..1000 {
            let id = 1000 + index;
            text.push_str(&format!(
                "  Message{index}:\n    tlv_type: {id}\n    domain: D\n    description: \"Number\"\n    fields:\n      \
                 a: {{ type: u64 }}\n      b: u8\n"
            ));
        }
        let at = text.find("Message500:").unwrap_or_default();
        for (old, new) in [
            ("u64 }", "u64"),
            ("{ type", "\"{ type"),
            ("      a:", "      a"),
            ("      a:", "       a:"),
            ("      a:", "\ta:"),
            ("      a:", "a:"),
            ("      b: u8", "      abc"),
            ("fields:", "fields"),
            ("fields:", "fields: ["),
            ("\"Number\"", "\"Number"),
            ("Message500:", "Message500"),
            ("Message500:", "Message500: {"),
        ] {
            let place = at + text[at..].find(old).unwrap_or_default();
            let broken = [&text[..place], new, &text[place + old.len()..]].concat();
            let mut document = document(&broken, 1);
            document.edited = place + new.len();
            // Each look asks once whether it is wanted, at its end: the text is not that large.
            let looks = Cell::new(0);
            let analysis = analyse("a", &document, &|| {
                looks.set(looks.get() + 1);
                true
            });
            let analysis = analysis.unwrap_or_else(|| panic!("{new:?}"));
            assert!(looks.get() <= 2, "{looks:?} looks for {new:?}");
            let codes: Vec<&str> = analysis.diagnostics.iter().map(|found| found.code.id).collect();
            assert!(analysis.schema.is_some_and(|schema| schema.messages.len() >= 998), "{new:?}: {codes:?}");
        }
    }
}
