//! `breaking --format sarif` against the schema of SARIF 2.1.0.

use std::fs;
use std::path::Path;

use mycelium_tests::program::{folder, run};
use mycelium_tests::sarif::{errors, schema};
use mycelium_tests::versions::{NEW, OLD};
use serde_json::Value;

fn log(here: &Path, arguments: &[&str]) -> Value {
    let run = run(here, [&["breaking", "--format", "sarif"], arguments].concat());
    serde_json::from_slice(&run.stdout).unwrap_or_else(|error| panic!("{error}: {}", run.stderr))
}

/// Without this, code scanning could refuse the whole report for a property that it does not know.
#[test]
fn reports_are_sarif() {
    let odd = "a folder/größe #1%.yaml";
    let here = folder(&[("old.yaml", OLD), ("contracts.yaml", NEW), (odd, NEW), ("same.yaml", OLD)]);
    let here = here.path();
    run(here, ["lock", "old.yaml"]).quiet();
    let results = |log: &Value| log["runs"][0]["results"].as_array().map(Vec::len);
    for (arguments, count) in [
        (&["--against", "old.yaml"][..], 6),
        (&["--against", "old.yaml", "--against", "old.lock", "--against", "contracts.yaml"], 11),
        (&[odd, "--against", "old.yaml"], 6),
        (&["old.yaml", "--against", odd], 5),
        (&["same.yaml", "--against", "old.yaml"], 0),
        (&["--against", "old.yaml", "--allow", "FIELD_ADDED:Tick.*=agreed \"today\""], 6),
        (&["--against", "old.yaml", "--category", "route"], 1),
    ] {
        let log = log(here, arguments);
        assert_eq!(errors(&log), Vec::<String>::new(), "{arguments:?}");
        assert_eq!(results(&log), Some(count), "{arguments:?}");
    }
}

/// Without this, a schema that takes everything would prove nothing.
#[test]
fn the_schema_objects() {
    let here = folder(&[("old.yaml", OLD), ("contracts.yaml", NEW)]);
    let (schema, log) = (schema(), log(here.path(), &["--against", "old.yaml"]));
    type Edit = fn(&mut Value);
    let edits: &[Edit] = &[
        |log| log["version"] = "2.0.0".into(),
        |log| log["runs"][0]["results"][0]["level"] = "fatal".into(),
        |log| log["runs"][0]["results"][0]["severity"] = "high".into(),
        |log| log["runs"][0]["results"][0]["message"] = "text".into(),
        |log| log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"]["startLine"] = 0.into(),
        |log| log["runs"][0]["tool"]["driver"]["rules"][0]["id"] = Value::Null,
    ];
    for (index, edit) in edits.iter().enumerate() {
        let mut log = log.clone();
        edit(&mut log);
        assert!(!schema.is_valid(&log), "edit {index}");
    }
}

/// Without this, a finding could be allowed for good by a day that is over, a rule that is misspelt, or a path that
/// nothing is about.
#[test]
fn what_allows_nothing_is_told() {
    let here = folder(&[("old.yaml", OLD), ("contracts.yaml", NEW), ("older.yaml", &OLD.replace("price: i64, ", ""))]);
    let here = here.path();
    let allow = |entry: &str| {
        fs::write(here.join("contracts.allow.yaml"), format!("allow: [{{ {entry}, reason: agreed }}]\n"))
            .expect("written");
        run(
            here,
            ["breaking", "--against", "old.yaml", "--against", "older.yaml", "--category=wire", "--today=2026-11-23"],
        )
    };
    let expired = allow("rule: FIELD_ADDED, path: Tick.venue, until: 2026-11-22").exits(1);
    assert_eq!(expired.text().matches("it was allowed until 2026-11-22: agreed").count(), 2, "{}", expired.text());
    allow("rule: FIELD_ADED, path: Tick.venue, until: 2026-12-01").exits(2).says(&["did you mean `FIELD_ADDED`?"]);
    let unknown = allow("rule: FIELD_ADDED, path: Tock.venue, until: 2026-12-01").exits(1);
    assert!(
        unknown.stderr.contains("FIELD_ADDED:Tock.venue is allowed, and there is no such finding"),
        "{}",
        unknown.stderr
    );
    // One allowance is for every older contract.
    let allowed = allow("rule: FIELD_ADDED, path: Tick.venue, until: 2026-11-23").exits(1);
    assert_eq!(allowed.text().matches("allowed[FIELD_ADDED]").count(), 2, "{}", allowed.text());
    assert!(!allowed.stderr.contains("no such finding"), "{}", allowed.stderr);
}
