//! What a bridge tells about itself, as plain data: [`BridgeStatus`], [`EndpointStatus`], [`BridgeReport`].

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use mycelium_bus::{Endpoint, EndpointStats};
use serde::Serialize;

use crate::worker::state::seconds;
use crate::{WorkerState, WorkerStatus};

/// What a bridge is doing.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct BridgeStatus {
    /// Its name.
    pub name: String,
    /// The schema digest of its clients, in hexadecimal digits.
    pub schema_digest: String,
    /// How long it has been there.
    #[serde(rename = "uptime_seconds", serialize_with = "seconds")]
    pub uptime: Duration,
    /// Its sockets.
    pub endpoints: Vec<EndpointStatus>,
    /// Its workers, in the order of its configuration.
    pub workers: Vec<WorkerStatus>,
}

/// What happened at a socket since it was bound. As [`EndpointStats`], with the names of the core contract as keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct EndpointStatus {
    /// The endpoint's name.
    pub name: String,
    /// A path, or `tcp://HOST:PORT`.
    pub address: String,
    /// Clients that are there now, workers included.
    pub clients: u64,
    /// Connections that were accepted, whatever became of them.
    pub connections: u64,
    /// Handshakes that did not succeed, by reason.
    pub handshake_failures: BTreeMap<String, u64>,
    /// Connections that the bridge ended, by reason.
    pub sent_away: BTreeMap<String, u64>,
    /// Messages that came.
    pub frames_in: u64,
    /// Bytes that came.
    pub bytes_in: u64,
    /// Messages that came and were not forwarded, by what is wrong with them.
    pub rejected: BTreeMap<String, u64>,
    /// Messages that came and that the bus did not take.
    pub undelivered: u64,
    /// Messages that were written.
    pub frames_out: u64,
    /// Bytes that were written.
    pub bytes_out: u64,
    /// Messages that wait to be written.
    pub queued: u64,
    /// Messages that the policies of clients' queues dropped.
    pub dropped: u64,
    /// Messages that were queued or partly written when a connection ended.
    pub lost: u64,
    /// Intervals of heartbeats that clients missed.
    pub heartbeats_missed: u64,
}

impl EndpointStatus {
    pub(crate) fn new(endpoint: &Endpoint) -> Self {
        let address = match (endpoint.path(), endpoint.local_addr()) {
            (Some(path), _) => path.display().to_string(),
            (None, Some(address)) => format!("tcp://{address}"),
            (None, None) => String::new(),
        };
        Self::of(endpoint.name().to_owned(), address, endpoint.stats())
    }

    fn of(name: String, address: String, stats: EndpointStats) -> Self {
        let failures = stats.handshake_failures.iter();
        let sent_away = stats.sent_away.iter();
        Self {
            name,
            address,
            clients: stats.active,
            connections: stats.connections,
            handshake_failures: failures.map(|(failure, count)| (failure.name().to_owned(), *count)).collect(),
            sent_away: sent_away.map(|(reason, count)| (reason.name().to_owned(), *count)).collect(),
            frames_in: stats.frames_in,
            bytes_in: stats.bytes_in,
            rejected: stats.rejected.into_iter().map(|(code, count)| (code.into_owned(), count)).collect(),
            undelivered: stats.undelivered,
            frames_out: stats.outgoing.written,
            bytes_out: stats.bytes_out,
            queued: stats.outgoing.queued,
            dropped: stats.outgoing.dropped,
            lost: stats.outgoing.lost,
            heartbeats_missed: stats.heartbeats_missed,
        }
    }
}

/// What became of a bridge.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct BridgeReport {
    /// Its sockets, at the end.
    pub endpoints: Vec<EndpointStatus>,
    /// Its workers, at the end.
    pub workers: Vec<WorkerStatus>,
}

impl BridgeReport {
    /// Whether every worker ended when it was asked to: none was given up on, none had to be killed.
    pub fn is_clean(&self) -> bool {
        self.unclean().next().is_none()
    }

    /// The workers that were given up on, or had to be killed.
    pub fn unclean(&self) -> impl Iterator<Item = &WorkerStatus> {
        self.workers.iter().filter(|worker| {
            worker.state != WorkerState::Stopped || worker.last_exit.as_ref().is_some_and(|exit| exit.killed)
        })
    }
}

impl fmt::Display for BridgeReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unclean = self.unclean().count();
        write!(f, "{} workers, {} ended in order", self.workers.len(), self.workers.len() - unclean)?;
        for worker in self.unclean() {
            write!(f, "; {} {}", worker.id, worker.state)?;
            match &worker.last_exit {
                Some(exit) if exit.killed => write!(f, " (killed)")?,
                Some(exit) => write!(f, " ({})", exit.reason)?,
                None => {}
            }
        }
        Ok(())
    }
}
