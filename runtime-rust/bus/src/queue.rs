//! The bounded queue of one subscriber or socket client. Who it gets frames from is left to [`crate::route`].
//!
//! Everything is under one mutex, which is held for a few instructions and never over an await; wakers are called after
//! it was released.

mod line;
mod ring;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use tokio::task::coop::poll_proceed;

use crate::counters::QueueCounters;
use crate::error::{CloseReason, TryRecvError};
use crate::policy::{OverflowPolicy, QueueLimits, SubscriberConfig};
use crate::{ConnectionId, Run};

use line::Line;
pub(crate) use line::Turn;
use ring::Ring;

/// How much of a queue is taken at once, to be written to a socket, say.
#[derive(Clone, Copy, Debug)]
pub struct Take {
    /// The most runs.
    pub runs: usize,
    /// After so many bytes no further run is taken; at least one is.
    pub bytes: usize,
}

pub(crate) struct Queue {
    /// Ascending in the order in which queues are made: the order in which several are locked.
    pub(crate) id: u64,
    pub(crate) name: Arc<str>,
    pub(crate) policy: OverflowPolicy,
    pub(crate) stall_limit: Option<Duration>,
    pub(crate) origin: Option<ConnectionId>,
    limits: QueueLimits,
    state: Mutex<State>,
}

#[derive(Default)]
pub(crate) struct State {
    runs: Ring,
    frames: usize,
    bytes: usize,
    offered: u64,
    dropped: u64,
    discarded: u64,
    waits: u64,
    most: usize,
    closed: Option<CloseReason>,
    receiver: Option<Waker>,
    /// Of a receiver that has its hands full, and wants to know no more than whether the queue is closed.
    watcher: Option<Waker>,
    line: Line,
}

impl Queue {
    pub(crate) fn new(id: u64, config: SubscriberConfig) -> Self {
        let limits = QueueLimits { frames: config.limits.frames.max(1), bytes: config.limits.bytes };
        Self {
            id,
            name: config.name.into(),
            policy: config.policy,
            stall_limit: config.stall_limit,
            origin: config.origin,
            limits,
            state: Mutex::default(),
        }
    }

    /// Whether frames from `origin` stay away from this queue.
    #[inline]
    pub(crate) fn is_origin(&self, origin: Option<ConnectionId>) -> bool {
        self.origin.is_some() && self.origin == origin
    }

    // A panic while it is locked could only come from an allocation; the state is whole at every point anyway.
    #[inline]
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many of `frames` a blocking queue takes now. `turn` is the caller's place in the line, if it has one: others
    /// do not overtake the line.
    #[inline]
    pub(crate) fn room(&self, state: &State, frames: &Run, turn: Option<u64>) -> usize {
        if state.line.head().is_some_and(|head| Some(head) != turn) {
            return 0;
        }
        self.fit(state, frames)
    }

    #[inline]
    fn fit(&self, state: &State, frames: &Run) -> usize {
        let count = self.limits.frames.saturating_sub(state.frames);
        let bytes = self.limits.bytes.saturating_sub(state.bytes);
        if frames.count() <= count && frames.len() <= bytes {
            return frames.count();
        }
        let least = usize::from(state.runs.is_empty());
        let fitting = frames.lengths().take(count).scan(0, |sum, length| {
            *sum += length;
            Some(*sum)
        });
        fitting.take_while(|sum| *sum <= bytes).count().max(least)
    }

    /// Gives frames to a queue that is not blocking, under its policy.
    pub(crate) fn offer(&self, frames: Run) {
        let mut state = self.lock();
        if state.closed.is_some() {
            return;
        }
        let waker = match self.policy {
            OverflowPolicy::DropOldest => self.offer_dropping_oldest(&mut state, frames),
            OverflowPolicy::Block | OverflowPolicy::DropNewest | OverflowPolicy::Disconnect => {
                self.offer_dropping_newest(&mut state, frames)
            }
        };
        let watcher = if state.closed.is_some() { state.watcher.take() } else { None };
        drop(state);
        wake(waker);
        wake(watcher);
    }

    fn offer_dropping_newest(&self, state: &mut State, mut frames: Run) -> Option<Waker> {
        let fitting = self.fit(state, &frames);
        if fitting >= frames.count() {
            return state.push(frames);
        }
        let fits = frames.split_to(fitting);
        let rest = frames.count() as u64;
        state.offered += rest;
        state.dropped += rest;
        let waker = fits.and_then(|fits| state.push(fits));
        if self.policy == OverflowPolicy::Disconnect {
            state.closed = Some(CloseReason::Overflow);
            return waker.or_else(|| state.receiver.take());
        }
        waker
    }

    fn offer_dropping_oldest(&self, state: &mut State, mut frames: Run) -> Option<Waker> {
        let too_many = |frames: &Run| frames.count() > self.limits.frames || frames.len() > self.limits.bytes;
        while too_many(&frames) && frames.split_first().is_some() {
            state.offered += 1;
            state.dropped += 1;
        }
        while state.frames + frames.count() > self.limits.frames || state.bytes + frames.len() > self.limits.bytes {
            if state.pop().is_none() {
                break;
            }
            state.dropped += 1;
        }
        state.push(frames)
    }

    /// The first frame.
    #[inline]
    pub(crate) fn try_recv(&self) -> Result<Run, TryRecvError> {
        let mut state = self.lock();
        match state.pop() {
            Some(frame) => {
                let next = state.line.wake_head();
                drop(state);
                wake(next);
                Ok(frame)
            }
            None => Err(state.closed.map_or(TryRecvError::Empty, TryRecvError::Closed)),
        }
    }

