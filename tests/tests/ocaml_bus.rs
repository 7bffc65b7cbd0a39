//! OCaml programs, blocking and with Lwt, as clients of the real bus, over Unix sockets and TCP.
//! Long because all tests share the programs, which take their time to build, and the bridge beside them.

use std::future::Future;
use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use myc_schema::evolve::plan::{Order, plan};
use myc_schema::ir::Message;
use mycelium_bus::{
    BindError, DynamicType, Endpoint, EndpointConfig, MessageBus, OverflowPolicy, Publisher, QueueLimits, Registry,
    Subscriber, SubscriberConfig, TypeEntry,
};
use mycelium_tests::contract::{Contract, read};
use mycelium_tests::ocaml_program;
use mycelium_tests::program::folder;
use mycelium_tests::toolchain::root;
use tokio::runtime::Runtime;
use tokio::time::timeout;

#[rustfmt::skip]
#[path = "../../runtime-rust/bus/tests/messages/messages.rs"]
#[allow(dead_code)]
mod messages;

use messages::{BatchOperation, CounterUpdate, CounterUpdateArgs, Marker, Secret, Snapshot, TextMessage};
use messages::{SCHEMA_DIGEST, TextMessageArgs};

/// Longer than anything takes, also on a busy machine: reaching it is a failure.
const LIMIT: Duration = Duration::from_secs(60);

/// Messages of a burst: many times what queues and sockets hold.
const BURST: i32 = 100_000;

/// The contract that `messages` was generated from.
fn older() -> Contract {
    Contract::read("older", &root().join("runtime-rust/bus/tests/messages/contracts.yaml"))
}

/// The same after a change: one message has another bound, and one is new.
fn newer() -> Contract {
    let text = read(&root().join("runtime-rust/bus/tests/messages/contracts.yaml"));
    let changed = text.replace("version: 1", "version: 2").replace("{ max_length: 10 }", "{ max_length: 12 }");
    assert_ne!(text, changed);
    let added = "  Farewell:\n    tlv_type: 1007\n    domain: Examples\n    fields: { code: u16 }\n";
    Contract::new("newer", format!("{}\n{added}", changed.trim_end()))
}

/// The newer one without a message that the older has.
fn newest() -> Contract {
    let newer = newer().text;
    let (rest, marker) = newer.split_once("  Marker:\n").expect("the message");
    let (_, farewell) = marker.split_once("  Farewell:\n").expect("the message after it");
    Contract::new("newest", format!("{}  Farewell:\n{farewell}", rest.replace("version: 2", "version: 3")))
}

/// The folder of the programs, which are built once for all tests.
fn programs() -> PathBuf {
    static PROGRAMS: OnceLock<PathBuf> = OnceLock::new();
    let build = || {
        let commands = include_str!("../fixtures/ocaml_bus_commands.ml");
        let programs = [
            ("blocking", include_str!("../fixtures/ocaml_bus_blocking.ml")),
            ("with_lwt", include_str!("../fixtures/ocaml_bus_lwt.ml")),
        ];
        ocaml_program::build_clients("bus", &[&older(), &newer(), &newest()], commands, &programs)
    };
    PROGRAMS.get_or_init(build).clone()
}

/// A running program. Dropping it kills it.
struct Client {
    child: Child,
    input: ChildStdin,
    lines: Receiver<String>,
}

