//! One connection of a client: moves bytes between the socket, the protocol, the queue and the subscribers.
//! Long because everything that a turn of the connection may do happens on the same state.

use std::collections::{BTreeSet, VecDeque};
use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};
use std::time::Duration;

use mycelium_wire::core_messages::{GoodbyeReason, SchemaMode};
use mycelium_wire::frame::HEADER_SIZE;
use tokio::time::{Instant, timeout_at};

use super::ClientError;
use super::drive::{BATCH, Lines};
use super::inbound::runs;
use super::link::{ClientState, Shared};
use super::stats::add;
use crate::protocol::client::{Connection, Ending, Settings, Step};
use crate::protocol::{Frames, Outbox, Phase};
use crate::socket::{Reader, Writer};
use crate::task::{Timer, Watch};
use crate::{PublishError, Run};

/// Slices of one write. Small frames are joined, so that each is of some size.
const SLICES: usize = 64;

/// A frame of fewer bytes is copied next to its neighbours rather than written from where it is: a slice costs the
/// operating system more than a copy of this size.
const SMALL: usize = 1024;

/// What a bridge that takes nothing more may still say: for so long, and so many bytes.
const LAST_WORDS: Duration = Duration::from_secs(1);
const MOST_LAST_WORDS: usize = 4 << 20;

/// What is written from one place in memory.
#[derive(Debug)]
pub(super) enum Block {
    Run(Run),
    Joined(Vec<u8>),
}

impl AsRef<[u8]> for Block {
    fn as_ref(&self) -> &[u8] {
        match self {
            Self::Run(run) => run.as_bytes(),
            Self::Joined(bytes) => bytes,
        }
    }
}

/// Why the connection ended, and how long it was up, if it was.
pub(super) async fn run(
    shared: &Arc<Shared>,
    settings: &Arc<Settings>,
    lines: &mut Lines,
    (reader, writer): (Reader, Writer),
) -> (ClientError, Option<Duration>) {
    let mut session = Session {
        shared,
        lines,
        reader,
        writer,
        connection: Connection::new(Arc::clone(settings), now()),
        timer: Timer::new(),
        watch: Watch::default(),
        sends_first: false,
        needed: 1,
        subscribed: Subscribed::default(),
        unsaid: false,
        told_dropped: 0,
        closing: false,
        draining: None,
        held_since: None,
        input_ended: false,
        opened: None,
        failed: None,
    };
    session.drive().await;
    shared.held_up.store(false, Ordering::Relaxed);
    let opened = session.opened;
    let error = match (session.connection.ending(), session.failed) {
        (None | Some(Ending::PeerClosed), Some(failed)) if opened.is_some() => ClientError::Io(Arc::new(failed)),
        (ending, _) => ClientError::of(ending, opened.is_some(), &shared.address, shared.config.connect_deadline),
    };
    (error, opened.map(|opened| opened.elapsed()))
}

/// What the bridge was asked for on this connection.
#[derive(Default)]
struct Subscribed {
    /// Of what is wanted.
    version: u64,
    all: bool,
    types: BTreeSet<u16>,
    /// Requests that are not confirmed, with the version that they complete.
    pending: VecDeque<(u64, u64)>,
}

struct Session<'a> {
    shared: &'a Arc<Shared>,
    lines: &'a mut Lines,
    reader: Reader,
    writer: Writer,
    connection: Connection,
    timer: Timer,
    /// Of what is wanted.
    watch: Watch,
    /// The queue is looked at before the input: the one this time, the other next time.
    sends_first: bool,
    /// Bytes without which there is no use in looking at the input.
    needed: usize,
    subscribed: Subscribed,
    /// Something else is wanted than the bridge was asked for.
    unsaid: bool,
    /// Frames that the bridge says it dropped on this connection.
    told_dropped: u64,
    closing: bool,
    /// Frames to be written before the connection ends, where it is not the client that ends it.
    draining: Option<u64>,
    /// Since when a subscriber's queue holds up the connection, or when life was last shown.
    held_since: Option<Instant>,
    input_ended: bool,
    opened: Option<Instant>,
    failed: Option<io::Error>,
}

enum Event {
    Read(io::Result<usize>),
    Flushed(Result<(), PublishError>),
    /// What is wanted.
    Changed,
    /// A deadline is over.
    Time,
    Look,
}

