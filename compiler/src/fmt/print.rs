//! A tree and its comments to text.

use std::borrow::Cow;

use super::comments::Comment;
use super::{begin, block_scalar_end, column, indentation, slice};
use crate::raw::tree::{Entry, Kind, Node};

/// One level of indentation.
const STEP: usize = 2;

/// Keys that are longer, in bytes, take a `?`: YAML's parsers do not look further for a colon.
const LONGEST_KEY: usize = 1000;

/// The formatted text of a document.
pub fn document(text: &str, root: &Node, comments: &[Comment]) -> String {
    let out = String::with_capacity(text.len());
    let mut printer = Printer { text, all: comments, comments, out, commented: None, open: 0 };
    let end = text.len();
    match &root.kind {
        Kind::Map(entries) if !is_flow(text, root) => printer.map(entries, 0, end, false),
        Kind::List { items, flow: false } => printer.list(items, 0, 0, end),
        _ => {
            printer.before(root.span.start as usize, 0, false);
            // It is below no key.
            printer.open = 1;
            printer.value(root, 0, 0);
            printer.newline();
        }
    }
    printer.before(end, 0, true);
    let body = printer.out.trim_end_matches('\n').len();
    // The blank lines that a text keeps at its end are part of it.
    let keeps = printer.out[..body].len() < printer.out.len().saturating_sub(1) && ends_in_kept(text);
    if !keeps {
        printer.out.truncate(body);
        printer.out.push('\n');
    }
    printer.out
}

/// Whether a block scalar that keeps its blank lines may be at the end of the text.
fn ends_in_kept(text: &str) -> bool {
    text.lines().any(|line| line.trim_end().ends_with("|+") || line.trim_end().ends_with(">+"))
}

fn is_flow(text: &str, node: &Node) -> bool {
    match &node.kind {
        Kind::List { flow, .. } => *flow,
        Kind::Map(_) => text.as_bytes().get(node.span.start as usize) == Some(&b'{'),
        _ => false,
    }
}

struct Printer<'a> {
    text: &'a str,
    all: &'a [Comment],
    /// Those that are not printed yet.
    comments: &'a [Comment],
    out: String,
    /// How long `out` was when a comment had been printed: nothing goes on its line.
    commented: Option<usize>,
    /// How many brackets are open.
    open: usize,
}

