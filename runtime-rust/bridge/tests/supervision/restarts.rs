//! Workers that end, however they do, are started again; until they are given up on.

use std::time::Duration;

use mycelium_bridge::{ExitReason, WorkerState, WorkerStatus};
use mycelium_bus::protocol::HeartbeatConfig;
use mycelium_bus::supervision::{Backoff, Intensity, Supervision};
use rustix::process::Signal;

use crate::place::{MOMENT, NEVER, Place, Process, eager, reason, soon};
use crate::worker::{playing, shell};

#[tokio::test]
async fn a_killed_worker_comes_back() {
    let place = Place::new([eager(playing("a", "connect serve")), eager(playing("b", "connect serve"))]).await;
    let first = place.ready(1).await;
    soon(place.bridge.ready()).await;
    let neighbour = Process::of(&place.worker("b"));
    first.signal(Signal::KILL);
    let second = place.ready(2).await;
    assert!(!first.is_there() && second.is_there());
    let worker = place.worker("a");
    assert_eq!(*reason(&worker), ExitReason::Signal { signal: 9, core: false });
    assert_eq!((worker.restart_count(), worker.restarts["signal"]), (1, 1));
    assert!(!worker.last_exit.unwrap().killed, "it was not the bridge who killed it");
    // Another worker does not notice.
    assert!(neighbour.is_there());
    assert_eq!(place.worker("b").launches, 1);
    place.end().await;
}

#[tokio::test]
async fn a_worker_that_exits_comes_back_whatever_its_status() {
    let codes =
        "n=$(cat count 2>/dev/null || echo 0); echo $((n + 1)) > count; [ $n -ge 3 ] && exec sleep 1000; exit $n";
    let folder = tempfile::tempdir().unwrap();
    let place = Place::new([eager(shell("a", codes)).current_dir(folder.path())]).await;
    let mut transitions = place.bridge.transitions();
    let mut seen = Vec::new();
    while place.worker("a").launches < 4 {
        let next = soon(transitions.recv()).await.unwrap();
        if let WorkerState::BackingOff { delay } = next.status.state {
            assert_eq!(delay, MOMENT);
            seen.push(reason(&next.status).clone());
        }
    }
    assert_eq!(seen, [0, 1, 2].map(|code| ExitReason::Exit { code }));
    place.end().await;
}

// Stopped, it can do nothing about SIGTERM either: only SIGKILL ends it.
#[tokio::test]
async fn a_stopped_worker_is_killed_and_comes_back() {
    let heartbeat = HeartbeatConfig { interval: Duration::from_millis(500), misses: 2 };
    let worker = eager(playing("a", "connect serve")).grace(Duration::from_millis(50));
    let place = Place::with(|endpoint| endpoint.heartbeat(Some(heartbeat)), [worker]).await;
    let first = place.ready(1).await;
    first.signal(Signal::STOP);
    place.ready(2).await;
    assert!(!first.is_there());
    let worker = place.worker("a");
    assert_eq!(*reason(&worker), ExitReason::Hang);
    assert!(worker.last_exit.unwrap().killed);
    place.end().await;
}

#[tokio::test]
async fn a_worker_that_does_not_answer_is_ended_and_comes_back() {
    let heartbeat = HeartbeatConfig { interval: Duration::from_millis(20), misses: 2 };
    let worker = eager(playing("a", "connect wait"));
    let place = Place::with(|endpoint| endpoint.heartbeat(Some(heartbeat)), [worker]).await;
    let twice = |worker: &WorkerStatus| worker.restarts.get("hang") == Some(&2);
    let worker = soon(place.bridge.wait_until(|workers| twice(&workers[0]))).await.remove(0);
    assert_eq!(*reason(&worker), ExitReason::Hang);
    // It knows nothing of SIGTERM, which is enough then.
    assert!(!worker.last_exit.unwrap().killed);
    place.end().await;
}

// The end of the connection takes a second where nobody listens at its other end; the worker must not wait for that.
#[tokio::test]
async fn a_worker_that_hangs_is_ended_at_once() {
    let heartbeat = HeartbeatConfig { interval: Duration::from_millis(20), misses: 1 };
    let place =
        Place::with(|endpoint| endpoint.heartbeat(Some(heartbeat)), [eager(playing("a", "connect wait"))]).await;
    let at_once = |worker: &WorkerStatus| {
        let hung = worker.last_exit.as_ref().filter(|exit| exit.reason == ExitReason::Hang);
        hung.is_some_and(|exit| exit.ran_for < Duration::from_secs(1))
    };
    // Sooner or later also on a busy machine.
    soon(place.bridge.wait_until(|workers| at_once(&workers[0]))).await;
    place.end().await;
}

