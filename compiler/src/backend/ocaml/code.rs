//! OCaml text: literals, positions, statements, and lines of at most 80 columns.

use std::fmt::Write;

use crate::backend::is_printable;

/// Longest line, where a line can be broken at all; one column is left for what may follow: `;` or ` =`.
pub const WIDTH: usize = 78;

/// Statements of a function's body, one below the other.
#[derive(Debug, Default)]
pub struct Block {
    indent: usize,
    out: String,
    count: usize,
    /// Whether the next statement has to be parted from the one before by `;`.
    open: bool,
}

impl Block {
    /// An empty block whose lines begin `indent` columns from the left.
    pub fn new(indent: usize) -> Self {
        Self { indent, out: String::with_capacity(512), ..Self::default() }
    }

    /// Whether nothing was added.
    pub fn is_empty(&self) -> bool {
        self.out.is_empty()
    }

    /// Adds a statement.
    pub fn statement(&mut self, text: &str) {
        self.next();
        self.open = true;
        fill(&mut self.out, text, self.indent);
    }

    /// Adds `let … in`.
    pub fn binding(&mut self, text: &str) {
        self.next();
        self.open = false;
        fill(&mut self.out, text, self.indent);
    }

    /// Adds a statement whose lines are laid out already.
    pub fn verbatim(&mut self, text: &str) {
        self.next();
        self.open = true;
        self.out.push_str(text);
    }

    /// Adds `if condition then` the statements of `body`.
    pub fn conditional(&mut self, condition: &str, body: Block) {
        let (begin, end) = if body.count > 1 { (" begin", true) } else { ("", false) };
        self.next();
        self.open = true;
        fill(&mut self.out, &format!("if {condition} then{begin}"), self.indent);
        self.out.push('\n');
        self.out.push_str(&body.out);
        if end {
            self.out.push('\n');
            fill(&mut self.out, "end", self.indent);
        }
    }

    /// A block for the body of [`Block::conditional`].
    pub fn inner(&self) -> Self {
        Self::new(self.indent + 2)
    }

    fn next(&mut self) {
        self.count += 1;
        if self.open {
            self.out.push(';');
        }
        if !self.out.is_empty() {
            self.out.push('\n');
        }
    }

    /// The text, for a value to follow it.
    pub fn finish_before_value(mut self) -> String {
        if self.open {
            self.out.push(';');
        }
        self.out
    }

    /// The text, without a newline at its end.
    pub fn finish(self) -> String {
        self.out
    }
}

/// Appends `text`, broken at spaces where it is too long: between arguments if it can be, else inside of them.
pub fn fill(out: &mut String, text: &str, indent: usize) {
    pad(out, indent);
    if indent + text.len() <= WIDTH {
        out.push_str(text);
        return;
    }
    let mut column = indent;
    for (index, chunk) in chunks(text, 0).into_iter().enumerate() {
        place(out, &mut column, chunk, indent + 2, index == 0, 0);
    }
}

/// Appends pieces that are not taken apart, after what the last line has already; lines that begin with one of them
/// begin `indent` columns from the left.
pub fn fill_pieces(out: &mut String, pieces: &[String], indent: usize) {
    let mut column = out.len() - out.rfind('\n').map_or(0, |newline| newline + 1);
    for piece in pieces {
        if column + 1 + piece.len() > WIDTH {
            out.push('\n');
            pad(out, indent);
            column = indent;
        } else {
            out.push(' ');
            column += 1;
        }
        out.push_str(piece);
        column += piece.len();
    }
}

/// Appends one chunk; one that does not fit into a line of its own is taken apart.
fn place(out: &mut String, column: &mut usize, chunk: &str, indent: usize, first: bool, depth: usize) {
    let space = usize::from(!first);
    if *column + space + chunk.len() <= WIDTH {
        if !first {
            out.push(' ');
        }
        out.push_str(chunk);
        *column += space + chunk.len();
        return;
    }
    let inner = chunks(chunk, depth + 1);
    if inner.len() > 1 && indent + chunk.len() > WIDTH {
        for (index, part) in inner.into_iter().enumerate() {
            place(out, column, part, indent + 2, first && index == 0, depth + 1);
        }
        return;
    }
    if !first {
        out.push('\n');
        pad(out, indent);
        *column = indent;
    }
    out.push_str(chunk);
    *column += chunk.len();
}

