//! Floors that skip a check, or write other bytes, would be no floors: the hand-written structs and sbe_gen with added
//! checks have to accept and refuse what the generated code does, and with the same words.

use mycelium_bench::checks::Fault;
use mycelium_bench::{ours, plain, sbe, shapes};
use mycelium_wire::DecodeError;

/// Why it was refused: code and path.
type Decoder = fn(&[u8]) -> Option<(String, String)>;

type Floor<'a> = dyn Fn(&mut [u8]) -> Result<usize, Fault> + 'a;

fn of_ours<T>(result: Result<T, DecodeError>) -> Option<(String, String)> {
    result.err().map(|error| (error.code().to_string(), error.path().to_owned()))
}

fn of_floor<T>(result: Result<T, Fault>) -> Option<(String, String)> {
    result.err().map(|Fault { code, path }| (code.to_owned(), path.to_owned()))
}

/// Every byte of the payload set to values at which rules change, alone and in pairs, and every length near its own.
fn mutations(payload: &[u8]) -> Vec<Vec<u8>> {
    let values = [0, 1, 2, 3, 4, 18, 19, 0x7f, 0x80, 0xc3, 0xed, 0xee, 0xff];
    let mut all = vec![payload.to_vec(), payload[1..].to_vec(), [payload, &[0]].concat(), vec![]];
    for at in 0..payload.len() {
        for value in values {
            let mut one = payload.to_vec();
            one[at] = value;
            let mut two = one.clone();
            two[(at * 7 + usize::from(value)) % payload.len()] = value ^ 0x55;
            all.extend([one, two]);
        }
    }
    all
}

fn agree(name: &str, payload: &[u8], ours: Decoder, floors: [Decoder; 2]) {
    assert_eq!(ours(payload), None, "{name}");
    let mut refused = 0;
    for bytes in mutations(payload) {
        let verdict = ours(&bytes);
        refused += usize::from(verdict.is_some());
        for floor in floors {
            assert_eq!(floor(&bytes), verdict, "{name}: {bytes:02x?}");
        }
    }
    assert!(refused > 2, "{name}: the mutations refuse nothing");
}

/// The payload, which every way to write it has to agree on.
fn payload<const N: usize, E: std::fmt::Debug>(
    ours: impl Fn(&mut [u8]) -> Result<usize, E>,
    floors: [&Floor<'_>; 2],
) -> [u8; N] {
    let mut payload = [0xaa; N];
    assert_eq!(ours(&mut payload).expect("a valid value"), N);
    for floor in floors {
        let mut bytes = [0x55; N];
        assert_eq!(floor(&mut bytes), Ok(N));
        assert_eq!(bytes, payload);
    }
    payload
}

#[test]
fn text_messages() {
    for (case, text) in shapes::texts() {
        let payload = payload::<312, _>(
            |out| ours::encode_text(&text, out),
            [&|out| plain::Text::encode(&text, out), &|out| sbe::encode_text(&text, out)],
        );
        agree(
            case,
            &payload,
            |bytes| of_ours(ours::TextMessage::decode(bytes)),
            [|bytes| of_floor(plain::Text::decode(bytes)), |bytes| of_floor(sbe::decode_text(bytes))],
        );
    }
}

#[test]
fn counter_updates() {
    let counter = shapes::counter();
    let payload = payload::<16, _>(
        |out| ours::encode_counter(&counter, out),
        [&|out| plain::Counter::encode(&counter, out), &|out| sbe::encode_counter(&counter, out)],
    );
    agree(
        "CounterUpdate",
        &payload,
        |bytes| of_ours(ours::CounterUpdate::decode(bytes)),
        [|bytes| of_floor(plain::Counter::decode(bytes)), |bytes| of_floor(sbe::decode_counter(bytes))],
    );
}

#[test]
fn batch_operations() {
    let batch = shapes::batch();
    let payload = payload::<224, _>(
        |out| ours::encode_batch(&batch, out),
        [&|out| plain::Batch::encode(&batch, out), &|out| sbe::encode_batch(&batch, out)],
    );
    agree(
        "BatchOperation",
        &payload,
        |bytes| of_ours(ours::BatchOperation::decode(bytes)),
        [|bytes| of_floor(plain::Batch::decode(bytes)), |bytes| of_floor(sbe::decode_batch(bytes))],
    );
}

#[test]
fn new_orders() {
    let full = shapes::order();
    let market = shapes::Order { limit: None, notional_wei: None, tags: vec![], ..full.clone() };
    for order in [full, market] {
        let payload = payload::<128, _>(
            |out| ours::encode_order(&order, out),
            [&|out| plain::Order::encode(&order, out), &|out| sbe::encode_order(&order, out)],
        );
        agree(
            "NewOrder",
            &payload,
            |bytes| of_ours(ours::NewOrder::decode(bytes)),
            [|bytes| of_floor(plain::Order::decode(bytes)), |bytes| of_floor(sbe::decode_order(bytes))],
        );
    }
}
