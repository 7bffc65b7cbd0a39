//! Many messages: nothing is lost, doubled or out of order where it must not be, and everything is counted.

use std::time::Duration;

use mycelium_bus::{OverflowPolicy, QueueLimits, UnknownTypes};
use mycelium_wire::core_messages::*;
use mycelium_wire::frame::{Header, MAX_PAYLOAD};
use mycelium_wire::handshake;
use tokio::io::AsyncWriteExt;
use tokio::task::JoinSet;

use crate::messages::{CounterUpdate, CounterUpdateArgs, SCHEMA_DIGEST};
use crate::peer::{config, core, place, soon, update};
use crate::raw::framed;

fn numbered(counter_id: u64, value: i32) -> CounterUpdate {
    CounterUpdate::new(CounterUpdateArgs { counter_id, value, delta: 0 }).unwrap()
}

// Backpressure from every client to every publisher, through small queues.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_block_a_hundred_clients_get_everything_in_order() {
    const CLIENTS: usize = 100;
    const EACH: i32 = 300;
    let limits = QueueLimits { frames: 16, bytes: 1 << 16 };
    let place = place(config().policy(OverflowPolicy::Block).queue_limits(limits)).await;
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        let mut peer = place.listener().await;
        clients.spawn(async move {
            let mut next = [0; 3];
            while next != [EACH; 3] {
                let update = peer.expect::<CounterUpdate>().await;
                let publisher = update.counter_id() as usize;
                assert_eq!(update.value(), next[publisher]);
                next[publisher] += 1;
            }
            peer
        });
    }
    let mut publishers = JoinSet::new();
    for id in 0..2 {
        let mut publisher = place.bus.publisher::<CounterUpdate>().unwrap();
        publishers.spawn(async move {
            for value in 0..EACH {
                publisher.publish(&numbered(id, value)).await.unwrap();
            }
        });
    }
    // The third publisher is a client itself.
    let mut sender = place.client().await;
    for value in 0..EACH {
        sender.send(&framed(&numbered(2, value))).await;
    }
    soon(publishers.join_all()).await;
    let peers = soon(clients.join_all()).await;
    for (info, stats) in place.endpoint.clients() {
        let expected = if info.connection.0 as usize <= CLIENTS { 3 * EACH as u64 } else { 0 };
        assert_eq!((stats.offered, stats.dropped, stats.lost), (expected, 0, 0));
    }
    drop((peers, sender));
    let stats = soon(place.endpoint.wait_until(|stats| stats.active == 0)).await;
    assert_eq!((stats.outgoing.written, stats.frames_in), ((CLIENTS as i32 * 3 * EACH) as u64, EACH as u64));
}

