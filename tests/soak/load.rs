//! The bridge, and everybody who uses it: [`run`].

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use mycelium_bridge::{ForeignBridge, OcamlBridgeConfig, OcamlChildConfig, WorkerState};
use mycelium_bus::client::{Client, ClientConfig, ClientCounters};
use mycelium_bus::supervision::{Backoff, Intensity, Jitter, Supervision};
use mycelium_bus::{
    EndpointConfig, EndpointStats, MessageBus, OverflowPolicy, QueueLimits, Registry, Subscriber, SubscriberConfig,
};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use tokio::task::JoinHandle;
use tokio::time::interval;

use crate::accounts::{Heard, Report};
use crate::messages::{AnyMessage, SCHEMA_DIGEST, TextMessage, TextMessageArgs};
use crate::outside::{Mischief, mischief};

/// Longer than anything takes: reaching it is a failure.
const LIMIT: Duration = Duration::from_secs(60);
/// Messages that a publisher has for each turn.
const BURST: u64 = 50;
/// A publisher's turns.
const TURN: Duration = Duration::from_millis(5);
const WORKERS: [&str; 3] = ["one", "two", "three"];

#[derive(Clone)]
struct Stage {
    bus: MessageBus,
    /// Where the bridge listens.
    bridge: Arc<PathBuf>,
    /// Where the endpoint is that comes and goes.
    shaky: Arc<PathBuf>,
    until: Instant,
}

impl Stage {
    fn is_over(&self) -> bool {
        Instant::now() >= self.until
    }
}

/// All of it for so long, and then the end of all of it.
pub async fn run(program: &Path, time: Duration) -> Report {
    let folder = tempfile::tempdir().expect("a folder");
    let stage = Stage {
        bus: MessageBus::new(),
        bridge: Arc::new(folder.path().join("bridge.sock")),
        shaky: Arc::new(folder.path().join("shaky.sock")),
        until: Instant::now() + time,
    };
    let bus = &stage.bus;

    let mut heard: Subscriber<TextMessage> = bus.subscriber().expect("a subscriber");
    let slow = SubscriberConfig::named("slow").policy(OverflowPolicy::DropOldest).frames(64);
    let mut slow: Subscriber<TextMessage> = bus.subscriber_with(slow).expect("a subscriber");
    let hearing = tokio::spawn(async move {
        let mut all = Heard::default();
        while let Some(text) = heard.recv().await {
            all.hear(text.sender(), text.timestamp());
        }
        (all, heard.counters())
    });
    let taking = tokio::spawn(async move {
        let (mut taken, mut ticks) = (0, interval(Duration::from_millis(1)));
        while slow.recv().await.is_some() {
            taken += 1;
            if slow.counters().queued > 0 {
                ticks.tick().await;
            }
        }
        (taken, slow.counters())
    });

    let bridge = start_bridge(&stage, program).await;
    let rebinding = tokio::spawn(rebind(stage.clone()));
    let slow_client = tokio::spawn(slow_client(stage.clone()));

    let mut inside = Vec::new();
    for name in ["inside-1", "inside-2"] {
        inside.push((name, tokio::spawn(publish_inside(stage.clone(), name))));
    }
    let mut outside = Vec::new();
    for (name, path) in [("client-1", &stage.bridge), ("client-2", &stage.bridge), ("shaky", &stage.shaky)] {
        outside.push((name, tokio::spawn(publish_outside(stage.clone(), name, Arc::clone(path)))));
    }
    let breaking = tokio::spawn(break_rules(stage.clone()));
    let kills = kill_workers(&stage, &bridge).await;

    // The end: who publishes, then who forwards, then the bus, then who receives.
    let inside = joined(inside).await;
    let outside = joined(outside).await;
    let Mischief { bad, refused } = soon(breaking).await;
    let endpoints = soon(rebinding).await;
    let bridge_endpoint = bridge.endpoints().remove(0);
    let bridge = tokio::time::timeout(LIMIT, bridge.shutdown()).await.expect("the bridge ends");
    let (slow_client, slow_client_counters) = soon(slow_client).await;
    stage.bus.close();
    let (heard, heard_counters) = soon(hearing).await;
    let (slow, slow_counters) = soon(taking).await;
    let published = stage.bus.stats().types.iter().map(|known| known.published).sum();
    Report {
        inside,
        outside,
        published,
        heard,
        heard_counters,
        slow,
        slow_counters,
        slow_client,
        slow_client_counters,
        endpoints,
        bridge_endpoint: bridge_endpoint.stats(),
        bridge,
        bad,
        kills,
        refused,
    }
}

async fn soon<T>(task: JoinHandle<T>) -> T {
    tokio::time::timeout(LIMIT, task).await.expect("it ends in time").expect("it does not panic")
}

async fn joined<T>(tasks: Vec<(&str, JoinHandle<T>)>) -> BTreeMap<String, T> {
    let mut all = BTreeMap::new();
    for (name, task) in tasks {
        all.insert(name.to_owned(), soon(task).await);
    }
    all
}

async fn start_bridge(stage: &Stage, program: &Path) -> ForeignBridge {
    let registry = Registry::new().with_messages::<AnyMessage>().expect("a registry");
    let config = OcamlBridgeConfig::new("soak", SCHEMA_DIGEST).bridge(|bridge| {
        bridge
            .unix(&*stage.bridge)
            .endpoint(|endpoint| endpoint.registry(registry).queue_limits(QueueLimits { frames: 512, bytes: 1 << 20 }))
    });
    let supervision = Supervision {
        backoff: Backoff::constant(Duration::from_millis(10)),
        intensity: Intensity::UNLIMITED,
        ..Supervision::default()
    };
    let config = WORKERS.into_iter().fold(config, |config, id| {
        config.child(OcamlChildConfig::new(id, program).worker(|worker| worker.supervision(supervision)))
    });
    let bridge = ForeignBridge::start(&stage.bus, config.into()).await.expect("a bridge");
    tokio::time::timeout(LIMIT, bridge.ready()).await.expect("workers are ready");
    bridge
}

