//! Where the lines of a text begin: owns [`Lines`], which follows an edit without a look at the whole text. What is in the
//! lines is left to [`super::document`].

use std::ops::Range;

/// The lines of a text. They end as the protocol says: with `\n`, `\r\n` or `\r`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lines {
    /// Where they begin, the first at 0.
    starts: Vec<u32>,
    /// Those that begin with something else than a blank or a comment, by number.
    top: Vec<u32>,
}

impl Lines {
    pub fn of(text: &str) -> Self {
        let mut starts = vec![0];
        begins(text, 0..text.len(), &mut starts);
        let top = top(text, &starts, 0);
        Self { starts, top }
    }

    /// Where a line begins; `None` past the last one.
    pub fn start(&self, line: usize) -> Option<usize> {
        self.starts.get(line).map(|start| *start as usize)
    }

    /// The number of the line of a byte.
    pub fn at(&self, offset: usize) -> usize {
        self.starts.partition_point(|start| *start as usize <= offset).saturating_sub(1)
    }

    /// The top-level line that governs a line, and the line of the next one (or the number of lines).
    pub fn section(&self, line: usize) -> (usize, usize) {
        let after = self.top.partition_point(|top| *top as usize <= line);
        let first = after.checked_sub(1).map_or(0, |before| self.top[before] as usize);
        (first, self.top.get(after).map_or(self.starts.len(), |top| *top as usize))
    }

    /// The top-level lines, each with the next one (or the number of lines).
    pub fn sections(&self) -> impl Iterator<Item = (usize, usize)> {
        self.top.iter().map(|line| self.section(*line as usize))
    }

    /// Follows an edit: `text` is what came out of it, in which `new` bytes are where `old` was.
    pub fn edit(&mut self, text: &str, old: Range<usize>, new: usize) {
        // The line before as well: its `\r` may have got a `\n`, or lost one.
        let first = self.at(old.start).saturating_sub(1);
        // What begins after the edit goes on doing so, elsewhere.
        let after = self.starts.partition_point(|start| *start as usize <= old.end);
        let moved = |at: usize| at + new + old.start - old.end;
        let end = self.start(after).map_or(text.len(), moved);
        let mut starts = vec![self.starts[first]];
        begins(text, starts[0] as usize..end, &mut starts);
        if after < self.starts.len() {
            // The line that begins at the end is there already.
            starts.pop_if(|start| *start as usize == end);
        }
        let top = top(text, &starts, first);
        let lines = first + starts.len();
        for start in &mut self.starts[after..] {
            *start = moved(*start as usize) as u32;
        }
        self.starts.splice(first..after, starts);
        let top_first = self.top.partition_point(|line| (*line as usize) < first);
        let top_after = self.top.partition_point(|line| (*line as usize) < after);
        for line in &mut self.top[top_after..] {
            *line = (*line as usize + lines - after) as u32;
        }
        self.top.splice(top_first..top_after, top);
    }
}

/// Where the line of a byte ends, line break included.
pub fn line_end(text: &str, at: usize) -> usize {
    let bytes = &text.as_bytes()[at..];
    match bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r')) {
        Some(end) => at + end + if bytes[end..].starts_with(b"\r\n") { 2 } else { 1 },
        None => text.len(),
    }
}

/// A line without a byte order mark, which is no part of what is on it.
pub fn without_mark(line: &str) -> &str {
    line.strip_prefix('\u{feff}').unwrap_or(line)
}

/// Where lines begin after the line breaks in a range.
fn begins(text: &str, range: Range<usize>, into: &mut Vec<u32>) {
    let bytes = text.as_bytes();
    for at in range {
        let ends = match bytes[at] {
            b'\n' => true,
            b'\r' => bytes.get(at + 1) != Some(&b'\n'),
            _ => false,
        };
        if ends {
            into.push(at as u32 + 1);
        }
    }
}

/// Which of these lines, the first of which has this number, are top-level.
fn top(text: &str, starts: &[u32], first: usize) -> Vec<u32> {
    let begins = |start: u32| {
        let line = text.get(start as usize..).map(without_mark);
        line.and_then(|line| line.as_bytes().first()).is_some_and(|byte| !b" \t\r\n#".contains(byte))
    };
    let lines = starts.iter().enumerate().filter(|(_, start)| begins(**start));
    lines.map(|(index, _)| (first + index) as u32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every edit of a few characters in texts of a few characters. Without this, all that is said after an edit could
    /// be about other lines.
    #[test]
    fn edits_are_followed() {
        const PIECES: [&str; 9] = ["", "\n", "\r", "\r\n", "a", " ", "\n\r", "#\n", "\u{feff}"];
        let mut count = 0;
        for index in 0..PIECES.len().pow(3) {
            let piece = |place: u32| PIECES[index / PIECES.len().pow(place) % PIECES.len()];
            let text = [piece(0), piece(1), piece(2)].concat();
            let before = Lines::of(&text);
            for (start, end) in (0..=text.len()).flat_map(|start| (start..=text.len()).map(move |end| (start, end))) {
                if !text.is_char_boundary(start) || !text.is_char_boundary(end) {
                    continue;
                }
                for new in PIECES {
                    let after = [&text[..start], new, &text[end..]].concat();
                    let mut lines = before.clone();
                    lines.edit(&after, start..end, new.len());
                    assert_eq!(lines, Lines::of(&after), "{text:?} {start}..{end} {new:?}");
                    count += 1;
                }
            }
        }
        assert!(count > 50_000, "{count}");
    }
}
