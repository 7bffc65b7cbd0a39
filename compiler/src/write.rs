//! Writing generated files: each atomically, none unless all can be, only those whose content
//! changed. What they contain is left to [`crate::render`].

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::diag::render::printable;
use crate::source::reason;

/// A file that could not be written, or a folder that could not be made.
#[derive(Debug, thiserror::Error)]
#[error("cannot write `{}`: {}{}", printable(&path.display().to_string()), reason(source), Halves { new: replaced, old: kept })]
pub struct WriteError {
    /// The file or folder.
    pub path: PathBuf,
    /// Why.
    #[source]
    pub source: io::Error,
    /// Files that had been replaced by then: none, unless a file that was complete could not take the
    /// place of its target.
    pub replaced: Vec<PathBuf>,
    /// Files that should have been replaced and are as they were, where there are replaced ones.
    pub kept: Vec<PathBuf>,
}

/// Which files are new and which are not, where that is not the same for all.
struct Halves<'a> {
    new: &'a [PathBuf],
    old: &'a [PathBuf],
}

impl fmt::Display for Halves<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.new.is_empty() {
            return Ok(());
        }
        let list = |files: &[PathBuf]| files.iter().map(|file| format!("`{}`", file.display())).collect::<Vec<_>>();
        write!(out, "; new are {}; as before are {}", list(self.new).join(", "), list(self.old).join(", "))
    }
}

/// What was done.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// The files whose content is new, as they were named.
    pub files: Vec<PathBuf>,
    /// The folders that were not there before, each once, without those above them that were made for them.
    pub folders: Vec<PathBuf>,
}

/// Writes every file whose content differs from what is there, and says which those were.
///
/// Folders are made as needed, and said. All new content is complete, in temporary files beside their
/// targets, before the first target is replaced; a failure before that point (a full disk, a folder
/// that may not be written) leaves every target as it was, and no temporary file or new folder behind. File systems
/// replace one file at a time, so that a failure while they are replaced, which nothing but a change
/// in these folders at that moment causes, can leave some new and some old: the error lists both.
///
/// An existing file keeps its permissions, its owner where that may be set, and its modification time if its content is
/// the same; one that may not be written is not replaced. A symbolic link stays one: what it points to is
/// written, also where that is not there yet. Of a file with several names (hard links) only the one that is
/// written gets the new content: it is another file from then on. What is no file, such
/// as a device or a pipe, is written into.
pub fn write_files(files: &[(PathBuf, &str)]) -> Result<Written, WriteError> {
    let targets = targets(files)?;
    let mut folders = Folders::default();
    let prepared = folders.make(&targets).and_then(|()| prepare_all(files, &targets));
    let prepared = prepared.inspect_err(|_| folders.remove())?;
    let files = replace_all(prepared).inspect_err(|_| folders.remove())?;
    Ok(Written { files, folders: folders.told })
}

fn failed_at(path: &Path) -> impl Fn(io::Error) -> WriteError {
    |source| WriteError { path: path.to_owned(), source, replaced: Vec::new(), kept: Vec::new() }
}

/// What each path leads to.
fn targets(files: &[(PathBuf, &str)]) -> Result<Vec<PathBuf>, WriteError> {
    let mut targets: Vec<PathBuf> = Vec::with_capacity(files.len());
    for (path, _) in files {
        let target = target(path).map_err(failed_at(path))?;
        if targets.contains(&target) && !is_special(path) {
            return Err(failed_at(path)(io::Error::other("two of the files would be this one")));
        }
        targets.push(target);
    }
    Ok(targets)
}

/// The most links that are followed, as many as systems follow.
const MAX_LINKS: usize = 40;

/// The file itself, not a link to it. It need not be there.
fn target(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..MAX_LINKS {
        match fs::canonicalize(&path) {
            Ok(target) => return Ok(target),
            // Where a file is in the place of a folder, making the folder says so.
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {}
            Err(error) => return Err(error),
        }
        match fs::read_link(&path) {
            // A link to what is not there. Where it is relative, it is so from the folder that it is in.
            Ok(next) => path = folder_of(&path).join(next),
            // A new file. Its folder is known by one name alone, if it is there.
            Err(_) => {
                let folder = fs::canonicalize(folder_of(&path)).ok().filter(|folder| folder.is_dir());
                return Ok(folder.zip(path.file_name()).map_or(path.clone(), |(folder, name)| folder.join(name)));
            }
        }
    }
    Err(io::Error::other("too many symbolic links"))
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

/// Folders that were made.
#[derive(Default)]
struct Folders {
    /// All of them, each after those it is in.
    made: Vec<PathBuf>,
    /// Those that files are in.
    told: Vec<PathBuf>,
}

impl Folders {
    /// Makes the folders of files where they are missing.
    fn make(&mut self, files: &[PathBuf]) -> Result<(), WriteError> {
        for file in files {
            let folder = folder_of(file);
            let mut missing: Vec<&Path> = folder.ancestors().take_while(|folder| !is_there(folder)).collect();
            if missing.is_empty() {
                continue;
            }
            self.told.push(folder.to_owned());
            while let Some(next) = missing.pop() {
                match fs::create_dir(next) {
                    Ok(()) => self.made.push(next.to_owned()),
                    // Somebody else was quicker.
                    Err(_) if next.is_dir() => {}
                    Err(_) if next.exists() => return Err(failed_at(next)(io::ErrorKind::NotADirectory.into())),
                    Err(error) => return Err(failed_at(next)(error)),
                }
            }
        }
        Ok(())
    }

    /// Removes them again, as far as nothing came into them.
    fn remove(&self) {
        for folder in self.made.iter().rev() {
            let _ = fs::remove_dir(folder);
        }
    }
}

/// Whether a folder needs no making; of a relative path the empty one is the current folder.
fn is_there(folder: &Path) -> bool {
    folder == Path::new("") || folder.is_dir()
}

/// The new content of every file that changes.
fn prepare_all(files: &[(PathBuf, &str)], targets: &[PathBuf]) -> Result<Vec<Prepared>, WriteError> {
    let prepared: Vec<Option<Prepared>> = std::thread::scope(|scope| {
        let files = files.iter().zip(targets);
        let tasks: Vec<_> = files
            .map(|((path, content), target)| scope.spawn(move || prepare(path, target, content.as_bytes())))
            .collect();
        let join = |task: std::thread::ScopedJoinHandle<'_, _>| match task.join() {
            Ok(prepared) => prepared,
            Err(panic) => std::panic::resume_unwind(panic),
        };
        tasks.into_iter().map(join).collect::<Result<_, _>>()
    })?;
    Ok(prepared.into_iter().flatten().collect())
}