/// An endpoint that is shut down and bound again, at the same path.
async fn rebind(stage: Stage) -> Vec<EndpointStats> {
    let (mut all, mut turns) = (Vec::new(), interval(Duration::from_millis(500)));
    turns.tick().await;
    loop {
        let registry = Registry::new().with_messages::<AnyMessage>().expect("a registry");
        let config = EndpointConfig::new(SCHEMA_DIGEST).name("shaky").registry(registry);
        let endpoint = config.bind_unix(&stage.bus, &*stage.shaky).await.expect("the path is free again");
        // The last one stays until its clients have gone, so that they can.
        let last = stage.until <= Instant::now() + Duration::from_secs(1);
        if last {
            while !stage.is_over() {
                turns.tick().await;
            }
            endpoint.wait_until(|stats| stats.clients > 0 && stats.active == 0).await;
        } else {
            turns.tick().await;
        }
        endpoint.shutdown().await;
        all.push(endpoint.stats());
        if last {
            return all;
        }
    }
}

fn config(name: &str) -> ClientConfig {
    let mut config = ClientConfig::new(SCHEMA_DIGEST, AnyMessage::MESSAGES);
    config.name = name.to_owned();
    config.retry_first = true;
    config.reconnect.backoff = Backoff::constant(Duration::from_millis(5));
    config
}

async fn publish_inside(stage: Stage, sender: &'static str) -> u64 {
    let mut publisher = stage.bus.publisher::<TextMessage>().expect("a publisher");
    let (mut number, mut turns) = (0, interval(TURN));
    while !stage.is_over() {
        turns.tick().await;
        for _ in 0..BURST {
            number += 1;
            let text = TextMessageArgs { sender, content: "from inside", timestamp: number };
            publisher.publish_new(&text).await.expect("published");
        }
    }
    number
}

async fn publish_outside(stage: Stage, sender: &'static str, path: Arc<PathBuf>) -> (u64, ClientCounters) {
    let client = Client::connect_unix(&*path, config(sender)).await.expect("a client");
    let mut publisher = client.publisher::<TextMessage>().expect("a publisher");
    let (mut number, mut turns) = (0, interval(TURN));
    while !stage.is_over() {
        turns.tick().await;
        for _ in 0..BURST {
            number += 1;
            let text = TextMessage::new(TextMessageArgs { sender, content: "from outside", timestamp: number });
            publisher.publish(&text.expect("a message")).await.expect("published");
        }
    }
    drop(publisher);
    (number, client.close().await)
}

/// Receives less than is published, until its bridge ends.
async fn slow_client(stage: Stage) -> (u64, ClientCounters) {
    let client = Client::connect_unix(&*stage.bridge, config("slow")).await.expect("a client");
    let mut texts =
        client.subscriber_with::<TextMessage>(SubscriberConfig::named("slow").frames(16)).await.expect("a subscriber");
    let (mut taken, mut turns) = (0, interval(TURN));
    while !stage.is_over() {
        turns.tick().await;
        for _ in 0..10 {
            taken += u64::from(texts.recv().await.is_some());
        }
    }
    // From here on as fast as it can, until nothing comes any more.
    while let Ok(Some(_)) = tokio::time::timeout(Duration::from_secs(1), texts.recv()).await {
        taken += 1;
    }
    drop(texts);
    (taken, client.close().await)
}

async fn break_rules(stage: Stage) -> Mischief {
    let (mut all, mut turns) = (Mischief::default(), interval(Duration::from_millis(50)));
    while !stage.is_over() {
        turns.tick().await;
        let path = Arc::clone(&stage.bridge);
        let round = tokio::task::spawn_blocking(move || mischief(&path)).await.expect("no panic");
        let Mischief { bad, refused } = round.expect("the bridge is there");
        all.bad += bad;
        all.refused += refused;
    }
    all
}

/// Kills workers, one at a time, by every way to end.
async fn kill_workers(stage: &Stage, bridge: &ForeignBridge) -> u64 {
    let (random, mut kills) = (Jitter::random(), 0);
    let mut turns = interval(Duration::from_millis(100));
    while !stage.is_over() {
        turns.tick().await;
        let id = WORKERS[(random.sample() * WORKERS.len() as f64) as usize % WORKERS.len()];
        let worker = bridge.worker(id).expect("a worker");
        let (Some(pid), WorkerState::Ready) = (worker.pid, worker.state) else { continue };
        if random.sample() < 0.2 {
            bridge.restart(id).expect("a worker");
        } else {
            let pid = Pid::from_raw(pid.try_into().expect("a process")).expect("a process");
            // Its number may be another's already, unless it is still the worker's afterwards.
            let Ok(process) = pidfd_open(pid, PidfdFlags::empty()) else { continue };
            if bridge.worker(id).expect("a worker").pid != worker.pid {
                continue;
            }
            let signal = if random.sample() < 0.5 { Signal::KILL } else { Signal::TERM };
            let _ = pidfd_send_signal(&process, signal);
        }
        kills += 1;
    }
    kills
}
