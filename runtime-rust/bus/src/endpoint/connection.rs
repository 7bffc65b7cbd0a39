//! One connection's task: a future that reads, writes and keeps deadlines, so that whatever wakes it, all three are seen
//! to in one place and nothing is handed from task to task.

use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Instant;

use bytes::{Bytes, BytesMut};
use mycelium_wire::core_messages::GoodbyeReason;

use super::admission::{ClientInfo, Command, ConnectionHandle, PeerAddress};
use super::inbox::Inbox;
use super::listen::Shared;
use super::stats::Written;
use crate::deadline;
use crate::protocol::server::{Connection, Ending};
use crate::protocol::{Outbox, Phase};
use crate::socket::{Reader, Writer};
use crate::task::{Timer, Watch};
use crate::{CloseReason, ConnectionId, Ingress, OverflowPolicy, Run, Subscription, Take};

mod clients;
mod reading;

/// Data that is taken from the queue at once, to be written.
const TAKE: Take = Take { runs: MAX_SLICES, bytes: 256 * 1024 };

/// The system's limit of slices a call.
const MAX_SLICES: usize = 1024;

/// Reads, or writes, before others have their turn. A request to subscribe counts as one of either: a read may have
/// hundreds of them, and each costs the bus as much as a read does.
const TURN: usize = 8;

/// The way to the bus. What is not delivered when it is dropped is counted.
struct Inlet {
    ingress: Ingress,
    shared: Arc<Shared>,
}

impl Drop for Inlet {
    fn drop(&mut self) {
        self.shared.tally.undelivered.fetch_add(self.ingress.pending_frames(), Ordering::Relaxed);
    }
}

pub(super) struct Driver {
    shared: Arc<Shared>,
    id: ConnectionId,
    peer: PeerAddress,
    handle: ConnectionHandle,
    /// Of `handle`.
    watch: Watch,
    protocol: Connection,
    /// Until it is closed.
    stream: Option<(Reader, Writer)>,
    read_ended: bool,
    write_ended: bool,
    inbox: Inbox,
    /// Bytes of a frame whose rest did not come before the end of the stream.
    cut_off: Option<usize>,
    /// Reads and requests since others had their turn.
    turns: usize,
    /// There was more in the last read than one turn takes. Nothing is read meanwhile.
    unfinished: bool,
    /// Where runs are copied to on their way to the bus.
    block: BytesMut,
    /// Once the client is let in, until the bus is closed.
    inlet: Option<Inlet>,
    /// It waits for room in a blocking subscriber's queue. Nothing is read meanwhile.
    delivering: bool,
    /// Until when it may do so after everything else has ended.
    delivers_until: Option<Instant>,
    client: Option<Arc<ClientInfo>>,
    subscription: Option<Subscription>,
    outbox: Outbox<Bytes>,
    taken: Vec<Run>,
    written: Arc<Written>,
    missed: u64,
    told_silent: bool,
    timer: Timer,
}

fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

impl Driver {
    pub(super) fn new(
        shared: Arc<Shared>,
        id: ConnectionId,
        peer: PeerAddress,
        stream: (Reader, Writer),
        protocol: Connection,
        handle: ConnectionHandle,
    ) -> Self {
        Self {
            shared,
            id,
            peer,
            handle,
            watch: Watch::default(),
            protocol,
            stream: Some(stream),
            read_ended: false,
            write_ended: false,
            inbox: Inbox::default(),
            cut_off: None,
            turns: 0,
            unfinished: false,
            block: BytesMut::new(),
            inlet: None,
            delivering: false,
            delivers_until: None,
            client: None,
            subscription: None,
            outbox: Outbox::default(),
            taken: Vec::new(),
            written: Arc::default(),
            missed: 0,
            told_silent: false,
            timer: Timer::new(),
        }
    }

    fn phase(&self) -> Phase {
        self.protocol.phase()
    }

    fn obey(&mut self, context: &mut Context<'_>) {
        match self.handle.poll_command(&mut self.watch, context) {
            Some(Command::Close(reason, detail)) => self.protocol.close(now(), reason, &detail),
            // It makes room for others: it is told what its socket takes now, and not waited for. One that was refused
            // already is only in the way.
            Some(Command::Refuse(refusal)) if self.client.is_none() => {
                self.protocol.refuse(now(), refusal);
                self.write(context);
                self.protocol.broken(now());
            }
            Some(Command::Refuse(_)) => {}
            None => {}
        }
    }

