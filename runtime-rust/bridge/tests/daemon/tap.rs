//! Looking at live messages: which are printed, when it ends, and that nobody is held up by it.

use std::io::Read;
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::place::{Ended, Place, Running};
use crate::worker::playing;

fn place() -> (Place, Running) {
    let place = Place::with(&format!("workers:\n{}", playing("feed", "connect publish")));
    let running = place.ready(&[]);
    (place, running)
}

fn lines(ended: &Ended) -> Vec<Value> {
    ended.stdout.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
}

fn names(ended: &Ended) -> Vec<String> {
    lines(ended).iter().map(|line| line["message"].as_str().expect("a name").to_owned()).collect()
}

#[test]
fn messages_are_printed_as_the_contract_allows() {
    let (place, running) = place();
    let tap = |arguments: &[&str]| {
        place.run([&["tap", "--config", "bridge.yaml", "--count", "6"], arguments].concat()).exits(0)
    };
    let ended = tap(&[]);
    assert_eq!(ended.stderr, "");
    let all = lines(&ended);
    assert_eq!(all.len(), 6);
    let text = all.iter().find(|line| line["message"] == "TextMessage").expect("a text");
    assert_eq!((&text["type_id"], &text["topic"], &text["size"]), (&1001.into(), &"examples".into(), &312.into()));
    assert_eq!(text["payload"]["content"], "hello");
    let secret = all.iter().find(|line| line["message"] == "Secret").expect("a secret");
    assert_eq!((&secret["redacted"], &secret["payload"]), (&true.into(), &Value::Null));
    assert!(!ended.stdout.contains("hunter2"));

    assert_eq!(names(&tap(&["--topic", "vault"])), ["Secret"; 6]);
    assert_eq!(names(&tap(&["--message", "CounterUpdate"])), ["CounterUpdate"; 6]);
    let both = names(&tap(&["--topic", "vault", "--message", "TextMessage"]));
    assert!(both.contains(&"Secret".into()) && both.contains(&"TextMessage".into()), "{both:?}");
    let bob = lines(&tap(&["--where", "sender=bob", "--where", "content=hello"]));
    assert!(bob.iter().all(|line| line["payload"]["sender"] == "bob"), "{bob:?}");
    running.stop();
}

#[test]
fn a_digest_shows_types_alone() {
    let (place, running) = place();
    let digest = place.status()["schema_digest"].as_str().expect("a digest").to_owned();
    let ended = place.run(["tap", "--socket", "bus.sock", "--digest", &digest, "--count", "5"]).exits(0);
    for line in lines(&ended) {
        assert!(line["payload"].is_null() && line["message"].is_null() && line["type_id"].is_number(), "{line}");
    }
    let ended = place.run(["tap", "--socket", "bus.sock", "--digest", &digest, "--topic", "vault"]).exits(2);
    ended.says(&["by a contract alone", "--contracts FILE"]);
    running.stop();
}

#[test]
fn what_cannot_be_is_said() {
    let (place, running) = place();
    let tap = |arguments: &[&str]| place.run([&["tap"], arguments].concat());
    tap(&["--config", "bridge.yaml", "--topic", "valt"])
        .exits(2)
        .says(&["no topic `valt`", "help: did you mean `vault`?"]);
    tap(&["--config", "bridge.yaml", "--where", "key=hunter2"]).exits(2).says(&["Secret out of logs"]);
    tap(&["--config", "bridge.yaml", "--where", "sender"]).exits(2).says(&["FIELD=VALUE"]);
    tap(&["--config", "bridge.yaml", "--where", "value=2147483648"]).exits(2).says(&[
        "error: `value` of CounterUpdate is i32: 2147483648 is out of the range of i32, -2147483648 to 2147483647",
        "help: write a value such as `value=1`",
    ]);
    tap(&["--config", "bridge.yaml", "--where", "sendr=ada"]).exits(2).says(&["help: did you mean `sender`?"]);
    tap(&["--config", "bridge.yaml", "--where", "sender="]).exits(2).says(&[
        "error: `sender` of TextMessage is never ``, which is empty (rule:not_empty)",
        "help: write a value such as `sender=example`",
    ]);
    tap(&["--config", "bridge.yaml", "--for", "5"]).exits(2).says(&["no unit"]);
    tap(&["--socket", "bus.sock"]).exits(2).says(&["--contracts FILE"]);
    tap(&["--contracts", "contracts.yaml"]).exits(2).says(&["--socket PATH"]);
    tap(&["--contracts", "contracts.yaml", "--socket", "none"]).exits(3).says(&["cannot connect to none"]);
    // Another contract: what differs is said.
    let contract = std::fs::read_to_string(place.path("contracts.yaml")).expect("the contract");
    place.write("other.yaml", &contract.replace("value: i32", "value: i64"));
    let ended = tap(&["--config", "bridge.yaml", "--contracts", "other.yaml"]).exits(3);
    ended.says(&["another contract", "CounterUpdate differs"]);
    running.stop();
    tap(&["--config", "bridge.yaml"]).exits(3).says(&["cannot connect to bus.sock"]);
}

