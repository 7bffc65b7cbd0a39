//! Checks of runs of bytes, many at a time.
//!
//! Where a value's bytes end and its zeros begin is known only at run time, but where both end together is known when
//! generated code is compiled. So short runs are checked in one pass of fixed length, under a mask that says which
//! bits each byte may not have: no loop of unknown length, no branch to mispredict, the same time for every value.

const HIGH_BITS: u64 = 0x8080_8080_8080_8080;

#[inline(always)]
fn word(bytes: &[u8]) -> u64 {
    match bytes.first_chunk() {
        Some(chunk) => u64::from_le_bytes(*chunk),
        None => 0,
    }
}

/// The bytes ORed together, in words: any bit set in any byte is set somewhere in the result.
#[inline(always)]
fn gather(bytes: &[u8]) -> u64 {
    let mut gathered = 0;
    if bytes.len() >= 8 {
        let mut blocks = bytes.chunks_exact(32);
        for block in &mut blocks {
            let (low, high) = block.split_at(16);
            gathered |= (word(low) | word(&low[8..])) | (word(high) | word(&high[8..]));
        }
        for chunk in blocks.remainder().chunks_exact(8) {
            gathered |= word(chunk);
        }
        // The last eight bytes again, for those that fill no word of their own.
        gathered | word(&bytes[bytes.len() - 8..])
    } else if let (Some(first), Some(last)) = (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        u64::from(u32::from_le_bytes(*first) | u32::from_le_bytes(*last))
    } else {
        for byte in bytes {
            gathered |= u64::from(*byte);
        }
        gathered
    }
}

/// The longest run that is checked under a mask.
const REACH: usize = 256;

/// `before` up to the middle, all bits from there. From index `REACH - n` on it is the mask of `n` bytes and what
/// follows them.
const fn masks(before: u8) -> [u8; 2 * REACH] {
    let mut masks = [0xff; 2 * REACH];
    let mut index = 0;
    while index < REACH {
        masks[index] = before;
        index += 1;
    }
    masks
}

/// ASCII, then zeros.
static ASCII: [u8; 2 * REACH] = masks(0x80);
/// Anything, then zeros.
static ANYTHING: [u8; 2 * REACH] = masks(0);

/// Whether no byte has a bit that its mask has. `used` and the number of bytes are at most `REACH`; the latter should
/// be a constant where this is inlined.
#[inline(always)]
fn is_clear(bytes: &[u8], masks: &[u8; 2 * REACH], used: usize) -> bool {
    let Some(masks) = masks.get(REACH - used..).and_then(|masks| masks.get(..bytes.len())) else { return false };
    // Of loops over single bytes compilers make vector instructions, wherever they are inlined. Of words put together
    // by hand they make all sorts of things.
    match (bytes.last_chunk(), masks.last_chunk()) {
        (Some(last), Some(last_mask)) if bytes.len() >= 3 * CHUNK => {
            let mut found = [0; CHUNK];
            for (chunk, mask) in bytes.as_chunks().0.iter().zip(masks.as_chunks().0) {
                gather_masked(&mut found, chunk, mask);
            }
            if !bytes.len().is_multiple_of(CHUNK) {
                gather_masked(&mut found, last, last_mask);
            }
            found.iter().fold(0, |found, byte| found | byte) == 0
        }
        _ => bytes.iter().zip(masks).fold(0, |found, (byte, mask)| found | byte & mask) == 0,
    }
}

/// A vector register that every CPU has.
const CHUNK: usize = 16;

#[inline(always)]
fn gather_masked(found: &mut [u8; CHUNK], bytes: &[u8; CHUNK], masks: &[u8; CHUNK]) {
    for index in 0..CHUNK {
        found[index] |= bytes[index] & masks[index];
    }
}

/// Whether the first `used` bytes are ASCII and the others zero. May miss it of long runs.
#[inline(always)]
pub(crate) fn is_ascii_then_zero(bytes: &[u8], used: usize) -> bool {
    bytes.len() <= REACH && used <= bytes.len() && is_clear(bytes, &ASCII, used)
}

/// Whether all but the first `used` bytes are zero.
#[inline(always)]
pub(crate) fn is_zero_from(bytes: &[u8], used: usize) -> bool {
    if bytes.len() <= REACH {
        used <= bytes.len() && is_clear(bytes, &ANYTHING, used)
    } else {
        bytes.get(used..).is_some_and(is_zero)
    }
}

/// Whether every byte is zero.
#[inline]
pub(crate) fn is_zero(bytes: &[u8]) -> bool {
    gather(bytes) == 0
}

/// Whether the bytes are UTF-8. Most strings are ASCII, which is seen a word at a time.
#[inline]
pub(crate) fn is_utf8(bytes: &[u8]) -> bool {
    gather(bytes) & HIGH_BITS == 0 || is_utf8_beyond_ascii(bytes)
}

