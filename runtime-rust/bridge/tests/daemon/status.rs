//! What `status` and `check` print.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;

use crate::place::{Ended, Place};
use crate::worker::playing;

#[test]
fn the_table_is_for_people() {
    let place = Place::with(&format!("name: desk\nworkers:\n{}", playing("one", "connect wait")));
    let running = place.ready(&[]);
    place.run(["status", "--socket", "bus.sock"]).exits(0);
    let ended = place.run(["status", "--control", "bus.sock.control"]).exits(0);
    let lines: Vec<&str> = ended.stdout.lines().collect();
    assert!(lines[0].starts_with("desk: ready, up ") && lines[0].ends_with(", myc-bridge 0.1.0"), "{ended:?}");
    assert_eq!(lines[1], "contract contracts.yaml, 6 messages");
    assert_eq!(lines[2], "digest a0b78a4a646aa6e9c2d6ee75c441ea1a31dd2c850c643e51917b478116cade03");
    let cells = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(lines[4], "SOCKET    CLIENTS  IN  OUT  QUEUED  DROPPED  LOST  REJECTED");
    assert_eq!(cells(lines[5])[..2], ["bus.sock", "1"]);
    assert_eq!(cells(lines[7]), ["WORKER", "STATE", "PID", "UP", "CONNECTIONS", "RESTARTS", "LAST", "EXIT"]);
    let worker = cells(lines[8]);
    assert_eq!(
        (&worker[..2], &worker[4..]),
        (&["one".to_owned(), "ready".into()][..], &["1".to_owned(), "0".into(), "-".into()][..])
    );
    assert_eq!(lines.len(), 9);
    place.run(["status", "--config", "bridge.yaml", "--ready"]).exits(0);
    running.stop();
}

#[test]
fn without_a_bridge_there_is_no_status() {
    let place = Place::with("");
    let ended = place.run(["status", "--config", "bridge.yaml"]).exits(3);
    ended.says(&[
        "error: cannot ask bus.sock.control: No such file",
        "help: there is no such socket: is the bridge running",
    ]);
    place.run(["status", "--socket", "other.sock"]).exits(3).says(&["cannot ask other.sock.control"]);
    place.run(["status"]).exits(2).says(&["error: which bridge?", "help: ", "--config FILE", "--control PATH"]);
    place.run(["status", "--config", "none.yaml"]).exits(3).says(&["cannot read none.yaml"]);
    place.write("bridge.yaml", "control: off\nsocket: x\n");
    place.run(["status", "--config", "bridge.yaml"]).exits(2).says(&["the bridge has no control socket"]);
}

// What the system says of a socket does not say what to do.
#[test]
fn sockets_that_cannot_be_asked() {
    let place = Place::with("");
    let status = ["status", "--config", "bridge.yaml"];
    drop(UnixListener::bind(place.path("bus.sock.control")).expect("a socket"));
    place
        .run(status)
        .exits(3)
        .says(&["Connection refused", "help: the bridge that made this socket has ended without"]);
    // A process that may open nothing more, also where a runtime needs some files itself.
    for limit in 5..24 {
        let script = format!("ulimit -n {limit}; exec \"$@\"");
        let ended = Ended::of(place.command_by(&["sh", "-c", &script, "sh"], status).output().expect("it runs"));
        if !ended.stderr.contains("Connection refused") {
            ended.exits(3).says(&["Too many open files", "help: no more files may be open in this process"]);
        }
    }
    std::fs::set_permissions(place.path("bus.sock.control"), PermissionsExt::from_mode(0o000)).expect("permissions");
    let ended = Ended::of(place.unprivileged(status).output().expect("it runs")).exits(3);
    let user =
        format!("help: only the bridge's own user may ask: run this as user {}", rustix::process::geteuid().as_raw());
    ended.says(&["Permission denied", &user]);
    std::fs::remove_file(place.path("bus.sock.control")).expect("the socket");
    place.write("bus.sock.control", "a letter");
    place.run(status).exits(3).says(&["Connection refused", "help: it is not a control socket"]);
    // That of clients instead.
    let running = Place::with("");
    let bridge = running.ready(&[]);
    running.run(["status", "--control", "bus.sock"]).exits(3).says(&["cannot ask bus.sock", "not a control socket"]);
    bridge.stop();
}

