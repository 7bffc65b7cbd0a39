//! The documentation, as a test: every code block of a Markdown page is held against what it speaks of. The first
//! word after the backticks says what a block is; a second word that is a file's path says what it is a part of.
//!
//! | block | held against |
//! | --- | --- |
//! | `yaml [CODE …]` | the compiler: exactly these diagnostics; without a top-level key it is the fields of a message; a first line `# NAME.yaml` keeps it for commands further down |
//! | `yaml bridge` | `myc-bridge check`, programs that the reader has to bring apart; kept as above |
//! | `console` | what its `$ commands` print, run in a folder with `contracts.yaml`, `core.yaml` and the kept contracts; a line `…` stands for any number of lines, and in a line for any text |
//! | `session` | what its `$ commands` print, typed one after the other in one shell from the folder of the checkout |
//! | `rust`, `ocaml` | the compilers, and it is run; `messages` is the generated code of the page's `contracts.yaml` |
//! | `json` | the parser |
//! | `hex FILE` | the dump of the file |
//! | `KIND FILE` | the file, of which it is a part |
//! | `text` | nothing: a paragraph in parentheses right after it says why |
//!
//! With `MYC_DOCS=update` in the environment (`cargo xtask bless`) output and dumps are written instead of compared.

pub mod blocks;
mod bridges;
mod console;
mod contracts;
mod hex;
mod programs;
mod session;

use std::fs;
use std::path::{Path, PathBuf};

use blocks::{Block, Page};

/// What is wrong with one block.
#[derive(Debug)]
pub struct Finding {
    /// Line of the block's opening backticks.
    pub line: usize,
    /// What was found and what was expected.
    pub words: String,
}

/// What holding a page against reality comes to.
pub struct Checked {
    /// What is wrong, in the order of the page.
    pub findings: Vec<Finding>,
    /// How many blocks there were.
    pub blocks: usize,
}

/// Where commands and programs of one page run.
pub struct Place {
    /// The workspace's folder.
    pub root: PathBuf,
    /// A folder of the page's own, below the build output.
    pub folder: PathBuf,
}

/// Holds every block of the page at `path`, relative to `root`, against what it speaks of.
pub fn check(root: &Path, path: &str) -> Checked {
    let slug = path.replace(['/', '.'], "-").to_lowercase();
    let place = Place { root: root.to_owned(), folder: crate::toolchain::target_folder().join("docs").join(slug) };
    let update = std::env::var("MYC_DOCS").is_ok_and(|value| value == "update");
    let text = fs::read_to_string(root.join(path)).expect("a page of the project");
    let page = Page::parse(&text);
    let mut findings = place.prepare();
    let mut replaced = Vec::new();
    for block in &page.blocks {
        match check_block(&place, block) {
            Ok(()) => {}
            Err(Mismatch::Output(real)) if update => replaced.push((block, real)),
            Err(Mismatch::Output(real)) => {
                let words = format!("prints something else now:\n{}", difference(&block.body, &real));
                findings.push(Finding { line: block.line, words });
            }
            Err(Mismatch::Wrong(words)) => findings.push(Finding { line: block.line, words }),
        }
    }
    findings.extend(programs::check(&place, &page.blocks));
    findings.extend(session::check(&place, &page.blocks));
    if !replaced.is_empty() {
        fs::write(root.join(path), page.with(&replaced)).expect("the page can be written");
    }
    findings.sort_by_key(|finding| finding.line);
    Checked { findings, blocks: page.blocks.len() }
}

/// How a block differs from reality.
enum Mismatch {
    /// It shows output, and this is the real one.
    Output(String),
    /// It cannot be as it is.
    Wrong(String),
}

fn check_block(place: &Place, block: &Block) -> Result<(), Mismatch> {
    let excerpt_of = block.words().nth(1).filter(|word| word.contains('/') || word.contains('.'));
    match (block.kind(), excerpt_of) {
        ("hex", Some(path)) => hex::check(place, block, path),
        (_, Some(path)) => contains(place, block, path),
        ("yaml", None) if block.words().nth(1) == Some("bridge") => bridges::check(place, block),
        ("yaml", None) => contracts::check(place, block),
        ("console", None) => console::check(place, block),
        ("json", None) => match serde_json::from_str::<serde_json::Value>(&block.body) {
            Ok(_) => Ok(()),
            Err(error) => Err(Mismatch::Wrong(format!("is not JSON: {error}"))),
        },
        ("rust" | "ocaml" | "session", None) => Ok(()),
        ("text", None) if block.following.starts_with('(') => Ok(()),
        ("text", None) => {
            Err(Mismatch::Wrong("is not compared with anything, and no (paragraph) after it says why".into()))
        }
        (kind, None) => Err(Mismatch::Wrong(format!("no check for a block of kind `{kind}`"))),
    }
}

fn contains(place: &Place, block: &Block, path: &str) -> Result<(), Mismatch> {
    let text =
        fs::read_to_string(place.root.join(path)).map_err(|error| Mismatch::Wrong(format!("{path}: {error}")))?;
    if text == block.body || (text.contains(&block.body) && !block.body.trim().is_empty()) {
        Ok(())
    } else if block.body.trim().is_empty() {
        Err(Mismatch::Output(text))
    } else {
        Err(Mismatch::Wrong(format!("is no part of {path}:\n{}", difference(&block.body, &text))))
    }
}

impl Place {
    /// A folder without what commands have made in it before; the builds of the page's programs are kept.
    fn prepare(&self) -> Vec<Finding> {
        let copy = |from: &str, to: &str| fs::copy(self.root.join(from), self.folder.join(to)).map(|_| ());
        let prepared = fs::create_dir_all(&self.folder)
            .and_then(|()| self.clear())
            .and_then(|()| copy("contracts.yaml", "contracts.yaml"))
            .and_then(|()| copy("runtime-rust/wire/core.yaml", "core.yaml"));
        let failed =
            prepared.err().map(|error| Finding { line: 0, words: format!("{}: {error}", self.folder.display()) });
        failed.into_iter().collect()
    }

    fn clear(&self) -> std::io::Result<()> {
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            match path.is_dir() {
                true if path.ends_with("rust") || path.ends_with("ocaml") => {}
                true => fs::remove_dir_all(path)?,
                false => fs::remove_file(path)?,
            }
        }
        Ok(())
    }
}

/// A unified difference from what a page says to what is.
fn difference(said: &str, real: &str) -> String {
    similar::TextDiff::from_lines(said, real).unified_diff().header("the page", "the command").to_string()
}
