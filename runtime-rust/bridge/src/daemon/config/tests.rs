//! Configurations that are wrong, and what is said about them; files and flags together.

use std::fs;

use super::*;
use crate::daemon::flags::Flags;
use crate::daemon::values::{Count, Period, Value};

fn of_file(text: &str) -> Result<Settings, ConfigError> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("bridge.yaml");
    fs::write(&path, text).expect("a file");
    super::read(Some(&path), &Settings::default())
}

/// What is said of a file, with the place, without the folder.
fn words_of(text: &str) -> String {
    let error = of_file(text).expect_err(text).to_string();
    let (_, rest) = error.split_once("bridge.yaml").expect("the file is named");
    rest.to_owned()
}

// Without this, somebody with a mistake of spelling would run with a default and not know.
#[test]
fn mistakes_in_the_file_have_a_place_and_a_suggestion() {
    let mut wrong = String::new();
    for (text, words) in [
        ("nam: x\n", ":1:1: unknown key `nam`; did you mean `name`?"),
        (
            "name: x\nendpoint:\n  max_client: 5\n",
            ":3:3: endpoint: unknown key `max_client`; did you mean `max_clients`?",
        ),
        (
            "workers:\n  - id: a\n    programme: x\n",
            ":3:5: workers[0]: unknown key `programme`; did you mean `program`?",
        ),
        ("worker_defaults: { zzz: 1 }\n", ":1:20: worker_defaults: unknown key `zzz`; there are ready_deadline, grace"),
        ("endpoint:\n  stall_limit: 5\n", ":2:16: endpoint.stall_limit: `5` has no unit: write `5s` or `5ms`"),
        ("endpoint: { policy: drop-oldest }\n", ":1:21: endpoint.policy: `drop-oldest` is none of"),
        ("endpoint: { unix_mode: 660 }\n", "`660` is no mode in octal digits such as `0660`"),
        (
            "endpoint: { allowed_uids: 5 }\n",
            ":1:27: endpoint.allowed_uids: expected a list, such as `[a, b]`, found `5`",
        ),
        ("name: [x]\n", ":1:7: name: expected one value, found a list"),
        ("workers: { a: b }\n", ":1:10: workers: expected a list, such as `[a, b]`, found keys and values"),
        (
            "workers:\n- id: a\n  env: { A: 1, A: 2 }\n",
            ":3:16: workers[0].env.A: the key is there twice, first at 3:10",
        ),
        ("name: a\nlog: warn\nname: b\n", ":3:1: name: the key is there twice, first at 1:1"),
        (
            "endpoint: { idle_limit: 5s,\n  idle_limit: 6s }\n",
            ":2:3: endpoint.idle_limit: the key is there twice, first at 1:13",
        ),
        ("endpoint: [x]\n", ":1:11: endpoint: expected keys and values such as `{ max_clients: 64 }`, found a list"),
        (
            "worker_defaults: 7\n",
            ":1:18: worker_defaults: expected keys and values such as `{ grace: 10s }`, found `7`",
        ),
        (
            "workers: [5]\n",
            ":1:11: workers[0]: expected keys and values such as `{ id: echo, program: ./echo }`, found `5`",
        ),
        (
            "workers:\n- id: a\n  args: { x: y }\n",
            ":3:9: workers[0].args: expected a list, such as `[a, b]`, found keys and values",
        ),
        ("workers:\n- id: a\n  env: [x]\n", ":3:8: workers[0].env: expected variables such as `NAME: value`"),
        (
            "endpoint: { allowed_uids: [0, -1] }\n",
            ":1:31: endpoint.allowed_uids[1]: expected a number from 0 to 4294967295, found `-1`",
        ),
        (
            "endpoint: { stall_limit: 1000years }\n",
            ":1:26: endpoint.stall_limit: `1000years` is longer than can be counted",
        ),
        ("tcp: x\nname: 'x\n", ":3:1: name: found unexpected end of stream"),
        ("name: a\n---\nname: b\n", "more than one document"),
        ("just a text\n", ":1:1: expected keys and values such as `socket: bus.sock`, found `just a text`"),
    ] {
        let found = words_of(text);
        if !found.contains(words) {
            wrong.push_str(&format!("{text}\n{found}\n{words}\n\n"));
        }
    }
    assert_eq!(wrong, "");
}

