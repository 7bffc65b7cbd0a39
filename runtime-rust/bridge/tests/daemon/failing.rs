//! Bridges that cannot start: each says why, with the exit code for it, and leaves nothing behind.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;

use crate::place::{Ended, Place};
use crate::worker::playing;

/// Without a bridge's files, and without those of a worker that should not have been started.
fn is_clean(place: &Place, files: &[&str]) {
    let found = place.files();
    assert!(!found.contains(&"started".to_owned()), "a worker was started");
    assert_eq!(found, files);
}

const FILES: [&str; 2] = ["bridge.yaml", "contracts.yaml"];

fn touching() -> &'static str {
    "workers:\n- { id: x, program: touch, args: [started] }\n"
}

#[test]
fn settings_that_are_wrong() {
    for (config, words) in [
        ("nmae: x\n", &["error: bridge.yaml:3:1: unknown key `nmae`; did you mean `name`?"][..]),
        ("endpoint: { stall_limit: 5 }\n", &["error: bridge.yaml:3:26: endpoint.stall_limit: `5` has no unit"]),
        (
            "endpoint: 5\n",
            &["error: bridge.yaml:3:11: endpoint: expected keys and values such as `{ max_clients: 64 }`, found `5`"],
        ),
        ("name: a\nlog: warn\nname: b\n", &["error: bridge.yaml:5:1: name: the key is there twice, first at 3:1"]),
        (
            "endpoint: { drain_limit: 9223372036854775807s }\n",
            &[
                "error: bridge.yaml:3:26: endpoint.drain_limit: `9223372036854775807s` is longer than can be counted: 36500 days",
            ],
        ),
        ("endpoint: { allowed_uids: [] }\n", &["error: bridge.yaml:3:27: endpoint.allowed_uids: nobody is in it"]),
        (
            "workers: [{ id: x, program: sh, max_line: 0 }]\n",
            &["error: bridge.yaml:3:43: workers[0].max_line: it cannot be 0"],
        ),
        (
            "worker_defaults: { max_line: 1MiB }\n",
            &["error: bridge.yaml:3:30: worker_defaults.max_line: the longest line that the log takes has 64KiB"],
        ),
        // Clients with such a message would be sent away, workers would end with 78.
        (
            "endpoint: { max_payload: 311 }\n",
            &[
                "error: bridge.yaml:3:26: endpoint.max_payload: Snapshot of the contract has 70008 bytes, and 311 may pass",
                "help: raise it, or leave it out",
            ],
        ),
        ("worker_defaults: { max_line: 0 }\n", &["error: bridge.yaml:3:30: worker_defaults.max_line: it cannot be 0"]),
        (
            "worker_defaults: { max_line: 0 }\nworkers: [{ id: x, program: sh }]\n",
            &["error: bridge.yaml:3:30: worker_defaults.max_line: it cannot be 0"],
        ),
        (
            "workers: [{ id: x, program: sh, args: [a, \"b\\0\"] }]\n",
            &["error: bridge.yaml:3:39: workers[0].args: ", "zero byte"],
        ),
        ("workers: [{ id: x, program: \"s\\0h\" }]\n", &["error: bridge.yaml:3:29: workers[0].program: ", "zero byte"]),
        (
            "workers: [{ id: x, program: sh, current_dir: \"\\0\" }]\n",
            &["error: bridge.yaml:3:46: workers[0].current_dir: ", "zero byte"],
        ),
        (
            "workers: [{ id: x, program: sh, env: { A: \"\\0\" } }]\n",
            &["error: bridge.yaml:3:38: workers[0].env: ", "zero byte"],
        ),
        ("control: \"a\\0b\"\n", &["error: bridge.yaml:3:10: control: the path has a zero byte"]),
        (
            "control: contracts.yaml\n",
            &[
                "error: bridge.yaml:3:10: control: at `contracts.yaml` there is something that is not a socket: remove it",
            ],
        ),
        ("control: .\n", &["error: bridge.yaml:3:10: control: at `", "there is a folder"]),
        ("control: bridge.yaml/x\n", &["error: bridge.yaml:3:10: control: ", "`bridge.yaml` is not a folder"]),
        (
            "endpoint: { max_clients: 0 }\ntcp: x\n",
            &["error: bridge.yaml:3:26: endpoint.max_clients: it cannot be 0\nerror: bridge.yaml:4:6: tcp: `x` is no"],
        ),
        (
            "workers: [{ id: x, program: ./none }]\n",
            &["error: bridge.yaml:3:29: workers[0].program: ", "./none", "cannot be found"],
        ),
        (
            "workers: [{ id: x, program: ./bridge.yaml }]\n",
            &["error: bridge.yaml:3:29: workers[0].program: ", "is not executable"],
        ),
        (
            "workers: [{ id: x, program: no-such-program }]\n",
            &["error: bridge.yaml:3:29: workers[0].program: ", "in no folder of PATH"],
        ),
        (
            "workers: [{ id: x, program: sh, current_dir: none }]\n",
            &["error: bridge.yaml:3:46: workers[0].current_dir: ", "none"],
        ),
        (
            "workers: [{ id: x, program: sh, over_tcp: true }]\n",
            &["error: bridge.yaml:3:43: workers[0].over_tcp: ", "no `tcp`"],
        ),
        (
            "workers: [{ id: x, program: sh }, { id: y, program: sh }, { id: x, program: sh }]\n",
            &["error: bridge.yaml:3:65: workers[2].id: there are two workers `x`"],
        ),
        (
            "workers: [{ id: x, program: sh, env: { MYCELIUM_WORKER_ID: y } }]\n",
            &["error: bridge.yaml:3:38: workers[0].env: ", "MYCELIUM_WORKER_ID is set by the bridge"],
        ),
        (
            "workers: [{ id: x, program: sh, env: { MYCELIUM_SCHEMA_DIGEST: null } }]\n",
            &["error: bridge.yaml:3:38: workers[0].env: ", "MYCELIUM_SCHEMA_DIGEST is set by the bridge"],
        ),
        (
            "workers: [{ id: x, program: sh, env: { MYCELIUM_SOCKET: null } }]\n",
            &["error: bridge.yaml:3:38: workers[0].env: ", "MYCELIUM_SOCKET cannot be removed or empty"],
        ),
        (
            "digest: 5e44fe9b7eb56643368234fcc3383244e398a22044e255e803889262415528a2\n",
            &["error: bridge.yaml:3:9: digest: it is 5e44", "that of the contract is a0b7", "help: leave the key out"],
        ),
    ] {
        let place = Place::with(config);
        // Checking says the same.
        for command in ["run", "check"] {
            place.run([command, "--config", "bridge.yaml"]).exits(2).says(words);
        }
        is_clean(&place, &FILES);
    }
}

