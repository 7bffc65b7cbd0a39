//! The bus within one process: delivery, policies, waiting, topics, endings, registry, frames from outside. Time is
//! tokio's paused clock.

mod block;
mod delivery;
mod endings;
mod fixtures;
mod ingress;
#[rustfmt::skip]
#[path = "../messages/messages.rs"]
#[allow(dead_code)]
mod messages;
mod model;
mod policies;
mod registry;
mod topics;
