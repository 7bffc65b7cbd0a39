//! What a merge that failed leaves in a text: markers between the two sides, each at the beginning of a line.

/// A line that version control has written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Marker {
    /// Seven `<`: the one side begins.
    Ours,
    /// Seven `|`: what both sides come from begins.
    Base,
    /// Seven `=`: the other side begins.
    Middle,
    /// Seven `>`: the other side ends.
    Theirs,
}

impl Marker {
    /// Whether nothing else looks so: seven `=` also underline headings.
    pub fn is_sure(self) -> bool {
        self != Self::Middle
    }
}

/// The marker that a line is.
pub fn marker(line: &str) -> Option<Marker> {
    let first = *line.as_bytes().first()?;
    let of = |byte| match byte {
        b'<' => Some(Marker::Ours),
        b'|' => Some(Marker::Base),
        b'=' => Some(Marker::Middle),
        b'>' => Some(Marker::Theirs),
        _ => None,
    };
    let marker = of(first)?;
    let count = line.bytes().take_while(|byte| *byte == first).count();
    let rest = line[count..].trim_end_matches('\r');
    let ends = rest.is_empty() || (rest.starts_with(' ') && marker != Marker::Middle);
    (count == 7 && ends).then_some(marker)
}

/// The range of bytes of the first marker in a text with which a side of a merge begins or ends.
pub fn first(text: &str) -> Option<std::ops::Range<usize>> {
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let content = line.trim_end_matches(['\n', '\r']);
        if marker(content).is_some_and(Marker::is_sure) {
            return Some(start..start + content.len());
        }
        start += line.len();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Without this, a text that is in order could be taken for a merge, or a merge for a mistake in YAML.
    #[test]
    fn markers_are_told_from_text() {
        let of = |c: char, rest: &str| marker(&format!("{}{rest}", c.to_string().repeat(7)));
        assert_eq!(of('<', " HEAD"), Some(Marker::Ours));
        assert_eq!(of('<', ""), Some(Marker::Ours));
        assert_eq!(of('|', " 1234567"), Some(Marker::Base));
        assert_eq!(of('=', ""), Some(Marker::Middle));
        assert_eq!(of('>', " topic\r"), Some(Marker::Theirs));
        for (c, rest) in [('<', "HEAD"), ('<', "<"), ('=', " x"), ('-', ""), ('>', ">>> x"), ('é', "")] {
            assert_eq!(of(c, rest), None, "{c}{rest}");
        }
        let text = format!("a: 1\r\n{} HEAD\r\nb: 2\n", "<".repeat(7));
        assert_eq!(first(&text).map(|range| text[range].to_owned()), Some(format!("{} HEAD", "<".repeat(7))));
        assert_eq!(first("a: |\n  <<<<\n"), None);
    }
}
