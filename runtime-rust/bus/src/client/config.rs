//! [`ClientConfig`].

use std::fmt;
use std::time::Duration;

use mycelium_wire::MessageInfo;

use crate::QueueLimits;
use crate::supervision::{Intensity, Jitter, Supervision};

/// What becomes of messages that are published while there is no connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum PublishWhileDisconnected {
    /// They are queued, up to the limits of [`ClientConfig::queue`], and sent once there is a connection; publishers
    /// wait when the queue is full, as they do while connected. What was queued or begun when a connection was lost is
    /// sent again on the next.
    #[default]
    Buffer,
    /// They are dropped, and counted in [`ClientCounters::dropped`](super::ClientCounters::dropped). What was queued
    /// when a connection was lost is counted in [`ClientCounters::lost`](super::ClientCounters::lost).
    Drop,
    /// Publishing fails with [`ClientPublishError::Disconnected`](super::ClientPublishError::Disconnected). What was
    /// queued when a connection was lost is counted in [`ClientCounters::lost`](super::ClientCounters::lost).
    Error,
}

/// How a client connects, and what it is.
#[derive(Clone)]
pub struct ClientConfig {
    /// The digest of the contract the client was built with.
    pub schema_digest: [u8; 32],
    /// The contract's messages, in ascending type id: `AnyMessage::MESSAGES` of the generated code.
    pub types: Vec<MessageInfo>,
    /// The client's name in the bridge's logs and metrics; cut after 64 bytes.
    pub name: String,
    /// Whether the client goes on with the messages that both sides have in common, where the bridge's contract is
    /// another and it allows that.
    pub share: bool,
    /// The id and token of a supervised worker, from its environment.
    pub worker: Option<(String, [u8; 16])>,
    /// The time to connect in, and again the time until the handshake is done.
    pub connect_deadline: Duration,
    /// Whether the first connection is tried again and again as later ones are, rather than failing at once.
    pub retry_first: bool,
    /// When to connect again, and when to give up.
    pub reconnect: Supervision,
    /// Where the random parts of the waits between attempts come from.
    pub jitter: Jitter,
    /// How much waits to be sent. Publishers wait when it is full.
    pub queue: QueueLimits,
    /// What becomes of messages that are published while there is no connection.
    pub while_disconnected: PublishWhileDisconnected,
    /// How long a new subscriber waits for the bridge to confirm it.
    pub subscribe_deadline: Duration,
    /// The time to end in: to write what is queued, say goodbye, and read to the end.
    pub drain_limit: Duration,
    /// Whether small writes to a TCP connection go out at once.
    pub tcp_nodelay: bool,
}

impl ClientConfig {
    /// The defaults, for a contract: 5 s to connect, to shake hands and to end, 10 s to subscribe; it connects again
    /// for ever, after 100 ms up to 30 s, half of it random; 4,096 frames or 8 MiB wait to be sent.
    pub fn new(schema_digest: [u8; 32], types: &[MessageInfo]) -> Self {
        let seconds = Duration::from_secs;
        Self {
            schema_digest,
            types: types.to_vec(),
            name: String::new(),
            share: false,
            worker: None,
            connect_deadline: seconds(5),
            retry_first: false,
            reconnect: Supervision {
                intensity: Intensity::UNLIMITED,
                healthy_after: seconds(5),
                ..Supervision::default()
            },
            jitter: Jitter::random(),
            queue: QueueLimits { frames: 4096, bytes: 8 << 20 },
            while_disconnected: PublishWhileDisconnected::default(),
            subscribe_deadline: seconds(10),
            drain_limit: seconds(5),
            tcp_nodelay: true,
        }
    }
}

impl fmt::Debug for ClientConfig {
    /// Without the worker's token, which is a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientConfig")
            .field("name", &self.name)
            .field("types", &self.types.len())
            .field("share", &self.share)
            .field("worker", &self.worker.as_ref().map(|(id, _)| id))
            .field("connect_deadline", &self.connect_deadline)
            .field("retry_first", &self.retry_first)
            .field("reconnect", &self.reconnect)
            .field("queue", &self.queue)
            .field("while_disconnected", &self.while_disconnected)
            .field("subscribe_deadline", &self.subscribe_deadline)
            .field("drain_limit", &self.drain_limit)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_not_printed() {
        let config = ClientConfig { worker: Some(("worker-1".into(), [171; 16])), ..ClientConfig::new([0; 32], &[]) };
        let printed = format!("{config:?}");
        assert!(printed.contains("worker-1") && !printed.contains("171"), "{printed}");
    }
}
