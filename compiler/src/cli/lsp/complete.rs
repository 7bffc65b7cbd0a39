//! What may stand at the cursor: keys that are not there yet, types, rules, names, a free id.

use gen_lsp_types::{
    CompletionItem, CompletionItemKind, CompletionItemTextEdit, Documentation, InsertTextFormat, MarkupContent,
    MarkupKind, TextEdit,
};
use myc_schema::ir::{EnumId, Message, Scalar, Schema, Type};
use myc_schema::next_id::next_id;
use myc_schema::raw::keys::{Keys, Takes};
use myc_schema::resolve::TYPE_NAMES;
use myc_schema::rules;

use super::document::Document;
use super::meaning::{Inside, Meaning, Role, meaning};
use super::navigate::declared;
use super::outline::{Outline, Place};

/// One offer: what is shown, what is inserted, what is said about it.
struct Offer {
    label: String,
    /// A snippet.
    insert: String,
    kind: CompletionItemKind,
    about: String,
}

impl Offer {
    fn new(label: impl Into<String>, kind: CompletionItemKind, about: impl Into<String>) -> Self {
        let label = label.into();
        Self { insert: escaped(&label), label, kind, about: about.into() }
    }

    fn inserting(self, insert: impl Into<String>) -> Self {
        Self { insert: insert.into(), ..self }
    }
}

/// What snippets give a meaning to.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('$', "\\$").replace('}', "\\}")
}

/// The most names that are offered at once: of more, those that begin like the word at the cursor.
const MOST: usize = 200;

/// In a text of more bytes than these, names are those that were last resolved: to look for them in the text would take
/// longer than an answer may.
const LARGE: usize = 1024 * 1024;

/// The word before the cursor, what is before it, and whether names were left out for it.
struct Word<'a> {
    before: &'a str,
    begins: &'a str,
    left_out: bool,
}

impl Word<'_> {
    /// Those of many names that may be offered.
    fn few<'n, T>(&mut self, names: impl Iterator<Item = T> + Clone, name: impl Fn(&T) -> &'n str) -> Vec<T> {
        let all: Vec<T> = names.clone().take(MOST + 1).collect();
        if all.len() <= MOST {
            return all;
        }
        self.left_out = true;
        let word = self.begins.as_bytes();
        let fits = |name: &str| name.as_bytes().get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
        names.filter(|item| fits(name(item))).take(MOST).collect()
    }

    /// Whether it is the type of elements.
    fn is_of_elements(&self) -> bool {
        self.before.trim_end().ends_with(['<', '['])
    }
}

/// What may stand at an offset, and whether there is more that begins otherwise. `schema` is what was last resolved.
pub fn complete(
    document: &Document,
    offset: usize,
    schema: Option<&Schema>,
    snippets: bool,
) -> (Vec<CompletionItem>, bool) {
    let text = &*document.text;
    // What is not known yet is asked for again.
    let Some((before, end)) = document.outline_before(offset) else { return (Vec::new(), true) };
    let owner = |entry: Option<usize>| match entry {
        Some(entry) => meaning(text, &before, Some(entry)),
        None => Meaning::TOP,
    };
    // What is replaced: from the beginning of the word to its end after the cursor.
    let word = super::target::word(text, offset);
    let start = word.start.max(end.word).min(offset);
    let range = document.range(start..word.end.max(offset));
    let word = &mut Word { before: &text[..start], begins: &text[start..offset], left_out: false };
    let offers = match end.place {
        Place::Text => Vec::new(),
        Place::Key(entry) => keys(document, offset, &owner(entry), &given(document, &before, entry), schema),
        Place::Value(entry) => values(document, &owner(Some(entry)), schema, word),
        Place::Item(entry) => {
            let owner = owner(Some(entry));
            match owner.takes {
                // An item that is a mapping: its keys.
                Some(Takes::Rules | Takes::List(_)) => keys(document, offset, &owner, &[], schema),
                _ => values(document, &owner, schema, word),
            }
        }
    };
    let items = offers.into_iter().enumerate().map(|(at, offer)| item(offer, at, range, snippets)).collect();
    (items, word.left_out)
}

