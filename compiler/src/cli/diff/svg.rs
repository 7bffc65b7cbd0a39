//! Differences as an SVG picture: the layout command's, before on the left, after on the right.

use std::collections::BTreeMap;
use std::fmt::Write;

use myc_schema::ir::Field;

use super::super::layout;
use super::super::layout::svg::{self, Beside};
use super::{AS_BEFORE, Shown, drawn, head};

/// Pixels from one line of words to the next.
const LINE: u32 = 18;

/// The whole picture.
pub fn draw(shown: &Shown<'_>) -> String {
    let side = |schema, composites: Vec<layout::Composite<'_>>| {
        let shown = layout::Shown { schema, composites };
        svg::bar_left(&shown)
    };
    let left_bar = side(shown.old, shown.changes.iter().filter_map(|change| change.old.as_ref().map(drawn)).collect());
    let right_bar = side(shown.new, shown.changes.iter().filter_map(|change| change.new.as_ref().map(drawn)).collect());
    let (olds, news) = (
        layout::Shown { schema: shown.old, composites: Vec::new() },
        layout::Shown { schema: shown.new, composites: Vec::new() },
    );
    let (mut left, mut right) = (String::new(), String::new());
    let mut top = svg::MARGIN + 24;
    let (mut left_width, mut right_width) = (0, 0);
    if shown.changes.is_empty() {
        svg::text(&mut left, svg::MARGIN, top + 14, "", AS_BEFORE);
        top += 20 + svg::MARGIN;
    }
    for change in &shown.changes {
        let mut bottom = top;
        let marks: BTreeMap<Side<'_>, char> =
            change.fields.iter().flat_map(|(was, is)| sides(shown, *was, *is)).collect();
        if change.old.is_some() && change.new.is_some() {
            let [size, padding] = shown.numbers(change).map(|(old, new)| difference(old, new));
            let words = format!("{size} bytes, {padding} padding");
            svg::text(&mut right, right_bar, top + 14, "head", &words);
        }
        let sizes = [change.old, change.new].map(|side| side.map_or(0, |composite| composite.layout.size));
        for (body, width, bar, shown, composite, is_new) in [
            (&mut left, &mut left_width, left_bar, &olds, &change.old, false),
            (&mut right, &mut right_width, right_bar, &news, &change.new, true),
        ] {
            match composite {
                Some(composite) => {
                    let mark = |field: &Field| marks.get(&(is_new, &*field.name)).and_then(|mark| class(*mark));
                    let marks = composite.fields.iter().map(mark).collect();
                    let beside = Beside { scale: sizes[0].max(sizes[1]), marks };
                    let drawn = svg::draw_one(body, bar, top, shown, &drawn(composite), &beside);
                    *width = (*width).max(drawn.0);
                    bottom = bottom.max(drawn.1);
                }
                None => {
                    let other = if is_new { "removed" } else { "new" };
                    svg::text(body, svg::MARGIN, top + 14, "quiet", &format!("{} is {other}", head(change)));
                }
            }
        }
        top = bottom.max(top + 20) + svg::MARGIN;
    }
    // Both sides are as wide, so that rows of one field are at the same place of each.
    let width = left_width.max(right_width).max(400);
    let mut body = String::new();
    for (x, name, words, part) in [(0, shown.names.0, "before", left), (width, shown.names.1, "after", right)] {
        let _ = writeln!(body, r#"  <g transform="translate({x} 0)">"#);
        svg::text(&mut body, svg::MARGIN, svg::MARGIN + 8, "quiet", &format!("{words}: {name}"));
        body.push_str(&part);
        body.push_str("  </g>\n");
    }
    let mut height = svg::legend(&mut body, top);
    let mut at = svg::MARGIN;
    for (mark, words) in [('+', "new"), ('-', "gone"), ('~', "otherwise")] {
        let class = class(mark).map_or("", |(_, class)| class);
        svg::text(&mut body, at, height, class, &mark.to_string());
        svg::text(&mut body, at + 14, height, "quiet", words);
        at += 100;
    }
    // Letters are less than 8 pixels wide.
    let letters = ((2 * width - 2 * svg::MARGIN) / 8) as usize;
    if let Some(paused) = &shown.paused {
        height += LINE;
        for line in lines(paused, letters) {
            height += LINE;
            svg::text(&mut body, svg::MARGIN, height, "", &line);
        }
    }
    height += 2 * LINE;
    svg::text(&mut body, svg::MARGIN, height, "head", "Deploy");
    for (number, step) in (1..).zip(&shown.steps) {
        for line in lines(&format!("{number}. {step}"), letters) {
            height += LINE;
            svg::text(&mut body, svg::MARGIN, height, "", &line);
        }
    }
    let height = height + svg::MARGIN;
    svg::page(&body, 2 * width, height, "bytes of messages before and after")
}

/// A field by its side, which is the newer one or not, and its name.
type Side<'a> = (bool, &'a str);

/// The marks of a field on both sides.
fn sides<'a>(
    shown: &Shown<'_>,
    was: Option<&'a Field>,
    is: Option<&'a Field>,
) -> impl Iterator<Item = (Side<'a>, char)> {
    let mark = shown.mark(was, is);
    let side = move |newer: bool, field: Option<&'a Field>| field.map(|field| ((newer, &*field.name), mark));
    [side(false, was), side(true, is)].into_iter().flatten()
}

/// How a mark is drawn.
fn class(mark: char) -> Option<(char, &'static str)> {
    match mark {
        '+' => Some((mark, "added")),
        '-' => Some((mark, "removed")),
        '~' => Some((mark, "changed")),
        _ => None,
    }
}

/// `+16`, `-4` or `+0`.
fn difference(old: Option<u32>, new: Option<u32>) -> String {
    format!("{:+}", i64::from(new.unwrap_or(0)) - i64::from(old.unwrap_or(0)))
}

/// A text in lines of at most so many letters, broken between words.
fn lines(text: &str, letters: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= letters => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}
