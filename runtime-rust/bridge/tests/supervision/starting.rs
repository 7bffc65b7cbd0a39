//! How a bridge starts, or does not; and what a worker is given.

use std::collections::BTreeMap;
use std::os::unix::net::UnixListener;

use mycelium_bridge::{BridgeConfig, BridgeError, ConfigError, ForeignBridge, WorkerConfig};
use mycelium_bus::{BindError, MessageBus};

use crate::place::{Place, eager, soon};
use crate::worker::shell;

async fn error(config: BridgeConfig) -> BridgeError {
    soon(ForeignBridge::start(&MessageBus::new(), config)).await.expect_err("it starts")
}

#[tokio::test]
async fn what_cannot_be_bound_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let (path, witness) = (folder.path().join("bus.sock"), folder.path().join("started"));
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let config = BridgeConfig::new("test", [7; 32])
        .unix(&path)
        .tcp(taken.local_addr().unwrap().to_string())
        .worker(shell("a", &format!("touch {}", witness.display())));
    assert!(matches!(error(config).await, BridgeError::Bind(BindError::Io { .. })));
    assert!(!path.exists() && !witness.exists());

    let listener = UnixListener::bind(&path).unwrap();
    let config = BridgeConfig::new("test", [7; 32]).unix(&path);
    assert!(matches!(error(config).await, BridgeError::Bind(BindError::InUse { .. })));
    drop(listener);
}

#[test]
fn settings_are_checked_and_named() {
    let bridge = || BridgeConfig::new("test", [7; 32]).unix("/tmp/test.sock");
    let check = |config: BridgeConfig, words: &str| {
        assert_eq!(config.check().expect_err("it is wrong").to_string(), words);
    };
    let worker = |id: &str| WorkerConfig::new(id, "sh");
    bridge().worker(worker("a")).check().unwrap();
    check(BridgeConfig::new("test", [7; 32]), "the bridge has no socket: set `unix`, `tcp` or both");
    check(bridge().worker(worker("")), "worker id \"\": an id has 1 to 64 bytes, and no control characters");
    check(bridge().worker(worker("a")).worker(worker("a")), "there are two workers `a`: give each an id of its own");
    check(
        bridge().worker(WorkerConfig::new("a", "/no/such/program")),
        "worker `a`: the program \"/no/such/program\" cannot be found",
    );
    check(
        bridge().worker(WorkerConfig::new("a", "/etc/passwd")),
        "worker `a`: the program \"/etc/passwd\" is not executable",
    );
    check(bridge().worker(WorkerConfig::new("a", "/etc")), "worker `a`: the program \"/etc\" is not a file");
    check(
        bridge().worker(WorkerConfig::new("a", "no-such-program-anywhere")),
        "worker `a`: the program \"no-such-program-anywhere\" is in no folder of PATH",
    );
    check(
        bridge().worker(worker("a").env("MYCELIUM_WORKER_TOKEN", "1")),
        "worker `a`: MYCELIUM_WORKER_TOKEN is set by the bridge, and cannot be set here",
    );
    check(
        bridge().worker(worker("a").current_dir("/no/such")),
        "worker `a`: there is no folder \"/no/such\" to run in",
    );
    check(
        bridge().worker(worker("a").over_tcp(true)),
        "worker `a` is to connect over TCP, and the bridge has no `tcp` address",
    );
    let zero = bridge().worker(worker("a").max_line(0)).check();
    assert!(matches!(zero, Err(ConfigError::Zero { setting: "max_line", .. })));
}

#[test]
fn settings_are_printed_without_secrets() {
    let config = BridgeConfig::new("test", [7; 32]).worker(WorkerConfig::new("a", "sh").env("API_KEY", "hidden"));
    let printed = format!("{config:?}");
    assert!(printed.contains("API_KEY") && !printed.contains("hidden"), "{printed}");
}

#[tokio::test]
async fn a_worker_is_given_its_place_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let script = "env > env; ls /proc/$$/fd > fds; cat /proc/self/status > status; \
                  readlink /proc/$$/fd/0 > stdin; cut -d ' ' -f 5 /proc/$$/stat > group; echo $$ > pid; touch done; exec sleep 1000";
    // What others have opened without care.
    let open = std::fs::File::open("/dev/null").unwrap();
    rustix::io::fcntl_setfd(&open, rustix::io::FdFlags::empty()).unwrap();
    let worker = eager(shell("a b", script))
        .current_dir(folder.path())
        .env("ADDED", "1")
        .env("PATH", std::env::var("PATH").unwrap())
        .env_remove("HOME");
    let place = Place::new([worker]).await;
    soon(async {
        while !folder.path().join("done").exists() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    let text = read("env");
    let env: BTreeMap<_, _> = text.lines().filter_map(|line| line.split_once('=')).collect();
    assert_eq!((env["ADDED"], env["MYCELIUM_WORKER_ID"]), ("1", "a b"));
    assert_eq!(env["MYCELIUM_SOCKET"], place.path.to_str().unwrap());
    assert_eq!((env["MYCELIUM_SCHEMA_DIGEST"], env["MYCELIUM_WORKER_TOKEN"].len()), (&*"07".repeat(32), 32));
    assert!(!env.contains_key("HOME"));
    assert_eq!(read("stdin"), "/dev/null\n");
    // A shell keeps what it replaces above 9.
    let fds: Vec<u32> = read("fds").lines().map(|fd| fd.parse().unwrap()).filter(|fd| *fd < 10).collect();
    assert_eq!(fds, [0, 1, 2]);
    assert_eq!(read("group"), read("pid"), "it leads a group of its own");
    let status = read("status");
    for signals in ["SigBlk", "SigIgn"] {
        let line = status.lines().find(|line| line.starts_with(signals)).unwrap();
        assert!(line.ends_with("0000000000000000"), "{line}");
    }
    place.end().await;
    drop(open);
}

#[tokio::test]
async fn over_tcp_a_worker_is_told_a_local_address() {
    let folder = tempfile::tempdir().unwrap();
    let config = BridgeConfig::new("test", [7; 32]).tcp("0.0.0.0:0").worker(
        eager(shell("a", "printf %s $MYCELIUM_SOCKET > new; mv new address; exec sleep 1000"))
            .current_dir(folder.path()),
    );
    let bridge = ForeignBridge::start(&MessageBus::new(), config).await.unwrap();
    let address = soon(async {
        loop {
            match std::fs::read_to_string(folder.path().join("address")) {
                Ok(address) => return address,
                Err(_) => tokio::task::yield_now().await,
            }
        }
    })
    .await;
    assert_eq!(address, format!("tcp://127.0.0.1:{}", bridge.local_addr().unwrap().port()));
    assert!(soon(bridge.shutdown()).await.is_clean());
}
