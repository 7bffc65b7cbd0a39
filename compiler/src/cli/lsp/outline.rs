//! The keys of a text that may not be YAML yet: owns [`Outline`], which a line scanner makes by indentation and
//! brackets alone. It finds its way in what somebody is typing, where a parser gives up at the first error.
//!
//! Long because the states of the scanner are read together, and its tests are tables.

use std::ops::Range;

use super::lines::{line_end, without_mark};

/// One `key: value`, in block style or in brackets.
#[derive(Debug, PartialEq, Eq)]
pub struct Entry {
    /// The entry whose value it is in, by index.
    pub parent: Option<usize>,
    /// The key, without quotes.
    pub key: Range<usize>,
    /// The value on the key's line: a scalar without quotes, or brackets with all that is in them. Empty where there is
    /// none, or where it is in the lines below.
    pub value: Range<usize>,
    /// The end of all that belongs to it.
    pub end: usize,
}

/// Every entry of a piece of text, in order, and what the end of the piece is in.
#[derive(Debug, Default)]
pub struct Outline {
    pub entries: Vec<Entry>,
    /// Where the piece ends: what a cursor there is in.
    pub end: End,
}

/// What the end of a piece of text is in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct End {
    pub place: Place,
    /// Where the word begins that ends there.
    pub word: usize,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Place {
    /// A key, or where one may be, of the mapping that is this entry's value.
    Key(Option<usize>),
    /// The value of this entry.
    Value(usize),
    /// An item of the list that is this entry's value; where items are mappings, a key of one.
    Item(usize),
    /// A comment or a text of several lines.
    #[default]
    Text,
}

impl Outline {
    /// The outline of the pieces of a text, in order, as if there were nothing between them.
    pub fn of(text: &str, pieces: &[Range<usize>]) -> Self {
        let mut scan = Scan { text, ..Scan::default() };
        for piece in pieces {
            let mut at = piece.start;
            while at < piece.end {
                let end = line_end(&text[..piece.end], at);
                scan.line(at, end);
                at = end;
            }
        }
        scan.finish(pieces.last().map_or(0, |piece| piece.end))
    }

    /// The keys from the outermost entry to this one, as indices.
    pub fn path(&self, entry: usize) -> Vec<usize> {
        let mut path: Vec<usize> = std::iter::successors(Some(entry), |at| self.entries[*at].parent).collect();
        path.reverse();
        path
    }

    /// What a cursor at an offset is in, where this is of the whole text.
    pub fn end_at(&self, text: &str, offset: usize) -> End {
        let last = self.entries.partition_point(|entry| entry.key.start <= offset).checked_sub(1);
        let begins = |at: usize| text.as_bytes().get(self.entries[at].value.start);
        let ends = |at: usize| {
            let Entry { key, value, end, .. } = &self.entries[at];
            let is_scalar = !value.is_empty() && !matches!(begins(at), Some(b'{' | b'['));
            if is_scalar { value.end } else { value.end.max(key.end).max(*end) }
        };
        // What is around the offset is the entry before it, or one that this is in.
        let around = std::iter::successors(last, |at| self.entries[*at].parent).find(|at| ends(*at) >= offset);
        let place = match around.map(|at| (at, &self.entries[at])) {
            None => Place::Key(None),
            Some((_, entry)) if offset <= entry.key.end => Place::Key(entry.parent),
            Some((at, entry)) if entry.value.is_empty() => {
                let between = text.get(entry.key.end..offset).unwrap_or_default();
                let head = between.trim_start_matches(['"', '\'', ':', ' ', '\t']);
                match head.bytes().next() {
                    Some(b'|' | b'>' | b'#') => Place::Text,
                    None => Place::Value(at),
                    Some(_) => Place::Key(Some(at)),
                }
            }
            Some((at, entry)) => match begins(at) {
                Some(b'{' | b'[') if offset >= entry.value.end => Place::Text,
                Some(b'{') => Place::Key(Some(at)),
                Some(b'[') => Place::Item(at),
                _ => Place::Value(at),
            },
        };
        End { place, word: 0 }
    }

