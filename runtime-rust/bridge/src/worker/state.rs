//! What a worker is doing, and how its launches ended: [`WorkerState`], [`WorkerStatus`], [`Transition`], [`WorkerExit`],
//! [`ExitReason`].

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::{Serialize, Serializer};

/// What a worker is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WorkerState {
    /// It is launched, or about to be, and has not connected yet.
    Starting,
    /// It is connected.
    Ready,
    /// It was connected, is not any more, and has until its deadline to come back.
    Disconnected,
    /// It ended, and is started again after this time.
    BackingOff {
        /// The whole wait.
        delay: Duration,
    },
    /// It is being ended.
    Stopping,
    /// It has ended, and the bridge does not start it again because it is shutting down.
    Stopped,
    /// It was given up on; [`WorkerStatus::last_exit`] says why. Only [`crate::ForeignBridge::restart`] starts it again.
    Failed,
}

impl WorkerState {
    /// The state as one lower-case word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Ready => "ready",
            Self::Disconnected => "disconnected",
            Self::BackingOff { .. } => "backing_off",
            Self::Stopping => "stopping",
            Self::Stopped => "stopped",
            Self::Failed => "failed",
        }
    }
}

impl fmt::Display for WorkerState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BackingOff { delay } => write!(f, "backing off for {delay:?}"),
            other => f.write_str(other.name()),
        }
    }
}

impl Serialize for WorkerState {
    /// As [`WorkerState::name`].
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// Why a launch of a worker ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
#[non_exhaustive]
pub enum ExitReason {
    /// It ended by itself.
    Exit {
        /// Its exit code.
        code: i32,
    },
    /// It was ended by a signal that the bridge did not send.
    Signal {
        /// The number of the signal.
        signal: i32,
        /// Whether the system wrote a core file.
        core: bool,
    },
    /// It did not answer heartbeats.
    Hang,
    /// It did not connect in time.
    NotReady,
    /// Its connection was gone, and it did not come back in time.
    Disconnected,
    /// It ended with exit code 78: its settings, its contract or the bridge's have to change.
    Misconfigured,
    /// It could not be started.
    Spawn {
        /// What the system says.
        error: String,
    },
    /// Somebody asked for a restart.
    Restart,
    /// The bridge shut down.
    Shutdown,
}

impl ExitReason {
    /// The reason as one lower-case word, as in metrics.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Exit { .. } => "exit",
            Self::Signal { .. } => "signal",
            Self::Hang => "hang",
            Self::NotReady => "not_ready",
            Self::Disconnected => "disconnected",
            Self::Misconfigured => "misconfigured",
            Self::Spawn { .. } => "spawn",
            Self::Restart => "restart",
            Self::Shutdown => "shutdown",
        }
    }
}

impl fmt::Display for ExitReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exit { code } => write!(f, "it ended with exit code {code}"),
            Self::Signal { signal, core } => {
                let core = if *core { ", and a core file was written" } else { "" };
                write!(f, "it was ended by signal {signal}{core}")
            }
            Self::Hang => f.write_str("it did not answer heartbeats"),
            Self::NotReady => f.write_str("it did not connect in time"),
            Self::Disconnected => f.write_str("it was disconnected, and did not come back in time"),
            Self::Misconfigured => {
                f.write_str("it ended with exit code 78: its settings or its contract are wrong, as its log says")
            }
            Self::Spawn { error } => write!(f, "it could not be started: {error}"),
            Self::Restart => f.write_str("a restart was asked for"),
            Self::Shutdown => f.write_str("the bridge shut down"),
        }
    }
}

/// The end of a launch.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct WorkerExit {
    /// Which launch, counted from 1.
    pub launch: u64,
    /// Its process; `None` where none was started.
    pub pid: Option<u32>,
    /// Why it ended.
    #[serde(flatten)]
    pub reason: ExitReason,
    /// Whether the bridge had to kill it, because it did not end within its grace period.
    pub killed: bool,
    /// How long it was there.
    #[serde(rename = "ran_for_seconds", serialize_with = "seconds")]
    pub ran_for: Duration,
}

/// What a worker is doing, and what became of it so far.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct WorkerStatus {
    /// Its id.
    pub id: String,
    /// What it is doing.
    pub state: WorkerState,
    /// Its process, while there is one.
    pub pid: Option<u32>,
    /// How long its process has been there.
    #[serde(rename = "uptime_seconds", serialize_with = "optional_seconds")]
    pub uptime: Option<Duration>,
    /// How often it was launched.
    pub launches: u64,
    /// How often it was started again, by the reason for which the launch before had ended.
    pub restarts: BTreeMap<&'static str, u64>,
    /// Connections that it has now.
    pub connections: usize,
    /// Lines of output that were logged.
    pub output_lines: u64,
    /// Those of them that were cut.
    pub output_cut: u64,
    /// How the last launch that ended did.
    pub last_exit: Option<WorkerExit>,
}

impl WorkerStatus {
    pub(crate) fn new(id: String) -> Self {
        Self {
            id,
            state: WorkerState::Starting,
            pid: None,
            uptime: None,
            launches: 0,
            restarts: BTreeMap::new(),
            connections: 0,
            output_lines: 0,
            output_cut: 0,
            last_exit: None,
        }
    }

    /// How often it was started again.
    pub fn restart_count(&self) -> u64 {
        self.restarts.values().sum()
    }
}

/// One change of one worker's state.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Transition {
    /// What it did before.
    pub from: WorkerState,
    /// What it does now, and what became of it so far.
    pub status: WorkerStatus,
}

pub(crate) fn seconds<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(duration.as_secs_f64())
}

fn optional_seconds<S: Serializer>(duration: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    duration.map(|duration| duration.as_secs_f64()).serialize(serializer)
}
