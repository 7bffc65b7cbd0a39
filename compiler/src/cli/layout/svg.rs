//! The layout as an SVG picture: a row a field, its bytes drawn to scale. Colours follow the
//! reader's light or dark theme.

use std::fmt::Write;

use myc_schema::diag::bytes;
use myc_schema::ir::{Field, Layout, Schema};
use myc_schema::layout::Use;

use super::{Composite, Shown, usage_name};

pub const MARGIN: u32 = 24;
const ROW: u32 = 22;
/// Right ends of the numbers, left end of the names.
const OFFSET: u32 = MARGIN + 56;
const SIZE: u32 = OFFSET + 64;
const NAME: u32 = SIZE + 20;
const BAR_WIDTH: u32 = 600;
/// A piece that is not padding is seen, however few bytes of many it has.
const SEEN: f64 = 2.0;
/// Characters of a field's name and type that are shown; the whole is in the title of its bar.
const LONGEST_NAME: usize = 56;

const STYLE: &str = "
    text { font: 12px ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace; fill: #1f2328; }
    .head { font-size: 14px; font-weight: bold; }
    .quiet { fill: #59636e; }
    .end { text-anchor: end; }
    .middle { text-anchor: middle; }
    .page { fill: #ffffff; }
    .row { fill: #f3f5f7; }
    .value { fill: #0969da; }
    .length, .presence { fill: #bc4c00; }
    .padding { fill: #afb8c1; }
    .added { fill: #1a7f37; font-weight: bold; }
    .removed { fill: #cf222e; font-weight: bold; }
    .changed { fill: #9a6700; font-weight: bold; }
    @media (prefers-color-scheme: dark) {
      text { fill: #e6edf3; }
      .quiet { fill: #9198a1; }
      .page { fill: #0d1117; }
      .row { fill: #1b222b; }
      .value { fill: #4493f8; }
      .length, .presence { fill: #f0883e; }
      .padding { fill: #656e79; }
      .added { fill: #3fb950; }
      .removed { fill: #f85149; }
      .changed { fill: #d29922; }
    }
  ";

/// The whole picture.
pub fn draw(shown: &Shown<'_>) -> String {
    let bar_left = bar_left(shown);
    let mut width = bar_left + BAR_WIDTH + MARGIN;
    let mut body = String::new();
    let mut top = MARGIN;
    for composite in &shown.composites {
        let drawn = draw_one(&mut body, bar_left, top, shown, composite, &Beside::nothing(composite));
        width = width.max(drawn.0);
        top = drawn.1 + MARGIN;
    }
    top = legend(&mut body, top);
    page(&body, width, top, "layout of messages")
}

/// One message or struct for a page that has its own heading, legend and colours: a picture without any of them.
pub fn bare(schema: &Schema, fields: &[Field], layout: Layout) -> String {
    let composite = Composite { message: None, name: "", fields, layout };
    let shown = Shown { schema, composites: vec![composite] };
    let bar_left = bar_left(&shown);
    let mut body = String::new();
    ruler(&mut body, bar_left, 15, layout.size);
    let beside = Beside { scale: layout.size, marks: Vec::new() };
    let height = rows(&mut body, bar_left, ROW, &shown, &shown.composites[0], &beside) + 4;
    let width = bar_left + BAR_WIDTH + 4;
    format!("<svg class=\"bytes\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" role=\"img\">\n{body}</svg>")
}

/// Where bars begin: right of the longest name.
pub fn bar_left(shown: &Shown<'_>) -> u32 {
    let longest = shown.composites.iter().flat_map(|composite| composite.fields);
    let longest = longest.map(|field| shorten(&named(shown, field)).chars().count()).max().unwrap_or(0);
    NAME + width_of(longest, 12) + 16
}

/// What a message or struct is drawn beside.
pub struct Beside {
    /// How many bytes a whole bar is.
    pub scale: u32,
    /// How each field differs from what is beside it: a character and its class. None where nothing is.
    pub marks: Vec<Option<(char, &'static str)>>,
}

impl Beside {
    /// It fills its bars.
    fn nothing(composite: &Composite<'_>) -> Self {
        Self { scale: composite.layout.size, marks: Vec::new() }
    }
}

/// A message or struct; the width it takes, and the place below it.
pub fn draw_one(
    body: &mut String,
    bar_left: u32,
    top: u32,
    shown: &Shown<'_>,
    composite: &Composite<'_>,
    beside: &Beside,
) -> (u32, u32) {
    let mut width = bar_left + BAR_WIDTH + MARGIN;
    let (head, size) = heads(shown, composite);
    for (text, points) in [(&head, 14), (&size, 12)] {
        width = width.max(2 * MARGIN + width_of(text.chars().count(), points));
    }
    text(body, MARGIN, top + 14, "head", &head);
    text(body, MARGIN, top + 32, "quiet", &size);
    let mut top = top + 42;
    if !composite.fields.is_empty() {
        ruler(body, bar_left, top + 15, beside.scale);
        top = rows(body, bar_left, top + ROW, shown, composite, beside);
    }
    (width, top)
}

/// What the colours mean; the place below it.
pub fn legend(body: &mut String, top: u32) -> u32 {
    let legend = [("value", "value"), ("length", "presence, length"), ("padding", "always zero")];
    let mut left = MARGIN;
    for (usage, words) in legend {
        let _ = writeln!(body, r#"  <rect class="{usage}" x="{left}" y="{top}" width="14" height="14"/>"#);
        text(body, left + 22, top + 11, "quiet", words);
        left += 22 + width_of(words.len(), 12) + MARGIN;
    }
    top + 14 + MARGIN
}

/// The whole picture around what is drawn.
pub fn page(body: &str, width: u32, top: u32, label: &str) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{top}\" viewBox=\"0 0 {width} {top}\" \
         role=\"img\" aria-label=\"{label}\">\n  <style>{STYLE}</style>\n  \
         <rect class=\"page\" width=\"{width}\" height=\"{top}\"/>\n{body}</svg>\n"
    )
}

/// What is drawn, and how large it is.
fn heads(shown: &Shown<'_>, composite: &Composite<'_>) -> (String, String) {
    let size = composite.layout.size;
    let padding = composite.padding(shown.schema);
    let size = format!("{}, align {}, {padding} padding", bytes(size), composite.layout.align);
    match composite.message {
        Some(message) => {
            (format!("message {}", message.name), format!("type {}, topic {}, {size}", message.type_id, message.topic))
        }
        None => (format!("struct {}", composite.name), size),
    }
}

/// Heads of the columns, and offsets over the bars.
fn ruler(body: &mut String, bar_left: u32, y: u32, size: u32) {
    text(body, OFFSET, y, "quiet end", "offset");
    text(body, SIZE, y, "quiet end", "size");
    text(body, NAME, y, "quiet", "field");
    text(body, bar_left, y, "quiet", "0");
    if size.is_multiple_of(4) {
        for quarter in 1..4 {
            text(body, bar_left + BAR_WIDTH / 4 * quarter, y, "quiet middle", &(size / 4 * quarter).to_string());
        }
    }
    text(body, bar_left + BAR_WIDTH, y, "quiet end", &size.to_string());
}

/// A row a field; the place below the last.
fn rows(
    body: &mut String,
    bar_left: u32,
    mut top: u32,
    shown: &Shown<'_>,
    composite: &Composite<'_>,
    beside: &Beside,
) -> u32 {
    let scale = f64::from(BAR_WIDTH) / f64::from(beside.scale.max(1));
    let whole = f64::from(composite.layout.size) * scale;
    let height = ROW - 4;
    let marks = beside.marks.iter().copied().chain(std::iter::repeat(None));
    for ((field, mut pieces), mark) in composite.pieces(shown.schema).zip(marks) {
        if let Some((mark, class)) = mark {
            text(body, MARGIN, top + 15, class, &mark.to_string());
        }
        let name = named(shown, field);
        text(body, OFFSET, top + 15, "quiet end", &field.place.offset.to_string());
        text(body, SIZE, top + 15, "quiet end", &field.place.size.to_string());
        text(body, NAME, top + 15, "name", &shorten(&name));
        let y = top + 2;
        let _ = writeln!(body, r#"  <rect class="row" x="{bar_left}" y="{y}" width="{whole:.2}" height="{height}"/>"#);
        // What is seen larger than it is covers what is next to it, not the other way round.
        pieces.sort_by_key(|piece| match piece.usage {
            Use::Padding => 0,
            Use::Value => 1,
            Use::Presence | Use::Length => 2,
        });
        for piece in pieces {
            let least = if piece.usage == Use::Padding { 0.0 } else { SEEN };
            let width = (f64::from(piece.size) * scale).max(least);
            let left = (f64::from(piece.offset) * scale).min((whole - width).max(0.0)) + f64::from(bar_left);
            let usage = usage_name(piece.usage);
            let of = if piece.usage == Use::Padding { "zero" } else { usage };
            let last = piece.offset + piece.size - 1;
            let title = match piece.size {
                1 => format!("{name}, byte {last}: {of}"),
                _ => format!("{name}, bytes {} to {last}: {of}", piece.offset),
            };
            let _ = writeln!(
                body,
                r#"  <rect class="{usage}" x="{left:.2}" y="{y}" width="{width:.2}" height="{height}"><title>{}</title></rect>"#,
                escape(&title)
            );
        }
        top += ROW;
    }
    top
}

fn named(shown: &Shown<'_>, field: &Field) -> String {
    let optional = if field.optional { "?" } else { "" };
    format!("{}: {}{optional}", field.name, shown.schema.type_name(&field.ty))
}

/// Pixels that so many characters take at most in the fonts of [`STYLE`].
fn width_of(characters: usize, points: u32) -> u32 {
    u32::try_from(characters).unwrap_or(u32::MAX / 1000).saturating_mul(points * 61).div_ceil(100)
}

pub fn text(body: &mut String, x: u32, y: u32, class: &str, text: &str) {
    let _ = writeln!(body, r#"  <text class="{class}" x="{x}" y="{y}">{}</text>"#, escape(text));
}

fn shorten(name: &str) -> String {
    if name.chars().count() <= LONGEST_NAME {
        return name.to_owned();
    }
    name.chars().take(LONGEST_NAME - 1).chain(['…']).collect()
}

/// Text that XML can hold: markup escaped, characters that XML does not have left out.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\u{fffe}' | '\u{ffff}' => {}
            control if control.is_control() => {}
            character => escaped.push(character),
        }
    }
    escaped
}
