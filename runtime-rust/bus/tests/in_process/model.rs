//! Many publishers, subscribers and policies at once, on several threads: under `Block` nothing is lost or doubled,
//! under the others sent and dropped are published, and the order holds everywhere.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use mycelium_bus::{
    CloseReason, IngressConfig, MessageBus, OverflowPolicy, QueueCounters, SubscriberConfig, UnknownTypes,
};
use tokio::sync::Barrier;
use tokio::task::{JoinHandle, JoinSet, yield_now};

use crate::fixtures::{assert_whole, update};
use crate::messages::CounterUpdate;

/// splitmix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut value = self.0;
        value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        value ^ (value >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }
}

/// What one subscriber saw.
struct Seen {
    policy: OverflowPolicy,
    /// Publisher and value, in the order of receiving.
    messages: Vec<(u64, i32)>,
    closed: Option<CloseReason>,
    counters: QueueCounters,
}

fn receiver(bus: &MessageBus, random: &mut Random, name: String) -> JoinHandle<Seen> {
    use OverflowPolicy::{Block, Disconnect, DropNewest, DropOldest};
    let policy = [Block, Block, DropOldest, DropNewest, Disconnect][random.below(5) as usize];
    let frames = 1 + random.below(20) as usize;
    let bytes = if random.below(3) == 0 { 22 * (1 + random.below(10) as usize) } else { 1 << 20 };
    let config = SubscriberConfig::named(name).policy(policy).frames(frames).bytes(bytes);
    let (pause, batches) = (1 + random.below(20), random.below(3) == 0);
    let mut random = Random(random.next());
    let mut subscription = bus.subscribe_types(&[1002], config).unwrap();
    tokio::spawn(async move {
        let mut messages = Vec::new();
        let mut runs = Vec::new();
        loop {
            if batches {
                let take = mycelium_bus::Take { runs: 1 + random.below(5) as usize, bytes: 1 << 20 };
                if subscription.recv_runs(&mut runs, take).await == 0 {
                    break;
                }
                for mut run in runs.drain(..) {
                    while let Some(first) = run.split_first() {
                        let message = first.downcast::<CounterUpdate>().unwrap();
                        messages.push((message.counter_id(), message.value()));
                    }
                    let message = run.downcast::<CounterUpdate>().unwrap();
                    messages.push((message.counter_id(), message.value()));
                }
            } else {
                let Some(frame) = subscription.recv().await else { break };
                let message = frame.downcast::<CounterUpdate>().unwrap();
                messages.push((message.counter_id(), message.value()));
            }
            if random.below(pause) == 0 {
                yield_now().await;
            }
        }
        Seen { policy, messages, closed: subscription.close_reason(), counters: subscription.counters() }
    })
}

/// Subscribers that come and go: they must not hold up or unbalance anything.
fn passer_by(bus: &MessageBus, seed: u64, done: &Arc<AtomicBool>) -> JoinHandle<()> {
    let (bus, done, mut random) = (bus.clone(), done.clone(), Random(seed));
    tokio::spawn(async move {
        while !done.load(Ordering::SeqCst) {
            let config = SubscriberConfig::named("passer-by").frames(1 + random.below(3) as usize);
            let mut subscriber = bus.subscriber_with::<CounterUpdate>(config).unwrap();
            for _ in 0..random.below(4) {
                _ = subscriber.try_recv();
                yield_now().await;
            }
        }
    })
}

fn publish(bus: &MessageBus, id: u64, count: i32, seed: u64, start: &Arc<Barrier>, tasks: &mut JoinSet<()>) {
    let (mut random, start) = (Random(seed), start.clone());
    if random.below(3) == 0 {
        // As a socket would: by the run.
        let mut ingress = bus.ingress(IngressConfig { unknown_types: UnknownTypes::Forward, ..Default::default() });
        tasks.spawn(async move {
            start.wait().await;
            let mut next = 0;
            while next < count {
                let length = (1 + random.below(30) as i32).min(count - next);
                let mut bytes = Vec::new();
                (next..next + length).for_each(|value| mycelium_wire::frame::encode(&update(id, value), &mut bytes));
                ingress.push(mycelium_bus::Run::unchecked(bytes.into()).unwrap()).unwrap();
                // Giving up in between changes nothing.
                tokio::select! {
                    biased;
                    result = ingress.flush() => result.unwrap(),
                    () = yield_now() => {}
                }
                next += length;
            }
            ingress.flush().await.unwrap();
        });
        return;
    }
    let mut publisher = bus.publisher::<CounterUpdate>().unwrap();
    tasks.spawn(async move {
        start.wait().await;
        for value in 0..count {
            let message = update(id, value);
            if random.below(4) == 0 {
                // A publish that was given up has reached nobody, so that it is tried again.
                let given_up = tokio::select! {
                    biased;
                    result = publisher.publish(&message) => { result.unwrap(); false }
                    () = yield_now() => true,
                };
                if !given_up {
                    continue;
                }
            }
            publisher.publish(&message).await.unwrap();
        }
    });
}

async fn round(seed: u64) {
    let mut random = Random(seed);
    let bus = MessageBus::new();
    let (publishers, subscribers) = (1 + random.below(4), 1 + random.below(6));
    let count = 50 + random.below(150) as i32;
    let receivers: Vec<_> =
        (0..subscribers).map(|index| receiver(&bus, &mut random, format!("subscriber {index}"))).collect();
    let done = Arc::new(AtomicBool::new(false));
    let visitor = (random.below(2) == 0).then(|| passer_by(&bus, random.next(), &done));
    let (start, mut tasks) = (Arc::new(Barrier::new(publishers as usize)), JoinSet::new());
    for id in 0..publishers {
        publish(&bus, id, count, random.next(), &start, &mut tasks);
    }
    while let Some(result) = tasks.join_next().await {
        result.unwrap();
    }
    done.store(true, Ordering::SeqCst);
    if let Some(visitor) = visitor {
        visitor.await.unwrap();
    }
    let total = publishers * count as u64;
    let stats = bus.stats();
    let published: u64 = stats.types.iter().map(|stats| stats.published).sum();
    assert_eq!(published + stats.published_before, total, "seed {seed}");
    bus.close();
    for receiver in receivers {
        check(receiver.await.unwrap(), publishers, count, seed);
    }
}

fn check(seen: Seen, publishers: u64, count: i32, seed: u64) {
    let Seen { policy, messages, closed, counters } = seen;
    let context = format!("seed {seed}, {policy}, {counters:?}");
    let total = publishers * count as u64;
    let mut next = vec![0; publishers as usize];
    for (publisher, value) in &messages {
        let next = &mut next[*publisher as usize];
        assert!(*value >= *next, "{context}: {value} of {publisher} after {next}");
        if policy == OverflowPolicy::Block {
            assert_eq!(value, next, "{context}");
        }
        *next = value + 1;
    }
    assert_whole(counters);
    assert_eq!((counters.received, counters.queued), (messages.len() as u64, 0), "{context}");
    match policy {
        OverflowPolicy::Block => assert_eq!((messages.len() as u64, counters.dropped), (total, 0), "{context}"),
        OverflowPolicy::DropOldest | OverflowPolicy::DropNewest => {
            assert_eq!(counters.received + counters.dropped, total, "{context}");
        }
        OverflowPolicy::Disconnect if closed == Some(CloseReason::Overflow) => {
            assert!(counters.dropped > 0 && counters.offered <= total, "{context}");
        }
        OverflowPolicy::Disconnect => assert_eq!(messages.len() as u64, total, "{context}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_is_lost_doubled_or_out_of_order() {
    for seed in 0..60 {
        round(seed).await;
    }
}
