//! A log that nobody reads, or that somebody reads slowly: nothing waits for it but what workers print.

use std::io::{BufRead, BufReader, PipeReader, Read, Write, pipe};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;

use mycelium_bus::client::{Client, ClientConfig, ClientPublisher, ClientSubscriber};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::messages::*;
use crate::place::{LONG, Place, Running, ask};
use crate::worker::playing;

/// What the log's pipe holds.
const PIPE: usize = 4096;

/// A worker that prints numbers on both streams, as fast as they are taken.
fn flooding(id: &str) -> String {
    let count = "i=0; while :; do i=$((i+1)); echo $i";
    format!("- id: {id}\n  program: sh\n  ready_deadline: 1h\n  args: [-c, '{count}; done & {count} >&2; done']\n")
}

/// A bridge with two workers that flood, and one that does not; and its log, in a pipe that is read by nobody else.
fn start(place: &Place, arguments: &[&str]) -> (Running, PipeReader) {
    let workers = [flooding("one"), flooding("two"), playing("quiet", "connect wait")].concat();
    place.append("bridge.yaml", &format!("ready: start\nworkers:\n{workers}"));
    let (log, to) = pipe().expect("a pipe");
    rustix::pipe::fcntl_setpipe_size(&log, PIPE).expect("a size");
    let mut running = place.start_as(&[&["--log-format", "json"], arguments].concat(), |command| {
        command.stderr(to);
    });
    running.told("READY=1");
    (running, log)
}

/// Has the bridge log something until it finds no room for it.
fn fill(place: &Place) {
    while place.status()["log_dropped_lines"] == 0 {
        for _ in 0..200 {
            // Each has a line of its own.
            drop(UnixStream::connect(place.path("bus.sock")).expect("it listens"));
        }
    }
}

/// Two clients, one of which sends to the other.
struct Pair {
    runtime: Runtime,
    publisher: ClientPublisher<CounterUpdate>,
    subscriber: ClientSubscriber<CounterUpdate>,
    _clients: [Client; 2],
}

impl Pair {
    fn connect(place: &Place) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let connect =
            || Client::connect_unix(place.path("bus.sock"), ClientConfig::new(SCHEMA_DIGEST, AnyMessage::MESSAGES));
        let (_clients, publisher, subscriber) = runtime.block_on(async {
            let clients = [connect().await.expect("a connection"), connect().await.expect("a connection")];
            let subscriber = clients[0].subscriber().await.expect("a subscription");
            let publisher = clients[1].publisher().expect("a publisher");
            (clients, publisher, subscriber)
        });
        Self { runtime, publisher, subscriber, _clients }
    }

    /// Sends a message and receives it.
    fn round_trip(&mut self, value: i32) {
        let Self { runtime, publisher, subscriber, .. } = self;
        let update = CounterUpdateArgs { counter_id: 1, value, delta: 1 };
        let received = runtime.block_on(async {
            publisher.publish_new(&update).await.expect("published");
            tokio::time::timeout(LONG, subscriber.recv()).await.expect("it takes too long").expect("a message").value()
        });
        assert_eq!(received, value);
    }
}

/// The lines of a log.
fn events(bytes: &[u8]) -> Vec<Value> {
    let text = std::str::from_utf8(bytes).expect("UTF-8");
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line:?}"))).collect()
}

/// How many lines each of the notices says to be missing, with their places.
fn notices(events: &[Value]) -> Vec<(usize, u64)> {
    let notices = events.iter().enumerate().filter(|(_, event)| event["target"] == "myc_bridge::daemon::logs");
    let count = |event: &Value| {
        let count = event["lines"].as_u64().expect("a number");
        assert_eq!(
            (&event["message"], &event["level"]),
            (&format!("{count} lines of the log were dropped").into(), &"WARN".into())
        );
        count
    };
    notices.map(|(at, event)| (at, count(event))).collect()
}

// `| less`, Ctrl-S, a log driver that is stuck: without this, messages, status and even SIGTERM wait for them.
#[test]
fn nothing_waits_for_a_log_that_nobody_reads() {
    let place = Place::with("");
    let free = std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    let address = free.expect("a free port").to_string();
    let (mut running, log) = start(&place, &["--http", &address]);
    fill(&place);
    let mut pair = Pair::connect(&place);
    (0..200).for_each(|value| pair.round_trip(value));
    let metrics = ask(TcpStream::connect(&address).expect("a connection"), "GET", "/metrics").text;
    let dropped = metrics
        .lines()
        .find_map(|line| line.strip_prefix("mycelium_bridge_log_dropped_lines_total{bridge=\"mycelium\"} "));
    assert_ne!(dropped.expect("the metric"), "0");
    let ended = place.run(["status", "--config", "bridge.yaml"]).exits(0);
    assert!(ended.stdout.contains(" lines are missing in the log: it is not read fast enough\n"), "{}", ended.stdout);
    // Also a worker whose last words find no room is started again.
    let pid = place.status()["workers"][0]["pid"].as_i64().expect("a process") as i32;
    kill_process(Pid::from_raw(pid).expect("a pid"), Signal::KILL).expect("it is there");
    place.status_until(&mut running, |status| status["workers"][0]["launches"] == 2);
    pair.round_trip(200);
    running.signal(Signal::TERM);
    running.told("STOPPING=1");
    running.ended().exits(0);
    drop(log);
}

