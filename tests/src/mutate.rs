//! Bytes that are almost a payload, and bytes that are none.

use crate::random::Random;

/// A payload with one to three things changed in it.
pub fn mutated(random: &mut Random, payload: &[u8]) -> Vec<u8> {
    let mut bytes = payload.to_vec();
    for _ in 0..random.between(1, 3) {
        change(random, &mut bytes);
    }
    bytes
}

fn change(random: &mut Random, bytes: &mut Vec<u8>) {
    if bytes.is_empty() || random.one_in(40) {
        bytes.push(0);
        return;
    }
    let at = random.below(bytes.len());
    match random.below(20) {
        0 => bytes.truncate(at),
        1..=5 => bytes[at] ^= 1 << random.below(8),
        6..=11 => bytes[at] = *random.choose(&[0, 1, 2, 0x7f, 0x80, 0xc3, 0xff]),
        12..=15 => bytes[at] = random.bits() as u8,
        _ => {
            let len = random.between(1, 8).min(bytes.len() - at);
            let fill = *random.choose(&[0, 0xff]);
            bytes[at..at + len].fill(fill);
        }
    }
}

/// A text with one to three edits, as a person or a broken disk might make them. May not be UTF-8.
pub fn mutated_text(random: &mut Random, text: &[u8], other: &[u8]) -> Vec<u8> {
    let mut bytes = text.to_vec();
    for _ in 0..random.between(1, 3) {
        edit(random, &mut bytes, other);
    }
    bytes
}

fn edit(random: &mut Random, bytes: &mut Vec<u8>, other: &[u8]) {
    const WORDS: &[&str] = &[
        ":",
        "- ",
        "{",
        "}",
        "[",
        "]",
        "\"",
        "'",
        "#",
        "\n",
        "\t",
        "  ",
        "&a ",
        "*a",
        "!!str ",
        "<<: ",
        "---\n",
        "? ",
        "|\n",
        ">-\n",
        "%YAML 1.2\n",
        "-1",
        "0",
        "99999999999999999999",
        "0x",
        "1e999",
        ".nan",
        "true",
        "null",
        "~",
        "é",
        "\u{0}",
        "Vec<",
        "String<0>",
        "[u8; 0]",
        "[u8; 65536]",
        "optional: true",
        "\u{feff}",
        "r#type",
        "self",
        "not_zero: true",
    ];
    let at = random.below(bytes.len() + 1);
    match random.below(8) {
        0 if at < bytes.len() => bytes[at] = random.bits() as u8,
        1 if at < bytes.len() => {
            let len = random.between(1, 20).min(bytes.len() - at);
            bytes.drain(at..at + len);
        }
        2 => bytes.truncate(at),
        3 => {
            let (start, len) = (random.below(other.len()), random.between(1, 60));
            let piece = other[start..other.len().min(start + len)].to_vec();
            bytes.splice(at..at, piece);
        }
        4 => move_line(random, bytes),
        _ => {
            let word = random.choose(WORDS).bytes();
            bytes.splice(at..at, word);
        }
    }
}

/// Repeats or drops a line: what merges and copying do.
fn move_line(random: &mut Random, bytes: &mut Vec<u8>) {
    let mut lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
    if lines.is_empty() {
        return;
    }
    let line = lines[random.below(lines.len())];
    let at = random.below(lines.len());
    if random.one_in(2) {
        lines.insert(at, line);
    } else {
        lines.remove(at);
    }
    *bytes = lines.concat();
}
