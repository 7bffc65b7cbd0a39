//! The keys of every mapping of a contract, in one table: which there are, what each takes and what it is for.
//! The reader goes by it, and so do editors: [`TOP`] is the root. What the values mean is left to [`crate::resolve`].

/// The keys of one kind of mapping.
#[derive(Debug)]
pub struct Keys {
    /// What the mapping is: "a message".
    pub of: &'static str,
    /// Every key.
    pub known: &'static [Key],
    /// Keys of contracts from before this compiler, which mean nothing: accepted with a warning, whatever
    /// their value, and never suggested.
    pub legacy: &'static [&'static str],
    /// What people write who know other schema languages, and the key they mean.
    pub meant: &'static [(&'static str, &'static str)],
}

/// One key.
#[derive(Debug)]
pub struct Key {
    /// As it is written.
    pub name: &'static str,
    /// What its value may be.
    pub takes: Takes,
    /// Whether the mapping is wrong without it.
    pub required: bool,
    /// What it is for, in a sentence or two.
    pub about: &'static str,
}

/// What a key's value may be.
#[derive(Clone, Copy, Debug)]
pub enum Takes {
    /// A text.
    Text,
    /// One of these texts.
    Choice(&'static [&'static str]),
    /// `true` or `false`.
    Bool,
    /// An integer from the first to the second.
    Int(i64, i64),
    /// A number from the first to the second.
    Number(f64, f64),
    /// An id, or a range of ids.
    IdRange,
    /// A list of ids and ranges of ids.
    IdRanges,
    /// A list of texts; the flag says whether one alone will do.
    Texts(bool),
    /// The name of a domain.
    Domain,
    /// A list of the names of messages.
    Messages,
    /// A type.
    Type,
    /// The rules of a field.
    Rules,
    /// The fields of a struct or message: names to types or to mappings with [`FIELD`]'s keys.
    Fields,
    /// The values of an enum: names to numbers.
    Values,
    /// Names to ranges of ids.
    IdRangesByName,
    /// A mapping with these keys.
    Mapping(&'static Keys),
    /// Names to mappings with these keys; the flag says whether the names become identifiers.
    Named(&'static Keys, bool),
    /// A list of mappings with these keys.
    List(&'static Keys),
    /// Whatever it is, it has no effect.
    Anything,
}

impl Keys {
    /// The key called `name`.
    pub fn get(&self, name: &str) -> Option<&'static Key> {
        self.known.iter().find(|key| key.name == name)
    }

    /// The names of all keys.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.known.iter().map(|key| key.name)
    }
}

const fn key(name: &'static str, takes: Takes, about: &'static str) -> Key {
    Key { name, takes, required: false, about }
}

const fn required(name: &'static str, takes: Takes, about: &'static str) -> Key {
    Key { required: true, ..key(name, takes, about) }
}

/// A whole contract.
pub static TOP: Keys = Keys {
    of: "a contract",
    known: &[
        key("schema", Takes::Mapping(&SCHEMA), "Which contract this is, and in which version."),
        key("tag_ranges", Takes::IdRangesByName, "Named ranges of type ids, inclusive: `app: 1000-49999`."),
        key("domains", Takes::Named(&DOMAIN, false), "What messages are about. A domain's name gives their topic."),
        key("enums", Takes::Named(&ENUM, true), "Named sets of values."),
        key("structs", Takes::Named(&STRUCT, true), "Fixed-size composites, which fields may have as their type."),
        key("messages", Takes::Named(&MESSAGE, true), "What programs send each other."),
        key("invariants", Takes::List(&INVARIANT), "What holds between messages, for the generated documentation."),
        key("reserved", Takes::Mapping(&RESERVED), "Ids and names that were used once and may not come back."),
    ],
    legacy: &["types"],
    meant: &[("types", "structs"), ("ranges", "tag_ranges"), ("version", "schema")],
};

/// `schema`.
pub static SCHEMA: Keys = Keys {
    of: "`schema`",
    known: &[
        key("id", Takes::Int(0, u32::MAX as i64), "Identifies the contract: a u32, decimal or hexadecimal. Default 0."),
        key("version", Takes::Int(0, u16::MAX as i64), "The contract's version, a u16. Default 1."),
        key(
            "min_compatible",
            Takes::Int(0, u16::MAX as i64),
            "The oldest version it is compatible with; at most `version`. Default 1.",
        ),
        key(
            "digest",
            Takes::Choice(&["canonical-v1", "source"]),
            "What the digest is taken of: what the contract means (`canonical-v1`), or the file's bytes (`source`).",
        ),
        key("core", Takes::Bool, "Whether this is the framework's own contract, which may use ids 1 to 99."),
        key("digest_algo", Takes::Anything, "Of older contracts; no effect."),
    ],
    legacy: &[],
    meant: &[("schema_id", "id"), ("schema_version", "version"), ("min_version", "min_compatible")],
};

