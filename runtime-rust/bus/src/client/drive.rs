//! The task of a client: one connection after another.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep_until, timeout_at};

use super::address::Address;
use super::inbound::Input;
use super::link::{ClientState, Shared};
use super::session::{self, Block};
use super::stats::add;
use super::{ClientConfig, ClientError, PublishWhileDisconnected};
use crate::deadline;
use crate::ingress::{Ingress, IngressConfig, UnknownTypes};
use crate::protocol::client::Settings;
use crate::protocol::{Frames, Outbox};
use crate::socket::{Reader, Writer};
use crate::supervision::{Decision, Supervisor};
use crate::{MessageBus, OverflowPolicy, Run, SubscriberConfig, Subscription, Take};

/// What is taken from the queue at once.
pub(super) const BATCH: Take = Take { runs: 1024, bytes: 128 * 1024 };

/// What is on its way, in either direction; outlasts connections.
pub(super) struct Lines {
    pub(super) queue: Subscription,
    /// Taken from the queue, to be put into the outbox next. Here, so that it is counted wherever the task is dropped.
    pub(super) taken: Vec<Run>,
    /// Taken from the queue before, to be sent first.
    pub(super) kept: VecDeque<Run>,
    pub(super) outbox: Outbox<Block>,
    pub(super) ingress: Ingress,
    pub(super) input: Input,
}

impl Lines {
    /// Frames that were not wholly handed over.
    fn unsent(&self) -> u64 {
        self.outbox.unfinished() + frames(&self.taken) + frames(&self.kept) + self.queue.counters().queued
    }

    /// Takes back what was not handed over, to be sent first on the next connection.
    fn keep(&mut self) {
        let outbox = std::mem::take(&mut self.outbox);
        let mut kept = VecDeque::new();
        for mut bytes in outbox.unfinished_blocks() {
            while let Ok(frames) = Frames::leading(bytes, u32::MAX) {
                kept.extend(super::inbound::runs(frames));
                bytes = bytes.get(frames.bytes.len()..).unwrap_or_default();
            }
        }
        kept.extend(self.taken.drain(..));
        kept.append(&mut self.kept);
        self.kept = kept;
    }

    /// Lets go of everything that was to be sent, and says how many frames it was.
    fn discard(&mut self) -> u64 {
        let mut lost = self.outbox.unfinished() + frames(&self.taken) + frames(&self.kept);
        self.outbox = Outbox::default();
        self.taken.clear();
        self.kept.clear();
        let mut runs = Vec::new();
        while let Ok(count) = self.queue.try_recv_runs(&mut runs, BATCH) {
            lost += count as u64;
            runs.clear();
        }
        lost
    }
}

fn frames<'a>(runs: impl IntoIterator<Item = &'a Run>) -> u64 {
    runs.into_iter().map(|run| run.count() as u64).sum()
}

/// Connects, and connects again.
pub(super) struct Driver {
    address: Address,
    shared: Arc<Shared>,
    settings: Arc<Settings>,
    lines: Lines,
    failed: Option<Arc<ClientError>>,
}

impl Driver {
    pub(super) fn new(address: Address, config: ClientConfig) -> Result<(Self, Arc<Shared>), ClientError> {
        let (inbound, outbound) = (MessageBus::new(), MessageBus::new());
        let name = address.name();
        let mut queue = SubscriberConfig::named(format!("the connection to {name}")).policy(OverflowPolicy::Block);
        queue.limits = config.queue;
        let queue = outbound.tap_with(queue)?;
        let settings = Arc::new(Settings {
            schema_digest: config.schema_digest,
            types: config.types.clone(),
            share: config.share,
            name: config.name.clone(),
            worker: config.worker.clone(),
            handshake_deadline: config.connect_deadline,
            drain_limit: config.drain_limit,
        });
        let shared = Arc::new(Shared::new(config, name, inbound, outbound, Arc::clone(queue.queue())));
        let ingress = shared.inbound.ingress(IngressConfig {
            name: format!("the bridge at {}", shared.address),
            // What is not subscribed to does not come, and a tap wants all.
            unknown_types: UnknownTypes::Forward,
            counters: Arc::clone(&shared.ingress),
            ..IngressConfig::default()
        });
        let lines = Lines {
            queue,
            taken: Vec::new(),
            kept: VecDeque::new(),
            outbox: Outbox::default(),
            ingress,
            input: Input::new(),
        };
        Ok((Self { address, shared: Arc::clone(&shared), settings, lines, failed: None }, shared))
    }

