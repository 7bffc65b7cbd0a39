//! Rust and OCaml workers exchange messages through a bridge that keeps the workers alive, whatever they do.

use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use mycelium_bridge::{ExitReason, OcamlBridgeConfig, OcamlBridgeService, OcamlChildConfig, WorkerState, WorkerStatus};
use mycelium_bus::protocol::HeartbeatConfig;
use mycelium_bus::service::{ServiceRuntime, ServiceState};
use mycelium_bus::supervision::{Backoff, Intensity, Supervision};
use mycelium_bus::{EndpointStats, MessageBus};
use mycelium_tests::toolchain;
use mycelium_wire::core_messages::{Goodbye, GoodbyeReason, Reject, RejectReason, SchemaSummary, Welcome};
use mycelium_wire::frame::{Header, MAX_PAYLOAD};
use mycelium_wire::handshake::{self, CAPABILITY_WORKER};
use rustix::process::Signal;

use crate::messages::{CounterUpdate, CounterUpdateArgs, SCHEMA_DIGEST, TextMessage, TextMessageArgs};
use crate::place::{LIMIT, NEVER, Place, Process, child, soon, summary};
use crate::tlv::{Tlv, framed, opening};

fn reason(worker: &WorkerStatus) -> &ExitReason {
    &worker.last_exit.as_ref().expect("an end").reason
}

fn text(content: &str) -> TextMessage {
    TextMessage::new(TextMessageArgs { sender: "test", content, timestamp: 7 }).expect("a message")
}

/// Blocking calls of a client by hand, beside the bridge.
async fn by_hand<T: Send + 'static>(place: &Place, client: impl FnOnce(&std::path::Path) -> T + Send + 'static) -> T {
    let path = place.path.clone();
    soon(tokio::task::spawn_blocking(move || client(&path))).await.expect("the client does not fail")
}

/// Waits for a moment of the endpoint's statistics.
async fn stats(place: &Place, until: impl Fn(&EndpointStats) -> bool) -> EndpointStats {
    let endpoint = place.bridge.endpoints().remove(0);
    soon(async {
        while !until(&endpoint.stats()) {
            tokio::task::yield_now().await;
        }
        endpoint.stats()
    })
    .await
}

#[tokio::test]
async fn a_supervised_worker_answers_and_sums_up() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("summary.json");
    let echo = child("one").worker(|worker| worker.env("ECHO_SUMMARY", &file));
    let mut place = Place::new([echo]).await;
    let process = place.ready("one", 1).await;
    for n in 0..100 {
        place.round_trip("one", &format!("message {n}: ü")).await;
    }
    let report = place.end().await;
    assert!(report.is_clean(), "{report}");
    assert_eq!(report.workers[0].state, WorkerState::Stopped);
    assert!(!process.is_there());
    let summary = summary(&file);
    assert_eq!(summary["worker"], "one");
    assert_eq!(summary["pid"], process.pid);
    assert_eq!((&summary["received"], &summary["published"]), (&100.into(), &100.into()));
    assert_eq!(summary["last"], "message 99: ü");
}

/// The whole of it over TCP, as a service of the bus.
#[tokio::test]
async fn as_a_service_it_shares_its_statistics() {
    let bus = MessageBus::new();
    let mut answers = bus.subscriber::<TextMessage>().expect("a subscriber");
    let config =
        OcamlBridgeConfig::new("desk", SCHEMA_DIGEST).bridge(|bridge| bridge.tcp("127.0.0.1:0")).child(child("one"));
    let service = OcamlBridgeService::new(config);
    let supervised = service.service_config();
    let runtime = ServiceRuntime::new(bus.clone());
    let handle = runtime.spawn_with(service, supervised).expect("a service");
    let ready = soon(answers.recv()).await.expect("the bus is open");
    assert_eq!((ready.sender(), ready.content()), ("echo-one", "ready"));
    bus.publisher::<TextMessage>().expect("a publisher").publish(&text("over tcp")).await.expect("published");
    assert_eq!(soon(answers.recv()).await.expect("the bus is open").content(), "over tcp");
    let answer = soon(answers.recv()).await.expect("the bus is open");
    assert_eq!((answer.sender(), answer.content()), ("echo-one", "over tcp"));
    let endpoint = handle.metrics().endpoints().remove(0);
    assert_eq!(endpoint.name(), "desk.tcp");
    assert_eq!(handle.status().state, ServiceState::Running);
    assert!(soon(runtime.shutdown()).await.is_clean());
    let stats = endpoint.stats();
    assert_eq!((stats.clients, stats.frames_in, stats.outgoing.written), (1, 2, 1));
}

