//! What of the newer schema is what of the older: messages by name, by type id and by shape, enums and structs by name
//! and by where they are used. What changed about a pair is left to the modules that compare.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::ir::{Enum, EnumId, Field, Message, Schema, Struct, StructId, Type};

use super::types;

/// How the parts of two schemas belong together; all are indices into the schemas' lists.
pub struct Pairs {
    /// Messages, older and newer, in the order of the older schema.
    pub messages: Vec<(usize, usize)>,
    /// Messages of the older schema alone.
    pub removed: Vec<usize>,
    /// Messages of the newer schema alone.
    pub added: Vec<usize>,
    /// Enums.
    pub enums: Types,
    /// Structs.
    pub structs: Types,
    /// Which messages have a type of the older schema.
    users: Users,
}

/// The pairs among enums or structs, and which are part of a message that both schemas have.
pub struct Types {
    /// For each older one the newer.
    pub forth: Vec<Option<usize>>,
    /// For each newer one the older.
    pub back: Vec<Option<usize>>,
    old_on_wire: Vec<bool>,
    new_on_wire: Vec<bool>,
}

impl Types {
    fn by_name<'a>(old: impl Iterator<Item = &'a str>, new: impl Iterator<Item = &'a str>) -> Self {
        let index: BTreeMap<&str, usize> = new.enumerate().map(|(index, name)| (name, index)).collect();
        let forth: Vec<Option<usize>> = old.map(|name| index.get(name).copied()).collect();
        let mut back = vec![None; index.len()];
        for (old, new) in forth.iter().enumerate() {
            if let Some(new) = new {
                back[*new] = Some(old);
            }
        }
        Self { forth, back, old_on_wire: Vec::new(), new_on_wire: Vec::new() }
    }

    fn pair(&mut self, old: usize, new: usize) {
        self.forth[old] = Some(new);
        self.back[new] = Some(old);
    }

    fn free(&self, old: usize, new: usize) -> bool {
        self.forth[old].is_none() && self.back[new].is_none()
    }

    /// Whether both of a pair are part of messages that both schemas have.
    pub fn on_wire(&self, old: usize, new: usize) -> bool {
        self.old_on_wire[old] && self.new_on_wire[new]
    }

    /// The pairs, older and newer.
    pub fn all(&self) -> Vec<(usize, usize)> {
        self.forth.iter().enumerate().filter_map(|(old, new)| Some((old, (*new)?))).collect()
    }

    /// Those of the older schema alone.
    pub fn removed(&self) -> Vec<usize> {
        (0..self.forth.len()).filter(|&old| self.forth[old].is_none()).collect()
    }

    /// Those of the newer schema alone.
    pub fn added(&self) -> Vec<usize> {
        (0..self.back.len()).filter(|&new| self.back[new].is_none()).collect()
    }
}

impl Pairs {
    /// Pairs all that belongs together.
    pub fn find(old: &Schema, new: &Schema) -> Self {
        let (messages, removed, added) = messages(old, new);
        let names = |items: &[Enum]| items.iter().map(|item| item.name.clone()).collect::<Vec<_>>();
        let (old_names, new_names) = (names(&old.enums), names(&new.enums));
        let mut enums = Types::by_name(old_names.iter().map(String::as_str), new_names.iter().map(String::as_str));
        let mut structs = Types::by_name(
            old.structs.iter().map(|item| item.name.as_str()),
            new.structs.iter().map(|item| item.name.as_str()),
        );
        renamed_types(old, new, &messages, &mut enums, &mut structs);
        let (olds, news): (Vec<usize>, Vec<usize>) = messages.iter().copied().unzip();
        (enums.old_on_wire, structs.old_on_wire) = reached(old, olds.iter().map(|&index| &old.messages[index]));
        (enums.new_on_wire, structs.new_on_wire) = reached(new, news.iter().map(|&index| &new.messages[index]));
        let users = Users::of(old, &olds);
        Self { messages, removed, added, enums, structs, users }
    }

