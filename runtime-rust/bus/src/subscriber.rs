//! [`Subscriber`]: messages of one type, as references into the frames that were published.

use std::fmt;
use std::future::poll_fn;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use mycelium_wire::shared::Owned;
use mycelium_wire::{DecodeError, Message};

use crate::counters::QueueCounters;
use crate::error::{CloseReason, TryRecvError};
use crate::{Run, Subscription};

/// Receives messages of one type, in publish order for each publisher. Dropping it frees its place.
pub struct Subscriber<M> {
    subscription: Subscription,
    /// Frames that were no messages of type `M`.
    rejected: u64,
    message: PhantomData<fn() -> M>,
}

impl<M: Message> Subscriber<M> {
    pub(crate) fn new(subscription: Subscription) -> Self {
        Self { subscription, rejected: 0, message: PhantomData }
    }

    /// The next message; `None` at the end, of which [`Subscriber::close_reason`] tells the cause. Cancel-safe.
    #[inline]
    pub async fn recv(&mut self) -> Option<Owned<M>> {
        poll_fn(|context| self.poll_recv(context)).await
    }

    /// The next message, if one is queued.
    #[inline]
    pub fn try_recv(&mut self) -> Result<Owned<M>, TryRecvError> {
        loop {
            let run = self.subscription.queue().try_recv()?;
            if let Some(message) = self.message(run) {
                return Ok(message);
            }
        }
    }

    /// [`Subscriber::recv`] for a future of one's own.
    #[inline]
    pub fn poll_recv(&mut self, context: &mut Context<'_>) -> Poll<Option<Owned<M>>> {
        loop {
            match ready!(self.subscription.queue().poll_recv(context)) {
                None => return Poll::Ready(None),
                Some(run) => {
                    if let Some(message) = self.message(run) {
                        return Poll::Ready(Some(message));
                    }
                }
            }
        }
    }

    /// Why nothing will be queued any more, if that is so.
    pub fn close_reason(&self) -> Option<CloseReason> {
        self.subscription.close_reason()
    }

    /// The name in logs and statistics.
    pub fn name(&self) -> &Arc<str> {
        self.subscription.name()
    }

    /// What became of the frames so far.
    pub fn counters(&self) -> QueueCounters {
        self.subscription.counters()
    }

    /// Frames that were received and are no messages of type `M`. Those of a type that the bus knows are checked before
    /// they get here.
    pub fn rejected(&self) -> u64 {
        self.rejected
    }

    #[inline]
    fn message(&mut self, run: Run) -> Option<Owned<M>> {
        match run.downcast() {
            Ok(message) => Some(message),
            Err(error) => {
                self.reject(&error);
                None
            }
        }
    }

    #[cold]
    fn reject(&mut self, error: &DecodeError) {
        self.rejected += 1;
        tracing::warn!(
            subscriber = &**self.name(),
            message_type = M::NAME,
            code = %error.code(),
            path = error.path(),
            "a frame is no message of its type",
        );
    }
}

impl<M: Message> Stream for Subscriber<M> {
    type Item = Owned<M>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Owned<M>>> {
        self.get_mut().poll_recv(context)
    }
}

impl<M: Message> fmt::Debug for Subscriber<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscriber").field("message", &M::NAME).field("subscription", &self.subscription).finish()
    }
}
