//! The parser's places, which are counted in characters, as byte offsets.

/// The characters of a text.
pub(super) struct Positions<'a> {
    text: &'a str,
    /// Byte offset of every [`STEP`]th character; empty for ASCII, where both are the same.
    steps: Vec<u32>,
}

const STEP: usize = 64;

impl<'a> Positions<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let steps = if text.is_ascii() {
            Vec::new()
        } else {
            text.char_indices().step_by(STEP).map(|(at, _)| at as u32).collect()
        };
        Self { text, steps }
    }

    pub(super) fn byte(&self, index: usize) -> usize {
        if self.steps.is_empty() {
            return index.min(self.text.len());
        }
        let Some(&step) = self.steps.get(index / STEP) else { return self.text.len() };
        let rest = &self.text[step as usize..];
        rest.char_indices().nth(index % STEP).map_or(self.text.len(), |(at, _)| step as usize + at)
    }
}
