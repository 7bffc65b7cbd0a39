//! The tables of metrics, and what expressions in Prometheus's language say of them.

use std::collections::{BTreeMap, BTreeSet};

use mycelium_bus::metrics::Metric;

/// Labels that Prometheus adds to everything that it scrapes.
const SCRAPED: &[&str] = &["instance", "job"];

/// Every metric there is, by its name.
pub fn known() -> BTreeMap<&'static str, Metric> {
    let tables = mycelium_bus::metrics::METRICS.iter().chain(mycelium_bridge::metrics::METRICS);
    tables.map(|metric| (metric.name, *metric)).collect()
}

/// The words of an expression that begin like names, outside of strings.
fn words(expression: &str) -> Vec<&str> {
    let outside = expression.split('"').step_by(2);
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let words = outside.flat_map(move |part| part.split(move |c| !is_word(c)));
    words.filter(|word| word.starts_with(|c: char| c.is_ascii_alphabetic())).collect()
}

/// The metrics of this project that an expression uses.
pub fn used(expression: &str) -> BTreeSet<&str> {
    words(expression).into_iter().filter(|word| word.starts_with("mycelium_")).collect()
}

/// The labels that an expression selects by (`{label="…"}`) or groups by (`by (label)`, `on (label)`).
pub fn labels(expression: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for selector in expression.split('{').skip(1).filter_map(|rest| rest.split('}').next()) {
        let outside: String = selector.split('"').step_by(2).collect();
        found.extend(outside.split(',').map(|part| part.trim().trim_end_matches(['=', '!', '~']).trim().to_owned()));
    }
    for keyword in [" by (", " on (", "without ("] {
        for list in expression.split(keyword).skip(1).filter_map(|rest| rest.split(')').next()) {
            found.extend(list.split(',').map(|label| label.trim().to_owned()));
        }
    }
    found.remove("");
    found
}

/// Panics unless the metrics of an expression are there, and have the labels that it and the texts about it use.
#[track_caller]
pub fn check(place: &str, expression: &str, in_texts: &BTreeSet<String>) {
    let known = known();
    let metrics = used(expression);
    let mut of_all: Option<BTreeSet<&str>> = None;
    for name in &metrics {
        let metric = known.get(name).unwrap_or_else(|| panic!("{place}: there is no metric {name}"));
        let labels: BTreeSet<&str> = metric.labels.iter().chain(SCRAPED).copied().collect();
        of_all = Some(of_all.map_or(labels.clone(), |all| all.intersection(&labels).copied().collect()));
    }
    let of_all = of_all.unwrap_or_else(|| SCRAPED.iter().copied().collect());
    for label in labels(expression).iter().chain(in_texts) {
        assert!(of_all.contains(label.as_str()), "{place}: no label `{label}` of {metrics:?}, which have {of_all:?}");
    }
}

/// The labels in `{{ $labels.NAME }}` or `{{NAME}}`.
pub fn in_braces(text: &str, prefix: &str) -> BTreeSet<String> {
    let braces = text.split("{{").skip(1).filter_map(|rest| rest.split("}}").next());
    braces.filter_map(|inside| inside.trim().strip_prefix(prefix)).map(str::to_owned).collect()
}

#[test]
fn expressions_are_taken_apart() {
    let expression = r#"sum by (worker, reason) (rate(mycelium_x_total{worker=~"a|mycelium_y", job!="b"}[5m])) > 1
        unless on (job) mycelium_z offset 5m"#;
    assert_eq!(used(expression), BTreeSet::from(["mycelium_x_total", "mycelium_z"]));
    assert_eq!(labels(expression), BTreeSet::from(["worker", "reason", "job"].map(str::to_owned)));
    assert_eq!(in_braces("a {{ $labels.x }} {{ $value }}", "$labels."), BTreeSet::from(["x".to_owned()]));
}