#[allow(deprecated)]
fn item(offer: Offer, at: usize, range: gen_lsp_types::Range, snippets: bool) -> CompletionItem {
    let new_text = if snippets { offer.insert.clone() } else { plain(&offer.insert) };
    let about = MarkupContent { kind: MarkupKind::Markdown, value: offer.about };
    CompletionItem {
        label: offer.label,
        kind: Some(offer.kind),
        documentation: (!about.value.is_empty()).then_some(Documentation::MarkupContent(about)),
        // In the order of the tables, which is that of importance.
        sort_text: Some(format!("{at:05}")),
        insert_text_format: Some(if snippets { InsertTextFormat::Snippet } else { InsertTextFormat::PlainText }),
        text_edit: Some(CompletionItemTextEdit::TextEdit(TextEdit { range, new_text })),
        ..CompletionItem::default()
    }
}

/// A snippet without its places: `Vec<${1:u64}, ${2:8}>` is `Vec<u64, 8>`.
fn plain(snippet: &str) -> String {
    let mut text = String::new();
    let mut chars = snippet.chars().peekable();
    let mut open = 0;
    while let Some(c) = chars.next() {
        match c {
            '\\' => text.extend(chars.next()),
            '$' if chars.next_if_eq(&'{').is_some() => {
                open += 1;
                while chars.next_if(|c| c.is_ascii_digit()).is_some() {}
                chars.next_if_eq(&':');
            }
            '$' => while chars.next_if(|c| c.is_ascii_digit()).is_some() {},
            '}' if open > 0 => open -= 1,
            c => text.push(c),
        }
    }
    text
}

/// The keys that a mapping has already, before and after the cursor.
fn given<'a>(document: &'a Document, before: &Outline, entry: Option<usize>) -> Vec<&'a str> {
    let text = &*document.text;
    let Some(entry) = entry else {
        let outline = if text.len() > LARGE { document.heads() } else { document.outline() };
        return outline.children(None).map(|(_, entry)| &text[entry.key.clone()]).collect();
    };
    // The same entry, with all of its item.
    let key = &before.entries[entry].key;
    let Some(whole) = document.outline_at(key.start) else { return Vec::new() };
    let same = whole.entries.iter().position(|other| other.key == *key);
    let names = |outline: &Outline, entry: usize| -> Vec<&'a str> {
        outline.children(Some(entry)).map(|(_, entry)| &text[entry.key.clone()]).collect()
    };
    let mut given = same.map(|entry| names(&whole, entry)).unwrap_or_default();
    given.extend(names(before, entry));
    given
}

fn keys(document: &Document, offset: usize, owner: &Meaning, given: &[&str], schema: Option<&Schema>) -> Vec<Offer> {
    match owner.inside {
        Inside::Keys(keys) => language_keys(keys, given),
        Inside::Rules => rule_keys(document, owner, given, schema),
        Inside::Names("messages", _) => vec![new_message(document, offset, schema)],
        Inside::Names("structs", _) => {
            let insert = "${1:Name}:\n  fields:\n    ${2:field}: ${3:u64}$0";
            vec![Offer::new("Name: …", CompletionItemKind::Snippet, "A new struct.").inserting(insert)]
        }
        Inside::Names("enums", _) => {
            let insert = "${1:Name}:\n  values:\n    ${2:First}: ${3:1}$0";
            vec![Offer::new("Name: …", CompletionItemKind::Snippet, "A new enum.").inserting(insert)]
        }
        Inside::Names(..) | Inside::Fields | Inside::Values | Inside::Nothing => Vec::new(),
    }
}

fn language_keys(keys: &'static Keys, given: &[&str]) -> Vec<Offer> {
    let absent = keys.known.iter().filter(|key| !given.contains(&key.name));
    let offer = |key: &'static myc_schema::raw::keys::Key| {
        let required = if key.required { " Required." } else { "" };
        let about = format!("{}{required}", key.about);
        let insert = match key.takes {
            Takes::Named(..) | Takes::Fields | Takes::Values | Takes::IdRangesByName => format!("{}:\n  $0", key.name),
            Takes::Rules => format!("{}: [{{ $0 \\}}]", key.name),
            Takes::Texts(_) | Takes::Messages | Takes::IdRanges => format!("{}: [$0]", key.name),
            _ => format!("{}: $0", key.name),
        };
        Offer::new(key.name, CompletionItemKind::Property, about).inserting(insert)
    };
    // What has to be there comes first.
    let (required, other): (Vec<_>, Vec<_>) = absent.partition(|key| key.required);
    required.into_iter().chain(other).map(offer).collect()
}

