//! `.github/workflows/ci.yml`: what continuous integration elsewhere runs. It is read here, not run.

use std::collections::BTreeSet;

use serde_yaml::Value;

use super::text;

fn workflow() -> Value {
    serde_yaml::from_str(&text(".github/workflows/ci.yml")).expect("YAML")
}

fn steps<'a>(workflow: &'a Value, job: &str) -> Vec<&'a Value> {
    workflow["jobs"][job]["steps"].as_sequence().unwrap_or_else(|| panic!("steps of {job}")).iter().collect()
}

fn commands(workflow: &Value, job: &str) -> Vec<String> {
    steps(workflow, job).into_iter().filter_map(|step| step["run"].as_str()).map(str::to_owned).collect()
}

/// The plan's fifth goal: both generations of OCaml, the bridge's tests among what they run.
#[test]
fn both_generations_of_ocaml_run_the_bridge() {
    let workflow = workflow();
    let versions = &workflow["jobs"]["ocaml"]["strategy"]["matrix"]["ocaml-compiler"];
    let versions: BTreeSet<&str> = versions.as_sequence().expect("a list").iter().filter_map(Value::as_str).collect();
    assert_eq!(versions, BTreeSet::from(["4.14", "5"]));
    let uses: Vec<&str> = steps(&workflow, "ocaml").into_iter().filter_map(|step| step["uses"].as_str()).collect();
    assert!(uses.iter().any(|action| action.starts_with("ocaml/setup-ocaml@")), "{uses:?}");
    let commands = commands(&workflow, "ocaml").join("\n");
    for part in ["dune build @all", "dune test", "cargo test ocaml_bridge_service"] {
        assert!(commands.contains(part), "{part}");
    }
}

/// A crate that is not in the list would lose the version of Rust that its users were promised.
#[test]
fn the_oldest_rust_checks_every_published_crate() {
    let manifest = text("Cargo.toml");
    let version = manifest.lines().find_map(|line| line.strip_prefix("rust-version = ")).expect("a version");
    let commands = commands(&workflow(), "oldest-rust").join("\n");
    assert!(commands.contains(&format!("cargo +{} check", version.trim_matches('"'))), "{commands}");
    for package in ["myc-schema", "mycelium-wire", "mycelium-bus", "mycelium-bridge"] {
        assert!(commands.contains(&format!("--package {package}")), "{package}");
    }
}

/// What is run here and there has to be one thing.
#[test]
fn the_gate_is_the_one_of_every_machine() {
    assert!(commands(&workflow(), "gate").iter().any(|command| command == ".ci/run"));
}