/// Without a library on its side: the bytes are those of the page on the wire protocol.
#[tokio::test]
async fn a_client_by_hand_talks_to_the_worker() {
    let mut place = Place::new([child("one")]).await;
    place.ready("one", 1).await;
    let answer = by_hand(&place, |path| {
        let mut client = Tlv::client(path);
        client.send(&framed(&text("by hand")));
        client.expect::<TextMessage>()
    });
    let answer = answer.await;
    assert_eq!((answer.sender(), answer.content(), answer.timestamp()), ("echo-one", "by hand", 7));

    // Version 1: the digest alone, and then every message.
    by_hand(&place, |path| {
        let mut client = Tlv::connect(path);
        client.send(&handshake::client_v1(&SCHEMA_DIGEST));
        client.send(&framed(&text("as ever")));
        assert_eq!(client.expect::<TextMessage>().content(), "as ever");
    })
    .await;
    place.end().await;
}

#[tokio::test]
async fn wrong_handshakes_are_refused_with_a_reason() {
    let mut place = Place::new([child("one")]).await;
    place.ready("one", 1).await;
    by_hand(&place, |path| {
        // Another digest: version 2 is told what differs, version 1 nothing.
        let mut client = Tlv::connect(path);
        client.send(&opening([9; 32], 0, "", [0; 16]));
        let reject = client.expect::<Reject>();
        assert_eq!((reject.reason(), *reject.schema_digest()), (RejectReason::SchemaMismatch, SCHEMA_DIGEST));
        assert!(client.expect::<SchemaSummary>().last());
        client.expect::<Goodbye>();
        client.expect_end();
        let mut client = Tlv::connect(path);
        client.send(&handshake::client_v1(&[9; 32]));
        client.expect_end();

        // The worker's id with another token, and the id of nobody.
        for id in ["one", "two"] {
            let mut client = Tlv::connect(path);
            client.send(&opening(SCHEMA_DIGEST, CAPABILITY_WORKER, id, [9; 16]));
            assert_eq!(client.expect::<Reject>().reason(), RejectReason::WorkerToken);
        }

        // Lengths that no client sends.
        for length in [0u16, 31, 33, 1025, u16::MAX] {
            let mut client = Tlv::connect(path);
            client.send(&length.to_le_bytes());
            client.end();
            client.expect_end();
        }
        // It ends in the middle.
        let client = Tlv::connect(path);
        let (mut half, hello) = (client, opening(SCHEMA_DIGEST, 0, "", [0; 16]));
        half.send(&hello[..hello.len() / 2]);
        half.end();
        half.expect_end();
    })
    .await;
    let failures = stats(&place, |stats| stats.handshake_failures.values().sum::<u64>() == 10).await.handshake_failures;
    let names: Vec<_> = failures.iter().map(|(failure, count)| (failure.name(), *count)).collect();
    assert!(names.contains(&("SchemaMismatch", 2)) && names.contains(&("WorkerToken", 2)), "{names:?}");
    // None of that was the worker's affair.
    place.round_trip("one", "still there").await;
    assert_eq!(place.worker("one").launches, 1);
    place.end().await;
}

#[tokio::test]
async fn truncated_and_broken_frames_harm_nobody_else() {
    let mut place = Place::new([child("one")]).await;
    place.ready("one", 1).await;
    by_hand(&place, |path| {
        let whole = framed(&text("never whole"));
        for length in [1, 5, 6, 7, whole.len() - 1] {
            let mut client = Tlv::client(path);
            client.send(&whole[..length]);
            client.end();
            while client.frame().is_some() {}
        }
        // A payload that is too short for its type is refused alone; the client stays.
        let mut client = Tlv::client(path);
        let mut short = Header::new(TextMessage::TYPE_ID, 10, MAX_PAYLOAD).expect("a header").to_bytes().to_vec();
        short.extend([0; 10]);
        client.send(&short);
        client.send(&framed(&text("after it")));
        assert_eq!(client.expect::<TextMessage>().content(), "after it");
        // So is one of a rule that is broken.
        let mut empty = framed(&text("x"));
        let content = 6 + 40;
        empty[content] = 0;
        empty[content + 8] = 0;
        client.send(&empty);
        client.send(&framed(&text("after that")));
        assert_eq!(client.expect::<TextMessage>().content(), "after that");
        // A length over the limit cannot be read past.
        let mut long = TextMessage::TYPE_ID.to_le_bytes().to_vec();
        long.extend((MAX_PAYLOAD + 1).to_le_bytes());
        client.send(&long);
        client.expect_goodbye(GoodbyeReason::FrameTooLarge);
        // Nor may clients say what is the framework's.
        let mut client = Tlv::client(path);
        client.send(&Header::of::<Welcome>().to_bytes());
        client.send(&[0; Welcome::SIZE]);
        client.expect_goodbye(GoodbyeReason::ProtocolError);
    })
    .await;
    let stats = stats(&place, |stats| stats.active == 1).await;
    assert_eq!(stats.rejected.values().sum::<u64>(), 2, "{:?}", stats.rejected);
    place.round_trip("one", "still there").await;
    assert_eq!(place.worker("one").launches, 1);
    place.end().await;
}