impl Client {
    fn start(program: &str, address: &str) -> Self {
        let mut command = Command::new(programs().join(program));
        command.arg(address).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        let input = child.stdin.take().expect("stdin is a pipe");
        let output = BufReader::new(child.stdout.take().expect("stdout is a pipe"));
        let (sender, lines) = channel();
        std::thread::spawn(move || output.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Self { child, input, lines }
    }

    fn tell(&mut self, command: &str) {
        writeln!(self.input, "{command}").expect("the program reads");
    }

    #[track_caller]
    fn hear(&mut self) -> String {
        self.lines.recv_timeout(LIMIT).expect("an answer of the program")
    }

    #[track_caller]
    fn ask(&mut self, command: &str) -> String {
        self.tell(command);
        self.hear()
    }

    #[track_caller]
    fn does(&mut self, command: &str, answer: &str) {
        assert_eq!(self.ask(command), answer, "{command}");
    }

    /// Asserts that nothing more is said, and that the program ends with exit code 0.
    #[track_caller]
    fn ends(self) {
        let Self { mut child, input, lines } = self;
        drop(input);
        assert_eq!(lines.recv_timeout(LIMIT), Err(std::sync::mpsc::RecvTimeoutError::Disconnected));
        assert_eq!(child.wait().expect("it has ended").code(), Some(0));
    }
}

/// A bus with an endpoint.
struct Bridge {
    runtime: Runtime,
    bus: MessageBus,
    config: EndpointConfig,
    endpoint: Option<Endpoint>,
    address: String,
    _folder: tempfile::TempDir,
}

impl Bridge {
    fn new(socket: &str, config: EndpointConfig) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let folder = folder(&[]);
        let address = match socket {
            "unix" => folder.path().join("bus").display().to_string(),
            _ => "tcp://127.0.0.1:0".to_owned(),
        };
        let config = config.drain_limit(LIMIT).stall_limit(LIMIT);
        let (runtime, bus) = (runtime.expect("a runtime"), MessageBus::new());
        let mut bridge = Self { runtime, bus, config, endpoint: None, address, _folder: folder };
        bridge.bind();
        bridge
    }

    #[track_caller]
    fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(async { timeout(LIMIT, future).await }).expect("it takes too long")
    }

    /// Listens, where it did before if it did.
    fn bind(&mut self) {
        let config = self.config.clone();
        let bind = || match self.address.strip_prefix("tcp://") {
            Some(address) => self.wait(config.clone().bind_tcp(&self.bus, address)),
            None => self.wait(config.clone().bind_unix(&self.bus, &self.address)),
        };
        // A program that another test starts has all sockets of this process until it begins to run, also one that
        // was closed here meanwhile.
        let until = Instant::now() + LIMIT;
        let endpoint = loop {
            match bind() {
                Err(BindError::Io { source, .. })
                    if source.kind() == ErrorKind::AddrInUse && Instant::now() < until =>
                {
                    std::thread::yield_now();
                }
                endpoint => break endpoint.expect("an endpoint"),
            }
        };
        if let Some(address) = endpoint.local_addr() {
            self.address = format!("tcp://{address}");
        }
        self.endpoint = Some(endpoint);
    }

    fn endpoint(&self) -> &Endpoint {
        self.endpoint.as_ref().expect("an endpoint")
    }

    fn shutdown(&mut self) {
        self.wait(self.endpoint().shutdown());
        self.endpoint = None;
    }

    /// Begins again with another contract, where it was.
    fn upgrade(&mut self, config: EndpointConfig) {
        self.shutdown();
        self.config = config.allow_shared_schema(true).drain_limit(LIMIT).stall_limit(LIMIT);
        self.bind();
    }

    /// Waits until a client has subscribed again.
    fn wait_for_subscriber(&self, publisher: &Publisher<CounterUpdate>) {
        self.wait(async {
            while publisher.subscribers() == 0 {
                tokio::task::yield_now().await;
            }
        });
    }

    fn subscriber(&self) -> Subscriber<CounterUpdate> {
        self.bus.subscriber_with(SubscriberConfig::named("test").frames(64)).expect("a subscriber")
    }

    fn publisher(&self) -> Publisher<CounterUpdate> {
        self.bus.publisher().expect("a publisher")
    }

    #[track_caller]
    fn publish(&self, publisher: &mut Publisher<CounterUpdate>, values: std::ops::Range<i32>) {
        self.wait(async {
            for value in values {
                let args = CounterUpdateArgs { counter_id: u64::MAX, value, delta: -value };
                publisher.publish_new(&args).await.expect("published");
            }
        });
    }

    #[track_caller]
    fn receive(&self, subscriber: &mut Subscriber<CounterUpdate>, values: std::ops::Range<i32>) {
        self.wait(async {
            for value in values {
                let update = subscriber.recv().await.expect("a message");
                assert_eq!((update.counter_id(), update.value(), update.delta()), (u64::MAX, value, -value));
            }
        });
        assert!(subscriber.try_recv().is_err(), "there are more");
    }
}