// Mended one by one they would be as many runs, of a program that has to be deployed for each.
#[test]
fn all_that_is_wrong_is_said_at_once() {
    let place = Place::new();
    let text = "\
name: \"desk\\e[2J\"
contracts: contracts.yaml
digest: 5e44fe9b7eb56643368234fcc3383244e398a22044e255e803889262415528a2
socket: bus.sock
tcp: 127.0.0.1:7400
http: 127.0.0.1:7400
endpoint:
  max_client: 5
  queue_frames: many
  max_payload: 5MiB
worker_defaults: { max_line: 0 }
workers:
- { id: x, program: ./none }
- { id: x, program: sh, over_tcp: true, env: { MYCELIUM_WORKER_ID: a, MYCELIUM_SOCKET: null } }
- { program: no-such-program }
";
    place.write("bridge.yaml", text);
    for command in ["run", "check"] {
        let ended = place.run([command, "--config", "bridge.yaml"]).exits(2);
        assert_eq!((&*ended.stdout, ended.stderr.contains('\u{1b}')), ("", false), "{}", ended.stderr);
        let expected = [
            "1:7: name: `desk\\u{1b}[2J` has control characters: leave them out",
            "3:9: digest: it is 5e44fe9b7eb56643368234fcc3383244e398a22044e255e803889262415528a2, and that of the contract \
             is a0b78a4a646aa6e9c2d6ee75c441ea1a31dd2c850c643e51917b478116cade03; leave the key out, or use the contract \
             that it was written for",
            "6:7: http: it is the address of `tcp` as well: give one of them another port",
            "8:3: endpoint: unknown key `max_client`; did you mean `max_clients`?",
            "9:17: endpoint.queue_frames: `many` is no number from 0 on",
            "10:16: endpoint.max_payload: the protocol's largest payload has 4MiB",
            "11:30: worker_defaults.max_line: it cannot be 0",
            "13:21: workers[0].program: worker `x`: the program \"./none\" cannot be found",
            "14:9: workers[1].id: there are two workers `x`: give each an id of its own",
            "14:46: workers[1].env: worker `x`: MYCELIUM_SOCKET cannot be removed or empty: by it the worker finds its bridge",
            "14:46: workers[1].env: worker `x`: MYCELIUM_WORKER_ID is set by the bridge, and cannot be set here",
            "15:3: workers[2].id: it is not set",
            "15:14: workers[2].program: worker ``: the program \"no-such-program\" is in no folder of PATH",
        ];
        let expected: String = expected.iter().map(|line| format!("error: bridge.yaml:{line}\n")).collect();
        assert_eq!(ended.stderr, expected);
    }
    is_clean(&place, &FILES);
    // Without a key there is nothing that could be missing.
    for text in ["socket:bus.sock\n", "- socket\n"] {
        place.write("bridge.yaml", text);
        let ended = place.run(["check", "--config", "bridge.yaml"]).exits(2);
        assert!(ended.stderr.starts_with("error: bridge.yaml:1:1: expected keys and values"), "{}", ended.stderr);
        assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
    }
    // What the library would say again is said once.
    place.write("bridge.yaml", "contracts: contracts.yaml\n");
    let ended = place.run(["check", "--config", "bridge.yaml"]).exits(2);
    assert_eq!(ended.stderr, "error: socket: neither `socket` nor `tcp` is set: nobody could connect\n");
    // What is wrong with the contract is said as well, by the compiler.
    place.write("contracts.yaml", "messages:\n  A: { tlv_type: 1, domain: X, fields: { x: u99 } }\n");
    place.write("bridge.yaml", "contracts: contracts.yaml\nsocket: bus.sock\nhttp: x\n");
    place.run(["check", "--config", "bridge.yaml"]).exits(2).says(&[
        "contracts.yaml:2:",
        "error: bridge.yaml:1:12: contracts: the contract contracts.yaml has 2 errors\nerror: bridge.yaml:3:7: http: `x`",
    ]);
}

