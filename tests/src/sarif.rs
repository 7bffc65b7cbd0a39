//! The schema of SARIF 2.1.0: OASIS's, as the crate serde-sarif 0.8.0 has it, unchanged.

use std::fs;

use jsonschema::Validator;
use serde_json::Value;

use crate::toolchain::root;

/// The schema, compiled.
pub fn schema() -> Validator {
    let text = fs::read_to_string(root().join("tests/fixtures/sarif-schema-2.1.0.json")).expect("the schema");
    let mut schema: Value = serde_json::from_str(&text).expect("JSON");
    // These are no regular expressions: they have a bracket too many. Reports have no `language`.
    for part in ["run", "toolComponent"] {
        let language = schema["definitions"][part]["properties"]["language"].as_object_mut().expect("a property");
        assert_eq!(language.remove("pattern"), Some("^[a-zA-Z]{2}|^[a-zA-Z]{2}-[a-zA-Z]{2}]?$".into()));
    }
    jsonschema::draft7::new(&schema).expect("a schema")
}

/// What the schema says against a report.
pub fn errors(log: &Value) -> Vec<String> {
    schema().iter_errors(log).map(|error| format!("{}: {error}", error.instance_path())).collect()
}
