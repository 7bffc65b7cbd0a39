//! Diagnostics with excerpts of the source, by `annotate-snippets`. It gets the few lines it shows,
//! never the whole text, and of a long line only what is around the place: thousands of
//! diagnostics, or one in a line of a megabyte, cost no more than what is printed.

use annotate_snippets::{AnnotationKind, Element, Group, Level, Renderer, Snippet};

use super::render::{is_unprintable, printable};
use super::{Diagnostic, Severity, quote};
use crate::source::{SourceFile, SourceId, SourceMap, Span};

/// Places at most this many lines apart share an excerpt.
const NEAR_LINES: u32 = 6;
/// Longest line shown whole, in bytes.
const WHOLE_LINE: usize = 200;
/// Characters shown to either side of a place in a longer line, and most of the place itself.
const AROUND: usize = 60;

pub(super) fn render(sources: &SourceMap, diagnostics: &[Diagnostic], color: bool) -> String {
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    let mut text = String::new();
    for diagnostic in diagnostics {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&one(&renderer, sources, diagnostic, level(diagnostic), &[]));
        text.push('\n');
    }
    text
}

pub(super) fn render_as(
    sources: &SourceMap,
    diagnostic: &Diagnostic,
    severity: &str,
    notes: &[String],
    color: bool,
) -> String {
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    one(&renderer, sources, diagnostic, level(diagnostic).with_name(severity), notes) + "\n"
}

fn level(diagnostic: &Diagnostic) -> Level<'static> {
    match diagnostic.severity() {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    }
}

fn one(renderer: &Renderer, sources: &SourceMap, diagnostic: &Diagnostic, level: Level, notes: &[String]) -> String {
    let excerpts = excerpts(sources, diagnostic);
    let title = level.primary_title(printable(&diagnostic.message)).id(diagnostic.code.id);
    let mut group = Group::with_title(title);
    for excerpt in &excerpts {
        group = group.element(excerpt.snippet());
    }
    for note in notes {
        group = group.element(Element::from(Level::NOTE.message(printable(note))));
    }
    for help in help(diagnostic) {
        group = group.element(Element::from(Level::HELP.message(help)));
    }
    let mut text = renderer.render(&[group]);
    for excerpt in &excerpts {
        excerpt.correct_column(&mut text);
    }
    text
}

/// The help, and the suggested edit where the words don't name it yet.
fn help(diagnostic: &Diagnostic) -> Vec<String> {
    let mut lines: Vec<String> = diagnostic.help.iter().map(|help| printable(help).into_owned()).collect();
    if let Some(edit) = &diagnostic.suggestion {
        let right = quote(&edit.replacement);
        let named = |text: &str| text.contains(&right);
        if !named(&diagnostic.message) && !lines.iter().any(|line| named(line)) {
            lines.push(format!("write {right}"));
        }
    }
    lines
}

/// A place to underline, on one line.
struct Mark<'a> {
    kind: AnnotationKind,
    line: u32,
    start: usize,
    end: usize,
    label: &'a str,
}

/// Some lines of one file.
struct Excerpt<'a> {
    file: &'a SourceFile,
    first_line: u32,
    text: String,
    /// Places in `text`.
    marks: Vec<(AnnotationKind, std::ops::Range<usize>, &'a str)>,
    /// The line and the columns of the place that the header names, as `text` has it and as it is.
    header: (u32, u32, u32),
}

fn excerpts<'a>(sources: &'a SourceMap, diagnostic: &'a Diagnostic) -> Vec<Excerpt<'a>> {
    let Some(primary) = diagnostic.span else { return Vec::new() };
    let places = std::iter::once((primary, diagnostic.label.as_str(), AnnotationKind::Primary))
        .chain(diagnostic.related.iter().map(|(span, label)| (*span, label.as_str(), AnnotationKind::Context)));
    let mut files: Vec<(SourceId, &SourceFile, Vec<Mark>)> = Vec::new();
    for (span, label, kind) in places {
        let Some(file) = sources.get(span.source) else { continue };
        let mark = mark(file, span, label, kind);
        match files.iter_mut().find(|(id, ..)| *id == span.source) {
            Some((.., marks)) => marks.push(mark),
            None => files.push((span.source, file, vec![mark])),
        }
    }
    let mut excerpts = Vec::new();
    for (_, file, mut marks) in files {
        marks.sort_by_key(|mark| (mark.line, mark.start));
        excerpts.extend(marks.chunk_by(|a, b| share(file, a, b)).map(|marks| excerpt(file, marks)));
    }
    // The place itself first, however late in the file it is.
    excerpts.sort_by_key(|excerpt| !excerpt.marks.iter().any(|(kind, ..)| matches!(kind, AnnotationKind::Primary)));
    excerpts
}

