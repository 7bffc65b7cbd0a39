//! What is being written to one peer: core frames ahead of data, neither ever inside a frame of the other.

use std::collections::VecDeque;
use std::io::IoSlice;

use mycelium_wire::frame::{HEADER_SIZE, Header};

/// Bytes that a socket has still to take. Data comes in blocks `B` of whole frames, written as they are.
#[derive(Debug)]
pub struct Outbox<B> {
    control: Vec<u8>,
    /// Bytes of `control` that were written.
    control_written: usize,
    data: VecDeque<B>,
    /// Bytes of the first block that were written.
    block_written: usize,
    /// Bytes of a begun data frame that are still to be written; 0 between frames.
    frame_rest: usize,
    /// Bytes of `data` still to be written.
    data_rest: usize,
}

impl<B> Default for Outbox<B> {
    fn default() -> Self {
        Self {
            control: Vec::new(),
            control_written: 0,
            data: VecDeque::new(),
            block_written: 0,
            frame_rest: 0,
            data_rest: 0,
        }
    }
}

impl<B: AsRef<[u8]>> Outbox<B> {
    /// Whether everything was written.
    pub fn is_empty(&self) -> bool {
        self.data_rest == 0 && self.control.is_empty()
    }

    /// Bytes of data still to be written.
    pub fn data_rest(&self) -> usize {
        self.data_rest
    }

    /// Whether earlier core frames are all written, so that [`Outbox::control`] may be added to. What
    /// waits meanwhile waits with the connection, which limits it.
    pub fn takes_control(&self) -> bool {
        self.control.is_empty()
    }

    /// Where core frames are put. They go out before any data frame that is not begun.
    pub fn control(&mut self) -> &mut Vec<u8> {
        &mut self.control
    }

    /// Adds whole data frames.
    pub fn push(&mut self, frames: B) {
        let length = frames.as_ref().len();
        if length > 0 {
            self.data_rest += length;
            self.data.push_back(frames);
        }
    }

    /// The bytes to write next, in order, as far as `slices` has room, and how many slices that is.
    pub fn slices<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        let front = self.data.front().and_then(|block| block.as_ref().get(self.block_written..)).unwrap_or_default();
        let front = front.get(..self.data_rest).unwrap_or(front);
        // As a rule it is one message, and nothing else.
        if self.control.is_empty() && self.data.len() == 1 && !front.is_empty() {
            let Some(slot) = slices.first_mut() else { return 0 };
            *slot = IoSlice::new(front);
            return 1;
        }
        let control = self.control.get(self.control_written..).unwrap_or_default();
        // With no core frames in between, a begun frame and the rest of its block are one slice.
        let (begun, after) = front.split_at(if control.is_empty() { 0 } else { self.frame_rest.min(front.len()) });
        let head = [begun, control, after];
        let rest = self.data.iter().skip(1).map(AsRef::as_ref);
        let bytes = head.into_iter().chain(rest).filter(|slice| !slice.is_empty());
        let mut used = 0;
        for (slot, bytes) in slices.iter_mut().zip(bytes) {
            *slot = IoSlice::new(bytes);
            used += 1;
        }
        used
    }

    /// How many blocks of data there are.
    pub fn blocks(&self) -> usize {
        self.data.len()
    }

    /// The socket took `written` bytes of what [`Outbox::slices`] gave. The number of data frames whose last byte
    /// was among them.
    pub fn advance(&mut self, mut written: usize) -> u64 {
        if self.control.is_empty() {
            return self.advance_data(written);
        }
        let mut frames = 0;
        let begun = written.min(self.frame_rest);
        if begun > 0 {
            written -= begun;
            frames += self.advance_data(begun);
        }
        let control = written.min(self.control.len() - self.control_written);
        written -= control;
        self.control_written += control;
        if self.control_written == self.control.len() {
            self.control.clear();
            self.control_written = 0;
        }
        frames + self.advance_data(written)
    }

    fn advance_data(&mut self, mut written: usize) -> u64 {
        let mut frames = 0;
        self.data_rest -= written.min(self.data_rest);
        while written > 0 {
            let Some(block) = self.data.front() else { break };
            let block = block.as_ref();
            let rest = block.get(self.block_written..).unwrap_or_default();
            if self.frame_rest == 0 {
                self.frame_rest = frame_length(rest);
            }
            let step = written.min(self.frame_rest);
            written -= step;
            self.frame_rest -= step;
            self.block_written += step;
            frames += u64::from(self.frame_rest == 0);
            if self.block_written >= block.len() {
                self.data.pop_front();
                self.block_written = 0;
            }
        }
        if self.data_rest == 0 {
            self.data.clear();
            self.block_written = 0;
        }
        frames
    }

    /// Gives up all data but the rest of a frame that was begun. The number of frames given up. Nothing may be
    /// pushed afterwards.
    pub fn discard_data(&mut self) -> u64 {
        let all = self.unfinished();
        if self.frame_rest == 0 {
            self.data.clear();
            self.block_written = 0;
            self.data_rest = 0;
            return all;
        }
        self.data.truncate(1);
        // What is behind the begun frame in its block stays there, and is not written.
        self.data_rest = self.frame_rest;
        all - 1
    }

    /// The data frames not wholly written, as whole frames in order: what a next connection would have to be sent.
    pub fn unfinished_blocks(&self) -> impl Iterator<Item = &[u8]> {
        let mut written = self.block_written;
        self.data.iter().map(move |block| {
            let (block, mut at) = (block.as_ref(), 0);
            // A begun frame is not finished.
            while let Some(rest) = block.get(at..).filter(|rest| !rest.is_empty()) {
                let length = frame_length(rest);
                if at + length > written {
                    break;
                }
                at += length;
            }
            written = 0;
            block.get(at..).unwrap_or_default()
        })
    }

    /// Frames of data not wholly written.
    pub fn unfinished(&self) -> u64 {
        let mut frames = u64::from(self.frame_rest > 0);
        let mut left = self.data_rest - self.frame_rest.min(self.data_rest);
        let mut start = self.block_written + self.frame_rest;
        for block in &self.data {
            let mut rest = block.as_ref().get(start..).unwrap_or_default();
            start = 0;
            while !rest.is_empty() && left > 0 {
                let length = frame_length(rest);
                left -= length.min(left);
                rest = rest.get(length..).unwrap_or_default();
                frames += 1;
            }
        }
        frames
    }
}