// Whoever can write a name could otherwise write on the terminal of who looks at it.
#[test]
fn nothing_commands_a_terminal() {
    let escape = "a\u{1b}]0;title\u{7}\u{9b}2J\rb";
    let written = "a\\e]0;title\\a\\x9b2J\\rb";
    for config in [
        format!("name: \"{written}\"\n"),
        format!("log: \"{written}\"\n"),
        format!("tcp: \"{written}:1\"\n"),
        format!("http: \"{written}:1\"\n"),
        format!("\"{written}\": 1\n"),
        format!("endpoint: {{ policy: \"{written}\" }}\n"),
        format!("control: \"none/{written}/x\"\n"),
        format!("workers: [{{ id: \"{written}\", program: sh }}]\n"),
        format!("workers: [{{ id: a, program: \"./{written}\" }}]\n"),
        format!("workers: [{{ id: a, program: sh, current_dir: \"{written}\" }}]\n"),
        format!("workers: [{{ id: a, program: sh, env: {{ \"{written}=\": 1 }} }}]\n"),
    ] {
        let place = Place::with(&config);
        for command in ["run", "check"] {
            let ended = place.run([command, "--config", "bridge.yaml"]).exits(2);
            assert!(!ended.stderr.contains(|c: char| c.is_control() && c != '\n'), "{config}\n{:?}", ended.stderr);
            ended.says(&["error: bridge.yaml:3:", "]0;title"]);
        }
        is_clean(&place, &FILES);
    }
    let place = Place::with("");
    for arguments in [
        &["--name", escape][..],
        &["--worker", &format!("{escape}=sh")],
        &["--worker-set", &format!("x.{escape}=sh")],
        &["--max-clients", escape],
        &[escape],
        &["--contracts", escape],
        &["--socket", &format!("none/{escape}/x")],
    ] {
        let ended = place.run([&["check", "--config", "bridge.yaml"], arguments].concat());
        assert!([Some(2), Some(3)].contains(&ended.code), "{ended:?}");
        assert!(!ended.stderr.contains(|c: char| c.is_control() && c != '\n'), "{:?}", ended.stderr);
    }
    // A bridge that a program makes is held to the same.
    let config = mycelium_bridge::BridgeConfig::new(escape, [0; 32]).unix("x");
    let error = config.check().expect_err("a name that is none").to_string();
    assert!(error.contains("control characters") && !error.contains(char::is_control), "{error}");
}

