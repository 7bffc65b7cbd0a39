//! What tests have whose own end of a connection is nothing but a socket: a place for it, and frames in bytes.

use std::path::{Path, PathBuf};

use mycelium_wire::Message;
use mycelium_wire::frame::{self, HEADER_SIZE, Header};

/// A folder of its own for each test, removed at its end.
pub struct Folder(tempfile::TempDir);

impl Folder {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn socket(&self) -> PathBuf {
        self.path().join("bus.sock")
    }
}

pub fn core<M: Message>(args: M::Args<'_>) -> Vec<u8> {
    let mut bytes = Header::of::<M>().to_bytes().to_vec();
    bytes.resize(HEADER_SIZE + M::SIZE, 0);
    M::encode_into(&args, &mut bytes[HEADER_SIZE..]).unwrap();
    bytes
}

pub fn framed<M: Message>(message: &M) -> Vec<u8> {
    let mut bytes = Vec::new();
    frame::encode(message, &mut bytes);
    bytes
}
