//! [`ClientSubscriber`] and [`ClientSubscription`].

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
    wants: Wants,
}

enum Wants {
    All,
    Types(Vec<u16>),
}

impl Interest {
    /// Wants it, and waits until the bridge has confirmed.
    async fn new(owner: Arc<Owner>, wants: Wants) -> Result<Self, SubscribeError> {
        let version = {
            let mut guard = owner.shared.wanted();
            let wanted = &mut *guard;
            let mut added = false;
            let mut add = |count: &mut usize| {
                *count += 1;
                added |= *count == 1;
            };
            match &wants {
                Wants::All => add(&mut wanted.all),
                Wants::Types(types) => {
                    types.iter().for_each(|type_id| add(wanted.types.entry(*type_id).or_default()));
                }
            }
            wanted.version += u64::from(added);
            wanted.version
        };
        // From here on, giving up takes it back.
        let interest = Self { owner, wants };
        interest.owner.shared.changed.raise();
        interest.owner.shared.subscribed(version).await?;
        Ok(interest)
    }
}

impl Drop for Interest {
    fn drop(&mut self) {
        let mut wanted = self.owner.shared.wanted();
        match &self.wants {
            Wants::All => wanted.all -= 1,
            Wants::Types(types) => {
                for type_id in types {
                    if let Some(count) = wanted.types.get_mut(type_id) {
                        *count -= 1;
                        if *count == 0 {
                            wanted.types.remove(type_id);
                        }
                    }
                }
            }
        }
        drop(wanted);
        self.owner.shared.changed.raise();
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
        let interest = Interest::new(owner, Wants::Types(vec![M::TYPE_ID])).await?;
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

/// Receives frames from the bridge, of the types of a topic, or of every type.
pub struct ClientSubscription {
    inner: Subscription,
    interest: Interest,
}

impl ClientSubscription {
    pub(super) async fn all(owner: Arc<Owner>, config: SubscriberConfig) -> Result<Self, SubscribeError> {
        let inner = owner.shared.inbound.tap_with(config).map_err(UnknownMessage::from)?;
        Ok(Self { inner, interest: Interest::new(owner, Wants::All).await? })
    }

    pub(super) async fn topic(
        owner: Arc<Owner>,
        topic: &str,
        mut config: SubscriberConfig,
    ) -> Result<Self, SubscribeError> {
        let infos = owner.shared.config.types.iter().filter(|info| info.topic == topic);
        let types: Vec<u16> = infos.map(|info| info.type_id).collect();
        if types.is_empty() {
            return Err(SubscribeError::NoSuchTopic { topic: topic.into() });
        }
        if config.name.is_empty() {
            config.name = topic.into();
        }
        Self::types(owner, types, config).await
    }

    pub(super) async fn types(
        owner: Arc<Owner>,
        types: Vec<u16>,
        config: SubscriberConfig,
    ) -> Result<Self, SubscribeError> {
        let inner = owner.shared.inbound.subscribe_types(&types, config).map_err(UnknownMessage::from)?;
        Ok(Self { inner, interest: Interest::new(owner, Wants::Types(types)).await? })
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

impl Stream for ClientSubscription {
    type Item = Frame;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Frame>> {
        self.get_mut().inner.poll_recv(context)
    }
}

impl fmt::Debug for ClientSubscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientSubscription").field("client", &self.interest.owner.shared).finish()
    }
}
