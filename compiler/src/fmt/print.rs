//! A tree and its comments to text.

use super::comments::Comment;
use super::{begin, block_scalar_end, column, dash, slice};
use crate::raw::tree::{Entry, Kind, Node};

/// One level of indentation.
const STEP: usize = 2;

/// The formatted text of a document.
pub fn document(text: &str, root: &Node, comments: &[Comment]) -> String {
    let mut printer = Printer { text, comments, out: String::with_capacity(text.len()) };
    let end = text.len();
    match &root.kind {
        Kind::Map(entries) if !is_flow(text, root) => printer.map(entries, 0, end, false),
        Kind::List { items, flow: false } => printer.list(items, 0, 0, end),
        _ => {
            printer.before(root.span.start as usize, 0, false);
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
    /// Those that are not printed yet.
    comments: &'a [Comment],
    out: String,
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

    /// A blank line, where the source has one before the line of `at`.
    fn blank(&mut self, at: usize) {
        let start = at - column(self.text, at);
        let before = self.text[..start].trim_end_matches([' ', '\t', '\r', '\n']);
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
        if comment.trails && !self.out.is_empty() {
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
            let key = format!("{}:", slice(self.text, entry.key.span));
            if inline && index == 0 {
                self.out.push_str(&key);
            } else {
                self.first_or_next(at, indent, index == 0 && indent > 0);
                self.line(indent, &key);
            }
            let next = entries.get(index + 1).map_or(until, |next| next.key.span.start as usize);
            if entry.value.span != entry.key.span {
                self.child(&entry.value, indent, column(self.text, at), next);
            }
        }
        if let Some(first) = entries.first() {
            self.after(column(self.text, first.key.span.start as usize), indent, until);
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
                self.out.push(' ');
                self.value(value, indent, source_column);
            }
        }
    }

    /// A list in block style. Comments after it that are indented less than `least` are not its own.
    fn list(&mut self, items: &[Node], indent: usize, least: usize, until: usize) {
        let mut source_column = least;
        for (index, item) in items.iter().enumerate() {
            let at = begin(self.text, item);
            self.first_or_next(at, indent, index == 0);
            self.line(indent, "-");
            let dash = column(self.text, dash(self.text, item));
            source_column = dash.max(least);
            let next = items.get(index + 1).map_or(until, |next| begin(self.text, next));
            match &item.kind {
                Kind::Map(entries) if !is_flow(self.text, item) => {
                    self.out.push(' ');
                    self.map(entries, indent + STEP, next, true);
                }
                Kind::Plain(text) if text.is_empty() => {}
                _ => self.child(item, indent, dash, next),
            }
        }
        self.after(source_column, indent, until);
    }

    /// A scalar, or brackets, on the line that is begun. `source_column` is that of the key or dash it belongs to.
    fn value(&mut self, node: &Node, indent: usize, source_column: usize) {
        let written = slice(self.text, node.span);
        match &node.kind {
            Kind::Text { quoted: false, .. } => self.block_scalar(node, indent, source_column),
            Kind::Plain(_) | Kind::Text { .. } | Kind::Reported => {
                let mut lines = written.lines();
                self.out.push_str(lines.next().unwrap_or_default().trim_end());
                for line in lines {
                    self.out.push('\n');
                    let line = line.trim();
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
        let lines: Vec<&str> = lines.map(|line| line.trim_end_matches('\r')).collect();
        let spaces = |line: &str| line.len() - line.trim_start_matches(' ').len();
        let given = header.split('#').next().and_then(|header| header.chars().find_map(|c| c.to_digit(10)));
        let first = lines.iter().find(|line| !line.trim_start_matches(' ').is_empty()).map_or(0, |line| spaces(line));
        let (old, new) = match given {
            Some(digit) => (source_column + digit as usize, indent + digit as usize),
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
        match &node.kind {
            Kind::Map(entries) => {
                for (index, entry) in entries.iter().enumerate() {
                    self.before(entry.key.span.start as usize, inner, false);
                    self.line(inner, &format!("{}:", slice(self.text, entry.key.span)));
                    if entry.value.span != entry.key.span {
                        self.out.push(' ');
                        self.value(&entry.value, inner, 0);
                    }
                    self.comma(index + 1 < entries.len());
                }
            }
            Kind::List { items, .. } => {
                for (index, item) in items.iter().enumerate() {
                    self.before(item.span.start as usize, inner, false);
                    self.line(inner, "");
                    match is_pair(self.text, item) {
                        true => self.out.push_str(&flow(self.text, item)),
                        false => self.value(item, inner, 0),
                    }
                    self.comma(index + 1 < items.len());
                }
            }
            _ => {}
        }
        self.before(close, inner, true);
        self.line(indent, shut);
    }

    fn comma(&mut self, more: bool) {
        if more {
            self.out.push(',');
        }
    }
}

/// `a: 1` in `[a: 1]`: a mapping without brackets of its own.
fn is_pair(text: &str, node: &Node) -> bool {
    matches!(node.kind, Kind::Map(_)) && !is_flow(text, node)
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
