//! What a service is doing, and what went wrong: [`ServiceState`], [`ServiceStatus`], [`Transition`], [`Failure`].

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::ServiceError;

/// What a service is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ServiceState {
    /// It is in `startup`, or about to be.
    Starting,
    /// It is in `run`.
    Running,
    /// It failed, and is started again after this time.
    BackingOff {
        /// The whole wait.
        delay: Duration,
    },
    /// It was asked to end and has not yet, or it is in `shutdown`.
    Stopping,
    /// It ended because it returned, by itself or after it was asked to.
    Stopped,
    /// It failed once too often, or while it was ending. It is not started again.
    Failed,
    /// It did not end in time and was dropped where it waited, or its runtime was dropped.
    Aborted,
}

impl ServiceState {
    /// Whether the service will not do anything more.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Stopped | Self::Failed | Self::Aborted)
    }

    /// The state as one lower-case word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Running => "running",
            Self::BackingOff { .. } => "backing_off",
            Self::Stopping => "stopping",
            Self::Stopped => "stopped",
            Self::Failed => "failed",
            Self::Aborted => "aborted",
        }
    }
}

impl fmt::Display for ServiceState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BackingOff { delay } => write!(f, "backing off for {delay:?}"),
            other => f.write_str(other.name()),
        }
    }
}

/// What a service is doing and what became of it so far.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ServiceStatus {
    /// What it is doing.
    pub state: ServiceState,
    /// How often it was started.
    pub starts: u64,
    /// The last failure, also where it was followed by a restart.
    pub last_failure: Option<Arc<Failure>>,
}

impl ServiceStatus {
    /// How often it was started again.
    pub fn restarts(&self) -> u64 {
        self.starts.saturating_sub(1)
    }
}

/// One change of one service's state.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Transition {
    /// Its name.
    pub service: Arc<str>,
    /// What it did before.
    pub from: ServiceState,
    /// What it does now, and what became of it so far.
    pub status: ServiceStatus,
}

/// In which part of a service something went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// In `startup`.
    Startup,
    /// In `run`.
    Run,
    /// In `shutdown`.
    Shutdown,
    /// When the service, or one of its futures, was dropped.
    Drop,
}

impl Phase {
    /// The phase as one lower-case word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Startup => "startup",
            Self::Run => "run",
            Self::Shutdown => "shutdown",
            Self::Drop => "drop",
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What went wrong.
#[derive(Debug)]
#[non_exhaustive]
pub enum Cause {
    /// It returned this error.
    Error(ServiceError),
    /// It panicked with these words.
    Panic(String),
    /// It took longer than this.
    Deadline(Duration),
}

impl Cause {
    /// The cause as one lower-case word.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Error(_) => "error",
            Self::Panic(_) => "panic",
            Self::Deadline(_) => "deadline",
        }
    }
}

/// A failure of a service.
#[derive(Debug)]
pub struct Failure {
    phase: Phase,
    cause: Cause,
}

impl Failure {
    pub(super) fn new(phase: Phase, cause: Cause) -> Self {
        Self { phase, cause }
    }

    /// Where it went wrong.
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// What went wrong.
    pub fn cause(&self) -> &Cause {
        &self.cause
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let phase = self.phase;
        match &self.cause {
            Cause::Error(error) => write!(f, "error in {phase}: {error}"),
            Cause::Panic(words) => write!(f, "panic in {phase}: {words}"),
            Cause::Deadline(limit) => write!(f, "{phase} took longer than {limit:?}"),
        }
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.cause {
            Cause::Error(error) => error.source(),
            _ => None,
        }
    }
}
