//! [`Ingress`]: frames from outside, such as a socket, on their way to subscribers: checked by type, counted, logged.

use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::future::poll_fn;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use mycelium_wire::frame::FIRST_USER_TYPE_ID;

use crate::deliver::Delivery;
use crate::error::PublishError;
use crate::registry::{Registry, Rejection, TypeEntry};
use crate::route::RouteView;
use crate::{ConnectionId, MessageBus, Run};

/// What happens to a frame whose type nobody knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UnknownTypes {
    /// It is counted and not forwarded.
    #[default]
    Refuse,
    /// It is forwarded unchecked.
    Forward,
}

/// How frames from outside are treated.
#[derive(Clone, Debug, Default)]
pub struct IngressConfig {
    /// Names the source in logs.
    pub name: String,
    /// The connection they come from: they do not go back to it.
    pub origin: Option<ConnectionId>,
    /// The types that are known here; without it, those that the bus knows.
    pub registry: Option<Arc<Registry>>,
    /// What happens to the others.
    pub unknown_types: UnknownTypes,
    /// Where frames are counted, if not in counters of its own.
    pub counters: Arc<IngressCounters>,
}

/// What became of frames from outside; several sources may share it.
#[derive(Debug, Default)]
pub struct IngressCounters {
    frames: AtomicU64,
    bytes: AtomicU64,
    accepted: AtomicU64,
    unknown: AtomicU64,
    rejected: Mutex<BTreeMap<Cow<'static, str>, u64>>,
}

impl IngressCounters {
    /// Frames that came.
    pub fn frames(&self) -> u64 {
        self.frames.load(Ordering::Relaxed)
    }

    /// Bytes that came, headers included.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Frames that were right: they go to the subscribers.
    pub fn accepted(&self) -> u64 {
        self.accepted.load(Ordering::Relaxed)
    }

    /// Frames that were refused because nobody knows their type.
    pub fn unknown(&self) -> u64 {
        self.unknown.load(Ordering::Relaxed)
    }

