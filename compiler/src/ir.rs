//! The resolved schema: plain data, every name looked up, every default filled in, every
//! offset known. It knows nothing of YAML. [`crate::resolve`] makes it, [`crate::layout`] puts
//! the numbers in, [`crate::digest`] the digest and fingerprints; backends and the dynamic codec read it.

use crate::source::{Span, Spanned};

/// A whole schema.
#[derive(Clone, Debug)]
pub struct Schema {
    /// The key `schema`, where there is one.
    pub span: Option<Span>,
    /// `schema.id`, 0 when absent.
    pub id: u32,
    /// `schema.version`, 1 when absent.
    pub version: u16,
    /// `schema.min_compatible`, 1 when absent; at most `version`.
    pub min_compatible: u16,
    /// Whether the contract is the framework's own (ids 1 to 99 allowed).
    pub core: bool,
    /// How [`Schema::digest`] was made.
    pub digest_kind: DigestKind,
    /// The schema digest: SHA-256.
    pub digest: [u8; 32],
    /// Named id ranges, in file order.
    pub tag_ranges: Vec<TagRange>,
    /// Declared domains, in file order.
    pub domains: Vec<Domain>,
    /// Enums, in file order; [`EnumId`] indexes here.
    pub enums: Vec<Enum>,
    /// Structs, every one after the structs it contains; [`StructId`] indexes here.
    pub structs: Vec<Struct>,
    /// Messages, in file order.
    pub messages: Vec<Message>,
    /// Documented invariants, in file order.
    pub invariants: Vec<Invariant>,
    /// Retired type ids, inclusive ranges.
    pub reserved_ids: Vec<Spanned<(u16, u16)>>,
    /// Retired names.
    pub reserved_names: Vec<Spanned<String>>,
}

/// What the schema digest is computed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DigestKind {
    /// The canonical text.
    CanonicalV1,
    /// The contract file's bytes.
    Source,
}

/// A named, inclusive range of type ids.
#[derive(Clone, Debug)]
pub struct TagRange {
    /// Its name.
    pub name: String,
    /// Where the name was written.
    pub span: Span,
    /// First id.
    pub first: u16,
    /// Last id.
    pub last: u16,
}

/// A declared domain.
#[derive(Clone, Debug)]
pub struct Domain {
    /// The name, as written.
    pub name: String,
    /// Where the name was written.
    pub span: Span,
    /// The description, where one was given.
    pub description: Option<String>,
    /// The topic of its messages unless they say otherwise.
    pub topic: String,
    /// The ids its messages should lie in, inclusive.
    pub type_range: Option<(u16, u16)>,
    /// Target latency in milliseconds, 99th percentile.
    pub latency_slo_p99_ms: Option<f64>,
    /// Target error rate in percent.
    pub error_rate_slo_pct: Option<f64>,
}

/// Index into [`Schema::enums`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EnumId(pub usize);

/// Index into [`Schema::structs`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct StructId(pub usize);

/// An enum.
#[derive(Clone, Debug)]
pub struct Enum {
    /// The name, as written.
    pub name: String,
    /// Where the name was written.
    pub span: Span,
    /// The description, where one was given.
    pub description: Option<String>,
    /// `U8`, `U16` or `U32`.
    pub repr: Scalar,
    /// Names and numbers, in file order; at least one.
    pub values: Vec<EnumValue>,
}

/// One value of an enum.
#[derive(Clone, Debug)]
pub struct EnumValue {
    /// The name, as written.
    pub name: String,
    /// Where the name was written.
    pub span: Span,
    /// The number on the wire.
    pub value: u32,
}

/// A struct: a fixed-size composite.
#[derive(Clone, Debug)]
pub struct Struct {
    /// The name, as written.
    pub name: String,
    /// Where the name was written.
    pub span: Span,
    /// The description, where one was given.
    pub description: Option<String>,
    /// Fields in wire order; at least one.
    pub fields: Vec<Field>,
    /// Size and alignment of the whole.
    pub layout: Layout,
}

