//! The contract file as it was written: a spanned, unresolved mirror of the YAML.
//! Names are not looked up here, types are not parsed, defaults are not filled in:
//! that is left to [`crate::resolve`]. What a key may be called and which kind of
//! YAML value it takes is decided here.

use crate::codes;
use crate::diag::Diagnostic;
use crate::source::{SourceId, Span, Spanned};

mod array_types;
mod fields;
pub mod keys;
mod lower;
mod positions;
mod scalar;
mod sections;
mod syntax;
pub(crate) mod tree;

use tree::Extensions;

/// Reads a contract. Total: reports every mistake of form, and returns what could be read.
/// What is absent from the result although a contract needs it was reported here.
pub fn parse(source: SourceId, text: &str, diagnostics: &mut Vec<Diagnostic>) -> File {
    parse_while(source, text, diagnostics, &|| true).unwrap_or_default()
}

/// As [`parse`], unless the result is not `wanted` any more before it is there. What says no goes on saying so.
pub fn parse_while(
    source: SourceId,
    text: &str,
    diagnostics: &mut Vec<Diagnostic>,
    wanted: &dyn Fn() -> bool,
) -> Option<File> {
    let unfit = syntax::unfit(source, text);
    if let Some(diagnostic) = unfit {
        diagnostics.push(diagnostic);
        return Some(File::default());
    }
    let mut found = Vec::new();
    let file = match tree::build(source, text, text, Extensions::Left, &mut found, wanted) {
        Ok(root) => lowered(source, text, root, &mut found),
        Err((error, at)) => match array_types::make_readable(text) {
            Some(readable) => {
                found.clear();
                match tree::build(source, &readable, text, Extensions::Left, &mut found, wanted) {
                    Ok(root) => lowered(source, text, root, &mut found),
                    Err((error, at)) => unreadable(syntax::error(source, text, &error, at), &mut found),
                }
            }
            None => unreadable(syntax::error(source, text, &error, at), &mut found),
        },
    };
    diagnostics.append(&mut found);
    wanted().then_some(file)
}

/// Why a text is no YAML, in words that say what to do: characters that no text has, or what the parser objects to. For
/// files of all kinds that are read with the same parser.
pub fn not_yaml(source: SourceId, text: &str) -> Option<Diagnostic> {
    let broken = || {
        let error = saphyr_parser::Parser::new_from_str(text).find_map(Result::err)?;
        let at = positions::Positions::new(text).byte(error.marker().index());
        Some(syntax::error(source, text, &error, at))
    };
    syntax::control_characters(source, text).or_else(broken)
}

/// Hands the tree of a text, with everything that is written, to `then`. `None` where the text has no tree, or one with
/// something in it that no contract may have.
pub(crate) fn with_tree<T>(source: SourceId, text: &str, then: impl FnOnce(&tree::Node) -> T) -> Option<T> {
    if syntax::unfit(source, text).is_some() {
        return None;
    }
    let readable = array_types::make_readable(text);
    let texts = std::iter::once(text).chain(readable.as_deref());
    for readable in texts {
        let mut found = Vec::new();
        if let Ok(Some(root)) = tree::build(source, readable, text, Extensions::Kept, &mut found, &|| true) {
            return found.is_empty().then(|| then(&root));
        }
    }
    None
}

fn lowered(source: SourceId, text: &str, root: Option<tree::Node>, found: &mut Vec<Diagnostic>) -> File {
    let empty = matches!(&root, Some(tree::Node { kind: tree::Kind::Plain(text), .. }) if text.is_empty());
    match root {
        Some(root) if !empty => sections::file(&mut lower::Lower { text, diagnostics: found }, root),
        // Nothing, unless what made it unreadable was reported.
        _ if found.is_empty() => {
            let what =
                if text.trim_start_matches('\u{feff}').trim().is_empty() { "is empty" } else { "has only comments" };
            let place = Span { source, start: 0, end: 0 };
            found.push(
                Diagnostic::new(&codes::E0006, place, format!("the contract {what}"))
                    .help("a contract has at least a key such as `messages:`; `messages: {}` is one without messages"),
            );
            File::default()
        }
        _ => File::default(),
    }
}

fn unreadable(diagnostic: Diagnostic, found: &mut Vec<Diagnostic>) -> File {
    found.push(diagnostic);
    File::default()
}

/// A whole contract file.
#[derive(Clone, Debug, Default)]
pub struct File {
    /// The `schema` section, where there is one.
    pub schema: Option<SchemaHeader>,
    /// `tag_ranges`, in file order. `None` where absent, or of a wrong kind, which was reported.
    pub tag_ranges: Option<Vec<TagRange>>,
    /// `domains`, in file order.
    pub domains: Vec<Domain>,
    /// `enums`, in file order.
    pub enums: Vec<Enum>,
    /// `structs`, in file order.
    pub structs: Vec<Struct>,
    /// Whether `enums` or `structs` as a whole is of a wrong kind (reported), so that types may be missing.
    pub types_unreadable: bool,
    /// `messages`, in file order.
    pub messages: Vec<Message>,
    /// `invariants`, in file order.
    pub invariants: Vec<Invariant>,
    /// `reserved`: retired type ids.
    pub reserved_ids: Vec<Spanned<IdRange>>,
    /// `reserved`: retired message names.
    pub reserved_names: Vec<Spanned<String>>,
}

/// An inclusive range of integers; a single id has equal ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdRange {
    /// First id.
    pub first: i128,
    /// Last id.
    pub last: i128,
}

