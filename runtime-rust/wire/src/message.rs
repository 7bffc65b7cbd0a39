//! [`Message`]: what every generated message type has.

use alloc::boxed::Box;
use core::fmt::Debug;

use zerocopy::{Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::error::{DecodeError, ValueError};
use crate::raw::Generated;

/// A generated message type. The same constants and functions exist as inherent items, so that
/// only generic code needs the trait. It is sealed: generated code alone implements it.
pub trait Message:
    Generated + Debug + Eq + Send + Sync + 'static + IntoBytes + Immutable + KnownLayout + Unaligned
{
    /// The values a message is made from.
    type Args<'a>;

    /// The TLV type id, never 0.
    const TYPE_ID: u16;
    /// The topic it is routed by.
    const TOPIC: &'static str;
    /// The name in the contract.
    const NAME: &'static str;
    /// The size of every payload, in bytes.
    const SIZE: usize;
    /// The first eight bytes of SHA-256 over the message's canonical text: equal where both sides read
    /// the same bytes the same way.
    const FINGERPRINT: [u8; 8];
    /// The digest of the contract that declares the message.
    const SCHEMA_DIGEST: [u8; 32];

    /// Whether the contract keeps the payload out of logs.
    const REDACTED: bool;

    /// The constants as a value.
    const INFO: MessageInfo = MessageInfo {
        type_id: Self::TYPE_ID,
        topic: Self::TOPIC,
        name: Self::NAME,
        size: Self::SIZE,
        fingerprint: Self::FINGERPRINT,
        redacted: Self::REDACTED,
    };

    /// The message in a payload: a reference into it, at any address.
    fn decode(payload: &[u8]) -> Result<&Self, DecodeError>;

    /// An owned copy of the message in a payload, on the heap.
    fn read_boxed(payload: &[u8]) -> Result<Box<Self>, DecodeError>;

    /// Writes a message into a buffer of exactly [`Message::SIZE`] bytes. On an error the buffer is as it was.
    fn encode_into<'b>(args: &Self::Args<'_>, buffer: &'b mut [u8]) -> Result<&'b Self, ValueError>;
}

/// What is known of a message type without its fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MessageInfo {
    /// The TLV type id, never 0.
    pub type_id: u16,
    /// The topic it is routed by.
    pub topic: &'static str,
    /// The name in the contract.
    pub name: &'static str,
    /// The size of every payload, in bytes.
    pub size: usize,
    /// The first eight bytes of SHA-256 over the message's canonical text.
    pub fingerprint: [u8; 8],
    /// Whether the contract keeps the payload out of logs.
    pub redacted: bool,
}

/// All messages of a contract. Generated code implements it for its enum over them, `AnyMessage`.
pub trait MessageSet {
    /// What is known of every message, in ascending type id.
    const MESSAGES: &'static [MessageInfo];

    /// Calls `visitor` for every message type, in ascending type id.
    fn visit<V: MessageVisitor>(visitor: &mut V);
}

/// What is done for every message type of a [`MessageSet`].
pub trait MessageVisitor {
    /// Called for one type.
    fn visit<M: Message>(&mut self);
}
