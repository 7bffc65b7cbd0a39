//! A bus, a bridge with OCaml workers, and one who talks to them.

use std::collections::BTreeMap;
use std::future::Future;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::time::Duration;

use mycelium_bridge::{
    BridgeConfig, BridgeReport, ForeignBridge, OcamlBridgeConfig, OcamlChildConfig, WorkerState, WorkerStatus,
};
use mycelium_bus::supervision::{Backoff, Intensity, Supervision};
use mycelium_bus::{MessageBus, Publisher, Registry, Subscriber};
use mycelium_tests::contract::read;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use crate::echo;
use crate::messages::{AnyMessage, SCHEMA_DIGEST, TextMessage, TextMessageArgs};

/// Longer than anything takes, also on a busy machine: reaching it is a failure.
pub const LIMIT: Duration = Duration::from_secs(60);

pub const NEVER: Duration = Duration::from_secs(3600);

#[track_caller]
pub fn soon<F: Future>(future: F) -> impl Future<Output = F::Output> {
    let from = std::panic::Location::caller();
    async move { tokio::time::timeout(LIMIT, future).await.unwrap_or_else(|_| panic!("too long at {from}")) }
}

/// An echo that is started again at once, as often as it takes.
pub fn child(id: &str) -> OcamlChildConfig {
    let supervision = Supervision {
        backoff: Backoff::constant(Duration::from_millis(1)),
        intensity: Intensity::new(1000, NEVER),
        healthy_after: NEVER,
    };
    OcamlChildConfig::new(id, echo::program("same"))
        .worker(|worker| worker.supervision(supervision).ready_deadline(LIMIT).grace(LIMIT))
}

pub struct Place {
    pub bridge: ForeignBridge,
    pub path: PathBuf,
    _folder: tempfile::TempDir,
    publisher: Publisher<TextMessage>,
    answers: Subscriber<TextMessage>,
    /// What was received, and waited for by nobody yet.
    heard: Vec<(String, String)>,
}

impl Place {
    pub async fn new(children: impl IntoIterator<Item = OcamlChildConfig>) -> Self {
        Self::with(|bridge| bridge, children).await
    }

    pub async fn with(
        change: impl FnOnce(BridgeConfig) -> BridgeConfig,
        children: impl IntoIterator<Item = OcamlChildConfig>,
    ) -> Self {
        let (bus, folder) = (MessageBus::new(), tempfile::tempdir().expect("a folder"));
        let path = folder.path().join("bus.sock");
        let (publisher, answers) = (bus.publisher().expect("a publisher"), bus.subscriber().expect("a subscriber"));
        let registry = Registry::new().with_messages::<AnyMessage>().expect("a registry");
        let config = OcamlBridgeConfig::new("echoes", SCHEMA_DIGEST)
            .bridge(|bridge| change(bridge.unix(&path).endpoint(|endpoint| endpoint.registry(registry))));
        let config = children.into_iter().fold(config, OcamlBridgeConfig::child);
        let bridge = ForeignBridge::start(&bus, config.into()).await.expect("a bridge");
        Self { bridge, path, _folder: folder, publisher, answers, heard: Vec::new() }
    }

    pub async fn publish(&mut self, content: &str) {
        let message = TextMessageArgs { sender: "test", content, timestamp: 7 };
        soon(self.publisher.publish_new(&message)).await.expect("published");
    }

    /// Waits for this content from this worker; what others say meanwhile is kept for later.
    pub async fn hear(&mut self, worker: &str, content: &str) {
        let wanted = (format!("echo-{worker}"), content.to_owned());
        let answers = &mut self.answers;
        let heard = &mut self.heard;
        soon(async {
            loop {
                if let Some(at) = heard.iter().position(|found| *found == wanted) {
                    heard.remove(at);
                    return;
                }
                let message = answers.recv().await.expect("the bus is open");
                if message.sender() != "test" {
                    heard.push((message.sender().to_owned(), message.content().to_owned()));
                }
            }
        })
        .await;
    }

    /// A message goes there and back.
    pub async fn round_trip(&mut self, worker: &str, content: &str) {
        self.publish(content).await;
        self.hear(worker, content).await;
    }

    /// The worker is there in this launch, and listens.
    pub async fn ready(&mut self, worker: &str, launch: u64) -> Process {
        self.hear(worker, "ready").await;
        // It may say so before its bridge does.
        let is = |status: &WorkerStatus| status.id == worker && status.state == WorkerState::Ready;
        let workers = soon(self.bridge.wait_until(|workers| workers.iter().any(is))).await;
        let status = workers.into_iter().find(is).expect("the worker");
        assert_eq!(status.launches, launch);
        Process::new(status.pid.expect("a process"))
    }

    pub fn worker(&self, id: &str) -> WorkerStatus {
        self.bridge.worker(id).expect("the worker")
    }

    pub async fn end(self) -> BridgeReport {
        let report = soon(self.bridge.shutdown()).await;
        assert!(!self.path.exists(), "the socket is left");
        assert!(report.workers.iter().all(|worker| worker.pid.is_none()));
        report
    }
}

/// The JSON that a worker left.
pub fn summary(path: &Path) -> BTreeMap<String, serde_json::Value> {
    serde_json::from_str(&read(path)).expect("a summary")
}

/// A process that may be gone.
pub struct Process {
    pub pid: u32,
    pidfd: OwnedFd,
}

impl Process {
    pub fn new(pid: u32) -> Self {
        let raw = Pid::from_raw(pid.try_into().expect("a process")).expect("a process");
        Self { pid, pidfd: pidfd_open(raw, PidfdFlags::empty()).expect("the process is there") }
    }

    pub fn signal(&self, signal: Signal) {
        pidfd_send_signal(&self.pidfd, signal).expect("the process is there");
    }

    /// Whether the process ends within this time. Blocks the thread.
    pub fn ends_within(&self, limit: Duration) -> bool {
        let limit = limit.try_into().expect("a limit");
        poll(&mut [PollFd::new(&self.pidfd, PollFlags::IN)], Some(&limit)).expect("poll") == 1
    }

    pub fn is_there(&self) -> bool {
        !self.ends_within(Duration::ZERO)
    }
}