// For each client, what it got and what the bridge says to have dropped is what was published.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_the_dropping_policies_written_and_dropped_is_published() {
    const EACH: i32 = 3000;
    for policy in [OverflowPolicy::DropOldest, OverflowPolicy::DropNewest] {
        let place = place(config().policy(policy).queue_limits(QueueLimits { frames: 8, bytes: 1 << 16 })).await;
        let mut clients = JoinSet::new();
        for _ in 0..20 {
            let mut peer = place.listener().await;
            clients.spawn(async move {
                let (mut got, mut dropped, mut last) = (0, 0, -1);
                while let Some((type_id, payload)) = peer.frame().await {
                    match type_id {
                        CounterUpdate::TYPE_ID => {
                            let value = CounterUpdate::decode(&payload).unwrap().value();
                            assert!(value > last, "{value} after {last}");
                            (got, last) = (got + 1, value);
                        }
                        Dropped::TYPE_ID => {
                            let total = mycelium_wire::core_messages::Dropped::decode(&payload).unwrap().total();
                            assert!(total > dropped, "told twice");
                            dropped = total;
                        }
                        _ => assert_eq!(type_id, Goodbye::TYPE_ID),
                    }
                }
                (got, dropped)
            });
        }
        let mut publisher = place.bus.publisher::<CounterUpdate>().unwrap();
        for value in 0..EACH {
            publisher.publish(&numbered(0, value)).await.unwrap();
        }
        let (_, told) = soon(async { tokio::join!(place.endpoint.shutdown(), clients.join_all()) }).await;
        assert!(told.iter().any(|(_, dropped)| *dropped > 0));
        for (got, dropped) in &told {
            assert_eq!(got + dropped, EACH as u64, "{policy}");
        }
        let outgoing = place.endpoint.stats().outgoing;
        assert_eq!(outgoing.offered, 20 * EACH as u64);
        assert_eq!(outgoing.written, told.iter().map(|(got, _)| got).sum::<u64>());
        assert_eq!((outgoing.queued, outgoing.lost), (0, 0));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shutdown_while_everything_is_busy_leaves_nothing_uncounted() {
    for policy in [OverflowPolicy::Block, OverflowPolicy::DropOldest, OverflowPolicy::Disconnect] {
        let config = config().policy(policy).drain_limit(Duration::from_millis(200));
        let place = place(config.queue_limits(QueueLimits { frames: 32, bytes: 1 << 16 })).await;
        let mut subscriber = place.bus.subscriber::<CounterUpdate>().unwrap();
        let receives = tokio::spawn(async move {
            let mut received = 0;
            while subscriber.recv().await.is_some() {
                received += 1;
            }
            received
        });
        let mut clients = JoinSet::new();
        for id in 0..10 {
            let mut peer = place.listener().await;
            let deaf = id % 3 == 0;
            clients.spawn(async move {
                let batch: Vec<u8> = (0..50).flat_map(|value| framed(&numbered(id, value))).collect();
                loop {
                    if !deaf {
                        peer.frame().await;
                    }
                    if peer.socket.write_all(&batch).await.is_err() {
                        return;
                    }
                }
            });
        }
        let mut publisher = place.bus.publisher::<CounterUpdate>().unwrap();
        let publishes = tokio::spawn(async move { while publisher.publish(&numbered(77, 0)).await.is_ok() {} });
        // Until it is in full swing.
        while place.endpoint.stats().frames_in < 10_000 && place.endpoint.stats().sent_away.is_empty() {
            tokio::task::yield_now().await;
        }
        soon(place.endpoint.shutdown()).await;
        place.bus.close();
        soon(publishes).await.unwrap();
        soon(clients.join_all()).await;
        let received = soon(receives).await.unwrap();
        let stats = place.endpoint.stats();
        let outgoing = stats.outgoing;
        assert_eq!((stats.active, stats.opening, outgoing.queued), (0, 0, 0));
        assert_eq!(outgoing.offered, outgoing.written + outgoing.dropped + outgoing.lost, "{policy}");
        assert!(stats.rejected.is_empty());
        // What came in and was right has reached the subscriber in the process, as long as there was a bus.
        let published: u64 = place.bus.stats().types.iter().map(|of| of.published).sum();
        assert!(received <= published && published >= stats.frames_in - stats.undelivered, "{received} {stats:?}");
    }
}

// Frames of any size up to the limit, in pieces of any size, both ways.
// More than a socket takes at once is still to be written when the endpoint shuts down: the goodbye is behind all of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn goodbye_does_not_overtake_what_is_still_to_be_written() {
    const MESSAGES: i32 = 100_000;
    let limits = QueueLimits { frames: MESSAGES as usize, bytes: 1 << 26 };
    let place = place(config().policy(OverflowPolicy::Block).queue_limits(limits)).await;
    let mut peer = place.listener().await;
    let mut publisher = place.bus.publisher::<CounterUpdate>().unwrap();
    for value in 0..MESSAGES {
        soon(publisher.publish(&numbered(1, value))).await.unwrap();
    }
    let read = async move {
        for value in 0..MESSAGES {
            assert_eq!(peer.expect::<CounterUpdate>().await.value(), value);
        }
        peer.expect_goodbye().await
    };
    let (goodbye, ()) = tokio::join!(read, soon(place.endpoint.shutdown()));
    assert_eq!(goodbye.reason(), GoodbyeReason::Shutdown);
    let outgoing = place.endpoint.stats().outgoing;
    assert_eq!((outgoing.written, outgoing.lost), (MESSAGES as u64, 0));
}

#[tokio::test]
async fn large_frames_pass() {
    let config = config().unknown_types(UnknownTypes::Forward).policy(OverflowPolicy::Block);
    let place = place(config).await;
    let (mut one, mut two) = (place.client().await, place.client().await);
    two.subscribe_all().await;
    for length in [0, 1, 4090, 4091, 65_536, 131_065, 131_072, 500_000, MAX_PAYLOAD as usize] {
        let payload: Vec<u8> = (0..length).map(|at| (at % 251) as u8).collect();
        let mut frame = Header::new(5000, length, MAX_PAYLOAD).unwrap().to_bytes().to_vec();
        frame.extend_from_slice(&payload);
        let small = framed(&update(length as u64));
        let send = async {
            one.send(&small).await;
            for piece in frame.chunks(length / 7 + 1) {
                one.send(piece).await;
            }
            one.send(&small).await;
        };
        let receive = async {
            assert_eq!(*two.expect::<CounterUpdate>().await, update(length as u64));
            let (type_id, found) = two.frame().await.unwrap();
            assert!((type_id, found.len()) == (5000, length) && found == payload);
            assert_eq!(*two.expect::<CounterUpdate>().await, update(length as u64));
        };
        tokio::join!(send, receive);
    }
    let stats = place.endpoint.stats();
    assert_eq!((stats.frames_in, stats.outgoing.written, stats.outgoing.lost), (27, 27, 0));
}

