//! Bytes as contracts, JSON and people write them. Reading digits is left to who knows what else may stand there.

/// Lower-case hex digits, two a byte.
pub fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from(b"0123456789abcdef"[usize::from(nibble)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}
