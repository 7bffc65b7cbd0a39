//! Writing generated files: each atomically, none unless all can be, only those whose content
//! changed. What they contain is left to [`crate::render`].

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// A file that could not be written, or a folder that could not be made.
#[derive(Debug, thiserror::Error)]
#[error("cannot write `{}`: {source}{}", path.display(), Halves { new: replaced, old: kept })]
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

/// Writes every file whose content differs from what is there, and says which those were.
///
/// Folders are made as needed. All new content is complete, in temporary files beside their
/// targets, before the first target is replaced; a failure before that point (a full disk, a folder
/// that may not be written) leaves every target as it was and no temporary file behind. File systems
/// replace one file at a time, so that a failure while they are replaced, which nothing but a change
/// in these folders at that moment causes, can leave some new and some old: the error lists both.
/// An existing file keeps its permissions, and
/// its modification time if its content is the same; a symbolic link stays one. What is no file, such
/// as a device or a pipe, is written into.
pub fn write_files(files: &[(PathBuf, &str)]) -> Result<Vec<PathBuf>, WriteError> {
    replace_all(prepare_all(files)?)
}

/// The new content of every file that changes.
fn prepare_all(files: &[(PathBuf, &str)]) -> Result<Vec<Prepared>, WriteError> {
    let prepared: Vec<Option<Prepared>> = std::thread::scope(|scope| {
        let tasks: Vec<_> =
            files.iter().map(|(path, content)| scope.spawn(move || prepare(path, content.as_bytes()))).collect();
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
    while let Some(Prepared { target, content }) = files.next() {
        if let Err(source) = content.put(&target) {
            let rest = files.map(|file| file.target);
            let kept =
                if replaced.is_empty() { Vec::new() } else { [target.clone()].into_iter().chain(rest).collect() };
            return Err(WriteError { path: target, source, replaced, kept });
        }
        replaced.push(target);
    }
    Ok(replaced)
}

/// New content, ready to take its target's place.
struct Prepared {
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
fn prepare(path: &Path, content: &[u8]) -> Result<Option<Prepared>, WriteError> {
    // `/dev/stdout`, `/dev/null`, a named pipe: a file in its place would cut off whoever uses it. Not opened before it is
    // written to, as that may wait for a reader.
    if fs::metadata(path).is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir()) {
        return Ok(Some(Prepared { target: path.to_owned(), content: Content::Bytes(content.to_vec()) }));
    }
    // The file itself, not a link to it, is what gets replaced.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let failed_at =
        |path: &Path, source| WriteError { path: path.to_owned(), source, replaced: Vec::new(), kept: Vec::new() };
    let failed = |source| failed_at(path, source);
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
    fs::create_dir_all(folder).map_err(|source| failed_at(folder, source))?;
    let mut temporary = create_in(folder).map_err(failed)?;
    temporary.write_all(content).map_err(failed)?;
    if let Some(permissions) = old {
        temporary.as_file().set_permissions(permissions).map_err(failed)?;
    }
    Ok(Some(Prepared { target, content: Content::File(temporary) }))
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
mod tests {
    use super::*;
    use std::time::{Duration, SystemTime};

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).expect("a folder");
        let mut names: Vec<_> =
            entries.map(|e| e.expect("an entry").file_name().into_string().expect("UTF-8")).collect();
        names.sort();
        names
    }

    /// Without this, build tools would build again what did not change.
    #[test]
    fn only_what_changed_is_touched() {
        let folder = tempfile::tempdir().expect("a folder");
        let [a, b] = ["new/deep/a.rs", "new/deep/b.rs"].map(|name| folder.path().join(name));
        let written = write_files(&[(a.clone(), "one\n"), (b.clone(), "")]).expect("written");
        assert_eq!(written.len(), 2);
        let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        for file in [&a, &b] {
            File::options().append(true).open(file).and_then(|file| file.set_modified(long_ago)).expect("a time");
        }
        let written = write_files(&[(a.clone(), "two\n"), (b.clone(), "")]).expect("written");
        assert_eq!(written.iter().map(|path| path.file_name()).collect::<Vec<_>>(), [a.file_name()]);
        let modified = |path: &Path| fs::metadata(path).and_then(|file| file.modified()).expect("a time");
        assert!(modified(&a) != long_ago && modified(&b) == long_ago);
        assert_eq!(fs::read_to_string(&a).expect("a file"), "two\n");
        assert_eq!(names(&folder.path().join("new/deep")), ["a.rs", "b.rs"]);
    }

    /// Without this, one bad target could leave half of the files new and half old.
    #[test]
    fn nothing_is_written_unless_all_can_be() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        fs::write(path("a.rs"), "old").expect("written");
        fs::create_dir(path("b.rs")).expect("a folder");
        let error = write_files(&[(path("a.rs"), "new"), (path("b.rs"), "new"), (path("c.rs"), "new")]);
        assert_eq!(error.expect_err("b.rs is a folder").path, path("b.rs"));
        let error = write_files(&[(path("a.rs"), "new"), (path("a.rs/d.rs"), "new")]);
        assert_eq!(error.expect_err("a.rs is no folder").path, path("a.rs"));
        assert_eq!(fs::read_to_string(path("a.rs")).expect("a file"), "old");
        assert_eq!(names(folder.path()), ["a.rs", "b.rs"]);
    }

    /// Without this, nobody could tell which files a failure in the middle had replaced already.
    #[test]
    fn a_failure_in_the_middle_says_what_is_new() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        for name in ["a.rs", "b.ml", "c.mli", "same"] {
            fs::write(path(name), "old").expect("written");
        }
        let prepare = || {
            let new = ["a.rs", "b.ml", "c.mli"].map(|name| (path(name), "new"));
            prepare_all(&[&new[..], &[(path("same"), "old")]].concat()).expect("prepared")
        };
        // A folder takes the place of a target after everything was prepared.
        let fail_at = |name: &str| {
            let prepared = prepare();
            fs::remove_file(path(name)).and_then(|()| fs::create_dir(path(name))).expect("a folder");
            let error = replace_all(prepared).expect_err("a folder is in the way");
            fs::remove_dir(path(name)).and_then(|()| fs::write(path(name), "old")).expect("written");
            assert_eq!(names(folder.path()), ["a.rs", "b.ml", "c.mli", "same"], "no temporary file is left");
            assert_eq!(error.path, path(name));
            error
        };
        let error = fail_at("a.rs");
        assert_eq!((error.replaced, error.kept), (vec![], vec![]));
        let error = fail_at("b.ml");
        let shown = error.to_string();
        assert!(shown.ends_with(&format!(
            "; new are `{}`; as before are `{}`, `{}`",
            path("a.rs").display(),
            path("b.ml").display(),
            path("c.mli").display()
        )));
        assert_eq!((error.replaced, error.kept), (vec![path("a.rs")], vec![path("b.ml"), path("c.mli")]));
        let content = |name: &str| fs::read_to_string(path(name)).expect("a file");
        assert_eq!((content("a.rs").as_str(), content("c.mli").as_str()), ("new", "old"));
    }

    /// Without this, generated files could be unreadable to others, or a link be cut.
    #[cfg(unix)]
    #[test]
    fn modes_and_links_are_kept() {
        use std::fs::Permissions;
        use std::os::unix::fs::{PermissionsExt, symlink};
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        let mode = |name: &str| fs::metadata(path(name)).expect("a file").permissions().mode() & 0o777;
        fs::write(path("ordinary"), "").expect("written");
        write_files(&[(path("new"), "x")]).expect("written");
        assert_eq!(mode("new"), mode("ordinary"), "as the umask says");
        fs::set_permissions(path("new"), Permissions::from_mode(0o640)).expect("a mode");
        symlink("new", path("link")).expect("a link");
        write_files(&[(path("link"), "y")]).expect("written");
        assert_eq!(fs::read_to_string(path("new")).expect("a file"), "y");
        assert_eq!(mode("new"), 0o640);
        assert_eq!(fs::read_link(path("link")).expect("a link"), Path::new("new"));
    }

    /// Without this, `--depfile /dev/null` as root would put a file in the place of the device.
    #[cfg(unix)]
    #[test]
    fn what_is_no_file_is_written_into() {
        use std::os::unix::fs::FileTypeExt;
        let folder = tempfile::tempdir().expect("a folder");
        let pipe = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo").success());
        let read = std::thread::scope(|scope| {
            let reader = scope.spawn(|| fs::read_to_string(&pipe).expect("a text"));
            write_files(&[(pipe.clone(), "text\n")]).expect("written");
            assert!(fs::metadata(&pipe).expect("a pipe").file_type().is_fifo());
            reader.join().expect("the reader")
        });
        assert_eq!(read, "text\n");
        assert_eq!(names(folder.path()), ["pipe"]);
        assert_eq!(write_files(&[("/dev/null".into(), "text\n")]).expect("written").len(), 1);
    }

    /// Without this, a change past the first buffer would not be seen.
    #[test]
    fn contents_are_compared_to_the_end() {
        let long = vec![b'a'; 600_000];
        let mut other = long.clone();
        other[599_999] = b'b';
        assert!(same_content(&long[..], &long).expect("read"));
        assert!(!same_content(&other[..], &long).expect("read"));
        assert!(!same_content(&long[..10], &long).expect("read"));
        assert!(!same_content(&long[..], &long[..10]).expect("read"));
        assert!(same_content(&[][..], &[]).expect("read"));
    }
}