fn lossless() -> EndpointConfig {
    EndpointConfig::new(SCHEMA_DIGEST).policy(OverflowPolicy::Block)
}

/// Both programs over both kinds of socket.
fn everywhere(test: impl Fn(&str, &str)) {
    for program in ["blocking", "with_lwt"] {
        for socket in ["unix", "tcp"] {
            println!("{program}, {socket}");
            test(&format!("older/{program}.exe"), socket);
        }
    }
}

/// Without this, OCaml and Rust could read each other's frames, and yet not the other's texts or numbers.
#[test]
fn messages_come_back_as_they_were() {
    everywhere(|program, socket| {
        let bridge = Bridge::new(socket, lossless());
        let mut client = Client::start(program, &bridge.address);
        client.does("connect exact", "connected");
        client.does("echo 3", "subscribed");
        let mut publisher = bridge.bus.publisher::<TextMessage>().expect("a publisher");
        let mut subscriber = bridge.bus.subscriber::<TextMessage>().expect("a subscriber");
        let long = "é".repeat(128);
        for (sender, content, timestamp) in [("ada", "hello", 1), ("日本", &long, u64::MAX), ("\0", "\u{1f600}", 0)] {
            let message = TextMessage::new(TextMessageArgs { sender, content, timestamp }).expect("a message");
            bridge.wait(publisher.publish(&message)).expect("published");
            // The test's own, and the answer.
            for _ in 0..2 {
                assert_eq!(bridge.wait(subscriber.recv()).as_deref(), Some(&message));
            }
        }
        assert_eq!(client.hear(), "echoed 3");
        client.does("close", "closed");
        client.ends();
    });
}

/// Without this, a burst could lose, double or reorder messages from OCaml to Rust.
#[test]
fn a_burst_from_ocaml_arrives_whole_and_in_order() {
    everywhere(|program, socket| {
        let bridge = Bridge::new(socket, lossless());
        let mut subscriber = bridge.subscriber();
        let mut client = Client::start(program, &bridge.address);
        client.does("connect exact", "connected");
        client.tell(&format!("publish 0 {BURST}"));
        bridge.receive(&mut subscriber, 0..BURST);
        assert_eq!(client.hear(), format!("published {BURST}"));
        // What is still to be sent at the end is sent.
        client.tell(&format!("publish {BURST} 1000\nclose"));
        bridge.receive(&mut subscriber, BURST..BURST + 1000);
        assert_eq!((client.hear(), client.hear()), ("published 1000".to_owned(), "closed".to_owned()));
        client.ends();
        assert!(subscriber.try_recv().is_err(), "there are more");
        assert_eq!(bridge.endpoint().stats().frames_in, BURST as u64 + 1000);
    });
}

/// Without this, a burst could lose, double or reorder messages from Rust to OCaml.
#[test]
fn a_burst_to_ocaml_arrives_whole_and_in_order() {
    everywhere(|program, socket| {
        let bridge = Bridge::new(socket, lossless());
        let mut client = Client::start(program, &bridge.address);
        client.does("connect exact", "connected");
        client.does("subscribe block 64", "subscribed");
        client.tell(&format!("receive 0 {BURST}"));
        bridge.publish(&mut bridge.publisher(), 0..BURST);
        assert_eq!(client.hear(), format!("received {BURST}"));
        client.does("close", "closed");
        client.ends();
        let sent = bridge.endpoint().stats().outgoing;
        assert_eq!((sent.written, sent.dropped, sent.lost), (BURST as u64, 0, 0));
    });
}

/// What a client says of all that it got: how many, the last value, how many it dropped, how many it was told that the
/// bridge dropped, and why it ended.
fn drained(answer: &str) -> (u64, i64, u64, u64, &str) {
    let mut parts = answer.splitn(5, ' ');
    let mut number = || parts.next().and_then(|part| part.parse::<i64>().ok()).unwrap_or_else(|| panic!("{answer}"));
    let (count, last, own, bridge) = (number(), number(), number(), number());
    (count as u64, last, own as u64, bridge as u64, parts.next().unwrap_or_default())
}

