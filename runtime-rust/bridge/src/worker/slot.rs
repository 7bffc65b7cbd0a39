//! What is known of one worker, by its supervisor, its connections and its bridge: [`Slot`].

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mycelium_bus::{ConnectionHandle, ConnectionId};
use mycelium_wire::core_messages::GoodbyeReason;
use tokio::sync::{Notify, broadcast, watch};
use tokio::time::Instant;

use super::config::WorkerConfig;
use super::output::Room;
use super::state::{Transition, WorkerExit, WorkerState, WorkerStatus};
use crate::metrics::{WORKER_FAILED, WORKER_LAUNCHES, WORKER_READY, WORKER_RESTARTS, restarts, worker};

/// The secret of a launch.
pub(crate) type Token = [u8; 16];

/// One worker.
pub(crate) struct Slot {
    pub(crate) bridge: Arc<str>,
    pub(crate) config: WorkerConfig,
    /// What its output waits for.
    pub(super) room: Option<Arc<Room>>,
    status: Mutex<Known>,
    /// Told with every change of the state, the process or the connections.
    changes: watch::Sender<u64>,
    transitions: broadcast::Sender<Transition>,
    /// The connections of the launch that there is.
    pub(super) link: watch::Sender<Link>,
    /// Somebody asks for a restart.
    pub(super) restart: Notify,
    lines: AtomicU64,
    cut: AtomicU64,
}

struct Known {
    status: WorkerStatus,
    launched: Option<Instant>,
}

/// The connections of a launch.
#[derive(Default)]
pub(super) struct Link {
    /// `None` while there is no launch: nobody is let in.
    token: Option<Token>,
    connections: BTreeMap<ConnectionId, ConnectionHandle>,
    /// Heartbeats are not answered on one of the connections.
    pub(super) hangs: bool,
}

impl Link {
    pub(super) fn is_connected(&self) -> bool {
        !self.connections.is_empty()
    }

    fn is_token(&self, token: &Token) -> bool {
        // In the same time for every token, so that none can be found out digit by digit.
        self.token.is_some_and(|own| own.iter().zip(token).fold(0, |differs, (a, b)| differs | (a ^ b)) == 0)
    }

    fn close(&self, reason: GoodbyeReason, detail: &str) {
        self.connections.values().for_each(|connection| connection.close(reason, detail));
    }
}

impl Slot {
    pub(crate) fn new(
        bridge: Arc<str>,
        config: WorkerConfig,
        room: Option<Arc<Room>>,
        changes: watch::Sender<u64>,
        transitions: broadcast::Sender<Transition>,
    ) -> Self {
        let status = Mutex::new(Known { status: WorkerStatus::new(config.id.clone()), launched: None });
        let (link, restart) = (watch::Sender::default(), Notify::new());
        let [lines, cut] = Default::default();
        let slot = Self { bridge, config, room, status, changes, transitions, link, restart, lines, cut };
        slot.measure(WorkerState::Starting);
        slot
    }

