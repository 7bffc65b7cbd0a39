//! What a client says: read in turns with others, made sense of, and given to the bus.

use std::sync::atomic::Ordering;
use std::task::{Context, Poll};

use bytes::BytesMut;
use mycelium_wire::core_messages::GoodbyeReason;

use super::{Driver, TURN, now};
use crate::protocol::server::Step;
use crate::protocol::{Frames, Phase};
use crate::{BLOCK_SIZE, Run};

impl Driver {
    pub(super) fn read(&mut self, context: &mut Context<'_>) {
        self.turns = 0;
        loop {
            if !self.deliver(context) {
                return;
            }
            if self.read_ended || self.phase() == Phase::Closed {
                return;
            }
            if self.turns >= TURN {
                context.waker().wake_by_ref();
                return;
            }
            self.turns += 1;
            let mut inbox = std::mem::take(&mut self.inbox);
            if self.unfinished {
                inbox.take_rest(|bytes| self.take_bytes(bytes));
                self.inbox = inbox;
                self.flush_inlet();
                continue;
            }
            let Some((mut reader, writer)) = self.stream.take() else { return };
            let read = inbox.poll_read(context, &mut reader, |bytes| self.take_bytes(bytes));
            self.inbox = inbox;
            self.stream = Some((reader, writer));
            match read {
                Poll::Pending => return,
                Poll::Ready(Ok(0)) => {
                    self.read_ended = true;
                    if self.phase() == Phase::Open && self.inbox.len() > 0 {
                        self.cut_off = Some(self.inbox.len());
                        self.shared.tally.cut_off.fetch_add(1, Ordering::Relaxed);
                    }
                    self.protocol.end_of_input(now());
                }
                Poll::Ready(Ok(read)) => {
                    self.shared.tally.bytes_in.fetch_add(read as u64, Ordering::Relaxed);
                    self.flush_inlet();
                }
                Poll::Ready(Err(error)) => {
                    tracing::debug!(endpoint = &*self.shared.name, connection = self.id.0, %error, "reading failed");
                    self.read_ended = true;
                    self.protocol.broken(now());
                }
            }
        }
    }

    fn take_bytes(&mut self, bytes: &[u8]) -> usize {
        let mut rest = bytes;
        self.unfinished = false;
        while !self.unfinished {
            let (used, step) = self.protocol.read(now, rest);
            match step {
                Step::Incomplete { .. } => break,
                Step::Data(frames) => self.take_frames(frames),
                Step::Unshared(frames) => {
                    if let Some(inlet) = &self.inlet {
                        inlet.ingress.refuse(frames.count, frames.bytes.len());
                    }
                }
                Step::Opening(opening) => {
                    let verdict = self.admit(&opening);
                    self.protocol.admit(now(), verdict);
                    self.connected();
                }
                Step::Negotiated => {
                    self.log_shared();
                    self.apply_subscriptions();
                }
                Step::Subscriptions { request } => {
                    self.change_subscriptions();
                    self.protocol.subscribed(request);
                    self.turns += 1;
                    self.unfinished = self.turns >= TURN;
                }
                Step::Handled | Step::Discarded => {}
            }
            rest = rest.get(used..).unwrap_or_default();
        }
        bytes.len() - rest.len()
    }

    /// Copies frames out of the shared memory, in blocks, so that a queued frame keeps alive little more than itself.
    fn take_frames(&mut self, frames: Frames<'_>) {
        let Some(inlet) = &mut self.inlet else {
            // The bus is closed.
            self.shared.tally.ingress.take(frames.count, frames.bytes.len());
            self.shared.tally.undelivered.fetch_add(frames.count as u64, Ordering::Relaxed);
            return;
        };
        for piece in frames.pieces(BLOCK_SIZE) {
            if self.block.capacity() < piece.len() && !self.block.try_reclaim(piece.len().max(BLOCK_SIZE)) {
                self.block = BytesMut::with_capacity(piece.len().max(BLOCK_SIZE));
            }
            self.block.extend_from_slice(piece);
            let Ok(run) = Run::unchecked(self.block.split().freeze()) else { continue };
            // The protocol keeps the framework's own types for itself.
            let _ = inlet.ingress.push(run);
        }
    }

    fn flush_inlet(&mut self) {
        let Some(inlet) = &mut self.inlet else { return };
        match inlet.ingress.try_flush() {
            Ok(true) => {}
            Ok(false) => {
                self.protocol.reading(false);
                self.delivering = true;
            }
            Err(_) => self.bus_closed(),
        }
    }

    /// Whether everything that was read is delivered.
    fn deliver(&mut self, context: &mut Context<'_>) -> bool {
        let Some(inlet) = self.inlet.as_mut().filter(|_| self.delivering) else { return true };
        let Poll::Ready(delivered) = inlet.ingress.poll_flush(context) else { return false };
        self.delivering = false;
        self.protocol.reading(true);
        if delivered.is_err() {
            self.bus_closed();
        }
        true
    }

    fn bus_closed(&mut self) {
        self.inlet = None;
        self.protocol.close(now(), GoodbyeReason::Shutdown, "the bus is closed");
    }
}