// Wherever the stream is cut, through a real socket too.
#[tokio::test]
async fn a_session_split_at_every_byte() {
    let place = place(config()).await;
    let mut subscriber = place.bus.subscriber::<CounterUpdate>().unwrap();
    let session = [
        crate::peer::hello(SCHEMA_DIGEST, 0),
        core::<Pong>(PongArgs { nonce: 1 }),
        framed(&update(1)),
        framed(&update(2)),
        core::<Goodbye>(GoodbyeArgs { reason: GoodbyeReason::ClientDone, detail: "" }),
    ]
    .concat();
    for cut in (0..session.len()).step_by(3) {
        let mut peer = place.peer().await;
        peer.send(&session[..cut]).await;
        tokio::task::yield_now().await;
        peer.send(&session[cut..]).await;
        peer.socket.shutdown().await.unwrap();
        peer.expect::<Welcome>().await;
        peer.expect_end().await;
        assert_eq!(soon(subscriber.recv()).await.unwrap(), update(1));
        assert_eq!(soon(subscriber.recv()).await.unwrap(), update(2));
    }
}

// Nothing that was published before a subscription is sent, and everything after it, whatever else is published.
#[tokio::test]
async fn subscriptions_begin_and_end_where_they_say() {
    let place = place(config()).await;
    let mut publisher = place.bus.publisher::<CounterUpdate>().unwrap();
    let mut peer = place.client().await;
    publisher.publish(&update(1)).await.unwrap();
    assert_eq!(peer.subscribe(&[CounterUpdate::TYPE_ID]).await, 1);
    publisher.publish(&update(2)).await.unwrap();
    assert_eq!(*peer.expect::<CounterUpdate>().await, update(2));
    peer.send(&core::<Unsubscribe>(UnsubscribeArgs { all: false, type_ids: &[CounterUpdate::TYPE_ID], request: 1 }))
        .await;
    assert_eq!(peer.expect::<Subscribed>().await.types(), 0);
    publisher.publish(&update(3)).await.unwrap();
    peer.subscribe_all().await;
    peer.send(&core::<Unsubscribe>(UnsubscribeArgs { all: false, type_ids: &[1001], request: 2 })).await;
    peer.expect::<Subscribed>().await;
    place.bus.publisher().unwrap().publish(&crate::peer::text("not wanted")).await.unwrap();
    publisher.publish(&update(4)).await.unwrap();
    assert_eq!(*peer.expect::<CounterUpdate>().await, update(4));
}

// What a client sends goes to everybody else, and not back.
#[tokio::test]
async fn nobody_hears_themselves() {
    let place = place(config()).await;
    let (mut one, mut two) = (place.listener().await, place.listener().await);
    let mut old = place.peer().await;
    old.send(&handshake::client_v1(&SCHEMA_DIGEST)).await;
    soon(place.endpoint.wait_until(|stats| stats.active == 3)).await;
    for (sender, id) in [(0, 10), (1, 11), (2, 12)] {
        let frame = framed(&update(id));
        match sender {
            0 => one.send(&frame).await,
            1 => two.send(&frame).await,
            _ => old.send(&frame).await,
        }
        if sender != 0 {
            assert_eq!(*one.expect::<CounterUpdate>().await, update(id));
        }
        if sender != 1 {
            assert_eq!(*two.expect::<CounterUpdate>().await, update(id));
        }
        if sender != 2 {
            assert_eq!(*old.expect::<CounterUpdate>().await, update(id));
        }
    }
    let stats = place.endpoint.stats();
    assert_eq!((stats.frames_in, stats.outgoing.offered), (3, 6));
}

// A bus that is closed takes nothing: what was read in that moment, and what still comes until the client has gone, is
// neither delivered nor forgotten.
#[tokio::test]
async fn frames_that_find_the_bus_closed_are_counted() {
    let place = place(config()).await;
    let mut peer = place.client().await;
    // On one thread: the endpoint reads the first after the bus was closed.
    peer.send(&framed(&update(1)).repeat(3)).await;
    place.bus.close();
    assert_eq!(peer.expect::<Goodbye>().await.reason(), GoodbyeReason::Shutdown);
    peer.send(&framed(&update(1)).repeat(4)).await;
    peer.socket.shutdown().await.unwrap();
    peer.expect_end().await;
    let stats = soon(place.endpoint.wait_until(|stats| stats.active == 0)).await;
    assert_eq!((stats.frames_in, stats.undelivered), (7, 7));
}
