//! [`Frame`] and [`Run`]: what queues hold. Both are [`SharedFrames`]: bytes that were written once.

use std::fmt;

use bytes::Bytes;
use mycelium_wire::frame::FrameError;
use mycelium_wire::shared::{Owned, SharedFrames};
use mycelium_wire::{DecodeError, Message};

/// Frames of one type id in one buffer, as one read of a socket found them or one publish wrote them.
pub type Run = SharedFrames;

/// One framed message: header and payload, immutable and reference-counted.
#[derive(Clone)]
pub struct Frame(SharedFrames);

impl Frame {
    /// The frame in `bytes`, header included; its payload is not checked.
    pub fn unchecked(bytes: Bytes) -> Result<Self, FrameError> {
        Ok(Self::first_of(SharedFrames::unchecked(bytes)?))
    }

    /// The first of a run.
    pub(crate) fn first_of(mut run: Run) -> Self {
        Self(run.split_first().unwrap_or(run))
    }

    /// The type id, never 0.
    pub fn type_id(&self) -> u16 {
        self.0.type_id()
    }

    /// The payload, without the header.
    pub fn payload(&self) -> &[u8] {
        self.0.payload()
    }

    /// Header and payload: the bytes that sockets write.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// The message in it; decoded unless it was published or checked as an `M` before.
    pub fn downcast<M: Message>(self) -> Result<Owned<M>, DecodeError> {
        self.0.downcast()
    }

    /// The frame as a run of one.
    pub fn into_run(self) -> Run {
        self.0
    }
}

impl fmt::Debug for Frame {
    /// Without the payload, which a contract may keep out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Frame").field("type_id", &self.type_id()).field("len", &self.0.len()).finish()
    }
}

impl<M: Message> From<Owned<M>> for Frame {
    fn from(message: Owned<M>) -> Self {
        Self(message.into())
    }
}