// Whatever answers, it does not command the terminal.
#[test]
fn what_a_bridge_says_is_printed_harmlessly() {
    let place = Place::with("");
    let server = UnixListener::bind(place.path("bus.sock.control")).expect("a server");
    let status = serde_json::json!({
        "version": "1\u{1b}[2J", "pid": 1, "ready": true, "name": "a\u{1b}[31m\nb", "schema_digest": "d", "uptime_seconds": 1.0,
        "contracts": { "file": "c\u{7}", "messages": 1 },
        "endpoints": [{ "address": "x\ry", "clients": 0, "frames_in": 0, "frames_out": 0, "queued": 0, "dropped": 0,
            "lost": 0, "rejected": {} }],
        "workers": [{ "id": "w\u{9b}", "state": "ready", "pid": null, "uptime_seconds": null, "restarts": {},
            "connections": 0, "last_exit": null }],
    })
    .to_string();
    let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{status}", status.len());
    std::thread::scope(|scope| {
        scope.spawn(|| {
            use std::io::{Read, Write};
            let (mut stream, _) = server.accept().expect("a connection");
            let _ = stream.read(&mut [0; 4096]).and_then(|_| stream.write_all(answer.as_bytes()));
        });
        let ended = place.run(["status", "--config", "bridge.yaml"]).exits(0);
        assert!(!ended.stdout.contains(|c: char| c.is_control() && c != '\n'), "{:?}", ended.stdout);
        assert_eq!(ended.stdout.lines().next(), Some(r"a\u{1b}[31m\nb: ready, up 1s, pid 1, myc-bridge 1\u{1b}[2J"));
        assert!(ended.stdout.contains(r"x\ry") && ended.stdout.contains(r"w\u{9b}"), "{}", ended.stdout);
    });
}

// Something else may listen there.
#[test]
fn an_answer_that_is_none_is_an_error() {
    let place = Place::with("");
    let server = UnixListener::bind(place.path("bus.sock.control")).expect("a server");
    for (answer, words) in [
        ("", "cannot ask bus.sock.control"),
        ("hello\r\n\r\n", "cannot ask bus.sock.control"),
        ("HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnone", "answers 404 Not Found: none"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", "answers something else than a status"),
    ] {
        std::thread::scope(|scope| {
            scope.spawn(|| {
                use std::io::{Read, Write};
                let (mut stream, _) = server.accept().expect("a connection");
                let _ = stream.read(&mut [0; 4096]).and_then(|_| stream.write_all(answer.as_bytes()));
            });
            place.run(["status", "--config", "bridge.yaml"]).exits(3).says(&[words]);
        });
    }
}

#[test]
fn what_is_right_is_said() {
    let place = Place::with("workers: [{ id: a, program: sh }, { id: b, program: sh }]\n");
    let ended = place.run(["check", "--config", "bridge.yaml"]).exits(0);
    let digest = "a0b78a4a646aa6e9c2d6ee75c441ea1a31dd2c850c643e51917b478116cade03";
    assert_eq!(
        ended.stdout,
        format!("bridge.yaml is right: bridge `mycelium`, 2 workers, 6 messages, digest {digest}\n")
    );
    assert_eq!(ended.stderr, "");
    let ended = place.run(["check", "--contracts", "contracts.yaml", "--socket", "x", "--name", "y"]).exits(0);
    assert!(ended.stdout.starts_with("the command line is right: bridge `y`, 0 workers"), "{ended:?}");
    assert_eq!(place.files(), ["bridge.yaml", "contracts.yaml"]);
}