    /// The entries whose parent is this one.
    pub fn children(&self, parent: Option<usize>) -> impl Iterator<Item = (usize, &Entry)> {
        let from = parent.map_or(0, |parent| parent + 1);
        let after = self.entries.iter().enumerate().skip(from);
        // All that is in an entry comes right after it.
        let inside = after.take_while(move |(_, entry)| entry.parent >= parent);
        inside.filter(move |(_, entry)| entry.parent == parent)
    }
}

/// An open key in block style.
struct Block {
    indent: usize,
    entry: usize,
}

/// An open bracket.
#[derive(Clone, Copy)]
struct Flow {
    is_map: bool,
    /// The entry whose value it is or is in.
    owner: Option<usize>,
    /// The key whose value is being read.
    key: Option<usize>,
}

#[derive(Default)]
struct Scan<'a> {
    text: &'a str,
    entries: Vec<Entry>,
    blocks: Vec<Block>,
    flows: Vec<Flow>,
    /// The indentation of the line on which the outermost open bracket is.
    flow_indent: usize,
    /// In a block scalar: the indentation of its key.
    scalar: Option<usize>,
    /// In a quoted text of several lines: the quote, and the indentation of its line.
    quote: Option<(u8, usize)>,
    /// The end of the last line that says anything.
    last: usize,
    end: Option<End>,
}

impl<'a> Scan<'a> {
    fn byte(&self, at: usize) -> u8 {
        self.text.as_bytes().get(at).copied().unwrap_or(0)
    }

    fn skip_blanks(&self, mut at: usize, end: usize) -> usize {
        while at < end && matches!(self.byte(at), b' ' | b'\t') {
            at += 1;
        }
        at
    }

    /// One line, with its line break.
    fn line(&mut self, start: usize, end: usize) {
        let line = without_mark(&self.text[start..end]);
        let start = end - line.len();
        let stop = start + line.trim_end_matches(['\n', '\r']).len();
        let complete = stop < end;
        let at = self.skip_blanks(start, stop);
        let indent = at - start;
        self.end = None;
        if at == stop {
            // In quotes a blank line is text; elsewhere a key may begin where it ends.
            let place = if self.quote.is_some() { Place::Text } else { self.place_at(indent) };
            self.end = (!complete).then_some(End { place, word: stop });
            return;
        }
        if self.scalar.is_some_and(|key| indent > key) {
            self.say(stop);
            return;
        }
        self.scalar = None;
        let mut at = at;
        if let Some((quote, outer)) = self.quote {
            if indent <= outer && self.key(at, stop).is_some() {
                // It was never closed.
                self.quote = None;
                self.abandon_brackets();
            } else {
                let Some(after) = self.quoted(at, stop, quote) else {
                    self.say(stop);
                    return;
                };
                self.quote = None;
                at = after;
                if self.flows.is_empty() {
                    self.say(stop);
                    return;
                }
            }
        }
        if !self.flows.is_empty() {
            let outside = indent <= self.flow_indent && !matches!(self.byte(at), b'}' | b']' | b',');
            if !outside {
                self.brackets(at, stop);
                return;
            }
            self.abandon_brackets();
        }
        if self.byte(at) == b'#' {
            self.end = Some(End { place: Place::Text, word: stop });
            return;
        }
        self.block_line(start, at, stop);
    }

    /// A line outside of brackets.
    fn block_line(&mut self, start: usize, mut at: usize, stop: usize) {
        let mut item = false;
        while self.byte(at) == b'-' && (at + 1 == stop || self.byte(at + 1) == b' ') {
            self.close_deeper(at - start + 1);
            item = true;
            at = self.skip_blanks(at + 1, stop);
        }
        let indent = at - start;
        let owner = |scan: &Self| scan.blocks.last().map(|block| block.entry);
        if at >= stop || self.byte(at) == b'#' {
            let place = owner(self).filter(|_| item).map_or(Place::Text, Place::Item);
            self.say_place(stop, place, stop);
        } else if matches!(self.byte(at), b'{' | b'[') {
            self.flow_indent = indent.saturating_sub(1);
            self.last = stop;
            self.brackets_of(owner(self), at, stop);
        } else if let Some((key, after)) = self.key(at, stop) {
            self.close_deeper(indent);
            let entry = self.open(owner(self), key);
            self.blocks.push(Block { indent, entry });
            self.value(entry, indent, after, stop);
        } else {
            // The beginning of a key, an item, or the rest of a text.
            let place = match owner(self) {
                Some(owner) if item => Place::Item(owner),
                _ => self.place_at(indent),
            };
            self.say_place(stop, place, at);
        }
    }

