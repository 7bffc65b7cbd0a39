//! What is told over HTTP: metrics, health, readiness; and peers that misbehave.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::unix::net::UnixStream;

use crate::place::{Answer, Place, Running, ask};
use crate::worker::playing;

/// The address that the bridge says in its log, in its first lines.
fn get(address: &str, page: &str) -> Answer {
    ask(TcpStream::connect(address).expect("a connection"), "GET", page)
}

/// A bridge with a free port for HTTP, whose address it was given.
fn start(place: &Place, arguments: &[&str]) -> (Running, String) {
    let free = std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    let address = free.expect("a free port").to_string();
    let running = place.start(&[&["--http", &address], arguments].concat());
    (running, address)
}

#[test]
fn metrics_are_those_of_the_tables() {
    let place = Place::with(&format!("name: desk\nworkers:\n{}", playing("one", "connect publish")));
    let (mut running, address) = start(&place, &[]);
    running.told("READY=1");
    // Something has been published.
    while place.status()["endpoints"][0]["frames_in"] == 0 {
        std::thread::yield_now();
    }
    let answer = get(&address, "/metrics");
    assert_eq!(answer.status, "HTTP/1.1 200 OK");
    assert_eq!(answer.headers["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    let tables = mycelium_bus::metrics::METRICS.iter().chain(mycelium_bridge::metrics::METRICS);
    let known: BTreeMap<&str, (&str, BTreeSet<&str>)> =
        tables.map(|metric| (metric.name, (metric.kind.name(), metric.labels.iter().copied().collect()))).collect();
    let mut seen = BTreeSet::new();
    for line in answer.text.lines().filter(|line| !line.is_empty()) {
        if let Some(kind) = line.strip_prefix("# TYPE ") {
            let (name, kind) = kind.split_once(' ').expect("a kind");
            assert_eq!(known[name].0, kind, "{line}");
        } else if !line.starts_with('#') {
            let name = line.split(['{', ' ']).next().expect("a name");
            let labels = line.split('{').nth(1).map_or("", |rest| rest.split('}').next().expect("labels"));
            let labels: BTreeSet<&str> = labels.split("\",").filter_map(|label| label.split('=').next()).collect();
            let labels = labels.into_iter().filter(|label| !label.is_empty()).collect();
            assert_eq!(known[name].1, labels, "{line}");
            seen.insert(name.to_owned());
        }
    }
    for name in
        ["mycelium_bridge_frames_total", "mycelium_bus_endpoint_frames_total", "mycelium_bus_published_frames_total"]
    {
        assert!(seen.contains(name), "{name} in\n{}", answer.text);
    }
    assert!(answer.text.contains("mycelium_bridge_clients{bridge=\"desk\"} 1\n"), "{}", answer.text);
    assert!(answer.text.contains("# HELP mycelium_bridge_frames_total "), "{}", answer.text);
    running.stop();
}

// Without this, a load balancer would send work to a bridge without workers, or an orchestrator kill a healthy one.
#[test]
fn health_and_readiness_are_two_things() {
    let workers = [playing("never", "wait"), playing("one", "connect wait")].concat();
    let place = Place::with(&format!("workers:\n{workers}"));
    let (mut running, address) = start(&place, &[]);
    place.status_until(&mut running, |status| status["workers"][1]["state"] == "ready");
    let health = get(&address, "/healthz");
    assert_eq!((&*health.status, &*health.text), ("HTTP/1.1 200 OK", "alive\n"));
    let ready = get(&address, "/readyz");
    assert_eq!(ready.status, "HTTP/1.1 503 Service Unavailable");
    assert_eq!(ready.text, "not ready: 1 of 2 workers ready, 1 clients\n");
    running.stop();
    let place = Place::with("");
    let (mut running, address) = start(&place, &[]);
    running.told("READY=1");
    assert_eq!(get(&address, "/readyz").text, "ready\n");
    running.stop();
}

#[test]
fn other_requests_are_refused() {
    let place = Place::with("");
    let (mut running, address) = start(&place, &[]);
    running.told("READY=1");
    let ask = |method: &str, page: &str| ask(TcpStream::connect(&address).expect("a connection"), method, page);
    assert_eq!(ask("GET", "/").status, "HTTP/1.1 404 Not Found");
    assert_eq!(ask("POST", "/none").status, "HTTP/1.1 404 Not Found");
    let post = ask("POST", "/healthz");
    assert_eq!((&*post.status, &*post.headers["allow"]), ("HTTP/1.1 405 Method Not Allowed", "GET, HEAD"));
    let head = ask("HEAD", "/healthz");
    assert_eq!((&*head.status, &*head.text, &*head.headers["content-length"]), ("HTTP/1.1 200 OK", "", "6"));
    // Everybody who can reach the port can ask; who the workers are is the bridge's own user's to know.
    assert_eq!(ask("GET", "/status").status, "HTTP/1.1 404 Not Found");
    let control = || UnixStream::connect(place.path("bus.sock.control")).expect("a connection");
    assert_eq!(crate::place::ask(control(), "GET", "/metrics").status, "HTTP/1.1 404 Not Found");
    assert_eq!(crate::place::ask(control(), "GET", "/status").headers["content-type"], "application/json");
    running.stop();
}

// Without this, whoever opens connections and says nothing would have the bridge look dead, and killed for it.
#[test]
fn idle_connections_do_not_keep_health_checks_out() {
    let place = Place::with("");
    let (mut running, address) = start(&place, &[]);
    running.told("READY=1");
    let connect = || TcpStream::connect(&address).expect("a connection");
    // One that asks now and then stays, however many others there are.
    let mut regular = connect();
    let mut ask_again = || {
        regular.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").expect("a request");
        let mut answer = Vec::new();
        while !answer.ends_with(b"alive\n") {
            let mut byte = [0];
            regular.read_exact(&mut byte).expect("an answer");
            answer.push(byte[0]);
        }
    };
    let since = std::time::Instant::now();
    let mut idle = Vec::new();
    for _ in 0..20 {
        ask_again();
        idle.extend((0..30).map(|_| connect()));
        assert_eq!(get(&address, "/healthz").text, "alive\n");
    }
    // Were each to wait for those before it to be given up, this would take most of a minute.
    assert!(since.elapsed().as_secs() < 20, "{:?}", since.elapsed());
    // It is the oldest that make room.
    assert_eq!(idle[0].read(&mut [0]).expect("the end"), 0);
    let newest = idle.last_mut().expect("a connection");
    newest.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").expect("a request");
    let mut answer = String::new();
    newest.read_to_string(&mut answer).expect("an answer");
    assert!(answer.ends_with("alive\n"), "{answer}");
    running.stop();
}

// As `nc -N` does it, and some health checks. It is a race, so there are many of them.
#[test]
fn whoever_ends_its_side_after_the_request_is_answered() {
    let place = Place::with("");
    let (mut running, address) = start(&place, &[]);
    running.told("READY=1");
    for _ in 0..500 {
        let mut stream = TcpStream::connect(&address).expect("a connection");
        stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").expect("a request");
        stream.shutdown(Shutdown::Write).expect("the end of it");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        assert!(answer.ends_with("alive\n"), "{answer:?}");
        let mut silent = TcpStream::connect(&address).expect("a connection");
        silent.shutdown(Shutdown::Write).expect("the end of it");
        assert_eq!(silent.read(&mut [0]).expect("the end"), 0);
    }
    running.stop();
}

// Peers that say nothing, garbage, or too much take no more than their own connection.
#[test]
fn peers_that_misbehave_are_their_own_affair() {
    let place = Place::with("");
    let (mut running, address) = start(&place, &[]);
    running.told("READY=1");
    let connect = || TcpStream::connect(&address).expect("a connection");
    let silent: Vec<TcpStream> = (0..60).map(|_| connect()).collect();
    let mut garbage = connect();
    garbage.write_all(&[0xff; 1000]).expect("garbage");
    let _ = garbage.read_to_end(&mut Vec::new());
    let mut large = connect();
    // The bridge may close before all of it is taken.
    let _ = large.write_all(format!("GET /healthz HTTP/1.1\r\nx: {}\r\n\r\n", "x".repeat(10 << 20)).as_bytes());
    let _ = large.read_to_end(&mut Vec::new());
    assert_eq!(get(&address, "/healthz").text, "alive\n");
    // The end does not wait for them.
    running.stop();
    drop(silent);
}
