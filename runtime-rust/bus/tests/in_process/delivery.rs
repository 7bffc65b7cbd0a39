//! Who gets what, in which order, and as what.

use std::pin::pin;

use futures_core::Stream;
use mycelium_bus::{Frame, MessageBus, PublishError, SubscriberConfig, TryRecvError};

use crate::fixtures::{Polled, assert_whole, text, update, values};
use crate::messages::{CounterUpdate, Marker, MarkerArgs, Snapshot, SnapshotArgs, TextMessage, TextMessageArgs};

#[tokio::test]
async fn every_subscriber_gets_every_message_in_order() {
    let bus = MessageBus::new();
    let mut subscribers: Vec<_> = (0..5).map(|_| bus.subscriber::<CounterUpdate>().unwrap()).collect();
    let (mut one, mut other) =
        (bus.publisher::<CounterUpdate>().unwrap(), bus.publisher_named::<CounterUpdate>("other").unwrap());
    assert_eq!((one.subscribers(), &**one.name(), &**other.name()), (5, "CounterUpdate", "other"));
    for value in 0..300 {
        one.publish(&update(1, value)).await.unwrap();
        other.publish(&update(2, value)).await.unwrap();
    }
    for subscriber in &mut subscribers {
        let mut next = [0, 0];
        for _ in 0..600 {
            let message = subscriber.recv().await.unwrap();
            let next = &mut next[message.counter_id() as usize - 1];
            assert_eq!(message.value(), *next);
            *next += 1;
        }
        assert_eq!(subscriber.try_recv(), Err(TryRecvError::Empty));
        assert_eq!((subscriber.counters().received, subscriber.rejected()), (600, 0));
        assert_whole(subscriber.counters());
    }
}

// A subscriber sees the publisher's very bytes: if each got a copy, fan-out to many would cost as much as encoding again.
#[tokio::test]
async fn all_subscribers_share_one_buffer() {
    let bus = MessageBus::new();
    let (mut typed, mut tap) = (bus.subscriber::<TextMessage>().unwrap(), bus.tap().unwrap());
    let mut publisher = bus.publisher::<TextMessage>().unwrap();
    publisher.publish(&text("shared")).await.unwrap();
    let (message, frame) = (typed.recv().await.unwrap(), tap.recv().await.unwrap());
    assert_eq!(message.frame_bytes().as_ptr(), frame.as_bytes().as_ptr());
    assert_eq!((message.content(), frame.type_id(), frame.payload().len()), ("shared", 1001, 312));
    assert_eq!(&frame.as_bytes()[..6], [0xe9, 3, 56, 1, 0, 0]);
    assert_eq!(frame.downcast::<TextMessage>().unwrap(), message);
}

#[tokio::test]
async fn messages_can_be_written_in_place_and_passed_on() {
    let bus = MessageBus::new();
    let mut subscriber = bus.subscriber::<TextMessage>().unwrap();
    let mut publisher = bus.publisher::<TextMessage>().unwrap();
    let args = TextMessageArgs { sender: "a", content: "b", timestamp: 3 };
    publisher.publish_new(&args).await.unwrap();
    publisher.try_publish_new(&args).unwrap();
    let (first, second) = (subscriber.recv().await.unwrap(), subscriber.recv().await.unwrap());
    assert_eq!((first.sender(), first.content(), first.timestamp()), ("a", "b", 3));
    assert_eq!(first, second);

    let error = publisher.publish_new(&TextMessageArgs { sender: "", ..args }).await.unwrap_err();
    let PublishError::Value(value) = error else { panic!("{error}") };
    assert_eq!((value.code().to_string(), value.path()), ("rule:not_empty".into(), "sender"));
    assert_eq!(subscriber.try_recv(), Err(TryRecvError::Empty));

    let address = first.frame_bytes().as_ptr();
    publisher.publish_owned(first).await.unwrap();
    assert_eq!(subscriber.recv().await.unwrap().frame_bytes().as_ptr(), address);
}