/// The length of the frame at the start of `bytes`; all of them, should they not be whole frames.
fn frame_length(bytes: &[u8]) -> usize {
    let header = bytes.first_chunk::<HEADER_SIZE>().and_then(|header| Header::from_bytes(*header, u32::MAX).ok());
    header.map_or(bytes.len(), Header::frame_length).min(bytes.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(type_id: u16, length: usize) -> Vec<u8> {
        let mut bytes = Header::new(type_id, length, u32::MAX).unwrap().to_bytes().to_vec();
        bytes.resize(HEADER_SIZE + length, type_id as u8);
        bytes
    }

    fn write(outbox: &mut Outbox<Vec<u8>>, most: usize, into: &mut Vec<u8>) -> u64 {
        let mut slices = [IoSlice::new(&[]); 3];
        let used = outbox.slices(&mut slices);
        let bytes: Vec<u8> = slices[..used].iter().flat_map(|slice| slice.iter().copied()).take(most).collect();
        let frames = outbox.advance(bytes.len());
        into.extend(bytes);
        frames
    }

    fn read(mut bytes: &[u8]) -> Vec<u16> {
        let mut types = Vec::new();
        while let Some(header) = bytes.first_chunk() {
            let header = Header::from_bytes(*header, u32::MAX).unwrap();
            assert!(bytes[HEADER_SIZE..header.frame_length()].iter().all(|byte| *byte == header.type_id() as u8));
            types.push(header.type_id());
            bytes = &bytes[header.frame_length()..];
        }
        types
    }

    // Wherever a socket stops taking bytes, a core frame goes out next, and no frame is torn or counted twice.
    #[test]
    fn core_frames_go_ahead_at_every_cut() {
        let blocks = [[frame(100, 3), frame(100, 0)].concat(), frame(101, 5), [frame(102, 1), frame(102, 1)].concat()];
        let total: usize = blocks.iter().map(Vec::len).sum();
        for cut in 0..=total {
            let (mut outbox, mut out) = (Outbox::default(), Vec::new());
            blocks.iter().cloned().for_each(|block| outbox.push(block));
            assert_eq!((outbox.data_rest(), outbox.unfinished()), (total, 5));
            let mut frames = write(&mut outbox, cut, &mut out);
            assert_eq!(outbox.unfinished(), 5 - frames, "cut at {cut}");
            assert!(outbox.takes_control());
            outbox.control().extend(frame(5, 8));
            let before = frames as usize + usize::from(outbox.frame_rest > 0);
            while !outbox.is_empty() {
                assert!(!outbox.takes_control() || out.len() > cut);
                frames += write(&mut outbox, 1, &mut out);
            }
            let mut expected = vec![100, 100, 101, 102, 102];
            expected.insert(before, 5);
            assert_eq!((read(&out), frames, outbox.data_rest()), (expected, 5, 0), "cut at {cut}");
        }
    }

    // A client that connects again sends what its first connection did not take, wherever that stopped.
    #[test]
    fn unfinished_frames_are_whole() {
        let blocks = [[frame(100, 3), frame(101, 0)].concat(), frame(102, 5), [frame(103, 1), frame(104, 1)].concat()];
        let total: usize = blocks.iter().map(Vec::len).sum();
        for cut in 0..=total {
            let mut outbox = Outbox::default();
            blocks.iter().cloned().for_each(|block| outbox.push(block));
            let finished = write(&mut outbox, cut, &mut Vec::new()) as usize;
            let rest: Vec<u8> = outbox.unfinished_blocks().flatten().copied().collect();
            assert_eq!(read(&rest), [100, 101, 102, 103, 104][finished..], "cut at {cut}");
        }
    }

    // A client that is given up still gets whole frames, and the count of lost ones is exact.
    #[test]
    fn discarding_ends_with_a_whole_frame() {
        for cut in 0..30 {
            let (mut outbox, mut out) = (Outbox::default(), Vec::new());
            outbox.push([frame(100, 4), frame(100, 4)].concat());
            outbox.push(frame(101, 4));
            let mut frames = write(&mut outbox, cut, &mut out);
            let lost = outbox.discard_data();
            outbox.control().extend(frame(11, 1));
            while !outbox.is_empty() {
                frames += write(&mut outbox, 3, &mut out);
            }
            assert_eq!((frames + lost, outbox.unfinished(), outbox.blocks()), (3, 0, 0), "cut at {cut}");
            let types = read(&out);
            assert_eq!((types.len() as u64, types.last()), (frames + 1, Some(&11)));
        }
    }

    // A slot list shorter than the blocks is an ordinary thing: 1,024 slices a call is the system's limit.
    #[test]
    fn slices_are_as_many_as_there_is_room_for() {
        let mut outbox = Outbox::default();
        (0..5).for_each(|_| outbox.push(frame(100, 1)));
        outbox.push(Vec::new());
        assert_eq!((outbox.slices(&mut [IoSlice::new(&[]); 2]), outbox.blocks()), (2, 5));
    }
}
