//! Where the project's files are, and reading them with errors that name the file.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::{Failure, process};

/// The folder of the workspace's `Cargo.toml`.
pub fn root() -> PathBuf {
    // Set by `cargo run` and `cargo test`, so that a moved checkout works without a rebuild.
    let manifest =
        std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    manifest.parent().map_or(manifest.clone(), Path::to_path_buf)
}

/// Where build output goes.
pub fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |folder| root().join(folder))
}

/// The text of `path`.
pub fn read(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(|error| Failure(format!("{}: {error}", path.display())))
}

/// The bytes of `path`.
pub fn read_bytes(path: &Path) -> Result<Vec<u8>, Failure> {
    fs::read(path).map_err(|error| Failure(format!("{}: {error}", path.display())))
}

/// Writes `text` to `path`, making its folder.
pub fn write(path: &Path, text: impl AsRef<[u8]>) -> Result<(), Failure> {
    let made = path.parent().map_or(Ok(()), fs::create_dir_all);
    made.and_then(|()| fs::write(path, text)).map_err(|error| Failure(format!("{}: {error}", path.display())))
}

/// Every file below `folder`, sorted, as paths from `folder` with `/`. Leaves out build output and hidden folders
/// other than the project's own; does not follow symbolic links. A folder that does not exist has no files.
pub fn files(folder: &Path) -> Result<Vec<String>, Failure> {
    let mut found = Vec::new();
    let mut pending = vec![(folder.to_path_buf(), String::new())];
    while let Some((folder, prefix)) = pending.pop() {
        if !folder.exists() {
            continue;
        }
        let entries = fs::read_dir(&folder).map_err(|error| Failure(format!("{}: {error}", folder.display())))?;
        for entry in entries {
            let entry = entry.map_err(|error| Failure(format!("{}: {error}", folder.display())))?;
            let kind = entry.file_type().map_err(|error| Failure(format!("{}: {error}", folder.display())))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = format!("{prefix}{name}");
            // Caches, such as build output, carry this tag: https://bford.info/cachedir/.
            if kind.is_dir() && !is_left_out(&name) && !entry.path().join("CACHEDIR.TAG").exists() {
                pending.push((entry.path(), format!("{path}/")));
            } else if kind.is_file() && name != ".git" {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Makes `to` hold the files of `from`, with their times where they are the same, and no others but build output.
pub fn mirror(from: &Path, to: &Path) -> Result<(), Failure> {
    let files = files(from)?;
    for stale in self::files(to)?.iter().filter(|path| !files.contains(path)) {
        let path = to.join(stale);
        fs::remove_file(&path).map_err(|error| Failure(format!("{}: {error}", path.display())))?;
    }
    for file in &files {
        let bytes = read_bytes(&from.join(file))?;
        if fs::read(to.join(file)).ok().as_ref() != Some(&bytes) {
            write(&to.join(file), bytes)?;
        }
    }
    Ok(())
}

/// The files of the project: every one below its folder, but not what others have put there, such as a log of the
/// machine that runs this, or cargo's own folder. Where there is git, it says what is the project's; files that it does
/// not know yet count in the folders that it knows.
pub fn project_files() -> Result<Vec<String>, Failure> {
    let mut files = files(&root())?;
    if let Ok(listed) = process::output(process::git(&["ls-files", "-z"])) {
        let known: BTreeSet<&str> = listed.split('\0').filter(|path| !path.is_empty()).collect();
        let folder = |path: &str| path.split_once('/').map(|(folder, _)| folder.to_owned());
        let folders: BTreeSet<String> = known.iter().filter_map(|path| folder(path)).collect();
        let in_known_folder =
            |path: &str| folder(path).is_some_and(|name| !name.starts_with('.') && folders.contains(&name));
        if !known.is_empty() {
            files.retain(|path| known.contains(path.as_str()) || in_known_folder(path));
        }
    }
    Ok(files)
}

fn is_left_out(name: &str) -> bool {
    let hidden = name.starts_with('.') && ![".ci", ".github", ".cargo"].contains(&name);
    hidden || name == "target" || name == "_build"
}