#[test]
fn files_that_are_not_there() {
    let place = Place::with("");
    place.run(["run", "--config", "none.yaml"]).exits(3).says(&["error: cannot read none.yaml: No such file"]);
    let ended = place.run(["run", "--config", "bridge.yaml", "--contracts", "none.yaml"]).exits(3);
    ended.says(&["error[E0001]", "none.yaml", "error: contracts: the contract none.yaml cannot be used"]);
    is_clean(&place, &FILES);
}

// Whoever reads it knows the compiler's words.
#[test]
fn contracts_with_errors() {
    let place = Place::with(touching());
    place.write("contracts.yaml", "messages:\n  A: { tlv_type: 1, domain: X, fields: { x: u99 } }\n");
    for command in ["run", "check"] {
        let ended = place.run([command, "--config", "bridge.yaml"]).exits(1);
        ended.says(&[
            "contracts.yaml:2:",
            "u99",
            "error: bridge.yaml:1:12: contracts: the contract contracts.yaml has 2 errors",
        ]);
    }
    // The framework's own messages are no contract for a bridge.
    let core = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../wire/core.yaml");
    std::fs::copy(core, place.path("contracts.yaml")).expect("the core contract");
    place.run(["run", "--config", "bridge.yaml"]).exits(1).says(&["framework's own"]);
    is_clean(&place, &FILES);
}

#[test]
fn sockets_that_are_taken() {
    let place = Place::with(touching());
    let _server = UnixListener::bind(place.path("bus.sock")).expect("a server");
    place.run(["run", "--config", "bridge.yaml"]).exits(3).says(&["bus.sock", "another server listens there"]);
    is_clean(&place, &["bridge.yaml", "bus.sock", "contracts.yaml"]);

    let place = Place::with(touching());
    place.write("bus.sock", "a letter");
    for command in ["run", "check"] {
        place.run([command, "--config", "bridge.yaml"]).exits(2).says(&["bus.sock", "not a socket: remove it"]);
    }
    assert_eq!(std::fs::read_to_string(place.path("bus.sock")).expect("the letter"), "a letter");
    is_clean(&place, &["bridge.yaml", "bus.sock", "contracts.yaml"]);

    let place = Place::with(touching());
    let _server = UnixListener::bind(place.path("bus.sock.control")).expect("a server");
    place.run(["run", "--config", "bridge.yaml"]).exits(3).says(&["bus.sock.control", "another server listens there"]);
    is_clean(&place, &["bridge.yaml", "bus.sock.control", "contracts.yaml"]);

    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    for flag in ["--tcp", "--http"] {
        let place = Place::with(touching());
        let ended = place.run(["run", "--config", "bridge.yaml", flag, &address]).exits(3);
        ended.says(&[&address, "in use"]);
        is_clean(&place, &FILES);
    }
}

