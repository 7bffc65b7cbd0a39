//! `cargo xtask tidy`: what people forget, one file a kind of check. Every finding is reported, none is only a
//! warning. Checks that need the tests to have run are in [`snapshots`] and called by `cargo xtask test`.

mod codes;
mod dependencies;
mod length;
mod links;
mod ocaml;
pub mod snapshots;
mod text;

use crate::{Failure, Outcome, golden, workspace};

/// One line for the usage text.
pub const ABOUT: &str = "finds what people forget: long files, stray text, orphans, codes without a word, stale docs";

/// A file of the project: its path from the root, and its text where it is text.
pub struct File {
    path: String,
    text: String,
}

/// Runs every check over the files of the project.
pub fn run(arguments: &[String]) -> Outcome {
    if !arguments.is_empty() {
        return Err(Failure("takes no arguments".into()));
    }
    let mut findings = Vec::new();
    let mut files = Vec::new();
    for path in workspace::project_files()? {
        if path.ends_with(".bin") {
            continue;
        }
        // Inputs of tests may be broken in any way, by not being UTF-8 too.
        let full = workspace::root().join(&path);
        let text = match path.starts_with("tests/schemas/invalid/") {
            true => workspace::read_bytes(&full).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()),
            false => workspace::read(&full),
        };
        match text {
            Ok(text) => files.push(File { path, text }),
            Err(Failure(words)) => findings.push(words),
        }
    }
    for check in [text::check, length::check, links::check, snapshots::check, codes::check, ocaml::check] {
        findings.extend(check(&files));
    }
    findings.extend(dependencies::check()?);
    let golden = golden::check()?;
    findings.extend(golden.findings);
    if let Some(limit) = golden.limit {
        println!("tidy: {limit}");
    }
    if findings.is_empty() {
        println!("tidy: {} files", files.len());
        return Ok(());
    }
    Err(Failure(format!("{} findings\n{}", findings.len(), findings.join("\n"))))
}
