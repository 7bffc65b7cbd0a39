//! [`ClientSubscriber`] and [`ClientTap`].

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_core::Stream;
use mycelium_wire::Message;

use super::error::{SubscribeError, UnknownMessage};
use super::{Owner, known};
use crate::{CloseReason, Frame, Owned, QueueCounters, Subscriber, SubscriberConfig, Subscription, TryRecvError};

/// What one subscriber wants; dropped with it.
struct Interest {
    owner: Arc<Owner>,
    /// `None`: everything.
    type_id: Option<u16>,
}

impl Interest {
    /// Wants it, and waits until the bridge has confirmed.
    async fn new(owner: Arc<Owner>, type_id: Option<u16>) -> Result<Self, SubscribeError> {
        let version = {
            let mut wanted = owner.shared.wanted();
            let count = match type_id {
                Some(type_id) => wanted.types.entry(type_id).or_default(),
                None => &mut wanted.all,
            };
            *count += 1;
            if *count == 1 {
                wanted.version += 1;
            }
            wanted.version
        };
        // From here on, giving up takes it back.
        let interest = Self { owner, type_id };
        interest.owner.shared.changed.notify_one();
        interest.owner.shared.subscribed(version).await?;
        Ok(interest)
    }
}

impl Drop for Interest {
    fn drop(&mut self) {
        let mut wanted = self.owner.shared.wanted();
        match self.type_id {
            None => wanted.all -= 1,
            Some(type_id) => {
                if let Some(count) = wanted.types.get_mut(&type_id) {
                    *count -= 1;
                    if *count == 0 {
                        wanted.types.remove(&type_id);
                    }
                }
            }
        }
        drop(wanted);
        self.owner.shared.changed.notify_one();
    }
}

/// Receives messages of one type from the bridge. Dropping it ends its subscription, when it was the last of its type.
pub struct ClientSubscriber<M> {
    inner: Subscriber<M>,
    interest: Interest,
}

impl<M: Message> ClientSubscriber<M> {
    pub(super) async fn new(owner: Arc<Owner>, config: SubscriberConfig) -> Result<Self, SubscribeError> {
        known::<M>(&owner.shared.config.types)?;
        // Before the bridge is asked, so that nothing of what it sends finds no subscriber.
        let inner = owner.shared.inbound.subscriber_with::<M>(config).map_err(UnknownMessage::from)?;
        let interest = Interest::new(owner, Some(M::TYPE_ID)).await?;
        if !interest.owner.shared.shares(M::TYPE_ID) {
            return Err(SubscribeError::NotShared { name: M::NAME });
        }
        Ok(Self { inner, interest })
    }

    /// The next message; `None` when the client was closed, or gave up. Cancel-safe.
    #[inline]
    pub async fn recv(&mut self) -> Option<Owned<M>> {
        self.inner.recv().await
    }

    /// The next message, if one is queued.
    #[inline]
    pub fn try_recv(&mut self) -> Result<Owned<M>, TryRecvError> {
        self.inner.try_recv()
    }

    /// Why nothing will be queued any more, if that is so.
    pub fn close_reason(&self) -> Option<CloseReason> {
        self.inner.close_reason()
    }

    /// What became of the messages so far.
    pub fn counters(&self) -> QueueCounters {
        self.inner.counters()
    }
}

impl<M: Message> Stream for ClientSubscriber<M> {
    type Item = Owned<M>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Owned<M>>> {
        self.get_mut().inner.poll_recv(context)
    }
}

impl<M: Message> fmt::Debug for ClientSubscriber<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let client = &self.interest.owner.shared;
        f.debug_struct("ClientSubscriber").field("message", &M::NAME).field("client", client).finish()
    }
}

/// Receives frames of every type from the bridge.
pub struct ClientTap {
    inner: Subscription,
    interest: Interest,
}

impl ClientTap {
    pub(super) async fn new(owner: Arc<Owner>, config: SubscriberConfig) -> Result<Self, SubscribeError> {
        let inner = owner.shared.inbound.tap_with(config).map_err(UnknownMessage::from)?;
        Ok(Self { inner, interest: Interest::new(owner, None).await? })
    }

    /// The next frame; `None` when the client was closed, or gave up. Cancel-safe.
    pub async fn recv(&mut self) -> Option<Frame> {
        self.inner.recv().await
    }

    /// The next frame, if one is queued.
    pub fn try_recv(&mut self) -> Result<Frame, TryRecvError> {
        self.inner.try_recv()
    }

    /// What became of the frames so far.
    pub fn counters(&self) -> QueueCounters {
        self.inner.counters()
    }
}

impl Stream for ClientTap {
    type Item = Frame;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Frame>> {
        self.get_mut().inner.poll_recv(context)
    }
}

impl fmt::Debug for ClientTap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientTap").field("client", &self.interest.owner.shared).finish()
    }
}
