//! Workers in other languages on the message bus: a bridge listens for them, launches and supervises their processes,
//! and writes what they print into the log. [`ForeignBridge`] knows nothing of any language; what is special about one
//! is in a small file of its own, such as [`ocaml`].
//!
//! What is said on a connection, and what becomes of every message, is the bus's affair.
//!
//! ```no_run
//! use mycelium_bridge::{BridgeConfig, ForeignBridge, WorkerConfig};
//! use mycelium_bus::MessageBus;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let schema_digest = [0; 32];
//! let bus = MessageBus::new();
//! let config = BridgeConfig::new("desk", schema_digest)
//!     .unix("/run/desk/bus.sock")
//!     .worker(WorkerConfig::new("prices", "/usr/lib/desk/prices").arg("--fast"));
//! let bridge = ForeignBridge::start(&bus, config).await?;
//! bridge.ready().await;
//!
//! let worker = bridge.failed().await;
//! eprintln!("{} is given up on: {}", worker.id, worker.last_exit.map(|exit| exit.reason.to_string()).unwrap_or_default());
//! bridge.shutdown().await;
//! # Ok(())
//! # }
//! ```
//!
//! # What holds
//!
//! - A worker is ready when a client has said its id and the token of this very launch. Nobody else gets in by its id.
//! - A process is gone, and reaped, before the next one of its worker is launched; connections end with their launch.
//! - After [`ForeignBridge::shutdown`] there is no process of a worker, no socket file and no thread of the bridge.
//! - If the bridge itself is killed, the system kills its workers (not what they have started: see below).
//! - Nothing that a worker does stops the bridge or another worker.
//!
//! # What escapes
//!
//! A worker leads a process group, which is ended with it. A process that leaves the group (by `setsid`, as a daemon
//! does) is not found, and only its connections are closed. And when the bridge is killed, only the workers themselves
//! are. Where that matters run the bridge in a control group that ends as a whole: systemd does so for each service
//! (`KillMode=control-group`, the default, or `mixed`). A worker whose program is set-user-ID is not killed with the bridge either,
//! as the system forgets that setting for such programs.
//!
//! Linux only: 5.4 or later.
#![deny(unsafe_code)]

mod bridge;
mod config;
pub mod metrics;
pub mod ocaml;
mod service;
mod status;
mod worker;

pub use bridge::{BridgeError, ForeignBridge, UnknownWorker};
pub use config::{BridgeConfig, ConfigError};
pub use ocaml::{OcamlBridgeConfig, OcamlBridgeService, OcamlChildConfig};
pub use service::{BridgeService, WhenWorkerFails};
pub use status::{BridgeReport, BridgeStatus, EndpointStatus};
pub use worker::config::WorkerConfig;
pub use worker::output::OUTPUT_TARGET;
pub use worker::state::{ExitReason, Transition, WorkerExit, WorkerState, WorkerStatus};

/// The variables that a worker gets from its bridge.
pub mod variables {
    pub use crate::worker::config::{SCHEMA_DIGEST, SOCKET, WORKER_ID, WORKER_TOKEN};
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;

    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
