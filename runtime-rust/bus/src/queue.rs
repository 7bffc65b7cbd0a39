//! The bounded queue of one subscriber or socket client. Who it gets frames from is left to [`crate::route`].
//!
//! Everything is under one mutex, which is held for a few instructions and never over an await; wakers are called after
//! it was released.

mod line;
mod ring;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
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
    /// Nothing has happened since the receiver took all there was and left its waker. Changed under the lock alone.
    quiet: AtomicBool,
    /// Frames that the policy dropped. Changed under the lock alone.
    dropped: AtomicU64,
    state: Mutex<State>,
}

/// The one who takes from a [`Queue`]: what it has left there, unless that was used since.
#[derive(Default)]
pub(crate) struct Receiver {
    waker: Option<Waker>,
}

#[derive(Default)]
pub(crate) struct State {
    runs: Ring,
    frames: usize,
    bytes: usize,
    offered: u64,
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
            quiet: AtomicBool::new(false),
            dropped: AtomicU64::new(0),
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
            return self.push(state, frames);
        }
        let fits = frames.split_to(fitting);
        let rest = frames.count() as u64;
        state.offered += rest;
        self.drop_frames(rest);
        let waker = fits.and_then(|fits| self.push(state, fits));
        if self.policy == OverflowPolicy::Disconnect {
            state.closed = Some(CloseReason::Overflow);
            return waker.or_else(|| self.take_receiver(state));
        }
        waker
    }

    fn offer_dropping_oldest(&self, state: &mut State, mut frames: Run) -> Option<Waker> {
        let too_many = |frames: &Run| frames.count() > self.limits.frames || frames.len() > self.limits.bytes;
        while too_many(&frames) && frames.split_first().is_some() {
            state.offered += 1;
            self.drop_frames(1);
        }
        while state.frames + frames.count() > self.limits.frames || state.bytes + frames.len() > self.limits.bytes {
            if state.pop().is_none() {
                break;
            }
            self.drop_frames(1);
        }
        self.push(state, frames)
    }

    fn drop_frames(&self, frames: u64) {
        self.dropped.store(self.dropped() + frames, Ordering::Relaxed);
    }

    /// Frames that the policy dropped.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Appends; the waker is to be called after the lock was released.
    #[inline(always)]
    pub(crate) fn push(&self, state: &mut State, frames: Run) -> Option<Waker> {
        state.push(frames);
        self.take_receiver(state)
    }

    #[inline(always)]
    fn take_receiver(&self, state: &mut State) -> Option<Waker> {
        let receiver = state.receiver.take();
        if receiver.is_some() {
            self.quiet.store(false, Ordering::Release);
        }
        receiver
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
            None => {
                // Whoever calls this does not say who it is.
                self.quiet.store(false, Ordering::Release);
                state.wait(context).map(|()| None)
            }
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
    ///
    /// Where it takes all there is, it leaves the waker as well, so that looking again costs a load until something
    /// comes.
    pub(crate) fn poll_take(
        &self,
        receiver: &mut Receiver,
        context: &mut Context<'_>,
        out: &mut Vec<Run>,
        take: Take,
    ) -> Poll<usize> {
        let is_known = receiver.waker.as_ref().is_some_and(|waker| waker.will_wake(context.waker()));
        // What comes after this look takes the waker, and has the task look again.
        if is_known && self.quiet.load(Ordering::Acquire) {
            return Poll::Pending;
        }
        let mut state = self.lock();
        let frames = state.take(out, take);
        let next = if frames > 0 { state.line.wake_head() } else { None };
        if state.runs.is_empty() {
            if state.wait(context).is_pending() {
                self.quiet.store(true, Ordering::Release);
                if !is_known {
                    receiver.waker = Some(context.waker().clone());
                }
            } else if frames == 0 {
                return Poll::Ready(0);
            }
        }
        drop(state);
        wake(next);
        if frames > 0 { Poll::Ready(frames) } else { Poll::Pending }
    }

    /// Takes no more frames; those that are queued can still be received. The first reason stays.
    pub(crate) fn close(&self, reason: CloseReason) -> bool {
        let mut state = self.lock();
        if state.closed.is_some() {
            return false;
        }
        state.closed = Some(reason);
        let (receiver, watcher, waiting) =
            (self.take_receiver(&mut state), state.watcher.take(), state.line.wake_all());
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
        let (queued, dropped) = (state.frames as u64, self.dropped());
        let counters = QueueCounters {
            offered: state.offered,
            received: state.offered - dropped - state.discarded - queued,
            queued,
            queued_bytes: state.bytes as u64,
            dropped,
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

    #[inline(always)]
    fn push(&mut self, frames: Run) {
        self.frames += frames.count();
        self.bytes += frames.len();
        self.offered += frames.count() as u64;
        self.most = self.most.max(self.frames);
        self.runs.push_back(frames);
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

    #[inline]
    fn take(&mut self, out: &mut Vec<Run>, take: Take) -> usize {
        if self.runs.is_empty() {
            return 0;
        }
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

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::thread;

    use super::*;
    use crate::wakes::Wakes;

    fn run(number: u32) -> Run {
        let mut bytes = vec![200, 0, 4, 0, 0, 0];
        bytes.extend_from_slice(&number.to_le_bytes());
        Run::unchecked(bytes.into()).unwrap()
    }

    const ALL: Take = Take { runs: 64, bytes: usize::MAX };

    // Frames that a receiver is not woken for stay where they are.
    #[test]
    fn a_receiver_that_took_everything_is_woken_for_what_comes_next() {
        let queue = Queue::new(1, SubscriberConfig::default().policy(OverflowPolicy::DropOldest));
        let (one, other) = (Arc::<Wakes>::default(), Arc::<Wakes>::default());
        let (one_waker, other_waker) = (Waker::from(one.clone()), Waker::from(other.clone()));
        let (mut first, mut second) = (Context::from_waker(&one_waker), Context::from_waker(&other_waker));
        let wakes = || (one.0.load(Ordering::SeqCst), other.0.load(Ordering::SeqCst));
        let (mut receiver, mut out) = (Receiver::default(), Vec::new());
        queue.offer(run(1));
        // It has left its waker with the first look, and the second one finds nothing.
        assert_eq!(queue.poll_take(&mut receiver, &mut first, &mut out, ALL), Poll::Ready(1));
        assert_eq!(queue.poll_take(&mut receiver, &mut first, &mut out, ALL), Poll::Pending);
        queue.offer(run(2));
        queue.offer(run(3));
        assert_eq!(wakes(), (1, 0));
        // With some left it is not quiet.
        let one_run = Take { runs: 1, ..ALL };
        assert_eq!(queue.poll_take(&mut receiver, &mut first, &mut out, one_run), Poll::Ready(1));
        assert_eq!(queue.poll_take(&mut receiver, &mut first, &mut out, one_run), Poll::Ready(1));
        assert_eq!(queue.poll_take(&mut receiver, &mut first, &mut out, one_run), Poll::Pending);
        // Another task looks: in the same way, and in one that leaves no trace with the receiver.
        assert_eq!(queue.poll_take(&mut receiver, &mut second, &mut out, ALL), Poll::Pending);
        queue.offer(run(4));
        assert_eq!(wakes(), (1, 1));
        assert_eq!(queue.poll_take(&mut receiver, &mut first, &mut out, ALL), Poll::Ready(1));
        assert!(queue.poll_recv(&mut second).is_pending());
        assert_eq!(queue.poll_take(&mut receiver, &mut first, &mut out, ALL), Poll::Pending);
        queue.offer(run(5));
        assert_eq!(wakes(), (2, 1));
        assert_eq!(queue.poll_take(&mut receiver, &mut first, &mut out, ALL), Poll::Ready(1));
        assert!(queue.close(CloseReason::BusClosed));
        assert_eq!(wakes(), (3, 1));
        assert_eq!(queue.poll_take(&mut receiver, &mut first, &mut out, ALL), Poll::Ready(0));
        assert_eq!(out.len(), 5);
    }

    // The frame that comes just when the receiver looks is the one that a race would leave behind.
    #[test]
    fn no_frame_is_left_behind() {
        for _ in 0..50 {
            let queue = Arc::new(Queue::new(1, SubscriberConfig::default().policy(OverflowPolicy::DropNewest)));
            let publish = {
                let queue = queue.clone();
                thread::spawn(move || (0..500).for_each(|number| queue.offer(run(number))))
            };
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let (mut receiver, mut out) = (Receiver::default(), Vec::new());
            runtime.block_on(async {
                while out.len() < 500 {
                    poll_fn(|context| queue.poll_take(&mut receiver, context, &mut out, ALL)).await;
                }
            });
            publish.join().unwrap();
            assert!(out.iter().zip(0..).all(|(run, number): (&Run, u32)| run.payload() == number.to_le_bytes()));
        }
    }
}
