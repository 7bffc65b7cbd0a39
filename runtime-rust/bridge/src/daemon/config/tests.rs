//! Configurations that are wrong, and what is said about them; files and flags together.

use std::fs;

use super::*;
use crate::daemon::flags::Flags;
use crate::daemon::settings::Worker;
use crate::daemon::values::{Count, Period, Value};

/// A file with this text, by itself in a folder.
fn file(text: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("bridge.yaml");
    fs::write(&path, text).expect("a file");
    (folder, path)
}

fn of_file(text: &str) -> Result<Settings, Failure> {
    let (_folder, path) = file(text.as_bytes());
    super::read(Some(&path))
}

/// What is said of a file, with the places, without the folder.
fn words_of(text: &[u8]) -> Vec<String> {
    let (_folder, path) = file(text);
    let failure = super::read(Some(&path)).expect_err("it is wrong");
    let name = path.display().to_string();
    let mut lines: Vec<String> =
        failure.lines.iter().map(|line| line.strip_prefix(&name).expect("the file is named").to_owned()).collect();
    lines.extend(failure.help);
    lines
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
        ("name: \"a\\e[31m\"\n", ":1:7: name: `a\\u{1b}[31m` has control characters: leave them out"),
        ("workers: [{ id: \"a\\tb\" }]\n", ":1:17: workers[0].id: `a\\tb` has control characters"),
        ("name: !local x\n", ":1:7: name: a tag, `!local`, which no setting has: leave it out"),
        ("workers:\n- id: a\n  args: [x, [y]]\n", ":3:13: workers[0].args[1]: expected one value, found a list"),
        ("workers:\n- id: a\n  env: { A: [x] }\n", ":3:13: workers[0].env.A: expected one value, found a list"),
        ("workers:\n- id: a\n  env: { A=B: x }\n", ":3:10: workers[0].env: `A=B` is no name of a variable"),
        ("just a text\n", ":1:1: expected keys and values such as `socket: bus.sock`, found `just a text`"),
    ] {
        let found = words_of(text.as_bytes());
        if found.len() != 1 || !found[0].contains(words) {
            wrong.push_str(&format!("{text}\n{found:?}\n{words}\n\n"));
        }
    }
    assert_eq!(wrong, "");
}

// Mended one by one, a file of ten mistakes would be ten runs.
#[test]
fn all_mistakes_are_said_in_the_order_of_the_file() {
    let text = "nmae: x\nendpoint:\n  policy: blok\n  heartbeat: 5\n  allowed_uids: [0, a, -1]\nworkers:\n- 7\n- id: a\n  \
        programme: x\n  args: { x: y }\n  env: { A: 1, A: 2, B: [] }\nsocket: [x]\nnmae: y\nlog: \"\"\n";
    let found = words_of(text.as_bytes());
    let expected = [
        ":1:1: unknown key `nmae`; did you mean `name`?",
        ":3:11: endpoint.policy: `blok` is none of",
        ":4:14: endpoint.heartbeat: `5` has no unit",
        ":5:21: endpoint.allowed_uids[1]: expected a number from 0 to 4294967295, found `a`",
        ":5:24: endpoint.allowed_uids[2]: expected a number from 0 to 4294967295, found `-1`",
        ":7:3: workers[0]: expected keys and values such as `{ id: echo, program: ./echo }`, found `7`",
        ":9:3: workers[1]: unknown key `programme`; did you mean `program`?",
        ":10:9: workers[1].args: expected a list, such as `[a, b]`, found keys and values",
        ":11:16: workers[1].env.A: the key is there twice, first at 11:10",
        ":11:25: workers[1].env.B: expected one value, found a list",
        ":12:9: socket: expected one value, found a list",
        ":13:1: nmae: the key is there twice, first at 1:1",
        ":14:6: log: it is empty",
    ];
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(found.starts_with(expected), "{found}\n{expected}");
    }
}

