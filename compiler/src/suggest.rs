//! Near misses: which known name somebody may have meant. What is known is left to the caller.

/// The candidate nearest to `name`, where one is near enough to be what was meant: the same but
/// for case, `_` and `-`, or one edit away, from six letters on two (one letter is
/// near to nothing).
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    const LONGEST: usize = 128;
    let written: Vec<char> = name.chars().take(LONGEST + 1).collect();
    if written.is_empty() || written.len() > LONGEST {
        return None;
    }
    let mut best = None;
    let mut limit = match written.len() {
        0 | 1 => 0,
        2..=5 => 1,
        _ => 2,
    };
    for candidate in candidates {
        if candidate != name && same_letters(name, candidate) {
            return Some(candidate);
        }
        let distance = distance(&written, candidate, limit);
        if distance.is_some_and(|distance| distance > 0 && (distance < limit || best.is_none())) {
            limit = distance.unwrap_or(limit);
            best = Some(candidate);
        }
    }
    best
}

fn same_letters(a: &str, b: &str) -> bool {
    fn letters(text: &str) -> impl Iterator<Item = u8> {
        text.bytes().filter(|byte| !matches!(byte, b'_' | b'-' | b' ')).map(|byte| byte.to_ascii_lowercase())
    }
    a.len().abs_diff(b.len()) <= 4 && letters(a).eq(letters(b))
}

/// Insertions, deletions, replacements and swaps of neighbours from `a` to `b`; `None` past `limit`.
fn distance(a: &[char], b: &str, limit: usize) -> Option<usize> {
    if a.len().abs_diff(b.chars().count()) > limit {
        return None;
    }
    let width = a.len() + 1;
    let mut before: Vec<usize> = vec![0; width];
    let mut last: Vec<usize> = (0..width).collect();
    let mut row = vec![0; width];
    let mut previous = None;
    for (j, letter) in b.chars().enumerate() {
        row[0] = j + 1;
        for i in 1..width {
            let replaced = last[i - 1] + usize::from(a[i - 1] != letter);
            row[i] = replaced.min(last[i] + 1).min(row[i - 1] + 1);
            let swapped = i > 1 && a[i - 2] == letter && Some(a[i - 1]) == previous;
            if swapped {
                row[i] = row[i].min(before[i - 2] + 1);
            }
        }
        previous = Some(letter);
        std::mem::swap(&mut before, &mut last);
        std::mem::swap(&mut last, &mut row);
    }
    last.last().copied().filter(|distance| *distance <= limit)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn near_and_far() {
        let known = ["description", "domain", "fields", "tlv_type", "max_length", "u64", "u8"];
        for (written, meant) in [
            ("descripton", Some("description")),
            ("tlvType", Some("tlv_type")),
            ("tlv-type", Some("tlv_type")),
            ("feilds", Some("fields")),
            ("u65", Some("u64")),
            ("import", None),
            ("doman", Some("domain")),
            ("dmoain", Some("domain")),
            ("fils", None),
            ("filed", None),
            ("maxlen", None),
            ("x", None),
            ("u", None),
            ("U8", Some("u8")),
            ("", None),
            ("fields", None),
        ] {
            assert_eq!(nearest(written, known), meant, "{written}");
        }
        assert_eq!(nearest(&"é".repeat(1_000_000), known), None);
    }
}
