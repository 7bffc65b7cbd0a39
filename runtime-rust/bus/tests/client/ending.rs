//! Closing, dropping, and what could not be sent.

use mycelium_bus::QueueLimits;
use mycelium_bus::client::{ClientPublishError, ClientState, SubscribeError};
use mycelium_wire::core_messages::*;
use tokio::time::Instant;

use crate::bridge::*;
use crate::messages::CounterUpdate;
use crate::subscribing::receive;

fn is_over(state: &ClientState) -> bool {
    matches!(state, ClientState::Closed | ClientState::Failed(_))
}

/// No task is left behind.
async fn assert_no_tasks() {
    tokio::task::yield_now().await;
    assert_eq!(tokio::runtime::Handle::current().metrics().num_alive_tasks(), 0);
}

#[tokio::test(start_paused = true)]
async fn closing_sends_what_is_queued_and_says_goodbye() {
    let bridge = Bridge::new();
    let (client, mut link) = bridge.client(config(), 0).await;
    let mut publisher = client.publisher::<CounterUpdate>().unwrap();
    let (subscriber, _) = tokio::join!(client.subscriber::<CounterUpdate>(), link.subscribe());
    for value in 0..1000 {
        publisher.publish(&update(value)).await.unwrap();
    }
    let (counters, ()) = tokio::join!(client.close(), async {
        assert_eq!(link.updates(1000).await, (0..1000).collect::<Vec<_>>());
        link.expect_goodbye().await;
    });
    assert_eq!((counters.published, counters.sent, counters.unsent, counters.queued), (1000, 1000, 0, 0));
    assert!(matches!(publisher.publish(&update(1)).await, Err(ClientPublishError::Closed)));
    assert!(matches!(client.subscriber::<CounterUpdate>().await, Err(SubscribeError::Closed)));
    assert!(subscriber.unwrap().recv().await.is_none());
    assert_no_tasks().await;
}

// A bridge that does not read must not keep a process from ending; what it did not take is told.
#[tokio::test(start_paused = true)]
async fn closing_takes_no_longer_than_its_limit() {
    let bridge = Bridge::new();
    let mut config = config();
    config.queue = QueueLimits { frames: 1 << 20, bytes: 1 << 30 };
    let (client, link) = bridge.client(config, 0).await;
    let mut publisher = client.publisher::<CounterUpdate>().unwrap();
    for value in 0..100_000 {
        publisher.publish(&update(value)).await.unwrap();
    }
    let start = Instant::now();
    let counters = client.close().await;
    assert_eq!(start.elapsed().as_secs(), 5);
    assert!(counters.unsent > 0);
    assert_eq!(counters.sent + counters.unsent, 100_000);
    drop(link);
    assert_no_tasks().await;
}

// Several may close, at once, and each waits for the end.
#[tokio::test(start_paused = true)]
async fn closing_twice_is_closing() {
    let bridge = Bridge::new();
    let (client, link) = bridge.client(config(), 0).await;
    let again = client.clone();
    tokio::join!(client.close(), again.close(), link.expect_goodbye());
    client.close().await;
    assert!(is_over(&client.state().borrow()));
}

#[tokio::test(start_paused = true)]
async fn closing_without_a_connection_ends_at_once() {
    let bridge = Bridge::new();
    let (client, link) = bridge.client(config(), 0).await;
    let mut publisher = client.publisher::<CounterUpdate>().unwrap();
    drop(link);
    reach(&client, is_disconnected).await;
    publisher.publish(&update(1)).await.unwrap();
    let start = Instant::now();
    let counters = client.close().await;
    assert_eq!((counters.unsent, start.elapsed().as_secs()), (1, 0));
    assert_no_tasks().await;
}

