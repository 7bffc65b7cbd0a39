//! The OCaml library that this compiler comes with, and copies of it.

use std::fs;
use std::path::Path;

use myc_schema::source::reason;

use super::super::exit::Failure;
use super::{File, checkout};

macro_rules! embedded {
    ($($path:literal,)*) => {
        &[$(($path, include_str!(concat!("../../../runtime-ocaml/", $path)))),*]
    };
}

/// Every file of `runtime-ocaml/lib`; a test holds the list against the folder.
#[rustfmt::skip]
const FILES: &[(&str, &str)] = embedded![
    "LICENSE-MIT",
    "lib/backoff.ml",
    "lib/backoff.mli",
    "lib/bounded.ml",
    "lib/bounded.mli",
    "lib/client.ml",
    "lib/client.mli",
    "lib/connection.ml",
    "lib/connection.mli",
    "lib/core_messages.ml",
    "lib/core_messages.mli",
    "lib/differences.ml",
    "lib/differences.mli",
    "lib/dune",
    "lib/failure.ml",
    "lib/failure.mli",
    "lib/handshake.ml",
    "lib/handshake.mli",
    "lib/inbox.ml",
    "lib/inbox.mli",
    "lib/mycelium.ml",
    "lib/mycelium.mli",
    "lib/notice.ml",
    "lib/notice.mli",
    "lib/outbox.ml",
    "lib/outbox.mli",
    "lib/router.ml",
    "lib/router.mli",
    "lib/subscription.ml",
    "lib/subscription.mli",
    "lib/summary.ml",
    "lib/summary.mli",
    "lib/unix/address.ml",
    "lib/unix/address.mli",
    "lib/unix/clock.ml",
    "lib/unix/clock.mli",
    "lib/unix/dune",
    "lib/unix/link.ml",
    "lib/unix/link.mli",
    "lib/unix/log.ml",
    "lib/unix/log.mli",
    "lib/unix/publisher.ml",
    "lib/unix/publisher.mli",
    "lib/unix/reader.ml",
    "lib/unix/reader.mli",
    "lib/unix/signals.ml",
    "lib/unix/signals.mli",
    "lib/unix/socket.ml",
    "lib/unix/socket.mli",
    "lib/unix/subscriber.ml",
    "lib/unix/subscriber.mli",
    "lib/unix/system_stubs.c",
    "lib/unix/timed.ml",
    "lib/unix/timed.mli",
    "lib/unix/transport.ml",
    "lib/unix/transport.mli",
    "lib/unix/worker.ml",
    "lib/unix/worker.mli",
    "lib/wire/codec.ml",
    "lib/wire/codec.mli",
    "lib/wire/dune",
    "lib/wire/elements.ml",
    "lib/wire/elements.mli",
    "lib/wire/error.ml",
    "lib/wire/error.mli",
    "lib/wire/message.ml",
    "lib/wire/message.mli",
    "lib/wire/runtime.ml",
    "lib/wire/runtime.mli",
    "lib/wire/u256.ml",
    "lib/wire/u256.mli",
    "lib/wire/u64.ml",
    "lib/wire/u64.mli",
    "lib/wire/utf8.ml",
    "lib/wire/utf8.mli",
    "lib/wire/words.ml",
    "lib/wire/words.mli",
];

/// The library of a checkout, or the one that the compiler comes with: what is to be in a project's folder for it.
pub fn files(runtime: Option<&Path>) -> Result<Vec<File>, Failure> {
    let embedded = FILES.iter().map(|&(path, text)| (path.to_owned(), text.to_owned()));
    let Some(path) = runtime else { return Ok(embedded.collect()) };
    let mut files: Vec<File> = embedded.filter(|(path, _)| !path.starts_with("lib/")).collect();
    read(&checkout::ocaml_library(path)?, "lib", &mut files)?;
    Ok(files)
}

/// Every file below a folder, but for hidden ones.
fn read(folder: &Path, name: &str, files: &mut Vec<File>) -> Result<(), Failure> {
    let cannot = |path: &Path, error| Failure::io(format!("cannot read `{}`: {}", path.display(), reason(&error)));
    let entries: Result<Vec<_>, _> = fs::read_dir(folder).and_then(Iterator::collect);
    let mut entries: Vec<_> = entries.map_err(|error| cannot(folder, error))?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let (path, file) = (entry.path(), entry.file_name());
        let Some(file) = file.to_str().filter(|file| !file.starts_with(['.', '_'])) else { continue };
        let name = format!("{name}/{file}");
        match path.is_dir() {
            true => read(&path, &name, files)?,
            false => files.push((name, fs::read_to_string(&path).map_err(|error| cannot(&path, error))?)),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Without this, new workers could come with a library that lacks a module.
    #[test]
    fn the_whole_library_is_in_the_compiler() {
        let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let names = |files: Vec<File>| files.into_iter().map(|(path, _)| path).collect::<Vec<_>>();
        let embedded = files(None).expect("there is no file to read");
        let copied = files(Some(&checkout)).expect("a checkout");
        assert_eq!(names(embedded), names(copied), "the list in compiler/src/cli/new/library.rs");
    }
}
