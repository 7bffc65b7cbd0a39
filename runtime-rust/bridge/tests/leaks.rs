//! Descriptors, threads and processes are as many after a bridge as before. Alone in its process: it counts all of them.

#[path = "supervision/place.rs"]
#[allow(dead_code)]
mod place;
#[path = "supervision/worker.rs"]
#[allow(dead_code)]
mod worker;

use std::time::Duration;

use mycelium_bus::protocol::HeartbeatConfig;
use place::{Place, Process, eager, soon};
use rustix::process::{Signal, WaitId, WaitIdOptions, waitid};
use worker::{playing, shell};

/// Open descriptors and threads.
fn counts() -> (usize, usize) {
    let count = |folder: &str| std::fs::read_dir(folder).unwrap().count();
    (count("/proc/self/fd"), count("/proc/self/task"))
}

/// Whether a process that this one started has not been reaped.
fn has_children() -> bool {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    !matches!(waitid(WaitId::All, options), Err(rustix::io::Errno::CHILD))
}

async fn round() {
    let heartbeat = HeartbeatConfig { interval: Duration::from_millis(500), misses: 2 };
    let workers = [
        eager(playing("killed", "connect serve")),
        eager(playing("exits", "connect exit 1")),
        eager(playing("hangs", "connect wait")),
        eager(playing("silent", "wait")).ready_deadline(Duration::from_millis(50)),
        eager(playing("forks", "connect fork exit 1")),
        eager(playing("floods", "flood")),
        eager(shell("stubborn", "trap '' TERM; while true; do sleep 1000; done")).grace(Duration::from_millis(50)),
        shell("misconfigured", "exit 78"),
    ];
    let place = Place::with(|endpoint| endpoint.heartbeat(Some(heartbeat)), workers).await;
    let first = place.ready(1).await;
    first.signal(Signal::KILL);
    place.ready(2).await;
    place.bridge.restart("killed").unwrap();
    place.ready(3).await;
    let often = ["exits", "hangs", "silent", "forks"];
    soon(
        place
            .bridge
            .wait_until(|workers| workers.iter().all(|worker| worker.launches >= 3 || !often.contains(&&*worker.id))),
    )
    .await;
    soon(place.bridge.failed()).await;
    let stubborn = Process::of(&place.worker("stubborn"));
    place.end().await;
    assert!(!stubborn.is_there());
}

/// Ends a bridge whose workers are launched again and again: most likely in the middle of one.
async fn interrupted() {
    let place = Place::new(["a", "b", "c", "d"].map(|id| eager(shell(id, "exit 1")))).await;
    soon(place.bridge.wait_until(|workers| workers.iter().all(|worker| worker.launches >= 2))).await;
    place.end().await;
    assert!(!has_children(), "a process was not reaped");
}

#[tokio::test]
async fn nothing_is_left_of_a_bridge() {
    // What is made on first use, and kept, is there after the first round.
    round().await;
    let before = counts();
    for _ in 0..50 {
        interrupted().await;
    }
    for _ in 0..3 {
        round().await;
        assert!(!has_children(), "a process was not reaped");
        assert_eq!(counts(), before);
    }
}
