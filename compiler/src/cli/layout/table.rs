//! The layout as text: a row a field, its bytes drawn to scale under a ruler.

use std::fmt::Write;

use myc_schema::ir::Schema;
use myc_schema::layout::{Piece, Use};

use super::{Composite, Shown, type_name};

/// Columns of the drawing at most. A message of no more bytes gets a column a byte.
const COLUMNS: u32 = 64;

/// The whole table.
pub fn draw(shown: &Shown<'_>) -> String {
    let mut text = String::new();
    for composite in &shown.composites {
        draw_one(&mut text, shown.schema, composite);
        text.push('\n');
    }
    if !shown.composites.is_empty() {
        text.push_str("█ value   ▒ presence, length   · always zero\n");
    }
    text
}

fn draw_one(text: &mut String, schema: &Schema, composite: &Composite<'_>) {
    let layout = composite.layout;
    let padding = composite.padding(schema);
    let _ = match composite.message {
        Some(message) => write!(text, "message {}  type {}  topic {}", message.name, message.type_id, message.topic),
        None => write!(text, "struct {}", composite.name),
    };
    let _ = writeln!(text, "  {} bytes, align {}, {padding} padding", layout.size, layout.align);
    if composite.fields.is_empty() {
        return;
    }
    let scale = Scale { size: layout.size, columns: layout.size.min(COLUMNS) };
    let _ = writeln!(text, "  offset    size  {}  field", scale.ruler());
    for (field, pieces) in composite.pieces(schema) {
        let bar = scale.bar(&pieces);
        let optional = if field.optional { "?" } else { "" };
        let name = format!("{}: {}{optional}", field.name, type_name(schema, &field.ty));
        let remark = remark(&pieces);
        let _ = writeln!(text, "{:>8}{:>8}  {bar}  {name}{remark}", field.place.offset, field.place.size);
    }
}

/// What the bytes are for, where that is more than one thing.
fn remark(pieces: &[Piece]) -> String {
    if pieces.len() < 2 {
        return String::new();
    }
    let word = |piece: &Piece| match piece.usage {
        Use::Presence => "presence".to_owned(),
        Use::Length => format!("{} length", piece.size),
        Use::Value => format!("{} value", piece.size),
        Use::Padding => format!("{} zero", piece.size),
    };
    format!("   ({})", pieces.iter().map(word).collect::<Vec<_>>().join(" + "))
}

/// How bytes become columns.
struct Scale {
    size: u32,
    columns: u32,
}

impl Scale {
    /// The bytes that a column stands for: never none.
    fn bytes(&self, column: u32) -> (u32, u32) {
        let at = |column: u32| (u64::from(column) * u64::from(self.size) / u64::from(self.columns)) as u32;
        (at(column), at(column + 1))
    }

    /// The bar of one field, as long as the ruler.
    fn bar(&self, pieces: &[Piece]) -> String {
        let column = |column| {
            let (start, end) = self.bytes(column);
            let overlap = |piece: &Piece| (piece.offset + piece.size).min(end).saturating_sub(piece.offset.max(start));
            // The piece with most bytes in the column; of two alike the first.
            let most = pieces.iter().rev().max_by_key(|piece| overlap(piece)).filter(|piece| overlap(piece) > 0);
            match most.map(|piece| piece.usage) {
                Some(Use::Value) => '█',
                Some(Use::Presence | Use::Length) => '▒',
                Some(Use::Padding) => '·',
                None => ' ',
            }
        };
        (0..self.columns).map(column).collect()
    }

    /// Offsets over the columns where bytes begin: every 16 columns, and the end.
    fn ruler(&self) -> String {
        let mut ruler = vec![' '; self.columns as usize];
        for column in (0..self.columns).step_by(16) {
            let label = self.bytes(column).0.to_string();
            if column as usize + label.len() <= ruler.len() {
                for (at, digit) in label.chars().enumerate() {
                    ruler[column as usize + at] = digit;
                }
            }
        }
        ruler.into_iter().collect()
    }
}