const GOODBYE: &str = "the bridge said goodbye: it is shutting down";

/// Without this, messages could get lost at the bridge and nobody know.
#[test]
fn a_slow_reader_is_told_how_much_it_missed() {
    for policy in [OverflowPolicy::DropOldest, OverflowPolicy::DropNewest] {
        everywhere(|program, socket| {
            let limits = QueueLimits { frames: 64, bytes: 1 << 20 };
            let mut bridge = Bridge::new(socket, lossless().policy(policy).queue_limits(limits));
            let mut client = Client::start(program, &bridge.address);
            client.does("connect exact", "connected");
            client.does("subscribe block 16", "subscribed");
            // It reads nothing meanwhile.
            bridge.publish(&mut bridge.publisher(), 0..BURST);
            client.tell("drain");
            let handle = bridge.endpoint().stats_handle();
            bridge.shutdown();
            let answer = client.hear();
            let (count, last, own, told, end) = drained(&answer);
            assert!(end.starts_with(GOODBYE), "{end}");
            assert!(told > 0 && count > 0, "{answer}");
            assert_eq!((count + told, own), (BURST as u64, 0), "{answer}");
            if policy == OverflowPolicy::DropOldest {
                assert_eq!(last, i64::from(BURST) - 1);
            }
            let sent = handle.stats().outgoing;
            assert_eq!((sent.written, sent.dropped, sent.lost), (count, told, 0));
            client.does("close", "closed");
            client.ends();
        });
    }
}

/// Without this, a subscriber's own queue could drop messages and not count them, or the wrong ones.
#[test]
fn a_queue_that_drops_counts() {
    for (policy, last) in [("drop_oldest", BURST - 1), ("drop_newest", 15)] {
        everywhere(|program, socket| {
            let mut bridge = Bridge::new(socket, lossless());
            let mut client = Client::start(program, &bridge.address);
            client.does("connect exact", "connected");
            client.does(&format!("subscribe {policy} 16"), "subscribed");
            bridge.publish(&mut bridge.publisher(), 0..BURST);
            let handle = bridge.endpoint().stats_handle();
            bridge.shutdown();
            let sent = handle.stats().outgoing;
            assert_eq!((sent.written, sent.dropped, sent.lost), (BURST as u64, 0, 0));
            let answer = client.ask("drain");
            let (count, got, own, told, end) = drained(&answer);
            assert_eq!((count, got, own, told), (16, i64::from(last), BURST as u64 - 16, 0), "{answer}");
            assert!(end.starts_with(GOODBYE), "{end}");
            client.does("close", "closed");
            client.ends();
        });
    }
}

/// Without this, a worker would have to be restarted with its bridge, or miss what comes after.
#[test]
fn subscriptions_and_what_waits_outlive_a_restart_of_the_bridge() {
    everywhere(|program, socket| {
        let mut bridge = Bridge::new(socket, lossless());
        let mut publisher = bridge.publisher();
        let mut client = Client::start(program, &bridge.address);
        client.does("connect again", "connected");
        client.does("subscribe block 64", "subscribed");
        for round in 0..3 {
            let start = round * 10_000;
            bridge.publish(&mut publisher, start..start + 5000);
            client.tell(&format!("receive {start} 10000"));
            // It writes what is queued.
            bridge.shutdown();
            assert_eq!(publisher.subscribers(), 0);
            bridge.bind();
            bridge.wait_for_subscriber(&publisher);
            bridge.publish(&mut publisher, start + 5000..start + 10_000);
            assert_eq!(client.hear(), "received 10000");
        }
        // What it publishes while there is no bridge is sent to the next.
        let mut subscriber = bridge.subscriber();
        client.does("publish 0 1000", "published 1000");
        bridge.receive(&mut subscriber, 0..1000);
        bridge.shutdown();
        client.does("publish 1000 1000", "published 1000");
        bridge.bind();
        bridge.receive(&mut subscriber, 1000..2000);
        client.does("close", "closed");
        client.ends();
    });
}

