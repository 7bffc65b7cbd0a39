//! What a contract says beside messages and types: its header, reservations, domains, ranges, invariants.

use std::collections::BTreeMap;

use crate::ir::{DigestKind, Domain, Invariant, Schema, TagRange, show_range};
use crate::source::{Span, Spanned};

use super::rules::{
    CORE_CHANGED, DIGEST_KIND_CHANGED, DOMAIN_DECLARATION_CHANGED, INVARIANT_CHANGED, MIN_COMPATIBLE_LOWERED,
    MIN_COMPATIBLE_RAISED, RESERVED_ADDED, RESERVED_ID_RELEASED, RESERVED_NAME_RELEASED, Rule, SCHEMA_DIGEST_CHANGED,
    SCHEMA_ID_CHANGED, SCHEMA_VERSION_KEPT, SCHEMA_VERSION_LOWERED, SCHEMA_VERSION_RAISED, TAG_RANGE_CHANGED,
};
use super::{Comparison, Finding, plan, quote};

/// Reports what changed about all of that.
pub fn compare(comparison: &mut Comparison) {
    schema(comparison);
    reserved(comparison);
    if comparison.everything() {
        let Schema { domains, tag_ranges, invariants, .. } = comparison.old;
        let new = comparison.new;
        named(comparison, &DOMAIN_DECLARATION_CHANGED, "domain", domains, &new.domains);
        named(comparison, &TAG_RANGE_CHANGED, "tag range", tag_ranges, &new.tag_ranges);
        named(comparison, &INVARIANT_CHANGED, "invariant", invariants, &new.invariants);
    }
}

fn schema(comparison: &mut Comparison) {
    let (old, new) = (comparison.old, comparison.new);
    let mut found = |rule, key: &str, message: String| {
        comparison.findings.push(Finding::new(rule, format!("schema.{key}"), message).at(old.span, new.span));
    };
    let was = |key: &str, old: &dyn std::fmt::Display, new: &dyn std::fmt::Display| {
        format!("`schema.{key}` was {old}, is {new}")
    };
    if old.id != new.id {
        found(&SCHEMA_ID_CHANGED, "id", was("id", &old.id, &new.id));
    }
    if old.version != new.version {
        let rule = if new.version > old.version { &SCHEMA_VERSION_RAISED } else { &SCHEMA_VERSION_LOWERED };
        found(rule, "version", was("version", &old.version, &new.version));
    } else if old.digest_kind == new.digest_kind && old.digest != new.digest {
        let message = format!("the schema digest changed, and `schema.version` is {} as before", new.version);
        found(&SCHEMA_VERSION_KEPT, "version", message);
    }
    if old.min_compatible != new.min_compatible {
        let raised = new.min_compatible > old.min_compatible;
        let rule = if raised { &MIN_COMPATIBLE_RAISED } else { &MIN_COMPATIBLE_LOWERED };
        found(rule, "min_compatible", was("min_compatible", &old.min_compatible, &new.min_compatible));
    }
    if old.digest_kind != new.digest_kind {
        let name = |kind| match kind {
            DigestKind::CanonicalV1 => "canonical-v1",
            DigestKind::Source => "source",
        };
        found(&DIGEST_KIND_CHANGED, "digest", was("digest", &name(old.digest_kind), &name(new.digest_kind)));
    }
    if old.digest != new.digest {
        let plan = plan::plan(old, new);
        found(
            &SCHEMA_DIGEST_CHANGED,
            "digest",
            format!("the schema digest is another: peers refuse each other, but in mode Shared {}", plan.summary()),
        );
    }
    if old.core != new.core && comparison.known == super::Known::Everything {
        found(&CORE_CHANGED, "core", was("core", &old.core, &new.core));
    }
}

/// Ranges in ascending order, those that touch made one.
pub fn merged(ranges: impl Iterator<Item = (u16, u16)>) -> Vec<(u16, u16)> {
    let mut sorted: Vec<(u16, u16)> = ranges.collect();
    sorted.sort_unstable();
    let mut merged: Vec<(u16, u16)> = Vec::new();
    for (first, last) in sorted {
        match merged.last_mut() {
            Some((_, end)) if u32::from(first) <= u32::from(*end) + 1 => *end = (*end).max(last),
            _ => merged.push((first, last)),
        }
    }
    merged
}

