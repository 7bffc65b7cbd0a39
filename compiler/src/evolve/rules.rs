//! The one table of rules that differences between two schemas are reported under. An id is never
//! given a second meaning, and a rule never another category.

use crate::codes::Code;
use crate::diag::Severity;

/// What a difference concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Category {
    /// Bytes change, or a type id can come to mean something else.
    Wire,
    /// Other values are accepted, or a value means something else; those that both accept have the same bytes.
    Semantic,
    /// Topics, type ids and what peers are told about the schema.
    Route,
    /// Names in generated code.
    Source,
    /// No bytes, values, routes or names of what both have. The schema digest, which peers compare, may differ.
    Info,
}

impl Category {
    /// Every category, worst first.
    pub const ALL: [Category; 5] =
        [Category::Wire, Category::Semantic, Category::Route, Category::Source, Category::Info];

    /// As printed: `WIRE`.
    pub fn name(self) -> &'static str {
        match self {
            Category::Wire => "WIRE",
            Category::Semantic => "SEMANTIC",
            Category::Route => "ROUTE",
            Category::Source => "SOURCE",
            Category::Info => "INFO",
        }
    }

    /// What differences of the category concern, in a few words.
    pub fn about(self) -> &'static str {
        match self {
            Category::Wire => "bytes change, or a type id can come to mean something else",
            Category::Semantic => "other values are accepted, or a value means something else",
            Category::Route => "topics, type ids, and what peers are told about the schema",
            Category::Source => "names in generated code",
            Category::Info => "no bytes, values, routes or names of what both contracts have",
        }
    }
}

/// One kind of difference.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// As printed: `FIELD_ADDED`.
    pub id: &'static str,
    /// What it concerns.
    pub category: Category,
    /// What the difference is, in a few words.
    pub title: &'static str,
    /// What to do about it.
    pub advice: &'static str,
    /// The rule as diagnostics know it.
    pub code: Code,
}

impl Rule {
    /// Whether peers of the older schema are concerned, not code alone: what is of a name that fingerprints have, is.
    pub fn concerns_peers(&self) -> bool {
        match self.category {
            Category::Wire | Category::Semantic | Category::Route => true,
            Category::Source => self.advice == CALLERS,
            Category::Info => false,
        }
    }
}

/// The rule with this id.
pub fn find(id: &str) -> Option<&'static Rule> {
    ALL.iter().copied().find(|rule| rule.id == id)
}

const fn severity(category: Category) -> Severity {
    match category {
        Category::Info => Severity::Warning,
        _ => Severity::Error,
    }
}

macro_rules! rules {
    ($($id:ident $category:ident $title:literal $advice:expr;)*) => {
        $(
            #[doc = $title]
            pub static $id: Rule = Rule {
                id: stringify!($id),
                category: Category::$category,
                title: $title,
                advice: $advice,
                code: Code {
                    id: stringify!($id),
                    severity: severity(Category::$category),
                    title: $title,
                    explanation: $advice,
                },
            };
        )*
        /// Every rule, worst category first.
        pub static ALL: &[&Rule] = &[$(&$id),*];
    };
}

/// A message has one size and no version of its own.
const NEW_MESSAGE: &str = "peers of the two versions cannot exchange the message until both are upgraded; to keep it \
    flowing, leave it as it is and add a message with a type id of its own";
const BOTH_SIDES: &str = "the message pauses between peers of the two versions, because its fingerprint differs; what \
    is stored or queued may hold values that the stricter side refuses";
const PAUSES: &str = "the message pauses between peers of the two versions; upgrade senders and receivers together";
const CALLERS: &str = "change the code that uses the name; the message pauses between peers of the two versions, because names are in \
     its fingerprint";
const NOTHING: &str = "nothing needs to be done";
const IN_DIGEST: &str = "nothing needs to be done about messages; it is part of the schema digest, which peers compare";