/// A message.
#[derive(Clone, Debug)]
pub struct Message {
    /// The name, as written.
    pub name: String,
    /// Where the name was written.
    pub span: Span,
    /// The TLV type id, never 0.
    pub type_id: u16,
    /// The domain's name, as written.
    pub domain: String,
    /// The topic it is routed by.
    pub topic: String,
    /// The description, where one was given.
    pub description: Option<String>,
    /// Fields in wire order; may be empty.
    pub fields: Vec<Field>,
    /// Size and alignment of the payload.
    pub layout: Layout,
    /// First eight bytes of SHA-256 over its canonical lines.
    pub fingerprint: [u8; 8],
    /// Whether printers show `<redacted>` instead of the payload.
    pub redacted: bool,
    /// `sensitivity`, where given.
    pub sensitivity: Option<String>,
    /// Names of messages that come before it.
    pub required_prior_messages: Vec<String>,
    /// Why it is deprecated, where it is.
    pub deprecated: Option<String>,
    /// Name of the Rust type, where overridden.
    pub rust_type: Option<String>,
}

/// A field of a struct or message.
#[derive(Clone, Debug)]
pub struct Field {
    /// The name, as written.
    pub name: String,
    /// Where the name was written.
    pub span: Span,
    /// The description, where one was given.
    pub description: Option<String>,
    /// The unit, where one was given (documentation only).
    pub unit: Option<String>,
    /// Why it is deprecated, where it is.
    pub deprecated: Option<String>,
    /// The type of a present value.
    pub ty: Type,
    /// Whether a presence byte precedes the value.
    pub optional: bool,
    /// Enforced rules, in alphabetical order of their names, none twice.
    /// `max_length` is not among them: it is the bound in the type.
    pub rules: Vec<Rule>,
    /// Rules that are documentation only: name and value as written.
    pub documented_rules: Vec<(String, String)>,
    /// Where its bytes lie.
    pub place: Place,
}

/// Where a field's bytes lie in its struct or message. All numbers are bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Place {
    /// Offset of the field: of the presence byte when optional, else of the value.
    pub offset: u32,
    /// Size of the field, with presence byte and rounding, without [`Place::padding_after`].
    pub size: u32,
    /// Alignment of the field.
    pub align: u32,
    /// Offset of the value: `offset` unless optional.
    pub value_offset: u32,
    /// Size of the value alone.
    pub value_size: u32,
    /// Zero bytes from the end of the field to the next field or the end of the composite.
    pub padding_after: u32,
}

/// A size and an alignment, in bytes. `size` is a multiple of `align`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Size in bytes.
    pub size: u32,
    /// Alignment in bytes: 1, 2, 4 or 8.
    pub align: u32,
}

/// The type of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Type {
    /// A number or boolean.
    Scalar(Scalar),
    /// `[T; N]`; the element is never a string or vector.
    Array {
        /// Element type.
        elem: Box<Type>,
        /// Number of elements, 1 to 65535.
        len: u32,
    },
    /// `String<N>`: at most N bytes of UTF-8.
    String {
        /// The bound in bytes, 1 to 65535.
        bound: u32,
    },
    /// `Vec<T, N>`: at most N elements; the element is never a string or vector.
    Vec {
        /// Element type.
        elem: Box<Type>,
        /// The bound in elements, 1 to 65535.
        bound: u32,
    },
    /// An enum.
    Enum(EnumId),
    /// A struct.
    Struct(StructId),
}

/// A number or boolean type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Scalar {
    U8,
    U16,
    U32,
    U64,
    I8,
    I16,
    I32,
    I64,
    F32,
    F64,
    Bool,
    U256,
}

/// A rule that is enforced on construction and on decode.
#[derive(Clone, Debug, PartialEq)]
pub enum Rule {
    /// `ascii`.
    Ascii,
    /// `max`, inclusive.
    Max(Number),
    /// `min`, inclusive.
    Min(Number),
    /// `min_length`: bytes of a string, elements of a vector.
    MinLength(u32),
    /// `not_empty`.
    NotEmpty,
    /// `not_prefix`.
    NotPrefix(String),
    /// `not_zero`.
    NotZero,
    /// `one_of`.
    OneOf(OneOf),
}

/// A number in a rule, of the field's own type.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    /// For integer fields: within the field's type.
    Int(i128),
    /// For `f32` fields: already rounded to f32; finite.
    F32(f32),
    /// For `f64` fields; finite.
    F64(f64),
    /// For `U256` fields: 32 bytes, little-endian.
    U256([u8; 32]),
}

