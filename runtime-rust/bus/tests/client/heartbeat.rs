//! Signs of life, both ways.

use mycelium_bus::client::{ClientError, ClientState};
use mycelium_bus::{CloseReason, OverflowPolicy, SubscriberConfig};
use mycelium_wire::core_messages::*;
use tokio::time::Instant;

use crate::bridge::*;
use crate::messages::CounterUpdate;
use crate::subscribing::receive;

#[tokio::test(start_paused = true)]
async fn pings_are_answered_without_a_delay() {
    let bridge = Bridge::new();
    let (_client, mut link) = bridge.client(config(), 1000).await;
    let start = Instant::now();
    for nonce in 0..100 {
        link.send(&core::<Ping>(PingArgs { nonce })).await;
        assert_eq!(link.expect::<Pong>().await.nonce(), nonce);
    }
    assert!(start.elapsed() < SECOND / 100, "{:?}", start.elapsed());
}

// A bridge drops a client that is silent: one whose user does not receive is not.
#[tokio::test(start_paused = true)]
async fn life_is_shown_while_a_full_queue_holds_up_the_connection() {
    let bridge = Bridge::new();
    let (client, mut link) = bridge.client(config(), 1000).await;
    let slow = SubscriberConfig::named("slow").frames(2).policy(OverflowPolicy::Block);
    let (subscriber, _) = tokio::join!(client.subscriber_with::<CounterUpdate>(slow), link.subscribe());
    let flood: Vec<u8> = (0..10).flat_map(|value| framed(&update(value))).collect();
    link.send(&flood).await;
    tokio::time::sleep(SECOND / 10).await;
    let start = Instant::now();
    for seconds in 1..20 {
        link.send(&core::<Ping>(PingArgs { nonce: seconds })).await;
        link.expect::<Pong>().await;
        assert!(start.elapsed().as_secs() <= seconds, "{seconds}");
    }
    // And the bridge's silence does not count while this side does not read.
    tokio::time::sleep(20 * SECOND).await;
    assert!(is_connected(&client.state().borrow()));
    assert_eq!(receive(&mut subscriber.unwrap(), 10).await, (0..10).collect::<Vec<_>>());
}

// Heartbeats come in between, and what else a connection does: the wait must not begin anew with each of them.
#[tokio::test(start_paused = true)]
async fn a_subscriber_that_stalls_is_found_out_whatever_else_happens() {
    let bridge = Bridge::new();
    let (client, mut link) = bridge.client(config(), 1000).await;
    let stalls = SubscriberConfig::named("stalls").frames(2).policy(OverflowPolicy::Block).stall_limit(10 * SECOND);
    let (stalled, _) = tokio::join!(client.subscriber_with::<CounterUpdate>(stalls), link.subscribe());
    let start = Instant::now();
    link.send(&(0..10).flat_map(|value| framed(&update(value))).collect::<Vec<u8>>()).await;
    let signs = async {
        loop {
            link.expect::<Pong>().await;
        }
    };
    let (mut stalled, mut received) = (stalled.unwrap(), Vec::new());
    let rest = async {
        while stalled.close_reason().is_none() {
            tokio::time::sleep(SECOND / 4).await;
        }
        while let Some(message) = stalled.recv().await {
            received.push(message.value());
        }
    };
    tokio::select! {
        () = signs => {}
        ended = tokio::time::timeout(60 * SECOND, rest) => ended.expect("it stalls without end"),
    }
    assert_eq!((start.elapsed().as_secs(), stalled.close_reason()), (10, Some(CloseReason::Stalled)));
    assert_eq!(received, [0, 1]);
}

// A half-open connection: the machine at the other end is gone, and nobody says so.
#[tokio::test(start_paused = true)]
async fn a_silent_bridge_is_given_up() {
    let bridge = Bridge::new();
    let (client, link) = bridge.client(config(), 1000).await;
    let start = Instant::now();
    let state = reach(&client, is_disconnected).await;
    let ClientState::Disconnected { error, retry_in } = state else { panic!("{state:?}") };
    assert!(matches!(&*error, ClientError::Silent), "{error}");
    // The bridge's 2 misses, one more, and the interval before the first.
    assert_eq!((start.elapsed().as_secs(), retry_in), (4, SECOND));
    let _link = (bridge.open(0).await, link);
    reach(&client, is_connected).await;
    assert_eq!((client.counters().connections, client.counters().disconnects), (2, 1));
}

// Without heartbeats in the Welcome silence is all right.
#[tokio::test(start_paused = true)]
async fn without_heartbeats_silence_means_nothing() {
    let bridge = Bridge::new();
    let (client, _link) = bridge.client(config(), 0).await;
    tokio::time::sleep(100_000 * SECOND).await;
    assert!(is_connected(&client.state().borrow()));
}
