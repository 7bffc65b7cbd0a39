//! Spelling of files: line ends, blanks, and words that must not be committed.

use super::File;

/// Words that belong to one machine or one afternoon. Split so that this file does not contain them.
const FORBIDDEN: &[(&str, &str)] = &[
    (concat!("/ro", "ot/"), "a path of one machine"),
    (concat!("/ho", "me/"), "a path of one machine"),
    (concat!("/wo", "rk/"), "a path of one machine"),
    (concat!("/tm", "p/wt"), "a path of one machine"),
    (concat!("<<<<", "<<<"), "a merge conflict"),
    (concat!(">>>>", ">>>"), "a merge conflict"),
    (concat!("FIX", "ME"), "unfinished work"),
    (concat!("TO", "DO"), "unfinished work"),
    (concat!("dbg", "!("), "a debugging aid"),
    (concat!("to", "do!("), "unfinished work"),
    (concat!("unimple", "mented!("), "unfinished work"),
    (concat!("#[ig", "nore"), "an ignored test"),
    (concat!("thread::sl", "eep("), "a sleep: wait for an event, with a deadline"),
    (concat!("Unix.sl", "eep"), "a sleep: wait for an event, with a deadline"),
];

/// Stems that say nothing about what a file owns.
const EMPTY_NAMES: &[&str] = &["utils", "util", "helpers", "helper", "common", "misc", "manager"];

pub fn check(files: &[File]) -> Vec<String> {
    let mut findings = Vec::new();
    for File { path, text } in files {
        let stem = path.rsplit('/').next().and_then(|name| name.split('.').next()).unwrap_or_default();
        if EMPTY_NAMES.contains(&stem) {
            findings.push(format!("{path}: the name `{stem}` does not say what the file owns"));
        }
        // Inputs of tests may be broken in any way; generated locks are cargo's.
        if path.starts_with("tests/schemas/invalid/") || path == "Cargo.lock" {
            continue;
        }
        findings.extend(check_text(path, text));
    }
    findings
}

fn check_text(path: &str, text: &str) -> Vec<String> {
    let mut findings = Vec::new();
    if !text.is_empty() && !text.ends_with('\n') {
        findings.push(format!("{path}: no line feed at the end"));
    }
    let snapshot = path.ends_with(".snap");
    for (index, line) in text.split('\n').enumerate() {
        let number = index + 1;
        if line.contains('\r') {
            findings.push(format!("{path}:{number}: a carriage return"));
        } else if !snapshot && line.ends_with([' ', '\t']) {
            findings.push(format!("{path}:{number}: blanks at the end"));
        }
        for (word, what) in FORBIDDEN.iter().filter(|(word, _)| line.contains(word)) {
            findings.push(format!("{path}:{number}: `{word}`: {what}"));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_found_with_its_line() {
        for (text, expected) in [
            ("a\nb \n", "x.rs:2: blanks"),
            ("a\r\n", "x.rs:1: a carriage return"),
            ("a", "x.rs: no line feed"),
            (concat!("a\n// see /ho", "me/me\n"), "x.rs:2:"),
        ] {
            let findings = check_text("x.rs", text);
            assert!(findings.len() == 1 && findings[0].starts_with(expected), "{text:?}: {findings:?}");
        }
        assert_eq!(check_text("x.rs", "a\n\nb\n"), Vec::<String>::new());
    }

    #[test]
    fn names_that_say_nothing_are_found() {
        let file = |path: &str| File { path: path.into(), text: String::new() };
        assert_eq!(check(&[file("compiler/src/utils.rs"), file("compiler/src/layout.rs")]).len(), 1);
    }
}
