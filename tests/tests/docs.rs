//! The documentation says what is true: every code block of every page is held against the compiler, the golden bytes
//! and the real output of the commands that it shows.

use std::path::Path;

use mycelium_tests::docs::blocks::Page;
use mycelium_tests::{docs, toolchain};

/// Folders whose pages are not documentation: the explanations of codes are tested with the codes.
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

/// An explanation whose wrong example is right, or the other way round, sends people the wrong way. The first block is
/// the wrong one; what cannot be shown as YAML (a file that is too large) is in another kind of block. A wrong example
/// of an error may be unconventional as well.
#[test]
fn every_explanation_is_true() {
    let mut words = String::new();
    for code in myc_schema::codes::ALL {
        let page = Page::parse(code.explanation);
        let examples: Vec<_> = page.blocks.iter().collect();
        let [wrong, right] = examples[..] else {
            words.push_str(&format!("{}: {} examples rather than a wrong and a right one\n", code.id, examples.len()));
            continue;
        };
        for (block, expected) in [(wrong, Some(code.id)), (right, None)] {
            let (mut found, diagnostics) = docs::contracts::diagnose(&block.body);
            found.retain(|id| expected.is_none() || Some(*id) == expected || id.starts_with('E'));
            if block.kind() == "yaml" && !found.iter().copied().eq(expected) {
                words.push_str(&format!("{}.md:{}: gives {found:?}\n{diagnostics}\n", code.id, block.line));
            }
        }
    }
    assert!(words.is_empty(), "\n{words}");
}

fn pages(root: &Path) -> Vec<String> {
    let mut pages = Vec::new();
    let mut pending = vec![String::new()];
    while let Some(folder) = pending.pop() {
        for entry in std::fs::read_dir(root.join(&folder)).expect("a folder of the project").flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = format!("{folder}{name}");
            let kind = entry.file_type().expect("the kind of a file of the project");
            if kind.is_dir() && !name.starts_with('.') && name != "_build" && path != "target" {
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
