//! sbe_gen on the same bytes, with the same checks, written the plain way.

use crate::checks::{Fault, require, slots, text, zeros};
use crate::plain::{exponent_in_range, quantity_in_range};
use crate::shapes;

#[allow(dead_code, missing_docs, non_camel_case_types, unused_imports, unused_parens, clippy::all)]
mod generated {
    include!(concat!(env!("OUT_DIR"), "/sbe.rs"));
}

use generated::{batch_operation, counter_update, new_order, text_message};

fn padded<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut padded = [0; N];
    padded[..bytes.len()].copy_from_slice(bytes);
    padded
}

macro_rules! parse {
    ($message:ty, $bytes:expr) => {{
        let (message, rest) = <$message>::parse_prefix($bytes).ok_or(Fault { code: "length", path: "" })?;
        require(rest.is_empty(), "length", "")?;
        message
    }};
}

/// TextMessage into `out`.
#[inline]
pub fn encode_text(value: &shapes::Text, out: &mut [u8]) -> Result<usize, Fault> {
    require(value.sender.len() <= 32, "count", "sender")?;
    require(!value.sender.is_empty(), "rule:not_empty", "sender")?;
    require(value.content.len() <= 256, "count", "content")?;
    require(!value.content.is_empty(), "rule:not_empty", "content")?;
    text_message::TextMessage::encode_body_into(out, |encoder| {
        encoder
            .sender_length(value.sender.len() as u16)
            .sender(padded(value.sender.as_bytes()))
            .content_length(value.content.len() as u16)
            .content(padded(value.content.as_bytes()))
            .timestamp(value.timestamp);
        Ok(())
    })
    .map_err(|_| Fault { code: "length", path: "" })
}

/// The TextMessage in `bytes`, checked.
#[inline]
pub fn decode_text(bytes: &[u8]) -> Result<&text_message::TextMessage, Fault> {
    let message = parse!(text_message::TextMessage, bytes);
    text(message.sender_length.get(), &message.sender_padding, &message.sender, "sender")?;
    require(message.sender_length.get() > 0, "rule:not_empty", "sender")?;
    text(message.content_length.get(), &message.content_padding, &message.content, "content")?;
    require(message.content_length.get() > 0, "rule:not_empty", "content")?;
    Ok(message)
}

/// CounterUpdate into `out`.
#[inline]
pub fn encode_counter(value: &shapes::Counter, out: &mut [u8]) -> Result<usize, Fault> {
    counter_update::CounterUpdate::encode_body_into(out, |encoder| {
        encoder.counter_id(value.counter_id).value(value.value).delta(value.delta);
        Ok(())
    })
    .map_err(|_| Fault { code: "length", path: "" })
}

/// The CounterUpdate in `bytes`, checked.
#[inline]
pub fn decode_counter(bytes: &[u8]) -> Result<&counter_update::CounterUpdate, Fault> {
    Ok(parse!(counter_update::CounterUpdate, bytes))
}

/// BatchOperation into `out`.
#[inline]
pub fn encode_batch(value: &shapes::Batch, out: &mut [u8]) -> Result<usize, Fault> {
    require(value.items.len() <= 10, "count", "items")?;
    require(!value.items.is_empty(), "rule:min_length", "items")?;
    batch_operation::BatchOperation::encode_body_into(out, |encoder| {
        encoder
            .operation_id(value.operation_id)
            .items_count(value.items.len() as u16)
            .items(padded(value.items.as_flattened()))
            .total_count(value.total_count);
        Ok(())
    })
    .map_err(|_| Fault { code: "length", path: "" })
}

/// The BatchOperation in `bytes`, checked.
#[inline]
pub fn decode_batch(bytes: &[u8]) -> Result<&batch_operation::BatchOperation, Fault> {
    let message = parse!(batch_operation::BatchOperation, bytes);
    slots(message.items_count.get(), &message.items_padding, message.items.as_chunks::<20>().0, "items")?;
    require(message.items_count.get() >= 1, "rule:min_length", "items")?;
    zeros(&message.tail, "total_count")?;
    Ok(message)
}

/// NewOrder into `out`.
#[inline]
pub fn encode_order(value: &shapes::Order, out: &mut [u8]) -> Result<usize, Fault> {
    require(value.client_order_id != [0; 16], "rule:not_zero", "client_order_id")?;
    require(value.symbol.len() <= 12, "count", "symbol")?;
    require(matches!(value.side, 1 | 2), "enum", "side")?;
    let (mantissa, exponent) = value.limit.unwrap_or_default();
    exponent_in_range(exponent)?;
    quantity_in_range(value.quantity)?;
    require(value.tags.len() <= 3, "count", "tags")?;
    new_order::NewOrder::encode_body_into(out, |encoder| {
        encoder
            .client_order_id(value.client_order_id)
            .symbol_length(value.symbol.len() as u16)
            .symbol(padded(value.symbol.as_bytes()))
            .side(value.side)
            .limit_presence(u8::from(value.limit.is_some()))
            .limit_mantissa(mantissa)
            .limit_exponent(exponent)
            .quantity(value.quantity)
            .tags_count(value.tags.len() as u16)
            .tags(padded(value.tags.as_flattened()))
            .notional_presence(u8::from(value.notional_wei.is_some()))
            .notional(value.notional_wei.unwrap_or_default());
        Ok(())
    })
    .map_err(|_| Fault { code: "length", path: "" })
}

/// The NewOrder in `bytes`, checked.
#[inline]
pub fn decode_order(bytes: &[u8]) -> Result<&new_order::NewOrder, Fault> {
    let message = parse!(new_order::NewOrder, bytes);
    require(message.client_order_id.iter().any(|byte| *byte != 0), "rule:not_zero", "client_order_id")?;
    text(message.symbol_length.get(), &message.symbol_padding, &message.symbol, "symbol")?;
    require(matches!(message.side, 1 | 2), "enum", "side")?;
    zeros(&message.side_padding, "side")?;
    require(message.limit_presence <= 1, "presence", "limit")?;
    zeros(&message.limit_padding, "limit")?;
    if message.limit_presence == 1 {
        exponent_in_range(message.limit_exponent)?;
        zeros(&message.limit_tail, "limit.exponent")?;
    } else {
        zeros(&message.limit_mantissa.to_bytes(), "limit")?;
        require(message.limit_exponent == 0, "padding", "limit")?;
        zeros(&message.limit_tail, "limit")?;
    }
    quantity_in_range(message.quantity.get())?;
    slots(message.tags_count.get(), &message.tags_padding, message.tags.as_chunks::<3>().0, "tags")?;
    zeros(&message.tags_tail, "tags")?;
    require(message.notional_presence <= 1, "presence", "notional_wei")?;
    if message.notional_presence == 0 {
        zeros(&message.notional, "notional_wei")?;
    }
    zeros(&message.tail, "notional_wei")?;
    Ok(message)
}
