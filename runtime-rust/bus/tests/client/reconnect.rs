//! A connection that is lost, and what becomes of subscriptions and messages.

use mycelium_bus::QueueLimits;
use mycelium_bus::client::{
    Client, ClientConfig, ClientError, ClientPublishError, ClientState, PublishWhileDisconnected,
};
use mycelium_bus::supervision::{Intensity, Jitter};
use mycelium_wire::core_messages::*;
use tokio::time::Instant;

use crate::bridge::*;
use crate::messages::{AnyMessage, CounterUpdate, CounterUpdateArgs, Marker, MarkerArgs};
use crate::subscribing::receive;

fn with(while_disconnected: PublishWhileDisconnected) -> ClientConfig {
    ClientConfig { while_disconnected, ..config() }
}

#[tokio::test(start_paused = true)]
async fn subscriptions_are_made_again() {
    let bridge = Bridge::new();
    let (client, mut link) = bridge.client(config(), 0).await;
    let (subscriber, _) = tokio::join!(client.subscriber::<CounterUpdate>(), link.subscribe());
    let mut subscriber = subscriber.unwrap();
    link.send(&framed(&update(1))).await;
    assert_eq!(receive(&mut subscriber, 1).await, [1]);
    for round in 0..3 {
        drop(link);
        link = bridge.open(0).await;
        assert_eq!(link.subscribe().await, (false, vec![1002]));
        link.send(&framed(&update(round))).await;
        assert_eq!(receive(&mut subscriber, 1).await, [round]);
    }
    // One that is made while there is no connection waits for the next.
    drop(link);
    reach(&client, is_disconnected).await;
    let (another, mut link) = tokio::join!(client.subscriber::<crate::messages::Marker>(), async {
        let mut link = bridge.open(0).await;
        assert_eq!(link.subscribe().await, (false, vec![1002, 1006]));
        link
    });
    link.send(&framed(&update(9))).await;
    assert_eq!(receive(&mut subscriber, 1).await, [9]);
    drop(another);
}

#[tokio::test(start_paused = true)]
async fn attempts_are_further_and_further_apart() {
    let bridge = Bridge::new();
    let (client, link) = bridge.client(config(), 0).await;
    tokio::time::sleep(SECOND).await;
    drop(link);
    let start = Instant::now();
    let mut times = Vec::new();
    // Each is refused for the moment.
    for _ in 0..4 {
        drop(bridge.accept().await);
        times.push(start.elapsed().as_secs());
    }
    assert_eq!(times, [1, 3, 7, 15]);
    let link = bridge.open(0).await;
    reach(&client, is_connected).await;
    // After a healthy time they begin again.
    tokio::time::sleep(5 * SECOND).await;
    drop(link);
    let lost = Instant::now();
    let _link = bridge.open(0).await;
    assert_eq!(lost.elapsed().as_secs(), 1);
    let counters = client.counters();
    assert_eq!((counters.connections, counters.failed_attempts, counters.disconnects), (2, 4, 2));
}

// What was begun or queued when the connection was lost, and what was published meanwhile: in order, once.
#[tokio::test(start_paused = true)]
async fn buffered_messages_are_sent_on_the_next_connection() {
    let bridge = Bridge::new();
    let (client, mut link) = bridge.client(with(PublishWhileDisconnected::Buffer), 0).await;
    let mut publisher = client.publisher::<CounterUpdate>().unwrap();
    publisher.publish(&update(-1)).await.unwrap();
    assert_eq!(link.updates(1).await, [-1]);
    drop(link);
    reach(&client, is_disconnected).await;
    for value in 0..100 {
        publisher.publish(&update(value)).await.unwrap();
    }
    let counters = client.counters();
    assert_eq!((counters.published, counters.sent, counters.queued), (101, 1, 100));
    let mut link = bridge.open(0).await;
    assert_eq!(link.updates(100).await, (0..100).collect::<Vec<_>>());
    let counters = client.counters();
    assert_eq!((counters.sent, counters.queued, counters.lost, counters.dropped), (101, 0, 0, 0));
    let (counters, ()) = tokio::join!(client.close(), link.expect_goodbye());
    assert_eq!((counters.sent, counters.unsent), (101, 0));
}

