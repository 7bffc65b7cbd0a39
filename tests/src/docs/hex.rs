//! `hex FILE` blocks: the dump of a file, as `hexdump -C` prints it.

use std::fmt::Write as _;
use std::fs;

use super::blocks::Block;
use super::{Mismatch, Place};

pub(super) fn check(place: &Place, block: &Block, path: &str) -> Result<(), Mismatch> {
    let bytes = fs::read(place.root.join(path)).map_err(|error| Mismatch::Wrong(format!("{path}: {error}")))?;
    let real = dump(&bytes);
    if real == block.body { Ok(()) } else { Err(Mismatch::Output(real)) }
}

/// Sixteen bytes a line, with their characters; lines like the one before are left out, and `*` stands for them.
fn dump(bytes: &[u8]) -> String {
    let mut text = String::new();
    let mut previous: Option<&[u8]> = None;
    let mut starred = false;
    for (index, row) in bytes.chunks(16).enumerate() {
        if previous == Some(row) {
            if !starred {
                text.push_str("*\n");
            }
            starred = true;
            continue;
        }
        starred = false;
        previous = Some(row);
        let _ = write!(text, "{:08x} ", index * 16);
        for column in 0..16 {
            let gap = if column == 8 { " " } else { "" };
            match row.get(column) {
                Some(byte) => write!(text, "{gap} {byte:02x}"),
                None => write!(text, "{gap}   "),
            }
            .expect("a string takes any text");
        }
        let characters: String =
            row.iter().map(|&byte| if (0x20..0x7f).contains(&byte) { char::from(byte) } else { '.' }).collect();
        let _ = writeln!(text, "  |{characters}|");
    }
    let _ = writeln!(text, "{:08x}", bytes.len());
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Readers compare with the tool that they have.
    #[test]
    fn looks_like_hexdump() {
        let bytes = [&b"Hello\x00\xff"[..], &[0; 58]].concat();
        assert_eq!(
            dump(&bytes),
            "00000000  48 65 6c 6c 6f 00 ff 00  00 00 00 00 00 00 00 00  |Hello...........|\n\
             00000010  00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  |................|\n\
             *\n\
             00000040  00                                                |.|\n\
             00000041\n"
        );
    }
}