#[test]
fn paths_that_cannot_be() {
    let place = Place::with(touching());
    let long = "x".repeat(120);
    let ended = place.run(["run", "--config", "bridge.yaml", "--socket", &long]).exits(2);
    ended.says(&["error: socket: the path has 120 bytes, and the system takes 107 at most"]);
    // Long enough for the socket alone.
    let path = "x".repeat(100);
    let ended = place.run(["run", "--config", "bridge.yaml", "--socket", &path]).exits(2);
    ended.says(&["error: control: the path has 108 bytes"]);
    place.run(["run", "--config", "bridge.yaml", "--socket", "none/bus.sock"]).exits(2).says(&["no folder `none`"]);
    is_clean(&place, &FILES);
}

// As it would be found out only when the bridge is started.
#[test]
fn folders_that_take_no_socket() {
    let place = Place::with(touching());
    std::fs::create_dir(place.path("full")).expect("a folder");
    std::fs::set_permissions(place.path("full"), PermissionsExt::from_mode(0o555)).expect("permissions");
    for command in ["run", "check"] {
        let mut command = place.unprivileged([command, "--config", "bridge.yaml", "--socket", "full/bus.sock"]);
        let ended = Ended::of(command.output().expect("it runs")).exits(2);
        ended.says(&["error: socket: no socket can be made in the folder `full`: Permission denied"]);
    }
    std::fs::remove_dir(place.path("full")).expect("it is empty");
    is_clean(&place, &FILES);
}

// A bridge that crashed leaves its files; the next one has to start nevertheless.
#[test]
fn stale_sockets_are_replaced() {
    let place = Place::with("");
    for name in ["bus.sock", "bus.sock.control"] {
        drop(UnixListener::bind(place.path(name)).expect("a socket"));
    }
    let running = place.ready(&[]);
    let mode = |name| std::fs::metadata(place.path(name)).expect("a file").permissions().mode() & 0o777;
    assert_eq!([mode("bus.sock"), mode("bus.sock.control")], [0o600; 2]);
    running.stop();
    assert_eq!(place.files(), ["bridge.yaml", "contracts.yaml", "notify"]);
}

// A deployment without a contract at hand knows its digest, and clients are held to that.
#[test]
fn a_digest_is_enough() {
    let place = Place::new();
    let digest = "a0b78a4a646aa6e9c2d6ee75c441ea1a31dd2c850c643e51917b478116cade03";
    place.write(
        "bridge.yaml",
        &format!("digest: {digest}\nsocket: bus.sock\nworkers:\n{}", playing("one", "connect wait")),
    );
    let ended = place.run(["check", "--config", "bridge.yaml"]).exits(0);
    assert_eq!(
        ended.stdout,
        format!("bridge.yaml is right: bridge `mycelium`, 1 worker, no contract, digest {digest}\n")
    );
    let running = place.ready(&[]);
    assert_eq!(place.status()["contracts"], serde_json::Value::Null);
    running.stop();
}

// Without this, a bridge whose workers hang for ever looks as if it were set up well.
#[test]
fn workers_without_heartbeats_are_warned_of() {
    let warning = "warning: endpoint.heartbeat: it is `never`: a worker that hangs is not found";
    let place = Place::with("endpoint: { heartbeat: never }\nworkers: [{ id: x, program: sh }]\n");
    let ended = place.run(["check", "--config", "bridge.yaml"]).exits(0);
    assert!(ended.stderr.starts_with(warning), "{}", ended.stderr);
    for config in ["endpoint: { heartbeat: never }\n", "workers: [{ id: x, program: sh }]\n"] {
        let ended = Place::with(config).run(["check", "--config", "bridge.yaml"]).exits(0);
        assert_eq!(ended.stderr, "");
    }
}
