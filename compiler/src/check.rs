//! One contract from text to schema: every stage that reports, in order. What each stage checks is
//! its own business; here their findings are put in the order of the source.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::backend::BACKENDS;
use crate::diag::{Diagnostic, MAX_SHOWN, Severity};
use crate::ir::Schema;
use crate::source::{SourceId, SourceMap, Span};
use crate::{codes, raw, resolve};

/// What there is to know about a contract.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The schema, if there was no error.
    pub schema: Option<Arc<Schema>>,
    /// What could be resolved, with errors too: names are as written, and a field whose size is not known has size 0.
    pub resolved: Option<Arc<Schema>>,
    /// Errors and warnings, in source order.
    pub diagnostics: Vec<Diagnostic>,
}

impl Checked {
    /// Whether there was an error.
    pub fn has_errors(&self) -> bool {
        has_errors(&self.diagnostics)
    }
}

/// Reads and checks a contract for every target language.
pub fn check(sources: &SourceMap, id: SourceId) -> Checked {
    let mut diagnostics = Vec::new();
    let file = raw::parse(id, text(sources, id), &mut diagnostics);
    resolved(sources, id, &file, diagnostics)
}

/// As [`check`], unless the answer is not `wanted` any more while the text is read, which is most of the work. What says no
/// goes on saying so.
pub fn check_while(sources: &SourceMap, id: SourceId, wanted: &dyn Fn() -> bool) -> Option<Checked> {
    let mut diagnostics = Vec::new();
    let file = raw::parse_while(id, text(sources, id), &mut diagnostics, wanted)?;
    Some(resolved(sources, id, &file, diagnostics))
}

fn text(sources: &SourceMap, id: SourceId) -> &str {
    sources.get(id).map_or("", |file| file.text())
}

fn resolved(sources: &SourceMap, id: SourceId, file: &raw::File, mut diagnostics: Vec<Diagnostic>) -> Checked {
    // What can't be shown any more needn't be looked for.
    let full = diagnostics.len() > MAX_SHOWN;
    let schema = (!full).then(|| resolve::resolve(file, text(sources, id).as_bytes(), &mut diagnostics));
    if let Some(schema) = &schema {
        // A name that was reported is not reported again for each language.
        let named: BTreeSet<_> = errors(&diagnostics).filter_map(|diagnostic| diagnostic.span).collect();
        // Names that collide in several languages are one finding.
        let mut collisions: BTreeMap<(Option<Span>, String), usize> = BTreeMap::new();
        for backend in BACKENDS {
            for diagnostic in (backend.check)(schema) {
                let mut spans = diagnostic.span.iter().chain(diagnostic.related.iter().map(|(span, _)| span));
                if spans.any(|span| named.contains(span)) {
                    continue;
                }
                let (what, language) = diagnostic.message.rsplit_once(" in ").unwrap_or((&diagnostic.message, ""));
                match collisions.entry((diagnostic.span, what.to_owned())) {
                    Entry::Vacant(entry) => {
                        entry.insert(diagnostics.len());
                        diagnostics.push(diagnostic);
                    }
                    Entry::Occupied(entry) => {
                        diagnostics[*entry.get()].message.push_str(&format!(" and {language}"));
                    }
                }
            }
        }
    }
    let wrong: BTreeSet<_> = errors(&diagnostics).filter_map(|diagnostic| diagnostic.span).collect();
    diagnostics.retain(|diagnostic| {
        diagnostic.code != &codes::W0501 || !diagnostic.span.is_some_and(|span| wrong.contains(&span))
    });
    diagnostics.sort_by_key(|diagnostic| (diagnostic.span, diagnostic.code.id));
    diagnostics.dedup();
    let resolved = schema.map(Arc::new);
    let schema = resolved.clone().filter(|_| !has_errors(&diagnostics));
    Checked { schema, resolved, diagnostics: shown(diagnostics) }
}

/// The first findings, errors rather than warnings, where there are very many.
fn shown(mut diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
    if diagnostics.len() <= MAX_SHOWN {
        return diagnostics;
    }
    let errors = diagnostics.iter().filter(|diagnostic| diagnostic.severity() == Severity::Error).count();
    let mut left = [errors.min(MAX_SHOWN), MAX_SHOWN.saturating_sub(errors)];
    let mut cut = None;
    diagnostics.retain(|diagnostic| {
        let left = &mut left[usize::from(diagnostic.severity() == Severity::Warning)];
        let keep = *left > 0;
        *left = left.saturating_sub(1);
        if !keep && cut.is_none() {
            cut = diagnostic.span;
        }
        keep
    });
    let message = format!("more than {MAX_SHOWN} findings; those from here on are not all shown");
    diagnostics.push(Diagnostic::new(&codes::W0001, cut.unwrap_or_default(), message));
    diagnostics.sort_by_key(|diagnostic| (diagnostic.span, diagnostic.code.id));
    diagnostics
}

fn has_errors(diagnostics: &[Diagnostic]) -> bool {
    errors(diagnostics).next().is_some()
}

fn errors(diagnostics: &[Diagnostic]) -> impl Iterator<Item = &Diagnostic> {
    diagnostics.iter().filter(|diagnostic| diagnostic.severity() == Severity::Error)
}