    fn value(&mut self, entry: usize, indent: usize, after: usize, stop: usize) {
        let at = self.skip_blanks(after, stop);
        self.last = stop;
        let byte = self.byte(at);
        // The place after the colon itself is still the key's.
        let place = if at > after || stop > after { Place::Value(entry) } else { Place::Text };
        self.say_place(stop, place, at);
        if at >= stop || byte == b'#' {
            if byte == b'#' && at < stop {
                self.say_place(stop, Place::Text, stop);
            }
            return;
        }
        match byte {
            b'|' | b'>' => self.scalar = Some(indent),
            b'{' | b'[' => {
                self.flow_indent = indent;
                self.brackets_of(Some(entry), at, stop);
            }
            b'"' | b'\'' => match self.quoted(at + 1, stop, byte) {
                Some(end) => {
                    self.entries[entry].value = at + 1..end - 1;
                    self.entries[entry].end = end;
                }
                None => {
                    self.entries[entry].value = at + 1..stop;
                    self.quote = Some((byte, indent));
                    self.say_place(stop, Place::Value(entry), at + 1);
                }
            },
            _ => {
                let text = &self.text[at..stop];
                let len = text.find(" #").unwrap_or(text.len());
                self.entries[entry].value = at..at + text[..len].trim_end().len();
                if len < text.len() {
                    self.say_place(stop, Place::Text, stop);
                }
            }
        }
    }

    fn brackets_of(&mut self, owner: Option<usize>, at: usize, stop: usize) {
        if let Some(owner) = owner {
            self.entries[owner].value = at..stop;
        }
        self.flows.clear();
        self.flows.push(Flow { is_map: self.byte(at) == b'{', owner, key: None });
        self.brackets(at + 1, stop);
    }

    /// What is in brackets, up to the end of the line or the last closing one.
    fn brackets(&mut self, mut at: usize, stop: usize) {
        self.last = stop;
        while let Some(&Flow { is_map, owner, key }) = self.flows.last() {
            let inner = key.or(owner);
            let place = match (is_map, key) {
                (true, None) => Place::Key(owner),
                (true, Some(key)) => Place::Value(key),
                (false, _) => inner.map_or(Place::Text, Place::Item),
            };
            at = self.skip_blanks(at, stop);
            self.say_place(stop, place, at);
            if at >= stop {
                return;
            }
            match self.byte(at) {
                b'#' => {
                    self.say_place(stop, Place::Text, stop);
                    return;
                }
                b'{' | b'[' => {
                    if let Some(key) = key {
                        self.entries[key].value = at..stop;
                    }
                    self.flows.push(Flow { is_map: self.byte(at) == b'{', owner: inner, key: None });
                    at += 1;
                }
                b'}' | b']' => {
                    self.close_bracket(at);
                    at += 1;
                }
                b',' => {
                    self.close_pair(at);
                    at += 1;
                }
                b':' => at += 1,
                _ => {
                    at = self.token(at, stop);
                    let is_word = self.flows.last().is_some_and(|top| top.key == key);
                    if is_word && at >= stop && !matches!(self.byte(stop - 1), b' ' | b'\t') {
                        // The line ends in it.
                        return;
                    }
                }
            }
        }
        // Past the last bracket.
        self.say_place(stop, Place::Text, stop);
    }

