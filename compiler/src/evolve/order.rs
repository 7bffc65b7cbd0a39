//! Which fields of two versions of a message or struct are the same, and which of them moved.

use std::collections::BTreeMap;

use crate::ir::Field;

use super::pairs::Pairs;

/// How the fields of two composites belong together; all are indices.
pub struct FieldPairs {
    /// Older and newer, in the older order.
    pub both: Vec<(usize, usize)>,
    /// Fields of the older one alone.
    pub removed: Vec<usize>,
    /// Fields of the newer one alone.
    pub added: Vec<usize>,
    /// Newer fields that are no longer in the older order.
    pub moved: Vec<usize>,
}

/// Pairs fields: the same name; else the same type beside a field that is paired, or at the same offset.
pub fn pair(pairs: &Pairs, old: &[Field], new: &[Field]) -> FieldPairs {
    let mut forth: Vec<Option<usize>> = vec![None; old.len()];
    let mut back: Vec<Option<usize>> = vec![None; new.len()];
    let names: BTreeMap<&str, usize> =
        new.iter().enumerate().map(|(index, field)| (field.name.as_str(), index)).collect();
    for (index, field) in old.iter().enumerate() {
        if let Some(&same) = names.get(field.name.as_str()) {
            (forth[index], back[same]) = (Some(same), Some(index));
        }
    }
    let alike = |a: &Field, b: &Field| a.optional == b.optional && pairs.alike(&a.ty, &b.ty);
    let rename = |index: usize, other: Option<usize>, forth: &mut [Option<usize>], back: &mut [Option<usize>]| {
        if let (None, Some(other)) = (forth[index], other)
            && let (Some(None), Some(field)) = (back.get(other), new.get(other))
            && alike(&old[index], field)
        {
            (forth[index], back[other]) = (Some(other), Some(index));
        }
    };
    // At the same place first: that is how the bytes see it.
    for (index, field) in old.iter().enumerate() {
        let offset = field.place.offset;
        let there = new.partition_point(|field| field.place.offset < offset);
        let there = new.get(there).filter(|field| field.place.offset == offset).map(|_| there);
        rename(index, there, &mut forth, &mut back);
    }
    for index in 0..old.len() {
        let after = if index == 0 { Some(0) } else { forth[index - 1].map(|before| before + 1) };
        rename(index, after, &mut forth, &mut back);
    }
    for index in (0..old.len()).rev() {
        let before = match forth.get(index + 1) {
            Some(next) => next.and_then(|next| next.checked_sub(1)),
            None => new.len().checked_sub(1),
        };
        rename(index, before, &mut forth, &mut back);
    }
    let both: Vec<(usize, usize)> =
        forth.iter().enumerate().filter_map(|(index, other)| Some((index, (*other)?))).collect();
    let removed = (0..old.len()).filter(|&index| forth[index].is_none()).collect();
    let added = (0..new.len()).filter(|&index| back[index].is_none()).collect();
    let moved = out_of_order(&both.iter().map(|&(_, new)| new).collect::<Vec<_>>());
    FieldPairs { both, removed, added, moved }
}

/// The fewest numbers without which the rest ascend.
fn out_of_order(numbers: &[usize]) -> Vec<usize> {
    // The longest ascending subsequence: `ends[n]` is where the one of length n + 1 with the least end ends.
    let mut ends: Vec<usize> = Vec::new();
    let mut before = vec![None; numbers.len()];
    for (at, number) in numbers.iter().enumerate() {
        let length = ends.partition_point(|&end| numbers[end] < *number);
        before[at] = length.checked_sub(1).map(|shorter| ends[shorter]);
        if length == ends.len() { ends.push(at) } else { ends[length] = at }
    }
    let mut stays = vec![false; numbers.len()];
    let mut at = ends.last().copied();
    while let Some(index) = at {
        stays[index] = true;
        at = before[index];
    }
    numbers.iter().zip(stays).filter(|(_, stays)| !stays).map(|(number, _)| *number).collect()
}

#[cfg(test)]
mod tests {
    use super::out_of_order;

    /// Without this, one field put first would be reported as all the others moved.
    #[test]
    fn the_fewest_moved() {
        for (numbers, moved) in [
            (&[][..], &[][..]),
            (&[0, 1, 2], &[]),
            (&[3, 0, 1, 2], &[3]),
            (&[1, 2, 3, 0], &[0]),
            (&[1, 0], &[1]),
            (&[2, 1, 0], &[2, 1]),
            (&[0, 3, 1, 2, 5, 4], &[3, 5]),
        ] {
            assert_eq!(out_of_order(numbers), moved, "{numbers:?}");
        }
    }
}
