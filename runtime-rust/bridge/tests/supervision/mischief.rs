//! Workers that do what they should not: neither the bridge nor another worker suffers.

use std::time::Duration;

use mycelium_bridge::{ExitReason, WorkerState};

use crate::place::{Place, Process, eager, reason, soon};
use crate::worker::{playing, shell};

#[tokio::test]
async fn garbage_ends_the_connection_and_nothing_else() {
    let worker = eager(playing("a", "connect garbage serve-once exit 9"));
    let place = Place::new([worker, eager(playing("b", "connect serve"))]).await;
    let b = |workers: &[mycelium_bridge::WorkerStatus]| workers[1].state == WorkerState::Ready;
    soon(place.bridge.wait_until(|workers| workers[0].launches >= 4 && b(workers))).await;
    let worker = place.worker("a");
    assert_eq!(*reason(&worker), ExitReason::Exit { code: 9 });
    assert_eq!(place.worker("b").launches, 1);
    let sent_away: u64 = place.bridge.endpoints()[0].stats().sent_away.values().sum();
    assert!(sent_away >= 3);
    place.end().await;
}

// It ends, and what it has started has its output, and would have its place.
#[tokio::test]
async fn what_a_worker_leaves_behind_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let script =
        "sleep 1000 & echo $! > child.new; mv child.new child; [ -e again ] && exec sleep 1000; touch again; exit 3";
    let place = Place::new([eager(shell("a", script)).current_dir(folder.path())]).await;
    let worker = place.wait(2, WorkerState::Starting).await;
    assert_eq!(*reason(&worker), ExitReason::Exit { code: 3 });
    place.end().await;
    let child = std::fs::read_to_string(folder.path().join("child")).unwrap();
    let child: i32 = child.trim_end().parse().unwrap();
    if let Some(pid) = rustix::process::Pid::from_raw(child)
        && rustix::process::test_kill_process(pid).is_ok()
    {
        // Killed, and not yet reaped by the system.
        assert!(Process::new(child.unsigned_abs()).ends_within(Duration::from_secs(60)));
    }
}

// A daemon leaves its group, and keeps the pipe of its output: nobody waits for its end.
#[tokio::test]
async fn a_process_that_escapes_does_not_hold_up_the_next_launch() {
    let folder = tempfile::tempdir().unwrap();
    let script = "setsid sh -c 'echo $$ > escaped.new; mv escaped.new escaped; while echo still here; do :; done' & \
                  while [ ! -e escaped ]; do :; done; exit 3";
    let place = Place::new([eager(shell("a", script)).current_dir(folder.path())]).await;
    soon(place.bridge.wait_until(|workers| workers[0].launches >= 4)).await;
    place.end().await;
    // Where it prints to is closed, so that it ends.
    let escaped = std::fs::read_to_string(folder.path().join("escaped")).unwrap();
    let pid = rustix::process::Pid::from_raw(escaped.trim_end().parse().unwrap()).unwrap();
    if rustix::process::test_kill_process(pid).is_ok() {
        assert!(Process::new(pid.as_raw_nonzero().get().unsigned_abs()).ends_within(Duration::from_secs(60)));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_workers_crash_and_serve_at_once() {
    let workers = (0..20).map(|n| {
        let play = match n % 4 {
            0 => "connect abort",
            1 => "connect exit 1",
            _ => "connect serve",
        };
        eager(playing(&format!("w{n}"), play))
    });
    let place = Place::new(workers).await;
    let serves = |n: usize| n % 4 > 1;
    soon(place.bridge.wait_until(|workers| {
        workers.iter().enumerate().all(|(n, worker)| match serves(n) {
            true => worker.state == WorkerState::Ready,
            false => worker.launches >= 5,
        })
    }))
    .await;
    for (n, worker) in place.bridge.workers().iter().enumerate().filter(|(n, _)| serves(*n)) {
        assert_eq!((worker.launches, worker.connections), (1, 1), "{n}");
    }
    place.end().await;
}
