//! How many UTF-16 code units are between two places of a text: what the protocol counts columns in.

use std::ops::Range;
use std::sync::OnceLock;

/// Counts are kept for every so many bytes.
const BLOCK: usize = 1024;

/// The counts of a text. A contract may be one line of megabytes, from whose beginning nobody wants to count each time.
#[derive(Debug, Default)]
pub struct Units {
    /// The units before each block; made when they are first needed.
    before: OnceLock<Vec<u32>>,
}

impl Units {
    /// The units between two boundaries of characters.
    pub fn between(&self, text: &str, from: usize, to: usize) -> u32 {
        if to - from <= BLOCK {
            return count(&text.as_bytes()[from..to]);
        }
        self.until(text, to) - self.until(text, from)
    }

    /// A boundary of characters in a range that is at most so many units from its beginning, most likely few less, and
    /// the units up to it.
    pub fn near(&self, text: &str, range: Range<usize>, units: u32) -> (usize, u32) {
        let most = range.start + 3 * units as usize;
        if range.len() <= BLOCK || most <= range.start + BLOCK {
            return (range.start, 0);
        }
        let before = self.blocks(text);
        let wanted = self.until(text, range.start).saturating_add(units);
        let block = before.partition_point(|sum| *sum <= wanted).saturating_sub(1).min(range.end / BLOCK);
        let mut at = block * BLOCK;
        while at < range.end && !text.is_char_boundary(at) {
            at += 1;
        }
        if at <= range.start || at > range.end {
            return (range.start, 0);
        }
        (at, self.until(text, at) - self.until(text, range.start))
    }

    fn blocks(&self, text: &str) -> &[u32] {
        self.before.get_or_init(|| {
            let mut sum = 0;
            let counted = text.as_bytes().chunks(BLOCK).map(|block| {
                let before = sum;
                sum += count(block);
                before
            });
            counted.collect()
        })
    }

    /// The units before a boundary of characters.
    fn until(&self, text: &str, at: usize) -> u32 {
        let before = self.blocks(text);
        let block = (at / BLOCK).min(before.len().saturating_sub(1));
        before.get(block).copied().unwrap_or_default() + count(&text.as_bytes()[block * BLOCK..at])
    }
}

/// The units of the characters that begin in some bytes of UTF-8: two of those that take four bytes, one of others.
fn count(bytes: &[u8]) -> u32 {
    bytes.iter().map(|byte| u32::from((*byte as i8) >= -0x40) + u32::from(*byte >= 0xf0)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_all_lengths() {
        let text = "aé\u{800}😀\n".repeat(500);
        let units = Units::default();
        let places: Vec<usize> = (0..=text.len()).filter(|at| text.is_char_boundary(*at)).collect();
        for from in places.iter().step_by(31) {
            for to in places.iter().filter(|to| *to >= from).step_by(37) {
                let expected = text[*from..*to].encode_utf16().count();
                assert_eq!(units.between(&text, *from, *to) as usize, expected, "{from}..{to}");
            }
        }
        assert_eq!(units.between(&text, 0, text.len()) as usize, text.encode_utf16().count());
        for from in places.iter().step_by(97) {
            for to in places.iter().filter(|to| *to >= from).step_by(89) {
                let wanted = units.between(&text, *from, *to);
                let (near, counted) = units.near(&text, *from..text.len(), wanted);
                assert!(near <= *to && *to - near <= 2 * BLOCK + 8, "{from}..{to}: {near}");
                assert_eq!(units.between(&text, *from, near), counted, "{from}..{to}");
            }
        }
    }
}