#[tokio::test(start_paused = true)]
async fn a_full_buffer_makes_publishers_wait() {
    let bridge = Bridge::new();
    let mut config = with(PublishWhileDisconnected::Buffer);
    config.queue = QueueLimits { frames: 3, bytes: 1 << 20 };
    let (client, link) = bridge.client(config, 0).await;
    let mut publisher = client.publisher::<CounterUpdate>().unwrap();
    drop(link);
    reach(&client, is_disconnected).await;
    for value in 0..3 {
        publisher.try_publish(&update(value)).unwrap();
    }
    assert!(matches!(publisher.try_publish(&update(3)), Err(ClientPublishError::Queue(_))));
    let late = publisher.publish_timeout(&update(3), SECOND / 2).await;
    assert!(matches!(late, Err(ClientPublishError::Queue(_))));
    let publishing = tokio::spawn(async move { publisher.publish(&update(4)).await });
    let mut link = bridge.open(0).await;
    assert_eq!(link.updates(4).await, [0, 1, 2, 4]);
    publishing.await.unwrap().unwrap();
}

/// Publishes so much that a socket that nobody reads does not take it all.
async fn stuck(client: &Client, count: i32) {
    let mut publisher = client.publisher::<CounterUpdate>().unwrap();
    for value in 0..count {
        publisher.publish(&update(value)).await.unwrap();
    }
    tokio::time::sleep(SECOND / 100).await;
}

// Wherever in a frame the socket stopped, the frame is sent again as a whole, and none before it is.
#[tokio::test(start_paused = true)]
async fn a_connection_lost_in_the_middle_of_a_frame_loses_nothing_that_was_not_taken() {
    const COUNT: i32 = 40_000;
    let bridge = Bridge::new();
    let mut config = with(PublishWhileDisconnected::Buffer);
    config.queue = QueueLimits { frames: 1 << 20, bytes: 1 << 30 };
    let (client, mut link) = bridge.client(config, 0).await;
    stuck(&client, COUNT).await;
    let sent = client.counters().sent;
    assert!(sent > 100 && sent < COUNT as u64, "{sent}");
    assert_eq!(link.updates(10).await, (0..10).collect::<Vec<_>>());
    drop(link);
    let mut link = bridge.open(0).await;
    let values = link.updates(10).await;
    // What the operating system had taken is gone: nobody can say whether it arrived.
    assert!(values[0] as u64 >= sent, "{} was sent twice", values[0]);
    let rest = link.updates(COUNT as usize - values[9] as usize - 1).await;
    assert_eq!((rest[0], rest[rest.len() - 1]), (values[9] + 1, COUNT - 1));
    let counters = client.counters();
    assert_eq!((counters.published, counters.sent, counters.queued), (COUNT as u64, COUNT as u64, 0));
}

// Connections that last for a random number of frames, while several publishers go on: what arrives is in order for each
// publisher, nothing twice, and nothing is missing but what a lost connection had taken.
#[tokio::test(start_paused = true)]
async fn whatever_happens_to_connections_order_is_kept_and_nothing_comes_twice() {
    const EACH: i32 = 3000;
    for seed in 0..5 {
        let random = Jitter::seeded(seed);
        let bridge = Bridge::new();
        let mut config = with(PublishWhileDisconnected::Buffer);
        config.queue = QueueLimits { frames: 50, bytes: 1 << 20 };
        let (client, mut link) = bridge.client(config, 0).await;
        let mut publishing = tokio::task::JoinSet::new();
        for id in 0..3 {
            let mut publisher = client.publisher::<CounterUpdate>().unwrap();
            publishing.spawn(async move {
                for value in 0..EACH {
                    let args = CounterUpdateArgs { counter_id: id, value, delta: 1 };
                    publisher.publish_new(&args).await.unwrap();
                    tokio::task::consume_budget().await;
                }
            });
        }
        let reading = async {
            let mut received = Vec::new();
            let mut last = [-1; 3];
            let mut until = (random.sample() * 500.0) as usize;
            while last.iter().any(|value| *value < EACH - 1) {
                let update = link.expect::<CounterUpdate>().await;
                let before = &mut last[update.counter_id() as usize];
                assert!(update.value() > *before, "{} of {} after {before}", update.value(), update.counter_id());
                *before = update.value();
                received.push(update.value());
                until = until.wrapping_sub(1);
                if until == 0 {
                    // Before the last ones, so that they arrive.
                    let going_on = last.iter().all(|value| *value < EACH - 300);
                    until = if going_on { 1 + (random.sample() * 500.0) as usize } else { usize::MAX };
                    if going_on {
                        link = bridge.reopen(link).await;
                    }
                }
            }
            received.len()
        };
        let (received, _) = tokio::join!(reading, publishing.join_all());
        let counters = client.counters();
        assert_eq!((counters.published, counters.sent, counters.queued), (3 * EACH as u64, 3 * EACH as u64, 0));
        assert!(counters.connections > 3, "{counters:?}");
        assert!(received as u64 > counters.sent / 2, "{received} of {}", counters.sent);
    }
}

