//! YAML text to a tree of spanned nodes, by saphyr-parser's events. What is an error in every
//! contract, wherever it stands, is reported here: bad syntax, anchors, aliases, tags, merge keys,
//! several documents, duplicate keys, deep nesting. What the nodes mean is left to [`super::lower`].

use std::borrow::Cow;
use std::collections::BTreeMap;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, StrInput};

use super::positions::Positions;
use super::{array_types, syntax};
use crate::codes;
use crate::diag::{Diagnostic, MAX_SHOWN, quote};
use crate::source::{SourceId, Span, Spanned};

/// How deep lists and mappings may lie in one another.
pub(crate) const MAX_DEPTH: usize = 64;

/// A YAML node.
#[derive(Debug)]
pub(crate) struct Node<'a> {
    /// Where it is written. A scalar's span includes its quotes, a list's or mapping's its brackets.
    pub span: Span,
    /// What it is.
    pub kind: Kind<'a>,
}

#[derive(Debug)]
pub(crate) enum Kind<'a> {
    /// An unquoted scalar on one or more lines; empty where nothing is written.
    Plain(Cow<'a, str>),
    /// A quoted or block scalar.
    Text {
        text: Cow<'a, str>,
        /// Quoted, as opposed to a block scalar.
        quoted: bool,
    },
    /// A list.
    List {
        items: Vec<Node<'a>>,
        /// In brackets.
        flow: bool,
    },
    /// A mapping, without the keys that came again and, unless asked for, those that begin with `x-`.
    Map(Vec<Entry<'a>>),
    /// Something that was reported: nothing more should be said about it.
    Reported,
}

/// One key of a mapping with its value.
#[derive(Debug)]
pub(crate) struct Entry<'a> {
    pub key: Spanned<Cow<'a, str>>,
    pub value: Node<'a>,
}

/// What becomes of keys that begin with `x-`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extensions {
    /// They are left out.
    Left,
    /// They are kept.
    Kept,
}

/// A key that is a name of the contract's own.
pub(super) fn name(key: Spanned<Cow<str>>) -> Spanned<String> {
    Spanned::new(key.value.into_owned(), key.span)
}

/// Builds the tree of the first document. `None`: there is no document, or none that can be read,
/// which was then reported. `text` is what the parser can read, `written` what the author wrote: the
/// same unless [`array_types`] made a difference. The error is bad syntax, with the byte offset where it was found. What is
/// not `wanted` any more in the middle of the work is nothing.
pub(super) fn build<'a>(
    source: SourceId,
    text: &'a str,
    written: &'a str,
    extensions: Extensions,
    diagnostics: &mut Vec<Diagnostic>,
    wanted: &dyn Fn() -> bool,
) -> Result<Option<Node<'a>>, (ScanError, usize)> {
    let parser = Parser::new_from_str(text);
    let mut builder = Builder {
        parser,
        positions: Positions::new(text),
        text,
        written,
        source,
        references: References::default(),
        extensions,
        diagnostics,
        wanted,
        events: 0,
    };
    let result = builder.stream();
    builder.report_references();
    match result {
        Ok(root) => Ok(root),
        Err(Stop::Reported) => Ok(None),
        Err(Stop::Syntax(error)) => {
            let at = builder.positions.byte(error.marker().index());
            Err((error, at))
        }
    }
}

/// Why building ended early.
enum Stop {
    Reported,
    Syntax(ScanError),
}

/// Anchors and aliases. Each is a finding, but those of an alias bomb are one.
#[derive(Default)]
struct References {
    /// Places of the first ones; `None` for an anchor, that of the anchor for an alias.
    places: Vec<(Span, Option<Span>)>,
    count: usize,
    /// By the parser's number, from 1.
    anchors: BTreeMap<usize, Span>,
    /// How many anchored lists and mappings are open.
    open: usize,
    /// Aliases inside of what an alias repeats: what bombs are made of.
    nested: bool,
}

/// More anchors and aliases than these, some inside of what others repeat, are an alias bomb.
const BOMB: usize = 20;

struct Builder<'a, 'd> {
    parser: Parser<'a, StrInput<'a>>,
    positions: Positions<'a>,
    text: &'a str,
    written: &'a str,
    source: SourceId,
    references: References,
    extensions: Extensions,
    diagnostics: &'d mut Vec<Diagnostic>,
    wanted: &'d dyn Fn() -> bool,
    events: usize,
}