    // Writing.

    fn write(&mut self, context: &mut Context<'_>) {
        for turn in 0.. {
            self.fill(context);
            if self.phase() == Phase::Closed || self.write_ended {
                return;
            }
            if self.outbox.is_empty() {
                if self.phase() == Phase::Flushing && !self.protocol.has_output() {
                    self.protocol.flushed();
                    self.write_ended = true;
                    if let Some((_, writer)) = &self.stream {
                        writer.end();
                    }
                }
                return;
            }
            if turn == TURN {
                context.waker().wake_by_ref();
                return;
            }
            let Some((_, writer)) = &mut self.stream else { return };
            let written = if self.outbox.blocks() < 8 {
                let mut slices = [IoSlice::new(&[]); 10];
                let used = self.outbox.slices(&mut slices);
                writer.poll_write(context, slices.get(..used).unwrap_or_default())
            } else {
                let mut slices = [IoSlice::new(&[]); MAX_SLICES];
                let used = self.outbox.slices(&mut slices);
                writer.poll_write(context, slices.get(..used).unwrap_or_default())
            };
            match written {
                // What is in the outbox waits for the client; the end of its queue must not.
                Poll::Pending => match self.subscription.as_ref().map(|queue| queue.poll_closed(context)) {
                    Some(Poll::Ready(reason)) if self.phase() == Phase::Open => self.subscription_closed(reason),
                    _ => return,
                },
                Poll::Ready(Ok(0)) => self.cannot_write(&io::ErrorKind::WriteZero.into()),
                Poll::Ready(Ok(written)) => {
                    self.shared.tally.bytes_out.fetch_add(written as u64, Ordering::Relaxed);
                    let frames = self.outbox.advance(written);
                    if frames > 0 {
                        add(&self.written.frames, frames);
                        self.protocol.active();
                    }
                }
                Poll::Ready(Err(error)) => self.cannot_write(&error),
            }
        }
    }

    /// Moves what is to be written into the outbox.
    fn fill(&mut self, context: &mut Context<'_>) {
        let phase = self.phase();
        if self.write_ended || phase >= Phase::HalfClosed {
            return;
        }
        if self.protocol.discards_data() && self.subscription.is_some() {
            self.tell_dropped();
            add(&self.written.lost, self.outbox.discard_data());
            self.end_subscription();
            self.protocol.drained();
        }
        if phase >= Phase::Draining
            && let Some(subscription) = &mut self.subscription
            && subscription.close_reason().is_none()
        {
            subscription.close();
        }
        if self.outbox.data_rest() < TAKE.bytes / 4 {
            self.take_data(context, phase);
        }
        if self.outbox.takes_control() {
            self.tell_dropped();
            if self.protocol.has_output() {
                self.protocol.take_output(self.outbox.control());
            }
        }
    }

    fn tell_dropped(&mut self) {
        if let Some(subscription) = &self.subscription
            && subscription.policy() != OverflowPolicy::Block
        {
            self.protocol.dropped(subscription.dropped());
        }
    }

    fn take_data(&mut self, context: &mut Context<'_>, phase: Phase) {
        let Some(subscription) = &mut self.subscription else {
            self.protocol.drained();
            return;
        };
        match subscription.poll_recv_runs(context, &mut self.taken, TAKE) {
            Poll::Pending => {}
            Poll::Ready(0) if phase >= Phase::Draining => {
                // The last word of it, ahead of the goodbye, which must not overtake data that is still to be written.
                if self.outbox.data_rest() == 0 {
                    self.tell_dropped();
                    self.protocol.drained();
                }
            }
            Poll::Ready(0) => {
                if let Some(reason) = subscription.close_reason() {
                    self.subscription_closed(reason);
                }
            }
            Poll::Ready(_) => self.taken.drain(..).for_each(|run| self.outbox.push(run.into_bytes())),
        }
    }

    fn subscription_closed(&mut self, reason: CloseReason) {
        let (goodbye, detail) = match reason {
            CloseReason::BusClosed | CloseReason::Unsubscribed => (GoodbyeReason::Shutdown, "the bus is closed"),
            CloseReason::Overflow => (GoodbyeReason::SlowConsumer, "the client's queue was full"),
            CloseReason::Stalled => (GoodbyeReason::SlowConsumer, "publishers waited too long for the client"),
        };
        self.protocol.close(now(), goodbye, detail);
    }

