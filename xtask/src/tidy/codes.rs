//! Every diagnostic code is explained with a wrong and a right example, and has a fixture that provokes it.

use myc_schema::codes;

use super::File;

const FOLDER: &str = "compiler/src/codes/";
const FIXTURES: &str = "tests/schemas/invalid/";

pub fn check(files: &[File]) -> Vec<String> {
    let mut findings = Vec::new();
    for code in codes::ALL {
        let id = code.id;
        for part in ["Wrong:", "Right:"] {
            if !code.explanation.lines().any(|line| line == part) {
                findings.push(format!("{FOLDER}{id}.md: no line `{part}` with an example below it"));
            }
        }
        let prefix = format!("{FIXTURES}{}-", id.to_lowercase());
        let possible = !codes::ABOUT_UNFIT_FILES.contains(code);
        if possible && !files.iter().any(|file| file.path.to_lowercase().starts_with(&prefix)) {
            findings.push(format!("{id}: no fixture {prefix}WHAT.yaml"));
        }
    }
    for File { path, .. } in files {
        let known = |id: &str| codes::ALL.iter().any(|code| code.id.eq_ignore_ascii_case(id));
        if let Some(id) = path.strip_prefix(FOLDER).and_then(|name| name.strip_suffix(".md")).filter(|id| !known(id)) {
            findings.push(format!("{path}: explains {id}, which is not a code"));
        }
        let fixture = path.strip_prefix(FIXTURES).and_then(|name| name.split('-').next());
        if let Some(id) = fixture.filter(|id| !known(id)) {
            findings.push(format!("{path}: `{id}` is not a code"));
        }
    }
    findings
}
