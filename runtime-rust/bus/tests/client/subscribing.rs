//! Subscriptions: when they are made, kept and ended.

use std::time::Duration;

use mycelium_bus::client::{Client, ClientSubscriber, SubscribeError};
use mycelium_bus::{OverflowPolicy, SubscriberConfig};
use mycelium_wire::core_messages::*;

use crate::bridge::*;
use crate::messages::{CounterUpdate, Marker, Secret, SecretArgs, TextMessage};

// Otherwise whoever publishes next may be missed.
#[tokio::test(start_paused = true)]
async fn a_subscriber_is_there_once_the_bridge_has_confirmed() {
    let bridge = Bridge::new();
    let (client, mut link) = bridge.client(config(), 0).await;
    let subscribing = tokio::spawn({
        let client = client.clone();
        async move { client.subscriber::<CounterUpdate>().await }
    });
    let request = link.expect::<Subscribe>().await;
    assert_eq!((request.all(), request.type_ids().iter().collect::<Vec<_>>()), (false, vec![1002]));
    tokio::time::sleep(SECOND).await;
    assert!(!subscribing.is_finished());
    // What comes right behind is in its queue already.
    let confirmed = core::<Subscribed>(SubscribedArgs { request: request.request(), types: 1 });
    link.send(&[confirmed, framed(&update(1)), framed(&update(2))].concat()).await;
    let mut subscriber = subscribing.await.unwrap().unwrap();
    assert_eq!(receive(&mut subscriber, 2).await, [1, 2]);
}

pub async fn receive(subscriber: &mut ClientSubscriber<CounterUpdate>, count: usize) -> Vec<i32> {
    let mut values = Vec::new();
    while values.len() < count {
        values.push(subscriber.recv().await.unwrap().value());
    }
    values
}

