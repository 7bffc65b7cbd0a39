//! TLV frames: `type_id: u16 | length: u32 | payload`, little-endian, no delimiter. What a payload
//! means is left to generated code; reading and writing sockets, to the crate `mycelium-bus`.
//!
//! ```
//! use mycelium_wire::frame::{self, FrameDecoder, FrameError, Header};
//!
//! let mut stream = Header::new(1001, 3, frame::MAX_PAYLOAD)?.to_bytes().to_vec();
//! stream.extend_from_slice(b"abc");
//!
//! let mut decoder = FrameDecoder::new(frame::MAX_PAYLOAD);
//! decoder.push(&stream[..7]);
//! assert_eq!(decoder.next_frame(), Err(FrameError::Incomplete { needed: 2 }));
//! decoder.push(&stream[7..]);
//! let frame = decoder.next_frame()?;
//! assert_eq!((frame.type_id, frame.payload), (1001, &b"abc"[..]));
//! # Ok::<(), FrameError>(())
//! ```

use alloc::vec::Vec;
use core::fmt;

use crate::Message;

/// Bytes of a frame before its payload.
pub const HEADER_SIZE: usize = 6;

/// The largest payload that any frame may have, in bytes. A connection may set a lower limit.
pub const MAX_PAYLOAD: u32 = 4_194_304;

/// Type ids below this one are the framework's own, on every connection.
pub const FIRST_USER_TYPE_ID: u16 = 100;

/// Why bytes are not a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FrameError {
    /// What is there is fine, and `needed` more bytes, at least, are missing.
    Incomplete {
        /// How many bytes to wait for before it makes sense to ask again.
        needed: usize,
    },
    /// No further bytes make this a frame: the connection is of no more use.
    Malformed {
        /// What is wrong.
        code: FrameCode,
        /// The header field it is wrong in: `type_id` or `length`.
        field: &'static str,
        /// Where that field begins, in bytes from the start of the stream.
        offset: u64,
    },
}

/// What is wrong with a frame's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FrameCode {
    /// The type id is 0, which no message has.
    ZeroTypeId,
    /// The payload would be longer than the limit.
    TooLong {
        /// The length the header claims, in bytes.
        length: u64,
        /// The longest payload that is accepted, in bytes.
        limit: u32,
    },
    /// A frame of another type among frames that have to be of one.
    OtherTypeId {
        /// The type id of the frame.
        found: u16,
        /// The type id of those before it.
        expected: u16,
    },
}

impl fmt::Display for FrameCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FrameCode::ZeroTypeId => f.write_str("type id 0 is not used"),
            FrameCode::TooLong { length, limit } => {
                write!(f, "payload of {length} bytes is over the limit of {limit}")
            }
            FrameCode::OtherTypeId { found, expected } => {
                write!(f, "type id {found} among frames of type id {expected}")
            }
        }
    }
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FrameError::Incomplete { needed } => write!(f, "incomplete frame: {needed} more bytes needed"),
            FrameError::Malformed { code, field, offset } => {
                write!(f, "malformed frame: `{field}` at byte {offset} of the stream: {code}")
            }
        }
    }
}

impl core::error::Error for FrameError {}

/// What precedes a payload. The type id is not 0, and the length is within the limit it was made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Header {
    type_id: u16,
    length: u32,
}

impl Header {
    /// The header of a payload of `length` bytes; `limit` is the longest payload the receiver takes.
    pub const fn new(type_id: u16, length: usize, limit: u32) -> Result<Self, FrameError> {
        if type_id == 0 {
            return Err(FrameError::Malformed { code: FrameCode::ZeroTypeId, field: "type_id", offset: 0 });
        }
        let limit = if limit < MAX_PAYLOAD { limit } else { MAX_PAYLOAD };
        if length > limit as usize {
            let code = FrameCode::TooLong { length: length as u64, limit };
            return Err(FrameError::Malformed { code, field: "length", offset: 2 });
        }
        Ok(Self { type_id, length: length as u32 })
    }

    /// The header of every frame with a message of this type.
    pub const fn of<M: Message>() -> Self {
        const {
            assert!(M::TYPE_ID != 0 && M::SIZE <= MAX_PAYLOAD as usize);
            Self { type_id: M::TYPE_ID, length: M::SIZE as u32 }
        }
    }

