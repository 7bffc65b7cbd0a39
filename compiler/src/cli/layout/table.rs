//! The layout as text: a row a field, its bytes drawn to scale under a ruler.

use std::fmt::Write;

use myc_schema::diag::bytes;
use myc_schema::ir::{Field, Schema};
use myc_schema::layout::{Piece, Use};

use super::{Composite, Shown};

/// Columns of the drawing at most. A message of no more bytes gets a column a byte.
const COLUMNS: u32 = 64;

/// And at least, however narrow the terminal.
const FEWEST_COLUMNS: u32 = 16;

/// Columns between two offsets of the ruler.
const STEP: u32 = 16;

/// Columns before the drawing, and between it and the names.
const LEFT: usize = 18;
const GAP: usize = 2;

/// Columns of a name and type that the drawing makes room for; longer ones run on.
const LONGEST_NAME: usize = 40;

/// The whole table, for a terminal of so many columns or for no terminal.
pub fn draw(shown: &Shown<'_>, width: Option<usize>) -> String {
    let width = width.unwrap_or(usize::MAX);
    let mut text = String::new();
    for composite in &shown.composites {
        draw_one(&mut text, shown.schema, composite, width);
        text.push('\n');
    }
    if !shown.composites.is_empty() {
        text.push_str("█ value   ▒ presence, length   · always zero\n");
    }
    text
}

fn draw_one(text: &mut String, schema: &Schema, composite: &Composite<'_>, width: usize) {
    let layout = composite.layout;
    let padding = composite.padding(schema);
    let head = match composite.message {
        Some(message) => format!("message {}  type {}  topic {}", message.name, message.type_id, message.topic),
        None => format!("struct {}", composite.name),
    };
    let size = format!("  {}, align {}, {padding} padding", bytes(layout.size), layout.align);
    let apart = if head.chars().count() + size.len() > width { "\n" } else { "" };
    let _ = writeln!(text, "{head}{apart}{size}");
    if composite.fields.is_empty() {
        return;
    }
    let named = |field: &Field| {
        let optional = if field.optional { "?" } else { "" };
        format!("{}: {}{optional}", field.name, schema.type_name(&field.ty))
    };
    let longest = composite.fields.iter().map(|field| named(field).len().min(LONGEST_NAME)).max().unwrap_or(0);
    let left = u32::try_from(width.saturating_sub(LEFT + GAP + longest)).unwrap_or(u32::MAX);
    // A whole number of steps of the ruler.
    let columns = (left.clamp(FEWEST_COLUMNS, COLUMNS) / STEP * STEP).min(layout.size);
    let scale = Scale { size: layout.size, columns };
    let _ = writeln!(text, "  offset    size  {}  field", scale.ruler());
    for (field, pieces) in composite.pieces(schema) {
        let bar = scale.bar(&pieces);
        let mut line = format!("{:>8}{:>8}  {bar}  {}", field.place.offset, field.place.size, named(field));
        let remark = remark(&pieces);
        if !remark.is_empty() {
            let fits = line.chars().count() + 3 + remark.len() <= width;
            let _ = if fits { write!(line, "   {remark}") } else { write!(line, "\n{:LEFT$}{remark}", "") };
        }
        let _ = writeln!(text, "{line}");
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
    format!("({})", pieces.iter().map(word).collect::<Vec<_>>().join(" + "))
}

/// How bytes become columns.
pub struct Scale {
    pub size: u32,
    pub columns: u32,
}

impl Scale {
    /// The bytes that a column stands for: never none.
    fn bytes(&self, column: u32) -> (u32, u32) {
        let at = |column: u32| (u64::from(column) * u64::from(self.size) / u64::from(self.columns)) as u32;
        (at(column), at(column + 1))
    }

    /// The bar of one field, as long as the ruler. A field whose value is lost among zero bytes is seen all the same.
    pub fn bar(&self, pieces: &[Piece]) -> String {
        let bar = self.bar_of(pieces.iter());
        if bar.contains(['█', '▒']) {
            return bar;
        }
        let seen = self.bar_of(pieces.iter().filter(|piece| piece.usage != Use::Padding));
        seen.chars().zip(bar.chars()).map(|(seen, drawn)| if seen == ' ' { drawn } else { seen }).collect()
    }

    /// In each column the piece with most bytes in it; of two alike the first.
    fn bar_of<'a>(&self, pieces: impl DoubleEndedIterator<Item = &'a Piece> + Clone) -> String {
        let column = |column| {
            let (start, end) = self.bytes(column);
            let overlap = |piece: &Piece| (piece.offset + piece.size).min(end).saturating_sub(piece.offset.max(start));
            let most = pieces.clone().rev().max_by_key(|piece| overlap(piece)).filter(|piece| overlap(piece) > 0);
            match most.map(|piece| piece.usage) {
                Some(Use::Value) => '█',
                Some(Use::Presence | Use::Length) => '▒',
                Some(Use::Padding) => '·',
                None => ' ',
            }
        };
        (0..self.columns).map(column).collect()
    }

    /// Offsets over the columns where bytes begin: every [`STEP`] columns, and the end.
    pub fn ruler(&self) -> String {
        let mut ruler = vec![' '; self.columns as usize];
        for column in (0..self.columns).step_by(STEP as usize) {
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

#[cfg(test)]
mod tests {
    use myc_schema::source::SourceMap;

    use super::super::choose;
    use super::*;

    const CONTRACT: &str = "
enums: { Side: { repr: u16, values: { Buy: 1, Sell: 2 } } }
messages:
  Order:
    tlv_type: 1000
    domain: Execution
    fields:
      tag: \"String<12>\"
      side: { type: Side, optional: true }
      a_name_of_so_many_letters_that_no_terminal_has_room: \"[u8; 20]\"
      at: u64
      last: bool
";

    /// Without this, lines could be broken by a terminal where they can still be read when broken here.
    #[test]
    fn a_terminal_is_not_overrun() {
        let mut sources = SourceMap::new();
        let source = sources.add("contracts.yaml", CONTRACT);
        let schema = myc_schema::check(&sources, source).schema.expect("a schema");
        let Ok(composites) = choose(&schema, None) else { panic!("messages") };
        let shown = Shown { schema: &schema, composites };
        let expected = "\
message Order  type 1000  topic execution
  64 bytes, align 8, 18 padding
  offset    size  0                 field
       0      20  ▒·███             tag: String<12>
                  (2 length + 6 zero + 12 value)
      20       4       █            side: Side?
                  (presence + 1 zero + 2 value)
      24      20        █████·      a_name_of_so_many_letters_that_no_terminal_has_room: [u8; 20]
                  (20 value + 4 zero)
      48       8              ██    at: u64
      56       1                █·  last: bool
                  (1 value + 7 zero)

█ value   ▒ presence, length   · always zero
";
        assert_eq!(draw(&shown, Some(48)), expected);
        assert_eq!(draw(&shown, Some(0)), expected, "no narrower than this");
        for width in [60, 80, 100, 118, 119, 200] {
            let table = draw(&shown, Some(width));
            let long = table.lines().filter(|line| line.chars().count() > width && !line.contains("a_name")).count();
            assert_eq!(long, 0, "{width}:\n{table}");
        }
        let unbound = draw(&shown, None);
        assert_eq!(draw(&shown, Some(200)), unbound, "nothing is gained by more columns than bytes");
        assert!(unbound.contains("execution  64 bytes") && unbound.contains("last: bool   (1 value"), "{unbound}");
    }
}
