//! The command `myc-bridge`, run as its users run it. Workers are this very program, told what to do.

#[path = "../../../bus/tests/messages/messages.rs"]
#[rustfmt::skip]
#[allow(missing_docs)]
mod messages;

mod contract;
mod failing;
mod help;
mod http;
mod life;
mod log;
mod place;
mod publish;
mod status;
mod tap;
mod worker;