/// The parts of a range that are in none of `others`, which are merged.
fn outside((first, last): (u16, u16), others: &[(u16, u16)]) -> Vec<(u16, u16)> {
    let mut parts = Vec::new();
    let mut from = u32::from(first);
    let overlapping = others.partition_point(|(_, end)| *end < first);
    for &(start, end) in others[overlapping..].iter().take_while(|(start, _)| *start <= last) {
        if from < u32::from(start) {
            parts.push((from as u16, start - 1));
        }
        from = u32::from(end) + 1;
    }
    if from <= u32::from(last) {
        parts.push((from as u16, last));
    }
    parts
}

fn reserved(comparison: &mut Comparison) {
    let (old, new) = (comparison.old, comparison.new);
    let ids = |schema: &Schema| merged(schema.reserved_ids.iter().map(|range| range.value));
    let mut report = |rule: &'static Rule, what: String, message: String, spans: (Option<Span>, Option<Span>)| {
        comparison.findings.push(Finding::new(rule, format!("reserved.{what}"), message).at(spans.0, spans.1));
    };
    for (list, others, rule) in
        [(&old.reserved_ids, ids(new), &RESERVED_ID_RELEASED), (&new.reserved_ids, ids(old), &RESERVED_ADDED)]
    {
        for range in list {
            for part in outside(range.value, &others) {
                let ids = if part.0 == part.1 { "type id" } else { "type ids" };
                let released = rule.id == RESERVED_ID_RELEASED.id;
                let verb = if released { "no longer" } else { "now" };
                let verb = format!("{} {verb}", if part.0 == part.1 { "is" } else { "are" });
                let message = format!("{ids} {} {verb} reserved", show_range(part));
                let spans = if released { (Some(range.span), new.span) } else { (old.span, Some(range.span)) };
                report(rule, show_range(part), message, spans);
            }
        }
    }
    let index = |schema: &Schema| {
        schema.reserved_names.iter().map(|name| (name.value.clone(), name.span)).collect::<BTreeMap<String, Span>>()
    };
    let (old_names, new_names) = (index(old), index(new));
    for Spanned { value, span } in &old.reserved_names {
        if !new_names.contains_key(value) {
            let message = format!("the name {} is no longer reserved", quote(value));
            report(&RESERVED_NAME_RELEASED, value.clone(), message, (Some(*span), new.span));
        }
    }
    for Spanned { value, span } in &new.reserved_names {
        if !old_names.contains_key(value) {
            let message = format!("the name {} is now reserved", quote(value));
            report(&RESERVED_ADDED, value.clone(), message, (old.span, Some(*span)));
        }
    }
}

/// What a key of a declaration says.
#[derive(PartialEq)]
enum Said {
    Nothing,
    /// A number or a list.
    Value(String),
    /// A text of the contract.
    Text(String),
}

impl Said {
    fn text(text: Option<&str>) -> Self {
        text.map_or(Said::Nothing, |text| Said::Text(text.to_owned()))
    }

    fn value(value: Option<impl ToString>) -> Self {
        value.map_or(Said::Nothing, |value| Said::Value(value.to_string()))
    }

    /// As a message has it; `None` of what is too long for one.
    fn shown(&self) -> Option<String> {
        const LONG: usize = 40;
        match self {
            Said::Nothing => Some("nothing".to_owned()),
            Said::Value(value) => Some(value.clone()).filter(|value| value.chars().count() <= LONG),
            Said::Text(text) => Some(quote(text)).filter(|_| text.chars().count() <= LONG),
        }
    }
}