    /// The client takes nothing any more. What it has sent is still read.
    fn cannot_write(&mut self, error: &io::Error) {
        tracing::debug!(endpoint = &*self.shared.name, connection = self.id.0, %error, "writing failed");
        self.write_ended = true;
        self.protocol.end_of_output(now());
        self.lose_data();
    }

    fn lose_data(&mut self) {
        add(&self.written.lost, self.outbox.unfinished());
        self.outbox = Outbox::default();
        self.end_subscription();
    }

    /// What is queued is lost, and counted as discarded by the queue.
    fn end_subscription(&mut self) {
        if let Some(subscription) = self.subscription.take() {
            subscription.discard();
        }
    }

    // Time.

    /// Handles deadlines that are over, and sees to it that the next one wakes the task.
    fn keep_time(&mut self, context: &mut Context<'_>) {
        loop {
            let deadline = match self.phase() {
                Phase::Closed => self.delivers_until,
                _ => self.protocol.deadline(),
            };
            let Some(deadline) = deadline else { return };
            if self.timer.poll(deadline.into(), context).is_pending() {
                return;
            }
            let now = now();
            if self.phase() == Phase::Closed {
                if self.delivers_until.is_some_and(|until| now >= until) {
                    self.delivering = false;
                    return;
                }
                continue;
            }
            let stream = self.stream.as_ref();
            self.protocol.handle_timeout(now, || stream.is_some_and(|(reader, _)| reader.has_nothing_unread()));
            let missed = self.protocol.heartbeats_missed();
            self.shared.tally.heartbeats_missed.fetch_add(missed - self.missed, Ordering::Relaxed);
            self.missed = missed;
            self.tell_silent();
        }
    }

    /// Whoever follows the client learns at once that its heartbeats are missed.
    fn tell_silent(&mut self) {
        if let (Some(client), Some(Ending::Goodbye(GoodbyeReason::HeartbeatMissed, _)), false) =
            (&self.client, self.protocol.ending(), self.told_silent)
            && let Some(admission) = self.shared.admission()
        {
            admission.silent(client);
            self.told_silent = true;
        }
    }

    /// The socket is closed; what was read may still have to be delivered.
    fn close(&mut self) {
        if self.stream.take().is_some() {
            self.lose_data();
            if self.delivering {
                self.delivers_until = Some(deadline::after(now(), self.shared.config.drain_limit));
            }
        }
    }
}

impl Future for Driver {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let driver = &mut *self;
        driver.obey(context);
        loop {
            let before = driver.phase();
            driver.read(context);
            driver.write(context);
            driver.keep_time(context);
            if driver.phase() == Phase::Closed {
                driver.close();
                driver.keep_time(context);
                return if driver.delivering { Poll::Pending } else { Poll::Ready(()) };
            }
            // A step in one of them may be for the others to follow: a goodbye, or a ping.
            let output = driver.protocol.has_output() && driver.outbox.takes_control() && !driver.write_ended;
            if driver.phase() == before && !output {
                return Poll::Pending;
            }
        }
    }
}

impl Drop for Driver {
    // Whatever ends the task, every frame is in a counter.
    fn drop(&mut self) {
        self.lose_data();
        self.inlet = None;
        let ending = self.protocol.ending();
        let stats = self.shared.tally.ended(self.id.0, ending);
        let Some(client) = &self.client else { return self.log_stranger() };
        let ending = ending.cloned().unwrap_or(Ending::Goodbye(GoodbyeReason::Shutdown, "cut off".to_owned()));
        tracing::info!(
            endpoint = &*self.shared.name,
            connection = self.id.0,
            client = &*client.name,
            ending = ending.to_string(),
            written = stats.written,
            dropped = stats.dropped,
            lost = stats.lost,
            cut_off_bytes = self.cut_off,
            "a client is gone",
        );
        if let Some(admission) = self.shared.admission() {
            admission.disconnected(client, &ending, &stats);
        }
    }
}

/// Adds to a counter that this task alone writes.
fn add(counter: &AtomicU64, count: u64) {
    counter.store(counter.load(Ordering::Relaxed) + count, Ordering::Release);
}
