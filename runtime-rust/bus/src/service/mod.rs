//! Supervised services: a [`Service`] is started, run, and cleaned up after by a [`ServiceRuntime`], which starts it
//! again after an error or a panic, gives up on it after too many, and ends all of them in time at shutdown. When to
//! try again is decided by [`crate::supervision`].
//!
//! ```
//! use mycelium_bus::MessageBus;
//! use mycelium_bus::service::{Service, ServiceContext, ServiceError, ServiceRuntime};
//!
//! struct Clock;
//!
//! impl Service for Clock {
//!     fn name(&self) -> &str {
//!         "clock"
//!     }
//!
//!     async fn run(&mut self, context: &ServiceContext) -> Result<(), ServiceError> {
//!         context.cancelled().await;
//!         Ok(())
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let runtime = ServiceRuntime::new(MessageBus::new());
//! runtime.spawn(Clock)?;
//! let report = runtime.shutdown().await;
//! assert!(report.is_clean());
//! # Ok(())
//! # }
//! ```

mod attempt;
mod context;
mod metrics;
mod panics;
mod runtime;
mod shutdown;
mod state;
mod supervise;
#[cfg(test)]
mod tests;

use std::error::Error;
use std::future::Future;
use std::time::Duration;

pub use context::ServiceContext;
pub use metrics::{ServiceCounters, ServiceMetrics};
pub use runtime::{ServiceHandle, ServiceRuntime, SpawnError};
pub use shutdown::{ServiceReport, ShutdownReport};
pub use state::{Cause, Failure, Phase, ServiceState, ServiceStatus, Transition};

use crate::supervision::Supervision;

/// Why a service failed, in its own words.
pub type ServiceError = Box<dyn Error + Send + Sync>;

/// Something that runs until it is done or asked to end, and is started again when it fails.
///
/// Each start is [`startup`](Service::startup), [`run`](Service::run), [`shutdown`](Service::shutdown), on one and the
/// same value: what a failed run may have left behind is for `startup` to put right. An error or a panic in any of the
/// three is a failure.
///
/// `run` has to notice [`ServiceContext::cancelled`]: at shutdown a service has the time of
/// [`ServiceConfig::shutdown_deadline`], and is then dropped where it waits.
pub trait Service: Send + 'static {
    /// The name in logs, metrics and reports. Asked for once.
    fn name(&self) -> &str;

    /// Before each run. An error or a panic here counts as a failed run, and `shutdown` is not called for it.
    fn startup(&mut self, context: &ServiceContext) -> impl Future<Output = Result<(), ServiceError>> + Send {
        let _ = context;
        async { Ok(()) }
    }

    /// The work. `Ok` ends the service for good; an error starts it again.
    fn run(&mut self, context: &ServiceContext) -> impl Future<Output = Result<(), ServiceError>> + Send;

    /// After each run that ended, however it did; not after one that was dropped because it took too long to end.
    fn shutdown(&mut self, context: &ServiceContext) -> impl Future<Output = Result<(), ServiceError>> + Send {
        let _ = context;
        async { Ok(()) }
    }
}

/// How one service is supervised.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ServiceConfig {
    /// When it is started again, and when no more.
    pub supervision: Supervision,
    /// The time from the request to end until it is dropped where it waits; also the longest that
    /// [`Service::shutdown`] may take between runs.
    pub shutdown_deadline: Duration,
}

impl Default for ServiceConfig {
    /// The default [`Supervision`], and 5 s to end.
    fn default() -> Self {
        Self { supervision: Supervision::default(), shutdown_deadline: Duration::from_secs(5) }
    }
}
