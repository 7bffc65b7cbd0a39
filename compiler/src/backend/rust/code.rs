//! Lines of Rust as rustfmt would lay them out (default options, style edition 2024), for the few forms
//! that generated code is made of.

/// rustfmt's `max_width`.
const MAX_WIDTH: usize = 100;

/// rustfmt's `fn_call_width` and `chain_width`.
const CALL_WIDTH: usize = 60;

/// The longest identifier for which every form below is what rustfmt would write. Items with a longer one are marked
/// `#[rustfmt::skip]`.
pub const MAX_NAME: usize = 36;

/// Appends pieces of text.
pub fn push(out: &mut String, pieces: &[&str]) {
    for piece in pieces {
        out.push_str(piece);
    }
}

/// A line of pieces of text.
pub fn line(out: &mut String, indent: usize, pieces: &[&str]) {
    spaces(out, indent);
    push(out, pieces);
    out.push('\n');
}

/// A statement: the call of a function, all arguments on one line or each on its own. An argument is in pieces.
pub fn call(out: &mut String, indent: usize, function: &str, arguments: &[&[&str]], end: &str) {
    let width = arguments.iter().map(|argument| width(argument) + 2).sum::<usize>().saturating_sub(2);
    spaces(out, indent);
    push(out, &[function, "("]);
    if width <= CALL_WIDTH && indent + function.len() + width + 2 + end.len() <= MAX_WIDTH {
        for (index, argument) in arguments.iter().enumerate() {
            if index > 0 {
                out.push_str(", ");
            }
            push(out, argument);
        }
    } else {
        out.push('\n');
        for argument in arguments {
            spaces(out, indent + 4);
            push(out, argument);
            out.push_str(",\n");
        }
        spaces(out, indent);
    }
    push(out, &[")", end, "\n"]);
}

/// A statement or expression: a method of a place.
pub fn chain(out: &mut String, indent: usize, place: &[&str], method: &[&str], end: &str) {
    spaces(out, indent);
    push(out, place);
    if width(place) + 1 + width(method) > CALL_WIDTH {
        out.push('\n');
        spaces(out, indent + 4);
    }
    out.push('.');
    push(out, method);
    push(out, &[end, "\n"]);
}

/// A chain of calls as an argument on a line of its own, `indent` columns from the left; the first of `links` is what
/// it begins with.
pub fn chained(indent: usize, sign: &str, links: &[&str]) -> String {
    // One call is no chain yet: it may fill the line up to its comma.
    let fits = width(links) <= if links.len() > 2 { CALL_WIDTH } else { MAX_WIDTH - indent - 1 };
    let mut out = sign.to_owned();
    for (index, link) in links.iter().enumerate() {
        if index > 0 && !fits {
            out.push('\n');
            spaces(&mut out, indent + 4);
        }
        out.push_str(link);
    }
    out
}

/// The call of a function as an argument on a line of its own, `indent` columns from the left.
pub fn nested(indent: usize, function: &str, arguments: [&str; 2]) -> String {
    let mut out = String::new();
    let [first, second] = arguments;
    call(&mut out, indent, function, &[&[first], &[second]], ",");
    out.trim().trim_end_matches(',').to_owned()
}

fn width(pieces: &[&str]) -> usize {
    pieces.iter().map(|piece| piece.len()).sum()
}

/// A private associated constant: a list, on one line where it fits.
pub fn list(out: &mut String, name: &str, ty: &str, values: Vec<String>) {
    let joined = values.join(", ");
    let one_line = ["const ", name, ": &[", ty, "] = &[", &joined, "];"];
    if width(&one_line) + 4 <= MAX_WIDTH && joined.len() + 2 <= CALL_WIDTH {
        line(out, 4, &one_line);
        return;
    }
    // rustfmt would pack short values into lines; one a line is easier to compare.
    line(out, 4, &["#[rustfmt::skip]"]);
    line(out, 4, &["const ", name, ": &[", ty, "] = &["]);
    for value in values {
        line(out, 8, &[&value, ","]);
    }
    line(out, 4, &["];"]);
}

/// A private associated constant: `head` up to the `=`, then the call of a function with two arguments.
pub fn constant(out: &mut String, head: &str, function: &str, [first, second]: &[String; 2]) {
    let width = first.len() + ", ".len() + second.len();
    let fits = head.len() + function.len() + width + "     ();".len() <= MAX_WIDTH;
    if fits || width > CALL_WIDTH {
        call(out, 4, &format!("{head} {function}"), &[&[first], &[second]], ";");
    } else {
        line(out, 4, &[head]);
        call(out, 8, function, &[&[first], &[second]], ";");
    }
}

/// The first line, or lines, of a public method without arguments.
pub fn getter(out: &mut String, name: &str, returned: &str) {
    let fits = "    pub fn (&self) ->  {".len() + name.len() + returned.len() <= MAX_WIDTH;
    let receiver = if fits { "(&self) -> " } else { "(\n        &self,\n    ) -> " };
    line(out, 4, &["pub fn ", name, receiver, returned, " {"]);
}

fn spaces(out: &mut String, count: usize) {
    const SPACES: &str = "                ";
    for _ in 0..count / SPACES.len() {
        out.push_str(SPACES);
    }
    out.push_str(&SPACES[..count % SPACES.len()]);
}

/// A string literal.
pub fn string(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            ' '..='~' => out.push(c),
            _ if c.is_alphanumeric() => out.push(c),
            _ => out.extend(c.escape_unicode()),
        }
    }
    out.push('"');
    out
}

/// An integer literal with its digits in groups.
pub fn integer(value: i128) -> String {
    let digits = value.unsigned_abs().to_string();
    let mut out = String::with_capacity(digits.len() * 4 / 3 + 2);
    if value < 0 {
        out.push('-');
    }
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push('_');
        }
        out.push(digit);
    }
    out
}

/// Bytes in hexadecimal, separated by commas.
pub fn bytes(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * 6);
    for (index, byte) in bytes.iter().enumerate() {
        if index > 0 {
            out.push_str(", ");
        }
        out.push_str(&format!("0x{byte:02x}"));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals() {
        assert_eq!(string("a\"\\\n\u{202e}é"), r#""a\"\\\u{a}\u{202e}é""#);
        let integers = [(0, "0"), (999, "999"), (1000, "1_000"), (-1234567, "-1_234_567")];
        for (value, expected) in integers {
            assert_eq!(integer(value), expected);
        }
        assert_eq!(bytes(&[0, 255]), "0x00, 0xff");
    }
}
