//! What clients ask for: followed exactly, and at no more cost to others than what they ask.

use std::collections::BTreeSet;
use std::future::poll_fn;
use std::io::{Read as _, Write as _};
use std::task::Poll;

use mycelium_bus::{MessageBus, Registry, SubscriberConfig, UnknownTypes};
use mycelium_wire::core_messages::*;

use crate::messages::{AnyMessage, CounterUpdate, SCHEMA_DIGEST};
use crate::peer::{Folder, Peer, Place, config, core, hello, place, soon, update};
use crate::raw::framed;

/// The same numbers below `limit` in every run.
fn numbers() -> impl FnMut(u64) -> u64 {
    let mut state: u64 = 7;
    move |limit| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % limit
    }
}

fn unknown(type_id: u16) -> Vec<u8> {
    [&type_id.to_le_bytes()[..], &[1, 0, 0, 0, 9]].concat()
}

/// Sends one frame of each type from a connection of its own, and gives the types that the first client receives.
async fn received(place: &Place, peer: &mut Peer, types: &[u16]) -> BTreeSet<u16> {
    let mut sender = place.client().await;
    let written = |place: &Place| place.endpoint.clients().remove(0).1;
    let before = written(place).offered;
    sender.send(&types.iter().flat_map(|type_id| unknown(*type_id)).collect::<Vec<_>>()).await;
    // The answer says that the frames before it are with everybody who gets them.
    sender.subscribe(&[]).await;
    let mut found = BTreeSet::new();
    for _ in before..written(place).offered {
        assert!(found.insert(peer.frame().await.unwrap().0));
    }
    found
}

// Requests change what they name, and nothing else: whatever came before them, everything follows the last word on it.
#[tokio::test]
async fn what_was_asked_for_last_holds() {
    let types: Vec<u16> = (200..212).collect();
    let place = place(config().unknown_types(UnknownTypes::Forward)).await;
    let known = AnyMessage::MESSAGES.len();
    let mut peer = place.client().await;
    let (mut number, mut all, mut listed) = (numbers(), false, BTreeSet::new());
    for round in 0..60 {
        let (wants, everything) = (number(2) == 0, number(6) == 0);
        let mut ids: Vec<u16> = types.iter().copied().filter(|_| number(3) == 0).collect();
        ids.push(1002);
        let type_ids = &ids[..];
        let request = round;
        peer.send(&match wants {
            true => core::<Subscribe>(SubscribeArgs { all: everything, type_ids, request }),
            false => core::<Unsubscribe>(UnsubscribeArgs { all: everything, type_ids, request }),
        })
        .await;
        if everything {
            (all, listed) = (wants, BTreeSet::new());
        } else if wants != all {
            listed.extend(ids);
        } else {
            listed.retain(|type_id| !ids.contains(type_id));
        }
        let answer = peer.expect::<Subscribed>().await;
        let counted = if all { known - usize::from(listed.contains(&1002)) } else { listed.len() };
        assert_eq!((answer.request(), answer.types() as usize), (request, counted), "round {round}");
        let expected: BTreeSet<u16> = types.iter().copied().filter(|id| all != listed.contains(id)).collect();
        assert_eq!(received(&place, &mut peer, &types).await, expected, "round {round}");
    }
}

// Each request costs the bus something, and one read may have hundreds: others must not wait until all are done.
#[tokio::test]
async fn a_flood_of_requests_leaves_others_their_turn() {
    const REQUESTS: usize = 100;
    const ANSWER: usize = 6 + Subscribed::SIZE;
    let place = place(config()).await;
    let socket = std::os::unix::net::UnixStream::connect(&place.path).unwrap();
    let ids: Vec<u16> = (1000..1256).collect();
    let request = core::<Subscribe>(SubscribeArgs { all: false, type_ids: &ids, request: 1 });
    (&socket).write_all(&[hello(SCHEMA_DIGEST, 0), request.repeat(REQUESTS)].concat()).unwrap();
    socket.set_nonblocking(true).unwrap();
    // Of two tasks on one thread each has its turn after the other's.
    let turns = tokio::spawn(async move {
        let (mut turns, mut left) = (0, 6 + Welcome::SIZE + REQUESTS * ANSWER);
        while left > 0 {
            let mut yielded = false;
            poll_fn(|context| match std::mem::replace(&mut yielded, true) {
                true => Poll::Ready(()),
                false => {
                    context.waker().wake_by_ref();
                    Poll::Pending
                }
            })
            .await;
            if let Ok(read) = (&socket).read(&mut [0; 1 << 16]) {
                turns += 1;
                left -= read;
            }
        }
        turns
    });
    let turns = soon(turns).await.unwrap();
    assert!(turns >= REQUESTS / 10, "{turns} turns for {REQUESTS} requests");
}

// Peers can send 65,436 types that nobody knows. What they leave behind is a number.
#[tokio::test]
async fn types_that_nobody_knows_are_forgotten_with_their_client() {
    let place = place(config().unknown_types(UnknownTypes::Forward)).await;
    let mut publisher = place.bus.publisher::<CounterUpdate>().unwrap();
    let mut tap = place.bus.subscribe_types(&[60_000], SubscriberConfig::named("late")).unwrap();
    let mut peer = place.client().await;
    let count = 5_000;
    for type_id in 2000..2000 + count {
        peer.send(&unknown(type_id)).await;
    }
    peer.send(&framed(&update(1))).await;
    peer.subscribe(&[]).await;
    let stats = place.bus.stats();
    assert!(stats.types.len() <= 1100, "{} types", stats.types.len());
    let unknown_live: u64 = stats.types.iter().filter(|stats| stats.name.is_none()).map(|stats| stats.published).sum();
    assert_eq!(unknown_live + stats.published_before, u64::from(count));
    // One that was let go of works as it did.
    peer.send(&unknown(60_000)).await;
    assert_eq!(soon(tap.recv()).await.unwrap().type_id(), 60_000);
    publisher.publish(&update(2)).await.unwrap();

    drop(peer);
    soon(place.endpoint.wait_until(|stats| stats.active == 0)).await;
    let stats = place.bus.stats();
    let types: Vec<_> = stats.types.iter().map(|stats| (stats.type_id, stats.published)).collect();
    assert_eq!((types, stats.published_before), (vec![(1002, 2)], u64::from(count) + 1));
    let mut next = place.client().await;
    next.send(&unknown(60_000)).await;
    assert_eq!(soon(tap.recv()).await.unwrap().type_id(), 60_000);
}

// A source that knows a type by name is believed, though the rest of the program does not know it.
#[tokio::test]
async fn types_that_an_endpoint_alone_knows_have_its_names() {
    let (bus, folder) = (MessageBus::new(), Folder::new());
    let registry = Registry::new().with_messages::<AnyMessage>().unwrap();
    let endpoint = config().registry(registry).bind_unix(&bus, folder.socket()).await.unwrap();
    let mut peer = Peer::unix(&folder.socket()).await;
    peer.hello(&hello(SCHEMA_DIGEST, 0)).await;
    peer.send(&framed(&update(1))).await;
    drop(peer);
    soon(endpoint.wait_until(|stats| stats.active == 0 && stats.frames_in == 1)).await;
    let types: Vec<_> = bus.stats().types.into_iter().map(|stats| (stats.name, stats.published)).collect();
    assert_eq!(types, [(Some("CounterUpdate".into()), 1)]);
}