    /// The first frame, when there is one; `None` at the end.
    #[inline(always)]
    pub(crate) fn poll_recv(&self, context: &mut Context<'_>) -> Poll<Option<Run>> {
        // A task that always finds something gives others a turn now and then, as with tokio's own channels.
        let budget = ready!(poll_proceed(context));
        let mut state = self.lock();
        match state.pop() {
            Some(frame) => {
                let next = state.line.wake_head();
                drop(state);
                wake(next);
                budget.made_progress();
                Poll::Ready(Some(frame))
            }
            None => state.wait(context).map(|()| None),
        }
    }

    /// Appends the first runs to `out` and says how many frames they have; when there are none, `Empty` or `Closed`.
    pub(crate) fn try_take(&self, out: &mut Vec<Run>, take: Take) -> Result<usize, TryRecvError> {
        let mut state = self.lock();
        match state.take(out, take) {
            0 => Err(state.closed.map_or(TryRecvError::Empty, TryRecvError::Closed)),
            frames => {
                let next = state.line.wake_head();
                drop(state);
                wake(next);
                Ok(frames)
            }
        }
    }

    /// [`Queue::try_take`] that waits; 0 at the end. What follows, a write to a socket, say, is what gives others a turn.
    pub(crate) fn poll_take(&self, context: &mut Context<'_>, out: &mut Vec<Run>, take: Take) -> Poll<usize> {
        let mut state = self.lock();
        match state.take(out, take) {
            0 => state.wait(context).map(|()| 0),
            frames => {
                let next = state.line.wake_head();
                drop(state);
                wake(next);
                Poll::Ready(frames)
            }
        }
    }

    /// Takes no more frames; those that are queued can still be received. The first reason stays.
    pub(crate) fn close(&self, reason: CloseReason) -> bool {
        let mut state = self.lock();
        if state.closed.is_some() {
            return false;
        }
        state.closed = Some(reason);
        let (receiver, watcher, waiting) = (state.receiver.take(), state.watcher.take(), state.line.wake_all());
        drop(state);
        wake(receiver);
        wake(watcher);
        waiting.into_iter().for_each(Waker::wake);
        true
    }

    /// Ready when the queue is closed, whether or not something is queued.
    pub(crate) fn poll_closed(&self, context: &mut Context<'_>) -> Poll<CloseReason> {
        let mut state = self.lock();
        if let Some(reason) = state.closed {
            return Poll::Ready(reason);
        }
        match &mut state.watcher {
            Some(waker) => waker.clone_from(context.waker()),
            none => *none = Some(context.waker().clone()),
        }
        Poll::Pending
    }

    /// Lets go of what is queued, when nobody receives any more, and says how many frames that were.
    pub(crate) fn discard(&self) -> u64 {
        let mut state = self.lock();
        let runs = std::mem::take(&mut state.runs);
        let frames = std::mem::take(&mut state.frames) as u64;
        state.bytes = 0;
        state.discarded += frames;
        drop(state);
        drop(runs);
        frames
    }

    pub(crate) fn counters(&self) -> (QueueCounters, Option<CloseReason>) {
        let state = self.lock();
        let queued = state.frames as u64;
        let counters = QueueCounters {
            offered: state.offered,
            received: state.received(),
            queued,
            queued_bytes: state.bytes as u64,
            dropped: state.dropped,
            discarded: state.discarded,
            most_queued: state.most as u64,
            waits: state.waits,
        };
        (counters, state.closed)
    }
}

impl State {
    pub(crate) fn is_closed(&self) -> bool {
        self.closed.is_some()
    }

    /// Frames that were taken by the receiver: those that were offered and are nowhere else.
    pub(crate) fn received(&self) -> u64 {
        self.offered - self.dropped - self.discarded - self.frames as u64
    }

    /// Appends; the waker is to be called after the lock was released.
    #[inline(always)]
    pub(crate) fn push(&mut self, frames: Run) -> Option<Waker> {
        self.frames += frames.count();
        self.bytes += frames.len();
        self.offered += frames.count() as u64;
        self.most = self.most.max(self.frames);
        self.runs.push_back(frames);
        self.receiver.take()
    }

    #[inline(always)]
    fn pop(&mut self) -> Option<Run> {
        let front = self.runs.front_mut()?;
        let frame = match front.split_first() {
            Some(first) => first,
            None => self.runs.pop_front()?,
        };
        self.frames -= 1;
        self.bytes -= frame.len();
        Some(frame)
    }

    fn take(&mut self, out: &mut Vec<Run>, take: Take) -> usize {
        let (before, mut bytes, mut runs) = (self.frames, 0, 0);
        while runs < take.runs && bytes < take.bytes {
            let Some(run) = self.runs.pop_front() else { break };
            bytes += run.len();
            runs += 1;
            self.frames -= run.count();
            out.push(run);
        }
        self.bytes -= bytes;
        before - self.frames
    }

    /// Ready when nothing will come any more.
    #[inline(never)]
    fn wait(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if self.closed.is_some() {
            return Poll::Ready(());
        }
        match &mut self.receiver {
            Some(waker) => waker.clone_from(context.waker()),
            none => *none = Some(context.waker().clone()),
        }
        Poll::Pending
    }
}

#[inline]
pub(crate) fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}
