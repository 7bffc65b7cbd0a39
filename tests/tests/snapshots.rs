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
            texts.extend(contract.render(backend.id));
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

fn layout(path: &Path) -> String {
    let run = program::run(path.parent().expect("a folder"), ["layout".as_ref(), path.file_name().expect("a name")]);
    run.exits(0).text().to_owned()
}
