//! What a key of a contract is, by the keys around it: the way from an [`Outline`] to the table of keys.

use myc_schema::raw::keys::{FIELD, Key, Keys, TOP, Takes};
use myc_schema::rules::{self, Known};

use super::outline::Outline;

/// What an entry is.
#[derive(Clone, Copy, Debug)]
pub enum Role {
    /// A key of the language.
    Key(&'static Key),
    /// A name that something is declared by, in the section with this key.
    Declared(&'static str),
    /// A field of a struct or message.
    Field,
    /// A value of an enum.
    EnumValue,
    /// A rule, where it is an enforced one.
    Rule(Option<&'static Known>),
    /// A key that the language does not know, or that is in no mapping of it.
    Unknown,
}

/// Which keys the mapping has that is an entry's value.
#[derive(Clone, Copy, Debug)]
pub enum Inside {
    /// Keys of the language.
    Keys(&'static Keys),
    /// Names of the author's own, in the section with this key.
    Names(&'static str, &'static Keys),
    /// Names of fields.
    Fields,
    /// Names of an enum's values.
    Values,
    /// Rules.
    Rules,
    /// None that the language knows.
    Nothing,
}

/// An entry, and the names of what it is in.
#[derive(Clone, Debug)]
pub struct Meaning<'a> {
    pub role: Role,
    pub inside: Inside,
    /// What its value may be.
    pub takes: Option<Takes>,
    /// The section and the name of the message, struct, enum or domain it is in.
    pub owner: Option<(&'static str, &'a str)>,
    /// Where that name is.
    pub owner_at: usize,
    /// The field it is in.
    pub field: Option<&'a str>,
    /// Where that name is.
    pub field_at: usize,
    /// Where that field's type is written, as first and last byte.
    pub ty: Option<(usize, usize)>,
}

impl Meaning<'_> {
    /// The whole contract.
    pub const TOP: Self = Meaning {
        role: Role::Unknown,
        inside: Inside::Keys(&TOP),
        takes: None,
        owner: None,
        owner_at: 0,
        field: None,
        field_at: 0,
        ty: None,
    };
}

/// What an entry is, or the whole contract for `None`.
pub fn meaning<'a>(text: &'a str, outline: &Outline, entry: Option<usize>) -> Meaning<'a> {
    let path = entry.map(|entry| outline.path(entry)).unwrap_or_default();
    let mut meaning = Meaning::TOP;
    for index in path {
        let name = &text[outline.entries[index].key.clone()];
        (meaning.role, meaning.takes, meaning.inside) = match meaning.inside {
            Inside::Keys(keys) => match keys.get(name) {
                Some(key) => (Role::Key(key), Some(key.takes), inside(key)),
                None => (Role::Unknown, None, Inside::Nothing),
            },
            Inside::Names(section, keys) => {
                meaning.owner = Some((section, name));
                meaning.owner_at = outline.entries[index].key.start;
                (Role::Declared(section), None, Inside::Keys(keys))
            }
            Inside::Fields => {
                meaning.field = Some(name);
                meaning.field_at = outline.entries[index].key.start;
                let mut keys = outline.children(Some(index));
                let ty = keys.find(|(_, key)| &text[key.key.clone()] == "type").map(|(_, key)| &key.value);
                let written = ty.unwrap_or(&outline.entries[index].value);
                meaning.ty = Some((written.start, written.end));
                (Role::Field, Some(Takes::Type), Inside::Keys(&FIELD))
            }
            Inside::Values => (Role::EnumValue, Some(Takes::Int(0, u32::MAX.into())), Inside::Nothing),
            Inside::Rules => {
                let known = rules::KNOWN.iter().find(|known| known.name == name);
                (Role::Rule(known), None, Inside::Nothing)
            }
            Inside::Nothing => (Role::Unknown, None, Inside::Nothing),
        };
    }
    meaning
}

fn inside(key: &'static Key) -> Inside {
    match key.takes {
        Takes::Mapping(keys) | Takes::List(keys) => Inside::Keys(keys),
        Takes::Named(keys, _) => Inside::Names(key.name, keys),
        Takes::Fields => Inside::Fields,
        Takes::Values => Inside::Values,
        Takes::Rules => Inside::Rules,
        _ => Inside::Nothing,
    }
}
