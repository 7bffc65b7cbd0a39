//! The client as bridges see it: against one that is scripted, byte by byte, and against the endpoint. Time is tokio's
//! paused clock: it moves on when nothing else can.

mod bridge;
mod ending;
mod endpoint;
mod handshake;
mod heartbeat;
mod reconnect;
mod subscribing;

#[path = "../raw/mod.rs"]
mod raw;

#[rustfmt::skip]
#[path = "../messages/messages.rs"]
#[allow(dead_code)]
mod messages;
