//! rkyv 0.8 with validation: `access` checks the archive and gives a reference into it.

use rkyv::rancor::Failure;
use rkyv::ser::writer::Buffer;
use rkyv::{Archive, Serialize};

use crate::shapes;

/// A TextMessage.
#[derive(Archive, Serialize)]
pub struct Text {
    sender: String,
    content: String,
    timestamp: u64,
}

/// A CounterUpdate.
#[derive(Archive, Serialize)]
pub struct Counter {
    counter_id: u64,
    value: i32,
    delta: i32,
}

/// A BatchOperation.
#[derive(Archive, Serialize)]
pub struct Batch {
    operation_id: u64,
    items: Vec<[u8; 20]>,
    total_count: u32,
}

/// A side.
#[derive(Archive, Serialize)]
#[expect(missing_docs, reason = "the values of the contract")]
pub enum Side {
    Buy,
    Sell,
}

/// A NewOrder.
#[derive(Archive, Serialize)]
pub struct Order {
    client_order_id: [u8; 16],
    symbol: String,
    side: Side,
    limit: Option<(i64, i8)>,
    quantity: u64,
    tags: Vec<[u8; 3]>,
    notional_wei: Option<[u8; 32]>,
}

macro_rules! codec {
    ($value:ty, $archived:ty, $encode:ident, $decode:ident) => {
        /// The value into `out`.
        #[inline]
        pub fn $encode(value: &$value, out: &mut [u8]) -> Result<usize, Failure> {
            rkyv::api::high::to_bytes_in::<_, Failure>(value, Buffer::from(out)).map(|buffer| buffer.len())
        }

        /// The archived value in `bytes` (aligned to 16), checked.
        #[inline]
        pub fn $decode(bytes: &[u8]) -> Result<&$archived, Failure> {
            rkyv::access::<$archived, Failure>(bytes)
        }
    };
}

codec!(Text, ArchivedText, encode_text, decode_text);
codec!(Counter, ArchivedCounter, encode_counter, decode_counter);
codec!(Batch, ArchivedBatch, encode_batch, decode_batch);
codec!(Order, ArchivedOrder, encode_order, decode_order);

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
