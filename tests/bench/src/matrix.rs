//! What is measured: for every message, encode and decode, a lane for each format; and the goals.

use std::hint::black_box;

use crate::rounds::{Lane, ROOM, arena, offset, time};
use crate::{bincode, copies, ours, plain, prost, rkyv, sbe, shapes};

/// One message, one operation, every format.
pub struct Group<'a> {
    /// `TextMessage typical decode`.
    pub name: String,
    /// [`OURS`] first.
    pub lanes: Vec<Lane<'a>>,
    /// What ours must hold against which lane.
    pub goals: Vec<Goal>,
}

/// Ours costs at most `ratio` times what lane `against` costs.
#[derive(Clone, Copy, Debug)]
pub struct Goal {
    /// The other lane.
    pub against: &'static str,
    /// The largest ratio.
    pub ratio: f64,
}

/// Name of the lane of the generated code.
pub const OURS: &str = "ours";
/// Name of the lane of copies without checks.
pub const COPIES: &str = "copies";
/// Name of the lane of hand-written zerocopy structs.
pub const PLAIN: &str = "zerocopy by hand";
/// The same code once more: how far two equal lanes lie apart.
pub const PLAIN_AGAIN: &str = "the same again";

/// Calls `codec` on `value` and a buffer of `room` bytes, both opaque to the optimiser.
macro_rules! encode {
    ($name:expr, $room:expr, $bytes:expr, |$value:ident = $source:expr, $buffer:ident| $codec:expr) => {{
        let (source, mut arena) = ($source, arena(&[]));
        Lane::new($name, $bytes, move |place, count| {
            let out = &mut arena[offset(place)..][..$room];
            time(count, || {
                let $value = black_box(&source);
                let $buffer = black_box(&mut *out);
                _ = black_box($codec).is_ok();
                black_box(&*out);
            })
        })
    }};
}

/// Calls `codec` on bytes that are opaque to the optimiser.
macro_rules! decode {
    ($name:expr, $source:expr, |$bytes:ident| $codec:expr) => {{
        let source: &[u8] = $source;
        let (length, arena) = (source.len(), arena(source));
        Lane::new($name, length, move |place, count| {
            let source = &arena[offset(place)..][..length];
            time(count, || {
                let $bytes = black_box(source);
                _ = black_box($codec).is_ok();
            })
        })
    }};
}

/// The groups of one message: encode, then decode.
macro_rules! message {
    (
        $name:expr, $value:expr, $size:literal, copies: $copies:expr,
        ours: $ours_encode:path, $ours:ty,
        plain: $plain:ty,
        sbe: $sbe_encode:path, $sbe_decode:path,
        bincode: $bincode:ty, borrowed: $bincode_ref:ty,
        rkyv: $rkyv:ty, $rkyv_encode:path, $rkyv_decode:path,
        prost: $prost:ty,
        encode goals: $encode_goals:expr, decode goals: $decode_goals:expr $(,)?
    ) => {{
        let value = $value;
        let mut payload = [0_u8; $size];
        accepted($ours_encode(&value, &mut payload));
        let mut bincode_bytes = vec![0_u8; ROOM];
        let size = accepted(bincode::encode(&<$bincode>::from(&value), &mut bincode_bytes));
        bincode_bytes.truncate(size);
        let mut rkyv_bytes = ::rkyv::util::AlignedVec::<16>::new();
        rkyv_bytes.resize(ROOM, 0);
        let size = accepted($rkyv_encode(&<$rkyv>::from(&value), &mut rkyv_bytes));
        rkyv_bytes.resize(size, 0);
        let mut prost_bytes = vec![0_u8; ROOM];
        let size = accepted(prost::encode(&<$prost>::from(&value), &mut prost_bytes));
        prost_bytes.truncate(size);
        let encode = Group {
            name: format!("{} encode", $name),
            lanes: vec![
                encode!(OURS, $size, $size, |value = value.clone(), out| $ours_encode(value, out)),
                encode!(COPIES, $size, $size, |value = (value.clone(), payload), out| Ok::<_, ()>($copies(
                    &value.0, &value.1, out
                ))),
                encode!(PLAIN, $size, $size, |value = value.clone(), out| <$plain>::encode(value, out)),
                encode!(PLAIN_AGAIN, $size, $size, |value = value.clone(), out| <$plain>::encode(value, out)),
                encode!("sbe_gen + checks", $size, $size, |value = value.clone(), out| $sbe_encode(value, out)),
                encode!("bincode 2", ROOM, bincode_bytes.len(), |value = <$bincode>::from(&value), out| {
                    bincode::encode(value, out)
                }),
                encode!("rkyv 0.8", ROOM, rkyv_bytes.len(), |value =
                    <$rkyv>::from(&value), out| $rkyv_encode(value, out)),
                encode!("prost", ROOM, prost_bytes.len(), |value = <$prost>::from(&value), out| {
                    prost::encode(value, out)
                }),
            ],
            goals: $encode_goals,
        };
        let decode = Group {
            name: format!("{} decode", $name),
            lanes: vec![
                decode!(OURS, &payload, |bytes| <$ours>::decode(bytes)),
                decode!(PLAIN, &payload, |bytes| <$plain>::decode(bytes)),
                decode!(PLAIN_AGAIN, &payload, |bytes| <$plain>::decode(bytes)),
                decode!("sbe_gen + checks", &payload, |bytes| $sbe_decode(bytes)),
                decode!("bincode 2", &bincode_bytes, |bytes| bincode::decode::<$bincode>(bytes)),
                decode!("bincode 2 borrowed", &bincode_bytes, |bytes| bincode::borrow::<$bincode_ref>(bytes)),
                decode!("rkyv 0.8", &rkyv_bytes, |bytes| $rkyv_decode(bytes)),
                decode!("prost", &prost_bytes, |bytes| prost::decode::<$prost>(bytes)),
            ],
            goals: $decode_goals,
        };
        [encode, decode]
    }};
}