// The parser's own words are for who knows the grammar of YAML.
#[test]
fn what_is_no_yaml_is_said_in_plain_words() {
    for (text, words) in [
        (
            &b"name: a\n---\nname: b\n"[..],
            &[":2:1: a second YAML document begins, and a configuration is one", "remove the `---`"][..],
        ),
        (b"---\nname: a\n...\n---\n", &[":4:1: a second YAML document begins"]),
        (
            b"endpoint:\n\tshare: true\n",
            &[":2:1: not well-formed YAML: a tab in the indentation", "indent with spaces"],
        ),
        (
            b"workers:\n- id: a\n\tprogram: b\n",
            &[":3:1: not well-formed YAML: a tab in the indentation", "indent with spaces"],
        ),
        (b"tcp: x\nname: 'x\n", &[":2:7: not well-formed YAML: a quote that is never closed", "it was opened here"]),
        (b"name: a: b\n", &[":1:8: not well-formed YAML: a `:` where no key can be", "is put in quotes"]),
        (b"name: x\n  log: y\n", &[":2:6: not well-formed YAML: a `:` where no key can be"]),
        (b"endpoint: { share: true\n", &["not well-formed YAML: expected `,` or `}`"]),
        (b"name: \x1b[31m\n", &[":1:7: control character U+001B", "remove it, or write it as an escape"]),
        (
            b"\x3c<<<<<< HEAD\nname: a\n=======\nname: b\n\x3e>>>>>> b\n",
            &[":1:1: a merge was not resolved", "keep of both sides"],
        ),
        (b"name: \xc3\xa9\nlog: \xff\n", &[":2:6: byte 0xff at offset 14 is not UTF-8", "save the file as UTF-8"]),
        (b"name: a\r\nlog: x\r\nlog: 'y\r\n", &[":3:6: not well-formed YAML: a quote that is never closed"]),
        (b"name: *x\n", &[":1:7: YAML alias of an anchor that doesn't exist"]),
    ] {
        let found = words_of(text).join("\n");
        assert!(words.iter().all(|words| found.contains(words)), "{}\n{found}", String::from_utf8_lossy(text));
        assert!(words[0].starts_with(':') == found.starts_with(words[0]), "{found}");
    }
}

// A file that is only half written, or mistyped anywhere, has findings or none, and never ends the command.
#[test]
fn no_text_panics() {
    let text =
        b"name: desk\nendpoint: { share: true, allowed_uids: [0, 7] }\nworker_defaults: &d\n  grace: 10s\nworkers:\n\
        - id: \"a\"\n  program: 'b'\n  args: [x, \xc3\xa9]\n  env: { A: null, B: |-2 }\n- *d\n# end\n";
    let look = |text: &[u8]| {
        if let Ok(Configuration { settings, mut findings }) = parse(text, Findings::default()) {
            checks::check(&settings, &mut findings);
            drop(findings.into_result());
        }
    };
    for at in 0..text.len() {
        look(&text[..at]);
        for byte in b"\t\n :-{}[],'\"&*|\0\xff" {
            let mut text = text.to_vec();
            text[at] = *byte;
            look(&text);
        }
    }
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
    assert_eq!(of_file("\u{feff}endpoint:\nworkers: ~\nworker_defaults:\n").expect("so do keys"), Settings::default());
    let both = of_file("workers:\n- &a { id: a, env: &e { X: 1 } }\n- id: b\n  env: *e\n").expect("settings");
    assert_eq!(both.workers[0].env, both.workers[1].env);
}

// Without this, a configuration would mean something else from another working directory.
#[test]
fn paths_are_relative_to_the_file() {
    let text = "contracts: c.yaml\nsocket: s/x.sock\ncontrol: x.control\n\
        workers:\n- { id: a, program: ./a, current_dir: d }\n- { id: b, program: b }\n- { id: c, program: /c }\n";
    let (folder, path) = file(text.as_bytes());
    let settings = super::read(Some(&path)).expect("settings");
    let of = |name: &str| folder.path().join(name);
    assert_eq!(settings.contracts, Some(of("c.yaml")));
    assert_eq!(settings.socket, Some(of("s/x.sock")));
    assert_eq!(control_socket(&settings), Some(of("x.control")));
    let programs: Vec<_> = settings.workers.iter().filter_map(|worker| worker.program.clone()).collect();
    assert_eq!(programs, [of("./a"), "b".into(), "/c".into()]);
    assert_eq!(settings.workers[0].current_dir, Some(of("d")));
}

// Without this, a flag would be without effect beside a file.
#[test]
fn flags_win_over_the_file() {
    use clap::{Args, Command, FromArgMatches};
    let text = "name: file\nlog: warn\nendpoint: { max_clients: 1, queue_frames: 2 }\n\
        worker_defaults: { grace: 1s, restarts: 1 }\n\
        workers:\n- { id: a, program: /bin/a, grace: 3s }\n- { id: b, program: /bin/b }\n";
    let (_folder, path) = file(text.as_bytes());
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
    let settings = load(Some(&path), &flags).expect("settings").settings;
    assert_eq!((settings.name(), settings.log()), ("flag".into(), "warn".into()));
    assert_eq!((settings.endpoint.max_clients(), settings.endpoint.queue_frames()), (Count(9), Count(2)));
    let seconds = |text| Period::parse(text).expect("a time");
    let workers: Vec<Worker> = settings.workers.iter().map(|worker| worker.with(&settings.worker_defaults)).collect();
    let [a, b, c] = &workers[..] else { panic!("{settings:?}") };
    // What a worker says itself wins over what is said of all of them.
    assert_eq!([a.grace(), b.grace(), c.grace()], [seconds("3s"), seconds("2s"), seconds("2s")]);
    assert_eq!([a.ready_deadline(), b.ready_deadline()], [seconds("10s"), seconds("9s")]);
    assert!([a, b, c].iter().all(|worker| worker.restarts().text() == "1"));
}

