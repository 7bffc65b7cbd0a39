//! Snapshots that nothing compares any more, and snapshots that nobody has accepted.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::File;
use crate::{Failure, Outcome, test, workspace};

/// Snapshots left over from a test run, and snapshots whose input is gone.
pub fn check(files: &[File]) -> Vec<String> {
    let mut findings = Vec::new();
    for File { path, text } in files {
        if path.ends_with(".snap.new") || path.ends_with(".pending-snap") {
            findings.push(format!("{path}: a snapshot that nobody has accepted; `cargo xtask bless` or delete it"));
        }
        if path.ends_with(".snap") {
            let input = text.lines().find_map(|line| line.strip_prefix("input_file: "));
            if let Some(input) = input.filter(|input| !workspace::root().join(input.trim_matches('"')).exists()) {
                findings.push(format!("{path}: its input {input} is gone: delete the snapshot"));
            }
        }
    }
    findings
}

/// Compares the snapshots on disk with those that the last run of all tests compared.
pub fn unreferenced() -> Outcome {
    let references = workspace::read(&test::snapshot_references())
        .map_err(|_| Failure("no test run to compare with: `cargo xtask test cargo` first".into()))?;
    let compared: BTreeSet<PathBuf> =
        references.lines().filter_map(|line| PathBuf::from(line).canonicalize().ok()).collect();
    let mut orphans = Vec::new();
    let mut count = 0;
    for path in workspace::project_files()?.iter().filter(|path| path.ends_with(".snap")) {
        count += 1;
        let canonical = workspace::root().join(path).canonicalize();
        if !canonical.is_ok_and(|canonical| compared.contains(&canonical)) {
            orphans.push(path.clone());
        }
    }
    if orphans.is_empty() {
        println!("{count} snapshots, each compared by a test");
        return Ok(());
    }
    Err(Failure(format!("no test compares these snapshots any more; delete them:\n{}", orphans.join("\n"))))
}