    /// The header in these bytes, of a payload of at most `limit` bytes. Offsets of an error count from them.
    pub const fn from_bytes(bytes: [u8; HEADER_SIZE], limit: u32) -> Result<Self, FrameError> {
        let [t0, t1, l0, l1, l2, l3] = bytes;
        Self::new(u16::from_le_bytes([t0, t1]), u32::from_le_bytes([l0, l1, l2, l3]) as usize, limit)
    }

    /// The bytes of the header.
    pub const fn to_bytes(self) -> [u8; HEADER_SIZE] {
        let ([t0, t1], [l0, l1, l2, l3]) = (self.type_id.to_le_bytes(), self.length.to_le_bytes());
        [t0, t1, l0, l1, l2, l3]
    }

    /// The type id of the payload, never 0.
    pub const fn type_id(self) -> u16 {
        self.type_id
    }

    /// The length of the payload in bytes.
    pub const fn length(self) -> usize {
        self.length as usize
    }

    /// The length of the whole frame in bytes.
    pub const fn frame_length(self) -> usize {
        HEADER_SIZE + self.length as usize
    }
}

/// A frame in a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// The type id, never 0.
    pub type_id: u16,
    /// The payload.
    pub payload: &'a [u8],
}

impl Frame<'_> {
    /// The length of the frame in bytes, header included.
    pub fn length(&self) -> usize {
        HEADER_SIZE + self.payload.len()
    }
}

/// The frame at the start of `input`, of a payload of at most `limit` bytes. Offsets of an error
/// count from the start of `input`.
pub fn decode(input: &[u8], limit: u32) -> Result<Frame<'_>, FrameError> {
    let Some((header, rest)) = input.split_first_chunk() else {
        return Err(FrameError::Incomplete { needed: HEADER_SIZE - input.len() });
    };
    let header = Header::from_bytes(*header, limit)?;
    match rest.get(..header.length()) {
        Some(payload) => Ok(Frame { type_id: header.type_id, payload }),
        None => Err(FrameError::Incomplete { needed: header.length() - rest.len() }),
    }
}

/// Appends a message as a frame.
pub fn encode<M: Message>(message: &M, out: &mut Vec<u8>) {
    out.reserve(HEADER_SIZE + M::SIZE);
    out.extend_from_slice(&Header::of::<M>().to_bytes());
    out.extend_from_slice(zerocopy::IntoBytes::as_bytes(message));
}

/// Finds the frames in a stream that arrives in pieces. It holds what was pushed and not yet
/// taken, never what a header merely claims.
#[derive(Clone, Debug)]
pub struct FrameDecoder {
    limit: u32,
    buffer: Vec<u8>,
    /// Bytes at the start of the buffer that were given out as frames.
    taken: usize,
    /// Bytes of the stream before the buffer.
    before: u64,
}

impl FrameDecoder {
    /// A decoder at the start of a stream; payloads may have at most `limit` bytes
    /// (and never more than [`MAX_PAYLOAD`]).
    pub fn new(limit: u32) -> Self {
        Self { limit, buffer: Vec::new(), taken: 0, before: 0 }
    }

