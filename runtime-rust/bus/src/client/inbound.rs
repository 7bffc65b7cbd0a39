//! Bytes that were read and not yet made use of, and frames on their way from there to subscribers.

use bytes::Bytes;
use mycelium_wire::frame::{HEADER_SIZE, Header};

use crate::protocol::Frames;
use crate::{BLOCK_SIZE, Run};

/// What is read at once.
const ROOM: usize = 128 * 1024;

/// One read's bytes after another, in memory that stays.
#[derive(Debug)]
pub(super) struct Input {
    buffer: Vec<u8>,
    start: usize,
    end: usize,
}

impl Input {
    pub(super) fn new() -> Self {
        Self { buffer: vec![0; ROOM], start: 0, end: 0 }
    }

    pub(super) fn clear(&mut self) {
        (self.start, self.end) = (0, 0);
    }

    /// What was read and not consumed.
    pub(super) fn bytes(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    pub(super) fn consume(&mut self, count: usize) {
        self.start = (self.start + count).min(self.end);
        if self.start == self.end {
            self.clear();
            if self.buffer.len() > ROOM {
                self.buffer.truncate(ROOM);
                self.buffer.shrink_to_fit();
            }
        }
    }

    /// Where to read to, never empty; `needed` bytes at least are wanted.
    pub(super) fn room(&mut self, needed: usize) -> &mut [u8] {
        if self.buffer.len() - self.end < needed.max(ROOM / 4) && self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.buffer.len() - self.end < needed.max(1) {
            self.buffer.resize(self.end + needed.max(1), 0);
        }
        self.buffer.get_mut(self.end..).unwrap_or_default()
    }

    /// So many bytes were read into the room.
    pub(super) fn filled(&mut self, count: usize) {
        self.end = (self.end + count).min(self.buffer.len());
    }
}

/// The frames as runs of their own memory: at most [`BLOCK_SIZE`] bytes each, or one frame.
pub(super) fn runs(frames: Frames<'_>) -> impl Iterator<Item = Run> {
    let mut rest = frames.bytes;
    std::iter::from_fn(move || {
        let mut end = first_length(rest);
        if end == 0 {
            return None;
        }
        while let Some(more) = rest.get(end..).filter(|more| !more.is_empty()) {
            let length = first_length(more);
            if length == 0 || end + length > BLOCK_SIZE {
                break;
            }
            end += length;
        }
        let (run, after) = rest.split_at_checked(end)?;
        rest = after;
        // The frames were found whole, and of one type.
        Run::unchecked(Bytes::copy_from_slice(run)).ok()
    })
}

/// The length of the frame at the start of `bytes`, 0 if there is none.
fn first_length(bytes: &[u8]) -> usize {
    let header = bytes.first_chunk::<HEADER_SIZE>().and_then(|header| Header::from_bytes(*header, u32::MAX).ok());
    header.map_or(0, Header::frame_length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(lengths: &[usize]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for length in lengths {
            bytes.extend(Header::new(100, *length, u32::MAX).unwrap().to_bytes());
            bytes.resize(bytes.len() + length, 1);
        }
        bytes
    }

    // A queued frame keeps no more alive than a block, and a large one is whole.
    #[test]
    fn runs_are_blocks_of_whole_frames() {
        let bytes = frames(&[10_000, 4000, 84, 84, 90_000]);
        let found: Vec<_> =
            runs(Frames::leading(&bytes, u32::MAX).unwrap()).map(|run| (run.count(), run.len())).collect();
        assert_eq!(found, [(1, 10_006), (2, 4096), (1, 90), (1, 90_006)]);
        let small = frames(&[30; 1000]);
        let sum: usize = runs(Frames::leading(&small, u32::MAX).unwrap()).map(|run| run.count()).sum();
        assert_eq!(sum, 1000);
    }

    #[test]
    fn room_is_made_for_what_is_needed_and_given_back() {
        let mut input = Input::new();
        let mut written = 0u32;
        let mut read = 0u32;
        for needed in [1, 7, ROOM, 1_000_000, 3, 500_000] {
            let room = input.room(needed);
            assert!(room.len() >= needed);
            let words = (needed / 4).max(1);
            room[..words * 4].chunks_mut(4).for_each(|chunk| {
                chunk.copy_from_slice(&written.to_le_bytes());
                written += 1;
            });
            input.filled(words * 4);
            let leave = 4;
            while input.bytes().len() > leave {
                assert_eq!(input.bytes()[..4], read.to_le_bytes());
                input.consume(4);
                read += 1;
            }
        }
        input.consume(4);
        assert_eq!((input.buffer.len(), input.bytes().len()), (ROOM, 0));
    }
}
