//! Frames from outside.

use std::sync::Arc;

use mycelium_bus::{
    CoreFrame, ForwardError, Ingress, IngressConfig, IngressCounters, MessageBus, OverflowPolicy, PublishError,
    Registry, Run, SubscriberConfig, UnknownTypes,
};
use mycelium_wire::core_messages::{Ping, PingArgs};
use mycelium_wire::frame;

use crate::fixtures::{Polled, log, run_of_updates, text, update, values};
use crate::messages::{AnyMessage, CounterUpdate, Secret, SecretArgs, TextMessage};

fn texts(contents: &[Option<&str>]) -> Run {
    let mut bytes = Vec::new();
    for content in contents {
        let start = bytes.len();
        frame::encode(&text(content.unwrap_or("bad")), &mut bytes);
        if content.is_none() {
            // The first byte of the content's text.
            bytes[start + 6 + 48] = 0xff;
        }
    }
    Run::unchecked(bytes.into()).unwrap()
}

fn known(bus: &MessageBus) -> Ingress {
    let registry = Registry::new().with_messages::<AnyMessage>().unwrap();
    bus.ingress(IngressConfig { registry: Some(Arc::new(registry)), name: "client 3".into(), ..Default::default() })
}

// Each frame on its own: the good ones go on in order, whatever is before, between and after them.
#[tokio::test]
async fn bad_frames_are_left_out_counted_and_logged() {
    let log = log();
    let bus = MessageBus::new();
    let mut subscriber = bus.subscriber::<TextMessage>().unwrap();
    let mut ingress = known(&bus);
    let (g, h) = (Some("one"), Some("two"));
    let cases: [(&[Option<&str>], usize); 8] = [
        (&[g, h], 2),
        (&[None], 0),
        (&[None, g], 1),
        (&[g, None], 1),
        (&[g, None, h], 2),
        (&[None, None, g, h, None, g, None], 3),
        (&[None, None, None], 0),
        (&[g, h, g, None], 3),
    ];
    let mut bad = 0;
    for (contents, accepted) in cases {
        assert_eq!(ingress.push(texts(contents)), Ok(accepted), "{contents:?}");
        ingress.flush().await.unwrap();
        for content in contents.iter().flatten() {
            assert_eq!(subscriber.try_recv().unwrap().content(), *content);
        }
        let lines = log.take();
        bad += contents.len() - accepted;
        assert_eq!(lines.len(), contents.len() - accepted);
        for line in lines {
            for part in ["source=\"client 3\"", "TextMessage", "code=\"utf8\"", "path=\"content\""] {
                assert!(line.contains(part), "{part} in {line}");
            }
        }
    }
    let counters = ingress.counters();
    assert_eq!(counters.rejected(), [("utf8".into(), bad as u64)].into());
    assert_eq!((counters.frames() - counters.accepted(), counters.unknown()), (bad as u64, 0));
    assert_eq!(counters.bytes(), counters.frames() * 318);
}

// A client that sends nothing but bad frames must not fill the disk with log lines; it is counted to the frame.
#[tokio::test]
async fn a_flood_of_bad_frames_is_logged_ever_more_rarely() {
    let log = log();
    let bus = MessageBus::new();
    let mut ingress = known(&bus);
    for _ in 0..100 {
        assert_eq!(ingress.push(texts(&[None; 10])), Ok(0));
    }
    let lines = log.take();
    assert_eq!((lines.len(), ingress.counters().rejected()), (16 + 5, [("utf8".into(), 1000)].into()));
    assert!(lines[20].contains("rejected=512"), "{lines:?}");
}

// The payload of a redacted message is in no log line, even when it is what is wrong.
#[tokio::test]
async fn payloads_are_not_logged() {
    let log = log();
    let bus = MessageBus::new();
    let mut bytes = Vec::new();
    frame::encode(&Secret::new(SecretArgs { key: "hunter2" }).unwrap(), &mut bytes);
    *bytes.last_mut().unwrap() = 1;
    let run = Run::unchecked(bytes.into()).unwrap();
    assert!(!format!("{run:?}").contains("hunter2"));
    assert_eq!(known(&bus).push(run), Ok(0));
    let lines = log.take();
    assert!(lines.len() == 1 && lines[0].contains("padding") && !lines[0].contains("hunter2"), "{lines:?}");
}

#[tokio::test]
async fn what_was_checked_on_the_way_in_is_not_checked_again() {
    let bus = MessageBus::new();
    let mut tap = bus.tap().unwrap();
    known(&bus).forward(run_of_updates(0..3)).await.unwrap();
    let mut out = Vec::new();
    tap.recv_runs(&mut out, mycelium_bus::Take { runs: 9, bytes: 1 << 20 }).await;
    assert_eq!((out.len(), out[0].count(), out[0].kind()), (1, 3, Some(std::any::TypeId::of::<CounterUpdate>())));
}

#[tokio::test]
async fn unknown_types_are_refused_or_forwarded() {
    for (unknown_types, forwarded) in [(UnknownTypes::Refuse, 0), (UnknownTypes::Forward, 3)] {
        let bus = MessageBus::new();
        let mut tap = bus.tap().unwrap();
        let mut ingress = bus.ingress(IngressConfig { unknown_types, ..Default::default() });
        assert_eq!(ingress.push(run_of_updates(0..3)), Ok(forwarded));
        ingress.flush().await.unwrap();
        assert_eq!(std::iter::from_fn(|| tap.try_recv().ok()).count(), forwarded);
        assert_eq!(ingress.counters().unknown(), 3 - forwarded as u64);
        // Known from here on, and checked.
        let mut subscriber = bus.subscriber::<CounterUpdate>().unwrap();
        assert_eq!(ingress.push(run_of_updates(3..5)), Ok(2));
        ingress.flush().await.unwrap();
        assert_eq!(values(&mut subscriber), [3, 4]);
    }
}

