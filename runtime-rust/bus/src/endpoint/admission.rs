//! Who is let in, and who is there: the hook by which others decide and follow.

use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Context;

use mycelium_wire::core_messages::GoodbyeReason;
use mycelium_wire::handshake::{CAPABILITY_WORKER, Opening};

use crate::ConnectionId;
use crate::protocol::server::{Ending, Refusal};
use crate::task::{Signal, Watch};

/// Decides about clients whose handshake the protocol accepts, and follows them. Called on the
/// connection's task: it does not block.
pub trait Admission: Send + Sync + 'static {
    /// Whether the client is let in. Asked about clients alone that nothing else stands against, such as
    /// [`EndpointConfig::max_clients`](crate::EndpointConfig::max_clients): where this says yes, [`Admission::connected`]
    /// follows, and [`Admission::disconnected`] in the end.
    fn admit(&self, client: &ClientInfo) -> Result<(), Refusal> {
        let _ = client;
        Ok(())
    }

    /// Whether the client has a place of its own, which
    /// [`EndpointConfig::max_clients`](crate::EndpointConfig::max_clients) does not count: others cannot take it. Asked
    /// before [`Admission::admit`].
    fn has_place(&self, client: &ClientInfo) -> bool {
        let _ = client;
        false
    }

    /// The client is let in; the handle can send it away.
    fn connected(&self, client: &ClientInfo, connection: &ConnectionHandle) {
        let _ = (client, connection);
    }

    /// A client that was let in gives no sign of life any more, and is sent away. That may take a second, as it may not
    /// listen either; [`Admission::disconnected`] follows then.
    fn silent(&self, client: &ClientInfo) {
        let _ = client;
    }

    /// A client that was let in is gone.
    fn disconnected(&self, client: &ClientInfo, ending: &Ending, stats: &ClientStats) {
        let _ = (client, ending, stats);
    }
}

/// Where a client is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeerAddress {
    /// On this machine, as the operating system tells.
    Unix {
        /// The user it runs as.
        uid: u32,
        /// Its process, where that is known.
        pid: Option<i32>,
    },
    /// Somewhere on the network.
    Tcp(SocketAddr),
}

impl fmt::Display for PeerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PeerAddress::Unix { uid, pid: Some(pid) } => write!(f, "unix uid {uid} pid {pid}"),
            PeerAddress::Unix { uid, pid: None } => write!(f, "unix uid {uid}"),
            PeerAddress::Tcp(address) => address.fmt(f),
        }
    }
}

/// A client, as its handshake tells.
#[derive(Clone, PartialEq, Eq)]
pub struct ClientInfo {
    /// Different from every other one of the bus.
    pub connection: ConnectionId,
    /// Where it is.
    pub peer: PeerAddress,
    /// 1 or 2.
    pub version: u16,
    /// What it calls itself; empty with version 1.
    pub name: String,
    /// Whether it says to be a supervised worker.
    pub is_worker: bool,
    /// `MYCELIUM_WORKER_ID`; empty for others.
    pub worker_id: String,
    /// `MYCELIUM_WORKER_TOKEN`; zero for others.
    pub worker_token: [u8; 16],
}

impl ClientInfo {
    pub(super) fn new(connection: ConnectionId, peer: PeerAddress, opening: &Opening<'_>) -> Self {
        let (version, name, is_worker, worker_id, worker_token) = match opening {
            Opening::V1(_) => (1, "", false, "", [0; 16]),
            Opening::V2(hello) => {
                let is_worker = hello.capabilities() & CAPABILITY_WORKER != 0;
                (2, hello.client_name(), is_worker, hello.worker_id(), *hello.worker_token())
            }
        };
        let (name, worker_id) = (name.to_owned(), worker_id.to_owned());
        Self { connection, peer, version, name, is_worker, worker_id, worker_token }
    }
}

impl fmt::Debug for ClientInfo {
    /// Without the token, which is a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientInfo")
            .field("connection", &self.connection)
            .field("peer", &self.peer)
            .field("version", &self.version)
            .field("name", &self.name)
            .field("is_worker", &self.is_worker)
            .field("worker_id", &self.worker_id)
            .finish_non_exhaustive()
    }
}

/// What became of the frames for one client:
/// `offered = written + queued + dropped + lost`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClientStats {
    /// Frames that were published and that it had subscribed to.
    pub offered: u64,
    /// Frames that its socket took wholly.
    pub written: u64,
    /// Frames that wait, or are being written.
    pub queued: u64,
    /// Frames that its queue's policy dropped.
    pub dropped: u64,
    /// Frames that were queued or partly written when the connection ended.
    pub lost: u64,
}

/// Sends a client away. Cloning gives another handle of the same connection.
#[derive(Clone)]
pub struct ConnectionHandle(Arc<State>);

#[derive(Default)]
struct State {
    /// There is a command.
    commanded: Signal,
    command: Mutex<Option<Command>>,
}

/// What a connection is told from outside.
#[derive(Debug)]
pub(super) enum Command {
    Close(GoodbyeReason, String),
    Refuse(Refusal),
}

impl ConnectionHandle {
    pub(super) fn new() -> Self {
        Self(Arc::default())
    }

    /// Ends the connection with a `Goodbye`, after what is queued for the client, within the endpoint's limit. Where
    /// it is ending already nothing changes.
    pub fn close(&self, reason: GoodbyeReason, detail: impl Into<String>) {
        self.command(Command::Close(reason, detail.into()));
    }

    pub(super) fn command(&self, command: Command) {
        *self.0.command.lock().unwrap_or_else(PoisonError::into_inner) = Some(command);
        self.0.commanded.raise();
    }

    /// For the connection's task.
    pub(super) fn poll_command(&self, watch: &mut Watch, context: &mut Context<'_>) -> Option<Command> {
        while self.0.commanded.poll(watch, context).is_ready() {
            let command = self.0.command.lock().unwrap_or_else(PoisonError::into_inner).take();
            if command.is_some() {
                return command;
            }
        }
        None
    }
}

impl fmt::Debug for ConnectionHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ConnectionHandle")
    }
}
