//! A bus with a bridge, and looking at processes.

use std::future::Future;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::time::Duration;

use mycelium_bridge::{BridgeConfig, ExitReason, ForeignBridge, WorkerConfig, WorkerState, WorkerStatus};
use mycelium_bus::supervision::{Backoff, Intensity, Jitter, Supervision};
use mycelium_bus::{EndpointConfig, MessageBus};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

/// Longer than anything takes on a busy machine; a test that waits so long has failed.
pub async fn soon<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(60), future).await.expect("it takes too long")
}

pub const MOMENT: Duration = Duration::from_millis(1);
pub const NEVER: Duration = Duration::from_secs(3600);

pub struct Place {
    pub bridge: ForeignBridge,
    pub path: PathBuf,
    _folder: tempfile::TempDir,
}

/// Restarts at once, and often.
pub fn eager(worker: WorkerConfig) -> WorkerConfig {
    let supervision = Supervision {
        backoff: Backoff::constant(MOMENT),
        intensity: Intensity::new(1000, NEVER),
        healthy_after: NEVER,
    };
    worker.supervision(supervision).ready_deadline(NEVER).grace(NEVER)
}

impl Place {
    pub async fn new(workers: impl IntoIterator<Item = WorkerConfig>) -> Self {
        Self::with(|endpoint| endpoint, workers).await
    }

    pub async fn with(
        endpoint: impl FnOnce(EndpointConfig) -> EndpointConfig,
        workers: impl IntoIterator<Item = WorkerConfig>,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bus.sock");
        let config = BridgeConfig::new("test", [7; 32])
            .unix(&path)
            .endpoint(endpoint)
            .workers(workers)
            .jitter(Jitter::fixed(0.0))
            .stats_interval(None);
        let bridge = ForeignBridge::start(&MessageBus::new(), config).await.unwrap();
        Self { bridge, path, _folder: folder }
    }

    pub fn worker(&self, id: &str) -> WorkerStatus {
        self.bridge.worker(id).expect("the worker")
    }

    /// The first worker, once it is in this state in this launch.
    pub async fn wait(&self, launch: u64, state: WorkerState) -> WorkerStatus {
        let is = |worker: &WorkerStatus| worker.launches == launch && worker.state == state;
        soon(self.bridge.wait_until(|workers| is(&workers[0]))).await.remove(0)
    }

    /// The first worker is ready in this launch, and this is its process.
    pub async fn ready(&self, launch: u64) -> Process {
        Process::of(&self.wait(launch, WorkerState::Ready).await)
    }

    /// The first worker, once it is given up on.
    pub async fn failed(&self) -> WorkerStatus {
        soon(self.bridge.failed()).await
    }

    pub async fn end(self) {
        let report = soon(self.bridge.shutdown()).await;
        assert!(!self.path.exists(), "the socket is left");
        for worker in report.workers {
            assert_eq!(worker.pid, None);
        }
    }
}

/// How the last launch of a worker ended.
pub fn reason(worker: &WorkerStatus) -> &ExitReason {
    &worker.last_exit.as_ref().expect("an end").reason
}

/// A process that may be gone.
pub struct Process {
    pub pid: u32,
    pidfd: OwnedFd,
}

impl Process {
    pub fn new(pid: u32) -> Self {
        let raw = Pid::from_raw(pid.try_into().unwrap()).unwrap();
        Self { pid, pidfd: pidfd_open(raw, PidfdFlags::empty()).expect("the process is there") }
    }

    pub fn of(worker: &WorkerStatus) -> Self {
        Self::new(worker.pid.expect("a process"))
    }

    pub fn signal(&self, signal: Signal) {
        pidfd_send_signal(&self.pidfd, signal).expect("the process is there");
    }

    /// Whether the process ends within this time. Blocks the thread.
    pub fn ends_within(&self, limit: Duration) -> bool {
        let limit = limit.try_into().unwrap();
        poll(&mut [PollFd::new(&self.pidfd, PollFlags::IN)], Some(&limit)).unwrap() == 1
    }

    pub fn is_there(&self) -> bool {
        !self.ends_within(Duration::ZERO)
    }
}