#[test]
fn values_are_as_they_are_written() {
    let settings = of_file(
        "name: 0x10\nendpoint: { unix_mode: 0660, allowed_uids: [0, 1000] }\n\
         workers:\n- id: 1.50\n  program: x\n  args: [1.50, 0x10, yes, null]\n  env: { A: 1.50, B: null, C: '' }\n",
    )
    .expect("settings");
    assert_eq!(settings.name(), "0x10");
    assert_eq!(settings.endpoint.unix_mode().text(), "0660");
    let worker = &settings.workers[0];
    assert_eq!(worker.id.as_deref(), Some("1.50"));
    assert_eq!(worker.args().text(), r#"["1.50","0x10","yes","null"]"#);
    assert_eq!(worker.env().text(), r#"{"A":"1.50","B":null,"C":""}"#);
    assert_eq!(of_file("").expect("an empty file sets nothing"), Settings::default());
    assert_eq!(of_file("# nothing\n").expect("so does a comment"), Settings::default());
}

// Without this, a configuration would mean something else from another working directory.
#[test]
fn paths_are_relative_to_the_file() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("bridge.yaml");
    let text = "contracts: c.yaml\nsocket: s/x.sock\ncontrol: x.control\n\
        workers:\n- { id: a, program: ./a, current_dir: d }\n- { id: b, program: b }\n- { id: c, program: /c }\n";
    fs::write(&path, text).expect("a file");
    let settings = super::read(Some(&path), &Settings::default()).expect("settings");
    let of = |name: &str| folder.path().join(name);
    assert_eq!(settings.contracts, Some(of("c.yaml")));
    assert_eq!(settings.socket, Some(of("s/x.sock")));
    assert_eq!(control(&settings), Some(of("x.control")));
    let programs: Vec<_> = settings.workers.iter().filter_map(|worker| worker.program.clone()).collect();
    assert_eq!(programs, [of("./a"), "b".into(), "/c".into()]);
    assert_eq!(settings.workers[0].current_dir, Some(of("d")));
}

// Without this, a flag would be without effect beside a file.
#[test]
fn flags_win_over_the_file() {
    use clap::{Args, Command, FromArgMatches};
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("bridge.yaml");
    let text = "name: file\nlog: warn\nendpoint: { max_clients: 1, queue_frames: 2 }\n\
        worker_defaults: { grace: 1s, restarts: 1 }\n\
        workers:\n- { id: a, program: /bin/a, grace: 3s }\n- { id: b, program: /bin/b }\n";
    fs::write(&path, text).expect("a file");
    let arguments = [
        "--name",
        "flag",
        "--max-clients",
        "9",
        "--worker-grace",
        "2s",
        "--worker-set",
        "b.ready_deadline=9s",
        "--worker",
        "c=/bin/c",
    ];
    let matches = Flags::augment_args(Command::new("run").no_binary_name(true)).get_matches_from(arguments);
    let Flags(flags) = Flags::from_arg_matches(&matches).expect("flags");
    let settings = super::read(Some(&path), &flags).expect("settings");
    assert_eq!((settings.name(), settings.log()), ("flag".into(), "warn".into()));
    assert_eq!((settings.endpoint.max_clients(), settings.endpoint.queue_frames()), (Count(9), Count(2)));
    let seconds = |text| Period::parse(text).expect("a time");
    let [a, b, c] = &settings.workers[..] else { panic!("{settings:?}") };
    // What a worker says itself wins over what is said of all of them.
    assert_eq!([a.grace(), b.grace(), c.grace()], [seconds("3s"), seconds("2s"), seconds("2s")]);
    assert_eq!([a.ready_deadline(), b.ready_deadline()], [seconds("10s"), seconds("9s")]);
    assert!([a, b, c].iter().all(|worker| worker.restarts().text() == "1"));
}

fn problems(text: &str) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("bridge.yaml");
    fs::write(&path, text).expect("a file");
    let settings = super::read(Some(&path), &Settings::default()).expect("settings");
    match check(&settings) {
        Ok(()) => Vec::new(),
        Err(ConfigError::Settings(problems)) => problems.iter().map(ToString::to_string).collect(),
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn what_makes_no_sense_is_said_all_at_once() {
    assert_eq!(problems("socket: x.sock\ncontracts: c.yaml\n"), [""; 0]);
    let found = problems("name: x\nworkers: [{}]\n");
    assert_eq!(
        found,
        [
            "socket: neither `socket` nor `tcp` is set: nobody could connect",
            "contracts: neither `contracts` nor `digest` is set: clients are held to one",
            "workers[0].id: it is not set",
            "workers[0].program: it is not set",
        ]
    );
    let long = "x".repeat(200);
    for (text, words) in [
        (format!("socket: {long}"), "socket: the path has "),
        ("socket: none/x.sock".into(), "socket: there is no folder `"),
        ("control: x.sock".into(), "control: it is the path of `socket` as well"),
        ("tcp: localhost".into(), "tcp: `localhost` is no address with a port"),
        ("http: :80".into(), "http: `:80` is no address with a port"),
        ("http: h:99999".into(), "http: `h:99999` is no address with a port"),
        ("log: loud".into(), "log: `loud` is no level"),
        ("log: info,x=loud".into(), "log: `info,x=loud` is no level"),
        ("stats_interval: 0s".into(), "stats_interval: it cannot be 0"),
        ("endpoint: { max_clients: 0 }".into(), "endpoint.max_clients: it cannot be 0"),
        ("endpoint: { heartbeat: 0s }".into(), "endpoint.heartbeat: it cannot be 0"),
        ("endpoint: { max_payload: 5MiB }".into(), "endpoint.max_payload: the protocol's largest"),
        ("workers: [{ id: a, program: a, backoff_factor: 0.5 }]".into(), "workers[0].backoff_factor: it is below 1"),
        ("workers: [{ id: a, program: a, backoff_jitter: 2 }]".into(), "workers[0].backoff_jitter: it is above 1"),
        ("workers: [{ id: a, program: a, backoff_max: 1ms }]".into(), "workers[0].backoff_initial: it is longer"),
    ] {
        let socket = if text.starts_with("socket") { "" } else { "socket: x.sock\n" };
        let found = problems(&format!("{socket}contracts: c.yaml\n{text}\n"));
        assert!(found.len() <= 2 && found.iter().any(|problem| problem.starts_with(words)), "{text}\n{found:?}");
    }
    let without_contract = "socket: x.sock\ndigest: 5e44fe9b7eb56643368234fcc3383244e398a22044e255e803889262415528a2\n";
    assert_eq!(problems(without_contract), [""; 0]);
    let found = problems(&format!("{without_contract}endpoint: {{ unknown_types: refuse, share: true }}\n"));
    assert!(found[0].starts_with("endpoint.unknown_types") && found[1].starts_with("endpoint.share"), "{found:?}");
}

#[test]
fn the_control_socket_is_beside_the_other() {
    let of = |text: &str| control(&serde_yaml::from_str(text).expect("settings"));
    assert_eq!(of("socket: /run/x"), Some("/run/x.control".into()));
    assert_eq!(of("{ socket: /run/x, control: off }"), None);
    assert_eq!(of("{ socket: /run/x, control: /y }"), Some("/y".into()));
    assert_eq!(of("tcp: localhost:1"), None);
}
