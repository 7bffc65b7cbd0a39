//! From the start to the end: what the service manager hears, what signals do.

use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

use rustix::process::Signal;

use crate::place::Place;
use crate::worker::playing;

fn stubborn() -> String {
    let script = "trap \"\" TERM; echo stubborn; while true; do sleep 1000; done";
    format!("- id: stubborn\n  program: sh\n  grace: 1h\n  args: [-c, '{script}']\n")
}

// Without this, a service manager would start what depends on workers that are not there.
#[test]
fn a_bridge_is_ready_with_its_workers_and_ends_in_order() {
    let place = Place::with(&format!("name: desk\nworkers:\n{}", playing("one", "connect wait")));
    let mut running = place.start(&[]);
    running.told("READY=1");
    let status = place.status();
    assert_eq!((&status["ready"], &status["name"]), (&true.into(), &"desk".into()));
    let worker = &status["workers"][0];
    assert_eq!((&worker["id"], &worker["state"]), (&"one".into(), &"ready".into()));
    assert_eq!(place.files(), ["bridge.yaml", "bus.sock", "bus.sock.control", "contracts.yaml", "notify"]);
    let worker = rustix::process::Pid::from_raw(worker["pid"].as_i64().expect("a process") as i32).expect("a pid");
    running.signal(Signal::TERM);
    running.told("STOPPING=1");
    let log = running.ended().exits(0).stderr;
    assert!(log.contains("the bridge is shutting down") && log.contains("SIGTERM"), "{log}");
    assert_eq!(place.files(), ["bridge.yaml", "contracts.yaml", "notify"]);
    assert!(rustix::process::test_kill_process(worker).is_err(), "the worker is still there");
}

// Its name begins with @ and is in no folder: systemd uses such ones for containers.
#[test]
fn an_abstract_socket_of_the_service_manager_is_told() {
    let place = Place::with("");
    let name = format!("mycelium-{}", place.path("").display());
    let manager = UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(&name).expect("a name")).expect("a socket");
    manager.set_read_timeout(Some(crate::place::LONG)).expect("a limit");
    let running = place.start_as(&[], |command| {
        command.env("NOTIFY_SOCKET", format!("@{name}"));
    });
    let mut buffer = [0; 4096];
    let mut told = || {
        let length = manager.recv(&mut buffer).expect("a word");
        String::from_utf8_lossy(&buffer[..length]).into_owned()
    };
    while told() != "READY=1\n" {}
    running.signal(Signal::TERM);
    while !told().starts_with("STOPPING=1\nSTATUS=") {}
    running.ended().exits(0);
}

#[test]
fn ready_from_the_start_does_not_wait_for_workers() {
    let place = Place::with(&format!("workers:\n{}", playing("never", "wait")));
    let mut running = place.start(&["--ready", "start"]);
    running.told("READY=1");
    assert_eq!(place.status()["workers"][0]["state"], "starting");
    running.stop();
}

#[test]
fn ready_waits_for_every_worker() {
    let workers = [playing("never", "wait"), playing("one", "connect wait")].concat();
    let place = Place::with(&format!("workers:\n{workers}"));
    let mut running = place.start(&[]);
    let one_is_ready = |status: &serde_json::Value| status["workers"][1]["state"] == "ready";
    let status = place.status_until(&mut running, one_is_ready);
    assert_eq!(status["ready"], false);
    let ended = place.run(["status", "--config", "bridge.yaml", "--ready"]).exits(1);
    assert!(ended.stdout.contains("mycelium: not ready") && ended.stderr.is_empty(), "{ended:?}");
    running.stop();
}

// The service manager kills a bridge that does not say that it is alive, and one that is not asked to say so says nothing.
#[test]
fn the_watchdog_is_fed() {
    let place = Place::with("");
    let mut running = place.start_as(&[], |command| {
        command.env("WATCHDOG_USEC", "20000");
    });
    for _ in 0..5 {
        running.told("WATCHDOG=1");
    }
    running.stop();
    let mut running = place.start_as(&[], |command| {
        // It is somebody else's.
        command.env("WATCHDOG_USEC", "20000").env("WATCHDOG_PID", "1");
    });
    running.told("READY=1");
    running.signal(Signal::TERM);
    running.told("STOPPING=1");
    running.ended().exits(0);
}

// A service manager that stands still, or was told to: without this, the bridge stops with it, and SIGTERM does nothing.
#[test]
fn a_service_manager_that_does_not_listen_holds_up_nothing() {
    let place = Place::with("");
    let send = || {
        let socket = UnixDatagram::unbound().expect("a socket");
        socket.set_nonblocking(true).expect("a setting");
        socket.send_to(b"X_TEST=1", place.path("notify"))
    };
    // Each with a socket of its own, which is not what is full.
    let fill = || while send().is_ok() {};
    let mut running = place.start_as(&[], |command| {
        command.env("WATCHDOG_USEC", "2000");
        fill();
    });
    while place.run(["status", "--config", "bridge.yaml"]).code != Some(0) {}
    // That it is ready is told as soon as it is heard.
    running.told("READY=1");
    fill();
    let log = running.stop();
    assert!(log.contains("the service manager cannot be told error="), "{log}");
    assert!(log.matches("the service manager cannot be told").count() < 10, "{log}");
}

