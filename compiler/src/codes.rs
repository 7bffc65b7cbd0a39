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

/// Codes about a file rather than what is written in it, which no example in a page can show.
pub static ABOUT_FILES: &[&Code] = &[&E0001, &E0002, &E0003, &E0004, &E0012, &W0001];

/// Those of [`ABOUT_FILES`] that take a file which cannot be in the repository: too large, or in conflict.
pub static ABOUT_UNFIT_FILES: &[&Code] = &[&E0002, &E0012, &W0001];

codes! {
    E0001 Error "file cannot be read"
    E0002 Error "file too large"
    E0003 Error "not UTF-8"
    E0004 Error "control character"
    E0005 Error "not well-formed YAML"
    E0006 Error "empty contract"
    E0007 Error "more than one YAML document"
    E0008 Error "anchor or alias"
    E0009 Error "tag"
    E0010 Error "merge key"
    E0011 Error "nested too deep"
    E0012 Error "merge conflict"
    E0101 Error "unknown key"
    E0102 Error "key given twice"
    E0103 Error "wrong kind of value"
    E0104 Error "required key missing"
    E0105 Error "number or boolean in another spelling"
    E0106 Error "number or boolean in quotes"
    E0107 Error "key without a value"
    E0108 Error "malformed id range"
    E0109 Error "type needs quotes"
    E0201 Error "unknown type"
    E0202 Error "malformed type"
    E0203 Error "bound outside 1 to 65535"
    E0204 Error "element type not allowed"
    E0205 Error "two bounds that disagree"
    E0206 Error "type nested too deeply"
    E0207 Error "struct contains itself"
    E0208 Error "struct without fields"
    E0209 Error "unknown enum representation"
    E0210 Error "enum without values"
    E0211 Error "enum value does not fit its representation"
    E0212 Error "enum number used twice"
    E0301 Error "rule does not apply to the type"
    E0302 Error "rule value of the wrong kind"
    E0303 Error "rule value out of range"
    E0304 Error "rule given twice"
    E0305 Error "rules contradict each other"
    E0306 Error "misspelt rule"
    E0307 Error "empty or repeating list"
    E0308 Error "unknown enum value"
    E0401 Error "type id outside 1 to 65535"
    E0402 Error "type id used twice"
    E0403 Error "type id belongs to the framework"
    E0404 Error "type id is retired"
    E0405 Error "name is retired"
    E0406 Error "ranges overlap"
    E0407 Error "range outside 0 to 65535"
    E0408 Error "unknown message"
    E0409 Error "unusable topic"
    E0410 Error "service level out of range"
    E0501 Error "not an identifier"
    E0502 Error "name too long"
    E0503 Error "name defined twice"
    E0504 Error "name of a built-in type"
    E0505 Error "names that are one in a target language"
    E0506 Error "not an identifier in a target language"
    E0601 Error "message too large"
    E0602 Error "struct too large"
    E0701 Error "schema number out of range"
    E0702 Error "min_compatible above version"
    E0703 Error "unknown digest kind"
    W0001 Warning "more findings than are shown"
    W0101 Warning "key is documentation only"
    W0201 Warning "bound left out"
    W0202 Warning "type used by no message"
    W0301 Warning "rule is documentation only"
    W0401 Warning "type id is experimental"
    W0402 Warning "type id in no tag range"
    W0403 Warning "type id outside its domain's range"
    W0404 Warning "undeclared domain"
    W0501 Warning "unconventional name"
}

#[cfg(test)]
mod tests {
    use super::{ALL, Severity};

    /// Without it a code could be listed twice, or under the letter of the other severity.
    #[test]
    fn sorted_and_lettered() {
        assert!(ALL.windows(2).all(|pair| pair[0].id < pair[1].id));
        for code in ALL {
            let letter = if code.severity == Severity::Error { 'E' } else { 'W' };
            assert!(code.id.starts_with(letter), "{}", code.id);
        }
    }
}
