//! Contracts with typing errors, lost lines, stray bytes: the compiler says what is wrong with them and never panics.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use mycelium_tests::contract::files;
use mycelium_tests::golden;
use mycelium_tests::mutate::mutated_text;
use mycelium_tests::program::{self, Run};
use mycelium_tests::random::Random;
use mycelium_tests::toolchain::{root, target_folder};

/// Files checked by a run of their own, and files checked fifty a run.
const ALONE: usize = 1000;
const TOGETHER: usize = 4000;
const A_RUN: usize = 50;

#[test]
fn five_thousand_mutated_contracts_are_accepted_or_explained() {
    let mut random = Random::for_test("mutated_contracts", 4);
    let originals = originals();
    let folder = target_folder().join("mutated-contracts");
    fs::create_dir_all(&folder).expect("a writable target folder");
    let names: Vec<String> = (0..ALONE + TOGETHER)
        .map(|index| {
            let (text, other) = (random.choose(&originals).clone(), random.choose(&originals));
            let name = format!("{index}.yaml");
            fs::write(folder.join(&name), mutated_text(&mut random, &text, other)).expect("a writable folder");
            name
        })
        .collect();
    let (alone, together) = names.split_at(ALONE);
    let runs: Vec<&[String]> = alone.chunks(1).chain(together.chunks(A_RUN)).collect();
    let (failed, explained) = check_all(&folder, &runs);
    assert!(failed.is_empty(), "{} failed, files in {}:\n{}", failed.len(), folder.display(), failed.join("\n"));
    assert!(explained > ALONE / 2, "only {explained} of {ALONE} had an error: the mutations are too mild");
}

/// The runs that went wrong, and how many of single files found an error.
fn check_all(folder: &Path, runs: &[&[String]]) -> (Vec<String>, usize) {
    let next = Mutex::new(runs.iter());
    let results = Mutex::new((Vec::new(), 0));
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(names) = { next.lock().expect("no panic").next() } {
                    let arguments = ["check".to_owned()].into_iter().chain(names.iter().cloned());
                    let run = program::run(folder, arguments);
                    let mut results = results.lock().expect("no panic");
                    results.0.extend(wrong(names, &run));
                    results.1 += usize::from(names.len() == 1 && run.code == Some(1));
                }
            });
        }
    });
    results.into_inner().expect("no panic")
}

fn wrong(names: &[String], run: &Run) -> Option<String> {
    let as_documented = match run.code {
        Some(0) => true,
        Some(1) => run.stderr.contains("error"),
        _ => false,
    };
    let fine = as_documented && !run.stderr.contains("panicked") && run.stdout.is_empty();
    (!fine).then(|| format!("{names:?}: exit {:?}\n{}", run.code, run.stderr))
}

fn originals() -> Vec<Vec<u8>> {
    let golden: Vec<PathBuf> = golden::load().iter().map(|golden| golden.folder.join("contracts.yaml")).collect();
    let fixtures = ["valid", "invalid"].map(|kind| files(&root().join("tests/schemas").join(kind), ".yaml"));
    let paths = golden.into_iter().chain(fixtures.into_iter().flatten());
    paths
        .map(|path| fs::read(&path).expect("a readable contract"))
        .filter(|text| (1..20_000).contains(&text.len()))
        .collect()
}