/// The allowed values of a `one_of` rule: no repeats, sorted (numbers by value, strings and enum names by bytes).
#[derive(Clone, Debug, PartialEq)]
pub enum OneOf {
    /// Integers.
    Ints(Vec<i128>),
    /// 256-bit integers, little-endian bytes, sorted by value.
    U256s(Vec<[u8; 32]>),
    /// Strings.
    Strings(Vec<String>),
    /// Enum value names, each with its number.
    Enums(Vec<(String, u32)>),
}

/// A documented invariant: carried into generated documentation.
#[derive(Clone, Debug)]
pub struct Invariant {
    /// What it is called.
    pub name: String,
    /// Where the name was written.
    pub span: Option<Span>,
    /// What it says.
    pub description: Option<String>,
    /// What enforces it.
    pub enforced_by: Vec<String>,
    /// How bad a violation is.
    pub severity: Option<String>,
}

impl Rule {
    /// The rule's name in contracts, digests and error codes (`rule:min`).
    pub fn name(&self) -> &'static str {
        match self {
            Rule::Ascii => "ascii",
            Rule::Max(_) => "max",
            Rule::Min(_) => "min",
            Rule::MinLength(_) => "min_length",
            Rule::NotEmpty => "not_empty",
            Rule::NotPrefix(_) => "not_prefix",
            Rule::NotZero => "not_zero",
            Rule::OneOf(_) => "one_of",
        }
    }
}

impl Scalar {
    /// The scalar's name in contracts and digests.
    pub fn name(self) -> &'static str {
        match self {
            Scalar::U8 => "u8",
            Scalar::U16 => "u16",
            Scalar::U32 => "u32",
            Scalar::U64 => "u64",
            Scalar::I8 => "i8",
            Scalar::I16 => "i16",
            Scalar::I32 => "i32",
            Scalar::I64 => "i64",
            Scalar::F32 => "f32",
            Scalar::F64 => "f64",
            Scalar::Bool => "bool",
            Scalar::U256 => "U256",
        }
    }

    /// The least and the greatest value of an integer type of at most 64 bits.
    pub fn range(self) -> Option<(i128, i128)> {
        match self {
            Scalar::U8 => Some((0, u8::MAX.into())),
            Scalar::U16 => Some((0, u16::MAX.into())),
            Scalar::U32 => Some((0, u32::MAX.into())),
            Scalar::U64 => Some((0, u64::MAX.into())),
            Scalar::I8 => Some((i8::MIN.into(), i8::MAX.into())),
            Scalar::I16 => Some((i16::MIN.into(), i16::MAX.into())),
            Scalar::I32 => Some((i32::MIN.into(), i32::MAX.into())),
            Scalar::I64 => Some((i64::MIN.into(), i64::MAX.into())),
            Scalar::F32 | Scalar::F64 | Scalar::Bool | Scalar::U256 => None,
        }
    }
}

impl Schema {
    /// The enum behind an id.
    pub fn enum_(&self, id: EnumId) -> &Enum {
        &self.enums[id.0]
    }

    /// The struct behind an id.
    pub fn struct_(&self, id: StructId) -> &Struct {
        &self.structs[id.0]
    }

    /// A type as the contract language writes it.
    pub fn type_name(&self, ty: &Type) -> String {
        match ty {
            Type::Scalar(scalar) => scalar.name().to_owned(),
            Type::Array { elem, len } => format!("[{}; {len}]", self.type_name(elem)),
            Type::String { bound } => format!("String<{bound}>"),
            Type::Vec { elem, bound } => format!("Vec<{}, {bound}>", self.type_name(elem)),
            Type::Enum(id) => self.enum_(*id).name.clone(),
            Type::Struct(id) => self.struct_(*id).name.clone(),
        }
    }

    /// The message called `name`.
    pub fn message(&self, name: &str) -> Option<&Message> {
        self.messages.iter().find(|m| m.name == name)
    }

    /// The message with type id `type_id`.
    pub fn message_by_id(&self, type_id: u16) -> Option<&Message> {
        self.messages.iter().find(|m| m.type_id == type_id)
    }
}

/// Ids as contracts write them: `1010`, or `1500-1509`.
pub fn show_range((first, last): (u16, u16)) -> String {
    if first == last { first.to_string() } else { format!("{first}-{last}") }
}