#[test]
fn what_is_missing_in_the_log_is_said_once_it_is_read() {
    let place = Place::with("");
    let (running, log) = start(&place, &[]);
    fill(&place);
    let (mut text, mut log) = (String::new(), BufReader::new(log));
    // There is room once it is said that there was none.
    let mut line = 0;
    while !text[line..].contains(" lines of the log were dropped") {
        line = text.len();
        assert_ne!(log.read_line(&mut text).expect("a log"), 0);
    }
    let reading = std::thread::spawn(move || log.read_to_string(&mut text).map(|_| text));
    running.stop();
    let events = events(reading.join().expect("a thread").expect("the log").as_bytes());
    let notices = notices(&events);
    assert!(!notices.is_empty());
    let stopping = events.iter().position(|event| event["message"] == "the bridge is shutting down");
    assert!(stopping.expect("the line") > notices[0].0, "it goes on after what is missing");
}

// A log that is read slowly has everything all the same: workers wait, and nobody else does.
#[test]
fn a_log_that_is_read_slowly_is_whole() {
    let place = Place::with("");
    let (running, mut log) = start(&place, &[]);
    let mut pair = Pair::connect(&place);
    let (mut bytes, mut piece) = (Vec::new(), [0; PIPE]);
    for value in 0..300 {
        pair.round_trip(value);
        let read = log.read(&mut piece).expect("some of the log");
        bytes.extend_from_slice(&piece[..read]);
    }
    let reading = std::thread::spawn(move || {
        log.read_to_end(&mut bytes).expect("the rest of it");
        bytes
    });
    running.stop();
    let events = events(&reading.join().expect("the log"));
    assert_eq!(notices(&events), []);
    for (worker, stream) in [("one", "stdout"), ("one", "stderr"), ("two", "stdout"), ("two", "stderr")] {
        let lines =
            events.iter().filter(|event| (&event["worker"], &event["stream"]) == (&worker.into(), &stream.into()));
        let numbers: Vec<&str> = lines.map(|event| event["message"].as_str().expect("a text")).collect();
        assert!(numbers.len() > 500, "{worker} has had its turn: {}", numbers.len());
        let expected: Vec<String> = (1..=numbers.len()).map(|number| number.to_string()).collect();
        assert_eq!(numbers, expected, "{worker} {stream}");
    }
}

// Whoever looks why a client does not come needs its name and both contracts; nobody else has all of it.
#[test]
fn who_is_refused_is_logged_with_both_digests() {
    let place = Place::with("name: desk\n");
    let mut running = place.start(&["--log-format", "json"]);
    running.told("READY=1");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let other = ClientConfig { name: "prices".into(), ..ClientConfig::new([0xab; 32], AnyMessage::MESSAGES) };
    let refused = runtime.block_on(Client::connect_unix(place.path("bus.sock"), other));
    assert!(refused.is_err());
    // One that stops in the middle of a message.
    let mut stream = UnixStream::connect(place.path("bus.sock")).expect("it listens");
    stream.write_all(&[&[32, 0][..], &SCHEMA_DIGEST].concat()).expect("the handshake of version 1");
    stream.write_all(&[0xe9, 3, 0, 1, 0, 0, 7]).expect("the beginning of a frame");
    drop(stream);
    while place.status()["endpoints"][0]["connections"] != 2 || place.status()["endpoints"][0]["clients"] != 0 {
        std::thread::yield_now();
    }
    let log = running.stop();
    let events = events(log.as_bytes());
    let event = |message: &str| {
        let event = events.iter().find(|event| event["message"] == message);
        event.unwrap_or_else(|| panic!("no {message:?} in\n{log}"))
    };
    let refused = event("a client was refused");
    let digest: String = SCHEMA_DIGEST.iter().map(|byte| format!("{byte:02x}")).collect();
    for (field, value) in [
        ("level", "WARN"),
        ("endpoint", "desk.unix"),
        ("client", "prices"),
        ("reason", "SchemaMismatch"),
        ("detail", "the schema digests differ"),
        ("client_digest", &*"ab".repeat(32)),
        ("digest", &*digest),
    ] {
        assert_eq!(refused[field], value, "{field} in {refused}");
    }
    assert!(refused["peer"].as_str().is_some_and(|peer| peer.contains("pid")), "{refused}");
    let gone = event("a client is gone");
    assert_eq!(
        (&gone["ending"], &gone["cut_off_bytes"]),
        (&"it closed the connection without a word".into(), &7.into())
    );
}