/// What makes no sense of a file, and of flags over it; without the folder.
fn problems_with(text: &str, flags: &Settings) -> Vec<String> {
    let (folder, path) = file(text.as_bytes());
    let Configuration { settings, mut findings } = load(Some(&path), flags).expect("settings");
    checks::check(&settings, &mut findings);
    let folder = format!("{}/", folder.path().display());
    findings.lines().iter().map(|line| line.replace(&folder, "").replacen("bridge.yaml:", ":", 1)).collect()
}

fn problems(text: &str) -> Vec<String> {
    problems_with(text, &Settings::default())
}

#[test]
fn what_makes_no_sense_is_said_all_at_once() {
    assert_eq!(problems("socket: x.sock\ncontracts: c.yaml\n"), [""; 0]);
    let found = problems("name: x\nworkers: [{}]\n");
    assert_eq!(
        found,
        [
            ":2:11: workers[0].id: it is not set",
            ":2:11: workers[0].program: it is not set",
            "socket: neither `socket` nor `tcp` is set: nobody could connect",
            "contracts: neither `contracts` nor `digest` is set: clients are held to one",
        ]
    );
    let long = "x".repeat(200);
    for (text, words) in [
        (format!("socket: {long}"), ":1:9: socket: the path has "),
        ("socket: none/x.sock".into(), ":1:9: socket: there is no folder `none`"),
        ("control: x.sock".into(), ":1:10: control: it is the path of `socket` as well"),
        ("tcp: localhost".into(), ":1:6: tcp: `localhost` is no address with a port"),
        ("http: :80".into(), ":1:7: http: `:80` is no address with a port"),
        ("http: h:99999".into(), ":1:7: http: `h:99999` is no address with a port"),
        ("log: loud".into(), ":1:6: log: `loud` is no level"),
        ("log: info,x=loud".into(), ":1:6: log: `info,x=loud` is no level"),
        ("stats_interval: 0s".into(), ":1:17: stats_interval: it cannot be 0"),
        ("endpoint: { max_clients: 0 }".into(), ":1:26: endpoint.max_clients: it cannot be 0"),
        ("endpoint: { heartbeat: 0s }".into(), ":1:24: endpoint.heartbeat: it cannot be 0"),
        ("endpoint: { max_payload: 5MiB }".into(), ":1:26: endpoint.max_payload: the protocol's largest"),
        (
            "workers: [{ id: a, program: a, backoff_factor: 0.5 }]".into(),
            ":1:48: workers[0].backoff_factor: it is below 1",
        ),
        (
            "workers: [{ id: a, program: a, backoff_jitter: 2 }]".into(),
            ":1:48: workers[0].backoff_jitter: it is above 1",
        ),
        (
            "workers: [{ id: a, program: a, backoff_max: 1ms }]".into(),
            ":1:45: workers[0].backoff_max: it is shorter than `backoff_initial`",
        ),
        (
            "workers: [{ id: a, program: a, backoff_max: 1ms, backoff_initial: 2ms }]".into(),
            ":1:67: workers[0].backoff_initial: it is longer than `backoff_max`",
        ),
        // Also where there are no workers, and once where there are many.
        ("worker_defaults: { max_line: 0 }".into(), ":1:30: worker_defaults.max_line: it cannot be 0"),
        (
            "worker_defaults: { ready_deadline: 0s }\nworkers: [{ id: a, program: a }, { id: b, program: b }]".into(),
            ":1:36: worker_defaults.ready_deadline: it cannot be 0",
        ),
        ("worker_defaults: { backoff_max: 1ms }".into(), ":1:33: worker_defaults.backoff_max: it is shorter than"),
        ("worker_defaults: { backoff_jitter: 2 }".into(), ":1:36: worker_defaults.backoff_jitter: it is above 1"),
        (
            "worker_defaults: { backoff_initial: 20s }\nworkers: [{ id: a, program: a, backoff_max: 1s }]".into(),
            ":2:45: workers[0].backoff_max: it is shorter than `backoff_initial`",
        ),
    ] {
        let socket = if text.starts_with("socket") { "" } else { "socket: x.sock\n" };
        let found = problems(&format!("{text}\n{socket}contracts: c.yaml\n"));
        assert!(found.len() <= 2 && found.iter().any(|problem| problem.starts_with(words)), "{text}\n{found:?}");
        assert!(found.len() == 1 || text.starts_with("socket"), "{found:?}");
    }
    let without_contract = "socket: x.sock\ndigest: 5e44fe9b7eb56643368234fcc3383244e398a22044e255e803889262415528a2\n";
    assert_eq!(problems(without_contract), [""; 0]);
    let found = problems(&format!("{without_contract}endpoint: {{ unknown_types: refuse, share: true }}\n"));
    assert_eq!(found.len(), 2);
    assert!(found[0].starts_with(":3:28: endpoint.unknown_types"), "{found:?}");
    assert!(found[1].starts_with(":3:43: endpoint.share"), "{found:?}");
}

