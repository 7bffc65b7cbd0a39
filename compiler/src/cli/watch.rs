//! `compile --watch`: owns noticing that a contract changed, or that what was made of it is gone. What is done then is
//! the caller's.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use notify::{RecursiveMode, Watcher};

use super::exit::Failure;
use super::signals;

/// How long a file has to be left alone: editors write it in several steps.
const QUIET: Duration = Duration::from_millis(40);

/// How long it may go on without such a pause.
const PATIENCE: Duration = Duration::from_secs(1);

/// How often a file is looked at where the system says nothing, as some network drives do.
const ANYWAY: Duration = Duration::from_secs(2);

/// What the watching thread is told.
enum Told {
    /// Something happened in a folder.
    Happened,
    /// Somebody asks for the end.
    End,
}

/// Calls `round` now, and again after each change of the content of the file at `path`, and where one of `outputs` is gone
/// that the last round made or left, until the process is asked to end, which is no error. A round says whether it made
/// all of them. The file, and the folder it is in, may be gone for a while.
pub fn watch(path: &Path, outputs: &[PathBuf], mut round: impl FnMut() -> bool) -> Result<(), Failure> {
    let shown = path.display();
    let failed = |error: &dyn std::fmt::Display| {
        Failure::io(format!("cannot watch `{shown}`: {error}")).help("run the command without --watch")
    };
    if !parent(path).is_dir() {
        return Err(Failure::io(format!("cannot watch `{shown}`: there is no such folder")));
    }
    let (sender, told) = channel();
    let end = sender.clone();
    signals::at_end(move || drop(end.send(Told::End))).map_err(|error| failed(&error))?;
    // Which event it is does not matter: the content decides.
    let mut watcher =
        notify::recommended_watcher(move |_| drop(sender.send(Told::Happened))).map_err(|error| failed(&error))?;
    let mut watched = Vec::new();
    follow(&mut watcher, &[path], &mut watched).map_err(|error| failed(&error))?;
    let all: Vec<&Path> = std::iter::once(path).chain(outputs.iter().map(PathBuf::as_path)).collect();
    // One that could not be made is not tried for again until the contract changes.
    let mut made = || {
        let before = there(outputs);
        if round() { outputs.to_vec() } else { before }
    };
    let mut seen = content(path);
    let mut expected = made();
    // The folders of what is made are there from now on.
    let _ = follow(&mut watcher, &all, &mut watched);
    while wait(&told) {
        // Where that fails the files are looked at all the same, only later.
        let _ = follow(&mut watcher, &all, &mut watched);
        let now = content(path);
        if now != seen || expected.iter().any(|output| !output.exists()) {
            seen = now;
            expected = made();
        }
    }
    Ok(())
}

/// Those of some files that are there.
fn there(files: &[PathBuf]) -> Vec<PathBuf> {
    files.iter().filter(|file| file.exists()).cloned().collect()
}

/// A folder, and which one it is: another can come to have its name.
type Watched = (PathBuf, Option<(u64, u64)>);

/// Watches the folders in which something happens when one of the files changes, where those are not watched already.
fn follow(watcher: &mut impl Watcher, files: &[&Path], watched: &mut Vec<Watched>) -> notify::Result<()> {
    let mut folders: Vec<PathBuf> = files.iter().flat_map(|file| folders(file)).collect();
    folders.sort();
    folders.dedup();
    let folders: Vec<Watched> = folders.into_iter().map(|folder| (folder.clone(), identity(&folder))).collect();
    if folders == *watched {
        return Ok(());
    }
    for (folder, _) in watched.drain(..) {
        // It may be gone.
        let _ = watcher.unwatch(&folder);
    }
    for (folder, id) in folders {
        watcher.watch(&folder, RecursiveMode::NonRecursive)?;
        watched.push((folder, id));
    }
    Ok(())
}

/// The folders in which something happens when the file changes: a file is often replaced by another one, which a watch
/// on the file itself would not notice. Where such a folder is missing, the nearest one above it.
fn folders(path: &Path) -> Vec<PathBuf> {
    let mut folders = vec![parent(path)];
    folders.extend(fs::canonicalize(path).ok().map(|target| parent(&target)));
    for folder in &mut folders {
        while !folder.is_dir() {
            *folder = parent(folder);
        }
    }
    folders
}

fn parent(path: &Path) -> PathBuf {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder.to_owned(),
        _ if path.is_absolute() => PathBuf::from("/"),
        _ => PathBuf::from("."),
    }
}

/// What tells a folder from another of its name.
#[cfg(unix)]
fn identity(folder: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    fs::metadata(folder).ok().map(|metadata| (metadata.dev(), metadata.ino()))
}

#[cfg(not(unix))]
fn identity(_: &Path) -> Option<(u64, u64)> {
    None
}

/// `None` for a file that is not there or cannot be read.
fn content(path: &Path) -> Option<Vec<u8>> {
    // What is too large is refused without being read.
    let small = fs::metadata(path).ok()?.len() <= myc_schema::source::MAX_BYTES;
    if small { fs::read(path).ok() } else { Some(Vec::new()) }
}

/// Waits until something happened and is over, or for so long that one should look anyway. `false` at the end.
fn wait(told: &Receiver<Told>) -> bool {
    match told.recv_timeout(ANYWAY) {
        Ok(Told::Happened) => {}
        Err(RecvTimeoutError::Timeout) => return true,
        Ok(Told::End) | Err(RecvTimeoutError::Disconnected) => return false,
    }
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        match told.recv_timeout(QUIET) {
            Ok(Told::Happened) => {}
            Err(RecvTimeoutError::Timeout) => return true,
            Ok(Told::End) | Err(RecvTimeoutError::Disconnected) => return false,
        }
    }
    true
}
