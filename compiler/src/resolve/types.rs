//! The grammar of types: text → [`Expr`]. Which names exist is left to [`super::fields`].
//!
//! ```text
//! type  = "[" type ";" bound "]" | "String" [ "<" bound ">" ] | "Vec" "<" type [ "," bound ] ">" | name
//! bound = decimal or 0x integer, 1 to 65535
//! ```
//! Spaces are free between tokens.

use std::ops::Range;

use crate::codes::{self, Code};
use crate::diag::quote;
use crate::suggest;

/// Arrays and vectors inside each other, at most.
pub const MAX_DEPTH: usize = 32;

/// The largest bound of an array, string or vector.
pub const MAX_BOUND: u32 = 65_535;

/// A type as written. Ranges are bytes of the type's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expr {
    /// A scalar, an enum or a struct.
    Name(String, Range<usize>),
    /// `[T; N]`.
    Array(Box<Expr>, u32),
    /// `String` or `String<N>`.
    String(Option<Bound>, Range<usize>),
    /// `Vec<T>` or `Vec<T, N>`.
    Vec(Box<Expr>, Option<Bound>, Range<usize>),
}

/// A bound written inline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bound {
    /// The bound, 1 to 65535.
    pub value: u32,
    /// Where it was written.
    pub at: Range<usize>,
}

/// Why a text is not a type.
#[derive(Clone, Debug)]
pub struct Fault {
    /// The code to report.
    pub code: &'static Code,
    /// The part of the text that is wrong.
    pub at: Range<usize>,
    /// What was found and what was expected.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// What to write instead of the part.
    pub replacement: Option<String>,
    /// Whether that is another spelling of the same, rather than a guess.
    pub sure: bool,
}

