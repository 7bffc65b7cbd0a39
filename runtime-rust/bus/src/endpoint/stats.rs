//! What happened at an endpoint, counted: [`EndpointStats`].

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mycelium_wire::core_messages::{GoodbyeReason, RejectReason};
use tokio::sync::Notify;
use tokio::task::AbortHandle;

use super::admission::{ClientInfo, ClientStats, Command, ConnectionHandle};
use crate::IngressCounters;
use crate::protocol::server::{Ending, HandshakeFailure, Refusal};
use crate::queue::Queue;

/// What happened at an endpoint since it was bound.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct EndpointStats {
    /// Clients that are there now, their handshakes done.
    pub active: u64,
    /// Connections whose handshakes are not done, or that were refused and are not closed yet.
    pub opening: u64,
    /// Connections that were accepted, whatever became of them.
    pub connections: u64,
    /// Handshakes that succeeded.
    pub clients: u64,
    /// Handshakes that did not, by reason.
    pub handshake_failures: BTreeMap<HandshakeFailure, u64>,
    /// Connections that this side ended after their handshakes, by reason, as version 2 clients are told.
    pub sent_away: BTreeMap<GoodbyeReason, u64>,
    /// Times that no connection could be accepted, as for want of file descriptors.
    pub accept_errors: u64,
    /// Messages that came, those included that were rejected.
    pub frames_in: u64,
    /// Bytes that came, handshakes and core frames included.
    pub bytes_in: u64,
    /// Messages that came and were not forwarded, by the code of what is wrong with them. The code of those whose type
    /// is not known, or not shared with their client, is `unknown_type`.
    pub rejected: BTreeMap<Cow<'static, str>, u64>,
    /// Messages that were right, and could not be given to subscribers, as the bus was closed or did not take them before
    /// the end.
    pub undelivered: u64,
    /// Messages that were begun when their client ended its stream.
    pub cut_off: u64,
    /// What became of the messages for all clients that there are and were: `written` are messages out.
    pub outgoing: ClientStats,
    /// Bytes that were written, handshakes and core frames included.
    pub bytes_out: u64,
    /// Intervals of heartbeats that clients missed.
    pub heartbeats_missed: u64,
}

/// Counters and connections of an endpoint.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) ingress: Arc<IngressCounters>,
    pub(super) bytes_in: AtomicU64,
    pub(super) bytes_out: AtomicU64,
    pub(super) undelivered: AtomicU64,
    pub(super) cut_off: AtomicU64,
    pub(super) heartbeats_missed: AtomicU64,
    accept_errors: AtomicU64,
    table: Mutex<Table>,
    /// Told when a connection has come, is let in, or is gone.
    changed: Notify,
}

#[derive(Default)]
struct Table {
    present: BTreeMap<u64, Present>,
    opening: BTreeSet<u64>,
    accepted: u64,
    clients: u64,
    failures: BTreeMap<HandshakeFailure, u64>,
    sent_away: BTreeMap<GoodbyeReason, u64>,
    /// Of clients that are gone.
    before: ClientStats,
}

struct Present {
    handle: ConnectionHandle,
    task: Option<AbortHandle>,
    /// Has the place of a client, and is asked about.
    reserved: bool,
    /// Has a place of its own, that does not count.
    own_place: bool,
    client: Option<Client>,
}

struct Client {
    info: Arc<ClientInfo>,
    queue: Arc<Queue>,
    written: Arc<Written>,
}

/// What one connection has done with the frames that it took from its queue.
#[derive(Debug, Default)]
pub(super) struct Written {
    pub(super) frames: AtomicU64,
    pub(super) lost: AtomicU64,
}

impl Tally {
    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection was accepted. Where there are too many that have not said who they are, the oldest of them makes room.
    pub(super) fn accepted(&self, id: u64, handle: ConnectionHandle, most_opening: usize) {
        let mut table = self.table();
        table.accepted += 1;
        table.opening.insert(id);
        table.present.insert(id, Present { handle, task: None, reserved: false, own_place: false, client: None });
        self.changed.notify_waiters();
        if table.opening.len() > most_opening
            && let Some(oldest) = table.opening.pop_first()
            && let Some(present) = table.present.get(&oldest)
        {
            let refusal = Refusal::new(RejectReason::Capacity, "too many connections without a handshake");
            present.handle.command(Command::Refuse(refusal));
        }
    }

    pub(super) fn accept_failed(&self) {
        self.accept_errors.fetch_add(1, Ordering::Relaxed);
        self.changed.notify_waiters();
    }

    /// By which task a connection is driven, unless it has ended already.
    pub(super) fn spawned(&self, id: u64, task: AbortHandle) {
        if let Some(present) = self.table().present.get_mut(&id) {
            present.task = Some(task);
        }
    }