/// `text` cut at the spaces that are inside of at most `depth` parentheses and of no string.
fn chunks(text: &str, depth: usize) -> Vec<&str> {
    let mut chunks = Vec::new();
    let (mut start, mut parens, mut quoted, mut escaped) = (0, 0usize, false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'(' | b'[' | b'{' => parens += 1,
            b')' | b']' | b'}' => parens = parens.saturating_sub(1),
            b' ' if parens <= depth => {
                chunks.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    chunks.push(&text[start..]);
    chunks
}

/// Appends spaces.
pub fn pad(out: &mut String, mut columns: usize) {
    const SPACES: &str = "                ";
    while columns > 0 {
        let some = columns.min(SPACES.len());
        out.push_str(&SPACES[..some]);
        columns -= some;
    }
}

/// The position `offset` bytes after `base`, as an argument.
pub fn at(base: &str, offset: u32) -> String {
    if offset == 0 {
        return base.to_owned();
    }
    let mut out = String::with_capacity(base.len() + 15);
    out.push('(');
    out.push_str(base);
    out.push_str(" + ");
    push_number(&mut out, offset);
    out.push(')');
    out
}

/// Appends a number in decimal.
pub fn push_number(out: &mut String, number: u32) {
    let mut digits = [0; 10];
    let mut first = digits.len();
    let mut rest = number;
    loop {
        first -= 1;
        digits[first] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    out.extend(digits[first..].iter().map(|digit| char::from(*digit)));
}

/// A string literal. Text stays legible; what is not, control characters and changes of direction, is escaped.
pub fn string(text: &str) -> String {
    let mut literal = String::with_capacity(text.len() + 2);
    literal.push('"');
    if text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
        literal.push_str(text);
        literal.push('"');
        return literal;
    }
    for c in text.chars() {
        match c {
            '"' => literal.push_str("\\\""),
            '\\' => literal.push_str("\\\\"),
            '\n' => literal.push_str("\\n"),
            '\t' => literal.push_str("\\t"),
            c if !is_printable(c) => {
                let mut buffer = [0; 4];
                for byte in c.encode_utf8(&mut buffer).bytes() {
                    push_byte(&mut literal, byte);
                }
            }
            c => literal.push(c),
        }
    }
    literal.push('"');
    literal
}

/// A string literal of bytes, 16 a line; lines after the first begin `indent` columns from the left.
pub fn bytes(bytes: &[u8], indent: usize) -> String {
    let mut literal = String::with_capacity(bytes.len() * 4 + 8);
    literal.push('"');
    for (index, line) in bytes.chunks(16).enumerate() {
        if index > 0 {
            literal.push_str("\\\n");
            pad(&mut literal, indent + 1);
        }
        for byte in line {
            push_byte(&mut literal, *byte);
        }
    }
    literal.push('"');
    literal
}

fn push_byte(out: &mut String, byte: u8) {
    // Writing to a string does not fail.
    let _ = write!(out, "\\x{byte:02x}");
}

/// An integer, as an argument.
pub fn int(value: i128) -> String {
    if value < 0 { format!("({value})") } else { value.to_string() }
}

/// The `int64` literal with the bits of a 64-bit integer, as an argument.
pub fn int64(value: i128) -> String {
    if value < 0 {
        format!("({value}L)")
    } else if value > i128::from(i64::MAX) {
        format!("{value:#x}L")
    } else {
        format!("{value}L")
    }
}

/// A finite float, as an argument.
pub fn float(value: f64) -> String {
    let literal = format!("{value:?}");
    if literal.starts_with('-') { format!("({literal})") } else { literal }
}

#[cfg(test)]
mod tests {
    use super::{bytes, fill, float, int64, string};

    #[test]
    fn literals() {
        assert_eq!(string("a\"\\\n\u{7f}é\u{202e}"), r#""a\"\\\n\x7fé\xe2\x80\xae""#);
        assert_eq!(bytes(&[0, 255], 2), r#""\x00\xff""#);
        assert_eq!(int64(-1), "(-1L)");
        assert_eq!(int64(i128::from(u64::MAX)), "0xffffffffffffffffL");
        assert_eq!(float(-0.5), "(-0.5)");
        assert_eq!(float(1e300), "1e300");
    }

    /// A break inside of a string literal would change the string.
    #[test]
    fn lines_break_between_arguments_and_never_in_strings() {
        let mut out = String::new();
        let text = format!("f (g {}) \"{}\" x", "a ".repeat(30).trim(), "b ".repeat(50));
        fill(&mut out, &text, 4);
        let lines: Vec<&str> = out.lines().collect();
        assert_eq!(lines[0].trim(), format!("f (g {})", "a ".repeat(30).trim()));
        assert!(lines[1].starts_with("      \"b b"));
        assert_eq!(out.split_whitespace().collect::<Vec<_>>(), text.split_whitespace().collect::<Vec<_>>());
    }
}
