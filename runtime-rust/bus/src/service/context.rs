//! What a service is given: [`ServiceContext`].

use std::sync::Arc;

use tokio_util::sync::{CancellationToken, WaitForCancellationFuture};
use tracing::Span;

use super::ServiceMetrics;
use crate::MessageBus;

/// What one start of a service is given.
#[derive(Clone, Debug)]
pub struct ServiceContext {
    pub(super) name: Arc<str>,
    pub(super) bus: MessageBus,
    pub(super) metrics: ServiceMetrics,
    pub(super) token: CancellationToken,
    pub(super) span: Span,
    pub(super) start: u64,
}

impl ServiceContext {
    /// The service's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The bus.
    pub fn bus(&self) -> &MessageBus {
        &self.bus
    }

    /// The counters of the service, and metrics of its own that carry its name.
    pub fn metrics(&self) -> &ServiceMetrics {
        &self.metrics
    }

    /// Which start this is: 1, and one more after each restart.
    pub fn start(&self) -> u64 {
        self.start
    }

    /// The span that the service runs in; for tasks of its own.
    pub fn span(&self) -> &Span {
        &self.span
    }

    /// Ends when the service is asked to end.
    pub fn cancelled(&self) -> WaitForCancellationFuture<'_> {
        self.token.cancelled()
    }

    /// Whether the service was asked to end.
    pub fn is_cancelled(&self) -> bool {
        self.token.is_cancelled()
    }

    /// The token behind [`ServiceContext::cancelled`]: for tasks of the service's own, which should end with it. It is
    /// cancelled when the service is asked to end, and at the latest when this start of it is over, so that nothing of
    /// a failed run goes on beside the next.
    pub fn token(&self) -> &CancellationToken {
        &self.token
    }
}
