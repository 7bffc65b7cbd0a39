//! A message bus whose messages are written once: publishers write a frame into a shared buffer, subscribers in the same
//! process read it there as a typed message, and sockets send the very same bytes.
//!
//! [`MessageBus`] makes publishers and subscribers. Every queue is bounded, and its [`OverflowPolicy`] says what happens
//! when it is full; every frame is in a counter, whatever happens to it.
#![forbid(unsafe_code)]

use std::fmt;

mod bus;
pub mod client;
mod counters;
mod deliver;
mod endpoint;
mod error;
mod frame;
mod ingress;
pub mod metrics;
mod policy;
pub mod protocol;
mod publisher;
mod queue;
mod registry;
mod route;
pub mod service;
mod subscriber;
mod subscription;
pub mod supervision;

pub use mycelium_wire::shared::Owned;

pub use bus::MessageBus;
pub use counters::{BusStats, QueueCounters, SubscriptionStats, TypeStats};
pub use endpoint::{
    Admission, BindError, ClientInfo, ClientStats, ConnectionHandle, Endpoint, EndpointConfig, EndpointStats,
    EndpointStatsHandle, PeerAddress,
};
pub use error::{BusError, CloseReason, PublishError, TryRecvError};
pub use frame::{Frame, Run};
pub use ingress::{CoreFrame, Ingress, IngressConfig, IngressCounters, UnknownTypes};
pub use policy::{OverflowPolicy, QueueLimits, SubscriberConfig};
pub use publisher::{BLOCK_SIZE, Publisher};
pub use queue::Take;
pub use registry::{DynamicCheck, DynamicType, Registry, Rejection, TypeEntry};
pub use subscriber::Subscriber;
pub use subscription::Subscription;

/// Identifies a connection: what came from it does not go back to it. Made by [`MessageBus::next_connection_id`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(pub u64);

impl fmt::Display for ConnectionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
