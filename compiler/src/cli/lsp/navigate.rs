//! Where things are: definitions, and the tree of a document's symbols.

use std::ops::Range;

use gen_lsp_types::{DocumentSymbol, SymbolKind};

use super::document::Document;
use super::meaning::{Inside, Role, meaning};
use super::outline::Outline;
use super::target::Target;

/// Where a name is declared: the key in one of these sections.
pub fn declaration(text: &str, outline: &Outline, sections: &[&str], name: &str) -> Option<Range<usize>> {
    let names = sections.iter().flat_map(|section| declared(text, outline, section));
    let found = names.map(|index| &outline.entries[index].key).find(|key| &text[(*key).clone()] == name);
    found.cloned()
}

/// The entries of a section, by index.
pub fn declared<'a>(text: &'a str, outline: &'a Outline, section: &'a str) -> impl Iterator<Item = usize> {
    let sections = outline.children(None).filter(move |(_, entry)| &text[entry.key.clone()] == section);
    sections.flat_map(|(section, _)| outline.children(Some(section)).map(|(index, _)| index))
}

/// Where what a target refers to is declared, or it itself where it is a declaration.
pub fn definition(document: &Document, target: &Target) -> Option<Range<usize>> {
    let text = &document.text;
    if target.is_enum_value() {
        // The type of the field, then the value in the enum of that name.
        let (section, owner) = target.meaning.owner?;
        let outline = &*document.outline_of(&[section, "enums"]);
        let field = target.meaning.field?;
        let owner = declared(text, outline, section).find(|at| &text[outline.entries[*at].key.clone()] == owner)?;
        let child = |parent: usize, name: &str| {
            outline.children(Some(parent)).find(|(_, entry)| &text[entry.key.clone()] == name).map(|(at, _)| at)
        };
        let field = child(child(owner, "fields")?, field)?;
        let ty = child(field, "type").unwrap_or(field);
        let ty = text[outline.entries[ty].value.clone()].trim();
        let of = declared(text, outline, "enums").find(|at| &text[outline.entries[*at].key.clone()] == ty)?;
        let value = child(child(of, "values")?, target.word)?;
        return Some(outline.entries[value].key.clone());
    }
    match target.meaning.role {
        Role::Declared(_) | Role::Field | Role::EnumValue if !target.in_value => Some(target.range.clone()),
        _ => declaration(text, &document.outline_of(target.refers_to()), target.refers_to(), target.word),
    }
}

/// The sections with what they declare, and the fields and values of that.
pub fn symbols(document: &Document, outline: &Outline) -> Vec<DocumentSymbol> {
    let mut children: Vec<Vec<usize>> = vec![Vec::new(); outline.entries.len()];
    let mut top = Vec::new();
    for (index, entry) in outline.entries.iter().enumerate() {
        match entry.parent {
            Some(parent) => children[parent].push(index),
            None => top.push(index),
        }
    }
    top.iter().filter_map(|index| symbol(document, outline, &children, *index)).collect()
}

#[allow(deprecated)]
fn symbol(document: &Document, outline: &Outline, children: &[Vec<usize>], index: usize) -> Option<DocumentSymbol> {
    let text = &document.text;
    let entry = &outline.entries[index];
    let meaning = meaning(text, outline, Some(index));
    let kind = match (meaning.role, meaning.inside) {
        (Role::Key(_), Inside::Names(..)) => SymbolKind::Namespace,
        (Role::Declared("messages"), _) => SymbolKind::Class,
        (Role::Declared("structs"), _) => SymbolKind::Struct,
        (Role::Declared("enums"), _) => SymbolKind::Enum,
        (Role::Declared(_), _) => SymbolKind::Module,
        (Role::Field, _) => SymbolKind::Field,
        (Role::EnumValue, _) => SymbolKind::EnumMember,
        (Role::Key(_), _) if entry.parent.is_none() => SymbolKind::Property,
        _ => return None,
    };
    let name = text[entry.key.clone()].to_owned();
    // What is in `fields` and `values` is shown as the message's or enum's own.
    let inner = children[index].iter().flat_map(|child| match self::meaning(text, outline, Some(*child)) {
        super::meaning::Meaning { role: Role::Key(_), inside: Inside::Fields | Inside::Values, .. } => {
            children[*child].clone()
        }
        _ => vec![*child],
    });
    let inner: Vec<DocumentSymbol> = match kind {
        SymbolKind::Field | SymbolKind::EnumMember | SymbolKind::Property => Vec::new(),
        _ => inner.filter_map(|child| symbol(document, outline, children, child)).collect(),
    };
    let is_text = !entry.value.is_empty() && !text[entry.value.clone()].contains(['\n', '\r']);
    let detail = match kind {
        SymbolKind::Field | SymbolKind::EnumMember if is_text => Some(text[entry.value.clone()].to_owned()),
        SymbolKind::Class => children[index]
            .iter()
            .map(|child| &outline.entries[*child])
            .find_map(|child| (&text[child.key.clone()] == "tlv_type").then(|| text[child.value.clone()].to_owned())),
        _ => None,
    };
    let mut range = document.range(entry.key.start..entry.end.max(entry.key.end).max(entry.value.end));
    range.end = inner.iter().map(|child| child.range.end).fold(range.end, std::cmp::max);
    Some(DocumentSymbol {
        name: if name.is_empty() { "?".to_owned() } else { name },
        detail,
        kind,
        tags: None,
        deprecated: None,
        range,
        selection_range: document.range(entry.key.clone()),
        children: (!inner.is_empty()).then_some(inner),
    })
}