#[inline(never)]
fn is_utf8_beyond_ascii(bytes: &[u8]) -> bool {
    core::str::from_utf8(bytes).is_ok()
}

/// Writes `from`, then zeros. `from` is at most `N` bytes; of a longer one nothing is written but zeros.
#[inline(always)]
pub(crate) fn fill<const N: usize>(to: &mut [u8; N], from: &[u8]) {
    if N <= SHORT {
        // Zeros of a length known to the compiler and a copy without a call.
        *to = [0; N];
        if let Some(to) = to.get_mut(..from.len()) {
            copy_short(to, from);
        }
    } else if let Some((used, unused)) = to.split_at_mut_checked(from.len()) {
        if from.len() <= SHORT {
            copy_short(used, from);
        } else {
            used.copy_from_slice(from);
        }
        unused.fill(0);
    }
}

/// The longest run for which zeroing all of it and copying by hand beats two calls.
const SHORT: usize = 64;

/// Copies at most 64 bytes between runs of the same length.
#[inline(always)]
fn copy_short(to: &mut [u8], from: &[u8]) {
    // The first size that fits does it all.
    let _ = copy_ends::<32>(to, from)
        || copy_ends::<16>(to, from)
        || copy_ends::<8>(to, from)
        || copy_ends::<4>(to, from)
        || copy_ends::<2>(to, from)
        || copy_ends::<1>(to, from);
}

/// Copies the first and the last `N` bytes, where there are that many.
#[inline(always)]
fn copy_ends<const N: usize>(to: &mut [u8], from: &[u8]) -> bool {
    let (Some(first), Some(last)) = (from.first_chunk::<N>(), from.last_chunk::<N>()) else { return false };
    let (first, last) = (*first, *last);
    if let Some(to) = to.first_chunk_mut() {
        *to = first;
    }
    if let Some(to) = to.last_chunk_mut() {
        *to = last;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    // A word-wise check that misses a byte accepts what the other languages refuse.
    #[test]
    fn every_byte_of_every_length_counts() {
        for length in 0..100 {
            let mut bytes = vec![0; length];
            assert!(is_zero(&bytes) && is_utf8(&bytes), "length {length}");
            for at in 0..length {
                for bit in 0..8 {
                    bytes[at] = 1 << bit;
                    assert!(!is_zero(&bytes), "byte {at} of {length}");
                    assert_eq!(is_utf8(&bytes), bit < 7, "byte {at} of {length}");
                }
                bytes[at] = 0;
            }
        }
    }

    // The same for checks under a mask: every byte, before and after the border, wherever that is.
    #[test]
    fn every_byte_counts_on_its_side_of_the_border() {
        for length in (0..40).chain([100, 255, 256, 257, 300]) {
            let mut bytes = vec![0; length];
            let step = if length < 40 { 1 } else { 51 };
            for used in (0..=length).step_by(step) {
                assert!(is_zero_from(&bytes, used), "{used} of {length}");
                assert_eq!(is_ascii_then_zero(&bytes, used), length <= 256, "{used} of {length}");
                for at in 0..length {
                    for byte in [0x01, 0x7f, 0x80] {
                        bytes[at] = byte;
                        assert_eq!(is_zero_from(&bytes, used), at < used, "{used} of {length}: {byte} at {at}");
                        let fine = at < used && byte < 0x80 && length <= 256;
                        assert_eq!(is_ascii_then_zero(&bytes, used), fine, "{used} of {length}: {byte} at {at}");
                    }
                    bytes[at] = 0;
                }
            }
            assert!(!is_zero_from(&bytes, length + 1) && !is_ascii_then_zero(&bytes, length + 1));
        }
    }

    fn filled<const N: usize>() {
        let from: [u8; N] = core::array::from_fn(|at| at as u8 + 1);
        for length in 0..=N {
            let mut to = [0xaa; N];
            fill(&mut to, &from[..length]);
            let expected = core::array::from_fn(|at| if at < length { from[at] } else { 0 });
            assert_eq!(to, expected, "{length} of {N}");
        }
    }

    // A buffer is written in place over whatever it held: a byte left out would leak old data.
    #[test]
    fn filling_writes_every_byte() {
        filled::<0>();
        filled::<1>();
        filled::<12>();
        filled::<64>();
        filled::<65>();
        filled::<200>();
    }

    #[test]
    fn unicode_beyond_ascii_is_accepted_and_its_halves_are_not() {
        let text = "grüße, 世界 🦀";
        for start in 0..=text.len() {
            for end in start..=text.len() {
                let whole = start == end || text.is_char_boundary(start) && text.is_char_boundary(end);
                assert_eq!(is_utf8(&text.as_bytes()[start..end]), whole, "{start}..{end}");
            }
        }
    }
}