/// The `schema` section.
#[derive(Clone, Debug)]
pub struct SchemaHeader {
    /// The section's key.
    pub span: Span,
    /// `id`.
    pub id: Option<Spanned<i128>>,
    /// `version`.
    pub version: Option<Spanned<i128>>,
    /// `min_compatible`.
    pub min_compatible: Option<Spanned<i128>>,
    /// `digest`.
    pub digest: Option<Spanned<String>>,
    /// `core`.
    pub core: Option<Spanned<bool>>,
}

/// One entry of `tag_ranges`.
#[derive(Clone, Debug)]
pub struct TagRange {
    /// The range's name.
    pub name: Spanned<String>,
    /// The ids; `None` where they can't be read, which was reported.
    pub range: Option<Spanned<IdRange>>,
}

/// One entry of `domains`.
#[derive(Clone, Debug)]
pub struct Domain {
    /// The domain's name.
    pub name: Spanned<String>,
    /// `description`.
    pub description: Option<Spanned<String>>,
    /// `topic`.
    pub topic: Option<Spanned<String>>,
    /// `type_range`; `None` where absent, or where it can't be read, which was reported.
    pub type_range: Option<Spanned<IdRange>>,
    /// `latency_slo_p99_ms`.
    pub latency_slo_p99_ms: Option<Spanned<f64>>,
    /// `error_rate_slo_pct`.
    pub error_rate_slo_pct: Option<Spanned<f64>>,
}

/// One entry of `enums`.
#[derive(Clone, Debug)]
pub struct Enum {
    /// The enum's name.
    pub name: Spanned<String>,
    /// `repr`.
    pub repr: Option<Spanned<String>>,
    /// `description`.
    pub description: Option<Spanned<String>>,
    /// `values`, in file order; `None` where absent or of a wrong kind, which was reported.
    pub values: Option<Vec<EnumValue>>,
}

/// One value of an enum.
#[derive(Clone, Debug)]
pub struct EnumValue {
    /// The value's name.
    pub name: Spanned<String>,
    /// Its number; `None` where it can't be read, which was reported.
    pub value: Option<Spanned<i128>>,
}

/// One entry of `structs`.
#[derive(Clone, Debug)]
pub struct Struct {
    /// The struct's name.
    pub name: Spanned<String>,
    /// `description`.
    pub description: Option<Spanned<String>>,
    /// `fields`, in wire order; `None` where absent (a message may have none) or of a wrong kind (reported).
    pub fields: Option<Vec<Field>>,
}

/// One entry of `messages`.
#[derive(Clone, Debug)]
pub struct Message {
    /// The message's name.
    pub name: Spanned<String>,
    /// `tlv_type`; `None` where absent or of a wrong kind, which was reported.
    pub tlv_type: Option<Spanned<i128>>,
    /// `domain`; `None` where absent or of a wrong kind, which was reported.
    pub domain: Option<Spanned<String>>,
    /// `topic`.
    pub topic: Option<Spanned<String>>,
    /// `description`.
    pub description: Option<Spanned<String>>,
    /// `fields`, in wire order; `None` where absent (a message may have none) or of a wrong kind (reported).
    pub fields: Option<Vec<Field>>,
    /// `sensitivity`.
    pub sensitivity: Option<Spanned<String>>,
    /// `log_payload`.
    pub log_payload: Option<Spanned<bool>>,
    /// `required_prior_messages`.
    pub required_prior_messages: Vec<Spanned<String>>,
    /// `deprecated`.
    pub deprecated: Option<Spanned<String>>,
    /// `rust_type`.
    pub rust_type: Option<Spanned<String>>,
    /// `schema_version`.
    pub schema_version: Option<Spanned<i128>>,
}

/// One field of a struct or message.
#[derive(Clone, Debug)]
pub struct Field {
    /// The field's name.
    pub name: Spanned<String>,
    /// Its type as written, or as it would be written where YAML read a list
    /// (`[u8; 20]` unquoted); `None` where absent or of a wrong kind, which was reported.
    /// The span of a quoted type includes the quotes.
    pub ty: Option<Spanned<String>>,
    /// `description`.
    pub description: Option<Spanned<String>>,
    /// `optional`.
    pub optional: Option<Spanned<bool>>,
    /// `validation`, in file order.
    pub validation: Vec<Rule>,
    /// `deprecated`.
    pub deprecated: Option<Spanned<String>>,
    /// `unit`.
    pub unit: Option<Spanned<String>>,
}

/// One entry of a field's `validation`.
#[derive(Clone, Debug)]
pub struct Rule {
    /// The rule's name.
    pub name: Spanned<String>,
    /// Its value.
    pub value: Spanned<Value>,
}

/// A rule's value, by the contract language's own scalar grammar.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `true` or `false`.
    Bool(bool),
    /// A decimal or `0x` integer, as written; of any size.
    Int(String),
    /// A JSON float, as written.
    Float(String),
    /// A quoted or plain string.
    Str {
        /// The text.
        text: String,
        /// Whether it was quoted.
        quoted: bool,
    },
    /// A list.
    List(Vec<Spanned<Value>>),
    /// `null`, or nothing at all.
    Null,
    /// A mapping (only unknown rules may have one); its source text.
    Map(String),
    /// Something that was reported: nothing more should be said about it.
    Reported,
}

/// One entry of `invariants`.
#[derive(Clone, Debug)]
pub struct Invariant {
    /// `name`.
    pub name: Option<Spanned<String>>,
    /// `description`.
    pub description: Option<Spanned<String>>,
    /// `enforced_by`.
    pub enforced_by: Vec<Spanned<String>>,
    /// `severity`.
    pub severity: Option<Spanned<String>>,
}
