//! The text of a configuration as a tree: what is written, and where. What is wrong whatever it means is said here: text
//! that is no YAML, a second document, keys that are there twice. What keys mean is [`super::super::settings`]'s, what
//! values mean [`super::super::values`]'s.

use std::collections::BTreeMap;

use myc_schema::source::{SourceId, SourceMap};
use myc_schema::{conflict, raw};
use saphyr_parser::{Event, Parser, ScalarStyle, Span, StrInput, Tag};

use super::findings::{Findings, Place, inside};

/// How deep lists and mappings may lie in one another; settings need four levels.
const MOST_LEVELS: usize = 32;

/// How many values there may be, those included that aliases repeat.
const MOST_VALUES: usize = 1 << 18;

/// A value.
#[derive(Clone, Debug)]
pub struct Node {
    /// Where it begins.
    pub place: Place,
    kind: Kind,
}

#[derive(Clone, Debug)]
enum Kind {
    /// A text as it is written: `0x10` and `1.50` stay what they are.
    Text {
        text: String,
        /// Without quotes.
        plain: bool,
    },
    List(Vec<Node>),
    Mapping(Vec<(Key, Node)>),
    /// What was said already.
    Said,
}

/// A key of a mapping.
#[derive(Clone, Debug)]
pub struct Key {
    /// As it is written.
    pub text: String,
    /// Where it begins.
    pub place: Place,
}

impl Node {
    /// The text, where it is one value; otherwise that is said.
    pub fn text(&self, path: &str, findings: &mut Findings) -> Option<&str> {
        match &self.kind {
            Kind::Text { text, .. } => Some(text),
            _ => self.is_no("one value", path, findings),
        }
    }

    /// The elements, where it is a list or nothing.
    pub fn elements(&self, path: &str, findings: &mut Findings) -> Option<&[Node]> {
        match &self.kind {
            Kind::List(nodes) => Some(nodes),
            _ if self.is_nothing() => Some(&[]),
            _ => self.is_no("a list, such as `[a, b]`", path, findings),
        }
    }

    /// The keys and values, where it has some or is nothing.
    pub fn entries(&self, expected: &str, path: &str, findings: &mut Findings) -> Option<&[(Key, Node)]> {
        match &self.kind {
            Kind::Mapping(entries) => Some(entries),
            _ if self.is_nothing() => Some(&[]),
            _ => self.is_no(expected, path, findings),
        }
    }

    /// Whether it has keys and values, or is nothing.
    pub fn is_section(&self) -> bool {
        matches!(self.kind, Kind::Mapping(_)) || self.is_nothing()
    }

    /// Whether it is `null`, or not written at all.
    pub fn is_nothing(&self) -> bool {
        matches!(&self.kind, Kind::Text { text, plain: true } if matches!(&**text, "" | "~" | "null" | "Null" | "NULL"))
    }

    fn is_no<T>(&self, expected: &str, path: &str, findings: &mut Findings) -> Option<T> {
        let found = match &self.kind {
            Kind::Said => return None,
            Kind::List(_) => "a list".to_owned(),
            Kind::Mapping(_) => "keys and values".to_owned(),
            Kind::Text { text, plain: true } if text.is_empty() => "nothing".to_owned(),
            Kind::Text { text, .. } => format!("`{text}`"),
        };
        findings.at(self.place, path, format!("expected {expected}, found {found}"));
        None
    }

    /// Calls `each` with the path and place of every value that is inside of this one.
    pub fn walk(&self, path: &str, each: &mut impl FnMut(&str, Place)) {
        each(path, self.place);
        match &self.kind {
            Kind::List(nodes) => {
                for (index, node) in nodes.iter().enumerate() {
                    node.walk(&format!("{path}[{index}]"), each);
                }
            }
            Kind::Mapping(entries) => entries.iter().for_each(|(key, node)| node.walk(&inside(path, &key.text), each)),
            Kind::Text { .. } | Kind::Said => {}
        }
    }
}

