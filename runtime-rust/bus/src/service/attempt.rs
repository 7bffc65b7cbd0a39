//! One start of a service: startup, run, shutdown, and the deadline once it is asked to end.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::panics::{Caught, Guarded};
use super::state::{Cause, Failure, Phase, ServiceState};
use super::supervise::Shared;
use super::{Service, ServiceContext, ServiceError};
use crate::deadline::from_now;

/// How a start ended.
pub(super) enum End {
    /// `run` returned, or it was asked to end before it ran.
    Returned,
    /// It failed, and may be started again.
    Failed {
        failure: Arc<Failure>,
        /// How long it was in `run`.
        ran_for: Duration,
    },
    /// It failed after `run` had returned: there is nothing left to start again.
    Unfinished(Arc<Failure>),
    /// It did not end in time.
    Aborted(Arc<Failure>),
}

/// Starts `service` once and sees it through to its end.
pub(super) async fn attempt<S: Service>(
    service: &mut S,
    context: &ServiceContext,
    shared: &Shared,
    limit: Duration,
) -> End {
    let mut clock = Clock { context, shared, limit, deadline: None };
    shared.enter(ServiceState::Starting);
    // Inside a future, so that a service that panics before it returns one is caught as well.
    match clock.hold(Phase::Startup, async { service.startup(context).await }).await {
        Held::Done => {}
        Held::Failed(failure) => return End::Failed { failure, ran_for: Duration::ZERO },
        Held::Overdue(failure) => return End::Aborted(failure),
    }
    let mut ran_for = Duration::ZERO;
    let mut failed = None;
    if !context.is_cancelled() {
        shared.enter(ServiceState::Running);
        let started = Instant::now();
        match clock.hold(Phase::Run, async { service.run(context).await }).await {
            Held::Done => {}
            Held::Failed(failure) => failed = Some(failure),
            Held::Overdue(failure) => return End::Aborted(failure),
        }
        ran_for = started.elapsed();
    }
    let asked = clock.deadline.is_some() || context.is_cancelled();
    clock.start();
    let ended = clock.hold(Phase::Shutdown, async { service.shutdown(context).await }).await;
    match (failed, ended) {
        (_, Held::Overdue(failure)) if asked => End::Aborted(failure),
        (Some(failure), _) => End::Failed { failure, ran_for },
        (None, Held::Done) => End::Returned,
        (None, Held::Failed(failure) | Held::Overdue(failure)) => End::Unfinished(failure),
    }
}

enum Held {
    Done,
    Failed(Arc<Failure>),
    Overdue(Arc<Failure>),
}

/// The time that a service has to end in, from when it is asked to.
struct Clock<'a> {
    context: &'a ServiceContext,
    shared: &'a Shared,
    limit: Duration,
    deadline: Option<Instant>,
}

impl Clock<'_> {
    /// Starts the time, if it did not start yet.
    fn start(&mut self) -> Instant {
        if self.deadline.is_none() {
            self.shared.enter(ServiceState::Stopping);
        }
        *self.deadline.get_or_insert_with(|| from_now(self.limit))
    }

    async fn hold(&mut self, phase: Phase, future: impl Future<Output = Result<(), ServiceError>>) -> Held {
        let mut future = Guarded::new(future);
        if self.deadline.is_none() {
            tokio::select! {
                biased;
                caught = &mut future => return self.judge(phase, caught),
                () = self.context.cancelled() => {}
            }
        }
        match timeout_at(self.start(), &mut future).await {
            Ok(caught) => self.judge(phase, caught),
            Err(_) => {
                if let Err(words) = future.discard() {
                    self.shared.record(Failure::new(Phase::Drop, Cause::Panic(words)));
                }
                Held::Overdue(self.shared.record(Failure::new(phase, Cause::Deadline(self.limit))))
            }
        }
    }

    fn judge(&self, phase: Phase, caught: Caught<Result<(), ServiceError>>) -> Held {
        let cause = match caught {
            Caught::Done(Ok(())) => return Held::Done,
            Caught::Done(Err(error)) => Cause::Error(error),
            Caught::Panicked(words) => Cause::Panic(words),
        };
        Held::Failed(self.shared.record(Failure::new(phase, cause)))
    }
}
