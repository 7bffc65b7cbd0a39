//! Signs of life, both ways.

use mycelium_bus::client::{ClientError, ClientState};
use mycelium_bus::{OverflowPolicy, SubscriberConfig};
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