#[tokio::test(start_paused = true)]
async fn dropped_messages_are_counted() {
    let bridge = Bridge::new();
    let (client, link) = bridge.client(with(PublishWhileDisconnected::Drop), 0).await;
    let mut publisher = client.publisher::<CounterUpdate>().unwrap();
    stuck(&client, 4000).await;
    let before = client.counters();
    drop(link);
    reach(&client, is_disconnected).await;
    let counters = client.counters();
    assert_eq!((counters.lost, counters.queued), (before.published - before.sent, 0));
    for value in 0..100 {
        publisher.publish(&update(value)).await.unwrap();
    }
    assert_eq!((client.counters().dropped, client.counters().published), (100, 4000));
    let mut link = bridge.open(0).await;
    reach(&client, is_connected).await;
    publisher.publish(&update(7)).await.unwrap();
    assert_eq!(link.updates(1).await, [7]);
    let (counters, ()) = tokio::join!(client.close(), link.expect_goodbye());
    assert_eq!(counters.published, counters.sent + counters.lost);
}

#[tokio::test(start_paused = true)]
async fn publishing_may_fail_while_disconnected() {
    let bridge = Bridge::new();
    let (client, link) = bridge.client(with(PublishWhileDisconnected::Error), 0).await;
    let mut publisher = client.publisher::<CounterUpdate>().unwrap();
    drop(link);
    reach(&client, is_disconnected).await;
    for value in 0..10 {
        let error = publisher.publish(&update(value)).await.unwrap_err();
        assert!(matches!(error, ClientPublishError::Disconnected), "{error}");
    }
    assert_eq!((client.counters().refused, client.counters().published), (10, 0));
    let mut link = bridge.open(0).await;
    reach(&client, is_connected).await;
    publisher.publish(&update(7)).await.unwrap();
    assert_eq!(link.updates(1).await, [7]);
}

// It writes what it has, ends writing, and connects again.
#[tokio::test(start_paused = true)]
async fn a_bridge_that_says_goodbye_gets_what_is_queued() {
    let bridge = Bridge::new();
    let (client, mut link) = bridge.client(config(), 0).await;
    let mut publisher = client.publisher::<CounterUpdate>().unwrap();
    publisher.publish(&update(1)).await.unwrap();
    link.send(&goodbye(GoodbyeReason::Shutdown)).await;
    assert_eq!(link.updates(1).await, [1]);
    assert_eq!(link.frame().await, None);
    drop(link);
    let state = reach(&client, is_disconnected).await;
    let ClientState::Disconnected { error, .. } = state else { panic!("{state:?}") };
    assert_eq!(error.to_string(), "the bridge said goodbye (Shutdown): by script");
    let _link = bridge.open(0).await;
    reach(&client, is_connected).await;
}

