//! Domains and the topics that messages are routed by.

use heck::ToKebabCase;
use indexmap::IndexMap;

use crate::codes;
use crate::diag::{Diagnostic, quote};
use crate::ir;
use crate::raw;
use crate::source::{Span, Spanned};
use crate::suggest;

use super::{ids, text};

/// Pairs of an undeclared and a declared domain that are compared; beyond it there are no more
/// suggestions, so that a file of nothing but undeclared domains stays fast.
const SUGGESTING: usize = 100_000;

/// The declared domains by name, and the undeclared ones seen so far with their topics.
pub struct Topics {
    domains: IndexMap<String, ir::Domain>,
    undeclared: IndexMap<String, String>,
}

/// Resolves the declared domains; reports topics that cannot be used.
pub fn collect(file: &raw::File, diagnostics: &mut Vec<Diagnostic>) -> Topics {
    let mut domains = IndexMap::new();
    for raw in &file.domains {
        let mut slo = |key, written, most| service_level(key, written, most, &raw.name.value, diagnostics);
        let latency_slo_p99_ms = slo("latency_slo_p99_ms", &raw.latency_slo_p99_ms, f64::INFINITY);
        let error_rate_slo_pct = slo("error_rate_slo_pct", &raw.error_rate_slo_pct, 100.0);
        let domain = ir::Domain {
            name: raw.name.value.clone(),
            span: raw.name.span,
            description: text(&raw.description),
            topic: of_domain(raw, diagnostics),
            type_range: raw.type_range.as_ref().and_then(ids::range),
            latency_slo_p99_ms,
            error_rate_slo_pct,
        };
        domains.entry(raw.name.value.clone()).or_insert(domain);
    }
    Topics { domains, undeclared: IndexMap::new() }
}

/// A number of a domain's service level, where it can be one: from 0 to `most`.
fn service_level(
    key: &str,
    written: &Option<Spanned<f64>>,
    most: f64,
    domain: &str,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<f64> {
    let Spanned { value, span } = written.as_ref()?;
    if (0.0..=most).contains(value) {
        return Some(*value);
    }
    let allowed = if most.is_finite() { format!("not between 0 and {most}") } else { "below 0".to_owned() };
    let message = format!("`{key}` of domain {} is {value}, which is {allowed}", quote(domain));
    diagnostics.push(Diagnostic::new(&codes::E0410, *span, message));
    None
}

impl Topics {
    /// The topic of a message: its own, else its domain's.
    pub fn of_message(&mut self, message: &raw::Message, diagnostics: &mut Vec<Diagnostic>) -> String {
        if let Some(topic) = &message.topic {
            let what = format!("topic of {}", quote(&message.name.value));
            check(&topic.value, topic.span, &what, diagnostics);
        }
        let of_domain = match &message.domain {
            None => String::new(),
            Some(domain) => match self.domains.get(&domain.value) {
                Some(declared) => declared.topic.clone(),
                None => self.undeclared(domain, diagnostics),
            },
        };
        message.topic.as_ref().map_or(of_domain, |topic| topic.value.clone())
    }

    /// The topic of a domain that is not declared; says so, once, where that looks like a slip.
    fn undeclared(&mut self, domain: &Spanned<String>, diagnostics: &mut Vec<Diagnostic>) -> String {
        if let Some(topic) = self.undeclared.get(&domain.value) {
            return topic.clone();
        }
        let affordable = SUGGESTING / (self.undeclared.len() + 1);
        let declared = self.domains.keys().take(affordable).map(String::as_str);
        // `DeskOne` and `DeskTwo` are not near; `Desk1` and `Desk2` are, and meant to be two.
        let letters = |name: &str| name.chars().filter(|c| !c.is_ascii_digit()).collect::<String>();
        let near = suggest::nearest(&domain.value, declared);
        if let Some(near) = near.filter(|near| letters(near) != letters(&domain.value)) {
            let message = format!("domain {} is not declared", quote(&domain.value));
            let diagnostic = Diagnostic::new(&codes::W0404, domain.span, message);
            diagnostics.push(diagnostic.did_you_mean(domain.span, near));
        }
        let topic = from_name(domain, diagnostics);
        self.undeclared.insert(domain.value.clone(), topic.clone());
        topic
    }

    /// The declared domains, in file order.
    pub fn into_domains(self) -> Vec<ir::Domain> {
        self.domains.into_values().collect()
    }
}

fn of_domain(domain: &raw::Domain, diagnostics: &mut Vec<Diagnostic>) -> String {
    let Some(topic) = &domain.topic else { return from_name(&domain.name, diagnostics) };
    check(&topic.value, topic.span, &format!("topic of domain {}", quote(&domain.name.value)), diagnostics);
    topic.value.clone()
}

fn from_name(domain: &Spanned<String>, diagnostics: &mut Vec<Diagnostic>) -> String {
    let topic = domain.value.to_kebab_case();
    if topic.is_empty() {
        let message = format!("no topic can be made of the domain name {}", quote(&domain.value));
        diagnostics.push(Diagnostic::new(&codes::E0409, domain.span, message).help("give the domain a `topic`"));
    }
    topic
}

fn check(topic: &str, span: Span, what: &str, diagnostics: &mut Vec<Diagnostic>) {
    let message = if topic.is_empty() {
        format!("{what} is empty")
    } else if let Some(c) = topic.chars().find(|c| c.is_whitespace() || c.is_control()) {
        format!("{what} contains {}", quote(&c.to_string()))
    } else {
        return;
    };
    diagnostics
        .push(Diagnostic::new(&codes::E0409, span, message).help("a topic has no spaces and no control characters"));
}