/// The rules that apply to the field's type, or all where that is not known.
fn rule_keys(document: &Document, owner: &Meaning, given: &[&str], schema: Option<&Schema>) -> Vec<Offer> {
    let ty = field_type(document, schema, owner);
    let known = rules::KNOWN.iter().filter(|rule| ty.as_ref().is_none_or(|ty| rule.applies(ty)));
    let offer = |rule: &rules::Known| {
        let value = match rule.takes {
            rules::Takes::Flag => "true",
            rules::Takes::Text => "\"$0\"",
            rules::Takes::Values => "[$0]",
            rules::Takes::Number | rules::Takes::Length(_) => "$0",
        };
        let about = format!("{} On {}.", rule.about, rule.on);
        Offer::new(rule.name, CompletionItemKind::Function, about).inserting(format!("{}: {value}", rule.name))
    };
    known.filter(|rule| !given.contains(&rule.name)).map(offer).collect()
}

fn new_message(document: &Document, offset: usize, schema: Option<&Schema>) -> Offer {
    // Beside the message above: of the same domain, most likely.
    let domain = match schema {
        Some(schema) if document.text.len() > LARGE => {
            let above = |message: &&Message| (message.span.start as usize) < offset;
            schema.messages.iter().filter(above).max_by_key(|message| message.span.start)
        }
        Some(schema) => {
            let outline = document.outline_of(&["messages"]);
            let names = declared(&document.text, &outline, "messages").map(|at| &outline.entries[at].key);
            let above = names.filter(|key| key.end <= offset).last();
            above.and_then(|above| schema.message(&document.text[above.clone()]))
        }
        None => None,
    };
    let domain = domain.map(|above| above.domain.as_str());
    let id = schema.and_then(|schema| next_id(schema, domain)).unwrap_or(1000);
    let domain = escaped(domain.unwrap_or("Domain"));
    let insert = format!(
        "${{1:Name}}:\n  tlv_type: ${{2:{id}}}\n  domain: ${{3:{domain}}}\n  fields:\n    ${{4:field}}: ${{5:u64}}$0"
    );
    Offer::new("Name: …", CompletionItemKind::Snippet, format!("A new message with the free id {id}."))
        .inserting(insert)
}

/// The type of the field that something is in: as resolved, else as far as its text tells.
fn field_type(document: &Document, schema: Option<&Schema>, owner: &Meaning) -> Option<Type> {
    let resolved = schema.and_then(|schema| resolved_type(schema, owner));
    resolved.cloned().or_else(|| {
        let written = owner.ty.map(|range| document.text[range.0..range.1].trim())?;
        let base = written.split(|c: char| !c.is_alphanumeric() && c != '_').find(|word| !word.is_empty())?;
        let of_enum = |schema: &Schema| schema.enums.iter().position(|of| of.name == base);
        let elem = || Box::new(Type::Scalar(Scalar::U8));
        match TYPE_NAMES.iter().find(|scalar| scalar.name() == base) {
            _ if written.starts_with('[') => Some(Type::Array { elem: elem(), len: 1 }),
            Some(scalar) => Some(Type::Scalar(*scalar)),
            None if base == "String" => Some(Type::String { bound: 1 }),
            None if base == "Vec" => Some(Type::Vec { elem: elem(), bound: 1 }),
            None => schema.and_then(of_enum).map(|index| Type::Enum(EnumId(index))),
        }
    })
}

fn resolved_type<'a>(schema: &'a Schema, owner: &Meaning) -> Option<&'a Type> {
    let (section, name) = owner.owner?;
    let fields = match section {
        "messages" => &schema.message(name)?.fields,
        _ => &schema.structs.iter().find(|item| item.name == name)?.fields,
    };
    let field = fields.iter().find(|field| Some(field.name.as_str()) == owner.field)?;
    // The type of one that could not be looked up is a stand-in.
    (field.place.size > 0).then_some(&field.ty)
}

