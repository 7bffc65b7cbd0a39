//! Reading: many frames a call, into memory that connections share, as a connection keeps no more than the part of a
//! frame that has come.

use std::cell::RefCell;
use std::io;
use std::task::{Context, Poll, ready};

use crate::socket::Reader;

/// What is read at once. Larger frames are put together in the connection's own memory.
const SCRATCH: usize = 128 * 1024;

thread_local! {
    static BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// The bytes of one connection that are no whole frame yet.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    partial: Vec<u8>,
}

impl Inbox {
    /// How many bytes there are.
    pub(super) fn len(&self) -> usize {
        self.partial.len()
    }

    /// Reads once and gives everything that was not used yet to `take`, which says how much of it was used now. Gives
    /// how many bytes were read, 0 at the end.
    pub(super) fn poll_read(
        &mut self,
        context: &mut Context<'_>,
        reader: &mut Reader,
        take: impl FnOnce(&[u8]) -> usize,
    ) -> Poll<io::Result<usize>> {
        BUFFER.with_borrow_mut(|buffer| {
            buffer.resize(SCRATCH, 0);
            if self.partial.len() >= SCRATCH / 2 {
                let read = ready!(reader.poll_read(context, buffer))?;
                self.append(buffer.get(..read).unwrap_or_default(), take);
                return Poll::Ready(Ok(read));
            }
            let kept = self.partial.len();
            let (front, room) = buffer.split_at_mut(kept);
            let read = ready!(reader.poll_read(context, room))?;
            front.copy_from_slice(&self.partial);
            let bytes = buffer.get(..kept + read).unwrap_or_default();
            let used = if read == 0 { 0 } else { take(bytes) };
            if used < bytes.len() {
                self.partial.clear();
                self.partial.extend_from_slice(bytes.get(used..).unwrap_or_default());
            } else {
                // An idle connection keeps nothing.
                self.partial = Vec::new();
            }
            Poll::Ready(Ok(read))
        })
    }

    /// Gives what was not used to `take` once more, without reading: it is what `take` was not done with.
    pub(super) fn take_rest(&mut self, take: impl FnOnce(&[u8]) -> usize) {
        let used = take(&self.partial);
        self.partial.drain(..used.min(self.partial.len()));
        if self.partial.is_empty() {
            self.partial = Vec::new();
        }
    }

    /// More of a frame larger than what is read at once: its memory grows as it comes, not by what its header says.
    fn append(&mut self, bytes: &[u8], take: impl FnOnce(&[u8]) -> usize) {
        if bytes.is_empty() {
            return;
        }
        self.partial.extend_from_slice(bytes);
        let used = take(&self.partial);
        self.partial.drain(..used.min(self.partial.len()));
        if self.partial.len() < SCRATCH / 2 {
            self.partial.shrink_to_fit();
        }
    }
}
