//! UTF-8 beyond ASCII, sixteen bytes at a time: every byte is judged by itself and the three before it, all sixteen
//! alike, which compilers turn into vector instructions that every x86-64 and AArch64 CPU has. The standard library's
//! check goes from character to character; on text in Greek, Cyrillic or Chinese script this is several times faster.

/// How many bytes are judged at once.
const BLOCK: usize = 16;
/// How far back a byte's judgement looks.
const BEFORE: usize = 3;

/// Whether `field` from `start` on is UTF-8. Only `used` bytes are looked at, and up to fifteen more, which are to be
/// zero, as the three bytes before `start` are. `false` may also mean that the field is too short to tell.
pub(crate) fn is_utf8_in_zeros(field: &[u8], start: usize, used: usize) -> bool {
    let end = start + used;
    if start < BEFORE || end > field.len() || field.len() < start + BLOCK {
        return false;
    }
    let mut wrong = [0; BLOCK];
    let mut at = start;
    while at < end {
        // The last block may begin inside the one before it.
        let from = at.min(field.len() - BLOCK);
        judge(&mut wrong, &field[from - BEFORE..from + BLOCK]);
        at += BLOCK;
    }
    // Only the byte after it would show a character that is cut off, and that byte may not be in a block.
    let cut = used > 0 && (field[end - 1] >= 0xc0 || field[end - 2] >= 0xe0 || field[end - 3] >= 0xf0);
    !cut && wrong == [0; BLOCK]
}

/// Notes in `wrong` which of the sixteen bytes after the first three cannot stand where they are.
#[inline(always)]
fn judge(wrong: &mut [u8; BLOCK], bytes: &[u8]) {
    let (Some(third), Some(second), Some(first), Some(block)) = (
        bytes.first_chunk::<BLOCK>(),
        bytes[1..].first_chunk::<BLOCK>(),
        bytes[2..].first_chunk::<BLOCK>(),
        bytes[3..].first_chunk::<BLOCK>(),
    ) else {
        return;
    };
    for index in 0..BLOCK {
        let (byte, before) = (block[index], first[index]);
        let continues = byte & 0xc0 == 0x80;
        let has_to = (before >= 0xc0) | (second[index] >= 0xe0) | (third[index] >= 0xf0);
        // Two bytes for what fits one, or beyond U+10FFFF.
        let never = (byte & 0xfe == 0xc0) | (byte >= 0xf5);
        // Three or four bytes for what fits fewer, surrogates, beyond U+10FFFF.
        let never_after = (before == 0xe0) & (byte < 0xa0)
            | (before == 0xed) & (byte >= 0xa0)
            | (before == 0xf0) & (byte < 0x90)
            | (before == 0xf4) & (byte >= 0x90);
        wrong[index] |= u8::from((continues != has_to) | never | never_after);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec;

    const START: usize = 8;

    /// A field of `size` bytes with `text` in it.
    fn field(size: usize, text: &[u8]) -> vec::Vec<u8> {
        let mut field = vec![0; START + size];
        field[START..START + text.len()].copy_from_slice(text);
        field
    }

    // Text that is accepted here becomes a `str` without another look: this has to be what the standard library
    // accepts, to the bit. Every byte at which the rules change, in every place of four bytes in a row, within a
    // block, across blocks and at the end.
    #[test]
    fn it_agrees_with_the_standard_library() {
        let edges = [
            0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed, 0xee, 0xef,
            0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xff,
        ];
        let last = [0x00, 0x7f, 0x80, 0xbf, 0xc2];
        for (size, before) in [(40, 1), (40, 14), (40, 28), (36, 32)] {
            let mut bytes = field(size, &vec![b'a'; before + 4]);
            for quad in 0..edges.len().pow(3) * last.len() {
                let at = START + before;
                let (third, rest) = (quad / last.len() % 24, quad / last.len() / 24);
                bytes[at] = edges[rest / 24];
                bytes[at + 1] = edges[rest % 24];
                bytes[at + 2] = edges[third];
                bytes[at + 3] = last[quad % last.len()];
                let text = &bytes[START..at + 4];
                let expected = core::str::from_utf8(text).is_ok();
                assert_eq!(is_utf8_in_zeros(&bytes, START, before + 4), expected, "{:x?} in {size}", &text[before..]);
            }
        }
    }

    // The end of the text may be anywhere in a block.
    #[test]
    fn every_end_is_judged() {
        let text = "aé世🦀".repeat(5);
        for size in [16, 17, 31, 32, 33, 50] {
            for end in 0..=size {
                let cut = &text.as_bytes()[..end];
                let expected = core::str::from_utf8(cut).is_ok();
                assert_eq!(is_utf8_in_zeros(&field(size, cut), START, end), expected, "{end} of {size}");
            }
        }
    }

    // Callers look closely at what was not accepted.
    #[test]
    fn what_is_too_short_is_not_accepted() {
        assert!(!is_utf8_in_zeros(&field(15, b"a"), START, 1));
        assert!(!is_utf8_in_zeros(&field(20, b"a"), START, 21));
        assert!(!is_utf8_in_zeros(&[0; 40], 2, 1));
    }
}