fn values(document: &Document, owner: &Meaning, schema: Option<&Schema>, word: &mut Word) -> Vec<Offer> {
    let constant = |label: &&str| Offer::new(*label, CompletionItemKind::Value, "");
    let mut names = |section: &'static str, kind: CompletionItemKind| -> Vec<Offer> {
        let offer = |name: &str| Offer::new(name, kind, section.trim_end_matches('s'));
        match schema.filter(|_| document.text.len() > LARGE) {
            Some(schema) => {
                let names = |names: &mut dyn Iterator<Item = &str>| -> Vec<Offer> { names.map(offer).collect() };
                let mut few = match section {
                    "messages" => word.few(schema.messages.iter().map(|message| &*message.name), |name| name),
                    "structs" => word.few(schema.structs.iter().map(|item| &*item.name), |name| name),
                    "enums" => word.few(schema.enums.iter().map(|of| &*of.name), |name| name),
                    _ => word.few(schema.domains.iter().map(|domain| &*domain.name), |name| name),
                }
                .into_iter();
                names(&mut few)
            }
            None if document.text.len() > LARGE => Vec::new(),
            None => {
                let outline = document.outline_of(&[section]);
                let indices: Vec<usize> = declared(&document.text, &outline, section).collect();
                let names = indices.iter().map(|at| &document.text[outline.entries[*at].key.clone()]);
                word.few(names, |name| name).into_iter().map(offer).collect()
            }
        }
    };
    if let Role::Rule(Some(rule)) = owner.role {
        return match rule.takes {
            rules::Takes::Flag => vec![constant(&"true"), constant(&"false")],
            rules::Takes::Values => match schema.zip(field_type(document, schema, owner)) {
                Some((schema, Type::Enum(id))) => {
                    let value = |value: &myc_schema::ir::EnumValue| {
                        Offer::new(&value.name, CompletionItemKind::EnumMember, format!("= {}", value.value))
                    };
                    word.few(schema.enum_(id).values.iter(), |value| &value.name).into_iter().map(value).collect()
                }
                _ => Vec::new(),
            },
            _ => Vec::new(),
        };
    }
    match owner.takes {
        Some(Takes::Choice(choices)) => choices.iter().map(constant).collect(),
        Some(Takes::Bool) => ["true", "false"].iter().map(constant).collect(),
        Some(Takes::Domain) => names("domains", CompletionItemKind::Module),
        Some(Takes::Messages) => names("messages", CompletionItemKind::Class),
        Some(Takes::Type) => {
            let mut types = names("structs", CompletionItemKind::Struct);
            types.extend(names("enums", CompletionItemKind::Enum));
            types.extend(built_in(word.is_of_elements()));
            types
        }
        Some(Takes::Int(1, _)) => {
            let domain = owner.owner.and_then(|(_, name)| schema?.message(name)).map(|message| message.domain.as_str());
            let id = schema.and_then(|schema| next_id(schema, domain.filter(|domain| !domain.is_empty())));
            id.map(|id| Offer::new(id.to_string(), CompletionItemKind::Value, "a free id")).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

/// The types that need no declaration. Elements are no strings or vectors, and what they are in has its quotes.
fn built_in(of_elements: bool) -> Vec<Offer> {
    let array = Offer::new("[T; N]", CompletionItemKind::Class, "Exactly N elements.");
    let mut offers = match of_elements {
        true => vec![array.inserting("[${1:u8}; ${2:20}]")],
        false => vec![
            Offer::new("String<N>", CompletionItemKind::Class, "UTF-8 of at most N bytes.")
                .inserting("String<${1:32}>"),
            Offer::new("Vec<T, N>", CompletionItemKind::Class, "At most N elements.")
                .inserting("\"Vec<${1:u64}, ${2:8}>\""),
            array.inserting("\"[${1:u8}; ${2:20}]\""),
        ],
    };
    let mut scalars: Vec<_> = TYPE_NAMES.to_vec();
    scalars.sort();
    offers.extend(scalars.iter().map(|scalar| {
        let size = myc_schema::layout::scalar(*scalar).size;
        Offer::new(scalar.name(), CompletionItemKind::TypeParameter, format!("{size} on the wire (bytes)"))
    }));
    offers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn snippets_without_places() {
        assert_eq!(plain("\"Vec<${1:u64}, ${2:8}>\""), "\"Vec<u64, 8>\"");
        assert_eq!(plain("validation: [{ $0 \\}]"), "validation: [{  }]");
        assert_eq!(plain(&escaped("a$}\\")), "a$}\\");
    }
}