// What is wrong already is not missing as well.
#[test]
fn mistakes_have_no_echo() {
    for text in ["sokcet: x\ncontract: c\n", "socket: [x]\ncontracts: [c]\n", "tpc: a:1\ndigset: x\n"] {
        assert_eq!(problems(text).len(), 2, "{:?}", problems(text));
    }
    let found =
        problems("socket: x.sock\ncontracts: [c]\nendpoint: { share: true }\nworkers: [{ ids: a, program: [x] }, 5]\n");
    assert_eq!(found.len(), 4, "{found:?}");
}

// Two servers cannot listen on one port, which would be found out only when the second is started.
#[test]
fn addresses_that_are_one_place() {
    for (tcp, http, words) in [
        ("localhost:80", "LocalHost:80", Some(":2:7: http: it is the address of `tcp` as well, `localhost:80`: give")),
        (
            "127.0.0.1:80",
            "127.0.0.1:80",
            Some(":2:7: http: it is the address of `tcp` as well: give one of them another port"),
        ),
        ("0.0.0.0:80", "127.0.0.1:80", Some("as well, `0.0.0.0:80`")),
        ("127.0.0.1:80", "0.0.0.0:80", Some("as well, `127.0.0.1:80`")),
        ("'[::]:80'", "127.0.0.1:80", Some("as well, `[::]:80`")),
        ("'[::1]:80'", "'[0::1]:80'", Some("as well, `[::1]:80`")),
        ("127.0.0.1:80", "127.0.0.1:81", None),
        ("127.0.0.1:80", "127.0.0.2:80", None),
        ("0.0.0.0:80", "'[::1]:80'", None),
        ("127.0.0.1:0", "127.0.0.1:0", None),
    ] {
        let found = problems(&format!("tcp: {tcp}\nhttp: {http}\ncontracts: c.yaml\n"));
        match words {
            Some(words) => assert!(found.len() == 1 && found[0].contains(words), "{found:?}"),
            None => assert_eq!(found, [""; 0]),
        }
    }
}

// A place in the file where something else is written would lead astray.
#[test]
fn what_flags_say_is_not_in_the_file() {
    let mut flags = Settings { tcp: Some("x".into()), ..Settings::default() };
    flags.endpoint.max_clients = Some(Count(0));
    let max_line = Some(Value::parse("0").expect("a size"));
    flags.workers = vec![Worker { id: Some("b".into()), max_line, ..Worker::default() }];
    let text = "tcp: h:1\ncontracts: c.yaml\nendpoint: { max_clients: 0, queue_frames: 0 }\n\
        workers:\n- { id: a, program: a, max_line: 0 }\n- { id: b, program: b, max_line: 0 }\n";
    let mut found = problems_with(text, &flags);
    found.sort();
    let expected = [
        ":3:43: endpoint.queue_frames: it cannot be 0",
        ":5:34: workers[0].max_line: it cannot be 0",
        "endpoint.max_clients: it cannot be 0",
        "tcp: `x` is no address with a port, such as `127.0.0.1:7400`",
        "workers[1].max_line: it cannot be 0",
    ];
    assert_eq!(found, expected);
}

#[test]
fn the_control_socket_is_beside_the_other() {
    let of = |text: &str| {
        let root = yaml::read(text.as_bytes(), &mut Findings::default()).expect("YAML");
        control_socket(&Settings::read(&root, "", &mut Findings::default()))
    };
    assert_eq!(of("socket: /run/x"), Some("/run/x.control".into()));
    assert_eq!(of("{ socket: /run/x, control: off }"), None);
    assert_eq!(of("{ socket: /run/x, control: /y }"), Some("/y".into()));
    assert_eq!(of("tcp: localhost:1"), None);
}
