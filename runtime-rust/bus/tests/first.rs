//! The first message through a bus.

#[path = "messages/messages.rs"]
#[allow(dead_code)]
mod messages;

use messages::{CounterUpdate, CounterUpdateArgs};
use mycelium_bus::MessageBus;

#[tokio::test]
async fn what_is_published_is_received() {
    let bus = MessageBus::new();
    let mut subscriber = bus.subscriber::<CounterUpdate>().unwrap();
    let mut publisher = bus.publisher::<CounterUpdate>().unwrap();
    let update = CounterUpdate::new(CounterUpdateArgs { counter_id: 1, value: 2, delta: 3 }).unwrap();
    for _ in 0..1000 {
        publisher.publish(&update).await.unwrap();
    }
    for _ in 0..1000 {
        assert_eq!(subscriber.recv().await.unwrap(), update);
    }
    bus.close();
    assert!(subscriber.recv().await.is_none());
}
