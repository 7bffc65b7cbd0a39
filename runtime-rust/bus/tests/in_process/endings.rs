//! How things end: the bus, subscribers, publishers.

use mycelium_bus::{BusError, CloseReason, MessageBus, PublishError, TryRecvError};

use crate::fixtures::{Polled, assert_whole, update, values};
use crate::messages::CounterUpdate;

#[tokio::test]
async fn closing_ends_every_stream_after_what_is_queued() {
    let bus = MessageBus::new();
    let (mut typed, mut tap) = (bus.subscriber::<CounterUpdate>().unwrap(), bus.tap().unwrap());
    let mut idle = bus.subscribe_topic("vault").unwrap();
    let mut waiting = Polled::new(idle.recv());
    waiting.assert_pending();
    let mut publisher = bus.publisher::<CounterUpdate>().unwrap();
    for value in 0..3 {
        publisher.publish(&update(1, value)).await.unwrap();
    }
    assert!(!bus.is_closed());
    bus.close();
    bus.close();
    assert!(bus.is_closed());
    assert_eq!(waiting.wakes(), 1);
    assert!(waiting.assert_ready().is_none());
    assert_eq!(values(&mut typed), [0, 1, 2]);
    assert_eq!(typed.try_recv(), Err(TryRecvError::Closed(CloseReason::BusClosed)));
    for _ in 0..3 {
        assert!(tap.recv().await.is_some());
    }
    assert!(tap.recv().await.is_none());

    assert_eq!(publisher.publish(&update(1, 9)).await, Err(PublishError::Closed));
    assert_eq!(publisher.try_publish(&update(1, 9)), Err(PublishError::Closed));
    assert_eq!(bus.publisher::<CounterUpdate>().unwrap_err(), BusError::Closed);
    assert_eq!(bus.subscriber::<CounterUpdate>().unwrap_err(), BusError::Closed);
    assert_eq!(bus.tap().unwrap_err(), BusError::Closed);
    assert_eq!(bus.stats().types[0].published, 3);
}

#[tokio::test]
async fn a_subscription_can_be_closed_and_drained() {
    let bus = MessageBus::new();
    let mut tap = bus.tap().unwrap();
    let mut publisher = bus.publisher::<CounterUpdate>().unwrap();
    publisher.publish(&update(1, 1)).await.unwrap();
    tap.close();
    publisher.publish(&update(1, 2)).await.unwrap();
    assert_eq!(publisher.subscribers(), 0);
    assert!(tap.recv().await.is_some());
    assert!(tap.recv().await.is_none());
    assert_eq!(tap.close_reason(), Some(CloseReason::Unsubscribed));
    assert_whole(tap.counters());
}

// Publishers keep a view of the subscribers: a subscriber that is gone must not stay in it with what it had queued.
#[tokio::test]
async fn a_dropped_subscriber_leaves_nothing_behind() {
    let bus = MessageBus::new();
    let mut publisher = bus.publisher::<CounterUpdate>().unwrap();
    let subscriber = bus.subscriber::<CounterUpdate>().unwrap();
    publisher.publish(&update(1, 1)).await.unwrap();
    drop(subscriber);
    let mut next = bus.subscriber::<CounterUpdate>().unwrap();
    publisher.publish(&update(1, 2)).await.unwrap();
    assert_eq!(values(&mut next), [2]);
    drop(publisher);
    let stats = bus.stats();
    assert_eq!((stats.types[0].published, stats.subscriptions.len()), (2, 1));
}
