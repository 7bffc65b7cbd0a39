//! The comments of a text: what is after a `#` that no key or value covers. Line ends are `\n` here.

use super::{begin, block_scalar_end, column};
use crate::raw::tree;

/// One comment, or a line such as `---` that is kept like one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment {
    /// Where it begins.
    pub at: usize,
    /// From the `#` to the end of the line.
    pub text: String,
    /// Whether something else is before it on its line.
    pub trails: bool,
    /// The column that it begins in.
    pub column: usize,
}

/// The comments of a text with this tree, in order.
pub fn of(text: &str, root: &tree::Node) -> Vec<Comment> {
    let mut leaves = Vec::new();
    collect(text, root, 0, &mut leaves);
    let mut comments = Vec::new();
    let mut at = 0;
    for (start, end) in leaves.into_iter().chain([(text.len(), text.len())]) {
        between(text, at, start, &mut comments);
        at = at.max(end);
    }
    comments
}

/// Where keys and scalars are, in order. `owner` is the column of the key or dash that the node belongs to.
fn collect(text: &str, node: &tree::Node, owner: usize, leaves: &mut Vec<(usize, usize)>) {
    let (start, end) = (begin(text, node), node.span.end as usize);
    match &node.kind {
        tree::Kind::Text { quoted: false, .. } => leaves.push((start, block_scalar_end(text, start, owner))),
        tree::Kind::Plain(_) | tree::Kind::Text { .. } | tree::Kind::Reported => leaves.push((start, end)),
        tree::Kind::List { items, flow } => {
            for item in items {
                let before = leaves.last().map_or(0, |(_, end)| *end);
                let owner = if *flow { owner } else { column(text, dash(text, before, begin(text, item))) };
                collect(text, item, owner, leaves);
            }
        }
        tree::Kind::Map(entries) => {
            let flow = text.as_bytes().get(node.span.start as usize) == Some(&b'{');
            for entry in entries {
                let at = entry.key.span.start as usize;
                leaves.push((at, entry.key.span.end as usize));
                // What has no value has the place of its key.
                if entry.value.span != entry.key.span {
                    let owner = if flow { owner } else { column(text, at) };
                    collect(text, &entry.value, owner, leaves);
                }
            }
        }
    }
}

/// The dash of an item that begins at `start`, after a key or value that ends at `from`.
fn dash(text: &str, from: usize, start: usize) -> usize {
    let mut found = start.saturating_sub(2);
    let mut at = from;
    for line in text.get(from..start).unwrap_or_default().split_inclusive('\n') {
        let words = line.split('#').next().unwrap_or_default();
        found = words.rfind('-').map_or(found, |dash| at + dash);
        at += line.len();
    }
    found
}

/// The comments in a part of a text that is between keys and values. Nothing else has a `#` there.
fn between(text: &str, from: usize, to: usize, comments: &mut Vec<Comment>) {
    // Most places have none, and the line may be long.
    if !text.as_bytes()[from.min(to)..to].iter().any(|byte| b"#-.%".contains(byte)) {
        return;
    }
    let mut at = from;
    while at < to {
        // The line is looked at as a whole only where it has a comment: it can be very long.
        let part = text[at..to].split('\n').next().unwrap_or_default();
        let first = at == 0 || text.as_bytes()[at - 1] == b'\n';
        let marker = if first { marker(part) } else { 0 };
        if marker > 0 {
            comments.push(Comment { at, text: part[..marker].trim_end().to_owned(), trails: false, column: 0 });
        }
        if let Some(index) = part[marker..].find('#') {
            let start = at + marker + index;
            let line_start = at - column(text, at);
            let line_end = text[at..].find('\n').map_or(text.len(), |found| at + found);
            let words = text[start..line_end].trim_end_matches([' ', '\t']);
            // What is after a `?` is about the key that follows.
            let about_next = text[at..start].trim_end().ends_with('?');
            let trails = !about_next && !text[line_start..start].trim_start_matches('\u{feff}').trim().is_empty();
            comments.push(Comment { at: start, text: words.to_owned(), trails, column: start - line_start });
        }
        at += part.len() + 1;
    }
}

/// How many bytes of a line between keys and values are `---`, `...` or a directive. Something may follow the first.
fn marker(line: &str) -> usize {
    let alone =
        |marker: &str| line.strip_prefix(marker).is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t']));
    match line {
        _ if line.starts_with('%') => line.len(),
        _ if alone("---") || alone("...") => 3,
        _ => 0,
    }
}
