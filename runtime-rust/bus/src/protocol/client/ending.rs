//! Why a client's connection ended.

use mycelium_wire::core_messages::{GoodbyeReason, RejectReason};
use mycelium_wire::handshake::Differences;

/// A bridge's refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// Why.
    pub reason: RejectReason,
    /// For people.
    pub detail: String,
    /// The bridge's digest.
    pub schema_digest: [u8; 32],
    /// How the schemas differ, where the bridge said it all.
    pub differences: Option<Differences>,
}

/// Why a connection ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The bridge refused the client.
    Rejected(Box<Rejection>),
    /// The handshake was not done in time.
    Deadline,
    /// The client ended it.
    Done,
    /// The bridge said goodbye.
    PeerGoodbye(GoodbyeReason, String),
    /// The bridge's stream ended without a word; during the handshake: it refused, as a version 1 bridge
    /// does, or it is not one.
    PeerClosed,
    /// The bridge has been silent for longer than its heartbeat allows.
    Silent,
    /// The bridge broke the protocol.
    ProtocolError(String),
}
