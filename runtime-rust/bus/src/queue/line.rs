//! Publishers that wait for room in one queue, first come, first served.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use super::{Queue, wake};
use crate::Run;

/// The line before one queue; part of what its mutex guards.
#[derive(Default)]
pub(super) struct Line {
    /// In ascending order of tickets.
    waiting: VecDeque<Waiting>,
    next: u64,
}

struct Waiting {
    ticket: u64,
    waker: Option<Waker>,
}

impl Line {
    /// Whose turn it is.
    #[inline]
    pub(super) fn head(&self) -> Option<u64> {
        self.waiting.front().map(|waiting| waiting.ticket)
    }

    /// To be called when there may be room.
    #[inline]
    pub(super) fn wake_head(&mut self) -> Option<Waker> {
        self.waiting.front_mut()?.waker.take()
    }

    pub(super) fn wake_all(&mut self) -> Vec<Waker> {
        self.waiting.iter_mut().filter_map(|waiting| waiting.waker.take()).collect()
    }

    fn join(&mut self) -> u64 {
        let ticket = self.next;
        self.next += 1;
        self.waiting.push_back(Waiting { ticket, waker: None });
        ticket
    }

    fn find(&self, ticket: u64) -> Option<usize> {
        self.waiting.binary_search_by_key(&ticket, |waiting| waiting.ticket).ok()
    }
}

/// A place in the line before a queue. While it is the first, nobody else gets room there; dropping it lets the next
/// one try.
pub(crate) struct Turn {
    queue: Arc<Queue>,
    ticket: u64,
}

impl Turn {
    pub(crate) fn new(queue: Arc<Queue>) -> Self {
        let mut state = queue.lock();
        let ticket = state.line.join();
        state.waits += 1;
        drop(state);
        Self { queue, ticket }
    }

    pub(crate) fn queue(&self) -> &Arc<Queue> {
        &self.queue
    }

    pub(crate) fn ticket(&self) -> u64 {
        self.ticket
    }

    /// Ready when it is this one's turn and there is room for the first of `frames`, or when the queue is closed.
    pub(crate) fn poll_room(&self, context: &mut Context<'_>, frames: &Run) -> Poll<()> {
        let mut state = self.queue.lock();
        if state.is_closed() || self.queue.room(&state, frames, Some(self.ticket)) > 0 {
            return Poll::Ready(());
        }
        if let Some(waiting) = state.line.find(self.ticket).and_then(|index| state.line.waiting.get_mut(index)) {
            waiting.waker = Some(context.waker().clone());
        }
        Poll::Pending
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut state = self.queue.lock();
        let Some(index) = state.line.find(self.ticket) else { return };
        state.line.waiting.remove(index);
        let next = if index == 0 { state.line.wake_head() } else { None };
        drop(state);
        wake(next);
    }
}
