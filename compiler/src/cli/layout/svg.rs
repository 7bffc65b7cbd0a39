//! The layout as an SVG picture: a row a field, its bytes drawn to scale. Colours follow the
//! reader's light or dark theme.

use std::fmt::Write;

use myc_schema::layout::Use;

use super::{Shown, type_name, usage_name};

const WIDTH: u32 = 960;
const BAR_LEFT: u32 = 336;
const BAR_WIDTH: u32 = 600;
const ROW: u32 = 22;
const MARGIN: u32 = 24;

const STYLE: &str = "
    text { font: 12px ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace; fill: #1f2328; }
    .head { font-size: 14px; font-weight: bold; }
    .quiet { fill: #59636e; }
    .page { fill: #ffffff; }
    .row { fill: #f3f5f7; }
    .value { fill: #0969da; }
    .length, .presence { fill: #bc4c00; }
    .padding { fill: #afb8c1; }
    @media (prefers-color-scheme: dark) {
      text { fill: #e6edf3; }
      .quiet { fill: #9198a1; }
      .page { fill: #0d1117; }
      .row { fill: #1b222b; }
      .value { fill: #4493f8; }
      .length, .presence { fill: #f0883e; }
      .padding { fill: #545d68; }
    }
  ";

/// The whole picture.
pub fn draw(shown: &Shown<'_>) -> String {
    let mut body = String::new();
    let mut top = MARGIN;
    for composite in &shown.composites {
        let layout = composite.layout;
        let head = match composite.message {
            Some(message) => format!("message {} (type {}, topic {})", message.name, message.type_id, message.topic),
            None => format!("struct {}", composite.name),
        };
        let padding = composite.padding(shown.schema);
        let size = format!("{} bytes, align {}, {padding} padding", layout.size, layout.align);
        text(&mut body, MARGIN, top + 14, "head", &head);
        text(&mut body, MARGIN, top + 32, "quiet", &size);
        top += 42;
        let scale = f64::from(BAR_WIDTH) / f64::from(layout.size.max(1));
        for (field, pieces) in composite.pieces(shown.schema) {
            let optional = if field.optional { "?" } else { "" };
            let name = format!("{}: {}{optional}", field.name, type_name(shown.schema, &field.ty));
            text(&mut body, MARGIN, top + 15, "quiet", &format!("{:>7}", field.place.offset));
            text(&mut body, MARGIN + 64, top + 15, "name", &shorten(&name));
            let _ = writeln!(
                body,
                r#"  <rect class="row" x="{BAR_LEFT}" y="{}" width="{BAR_WIDTH}" height="{}"/>"#,
                top + 2,
                ROW - 4
            );
            for piece in pieces {
                let left = f64::from(BAR_LEFT) + f64::from(piece.offset) * scale;
                let width = (f64::from(piece.size) * scale).max(1.0);
                let usage = usage_name(piece.usage);
                let of = if piece.usage == Use::Padding { "zero bytes" } else { usage };
                let title = format!("{name}, bytes {} to {}: {of}", piece.offset, piece.offset + piece.size - 1);
                let _ = writeln!(
                    body,
                    r#"  <rect class="{usage}" x="{left:.2}" y="{}" width="{width:.2}" height="{}"><title>{}</title></rect>"#,
                    top + 2,
                    ROW - 4,
                    escape(&title)
                );
            }
            top += ROW;
        }
        top += MARGIN;
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{top}\" viewBox=\"0 0 {WIDTH} {top}\" \
         role=\"img\" aria-label=\"layout of messages\">\n  <style>{STYLE}</style>\n  \
         <rect class=\"page\" width=\"{WIDTH}\" height=\"{top}\"/>\n{body}</svg>\n"
    )
}

fn text(body: &mut String, x: u32, y: u32, class: &str, text: &str) {
    let _ = writeln!(body, r#"  <text class="{class}" x="{x}" y="{y}" xml:space="preserve">{}</text>"#, escape(text));
}

/// What fits before the bar; the whole is in the bar's title.
fn shorten(name: &str) -> String {
    const FITS: usize = 32;
    if name.chars().count() <= FITS { name.to_owned() } else { name.chars().take(FITS - 1).chain(['…']).collect() }
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