// Sizes at which blocks of frames are handled otherwise: none, many to a block, more than a block.
#[tokio::test]
async fn messages_of_any_size() {
    let bus = MessageBus::new();
    let (mut markers, mut snapshots) = (bus.subscriber::<Marker>().unwrap(), bus.subscriber::<Snapshot>().unwrap());
    let (mut marker, mut snapshot) = (bus.publisher::<Marker>().unwrap(), bus.publisher::<Snapshot>().unwrap());
    for id in 0..20 {
        marker.publish(&Marker::new(MarkerArgs {}).unwrap()).await.unwrap();
        let data: Vec<u64> = (0..8750).map(|at| at ^ id).collect();
        let args = SnapshotArgs { id, data: data.as_slice().try_into().unwrap() };
        snapshot.publish(&Snapshot::new(args).unwrap()).await.unwrap();
        snapshot.publish_new(&args).await.unwrap();
        assert_eq!(markers.recv().await.unwrap().as_bytes().len(), 0);
        for _ in 0..2 {
            let received = snapshots.recv().await.unwrap();
            assert_eq!((received.id(), received.data().iter().eq(data.iter().copied())), (id, true));
        }
    }
}

#[tokio::test]
async fn what_was_published_before_a_subscription_is_not_received_and_all_after_it_is() {
    let bus = MessageBus::new();
    let mut publisher = bus.publisher::<CounterUpdate>().unwrap();
    publisher.publish(&update(1, 0)).await.unwrap();
    let mut early = bus.subscriber::<CounterUpdate>().unwrap();
    publisher.publish(&update(1, 1)).await.unwrap();
    let mut late = bus.subscriber::<CounterUpdate>().unwrap();
    publisher.publish(&update(1, 2)).await.unwrap();
    drop(early.recv().await);
    assert_eq!((values(&mut early), values(&mut late)), (vec![2], vec![2]));
    assert_eq!(bus.stats().types[0].published, 3);
}

#[tokio::test]
async fn a_waiting_receiver_is_woken_once_there_is_a_message() {
    let bus = MessageBus::new();
    let mut subscriber = bus.subscriber::<CounterUpdate>().unwrap();
    let mut publisher = bus.publisher::<CounterUpdate>().unwrap();
    let mut waiting = Polled::new(subscriber.recv());
    waiting.assert_pending();
    assert_eq!(waiting.wakes(), 0);
    publisher.try_publish(&update(1, 5)).unwrap();
    assert_eq!(waiting.wakes(), 1);
    assert_eq!(waiting.assert_ready().unwrap().value(), 5);
    drop(waiting);
    // A receive that was given up has taken nothing.
    let mut given_up = Polled::new(subscriber.recv());
    given_up.assert_pending();
    publisher.try_publish(&update(1, 6)).unwrap();
    drop(given_up);
    assert_eq!(values(&mut subscriber), [6]);
}

#[tokio::test]
async fn subscribers_are_streams() {
    let bus = MessageBus::new();
    let (mut typed, mut tap) = (bus.subscriber::<CounterUpdate>().unwrap(), bus.tap().unwrap());
    bus.publisher::<CounterUpdate>().unwrap().publish(&update(1, 9)).await.unwrap();
    let next = std::future::poll_fn(|context| pin!(&mut typed).poll_next(context)).await;
    assert_eq!(next.unwrap().value(), 9);
    let next: Option<Frame> = std::future::poll_fn(|context| pin!(&mut tap).poll_next(context)).await;
    assert_eq!(next.unwrap().type_id(), 1002);
    bus.close();
    assert!(std::future::poll_fn(|context| pin!(&mut typed).poll_next(context)).await.is_none());
}

#[tokio::test]
async fn clones_of_a_publisher_publish_on_their_own() {
    let bus = MessageBus::new();
    let mut subscriber = bus.subscriber_with::<CounterUpdate>(SubscriberConfig::named("sub")).unwrap();
    let mut one = bus.publisher::<CounterUpdate>().unwrap();
    let mut other = one.clone();
    one.publish(&update(1, 1)).await.unwrap();
    other.publish(&update(2, 2)).await.unwrap();
    drop(one);
    other.publish(&update(2, 3)).await.unwrap();
    assert_eq!(values(&mut subscriber), [1, 2, 3]);
    let stats = bus.stats();
    assert_eq!((stats.types[0].published, stats.types[0].name.as_deref()), (3, Some("CounterUpdate")));
    assert_eq!(&*stats.subscriptions[0].name, "sub");
}