/// A domain.
pub static DOMAIN: Keys = Keys {
    of: "a domain",
    known: &[
        key("description", Takes::Text, "What its messages are about."),
        key("topic", Takes::Text, "The topic of its messages; by default the domain's name in kebab case."),
        key("type_range", Takes::IdRange, "The ids that its messages have: `1000-1099`."),
        key("latency_slo_p99_ms", Takes::Number(0.0, f64::MAX), "Latency in milliseconds that 99 % of messages keep."),
        key("error_rate_slo_pct", Takes::Number(0.0, 100.0), "Percentage of messages that may fail."),
    ],
    legacy: &["security"],
    meant: &[("desc", "description"), ("doc", "description"), ("range", "type_range"), ("tlv_range", "type_range")],
};

/// An enum.
pub static ENUM: Keys = Keys {
    of: "an enum",
    known: &[
        key("repr", Takes::Choice(&["u8", "u16", "u32"]), "The integer on the wire. Default `u8`."),
        key("description", Takes::Text, "Becomes the documentation of the generated type."),
        required("values", Takes::Values, "Names to numbers, each once: `Buy: 1`."),
    ],
    legacy: &[],
    meant: &[("type", "repr"), ("variants", "values"), ("desc", "description"), ("doc", "description")],
};

/// A struct.
pub static STRUCT: Keys = Keys {
    of: "a struct",
    known: &[
        key("description", Takes::Text, "Becomes the documentation of the generated type."),
        required("fields", Takes::Fields, "Names to types, in the order of the wire; at least one."),
    ],
    legacy: &[],
    meant: &[("desc", "description"), ("doc", "description"), ("members", "fields")],
};

/// A message.
pub static MESSAGE: Keys = Keys {
    of: "a message",
    known: &[
        required(
            "tlv_type",
            Takes::Int(1, u16::MAX as i64),
            "The type id on the wire: unique, 1 to 65535, and from 100 on unless the contract is the framework's.",
        ),
        required("domain", Takes::Domain, "The domain, whose topic it is routed by."),
        key("topic", Takes::Text, "The topic it is routed by, where that is not its domain's."),
        key("description", Takes::Text, "Becomes the documentation of the generated type."),
        key("fields", Takes::Fields, "Names to types, in the order of the wire; `{}` for none."),
        key("sensitivity", Takes::Text, "How confidential it is; debug printers then show `<redacted>`."),
        key("log_payload", Takes::Bool, "`false`: debug printers show `<redacted>` and never a value."),
        key("required_prior_messages", Takes::Messages, "Messages that come before this one; documentation."),
        key("deprecated", Takes::Text, "Why it should not be used any more."),
        key("rust_type", Takes::Text, "The name of the Rust type, where it is not the message's."),
        key("schema_version", Takes::Anything, "Of older contracts; no effect."),
        key("rkyv", Takes::Anything, "Of older contracts; no effect."),
    ],
    legacy: &[],
    meant: &[
        ("id", "tlv_type"),
        ("type", "tlv_type"),
        ("type_id", "tlv_type"),
        ("tlv", "tlv_type"),
        ("tag", "tlv_type"),
        ("desc", "description"),
        ("doc", "description"),
        ("requires", "required_prior_messages"),
    ],
};

/// A field that is written as a mapping.
pub static FIELD: Keys = Keys {
    of: "a field",
    known: &[
        required("type", Takes::Type, "`u64`, `String<32>`, `\"[u8; 20]\"`, `\"Vec<T, 8>\"`, an enum or a struct."),
        key("description", Takes::Text, "Becomes the field's documentation."),
        key("optional", Takes::Bool, "Whether it may be absent: a presence byte then precedes the value."),
        key("validation", Takes::Rules, "Rules that hold on construction and on decode, in every language."),
        key("deprecated", Takes::Text, "Why it should not be used any more."),
        key("unit", Takes::Text, "The unit, for the documentation: `ms`."),
    ],
    legacy: &[],
    meant: &[
        ("desc", "description"),
        ("doc", "description"),
        ("docs", "description"),
        ("comment", "description"),
        ("rules", "validation"),
        ("validate", "validation"),
        ("constraints", "validation"),
        ("units", "unit"),
        ("ty", "type"),
    ],
};

/// An invariant.
pub static INVARIANT: Keys = Keys {
    of: "an invariant",
    known: &[
        required("name", Takes::Text, "What it is called."),
        key("description", Takes::Text, "What it says."),
        key("enforced_by", Takes::Texts(true), "What makes sure of it."),
        key("severity", Takes::Text, "How bad a violation is."),
    ],
    legacy: &[],
    meant: &[("desc", "description"), ("doc", "description")],
};

/// `reserved`.
pub static RESERVED: Keys = Keys {
    of: "`reserved`",
    known: &[
        key("tlv_types", Takes::IdRanges, "Type ids, and ranges of them, that may not be used again."),
        key("names", Takes::Texts(false), "Names that may not be used again."),
    ],
    legacy: &[],
    meant: &[("ids", "tlv_types"), ("types", "tlv_types"), ("type_ids", "tlv_types"), ("messages", "names")],
};