/// Reads a text. `None`: there is nothing in it, or it is no YAML, which is said then.
pub fn read(text: &[u8], findings: &mut Findings) -> Option<Node> {
    let mut sources = SourceMap::new();
    let unfit = match sources.load_bytes("the configuration", text.to_vec()) {
        Ok(source) => {
            let text = sources.get(source)?.text();
            if let Some(marker) = conflict::first(text) {
                findings.at(place_of(&sources, source, marker.start as u32), "", "a merge was not resolved");
                findings.help("keep of both sides what is meant, and remove the lines with markers");
                return None;
            }
            match raw::not_yaml(source, text) {
                None => {
                    let parser = Parser::new_from_str(text);
                    return Builder { parser, findings, anchors: BTreeMap::new(), values: 0 }.stream();
                }
                Some(unfit) => unfit,
            }
        }
        Err(unfit) => *unfit,
    };
    let place = unfit.span.map_or((1, 1), |span| place_of(&sources, span.source, span.start));
    findings.at(place, "", unfit.message);
    unfit.help.into_iter().for_each(|help| findings.help(help));
    None
}

fn place_of(sources: &SourceMap, source: SourceId, byte: u32) -> Place {
    let place = sources.get(source).map(|source| source.line_column(byte));
    place.map_or((1, 1), |place| (place.line as usize, place.column as usize))
}

struct Builder<'a, 'f> {
    parser: Parser<'a, StrInput<'a>>,
    findings: &'f mut Findings,
    /// What aliases repeat, by the parser's number, and how many values that is.
    anchors: BTreeMap<usize, (Node, usize)>,
    values: usize,
}

type Next<'a> = (Event<'a>, Place);

impl<'a> Builder<'a, '_> {
    fn stream(mut self) -> Option<Node> {
        let mut root = None;
        loop {
            match self.next()? {
                (Event::DocumentStart(_), place) if root.is_some() => {
                    self.findings.at(place, "", "a second YAML document begins, and a configuration is one");
                    self.findings.help("remove the `---`, or keep each document in a file of its own");
                    return root;
                }
                (Event::DocumentStart(_), _) => {
                    let next = self.next()?;
                    root = Some(self.node(next, "", 0)?);
                }
                (Event::StreamEnd, _) => return root,
                _ => {}
            }
        }
    }

    /// The next event; `None` where the rest is not YAML, which was looked at before.
    fn next(&mut self) -> Option<Next<'a>> {
        let (event, span) = self.parser.next_event()?.ok()?;
        Some((event, place(span)))
    }

    /// The value that begins so. `None`: there is too much of it, which is said.
    fn node(&mut self, (event, place): Next<'a>, path: &str, level: usize) -> Option<Node> {
        let before = self.values;
        self.values += 1;
        if level > MOST_LEVELS || self.values > MOST_VALUES {
            let what = if level > MOST_LEVELS { "too deep in one another" } else { "too many, repeated by aliases" };
            self.findings.at(place, path, format!("lists, keys and values that are {what}"));
            return None;
        }
        let (kind, anchor) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let text = Kind::Text { text: text.into_owned(), plain: style == ScalarStyle::Plain };
                (self.tagged(tag.as_deref(), place, path).unwrap_or(text), anchor)
            }
            Event::SequenceStart(anchor, tag) => {
                let list = self.list(path, level)?;
                (self.tagged(tag.as_deref(), place, path).unwrap_or(list), anchor)
            }
            Event::MappingStart(anchor, tag) => {
                let mapping = self.mapping(path, level)?;
                (self.tagged(tag.as_deref(), place, path).unwrap_or(mapping), anchor)
            }
            Event::Alias(anchor) => match self.anchors.get(&anchor) {
                Some((node, count)) => {
                    self.values += count;
                    return Some(node.clone());
                }
                None => {
                    self.findings.at(place, path, "an alias inside of what it repeats");
                    (Kind::Said, 0)
                }
            },
            _ => (Kind::Said, 0),
        };
        let node = Node { place, kind };
        if anchor > 0 {
            self.anchors.insert(anchor, (node.clone(), self.values - before));
        }
        Some(node)
    }

    fn list(&mut self, path: &str, level: usize) -> Option<Kind> {
        let mut nodes = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Some(Kind::List(nodes)),
                next => nodes.push(self.node(next, &format!("{path}[{}]", nodes.len()), level + 1)?),
            }
        }
    }

    fn mapping(&mut self, path: &str, level: usize) -> Option<Kind> {
        let mut entries = Vec::new();
        let mut first: BTreeMap<String, Place> = BTreeMap::new();
        loop {
            let next = match self.next()? {
                (Event::MappingEnd, _) => return Some(Kind::Mapping(entries)),
                next => next,
            };
            let at = next.1;
            let key = match self.node(next, path, level + 1)?.kind {
                Kind::Text { text, .. } => Some(Key { text, place: at }),
                Kind::Said => None,
                Kind::List(_) | Kind::Mapping(_) => {
                    self.findings.at(at, path, "a key is one text, and not a list or keys and values");
                    None
                }
            };
            let path = key.as_ref().map_or_else(|| path.to_owned(), |key| inside(path, &key.text));
            let next = self.next()?;
            let mut value = self.node(next, &path, level + 1)?;
            if matches!(&value.kind, Kind::Text { text, plain: true } if text.is_empty()) {
                // Nothing is nowhere.
                value.place = at;
            }
            let Some(key) = key else { continue };
            match first.get(&key.text) {
                Some((line, column)) => {
                    let words = format!("the key is there twice, first at {line}:{column}");
                    self.findings.at(at, &path, words);
                }
                None => {
                    first.insert(key.text.clone(), at);
                    entries.push((key, value));
                }
            }
        }
    }

    /// What a tag makes of a value: nothing that settings could use, unless it says what the value is anyway.
    fn tagged(&mut self, tag: Option<&Tag>, place: Place, path: &str) -> Option<Kind> {
        let tag = tag.filter(|tag| !tag.is_yaml_core_schema())?;
        self.findings.at(place, path, format!("a tag, `{tag}`, which no setting has: leave it out"));
        Some(Kind::Said)
    }
}

