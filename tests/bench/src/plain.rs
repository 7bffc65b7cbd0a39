//! The floor: zerocopy structs as a careful programmer writes them by hand, with every check of the protocol.

use zerocopy::little_endian::{I32, I64, U16, U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::checks::{Checked, Fault, require, slots, text, zeros};
use crate::shapes;

/// A TextMessage's bytes.
#[derive(FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
#[expect(missing_docs, reason = "the fields of the contract")]
pub struct Text {
    pub sender_length: U16,
    pub sender_padding: [u8; 6],
    pub sender: [u8; 32],
    pub content_length: U16,
    pub content_padding: [u8; 6],
    pub content: [u8; 256],
    pub timestamp: U64,
}

/// A CounterUpdate's bytes.
#[derive(FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
#[expect(missing_docs, reason = "the fields of the contract")]
pub struct Counter {
    pub counter_id: U64,
    pub value: I32,
    pub delta: I32,
}

/// A BatchOperation's bytes.
#[derive(FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
#[expect(missing_docs, reason = "the fields of the contract")]
pub struct Batch {
    pub operation_id: U64,
    pub items_count: U16,
    pub items_padding: [u8; 6],
    pub items: [[u8; 20]; 10],
    pub total_count: U32,
    pub tail: [u8; 4],
}

/// A NewOrder's bytes.
#[derive(FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
#[expect(missing_docs, reason = "the fields of the contract")]
pub struct Order {
    pub client_order_id: [u8; 16],
    pub symbol_length: U16,
    pub symbol_padding: [u8; 6],
    pub symbol: [u8; 12],
    pub side: u8,
    pub side_padding: [u8; 3],
    pub limit_presence: u8,
    pub limit_padding: [u8; 7],
    pub limit_mantissa: I64,
    pub limit_exponent: i8,
    pub limit_tail: [u8; 7],
    pub quantity: U64,
    pub tags_count: U16,
    pub tags_padding: [u8; 6],
    pub tags: [[u8; 3]; 3],
    pub tags_tail: [u8; 1],
    pub notional_presence: u8,
    pub notional: [u8; 32],
    pub tail: [u8; 5],
}

fn length<T>(_: T) -> Fault {
    Fault { code: "length", path: "" }
}

fn put(bytes: &mut [u8], value: &[u8]) {
    bytes[..value.len()].copy_from_slice(value);
    bytes[value.len()..].fill(0);
}

impl Text {
    /// Writes `value` in place.
    #[inline]
    pub fn encode(value: &shapes::Text, out: &mut [u8]) -> Result<usize, Fault> {
        let raw = Self::mut_from_bytes(out).map_err(length)?;
        require(value.sender.len() <= 32, "count", "sender")?;
        require(!value.sender.is_empty(), "rule:not_empty", "sender")?;
        require(value.content.len() <= 256, "count", "content")?;
        require(!value.content.is_empty(), "rule:not_empty", "content")?;
        raw.sender_length = U16::new(value.sender.len() as u16);
        raw.sender_padding = [0; 6];
        put(&mut raw.sender, value.sender.as_bytes());
        raw.content_length = U16::new(value.content.len() as u16);
        raw.content_padding = [0; 6];
        put(&mut raw.content, value.content.as_bytes());
        raw.timestamp = U64::new(value.timestamp);
        Ok(size_of::<Self>())
    }

    /// The message in `bytes`, checked.
    #[inline]
    pub fn decode(bytes: &[u8]) -> Result<&Self, Fault> {
        let raw = Self::ref_from_bytes(bytes).map_err(length)?;
        text(raw.sender_length.get(), &raw.sender_padding, &raw.sender, "sender")?;
        require(raw.sender_length.get() > 0, "rule:not_empty", "sender")?;
        text(raw.content_length.get(), &raw.content_padding, &raw.content, "content")?;
        require(raw.content_length.get() > 0, "rule:not_empty", "content")?;
        Ok(raw)
    }
}

impl Counter {
    /// Writes `value` in place.
    #[inline]
    pub fn encode(value: &shapes::Counter, out: &mut [u8]) -> Result<usize, Fault> {
        let raw = Self::mut_from_bytes(out).map_err(length)?;
        raw.counter_id = U64::new(value.counter_id);
        raw.value = I32::new(value.value);
        raw.delta = I32::new(value.delta);
        Ok(size_of::<Self>())
    }

    /// The message in `bytes`, checked.
    #[inline]
    pub fn decode(bytes: &[u8]) -> Result<&Self, Fault> {
        Self::ref_from_bytes(bytes).map_err(length)
    }
}

impl Batch {
    /// Writes `value` in place.
    #[inline]
    pub fn encode(value: &shapes::Batch, out: &mut [u8]) -> Result<usize, Fault> {
        let raw = Self::mut_from_bytes(out).map_err(length)?;
        require(value.items.len() <= 10, "count", "items")?;
        require(!value.items.is_empty(), "rule:min_length", "items")?;
        raw.operation_id = U64::new(value.operation_id);
        raw.items_count = U16::new(value.items.len() as u16);
        raw.items_padding = [0; 6];
        put(raw.items.as_flattened_mut(), value.items.as_flattened());
        raw.total_count = U32::new(value.total_count);
        raw.tail = [0; 4];
        Ok(size_of::<Self>())
    }

    /// The message in `bytes`, checked.
    #[inline]
    pub fn decode(bytes: &[u8]) -> Result<&Self, Fault> {
        let raw = Self::ref_from_bytes(bytes).map_err(length)?;
        slots(raw.items_count.get(), &raw.items_padding, &raw.items, "items")?;
        require(raw.items_count.get() >= 1, "rule:min_length", "items")?;
        zeros(&raw.tail, "total_count")?;
        Ok(raw)
    }
}

impl Order {
    /// Writes `value` in place.
    #[inline]
    pub fn encode(value: &shapes::Order, out: &mut [u8]) -> Result<usize, Fault> {
        let raw = Self::mut_from_bytes(out).map_err(length)?;
        require(value.client_order_id != [0; 16], "rule:not_zero", "client_order_id")?;
        require(value.symbol.len() <= 12, "count", "symbol")?;
        require(matches!(value.side, 1 | 2), "enum", "side")?;
        let (mantissa, exponent) = value.limit.unwrap_or_default();
        exponent_in_range(exponent)?;
        quantity_in_range(value.quantity)?;
        require(value.tags.len() <= 3, "count", "tags")?;
        raw.client_order_id = value.client_order_id;
        raw.symbol_length = U16::new(value.symbol.len() as u16);
        raw.symbol_padding = [0; 6];
        put(&mut raw.symbol, value.symbol.as_bytes());
        raw.side = value.side;
        raw.side_padding = [0; 3];
        raw.limit_presence = u8::from(value.limit.is_some());
        raw.limit_padding = [0; 7];
        raw.limit_mantissa = I64::new(mantissa);
        raw.limit_exponent = exponent;
        raw.limit_tail = [0; 7];
        raw.quantity = U64::new(value.quantity);
        raw.tags_count = U16::new(value.tags.len() as u16);
        raw.tags_padding = [0; 6];
        put(raw.tags.as_flattened_mut(), value.tags.as_flattened());
        raw.tags_tail = [0];
        raw.notional_presence = u8::from(value.notional_wei.is_some());
        raw.notional = value.notional_wei.unwrap_or_default();
        raw.tail = [0; 5];
        Ok(size_of::<Self>())
    }

    /// The message in `bytes`, checked.
    #[inline]
    pub fn decode(bytes: &[u8]) -> Result<&Self, Fault> {
        let raw = Self::ref_from_bytes(bytes).map_err(length)?;
        require(raw.client_order_id.iter().any(|byte| *byte != 0), "rule:not_zero", "client_order_id")?;
        text(raw.symbol_length.get(), &raw.symbol_padding, &raw.symbol, "symbol")?;
        require(matches!(raw.side, 1 | 2), "enum", "side")?;
        zeros(&raw.side_padding, "side")?;
        require(raw.limit_presence <= 1, "presence", "limit")?;
        zeros(&raw.limit_padding, "limit")?;
        if raw.limit_presence == 1 {
            exponent_in_range(raw.limit_exponent)?;
            zeros(&raw.limit_tail, "limit.exponent")?;
        } else {
            zeros(raw.limit_mantissa.as_bytes(), "limit")?;
            require(raw.limit_exponent == 0, "padding", "limit")?;
            zeros(&raw.limit_tail, "limit")?;
        }
        quantity_in_range(raw.quantity.get())?;
        slots(raw.tags_count.get(), &raw.tags_padding, &raw.tags, "tags")?;
        zeros(&raw.tags_tail, "tags")?;
        require(raw.notional_presence <= 1, "presence", "notional_wei")?;
        if raw.notional_presence == 0 {
            zeros(&raw.notional, "notional_wei")?;
        }
        zeros(&raw.tail, "notional_wei")?;
        Ok(raw)
    }
}

/// The rules of `limit.exponent`.
#[inline(always)]
pub fn exponent_in_range(exponent: i8) -> Checked {
    require(exponent <= 18, "rule:max", "limit.exponent")?;
    require(exponent >= -18, "rule:min", "limit.exponent")
}

/// The rules of `quantity`.
#[inline(always)]
pub fn quantity_in_range(quantity: u64) -> Checked {
    require(quantity <= 1_000_000_000, "rule:max", "quantity")?;
    require(quantity >= 1, "rule:min", "quantity")
}
