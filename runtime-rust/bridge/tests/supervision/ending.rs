//! The end of a bridge, in order or not: no process is left.

use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::time::{Duration, Instant};

use mycelium_bridge::{ExitReason, WorkerState};
use rustix::process::Signal;

use crate::place::{Place, Process, eager, reason, soon};
use crate::worker::{command, playing, shell};

#[tokio::test]
async fn workers_end_in_order() {
    // It says goodbye, ends its connection, and ends only when SIGTERM comes.
    let place = Place::new([eager(playing("a", "connect serve")), eager(shell("b", "exec sleep 1000"))]).await;
    let first = place.ready(1).await;
    soon(place.bridge.wait_until(|workers| workers[1].pid.is_some())).await;
    let second = Process::of(&place.worker("b"));
    let mut transitions = place.bridge.transitions();
    let report = soon(place.bridge.shutdown()).await;
    assert!(report.is_clean(), "{report}");
    assert_eq!(report.to_string(), "2 workers, 2 ended in order");
    assert!(!first.is_there() && !second.is_there() && !place.path.exists());
    for worker in &report.workers {
        assert_eq!((worker.state, reason(worker)), (WorkerState::Stopped, &ExitReason::Shutdown));
    }
    let mut states = Vec::new();
    while let Ok(transition) = transitions.try_recv() {
        states.extend((transition.status.id == "a").then_some(transition.status.state.name()));
    }
    assert_eq!(states, ["stopping", "stopped"]);
    // Nothing more happens to it.
    assert_eq!(soon(place.bridge.shutdown()).await, report);
    place.bridge.restart("a").unwrap();
    assert_eq!(place.worker("a").state, WorkerState::Stopped);
}

#[tokio::test]
async fn a_worker_that_ignores_sigterm_is_killed() {
    // The shell and what it has started.
    let script = "trap '' TERM; sleep 1000 & echo $! > child; wait; sleep 1000";
    let folder = tempfile::tempdir().unwrap();
    let grace = Duration::from_millis(300);
    let worker = eager(shell("a", script)).current_dir(folder.path()).grace(grace);
    let place = Place::new([worker]).await;
    let child = soon(async {
        loop {
            let text = std::fs::read_to_string(folder.path().join("child")).unwrap_or_default();
            if let Some(pid) = text.strip_suffix('\n') {
                return Process::new(pid.parse().unwrap());
            }
            tokio::task::yield_now().await;
        }
    })
    .await;
    soon(place.bridge.wait_until(|workers| workers[0].pid.is_some())).await;
    let process = Process::of(&place.worker("a"));
    let began = Instant::now();
    let report = soon(place.bridge.shutdown()).await;
    assert!(began.elapsed() >= grace);
    assert!(!process.is_there());
    assert!(child.ends_within(Duration::from_secs(60)), "what it had started is killed with it");
    assert!(report.workers[0].last_exit.as_ref().unwrap().killed && !report.is_clean());
    assert_eq!(report.to_string(), "1 workers, 0 ended in order; a stopped (killed)");
}

#[tokio::test]
async fn a_hurry_waits_for_nobody() {
    let place = Place::new([eager(shell("a", "trap '' TERM; while true; do sleep 1000; done"))]).await;
    soon(place.bridge.wait_until(|workers| workers[0].pid.is_some())).await;
    let process = Process::of(&place.worker("a"));
    let began = Instant::now();
    // Its grace is an hour.
    let (report, ()) = tokio::join!(soon(place.bridge.shutdown()), async { place.bridge.hurry() });
    assert!(began.elapsed() < Duration::from_secs(60));
    assert!(report.workers[0].last_exit.as_ref().unwrap().killed);
    assert!(!process.is_there());
}

#[tokio::test]
async fn a_dropped_bridge_leaves_no_process() {
    let place = Place::new([eager(playing("a", "connect serve")), eager(playing("b", "connect fork serve"))]).await;
    soon(place.bridge.ready()).await;
    let processes = ["a", "b"].map(|id| Process::of(&place.worker(id)));
    drop(place);
    // Their tasks are aborted when the runtime has its next turn.
    tokio::task::yield_now().await;
    for process in processes {
        assert!(process.ends_within(Duration::from_secs(60)));
    }
}

#[test]
fn a_runtime_that_is_gone_leaves_no_process() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let place = runtime.block_on(Place::new([eager(playing("a", "connect serve"))]));
    let process = runtime.block_on(place.ready(1));
    drop(runtime);
    assert!(process.ends_within(Duration::from_secs(60)));
    drop(place);
}

// The system ends them: the bridge cannot any more. What they have started is not known to it, and stays, as the pages say;
// a control group ends that as well, which a test of the units sees to.
#[test]
fn a_killed_bridge_takes_its_workers_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut bridge = command("bridge")
        .env("BRIDGE_TEST_SOCKET", folder.path().join("bus.sock"))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(bridge.stdout.take().unwrap()).lines();
    let line = lines.map_while(Result::ok).find_map(|line| line.strip_prefix("pids ").map(str::to_owned));
    let workers: Vec<_> = line.unwrap().split(' ').map(|pid| Process::new(pid.parse().unwrap())).collect();
    assert!(workers.iter().all(Process::is_there));
    let child = loop {
        let text = std::fs::read_to_string(folder.path().join("bus.sock.child")).unwrap_or_default();
        if let Some(pid) = text.strip_suffix('\n') {
            break Process::new(pid.parse().unwrap());
        }
    };
    Process::new(bridge.id()).signal(Signal::KILL);
    bridge.wait().unwrap();
    for worker in &workers {
        assert!(worker.ends_within(Duration::from_secs(2)), "{}", worker.pid);
    }
    assert!(child.is_there());
    child.signal(Signal::KILL);
}
