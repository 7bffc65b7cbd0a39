//! `compile --check`: what is stale, as a unified diff that `patch` would apply.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use myc_schema::render::FileMap;
use myc_schema::source::reason;
use similar::TextDiff;

use super::exit::Failure;

/// The changes that would make the files in `folder` equal to `files`; empty if they are.
pub fn diff(folder: &Path, files: &FileMap) -> Result<String, Failure> {
    let mut diff = String::new();
    for (name, new) in files {
        let path = folder.join(name);
        let shown = path.display().to_string();
        match fs::read(&path) {
            Ok(old) if old == new.as_bytes() => {}
            Ok(old) => {
                // Old content that is not UTF-8 shows replacement characters: it is stale anyway.
                let old = String::from_utf8_lossy(&old);
                diff.push_str(&unified(&shown, &shown, &old, new));
            }
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                diff.push_str(&unified("/dev/null", &shown, "", new));
            }
            Err(error) => return Err(Failure::io(format!("cannot read `{shown}`: {}", reason(&error)))),
        }
    }
    Ok(diff)
}

/// A unified diff of two texts.
pub fn unified(old_name: &str, new_name: &str, old: &str, new: &str) -> String {
    TextDiff::from_lines(old, new).unified_diff().header(old_name, new_name).to_string()
}