    /// Runs until the client is closed, or gives up.
    pub(super) async fn run(mut self) {
        let config = &self.shared.config;
        let mut supervisor = Supervisor::new(config.reconnect, config.jitter.clone());
        let (retry_first, policy) = (config.retry_first, config.while_disconnected);
        let mut connected = false;
        while !self.shared.closing.is_cancelled() {
            let (error, lasted) = self.once().await;
            if self.shared.closing.is_cancelled() {
                break;
            }
            connected |= lasted.is_some();
            match policy {
                PublishWhileDisconnected::Buffer => self.lines.keep(),
                PublishWhileDisconnected::Drop | PublishWhileDisconnected::Error => {
                    add(&self.shared.counts.lost, self.lines.discard());
                }
            }
            let error = Arc::new(error);
            let counts = &self.shared.counts;
            add(if lasted.is_some() { &counts.disconnects } else { &counts.failed_attempts }, 1);
            let first = !connected && !retry_first;
            let now = Instant::now().into_std();
            let decision = supervisor.failed(now, lasted.unwrap_or_default());
            let Decision::Restart { delay } = decision else {
                self.failed = Some(error);
                break;
            };
            if first || error.is_final() || !self.address.lasts() {
                self.failed = Some(error);
                break;
            }
            tracing::warn!(
                address = &*self.shared.address,
                error = &*error as &dyn std::error::Error,
                retry_in = ?delay,
                "no connection to the bridge",
            );
            if connected {
                self.shared.enter(ClientState::Disconnected { error, retry_in: delay });
            }
            tokio::select! {
                () = sleep_until(deadline::from_now(delay)) => {}
                () = self.shared.closing.cancelled() => {}
            }
        }
    }

    /// One connection: why it ended, and how long it was up, if it was.
    async fn once(&mut self) -> (ClientError, Option<Duration>) {
        let limit = deadline::from_now(self.shared.config.connect_deadline);
        let connecting = timeout_at(limit, self.address.connect(self.shared.config.tcp_nodelay));
        let connected = tokio::select! {
            connected = connecting => connected,
            () = self.shared.closing.cancelled() => return (ClientError::Closed, None),
        };
        let socket: std::io::Result<(Reader, Writer)> = connected.unwrap_or_else(|late| Err(late.into()));
        let socket = match socket {
            Ok(socket) => socket,
            Err(source) => {
                let address = Arc::clone(&self.shared.address);
                return (ClientError::Connect { address, source: Arc::new(source) }, None);
            }
        };
        let ended = session::run(&self.shared, &self.settings, &mut self.lines, socket).await;
        self.shared.down();
        self.lines.input.clear();
        ended
    }
}

impl Drop for Driver {
    /// Also where the runtime ends before the client does.
    fn drop(&mut self) {
        // Nothing is queued after this.
        self.shared.begin_close();
        add(&self.shared.counts.unsent, self.lines.unsent());
        let pending = self.lines.ingress.discard();
        add(&self.shared.counts.discarded, pending);
        match &self.failed {
            Some(error) => tracing::error!(
                address = &*self.shared.address,
                error = &**error as &dyn std::error::Error,
                "the client has given up on the bridge",
            ),
            None => {
                let unsent = self.lines.unsent();
                if unsent > 0 {
                    tracing::warn!(
                        address = &*self.shared.address,
                        unsent,
                        "frames were not sent before the client ended"
                    );
                }
            }
        }
        self.shared.end(self.failed.take());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // A runtime may end where frames are in nobody's queue any more and not yet in the outbox.
    #[test]
    fn frames_on_their_way_to_the_outbox_are_counted_when_the_task_is_dropped() {
        let (mut driver, shared) =
            Driver::new(Address::Tcp("nowhere:1".into()), ClientConfig::new([0; 32], &[])).unwrap();
        let run = |value: u8| Run::unchecked(vec![200, 0, 1, 0, 0, 0, value].into()).unwrap();
        driver.lines.taken.extend([run(1), run(2)]);
        driver.lines.kept.push_back(run(3));
        drop(driver);
        assert_eq!(shared.counters().unsent, 3);
    }

    #[test]
    fn what_was_not_handed_over_is_kept_in_order() {
        let (mut driver, _) = Driver::new(Address::Tcp("nowhere:1".into()), ClientConfig::new([0; 32], &[])).unwrap();
        let run = |value: u8| Run::unchecked(vec![200, 0, 1, 0, 0, 0, value].into()).unwrap();
        driver.lines.outbox.push(Block::Run(run(1)));
        driver.lines.taken.push(run(2));
        driver.lines.kept.push_back(run(3));
        driver.lines.keep();
        let kept: Vec<_> = driver.lines.kept.iter().map(|run| run.payload()[0]).collect();
        assert_eq!((kept, driver.lines.unsent()), (vec![1, 2, 3], 3));
        assert_eq!((driver.lines.discard(), driver.lines.unsent()), (3, 0));
    }
}