/// After how many events it is asked whether the rest is wanted.
const ASKED: usize = 1 << 16;

type Next<'a> = (Event<'a>, Span);

impl<'a> Builder<'a, '_> {
    fn stream(&mut self) -> Result<Option<Node<'a>>, Stop> {
        let mut root = None;
        loop {
            match self.next()? {
                (Event::DocumentStart(_), span) if root.is_some() => {
                    self.second_document(span);
                    return Ok(root);
                }
                (Event::DocumentStart(_), _) => {
                    let next = self.next()?;
                    root = Some(self.node(next, 0)?);
                }
                (Event::StreamEnd, _) => return Ok(root),
                _ => {}
            }
        }
    }

    fn next(&mut self) -> Result<Next<'a>, Stop> {
        self.events += 1;
        if self.events.is_multiple_of(ASKED) && !(self.wanted)() {
            return Err(Stop::Reported);
        }
        match self.parser.next_event() {
            None => Ok((Event::StreamEnd, self.span(self.text.len(), self.text.len()))),
            Some(Err(error)) => Err(Stop::Syntax(error)),
            Some(Ok((event, marks))) => {
                let (start, end) = (self.positions.byte(marks.start.index()), self.positions.byte(marks.end.index()));
                Ok((event, self.span(start, end.max(start))))
            }
        }
    }

    /// Past what is shown, findings are only known to be there.
    fn report(&mut self, diagnostic: Diagnostic) {
        if self.diagnostics.len() <= MAX_SHOWN {
            self.diagnostics.push(diagnostic);
        }
    }

    fn span(&self, start: usize, end: usize) -> Span {
        Span { source: self.source, start: start as u32, end: end as u32 }
    }

    fn node(&mut self, (event, span): Next<'a>, depth: usize) -> Result<Node<'a>, Stop> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.properties(span, anchor, tag.is_some());
                Ok(self.scalar(text, style, span, tag.is_some()))
            }
            Event::SequenceStart(anchor, tag) => {
                self.properties(span, anchor, tag.is_some());
                self.enter(span, depth)?;
                self.references.open += usize::from(anchor > 0);
                let node = self.list(span, depth);
                self.references.open -= usize::from(anchor > 0);
                node
            }
            Event::MappingStart(anchor, tag) => {
                self.properties(span, anchor, tag.is_some());
                self.enter(span, depth)?;
                self.references.open += usize::from(anchor > 0);
                let node = self.map(span, depth);
                self.references.open -= usize::from(anchor > 0);
                node
            }
            Event::Alias(anchor) => {
                self.references.nested |= self.references.open > 0;
                let anchor = self.references.anchors.get(&anchor).copied().unwrap_or_default();
                self.reference(span, Some(anchor));
                Ok(Node { span, kind: Kind::Reported })
            }
            _ => Ok(Node { span, kind: Kind::Reported }),
        }
    }

    /// A tagged scalar is not looked at any further: its tag may have changed what kind it is.
    fn scalar(&self, text: Cow<'a, str>, style: ScalarStyle, span: Span, tagged: bool) -> Node<'a> {
        let quoted = matches!(style, ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted);
        let span = if quoted { self.quoted_span(span) } else { span };
        let text = self.as_written(text, span);
        let kind = match style {
            _ if tagged => Kind::Reported,
            ScalarStyle::Plain => Kind::Plain(self.borrowed(text, span)),
            _ => Kind::Text { text, quoted },
        };
        Node { span, kind }
    }

    /// A scalar with the author's brackets where they were replaced.
    fn as_written(&self, scalar: Cow<'a, str>, span: Span) -> Cow<'a, str> {
        if std::ptr::eq(self.text, self.written) {
            return scalar;
        }
        let range = span.start as usize..span.end as usize;
        match (self.text.get(range.clone()), self.written.get(range)) {
            (Some(readable), Some(written)) if readable != written => {
                Cow::Owned(array_types::restore(&scalar, readable, written))
            }
            _ => scalar,
        }
    }

    /// The parser copies every scalar; most are in the text as they are.
    fn borrowed(&self, scalar: Cow<'a, str>, span: Span) -> Cow<'a, str> {
        match self.written.get(span.start as usize..span.end as usize) {
            Some(written) if written == scalar => Cow::Borrowed(written),
            _ => scalar,
        }
    }

    /// The parser counts blanks and a comment after a closing quote to the scalar; this doesn't.
    fn quoted_span(&self, span: Span) -> Span {
        let bytes = &self.text.as_bytes()[span.start as usize..span.end as usize];
        let Some((quote @ (b'"' | b'\''), rest)) = bytes.split_first() else { return span };
        let mut at = 0;
        while let Some(&byte) = rest.get(at) {
            let skip = match byte {
                b'\\' if *quote == b'"' => 2,
                b'\'' if *quote == b'\'' && rest.get(at + 1) == Some(&b'\'') => 2,
                _ if byte == *quote => return Span { end: span.start + at as u32 + 2, ..span },
                _ => 1,
            };
            at += skip;
        }
        span
    }

    fn enter(&mut self, span: Span, depth: usize) -> Result<(), Stop> {
        if depth < MAX_DEPTH {
            return Ok(());
        }
        self.report(syntax::too_deep(span));
        Err(Stop::Reported)
    }

    fn list(&mut self, start: Span, depth: usize) -> Result<Node<'a>, Stop> {
        let mut items = Vec::new();
        loop {
            let next = self.next()?;
            if matches!(next.0, Event::SequenceEnd) {
                let last = items.last().map_or(start.end, |item: &Node| item.span.end);
                let flow = self.byte_at(next.1.start) == Some(b']');
                let span = self.collection_span(start, next.1, last, flow);
                return Ok(Node { span, kind: Kind::List { items, flow } });
            }
            items.push(self.node(next, depth + 1)?);
        }
    }

    fn map(&mut self, start: Span, depth: usize) -> Result<Node<'a>, Stop> {
        let mut entries = Vec::new();
        let mut ignored = false;
        let mut last = start.end;
        loop {
            let next = self.next()?;
            if matches!(next.0, Event::MappingEnd) {
                let flow = self.byte_at(next.1.start) == Some(b'}') && !next.1.is_empty();
                let span = self.collection_span(start, next.1, last, flow);
                self.remove_duplicates(&mut entries);
                if ignored && self.extensions == Extensions::Left {
                    entries.retain(|entry| !is_ignored(entry));
                }
                return Ok(Node { span, kind: Kind::Map(entries) });
            }
            let key = self.node(next, depth + 1)?;
            let next = self.next()?;
            let mut value = self.node(next, depth + 1)?;
            if matches!(&value.kind, Kind::Plain(text) if text.is_empty()) {
                value.span = key.span;
            }
            last = value.span.end.max(key.span.end);
            if let Some(key) = self.key(key) {
                let entry = Entry { key, value };
                ignored |= is_ignored(&entry);
                entries.push(entry);
            }
        }
    }

    /// Brackets and what is between them; in block style from the first to the last node.
    fn collection_span(&self, start: Span, end: Span, last: u32, flow: bool) -> Span {
        let end = if flow { end.start + 1 } else { last };
        Span { end: end.max(start.start), ..start }
    }

    fn byte_at(&self, at: u32) -> Option<u8> {
        self.text.as_bytes().get(at as usize).copied()
    }

    fn key(&mut self, key: Node<'a>) -> Option<Spanned<Cow<'a, str>>> {
        let span = key.span;
        match key.kind {
            Kind::Plain(text) if text == "<<" => {
                self.report(
                    Diagnostic::new(&codes::E0010, span, "merge key `<<`")
                        .label("contracts have no merge keys")
                        .help("write the merged keys out"),
                );
                None
            }
            Kind::Plain(text) if text.is_empty() => {
                self.report(Diagnostic::new(&codes::E0103, span, "expected a key, found nothing"));
                None
            }
            Kind::Plain(text) | Kind::Text { text, .. } => Some(Spanned::new(text, span)),
            Kind::List { .. } | Kind::Map(_) => {
                let found = if matches!(key.kind, Kind::Map(_)) { "a mapping" } else { "a list" };
                self.report(Diagnostic::new(
                    &codes::E0103,
                    syntax::first_line(self.text, span),
                    format!("expected a key that is text, found {found}"),
                ));
                None
            }
            Kind::Reported => None,
        }
    }

    fn remove_duplicates(&mut self, entries: &mut Vec<Entry<'a>>) {
        let again = if entries.len() <= 8 { repeats_of_few(entries) } else { repeats_of_many(entries) };
        if again.is_empty() {
            return;
        }
        for (at, first) in again.iter().take(MAX_SHOWN + 1) {
            let (key, first) = (&entries[*at].key, &entries[*first].key);
            self.report(
                Diagnostic::new(&codes::E0102, key.span, format!("key {} is given twice", quote(&key.value)))
                    .label("given again")
                    .related(first.span, "first given here"),
            );
        }
        let mut again = again.iter().map(|(at, _)| *at).peekable();
        let mut at = 0;
        entries.retain(|_| {
            let keep = again.next_if_eq(&at).is_none();
            at += 1;
            keep
        });
    }

    /// Reports anchor and tag of a node, which its span begins with.
    fn properties(&mut self, span: Span, anchor: usize, tag: bool) {
        if anchor == 0 && !tag {
            return;
        }
        let written = &self.text[span.start as usize..];
        let len = match written.starts_with("!<") {
            true => written.find('>').map(|at| at + 1),
            false => written.find([' ', '\t', '\r', '\n', ',', ']', '}']),
        };
        let place = Span { end: span.start + len.unwrap_or(written.len()) as u32, ..span };
        if anchor > 0 {
            self.references.anchors.insert(anchor, place);
            self.reference(place, None);
        }
        if tag {
            self.report(
                Diagnostic::new(&codes::E0009, place, "a YAML tag")
                    .label("contracts have no tags")
                    .help("remove the tag; the place decides what kind of value is meant"),
            );
        }
    }

    fn reference(&mut self, span: Span, anchor: Option<Span>) {
        self.references.count += 1;
        if self.references.places.len() <= MAX_SHOWN {
            self.references.places.push((span, anchor));
        }
    }

    fn report_references(&mut self) {
        let References { mut places, count, nested, .. } = std::mem::take(&mut self.references);
        let bomb = nested && count > BOMB;
        if bomb {
            places.truncate(1);
        }
        for (span, anchor) in places {
            let what = if anchor.is_some() { "alias" } else { "anchor" };
            let written = &self.text[span.start as usize..span.end as usize];
            let written = if written.starts_with(['&', '*']) { format!(" {}", quote(written)) } else { String::new() };
            let help = if bomb {
                format!("write the values out; the file has {} more anchors and aliases", count - 1)
            } else if anchor.is_some() {
                "write the value out here as well".to_owned()
            } else {
                "remove it, and write the value out where it is repeated".to_owned()
            };
            let mut diagnostic = Diagnostic::new(&codes::E0008, span, format!("YAML {what}{written}"))
                .label("contracts have no anchors and aliases")
                .help(help);
            if let Some(anchor) = anchor.filter(|anchor| !anchor.is_empty()) {
                diagnostic = diagnostic.related(anchor, "the anchor is here");
            }
            self.report(diagnostic);
        }
    }

    fn second_document(&mut self, span: Span) {
        self.report(
            Diagnostic::new(&codes::E0007, span, "a second YAML document begins")
                .label("a contract is one document")
                .help("remove the `---`, or keep each document in a file of its own"),
        );
    }
}

fn is_ignored(entry: &Entry) -> bool {
    entry.key.value.starts_with("x-")
}

/// Later keys that equal an earlier one, each with the first of its kind.
fn repeats_of_few(entries: &[Entry]) -> Vec<(usize, usize)> {
    let mut again = Vec::new();
    for at in 1..entries.len() {
        let first = entries[..at].iter().position(|entry| entry.key.value == entries[at].key.value);
        again.extend(first.map(|first| (at, first)));
    }
    again
}

fn repeats_of_many(entries: &[Entry]) -> Vec<(usize, usize)> {
    let key = |at: usize| entries[at].key.value.as_ref();
    let mut order: Vec<usize> = (0..entries.len()).collect();
    order.sort_by(|a, b| key(*a).cmp(key(*b)).then(a.cmp(b)));
    let mut again = Vec::new();
    for group in order.chunk_by(|a, b| key(*a) == key(*b)) {
        again.extend(group[1..].iter().map(|at| (*at, group[0])));
    }
    again.sort_unstable();
    again
}