#[tokio::test(start_paused = true)]
async fn the_bridge_is_asked_once_for_a_type_and_told_when_the_last_subscriber_goes() {
    let bridge = Bridge::new();
    let (client, mut link) = bridge.client(config(), 0).await;
    let (first, asked) = tokio::join!(client.subscriber::<CounterUpdate>(), link.subscribe());
    assert_eq!(asked, (false, vec![1002]));
    let second = client.subscriber::<CounterUpdate>().await.unwrap();
    let (other, asked) = tokio::join!(client.subscriber::<Marker>(), link.subscribe());
    assert_eq!(asked, (false, vec![1006]));
    drop(first);
    tokio::time::sleep(SECOND).await;
    drop(second);
    let told = link.expect::<Unsubscribe>().await;
    assert_eq!((told.all(), told.type_ids().iter().collect::<Vec<_>>()), (false, vec![1002]));

    // Taken back and wanted again at once: whatever is said, it is confirmed, and no longer missing.
    drop(other);
    let again = client.subscriber::<Marker>();
    let (again, _) = tokio::join!(tokio::time::timeout(SECOND, again), async {
        if tokio::time::timeout(SECOND / 2, link.expect::<Unsubscribe>()).await.is_ok() {
            link.subscribe().await;
        }
    });
    assert!(again.unwrap().is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_tap_gets_every_frame() {
    let bridge = Bridge::new();
    let (client, mut link) = bridge.client(config(), 0).await;
    let (tap, asked) = tokio::join!(client.tap(), link.subscribe());
    let mut tap = tap.unwrap();
    assert_eq!(asked, (true, vec![]));
    // Of a type that this client does not know as well.
    link.send(&[framed(&update(1)), vec![0x10, 0x27, 2, 0, 0, 0, 8, 9]].concat()).await;
    assert_eq!(tap.recv().await.unwrap().type_id(), 1002);
    let unknown = tap.recv().await.unwrap();
    assert_eq!((unknown.type_id(), unknown.payload()), (10_000, &[8, 9][..]));
    drop(tap);
    assert!(link.expect::<Unsubscribe>().await.all());
}

// To the bridge, a type that is taken back under all is left out: the tap would miss it.
#[tokio::test(start_paused = true)]
async fn a_tap_keeps_the_types_of_subscribers_that_go() {
    let bridge = Bridge::new();
    let (client, mut link) = bridge.client(config(), 0).await;
    let (tap, _) = tokio::join!(client.tap(), link.subscribe());
    let (one, _) = tokio::join!(client.subscriber::<CounterUpdate>(), link.subscribe());
    drop(one.unwrap());
    let (two, _) = tokio::join!(client.subscriber::<Secret>(), link.subscribe());
    drop((tap.unwrap(), two.unwrap()));
    assert!(link.expect::<Unsubscribe>().await.all());
}

#[tokio::test(start_paused = true)]
async fn a_topic_is_all_of_its_messages() {
    let bridge = Bridge::new();
    let (client, mut link) = bridge.client(config(), 0).await;
    let (topic, asked) = tokio::join!(client.subscribe_topic("vault"), link.subscribe());
    assert_eq!(asked, (false, vec![1004, 1005]));
    let one = client.subscriber::<Secret>().await.unwrap();
    let secret = Secret::new(SecretArgs { key: "k" }).unwrap();
    link.send(&[framed(&update(1)), framed(&secret)].concat()).await;
    let mut topic = topic.unwrap();
    assert_eq!(topic.recv().await.unwrap().type_id(), 1004);
    drop(topic);
    // One of them is still wanted.
    assert_eq!(link.expect::<Unsubscribe>().await.type_ids().iter().collect::<Vec<_>>(), [1005]);
    drop(one);
    assert_eq!(link.expect::<Unsubscribe>().await.type_ids().iter().collect::<Vec<_>>(), [1004]);
    let error = client.subscribe_topic("none").await.unwrap_err();
    assert_eq!(error.to_string(), "no message of the contract that this client was made for has the topic `none`");
}

#[tokio::test(start_paused = true)]
async fn types_are_subscribed_to_by_id() {
    let bridge = Bridge::new();
    let (client, mut link) = bridge.client(config(), 0).await;
    let config = SubscriberConfig::named("two");
    let (two, asked) = tokio::join!(client.subscribe_types(&[1002, 10_000], config), link.subscribe());
    assert_eq!(asked, (false, vec![1002, 10_000]));
    let mut two = two.unwrap();
    link.send(&[framed(&update(1)), vec![0x10, 0x27, 2, 0, 0, 0, 8, 9]].concat()).await;
    assert_eq!([two.recv().await.unwrap().type_id(), two.recv().await.unwrap().type_id()], [1002, 10_000]);
    drop(two);
    assert_eq!(link.expect::<Unsubscribe>().await.type_ids().iter().collect::<Vec<_>>(), [1002, 10_000]);
}

// A bad frame is the sender's mistake: the stream goes on.
#[tokio::test(start_paused = true)]
async fn what_is_no_message_is_counted_and_left_out() {
    let bridge = Bridge::new();
    let (client, mut link) = bridge.client(config(), 0).await;
    let (subscriber, _) = tokio::join!(client.subscriber::<TextMessage>(), link.subscribe());
    let good =
        crate::messages::TextMessage::new(crate::messages::TextMessageArgs { sender: "a", content: "b", timestamp: 1 });
    let good = framed(&good.unwrap());
    let mut bad = good.clone();
    bad[6] = 0xff;
    link.send(&[good.clone(), bad, good].concat()).await;
    let mut subscriber = subscriber.unwrap();
    for _ in 0..2 {
        assert_eq!(subscriber.recv().await.unwrap().content(), "b");
    }
    let counters = client.counters();
    assert_eq!((counters.received, counters.rejected, subscriber.counters().offered), (3, 1, 2));
}

#[tokio::test(start_paused = true)]
async fn a_bridge_that_does_not_confirm_is_not_waited_for_for_ever() {
    let bridge = Bridge::new();
    let (client, mut link) = bridge.client(config(), 0).await;
    let error = client.subscriber::<CounterUpdate>().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the bridge did not confirm the subscription within 10s: it is not connected, or not answering"
    );
    link.expect::<Subscribe>().await;
    // It is not wanted any more.
    assert_eq!(link.expect::<Unsubscribe>().await.type_ids().iter().collect::<Vec<_>>(), [1002]);
}

fn small(policy: OverflowPolicy) -> SubscriberConfig {
    SubscriberConfig::named("the slow one").frames(2).policy(policy)
}

// The deadlock of one task that subscribes, and does not receive what it is subscribed to already.
#[tokio::test(start_paused = true)]
async fn a_full_queue_that_holds_up_a_subscription_is_named() {
    let bridge = Bridge::new();
    let (client, mut link) = bridge.client(config(), 0).await;
    let subscribing = client.subscriber_with::<CounterUpdate>(small(OverflowPolicy::Block));
    let (slow, _) = tokio::join!(subscribing, link.subscribe());
    let flood: Vec<u8> = (0..10).flat_map(|value| framed(&update(value))).collect();
    link.send(&flood).await;
    tokio::time::sleep(SECOND).await;
    let (error, _) = tokio::join!(client.subscriber::<Marker>(), link.subscribe());
    let Err(SubscribeError::Unconfirmed { held_up_by: Some(name), after }) = error else { panic!("{error:?}") };
    assert_eq!((&*name, after), ("the slow one", 10 * SECOND));

    // Once it is received from, everything goes on, and nothing was lost.
    let mut slow = slow.unwrap();
    assert_eq!(receive(&mut slow, 10).await, (0..10).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn with_a_dropping_policy_a_full_queue_holds_up_nothing() {
    let bridge = Bridge::new();
    let (client, mut link) = bridge.client(config(), 0).await;
    let subscribing = client.subscriber_with::<CounterUpdate>(small(OverflowPolicy::DropOldest));
    let (slow, _) = tokio::join!(subscribing, link.subscribe());
    let flood: Vec<u8> = (0..10).flat_map(|value| framed(&update(value))).collect();
    link.send(&flood).await;
    let (other, _) = tokio::join!(client.subscriber::<Marker>(), link.subscribe());
    assert!(other.is_ok());
    let mut slow = slow.unwrap();
    assert_eq!((slow.counters().dropped, client.counters().received), (8, 10));
    assert_eq!(receive(&mut slow, 2).await, [8, 9]);
}

// Giving up on a subscription, as a timeout around it does, takes it back.
#[tokio::test(start_paused = true)]
async fn subscribing_can_be_cancelled() {
    let bridge = Bridge::new();
    let (client, mut link) = bridge.client(config(), 0).await;
    let gave_up = tokio::time::timeout(Duration::from_millis(10), client.subscriber::<CounterUpdate>()).await;
    assert!(gave_up.is_err());
    link.expect::<Subscribe>().await;
    link.expect::<Unsubscribe>().await;
    let client: Client = client;
    tokio::join!(client.close(), link.expect_goodbye());
}
