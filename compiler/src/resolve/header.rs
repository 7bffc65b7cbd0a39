//! The `schema` section: numbers, defaults, the kind of digest.

use crate::codes;
use crate::diag::{Diagnostic, quote};
use crate::ir::DigestKind;
use crate::raw;
use crate::source::Spanned;
use crate::suggest;

/// The section with its defaults filled in.
pub struct Header {
    pub id: u32,
    pub version: u16,
    pub min_compatible: u16,
    pub digest_kind: DigestKind,
    pub core: bool,
}

const KINDS: [(&str, DigestKind); 2] = [("canonical-v1", DigestKind::CanonicalV1), ("source", DigestKind::Source)];

/// Fills in defaults and reports what is out of range.
pub fn resolve(raw: Option<&raw::SchemaHeader>, diagnostics: &mut Vec<Diagnostic>) -> Header {
    let mut header = Header { id: 0, version: 1, min_compatible: 1, digest_kind: DigestKind::CanonicalV1, core: false };
    let Some(raw) = raw else { return header };
    let id = number("id", raw.id.as_ref(), diagnostics);
    let version = number("version", raw.version.as_ref(), diagnostics);
    let min_compatible = number("min_compatible", raw.min_compatible.as_ref(), diagnostics);
    header.id = id.unwrap_or(header.id);
    header.version = version.unwrap_or(header.version);
    header.min_compatible = min_compatible.unwrap_or(header.min_compatible);
    header.core = raw.core.as_ref().is_some_and(|core| core.value);
    let version_known = raw.version.is_none() || version.is_some();
    if header.min_compatible > header.version && version_known {
        diagnostics.push(above(raw, &header));
    }
    if let Some(kind) = &raw.digest {
        match KINDS.iter().find(|(name, _)| *name == kind.value) {
            Some((_, known)) => header.digest_kind = *known,
            None => diagnostics.push(unknown_kind(kind)),
        }
    }
    header
}

fn number<T: TryFrom<i128>>(key: &str, value: Option<&Spanned<i128>>, diagnostics: &mut Vec<Diagnostic>) -> Option<T> {
    let value = value?;
    let number = T::try_from(value.value).ok();
    if number.is_none() {
        let max = if size_of::<T>() == 4 { u32::MAX } else { u16::MAX.into() };
        let message = format!("`schema.{key}` is {}; it must be between 0 and {max}", value.value);
        diagnostics.push(Diagnostic::new(&codes::E0701, value.span, message));
    }
    number
}

fn above(raw: &raw::SchemaHeader, header: &Header) -> Diagnostic {
    let Header { version, min_compatible, .. } = header;
    let message = format!("`schema.min_compatible` is {min_compatible}, above `schema.version`, which is {version}");
    let span = raw.min_compatible.as_ref().or(raw.version.as_ref()).map_or(raw.span, |value| value.span);
    let diagnostic = Diagnostic::new(&codes::E0702, span, message);
    match (&raw.version, &raw.min_compatible) {
        (Some(version), Some(_)) => diagnostic.related(version.span, "the version is given here"),
        (None, _) => diagnostic.help("`version` is not given, so it is 1"),
        (_, None) => diagnostic.help("`min_compatible` is not given, so it is 1"),
    }
}

fn unknown_kind(kind: &Spanned<String>) -> Diagnostic {
    let diagnostic = Diagnostic::new(&codes::E0703, kind.span, format!("unknown digest kind {}", quote(&kind.value)))
        .help("a digest is `canonical-v1`, over what the contract means, or `source`, over the bytes of the file");
    match suggest::nearest(&kind.value, KINDS.map(|(name, _)| name)) {
        Some(known) => diagnostic.did_you_mean(kind.span, known),
        None => diagnostic,
    }
}
