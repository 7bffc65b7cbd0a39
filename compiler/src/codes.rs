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
    E0201 Error "unknown type"
}
