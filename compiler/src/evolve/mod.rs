//! What changed between two schemas, and what that means: owns finding every difference
//! ([`compare`]), the table of [`rules`] they are reported under, and the [`plan`] of a rolling
//! upgrade. Works on resolved schemas and does no I/O; printing is left to the command line, the
//! file that remembers earlier schemas to [`crate::lock`].
//!
//! What holds of the result, for every message that both schemas have:
//! - without a finding of category [`Wire`](rules::Category::Wire) about it, every value that both
//!   accept has the same bytes in both;
//! - without one of [`Semantic`](rules::Category::Semantic) either, both accept the same bytes.

use std::sync::Arc;

use crate::diag::{Diagnostic, quote};
use crate::ir::Schema;
use crate::source::Span;

pub mod changes;
mod enums;
mod fields;
mod header;
mod messages;
mod order;
mod pairs;
pub mod plan;
pub mod rules;
mod types;
mod values;

use pairs::Pairs;
use rules::{Category, DEPRECATED, DEPRECATION_WITHDRAWN, Rule};

/// What is known of the older schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// All that a contract says.
    Everything,
    /// What its canonical text says: no descriptions, units, domains or types that no message uses.
    CanonicalText,
}

/// One difference.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The kind of difference.
    pub rule: &'static Rule,
    /// What it is about: `Message`, `Message.field`, `Struct.field`, `Enum.Value`, `schema.version`,
    /// `reserved.1010`. By its new name, or the old one of what is gone.
    pub path: String,
    /// What was and what is: lower case, no final period.
    pub message: String,
    /// Where it is in the older schema.
    pub old: Option<Span>,
    /// Where it is in the newer schema.
    pub new: Option<Span>,
    /// What to do about this one, where there is more to say than the rule's advice.
    pub help: Option<String>,
    /// The type ids, in the older schema, of the messages whose payloads it concerns, in ascending order.
    pub type_ids: Arc<[u16]>,
}

impl Finding {
    /// A finding that concerns no payload.
    pub(crate) fn new(rule: &'static Rule, path: impl Into<String>, message: impl Into<String>) -> Self {
        let (path, message) = (path.into(), message.into());
        Self { rule, path, message, old: None, new: None, help: None, type_ids: Arc::new([]) }
    }

    pub(crate) fn at(mut self, old: impl Into<Option<Span>>, new: impl Into<Option<Span>>) -> Self {
        (self.old, self.new) = (old.into(), new.into());
        self
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub(crate) fn concerning(mut self, type_ids: Arc<[u16]>) -> Self {
        self.type_ids = type_ids;
        self
    }

    /// What it concerns.
    pub fn category(&self) -> Category {
        self.rule.category
    }

    /// What to do about it.
    pub fn advice(&self) -> &str {
        self.help.as_deref().unwrap_or(self.rule.advice)
    }

    /// The difference as a diagnostic: at its newer place, and the older one beside it.
    pub fn diagnostic(&self) -> Diagnostic {
        const WAS: &str = "as it was";
        let diagnostic = match (self.new, self.old) {
            (Some(new), old) => {
                let diagnostic = Diagnostic::new(&self.rule.code, new, &*self.message);
                old.into_iter().fold(diagnostic, |diagnostic, old| diagnostic.related(old, WAS))
            }
            (None, Some(old)) => Diagnostic::new(&self.rule.code, old, &*self.message).label(WAS),
            (None, None) => Diagnostic::without_place(&self.rule.code, &*self.message),
        };
        diagnostic.help(self.advice())
    }
}

/// The two schemas and what is known of them.
struct Comparison<'a> {
    old: &'a Schema,
    new: &'a Schema,
    known: Known,
    pairs: Pairs,
    same_bytes: types::SameBytes<'a>,
    findings: Vec<Finding>,
}

impl Comparison<'_> {
    fn report(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    /// Whether what digests leave out can be compared.
    fn everything(&self) -> bool {
        self.known == Known::Everything
    }
}

/// Every difference between two schemas: worst category first, within one in the order of the newer schema's source,
/// and what is gone after the rest. A schema and itself, or two ways to write one, have none. Takes time in proportion
/// to the schemas' size, but for a logarithm.
pub fn compare(old: &Schema, new: &Schema, known: Known) -> Vec<Finding> {
    let pairs = Pairs::find(old, new);
    let mut comparison =
        Comparison { old, new, known, pairs, same_bytes: types::SameBytes::new(old, new), findings: Vec::new() };
    header::compare(&mut comparison);
    enums::compare(&mut comparison);
    types::compare(&mut comparison);
    messages::compare(&mut comparison);
    let mut findings = comparison.findings;
    findings.sort_by(|a, b| {
        let key = |finding: &Finding| (finding.category(), finding.new.is_none(), finding.new.or(finding.old));
        key(a).cmp(&key(b)).then_with(|| a.rule.id.cmp(b.rule.id)).then_with(|| a.path.cmp(&b.path))
    });
    findings
}

/// Reports that a message or field was deprecated, or no longer is.
fn deprecation(found: &mut impl FnMut(&'static Rule, String), name: &str, was: &Option<String>, is: &Option<String>) {
    match (was, is) {
        (Some(_), None) => found(&DEPRECATION_WITHDRAWN, format!("{name} is no longer deprecated")),
        (old, Some(why)) if old.as_ref() != Some(why) => {
            found(&DEPRECATED, format!("{name} is deprecated: {}", quote(why)));
        }
        _ => {}
    }
}
