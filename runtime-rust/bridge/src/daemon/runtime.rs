//! The runtimes that commands run on.

use std::io;
use std::os::unix::net::UnixDatagram;

use tokio::runtime::{Builder, Runtime};

use super::exit::Failure;

/// Files that a runtime opens, and some to work with.
const FILES: usize = 16;

/// A runtime of one thread.
pub fn of_one_thread() -> Result<Runtime, Failure> {
    build(Builder::new_current_thread())
}

/// A runtime of as many threads as there are processors.
pub fn of_many_threads() -> Result<Runtime, Failure> {
    build(Builder::new_multi_thread())
}

fn build(mut builder: Builder) -> Result<Runtime, Failure> {
    // A runtime that finds no more files may be opened does not say so, but panics.
    let opened: io::Result<Vec<UnixDatagram>> = (0..FILES).map(|_| UnixDatagram::unbound()).collect();
    let runtime = opened.map(drop).and_then(|()| builder.enable_all().build());
    runtime.map_err(|error| Failure::system("cannot start", &error))
}
