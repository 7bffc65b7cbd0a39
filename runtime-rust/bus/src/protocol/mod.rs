//! What is said on a connection, from both sides, as state machines: bytes and times in, bytes and
//! steps out. No sockets, no clock, no queue of data: those are left to endpoints and the client.
//!
//! Whoever drives a connection
//! 1. gives what it has read to `read`, again and again while that consumes something,
//! 2. moves `output` into an [`Outbox`] whenever [`Outbox::takes_control`], adds data, and writes it out,
//! 3. sleeps until `deadline` and then calls `handle_timeout`,
//! 4. follows `phase` through the end: what was queued, `Goodbye`, the end of writing, the end of reading.

pub mod client;
mod control;
mod frames;
mod heartbeat;
mod outbox;
mod schema;
pub mod server;
mod subscriptions;

pub use frames::Frames;
pub use heartbeat::HeartbeatConfig;
pub use outbox::Outbox;
pub use schema::{SharedTypes, TypeSummary};
pub use subscriptions::Subscriptions;

/// How far a connection has come. Later ones compare greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// The handshake is not done.
    Opening,
    /// Everything flows.
    Open,
    /// Nothing new is taken to be sent; what was queued is written. Ends with `drained`.
    Draining,
    /// `Goodbye` is queued, or nothing more is to be said: what the outbox has is written. Ends with `flushed`.
    Flushing,
    /// Writing has ended; the peer's end of stream is awaited.
    HalfClosed,
    /// Nothing is left to do but to close.
    Closed,
}
