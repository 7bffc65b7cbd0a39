//! What is under a cursor: a key, or a word of a value.

use std::ops::Range;

use myc_schema::raw::keys::Takes;

use super::document::Document;
use super::meaning::{Meaning, Role, meaning};
use super::outline::Outline;

/// What a place in a contract speaks of.
#[derive(Debug)]
pub struct Target<'a> {
    pub meaning: Meaning<'a>,
    /// The key, or the word of the value, under the cursor.
    pub word: &'a str,
    pub range: Range<usize>,
    /// Whether it is in the value.
    pub in_value: bool,
}

/// What is at an offset of a document with the outline around it.
pub fn target<'a>(document: &'a Document, outline: &Outline, offset: usize) -> Option<Target<'a>> {
    let text = &*document.text;
    let touches = |range: &Range<usize>| range.start <= offset && offset <= range.end && !range.is_empty();
    let innermost = outline.entries.iter().enumerate().rev();
    let (index, entry) = innermost
        .clone()
        .find(|(_, entry)| touches(&entry.key))
        .or_else(|| innermost.clone().find(|(_, entry)| touches(&entry.value)))?;
    let in_value = !touches(&entry.key);
    let range = if in_value { word(text, offset) } else { entry.key.clone() };
    let meaning = meaning(text, outline, Some(index));
    (!range.is_empty()).then(|| Target { meaning, word: &text[range.clone()], range, in_value })
}

/// The letters, digits, `_` and `-` around an offset.
pub fn word(text: &str, offset: usize) -> Range<usize> {
    let part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
    let start =
        text[..offset].rfind(|c| !part(c)).map_or(0, |at| at + text[at..].chars().next().map_or(1, char::len_utf8));
    let end = text[offset..].find(|c| !part(c)).map_or(text.len(), |at| offset + at);
    start..end
}

impl Target<'_> {
    /// The section in which the word may be declared, where it is a reference to something.
    pub fn refers_to(&self) -> &'static [&'static str] {
        if !self.in_value {
            return &[];
        }
        match (self.meaning.takes, self.meaning.role) {
            (Some(Takes::Type), _) => &["structs", "enums"],
            (Some(Takes::Domain), _) => &["domains"],
            (Some(Takes::Messages), _) => &["messages"],
            _ => &[],
        }
    }

    /// Whether the word may be a value of the field's enum.
    pub fn is_enum_value(&self) -> bool {
        self.in_value && matches!(self.meaning.role, Role::Rule(Some(rule)) if rule.name == "one_of")
    }
}