/// Puts new content into its place. Stops at the first file where that fails.
fn replace_all(prepared: Vec<Prepared>) -> Result<Vec<PathBuf>, WriteError> {
    let mut replaced = Vec::with_capacity(prepared.len());
    let mut files = prepared.into_iter();
    while let Some(Prepared { path, target, content }) = files.next() {
        if let Err(source) = content.put(&target) {
            let rest = files.map(|file| file.path);
            let kept = if replaced.is_empty() { Vec::new() } else { [path.clone()].into_iter().chain(rest).collect() };
            return Err(WriteError { path, source, replaced, kept });
        }
        replaced.push(path);
    }
    Ok(replaced)
}

/// New content, ready to take its target's place.
struct Prepared {
    /// As it was named.
    path: PathBuf,
    target: PathBuf,
    content: Content,
}

enum Content {
    /// Takes the target's place.
    File(NamedTempFile),
    /// Is written into what is there: a device, a pipe.
    Bytes(Vec<u8>),
}

impl Content {
    fn put(self, target: &Path) -> io::Result<()> {
        match self {
            Self::File(file) => file.persist(target).map(drop).map_err(|error| error.error),
            Self::Bytes(bytes) => File::options().write(true).open(target)?.write_all(&bytes),
        }
    }
}

/// `None` if the target has that content already.
fn prepare(path: &Path, target: &Path, content: &[u8]) -> Result<Option<Prepared>, WriteError> {
    // `/dev/stdout`, `/dev/null`, a named pipe: a file in its place would cut off whoever uses it. Not opened before it is
    // written to, as that may wait for a reader.
    if is_special(path) {
        let content = Content::Bytes(content.to_vec());
        return Ok(Some(Prepared { path: path.to_owned(), target: path.to_owned(), content }));
    }
    let failed = failed_at(path);
    let old = match File::open(target) {
        Ok(file) => {
            let metadata = file.metadata().map_err(&failed)?;
            if metadata.is_dir() {
                return Err(failed(io::ErrorKind::IsADirectory.into()));
            }
            if metadata.len() == content.len() as u64 && same_content(file, content).map_err(&failed)? {
                return Ok(None);
            }
            Some(metadata)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        // A file that may not be read may still be replaced.
        Err(_) => fs::metadata(target).ok(),
    };
    // Somebody has protected it; that its folder may be written is no reason to put another file in its place.
    if old.is_some()
        && let Err(error) = File::options().write(true).open(target)
        && error.kind() == io::ErrorKind::PermissionDenied
    {
        return Err(failed(error));
    }
    let mut temporary = create_in(folder_of(target)).map_err(|error| failed(without_path(error)))?;
    temporary.write_all(content).map_err(&failed)?;
    if let Some(old) = old {
        keep_owner(temporary.as_file(), &old);
        temporary.as_file().set_permissions(old.permissions()).map_err(&failed)?;
    }
    Ok(Some(Prepared { path: path.to_owned(), target: target.to_owned(), content: Content::File(temporary) }))
}

/// Whether something is there that is no file, such as a device or a pipe.
fn is_special(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir())
}

/// Gives a file the owner and group of the one that it is to replace. Only the superuser may give files away; whoever else
/// may write the folder owns what is in it.
#[cfg(unix)]
fn keep_owner(file: &File, old: &fs::Metadata) {
    use std::os::unix::fs::{MetadataExt, fchown};
    let other = file.metadata().is_ok_and(|new| (new.uid(), new.gid()) != (old.uid(), old.gid()));
    if other && fchown(file, Some(old.uid()), Some(old.gid())).is_err() {
        let _ = fchown(file, None, Some(old.gid()));
    }
}

#[cfg(not(unix))]
fn keep_owner(_: &File, _: &fs::Metadata) {}

/// An error about a temporary file, whose name means nothing to anybody.
fn without_path(error: io::Error) -> io::Error {
    match (error.raw_os_error(), error.kind()) {
        (None, kind) if kind != io::ErrorKind::Other => kind.into(),
        _ => error,
    }
}

/// A temporary file with the mode that a file made in the ordinary way would have.
fn create_in(folder: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".myc-schema-");
    #[cfg(unix)]
    let builder = {
        use std::fs::Permissions;
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

#[cfg(test)]
mod tests;