    pub(crate) fn id(&self) -> &str {
        &self.config.id
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn status(&self) -> WorkerStatus {
        self.complete(&self.known())
    }

    pub(crate) fn state(&self) -> WorkerState {
        self.known().status.state
    }

    fn complete(&self, known: &Known) -> WorkerStatus {
        let mut status = known.status.clone();
        status.uptime = known.launched.map(|launched| launched.elapsed());
        status.connections = self.link.borrow().connections.len();
        status.output_lines = self.lines.load(Ordering::Relaxed);
        status.output_cut = self.cut.load(Ordering::Relaxed);
        status
    }

    pub(super) fn enter(&self, state: WorkerState) {
        self.enter_with(state, |_| ());
    }

    /// Changes the state and what goes with it.
    fn enter_with(&self, state: WorkerState, change: impl FnOnce(&mut Known)) {
        let mut known = self.known();
        let from = std::mem::replace(&mut known.status.state, state);
        change(&mut known);
        if from != state {
            // While the status is locked, so that transitions are told in their order.
            let _ = self.transitions.send(Transition { from, status: self.complete(&known) });
        }
        drop(known);
        self.measure(state);
        self.changed();
        tracing::debug!(bridge = &*self.bridge, worker = self.id(), %from, %state, "a worker's state");
    }

    fn changed(&self) {
        self.changes.send_modify(|changes| *changes += 1);
    }

    fn measure(&self, state: WorkerState) {
        let gauge = |on: bool| f64::from(u8::from(on));
        worker(WORKER_READY, self).set(gauge(state == WorkerState::Ready));
        worker(WORKER_FAILED, self).set(gauge(state == WorkerState::Failed));
    }

    /// A launch begins: which one it is.
    pub(super) fn launching(&self) -> u64 {
        let mut launch = 0;
        self.enter_with(WorkerState::Starting, |known| {
            if let Some(exit) = &known.status.last_exit {
                let reason = exit.reason.name();
                *known.status.restarts.entry(reason).or_default() += 1;
                restarts(WORKER_RESTARTS, self, reason).increment(1);
            }
            known.status.launches += 1;
            launch = known.status.launches;
        });
        crate::metrics::launches(WORKER_LAUNCHES, self).increment(1);
        launch
    }

    pub(super) fn launched(&self, pid: u32) {
        let mut known = self.known();
        known.status.pid = Some(pid);
        known.launched = Some(Instant::now());
        drop(known);
        self.changed();
    }

    /// A launch is over.
    pub(super) fn ended(&self, exit: WorkerExit) {
        let mut known = self.known();
        known.status.pid = None;
        known.launched = None;
        known.status.last_exit = Some(exit);
    }

    pub(crate) fn order_restart(&self) {
        self.restart.notify_one();
    }

    pub(super) fn printed(&self, cut: bool) {
        self.lines.fetch_add(1, Ordering::Relaxed);
        if cut {
            self.cut.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// From here on the worker is who knows this token.
    pub(super) fn open(&self, token: Token) {
        self.link.send_modify(|link| (link.token, link.hangs) = (Some(token), false));
    }

    /// The launch is over: its token is worth nothing, and its connections end.
    pub(super) fn close(&self) {
        self.link.send_modify(|link| {
            link.close(GoodbyeReason::Replaced, "this launch of the worker is over");
            *link = Link::default();
        });
    }

    /// Tells the worker that its bridge will end it.
    pub(super) fn say_goodbye(&self, detail: &str) {
        self.link.borrow().close(GoodbyeReason::Shutdown, detail);
    }

    pub(super) fn is_launch(&self, token: &Token) -> bool {
        self.link.borrow().is_token(token)
    }

    /// Whether the launch is still the one that the token is of.
    pub(super) fn connected(&self, token: &Token, id: ConnectionId, connection: &ConnectionHandle) -> bool {
        let is_launch = self.link.send_if_modified(|link| {
            let is_token = link.is_token(token);
            if is_token {
                link.connections.insert(id, connection.clone());
            }
            is_token
        });
        self.changed();
        is_launch
    }

    /// Whether the token is that of the launch, which has not connected yet.
    pub(super) fn is_expected(&self, token: &Token) -> bool {
        let link = self.link.borrow();
        link.is_token(token) && !link.is_connected()
    }

    pub(super) fn silent(&self, id: ConnectionId) {
        self.link.send_if_modified(|link| {
            link.hangs |= link.connections.contains_key(&id);
            link.hangs
        });
    }

    pub(super) fn disconnected(&self, id: ConnectionId) {
        self.link.send_if_modified(|link| link.connections.remove(&id).is_some());
        self.changed();
    }

    /// How long the launch has been there.
    pub(super) fn uptime(&self) -> Duration {
        self.known().launched.map(|launched| launched.elapsed()).unwrap_or_default()
    }
}
