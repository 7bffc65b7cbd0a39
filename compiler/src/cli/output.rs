//! Files that commands write: all of them or none, and a word about folders that were made for them.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use myc_schema::diag::render::printable;
use myc_schema::write::write_files;

use super::contract::{MessageFormat, Reading};
use super::exit::Failure;
use super::terminal;

/// Writes the files whose content is new, and says which those were. A folder that was missing may be one that was
/// misspelt, so it is not made in silence.
pub fn write(reading: &Reading, files: &[(PathBuf, &str)]) -> Result<Vec<PathBuf>, Failure> {
    let written = write_files(files).map_err(|error| Failure::io(error.to_string()))?;
    if reading.message_format == MessageFormat::Human {
        for folder in &written.folders {
            terminal::line(&format!("made the folder `{}`", folder.display()));
        }
    }
    Ok(written.files)
}

/// Writes files that were made of contracts, none of them in the place of one of those.
pub fn write_made_of<'a>(
    contracts: impl IntoIterator<Item = &'a Path>,
    reading: &Reading,
    files: &[(PathBuf, &str)],
) -> Result<Vec<PathBuf>, Failure> {
    // Stdin is in no place.
    let contracts: BTreeSet<PathBuf> =
        contracts.into_iter().filter_map(|contract| fs::canonicalize(contract).ok()).collect();
    let is_contract = |path: &Path| fs::canonicalize(path).is_ok_and(|whole| contracts.contains(&whole));
    match files.iter().find(|(path, _)| is_contract(path)) {
        Some((path, _)) => Err(Failure::usage(format!(
            "`{}` is the contract: what is made of it would replace it",
            printable(&path.display().to_string())
        ))),
        None => write(reading, files),
    }
}