    /// Takes the next bytes of the stream.
    pub fn push(&mut self, bytes: &[u8]) {
        // Given out frames make room here, so that each byte is moved at most once for every time
        // the buffer is half empty.
        if self.taken * 2 >= self.buffer.len() {
            self.buffer.drain(..self.taken);
            self.before += self.taken as u64;
            self.taken = 0;
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// The next frame. After [`FrameError::Incomplete`] push more; [`FrameError::Malformed`] is
    /// final, every later call returns it again.
    pub fn next_frame(&mut self) -> Result<Frame<'_>, FrameError> {
        let rest = self.buffer.get(self.taken..).unwrap_or_default();
        match decode(rest, self.limit) {
            Ok(frame) => {
                self.taken += frame.length();
                Ok(frame)
            }
            Err(FrameError::Malformed { code, field, offset }) => {
                Err(FrameError::Malformed { code, field, offset: self.before + self.taken as u64 + offset })
            }
            Err(incomplete) => Err(incomplete),
        }
    }

    /// Bytes that were pushed and are not part of a frame yet: 0 where a stream may end.
    pub fn pending(&self) -> usize {
        self.buffer.len() - self.taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(frames: &[(u16, usize)]) -> Vec<u8> {
        let mut out = Vec::new();
        for (type_id, length) in frames {
            out.extend_from_slice(&Header::new(*type_id, *length, MAX_PAYLOAD).unwrap().to_bytes());
            out.extend((0..*length).map(|at| at as u8));
        }
        out
    }

    fn drain(decoder: &mut FrameDecoder, into: &mut Vec<(u16, Vec<u8>)>) -> FrameError {
        loop {
            match decoder.next_frame() {
                Ok(frame) => into.push((frame.type_id, frame.payload.to_vec())),
                Err(error) => return error,
            }
        }
    }

    // Sockets cut a stream anywhere: two cuts at every pair of places give the same frames.
    #[test]
    fn frames_survive_every_split() {
        let frames = [(1, 0), (0xffff, 5), (7, 0), (300, 9)];
        let bytes = stream(&frames);
        for first in 0..=bytes.len() {
            for second in first..=bytes.len() {
                let (mut decoder, mut found) = (FrameDecoder::new(64), Vec::new());
                for part in [&bytes[..first], &bytes[first..second], &bytes[second..]] {
                    decoder.push(part);
                    assert!(matches!(drain(&mut decoder, &mut found), FrameError::Incomplete { needed } if needed > 0));
                }
                let lengths: Vec<_> = found.iter().map(|(type_id, payload)| (*type_id, payload.len())).collect();
                assert_eq!((&lengths[..], decoder.pending()), (&frames[..], 0), "cut at {first} and {second}");
                assert!(found.iter().all(|(_, payload)| payload.iter().enumerate().all(|(at, b)| *b == at as u8)));
            }
        }
    }

    // `needed` is what a reader waits for: too much would hang it.
    #[test]
    fn needed_never_overshoots_the_frame() {
        let bytes = stream(&[(9, 20)]);
        for end in 0..bytes.len() {
            let mut decoder = FrameDecoder::new(64);
            decoder.push(&bytes[..end]);
            let expected = if end < HEADER_SIZE { HEADER_SIZE - end } else { bytes.len() - end };
            assert_eq!(decoder.next_frame(), Err(FrameError::Incomplete { needed: expected }), "{end} bytes");
        }
    }

    #[test]
    fn a_malformed_header_says_what_and_where_and_stays() {
        let good = stream(&[(1, 3), (2, 0)]);
        let cases = [
            ([0, 0, 1, 0, 0, 0], FrameCode::ZeroTypeId, "type_id", 0),
            ([5, 0, 65, 0, 0, 0], FrameCode::TooLong { length: 65, limit: 64 }, "length", 2),
            ([5, 0, 255, 255, 255, 255], FrameCode::TooLong { length: 0xffff_ffff, limit: 64 }, "length", 2),
        ];
        for (header, code, field, at) in cases {
            let (mut decoder, mut found) = (FrameDecoder::new(64), Vec::new());
            decoder.push(&good);
            drain(&mut decoder, &mut found);
            decoder.push(&header);
            let error = FrameError::Malformed { code, field, offset: good.len() as u64 + at };
            assert_eq!((drain(&mut decoder, &mut found), found.len()), (error, 2));
            decoder.push(&good);
            assert_eq!(decoder.next_frame(), Err(error));
        }
    }

    #[test]
    fn no_limit_is_above_the_largest_payload() {
        let header = |length: u32| {
            let mut bytes = [1, 0, 0, 0, 0, 0];
            bytes[2..].copy_from_slice(&length.to_le_bytes());
            bytes
        };
        assert!(Header::from_bytes(header(MAX_PAYLOAD), u32::MAX).is_ok());
        assert!(Header::from_bytes(header(MAX_PAYLOAD + 1), u32::MAX).is_err());
        assert!(Header::new(1, usize::MAX, u32::MAX).is_err());
    }

    // A peer that sends many small frames in one piece must not make the decoder copy the rest each time,
    // nor keep what was given out.
    #[test]
    fn what_was_given_out_is_forgotten() {
        let mut decoder = FrameDecoder::new(MAX_PAYLOAD);
        let bytes = stream(&[(1, 10)]);
        for _ in 0..1000 {
            decoder.push(&bytes);
            assert!(decoder.next_frame().is_ok());
        }
        assert!(decoder.buffer.len() <= 2 * bytes.len() && decoder.before > 0);
        assert_eq!(decode(&[0; 3], 1), Err(FrameError::Incomplete { needed: 3 }));
    }
}