// With a registry of its own an endpoint does not take what only other parts of the program know.
#[tokio::test]
async fn an_endpoints_registry_decides_what_is_known() {
    let bus = MessageBus::new();
    bus.publisher::<CounterUpdate>().unwrap();
    let registry = Some(Arc::new(Registry::new().with::<TextMessage>().unwrap()));
    let mut ingress = bus.ingress(IngressConfig { registry, ..Default::default() });
    assert_eq!(ingress.push(run_of_updates([1])), Ok(0));
    assert_eq!(ingress.push(texts(&[Some("t")])), Ok(1));
}

#[tokio::test]
async fn core_frames_never_get_on_the_bus() {
    let bus = MessageBus::new();
    let mut bytes = Vec::new();
    frame::encode(&Ping::new(PingArgs { nonce: 1 }).unwrap(), &mut bytes);
    let mut ingress = bus.ingress(IngressConfig { unknown_types: UnknownTypes::Forward, ..Default::default() });
    assert_eq!(ingress.push(Run::unchecked(bytes.into()).unwrap()), Err(CoreFrame { type_id: 5 }));
    assert!(!ingress.is_pending());
}

#[tokio::test]
async fn nothing_goes_back_to_where_it_came_from() {
    for policy in [OverflowPolicy::Block, OverflowPolicy::DropOldest] {
        let bus = MessageBus::new();
        let (one, other) = (bus.next_connection_id(), bus.next_connection_id());
        assert_ne!(one, other);
        let client = |origin, name: &str| {
            let config = SubscriberConfig { origin: Some(origin), ..SubscriberConfig::named(name).policy(policy) };
            let client = bus.tap_with(config).unwrap();
            client.add_types(&[1002]);
            client
        };
        let (mut one_tap, mut other_tap) = (client(one, "one"), client(other, "other"));
        let mut local = bus.subscriber::<CounterUpdate>().unwrap();
        let mut ingress = bus.ingress(IngressConfig { origin: Some(one), ..Default::default() });
        ingress.forward(run_of_updates(0..3)).await.unwrap();
        bus.publisher::<CounterUpdate>().unwrap().publish(&update(1, 9)).await.unwrap();
        let count = |tap: &mut mycelium_bus::Subscription| std::iter::from_fn(|| tap.try_recv().ok()).count();
        assert_eq!((count(&mut one_tap), count(&mut other_tap)), (1, 4));
        assert_eq!(values(&mut local), [0, 1, 2, 9]);
        assert_eq!(one_tap.counters().offered, 1);
    }
}

// The same where the source is the only one that would get it: that is another way through the code.
#[tokio::test]
async fn nothing_goes_back_to_the_only_subscriber() {
    for policy in [OverflowPolicy::Block, OverflowPolicy::DropOldest] {
        let bus = MessageBus::new();
        let origin = Some(bus.next_connection_id());
        let config = SubscriberConfig { origin, ..SubscriberConfig::named("echo").policy(policy) };
        let mut subscriber = bus.subscriber_with::<CounterUpdate>(config).unwrap();
        let mut ingress = bus.ingress(IngressConfig { origin, ..Default::default() });
        ingress.forward(run_of_updates(0..3)).await.unwrap();
        assert_eq!((values(&mut subscriber), subscriber.counters().offered), (vec![], 0));
    }
}

// A run larger than the queue goes through it piece by piece; giving up in between loses and doubles nothing.
#[tokio::test(start_paused = true)]
async fn a_flush_that_is_cancelled_goes_on_where_it_was() {
    let bus = MessageBus::new();
    let mut small = bus.subscriber_with::<CounterUpdate>(SubscriberConfig::named("small").frames(4)).unwrap();
    let mut other = bus.subscriber_with::<CounterUpdate>(SubscriberConfig::named("other").frames(7)).unwrap();
    let mut ingress = bus.ingress(IngressConfig::default());
    ingress.push(run_of_updates(0..10)).unwrap();
    ingress.push(run_of_updates(10..20)).unwrap();
    let (mut first, mut second) = (Vec::new(), Vec::new());
    for _ in 0..20 {
        if Polled::new(ingress.flush()).poll().is_ready() {
            break;
        }
        first.extend(values(&mut small));
        second.extend(values(&mut other));
    }
    assert!(!ingress.is_pending());
    first.extend(values(&mut small));
    second.extend(values(&mut other));
    assert_eq!((first, second), ((0..20).collect(), (0..20).collect()));
    assert_eq!(bus.stats().types[0].published, 20);
}

#[tokio::test]
async fn sources_can_share_counters_and_learn_that_the_bus_is_closed() {
    let bus = MessageBus::new();
    let counters = Arc::new(IngressCounters::default());
    let make = || bus.ingress(IngressConfig { counters: counters.clone(), ..Default::default() });
    let (mut one, mut other) = (make(), make());
    bus.publisher::<CounterUpdate>().unwrap();
    one.forward(run_of_updates(0..2)).await.unwrap();
    other.push(run_of_updates(0..3)).unwrap();
    assert_eq!((counters.frames(), counters.accepted(), counters.bytes()), (5, 5, 110));
    bus.close();
    assert_eq!(other.flush().await, Err(PublishError::Closed));
    assert_eq!(one.forward(run_of_updates(0..1)).await, Err(ForwardError::Publish(PublishError::Closed)));
}
