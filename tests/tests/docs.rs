//! The documentation says what is true: every code block of every page is held against the compiler, the golden bytes
//! and the real output of the commands that it shows.

use std::path::Path;

use mycelium_tests::{docs, toolchain};

/// Folders whose pages are not documentation: the explanations of codes are tested in `diagnostics.rs`.
const LEFT_OUT: &[&str] = &["compiler/", "target/"];

#[test]
fn every_code_block_is_true() {
    let root = toolchain::root();
    let mut blocks = 0;
    let mut words = String::new();
    for page in pages(&root) {
        let checked = docs::check(&root, &page);
        blocks += checked.blocks;
        for finding in checked.findings {
            words.push_str(&format!("{page}:{}: {}\n", finding.line, finding.words));
        }
    }
    assert!(words.is_empty(), "\n{words}`cargo xtask bless` takes over output that is right");
    assert!(blocks > 40, "only {blocks} blocks were found: are the pages where they were?");
}

fn pages(root: &Path) -> Vec<String> {
    let mut pages = Vec::new();
    let mut pending = vec![String::new()];
    while let Some(folder) = pending.pop() {
        for entry in std::fs::read_dir(root.join(&folder)).expect("a folder of the project").flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = format!("{folder}{name}");
            let kind = entry.file_type().expect("the kind of a file of the project");
            let cache = || entry.path().join("CACHEDIR.TAG").exists();
            if kind.is_dir() && !name.starts_with('.') && name != "_build" && path != "target" && !cache() {
                pending.push(format!("{path}/"));
            } else if kind.is_file() && name.ends_with(".md") {
                pages.push(path);
            }
        }
    }
    pages.retain(|page| !LEFT_OUT.iter().any(|prefix| page.starts_with(prefix)));
    pages.sort();
    pages
}
