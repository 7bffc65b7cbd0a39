//! Which messages and structs lie otherwise in bytes, field by field, for pictures of both. What that means is
//! left to findings.

use crate::ir::{Field, Layout, Message, Schema};

use super::order;
use super::pairs::Pairs;

/// A message or struct that is new, gone, or has other fields, offsets or sizes.
#[derive(Clone, Debug)]
pub struct Change<'a> {
    /// As it was; `None` for a new one.
    pub old: Option<Composite<'a>>,
    /// As it is; `None` for one that is gone.
    pub new: Option<Composite<'a>>,
    /// Its fields: older and newer, in the newer order, and those that are gone where they were.
    pub fields: Vec<(Option<&'a Field>, Option<&'a Field>)>,
}

/// A message or struct.
#[derive(Clone, Copy, Debug)]
pub struct Composite<'a> {
    /// `None` for a struct.
    pub message: Option<&'a Message>,
    /// Its name.
    pub name: &'a str,
    /// Its fields, in wire order.
    pub fields: &'a [Field],
    /// Its size and alignment.
    pub layout: Layout,
}

/// Every such message, by newer type id, and then every such struct.
pub fn changes<'a>(old: &'a Schema, new: &'a Schema) -> Vec<Change<'a>> {
    let pairs = Pairs::find(old, new);
    let mut found = Vec::new();
    let both = pairs.messages.iter().map(|&(a, b)| (Some(&old.messages[a]), Some(&new.messages[b])));
    let removed = pairs.removed.iter().map(|&a| (Some(&old.messages[a]), None));
    let added = pairs.added.iter().map(|&b| (None, Some(&new.messages[b])));
    let mut messages: Vec<_> = both.chain(removed).chain(added).collect();
    messages.sort_by_key(|(was, is)| is.or(*was).map_or(0, |message| message.type_id));
    for (was, is) in messages {
        found.extend(change((old, new), &pairs, was.map(of_message), is.map(of_message)));
    }
    let structs = pairs.structs.all().into_iter().map(|(a, b)| (Some(a), Some(b)));
    let removed = pairs.structs.removed().into_iter().map(|a| (Some(a), None));
    let added = pairs.structs.added().into_iter().map(|b| (None, Some(b)));
    for (was, is) in structs.chain(removed).chain(added) {
        let of = |schema: &'a Schema, index: usize| {
            let item = &schema.structs[index];
            Composite { message: None, name: &item.name, fields: &item.fields, layout: item.layout }
        };
        found.extend(change((old, new), &pairs, was.map(|a| of(old, a)), is.map(|b| of(new, b))));
    }
    found
}

fn of_message(message: &Message) -> Composite<'_> {
    Composite { message: Some(message), name: &message.name, fields: &message.fields, layout: message.layout }
}

fn change<'a>(
    schemas: (&'a Schema, &'a Schema),
    pairs: &Pairs,
    old: Option<Composite<'a>>,
    new: Option<Composite<'a>>,
) -> Option<Change<'a>> {
    let (Some(was), Some(is)) = (old, new) else {
        let olds = old.iter().flat_map(|composite| composite.fields).map(|field| (Some(field), None));
        let news = new.iter().flat_map(|composite| composite.fields).map(|field| (None, Some(field)));
        return Some(Change { old, new, fields: olds.chain(news).collect() });
    };
    let same = |was: &Field, is: &Field| {
        was.name == is.name
            && was.optional == is.optional
            && was.place == is.place
            && schemas.0.type_name(&was.ty) == schemas.1.type_name(&is.ty)
    };
    let equal = was.fields.len() == is.fields.len() && was.fields.iter().zip(is.fields).all(|(a, b)| same(a, b));
    if equal && was.layout == is.layout && was.name == is.name {
        return None;
    }
    Some(Change { old, new, fields: rows(pairs, was.fields, is.fields) })
}

/// The fields of two versions, one under the other.
fn rows<'a>(pairs: &Pairs, old: &'a [Field], new: &'a [Field]) -> Vec<(Option<&'a Field>, Option<&'a Field>)> {
    let paired = order::pair(pairs, old, new);
    let mut back: Vec<Option<usize>> = vec![None; new.len()];
    paired.both.iter().for_each(|&(before, after)| back[after] = Some(before));
    let mut gone = vec![false; old.len()];
    paired.removed.iter().for_each(|&index| gone[index] = true);
    let mut rows = Vec::with_capacity(new.len() + paired.removed.len());
    // What is gone comes after what was before it.
    let after = |at: usize, rows: &mut Vec<_>| {
        rows.extend((at..old.len()).take_while(|&index| gone[index]).map(|index| (Some(&old[index]), None)));
    };
    after(0, &mut rows);
    for (field, before) in new.iter().zip(back) {
        rows.push((before.map(|index| &old[index]), Some(field)));
        if let Some(index) = before {
            after(index + 1, &mut rows);
        }
    }
    rows
}