impl Session<'_> {
    async fn drive(&mut self) {
        self.look_whether_closing();
        loop {
            if let Err(error) = self.advance().await {
                self.failed = Some(error);
                // What the bridge said before it closed is worth more than that it did.
                self.read_rest().await;
                return;
            }
            if self.connection.phase() == Phase::Closed || self.is_unheard() {
                return;
            }
            let event = self.wait().await;
            // A queue that is never empty and a socket that takes everything must not keep others from running.
            tokio::task::consume_budget().await;
            match event {
                Event::Read(Ok(0)) => {
                    self.input_ended = true;
                    self.connection.end_of_input(now());
                }
                Event::Read(Ok(count)) => {
                    self.lines.input.filled(count);
                    self.read_input();
                    // Where there is room, as a rule, there is nothing to wait for.
                    if self.lines.ingress.try_flush().is_err() {
                        add(&self.shared.counts.discarded, self.lines.ingress.discard());
                    }
                }
                Event::Read(Err(error)) => {
                    self.failed = Some(error);
                    self.input_ended = true;
                    self.connection.end_of_input(now());
                }
                Event::Flushed(Err(_)) => {
                    add(&self.shared.counts.discarded, self.lines.ingress.discard());
                }
                Event::Changed => {
                    self.unsaid = true;
                    self.look_whether_closing();
                }
                Event::Time => self.check_time(now()),
                Event::Flushed(Ok(())) | Event::Look => {}
            }
        }
    }

    /// The end is asked for before the change is told.
    fn look_whether_closing(&mut self) {
        if !self.closing && self.shared.closing.is_cancelled() {
            self.closing = true;
            self.connection.close(now());
        }
    }

    /// Whether the bridge does not make use of what it is sent any more: better to keep that.
    fn is_unheard(&self) -> bool {
        use GoodbyeReason::{FrameTooLarge, ProtocolError};
        matches!(self.connection.ending(), Some(Ending::PeerGoodbye(ProtocolError | FrameTooLarge, _)))
    }

    /// Waits for whatever can be gone on with.
    async fn wait(&mut self) -> Event {
        let phase = self.connection.phase();
        let held = self.lines.ingress.is_pending();
        self.hold(held);
        let deadline = self.deadline();
        let Lines { queue, taken, kept, outbox, ingress, input } = &mut *self.lines;
        let takes = phase == Phase::Open && outbox.is_empty() && kept.is_empty();
        let writes = !outbox.is_empty();
        let reads = !held && !self.input_ended;
        let (reader, writer) = (&mut self.reader, &mut self.writer);
        let (changed, watch, timer) = (&self.shared.changed, &mut self.watch, &mut self.timer);
        let room = if reads { input.room(self.needed) } else { &mut [] };
        self.sends_first = !self.sends_first;
        let sends_first = self.sends_first;
        let mut send = |context: &mut Context<'_>| takes && queue.poll_recv_runs(context, taken, BATCH).is_ready();
        // In an order in which nothing that is always ready keeps something else from being seen: a change is over once it
        // was seen, and a deadline once it was kept; what is written or delivered is over with that; the input and the
        // queue take turns.
        poll_fn(move |context| {
            if changed.poll(watch, context).is_ready() {
                return Poll::Ready(Event::Changed);
            }
            if deadline.is_some_and(|deadline| timer.poll(deadline, context).is_ready()) {
                return Poll::Ready(Event::Time);
            }
            if writes && writer.poll_writable(context).is_ready() {
                return Poll::Ready(Event::Look);
            }
            if held && let Poll::Ready(flushed) = ingress.poll_flush(context) {
                return Poll::Ready(Event::Flushed(flushed));
            }
            if sends_first && send(context) {
                return Poll::Ready(Event::Look);
            }
            if reads && let Poll::Ready(read) = reader.poll_read(context, room) {
                return Poll::Ready(Event::Read(read));
            }
            if !sends_first && send(context) {
                return Poll::Ready(Event::Look);
            }
            Poll::Pending
        })
        .await
    }

    /// Goes on as far as that is possible without waiting.
    async fn advance(&mut self) -> io::Result<()> {
        loop {
            match self.connection.phase() {
                Phase::Open => {
                    if std::mem::take(&mut self.unsaid) {
                        self.subscribe();
                    }
                    self.send_taken();
                    if self.lines.outbox.data_rest() == 0 && !self.lines.kept.is_empty() {
                        self.lines.taken.extend(self.lines.kept.drain(..));
                        self.send_taken();
                    }
                }
                Phase::Draining => self.drain(),
                _ => {}
            }
            self.write()?;
            if self.connection.phase() != Phase::Draining || self.lines.outbox.data_rest() > 0 {
                break;
            }
        }
        let said = self.lines.outbox.is_empty() && !self.connection.has_output();
        if self.connection.phase() == Phase::Flushing && said {
            self.connection.flushed();
            if self.connection.phase() == Phase::HalfClosed {
                self.writer.end();
            }
        }
        Ok(())
    }

    /// Puts what was taken from the queue where it is written from; what the bridge does not take is left out.
    fn send_taken(&mut self) {
        let mut joined = Vec::new();
        let mut small: usize = 0;
        for run in self.lines.taken.iter().filter(|run| run.len() < SMALL) {
            small += run.len();
        }
        for run in self.lines.taken.drain(..) {
            let too_large = run.first_length() - HEADER_SIZE > self.connection.max_payload() as usize;
            if too_large || !self.connection.shares(run.type_id()) {
                add(&self.shared.counts.withheld, run.count() as u64);
            } else if run.len() >= SMALL || (joined.is_empty() && small == run.len()) {
                push(&mut self.lines.outbox, &mut joined);
                self.lines.outbox.push(Block::Run(run));
            } else {
                if joined.is_empty() {
                    joined.reserve_exact(small);
                }
                small -= run.len();
                joined.extend_from_slice(run.as_bytes());
            }
        }
        push(&mut self.lines.outbox, &mut joined);
    }

    /// Goes on ending: what is queued goes out first.
    fn drain(&mut self) {
        let left = match self.connection.ending() {
            // All there is: nothing is added any more.
            Some(Ending::Done) => u64::MAX,
            // What there is now: publishers go on, for the next connection.
            _ => *self.draining.get_or_insert_with(|| self.lines.queue.counters().queued),
        };
        self.send_taken();
        if !self.lines.kept.is_empty() {
            self.lines.taken.extend(self.lines.kept.drain(..));
            self.send_taken();
        }
        if self.lines.outbox.data_rest() > 0 {
            return;
        }
        let count =
            if left == 0 { 0 } else { self.lines.queue.try_recv_runs(&mut self.lines.taken, BATCH).unwrap_or(0) };
        self.send_taken();
        if let Some(left) = &mut self.draining {
            *left = left.saturating_sub(count as u64);
        }
        if count == 0 {
            self.connection.drained();
        }
    }

    fn write(&mut self) -> io::Result<()> {
        loop {
            let outbox = &mut self.lines.outbox;
            if outbox.takes_control() && self.connection.has_output() {
                self.connection.take_output(outbox.control());
            }
            if outbox.is_empty() {
                return Ok(());
            }
            let written = if outbox.blocks() < 4 {
                let mut slices = [IoSlice::new(&[]); 6];
                let used = outbox.slices(&mut slices);
                self.writer.try_write(slices.get(..used).unwrap_or_default())
            } else {
                let mut slices = [IoSlice::new(&[]); SLICES];
                let used = outbox.slices(&mut slices);
                self.writer.try_write(slices.get(..used).unwrap_or_default())
            };
            match written {
                Ok(written) => {
                    let before = outbox.data_rest();
                    add(&self.shared.counts.sent, outbox.advance(written));
                    add(&self.shared.counts.sent_bytes, (before - outbox.data_rest()) as u64);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    }

    /// Makes sense of what was read.
    fn read_input(&mut self) {
        self.needed = 1;
        loop {
            let (used, step) = self.connection.read(now, self.lines.input.bytes());
            match step {
                Step::Incomplete { needed } => {
                    self.needed = needed;
                    return;
                }
                Step::Data(frames) if self.closing => discard(self.shared, &frames),
                Step::Data(frames) => {
                    for run in runs(frames) {
                        // Core frames are never data.
                        let _ = self.lines.ingress.push(run);
                    }
                }
                Step::Unshared(frames) => add(&self.shared.counts.rejected, frames.count as u64),
                Step::Welcomed => self.welcomed(),
                Step::Subscribed { request, .. } => {
                    let pending = &mut self.subscribed.pending;
                    while pending.front().is_some_and(|(sent, _)| *sent <= request) {
                        if let Some((_, version)) = pending.pop_front() {
                            self.shared.confirm(version);
                        }
                    }
                }
                Step::Dropped { total } => {
                    add(&self.shared.counts.dropped_by_bridge, total.saturating_sub(self.told_dropped));
                    self.told_dropped = total;
                }
                Step::Handled | Step::Discarded => {}
            }
            self.lines.input.consume(used);
        }
    }

    fn welcomed(&mut self) {
        let Some(welcome) = self.connection.welcome() else { return };
        let shared = welcome.schema_mode() == SchemaMode::Shared;
        let types = self.shared.config.types.iter().map(|info| info.type_id);
        let mut unshared: Vec<u16> = types.filter(|type_id| !self.connection.shares(*type_id)).collect();
        unshared.sort_unstable();
        let differences = shared.then(|| Arc::new(self.connection.differences()));
        if let Some(differences) = &differences {
            tracing::warn!(
                address = &*self.shared.address,
                differences = differences.describe("this client", "the bridge"),
                "the bridge has another contract: messages flow that both have in common",
            );
        }
        (self.opened, self.unsaid) = (Some(Instant::now()), true);
        add(&self.shared.counts.connections, 1);
        self.shared.up(unshared, self.connection.max_payload(), differences);
        self.shared.enter(ClientState::Connected { connection_id: welcome.connection_id(), shared });
    }

    /// Asks the bridge for what is wanted and was not asked for, and takes back what is wanted no more.
    fn subscribe(&mut self) {
        let wanted = self.shared.wanted();
        let Subscribed { version, all, types, pending } = &mut self.subscribed;
        let wants_all = wanted.all > 0;
        let added: Vec<u16> = wanted.types.keys().copied().filter(|type_id| !types.contains(type_id)).collect();
        let gone: Vec<u16> = types.iter().copied().filter(|type_id| !wanted.types.contains_key(type_id)).collect();
        let request = if !added.is_empty() || (wants_all && !*all) {
            types.extend(&added);
            *all |= wants_all;
            Some(self.connection.subscribe(wants_all, &added))
        } else {
            None
        };
        if *all && !wants_all && wanted.types.is_empty() {
            // With types left, all goes on: taking back all takes them back as well, and what is published before
            // they are asked for again would be missed.
            self.connection.unsubscribe(true, &[]);
            *all = false;
            types.clear();
        } else if !gone.is_empty() {
            // Under all, taking back a type would take it from the taps.
            if !*all {
                self.connection.unsubscribe(false, &gone);
            }
            types.retain(|type_id| wanted.types.contains_key(type_id));
        }
        let reached = wanted.version;
        drop(wanted);
        match request {
            Some(request) => pending.push_back((request, reached)),
            // Taken back and wanted again before this was looked at: it is what is asked for already.
            None => match pending.back_mut() {
                Some((_, completes)) => *completes = reached,
                None if reached != *version => self.shared.confirm(reached),
                None => {}
            },
        }
        *version = reached;
    }

    /// Notes whether a subscriber's full queue holds up the connection.
    fn hold(&mut self, held: bool) {
        if held != self.held_since.is_some() {
            self.held_since = held.then(Instant::now);
            self.connection.reading(!held);
            self.shared.held_up.store(held, Ordering::Relaxed);
        }
    }

    /// When life is shown next, where `Ping` is not seen because the connection is held up.
    fn next_sign(&self) -> Option<Instant> {
        let interval = self.connection.welcome()?.heartbeat_interval_ms();
        let since = self.held_since.filter(|_| interval > 0 && self.connection.phase() == Phase::Open)?;
        Some(since + Duration::from_millis(interval.into()))
    }

    fn deadline(&self) -> Option<Instant> {
        let deadline = self.connection.deadline().map(Instant::from_std);
        [deadline, self.next_sign()].into_iter().flatten().min()
    }

    fn check_time(&mut self, now: std::time::Instant) {
        if self.next_sign().is_some_and(|next| next.into_std() <= now) {
            self.held_since = Some(Instant::from_std(now));
            self.connection.sign_of_life();
        }
        let (reader, input, held) = (&self.reader, &mut self.lines.input, self.held_since.is_some());
        let mut found = false;
        self.connection.handle_timeout(now, || {
            if !held && let Ok(count @ 1..) = reader.try_read(input.room(1)) {
                input.filled(count);
                found = true;
            }
            !held && !found
        });
        if found {
            self.read_input();
        }
    }

    /// Reads what the bridge said before it went, after writing has failed.
    async fn read_rest(&mut self) {
        let limit = Instant::now() + LAST_WORDS;
        let mut rest = MOST_LAST_WORDS;
        while rest > 0 && self.connection.phase() < Phase::Closed {
            let read = self.reader.read(self.lines.input.room(self.needed));
            let Ok(Ok(count)) = timeout_at(limit, read).await else { return };
            if count == 0 {
                return self.connection.end_of_input(now());
            }
            rest = rest.saturating_sub(count);
            self.lines.input.filled(count);
            self.read_input();
        }
    }
}

fn now() -> std::time::Instant {
    Instant::now().into_std()
}

fn push(outbox: &mut Outbox<Block>, joined: &mut Vec<u8>) {
    if !joined.is_empty() {
        outbox.push(Block::Joined(std::mem::take(joined)));
    }
}

fn discard(shared: &Shared, frames: &Frames<'_>) {
    add(&shared.counts.discarded, frames.count as u64);
}
