//! Writing generated files: each atomically, none unless all can be, only those whose content
//! changed. What they contain is left to [`crate::render`].

use std::fs::{self, File, Permissions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// A file that could not be written, or a folder that could not be made.
#[derive(Debug, thiserror::Error)]
#[error("cannot write `{}`: {source}", path.display())]
pub struct WriteError {
    /// The file or folder.
    pub path: PathBuf,
    /// Why.
    #[source]
    pub source: io::Error,
}

/// Writes every file whose content differs from what is there, and says which those were.
///
/// Folders are made as needed. All new content is complete on disk, in temporary files beside
/// their targets, before the first target is replaced; a failure before that point leaves every
/// target as it was and no temporary file behind. An existing file keeps its permissions, and
/// its modification time if its content is the same; a symbolic link stays one.
pub fn write_files(files: &[(PathBuf, &str)]) -> Result<Vec<PathBuf>, WriteError> {
    let prepared: Vec<Option<Prepared>> = std::thread::scope(|scope| {
        let tasks: Vec<_> =
            files.iter().map(|(path, content)| scope.spawn(move || prepare(path, content.as_bytes()))).collect();
        let join = |task: std::thread::ScopedJoinHandle<'_, _>| match task.join() {
            Ok(prepared) => prepared,
            Err(panic) => std::panic::resume_unwind(panic),
        };
        tasks.into_iter().map(join).collect::<Result<_, _>>()
    })?;
    let replace = |file: Prepared| match file.content.persist(&file.target) {
        Ok(_) => Ok(file.target),
        Err(error) => Err(WriteError { path: file.target, source: error.error }),
    };
    prepared.into_iter().flatten().map(replace).collect()
}

/// New content, ready to take its target's place.
struct Prepared {
    target: PathBuf,
    content: NamedTempFile,
}

/// `None` if the target has that content already.
fn prepare(path: &Path, content: &[u8]) -> Result<Option<Prepared>, WriteError> {
    // The file itself, not a link to it, is what gets replaced.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let failed = |source| WriteError { path: path.to_owned(), source };
    let old = match File::open(&target) {
        Ok(file) => {
            let metadata = file.metadata().map_err(failed)?;
            if metadata.is_dir() {
                return Err(failed(io::ErrorKind::IsADirectory.into()));
            }
            if metadata.len() == content.len() as u64 && same_content(file, content).map_err(failed)? {
                return Ok(None);
            }
            Some(metadata.permissions())
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        // A file that may not be read may still be replaced.
        Err(_) => fs::metadata(&target).ok().map(|metadata| metadata.permissions()),
    };
    let folder = match target.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    fs::create_dir_all(folder).map_err(|source| WriteError { path: folder.to_owned(), source })?;
    let mut temporary = create_in(folder).map_err(failed)?;
    temporary.write_all(content).map_err(failed)?;
    if let Some(permissions) = old {
        temporary.as_file().set_permissions(permissions).map_err(failed)?;
    }
    Ok(Some(Prepared { target, content: temporary }))
}

/// A temporary file with the mode that a file made in the ordinary way would have.
fn create_in(folder: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".myc-schema-");
    #[cfg(unix)]
    let builder = {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(Permissions::from_mode(0o666))
    };
    builder.tempfile_in(folder)
}

/// Whether the rest of a file is exactly `content`.
pub(crate) fn same_content(mut file: impl Read, mut content: &[u8]) -> io::Result<bool> {
    let mut buffer = vec![0; content.len().clamp(1, 1 << 18)];
    loop {
        let read = match file.read(&mut buffer) {
            Ok(0) => return Ok(content.is_empty()),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        match content.strip_prefix(&buffer[..read]) {
            Some(rest) => content = rest,
            None => return Ok(false),
        }
    }
}