// Two versions of a contract, as in a rolling upgrade: what both have in common is seen, and what is missing is said,
// rather than waited for in silence.
#[test]
fn a_shared_contract_shows_what_is_shared() {
    let place = Place::with(&format!("workers:\n{}", playing("feed", "connect publish")));
    let running = place.ready(&["--share", "true"]);
    let contract = std::fs::read_to_string(place.path("contracts.yaml")).expect("the contract");
    let other = contract
        .replace("value: i32", "value: i64")
        .replace("Marker:\n    tlv_type: 1006", "Sign:\n    tlv_type: 1007");
    place.write("other.yaml", &other);
    let tap = |arguments: &[&str]| {
        let common =
            ["tap", "--config", "bridge.yaml", "--contracts", "other.yaml", "--share", "--count", "10", "--for", "60s"];
        place.run([&common[..], arguments].concat())
    };
    let ended = tap(&[]).exits(0);
    assert!(names(&ended).iter().all(|name| name != "CounterUpdate"), "{ended:?}");
    assert_eq!(
        ended.stderr,
        "not shown: CounterUpdate (it differs in the bridge's contract), Sign (the bridge's contract has none), \
         Marker (this contract has none)\n"
    );
    let ended = tap(&["--topic", "vault"]).exits(0);
    assert_eq!((ended.stderr.as_str(), names(&ended)), ("", vec!["Secret".to_owned(); 10]));
    // As with `publish`: what is asked for by name has to be there.
    let differs = "error: no CounterUpdate passes between the two contracts: it differs in the bridge's contract";
    tap(&["--message", "CounterUpdate"]).exits(3).says(&[differs, "help: name the bridge's contract with --contracts"]);
    tap(&["--message", "CounterUpdate", "--message", "TextMessage"]).exits(3).says(&[differs]);
    tap(&["--where", "value=1"]).exits(3).says(&[differs]);
    let none = "error: no Sign passes between the two contracts: the bridge's contract has none";
    tap(&["--message", "Sign"]).exits(3).says(&[none]);
    // Not one of a topic.
    let vault =
        other.replace("max_length: 32 }, { not_empty: true }] }\n  Snapshot", "max_length: 64 }] }\n  Snapshot");
    place.write("other.yaml", &vault.replace("[u64; 8750]", "[u64; 8751]"));
    let ended = tap(&["--topic", "vault"]).exits(3);
    ended.says(&["error: no message that is asked for is the same in the bridge's contract"]);
    running.stop();
    let digest = "a0b78a4a646aa6e9c2d6ee75c441ea1a31dd2c850c643e51917b478116cade03";
    let ended = place.run(["tap", "--socket", "bus.sock", "--digest", digest, "--share"]).exits(2);
    ended.says(&["error: --share needs a contract", "help: name it with --contracts FILE"]);
}