/// The types of a bridge with the older contract.
fn older_types() -> Registry {
    others().with::<Marker>().and_then(|r| r.with::<BatchOperation>()).expect("a registry")
}

/// The types of a bridge with the newer one.
fn newer_types() -> Registry {
    with_dynamic(others().with::<Marker>().expect("a registry"), &newer())
}

/// The types of a bridge with the newest.
fn newest_types() -> Registry {
    with_dynamic(others(), &newest())
}

/// Adds the types of a contract that no Rust was generated from.
fn with_dynamic(mut registry: Registry, contract: &Contract) -> Registry {
    for name in ["BatchOperation", "Farewell"] {
        let message = contract.message(name);
        let entry = TypeEntry::dynamic(DynamicType {
            type_id: message.type_id,
            name,
            topic: &message.topic,
            size: message.layout.size as usize,
            fingerprint: message.fingerprint,
            redacted: false,
            check: Arc::new(|_| Ok(())),
        });
        registry.insert(entry).expect("a type");
    }
    registry
}

/// The types that all contracts have alike.
fn others() -> Registry {
    let registry = Registry::new().with::<TextMessage>().and_then(|r| r.with::<CounterUpdate>());
    registry.and_then(|r| r.with::<Secret>()).and_then(|r| r.with::<Snapshot>()).expect("a registry")
}

/// The contract of the client, that of the bridge, and what the client says that differs.
fn pairs() -> [(&'static str, EndpointConfig, &'static str); 2] {
    [
        ("newer", lossless().registry(older_types()), "BatchOperation differs; Farewell is unknown to the bridge"),
        (
            "older",
            EndpointConfig::new(newer().schema.digest).policy(OverflowPolicy::Block).registry(newer_types()),
            "BatchOperation differs; Farewell is unknown to this client",
        ),
    ]
}

/// Without this, somebody whose service does not start would have to compare two contracts by eye.
#[test]
fn a_mismatch_names_what_differs() {
    for (contract, config, differs) in pairs() {
        for program in ["blocking", "with_lwt"] {
            for socket in ["unix", "tcp"] {
                for mode in ["exact", "shared"] {
                    // Sharing takes both sides.
                    let bridge = Bridge::new(socket, config.clone().allow_shared_schema(mode == "exact"));
                    let mut client = Client::start(&format!("{contract}/{program}.exe"), &bridge.address);
                    let answer = client.ask(&format!("connect {mode}"));
                    assert!(answer.starts_with(&format!("failed: {differs}; ")), "{answer}");
                    client.ends();
                    assert_eq!(bridge.endpoint().stats().clients, 0);
                }
            }
        }
    }
}

/// Without this, a contract could only be changed by stopping everything that uses it.
#[test]
fn two_versions_share_what_they_have_alike() {
    for (contract, config, differs) in pairs() {
        for program in ["blocking", "with_lwt"] {
            for socket in ["unix", "tcp"] {
                let bridge = Bridge::new(socket, config.clone().allow_shared_schema(true));
                let mut subscriber = bridge.subscriber();
                let mut client = Client::start(&format!("{contract}/{program}.exe"), &bridge.address);
                client.does("connect shared", &format!("shared: {differs}"));
                client.does("publish 0 1000", "published 1000");
                bridge.receive(&mut subscriber, 0..1000);
                drop(subscriber);
                client.does("subscribe block 64", "subscribed");
                client.tell("receive 0 1000");
                bridge.publish(&mut bridge.publisher(), 0..1000);
                assert_eq!(client.hear(), "received 1000");
                let answer = client.ask("batch");
                assert!(answer.starts_with("failed: ") && answer.contains("BatchOperation"), "{answer}");
                client.does("close", "closed");
                client.ends();
                assert_eq!(bridge.endpoint().stats().rejected.len(), 0);
            }
        }
    }
}