impl Printer<'_> {
    fn newline(&mut self) {
        if !self.out.is_empty() && !self.out.ends_with('\n') {
            self.out.push('\n');
        }
    }

    fn line(&mut self, indent: usize, text: &str) {
        self.newline();
        self.out.extend(std::iter::repeat_n(' ', indent));
        self.out.push_str(text);
    }

    /// A blank line, where the source has one before the line that begins with what is at `at`.
    fn blank(&mut self, at: usize) {
        let start = at - column(self.text, at);
        let before = &self.text[start..at];
        if before.starts_with("---") || !before.trim_matches(['\u{feff}', ' ', '\t', '-', '?']).is_empty() {
            return;
        }
        let before = self.text[..start].trim_end_matches([' ', '\t', '\n']);
        let gap = &self.text[before.len()..start];
        let breaks = gap.matches('\n').count();
        let opened = self.out.ends_with('{') || self.out.ends_with('[');
        if breaks > 1 && !self.out.is_empty() && !self.out.ends_with("\n\n") && !opened {
            self.newline();
            self.out.push('\n');
        }
    }

    /// What comes before the thing at `at`: comments, and a blank line.
    fn before(&mut self, at: usize, indent: usize, last: bool) {
        while let Some(comment) = self.comments.first().filter(|comment| comment.at < at) {
            self.comment(comment.clone(), indent);
        }
        if !last {
            self.blank(at);
        }
    }

    fn comment(&mut self, comment: Comment, indent: usize) {
        self.comments = &self.comments[1..];
        let is_free = !self.out.is_empty() && self.commented != Some(self.out.len());
        if comment.trails && is_free {
            if self.out.ends_with('\n') {
                self.out.pop();
            }
            self.out.push_str("  ");
            self.out.push_str(&comment.text);
        } else {
            self.blank(comment.at);
            let indent = if comment.text.starts_with('#') { indent } else { 0 };
            self.line(indent, &comment.text);
        }
        self.out.push('\n');
        // A comment may follow a marker.
        self.commented = comment.text.starts_with('#').then_some(self.out.len());
    }

    /// Whether there is a comment before `at` that is not printed yet.
    fn has_comment(&self, at: usize) -> bool {
        self.comments.first().is_some_and(|comment| comment.at < at)
    }

    /// Comments after the last entry of a block that are indented like it.
    fn after(&mut self, source_column: usize, indent: usize, until: usize) {
        while let Some(comment) = self.comments.first().filter(|comment| comment.at < until) {
            if !comment.trails && (comment.column < source_column || !comment.text.starts_with('#')) {
                return;
            }
            self.comment(comment.clone(), indent);
        }
    }

    /// A mapping in block style. `until` is where what comes after it begins; `inline`, whether its first key goes on
    /// the line that is begun.
    fn map(&mut self, entries: &[Entry], indent: usize, until: usize, inline: bool) {
        for (index, entry) in entries.iter().enumerate() {
            let at = entry.key.span.start as usize;
            if inline && index == 0 && !self.has_comment(at) {
                self.out.push(' ');
            } else {
                self.first_or_next(at, indent, index == 0 && indent > 0);
                self.line(indent, "");
            }
            self.key(entry, indent);
            let next = entries.get(index + 1).map_or(until, |next| next.key.span.start as usize);
            if entry.value.span != entry.key.span {
                self.child(&entry.value, indent, column(self.text, at), next);
            }
        }
        if let Some(first) = entries.first() {
            self.after(column(self.text, first.key.span.start as usize), indent, until);
        }
    }

    /// A key in block style and its colon.
    fn key(&mut self, entry: &Entry, indent: usize) {
        let written = self.written_key(entry).into_owned();
        if written.len() < LONGEST_KEY {
            self.out.push_str(&written);
        } else {
            self.out.push_str("? ");
            self.out.push_str(&written);
            self.line(indent, "");
        }
        self.out.push(':');
    }

    /// A key, on one line.
    fn written_key<'k>(&'k self, entry: &Entry) -> Cow<'k, str> {
        let written = slice(self.text, entry.key.span);
        match written.contains('\n') {
            // JSON's texts are YAML's as well.
            true => Cow::Owned(serde_json::Value::from(&*entry.key.value).to_string()),
            false => Cow::Borrowed(written),
        }
    }

    /// What comes before an entry. There is no blank line before the first one of a block.
    fn first_or_next(&mut self, at: usize, indent: usize, first: bool) {
        let commented = self.comments.first().is_some_and(|comment| comment.at < at && !comment.trails);
        self.before(at, indent, first && !commented);
    }

    /// The value of a key, or an item: on the line that is begun, or below it.
    fn child(&mut self, value: &Node, indent: usize, source_column: usize, until: usize) {
        match &value.kind {
            Kind::Map(entries) if !is_flow(self.text, value) => self.map(entries, indent + STEP, until, false),
            Kind::List { items, flow: false } => self.list(items, indent + STEP, source_column + 1, until),
            _ => {
                let indent = self.gap(value, indent);
                self.value(value, indent, source_column);
            }
        }
    }

    /// What is between a key or dash and its value: a blank, or comments. Gives the indentation that the value goes by.
    fn gap(&mut self, value: &Node, indent: usize) -> usize {
        let at = begin(self.text, value);
        if !self.has_comment(at) {
            self.out.push(' ');
            return indent;
        }
        self.before(at, indent + STEP, true);
        self.line(indent + STEP, "");
        // That of a block scalar counts from the key.
        if matches!(value.kind, Kind::Text { quoted: false, .. }) { indent } else { indent + STEP }
    }

    /// A list in block style. Comments after it that are indented less than `least` are not its own.
    fn list(&mut self, items: &[Node], indent: usize, least: usize, until: usize) {
        let mut source_column = least;
        for (index, item) in items.iter().enumerate() {
            let at = self.dash(item);
            self.first_or_next(at, indent, index == 0);
            self.line(indent, "-");
            let dash = column(self.text, at);
            source_column = dash.max(least);
            let next = items.get(index + 1).map_or(until, |next| self.dash(next));
            match &item.kind {
                Kind::Map(entries) if !is_flow(self.text, item) => self.map(entries, indent + STEP, next, true),
                Kind::Plain(text) if text.is_empty() => {}
                _ => self.child(item, indent, dash, next),
            }
        }
        self.after(source_column, indent, until);
    }

    /// The dash of a list's item: there may be comments between the two.
    fn dash(&self, item: &Node) -> usize {
        let start = begin(self.text, item);
        let mut before = self.text[..start].trim_end();
        loop {
            let last = self.all.partition_point(|comment| comment.at < before.len()).checked_sub(1);
            match last.map(|last| &self.all[last]).filter(|last| last.at + last.text.len() >= before.len()) {
                Some(comment) => before = self.text[..comment.at].trim_end(),
                None => break,
            }
        }
        if before.ends_with('-') { before.len() - 1 } else { start.saturating_sub(2) }
    }

    /// A scalar, or brackets, on the line that is begun. `source_column` is that of the key or dash it belongs to.
    fn value(&mut self, node: &Node, indent: usize, source_column: usize) {
        let written = slice(self.text, node.span);
        match &node.kind {
            Kind::Text { quoted: false, .. } => self.block_scalar(node, indent, source_column),
            Kind::Plain(_) | Kind::Text { .. } | Kind::Reported => {
                let mut lines = written.split('\n').peekable();
                let mut first = true;
                while let Some(line) = lines.next() {
                    let line = if lines.peek().is_some() { continued(line, written) } else { line };
                    if std::mem::take(&mut first) {
                        self.out.push_str(line);
                        continue;
                    }
                    self.out.push('\n');
                    let line = line.trim_start_matches([' ', '\t']);
                    if !line.is_empty() {
                        self.out.extend(std::iter::repeat_n(' ', indent + STEP));
                        self.out.push_str(line);
                    }
                }
            }
            Kind::List { .. } | Kind::Map(_) => match written.contains('\n') {
                false => self.out.push_str(&flow(self.text, node)),
                true => self.brackets(node, indent),
            },
        }
    }

    fn block_scalar(&mut self, node: &Node, indent: usize, source_column: usize) {
        let start = begin(self.text, node);
        let end = block_scalar_end(self.text, start, source_column);
        let mut lines = self.text[start..end].split('\n');
        let header = lines.next().unwrap_or_default().trim_end();
        self.out.push_str(header);
        let lines: Vec<&str> = lines.collect();
        let spaces = |line: &str| line.len() - line.trim_start_matches(' ').len();
        let first = lines.iter().find(|line| !line.trim_start_matches(' ').is_empty()).map_or(0, |line| spaces(line));
        let (old, new) = match indentation(header) {
            Some(given) => (source_column + given, indent + given),
            None => (first, indent + STEP),
        };
        for line in lines {
            self.out.push('\n');
            let rest = &line[spaces(line).min(old)..];
            if !rest.is_empty() {
                self.out.extend(std::iter::repeat_n(' ', new));
                self.out.push_str(rest);
            }
        }
    }

    /// Brackets on several lines: one item on each.
    fn brackets(&mut self, node: &Node, indent: usize) {
        let inner = indent + STEP;
        let close = (node.span.end as usize).saturating_sub(1);
        let (open, shut) = if matches!(node.kind, Kind::Map(_)) { ("{", "}") } else { ("[", "]") };
        self.out.push_str(open);
        self.open += 1;
        match &node.kind {
            Kind::Map(entries) => {
                for (index, entry) in entries.iter().enumerate() {
                    self.before(entry.key.span.start as usize, inner, false);
                    self.line(inner, "");
                    self.pair(entry, inner);
                    self.comma(index + 1 < entries.len());
                }
            }
            Kind::List { items, .. } => {
                for (index, item) in items.iter().enumerate() {
                    self.before(item.span.start as usize, inner, false);
                    self.line(inner, "");
                    match &item.kind {
                        // `a: 1` in `[a: 1]`: a mapping without brackets of its own.
                        Kind::Map(entries) if !is_flow(self.text, item) => {
                            entries.iter().for_each(|entry| self.pair(entry, inner));
                        }
                        _ => self.value(item, inner, 0),
                    }
                    self.comma(index + 1 < items.len());
                }
            }
            _ => {}
        }
        self.before(close, inner, true);
        self.open -= 1;
        // The parser wants a plain scalar before a bracket that is no further in than its key.
        let is_below = self.open > 0 || has_plain(self.text, node);
        self.line(if is_below { indent } else { inner }, shut);
    }

    /// A key and its value in brackets.
    fn pair(&mut self, entry: &Entry, indent: usize) {
        let written = self.written_key(entry).into_owned();
        self.out.push_str(&written);
        self.out.push(':');
        if entry.value.span != entry.key.span {
            let indent = self.gap(&entry.value, indent);
            self.value(&entry.value, indent, 0);
        }
    }

    fn comma(&mut self, more: bool) {
        if more {
            self.out.push(',');
        }
    }
}

