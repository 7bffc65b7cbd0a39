//! The end of all services, and what became of them: [`ShutdownReport`].

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use super::state::{Cause, Failure, Phase, ServiceState, ServiceStatus};
use super::supervise::Shared;
use crate::deadline::from_now;

/// Each service's task keeps its deadline itself. It cannot while the service blocks the thread: after this much more,
/// such a service is reported, and left to end when it lets go of its thread.
const GRACE: Duration = Duration::from_secs(1);

/// What became of one service.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ServiceReport {
    /// Its name.
    pub name: Arc<str>,
    /// What became of it.
    pub status: ServiceStatus,
}

impl ServiceReport {
    pub(super) fn of(shared: &Arc<Shared>) -> Self {
        Self { name: Arc::clone(&shared.name), status: shared.status.borrow().clone() }
    }
}

impl fmt::Display for ServiceReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.status.state)?;
        match &self.status.last_failure {
            Some(failure) if self.status.state != ServiceState::Stopped => write!(f, " ({failure})"),
            _ => Ok(()),
        }
    }
}

/// What became of the services of a runtime.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ShutdownReport {
    /// By name.
    pub services: Vec<ServiceReport>,
}

impl ShutdownReport {
    /// Whether every service stopped: none failed, none was aborted.
    pub fn is_clean(&self) -> bool {
        self.unclean().next().is_none()
    }

    /// The services that failed or were aborted.
    pub fn unclean(&self) -> impl Iterator<Item = &ServiceReport> {
        self.services.iter().filter(|service| service.status.state != ServiceState::Stopped)
    }
}

impl fmt::Display for ShutdownReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unclean = self.unclean().count();
        write!(f, "{} services, {} stopped", self.services.len(), self.services.len() - unclean)?;
        self.unclean().try_for_each(|service| write!(f, "; {service}"))
    }
}

/// Waits for services that have been asked to end.
pub(super) async fn shut_down(services: Vec<Arc<Shared>>, mut tasks: JoinSet<()>) -> ShutdownReport {
    let longest = services.iter().map(|shared| shared.config.shutdown_deadline).max().unwrap_or_default();
    let limit = from_now(longest.saturating_add(GRACE));
    let all = async { while tasks.join_next().await.is_some() {} };
    if tokio::time::timeout_at(limit, all).await.is_err() {
        tasks.abort_all();
        for shared in services.iter().filter(|shared| !shared.status.borrow().state.is_final()) {
            let cause = Cause::Deadline(shared.config.shutdown_deadline);
            let failure = shared.record(Failure::new(Phase::Run, cause));
            tracing::error!(service = %shared.name, "service blocks its thread, and ends only when it lets go of it");
            shared.enter_after(ServiceState::Aborted, Some(failure));
        }
    }
    let report = ShutdownReport { services: services.iter().map(ServiceReport::of).collect() };
    if report.is_clean() {
        tracing::info!("{report}");
    } else {
        tracing::error!("{report}");
    }
    report
}
