//! The documentation says what is true: every code block of every page is held against the compiler, the golden bytes
//! and the real output of the commands that it shows.

use std::collections::BTreeSet;
use std::path::Path;

use myc_schema::backend::{ocaml, rust};
use mycelium_tests::{docs, names, toolchain};

/// Folders whose pages are not documentation: the explanations of codes are tested in `diagnostics.rs`.
const LEFT_OUT: &[&str] = &["compiler/", "target/"];

/// The page that is typed from its beginning to its end.
const WALK: &str = "docs/ocaml-bridge/USAGE.md";

#[test]
fn every_code_block_is_true() {
    let pages = pages(&toolchain::root());
    assert!(pages.iter().any(|page| page == WALK), "{WALK} is where it was");
    let blocks = check(pages.into_iter().filter(|page| page != WALK));
    assert!(blocks > 40, "only {blocks} blocks were found: are the pages where they were?");
}

/// Without this, somebody who has never seen the project could be stuck on the way from a clone to a worker.
#[test]
fn a_newcomer_gets_to_a_supervised_worker() {
    assert!(check([WALK.to_owned()]) > 5);
}

/// Holds pages against reality; gives the number of their blocks.
fn check(pages: impl IntoIterator<Item = String>) -> usize {
    let root = toolchain::root();
    let mut blocks = 0;
    let mut words = String::new();
    for page in pages {
        let checked = docs::check(&root, &page);
        blocks += checked.blocks;
        for finding in checked.findings {
            words.push_str(&format!("{page}:{}: {}\n", finding.line, finding.words));
        }
    }
    assert!(words.is_empty(), "\n{words}`cargo xtask bless` takes over output that is right");
    blocks
}

/// The names in code spans of the paragraph or table row of a page that begins with `start`.
fn listed(section: &str, start: &str) -> BTreeSet<String> {
    let from = section.find(start).unwrap_or_else(|| panic!("`{start}` is on the page")) + start.len();
    let end = if start.starts_with('|') { " |" } else { "\n\n" };
    let text = &section[from..];
    let text = &text[..text.find(end).expect("the end of a paragraph")];
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// Without this, the lists of escaped names could have too many or too few, and users rely on names that change.
#[test]
fn escaped_names_are_those_that_the_page_lists() {
    let page = std::fs::read_to_string(toolchain::root().join("docs/contracts.md")).expect("a page of the project");
    let (_, page) = page.split_once("### Names in Rust").expect("the rules of Rust");
    let (in_rust, in_ocaml) = page.split_once("### Names in OCaml").expect("the rules of OCaml");
    let rust = |start| listed(in_rust, start);
    let (never_raw, raw) = (rust("| any name |"), rust("Reserved words: "));
    let (primitives, api) = (rust("Primitive types: "), rust("What every generated type has: "));
    let variants = rust("| an enum's value |");
    let ocaml_words = listed(in_ocaml, "Reserved words: ");
    let modules = BTreeSet::from(["Stdlib", "Mycelium_wire", "View"].map(str::to_owned));
    let row = in_ocaml.lines().find(|line| line.starts_with("| a message, struct or enum |")).expect("the row");
    assert!(modules.iter().all(|name| row.contains(&format!("`{name}`"))), "{row}");
    let lists = [&never_raw, &raw, &primitives, &api, &variants, &ocaml_words, &modules];
    let mut words: BTreeSet<String> = lists.into_iter().flatten().cloned().collect();
    words.extend(names::all());
    let keyword = |word: &str| match (never_raw.contains(word), raw.contains(word)) {
        (true, _) => format!("{word}_"),
        (_, true) => format!("r#{word}"),
        _ => word.to_owned(),
    };
    let or_appended = |list: &BTreeSet<String>, word: &str| match list.contains(word) {
        true => format!("{word}_"),
        false => keyword(word),
    };
    for word in &words {
        assert_eq!(rust::names::type_name(word), or_appended(&primitives, word), "type {word} in Rust");
        assert_eq!(rust::names::field(word), or_appended(&api, word), "field {word} in Rust");
        assert_eq!(rust::names::variant(word), or_appended(&variants, word), "variant {word} in Rust");
        let (label, plain) = (ocaml::names::label(word), word.to_lowercase());
        if plain.starts_with(char::is_alphabetic) && !word.contains("__") && !word.ends_with('_') {
            let escaped = ocaml_words.contains(label.trim_end_matches('_')) || label == "make_exn_";
            assert_eq!(label.ends_with('_'), escaped, "label {label} of {word} in OCaml");
            let module = ocaml::names::module(word);
            assert_eq!(module.ends_with('_'), modules.contains(module.trim_end_matches('_')), "module {module}");
            assert!(!ocaml::names::constructor(word).ends_with('_'), "constructor of {word}");
        }
    }
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
