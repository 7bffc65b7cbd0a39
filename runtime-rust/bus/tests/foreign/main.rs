//! A bus, and a client that was written from `docs/wire-protocol.md` alone: no code of the project in it, and blocking
//! sockets of the standard library. What it cannot know from that page is a fault of the page.

mod bridge;
mod client;
mod ending;
mod handshake;
mod session;
mod sha256;
mod shared;
mod version_1;

#[rustfmt::skip]
#[path = "../messages/messages.rs"]
#[allow(dead_code)]
mod messages;