/// Something that is declared under a name.
trait Declared {
    fn name(&self) -> &str;
    fn span(&self) -> Option<Span>;
    /// All else about it: keys and what they say.
    fn content(&self) -> Vec<(&'static str, Said)>;
}

impl Declared for Domain {
    fn name(&self) -> &str {
        &self.name
    }
    fn span(&self) -> Option<Span> {
        Some(self.span)
    }
    fn content(&self) -> Vec<(&'static str, Said)> {
        let Self { name: _, span: _, description, topic, type_range, latency_slo_p99_ms, error_rate_slo_pct } = self;
        vec![
            ("topic", Said::text(Some(topic))),
            ("type_range", Said::value(type_range.map(show_range))),
            ("latency_slo_p99_ms", Said::value(*latency_slo_p99_ms)),
            ("error_rate_slo_pct", Said::value(*error_rate_slo_pct)),
            ("description", Said::text(description.as_deref())),
        ]
    }
}

impl Declared for TagRange {
    fn name(&self) -> &str {
        &self.name
    }
    fn span(&self) -> Option<Span> {
        Some(self.span)
    }
    fn content(&self) -> Vec<(&'static str, Said)> {
        vec![("range", Said::Value(format!("{}-{}", self.first, self.last)))]
    }
}

impl Declared for Invariant {
    fn name(&self) -> &str {
        &self.name
    }
    fn span(&self) -> Option<Span> {
        self.span
    }
    fn content(&self) -> Vec<(&'static str, Said)> {
        let Self { name: _, span: _, description, enforced_by, severity } = self;
        vec![
            ("severity", Said::text(severity.as_deref())),
            ("enforced_by", Said::Value(format!("{enforced_by:?}"))),
            ("description", Said::text(description.as_deref())),
        ]
    }
}

/// What two declarations of one name say otherwise: `topic` was `a`, is `b`. Of a long text, that it does.
fn differences<T: Declared>(was: &T, is: &T) -> Option<String> {
    let difference = |key: &str, old: &Said, new: &Said| match (old.shown(), new.shown()) {
        (Some(old), Some(new)) => format!("`{key}` was {old}, is {new}"),
        _ => format!("`{key}` is another"),
    };
    let pairs = was.content().into_iter().zip(is.content()).filter(|((_, old), (_, new))| old != new);
    let found: Vec<String> = pairs.map(|((key, old), (_, new))| difference(key, &old, &new)).collect();
    (!found.is_empty()).then(|| found.join("; "))
}

/// Reports what came, went and changed among declarations of one kind.
fn named<T: Declared>(comparison: &mut Comparison, rule: &'static Rule, kind: &str, old: &[T], new: &[T]) {
    let olds: BTreeMap<&str, &T> = old.iter().map(|item| (item.name(), item)).collect();
    let news: BTreeMap<&str, &T> = new.iter().map(|item| (item.name(), item)).collect();
    for (name, was) in &olds {
        let (what, span) = match news.get(name) {
            Some(is) => match differences(*was, *is) {
                None => continue,
                Some(what) => (format!("changed: {what}"), is.span()),
            },
            None => ("is gone".to_owned(), None),
        };
        let message = format!("{kind} {} {what}", quote(name));
        comparison.report(Finding::new(rule, *name, message).at(was.span(), span));
    }
    for (name, is) in news.iter().filter(|(name, _)| !olds.contains_key(*name)) {
        let message = format!("{kind} {} is new", quote(name));
        comparison.report(Finding::new(rule, *name, message).at(None, is.span()));
    }
}

#[cfg(test)]
mod tests {
    use super::{merged, outside};

    /// Without this, ids could be released from the middle of a range and nobody be told.
    #[test]
    fn parts_of_ranges() {
        let others = merged([(30, 40), (10, 20), (21, 22), (65000, 65535)].into_iter());
        assert_eq!(others, [(10, 22), (30, 40), (65000, 65535)]);
        for (range, parts) in [
            ((10, 20), &[][..]),
            ((1, 9), &[(1, 9)]),
            ((5, 35), &[(5, 9), (23, 29)]),
            ((35, 50), &[(41, 50)]),
            ((1, 65535), &[(1, 9), (23, 29), (41, 64999)]),
            ((23, 23), &[(23, 23)]),
        ] {
            assert_eq!(outside(range, &others), parts, "{range:?}");
        }
    }
}
