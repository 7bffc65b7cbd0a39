//! Publishers that wait for room.

use std::time::Duration;

use mycelium_bus::{CloseReason, MessageBus, OverflowPolicy, PublishError, Subscriber, SubscriberConfig};
use tokio::time::{Instant, timeout};

use crate::fixtures::{Polled, assert_whole, log, run_of_updates, update, values};
use crate::messages::CounterUpdate;

fn blocking(bus: &MessageBus, name: &str, frames: usize) -> Subscriber<CounterUpdate> {
    bus.subscriber_with(SubscriberConfig::named(name).frames(frames)).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_makes_its_publishers_wait_in_the_order_in_which_they_came() {
    let bus = MessageBus::new();
    let mut subscriber = blocking(&bus, "slow", 1);
    let mut publishers: Vec<_> = (0..3).map(|_| bus.publisher::<CounterUpdate>().unwrap()).collect();
    publishers[0].publish(&update(0, 0)).await.unwrap();
    let messages = [update(0, 1), update(1, 2), update(2, 3)];
    let mut waiting: Vec<_> = publishers
        .iter_mut()
        .zip(&messages)
        .map(|(publisher, message)| Polled::new(publisher.publish(message)))
        .collect();
    waiting.iter_mut().for_each(Polled::assert_pending);
    // Nobody overtakes those who wait, even when there is room.
    assert_eq!(subscriber.recv().await.unwrap().value(), 0);
    let mut newcomer = bus.publisher::<CounterUpdate>().unwrap();
    assert!(matches!(newcomer.try_publish(&update(3, 9)), Err(PublishError::Full { .. })));
    waiting[1].assert_pending();
    waiting[2].assert_pending();
    assert_eq!(waiting.iter().map(Polled::wakes).collect::<Vec<_>>(), [1, 0, 0]);
    for index in 0..3 {
        waiting[index].assert_ready().unwrap();
        assert_eq!(subscriber.recv().await.unwrap().value(), index as i32 + 1);
        if let Some(next) = waiting.get(index + 1) {
            assert!(next.wakes() > 0, "the next one is woken");
        }
    }
    newcomer.try_publish(&update(3, 9)).unwrap();
    assert_eq!(values(&mut subscriber), [9]);
    assert_eq!(subscriber.counters().waits, 3);
    assert_whole(subscriber.counters());
}

// All or nothing: while one queue is full nobody gets the message, and nothing is held in the others.
#[tokio::test(start_paused = true)]
async fn a_waiting_publisher_holds_nothing() {
    let bus = MessageBus::new();
    let (mut roomy, mut full) = (blocking(&bus, "roomy", 2), blocking(&bus, "full", 1));
    let mut lossy = bus.subscriber_with(SubscriberConfig::default().policy(OverflowPolicy::DropOldest)).unwrap();
    let mut publisher = bus.publisher::<CounterUpdate>().unwrap();
    publisher.publish(&update(1, 0)).await.unwrap();
    let message = update(1, 1);
    let mut waiting = Polled::new(publisher.publish(&message));
    waiting.assert_pending();
    assert_eq!((values(&mut roomy), values(&mut lossy)), (vec![0], vec![0]));
    let mut other = bus.publisher::<CounterUpdate>().unwrap();
    assert_eq!(other.try_publish(&update(2, 7)), Err(PublishError::Full { subscriber: "full".into() }));
    assert_eq!((values(&mut roomy), values(&mut lossy)), (vec![], vec![]));
    assert_eq!(values(&mut full), [0]);
    waiting.assert_ready().unwrap();
    assert_eq!((values(&mut roomy), values(&mut full), values(&mut lossy)), (vec![1], vec![1], vec![1]));
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_publish_has_reached_nobody_and_lets_the_next_one_go() {
    let bus = MessageBus::new();
    let mut subscriber = blocking(&bus, "slow", 1);
    let mut tap = bus.tap().unwrap();
    let (mut one, mut other) = (bus.publisher::<CounterUpdate>().unwrap(), bus.publisher::<CounterUpdate>().unwrap());
    one.publish(&update(1, 0)).await.unwrap();
    let (first, second) = (update(1, 1), update(2, 2));
    let mut cancelled = Polled::new(one.publish(&first));
    let mut patient = Polled::new(other.publish(&second));
    cancelled.assert_pending();
    patient.assert_pending();
    // The one whose turn it is was woken, and gives up instead.
    assert_eq!(subscriber.recv().await.unwrap().value(), 0);
    assert_eq!((cancelled.wakes(), patient.wakes()), (1, 0));
    drop(cancelled);
    assert_eq!(patient.wakes(), 1);
    patient.assert_ready().unwrap();
    assert_eq!(values(&mut subscriber), [2]);
    let mut seen = Vec::new();
    while let Ok(frame) = tap.try_recv() {
        seen.push(frame.downcast::<CounterUpdate>().unwrap().value());
    }
    assert_eq!(seen, [0, 2]);
    assert_eq!(bus.stats().types[0].published, 2);
}

#[tokio::test(start_paused = true)]
async fn waiting_has_a_limit_when_asked_for() {
    let bus = MessageBus::new();
    let mut subscriber = blocking(&bus, "slow", 1);
    let mut publisher = bus.publisher::<CounterUpdate>().unwrap();
    let limit = Duration::from_millis(700);
    publisher.publish_timeout(&update(1, 0), limit).await.unwrap();
    let start = Instant::now();
    let error = publisher.publish_timeout(&update(1, 1), limit).await.unwrap_err();
    assert_eq!(error, PublishError::Timeout { subscriber: "slow".into(), after: limit });
    assert_eq!(start.elapsed(), limit);
    assert_eq!(
        error.to_string(),
        "the queue of subscriber `slow` had no room within 700ms: does it wait for this publisher, or is it too slow?"
    );
    assert_eq!(values(&mut subscriber), [0]);
    publisher.try_publish(&update(1, 2)).unwrap();
    assert_eq!(values(&mut subscriber), [2]);
}

#[tokio::test(start_paused = true)]
async fn a_long_wait_is_logged_once_with_both_names() {
    let log = log();
    let bus = MessageBus::new();
    let mut subscriber = blocking(&bus, "slow reader", 1);
    let mut publisher = bus.publisher_named::<CounterUpdate>("fast writer").unwrap();
    publisher.publish(&update(1, 0)).await.unwrap();
    let waited = timeout(Duration::from_millis(2_999), publisher.publish(&update(1, 1))).await;
    assert!(waited.is_err() && log.take().is_empty());
    let waited = timeout(Duration::from_secs(100), publisher.publish(&update(1, 1))).await;
    assert!(waited.is_err());
    let lines = log.take();
    assert_eq!(lines.len(), 1, "{lines:?}");
    for part in ["waits for room", "publisher=\"fast writer\"", "subscriber=\"slow reader\"", "waited_seconds=3"] {
        assert!(lines[0].contains(part), "{part} in {lines:?}");
    }
    assert_eq!(values(&mut subscriber), [0]);
}

#[tokio::test(start_paused = true)]
async fn a_subscriber_that_is_dropped_lets_publishers_go_on() {
    let bus = MessageBus::new();
    let slow = blocking(&bus, "slow", 1);
    let mut other = blocking(&bus, "other", 10);
    let mut publisher = bus.publisher::<CounterUpdate>().unwrap();
    publisher.publish(&update(1, 0)).await.unwrap();
    let message = update(1, 1);
    let mut waiting = Polled::new(publisher.publish(&message));
    waiting.assert_pending();
    drop(slow);
    assert_eq!(waiting.wakes(), 1);
    waiting.assert_ready().unwrap();
    assert_eq!(values(&mut other), [0, 1]);
    assert_eq!(bus.stats().subscriptions.len(), 1);
}

// A publisher in another's way: two queues that are full in turn must not lead two publishers into waiting forever.
#[tokio::test(start_paused = true)]
async fn waiting_moves_from_one_full_queue_to_the_next() {
    let bus = MessageBus::new();
    let (mut a, mut b) = (blocking(&bus, "a", 1), blocking(&bus, "b", 1));
    let mut one = bus.publisher::<CounterUpdate>().unwrap();
    let mut other = bus.publisher::<CounterUpdate>().unwrap();
    one.publish(&update(1, 0)).await.unwrap();
    let (first, second) = (update(1, 1), update(2, 2));
    let (mut first, mut second) = (Polled::new(one.publish(&first)), Polled::new(other.publish(&second)));
    first.assert_pending();
    second.assert_pending();
    assert_eq!(values(&mut a), [0]);
    // Room in `a` alone: the first goes to wait for `b`, and the second is not kept from `a` by it.
    first.assert_pending();
    assert_eq!(second.wakes(), 1);
    second.assert_pending();
    assert_eq!(values(&mut b), [0]);
    first.assert_ready().unwrap();
    assert_eq!((values(&mut a), values(&mut b)), (vec![1], vec![1]));
    second.assert_ready().unwrap();
    assert_eq!((values(&mut a), values(&mut b)), (vec![2], vec![2]));
}

#[tokio::test(start_paused = true)]
async fn a_stalled_subscriber_with_a_limit_is_let_go() {
    let log = log();
    let bus = MessageBus::new();
    let config = SubscriberConfig::named("client").frames(1).stall_limit(Duration::from_secs(2));
    let mut stalled = bus.subscriber_with::<CounterUpdate>(config).unwrap();
    let mut other = blocking(&bus, "other", 10);
    let mut publisher = bus.publisher::<CounterUpdate>().unwrap();
    publisher.publish(&update(1, 0)).await.unwrap();
    let start = Instant::now();
    publisher.publish(&update(1, 1)).await.unwrap();
    assert_eq!(start.elapsed(), Duration::from_secs(2));
    assert_eq!(values(&mut other), [0, 1]);
    assert_eq!(stalled.close_reason(), Some(CloseReason::Stalled));
    assert_eq!(stalled.recv().await.unwrap().value(), 0);
    assert!(stalled.recv().await.is_none());
    assert!(log.take().iter().any(|line| line.contains("subscriber=\"client\"")));
    publisher.publish(&update(1, 2)).await.unwrap();
    assert_eq!(start.elapsed(), Duration::from_secs(2));
}

// Slow is not stalled: what takes something within the limit stays, however long publishers wait in all.
#[tokio::test(start_paused = true)]
async fn a_slow_subscriber_with_a_stall_limit_stays() {
    let bus = MessageBus::new();
    let config = SubscriberConfig::named("slow").frames(4).stall_limit(Duration::from_secs(2));
    let mut slow = bus.subscriber_with::<CounterUpdate>(config).unwrap();
    let mut ingress = bus.ingress(Default::default());
    let receiver = tokio::spawn(async move {
        let mut received = Vec::new();
        while let Some(message) = slow.recv().await {
            received.push(message.value());
            tokio::time::sleep(Duration::from_millis(1_500)).await;
        }
        (received, slow.close_reason())
    });
    for start in (0..40).step_by(20) {
        ingress.push(run_of_updates(start..start + 20)).unwrap();
        ingress.flush().await.unwrap();
    }
    bus.close();
    assert_eq!(receiver.await.unwrap(), ((0..40).collect(), Some(CloseReason::BusClosed)));
}

#[tokio::test(start_paused = true)]
async fn closing_the_bus_ends_the_wait() {
    let bus = MessageBus::new();
    let mut subscriber = blocking(&bus, "slow", 1);
    let mut publisher = bus.publisher::<CounterUpdate>().unwrap();
    publisher.publish(&update(1, 0)).await.unwrap();
    let message = update(1, 1);
    let mut waiting = Polled::new(publisher.publish(&message));
    waiting.assert_pending();
    bus.close();
    assert_eq!(waiting.wakes(), 1);
    assert_eq!(waiting.assert_ready(), Err(PublishError::Closed));
    assert_eq!(values(&mut subscriber), [0]);
}
