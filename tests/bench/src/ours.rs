//! The generated code under measurement.

use mycelium_wire::{U256, ValueError};

use crate::shapes;

mod generated {
    mycelium_wire::include_messages!();
}

pub use generated::{
    AnyMessage, BatchOperation, CounterUpdate, CounterUpdateArgs, Echo, EchoArgs, NewOrder, TextMessage,
    TextMessageArgs, Tick, TickArgs,
};
use generated::{BatchOperationArgs, NewOrderArgs, Price, PriceArgs, Side};

/// TextMessage into `out`.
#[inline]
pub fn encode_text(value: &shapes::Text, out: &mut [u8]) -> Result<usize, ValueError> {
    let args = TextMessageArgs { sender: &value.sender, content: &value.content, timestamp: value.timestamp };
    TextMessage::encode_into(args, out).map(|_| TextMessage::SIZE)
}

/// CounterUpdate into `out`.
#[inline]
pub fn encode_counter(value: &shapes::Counter, out: &mut [u8]) -> Result<usize, ValueError> {
    let args = CounterUpdateArgs { counter_id: value.counter_id, value: value.value, delta: value.delta };
    CounterUpdate::encode_into(args, out).map(|_| CounterUpdate::SIZE)
}

/// BatchOperation into `out`.
#[inline]
pub fn encode_batch(value: &shapes::Batch, out: &mut [u8]) -> Result<usize, ValueError> {
    let args =
        BatchOperationArgs { operation_id: value.operation_id, items: &value.items, total_count: value.total_count };
    BatchOperation::encode_into(args, out).map(|_| BatchOperation::SIZE)
}

/// NewOrder into `out`.
#[inline]
pub fn encode_order(value: &shapes::Order, out: &mut [u8]) -> Result<usize, ValueError> {
    let limit = value.limit.map(|(mantissa, exponent)| Price::new(PriceArgs { mantissa, exponent })).transpose()?;
    let args = NewOrderArgs {
        client_order_id: &value.client_order_id,
        symbol: &value.symbol,
        side: if value.side == 1 { Side::Buy } else { Side::Sell },
        limit: limit.as_ref(),
        quantity: value.quantity,
        tags: &value.tags,
        notional_wei: value.notional_wei.map(U256::from_le_bytes),
    };
    NewOrder::encode_into(args, out).map(|_| NewOrder::SIZE)
}
