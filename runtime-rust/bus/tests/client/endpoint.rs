//! The client and the endpoint.

use std::time::Duration;

use mycelium_bus::client::{Client, ClientConfig, ClientError, ClientState};
use mycelium_bus::protocol::HeartbeatConfig;
use mycelium_bus::supervision::{Backoff, Supervision};
use mycelium_bus::{Endpoint, EndpointConfig, MessageBus, OverflowPolicy, QueueLimits, Registry, SubscriberConfig};

use crate::bridge::*;
use crate::messages::{AnyMessage, CounterUpdate, SCHEMA_DIGEST, Snapshot, SnapshotArgs};
use crate::subscribing::receive;

async fn endpoint(bus: &MessageBus, folder: &Folder) -> Endpoint {
    bus.register_all(&Registry::new().with_messages::<AnyMessage>().unwrap()).unwrap();
    let config = EndpointConfig::new(SCHEMA_DIGEST).policy(OverflowPolicy::Block);
    config.bind_unix(bus, folder.socket()).await.unwrap()
}

#[tokio::test]
async fn messages_flow_both_ways_and_none_is_lost() {
    const COUNT: i32 = 20_000;
    let (bus, folder) = (MessageBus::new(), Folder::new());
    let endpoint = endpoint(&bus, &folder).await;
    let client = Client::connect_unix(folder.socket(), config()).await.unwrap();
    let other = Client::connect_unix(folder.socket(), config()).await.unwrap();
    let mut on_bus = bus.subscriber::<CounterUpdate>().unwrap();
    let mut on_other = other.subscriber::<CounterUpdate>().await.unwrap();
    let mut publisher = client.publisher::<CounterUpdate>().unwrap();
    let mut from_bus = bus.publisher::<CounterUpdate>().unwrap();
    let all: Vec<i32> = (0..COUNT).collect();
    tokio::join!(
        async {
            for value in 0..COUNT {
                publisher.publish(&update(value)).await.unwrap();
            }
        },
        async { assert_eq!(receive(&mut on_other, COUNT as usize).await, all) },
        async {
            for value in &all {
                assert_eq!(on_bus.recv().await.unwrap().value(), *value);
            }
        },
    );
    from_bus.publish(&update(-7)).await.unwrap();
    assert_eq!(receive(&mut on_other, 1).await, [-7]);
    drop(on_bus);

    let counters = client.close().await;
    assert_eq!((counters.sent, counters.unsent, counters.received), (COUNT as u64, 0, 0));
    assert_eq!(other.close().await.received, COUNT as u64 + 1);
    endpoint.shutdown().await;
    let stats = endpoint.stats();
    assert_eq!((stats.frames_in, stats.rejected.len()), (COUNT as u64, 0));
}

#[tokio::test]
async fn large_messages_pass() {
    let (bus, folder) = (MessageBus::new(), Folder::new());
    let _endpoint = endpoint(&bus, &folder).await;
    let client = Client::connect_unix(folder.socket(), config()).await.unwrap();
    let mut on_bus = bus.subscriber::<Snapshot>().unwrap();
    let mut on_client = client.subscriber::<Snapshot>().await.unwrap();
    let mut publisher = client.publisher::<Snapshot>().unwrap();
    let mut from_bus = bus.publisher::<Snapshot>().unwrap();
    let data: [u64; 8750] = std::array::from_fn(|index| index as u64);
    let publish = async {
        for id in 0..50 {
            publisher.publish_new(&SnapshotArgs { id, data: &data }).await.unwrap();
        }
    };
    let receive = async {
        for id in 0..50 {
            let message = on_bus.recv().await.unwrap();
            assert_eq!((message.id(), message.data().iter().max()), (id, Some(8749)));
        }
    };
    tokio::join!(publish, receive);
    // What was published here arrives there as well, and only that.
    drop(on_bus);
    from_bus.publish_new(&SnapshotArgs { id: 99, data: &data }).await.unwrap();
    assert_eq!(on_client.recv().await.unwrap().id(), 99);
}

