//! Endpoints as their clients see them: real sockets, and clients that speak in bytes.

mod hostile;
mod peer;
mod sockets;
mod subscribing;
mod traffic;
mod workers;

#[path = "../raw/mod.rs"]
mod raw;

#[rustfmt::skip]
#[path = "../messages/messages.rs"]
#[allow(dead_code)]
mod messages;