    /// Keeps a place for a client, unless there are `most`, those not counted that have a place of their own. It is given
    /// back by [`Tally::released`], or with the connection.
    pub(super) fn reserve(&self, id: u64, most: usize, own_place: bool) -> Result<(), Refusal> {
        let mut table = self.table();
        let counts = |present: &&Present| !present.own_place && (present.reserved || present.client.is_some());
        let taken = table.present.values().filter(counts).count();
        if taken >= most && !own_place {
            return Err(Refusal::new(RejectReason::Capacity, format!("there are {taken} clients")));
        }
        if let Some(present) = table.present.get_mut(&id) {
            (present.reserved, present.own_place) = (true, own_place);
        }
        Ok(())
    }

    /// The client was refused after all.
    pub(super) fn released(&self, id: u64) {
        if let Some(present) = self.table().present.get_mut(&id) {
            (present.reserved, present.own_place) = (false, false);
        }
    }

    /// The client that a place was kept for is let in.
    pub(super) fn admitted(&self, info: &Arc<ClientInfo>, queue: &Arc<Queue>, written: &Arc<Written>) {
        let mut table = self.table();
        let id = info.connection.0;
        table.opening.remove(&id);
        table.clients += 1;
        if let Some(present) = table.present.get_mut(&id) {
            present.reserved = false;
            present.client = Some(Client { info: info.clone(), queue: queue.clone(), written: written.clone() });
        }
        self.changed.notify_waiters();
    }

    /// A connection is gone; its queue takes and gives nothing any more.
    pub(super) fn ended(&self, id: u64, ending: Option<&Ending>) -> ClientStats {
        let mut table = self.table();
        table.opening.remove(&id);
        match ending {
            Some(Ending::Handshake(failure)) => *table.failures.entry(*failure).or_default() += 1,
            Some(Ending::Goodbye(reason, _)) => *table.sent_away.entry(*reason).or_default() += 1,
            Some(Ending::PeerGoodbye(..) | Ending::PeerClosed) | None => {}
        }
        let client = table.present.remove(&id).and_then(|present| present.client);
        let stats = client.map(|client| client.stats()).unwrap_or_default();
        table.before.add(stats);
        self.changed.notify_waiters();
        stats
    }

    /// Waits until all connections are gone.
    pub(super) async fn emptied(&self) {
        loop {
            let changed = self.changed.notified();
            if self.table().present.is_empty() {
                return;
            }
            changed.await;
        }
    }

    pub(super) async fn wait(&self, mut until: impl FnMut(&EndpointStats) -> bool) -> EndpointStats {
        loop {
            let changed = self.changed.notified();
            let stats = self.stats();
            if until(&stats) {
                return stats;
            }
            changed.await;
        }
    }

    /// Tells every connection.
    pub(super) fn close_all(&self, reason: GoodbyeReason, detail: &str) {
        for present in self.table().present.values() {
            present.handle.close(reason, detail);
        }
    }

    pub(super) fn abort_all(&self) {
        let tasks: Vec<_> = self.table().present.values().filter_map(|present| present.task.clone()).collect();
        tasks.iter().for_each(AbortHandle::abort);
    }

    pub(super) fn clients(&self) -> Vec<(Arc<ClientInfo>, ClientStats)> {
        let table = self.table();
        let clients = table.present.values().filter_map(|present| present.client.as_ref());
        clients.map(|client| (client.info.clone(), client.stats())).collect()
    }

    pub(super) fn handle(&self, id: u64) -> Option<ConnectionHandle> {
        self.table().present.get(&id).map(|present| present.handle.clone())
    }

    pub(super) fn stats(&self) -> EndpointStats {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let table = self.table();
        let mut outgoing = table.before;
        let mut active = 0;
        for client in table.present.values().filter_map(|present| present.client.as_ref()) {
            outgoing.add(client.stats());
            active += 1;
        }
        let mut rejected = self.ingress.rejected();
        if self.ingress.unknown() > 0 {
            *rejected.entry(Cow::Borrowed("unknown_type")).or_default() += self.ingress.unknown();
        }
        EndpointStats {
            active,
            opening: table.present.len() as u64 - active,
            connections: table.accepted,
            clients: table.clients,
            handshake_failures: table.failures.clone(),
            sent_away: table.sent_away.clone(),
            accept_errors: load(&self.accept_errors),
            frames_in: self.ingress.frames(),
            bytes_in: load(&self.bytes_in),
            rejected,
            undelivered: load(&self.undelivered),
            cut_off: load(&self.cut_off),
            outgoing,
            bytes_out: load(&self.bytes_out),
            heartbeats_missed: load(&self.heartbeats_missed),
        }
    }
}

impl Client {
    fn stats(&self) -> ClientStats {
        // What was taken from the queue is written, lost, or on its way; reading in this order it is never written
        // before it was taken.
        let written = self.written.frames.load(Ordering::Acquire);
        let lost = self.written.lost.load(Ordering::Acquire);
        let queue = self.queue.counters().0;
        let being_written = queue.received.saturating_sub(written + lost);
        ClientStats {
            offered: queue.offered,
            written,
            queued: queue.queued + being_written,
            dropped: queue.dropped,
            lost: lost + queue.discarded,
        }
    }
}

impl ClientStats {
    fn add(&mut self, other: Self) {
        self.offered += other.offered;
        self.written += other.written;
        self.queued += other.queued;
        self.dropped += other.dropped;
        self.lost += other.lost;
    }
}
