//! Where the keys and values of a configuration are written: the reader of settings knows the places of some only, and
//! takes a key that is there twice for two of them. What they mean is [`super::config`]'s.

use std::collections::BTreeMap;

use saphyr_parser::{Event, Parser, Span, StrInput};

/// Line and column, from 1 on.
pub type Place = (usize, usize);

/// The places of a file, by paths such as `workers[0].env.HOME`.
#[derive(Debug, Default)]
pub struct Places {
    written: BTreeMap<String, Written>,
    twice: Option<Twice>,
    is_cut: bool,
}

/// A key with its value, or an element of a list.
#[derive(Clone, Copy, Debug)]
struct Written {
    key: Place,
    value: Place,
}

/// The first key that is there a second time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Twice {
    /// Its path.
    pub path: String,
    /// Where it was before.
    pub first: Place,
    /// Where it is again.
    pub second: Place,
}

/// What is open around an event.
enum Inside {
    List { path: String, next: usize },
    Mapping { path: String, key: Option<(String, Place)> },
}

impl Places {
    /// Finds them, as far as the text is YAML.
    pub fn of(text: &str) -> Self {
        let mut places = Self::default();
        let mut open: Vec<Inside> = Vec::new();
        for event in Parser::new(StrInput::new(text)) {
            let Ok((event, span)) = event else {
                places.is_cut = true;
                break;
            };
            match event {
                // Another one is the reader's to refuse.
                Event::DocumentEnd => break,
                Event::SequenceEnd | Event::MappingEnd => drop(open.pop()),
                Event::Scalar(key, ..) if places.begins_key(open.last_mut(), &key, span) => {}
                Event::Scalar(..) | Event::Alias(_) => drop(places.value(open.last_mut(), span)),
                Event::SequenceStart(..) => {
                    let path = places.value(open.last_mut(), span);
                    open.push(Inside::List { path, next: 0 });
                }
                Event::MappingStart(..) => {
                    let path = places.value(open.last_mut(), span);
                    open.push(Inside::Mapping { path, key: None });
                }
                _ => {}
            }
        }
        places
    }

    /// Whether the scalar is a key, and not a value.
    fn begins_key(&mut self, inside: Option<&mut Inside>, text: &str, span: Span) -> bool {
        let Some(Inside::Mapping { path, key: key @ None }) = inside else { return false };
        let path = if path.is_empty() { text.to_owned() } else { format!("{path}.{text}") };
        let at = place(span);
        if let Some(before) = self.written.get(&path) {
            let twice = || Twice { path: path.clone(), first: before.key, second: at };
            self.twice.get_or_insert_with(twice);
        }
        *key = Some((path, at));
        true
    }

    /// Takes a value, of which this is the beginning; gives its path.
    fn value(&mut self, inside: Option<&mut Inside>, span: Span) -> String {
        let value = place(span);
        let (path, key) = match inside {
            None => (String::new(), value),
            Some(Inside::List { path, next }) => {
                *next += 1;
                (format!("{path}[{}]", *next - 1), value)
            }
            Some(Inside::Mapping { path, key }) => match key.take() {
                Some(key) => key,
                // A key that is a list or a mapping: no setting has one.
                None => (format!("{path}.?"), value),
            },
        };
        self.written.entry(path.clone()).or_insert(Written { key, value });
        path
    }

    /// The key of this path.
    pub fn key(&self, path: &str) -> Option<Place> {
        self.written.get(path).map(|written| written.key)
    }

    /// The value of this path, or what it is in.
    pub fn value_at(&self, path: &str) -> Option<Place> {
        let mut path = path.trim_start_matches('.');
        loop {
            match self.written.get(path) {
                Some(written) => return Some(written.value),
                None => path = &path[..path.rfind(['.', '['])?],
            }
        }
    }

    /// Whether the text is YAML to its end.
    pub fn are_all(&self) -> bool {
        !self.is_cut
    }

    /// A key that is there twice.
    pub fn twice(&self) -> Option<&Twice> {
        self.twice.as_ref()
    }
}

fn place(span: Span) -> Place {
    (span.start.line(), span.start.col() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str =
        "name: x\nendpoint: { policy: block }\nworkers:\n- id: a\n  args: [x, y]\n- { id: b, env: {A: 1} }\n";

    #[test]
    fn every_key_and_value_has_its_place() {
        let places = Places::of(TEXT);
        for (path, key, value) in [
            ("name", (1, 1), (1, 7)),
            ("endpoint", (2, 1), (2, 11)),
            ("endpoint.policy", (2, 13), (2, 21)),
            ("workers[0].args[1]", (5, 13), (5, 13)),
            ("workers[1]", (6, 3), (6, 3)),
            ("workers[1].env.A", (6, 18), (6, 21)),
        ] {
            assert_eq!((places.key(path), places.value_at(path)), (Some(key), Some(value)), "{path}");
        }
        assert_eq!(places.key("nothing"), None);
        assert_eq!(places.value_at("workers[1].id.more"), places.value_at("workers[1].id"));
        assert_eq!(places.twice(), None);
    }

    #[test]
    fn a_key_that_is_there_twice_is_found_in_its_own_mapping() {
        let twice = |text: &str| Places::of(text).twice().cloned();
        let found = |path: &str, first, second| Some(Twice { path: path.into(), first, second });
        assert_eq!(twice("a: 1\nb: 2\na: 3\nb: 4\n"), found("a", (1, 1), (3, 1)));
        assert_eq!(twice("a: { x: 1, y: 2, x: 3 }\nx: 1\n"), found("a.x", (1, 6), (1, 18)));
        assert_eq!(twice("a:\n- x: 1\n- x: 1\n  x: 2\n"), found("a[1].x", (3, 3), (4, 3)));
        // As far as it is YAML.
        assert_eq!(twice("a: 1\na: 'x\n"), found("a", (1, 1), (2, 1)));
        assert!(!Places::of("a: 1\na: 'x\n").are_all() && Places::of(TEXT).are_all());
        assert_eq!(twice("a: 1\n---\na: 2\n"), None);
        assert_eq!(twice("? [a]\n: 1\n? [a]\n: 2\nx: &x {a: 1}\ny: *x\n"), None);
    }
}
