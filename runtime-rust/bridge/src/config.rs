//! [`BridgeConfig`]: everything that can be set about a bridge.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use mycelium_bus::EndpointConfig;
use mycelium_bus::supervision::Jitter;
use tokio::sync::watch;

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
    pub(crate) output_room: Option<watch::Receiver<bool>>,
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
            output_room: None,
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

    /// Whether the log has room for what workers print, for programs whose log is queued. While it says `false`, lines of
    /// workers (events with the target [`OUTPUT_TARGET`](crate::OUTPUT_TARGET)) wait in their pipes, and one line of each
    /// comes in turn. Default: there is always room.
    ///
    /// What subscribes to events must never wait for who reads the log: everything on the runtime waits with it.
    pub fn output_room(mut self, room: watch::Receiver<bool>) -> Self {
        self.output_room = Some(room);
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
    /// tried. The error is the first of [`BridgeConfig::problems`].
    pub fn check(&self) -> Result<(), ConfigError> {
        match self.problems().into_iter().next() {
            Some((_, problem)) => Err(problem),
            None => Ok(()),
        }
    }

    /// Everything that keeps a bridge from being started with this, each with the position of the worker that it is about.
    pub fn problems(&self) -> Vec<(Option<usize>, ConfigError)> {
        let mut problems = Vec::new();
        if self.name.contains(char::is_control) {
            problems.push((None, ConfigError::Name { name: self.name.clone() }));
        }
        if self.unix.is_none() && self.tcp.is_none() {
            problems.push((None, ConfigError::NoSocket));
        }
        if self.stats_interval.is_some_and(|interval| interval.is_zero()) {
            problems.push((None, ConfigError::StatsInterval));
        }
        let mut ids = BTreeSet::new();
        for (index, worker) in self.workers.iter().enumerate() {
            let id = || worker.id.clone();
            problems.extend(worker.problems().into_iter().map(|problem| (Some(index), problem)));
            if !ids.insert(&worker.id) {
                problems.push((Some(index), ConfigError::WorkerTwice { worker: id() }));
            }
            if worker.over_tcp && self.tcp.is_none() {
                problems.push((Some(index), ConfigError::NoTcp { worker: id() }));
            }
        }
        problems
    }
}

/// What is wrong with a [`BridgeConfig`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The name would do something to a terminal or a log.
    #[error("the bridge's name {name:?} has control characters, which no name may have")]
    Name {
        /// The name.
        name: String,
    },
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
    #[error("there are two workers `{}`: give each an id of its own", worker.escape_debug())]
    WorkerTwice {
        /// The id.
        worker: String,
    },
    /// The worker's program cannot be started.
    #[error("worker `{}`: the program {program:?} {problem}", worker.escape_debug())]
    Program {
        /// The worker.
        worker: String,
        /// Its program.
        program: PathBuf,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The folder to run in is none.
    #[error("worker `{}`: there is no folder {folder:?} to run in", worker.escape_debug())]
    Folder {
        /// The worker.
        worker: String,
        /// The folder.
        folder: PathBuf,
    },
    /// The system takes no such variable.
    #[error(
        "worker `{}`: {name:?} is no variable: a name is not empty and has no `=`, and neither it nor its value has a zero byte",
        worker.escape_debug()
    )]
    Variable {
        /// The worker.
        worker: String,
        /// The variable's name.
        name: String,
    },
    /// The system takes no text with a zero byte.
    #[error("worker `{}`: there is a zero byte in `{setting}`, and the system takes none", worker.escape_debug())]
    ZeroByte {
        /// The worker.
        worker: String,
        /// The setting.
        setting: &'static str,
    },
    /// The worker would not know where its bridge is.
    #[error("worker `{}`: MYCELIUM_SOCKET cannot be removed or empty: by it the worker finds its bridge", worker.escape_debug())]
    NoPlace {
        /// The worker.
        worker: String,
    },
    /// The bridge sets the variable itself.
    #[error("worker `{}`: {name} is set by the bridge, and cannot be set here", worker.escape_debug())]
    OwnVariable {
        /// The worker.
        worker: String,
        /// The variable's name.
        name: &'static str,
    },
    /// A setting that has to be more than nothing.
    #[error("worker `{}`: `{setting}` is zero", worker.escape_debug())]
    Zero {
        /// The worker.
        worker: String,
        /// The setting.
        setting: &'static str,
    },
    /// The worker is to connect by TCP, and the bridge does not listen there.
    #[error("worker `{}` is to connect over TCP, and the bridge has no `tcp` address", worker.escape_debug())]
    NoTcp {
        /// The worker.
        worker: String,
    },
}
