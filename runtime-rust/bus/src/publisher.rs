//! [`Publisher`]: writes messages of one type as frames and gives them to the subscribers.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use mycelium_wire::Message;
use mycelium_wire::shared::{Owned, SharedFrames};

use crate::Run;
use crate::deliver::deliver;
use crate::error::PublishError;
use crate::route::{Full, RouteView};

/// What a publisher writes frames into, and what a socket reader copies runs into: no queued frame keeps more than this
/// alive beside its own bytes.
pub const BLOCK_SIZE: usize = 4096;

/// Publishes messages of one type, in the order of the calls. Each clone is a publisher of its own.
///
/// Every method delivers to all subscribers or, when it fails or is cancelled, to none.
pub struct Publisher<M> {
    view: RouteView,
    name: Arc<str>,
    /// The room for the next frames; the last ones are in the same memory.
    block: BytesMut,
    message: PhantomData<fn(&M)>,
}

impl<M: Message> Publisher<M> {
    pub(crate) fn new(view: RouteView, name: Arc<str>) -> Self {
        Self { view, name, block: BytesMut::new(), message: PhantomData }
    }

    /// Publishes a copy of `message`, waiting while the queue of a blocking subscriber is full.
    ///
    /// Cancel-safe: when the future is dropped before it is ready, the message has reached nobody. A wait over three
    /// seconds is logged, with the names of both sides. Where there is room it does not yield: a loop that does nothing
    /// but publish calls `tokio::task::consume_budget` as well.
    #[inline]
    pub async fn publish(&mut self, message: &M) -> Result<(), PublishError> {
        match self.offer(message)? {
            None => Ok(()),
            Some(frame) => self.wait(frame, None).await,
        }
    }

    /// Publishes the message made from `args`, which is written in place.
    pub async fn publish_new(&mut self, args: &M::Args<'_>) -> Result<(), PublishError> {
        match self.offer_new(args)? {
            None => Ok(()),
            Some(frame) => self.wait(frame, None).await,
        }
    }

    /// Publishes a message that is in a buffer already, without a copy.
    pub async fn publish_owned(&mut self, message: Owned<M>) -> Result<(), PublishError> {
        match offer(&mut self.view, message.into())? {
            None => Ok(()),
            Some(frame) => self.wait(frame, None).await,
        }
    }

    /// [`Publisher::publish`] that waits for no longer than `timeout`.
    pub async fn publish_timeout(&mut self, message: &M, timeout: Duration) -> Result<(), PublishError> {
        match self.offer(message)? {
            None => Ok(()),
            Some(frame) => self.wait(frame, Some(timeout)).await,
        }
    }

    /// [`Publisher::publish`] without waiting.
    #[inline]
    pub fn try_publish(&mut self, message: &M) -> Result<(), PublishError> {
        let left = self.offer(message)?;
        self.refuse(left)
    }

    /// [`Publisher::publish_new`] without waiting.
    pub fn try_publish_new(&mut self, args: &M::Args<'_>) -> Result<(), PublishError> {
        let left = self.offer_new(args)?;
        self.refuse(left)
    }

    /// The name in logs.
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// How many queues the messages go to now.
    pub fn subscribers(&self) -> usize {
        self.view.route().subscribers()
    }

    /// Delivers, or gives back the frame that has to wait.
    #[inline(always)]
    fn offer(&mut self, message: &M) -> Result<Option<Unsent>, PublishError> {
        if self.view.targets()?.is_empty() {
            self.view.count(1);
            return Ok(None);
        }
        self.make_room();
        offer(&mut self.view, SharedFrames::from_message(&mut self.block, message))
    }

    #[inline]
    fn offer_new(&mut self, args: &M::Args<'_>) -> Result<Option<Unsent>, PublishError> {
        self.make_room();
        let frame = SharedFrames::encode::<M>(&mut self.block, args)?;
        offer(&mut self.view, frame)
    }

    /// Room for one frame: what is left of the block, or the block again if nobody has anything of it, or a new one.
    #[inline]
    fn make_room(&mut self) {
        let needed = mycelium_wire::frame::HEADER_SIZE + M::SIZE;
        if self.block.capacity() < needed && !self.block.try_reclaim(needed.max(BLOCK_SIZE)) {
            self.block = BytesMut::with_capacity(needed.max(BLOCK_SIZE));
        }
    }

    // On the heap, so that a publish that need not wait is a small future.
    fn wait(
        &mut self,
        unsent: Unsent,
        timeout: Option<Duration>,
    ) -> Pin<Box<dyn Future<Output = Result<(), PublishError>> + Send + '_>> {
        let Self { view, name, .. } = self;
        Box::pin(async move { deliver(view, &mut Some(unsent.frame), name, timeout).await })
    }

    #[inline]
    fn refuse(&self, left: Option<Unsent>) -> Result<(), PublishError> {
        match left {
            None => Ok(()),
            Some(unsent) => Err(PublishError::Full { subscriber: unsent.full }),
        }
    }
}

/// A frame that was not delivered, since a blocking queue is full.
struct Unsent {
    frame: Run,
    full: Arc<str>,
}

#[inline(always)]
fn offer(view: &mut RouteView, frame: Run) -> Result<Option<Unsent>, PublishError> {
    match view.targets()?.offer(frame, None, None) {
        Ok(()) => {
            view.count(1);
            Ok(None)
        }
        Err(Full { rest, queue }) => Ok(Some(Unsent { frame: rest, full: queue.name.clone() })),
    }
}

impl<M: Message> Clone for Publisher<M> {
    fn clone(&self) -> Self {
        Self::new(RouteView::new(self.view.route().clone()), self.name.clone())
    }
}

impl<M: Message> fmt::Debug for Publisher<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Publisher").field("message", &M::NAME).field("name", &self.name).finish()
    }
}
