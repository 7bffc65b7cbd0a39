//! [`ClientPublisher`].

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use mycelium_wire::Message;

use super::error::{ClientPublishError, UnknownMessage};
use super::link::{Shared, Verdict};
use super::stats::add;
use super::{Client, Owner, known};
use crate::{ForwardError, Frame, IngressConfig, Owned, PublishError, Publisher, UnknownTypes};

/// Publishes messages of one type to the bridge, in the order of the calls. Each clone is a publisher of its own.
///
/// A message is published when it is queued: it is written with others that are, at once when the connection is idle.
/// What becomes of it while there is no connection, [`ClientConfig::while_disconnected`] says.
///
/// [`ClientConfig::while_disconnected`]: super::ClientConfig::while_disconnected
pub struct ClientPublisher<M> {
    inner: Publisher<M>,
    owner: Arc<Owner>,
    /// What the verdict was made of.
    version: u64,
    verdict: Verdict,
}

impl<M: Message> ClientPublisher<M> {
    pub(super) fn new(owner: Arc<Owner>) -> Result<Self, UnknownMessage> {
        known::<M>(&owner.shared.config.types)?;
        let inner = owner.shared.outbound.publisher::<M>()?;
        Ok(Self { inner, owner, version: 0, verdict: Verdict::Queue })
    }

    /// Publishes a copy of `message`, waiting while the queue is full. Cancel-safe: when the future is dropped before
    /// it is ready, the message is not sent.
    #[inline]
    pub async fn publish(&mut self, message: &M) -> Result<(), ClientPublishError> {
        match self.judge()? {
            true => self.inner.publish(message).await.map_err(queue),
            false => Ok(()),
        }
    }

    /// Publishes the message made from `args`, which is written in place.
    pub async fn publish_new(&mut self, args: &M::Args<'_>) -> Result<(), ClientPublishError> {
        match self.judge()? {
            true => self.inner.publish_new(args).await.map_err(queue),
            false => Ok(()),
        }
    }

    /// Publishes a message that is in a buffer already, without a copy.
    pub async fn publish_owned(&mut self, message: Owned<M>) -> Result<(), ClientPublishError> {
        match self.judge()? {
            true => self.inner.publish_owned(message).await.map_err(queue),
            false => Ok(()),
        }
    }

    /// [`ClientPublisher::publish`] that waits for no longer than `timeout`.
    pub async fn publish_timeout(&mut self, message: &M, timeout: Duration) -> Result<(), ClientPublishError> {
        match self.judge()? {
            true => self.inner.publish_timeout(message, timeout).await.map_err(queue),
            false => Ok(()),
        }
    }

    /// [`ClientPublisher::publish`] without waiting.
    #[inline]
    pub fn try_publish(&mut self, message: &M) -> Result<(), ClientPublishError> {
        match self.judge()? {
            true => self.inner.try_publish(message).map_err(queue),
            false => Ok(()),
        }
    }

    /// [`heed`], of the verdict as it is now.
    #[inline]
    fn judge(&mut self) -> Result<bool, ClientPublishError> {
        let version = self.owner.shared.version();
        if version != self.version {
            self.version = version;
            self.verdict = self.owner.shared.verdict::<M>();
        }
        heed(&self.owner.shared, &self.verdict)
    }
}

/// Whether a message is queued; if not, it is counted.
#[inline]
fn heed(shared: &Shared, verdict: &Verdict) -> Result<bool, ClientPublishError> {
    match verdict {
        Verdict::Queue => Ok(true),
        Verdict::Drop => {
            add(&shared.counts.dropped, 1);
            Ok(false)
        }
        Verdict::Refuse(error) => {
            add(&shared.counts.refused, 1);
            Err(error.clone())
        }
    }
}

fn queue(error: PublishError) -> ClientPublishError {
    match error {
        PublishError::Closed => ClientPublishError::Closed,
        error => ClientPublishError::Queue(error),
    }
}

impl Client {
    /// Publishes a frame of a message that is known at run time only, as [`ClientPublisher::publish`] does. That its
    /// payload is one of that message is the caller's to see to.
    pub async fn publish_frame(&self, frame: Frame) -> Result<(), ClientPublishError> {
        let shared = &self.owner.shared;
        let type_id = frame.type_id();
        let info = shared.config.types.iter().find(|info| info.type_id == type_id);
        let info = info.ok_or(ClientPublishError::Unknown { type_id })?;
        if !heed(shared, &shared.verdict_of(type_id, info.name, frame.payload().len()))? {
            return Ok(());
        }
        let name = format!("frames for {}", shared.address);
        let config = IngressConfig { name, unknown_types: UnknownTypes::Forward, ..IngressConfig::default() };
        match shared.outbound.ingress(config).forward(frame.into_run()).await {
            Ok(_) => Ok(()),
            Err(ForwardError::Core(core)) => Err(ClientPublishError::Unknown { type_id: core.type_id }),
            Err(ForwardError::Publish(error)) => Err(queue(error)),
        }
    }
}

impl<M: Message> Clone for ClientPublisher<M> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            owner: Arc::clone(&self.owner),
            version: self.version,
            verdict: self.verdict.clone(),
        }
    }
}

impl<M: Message> fmt::Debug for ClientPublisher<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientPublisher").field("message", &M::NAME).field("client", &self.owner.shared).finish()
    }
}
