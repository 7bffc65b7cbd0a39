//! Sessions with bytes changed, cut and repeated, in pieces of any size: whatever comes, a connection makes progress, ends
//! once, and holds no more than it may.

use std::sync::Arc;
use std::time::{Duration, Instant};

use mycelium_wire::core_messages::*;
use proptest::prelude::*;

use super::tests::{core, data, hello, settings, subscribe};
use super::*;

fn pieces() -> Vec<Vec<u8>> {
    vec![
        hello(7, 0),
        hello(8, 1),
        mycelium_wire::handshake::client_v1(&[7; 32]).to_vec(),
        core::<SchemaSummary>(SchemaSummaryArgs { entries: &[], last: true }),
        subscribe(&[100, 102], 1),
        core::<Unsubscribe>(UnsubscribeArgs { all: true, type_ids: &[], request: 2 }),
        core::<Pong>(PongArgs { nonce: 1 }),
        data(100, 4),
        data(102, 0),
        data(99, 3),
        core::<Goodbye>(GoodbyeArgs { reason: GoodbyeReason::ClientDone, detail: "bye" }),
    ]
}

#[derive(Clone, Debug)]
enum Event {
    Bytes(usize),
    Second,
    Dropped,
    Drained,
    Flushed,
    Take,
    Close,
    End,
    Broken,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        20 => (1usize..700).prop_map(Event::Bytes),
        3 => Just(Event::Second),
        2 => Just(Event::Dropped),
        2 => Just(Event::Drained),
        2 => Just(Event::Flushed),
        6 => Just(Event::Take),
        1 => Just(Event::Close),
        1 => Just(Event::End),
        1 => Just(Event::Broken),
    ]
}

proptest! {
    #[test]
    fn whatever_comes(
        first in 0usize..3,
        chosen in prop::collection::vec(0usize..11, 0..12),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..3),
        events in prop::collection::vec(event(), 0..60),
    ) {
        let all = pieces();
        let mut stream = all[first].clone();
        chosen.iter().for_each(|index| stream.extend(&all[*index]));
        for (index, byte) in changes {
            let at = index.index(stream.len());
            stream[at] = byte;
        }
        let mut now = Instant::now();
        let mut connection = Connection::new(Arc::new(settings()), 1, now);
        let (mut at, mut pending, mut dropped, mut out) = (0, Vec::new(), 0, Vec::new());
        let mut ending = None;
        for event in events {
            let before = connection.phase();
            match event {
                Event::Bytes(count) => {
                    let end = stream.len().min(at + count);
                    pending.extend_from_slice(&stream[at..end]);
                    at = end;
                    loop {
                        let (used, step) = connection.read(|| now, &pending);
                        prop_assert!(used <= pending.len());
                        match step {
                            Step::Incomplete { needed } => {
                                prop_assert!(needed > 0);
                                break;
                            }
                            Step::Opening(_) => connection.admit(now, Ok(())),
                            Step::Subscriptions { request } => connection.subscribed(request),
                            Step::Data(frames) | Step::Unshared(frames) => {
                                prop_assert!(connection.phase() >= Phase::Open && frames.type_id >= 100);
                                prop_assert_eq!(frames.pieces(8).map(<[u8]>::len).sum::<usize>(), used);
                            }
                            Step::Negotiated | Step::Handled | Step::Discarded => {}
                        }
                        prop_assert!(used > 0);
                        pending.drain(..used);
                    }
                }
                Event::Second => {
                    now += Duration::from_secs(1);
                    connection.handle_timeout(now, || true);
                    prop_assert!(connection.deadline().is_none_or(|deadline| deadline > now));
                }
                Event::Dropped => {
                    dropped += 1;
                    connection.dropped(dropped);
                }
                Event::Drained => connection.drained(),
                Event::Flushed => connection.flushed(),
                Event::Take => {
                    out.clear();
                    connection.take_output(&mut out);
                    prop_assert!(out.is_empty() || connection.speaks_v2());
                }
                Event::Close => connection.close(now, GoodbyeReason::Shutdown, "enough"),
                Event::End => connection.end_of_input(now),
                Event::Broken => connection.broken(now),
            }
            // Nothing goes back, and why it ends is decided once.
            prop_assert!(connection.phase() >= before);
            prop_assert_eq!(connection.phase() > Phase::Open, connection.ending().is_some());
            if ending.is_some() {
                prop_assert_eq!(connection.ending(), ending.as_ref());
            }
            ending = connection.ending().cloned();
        }
        // Whatever state it is in, time alone ends what has begun to end.
        if connection.phase() > Phase::Open {
            connection.handle_timeout(now + Duration::from_secs(60), || true);
            prop_assert_eq!(connection.phase(), Phase::Closed);
        }
    }
}