/// A span as a mark on its first line.
fn mark<'a>(file: &SourceFile, span: Span, label: &'a str, kind: AnnotationKind) -> Mark<'a> {
    let line = file.line_column(span.start).line;
    let range = file.line_range(line);
    let start = boundary_before(file.text(), (span.start as usize).clamp(range.start, range.end));
    let end = boundary_before(file.text(), (span.end as usize).clamp(start, range.end));
    Mark { kind, line, start, end, label }
}

/// The last character boundary that is not after `at`.
fn boundary_before(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default()
}

/// Whether two marks, the first before the second, can stand in one excerpt.
fn share(file: &SourceFile, a: &Mark, b: &Mark) -> bool {
    let long = file.line_range(a.line).len() > WHOLE_LINE;
    if a.line == b.line { !long || b.end.saturating_sub(a.start) <= AROUND } else { b.line - a.line <= NEAR_LINES }
}

fn excerpt<'a>(file: &'a SourceFile, marks: &[Mark<'a>]) -> Excerpt<'a> {
    let first_line = marks.first().map_or(1, |mark| mark.line);
    let last_line = marks.last().map_or(first_line, |mark| mark.line);
    let mut excerpt = Excerpt { file, first_line, text: String::new(), marks: Vec::new(), header: (0, 0, 0) };
    for line in first_line..=last_line {
        let of_line: Vec<_> = marks.iter().filter(|mark| mark.line == line).collect();
        excerpt.line(line, &of_line);
    }
    excerpt
}

impl<'a> Excerpt<'a> {
    /// Appends a line, or the part of it that is around its marks.
    fn line(&mut self, line: u32, marks: &[&Mark<'a>]) {
        let range = self.file.line_range(line);
        let whole = self.file.text();
        let start = marks.iter().map(|mark| mark.start).min().unwrap_or(range.start);
        let end = marks.iter().map(|mark| mark.end).max().unwrap_or(range.start).min(start + 2 * AROUND);
        let (from, to) = if range.len() <= WHOLE_LINE {
            (range.start, range.end)
        } else {
            (
                boundary_before(whole, start.saturating_sub(AROUND).max(range.start)),
                boundary_before(whole, (end + AROUND).min(range.end)),
            )
        };
        let line_start = self.text.len();
        if from > range.start {
            self.text.push('…');
        }
        let text_start = self.text.len();
        self.text.extend(whole[from..to].chars().map(visible));
        for mark in marks {
            let before = |at: usize| -> usize {
                whole[from..at.clamp(from, to)].chars().map(|c| visible(c).len_utf8()).sum::<usize>() + text_start
            };
            let shown = before(mark.start)..before(mark.end);
            let primary = matches!(mark.kind, AnnotationKind::Primary);
            if self.header.0 == 0 || primary {
                let column = self.text[line_start..shown.start].chars().count() as u32 + 1;
                self.header = (line, column, self.file.line_column(mark.start as u32).column);
            }
            self.marks.push((mark.kind, shown, mark.label));
        }
        if to < range.end {
            self.text.push('…');
        }
        self.text.push('\n');
    }

    fn snippet(&self) -> Snippet<'_, annotate_snippets::Annotation<'_>> {
        let marks = self.marks.iter().map(|(kind, range, label)| {
            let label = (!label.is_empty()).then(|| printable(label));
            kind.span(range.clone()).label(label)
        });
        Snippet::source(self.text.as_str())
            .path(printable(self.file.name()))
            .line_start(self.first_line as usize)
            .annotations(marks)
    }

    /// The header counts columns in what is shown of a line; here it gets the column in the file.
    fn correct_column(&self, text: &mut String) {
        let (line, shown, real) = self.header;
        if shown == real {
            return;
        }
        let header = |column: u32| format!("{}:{line}:{column}", printable(self.file.name()));
        for end in ["\n", "\u{1b}"] {
            let (wrong, right) = (header(shown) + end, header(real) + end);
            if let Some(at) = text.find(&wrong) {
                text.replace_range(at..at + wrong.len(), &right);
                return;
            }
        }
    }
}

/// One character for each, so that columns stay what they are.
fn visible(c: char) -> char {
    if c == '\t' || !is_unprintable(c) { c } else { char::REPLACEMENT_CHARACTER }
}