/// Whether a plain scalar is in brackets.
fn has_plain(text: &str, node: &Node) -> bool {
    let is_plain = |span| !slice(text, span).starts_with(['"', '\'']) && !slice(text, span).contains('\n');
    match &node.kind {
        Kind::List { items, .. } => items.iter().any(|item| has_plain(text, item)),
        Kind::Map(entries) => entries.iter().any(|entry| is_plain(entry.key.span) || has_plain(text, &entry.value)),
        Kind::Plain(written) => !written.is_empty(),
        Kind::Text { .. } | Kind::Reported => false,
    }
}

/// A line of a text that goes on below, without the blanks at its end, which mean nothing; escaped ones do.
fn continued<'a>(line: &'a str, text: &str) -> &'a str {
    let words = line.trim_end_matches([' ', '\t']);
    let escapes = if text.starts_with('"') { words.len() - words.trim_end_matches('\\').len() } else { 0 };
    &line[..(words.len() + escapes % 2).min(line.len())]
}

/// A value on one line.
fn flow(text: &str, node: &Node) -> String {
    let join = |parts: Vec<String>| parts.join(", ");
    match &node.kind {
        Kind::List { items, .. } => format!("[{}]", join(items.iter().map(|item| flow(text, item)).collect())),
        Kind::Map(entries) if entries.is_empty() => "{}".to_owned(),
        Kind::Map(entries) => {
            let pair = |entry: &Entry| match entry.value.span == entry.key.span {
                true => format!("{}:", slice(text, entry.key.span)),
                false => format!("{}: {}", slice(text, entry.key.span), flow(text, &entry.value)),
            };
            let pairs = join(entries.iter().map(pair).collect());
            if is_flow(text, node) { format!("{{ {pairs} }}") } else { pairs }
        }
        _ => slice(text, node.span).to_owned(),
    }
}
