//! What a client's task shares with its publishers and subscribers.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mycelium_wire::Message;
use mycelium_wire::handshake::Differences;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::stats::{ClientCounters, Counts};
use super::{ClientConfig, ClientError, ClientPublishError, PublishWhileDisconnected, SubscribeError};
use crate::deadline;
use crate::ingress::IngressCounters;
use crate::queue::Queue;
use crate::task::Signal;
use crate::{MessageBus, OverflowPolicy};

/// How a client stands with its bridge.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ClientState {
    /// There was no connection yet.
    Connecting,
    /// There is one.
    Connected {
        /// What the bridge calls it.
        connection_id: u64,
        /// Whether the two sides' contracts differ, so that only messages flow that they have in common.
        shared: bool,
    },
    /// There was one, and the next is tried.
    Disconnected {
        /// Why the last connection, or attempt, ended.
        error: Arc<ClientError>,
        /// How long the client waits before it tries again.
        retry_in: Duration,
    },
    /// The client was closed.
    Closed,
    /// The client gave up.
    Failed(Arc<ClientError>),
}

/// What may be published now.
#[derive(Debug)]
enum Link {
    Down,
    Up {
        /// Types of the contract that the bridge does not share.
        unshared: Vec<u16>,
        max_payload: u32,
        /// Where the two contracts differ.
        differences: Option<Arc<Differences>>,
    },
    Closed,
    Failed(Arc<ClientError>),
}

/// What a publisher does with a message.
#[derive(Clone, Debug)]
pub(super) enum Verdict {
    Queue,
    Drop,
    Refuse(ClientPublishError),
}

/// What subscribers want.
#[derive(Clone, Debug, Default)]
pub(super) struct Wanted {
    /// Taps.
    pub(super) all: usize,
    /// Subscribers of each type.
    pub(super) types: BTreeMap<u16, usize>,
    /// Grows with everything that is added.
    pub(super) version: u64,
}

/// What a subscriber waits for.
#[derive(Clone, Copy, Debug, Default)]
struct Confirmed {
    /// The bridge has confirmed everything that was wanted up to this version, on this connection.
    version: Option<u64>,
    over: bool,
}

pub(super) struct Shared {
    pub(super) config: ClientConfig,
    pub(super) address: Arc<str>,
    /// From the connection to subscribers.
    pub(super) inbound: MessageBus,
    /// From publishers to the connection.
    pub(super) outbound: MessageBus,
    pub(super) queue: Arc<Queue>,
    pub(super) ingress: Arc<IngressCounters>,
    pub(super) counts: Counts,
    /// Something else is wanted than the task last knew, or the client is to be closed.
    pub(super) changed: Signal,
    pub(super) closing: CancellationToken,
    /// A subscriber's full queue holds up the connection.
    pub(super) held_up: AtomicBool,
    state: watch::Sender<ClientState>,
    /// Changes with `link`.
    version: AtomicU64,
    link: Mutex<Link>,
    wanted: Mutex<Wanted>,
    confirmed: watch::Sender<Confirmed>,
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("address", &self.address).field("state", &*self.state.borrow()).finish()
    }
}

impl Shared {
    pub(super) fn new(
        config: ClientConfig,
        address: Arc<str>,
        inbound: MessageBus,
        outbound: MessageBus,
        queue: Arc<Queue>,
    ) -> Self {
        Self {
            config,
            address,
            inbound,
            outbound,
            queue,
            ingress: Arc::default(),
            counts: Counts::default(),
            changed: Signal::default(),
            closing: CancellationToken::new(),
            held_up: AtomicBool::new(false),
            state: watch::Sender::new(ClientState::Connecting),
            version: AtomicU64::new(1),
            link: Mutex::new(Link::Down),
            wanted: Mutex::default(),
            confirmed: watch::Sender::default(),
        }
    }

    pub(super) fn state(&self) -> watch::Receiver<ClientState> {
        self.state.subscribe()
    }

    pub(super) fn enter(&self, state: ClientState) {
        self.state.send_replace(state);
    }

    /// Nothing more is published, and the task ends after what is queued.
    pub(super) fn begin_close(&self) {
        self.closing.cancel();
        self.set_link(|link| match link {
            Link::Failed(_) => {}
            _ => *link = Link::Closed,
        });
        self.outbound.close();
        self.inbound.close();
        self.changed.raise();
    }

    /// The task is over, whatever the reason.
    pub(super) fn end(&self, failed: Option<Arc<ClientError>>) {
        if let Some(error) = &failed {
            self.set_link(|link| *link = Link::Failed(Arc::clone(error)));
        }
        self.begin_close();
        self.confirmed.send_modify(|confirmed| confirmed.over = true);
        self.enter(failed.map_or(ClientState::Closed, ClientState::Failed));
    }

