//! Every diagnostic code: a contract in `schemas/invalid` that provokes it, rendered as people see it,
//! and an explanation whose examples are what they say.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use myc_schema::codes::{self, Code};
use myc_schema::diag::Diagnostic;
use myc_schema::diag::render::{Format, render};
use myc_schema::source::SourceMap;
use mycelium_tests::docs::blocks::Page;
use mycelium_tests::toolchain;

const FIXTURES: &str = "tests/schemas/invalid";

/// A contract as people would see it reported.
fn diagnose(path: &Path, name: &str) -> (SourceMap, Vec<Diagnostic>) {
    let mut sources = SourceMap::new();
    let loaded = if path.is_dir() {
        // Only the name of the folder as the test sees it, not of the machine's.
        sources.load(path).map_err(|mut diagnostic| {
            diagnostic.message = diagnostic.message.replace(&path.display().to_string(), name);
            diagnostic
        })
    } else {
        sources.load_bytes(name, std::fs::read(path).expect("a fixture"))
    };
    let found = match loaded {
        Ok(source) => myc_schema::check(&sources, source).diagnostics,
        Err(diagnostic) => vec![*diagnostic],
    };
    (sources, found)
}

fn codes_of(found: &[Diagnostic]) -> BTreeSet<&'static str> {
    found.iter().map(|diagnostic| diagnostic.code.id).collect()
}

fn fixtures() -> Vec<(String, PathBuf)> {
    let folder = toolchain::root().join(FIXTURES);
    let mut fixtures: Vec<_> = std::fs::read_dir(folder)
        .expect("the folder of fixtures")
        .map(|entry| entry.expect("a fixture"))
        .map(|entry| (entry.file_name().to_string_lossy().into_owned(), entry.path()))
        .collect();
    fixtures.sort();
    fixtures
}

/// Without this, a change of wording, place or order of any diagnostic would go unseen.
#[test]
fn fixtures_are_reported_as_their_snapshots_say() {
    for (name, path) in fixtures() {
        let (sources, found) = diagnose(&path, &name);
        let code = name.split('-').next().unwrap_or_default();
        assert!(codes_of(&found).contains(code), "{name} does not provoke {code}, but {:?}", codes_of(&found));
        let text = render(&sources, &found, Format::Human { color: false });
        for diagnostic in &found {
            let title = format!("[{}]: ", diagnostic.code.id);
            assert!(text.contains(&title), "{name}: the text does not show {title}");
        }
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path("../snapshots/diagnostics");
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.set_input_file(&path);
        let stem = name.trim_end_matches(".yaml").to_owned();
        settings.bind(|| insta::assert_snapshot!(stem, text));
    }
}

/// A code without a fixture may be one that nothing reports.
#[test]
fn every_code_has_a_fixture() {
    let names: Vec<String> = fixtures().into_iter().map(|(name, _)| name).collect();
    let without = |code: &&Code| !names.iter().any(|name| name.starts_with(&format!("{}-", code.id)));
    let without: Vec<_> = codes::ALL.iter().copied().filter(without).map(|code| code.id).collect();
    // `loading.rs` makes the others.
    assert_eq!(without, codes::ABOUT_UNFIT_FILES.iter().map(|code| code.id).collect::<Vec<_>>());
}

/// An explanation that shows the wrong thing is worse than none.
#[test]
fn explanations_are_true() {
    let mut findings = Vec::new();
    for code in codes::ALL.iter().copied() {
        let [wrong, right] = match examples(code) {
            Ok(examples) => examples,
            Err(words) => {
                findings.push(words);
                continue;
            }
        };
        let about_files = codes::ABOUT_FILES.contains(&code);
        for (part, block, expected) in [("Wrong", wrong, true), ("Right", right, false)] {
            if about_files && block.0 != "yaml" {
                continue;
            }
            let mut sources = SourceMap::new();
            let source = sources.add(format!("{}.md", code.id), block.1);
            let checked = myc_schema::check(&sources, source);
            let text = render(&sources, &checked.diagnostics, Format::Short);
            if codes_of(&checked.diagnostics).contains(code.id) != expected {
                findings.push(format!("{}: {part} is not. It gives:\n{text}", code.id));
            }
            if !expected && !checked.diagnostics.is_empty() {
                findings.push(format!("{}: Right is not right:\n{text}", code.id));
            }
        }
    }
    assert!(findings.is_empty(), "{}", findings.join("\n"));
}

/// Kind and text of the blocks below `Wrong:` and `Right:`.
fn examples(code: &Code) -> Result<[(String, String); 2], String> {
    let block = |part: &str| {
        let (_, below) = code.explanation.split_once(&format!("\n{part}:\n"))?;
        let block = Page::parse(below).blocks.into_iter().next()?;
        Some((block.kind().to_owned(), block.body))
    };
    match (block("Wrong"), block("Right")) {
        (Some(wrong), Some(right)) => Ok([wrong, right]),
        _ => Err(format!("{}: no blocks below `Wrong:` and `Right:`", code.id)),
    }
}