/// Reads a type. Stops at the first fault.
pub fn parse(text: &str) -> Result<Expr, Fault> {
    let mut parser = Parser { text, at: 0 };
    let expr = parser.ty(0)?;
    parser.spaces();
    match parser.peek() {
        None => Ok(expr),
        Some('?') => {
            let at = parser.at..text.len();
            Err(fault(at, "a type has no `?`").help("write `optional: true` beside `type`"))
        }
        Some(_) => {
            let found = quote(&text[parser.at..]);
            Err(fault(
                parser.at..text.len(),
                format!("{found} after the end of the type {}", quote(text[..parser.at].trim_ascii_end())),
            ))
        }
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Parser<'a> {
    fn ty(&mut self, depth: usize) -> Result<Expr, Fault> {
        self.spaces();
        let start = self.at;
        if depth > MAX_DEPTH {
            let message = format!("type nested more than {MAX_DEPTH} levels deep");
            return Err(Fault { code: &codes::E0206, ..fault(start..self.text.len(), message) });
        }
        if self.take('[') {
            return self.array(depth, start);
        }
        let name = self.word();
        let at = start..self.at;
        if name.is_empty() {
            return Err(self.unexpected("a type"));
        }
        self.spaces();
        match name {
            "String" => {
                let bound = if self.take('<') { Some(self.last_bound('>', &at)?) } else { None };
                Ok(Expr::String(bound, at))
            }
            "Vec" => self.vec(depth, at),
            _ if matches!(self.peek(), Some('<' | '(')) => Err(generic(name, start..self.text.len())),
            _ => Ok(Expr::Name(name.to_owned(), at)),
        }
    }

    fn array(&mut self, depth: usize, start: usize) -> Result<Expr, Fault> {
        let elem = self.ty(depth + 1)?;
        self.spaces();
        let separator = self.at..self.at + 1;
        if !self.take(';') {
            return Err(match self.peek() {
                Some(',') => fault(separator, "expected `;` between element type and length, found `,`").correct(";"),
                Some(']') => fault(start..self.at + 1, "array type without a length")
                    .help("write `[T; N]` for exactly N elements, or `Vec<T, N>` for at most N"),
                _ => self.unexpected("`;` and a length"),
            });
        }
        Ok(Expr::Array(Box::new(elem), self.last_bound(']', &(start..self.at))?.value))
    }

    fn vec(&mut self, depth: usize, at: Range<usize>) -> Result<Expr, Fault> {
        if !self.take('<') {
            return Err(fault(at, "`Vec` without an element type").help("write `Vec<T, N>`"));
        }
        let elem = self.ty(depth + 1)?;
        self.spaces();
        if self.take('>') {
            return Ok(Expr::Vec(Box::new(elem), None, at));
        }
        let separator = self.at..self.at + 1;
        if !self.take(',') {
            return Err(match self.peek() {
                Some(';') => fault(separator, "expected `,` between element type and bound, found `;`").correct(","),
                _ => self.unexpected("`,` and a bound, or `>`"),
            });
        }
        let bound = self.last_bound('>', &at)?;
        Ok(Expr::Vec(Box::new(elem), Some(bound), at))
    }

    /// A bound and the bracket that closes what `owner` opened.
    fn last_bound(&mut self, close: char, owner: &Range<usize>) -> Result<Bound, Fault> {
        self.spaces();
        let start = self.at;
        self.take('-');
        let digits = self.word();
        let at = start..self.at;
        if digits.is_empty() {
            return Err(self.unexpected("a number"));
        }
        let value = bound(&self.text[at.clone()], at.clone())?;
        self.spaces();
        if !self.take(close) {
            let mut fault = self.unexpected(&format!("`{close}`"));
            if self.peek().is_none() {
                fault.at = owner.start..self.text.len();
            }
            return Err(fault);
        }
        Ok(Bound { value, at })
    }

    fn unexpected(&self, expected: &str) -> Fault {
        match self.peek() {
            None => {
                fault(0..self.text.len(), format!("the type {} ends where {expected} is expected", quote(self.text)))
                    .unless_empty(self.text)
            }
            Some(c) => {
                let at = self.at..self.at + c.len_utf8();
                fault(at, format!("expected {expected}, found {}", quote(&c.to_string())))
            }
        }
    }

    fn spaces(&mut self) {
        while self.peek().is_some_and(|c| c.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    /// The letters, digits and `_` from here on (of any script: what may be a name is checked where it is looked up).
    fn word(&mut self) -> &'a str {
        let rest = &self.text[self.at..];
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn take(&mut self, c: char) -> bool {
        let taken = self.peek() == Some(c);
        if taken {
            self.at += c.len_utf8();
        }
        taken
    }
}

/// The number in a bound.
fn bound(text: &str, at: Range<usize>) -> Result<u32, Fault> {
    let (radix, digits) = match text.strip_prefix("0x") {
        Some(digits) => (16, digits),
        None => (10, text.strip_prefix('-').unwrap_or(text)),
    };
    let plain: String = digits.chars().filter(|c| *c != '_').collect();
    let padded = radix == 10 && plain.len() > 1 && plain.starts_with('0');
    if plain.is_empty() || !plain.chars().all(|c| c.is_digit(radix)) {
        let fault = fault(at, format!("expected a number, found {}", quote(text)));
        return Err(fault.help("a bound is a number from 1 to 65535: there are no named constants"));
    }
    if padded || plain.len() != digits.len() {
        let trimmed = plain.trim_start_matches('0');
        let right = if radix == 16 { format!("0x{plain}") } else { trimmed.to_owned() };
        let fault = fault(at, format!("{} is not how a number is written", quote(text)));
        return Err(if !(1..=20).contains(&right.len()) {
            fault
        } else if padded {
            fault.replacement(right)
        } else {
            fault.correct(right)
        });
    }
    match u32::from_str_radix(&plain, radix) {
        Ok(value) if (1..=MAX_BOUND).contains(&value) && !text.starts_with('-') => Ok(value),
        _ => {
            let message = format!("bound {} is not between 1 and {MAX_BOUND}", quote(text));
            Err(Fault { code: &codes::E0203, ..fault(at, message) })
        }
    }
}

/// A type with arguments that the language does not have.
fn generic(name: &str, at: Range<usize>) -> Fault {
    let help = match name {
        "Option" | "option" => Some("write the type alone, and `optional: true` beside it"),
        "Box" | "Rc" | "Arc" => Some("write the type alone: values are stored in place"),
        "HashMap" | "BTreeMap" | "Map" | "map" => Some("declare a struct of key and value, and use `Vec<Entry, N>`"),
        "List" | "list" | "vec" | "VecDeque" | "Array" | "array" => Some("write `Vec<T, N>` or `[T; N]`"),
        "string" | "str" => Some("write `String<N>`"),
        _ => None,
    };
    let fault = Fault { code: &codes::E0201, ..fault(at, format!("unknown type {}", quote(name))) };
    match help {
        Some(help) => fault.help(help),
        None => match suggest::nearest(name, ["String", "Vec"]) {
            Some(known) => {
                let rest = fault.at.start + name.len();
                Fault { at: fault.at.start..rest, ..fault }.replacement(known)
            }
            None => fault.help("only `String` and `Vec` take arguments in `<>`"),
        },
    }
}

fn fault(at: Range<usize>, message: impl Into<String>) -> Fault {
    Fault { code: &codes::E0202, at, message: message.into(), help: None, replacement: None, sure: false }
}

impl Fault {
    fn help(mut self, help: &str) -> Self {
        self.help = Some(help.to_owned());
        self
    }

    fn replacement(mut self, text: impl Into<String>) -> Self {
        self.replacement = Some(text.into());
        self
    }

    fn correct(self, text: impl Into<String>) -> Self {
        Self { sure: true, ..self.replacement(text) }
    }

    fn unless_empty(mut self, text: &str) -> Self {
        if text.trim_ascii().is_empty() {
            self.message = "the type is empty".to_owned();
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(expr: &Expr) -> String {
        let bound = |bound: &Option<Bound>| bound.as_ref().map_or("?".to_owned(), |b| b.value.to_string());
        match expr {
            Expr::Name(name, _) => name.clone(),
            Expr::Array(elem, len) => format!("array({},{len})", show(elem)),
            Expr::String(b, _) => format!("string({})", bound(b)),
            Expr::Vec(elem, b, _) => format!("vec({},{})", show(elem), bound(b)),
        }
    }

    /// Without it a spelling of a type that the language has could be refused or misread.
    #[test]
    fn accepted() {
        for (text, wanted) in [
            ("u8", "u8"),
            ("  u8\t", "u8"),
            ("Price", "Price"),
            ("[u8;20]", "array(u8,20)"),
            (" [ u8 ; 0x14 ] ", "array(u8,20)"),
            ("[[i16; 4]; 4]", "array(array(i16,4),4)"),
            ("String", "string(?)"),
            ("String<32>", "string(32)"),
            ("String < 32 >", "string(32)"),
            ("Vec<u8>", "vec(u8,?)"),
            ("Vec<[u8; 3], 3>", "vec(array(u8,3),3)"),
            ("Vec < Level , 65535 >", "vec(Level,65535)"),
            ("[String<4>; 2]", "array(string(4),2)"),
        ] {
            assert_eq!(show(&parse(text).unwrap()), wanted, "{text}");
        }
    }

    /// Without it a mistake in a type could be reported at the wrong place or with the wrong code.
    #[test]
    fn refused() {
        for (text, code, part) in [
            ("", "E0202", ""),
            ("  ", "E0202", "  "),
            ("[u8, 20]", "E0202", ","),
            ("[u8]", "E0202", "[u8]"),
            ("[u8; 20", "E0202", "[u8; 20"),
            ("[; 20]", "E0202", ";"),
            ("[u8; N]", "E0202", "N"),
            ("[u8; 1_000]", "E0202", "1_000"),
            ("[u8; 010]", "E0202", "010"),
            ("[u8; 0]", "E0203", "0"),
            ("[u8; -1]", "E0203", "-1"),
            ("[u8; 65536]", "E0203", "65536"),
            ("[u8; 99999999999999999999]", "E0203", "99999999999999999999"),
            ("Vec", "E0202", "Vec"),
            ("Vec<u8; 4>", "E0202", ";"),
            ("Vec<u8", "E0202", "Vec<u8"),
            ("Vec<>", "E0202", ">"),
            ("String<>", "E0202", ">"),
            ("String[32]", "E0202", "[32]"),
            ("u8 u8", "E0202", "u8"),
            ("u8?", "E0202", "?"),
            ("&str", "E0202", "&"),
            ("Option<u8>", "E0201", "Option<u8>"),
            ("HashMap<u8, u8>", "E0201", "HashMap<u8, u8>"),
            ("Strin<5>", "E0201", "Strin"),
        ] {
            let fault = parse(text).unwrap_err();
            assert_eq!((fault.code.id, &text[fault.at.clone()]), (code, part), "{text}: {}", fault.message);
        }
    }

    #[test]
    fn a_misspelt_generic_is_corrected_alone() {
        let corrected = |text| parse(text).unwrap_err().replacement;
        assert_eq!(corrected("[Vecc<u8, 3>; 2]").as_deref(), Some("Vec"));
        assert_eq!(corrected("Strng<5>").as_deref(), Some("String"));
        assert_eq!(corrected("Price<5>"), None);
    }

    /// Without it a hostile contract could overflow the stack.
    #[test]
    fn nesting_is_bounded() {
        let nested = |depth: usize| format!("{}u8{}", "[".repeat(depth), "; 1]".repeat(depth));
        assert!(parse(&nested(MAX_DEPTH)).is_ok());
        assert_eq!(parse(&nested(MAX_DEPTH + 1)).unwrap_err().code.id, "E0206");
        assert_eq!(parse(&nested(1_000_000)).unwrap_err().code.id, "E0206");
    }
}
