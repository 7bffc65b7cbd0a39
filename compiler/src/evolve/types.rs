//! Types: what each is made of, in words and in bytes, and what changed about enums and structs as a whole.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::ir::{Enum, EnumId, Field, Schema, StructId, Type};

use super::rules::{DESCRIPTION_CHANGED, STRUCT_ADDED, STRUCT_REMOVED, STRUCT_RENAMED, UNUSED_TYPE_CHANGED};
use super::{Comparison, Finding, fields, quote, values};

/// What the elements of arrays and vectors are in the end.
pub fn base(ty: &Type) -> &Type {
    match ty {
        Type::Array { elem, .. } | Type::Vec { elem, .. } => base(elem),
        Type::Scalar(_) | Type::String { .. } | Type::Enum(_) | Type::Struct(_) => ty,
    }
}

/// Whether types have the same bytes and rules, whatever they are called. Remembers what it has compared.
pub struct SameBytes<'a> {
    old: &'a Schema,
    new: &'a Schema,
    known: BTreeMap<(usize, usize), bool>,
}

impl<'a> SameBytes<'a> {
    /// Knows nothing yet.
    pub fn new(old: &'a Schema, new: &'a Schema) -> Self {
        Self { old, new, known: BTreeMap::new() }
    }

    /// Whether an older and a newer type do.
    pub fn types(&mut self, old: &Type, new: &Type) -> bool {
        match (old, new) {
            (Type::Enum(EnumId(a)), Type::Enum(EnumId(b))) => same_values(&self.old.enums[*a], &self.new.enums[*b]),
            (Type::Struct(StructId(a)), Type::Struct(StructId(b))) => {
                if let Some(&same) = self.known.get(&(*a, *b)) {
                    return same;
                }
                let (before, after) = (&self.old.structs[*a].fields, &self.new.structs[*b].fields);
                let same = before.len() == after.len() && before.iter().zip(after).all(|(a, b)| self.fields(a, b));
                self.known.insert((*a, *b), same);
                same
            }
            (Type::Array { elem: old, len: a }, Type::Array { elem: new, len: b })
            | (Type::Vec { elem: old, bound: a }, Type::Vec { elem: new, bound: b }) => a == b && self.types(old, new),
            _ => old == new,
        }
    }

    fn fields(&mut self, old: &Field, new: &Field) -> bool {
        old.name == new.name
            && old.optional == new.optional
            && values::same(&old.rules, &new.rules)
            && self.types(&old.ty, &new.ty)
    }
}

fn same_values(old: &Enum, new: &Enum) -> bool {
    let values =
        |item: &Enum| item.values.iter().map(|value| (value.value, value.name.clone())).collect::<BTreeMap<_, _>>();
    old.repr == new.repr && values(old) == values(new)
}

/// Reports what changed about structs.
pub fn compare(comparison: &mut Comparison) {
    let (old, new) = (comparison.old, comparison.new);
    for (a, b) in comparison.pairs.structs.all() {
        let (was, is) = (&old.structs[a], &new.structs[b]);
        let on_wire = comparison.pairs.structs.on_wire(a, b);
        if !on_wire && !comparison.everything() {
            continue;
        }
        if was.name != is.name {
            let message = format!("struct {} is now called {}", quote(&was.name), quote(&is.name));
            let finding = Finding::new(&STRUCT_RENAMED, &is.name, message).at(was.span, is.span);
            let users = if on_wire { comparison.pairs.users_of_struct(a) } else { Arc::new([]) };
            comparison.report(finding.concerning(users));
        }
        if comparison.everything() && was.description != is.description {
            let message = format!("the description of {} changed", quote(&is.name));
            comparison.report(Finding::new(&DESCRIPTION_CHANGED, &is.name, message).at(was.span, is.span));
        }
        let start = comparison.findings.len();
        let place = fields::Place { name: &is.name, old: (was.span, was.layout), new: (is.span, is.layout) };
        let ids = Users::Struct(a);
        fields::compare(comparison, &place, &was.fields, &is.fields, ids);
        if !on_wire {
            unused(comparison, start, "struct", &is.name);
        }
    }
    for index in comparison.pairs.structs.removed() {
        let was = &old.structs[index];
        let message = format!("struct {} is gone", quote(&was.name));
        comparison.report(Finding::new(&STRUCT_REMOVED, &was.name, message).at(was.span, None));
    }
    let used = new_types(comparison).1;
    for index in comparison.pairs.structs.added() {
        let is = &new.structs[index];
        if comparison.everything() || used[index] {
            let message = format!("struct {} is new", quote(&is.name));
            comparison.report(Finding::new(&STRUCT_ADDED, &is.name, message).at(None, is.span));
        }
    }
}

/// The messages that a difference concerns, found when there is one.
#[derive(Clone, Copy)]
pub enum Users {
    /// The message with this id.
    Message(u16),
    /// Those that an older struct is part of.
    Struct(usize),
}

/// Puts one finding in the place of those, from `start` on, about a type that is in no message which both schemas have.
pub fn unused(comparison: &mut Comparison, start: usize, kind: &str, name: &str) {
    let found = comparison.findings.split_off(start);
    let changed: Vec<Finding> = found
        .into_iter()
        .filter_map(|finding| match finding.category() {
            super::Category::Info => {
                comparison.findings.push(finding);
                None
            }
            _ => Some(finding),
        })
        .collect();
    let Some(first) = changed.first() else { return };
    let more = match changed.len() {
        1 => String::new(),
        count => format!(", and {} more", count - 1),
    };
    let message =
        format!("{kind} {}, which no message of both contracts has, changed: {}{more}", quote(name), first.message);
    let finding = Finding::new(&UNUSED_TYPE_CHANGED, name, message).at(first.old, first.new);
    comparison.report(finding);
}

/// The enums and structs of the newer schema that its messages reach.
pub fn new_types(comparison: &Comparison) -> (Vec<bool>, Vec<bool>) {
    super::pairs::reached(comparison.new, comparison.new.messages.iter())
}