// Another instance has taken its place: two that take it from each other for ever are of no use.
#[tokio::test(start_paused = true)]
async fn a_client_that_was_replaced_has_failed() {
    let bridge = Bridge::new();
    let (client, mut link) = bridge.client(config(), 0).await;
    let (subscriber, _) = tokio::join!(client.subscriber::<CounterUpdate>(), link.subscribe());
    let mut publisher = client.publisher::<CounterUpdate>().unwrap();
    link.send(&goodbye(GoodbyeReason::Replaced)).await;
    link.expect_goodbye_or_end().await;
    assert!(subscriber.unwrap().recv().await.is_none());
    let state = reach(&client, |state| matches!(state, ClientState::Failed(_))).await;
    assert!(
        matches!(&state, ClientState::Failed(error) if matches!(**error, ClientError::Goodbye { .. })),
        "{state:?}"
    );
    assert!(matches!(publisher.publish(&update(1)).await, Err(ClientPublishError::Failed(_))));
    assert!(client.subscriber::<CounterUpdate>().await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_client_gives_up_when_it_is_told_to() {
    let bridge = Bridge::new();
    let mut config = config();
    config.reconnect.intensity = Intensity::new(3, 3600 * SECOND);
    let (client, link) = bridge.client(config, 0).await;
    let mut publisher = client.publisher::<CounterUpdate>().unwrap();
    drop((link, bridge));
    publisher.publish(&update(1)).await.unwrap();
    let state = reach(&client, |state| matches!(state, ClientState::Failed(_))).await;
    assert!(
        matches!(&state, ClientState::Failed(error) if matches!(**error, ClientError::Connect { .. })),
        "{state:?}"
    );
    let counters = client.counters();
    assert_eq!((counters.failed_attempts, counters.unsent + counters.sent, counters.queued), (3, 1, 0));
}

// A bridge that was told too much reads on only to throw away: what is queued is kept for the next connection.
#[tokio::test(start_paused = true)]
async fn a_bridge_that_does_not_listen_is_not_told_the_rest() {
    let bridge = Bridge::new();
    let mut config = with(PublishWhileDisconnected::Buffer);
    config.queue = QueueLimits { frames: 1 << 20, bytes: 1 << 30 };
    let (client, mut link) = bridge.client(config, 0).await;
    stuck(&client, 20_000).await;
    let sent = client.counters().sent;
    link.send(&goodbye(GoodbyeReason::FrameTooLarge)).await;
    reach(&client, is_disconnected).await;
    assert_eq!((client.counters().sent, client.counters().queued), (sent, 20_000 - sent));
    drop(link);
    let mut link = bridge.open(0).await;
    let first = link.updates(1).await[0];
    assert_eq!(link.updates(19_999 - first as usize).await.last(), Some(&19_999));
}

// Otherwise a client whose write fails says no more than that.
#[tokio::test(start_paused = true)]
async fn the_last_words_of_a_bridge_that_is_gone_are_read() {
    let bridge = Bridge::new();
    let (client, mut link) = bridge.client(with(PublishWhileDisconnected::Buffer), 0).await;
    let mut publisher = client.publisher::<CounterUpdate>().unwrap();
    // Said, gone, and published before the client's task had a chance to look.
    link.send(&goodbye(GoodbyeReason::SlowConsumer)).await;
    drop(link);
    publisher.publish(&update(1)).await.unwrap();
    let state = reach(&client, is_disconnected).await;
    let ClientState::Disconnected { error, .. } = state else { panic!("{state:?}") };
    assert_eq!(error.to_string(), "the bridge said goodbye (SlowConsumer): by script");
    // What it did not take is sent to the next.
    let mut link = bridge.open(0).await;
    assert_eq!(link.updates(1).await, [1]);
}

#[tokio::test(start_paused = true)]
async fn what_the_next_bridge_does_not_share_is_withheld_and_counted() {
    let bridge = Bridge::new();
    let mut config = with(PublishWhileDisconnected::Buffer);
    config.share = true;
    let (client, link) = bridge.client(config, 0).await;
    let mut updates = client.publisher::<CounterUpdate>().unwrap();
    let mut markers = client.publisher::<Marker>().unwrap();
    drop(link);
    reach(&client, is_disconnected).await;
    for value in 0..10 {
        updates.publish(&update(value)).await.unwrap();
        markers.publish_new(&MarkerArgs {}).await.unwrap();
    }
    let mut link = bridge.accept().await;
    link.hello().await;
    link.send(&welcome(0, 1000, SchemaMode::Shared)).await;
    let types: Vec<_> = AnyMessage::MESSAGES.iter().copied().filter(|info| info.name == "Marker").collect();
    for summary in mycelium_wire::handshake::summaries(&types).unwrap() {
        link.send(&framed(&summary)).await;
    }
    link.expect::<SchemaSummary>().await;
    for _ in 0..10 {
        link.expect::<Marker>().await;
    }
    let counters = client.counters();
    assert_eq!((counters.published, counters.sent, counters.withheld, counters.queued), (20, 10, 10, 0));
}

// A bridge counts from the beginning of each connection.
#[tokio::test(start_paused = true)]
async fn what_bridges_dropped_is_added_up() {
    let bridge = Bridge::new();
    let (client, mut link) = bridge.client(config(), 0).await;
    for connection in 0..2 {
        for total in [3, 7] {
            link.send(&core::<Dropped>(DroppedArgs { total })).await;
        }
        // Answered behind the others.
        link.send(&core::<Ping>(PingArgs { nonce: 1 })).await;
        link.expect::<Pong>().await;
        assert_eq!(client.counters().dropped_by_bridge, 7 * (connection + 1));
        drop(link);
        link = bridge.open(0).await;
    }
}
