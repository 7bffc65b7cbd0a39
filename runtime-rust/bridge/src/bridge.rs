//! [`ForeignBridge`]: sockets, workers, and what is known of both.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use mycelium_bus::deadline::{LONGEST, from_now};
use mycelium_bus::{BindError, Endpoint, EndpointStatsHandle, MessageBus};
use tokio::sync::{broadcast, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval_at};
use tokio_util::sync::CancellationToken;

use crate::status::{BridgeReport, BridgeStatus, EndpointStatus};
use crate::worker::{Gate, Launcher, LauncherThread, Room, Slot, Supervised, supervise};
use crate::{BridgeConfig, ConfigError, Transition, WorkerState, WorkerStatus};

/// Transitions that a receiver may be behind by before it misses some (and is told how many).
const TRANSITIONS: usize = 1024;

/// The longest path of a Unix socket.
const MAX_UNIX_PATH: usize = 107;

/// Why a bridge cannot be started. Nothing is left of it: no socket, no process.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BridgeError {
    /// A setting is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A socket cannot be listened on.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// The thread that launches workers cannot be started.
    #[error("cannot start the thread that launches workers")]
    Thread(#[source] std::io::Error),
}

/// No worker has this id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the bridge has no worker `{0}`")]
pub struct UnknownWorker(pub String);

/// A bridge: listens for clients in other processes, and keeps workers alive. Dropping it kills its workers;
/// [`ForeignBridge::shutdown`] lets them end.
#[must_use = "dropping a bridge kills its workers"]
pub struct ForeignBridge {
    seen: Arc<Seen>,
    stop: CancellationToken,
    hurry: CancellationToken,
    transitions: broadcast::Sender<Transition>,
    changes: watch::Sender<u64>,
    tasks: Mutex<JoinSet<()>>,
    launcher: Mutex<Option<LauncherThread>>,
}

/// What can be looked at.
struct Seen {
    name: Arc<str>,
    schema_digest: String,
    started: Instant,
    unix: Option<Endpoint>,
    tcp: Option<Endpoint>,
    slots: Vec<Arc<Slot>>,
}

impl ForeignBridge {
    /// Listens, then launches the workers. They are not waited for: that is [`ForeignBridge::ready`].
    pub async fn start(bus: &MessageBus, config: BridgeConfig) -> Result<Self, BridgeError> {
        config.check()?;
        let BridgeConfig { name, schema_digest, unix, tcp, endpoint, workers, stats_interval, output_room, jitter } =
            config;
        let name: Arc<str> = name.into();
        let (changes, transitions) = (watch::Sender::new(0), broadcast::Sender::new(TRANSITIONS));
        let room = output_room.map(|room| Arc::new(Room::new(room)));
        let slot =
            |worker| Arc::new(Slot::new(Arc::clone(&name), worker, room.clone(), changes.clone(), transitions.clone()));
        let slots: Vec<_> = workers.into_iter().map(slot).collect();
        let gate = Gate {
            bridge: Arc::clone(&name),
            workers: slots.iter().map(|slot| (slot.id().to_owned(), Arc::clone(slot))).collect(),
            next: endpoint.set_admission().cloned(),
        };
        let drain_limit = endpoint.set_drain_limit();
        let endpoint = endpoint.admission(Arc::new(gate));
        let (launcher, launcher_thread) = Launcher::start(&name).map_err(BridgeError::Thread)?;
        let on_unix = match unix {
            Some(path) => Some(endpoint.clone().name(format!("{name}.unix")).bind_unix(bus, path).await?),
            None => None,
        };
        let on_tcp = match tcp {
            Some(address) => match endpoint.name(format!("{name}.tcp")).bind_tcp(bus, address).await {
                Ok(bound) => Some(bound),
                Err(error) => {
                    if let Some(bound) = &on_unix {
                        bound.shutdown().await;
                    }
                    return Err(error.into());
                }
            },
            None => None,
        };
        let bridge = Self {
            seen: Arc::new(Seen {
                name,
                schema_digest: crate::hex(&schema_digest),
                started: Instant::now(),
                unix: on_unix,
                tcp: on_tcp,
                slots,
            }),
            stop: CancellationToken::new(),
            hurry: CancellationToken::new(),
            transitions,
            changes,
            tasks: Mutex::default(),
            launcher: Mutex::new(Some(launcher_thread)),
        };
        bridge.launch(&launcher, &jitter, drain_limit, stats_interval);
        Ok(bridge)
    }

