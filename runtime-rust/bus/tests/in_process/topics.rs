//! Topics, taps, and subscriptions that change.

use mycelium_bus::{MessageBus, SubscriberConfig, Subscription, TypeEntry};

use crate::fixtures::{run_of_updates, text, update};
use crate::messages::{CounterUpdate, Secret, SecretArgs, TextMessage};

fn types(subscription: &mut Subscription) -> Vec<u16> {
    std::iter::from_fn(|| subscription.try_recv().ok()).map(|frame| frame.type_id()).collect()
}

async fn publish_all(bus: &MessageBus) {
    bus.publisher().unwrap().publish(&text("t")).await.unwrap();
    bus.publisher().unwrap().publish(&update(1, 1)).await.unwrap();
    bus.publisher::<Secret>().unwrap().publish_new(&SecretArgs { key: "k" }).await.unwrap();
}

// Subscriptions come before anybody published the type: the routes that appear later have to find them.
#[tokio::test]
async fn routes_that_appear_later_find_their_subscribers() {
    let bus = MessageBus::new();
    let mut examples = bus.subscribe_topic("examples").unwrap();
    let mut vault = bus.subscribe_topic("vault").unwrap();
    let mut nothing = bus.subscribe_topic("example").unwrap();
    let mut all = bus.tap().unwrap();
    let mut some = bus.subscribe_types(&[1004, 1001, 9999], SubscriberConfig::named("some")).unwrap();
    for _ in 0..2 {
        publish_all(&bus).await;
        assert_eq!(types(&mut examples), [1001, 1002]);
        assert_eq!(types(&mut vault), [1004]);
        assert_eq!(types(&mut nothing), []);
        assert_eq!(types(&mut all), [1001, 1002, 1004]);
        assert_eq!(types(&mut some), [1001, 1004]);
    }
    assert_eq!((&**examples.name(), &**all.name()), ("examples", "tap"));
}

#[tokio::test]
async fn a_frame_comes_once_however_often_it_was_asked_for() {
    let bus = MessageBus::new();
    let mut subscription = bus.subscribe_topic("examples").unwrap();
    subscription.add_topic("examples");
    subscription.add_all();
    assert_eq!(subscription.add_types(&[1001, 1002, 1001]), 2);
    publish_all(&bus).await;
    assert_eq!(types(&mut subscription), [1001, 1002, 1004]);
}

#[tokio::test]
async fn subscriptions_change_while_they_live() {
    let bus = MessageBus::new();
    let mut subscription = bus.subscription(SubscriberConfig::named("client")).unwrap();
    publish_all(&bus).await;
    assert_eq!(types(&mut subscription), []);
    assert_eq!(subscription.add_types(&[1001, 1004]), 2);
    publish_all(&bus).await;
    assert_eq!(types(&mut subscription), [1001, 1004]);
    assert_eq!(subscription.remove_types(&[1001, 5]), 1);
    publish_all(&bus).await;
    assert_eq!(types(&mut subscription), [1004]);
    subscription.add_all();
    subscription.remove_types(&[1004]);
    publish_all(&bus).await;
    assert_eq!(types(&mut subscription), [1001, 1002, 1004]);
    // What is queued stays.
    publish_all(&bus).await;
    subscription.clear();
    publish_all(&bus).await;
    assert_eq!(types(&mut subscription), [1001, 1002, 1004]);
}

// A type that came from a socket before anybody knew it has no topic; it gets one when the type is registered.
#[tokio::test]
async fn a_type_gets_its_topic_when_it_gets_known() {
    let bus = MessageBus::new();
    let mut examples = bus.subscribe_topic("examples").unwrap();
    let config =
        mycelium_bus::IngressConfig { unknown_types: mycelium_bus::UnknownTypes::Forward, ..Default::default() };
    let mut ingress = bus.ingress(config);
    ingress.forward(run_of_updates([1])).await.unwrap();
    assert_eq!(types(&mut examples), []);
    bus.register(TypeEntry::of::<CounterUpdate>()).unwrap();
    ingress.forward(run_of_updates([2, 3])).await.unwrap();
    assert_eq!(types(&mut examples), [1002, 1002]);
}

#[tokio::test]
async fn dropping_a_subscription_frees_its_place() {
    let bus = MessageBus::new();
    let mut publisher = bus.publisher::<TextMessage>().unwrap();
    let (tap, topic) = (bus.tap().unwrap(), bus.subscribe_topic("examples").unwrap());
    assert_eq!(publisher.subscribers(), 2);
    drop(tap);
    assert_eq!(publisher.subscribers(), 1);
    publisher.publish(&text("queued")).await.unwrap();
    assert_eq!(topic.discard(), 1);
    assert_eq!((publisher.subscribers(), bus.stats().subscriptions.len()), (0, 0));
}