/// What `myc-schema plan` says of the upgrades below: each order that there is.
#[test]
fn the_plan_names_what_these_tests_upgrade() {
    let (older, newer, newest) = (older(), newer(), newest());
    let names = |messages: &[&Message]| messages.iter().map(|message| &*message.name).collect::<Vec<_>>().join(" ");
    let all = |from: &Contract, to: &Contract| {
        let plan = plan(&from.schema, &to.schema);
        let paused: Vec<&Message> = plan.paused.iter().map(|(_, is)| *is).collect();
        ([&plan.flowing, &paused, &plan.added, &plan.removed].map(|messages| names(messages)), plan.order())
    };
    let alike = "TextMessage CounterUpdate Secret Snapshot";
    let with_marker = format!("{alike} Marker");
    let of = |flowing: &str, added: &str, removed: &str, order| {
        ([flowing, "BatchOperation", added, removed].map(str::to_owned), order)
    };
    assert_eq!(all(&older, &newer), of(&with_marker, "Farewell", "", Order::BridgeFirst));
    assert_eq!(all(&newer, &older), of(&with_marker, "", "Farewell", Order::BridgeLast));
    assert_eq!(all(&older, &newest), of(alike, "Farewell", "Marker", Order::TwoReleases));
}

/// The client's message of the plan that flows, to the bridge and back.
fn flows(bridge: &Bridge, client: &mut Client, publisher: &mut Publisher<CounterUpdate>) {
    let mut subscriber = bridge.subscriber();
    client.does("publish 0 100", "published 100");
    bridge.receive(&mut subscriber, 0..100);
    drop(subscriber);
    client.tell("receive 0 100");
    bridge.publish(publisher, 0..100);
    assert_eq!(client.hear(), "received 100");
}

/// The plan's steps, a bridge first: an old worker goes on with a new bridge, and a new one has all of it.
///
/// Without this, the plan could promise messages that stop, or an order in which workers are refused.
#[test]
fn a_rolling_upgrade_goes_as_planned() {
    let newer_config =
        || EndpointConfig::new(newer().schema.digest).policy(OverflowPolicy::Block).registry(newer_types());
    everywhere(|program, socket| {
        let program = program.strip_prefix("older/").expect("a folder");
        let mut bridge = Bridge::new(socket, lossless().registry(older_types()).allow_shared_schema(true));
        let mut publisher = bridge.publisher();
        let mut old = Client::start(&format!("older/{program}"), &bridge.address);
        old.does("connect shared-again", "connected");
        old.does("subscribe block 256", "subscribed");
        flows(&bridge, &mut old, &mut publisher);
        old.does("batch", "published");

        bridge.upgrade(newer_config());
        bridge.wait_for_subscriber(&publisher);
        flows(&bridge, &mut old, &mut publisher);
        let answer = old.ask("batch");
        assert!(answer.starts_with("failed: ") && answer.contains("BatchOperation"), "{answer}");

        let mut new = Client::start(&format!("newer/{program}"), &bridge.address);
        new.does("connect shared-again", "connected");
        new.does("batch", "published");
        // From one worker to the other, through the bridge.
        new.does("publish 0 100", "published 100");
        old.does("receive 0 100", "received 100");
        for client in [old, new] {
            let mut client = client;
            client.does("close", "closed");
            client.ends();
        }
        assert_eq!(bridge.endpoint().stats().rejected.len(), 0);
    });
}

/// The other order: a new worker with an old bridge, which is upgraded under it.
///
/// Without this, a worker that was upgraded first could be stuck with what its old bridge knew.
#[test]
fn a_bridge_can_be_upgraded_last() {
    let newer_config =
        || EndpointConfig::new(newer().schema.digest).policy(OverflowPolicy::Block).registry(newer_types());
    everywhere(|program, socket| {
        let program = program.strip_prefix("older/").expect("a folder");
        let mut bridge = Bridge::new(socket, lossless().registry(older_types()).allow_shared_schema(true));
        let mut publisher = bridge.publisher();
        let mut new = Client::start(&format!("newer/{program}"), &bridge.address);
        let differs = "shared: BatchOperation differs; Farewell is unknown to the bridge";
        new.does("connect shared-again", differs);
        new.does("subscribe block 256", "subscribed");
        flows(&bridge, &mut new, &mut publisher);
        let answer = new.ask("batch");
        assert!(answer.starts_with("failed: ") && answer.contains("BatchOperation"), "{answer}");

        bridge.upgrade(newer_config());
        bridge.wait_for_subscriber(&publisher);
        flows(&bridge, &mut new, &mut publisher);
        new.does("batch", "published");
        new.does("close", "closed");
        new.ends();
        assert_eq!(bridge.endpoint().stats().rejected.len(), 0);
    });
}

