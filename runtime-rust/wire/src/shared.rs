//! Whole frames in reference-counted buffers: written once, then shared by everybody who reads or sends them.
//! [`SharedFrames`] are bytes with what is known of them, [`Owned`] is one message among them. Queues and sockets are
//! left to the crate `mycelium-bus`.
//!
//! ```
//! use bytes::BytesMut;
//! use mycelium_wire::core_messages::{Ping, PingArgs};
//! use mycelium_wire::shared::SharedFrames;
//!
//! let mut block = BytesMut::with_capacity(4096);
//! let frame = SharedFrames::encode::<Ping>(&mut block, &PingArgs { nonce: 7 })?;
//! assert_eq!(frame.as_bytes(), [5, 0, 8, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0]);
//!
//! // It was written as a Ping, so that it is one without another check.
//! let ping = frame.downcast::<Ping>()?;
//! assert_eq!(ping.nonce(), 7);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use core::any::TypeId;
use core::fmt;
use core::hash::{Hash, Hasher};

use bytes::{Bytes, BytesMut};

pub use crate::cast::Owned;
use crate::error::{DecodeError, ValueError};
use crate::frame::{self, FrameCode, FrameError, HEADER_SIZE, Header, MAX_PAYLOAD};
use crate::{Message, raw};

/// One frame or several, headers included, all of one type id, in one shared buffer. Cloning copies no bytes.
///
/// What [`SharedFrames::kind`] says is what the payloads were checked as; it is never wrong.
#[derive(Clone)]
pub struct SharedFrames {
    /// `count` whole frames of `type_id`, at least one. With a kind they are all of one length, and what follows each
    /// header is a value of that message type.
    bytes: Bytes,
    kind: Option<Kind>,
    count: u32,
    type_id: u16,
}

/// What payloads were checked as: half as large as a `TypeId`, and queues move it about.
#[derive(Clone, Copy)]
struct Kind(fn() -> TypeId);

impl Kind {
    #[inline]
    fn of<M: Message>() -> Self {
        Self(TypeId::of::<M>)
    }

    /// One function gives one id, wherever it lies in memory; two functions may give the same one.
    #[inline]
    fn is<M: Message>(self) -> bool {
        core::ptr::fn_addr_eq(self.0, TypeId::of::<M> as fn() -> TypeId) || (self.0)() == TypeId::of::<M>()
    }
}

/// A frame that is not a message of the type it was checked as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadFrame {
    /// Which of the frames, from 0.
    pub index: usize,
    /// What is wrong with its payload.
    pub error: DecodeError,
}

impl fmt::Display for BadFrame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "frame {} is not a message of its type", self.index)
    }
}

impl core::error::Error for BadFrame {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        Some(&self.error)
    }
}

impl SharedFrames {
    /// A message as a frame, copied to the end of `block`, which is left empty with the rest of its room.
    #[inline]
    pub fn from_message<M: Message>(block: &mut BytesMut, message: &M) -> Self {
        block.reserve(HEADER_SIZE + M::SIZE);
        block.extend_from_slice(&Header::of::<M>().to_bytes());
        block.extend_from_slice(message.as_bytes());
        Self::written::<M>(block)
    }

    /// A message made from `args` as a frame, written in place at the end of `block`, which is left empty with the rest
    /// of its room; on an error it is as it was.
    #[inline]
    pub fn encode<M: Message>(block: &mut BytesMut, args: &M::Args<'_>) -> Result<Self, ValueError> {
        let start = block.len();
        block.extend_from_slice(&Header::of::<M>().to_bytes());
        block.resize(start + HEADER_SIZE + M::SIZE, 0);
        match M::encode_into(args, &mut block[start + HEADER_SIZE..]) {
            Ok(_) => Ok(Self::written::<M>(block)),
            Err(error) => {
                block.truncate(start);
                Err(error)
            }
        }
    }

    /// The last frame in `block`, which was just written as an `M`.
    #[inline]
    fn written<M: Message>(block: &mut BytesMut) -> Self {
        let start = block.len() - (HEADER_SIZE + M::SIZE);
        let bytes = if start == 0 { block.split() } else { block.split_off(start) }.freeze();
        Self { bytes, kind: Some(Kind::of::<M>()), count: 1, type_id: M::TYPE_ID }
    }

    /// Frames whose payloads nobody has looked at. They have to be whole, at least one, and of one type id.
    pub fn unchecked(bytes: Bytes) -> Result<Self, FrameError> {
        let first = frame::decode(&bytes, MAX_PAYLOAD)?;
        let type_id = first.type_id;
        let (mut at, mut count) = (first.length(), 1_u32);
        while at < bytes.len() {
            let next = frame::decode(&bytes[at..], MAX_PAYLOAD)?;
            if next.type_id != type_id {
                let code = FrameCode::OtherTypeId { found: next.type_id, expected: type_id };
                return Err(FrameError::Malformed { code, field: "type_id", offset: at as u64 });
            }
            at += next.length();
            count = count.checked_add(1).ok_or(FrameError::Malformed {
                code: FrameCode::TooLong { length: bytes.len() as u64, limit: u32::MAX },
                field: "length",
                offset: at as u64,
            })?;
        }
        Ok(Self { bytes, kind: None, count, type_id })
    }

    /// The same frames, known to be messages of type `M`. Costs nothing if they are known to be that already.
    pub fn checked<M: Message>(mut self) -> Result<Self, BadFrame> {
        self.check::<M>()?;
        Ok(self)
    }

