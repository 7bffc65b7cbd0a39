//! The task of one service: starts it again and again, until it is done or given up on.

use std::sync::Arc;

use tokio::sync::{broadcast, watch};
use tokio_util::sync::CancellationToken;
use tracing::Span;

use super::attempt::{End, attempt};
use super::panics::catch;
use super::runtime::Registry;
use super::state::{Cause, Failure, Phase, ServiceState, ServiceStatus, Transition};
use super::{Service, ServiceConfig, ServiceContext, ServiceMetrics};
use crate::MessageBus;
use crate::deadline::from_now;
use crate::supervision::{Decision, Jitter, Supervisor};

/// What is known of a service, by its task, its handles and its runtime.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) name: Arc<str>,
    pub(super) config: ServiceConfig,
    pub(super) metrics: ServiceMetrics,
    /// Cancelled when the service is asked to end.
    pub(super) token: CancellationToken,
    pub(super) status: watch::Sender<ServiceStatus>,
    pub(super) transitions: broadcast::Sender<Transition>,
}

impl Shared {
    /// Changes the state; a final one stays.
    pub(super) fn enter(&self, state: ServiceState) {
        self.enter_after(state, None);
    }

    /// Changes the state because of a failure; a final state stays.
    pub(super) fn enter_after(&self, state: ServiceState, failure: Option<Arc<Failure>>) {
        let changed = self.status.send_if_modified(|status| {
            if status.state.is_final() || status.state == state {
                return false;
            }
            let from = std::mem::replace(&mut status.state, state);
            status.last_failure = failure.or(status.last_failure.take());
            // While the status is locked, so that transitions are told in their order.
            let told = Transition { service: Arc::clone(&self.name), from, status: status.clone() };
            let _ = self.transitions.send(told);
            true
        });
        if changed {
            tracing::debug!(service = %self.name, %state, "service changed its state");
            self.metrics.state(state == ServiceState::Running, state == ServiceState::Failed);
        }
    }

    /// Counts, logs and keeps a failure.
    pub(super) fn record(&self, failure: Failure) -> Arc<Failure> {
        tracing::warn!(service = %self.name, phase = %failure.phase(), cause = failure.cause().name(), "{failure}");
        self.metrics.failed(&failure);
        let failure = Arc::new(failure);
        self.status.send_if_modified(|status| {
            status.last_failure = Some(Arc::clone(&failure));
            false
        });
        failure
    }

    fn started(&self) -> u64 {
        let starts = self.metrics.started();
        self.status.send_if_modified(|status| {
            status.starts = starts;
            false
        });
        starts
    }
}

/// A service and what it is run with.
pub(super) struct Supervised<S> {
    pub(super) bus: MessageBus,
    pub(super) jitter: Jitter,
    pub(super) span: Span,
    pub(super) life: Life<S>,
}

/// A service while it is supervised. However its task ends, the service is dropped, and its end is told after that.
pub(super) struct Life<S> {
    service: Option<S>,
    shared: Arc<Shared>,
    registry: Arc<Registry>,
}

impl<S> Life<S> {
    pub(super) fn new(service: S, shared: Arc<Shared>, registry: Arc<Registry>) -> Self {
        Self { service: Some(service), shared, registry }
    }

    /// Drops the service, which may panic in that.
    fn discard(&mut self) {
        if let Err(words) = catch(|| drop(self.service.take())) {
            self.shared.record(Failure::new(Phase::Drop, Cause::Panic(words)));
        }
    }
}

impl<S> Drop for Life<S> {
    fn drop(&mut self) {
        self.discard();
        self.shared.enter(ServiceState::Aborted);
        self.shared.token.cancel();
        self.registry.ended(&self.shared);
    }
}

impl<S: Service> Supervised<S> {
    pub(super) async fn run(mut self) {
        let (state, failure) = self.supervise().await;
        self.life.discard();
        match state {
            ServiceState::Stopped => tracing::info!("service ended"),
            ServiceState::Aborted => tracing::error!("service did not end in time, and was dropped where it waited"),
            _ => tracing::error!("service failed, and is not started again"),
        }
        self.life.shared.enter_after(state, failure);
    }

    /// The final state, and the failure that led to it.
    async fn supervise(&mut self) -> (ServiceState, Option<Arc<Failure>>) {
        let Life { service: Some(service), shared, .. } = &mut self.life else {
            return (ServiceState::Stopped, None);
        };
        let shared = Arc::clone(shared);
        let ServiceConfig { supervision, shutdown_deadline } = shared.config;
        let mut supervisor = Supervisor::new(supervision, self.jitter.clone());
        while !shared.token.is_cancelled() {
            let context = ServiceContext {
                name: Arc::clone(&shared.name),
                bus: self.bus.clone(),
                metrics: shared.metrics.clone(),
                token: shared.token.child_token(),
                span: self.span.clone(),
                start: shared.started(),
            };
            let over = context.token.clone().drop_guard();
            let end = attempt(service, &context, &shared, shutdown_deadline).await;
            drop(over);
            let (failure, ran_for) = match end {
                End::Returned => break,
                End::Aborted(failure) => return (ServiceState::Aborted, Some(failure)),
                End::Unfinished(failure) => return (ServiceState::Failed, Some(failure)),
                End::Failed { failure, ran_for } => (failure, ran_for),
            };
            if shared.token.is_cancelled() {
                return (ServiceState::Failed, Some(failure));
            }
            let now = tokio::time::Instant::now().into_std();
            let Decision::Restart { delay } = supervisor.failed(now, ran_for) else {
                return (ServiceState::Failed, Some(failure));
            };
            tracing::info!(?delay, "service is started again after this delay");
            shared.enter_after(ServiceState::BackingOff { delay }, Some(failure));
            tokio::select! {
                () = tokio::time::sleep_until(from_now(delay)) => {}
                () = shared.token.cancelled() => {}
            }
        }
        (ServiceState::Stopped, None)
    }
}