    /// A key or value in brackets; gives what follows it.
    fn token(&mut self, at: usize, stop: usize) -> usize {
        let byte = self.byte(at);
        let quoted = matches!(byte, b'"' | b'\'');
        let (range, after) = if quoted {
            let Some(end) = self.quoted(at + 1, stop, byte) else {
                self.quote = Some((byte, self.flow_indent));
                if let Some(End { word, .. }) = &mut self.end {
                    *word = at + 1;
                }
                self.value_of_top(at + 1..stop);
                return stop;
            };
            (at + 1..end - 1, end)
        } else {
            let end = self.plain(at, stop);
            (at..at + self.text[at..end].trim_end().len(), end)
        };
        let colon = self.skip_blanks(after, stop);
        let is_key = self.byte(colon) == b':'
            && colon < stop
            && (quoted
                || colon + 1 >= stop
                || matches!(self.byte(colon + 1), b' ' | b'\t' | b',' | b'}' | b']' | b'{' | b'['));
        let free = self.flows.last().is_some_and(|top| top.key.is_none());
        if is_key && free {
            let owner = self.flows.last().and_then(|top| top.owner);
            let entry = self.open(owner, range);
            if let Some(top) = self.flows.last_mut() {
                top.key = Some(entry);
            }
            return colon + 1;
        }
        self.value_of_top(range);
        // A bare colon is text like any other.
        after.max(at + 1)
    }

    fn value_of_top(&mut self, range: Range<usize>) {
        if let Some(key) = self.flows.last().and_then(|top| top.key) {
            let value = &mut self.entries[key].value;
            *value = if value.start == value.end { range } else { value.start..range.end };
        }
    }

    /// The end of a plain scalar in brackets.
    fn plain(&self, at: usize, stop: usize) -> usize {
        let bytes = self.text.as_bytes();
        let ends = |index: &usize| match bytes[*index] {
            b',' | b'{' | b'}' | b'[' | b']' => true,
            b':' => *index + 1 >= stop || matches!(bytes[*index + 1], b' ' | b'\t' | b',' | b'}' | b']' | b'{' | b'['),
            b'#' => *index > at && bytes[*index - 1] == b' ',
            _ => false,
        };
        (at..stop).find(ends).unwrap_or(stop)
    }

    fn close_bracket(&mut self, at: usize) {
        self.close_pair(at);
        let Some(closed) = self.flows.pop() else { return };
        if let Some(owner) = closed.owner {
            self.entries[owner].end = at + 1;
        }
        // The bracket's own value, of the key around it or of the line's.
        let key = match self.flows.last() {
            Some(outer) => outer.key,
            None => closed.owner,
        };
        if let Some(key) = key {
            let value = &mut self.entries[key].value;
            *value = value.start..(at + 1).max(value.start);
        }
    }

    fn close_pair(&mut self, at: usize) {
        if let Some(key) = self.flows.last_mut().and_then(|top| top.key.take()) {
            self.entries[key].end = at;
        }
    }

    /// Brackets that were open when a line begins that cannot be in them.
    fn abandon_brackets(&mut self) {
        let last = self.last;
        while let Some(open) = self.flows.pop() {
            for entry in open.key.into_iter().chain(open.owner) {
                let entry = &mut self.entries[entry];
                entry.value.end = entry.value.end.max(entry.value.start).min(last.max(entry.value.start));
                entry.end = last.max(entry.end);
            }
        }
    }

    /// A key at `at` with a colon after it, and what follows the colon.
    fn key(&self, at: usize, stop: usize) -> Option<(Range<usize>, usize)> {
        let byte = self.byte(at);
        if matches!(byte, b'"' | b'\'') {
            let end = self.quoted(at + 1, stop, byte)?;
            let colon = self.skip_blanks(end, stop);
            return (colon < stop && self.byte(colon) == b':').then_some((at + 1..end - 1, colon + 1));
        }
        let bytes = self.text.as_bytes();
        for index in at..stop {
            match bytes[index] {
                b':' if index + 1 >= stop || matches!(bytes[index + 1], b' ' | b'\t') => {
                    let key = self.text[at..index].trim_end();
                    return (!key.is_empty()).then_some((at..at + key.len(), index + 1));
                }
                b'#' if index > at && bytes[index - 1] == b' ' => return None,
                _ => {}
            }
        }
        None
    }

    /// What follows the closing quote of a text that begins at `at`; `None` where the line ends first.
    fn quoted(&self, mut at: usize, stop: usize, quote: u8) -> Option<usize> {
        while at < stop {
            at += match self.byte(at) {
                b'\\' if quote == b'"' => 2,
                byte if byte == quote && quote == b'\'' && self.byte(at + 1) == quote && at + 1 < stop => 2,
                byte if byte == quote => return Some(at + 1),
                _ => 1,
            };
        }
        None
    }

