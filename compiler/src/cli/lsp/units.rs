//! How many UTF-16 code units are between two places of a text: what the protocol counts columns in.

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
        let before = self.before.get_or_init(|| {
            let mut sum = 0;
            let counted = text.as_bytes().chunks(BLOCK).map(|block| {
                let before = sum;
                sum += count(block);
                before
            });
            counted.collect()
        });
        let until = |at: usize| {
            let block = (at / BLOCK).min(before.len() - 1);
            before[block] + count(&text.as_bytes()[block * BLOCK..at])
        };
        until(to) - until(from)
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
    }
}