/// After each the worker is there again, and answers.
#[tokio::test]
async fn a_worker_comes_back_after_kill_exit_exception_and_fork() {
    let mut place = Place::new([child("one"), child("other")]).await;
    let first = place.ready("one", 1).await;
    place.ready("other", 1).await;
    first.signal(Signal::KILL);
    place.ready("one", 2).await;
    assert!(!first.is_there());
    assert_eq!(*reason(&place.worker("one")), ExitReason::Signal { signal: 9, core: false });
    place.round_trip("one", "after kill -9").await;

    // Commands are for both: `other` is told by the same word, and comes back as well.
    for (launch, command, code) in [(2, "!exit 3", 3), (3, "!exit 0", 0), (4, "!raise", 2), (5, "!fork", 0)] {
        place.publish(command).await;
        place.ready("one", launch + 1).await;
        place.ready("other", launch).await;
        assert_eq!(*reason(&place.worker("one")), ExitReason::Exit { code }, "{command}");
        place.round_trip("one", command.trim_start_matches('!')).await;
    }
    let worker = place.worker("one");
    assert_eq!((worker.restarts["exit"], worker.restarts["signal"]), (4, 1));
    assert!(place.end().await.is_clean());
}

// Stopped, it answers nobody, and SIGTERM does not reach it.
#[tokio::test]
async fn a_worker_comes_back_after_a_hang() {
    let heartbeat = HeartbeatConfig { interval: Duration::from_millis(500), misses: 2 };
    let hanging = child("one").worker(|worker| worker.grace(Duration::from_millis(100)));
    let mut place =
        Place::with(|bridge| bridge.endpoint(|endpoint| endpoint.heartbeat(Some(heartbeat))), [hanging]).await;
    let first = place.ready("one", 1).await;
    place.publish("!stop").await;
    place.ready("one", 2).await;
    assert!(!first.is_there());
    let worker = place.worker("one");
    assert_eq!(*reason(&worker), ExitReason::Hang);
    assert!(worker.last_exit.expect("an end").killed);
    place.round_trip("one", "after a hang").await;
    place.end().await;
}

#[tokio::test]
async fn a_worker_that_never_stays_is_given_up_on() {
    let supervision = Supervision {
        backoff: Backoff::constant(Duration::from_millis(1)),
        intensity: Intensity::new(2, NEVER),
        healthy_after: NEVER,
    };
    let mut place = Place::new([child("one").worker(|worker| worker.supervision(supervision)), child("other")]).await;
    let mut process = place.ready("one", 1).await;
    for launch in 2..=3 {
        process.signal(Signal::KILL);
        process = place.ready("one", launch).await;
    }
    process.signal(Signal::KILL);
    let failed = soon(place.bridge.failed()).await;
    assert_eq!((&*failed.id, failed.launches, failed.restarts["signal"]), ("one", 3, 2));
    // The other one goes on.
    place.ready("other", 1).await;
    place.round_trip("other", "still there").await;
    assert!(!place.end().await.is_clean());
}

// Started again it would only find the same contract.
#[tokio::test]
async fn a_worker_of_another_contract_is_not_started_again() {
    let other = OcamlChildConfig::new("one", crate::echo::program("other"));
    let place = Place::new([other]).await;
    let failed = soon(place.bridge.failed()).await;
    assert_eq!((failed.launches, reason(&failed)), (1, &ExitReason::Misconfigured));
    place.end().await;
}

#[tokio::test]
async fn a_worker_that_ignores_sigterm_is_killed() {
    let grace = Duration::from_millis(300);
    let stubborn = child("one").worker(|worker| worker.arg("--stay").grace(grace));
    let mut place = Place::new([stubborn]).await;
    let process = place.ready("one", 1).await;
    let began = Instant::now();
    let report = place.end().await;
    assert!(began.elapsed() >= grace);
    assert!(!process.is_there());
    assert!(report.workers[0].last_exit.as_ref().expect("an end").killed);
}

