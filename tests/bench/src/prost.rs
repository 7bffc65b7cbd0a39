//! prost: the same messages as protobuf, by derive.

use prost::{DecodeError, EncodeError, Message};

use crate::shapes;

/// A TextMessage.
#[derive(Clone, PartialEq, Message)]
pub struct Text {
    #[prost(string, tag = "1")]
    sender: String,
    #[prost(string, tag = "2")]
    content: String,
    #[prost(uint64, tag = "3")]
    timestamp: u64,
}

/// A CounterUpdate.
#[derive(Clone, PartialEq, Message)]
pub struct Counter {
    #[prost(uint64, tag = "1")]
    counter_id: u64,
    #[prost(sint32, tag = "2")]
    value: i32,
    #[prost(sint32, tag = "3")]
    delta: i32,
}

/// A BatchOperation.
#[derive(Clone, PartialEq, Message)]
pub struct Batch {
    #[prost(uint64, tag = "1")]
    operation_id: u64,
    #[prost(bytes = "vec", repeated, tag = "2")]
    items: Vec<Vec<u8>>,
    #[prost(uint32, tag = "3")]
    total_count: u32,
}

/// A price.
#[derive(Clone, PartialEq, Message)]
pub struct Price {
    #[prost(sint64, tag = "1")]
    mantissa: i64,
    #[prost(sint32, tag = "2")]
    exponent: i32,
}

/// A side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, prost::Enumeration)]
#[repr(i32)]
#[expect(missing_docs, reason = "the values of the contract")]
pub enum Side {
    Unspecified = 0,
    Buy = 1,
    Sell = 2,
}

/// A NewOrder.
#[derive(Clone, PartialEq, Message)]
pub struct Order {
    #[prost(bytes = "vec", tag = "1")]
    client_order_id: Vec<u8>,
    #[prost(string, tag = "2")]
    symbol: String,
    #[prost(enumeration = "Side", tag = "3")]
    side: i32,
    #[prost(message, optional, tag = "4")]
    limit: Option<Price>,
    #[prost(uint64, tag = "5")]
    quantity: u64,
    #[prost(bytes = "vec", repeated, tag = "6")]
    tags: Vec<Vec<u8>>,
    #[prost(bytes = "vec", optional, tag = "7")]
    notional_wei: Option<Vec<u8>>,
}

/// Any message into `out`.
#[inline]
pub fn encode(value: &impl Message, mut out: &mut [u8]) -> Result<usize, EncodeError> {
    let room = out.len();
    value.encode(&mut out)?;
    Ok(room - out.len())
}

/// A message out of `bytes`.
#[inline]
pub fn decode<T: Message + Default>(bytes: &[u8]) -> Result<T, DecodeError> {
    T::decode(bytes)
}

impl From<&shapes::Text> for Text {
    fn from(value: &shapes::Text) -> Self {
        let shapes::Text { sender, content, timestamp } = value.clone();
        Self { sender, content, timestamp }
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
        let items = value.items.iter().map(|item| item.to_vec()).collect();
        Self { operation_id: value.operation_id, items, total_count: value.total_count }
    }
}

impl From<&shapes::Order> for Order {
    fn from(value: &shapes::Order) -> Self {
        Self {
            client_order_id: value.client_order_id.to_vec(),
            symbol: value.symbol.clone(),
            side: i32::from(value.side),
            limit: value.limit.map(|(mantissa, exponent)| Price { mantissa, exponent: i32::from(exponent) }),
            quantity: value.quantity,
            tags: value.tags.iter().map(|tag| tag.to_vec()).collect(),
            notional_wei: value.notional_wei.map(|bytes| bytes.to_vec()),
        }
    }
}