/// The value of a codec that was given a valid one.
fn accepted<T, E>(result: Result<T, E>) -> T {
    match result {
        Ok(value) => value,
        Err(_) => unreachable!("every measured value is valid in every format"),
    }
}

fn decode_goals() -> Vec<Goal> {
    [PLAIN, "sbe_gen + checks", "bincode 2", "bincode 2 borrowed", "rkyv 0.8"]
        .map(|against| Goal { against, ratio: 1.0 })
        .into()
}

/// Everything, in the order of the report.
pub fn groups() -> Vec<Group<'static>> {
    let mut groups = Vec::new();
    for (case, text) in shapes::texts() {
        groups.extend(message!(
            format!("TextMessage {case}"), text, 312, copies: copies::text,
            ours: ours::encode_text, ours::TextMessage,
            plain: plain::Text,
            sbe: sbe::encode_text, sbe::decode_text,
            bincode: bincode::Text, borrowed: bincode::TextRef<'_>,
            rkyv: rkyv::Text, rkyv::encode_text, rkyv::decode_text,
            prost: prost::Text,
            encode goals: vec![Goal { against: COPIES, ratio: 1.25 }], decode goals: decode_goals(),
        ));
    }
    groups.extend(message!(
        "CounterUpdate", shapes::counter(), 16, copies: |_: &_, payload, out| copies::payload::<16>(payload, out),
        ours: ours::encode_counter, ours::CounterUpdate,
        plain: plain::Counter,
        sbe: sbe::encode_counter, sbe::decode_counter,
        bincode: bincode::Counter, borrowed: bincode::Counter,
        rkyv: rkyv::Counter, rkyv::encode_counter, rkyv::decode_counter,
        prost: prost::Counter,
        encode goals: vec![], decode goals: decode_goals(),
    ));
    groups.extend(message!(
        "BatchOperation", shapes::batch(), 224, copies: |_: &_, payload, out| copies::payload::<224>(payload, out),
        ours: ours::encode_batch, ours::BatchOperation,
        plain: plain::Batch,
        sbe: sbe::encode_batch, sbe::decode_batch,
        bincode: bincode::Batch, borrowed: bincode::Batch,
        rkyv: rkyv::Batch, rkyv::encode_batch, rkyv::decode_batch,
        prost: prost::Batch,
        encode goals: vec![], decode goals: decode_goals(),
    ));
    groups.extend(message!(
        "NewOrder", shapes::order(), 128, copies: |_: &_, payload, out| copies::payload::<128>(payload, out),
        ours: ours::encode_order, ours::NewOrder,
        plain: plain::Order,
        sbe: sbe::encode_order, sbe::decode_order,
        bincode: bincode::Order, borrowed: bincode::Order,
        rkyv: rkyv::Order, rkyv::encode_order, rkyv::decode_order,
        prost: prost::Order,
        encode goals: vec![], decode goals: decode_goals(),
    ));
    groups
}