#[tokio::test]
async fn a_restarted_endpoint_is_found_again() {
    let folder = Folder::new();
    let mut config = config();
    config.reconnect.backoff.initial = std::time::Duration::from_millis(5);
    let bus = MessageBus::new();
    let first = endpoint(&bus, &folder).await;
    let client = Client::connect_unix(folder.socket(), config).await.unwrap();
    let mut subscriber = client.subscriber::<CounterUpdate>().await.unwrap();
    let mut publisher = client.publisher::<CounterUpdate>().unwrap();
    first.shutdown().await;
    let state = reach(&client, is_disconnected).await;
    let ClientState::Disconnected { error, .. } = state else { panic!("{state:?}") };
    assert!(matches!(&*error, ClientError::Goodbye { .. } | ClientError::Connect { .. }), "{error}");
    for value in 0..100 {
        publisher.publish(&update(value)).await.unwrap();
    }

    // Another bus, as of another process. Everything that was published meanwhile arrives there.
    let bus = MessageBus::new();
    let mut on_bus = bus.subscriber::<CounterUpdate>().unwrap();
    let mut from_bus = bus.publisher::<CounterUpdate>().unwrap();
    let second = endpoint(&bus, &folder).await;
    for value in 0..100 {
        assert_eq!(on_bus.recv().await.unwrap().value(), value);
    }
    drop(on_bus);
    // The subscription is there again: once the client confirms a new one, the old one has been.
    let _marker = client.subscriber::<crate::messages::Marker>().await.unwrap();
    from_bus.publish(&update(5)).await.unwrap();
    assert_eq!(receive(&mut subscriber, 1).await, [5]);
    client.close().await;
    second.shutdown().await;
}

#[tokio::test]
async fn another_contract_is_told_apart() {
    let (bus, folder) = (MessageBus::new(), Folder::new());
    let _endpoint = endpoint(&bus, &folder).await;
    let mut config = config();
    config.schema_digest = [1; 32];
    config.types[1].fingerprint = [1; 8];
    let error = Client::connect_unix(folder.socket(), config).await.unwrap_err();
    let expected = "the bridge was built with another contract: CounterUpdate differs; regenerate with";
    assert!(error.to_string().starts_with(expected), "{error}");
}

#[tokio::test]
async fn tcp_is_the_same() {
    let bus = MessageBus::new();
    let endpoint = bus.bind_tcp_endpoint_with_digest("127.0.0.1:0", SCHEMA_DIGEST).await.unwrap();
    let address = endpoint.local_addr().unwrap().to_string();
    let client = Client::connect_tcp(address, config()).await.unwrap();
    let mut subscriber = client.subscriber::<CounterUpdate>().await.unwrap();
    bus.publisher::<CounterUpdate>().unwrap().publish(&update(3)).await.unwrap();
    assert_eq!(receive(&mut subscriber, 1).await, [3]);
    client.close().await;
    endpoint.shutdown().await;
}

// Somebody may mean "for ever" by them, and no clock goes so far.
#[tokio::test]
async fn the_longest_times_there_are_can_be_set() {
    for span in [Duration::MAX, Duration::from_secs(i64::MAX as u64)] {
        let (bus, folder) = (MessageBus::new(), Folder::new());
        let patient = || {
            let backoff = Backoff::constant(span);
            let reconnect = Supervision { backoff, healthy_after: span, ..config().reconnect };
            let deadlines = ClientConfig { connect_deadline: span, subscribe_deadline: span, ..config() };
            ClientConfig { reconnect, retry_first: true, drain_limit: span, ..deadlines }
        };
        // It waits before it tries again.
        let waiting = tokio::spawn(Client::connect_unix(folder.path().join("none"), patient()));
        tokio::task::yield_now().await;

        let endpoint = EndpointConfig::new(SCHEMA_DIGEST)
            .handshake_deadline(span)
            .heartbeat(Some(HeartbeatConfig { interval: span, misses: 1 }))
            .idle_limit(Some(span))
            .policy(OverflowPolicy::Block)
            .queue_limits(QueueLimits { frames: 1, ..QueueLimits::default() })
            .stall_limit(span)
            .drain_limit(span);
        let endpoint = endpoint.bind_unix(&bus, folder.socket()).await.unwrap();
        let client = Client::connect_unix(folder.socket(), patient()).await.unwrap();
        let mut on_client = client.subscriber::<CounterUpdate>().await.unwrap();
        let mut publisher = bus.publisher::<CounterUpdate>().unwrap();
        let mut full = bus.subscriber_with::<CounterUpdate>(SubscriberConfig::named("full").frames(1)).unwrap();
        let (values, published) = tokio::join!(receive(&mut on_client, 100), async {
            for value in 0..100 {
                let message = update(value);
                let (publishing, _) = tokio::join!(publisher.publish_timeout(&message, span), full.recv());
                publishing.unwrap();
            }
        });
        assert_eq!((values, published), ((0..100).collect(), ()));
        client.close().await;
        endpoint.shutdown().await;
        assert!(!waiting.is_finished(), "{:?}", waiting.await);
        waiting.abort();
    }
}
