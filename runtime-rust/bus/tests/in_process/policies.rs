//! What each policy keeps and drops, to the frame.

use mycelium_bus::{CloseReason, MessageBus, OverflowPolicy, Subscriber, SubscriberConfig, Take, TryRecvError};

use crate::fixtures::{assert_whole, run_of_updates, text, update, values};
use crate::messages::{CounterUpdate, TextMessage};

/// The size of a frame with an update.
const FRAME: usize = 22;

fn subscriber(bus: &MessageBus, policy: OverflowPolicy, frames: usize, bytes: usize) -> Subscriber<CounterUpdate> {
    bus.subscriber_with(SubscriberConfig::named("s").policy(policy).frames(frames).bytes(bytes)).unwrap()
}

// Both limits, each policy, runs of every length that matter: what is kept, and that the rest is counted.
#[tokio::test]
async fn what_is_kept_and_what_is_counted() {
    use OverflowPolicy::{Disconnect, DropNewest, DropOldest};
    let many = 1 << 20;
    let oldest: &[i32] = &[7, 8, 9];
    let newest: &[i32] = &[0, 1, 2];
    for (frames, bytes) in [(3, many), (100, 3 * FRAME), (100, 4 * FRAME - 1)] {
        for (policy, kept, offered) in [(DropOldest, oldest, 10), (DropNewest, newest, 10), (Disconnect, newest, 4)] {
            let bus = MessageBus::new();
            let mut subscriber = subscriber(&bus, policy, frames, bytes);
            let mut publisher = bus.publisher::<CounterUpdate>().unwrap();
            for value in 0..10 {
                publisher.try_publish(&update(1, value)).unwrap();
            }
            let counters = subscriber.counters();
            assert_whole(counters);
            assert_eq!((counters.offered, counters.queued, counters.most_queued), (offered, 3, 3), "{policy} {bytes}");
            assert_eq!(counters.dropped, offered - 3);
            assert_eq!(bus.stats().dropped, offered - 3);
            assert_eq!(values(&mut subscriber), kept, "{policy}");
            drop(subscriber);
            assert_eq!(bus.stats().dropped, offered - 3, "drops of a subscriber that is gone");
        }
    }
}

// A socket reader gives frames by the run: a run that does not fit is cut at the frame.
#[tokio::test]
async fn runs_are_cut_where_the_room_ends() {
    use OverflowPolicy::{Disconnect, DropNewest, DropOldest};
    for (policy, kept) in [(DropOldest, [7, 8, 9]), (DropNewest, [0, 1, 2]), (Disconnect, [0, 1, 2])] {
        for pieces in [&[10][..], &[1, 9], &[2, 8], &[3, 7], &[4, 6], &[5, 5], &[2, 2, 2, 4]] {
            for (frames, bytes) in [(3, 1 << 20), (100, 3 * FRAME)] {
                let bus = MessageBus::new();
                let mut subscriber = subscriber(&bus, policy, frames, bytes);
                let mut ingress = bus.ingress(Default::default());
                let mut next = 0;
                for piece in pieces {
                    ingress.push(run_of_updates(next..next + piece)).unwrap();
                    ingress.flush().await.unwrap();
                    next += piece;
                }
                let counters = subscriber.counters();
                assert_whole(counters);
                assert_eq!(counters.dropped, counters.offered - 3);
                if policy != Disconnect {
                    assert_eq!(counters.offered, 10);
                }
                assert_eq!(values(&mut subscriber), kept, "{policy} {pieces:?}");
            }
        }
    }
}

#[tokio::test]
async fn disconnect_ends_the_stream_after_what_is_queued() {
    let bus = MessageBus::new();
    let mut subscriber = subscriber(&bus, OverflowPolicy::Disconnect, 2, 1 << 20);
    let mut other = bus.subscriber::<CounterUpdate>().unwrap();
    let mut publisher = bus.publisher::<CounterUpdate>().unwrap();
    for value in 0..5 {
        publisher.publish(&update(1, value)).await.unwrap();
    }
    assert_eq!(subscriber.close_reason(), Some(CloseReason::Overflow));
    assert_eq!(subscriber.recv().await.unwrap().value(), 0);
    assert_eq!(subscriber.recv().await.unwrap().value(), 1);
    assert!(subscriber.recv().await.is_none());
    assert_eq!(subscriber.try_recv(), Err(TryRecvError::Closed(CloseReason::Overflow)));
    // Nobody else is touched.
    assert_eq!(values(&mut other), [0, 1, 2, 3, 4]);
}

// A frame over the byte limit could never pass otherwise.
#[tokio::test]
async fn an_empty_queue_takes_one_frame_of_any_size() {
    use OverflowPolicy::{Block, Disconnect, DropNewest, DropOldest};
    for policy in [Block, DropOldest, DropNewest, Disconnect] {
        let bus = MessageBus::new();
        let config = SubscriberConfig::default().policy(policy).bytes(10);
        let mut subscriber = bus.subscriber_with::<TextMessage>(config).unwrap();
        let mut publisher = bus.publisher::<TextMessage>().unwrap();
        publisher.try_publish(&text("first")).unwrap();
        let second = publisher.try_publish(&text("second"));
        assert_eq!(second.is_err(), policy == Block);
        let kept = if policy == DropOldest { "second" } else { "first" };
        assert_eq!(subscriber.try_recv().unwrap().content(), kept);
        assert_whole(subscriber.counters());
    }
}

#[tokio::test]
async fn limits_of_nothing_are_limits_of_one_frame() {
    let bus = MessageBus::new();
    let mut subscriber = subscriber(&bus, OverflowPolicy::DropOldest, 0, 0);
    let mut publisher = bus.publisher::<CounterUpdate>().unwrap();
    for value in 0..3 {
        publisher.try_publish(&update(1, value)).unwrap();
    }
    assert_eq!(values(&mut subscriber), [2]);
}

// What a socket writer takes at once is bounded, and at least one run.
#[tokio::test]
async fn runs_are_taken_up_to_a_limit() {
    let bus = MessageBus::new();
    let mut tap = bus.tap_with(SubscriberConfig::named("tap").frames(100)).unwrap();
    let mut ingress = bus.ingress(Default::default());
    bus.register(mycelium_bus::TypeEntry::of::<CounterUpdate>()).unwrap();
    for _ in 0..5 {
        ingress.push(run_of_updates(0..10)).unwrap();
    }
    ingress.flush().await.unwrap();
    let mut out = Vec::new();
    let all = Take { runs: 100, bytes: 1 << 20 };
    assert_eq!(tap.recv_runs(&mut out, Take { runs: 2, ..all }).await, 20);
    assert_eq!(tap.recv_runs(&mut out, Take { bytes: 1, ..all }).await, 10);
    assert_eq!(tap.try_recv_runs(&mut out, Take { bytes: 10 * FRAME + 1, ..all }), Ok(20));
    assert_eq!(tap.try_recv_runs(&mut out, all), Err(TryRecvError::Empty));
    assert_eq!(out.iter().map(|run| run.count()).collect::<Vec<_>>(), [10; 5]);
    let counters = tap.counters();
    assert_eq!((counters.received, counters.queued_bytes), (50, 0));
    bus.close();
    assert_eq!(tap.recv_runs(&mut out, all).await, 0);
}