    fn open(&mut self, parent: Option<usize>, key: Range<usize>) -> usize {
        let end = key.end;
        self.entries.push(Entry { parent, key, value: end..end, end });
        self.entries.len() - 1
    }

    /// Closes the keys that are indented as much as this or more.
    fn close_deeper(&mut self, indent: usize) {
        while self.blocks.last().is_some_and(|block| block.indent >= indent) {
            let Some(block) = self.blocks.pop() else { return };
            let entry = &mut self.entries[block.entry];
            entry.end = entry.end.max(self.last);
        }
    }

    /// What a key would be one of, that begins in this column.
    fn place_at(&self, indent: usize) -> Place {
        if self.scalar.is_some_and(|key| indent > key) {
            return Place::Text;
        }
        if let Some(top) = self.flows.last() {
            return match (top.is_map, top.key) {
                (true, None) => Place::Key(top.owner),
                (true, Some(key)) => Place::Value(key),
                (false, _) => top.owner.map_or(Place::Text, Place::Item),
            };
        }
        let open = |block: &&Block| block.indent < indent && self.entries[block.entry].value.is_empty();
        Place::Key(self.blocks.iter().rev().find(open).map(|block| block.entry))
    }

    fn say(&mut self, stop: usize) {
        self.last = stop;
        self.say_place(stop, Place::Text, stop);
    }

    fn say_place(&mut self, stop: usize, place: Place, word: usize) {
        self.last = self.last.max(stop);
        self.end = Some(End { place, word: word.min(stop) });
    }

