//! Dependencies: their licences let everybody use the project under its own, and none is linked twice into what users
//! get.

use std::collections::BTreeSet;

use crate::{Failure, process};

/// Licences under which a dependency may come.
const ALLOWED: &[&str] = &[
    "MIT",
    "MIT-0",
    "CC0-1.0",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "Zlib",
    "Unicode-3.0",
    "BSL-1.0",
    "Unlicense",
];

pub fn check() -> Result<Vec<String>, Failure> {
    let mut findings = Vec::new();
    let all = ["tree", "--workspace", "--all-features", "--edges", "all", "--prefix", "none", "--format", "{p}\t{l}"];
    let tree = process::output(process::cargo(&all))?;
    let packages: BTreeSet<_> = tree.lines().filter_map(|line| line.split_once('\t')).collect();
    for (package, licence) in packages {
        // The mark of a package that was shown before.
        let licence = licence.trim_end_matches(" (*)");
        if !is_allowed(licence) {
            findings.push(format!("{package}: its licence is `{licence}`; allowed are {}", ALLOWED.join(", ")));
        }
    }
    let published = [
        "--package",
        "myc-schema",
        "--package",
        "mycelium-wire",
        "--package",
        "mycelium-bus",
        "--package",
        "mycelium-bridge",
        // Libraries and the compiler. What the command `myc-bridge` needs beside the bridge's library nobody links.
        "--no-default-features",
        "--features",
        "myc-schema/cli",
    ];
    let twice = [&["tree", "--edges", "normal,no-proc-macro", "--duplicates", "--depth", "0"], &published[..]].concat();
    let twice = process::output(process::cargo(&twice))?;
    findings.extend(twice.lines().filter(|line| !line.is_empty()).map(|line| format!("{line}: one of two versions")));
    Ok(findings)
}

/// Whether one of a licence's alternatives is allowed with all that it takes.
fn is_allowed(expression: &str) -> bool {
    let flat = expression.replace(['(', ')'], "").replace('/', " OR ");
    // Where an alternative is part of a conjunction, all words have to be allowed.
    if expression.contains('(') {
        return flat.split(" AND ").flat_map(|part| part.split(" OR ")).all(|word| ALLOWED.contains(&word.trim()));
    }
    flat.split(" OR ").any(|choice| choice.split(" AND ").all(|word| ALLOWED.contains(&word.trim())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alternatives_and_conjunctions() {
        for (expression, verdict) in [
            ("MIT OR Apache-2.0", true),
            ("MIT/Apache-2.0", true),
            ("MIT OR Apache-2.0 OR LGPL-2.1-or-later", true),
            ("(MIT OR Apache-2.0) AND Unicode-3.0", true),
            ("GPL-3.0-only", false),
            ("MIT AND GPL-3.0-only", false),
            ("(MIT OR Apache-2.0) AND GPL-3.0-only", false),
            ("", false),
        ] {
            assert_eq!(is_allowed(expression), verdict, "{expression}");
        }
    }
}
