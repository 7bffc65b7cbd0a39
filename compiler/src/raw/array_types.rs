//! Types written as YAML lists. `[u8; 20]` without quotes is a list of one text to YAML, and
//! `[[i16; 4]; 4]` is not YAML at all; both mean the type as it stands there.

use super::tree::{Kind, Node};

/// The text with the inner brackets of array types in array types (`[[i16; 4]; 4]`) replaced by
/// parentheses, which YAML can read and no type has; every byte keeps its place.
/// `None` where there is no such type.
pub(super) fn make_readable(text: &str) -> Option<String> {
    let mut bytes = text.as_bytes().to_vec();
    let mut changed = false;
    let mut at = 0;
    while let Some(found) = text[at..].find("[[").map(|found| at + found) {
        let open = text[..found].trim_end_matches(' ');
        let is_value = open.len() < found && open.ends_with(':');
        let len = if is_value { nested_array(&text[found..]) } else { None };
        at = found + len.unwrap_or(2);
        for byte in &mut bytes[found + 1..at - 1] {
            if len.is_some() && matches!(*byte, b'[' | b']') {
                *byte = if *byte == b'[' { b'(' } else { b')' };
                changed = true;
            }
        }
    }
    if !changed {
        return None;
    }
    String::from_utf8(bytes).ok()
}

/// A scalar as it was `written`, from the scalar that the parser made of the `readable` text in its place.
pub(super) fn restore(scalar: &str, readable: &str, written: &str) -> String {
    let parenthesis = |c: &char| matches!(c, '(' | ')');
    let mut brackets = readable.chars().zip(written.chars()).filter(|(c, _)| parenthesis(c)).map(|(_, c)| c);
    scalar.chars().map(|c| if parenthesis(&c) { brackets.next().unwrap_or(c) } else { c }).collect()
}

/// The length of an array type at the beginning of `text`, where what follows ends a YAML value:
/// opening brackets, a name, and as often `; N]`.
fn nested_array(text: &str) -> Option<usize> {
    const DEEPEST: usize = 16;
    let mut rest = text;
    let mut depth = 0;
    while let Some(inner) = rest.strip_prefix('[').filter(|_| depth < DEEPEST) {
        rest = inner.trim_start_matches(' ');
        depth += 1;
    }
    rest = word(rest)?;
    for _ in 0..depth {
        let length = rest.trim_start_matches(' ').strip_prefix(';')?;
        rest = word(length.trim_start_matches(' '))?.trim_start_matches(' ').strip_prefix(']')?;
    }
    let after = rest.trim_start_matches(' ');
    let ends = after.is_empty() || after.starts_with([',', '}', '\n', '\r', '#']);
    ends.then_some(text.len() - rest.len())
}

/// What follows a name or number.
fn word(text: &str) -> Option<&str> {
    let rest = text.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_');
    (rest.len() < text.len()).then_some(rest)
}

/// The type a list without quotes stands for: `[u8; 20]` for a list of the text `u8; 20`.
/// `None` for a list that can't be one.
pub(super) fn from_list(items: &[Node]) -> Option<String> {
    let items: Option<Vec<String>> = items.iter().map(from_item).collect();
    Some(format!("[{}]", items?.join(", ")))
}

fn from_item(item: &Node) -> Option<String> {
    match &item.kind {
        Kind::Plain(text) | Kind::Text { text, .. } => Some(text.to_string()),
        Kind::List { items, flow: true } => from_list(items),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{make_readable, restore};

    #[test]
    fn texts_keep_their_own_parentheses() {
        let written = "see (a) or b: [[u8; 1]; 2]\n  (c)";
        let readable = make_readable(written).unwrap_or_default();
        assert_eq!(readable, "see (a) or b: [(u8; 1); 2]\n  (c)");
        assert_eq!(restore("see (a) or b: [(u8; 1); 2] (c)", &readable, written), "see (a) or b: [[u8; 1]; 2] (c)");
    }

    #[test]
    fn only_types_in_the_place_of_a_value() {
        for (text, expected) in [
            ("a: [[i16; 4]; 4]\n", Some("a: [(i16; 4); 4]\n")),
            ("a: { b:  [[[u8; 2]; 3]; 4] , c: [u8; 4] }", Some("a: { b:  [((u8; 2); 3); 4] , c: [u8; 4] }")),
            ("a: [[x; 1]; 2] # why", Some("a: [(x; 1); 2] # why")),
            ("a: [[1, 2], [3]]", None),
            ("a: text [[u8; 3]; 4]", None),
            ("a: [[u8; 3]; 4", None),
            ("a: [[u8; 3]; 4] b", None),
            ("a: [[[]]]", None),
            ("a: [[u8]; 3]", None),
            ("[[", None),
            ("a: [[]", None),
        ] {
            assert_eq!(make_readable(text).as_deref(), expected, "{text}");
        }
    }
}
