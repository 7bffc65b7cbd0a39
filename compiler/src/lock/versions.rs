//! Which versions of a schema something is true of.

use std::fmt;

/// Versions of a schema in ascending order, those that follow each other as one range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Versions(Vec<(u16, u16)>);

impl Versions {
    /// One version alone.
    pub fn one(version: u16) -> Self {
        Self(vec![(version, version)])
    }

    /// Those in any of the ranges, of which there is at least one. `follows` gives the version that was locked after
    /// another: ranges with none between them are one.
    pub(super) fn of(mut ranges: Vec<(u16, u16)>, follows: impl Fn(u16) -> Option<u16>) -> Self {
        ranges.sort_unstable();
        let mut merged: Vec<(u16, u16)> = Vec::new();
        for (first, last) in ranges {
            match merged.last_mut() {
                Some((_, end)) if first <= *end || follows(*end) == Some(first) => *end = last.max(*end),
                _ => merged.push((first, last)),
            }
        }
        Self(merged)
    }

    /// First and last of each range.
    pub fn ranges(&self) -> &[(u16, u16)] {
        &self.0
    }
}

/// `version 3`, `versions 1 to 3`, `versions 1 to 3 and 5`.
impl fmt::Display for Versions {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let one = matches!(self.0[..], [(first, last)] if first == last);
        out.write_str(if one { "version " } else { "versions " })?;
        for (index, (first, last)) in self.0.iter().enumerate() {
            match index {
                0 => {}
                _ if index + 1 == self.0.len() => out.write_str(" and ")?,
                _ => out.write_str(", ")?,
            }
            if first == last { write!(out, "{first}")? } else { write!(out, "{first} to {last}")? }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Versions;

    /// Without this, a finding could leave out versions that it concerns, or name some that it does not.
    #[test]
    fn versions_in_words() {
        let follows = |version: u16| [1, 2, 3, 5, 9].into_iter().find(|locked| *locked > version);
        for (ranges, words) in [
            (vec![(3, 3)], "version 3"),
            (vec![(1, 3)], "versions 1 to 3"),
            (vec![(5, 5), (1, 2)], "versions 1 to 2 and 5"),
            (vec![(1, 1), (3, 3), (9, 9)], "versions 1, 3 and 9"),
            // Version 4 was never locked.
            (vec![(1, 3), (5, 5)], "versions 1 to 5"),
            (vec![(1, 5), (2, 3), (1, 1)], "versions 1 to 5"),
            (vec![(2, 2), (1, 1), (9, 9)], "versions 1 to 2 and 9"),
        ] {
            assert_eq!(Versions::of(ranges, follows).to_string(), words);
        }
        assert_eq!(Versions::one(7).to_string(), "version 7");
    }
}
