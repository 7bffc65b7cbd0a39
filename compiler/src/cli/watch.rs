//! `compile --watch`: owns noticing that a contract changed. What is done then is the caller's.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use notify::{RecursiveMode, Watcher};

use super::exit::Failure;

/// How long a file has to be left alone: editors write it in several steps.
const QUIET: Duration = Duration::from_millis(40);

/// How long it may go on without such a pause.
const PATIENCE: Duration = Duration::from_secs(1);

/// How often a file is looked at where the system says nothing, as some network drives do.
const ANYWAY: Duration = Duration::from_secs(2);

/// Calls `round` now, and again after each change of the content of the file at `path`, until there is an error that
/// watching cannot go on after.
pub fn watch(path: &Path, mut round: impl FnMut()) -> Result<(), Failure> {
    let failed = |error: notify::Error| {
        Failure::io(format!("cannot watch `{}`: {error}", path.display())).help("run the command without --watch")
    };
    let (sender, events) = channel();
    // Which event it is does not matter: the content decides.
    let mut watcher = notify::recommended_watcher(move |_| {
        let _ = sender.send(());
    })
    .map_err(failed)?;
    let folders = folders(path);
    if folders.is_empty() {
        return Err(Failure::io(format!("cannot watch `{}`: there is no such folder", path.display())));
    }
    for folder in folders {
        watcher.watch(&folder, RecursiveMode::NonRecursive).map_err(failed)?;
    }
    let mut seen = content(path);
    round();
    loop {
        wait(&events).map_err(|_| Failure::io("watching has ended"))?;
        let now = content(path);
        if now != seen {
            seen = now;
            round();
        }
    }
}

/// The folders in which something happens when the file changes: a file is often replaced by another one, which a watch
/// on the file itself would not notice.
fn folders(path: &Path) -> Vec<PathBuf> {
    let parent = |path: &Path| match path.parent() {
        Some(folder) if folder != Path::new("") => folder.to_owned(),
        _ => PathBuf::from("."),
    };
    let mut folders = vec![parent(path)];
    folders.extend(fs::canonicalize(path).ok().map(|target| parent(&target)));
    folders.retain(|folder| folder.is_dir());
    folders.dedup();
    folders
}

/// `None` for a file that is not there or cannot be read.
fn content(path: &Path) -> Option<Vec<u8>> {
    // What is too large is refused without being read.
    let small = fs::metadata(path).ok()?.len() <= myc_schema::source::MAX_BYTES;
    if small { fs::read(path).ok() } else { Some(Vec::new()) }
}

/// Waits until something happened and is over, or for so long that one should look anyway.
fn wait(events: &Receiver<()>) -> Result<(), RecvTimeoutError> {
    let over = |result| match result {
        Err(RecvTimeoutError::Timeout) => Ok(false),
        Err(gone) => Err(gone),
        Ok(()) => Ok(true),
    };
    if !over(events.recv_timeout(ANYWAY))? {
        return Ok(());
    }
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline && over(events.recv_timeout(QUIET))? {}
    Ok(())
}