fn place(span: Span) -> Place {
    (span.start.line(), span.start.col() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Vec<String> {
        let mut findings = Findings::default();
        read(text.as_bytes(), &mut findings);
        findings.lines()
    }

    #[test]
    fn every_value_has_its_place() {
        let text = "name: x\nendpoint: { policy: block }\nworkers:\n- id: a\n  args: [x, é, y]\n- { id: b, env: {A: 1} }\nlog:\n";
        let mut places = BTreeMap::new();
        let root = read(text.as_bytes(), &mut Findings::default()).expect("YAML");
        root.walk("", &mut |path, place| {
            places.insert(path.to_owned(), place);
        });
        for (path, place) in [
            ("name", (1, 7)),
            ("endpoint", (2, 11)),
            ("endpoint.policy", (2, 21)),
            ("workers[0].args[2]", (5, 16)),
            ("workers[1]", (6, 3)),
            ("workers[1].env.A", (6, 21)),
            ("log", (7, 1)),
        ] {
            assert_eq!(places.get(path), Some(&place), "{path}");
        }
    }

    #[test]
    fn a_key_that_is_there_twice_is_found_in_its_own_mapping() {
        for (text, words) in [
            ("a: 1\nb: 2\na: 3\nb: 4\n", &["3:1: a: the key is there twice, first at 1:1", "4:1: b: the key"][..]),
            ("a: { x: 1, y: 2, x: 3 }\nx: 1\n", &["1:18: a.x: the key is there twice, first at 1:6"]),
            ("a:\n- x: 1\n- x: 1\n  x: 2\n", &["4:3: a[1].x: the key is there twice, first at 3:3"]),
            ("a: 1\n---\na: 2\n", &["2:1: a second YAML document begins"]),
            ("? [a]\n: 1\n? [a]\n: 2\nx: &x {a: 1}\ny: *x\n", &["1:3: a key is one text", "3:3: a key is one text"]),
        ] {
            let found = said(text);
            assert_eq!(found.len(), words.len(), "{text}\n{found:?}");
            assert!(found.iter().zip(words).all(|(found, words)| found.contains(words)), "{text}\n{found:?}");
        }
    }

    // What aliases repeat is what is written; what they would repeat without end is not.
    #[test]
    fn aliases_repeat() {
        let root = read(b"a: &a { x: [1, 2] }\nb: *a\n", &mut Findings::default()).expect("YAML");
        let mut paths = Vec::new();
        root.walk("", &mut |path, _| paths.push(path.to_owned()));
        assert_eq!(paths, ["", "a", "a.x", "a.x[0]", "a.x[1]", "b", "b.x", "b.x[0]", "b.x[1]"]);
        assert!(said("a: &a [*a]\n")[0].contains("1:8: a[0]: an alias inside of what it repeats"));
        let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..12 {
            let again = vec![format!("*a{}", level - 1); 10].join(", ");
            bomb.push_str(&format!("a{level}: &a{level} [{again}]\n"));
        }
        assert!(said(&bomb)[0].contains("too many, repeated by aliases"), "{:?}", said(&bomb));
        let deep = format!("a: {}{}\n", "[".repeat(60), "]".repeat(60));
        assert!(said(&deep)[0].contains("too deep in one another"), "{:?}", said(&deep));
    }
}
