//! Grafana: the shape of the dashboard, its expressions by `promtool` and by the tables of metrics.

use std::collections::{BTreeMap, BTreeSet};

use mycelium_tests::program::{Run, folder};
use mycelium_tests::toolchain;
use serde_json::Value;

use super::{metrics, text};

fn dashboard() -> Value {
    serde_json::from_str(&text("docs/ocaml-bridge/deploy/grafana/mycelium-bridges.json")).expect("JSON")
}

fn array<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().unwrap_or_else(|| panic!("no list `{key}` in {value}"))
}

fn string<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_else(|| panic!("no `{key}` in {value}"))
}

/// Each expression with where it is and the text of its legend.
fn expressions(dashboard: &Value) -> Vec<(String, String, String)> {
    let mut found = Vec::new();
    for panel in array(dashboard, "panels").iter().filter(|panel| string(panel, "type") != "row") {
        for target in array(panel, "targets") {
            let (expression, legend) = (string(target, "expr"), string(target, "legendFormat"));
            found.push((string(panel, "title").to_owned(), expression.to_owned(), legend.to_owned()));
        }
    }
    for annotation in array(&dashboard["annotations"], "list") {
        let (name, format) = (string(annotation, "name"), string(annotation, "titleFormat"));
        found.push((name.to_owned(), string(annotation, "expr").to_owned(), format.to_owned()));
    }
    found
}

/// Grafana shows panels over each other, or nothing, where this is wrong, and says nothing.
#[test]
fn the_dashboard_has_the_shape_that_grafana_reads() {
    let dashboard = dashboard();
    assert!(dashboard["schemaVersion"].as_u64() >= Some(36) && dashboard.get("id").is_none());
    assert!(!string(&dashboard, "uid").is_empty() && !string(&dashboard, "title").is_empty());
    let (mut ids, mut cells) = (BTreeSet::new(), BTreeMap::new());
    for panel in array(&dashboard, "panels") {
        let title = string(panel, "title");
        assert!(ids.insert(panel["id"].as_u64().expect("an id")), "{title}: two panels have its id");
        let place = |key: &str| panel["gridPos"][key].as_u64().unwrap_or_else(|| panic!("{title}: {key}"));
        assert!(place("x") + place("w") <= 24 && place("w") * place("h") > 0, "{title}");
        for (x, y) in (place("y")..place("y") + place("h"))
            .flat_map(|y| (place("x")..place("x") + place("w")).map(move |x| (x, y)))
        {
            let other = cells.insert((x, y), title);
            assert_eq!(other, None, "{title} is over another panel");
        }
        if string(panel, "type") == "row" {
            continue;
        }
        assert!(
            !string(panel, "description").is_empty() && !string(&panel["fieldConfig"]["defaults"], "unit").is_empty()
        );
        assert_eq!(string(&panel["datasource"], "uid"), "${datasource}", "{title}");
        let refs: BTreeSet<&str> = array(panel, "targets").iter().map(|target| string(target, "refId")).collect();
        assert_eq!(refs.len(), array(panel, "targets").len(), "{title}: two targets of one name");
    }
}

/// A metric that was renamed leaves an empty panel, which looks like peace.
#[test]
fn panels_use_metrics_and_variables_that_there_are() {
    let dashboard = dashboard();
    let variables: BTreeSet<&str> =
        array(&dashboard["templating"], "list").iter().map(|variable| string(variable, "name")).collect();
    let mut queries = expressions(&dashboard);
    for variable in array(&dashboard["templating"], "list").iter().filter(|variable| variable["type"] == "query") {
        let query = string(&variable["query"], "query");
        let inside = query.strip_prefix("label_values(").and_then(|rest| rest.strip_suffix(')')).expect("label_values");
        let (expression, label) = inside.rsplit_once(", ").expect("an expression and a label");
        queries.push((query.to_owned(), expression.to_owned(), format!("{{{{{label}}}}}")));
    }
    for (place, expression, legend) in &queries {
        metrics::check(place, expression, &metrics::in_braces(legend, ""));
        for variable in expression.split('$').skip(1) {
            let name: String = variable.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
            assert!(variables.contains(name.as_str()) || name == "__rate_interval", "{place}: ${name}");
        }
    }
}

/// What is measured and nowhere shown, nobody looks at.
#[test]
fn every_metric_is_on_the_dashboard() {
    let queries = expressions(&dashboard());
    let shown: BTreeSet<&str> = queries.iter().flat_map(|(_, expression, _)| metrics::used(expression)).collect();
    let missing: Vec<&str> = metrics::known().into_keys().filter(|name| !shown.contains(name)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// Mistakes in an expression are shown by Grafana as a small triangle, and found by somebody in the night.
#[test]
fn promtool_reads_the_expressions() {
    let mut rules = String::from("groups:\n  - name: panels\n    rules:\n");
    for (number, (_, expression, _)) in expressions(&dashboard()).iter().enumerate() {
        let expression = serde_json::to_string(&expression.replace("$__rate_interval", "5m")).expect("a string");
        rules.push_str(&format!("      - {{ record: \"panel:{number}\", expr: {expression} }}\n"));
    }
    let here = folder(&[("panels.yml", &rules)]);
    let mut promtool = toolchain::tool("promtool");
    promtool.args(["check", "rules", "panels.yml"]).current_dir(here.path());
    Run::from(toolchain::run(promtool)).exits(0);
}
