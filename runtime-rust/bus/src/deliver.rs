//! Waiting for room: how long, with what said about it, and when it is given up.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

use crate::deadline;
use crate::error::{CloseReason, PublishError};
use crate::queue::{Queue, Turn};
use crate::route::RouteView;
use crate::{ConnectionId, Run};

/// After so long a publisher that waits says so in the log.
pub(crate) const LOG_AFTER: Duration = Duration::from_secs(3);

/// Gives frames to every queue of a route, waiting for room where queues are blocking. When it is dropped before it is
/// done, what is left in `rest` has reached nobody.
pub(crate) async fn deliver(
    view: &mut RouteView,
    rest: &mut Option<Run>,
    publisher: &str,
    timeout: Option<Duration>,
) -> Result<(), PublishError> {
    let mut delivery = Delivery::new(timeout);
    poll_fn(|context| delivery.poll(context, view, rest, None, publisher)).await
}

/// Frames on their way to every queue of a route, and the wait for room in one of them. The wait goes on, with its place
/// in the line, from one poll to the next: whoever stops polling drops this.
#[derive(Default)]
pub(crate) struct Delivery {
    timeout: Option<Duration>,
    turn: Option<Turn>,
    wait: Option<Wait>,
}

impl Delivery {
    pub(crate) fn new(timeout: Option<Duration>) -> Self {
        Self { timeout, ..Self::default() }
    }

    /// Ready when nothing is left in `rest`, and with an error when the rest is given up. It is new again then.
    pub(crate) fn poll(
        &mut self,
        context: &mut Context<'_>,
        view: &mut RouteView,
        rest: &mut Option<Run>,
        origin: Option<ConnectionId>,
        publisher: &str,
    ) -> Poll<Result<(), PublishError>> {
        let outcome = ready!(self.poll_rest(context, view, rest, origin, publisher));
        (self.turn, self.wait) = (None, None);
        Poll::Ready(outcome)
    }

    fn poll_rest(
        &mut self,
        context: &mut Context<'_>,
        view: &mut RouteView,
        rest: &mut Option<Run>,
        origin: Option<ConnectionId>,
        publisher: &str,
    ) -> Poll<Result<(), PublishError>> {
        loop {
            if let (Some(turn), Some(wait), Some(frames)) = (&self.turn, &mut self.wait, &*rest) {
                ready!(wait.poll_room(context, turn, frames, publisher))?;
            }
            let Some(frames) = rest.take() else { return Poll::Ready(Ok(())) };
            let count = frames.count();
            let targets = match view.targets() {
                Ok(targets) => targets,
                Err(error) => {
                    *rest = Some(frames);
                    return Poll::Ready(Err(error));
                }
            };
            let full = match targets.offer(frames, origin, self.turn.as_ref()) {
                Ok(()) => {
                    view.count(count);
                    return Poll::Ready(Ok(()));
                }
                Err(full) => full,
            };
            let queue = full.queue.clone();
            let left = rest.insert(full.rest);
            view.count(count - left.count());
            // One place in one line at a time: nothing is held while waiting elsewhere.
            let place = match self.turn.take() {
                Some(held) if Arc::ptr_eq(held.queue(), &queue) => held,
                other => {
                    drop(other);
                    Turn::new(queue)
                }
            };
            self.wait.get_or_insert_with(|| Wait::new(self.timeout)).at(place.queue());
            self.turn = Some(place);
        }
    }
}

/// One wait, from the first full queue until everything is delivered.
struct Wait {
    since: Instant,
    timeout: Option<Duration>,
    logged: bool,
    stall: Option<Stall>,
    sleep: Option<Pin<Box<Sleep>>>,
}

/// When the queue that is waited for is found to be stalled, unless it was taken from until then.
#[derive(Clone, Copy)]
struct Stall {
    limit: Duration,
    at: Instant,
    received: u64,
}

impl Wait {
    fn new(timeout: Option<Duration>) -> Self {
        Self { since: Instant::now(), timeout, logged: false, stall: None, sleep: None }
    }

    /// Waits for this queue from here on.
    fn at(&mut self, queue: &Queue) {
        self.stall =
            queue.stall_limit.map(|limit| Stall { limit, at: deadline::from_now(limit), received: received(queue) });
    }

    /// Ready when there may be room, and with an error when the time is over.
    fn poll_room(
        &mut self,
        context: &mut Context<'_>,
        turn: &Turn,
        frames: &Run,
        publisher: &str,
    ) -> Poll<Result<(), PublishError>> {
        let queue = turn.queue();
        loop {
            if turn.poll_room(context, frames).is_ready() {
                return Poll::Ready(Ok(()));
            }
            let log = (!self.logged).then(|| self.since + LOG_AFTER);
            let limit = self.timeout.map(|timeout| after(self.since, timeout));
            let deadlines = [log, limit, self.stall.map(|stall| stall.at)];
            let Some(deadline) = deadlines.into_iter().flatten().min() else { return Poll::Pending };
            let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
            if sleep.deadline() != deadline {
                sleep.as_mut().reset(deadline);
            }
            ready!(sleep.as_mut().poll(context));
            let now = Instant::now();
            if let (Some(limit), Some(after)) = (limit, self.timeout)
                && now >= limit
            {
                return Poll::Ready(Err(PublishError::Timeout { subscriber: queue.name.clone(), after }));
            }
            if log.is_some_and(|at| now >= at) {
                self.logged = true;
                tracing::warn!(
                    publisher,
                    subscriber = &*queue.name,
                    waited_seconds = (now - self.since).as_secs_f64(),
                    "a publisher waits for room in the queue of a blocking subscriber",
                );
            }
            if let Some(stall) = &mut self.stall
                && now >= stall.at
            {
                let received = received(queue);
                if received == stall.received {
                    stalled(queue, stall.limit);
                    return Poll::Ready(Ok(()));
                }
                (stall.at, stall.received) = (after(stall.at, stall.limit), received);
            }
        }
    }
}

fn after(instant: Instant, span: Duration) -> Instant {
    deadline::after(instant.into_std(), span).into()
}

fn received(queue: &Queue) -> u64 {
    queue.counters().0.received
}

fn stalled(queue: &Queue, limit: Duration) {
    if queue.close(CloseReason::Stalled) {
        tracing::warn!(
            subscriber = &*queue.name,
            limit_seconds = limit.as_secs_f64(),
            "a blocking subscriber took nothing while publishers waited, and is disconnected",
        );
    }
}
