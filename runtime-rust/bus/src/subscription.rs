//! [`Subscription`]: a queue of frames of any types, for topics, taps and socket clients.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_core::Stream;

use crate::counters::QueueCounters;
use crate::error::{CloseReason, TryRecvError};
use crate::queue::{Queue, Receiver, Take};
use crate::{Frame, MessageBus, OverflowPolicy, Run};

/// Receives frames of the types it was subscribed to. Dropping it frees its place: publishers that wait for it go on.
pub struct Subscription {
    bus: MessageBus,
    queue: Arc<Queue>,
    receiver: Receiver,
}

impl Subscription {
    pub(crate) fn new(bus: MessageBus, queue: Arc<Queue>) -> Self {
        Self { bus, queue, receiver: Receiver::default() }
    }

    /// Adds types. What is published after this returned is received. Gives how many types are subscribed by id now.
    pub fn add_types(&self, type_ids: &[u16]) -> usize {
        self.bus.change_types(&self.queue, type_ids, |interest, type_id| {
            interest.types.insert(type_id);
        })
    }

    /// Takes types away; those in a subscribed topic stay. Gives how many types are subscribed by id now.
    pub fn remove_types(&self, type_ids: &[u16]) -> usize {
        self.bus.change_types(&self.queue, type_ids, |interest, type_id| {
            interest.types.remove(&type_id);
        })
    }

    /// Adds every type with this topic, now and later.
    pub fn add_topic(&self, topic: &str) {
        self.bus.change_interest(&self.queue, |interest| {
            interest.topics.insert(topic.into());
        });
    }

    /// Adds every type, now and later.
    pub fn add_all(&self) {
        self.bus.change_interest(&self.queue, |interest| {
            interest.all = true;
            interest.except.clear();
        });
    }

    /// Replaces everything by these types, or by all others.
    pub(crate) fn set_types(&self, all: bool, listed: impl Iterator<Item = u16>) {
        let listed = listed.collect();
        self.bus.change_interest(&self.queue, |interest| {
            *interest = Default::default();
            interest.all = all;
            *(if all { &mut interest.except } else { &mut interest.types }) = listed;
        });
    }

    /// Wants some types, or does not, whether or not all others are wanted, as [`Subscription::set_types`] has it.
    pub(crate) fn set_each(&self, type_ids: &[u16], wanted: impl Fn(u16) -> bool) {
        self.bus.change_types(&self.queue, type_ids, |interest, type_id| {
            let listed = if interest.all { &mut interest.except } else { &mut interest.types };
            if wanted(type_id) != interest.all {
                listed.insert(type_id);
            } else {
                listed.remove(&type_id);
            }
        });
    }

    /// Ready when nothing will be queued any more, whatever is queued.
    pub(crate) fn poll_closed(&self, context: &mut Context<'_>) -> Poll<CloseReason> {
        self.queue.poll_closed(context)
    }

    /// Takes everything away, types, topics and [`Subscription::add_all`]. What is queued stays.
    pub fn clear(&self) {
        self.bus.change_interest(&self.queue, |interest| *interest = Default::default());
    }

    /// The next frame; `None` at the end, of which [`Subscription::close_reason`] tells the cause. Cancel-safe.
    pub async fn recv(&mut self) -> Option<Frame> {
        poll_fn(|context| self.poll_recv(context)).await
    }

    /// The next frame, if one is queued.
    pub fn try_recv(&mut self) -> Result<Frame, TryRecvError> {
        self.queue.try_recv().map(Frame::first_of)
    }

    /// [`Subscription::recv`] for a future of one's own.
    pub fn poll_recv(&mut self, context: &mut Context<'_>) -> Poll<Option<Frame>> {
        self.queue.poll_recv(context).map(|run| run.map(Frame::first_of))
    }

    /// Appends queued runs to `out`, waiting for the first; gives how many frames they have, 0 at the end. Cancel-safe.
    pub async fn recv_runs(&mut self, out: &mut Vec<Run>, take: Take) -> usize {
        poll_fn(|context| self.poll_recv_runs(context, out, take)).await
    }

    /// Appends queued runs to `out`, if there are any, and gives how many frames they have.
    pub fn try_recv_runs(&mut self, out: &mut Vec<Run>, take: Take) -> Result<usize, TryRecvError> {
        self.queue.try_take(out, take)
    }

    /// [`Subscription::recv_runs`] for a future of one's own.
    pub fn poll_recv_runs(&mut self, context: &mut Context<'_>, out: &mut Vec<Run>, take: Take) -> Poll<usize> {
        self.queue.poll_take(&mut self.receiver, context, out, take)
    }

    /// Takes no more frames. Those that are queued can still be received.
    pub fn close(&mut self) {
        self.bus.change_interest(&self.queue, |interest| *interest = Default::default());
        self.queue.close(CloseReason::Unsubscribed);
    }

    /// Drops the subscription and gives how many frames were queued.
    pub fn discard(self) -> u64 {
        self.bus.unsubscribe(&self.queue)
    }

    /// Why nothing will be queued any more, if that is so.
    pub fn close_reason(&self) -> Option<CloseReason> {
        self.queue.counters().1
    }

    /// The name in logs and statistics.
    pub fn name(&self) -> &Arc<str> {
        &self.queue.name
    }

    /// What happens when the queue is full.
    pub fn policy(&self) -> OverflowPolicy {
        self.queue.policy
    }

    /// What became of the frames so far.
    pub fn counters(&self) -> QueueCounters {
        self.queue.counters().0
    }

    /// Frames that the policy dropped.
    pub(crate) fn dropped(&self) -> u64 {
        self.queue.dropped()
    }

    pub(crate) fn queue(&self) -> &Arc<Queue> {
        &self.queue
    }
}

impl Stream for Subscription {
    type Item = Frame;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Frame>> {
        self.get_mut().poll_recv(context)
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.bus.unsubscribe(&self.queue);
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription")
            .field("name", self.name())
            .field("policy", &self.policy())
            .field("counters", &self.counters())
            .finish()
    }
}
