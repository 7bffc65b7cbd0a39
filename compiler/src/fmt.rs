//! One way to write a contract: [`format()`] gives a text the usual indentation and spacing. Comments, the order of keys,
//! quotes, and the choice between brackets and lines are the author's and stay.

mod comments;
mod print;

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::ir::DigestKind;
use crate::raw::tree::{Kind, Node};
use crate::source::{SourceId, SourceMap, Span};
use crate::{check, raw, source};

/// Why a text is not formatted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unformatted {
    /// It has errors of form: the compiler says which.
    #[error("it is not well-formed")]
    Malformed,
    /// It is written in a way that the formatter does not know to keep.
    #[error("it is written in a way that the formatter cannot keep")]
    Unusual,
}

/// The text, formatted. It means what it meant, has the same comments, and formatting it again changes nothing.
pub fn format(text: &str) -> Result<String, Unformatted> {
    if text.len() as u64 > source::MAX_BYTES {
        return Err(Unformatted::Malformed);
    }
    let plain = plain(text);
    let (formatted, before) = raw::with_tree(SourceId::default(), &plain, |root| {
        // A text alone is no contract.
        let is_document = matches!(root.kind, Kind::Map(_) | Kind::List { .. });
        let comments = comments::of(&plain, root);
        is_document.then(|| (print::document(&plain, root, &comments), Said::by(root, comments)))
    })
    .flatten()
    .ok_or(Unformatted::Malformed)?;
    let after = raw::with_tree(SourceId::default(), &formatted, |root| Said::by(root, comments::of(&formatted, root)));
    let is_kept = after.is_some_and(|after| after == before) && (*plain == *text || shape(text) == Some(before.shape));
    if is_kept { Ok(formatted) } else { Err(Unformatted::Unusual) }
}

/// The text with line ends of one kind and without a byte order mark, which mean nothing.
fn plain(text: &str) -> Cow<'_, str> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if !text.contains('\r') {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n"))
}

/// Whether a text that is formatted gets another digest: one that is over the bytes of the text.
pub fn changes_digest(text: &str) -> bool {
    let mut sources = SourceMap::new();
    let source = sources.add("contract", text);
    check(&sources, source).resolved.is_none_or(|schema| schema.digest_kind == DigestKind::Source)
}

/// All that a text says, without its places.
#[derive(PartialEq, Eq)]
struct Said {
    shape: String,
    comments: Vec<String>,
}

impl Said {
    fn by(root: &Node, comments: Vec<comments::Comment>) -> Self {
        Self { shape: shape_of(root), comments: comments.into_iter().map(|comment| comment.text).collect() }
    }
}

/// What a text says without its comments.
fn shape(text: &str) -> Option<String> {
    raw::with_tree(SourceId::default(), text, shape_of)
}

fn shape_of(root: &Node) -> String {
    let mut shape = String::new();
    describe(root, &mut shape);
    shape
}

fn describe(node: &Node, into: &mut String) {
    // A `String` can always be written to.
    let _ = match &node.kind {
        Kind::Plain(text) => write!(into, "plain {text:?} "),
        Kind::Text { text, quoted } => write!(into, "text {quoted} {text:?} "),
        Kind::List { items, flow } => {
            into.push_str(if *flow { "[ " } else { "- " });
            items.iter().for_each(|item| describe(item, into));
            write!(into, "] ")
        }
        Kind::Map(entries) => {
            into.push_str("{ ");
            for entry in entries {
                let _ = write!(into, "key {:?} ", entry.key.value);
                describe(&entry.value, into);
            }
            write!(into, "}} ")
        }
        Kind::Reported => write!(into, "? "),
    };
}

/// The text at a span.
fn slice(text: &str, span: Span) -> &str {
    text.get(span.start as usize..span.end as usize).unwrap_or_default()
}

/// The column of a byte: how many bytes of its line are before it.
fn column(text: &str, at: usize) -> usize {
    let before = text.get(..at).unwrap_or_default();
    before.len() - before.rfind('\n').map_or(0, |found| found + 1)
}

/// Where a value begins: of a block scalar, whose place is that of its first line, the `|` or `>` above it.
fn begin(text: &str, node: &Node) -> usize {
    let start = node.span.start as usize;
    if !matches!(node.kind, Kind::Text { quoted: false, .. }) || text[start..].starts_with(['|', '>']) {
        return start;
    }
    let above = text[..start - column(text, start)].trim_end();
    let line = above.rfind('\n').map_or(0, |found| found + 1);
    let words = above[line..].find(" #").map_or(&above[line..], |comment| &above[line..line + comment]);
    let head = words.trim_end().trim_end_matches(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-'));
    if head.ends_with(['|', '>']) { line + head.len() - 1 } else { start }
}

/// The end of a block scalar that begins at `start` and belongs to what is in this column: without the blank lines
/// after it, unless its header keeps them.
fn block_scalar_end(text: &str, start: usize, column: usize) -> usize {
    let rest = text.get(start..).unwrap_or_default();
    let header = rest.find('\n').map_or(rest.len(), |found| found + 1);
    let keeps = rest[..header].split('#').next().is_some_and(|header| header.contains('+'));
    let (mut at, mut end) = (header, header);
    // All of it is indented at least like its first line; a comment after it may be indented less.
    let mut least = indentation(&rest[..header]).map(|given| column + given);
    for line in rest[header..].split_inclusive('\n') {
        let body = line.trim_end_matches('\n');
        let indent = body.len() - body.trim_start_matches(' ').len();
        let blank = body.trim_start_matches(' ').is_empty();
        if !blank && indent < *least.get_or_insert(indent.max(column + 1)) {
            break;
        }
        at += line.len();
        if !blank || keeps || least.is_some_and(|least| indent > least) {
            end = at;
        }
    }
    start + rest[..end].trim_end_matches('\n').len().max(if keeps { end } else { 0 })
}

/// The indentation that the header of a block scalar gives.
fn indentation(header: &str) -> Option<usize> {
    let digit = header.split('#').next()?.chars().find_map(|c| c.to_digit(10))?;
    Some(digit as usize)
}
