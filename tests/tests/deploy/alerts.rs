//! Prometheus: rules and configuration by `promtool`, and by the tables of metrics.

use std::collections::BTreeSet;

use mycelium_tests::program::Run;
use mycelium_tests::toolchain;
use serde_yaml::Value;

use super::{deployed, metrics, text};

fn promtool(arguments: &[&str]) -> Run {
    let mut promtool = toolchain::tool("promtool");
    promtool.args(arguments).current_dir(deployed("prometheus"));
    Run::from(toolchain::run(promtool))
}

fn yaml(name: &str) -> Value {
    serde_yaml::from_str(&text(&format!("docs/ocaml-bridge/deploy/prometheus/{name}"))).expect("YAML")
}

fn string(value: &Value, key: &str) -> String {
    value.get(key).and_then(Value::as_str).unwrap_or_else(|| panic!("no `{key}` in {value:?}")).to_owned()
}

fn list<'a>(value: &'a Value, key: &str) -> &'a Vec<Value> {
    value.get(key).and_then(Value::as_sequence).unwrap_or_else(|| panic!("no list `{key}` in {value:?}"))
}

fn alerts() -> Vec<Value> {
    let rules = yaml("mycelium.rules.yml");
    list(&rules, "groups").iter().flat_map(|group| list(group, "rules").clone()).collect()
}

/// Without this Prometheus could refuse the files, or an alert stay silent, or fire at nothing.
#[test]
fn promtool_is_content() {
    promtool(&["check", "rules", "mycelium.rules.yml"]).exits(0);
    promtool(&["check", "config", "prometheus.yml"]).exits(0);
    let run = promtool(&["test", "rules", "mycelium.rules.test.yml"]);
    assert_eq!(run.code, Some(0), "{}\n{}", run.text(), run.stderr);
}

/// An alert without a test of both kinds would be one that nobody knows to work.
#[test]
fn every_alert_is_tested_to_fire_and_not_to_fire() {
    let (mut fires, mut silent) = (BTreeSet::new(), BTreeSet::new());
    for test in list(&yaml("mycelium.rules.test.yml"), "tests") {
        for case in list(test, "alert_rule_test") {
            let expected = list(case, "exp_alerts");
            let set = if expected.is_empty() { &mut silent } else { &mut fires };
            set.insert(string(case, "alertname"));
        }
    }
    let names: BTreeSet<String> = alerts().iter().map(|alert| string(alert, "alert")).collect();
    assert!(names.len() > 15);
    assert_eq!((&fires, &silent), (&names, &names));
}

/// A metric that was renamed would make its alerts silent for ever.
#[test]
fn alerts_use_metrics_that_there_are() {
    for alert in alerts() {
        let name = string(&alert, "alert");
        let annotations = alert.get("annotations").expect("annotations");
        let texts = format!("{} {}", string(annotations, "summary"), string(annotations, "description"));
        metrics::check(&name, &string(&alert, "expr"), &metrics::in_braces(&texts, "$labels."));
        let severity = string(alert.get("labels").expect("labels"), "severity");
        assert!(["info", "warning", "critical"].contains(&severity.as_str()), "{name}: {severity}");
    }
}

/// Somebody is woken by an alert: the page has to say what to do, with its threshold, and about no alert that is gone.
#[test]
fn every_alert_has_its_part_of_the_page() {
    let page = text("docs/operations.md");
    let described: BTreeSet<&str> = page
        .lines()
        .filter_map(|line| line.strip_prefix("### "))
        .filter(|title| title.starts_with("Mycelium"))
        .collect();
    let mut names = BTreeSet::new();
    for alert in alerts() {
        let name = string(&alert, "alert");
        let runbook = string(alert.get("annotations").expect("annotations"), "runbook_url");
        assert_eq!(runbook, format!("docs/operations.md#{}", name.to_lowercase()));
        names.insert(name);
    }
    assert_eq!(described, names.iter().map(String::as_str).collect());
    let usage = text("docs/ocaml-bridge/USAGE.md");
    for name in names {
        assert!(
            usage.contains(&format!("| [`{name}`](../operations.md#{})", name.to_lowercase())),
            "{name}: thresholds"
        );
    }
}
