//! The one table of diagnostic codes. E00 files and YAML, E01 keys and scalars, E02 types,
//! E03 rules, E04 ids, ranges, domains and references, E05 names, E06 sizes, E07 the schema header;
//! warnings are numbered alike with a W. A code is never given a second meaning.

use crate::diag::Severity;

/// One diagnostic code.
#[derive(Debug, PartialEq, Eq)]
pub struct Code {
    /// As printed: `E0201`.
    pub id: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// One line for `list-codes`.
    pub title: &'static str,
    /// A paragraph with a wrong and a right example, in Markdown.
    pub explanation: &'static str,
}

macro_rules! codes {
    ($($id:ident $severity:ident $title:literal)*) => {
        $(
            #[doc = $title]
            pub static $id: Code = Code {
                id: stringify!($id),
                severity: Severity::$severity,
                title: $title,
                explanation: include_str!(concat!("codes/", stringify!($id), ".md")),
            };
        )*
        /// Every code, in order.
        pub static ALL: &[&Code] = &[$(&$id),*];
    };
}

codes! {
    E0001 Error "a file that cannot be read"
    E0002 Error "a file that is too large"
    E0003 Error "text that is not UTF-8"
    E0004 Error "a control character"
    E0005 Error "not well-formed YAML"
    E0006 Error "an empty contract"
    E0007 Error "more than one YAML document"
    E0008 Error "a YAML anchor or alias"
    E0009 Error "a YAML tag"
    E0010 Error "a YAML merge key"
    E0011 Error "lists and mappings nested too deep"
    E0101 Error "an unknown key"
    E0102 Error "a key given twice"
    E0103 Error "the wrong kind of value"
    E0104 Error "a required key is missing"
    E0105 Error "a number or boolean in another spelling"
    E0106 Error "a number or boolean in quotes"
    E0107 Error "a key without a value"
    E0108 Error "a malformed id range"
    E0109 Error "a type that needs quotes"
    E0201 Error "unknown type"
}
