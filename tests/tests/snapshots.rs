//! What the compiler makes of each contract in `schemas/valid`: canonical text, layout, generated code of every
//! language. A change of any of them is seen in review, and accepted with `cargo xtask bless`.

use std::path::Path;

use myc_schema::backend::BACKENDS;
use myc_schema::digest;
use mycelium_tests::contract::{Contract, files, stem};
use mycelium_tests::program;
use mycelium_tests::toolchain::root;

#[test]
fn features_are_compiled_as_their_snapshots_say() {
    for path in files(&root().join("tests/schemas/valid"), ".yaml") {
        let feature = stem(&path, ".yaml");
        let contract = Contract::read(&feature, &path);
        let mut texts = vec![
            ("canonical.txt".to_owned(), digest::canonical_text(&contract.schema)),
            ("layout.txt".to_owned(), layout(&path)),
        ];
        for backend in BACKENDS {
            let files = contract.render(backend.id).into_iter();
            texts.extend(files.map(|(name, text)| (name, without_what_never_changes(&text))));
        }
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path(format!("../snapshots/valid/{feature}"));
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.set_input_file(&path);
        settings.bind(|| {
            for (name, text) in texts {
                insta::assert_snapshot!(name, text);
            }
        });
    }
}

/// A generated file without the parts between lines that say they are the same for every contract: once in a template
/// is enough to see that they change.
fn without_what_never_changes(text: &str) -> String {
    let (begin, end) = ("-- [[ The same for every contract:\n", "-- The same for every contract ends here. ]]\n");
    let mut left = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(begin) {
        let (_, after) = after.split_once(end).expect("an end");
        left.push_str(before);
        left.push_str("-- [[ … ]]\n");
        rest = after;
    }
    left + rest
}

fn layout(path: &Path) -> String {
    let run = program::run(path.parent().expect("a folder"), ["layout".as_ref(), path.file_name().expect("a name")]);
    run.exits(0).text().to_owned()
}