rules! {
    FIELD_ADDED Wire "field added" NEW_MESSAGE;
    FIELD_REMOVED Wire "field removed" NEW_MESSAGE;
    FIELD_MOVED Wire "field moved among the others" "put it back where it was: the order of fields is the order of bytes";
    FIELD_TYPE_CHANGED Wire "field of another type" NEW_MESSAGE;
    FIELD_MADE_OPTIONAL Wire "field made optional" NEW_MESSAGE;
    FIELD_MADE_REQUIRED Wire "field made required" NEW_MESSAGE;
    ARRAY_LENGTH_CHANGED Wire "array of another length" NEW_MESSAGE;
    STRING_BOUND_CHANGED Wire "string with another bound and size" NEW_MESSAGE;
    VEC_BOUND_CHANGED Wire "vector with another bound and size" NEW_MESSAGE;
    ENUM_REPR_CHANGED Wire "enum of another representation" NEW_MESSAGE;
    ENUM_VALUE_RENUMBERED Wire "enum value with another number"
        "give it its number back: peers would read one value for another; a new meaning needs a new value";
    TYPE_ID_REUSED Wire "type id of another message"
        "give the message an id of its own (`myc-schema check` names those in use): old frames would be read as the \
         wrong message";
    TYPE_ID_NOT_RESERVED Wire "type id given up and not reserved"
        "reserve it, so that no message can get it by accident while old peers or stored frames use it";
    RESERVED_ID_RELEASED Wire "type id no longer reserved" "put it back under `reserved`: old peers may still use it";
    BOUND_WIDENED_IN_PLACE Semantic "bound raised within the same size"
        "upgrade receivers before senders use the room; the message pauses between peers of the two versions";
    BOUND_NARROWED_IN_PLACE Semantic "bound lowered within the same size" BOTH_SIDES;
    RULE_ADDED Semantic "rule added" BOTH_SIDES;
    RULE_REMOVED Semantic "rule removed" BOTH_SIDES;
    RULE_TIGHTENED Semantic "rule made stricter" BOTH_SIDES;
    RULE_LOOSENED Semantic "rule made less strict" BOTH_SIDES;
    RULE_CHANGED Semantic "rule with other values" BOTH_SIDES;
    ENUM_VALUE_ADDED Semantic "enum value added" BOTH_SIDES;
    ENUM_VALUE_REMOVED Semantic "enum value removed" BOTH_SIDES;
    UNIT_CHANGED Semantic "field in another unit"
        "the bytes stay and mean something else, and no handshake notices: a value in another unit is another field";
    MESSAGE_REMOVED Route "message removed"
        "stop its senders, then its receivers, then remove it; peers that still have it can no longer exchange it";
    MESSAGE_ID_CHANGED Route "message with another type id" PAUSES;
    TOPIC_CHANGED Route "message with another topic"
        "move subscriptions by topic and the configuration of brokers; the message pauses between peers of the two \
         versions";
    SCHEMA_ID_CHANGED Route "another `schema.id`" "give it its id back, unless this is another contract";
    SCHEMA_VERSION_LOWERED Route "`schema.version` lowered" "versions only rise: give it a number that no release had";
    MIN_COMPATIBLE_RAISED Route "`schema.min_compatible` raised"
        "make sure that no peer of a version below it is left";
    DIGEST_KIND_CHANGED Route "schema digest of another kind"
        "upgrade both sides together: equal contracts have different digests until both compute them alike";
    MESSAGE_RENAMED Source "message renamed" CALLERS;
    FIELD_RENAMED Source "field renamed" CALLERS;
    ENUM_RENAMED Source "enum renamed" CALLERS;
    STRUCT_RENAMED Source "struct renamed" CALLERS;
    ENUM_VALUE_RENAMED Source "enum value renamed" CALLERS;
    FIELD_TYPE_REPLACED Source "field of another type with the same bytes" CALLERS;
    ENUM_REMOVED Source "enum removed" "change the code that uses it";
    STRUCT_REMOVED Source "struct removed" "change the code that uses it";
    UNUSED_TYPE_CHANGED Source "type that is on no wire changed" "change the code that uses it";
    RUST_TYPE_CHANGED Source "Rust type of another name" "change the Rust code that uses it";
    REDACTION_REMOVED Source "payload is printed again"
        "make sure that logs may have it: printers show the payload from now on";
    RESERVED_NAME_RELEASED Source "name no longer reserved" "put it back under `reserved`: it had another meaning";
    MESSAGE_ADDED Info "message added" "upgrade its receivers first, so that nothing is sent that nobody knows";
    ENUM_ADDED Info "enum added" NOTHING;
    STRUCT_ADDED Info "struct added" NOTHING;
    SCHEMA_VERSION_RAISED Info "`schema.version` raised" IN_DIGEST;
    SCHEMA_DIGEST_CHANGED Info "another schema digest"
        "deploy as `myc-schema plan` says: peers of the two refuse each other, but for those in mode Shared of version 2 \
         of the handshake";
    SCHEMA_VERSION_KEPT Info "contract changed and `schema.version` did not"
        "raise `schema.version` with the first change after a release, so that people and locks can name the schema";
    MIN_COMPATIBLE_LOWERED Info "`schema.min_compatible` lowered" IN_DIGEST;
    CORE_CHANGED Info "`schema.core` changed" NOTHING;
    RESERVED_ADDED Info "type id or name reserved" NOTHING;
    REDACTION_ADDED Info "payload is no longer printed" NOTHING;
    SENSITIVITY_CHANGED Info "`sensitivity` changed" NOTHING;
    DEPRECATED Info "deprecated" "compilers warn where it is used; make plans to move";
    DEPRECATION_WITHDRAWN Info "no longer deprecated" NOTHING;
    DESCRIPTION_CHANGED Info "description changed" "read it: words can change what a field means";
    DOMAIN_CHANGED Info "message of another domain" NOTHING;
    DOMAIN_DECLARATION_CHANGED Info "domain declared otherwise" NOTHING;
    TAG_RANGE_CHANGED Info "tag range changed" NOTHING;
    PRIOR_MESSAGES_CHANGED Info "`required_prior_messages` changed" NOTHING;
    DOCUMENTED_RULE_CHANGED Info "rule that is documentation only changed" NOTHING;
    INVARIANT_CHANGED Info "documented invariant changed" NOTHING;
}

#[cfg(test)]
mod tests {
    use super::{ALL, Category};

    /// Without this, an id could stand for two rules, or the table be in no order.
    #[test]
    fn ids_are_unique_and_categories_in_order() {
        let mut ids: Vec<&str> = ALL.iter().map(|rule| rule.id).collect();
        ids.sort_unstable();
        assert!(ids.windows(2).all(|pair| pair[0] != pair[1]));
        assert!(ALL.windows(2).all(|pair| pair[0].category <= pair[1].category));
        assert!(Category::ALL.iter().all(|category| ALL.iter().any(|rule| rule.category == *category)));
    }
}
