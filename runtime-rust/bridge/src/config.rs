//! [`BridgeConfig`]: everything that can be set about a bridge.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use mycelium_bus::EndpointConfig;
use mycelium_bus::supervision::Jitter;

use crate::WorkerConfig;

/// How a bridge is made. The name and the digest have to be given, and at least one socket.
///
/// ```
/// use mycelium_bridge::{BridgeConfig, WorkerConfig};
///
/// let config = BridgeConfig::new("desk", [7; 32])
///     .unix("/run/desk/bus.sock")
///     .endpoint(|endpoint| endpoint.max_clients(64))
///     .worker(WorkerConfig::new("prices", "/bin/true"));
/// config.check()?;
/// # Ok::<(), mycelium_bridge::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
pub struct BridgeConfig {
    pub(crate) name: String,
    pub(crate) schema_digest: [u8; 32],
    pub(crate) unix: Option<PathBuf>,
    pub(crate) tcp: Option<String>,
    pub(crate) endpoint: EndpointConfig,
    pub(crate) workers: Vec<WorkerConfig>,
    pub(crate) stats_interval: Option<Duration>,
    pub(crate) jitter: Jitter,
}

impl BridgeConfig {
    /// A bridge for clients with this schema digest. The name is in its logs and metrics.
    pub fn new(name: impl Into<String>, schema_digest: [u8; 32]) -> Self {
        Self {
            name: name.into(),
            schema_digest,
            unix: None,
            tcp: None,
            endpoint: EndpointConfig::new(schema_digest),
            workers: Vec::new(),
            stats_interval: Some(Duration::from_secs(60)),
            jitter: Jitter::random(),
        }
    }

    /// Listens on a Unix socket; its endpoint is called `NAME.unix`. Workers are told this one where there are both.
    pub fn unix(mut self, path: impl Into<PathBuf>) -> Self {
        self.unix = Some(path.into());
        self
    }

    /// Listens on a TCP port of an IPv4 or IPv6 address or host name, `HOST:PORT`; its endpoint is called `NAME.tcp`.
    pub fn tcp(mut self, address: impl Into<String>) -> Self {
        self.tcp = Some(address.into());
        self
    }

    /// Changes the settings of both endpoints: `.endpoint(|endpoint| endpoint.max_clients(64))`. Their names and their
    /// digest are the bridge's. An admission that is set is asked after the bridge's own.
    pub fn endpoint(mut self, change: impl FnOnce(EndpointConfig) -> EndpointConfig) -> Self {
        self.endpoint = change(self.endpoint);
        self
    }

    /// Adds a worker.
    pub fn worker(mut self, worker: impl Into<WorkerConfig>) -> Self {
        self.workers.push(worker.into());
        self
    }

    /// Adds workers.
    pub fn workers(mut self, workers: impl IntoIterator<Item = impl Into<WorkerConfig>>) -> Self {
        self.workers.extend(workers.into_iter().map(Into::into));
        self
    }

    /// How often the log has a line of statistics; `None`: never. Default: every 60 s.
    pub fn stats_interval(mut self, interval: Option<Duration>) -> Self {
        self.stats_interval = interval;
        self
    }

    /// Where the random parts of backoffs come from.
    pub fn jitter(mut self, jitter: Jitter) -> Self {
        self.jitter = jitter;
        self
    }

    /// The bridge's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The schema digest of its clients.
    pub fn schema_digest(&self) -> [u8; 32] {
        self.schema_digest
    }

    /// The path of its Unix socket.
    pub fn unix_path(&self) -> Option<&Path> {
        self.unix.as_deref()
    }

    /// Whether a bridge could be started with this: also looks at the programs and folders of workers. Sockets are not
    /// tried.
    pub fn check(&self) -> Result<(), ConfigError> {
        if self.unix.is_none() && self.tcp.is_none() {
            return Err(ConfigError::NoSocket);
        }
        if self.stats_interval.is_some_and(|interval| interval.is_zero()) {
            return Err(ConfigError::StatsInterval);
        }
        let mut ids = BTreeSet::new();
        for worker in &self.workers {
            worker.check()?;
            if !ids.insert(&worker.id) {
                return Err(ConfigError::WorkerTwice { worker: worker.id.clone() });
            }
            if worker.over_tcp && self.tcp.is_none() {
                return Err(ConfigError::NoTcp { worker: worker.id.clone() });
            }
        }
        Ok(())
    }
}

/// What is wrong with a [`BridgeConfig`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// Nobody could connect.
    #[error("the bridge has no socket: set `unix`, `tcp` or both")]
    NoSocket,
    /// It would log without end.
    #[error("`stats_interval` is zero: leave it out for no statistics in the log")]
    StatsInterval,
    /// The id does not fit into a handshake.
    #[error("worker id {worker:?}: an id has 1 to 64 bytes, and no control characters")]
    WorkerId {
        /// The id.
        worker: String,
    },
    /// Two workers have one id.
    #[error("there are two workers `{worker}`: give each an id of its own")]
    WorkerTwice {
        /// The id.
        worker: String,
    },
    /// The worker's program cannot be started.
    #[error("worker `{worker}`: the program {program:?} {problem}")]
    Program {
        /// The worker.
        worker: String,
        /// Its program.
        program: PathBuf,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The folder to run in is none.
    #[error("worker `{worker}`: there is no folder {folder:?} to run in")]
    Folder {
        /// The worker.
        worker: String,
        /// The folder.
        folder: PathBuf,
    },
    /// The system takes no such variable.
    #[error(
        "worker `{worker}`: {name:?} is no variable: a name is not empty and has no `=`, and neither it nor its value has a zero byte"
    )]
    Variable {
        /// The worker.
        worker: String,
        /// The variable's name.
        name: String,
    },
    /// The system takes no text with a zero byte.
    #[error("worker `{worker}`: there is a zero byte in `{setting}`, and the system takes none")]
    ZeroByte {
        /// The worker.
        worker: String,
        /// The setting.
        setting: &'static str,
    },
    /// The worker would not know where its bridge is.
    #[error("worker `{worker}`: MYCELIUM_SOCKET cannot be removed or empty: by it the worker finds its bridge")]
    NoPlace {
        /// The worker.
        worker: String,
    },
    /// The bridge sets the variable itself.
    #[error("worker `{worker}`: {name} is set by the bridge, and cannot be set here")]
    OwnVariable {
        /// The worker.
        worker: String,
        /// The variable's name.
        name: &'static str,
    },
    /// A setting that has to be more than nothing.
    #[error("worker `{worker}`: `{setting}` is zero")]
    Zero {
        /// The worker.
        worker: String,
        /// The setting.
        setting: &'static str,
    },
    /// The worker is to connect by TCP, and the bridge does not listen there.
    #[error("worker `{worker}` is to connect over TCP, and the bridge has no `tcp` address")]
    NoTcp {
        /// The worker.
        worker: String,
    },
}