#[test]
fn the_second_signal_does_not_wait_for_workers() {
    for signals in [[Signal::TERM, Signal::TERM], [Signal::INT, Signal::INT], [Signal::TERM, Signal::INT]] {
        let place = Place::with(&format!("workers:\n{}", stubborn()));
        let mut running = place.start(&["--ready", "start"]);
        running.told("READY=1");
        // It has set its trap once it has said something.
        let has_spoken = |status: &serde_json::Value| status["workers"][0]["output_lines"] == 1;
        while !has_spoken(&place.status()) {
            std::thread::yield_now();
        }
        running.signal(signals[0]);
        running.told("STOPPING=1");
        running.signal(signals[1]);
        let log = running.ended().exits(0).stderr;
        assert!(log.contains("asked again: workers are killed"), "{log}");
        assert_eq!(place.files(), ["bridge.yaml", "contracts.yaml", "notify"]);
    }
}

// Whoever sends it expects that something is read again, or that the bridge ends: neither, and it says so.
#[test]
fn hanging_up_changes_nothing() {
    let place = Place::with("");
    let running = place.ready(&[]);
    let pid = place.status()["pid"].clone();
    running.signal(Signal::HUP);
    assert_eq!(place.status()["pid"], pid);
    let log = running.stop();
    assert!(log.contains("SIGHUP: nothing is read or opened again; restart the bridge"), "{log}");
}

// A service manager's restart takes over from here, and an alarm goes off.
#[test]
fn a_worker_that_is_given_up_on_ends_the_bridge() {
    let place = Place::with(&format!("workers:\n{}", playing("broken", "exit-78")));
    let running = place.start(&[]);
    let ended = running.ended().exits(1);
    assert!(ended.stderr.contains("the bridge ends, as a worker was given up on"), "{}", ended.stderr);
    assert_eq!(place.files(), ["bridge.yaml", "contracts.yaml", "notify"]);
}

#[test]
fn or_the_bridge_goes_on_with_the_others() {
    let workers = [playing("broken", "connect exit-3"), playing("one", "connect wait")].concat();
    let place =
        Place::with(&format!("on_worker_failure: continue\nworker_defaults: {{ restarts: 0 }}\nworkers:\n{workers}"));
    let mut running = place.start(&[]);
    let settled = |status: &serde_json::Value| {
        (&status["workers"][0]["state"], &status["workers"][1]["state"]) == (&"failed".into(), &"ready".into())
    };
    let status = place.status_until(&mut running, settled);
    assert_eq!(status["ready"], false);
    let exit = &status["workers"][0]["last_exit"];
    assert_eq!((&exit["reason"], &exit["code"]), (&"exit".into(), &3.into()));
    running.stop();
}

// Without this, a bridge would be up and its worker gone.
#[test]
fn a_worker_that_is_killed_comes_back() {
    let worker = playing("one", "connect wait");
    let place =
        Place::with(&format!("worker_defaults: {{ backoff_initial: 1ms, backoff_max: 1ms }}\nworkers:\n{worker}"));
    let mut running = place.ready(&[]);
    let pid = place.status()["workers"][0]["pid"].as_i64().expect("a process");
    let worker = rustix::process::Pid::from_raw(pid as i32).expect("a process");
    rustix::process::kill_process(worker, Signal::KILL).expect("the process is there");
    let back =
        |status: &serde_json::Value| status["workers"][0]["state"] == "ready" && status["workers"][0]["launches"] == 2;
    let status = place.status_until(&mut running, back);
    let worker = &status["workers"][0];
    assert_eq!((&worker["restarts"]["signal"], &worker["last_exit"]["signal"]), (&1.into(), &9.into()));
    assert_ne!(worker["pid"], pid);
    running.stop();
}

#[test]
fn logs_are_text_or_json() {
    let place = Place::with("name: desk\n");
    let log = place.ready(&[]).stop();
    assert!(log.contains("INFO myc_bridge::daemon::run: the bridge is started bridge=\"desk\""), "{log}");
    assert!(!log.contains('\x1b'), "{log}");
    let log = place.ready(&["--log-format", "json"]).stop();
    let lines: Vec<serde_json::Value> = log.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    let started = lines.iter().find(|line| line["message"] == "the bridge is started").expect("the line");
    assert_eq!(
        (&started["level"], &started["bridge"], &started["workers"]),
        (&"INFO".into(), &"desk".into(), &0.into())
    );
    let log = place.ready(&["--log", "warn"]).stop();
    assert_eq!(log, "");
}