    fn launch(
        &self,
        launcher: &Launcher,
        jitter: &mycelium_bus::supervision::Jitter,
        drain_limit: Duration,
        stats_interval: Option<Duration>,
    ) {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        for slot in &self.seen.slots {
            tasks.spawn(supervise(Supervised {
                slot: Arc::clone(slot),
                launcher: launcher.clone(),
                address: self.seen.address(slot.config.over_tcp),
                schema_digest: self.seen.schema_digest.clone(),
                jitter: jitter.clone(),
                drain_limit,
                stop: self.stop.clone(),
                hurry: self.hurry.clone(),
            }));
        }
        if let Some(interval) = stats_interval {
            tasks.spawn(log_stats(Arc::clone(&self.seen), interval, self.stop.clone()));
        }
    }

    /// The bridge's name.
    pub fn name(&self) -> &str {
        &self.seen.name
    }

    /// What it is doing.
    pub fn status(&self) -> BridgeStatus {
        self.seen.status()
    }

    /// What its workers are doing, in the order of its configuration.
    pub fn workers(&self) -> Vec<WorkerStatus> {
        self.seen.workers()
    }

    /// What one worker is doing.
    pub fn worker(&self, id: &str) -> Option<WorkerStatus> {
        self.seen.slots.iter().find(|slot| slot.id() == id).map(|slot| slot.status())
    }

    /// Handles of the statistics of its endpoints.
    pub fn endpoints(&self) -> Vec<EndpointStatsHandle> {
        self.seen.endpoints().map(Endpoint::stats_handle).collect()
    }

    /// The address of its TCP endpoint.
    pub fn local_addr(&self) -> Option<SocketAddr> {
        self.seen.tcp.as_ref().and_then(Endpoint::local_addr)
    }

    /// The path of its Unix endpoint.
    pub fn path(&self) -> Option<&Path> {
        self.seen.unix.as_ref().and_then(Endpoint::path)
    }

    /// Every change of every worker's state from now on. A receiver that is far behind misses the oldest, and is told
    /// how many.
    pub fn transitions(&self) -> broadcast::Receiver<Transition> {
        self.transitions.subscribe()
    }

    /// Waits for a moment that is as wanted. It is looked for whenever a worker's state, process or
    /// connections have changed.
    pub async fn wait_until(&self, mut until: impl FnMut(&[WorkerStatus]) -> bool) -> Vec<WorkerStatus> {
        let mut changes = self.changes.subscribe();
        loop {
            changes.mark_unchanged();
            let workers = self.workers();
            if until(&workers) {
                return workers;
            }
            if changes.changed().await.is_err() {
                // Its sender is in `self`.
                std::future::pending::<()>().await;
            }
        }
    }

    /// Waits until all workers are ready at the same time. One that was given up on is not waited for; look at what is
    /// returned.
    pub async fn ready(&self) -> Vec<WorkerStatus> {
        let is_settled = |worker: &WorkerStatus| matches!(worker.state, WorkerState::Ready | WorkerState::Failed);
        self.wait_until(|workers| workers.iter().all(is_settled)).await
    }

    /// Waits until a worker is given up on; returns at once if one is. The first, if several.
    pub async fn failed(&self) -> WorkerStatus {
        loop {
            let is_failed = |worker: &WorkerStatus| worker.state == WorkerState::Failed;
            let workers = self.wait_until(|workers| workers.iter().any(is_failed)).await;
            if let Some(worker) = workers.into_iter().find(is_failed) {
                return worker;
            }
        }
    }

    /// Ends a worker and launches it again, or launches it at once if it waits for that or was given up on. It is not
    /// waited for, and does not count towards the restarts that are too many. What it is asked for while the bridge shuts down is not done.
    pub fn restart(&self, id: &str) -> Result<(), UnknownWorker> {
        let slot = self.seen.slots.iter().find(|slot| slot.id() == id);
        slot.ok_or_else(|| UnknownWorker(id.to_owned()))?.order_restart();
        Ok(())
    }

    /// Tells the installed recorder how things are now. What the bus knows of each endpoint is its own
    /// [`mycelium_bus::metrics::Exporter`]'s affair.
    pub fn export(&self) {
        self.seen.export();
    }

