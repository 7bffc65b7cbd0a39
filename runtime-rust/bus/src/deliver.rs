//! Waiting for room: how long, with what said about it, and when it is given up.

use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

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
    origin: Option<ConnectionId>,
    publisher: &str,
    timeout: Option<Duration>,
) -> Result<(), PublishError> {
    let mut turn: Option<Turn> = None;
    let mut wait: Option<Wait> = None;
    while let Some(frames) = rest.take() {
        let count = frames.count();
        let targets = match view.targets() {
            Ok(targets) => targets,
            Err(error) => {
                *rest = Some(frames);
                return Err(error);
            }
        };
        let full = match targets.offer(frames, origin, turn.as_ref()) {
            Ok(()) => {
                view.count(count);
                return Ok(());
            }
            Err(full) => full,
        };
        let queue = full.queue.clone();
        let left = rest.insert(full.rest);
        view.count(count - left.count());
        // One place in one line at a time: nothing is held while waiting elsewhere.
        let place = match turn.take() {
            Some(held) if Arc::ptr_eq(held.queue(), &queue) => held,
            other => {
                drop(other);
                Turn::new(queue)
            }
        };
        wait.get_or_insert_with(|| Wait::new(publisher, timeout)).for_room(&place, left).await?;
        turn = Some(place);
    }
    Ok(())
}

/// One wait, from the first full queue until everything is delivered.
struct Wait<'a> {
    publisher: &'a str,
    since: Instant,
    timeout: Option<Duration>,
    logged: bool,
}

impl<'a> Wait<'a> {
    fn new(publisher: &'a str, timeout: Option<Duration>) -> Self {
        Self { publisher, since: Instant::now(), timeout, logged: false }
    }

    async fn for_room(&mut self, turn: &Turn, frames: &Run) -> Result<(), PublishError> {
        let queue = turn.queue();
        let mut stall = queue.stall_limit.map(|limit| (limit, Instant::now() + limit, received(queue)));
        loop {
            let log = (!self.logged).then(|| self.since + LOG_AFTER);
            let limit = self.timeout.map(|timeout| self.since + timeout);
            let deadline = [log, limit, stall.map(|(_, at, _)| at)].into_iter().flatten().min();
            let room = poll_fn(|context| turn.poll_room(context, frames));
            match deadline {
                None => {
                    room.await;
                    return Ok(());
                }
                Some(deadline) => tokio::select! {
                    biased;
                    () = room => return Ok(()),
                    () = sleep_until(deadline) => {}
                },
            }
            let now = Instant::now();
            if let Some(after) = self.timeout.filter(|timeout| now >= self.since + *timeout) {
                return Err(PublishError::Timeout { subscriber: queue.name.clone(), after });
            }
            if log.is_some_and(|at| now >= at) {
                self.logged = true;
                tracing::warn!(
                    publisher = self.publisher,
                    subscriber = &*queue.name,
                    waited_seconds = (now - self.since).as_secs_f64(),
                    "a publisher waits for room in the queue of a blocking subscriber",
                );
            }
            if let Some((limit, at, before)) = stall.filter(|(_, at, _)| now >= *at) {
                let received = received(queue);
                if received == before {
                    stalled(queue, limit);
                    return Ok(());
                }
                stall = Some((limit, at + limit, received));
            }
        }
    }
}

fn received(queue: &Queue) -> u64 {
    queue.lock().received()
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