#[tokio::test]
async fn a_worker_that_does_not_connect_is_ended_and_comes_back() {
    let place = Place::new([eager(shell("a", "exec sleep 1000")).ready_deadline(Duration::from_millis(20))]).await;
    let twice = |worker: &WorkerStatus| worker.restarts.get("not_ready") == Some(&2);
    let worker = soon(place.bridge.wait_until(|workers| twice(&workers[0]))).await.remove(0);
    assert_eq!(*reason(&worker), ExitReason::NotReady);
    place.end().await;
}

#[tokio::test]
async fn a_worker_that_loses_its_connection_may_come_back_to_it() {
    let again = eager(playing("a", "connect disconnect connect serve"));
    let place = Place::new([again]).await;
    let mut transitions = place.bridge.transitions();
    soon(place.bridge.wait_until(|workers| workers[0].connections == 1 && workers[0].state == WorkerState::Ready))
        .await;
    // Whether the gap was seen or not: it is the same process.
    assert_eq!(place.worker("a").launches, 1);
    while let Ok(transition) = transitions.try_recv() {
        assert_ne!(transition.status.state, WorkerState::Stopping);
    }
    place.end().await;

    let gone = eager(playing("a", "connect disconnect wait")).ready_deadline(Duration::from_millis(400));
    let place = Place::new([gone]).await;
    soon(place.bridge.wait_until(|workers| workers[0].restarts.contains_key("disconnected"))).await;
    place.end().await;
}

#[tokio::test]
async fn too_many_restarts_are_given_up_on() {
    let supervision =
        Supervision { backoff: Backoff::constant(MOMENT), intensity: Intensity::new(3, NEVER), healthy_after: NEVER };
    let place =
        Place::new([playing("a", "connect exit 5").supervision(supervision), eager(playing("b", "connect serve"))])
            .await;
    let worker = place.failed().await;
    assert_eq!((&*worker.id, worker.launches, worker.restarts["exit"], worker.pid), ("a", 4, 3, None));
    assert_eq!(*reason(&worker), ExitReason::Exit { code: 5 });
    // `ready` does not wait for it for ever.
    let workers = soon(place.bridge.ready()).await;
    assert_eq!((workers[0].state, workers[1].state), (WorkerState::Failed, WorkerState::Ready));

    // Asked for, it is started again, and may fail as often again.
    place.bridge.restart("a").unwrap();
    place.wait(8, WorkerState::Failed).await;
    assert_eq!(place.bridge.restart("c").unwrap_err().0, "c");
    let report = soon(place.bridge.shutdown()).await;
    assert!(!report.is_clean());
    assert_eq!(report.to_string(), "2 workers, 1 ended in order; a failed (it ended with exit code 5)");
}

// Starting it again would give the same, again and again.
#[tokio::test]
async fn a_misconfigured_worker_is_not_started_again() {
    let place = Place::new([eager(shell("a", "exit 78"))]).await;
    let worker = place.failed().await;
    assert_eq!((worker.launches, reason(&worker)), (1, &ExitReason::Misconfigured));
    place.end().await;
}

#[tokio::test]
async fn a_program_that_is_gone_is_a_failure_like_others() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("worker");
    let script = "#!/bin/sh\nrm -f \"$0\"\nexit 1\n";
    std::fs::write(&program, script).unwrap();
    std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let supervision =
        Supervision { backoff: Backoff::constant(MOMENT), intensity: Intensity::new(2, NEVER), healthy_after: NEVER };
    let place = Place::new([mycelium_bridge::WorkerConfig::new("a", &program).supervision(supervision)]).await;
    let worker = place.failed().await;
    assert_eq!((worker.launches, worker.restarts["exit"], worker.restarts["spawn"]), (3, 1, 1));
    let ExitReason::Spawn { error } = reason(&worker) else { panic!("{worker:?}") };
    assert!(error.contains("No such file"), "{error}");
    place.end().await;
}

#[tokio::test]
async fn a_restart_can_be_asked_for() {
    let place = Place::new([eager(playing("a", "connect serve"))]).await;
    let first = place.ready(1).await;
    place.bridge.restart("a").unwrap();
    place.ready(2).await;
    assert!(!first.is_there());
    let worker = place.worker("a");
    assert_eq!((reason(&worker), worker.restarts["restart"]), (&ExitReason::Restart, 1));
    place.end().await;

    // Also while it waits.
    let backoff = Backoff::constant(NEVER);
    let supervision = Supervision { backoff, intensity: Intensity::new(9, NEVER), healthy_after: NEVER };
    let place = Place::new([shell("a", "exit 3").supervision(supervision)]).await;
    place.wait(1, WorkerState::BackingOff { delay: NEVER }).await;
    place.bridge.restart("a").unwrap();
    place.wait(2, WorkerState::BackingOff { delay: NEVER }).await;
    place.end().await;
}