#[tokio::test(start_paused = true)]
async fn dropping_the_last_handle_closes() {
    let bridge = Bridge::new();
    let (client, mut link) = bridge.client(config(), 0).await;
    let stats = client.stats_handle();
    let mut publisher = client.publisher::<CounterUpdate>().unwrap();
    drop(client);
    // A publisher keeps the connection.
    publisher.publish(&update(1)).await.unwrap();
    assert_eq!(link.updates(1).await, [1]);
    publisher.publish(&update(2)).await.unwrap();
    drop(publisher);
    assert_eq!(link.updates(1).await, [2]);
    link.expect_goodbye().await;
    stats.state().wait_for(is_over).await.unwrap();
    assert_eq!((stats.counters().sent, stats.counters().unsent), (2, 0));
    assert_no_tasks().await;
}

// Where nobody waits for the end, what was not sent is still in a counter.
#[test]
fn the_end_of_the_runtime_counts_what_was_not_sent() {
    let executor = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (stats, link) = executor.block_on(async {
        let bridge = Bridge::new();
        let (client, link) = bridge.client(config(), 0).await;
        let mut publisher = client.publisher::<CounterUpdate>().unwrap();
        for value in 0..10 {
            publisher.try_publish(&update(value)).unwrap();
        }
        (client.stats_handle(), link)
    });
    drop(executor);
    let counters = stats.counters();
    assert_eq!((counters.sent + counters.unsent, counters.queued), (10, 0), "{counters:?}");
    assert!(is_over(&stats.state().borrow()));
    drop(link);
}

// Connecting is given up by dropping it.
#[tokio::test(start_paused = true)]
async fn connecting_can_be_cancelled() {
    let bridge = Bridge::new();
    let connecting = mycelium_bus::client::Client::connect_unix(bridge.folder.socket(), config());
    assert!(tokio::time::timeout(SECOND, connecting).await.is_err());
    let mut link = bridge.accept().await;
    link.hello().await;
    assert_eq!(link.frame().await, None);
    assert_no_tasks().await;
}

// What the bridge still sends while the client leaves is read to the end, and counted.
#[tokio::test(start_paused = true)]
async fn frames_that_come_too_late_are_counted() {
    let bridge = Bridge::new();
    let (client, mut link) = bridge.client(config(), 0).await;
    let (subscriber, _) = tokio::join!(client.subscriber::<CounterUpdate>(), link.subscribe());
    let (counters, ()) = tokio::join!(client.close(), async {
        assert_eq!(link.expect::<Goodbye>().await.reason(), GoodbyeReason::ClientDone);
        link.send(&[framed(&update(1)), framed(&update(2))].concat()).await;
        assert_eq!(link.frame().await, None);
        drop(link);
    });
    assert_eq!((counters.discarded, counters.received), (2, 0));
    drop(subscriber);
}

// Nothing that follows a frame that this side cannot make sense of is to be trusted, and the bridge should learn of it.
#[tokio::test(start_paused = true)]
async fn a_core_frame_that_the_client_does_not_know_ends_the_connection() {
    let bridge = Bridge::new();
    let (client, mut link) = bridge.client(config(), 0).await;
    let (subscriber, _) = tokio::join!(client.subscriber::<CounterUpdate>(), link.subscribe());
    let mut publisher = client.publisher::<CounterUpdate>().unwrap();
    link.send(&[framed(&update(1)), vec![50, 0, 0, 0, 0, 0], framed(&update(2))].concat()).await;
    let goodbye = link.expect::<Goodbye>().await;
    assert_eq!(goodbye.reason(), GoodbyeReason::ProtocolError);
    assert!(goodbye.detail().starts_with("frame 50 where it cannot be"), "{}", goodbye.detail());
    publisher.publish(&update(7)).await.unwrap();
    assert_eq!(link.frame().await, None);

    let mut link = bridge.reopen(link).await;
    link.subscribe().await;
    assert_eq!(link.updates(1).await, [7]);
    link.send(&framed(&update(3))).await;
    assert_eq!(receive(&mut subscriber.unwrap(), 2).await, [1, 3]);
}
