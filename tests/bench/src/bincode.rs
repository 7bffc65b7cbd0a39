//! bincode 2 with its own derives and fixed-width little-endian integers: owned values, and values that borrow
//! their text from the buffer.

use bincode::config::{self, Config};
use bincode::error::{DecodeError, EncodeError};
use bincode::{BorrowDecode, Encode};

use crate::shapes;

/// A TextMessage that owns its text.
#[derive(Debug, PartialEq, Encode, bincode::Decode)]
pub struct Text {
    sender: String,
    content: String,
    timestamp: u64,
}

/// A TextMessage whose text lies in the buffer.
#[derive(Debug, PartialEq, Encode, BorrowDecode)]
pub struct TextRef<'a> {
    sender: &'a str,
    content: &'a str,
    timestamp: u64,
}

/// A CounterUpdate.
#[derive(Debug, PartialEq, Encode, bincode::Decode)]
pub struct Counter {
    counter_id: u64,
    value: i32,
    delta: i32,
}

/// A BatchOperation.
#[derive(Debug, PartialEq, Encode, bincode::Decode)]
pub struct Batch {
    operation_id: u64,
    items: Vec<[u8; 20]>,
    total_count: u32,
}

/// A side, as bincode writes enums.
#[derive(Debug, PartialEq, Encode, bincode::Decode)]
#[expect(missing_docs, reason = "the values of the contract")]
pub enum Side {
    Buy,
    Sell,
}

/// A NewOrder that owns its text.
#[derive(Debug, PartialEq, Encode, bincode::Decode)]
pub struct Order {
    client_order_id: [u8; 16],
    symbol: String,
    side: Side,
    limit: Option<(i64, i8)>,
    quantity: u64,
    tags: Vec<[u8; 3]>,
    notional_wei: Option<[u8; 32]>,
}

fn layout() -> impl Config {
    config::standard().with_fixed_int_encoding()
}

/// Any value into `out`.
#[inline]
pub fn encode<T: Encode>(value: &T, out: &mut [u8]) -> Result<usize, EncodeError> {
    bincode::encode_into_slice(value, out, layout())
}

/// An owned value out of `bytes`.
#[inline]
pub fn decode<T: bincode::Decode<()>>(bytes: &[u8]) -> Result<T, DecodeError> {
    bincode::decode_from_slice(bytes, layout()).map(|(value, _)| value)
}

/// A value that borrows from `bytes`.
#[inline]
pub fn borrow<'a, T: BorrowDecode<'a, ()>>(bytes: &'a [u8]) -> Result<T, DecodeError> {
    bincode::borrow_decode_from_slice(bytes, layout()).map(|(value, _)| value)
}

impl From<&shapes::Text> for Text {
    fn from(value: &shapes::Text) -> Self {
        let shapes::Text { sender, content, timestamp } = value.clone();
        Self { sender, content, timestamp }
    }
}

impl<'a> From<&'a shapes::Text> for TextRef<'a> {
    fn from(value: &'a shapes::Text) -> Self {
        Self { sender: &value.sender, content: &value.content, timestamp: value.timestamp }
    }
}

impl From<&shapes::Counter> for Counter {
    fn from(value: &shapes::Counter) -> Self {
        let shapes::Counter { counter_id, value, delta } = *value;
        Self { counter_id, value, delta }
    }
}

impl From<&shapes::Batch> for Batch {
    fn from(value: &shapes::Batch) -> Self {
        let shapes::Batch { operation_id, items, total_count } = value.clone();
        Self { operation_id, items, total_count }
    }
}

impl From<&shapes::Order> for Order {
    fn from(value: &shapes::Order) -> Self {
        let shapes::Order { client_order_id, symbol, side, limit, quantity, tags, notional_wei } = value.clone();
        let side = if side == 1 { Side::Buy } else { Side::Sell };
        Self { client_order_id, symbol, side, limit, quantity, tags, notional_wei }
    }
}