    /// Whether two types are written alike: the same but for names of enums and structs that were renamed.
    pub fn alike(&self, old: &Type, new: &Type) -> bool {
        match (old, new) {
            (Type::Enum(EnumId(old)), Type::Enum(EnumId(new))) => self.enums.forth[*old] == Some(*new),
            (Type::Struct(StructId(old)), Type::Struct(StructId(new))) => self.structs.forth[*old] == Some(*new),
            (Type::Array { elem: old, len: a }, Type::Array { elem: new, len: b })
            | (Type::Vec { elem: old, bound: a }, Type::Vec { elem: new, bound: b }) => a == b && self.alike(old, new),
            _ => old == new,
        }
    }

    /// The ids of the messages, of those that both schemas have, that an older enum is part of.
    pub fn users_of_enum(&self, old: usize) -> Arc<[u16]> {
        self.users.all(self.users.of_enums[old].iter())
    }

    /// The ids of the messages, of those that both schemas have, that an older struct is part of.
    pub fn users_of_struct(&self, old: usize) -> Arc<[u16]> {
        self.users.all(self.users.of_structs[old].iter())
    }
}

/// What has a field of a type.
#[derive(Clone, Copy)]
enum User {
    Struct(usize),
    Message(u16),
}

struct Users {
    of_enums: Vec<Vec<User>>,
    of_structs: Vec<Vec<User>>,
}

impl Users {
    fn of(schema: &Schema, messages: &[usize]) -> Self {
        let mut users =
            Self { of_enums: vec![Vec::new(); schema.enums.len()], of_structs: vec![Vec::new(); schema.structs.len()] };
        for (index, item) in schema.structs.iter().enumerate() {
            users.add(User::Struct(index), &item.fields);
        }
        for &index in messages {
            let message = &schema.messages[index];
            users.add(User::Message(message.type_id), &message.fields);
        }
        users
    }

    fn add(&mut self, user: User, fields: &[Field]) {
        for field in fields {
            match types::base(&field.ty) {
                Type::Enum(EnumId(index)) => self.of_enums[*index].push(user),
                Type::Struct(StructId(index)) => self.of_structs[*index].push(user),
                _ => {}
            }
        }
    }

    /// The messages at the end of all ways from direct users.
    fn all<'a>(&'a self, direct: impl Iterator<Item = &'a User>) -> Arc<[u16]> {
        let mut open: Vec<User> = direct.copied().collect();
        let (mut seen, mut ids) = (BTreeSet::new(), BTreeSet::new());
        while let Some(user) = open.pop() {
            match user {
                User::Message(id) => {
                    ids.insert(id);
                }
                User::Struct(index) if seen.insert(index) => open.extend(&self.of_structs[index]),
                User::Struct(_) => {}
            }
        }
        ids.into_iter().collect()
    }
}

/// The enums and structs that messages reach.
pub fn reached<'a>(schema: &Schema, messages: impl Iterator<Item = &'a Message>) -> (Vec<bool>, Vec<bool>) {
    let mut enums = vec![false; schema.enums.len()];
    let mut structs = vec![false; schema.structs.len()];
    let mut open: Vec<&[Field]> = messages.map(|message| message.fields.as_slice()).collect();
    while let Some(fields) = open.pop() {
        for field in fields {
            match types::base(&field.ty) {
                Type::Enum(EnumId(index)) => enums[*index] = true,
                Type::Struct(StructId(index)) if !structs[*index] => {
                    structs[*index] = true;
                    open.push(&schema.structs[*index].fields);
                }
                _ => {}
            }
        }
    }
    (enums, structs)
}

