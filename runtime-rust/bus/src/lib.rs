//! A message bus whose messages are written once: publishers write a frame into a shared buffer, subscribers in the same
//! process read it there as a typed message, and sockets send the very same bytes. This crate owns what moves frames:
//! queues, routes, sockets, services. What is in a frame is left to `mycelium_wire` and to generated code.
//!
//! ```
//! # mod messages { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/messages/messages.rs")); }
//! use messages::{TextMessage, TextMessageArgs};
//! use mycelium_bus::{MessageBus, OverflowPolicy, SubscriberConfig};
//!
//! # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
//! let bus = MessageBus::new();
//!
//! // Publishers wait for this one; what it does not take is not lost.
//! let mut archive = bus.subscriber::<TextMessage>()?;
//! // Nobody waits for this one: it sees the last 16 messages, and how many it missed is counted.
//! let latest = SubscriberConfig::named("latest").policy(OverflowPolicy::DropOldest).frames(16);
//! let mut latest = bus.subscriber_with::<TextMessage>(latest)?;
//!
//! let mut publisher = bus.publisher::<TextMessage>()?;
//! publisher.publish_new(&TextMessageArgs { sender: "ada", content: "hello", timestamp: 1 }).await?;
//!
//! let message = archive.recv().await.ok_or("the bus was closed")?;
//! assert_eq!((message.sender(), message.content()), ("ada", "hello"));
//! assert_eq!(latest.try_recv()?, message);
//! assert_eq!(latest.counters().dropped, 0);
//!
//! // What is queued is still received, then the streams end.
//! publisher.publish(&message).await?;
//! bus.close();
//! assert!(archive.recv().await.is_some());
//! assert!(archive.recv().await.is_none());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What holds
//!
//! - Messages of one publisher arrive in the order in which it published them, at every subscriber.
//! - What is published after a subscribing call has returned is received.
//! - A publish reaches every subscriber or, if it fails or is cancelled, none. With [`OverflowPolicy::Block`] nothing is
//!   lost or doubled; with the other policies every frame is either received, or queued, or in a counter
//!   ([`QueueCounters`]).
//! - A subscriber that receives nothing costs its own queue, and nobody else waits for it, unless its policy is `Block`.
//! - A queued frame keeps at most [`BLOCK_SIZE`] bytes in memory beside its own.
//!
//! # Waiting for each other
//!
//! A blocking subscriber slows down its publishers: that is what it is for, and it can stand still. A task that publishes
//! a type and receives it as well waits for itself as soon as its queue is full; two services that publish to each other
//! wait for each other once both queues are. A publisher that has waited for three seconds logs its own name and the
//! subscriber's. The ways out: receive in a task of its own; give the subscriber another policy; or do not wait, with
//! [`Publisher::try_publish`] or [`Publisher::publish_timeout`], and decide what to do with a message that found no room:
//!
//! ```
//! # mod messages { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/messages/messages.rs")); }
//! # use messages::{CounterUpdate, CounterUpdateArgs};
//! use mycelium_bus::{MessageBus, PublishError, SubscriberConfig};
//!
//! let bus = MessageBus::new();
//! let mut own = bus.subscriber_with::<CounterUpdate>(SubscriberConfig::named("own").frames(1))?;
//! let mut publisher = bus.publisher::<CounterUpdate>()?;
//! let update = CounterUpdate::new(CounterUpdateArgs { counter_id: 1, value: 5, delta: 5 })?;
//! publisher.try_publish(&update)?;
//!
//! // `publish` would wait here for ever: nobody receives but this very task.
//! let full = publisher.try_publish(&update);
//! assert_eq!(full, Err(PublishError::Full { subscriber: "own".into() }));
//! own.try_recv()?;
//! publisher.try_publish(&update)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

use std::fmt;

mod bus;
pub mod client;
mod counters;
pub mod deadline;
mod deliver;
mod endpoint;
mod error;
pub mod exit;
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
mod socket;
mod subscriber;
mod subscription;
pub mod supervision;
mod task;
#[cfg(test)]
mod wakes;

pub use mycelium_wire::shared::Owned;

pub use bus::MessageBus;
pub use counters::{BusStats, QueueCounters, SubscriptionStats, TypeStats};
pub use endpoint::{
    Admission, BindError, ClientInfo, ClientStats, ConnectionHandle, Endpoint, EndpointConfig, EndpointStats,
    EndpointStatsHandle, PeerAddress, UnixServer,
};
pub use error::{BusError, CloseReason, PublishError, TryRecvError};
pub use frame::{Frame, Run};
pub use ingress::{CoreFrame, ForwardError, Ingress, IngressConfig, IngressCounters, UnknownTypes};
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
