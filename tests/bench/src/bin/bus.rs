//! `bus [--quick] [--strict] [--ours] [FILTER]`: publish to receive within one process, beside tokio's channels of `Arc<T>`, in
//! interleaved rounds. One thread, so that nothing but the work is measured: a burst is published, then every
//! subscriber receives it.

use std::hint::black_box;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mycelium_bench::ours::{CounterUpdate, CounterUpdateArgs, TextMessage, TextMessageArgs};
use mycelium_bench::rounds::{self, Lane, Plan};
use mycelium_bus::{MessageBus, Publisher, Subscriber};
use mycelium_wire::Message;
use tokio::runtime::Builder;
use tokio::sync::{broadcast, mpsc};

/// Messages between two changes from publishing to receiving.
const BURSTS: [u64; 2] = [1, 64];

const FLOOR: &str = "broadcast of an Arc, and a copy";

fn main() -> ExitCode {
    let mut plan = Plan { rounds: 1_000, batch: Duration::from_micros(100) };
    let (mut strict, mut ours, mut filter) = (false, false, String::new());
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            "--quick" => plan.rounds = 100,
            "--strict" => strict = true,
            // For a profiler.
            "--ours" => ours = true,
            _ => filter = argument,
        }
    }
    let text = TextMessageArgs { sender: "bench", content: &"x".repeat(100), timestamp: 1 };
    let (Ok(text), Ok(update)) =
        (TextMessage::new(text), CounterUpdate::new(CounterUpdateArgs { counter_id: 1, value: 2, delta: 3 }))
    else {
        eprintln!("the contract refuses what is measured");
        return ExitCode::FAILURE;
    };
    let unmet = measure(&update, plan, &filter, ours) + measure(&text, plan, &filter, ours);
    println!("Bus: {unmet} goals not met.");
    if strict && unmet > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// All groups of one message; says how many goals are not met.
fn measure<M: Message + Copy>(message: &M, plan: Plan, filter: &str, ours: bool) -> usize {
    let mut unmet = 0;
    for burst in BURSTS {
        let mut one = f64::INFINITY;
        for subscribers in [0, 1, 4, 16] {
            let name = format!("{} bytes, {subscribers} subscribers, bursts of {burst}", M::SIZE);
            if !name.contains(filter) {
                continue;
            }
            let mut lanes = lanes(*message, subscribers, burst);
            if ours {
                lanes.truncate(1);
            }
            let best = rounds::minima(&mut lanes, plan);
            println!("### {name}\n\n| lane | ns a message | ours / lane |\n| --- | ---: | ---: |");
            for (lane, time) in lanes.iter().zip(&best) {
                println!("| {} | {time:.1} | {:.2} |", lane.name, best[0] / time);
            }
            let floor = lanes.iter().zip(&best).find(|(lane, _)| lane.name == FLOOR).map(|(_, time)| *time);
            let goal = match (subscribers, floor) {
                (1, Some(floor)) => Some(floor),
                (16, _) if one.is_finite() => Some(16.0 * one),
                _ => None,
            };
            if subscribers == 1 {
                one = best[0];
            }
            if let Some(goal) = goal {
                let met = best[0] <= goal * 1.02;
                unmet += usize::from(!met);
                println!("\nGoal {goal:.1} ns: {}.", if met { "met" } else { "not met" });
            }
            println!();
        }
    }
    unmet
}

fn lanes<M: Message + Copy>(message: M, subscribers: usize, burst: u64) -> Vec<Lane<'static>> {
    let mut lanes = vec![
        ours("mycelium-bus", message, subscribers, burst),
        broadcast_lane(FLOOR, message, subscribers, burst, |message, shared| {
            black_box(*message);
            Arc::clone(shared)
        }),
        broadcast_lane("broadcast of a new Arc", message, subscribers, burst, |message, _| Arc::new(*message)),
    ];
    if subscribers > 0 {
        lanes.push(mpsc_lane("mpsc of an Arc each, and a copy", message, subscribers, burst, |message, shared| {
            black_box(*message);
            Arc::clone(shared)
        }));
        lanes.push(mpsc_lane("mpsc of a new Arc each", message, subscribers, burst, |message, _| Arc::new(*message)));
    }
    lanes
}

/// A lane whose `round` is one burst. One thread runs it, until it is done.
fn lane(name: &'static str, bytes: usize, burst: u64, mut round: impl AsyncFnMut() + 'static) -> Lane<'static> {
    let runtime = Builder::new_current_thread().enable_time().build().expect("a runtime of the current thread");
    Lane::new(name, bytes, move |_, count| {
        let bursts = count.div_ceil(burst);
        let taken = runtime.block_on(async {
            let start = Instant::now();
            for _ in 0..bursts {
                round().await;
            }
            start.elapsed()
        });
        // Whole bursts were timed.
        taken.mul_f64(count as f64 / (bursts * burst) as f64)
    })
}

fn ours<M: Message>(name: &'static str, message: M, subscribers: usize, burst: u64) -> Lane<'static> {
    let bus = MessageBus::new();
    let mut subscribers: Vec<Subscriber<M>> =
        (0..subscribers).map(|_| bus.subscriber().expect("an open bus")).collect();
    let mut publisher: Publisher<M> = bus.publisher().expect("an open bus");
    lane(name, M::SIZE, burst, async move || {
        for _ in 0..burst {
            publisher.publish(black_box(&message)).await.expect("an open bus");
        }
        for subscriber in &mut subscribers {
            for _ in 0..burst {
                let message = subscriber.recv().await.expect("an open bus");
                black_box(&*message);
            }
        }
    })
}

fn broadcast_lane<M: Message + Copy>(
    name: &'static str,
    message: M,
    subscribers: usize,
    burst: u64,
    make: impl Fn(&M, &Arc<M>) -> Arc<M> + 'static,
) -> Lane<'static> {
    let (sender, _) = broadcast::channel::<Arc<M>>(1024);
    let mut receivers: Vec<_> = (0..subscribers).map(|_| sender.subscribe()).collect();
    let shared = Arc::new(message);
    lane(name, M::SIZE, burst, async move || {
        for _ in 0..burst {
            _ = sender.send(make(black_box(&message), &shared));
        }
        for receiver in &mut receivers {
            for _ in 0..burst {
                let message = receiver.recv().await.expect("an open channel");
                black_box(&*message);
            }
        }
    })
}

fn mpsc_lane<M: Message + Copy>(
    name: &'static str,
    message: M,
    subscribers: usize,
    burst: u64,
    make: impl Fn(&M, &Arc<M>) -> Arc<M> + 'static,
) -> Lane<'static> {
    let mut channels: Vec<_> = (0..subscribers).map(|_| mpsc::channel::<Arc<M>>(1024)).collect();
    let shared = Arc::new(message);
    lane(name, M::SIZE, burst, async move || {
        for _ in 0..burst {
            let message = make(black_box(&message), &shared);
            for (sender, _) in &channels {
                sender.send(message.clone()).await.expect("an open channel");
            }
        }
        for (_, receiver) in &mut channels {
            for _ in 0..burst {
                let message = receiver.recv().await.expect("an open channel");
                black_box(&*message);
            }
        }
    })
}