/// Pairs messages: the same name; else the same id and much the same fields; else, both gone, the very same fields.
fn messages(old: &Schema, new: &Schema) -> (Vec<(usize, usize)>, Vec<usize>, Vec<usize>) {
    let mut forth: Vec<Option<usize>> = vec![None; old.messages.len()];
    let mut taken = vec![false; new.messages.len()];
    let names: BTreeMap<&str, usize> =
        new.messages.iter().enumerate().map(|(index, message)| (message.name.as_str(), index)).collect();
    for (index, message) in old.messages.iter().enumerate() {
        if let Some(&same) = names.get(message.name.as_str()) {
            forth[index] = Some(same);
            taken[same] = true;
        }
    }
    let ids: BTreeMap<u16, usize> =
        new.messages.iter().enumerate().map(|(index, message)| (message.type_id, index)).collect();
    for (index, message) in old.messages.iter().enumerate() {
        if let (None, Some(&same)) = (forth[index], ids.get(&message.type_id))
            && !taken[same]
            && similar_fields(&message.fields, &new.messages[same].fields)
        {
            forth[index] = Some(same);
            taken[same] = true;
        }
    }
    let mut shapes: BTreeMap<String, (Vec<usize>, Vec<usize>)> = BTreeMap::new();
    for (index, message) in old.messages.iter().enumerate().filter(|(index, _)| forth[*index].is_none()) {
        shapes.entry(shape(old, message)).or_default().0.push(index);
    }
    for (index, message) in new.messages.iter().enumerate().filter(|(index, _)| !taken[*index]) {
        shapes.entry(shape(new, message)).or_default().1.push(index);
    }
    for (shape, pair) in shapes {
        // One field is no likeness.
        if let ([before], [after]) = (&pair.0[..], &pair.1[..])
            && shape.lines().count() > 2
        {
            forth[*before] = Some(*after);
            taken[*after] = true;
        }
    }
    let paired = forth.iter().enumerate().filter_map(|(old, new)| Some((old, (*new)?))).collect();
    let removed = (0..forth.len()).filter(|&index| forth[index].is_none()).collect();
    (paired, removed, (0..taken.len()).filter(|&index| !taken[index]).collect())
}

/// What a message consists of, without its name and id.
fn shape(schema: &Schema, message: &Message) -> String {
    let mut text = format!("{}\n", message.topic);
    for field in &message.fields {
        let optional = if field.optional { "?" } else { "" };
        text.push_str(&format!("{}: {}{optional}\n", field.name, schema.type_name(&field.ty)));
    }
    text
}

/// Whether at least half of the fields have the same names.
fn similar_fields(old: &[Field], new: &[Field]) -> bool {
    let names: BTreeSet<&str> = old.iter().map(|field| field.name.as_str()).collect();
    let common = new.iter().filter(|field| names.contains(field.name.as_str())).count();
    2 * common >= old.len().max(new.len())
}

fn similar_values(old: &Enum, new: &Enum) -> bool {
    let values: BTreeSet<(&str, u32)> = old.values.iter().map(|value| (value.name.as_str(), value.value)).collect();
    let common = new.values.iter().filter(|value| values.contains(&(value.name.as_str(), value.value))).count();
    2 * common >= old.values.len().max(new.values.len())
}

/// Pairs enums and structs that lost one name and got another: what a field has had, and what it has now.
fn renamed_types(old: &Schema, new: &Schema, messages: &[(usize, usize)], enums: &mut Types, structs: &mut Types) {
    let composites = messages.iter().map(|&(a, b)| (&*old.messages[a].fields, &*new.messages[b].fields));
    let mut open: Vec<(&[Field], &[Field])> = composites.collect();
    open.extend(structs.all().iter().map(|&(a, b)| (&*old.structs[a].fields, &*new.structs[b].fields)));
    while let Some((before, after)) = open.pop() {
        let names: BTreeMap<&str, &Field> = after.iter().map(|field| (field.name.as_str(), field)).collect();
        for field in before {
            let Some(now) = names.get(field.name.as_str()) else { continue };
            match (types::base(&field.ty), types::base(&now.ty)) {
                (Type::Enum(EnumId(a)), Type::Enum(EnumId(b)))
                    if enums.free(*a, *b) && similar_values(&old.enums[*a], &new.enums[*b]) =>
                {
                    enums.pair(*a, *b);
                }
                (Type::Struct(StructId(a)), Type::Struct(StructId(b))) => {
                    let (was, is): (&Struct, &Struct) = (&old.structs[*a], &new.structs[*b]);
                    if structs.free(*a, *b) && similar_fields(&was.fields, &is.fields) {
                        structs.pair(*a, *b);
                        open.push((&was.fields, &is.fields));
                    }
                }
                _ => {}
            }
        }
    }
}
