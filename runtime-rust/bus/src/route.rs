//! Who gets the frames of one message type, and how they are given to all of them at once.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::Waker;

use crate::counters::PublishCount;
use crate::error::PublishError;
use crate::queue::{Queue, Turn, wake};
use crate::{ConnectionId, OverflowPolicy, Run};

/// The version of a route whose bus was closed.
const CLOSED: u64 = u64::MAX;

/// One message type on a bus. Changed under the lock of the bus alone.
pub(crate) struct Route {
    pub(crate) type_id: u16,
    /// Changes with the targets, so that publishers know when to look.
    version: AtomicU64,
    targets: Mutex<Arc<Targets>>,
    counts: Mutex<Counts>,
    /// The message's name, where a source of frames knows it.
    name: OnceLock<Arc<str>>,
}

#[derive(Default)]
struct Counts {
    live: Vec<Arc<PublishCount>>,
    /// Of publishers that are gone.
    before: u64,
}

/// The queues of one type, in the order of their ids.
#[derive(Clone, Default)]
pub(crate) struct Targets {
    block: Vec<Arc<Queue>>,
    lossy: Vec<Arc<Queue>>,
}

impl Route {
    pub(crate) fn new(type_id: u16, queues: impl Iterator<Item = Arc<Queue>>) -> Self {
        let mut targets = Targets::default();
        queues.for_each(|queue| targets.add(queue));
        let (version, targets) = (AtomicU64::new(0), Mutex::new(Arc::new(targets)));
        Self { type_id, version, targets, counts: Mutex::default(), name: OnceLock::new() }
    }

    pub(crate) fn set_name(&self, name: &Arc<str>) {
        self.name.get_or_init(|| name.clone());
    }

    pub(crate) fn name(&self) -> Option<&Arc<str>> {
        self.name.get()
    }

    pub(crate) fn add(&self, queue: &Arc<Queue>) {
        self.change(|targets| targets.add(queue.clone()));
    }

    pub(crate) fn remove(&self, id: u64) {
        self.change(|targets| {
            targets.block.retain(|queue| queue.id != id);
            targets.lossy.retain(|queue| queue.id != id);
        });
    }

    pub(crate) fn contains(&self, queue: &Queue) -> bool {
        let targets = self.targets();
        targets.of(queue.policy).binary_search_by_key(&queue.id, |queue| queue.id).is_ok()
    }

    pub(crate) fn subscribers(&self) -> usize {
        let targets = self.targets();
        targets.block.len() + targets.lossy.len()
    }

    pub(crate) fn published(&self) -> u64 {
        let counts = self.counts();
        counts.before + counts.live.iter().map(|count| count.get()).sum::<u64>()
    }

    /// Publishers get an error from here on.
    pub(crate) fn close(&self) {
        let mut targets = self.targets();
        *targets = Arc::default();
        self.version.store(CLOSED, Ordering::Release);
    }

    fn change(&self, change: impl FnOnce(&mut Targets)) {
        let mut targets = self.targets();
        change(Arc::make_mut(&mut targets));
        let version = self.version.load(Ordering::Relaxed);
        if version != CLOSED {
            self.version.store(version + 1, Ordering::Release);
        }
    }

    fn targets(&self) -> MutexGuard<'_, Arc<Targets>> {
        self.targets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A publisher's own view of a route, which costs one load to keep current.
pub(crate) struct RouteView {
    route: Arc<Route>,
    version: u64,
    targets: Arc<Targets>,
    count: Arc<PublishCount>,
}

impl RouteView {
    pub(crate) fn new(route: Arc<Route>) -> Self {
        let count = Arc::<PublishCount>::default();
        route.counts().live.push(count.clone());
        let targets = route.targets();
        let (version, current) = (route.version.load(Ordering::Relaxed), targets.clone());
        drop(targets);
        Self { route, version, targets: current, count }
    }

    pub(crate) fn route(&self) -> &Arc<Route> {
        &self.route
    }

    /// The queues as they are now. A subscription that was made before this call is among them: its making changed the
    /// version before it returned.
    #[inline]
    pub(crate) fn targets(&mut self) -> Result<&Targets, PublishError> {
        let version = self.route.version.load(Ordering::Acquire);
        if version != self.version {
            self.refresh();
        }
        if self.version == CLOSED { Err(PublishError::Closed) } else { Ok(&self.targets) }
    }

    #[cold]
    fn refresh(&mut self) {
        let targets = self.route.targets();
        self.targets = targets.clone();
        self.version = self.route.version.load(Ordering::Relaxed);
    }