// By the end of its connection it would only connect again: the system has to end it.
#[tokio::test]
async fn a_killed_bridge_takes_its_worker_with_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let socket = folder.path().join("bus.sock");
    let digest: String = SCHEMA_DIGEST.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut bridge = Command::new(myc_bridge())
        .args(["run", "--socket"])
        .arg(&socket)
        .args(["--digest", &digest, "--worker"])
        .arg(format!("one={}", crate::echo::program("same").display()))
        .stdin(Stdio::null())
        .spawn()
        .expect("myc-bridge runs");
    // The worker says who it is, by its process.
    let pid = soon(tokio::task::spawn_blocking(move || {
        let began = Instant::now();
        while UnixStream::connect(&socket).is_err() {
            assert!(began.elapsed() < LIMIT, "the bridge does not listen");
            std::thread::yield_now();
        }
        // Either it hears this, or it has yet to say that it is ready.
        let mut client = Tlv::client(&socket);
        client.send(&framed(&text("!who")));
        loop {
            let message = client.expect::<TextMessage>();
            if message.content() == "ready" {
                return u32::try_from(message.timestamp()).expect("a process");
            }
        }
    }))
    .await
    .expect("a worker");
    let worker = Process::new(pid);
    assert!(worker.is_there());
    Process::new(bridge.id()).signal(Signal::KILL);
    bridge.wait().expect("it has ended");
    assert!(worker.ends_within(Duration::from_secs(2)));
}

fn myc_bridge() -> std::path::PathBuf {
    let root = toolchain::root();
    let output = toolchain::run(toolchain::cargo(
        &root,
        &["build", "--quiet", "--package", "mycelium-bridge", "--bin", "myc-bridge"],
    ));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    toolchain::target_folder().join("debug/myc-bridge")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_workers_answer_at_once() {
    let ids: Vec<_> = (0..20).map(|n| format!("w{n}")).collect();
    let mut place = Place::new(ids.iter().map(|id| child(id))).await;
    for id in &ids {
        place.hear(id, "ready").await;
    }
    // Half of them is killed while all of them are at work.
    for n in 0..20 {
        place.publish(&format!("message {n}")).await;
    }
    for id in &ids {
        for n in 0..20 {
            place.hear(id, &format!("message {n}")).await;
        }
    }
    for id in ids.iter().step_by(2) {
        Process::new(place.worker(id).pid.expect("a process")).signal(Signal::KILL);
    }
    for id in ids.iter().step_by(2) {
        place.hear(id, "ready").await;
        assert_eq!(place.worker(id).launches, 2);
    }
    place.publish("after all").await;
    for id in &ids {
        place.hear(id, "after all").await;
    }
    assert!(ids.iter().skip(1).step_by(2).all(|id| place.worker(id).launches == 1));
    let report = place.end().await;
    assert!(report.is_clean(), "{report}");
}

// More than any pipe holds, while messages go on.
#[tokio::test]
async fn a_flood_of_output_is_logged_and_holds_up_nobody() {
    let mut place = Place::new([child("one"), child("other")]).await;
    place.ready("one", 1).await;
    place.ready("other", 1).await;
    let lines = 20_000;
    place.publish(&format!("!print {lines}")).await;
    place.round_trip("one", "after it").await;
    place.hear("other", "after it").await;
    for id in ["one", "other"] {
        soon(async {
            while place.worker(id).output_lines < lines {
                tokio::task::yield_now().await;
            }
        })
        .await;
        assert_eq!(place.worker(id).output_lines, lines, "no line is lost, none is doubled");
        assert_eq!(place.worker(id).launches, 1);
    }
    place.end().await;
}

// What the contract is for: a counter has no place here, and goes to nobody who did not ask.
#[tokio::test]
async fn workers_receive_what_they_asked_for_and_nothing_else() {
    let mut place = Place::new([child("one")]).await;
    place.ready("one", 1).await;
    by_hand(&place, |path| {
        let mut client = Tlv::client(path);
        let update = CounterUpdate::new(CounterUpdateArgs { counter_id: 1, value: 2, delta: 3 }).expect("a message");
        client.send(&framed(&update));
        client.send(&framed(&text("the next")));
        assert_eq!(client.expect::<TextMessage>().content(), "the next");
    })
    .await;
    let stats = place.bridge.endpoints()[0].stats();
    assert_eq!((stats.frames_in, stats.rejected.len()), (4, 0));
    place.end().await;
}
