//! Whole frames at the start of what was read.

use mycelium_wire::core_messages::SchemaSummary;
use mycelium_wire::frame::{self, FIRST_USER_TYPE_ID, FrameError, HEADER_SIZE, Header};

/// Whole frames of one type, one behind the other. One at a time in the framework's range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frames<'a> {
    /// The type id of each, never 0.
    pub type_id: u16,
    /// How many frames, at least one.
    pub count: usize,
    /// The frames with their headers.
    pub bytes: &'a [u8],
}

impl<'a> Frames<'a> {
    /// The frames at the start of `input`, as many as are whole and of the first one's type. Payloads of users' types
    /// have at most `limit` bytes; a larger one is an error when it is the first.
    pub fn leading(input: &'a [u8], limit: u32) -> Result<Self, FrameError> {
        let first = frame::decode(input, limit_of(input, limit))?;
        let (type_id, length) = (first.type_id, first.length());
        let (mut count, mut end) = (1, length);
        if type_id >= FIRST_USER_TYPE_ID
            && let Some(header) = input.first_chunk::<HEADER_SIZE>()
        {
            loop {
                // Messages of a type are of one size: as a rule the next header has the very same bytes.
                let rest = input.get(end..).unwrap_or_default();
                if rest.first_chunk() == Some(header) && rest.len() >= length {
                    end += length;
                } else {
                    match frame::decode(rest, limit) {
                        Ok(next) if next.type_id == type_id => end += next.length(),
                        _ => break,
                    }
                }
                count += 1;
            }
        }
        Ok(Self { type_id, count, bytes: input.get(..end).unwrap_or_default() })
    }

    /// The same frames in pieces of whole frames, each of at most `size` bytes or a single frame.
    pub fn pieces(self, size: usize) -> impl Iterator<Item = &'a [u8]> {
        let mut rest = self.bytes;
        std::iter::from_fn(move || {
            let mut end = frame_length(rest)?;
            while end < rest.len()
                && let Some(next) = rest.get(end..).and_then(frame_length)
                && end + next <= size
            {
                end += next;
            }
            let (piece, after) = rest.split_at_checked(end)?;
            rest = after;
            Some(piece)
        })
    }

    /// The payload of the first frame.
    pub fn first_payload(&self) -> &'a [u8] {
        let length = self.bytes.first_chunk().and_then(|header| Header::from_bytes(*header, u32::MAX).ok());
        let end = length.map_or(0, Header::frame_length);
        self.bytes.get(HEADER_SIZE..end).unwrap_or_default()
    }
}

fn frame_length(bytes: &[u8]) -> Option<usize> {
    Header::from_bytes(*bytes.first_chunk()?, u32::MAX).ok().map(Header::frame_length)
}

/// The header at the start of `input`, if it is there and of a payload that may be.
pub(super) fn leading_header(input: &[u8], limit: u32) -> Option<Header> {
    Header::from_bytes(*input.first_chunk()?, limit_of(input, limit)).ok()
}

/// The limit of the first payload in `input`. However low it is for messages, core frames have to pass.
fn limit_of(input: &[u8], limit: u32) -> u32 {
    const CORE: u32 = 4096;
    const { assert!(SchemaSummary::SIZE <= CORE as usize) };
    match input.first_chunk() {
        Some(type_id) if u16::from_le_bytes(*type_id) < FIRST_USER_TYPE_ID => CORE,
        _ => limit,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(frames: &[(u16, usize)]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (type_id, length) in frames {
            bytes.extend(Header::new(*type_id, *length, u32::MAX).unwrap().to_bytes());
            bytes.resize(bytes.len() + length, 7);
        }
        bytes
    }

    // One push for many frames is what the throughput rests on; a frame of another type must not slip into it.
    #[test]
    fn runs_end_with_the_type() {
        let bytes = stream(&[(100, 3), (100, 3), (100, 5), (101, 0), (7, 1), (7, 1)]);
        let mut rest = &bytes[..];
        let mut found = Vec::new();
        while !rest.is_empty() {
            let frames = Frames::leading(rest, 100).unwrap();
            found.push((frames.type_id, frames.count, frames.bytes.len(), frames.first_payload().len()));
            rest = &rest[frames.bytes.len()..];
        }
        assert_eq!(found, [(100, 3, 29, 3), (101, 1, 6, 0), (7, 1, 7, 1), (7, 1, 7, 1)]);
    }

    #[test]
    fn pieces_are_whole_frames() {
        let bytes = stream(&[(100, 4), (100, 4), (100, 30), (100, 4), (100, 0)]);
        let frames = Frames::leading(&bytes, 100).unwrap();
        let lengths = |size| frames.pieces(size).map(<[u8]>::len).collect::<Vec<_>>();
        assert_eq!(lengths(20), [20, 36, 16]);
        assert_eq!((lengths(1), lengths(1000)), (vec![10, 10, 36, 10, 6], vec![72]));
    }

    #[test]
    fn what_is_not_whole_waits() {
        let bytes = stream(&[(100, 3), (100, 3)]);
        for end in 0..=bytes.len() {
            match Frames::leading(&bytes[..end], 100) {
                Ok(frames) => assert_eq!((frames.count, frames.bytes.len()), (end / 9, end / 9 * 9)),
                Err(error) => assert!(matches!(error, FrameError::Incomplete { .. }) && end < 9),
            }
        }
    }

    // The frames before a bad header are still good.
    #[test]
    fn a_bad_header_ends_a_run() {
        let mut bytes = stream(&[(100, 3), (100, 3)]);
        bytes.extend([100, 0, 101, 0, 0, 0]);
        assert_eq!(Frames::leading(&bytes, 100).unwrap().count, 2);
        assert!(matches!(Frames::leading(&bytes[18..], 100), Err(FrameError::Malformed { .. })));
        assert_eq!((leading_header(&bytes[18..], 100), leading_header(&bytes[..5], 100)), (None, None));
    }
}