    /// [`SharedFrames::checked`], in place: after an error they are what they were.
    pub fn check<M: Message>(&mut self) -> Result<(), BadFrame> {
        if self.is::<M>() {
            return Ok(());
        }
        if self.type_id != M::TYPE_ID {
            return Err(BadFrame { index: 0, error: raw::unknown_type() });
        }
        for (index, payload) in self.payloads().enumerate() {
            if let Err(error) = M::decode(payload) {
                return Err(BadFrame { index, error });
            }
        }
        // Every payload was just accepted; what decode accepts has the size of `M`.
        self.kind = Some(Kind::of::<M>());
        Ok(())
    }

    /// The type id of all of them, never 0.
    #[inline]
    pub fn type_id(&self) -> u16 {
        self.type_id
    }

    /// The Rust type of message that all of them were checked as, if they were.
    #[inline]
    pub fn kind(&self) -> Option<TypeId> {
        self.kind.map(|kind| (kind.0)())
    }

    #[inline]
    fn is<M: Message>(&self) -> bool {
        self.kind.is_some_and(Kind::is::<M>)
    }

    /// How many frames there are, at least one.
    #[inline]
    pub fn count(&self) -> usize {
        self.count as usize
    }

    /// How many bytes they are, headers included.
    #[inline]
    #[expect(clippy::len_without_is_empty, reason = "there is at least one frame")]
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// The frames' bytes, headers included.
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The buffer, headers included.
    #[inline]
    pub fn into_bytes(self) -> Bytes {
        self.bytes
    }

    /// The payload of the first frame.
    #[inline]
    pub fn payload(&self) -> &[u8] {
        &self.bytes[HEADER_SIZE..self.first_length()]
    }

    /// The payloads in order.
    pub fn payloads(&self) -> Payloads<'_> {
        Payloads { rest: &self.bytes }
    }

    /// The lengths of the frames in order, headers included.
    pub fn lengths(&self) -> impl Iterator<Item = usize> {
        self.payloads().map(|payload| HEADER_SIZE + payload.len())
    }

    /// The length of the first frame, header included.
    #[inline]
    pub fn first_length(&self) -> usize {
        if self.count == 1 { self.bytes.len() } else { frame_length(&self.bytes) }
    }

    /// Takes the first frame; `None` if there is no other, so that something would be left.
    #[inline]
    pub fn split_first(&mut self) -> Option<Self> {
        if self.count == 1 { None } else { self.split_to(1) }
    }

    /// Takes the first `count` frames; `None` if that is none or all.
    pub fn split_to(&mut self, count: usize) -> Option<Self> {
        if count == 0 || count >= self.count() {
            return None;
        }
        let length = if self.kind.is_some() {
            count * (self.bytes.len() / self.count())
        } else {
            (0..count).fold(0, |at, _| at + frame_length(&self.bytes[at..]))
        };
        let bytes = self.bytes.split_to(length);
        self.count -= count as u32;
        Some(Self { bytes, kind: self.kind, count: count as u32, type_id: self.type_id })
    }

    /// The first frame as a message; the others are let go. Decoded unless it is known to be an `M`.
    #[inline]
    pub fn downcast<M: Message>(mut self) -> Result<Owned<M>, DecodeError> {
        if let Some(first) = self.split_first() {
            self = first;
        }
        if !self.is::<M>() {
            self = self.checked::<M>().map_err(|bad| bad.error)?;
        }
        // SAFETY: the one frame is of the kind `M`. A kind is given by `written` to a frame whose payload was copied
        // from an `M` or written by its `encode_into`, and by `checked` to frames whose payloads `M::decode` accepted;
        // the bytes are cut at the ends of frames alone.
        Ok(unsafe { Owned::new(self.bytes) })
    }
}

/// The length of the frame at the start of bytes that are whole frames.
#[inline]
fn frame_length(bytes: &[u8]) -> usize {
    match bytes {
        [_, _, a, b, c, d, ..] => HEADER_SIZE + u32::from_le_bytes([*a, *b, *c, *d]) as usize,
        _ => bytes.len(),
    }
}

impl fmt::Debug for SharedFrames {
    /// Without the payloads, which a contract may keep out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedFrames")
            .field("type_id", &self.type_id)
            .field("count", &self.count)
            .field("len", &self.bytes.len())
            .field("checked", &self.kind.is_some())
            .finish()
    }
}

impl<M: Message> From<Owned<M>> for SharedFrames {
    fn from(message: Owned<M>) -> Self {
        Self { bytes: message.into_bytes(), kind: Some(Kind::of::<M>()), count: 1, type_id: M::TYPE_ID }
    }
}

/// The payloads of [`SharedFrames`].
#[derive(Clone, Debug)]
pub struct Payloads<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Payloads<'a> {
    type Item = &'a [u8];

    #[inline]
    fn next(&mut self) -> Option<&'a [u8]> {
        if self.rest.is_empty() {
            return None;
        }
        let (frame, rest) = self.rest.split_at_checked(frame_length(self.rest))?;
        self.rest = rest;
        frame.get(HEADER_SIZE..)
    }
}

impl<M: Message> Owned<M> {
    /// The frame that the message is in, header included.
    pub fn frame_bytes(&self) -> &[u8] {
        self.bytes()
    }
}

impl<M: Message> AsRef<M> for Owned<M> {
    fn as_ref(&self) -> &M {
        self
    }
}

impl<M: Message> fmt::Debug for Owned<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl<M: Message> PartialEq for Owned<M> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<M: Message> Eq for Owned<M> {}

impl<M: Message> PartialEq<M> for Owned<M> {
    fn eq(&self, other: &M) -> bool {
        **self == *other
    }
}

impl<M: Message> Hash for Owned<M> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_bytes().hash(state);
    }
}