    pub(super) fn up(&self, unshared: Vec<u16>, max_payload: u32, differences: Option<Arc<Differences>>) {
        self.set_link(|link| {
            if matches!(link, Link::Down) {
                *link = Link::Up { unshared, max_payload, differences };
            }
        });
    }

    pub(super) fn down(&self) {
        self.set_link(|link| {
            if matches!(link, Link::Up { .. }) {
                *link = Link::Down;
            }
        });
        self.confirmed.send_modify(|confirmed| confirmed.version = None);
    }

    fn set_link(&self, change: impl FnOnce(&mut Link)) {
        change(&mut self.link());
        self.version.fetch_add(1, Ordering::Release);
    }

    fn link(&self) -> MutexGuard<'_, Link> {
        self.link.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn wanted(&self) -> MutexGuard<'_, Wanted> {
        self.wanted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes with what [`Shared::verdict`] says.
    #[inline]
    pub(super) fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }

    pub(super) fn verdict<M: Message>(&self) -> Verdict {
        self.verdict_of(M::TYPE_ID, M::NAME, M::SIZE)
    }

    pub(super) fn verdict_of(&self, type_id: u16, name: &'static str, size: usize) -> Verdict {
        match &*self.link() {
            Link::Up { unshared, .. } if unshared.binary_search(&type_id).is_ok() => {
                Verdict::Refuse(ClientPublishError::NotShared { name })
            }
            Link::Up { max_payload, .. } if size > *max_payload as usize => {
                Verdict::Refuse(ClientPublishError::TooLarge { name, size, limit: *max_payload })
            }
            Link::Up { .. } => Verdict::Queue,
            Link::Down => match self.config.while_disconnected {
                PublishWhileDisconnected::Buffer => Verdict::Queue,
                PublishWhileDisconnected::Drop => Verdict::Drop,
                PublishWhileDisconnected::Error => Verdict::Refuse(ClientPublishError::Disconnected),
            },
            Link::Closed => Verdict::Refuse(ClientPublishError::Closed),
            Link::Failed(error) => Verdict::Refuse(ClientPublishError::Failed(Arc::clone(error))),
        }
    }

    fn closed(&self) -> SubscribeError {
        match &*self.link() {
            Link::Failed(error) => SubscribeError::Failed(Arc::clone(error)),
            _ => SubscribeError::Closed,
        }
    }

    /// Everything up to this version is subscribed to.
    pub(super) fn confirm(&self, version: u64) {
        self.confirmed.send_modify(|confirmed| confirmed.version = Some(version));
    }

    /// Waits until what is wanted now is confirmed.
    pub(super) async fn subscribed(&self, version: u64) -> Result<(), SubscribeError> {
        let after = self.config.subscribe_deadline;
        let mut confirmed = self.confirmed.subscribe();
        let reached = confirmed.wait_for(|confirmed| confirmed.over || confirmed.version >= Some(version));
        match tokio::time::timeout_at(deadline::from_now(after), reached).await {
            Ok(Ok(confirmed)) if !confirmed.over => Ok(()),
            Ok(_) => Err(self.closed()),
            Err(_) => Err(SubscribeError::Unconfirmed { after, held_up_by: self.held_up_by() }),
        }
    }

    pub(super) fn shares(&self, type_id: u16) -> bool {
        !matches!(&*self.link(), Link::Up { unshared, .. } if unshared.binary_search(&type_id).is_ok())
    }

    pub(super) fn differences(&self) -> Option<Arc<Differences>> {
        match &*self.link() {
            Link::Up { differences, .. } => differences.clone(),
            _ => None,
        }
    }

    fn held_up_by(&self) -> Option<Arc<str>> {
        if !self.held_up.load(Ordering::Relaxed) {
            return None;
        }
        let blocking = self.inbound.stats().subscriptions.into_iter();
        let blocking = blocking.filter(|stats| stats.policy == OverflowPolicy::Block);
        blocking.max_by_key(|stats| stats.counters.queued_bytes).map(|stats| stats.name)
    }

    pub(super) fn counters(&self) -> ClientCounters {
        let mut counters = self.counts.read();
        counters.published = self.queue.counters().0.offered;
        let over = counters.sent + counters.lost + counters.withheld + counters.unsent;
        counters.queued = counters.published.saturating_sub(over);
        counters.received = self.ingress.frames();
        counters.received_bytes = self.ingress.bytes();
        counters.rejected += self.ingress.unknown() + self.ingress.rejected().values().sum::<u64>();
        counters
    }
}
