//! Endpoints: Unix and TCP sockets that clients in other processes and languages connect to. What is said on a
//! connection is decided in [`crate::protocol`]; here are the sockets, the queue of each client, and the counters.

mod admission;
mod bind;
mod config;
mod connection;
mod inbox;
mod listen;
mod stats;

pub use admission::{Admission, ClientInfo, ClientStats, ConnectionHandle, PeerAddress};
pub use bind::{BindError, UnixServer};
pub use config::EndpointConfig;
pub use listen::{Endpoint, EndpointStatsHandle};
pub use stats::EndpointStats;
