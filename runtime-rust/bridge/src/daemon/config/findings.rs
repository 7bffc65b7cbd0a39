//! What is wrong with a configuration: all of it, each with its place in the file where it has one, in that order.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::super::exit::{Exit, Failure};

/// Line and column, from 1 on.
pub type Place = (usize, usize);

/// Everything that was found so far.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    file: Option<String>,
    found: Vec<Finding>,
    /// The keys that something was said about.
    about: BTreeSet<String>,
    /// Where the values of keys are written; `None`: not in the file, whatever is there.
    places: BTreeMap<String, Option<Place>>,
}

#[derive(Clone, Debug)]
struct Finding {
    place: Option<Place>,
    key: String,
    words: String,
    help: Option<String>,
}

/// The path of a key in a section.
pub fn inside(section: &str, key: &str) -> String {
    if section.is_empty() { key.to_owned() } else { format!("{section}.{key}") }
}

impl Findings {
    /// What is found in a file.
    pub fn of(file: &Path) -> Self {
        Self { file: Some(file.display().to_string()), ..Self::default() }
    }

    /// The value of a key is there.
    pub fn is_at(&mut self, key: &str, place: Place) {
        self.places.insert(key.to_owned(), Some(place));
    }

    /// The value of a key is not the one in the file.
    pub fn is_elsewhere(&mut self, key: &str) {
        self.places.insert(key.to_owned(), None);
    }

    /// Something is wrong at a place of the file.
    pub fn at(&mut self, place: Place, key: &str, words: impl Into<String>) {
        self.push(Some(place), key, words.into());
    }

    /// Something is wrong with a key that may be in the file. What is missing of a worker is where the worker is.
    pub fn add(&mut self, key: &str, words: impl Into<String>) {
        let worker = || key.rsplit_once('.').filter(|(worker, _)| worker.ends_with(']'));
        let place = self.places.get(key).or_else(|| self.places.get(worker()?.0)).copied().flatten();
        self.push(place, key, words.into());
    }

    /// There is no such key in a section.
    pub fn unknown_key(&mut self, place: Place, section: &str, key: &str, known: &[&str]) {
        let help = match myc_schema::suggest::nearest(key, known.iter().copied()) {
            Some(near) => {
                // That one is not missing as well.
                self.about.insert(inside(section, near));
                format!("did you mean `{near}`?")
            }
            None => format!("there are {}", known.join(", ")),
        };
        let words = format!("unknown key `{key}`; {help}");
        self.found.push(Finding { place: Some(place), key: section.to_owned(), words, help: None });
    }

    fn push(&mut self, place: Option<Place>, key: &str, words: String) {
        self.about.insert(key.to_owned());
        self.found.push(Finding { place, key: key.to_owned(), words, help: None });
    }

    /// What to do about what was found last.
    pub fn help(&mut self, help: impl Into<String>) {
        if let Some(last) = self.found.last_mut() {
            last.help = Some(help.into());
        }
    }

    /// Whether something was said about a key, or about what it is in.
    pub fn has(&self, key: &str) -> bool {
        let ends = key.match_indices(['.', '[']).map(|(end, _)| end).chain([key.len()]);
        ends.into_iter().any(|end| self.about.contains(&key[..end]))
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// What is said of each, with what to do, in the order of the file; what has no place there comes last.
    pub fn lines(mut self) -> Vec<String> {
        self.sort();
        let Self { file, found, .. } = self;
        found
            .into_iter()
            .map(|finding| {
                let help = finding.help.as_ref().map(|help| format!("; {help}")).unwrap_or_default();
                format!("{}{help}", finding.line(file.as_deref()))
            })
            .collect()
    }

    fn sort(&mut self) {
        self.found.sort_by_key(|finding| finding.place.unwrap_or((usize::MAX, 0)));
    }

    /// What a command ends with; nothing where nothing is wrong.
    pub fn into_result(self) -> Result<(), Failure> {
        match &self.found[..] {
            [] => Ok(()),
            [finding] => {
                let failure = Failure::usage(finding.line(self.file.as_deref()));
                Err(finding.help.iter().fold(failure, Failure::help))
            }
            _ => Err(Failure { lines: self.lines(), ..Failure::silent(Exit::Usage) }),
        }
    }
}

impl Finding {
    fn line(&self, file: Option<&str>) -> String {
        let Self { key, words, .. } = self;
        let place = match (file, self.place) {
            (Some(file), Some((line, column))) => format!("{file}:{line}:{column}: "),
            (None, Some((line, column))) => format!("{line}:{column}: "),
            (_, None) => String::new(),
        };
        let key = if key.is_empty() { String::new() } else { format!("{key}: ") };
        format!("{place}{key}{words}")
    }
}
