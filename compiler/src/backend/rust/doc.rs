//! Text of a contract as documentation comments of Rust: what the author wrote is what a reader sees, it cannot leave
//! its comment, and rustdoc finds no link, tag, code to run or list in it.

use crate::backend::is_printable;

/// The lines of a description, without comment markers; at least one unless it is blank.
pub fn description(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for line in text.replace("\r\n", "\n").split(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}']) {
        let line = inline(line.trim());
        // One blank line is as good as many.
        if !line.is_empty() || lines.last().is_some_and(|last| !last.is_empty()) {
            lines.push(line);
        }
    }
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    lines
}

/// Appends a comment of several lines, each with its line feed.
pub fn comment(out: &mut String, indent: &str, lines: &[String]) {
    for line in lines {
        out.push_str(indent);
        out.push_str("///");
        if !line.is_empty() {
            out.push(' ');
            out.push_str(line);
        }
        out.push('\n');
    }
}

/// Text as a code span, where it can be one.
pub fn code(text: &str) -> String {
    let plain = |c: char| c != '`' && is_printable(c);
    if !text.is_empty() && text.chars().all(plain) && text.trim() == text { format!("`{text}`") } else { inline(text) }
}

/// One line of text in Markdown.
pub fn inline(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let begins = rest.len() == text.len();
        if let Some(length) = code_span(rest).or_else(|| words(rest)) {
            out.push_str(&rest[..length]);
            rest = &rest[length..];
            continue;
        }
        if let Some(length) = url(rest) {
            out.push('<');
            out.push_str(&rest[..length]);
            out.push('>');
            rest = &rest[length..];
            continue;
        }
        rest = &rest[c.len_utf8()..];
        if !is_printable(c) {
            out.push(if c == '\t' { ' ' } else { '\u{fffd}' });
            continue;
        }
        if matches!(c, '\\' | '`' | '[' | ']' | '<' | '~' | '|' | '&')
            || (c == '*' && !rest.starts_with(' '))
            || (c == '_' && !(out.ends_with(is_word) && rest.starts_with(is_word)))
            || (begins && matches!(c, '#' | '+' | '-' | '*' | '_' | '=' | '>' | ':'))
            || (matches!(c, '.' | ')') && is_list_number(text, rest))
        {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric()
}

/// The bytes at the start that mean nothing in Markdown, whatever is around them.
fn words(rest: &str) -> Option<usize> {
    let plain = |c: char| c.is_ascii_alphabetic() || c == ' ' || c == ',';
    match rest.find(|c| !plain(c)).unwrap_or(rest.len()) {
        0 => None,
        // A web address begins with letters.
        length if rest[length..].starts_with("://") => match rest[..length].rfind([' ', ',']) {
            Some(last) => Some(last + 1),
            None if is_web(rest) => None,
            None => Some(length),
        },
        length => Some(length),
    }
}

fn is_web(rest: &str) -> bool {
    rest.starts_with("http://") || rest.starts_with("https://")
}

/// The length of the code span at the start: one pair of single backticks.
fn code_span(rest: &str) -> Option<usize> {
    let inside = rest.strip_prefix('`')?;
    let length = inside.find('`')?;
    let content = &inside[..length];
    let fine =
        !content.trim().is_empty() && content.chars().all(is_printable) && !inside[length + 1..].starts_with('`');
    fine.then_some(length + 2)
}

/// The length of the web address at the start, which rustdoc wants in angle brackets.
fn url(rest: &str) -> Option<usize> {
    if !is_web(rest) {
        return None;
    }
    let inside = |c: char| c.is_ascii_graphic() && !matches!(c, '<' | '>' | '`' | '\\' | '"');
    let length = rest.find(|c| !inside(c)).unwrap_or(rest.len());
    let length = rest[..length].trim_end_matches(['.', ',', ';', ':', '!', '?', ')', ']', '\'', '*', '_']).len();
    (length > "https://".len()).then_some(length)
}

/// Whether what precedes the `.` or `)` before `rest` is a number at the start of `text`.
fn is_list_number(text: &str, rest: &str) -> bool {
    let before = &text[..text.len() - rest.len() - 1];
    !before.is_empty() && before.bytes().all(|c| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    // Each of these would be a rustdoc warning, a failing doctest or a comment that ends early.
    #[test]
    fn markdown_in_descriptions_is_shown_as_written() {
        let cases = [
            ("Decimal price: mantissa * 10^exponent", "Decimal price: mantissa * 10^exponent"),
            ("a [link] and <T> and Vec<u8>", r"a \[link\] and \<T> and Vec\<u8>"),
            ("*/ /* no comment", r"\*/ /* no comment"),
            ("see https://example.com/a?b=c.", "see <https://example.com/a?b=c>."),
            ("(https://example.com)", "(<https://example.com>)"),
            ("file:///tmp/x and http://", "file:///tmp/x and http://"),
            ("`code [x]` stays, ` alone does not", r"`code [x]` stays, \` alone does not"),
            ("``` fence", r"\`\`\` fence"),
            ("# heading", r"\# heading"),
            ("- item", r"\- item"),
            ("1. item", r"1\. item"),
            ("1.5 of them", r"1\.5 of them"),
            ("__init__ and a_b", r"\_\_init\_\_ and a_b"),
            ("a | b", r"a \| b"),
            ("&lt; \\", r"\&lt; \\"),
            ("tab\there, bell\u{7}, \u{202e}bidi", "tab here, bell\u{fffd}, \u{fffd}bidi"),
        ];
        for (text, expected) in cases {
            assert_eq!(inline(text), expected);
        }
    }

    #[test]
    fn lines_lose_their_indentation_and_surplus_blank_lines() {
        let text = "\n\n    let x = 1;\n\n\n    indented\r\nlast\n\n";
        assert_eq!(description(text), ["let x = 1;", "", "indented", "last"]);
        assert!(description(" \n ").is_empty());
        let mut out = String::new();
        comment(&mut out, "  ", &["a".to_owned(), String::new()]);
        assert_eq!(out, "  /// a\n  ///\n");
    }

    #[test]
    fn code_spans_hold_no_backtick() {
        assert_eq!((code("a.b").as_str(), code("a`b").as_str(), code("").as_str()), ("`a.b`", r"a\`b", ""));
    }
}
