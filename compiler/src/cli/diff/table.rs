//! Differences as text: a row a field, its bytes before and after drawn to one scale.

use std::fmt::Write;

use myc_schema::evolve::changes::Change;
use myc_schema::ir::{Field, Schema};
use myc_schema::layout::pieces;

use super::super::layout::table::Scale;
use super::{AS_BEFORE, Shown, head};

/// Columns of a drawing, at most and at least.
const COLUMNS: u32 = 32;
const FEWEST_COLUMNS: u32 = 16;

/// Columns of a row beside its drawings and the name: a mark, and twice offset, size and space.
const NUMBERS: usize = 4 + 2 * 18 + 2;

/// Columns of a name and type that the drawings make room for; longer ones run on.
const LONGEST_NAME: usize = 40;

/// The whole text, for a terminal of so many columns or for no terminal.
pub fn draw(shown: &Shown<'_>, width: Option<usize>) -> String {
    let mut text = String::new();
    if shown.changes.is_empty() {
        let _ = writeln!(text, "{AS_BEFORE}");
        if shown.exact {
            return text;
        }
        text.push('\n');
    }
    for change in &shown.changes {
        let _ = writeln!(text, "{}: {}", head(change), shown.sizes(change));
        text.push_str(&map(shown, change, width.unwrap_or(usize::MAX)));
        text.push('\n');
    }
    if !shown.changes.is_empty() {
        text.push_str("█ value   ▒ presence, length   · always zero   + new   - gone   ~ otherwise\n\n");
    }
    if let Some(paused) = &shown.paused {
        let _ = writeln!(text, "{paused}\n");
    }
    text.push_str("Deploy:\n");
    for (number, step) in (1..).zip(&shown.steps) {
        let _ = writeln!(text, "  {number}. {step}");
    }
    text
}

/// The rows of one message or struct.
pub fn map(shown: &Shown<'_>, change: &Change<'_>, width: usize) -> String {
    if change.fields.is_empty() {
        return String::new();
    }
    let sizes = [change.old, change.new].map(|composite| composite.map_or(0, |composite| composite.layout.size));
    let size = sizes.into_iter().max().unwrap_or(0);
    let names: Vec<String> = change.fields.iter().map(|(was, is)| shown.field(*was, *is)).collect();
    let longest = names.iter().map(|name| name.chars().count().min(LONGEST_NAME)).max().unwrap_or(0);
    let left = u32::try_from(width.saturating_sub(NUMBERS + longest) / 2).unwrap_or(u32::MAX);
    let scale = Scale { size, columns: left.clamp(FEWEST_COLUMNS, COLUMNS).min(size) };
    let ruler = scale.ruler();
    let mut text = String::new();
    let pad = scale.columns as usize;
    let _ = writeln!(
        text,
        "    {:>6}  {:>6}  {ruler:<pad$}  {:>6}  {:>6}  {ruler:<pad$}  field",
        "offset", "size", "offset", "size"
    );
    for ((was, is), name) in change.fields.iter().zip(names) {
        let before = side(&scale, shown.old, *was);
        let after = side(&scale, shown.new, *is);
        let _ = writeln!(text, "  {} {before}  {after}  {name}", shown.mark(*was, *is));
    }
    text
}

/// Offset, size and bytes of a field; blank where there is none.
fn side(scale: &Scale, schema: &Schema, field: Option<&Field>) -> String {
    let Some(field) = field else { return " ".repeat(16 + scale.columns as usize) };
    // A schema whose types are too large does not exist.
    let pieces = pieces(field, &schema.enums, &schema.structs).unwrap_or_default();
    format!("{:>6}  {:>6}  {}", field.place.offset, field.place.size, scale.bar(&pieces))
}