    /// Frames that were rejected, by code, such as `utf8` or `rule:min`.
    pub fn rejected(&self) -> BTreeMap<Cow<'static, str>, u64> {
        self.rejected.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Frames have come.
    pub(crate) fn take(&self, count: usize, bytes: usize) {
        self.frames.fetch_add(count as u64, Ordering::Relaxed);
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    fn reject(&self, code: Cow<'static, str>) {
        let mut rejected = self.rejected.lock().unwrap_or_else(PoisonError::into_inner);
        *rejected.entry(code).or_default() += 1;
    }
}

/// A frame with one of the framework's own type ids, which no bus takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("type id {type_id} is the framework's own: ids 1 to 99 are not published")]
pub struct CoreFrame {
    /// The type id.
    pub type_id: u16,
}

/// Why frames from outside were not forwarded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ForwardError {
    /// They are the framework's own.
    #[error(transparent)]
    Core(#[from] CoreFrame),
    /// The bus does not take them.
    #[error(transparent)]
    Publish(#[from] PublishError),
}

/// The way in for one source. Push what was read, then flush: while it waits for room, do not read on.
pub struct Ingress {
    bus: MessageBus,
    config: IngressConfig,
    known: BTreeMap<u16, Known>,
    /// Of the bus's registry when `known` was filled.
    version: u64,
    pending: VecDeque<Run>,
    /// Of the first pending run, while it waits for room.
    delivery: Delivery,
    rejected: u64,
}

/// What is known of a type id.
struct Known {
    entry: Option<Arc<TypeEntry>>,
    view: Option<RouteView>,
}

impl Known {
    fn of(bus: &MessageBus, config: &IngressConfig, type_id: u16) -> Self {
        let entry = match &config.registry {
            Some(registry) => registry.get(type_id).cloned(),
            None => bus.entry(type_id),
        };
        Self { entry, view: None }
    }
}

/// How many rejected frames are logged, each on its own.
const LOGGED: u64 = 16;

/// How many types are remembered; more than that, and all are looked up again.
const REMEMBERED: usize = 1024;

impl Ingress {
    pub(crate) fn new(bus: MessageBus, config: IngressConfig) -> Self {
        let version = bus.registry_version();
        let (known, pending) = (BTreeMap::new(), VecDeque::new());
        Self { bus, config, known, version, pending, delivery: Delivery::default(), rejected: 0 }
    }

    /// Checks the frames of a run and keeps those that are right for [`Ingress::flush`]. A bad one is counted, logged
    /// with code and field (after some of them, not each), and left out. Gives how many were right.
    pub fn push(&mut self, run: Run) -> Result<usize, CoreFrame> {
        let type_id = run.type_id();
        if type_id < FIRST_USER_TYPE_ID {
            return Err(CoreFrame { type_id });
        }
        self.config.counters.take(run.count(), run.len());
        self.refresh();
        let known = self.known.entry(type_id).or_insert_with(|| Known::of(&self.bus, &self.config, type_id));
        let accepted = match &known.entry {
            Some(entry) => check(entry, run, &mut self.pending, |rejection| {
                reject(entry, &rejection, &self.config, &mut self.rejected);
            }),
            None if self.config.unknown_types == UnknownTypes::Forward => {
                let count = run.count();
                self.pending.push_back(run);
                count
            }
            None => {
                self.config.counters.unknown.fetch_add(run.count() as u64, Ordering::Relaxed);
                tracing::debug!(source = &*self.config.name, type_id, "frames of an unknown type are refused");
                0
            }
        };
        self.config.counters.accepted.fetch_add(accepted as u64, Ordering::Relaxed);
        Ok(accepted)
    }

    /// Counts frames as being of an unknown type.
    pub(crate) fn refuse(&self, count: usize, bytes: usize) {
        self.config.counters.take(count, bytes);
        self.config.counters.unknown.fetch_add(count as u64, Ordering::Relaxed);
    }

    /// Frames that were right and are not given to anybody yet.
    pub(crate) fn pending_frames(&self) -> u64 {
        self.pending.iter().map(|run| run.count() as u64).sum()
    }

    /// [`Ingress::flush`] without waiting: says whether everything was given.
    pub(crate) fn try_flush(&mut self) -> Result<bool, PublishError> {
        while let Some(type_id) = self.pending.front().map(Run::type_id) {
            // What cannot be given to anybody stays where it is counted.
            let view = view(&self.bus, &self.config, &mut self.known, type_id)?;
            let targets = view.targets()?;
            let Some(run) = self.pending.pop_front() else { break };
            let count = run.count();
            let rest = match targets.offer(run, self.config.origin, None) {
                Ok(()) => None,
                Err(full) => Some(full.rest),
            };
            view.count(count - rest.as_ref().map_or(0, Run::count));
            if let Some(rest) = rest {
                self.pending.push_front(rest);
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether there is something to flush.
    pub fn is_pending(&self) -> bool {
        !self.pending.is_empty()
    }

    /// Gives what was pushed to every subscriber but those of the same origin, waiting for room where that is their
    /// policy. Cancel-safe: what was not given to anybody yet is kept for the next call.
    pub async fn flush(&mut self) -> Result<(), PublishError> {
        let flushing = Flushing(self);
        poll_fn(|context| flushing.0.poll_flush(context)).await
    }

    /// [`Ingress::flush`] whose wait goes on from one poll to the next, whatever is done in between: how long it has
    /// lasted, and its place in the line, which others do not overtake. So it is polled until it is ready, or given up
    /// with [`Ingress::discard`] or by dropping this.
    pub(crate) fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<Result<(), PublishError>> {
        while let Some(type_id) = self.pending.front().map(Run::type_id) {
            // What cannot be given to anybody stays where it is counted.
            let view = view(&self.bus, &self.config, &mut self.known, type_id)?;
            let mut rest = self.pending.pop_front();
            let (origin, name) = (self.config.origin, &self.config.name);
            let polled = self.delivery.poll(context, view, &mut rest, origin, name);
            if let Some(rest) = rest {
                self.pending.push_front(rest);
            }
            ready!(polled)?;
        }
        Poll::Ready(Ok(()))
    }

    /// Lets go of what was pushed and not flushed, and says how many frames that was.
    pub fn discard(&mut self) -> u64 {
        self.delivery = Delivery::default();
        self.pending.drain(..).map(|run| run.count() as u64).sum()
    }

    /// [`Ingress::push`], then [`Ingress::flush`].
    pub async fn forward(&mut self, run: Run) -> Result<usize, ForwardError> {
        let accepted = self.push(run)?;
        self.flush().await?;
        Ok(accepted)
    }

    /// What became of the frames.
    pub fn counters(&self) -> &Arc<IngressCounters> {
        &self.config.counters
    }

    /// What is known is looked up again where it may be out of date, or there is too much of it.
    fn refresh(&mut self) {
        let version = self.bus.registry_version();
        if version != self.version || self.known.len() > REMEMBERED {
            self.version = version;
            self.forget();
        }
    }

    /// Looks up every type again, and lets go of those that nobody knows.
    fn forget(&mut self) {
        let known = std::mem::take(&mut self.known);
        let unknown: Vec<u16> = known
            .into_iter()
            .filter(|(_, known)| known.entry.is_none() && known.view.is_some())
            .map(|(type_id, _)| type_id)
            .collect();
        if !unknown.is_empty() {
            self.bus.forget_unknown(unknown.into_iter());
        }
    }
}

/// Keeps the frames of a run that are right, in their order, and says how many those are.
fn check(entry: &TypeEntry, mut run: Run, right: &mut VecDeque<Run>, mut reject: impl FnMut(Rejection)) -> usize {
    let mut accepted = 0;
    while let Err((index, rejection)) = entry.check_in_place(&mut run) {
        reject(rejection);
        if let Some(mut good) = run.split_to(index)
            && entry.check_in_place(&mut good).is_ok()
        {
            accepted += good.count();
            right.push_back(good);
        }
        // The bad one is the first now.
        if run.split_first().is_none() {
            return accepted;
        }
    }
    accepted += run.count();
    right.push_back(run);
    accepted
}

/// Counts, and logs the first ones and then ever fewer: a client of bad frames does not fill the log.
fn reject(entry: &TypeEntry, rejection: &Rejection, config: &IngressConfig, rejected: &mut u64) {
    config.counters.reject(rejection.code.clone());
    *rejected += 1;
    if *rejected > LOGGED && !rejected.is_power_of_two() {
        return;
    }
    tracing::warn!(
        source = &*config.name,
        message_type = &**entry.name(),
        type_id = entry.type_id(),
        code = &*rejection.code,
        path = rejection.path,
        rejected = *rejected,
        "a frame is no message of its type, and not forwarded",
    );
}

fn view<'a>(
    bus: &MessageBus,
    config: &IngressConfig,
    known: &'a mut BTreeMap<u16, Known>,
    type_id: u16,
) -> Result<&'a mut RouteView, PublishError> {
    let known = known.entry(type_id).or_insert_with(|| Known::of(bus, config, type_id));
    match &mut known.view {
        Some(view) => Ok(view),
        none => Ok(none.insert(bus.view(type_id, known.entry.as_deref()).map_err(|_| PublishError::Closed)?)),
    }
}

/// Gives up the place in the line when waiting is cancelled.
struct Flushing<'a>(&'a mut Ingress);

impl Drop for Flushing<'_> {
    fn drop(&mut self) {
        self.0.delivery = Delivery::default();
    }
}

impl Drop for Ingress {
    fn drop(&mut self) {
        self.forget();
    }
}

impl fmt::Debug for Ingress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ingress").field("config", &self.config).field("pending", &self.pending.len()).finish()
    }
}