    fn finish(mut self, end: usize) -> Outline {
        let complete = end == 0 || matches!(self.byte(end - 1), b'\n' | b'\r');
        let place = self.place_at(0);
        let told = if complete { None } else { self.end };
        self.abandon_brackets();
        self.close_deeper(0);
        Outline { entries: self.entries, end: told.unwrap_or(End { place, word: end }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<String> {
        let whole = 0..text.len();
        let outline = Outline::of(text, std::slice::from_ref(&whole));
        let show = |index: usize| {
            let path: Vec<&str> =
                outline.path(index).iter().map(|at| &text[outline.entries[*at].key.clone()]).collect();
            format!("{}={}", path.join("/"), &text[outline.entries[index].value.clone()])
        };
        (0..outline.entries.len()).map(show).collect()
    }

    /// Without this, an editor would not know what somebody is typing.
    #[test]
    fn keys_and_values() {
        for (text, expected) in [
            ("a: 1\nb:\n  c: x y # no\n", &["a=1", "b=", "b/c=x y"][..]),
            (
                "a: { b: [u8; 4], c: Vec<u8, 4> }\nd: 2",
                &["a={ b: [u8; 4], c: Vec<u8, 4> }", "a/b=[u8; 4]", "a/c=Vec<u8", "d=2"],
            ),
            ("a:\n  - b: 1\n    c: 2\n  - b: 3\n", &["a=", "a/b=1", "a/c=2", "a/b=3"]),
            ("a:\n- b: 1\nc: 2\n", &["a=", "a/b=1", "c=2"]),
            ("a: |\n  b: text\n\n  c: text\nd: 1\n", &["a=", "d=1"]),
            ("a: \"x: y\n  z: w\"\nb: 1\n", &["a=x: y", "b=1"]),
            ("'a b': 'it''s'\n", &["a b=it''s"]),
            (
                "a: { b: [{ c: 1 }, { d: [e, f] }] }\n",
                &["a={ b: [{ c: 1 }, { d: [e, f] }] }", "a/b=[{ c: 1 }, { d: [e, f] }]", "a/b/c=1", "a/b/d=[e, f]"],
            ),
            // Not closed: what comes after is there all the same.
            ("a: { b: 1,\nc: 2\n", &["a={ b: 1,", "a/b=1", "c=2"]),
            ("m:\n  a: { b: \"x\n  c: 2\n", &["m=", "m/a={ b: \"x", "m/a/b=x", "m/c=2"]),
            (
                "a: {\n  b: 1,\n  c: {\n    d: 2 } }\ne: 3\n",
                &["a={\n  b: 1,\n  c: {\n    d: 2 } }", "a/b=1", "a/c={\n    d: 2 }", "a/c/d=2", "e=3"],
            ),
            ("}]: {\n", &["}]={"]),
            ("\u{feff}a:\r\n  b: 1\r\nc: 2\r\n", &["a=", "a/b=1", "c=2"]),
            (
                "a: |\r  b: text\rd:\r  e: { f: 1,\r    g: 2 }\r",
                &["a=", "d=", "d/e={ f: 1,\r    g: 2 }", "d/e/f=1", "d/e/g=2"],
            ),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }

    /// Without this, completion would offer what cannot stand there.
    #[test]
    fn what_a_cursor_is_in() {
        for (text, place, word) in [
            ("", Place::Key(None), ""),
            ("me", Place::Key(None), "me"),
            ("\u{feff}", Place::Key(None), ""),
            ("\u{feff}me", Place::Key(None), "me"),
            ("\u{feff}a:\r  b", Place::Key(Some(0)), "b"),
            ("a:\r  b: 1\r", Place::Key(None), ""),
            ("a:\n  ", Place::Key(Some(0)), ""),
            ("a:\n  b: 1\n  c", Place::Key(Some(0)), "c"),
            ("a:\n  b: 1\n", Place::Key(None), ""),
            ("a:\n  b: ", Place::Value(1), ""),
            ("a:\n  b: u6", Place::Value(1), "u6"),
            ("a: { ", Place::Key(Some(0)), ""),
            ("a: { b: x, c", Place::Key(Some(0)), "c"),
            ("a: { b: x", Place::Value(1), "x"),
            ("a: { b: \"x", Place::Value(1), "x"),
            ("a: { b: [{ m", Place::Key(Some(1)), "m"),
            ("a: [x, y", Place::Item(0), "y"),
            ("a:\n  - m", Place::Item(0), "m"),
            ("a:\n  - ", Place::Item(0), ""),
            ("a: # x", Place::Text, ""),
            ("a: |\n  tex", Place::Text, ""),
            ("a: { b: 1 } ", Place::Text, ""),
        ] {
            let whole = 0..text.len();
            let end = Outline::of(text, std::slice::from_ref(&whole)).end;
            assert_eq!((end.place, &text[end.word..]), (place, word), "{text:?}");
        }
    }

    /// Without this, a contract that is too long to be read for every answer would be answered about otherwise.
    #[test]
    fn what_a_cursor_is_in_by_the_whole_text() {
        for (text, place) in [
            ("|a: 1\n", Place::Key(None)),
            ("a|b: 1\n", Place::Key(None)),
            ("ab: 1|\n", Place::Value(0)),
            ("a: { b|: { c: 1 } }\n", Place::Key(Some(0))),
            ("a: { b: { c|: 1 } }\n", Place::Key(Some(1))),
            ("a: { b: { c: 1|2 } }\n", Place::Value(2)),
            ("a: { b: { c: 1 | } }\n", Place::Key(Some(1))),
            ("a: { b: { c: 1 }, | }\n", Place::Key(Some(0))),
            ("a: { b: [x, y|] }\n", Place::Item(1)),
            ("a: { b: [{ c|: 1 }] }\n", Place::Key(Some(1))),
            ("a: { b: 1 }|\n", Place::Text),
            ("a:\n  b:\n    c: 1|\n  d: 2\n", Place::Value(2)),
            ("a:\n  b:\n    c: |\n  d: 2\n", Place::Value(2)),
            ("a:\n  |\n  b: 2\n", Place::Key(Some(0))),
            ("a:\n  b:\n    c: 1\n  d|: 2\n", Place::Key(Some(0))),
        ] {
            let at = text.find('|').unwrap_or_default();
            let text = text.replace('|', "");
            let whole = 0..text.len();
            let outline = Outline::of(&text, std::slice::from_ref(&whole));
            assert_eq!(outline.end_at(&text, at).place, place, "{text} at {at}");
        }
    }
}