// The bridge that a tap connects to again may have another contract by then.
#[test]
fn a_contract_that_differs_later_is_said_then() {
    let place = Place::with(&format!("workers:\n{}", playing("feed", "connect publish")));
    let running = place.ready(&["--share", "true"]);
    std::fs::copy(place.path("contracts.yaml"), place.path("old.yaml")).expect("the contract");
    let tap = "tap --socket bus.sock --contracts old.yaml --share --message CounterUpdate --for 60s";
    let mut command = place.command(tap.split(' '));
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it runs");
    let mut stdout = child.stdout.take().expect("a pipe");
    stdout.read_exact(&mut [0]).expect("a line");
    let reading = std::thread::spawn(move || std::io::copy(&mut stdout, &mut std::io::sink()));
    running.stop();
    let contract = std::fs::read_to_string(place.path("contracts.yaml")).expect("the contract");
    place.write("contracts.yaml", &contract.replace("value: i32", "value: i64"));
    place.write("bridge.yaml", "contracts: contracts.yaml\nsocket: bus.sock\n");
    let running = place.ready(&["--share", "true"]);
    let ended = Ended::of(child.wait_with_output().expect("an end")).exits(3);
    assert!(reading.join().expect("it reads").is_ok());
    assert!(ended.stderr.contains("error: no CounterUpdate passes between the two contracts"), "{}", ended.stderr);
    running.stop();
}

#[test]
fn it_ends_as_it_is_asked_to() {
    let (place, running) = place();
    let ended = place.run(["tap", "--config", "bridge.yaml", "--for", "10ms"]).exits(0);
    assert_eq!(ended.stderr, "");
    for signal in [Signal::INT, Signal::TERM] {
        let mut command = place.command(["tap", "--config", "bridge.yaml"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it runs");
        // It prints, so it listens to signals.
        child.stdout.as_mut().expect("a pipe").read_exact(&mut [0]).expect("a line");
        kill_process(Pid::from_raw(child.id() as i32).expect("a process"), signal).expect("the process is there");
        drop(child.stdout.take());
        assert_eq!(child.wait_with_output().expect("an end").status.code(), Some(0));
    }
    running.stop();
}

// Without this, `tap | head` would end with an error.
#[test]
fn a_reader_that_goes_is_no_error() {
    let (place, running) = place();
    let mut command = place.command(["tap", "--config", "bridge.yaml"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it runs");
    child.stdout.as_mut().expect("a pipe").read_exact(&mut [0]).expect("a line");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("an end");
    assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr)), (Some(0), "".into()));
    running.stop();
}

// Somebody who looks at a page of it must not stop the business.
#[test]
fn a_reader_that_does_not_read_holds_up_nobody() {
    let (place, running) = place();
    let mut command = place.command(["tap", "--config", "bridge.yaml"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it runs");
    child.stdout.as_mut().expect("a pipe").read_exact(&mut [0]).expect("a line");
    // The pipe is full, and more than it holds is published.
    let published = || place.status()["endpoints"][0]["frames_in"].as_u64().expect("a number");
    let before = published();
    while published() < before + 2000 {
        std::thread::yield_now();
    }
    kill_process(Pid::from_raw(child.id() as i32).expect("a process"), Signal::INT).expect("the process is there");
    assert_eq!(child.wait().expect("an end").code(), Some(0));
    running.stop();
}

// A tap that is left running is of use after a deployment as well.
#[test]
fn it_goes_on_with_the_next_bridge() {
    let (place, running) = place();
    let mut command = place.command(["tap", "--config", "bridge.yaml", "--message", "TextMessage"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it runs");
    let mut stdout = child.stdout.take().expect("a pipe");
    stdout.read_exact(&mut [0]).expect("a line");
    let printing = std::thread::spawn(move || {
        let mut text = String::new();
        stdout.read_to_string(&mut text).map(|_| text)
    });
    running.stop();
    let mut running = place.ready(&[]);
    // The worker, and the tap once more.
    let clients = |status: &Value| status["endpoints"][0]["clients"] == 2;
    while !clients(&place.status()) {
        std::thread::yield_now();
    }
    running.told("STATUS=");
    kill_process(Pid::from_raw(child.id() as i32).expect("a process"), Signal::INT).expect("the process is there");
    let output = child.wait_with_output().expect("an end");
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "the bridge is gone; connecting again\n");
    assert!(printing.join().expect("it prints").is_ok());
    running.stop();
}

#[test]
fn a_socket_of_another_kind_is_named() {
    let place = Place::with("");
    let running = place.ready(&[]);
    let ended = place.run(["tap", "--contracts", "contracts.yaml", "--socket", "bus.sock.control"]).exits(3);
    ended.says(&["error: the bridge broke the protocol", "help: is this the bridge's own socket?"]);
    running.stop();
}
