//! Documentation comments: whatever a description says, the comment ends where it should and odoc sees plain text.

use super::code::pad;
use crate::backend::is_printable;

const WIDTH: usize = 80;

/// `(** … *)`, filled, each line `indent` columns from the left, without a newline at its end. The text is odoc markup
/// ([`plain`] makes that of a description); paragraphs are parted by empty lines.
pub fn comment(markup: &str, indent: usize) -> String {
    let mut out = String::new();
    pad(&mut out, indent);
    out.push_str("(** ");
    let hanging = indent + 4;
    let mut column = hanging;
    let text = safe(markup);
    for (index, paragraph) in text.split("\n\n").filter(|text| !text.trim().is_empty()).enumerate() {
        if index > 0 {
            out.push_str("\n\n");
            pad(&mut out, hanging);
            column = hanging;
        }
        for (index, word) in paragraph.split_whitespace().enumerate() {
            let width = word.chars().count();
            if index > 0 && column + 1 + width > WIDTH {
                out.push('\n');
                pad(&mut out, hanging);
                column = hanging;
            } else if index > 0 {
                out.push(' ');
                column += 1;
            }
            out.push_str(word);
            column += width;
        }
    }
    if column + 3 > WIDTH {
        out.push('\n');
        pad(&mut out, indent);
        out.push_str("*)");
    } else {
        out.push_str(" *)");
    }
    out
}

/// The comment of a description; `None` if there is none, or nothing in it.
pub fn description(text: Option<&str>, indent: usize) -> Option<String> {
    let markup = plain(text?);
    (!markup.is_empty()).then(|| comment(&markup, indent))
}

/// A description as odoc markup that shows it: no references, styles or tags.
pub fn plain(text: &str) -> String {
    let mut markup = String::with_capacity(text.len());
    let text = text.trim().replace("\r\n", "\n");
    for line in text.split('\n') {
        if !markup.is_empty() {
            markup.push('\n');
        }
        for c in line.trim().chars() {
            match c {
                '{' | '}' | '[' | ']' | '@' | '\\' => {
                    markup.push('\\');
                    markup.push(c);
                }
                c => markup.push(legible(c)),
            }
        }
    }
    sentence(markup)
}

/// Code in odoc markup.
pub fn code(text: &str) -> String {
    let mut markup = String::with_capacity(text.len() + 2);
    markup.push('[');
    for c in text.chars() {
        match c {
            '[' | ']' | '{' | '}' | '\\' | '@' => {
                markup.push('\\');
                markup.push(c);
            }
            c => markup.push(legible(c)),
        }
    }
    markup.push(']');
    markup
}

/// What stands for `c` in a comment: a space for a control character, a replacement character for one that turns the
/// direction of the text around it.
fn legible(c: char) -> char {
    match c {
        c if c.is_control() => ' ',
        c if is_printable(c) => c,
        _ => '\u{fffd}',
    }
}

/// Text that ends in a full stop, unless it ends otherwise by itself.
fn sentence(mut text: String) -> String {
    if text.ends_with(|c: char| c.is_alphanumeric() || matches!(c, ')' | '`' | '\'' | '"')) {
        text.push('.');
    }
    text
}

/// Text that the lexer of OCaml takes for the inside of one comment: it looks for strings, quoted strings and
/// comments in there.
pub fn safe(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    // A pair of quotes is a string, which may hold nothing that a string may not.
    let quotes = text.matches('"').count().is_multiple_of(2) && !text.contains('\\') && !text.contains("'\"");
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, chars.peek().copied()) {
            ('"', _) if !quotes => out.push_str("''"),
            ('(', Some('*')) | ('*', Some(')')) => {
                out.push(c);
                out.push(' ');
            }
            ('{', _) if begins_quoted_string(chars.clone()) => out.push_str("{ "),
            _ => out.push(c),
        }
    }
    out
}

/// Whether what follows a `{` makes it the beginning of a quoted string: `{|`, `{id|`, `{%ext id|`.
fn begins_quoted_string(rest: impl Iterator<Item = char>) -> bool {
    let mut rest = rest.skip_while(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '\'' | '%' | '.' | ' ' | '\n'));
    rest.next() == Some('|')
}

#[cfg(test)]
mod tests {
    use super::{comment, plain};

    #[test]
    fn nothing_in_a_description_ends_or_extends_the_comment() {
        let table = [
            ("Who wrote it", "(** Who wrote it. *)"),
            ("a *) b (* c", "(** a * ) b ( * c. *)"),
            ("say \"hi\"", "(** say \"hi\". *)"),
            ("5\" wide", "(** 5'' wide. *)"),
            ("'\"' and \"", "(** '''' and ''. *)"),
            ("{|raw", "(** \\{ |raw. *)"),
            ("{x|raw|x}", "(** \\{ x|raw|x\\} *)"),
            ("{a, b} or {c}", "(** \\{a, b\\} or \\{c\\} *)"),
            ("@raise [x] \\", "(** \\@raise \\[x\\] \\\\ *)"),
            ("bell\u{7}, \u{202e}bidi", "(** bell , \u{fffd}bidi. *)"),
            ("two\n \n\n\n  paragraphs", "(** two\n\n    paragraphs. *)"),
        ];
        for (text, expected) in table {
            assert_eq!(comment(&plain(text), 0), expected);
        }
    }
}