    /// Accepts nobody any more, says goodbye on every connection, ends every worker (`SIGTERM` once its connections are
    /// gone, `SIGKILL` after its grace period), and waits for all of that. Calling it again, or twice at a time, waits
    /// for the same end.
    pub async fn shutdown(&self) -> BridgeReport {
        self.stop.cancel();
        let seen = &self.seen;
        let sockets = async {
            let shutdown = async |endpoint: &Option<Endpoint>| {
                if let Some(endpoint) = endpoint {
                    endpoint.shutdown().await;
                }
            };
            tokio::join!(shutdown(&seen.unix), shutdown(&seen.tcp));
        };
        let sockets = async {
            tokio::select! {
                () = sockets => {}
                () = self.hurry.cancelled() => {}
            }
        };
        let over = |worker: &WorkerStatus| matches!(worker.state, WorkerState::Stopped | WorkerState::Failed);
        tokio::join!(sockets, self.wait_until(|workers| workers.iter().all(over)));
        // Who was given up on before is still waited on by its task.
        let mut tasks = std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        while tasks.join_next().await.is_some() {}
        let launcher = self.launcher.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(launcher) = launcher {
            launcher.ended().await;
        }
        let BridgeStatus { endpoints, workers, .. } = self.status();
        let report = BridgeReport { endpoints, workers };
        seen.export();
        if report.is_clean() {
            tracing::info!(bridge = &*seen.name, "the bridge is shut down: {report}");
        } else {
            tracing::warn!(bridge = &*seen.name, "the bridge is shut down: {report}");
        }
        report
    }

    /// Makes a [`ForeignBridge::shutdown`], now or later, wait for nobody: workers are killed, connections cut off.
    pub fn hurry(&self) {
        self.hurry.cancel();
    }
}

impl Drop for ForeignBridge {
    fn drop(&mut self) {
        // The tasks are aborted with their set, and with them goes what they hold: the processes.
        self.stop.cancel();
    }
}

impl fmt::Debug for ForeignBridge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ForeignBridge").field("name", &self.seen.name).finish_non_exhaustive()
    }
}

impl Seen {
    fn endpoints(&self) -> impl Iterator<Item = &Endpoint> {
        self.unix.iter().chain(&self.tcp)
    }

    fn workers(&self) -> Vec<WorkerStatus> {
        self.slots.iter().map(|slot| slot.status()).collect()
    }

    fn status(&self) -> BridgeStatus {
        BridgeStatus {
            name: self.name.to_string(),
            schema_digest: self.schema_digest.clone(),
            uptime: self.started.elapsed(),
            endpoints: self.endpoints().map(EndpointStatus::new).collect(),
            workers: self.workers(),
        }
    }

    fn export(&self) {
        let BridgeStatus { endpoints, workers, .. } = self.status();
        crate::metrics::export(&self.name, &endpoints, &workers);
    }

    /// What a worker is told.
    fn address(&self, over_tcp: bool) -> OsString {
        let tcp = self.tcp.as_ref().and_then(Endpoint::local_addr).map(|address| tcp_address(address).into());
        let path = self.unix.as_ref().and_then(Endpoint::path).map(unix_address);
        let (first, second) = if over_tcp { (tcp, path) } else { (path, tcp) };
        first.or(second).unwrap_or_default()
    }
}

/// Absolute, as the worker may run in another folder; unless that is too long for a socket.
fn unix_address(path: &Path) -> OsString {
    match std::path::absolute(path) {
        Ok(absolute) if absolute.as_os_str().len() <= MAX_UNIX_PATH => absolute.into_os_string(),
        _ => path.as_os_str().to_owned(),
    }
}

/// A worker is on this machine: where the bridge listens on all addresses it takes the local one.
fn tcp_address(mut address: SocketAddr) -> String {
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            SocketAddr::V4(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
            SocketAddr::V6(_) => IpAddr::V6(Ipv6Addr::LOCALHOST),
        });
    }
    format!("tcp://{address}")
}

async fn log_stats(seen: Arc<Seen>, interval: Duration, stop: CancellationToken) {
    let mut ticks = interval_at(from_now(interval), interval.min(LONGEST));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = stop.cancelled() => return,
        }
        seen.export();
        let BridgeStatus { endpoints, workers, .. } = seen.status();
        let sum = |of: fn(&EndpointStatus) -> u64| endpoints.iter().map(of).sum::<u64>();
        let mut states = BTreeMap::<&str, usize>::new();
        for worker in &workers {
            *states.entry(worker.state.name()).or_default() += 1;
        }
        tracing::info!(
            bridge = &*seen.name,
            workers = workers.len(),
            ready = states.get("ready").copied().unwrap_or_default(),
            failed = states.get("failed").copied().unwrap_or_default(),
            restarts = workers.iter().map(WorkerStatus::restart_count).sum::<u64>(),
            clients = sum(|endpoint| endpoint.clients),
            frames_in = sum(|endpoint| endpoint.frames_in),
            frames_out = sum(|endpoint| endpoint.frames_out),
            rejected = sum(|endpoint| endpoint.rejected.values().sum()),
            queued = sum(|endpoint| endpoint.queued),
            dropped = sum(|endpoint| endpoint.dropped),
            lost = sum(|endpoint| endpoint.lost),
            "statistics",
        );
    }
}