/// The bridge last, as the plan says where a message is removed: each worker is upgraded under it, and then it is.
///
/// Without this, a worker that forgot a message could be refused by a bridge that still has it.
#[test]
fn what_is_removed_goes_with_the_bridge_last() {
    let older_config = || lossless().registry(older_types());
    everywhere(|program, socket| {
        let program = program.strip_prefix("older/").expect("a folder");
        let config = EndpointConfig::new(newer().schema.digest).policy(OverflowPolicy::Block).registry(newer_types());
        let mut bridge = Bridge::new(socket, config.allow_shared_schema(true));
        let mut publisher = bridge.publisher();
        let start = |contract: &str, address: &str, answer: &str| {
            let mut worker = Client::start(&format!("{contract}/{program}"), address);
            worker.does("connect shared-again", answer);
            worker.does("subscribe block 256", "subscribed");
            worker
        };
        let mut old = start("newer", &bridge.address, "connected");
        flows(&bridge, &mut old, &mut publisher);
        old.does("batch", "published");

        // The first worker of the new version beside the last of the old one.
        let differs = "shared: BatchOperation differs; Farewell is unknown to this client";
        let mut new = start("older", &bridge.address, differs);
        new.does("publish 0 100", "published 100");
        old.does("receive 0 100", "received 100");
        old.does("publish 100 100", "published 100");
        new.does("receive 100 100", "received 100");
        let answer = new.ask("batch");
        assert!(answer.starts_with("failed: ") && answer.contains("BatchOperation"), "{answer}");
        old.does("batch", "published");
        old.does("close", "closed");
        old.ends();

        bridge.upgrade(older_config());
        bridge.wait_for_subscriber(&publisher);
        flows(&bridge, &mut new, &mut publisher);
        new.does("batch", "published");
        new.does("close", "closed");
        new.ends();
        assert_eq!(bridge.endpoint().stats().rejected.len(), 0);
    });
}

/// The bridge first, as the plan says where messages come and go at once.
///
/// Without this, a worker that has a message which is gone could be refused, or what is new not come with the bridge.
#[test]
fn what_comes_and_goes_takes_the_bridge_first() {
    let newest_config =
        || EndpointConfig::new(newest().schema.digest).policy(OverflowPolicy::Block).registry(newest_types());
    everywhere(|program, socket| {
        let program = program.strip_prefix("older/").expect("a folder");
        let mut bridge = Bridge::new(socket, lossless().registry(older_types()).allow_shared_schema(true));
        let mut publisher = bridge.publisher();
        let mut old = Client::start(&format!("older/{program}"), &bridge.address);
        old.does("connect shared-again", "connected");
        old.does("subscribe block 256", "subscribed");
        flows(&bridge, &mut old, &mut publisher);

        bridge.upgrade(newest_config());
        bridge.wait_for_subscriber(&publisher);
        flows(&bridge, &mut old, &mut publisher);
        let answer = old.ask("batch");
        assert!(answer.starts_with("failed: ") && answer.contains("BatchOperation"), "{answer}");
        // One that is started now is told all that differs.
        let mut late = Client::start(&format!("older/{program}"), &bridge.address);
        let differs = "BatchOperation differs; Marker is unknown to the bridge; Farewell is unknown to this client";
        late.does("connect shared", &format!("shared: {differs}"));

        let mut new = Client::start(&format!("newest/{program}"), &bridge.address);
        new.does("connect shared-again", "connected");
        new.does("batch", "published");
        new.does("publish 0 100", "published 100");
        old.does("receive 0 100", "received 100");
        for mut client in [old, late, new] {
            client.does("close", "closed");
            client.ends();
        }
        assert_eq!(bridge.endpoint().stats().rejected.len(), 0);
    });
}