    #[inline]
    pub(crate) fn count(&self, frames: usize) {
        self.count.add(frames as u64);
    }
}

impl Drop for RouteView {
    fn drop(&mut self) {
        let mut counts = self.route.counts();
        counts.before += self.count.get();
        counts.live.retain(|count| !Arc::ptr_eq(count, &self.count));
    }
}

/// Frames that were not delivered yet, since a blocking queue is full.
pub(crate) struct Full<'a> {
    pub(crate) rest: Run,
    pub(crate) queue: &'a Arc<Queue>,
}

impl Targets {
    fn of(&self, policy: OverflowPolicy) -> &[Arc<Queue>] {
        if policy == OverflowPolicy::Block { &self.block } else { &self.lossy }
    }

    fn add(&mut self, queue: Arc<Queue>) {
        let queues = if queue.policy == OverflowPolicy::Block { &mut self.block } else { &mut self.lossy };
        if let Err(index) = queues.binary_search_by_key(&queue.id, |queue| queue.id) {
            queues.insert(index, queue);
        }
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.block.is_empty() && self.lossy.is_empty()
    }

    /// Gives frames to every queue but those of `origin`. When a blocking queue has not room for all of them, as many
    /// as every blocking queue has room for have gone to all queues, and the rest to none: with one frame it is all or
    /// nothing.
    #[inline(always)]
    pub(crate) fn offer(&self, frames: Run, origin: Option<ConnectionId>, turn: Option<&Turn>) -> Result<(), Full<'_>> {
        match (&self.block[..], &self.lossy[..]) {
            ([], []) => Ok(()),
            ([], lossy) => {
                offer_lossy(lossy, frames, origin);
                Ok(())
            }
            ([queue], []) => offer_one(queue, frames, origin, turn),
            _ => self.offer_all(frames, origin, turn),
        }
    }

    fn offer_all(&self, mut frames: Run, origin: Option<ConnectionId>, turn: Option<&Turn>) -> Result<(), Full<'_>> {
        // All blocking queues are locked together, in the order of their ids, so that the frames get into all of them or
        // into none, and two publishers never wait for each other's locks in a circle.
        let mut locked = Vec::with_capacity(self.block.len());
        let (mut fitting, mut full) = (frames.count(), None);
        for queue in self.block.iter().filter(|queue| !queue.is_origin(origin)) {
            let state = queue.lock();
            if state.is_closed() {
                continue;
            }
            let room = queue.room(&state, &frames, turn_in(queue, turn));
            if room == 0 {
                return Err(Full { rest: frames, queue });
            }
            if room < fitting {
                (fitting, full) = (room, Some(queue));
            }
            locked.push((queue, state));
        }
        let (piece, rest) = match frames.split_to(fitting) {
            Some(piece) => (piece, Some(frames)),
            None => (frames, None),
        };
        // No waker is called while anything is locked.
        let mut wakers = Vec::new();
        let last = if self.lossy.is_empty() { locked.pop() } else { None };
        for (queue, mut state) in locked {
            wakers.extend(queue.push(&mut state, piece.clone()));
        }
        match last {
            Some((queue, mut state)) => wakers.extend(queue.push(&mut state, piece)),
            None => offer_lossy(&self.lossy, piece, origin),
        }
        wakers.into_iter().for_each(Waker::wake);
        match (full, rest) {
            (Some(queue), Some(rest)) => Err(Full { rest, queue }),
            _ => Ok(()),
        }
    }
}

#[inline(always)]
fn offer_one<'a>(
    queue: &'a Arc<Queue>,
    mut frames: Run,
    origin: Option<ConnectionId>,
    turn: Option<&Turn>,
) -> Result<(), Full<'a>> {
    if queue.is_origin(origin) {
        return Ok(());
    }
    let mut state = queue.lock();
    if state.is_closed() {
        return Ok(());
    }
    let room = queue.room(&state, &frames, turn_in(queue, turn));
    if room >= frames.count() {
        let waker = queue.push(&mut state, frames);
        drop(state);
        wake(waker);
        return Ok(());
    }
    let waker = frames.split_to(room).and_then(|piece| queue.push(&mut state, piece));
    drop(state);
    wake(waker);
    Err(Full { rest: frames, queue })
}

fn offer_lossy(queues: &[Arc<Queue>], frames: Run, origin: Option<ConnectionId>) {
    if let Some((last, others)) = queues.split_last() {
        for queue in others.iter().filter(|queue| !queue.is_origin(origin)) {
            queue.offer(frames.clone());
        }
        if !last.is_origin(origin) {
            last.offer(frames);
        }
    }
}

/// The ticket, if the place in line is before this queue.
#[inline]
fn turn_in(queue: &Arc<Queue>, turn: Option<&Turn>) -> Option<u64> {
    turn.filter(|turn| Arc::ptr_eq(turn.queue(), queue)).map(Turn::ticket)
}
