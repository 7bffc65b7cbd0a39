//! Accepting connections, and the handle of an endpoint.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use mycelium_wire::core_messages::{GoodbyeReason, RejectReason};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout_at};
use tokio_util::sync::CancellationToken;

use super::admission::{ClientInfo, ClientStats, ConnectionHandle, PeerAddress};
use super::bind::SocketFile;
use super::connection::Driver;
use super::stats::{EndpointStats, Tally};
use super::{Admission, EndpointConfig};
use crate::deadline;
use crate::protocol::server::{Connection, Refusal, Settings};
use crate::socket::{Reader, Stream, Writer};
use crate::{ConnectionId, IngressConfig, MessageBus, Registry, UnknownTypes};

/// Connections whose handshake is not done; with more, the oldest are closed.
const MAX_OPENING: usize = 512;

/// How long nothing is accepted after the system ran out of something.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// After the drain limit: for connections to notice that it is over.
const DRAIN_SLACK: Duration = Duration::from_millis(500);

pub(super) enum Listener {
    Unix(UnixListener, SocketFile),
    Tcp(TcpListener),
}

/// What all connections of an endpoint share.
pub(super) struct Shared {
    pub(super) config: EndpointConfig,
    pub(super) name: String,
    pub(super) bus: MessageBus,
    pub(super) tally: Tally,
    /// Made from the bus's types when it had this version.
    settings: Mutex<(u64, Arc<Settings>)>,
    stopping: AtomicBool,
    stop: CancellationToken,
    stopped: Notify,
    listening: AtomicBool,
}

impl Shared {
    pub(super) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    pub(super) fn admission(&self) -> Option<&Arc<dyn Admission>> {
        self.config.admission.as_ref()
    }

    /// For one more connection, with the types that are known now.
    fn settings(&self) -> Arc<Settings> {
        let mut settings = self.settings.lock().unwrap_or_else(PoisonError::into_inner);
        let version = self.bus.registry_version();
        if self.config.registry.is_none() && settings.0 != version {
            *settings = (version, Arc::new(make_settings(&self.config, &self.bus)));
        }
        settings.1.clone()
    }

    pub(super) fn ingress(&self, connection: ConnectionId) -> IngressConfig {
        let default = if self.config.registry.is_some() { UnknownTypes::Refuse } else { UnknownTypes::Forward };
        IngressConfig {
            name: format!("{} connection {connection}", self.name),
            origin: Some(connection),
            registry: self.config.registry.clone(),
            unknown_types: self.config.unknown_types.unwrap_or(default),
            counters: self.tally.ingress.clone(),
        }
    }
}

fn make_settings(config: &EndpointConfig, bus: &MessageBus) -> Settings {
    let types = |registry: &Registry| registry.entries().map(|entry| (&**entry).into()).collect();
    Settings {
        schema_digest: config.schema_digest,
        types: match &config.registry {
            Some(registry) => types(registry),
            None => types(&bus.registry()),
        },
        share: config.share,
        handshake_deadline: config.handshake_deadline,
        max_payload: config.max_payload,
        heartbeat: config.heartbeat,
        idle_limit: config.idle_limit,
        drain_limit: config.drain_limit,
    }
}

/// A socket that clients connect to. Dropping it begins a shutdown that nobody waits for.
#[must_use = "dropping an endpoint shuts it down"]
pub struct Endpoint {
    shared: Arc<Shared>,
    path: Option<std::path::PathBuf>,
    address: Option<SocketAddr>,
}

pub(super) fn start(config: EndpointConfig, bus: &MessageBus, listener: Listener) -> Endpoint {
    let (path, address) = match &listener {
        Listener::Unix(_, file) => (Some(file.path.clone()), None),
        Listener::Tcp(listener) => (None, listener.local_addr().ok()),
    };
    let name = match (&*config.name, &path, &address) {
        ("", Some(path), _) => path.display().to_string(),
        ("", None, Some(address)) => address.to_string(),
        (name, ..) => name.to_owned(),
    };
    let shared = share(config, bus, name);
    tracing::info!(endpoint = &*shared.name, "listening");
    tokio::spawn(accept(shared.clone(), listener));
    Endpoint { shared, path, address }
}

fn share(config: EndpointConfig, bus: &MessageBus, name: String) -> Arc<Shared> {
    let version = bus.registry_version();
    let settings = Mutex::new((version, Arc::new(make_settings(&config, bus))));
    Arc::new(Shared {
        config,
        name,
        bus: bus.clone(),
        tally: Tally::default(),
        settings,
        stopping: AtomicBool::new(false),
        stop: CancellationToken::new(),
        stopped: Notify::new(),
        listening: AtomicBool::new(true),
    })
}

/// Tells that nothing is accepted any more, whatever ends the task.
struct Listening(Arc<Shared>, Option<Listener>);

impl Drop for Listening {
    fn drop(&mut self) {
        if let Some(Listener::Unix(_, file)) = &self.1 {
            file.remove();
        }
        self.1 = None;
        self.0.listening.store(false, Ordering::Release);
        self.0.stopped.notify_waiters();
    }
}

async fn accept(shared: Arc<Shared>, listener: Listener) {
    let stop = shared.stop.clone();
    let listening = Listening(shared.clone(), Some(listener));
    let Some(listener) = &listening.1 else { return };
    loop {
        let accepted = tokio::select! {
            biased;
            () = stop.cancelled() => return,
            accepted = accept_one(listener, &shared) => accepted,
        };
        match accepted {
            Ok((stream, peer, refusal)) => spawn(&shared, stream, peer, refusal),
            Err(error) => {
                shared.tally.accept_failed();
                // A client that is gone already is its own affair. Anything else, such as no file descriptor left, lasts
                // for a while, and the connection waits as well: trying again at once would only burn the processor.
                if error.kind() != io::ErrorKind::ConnectionAborted {
                    tracing::warn!(endpoint = &*shared.name, %error, "a connection cannot be accepted");
                    tokio::select! {
                        () = stop.cancelled() => return,
                        () = sleep(ACCEPT_PAUSE) => {}
                    }
                }
            }
        }
    }
}

/// What is read from and written to.
type Halves = (Reader, Writer);

async fn accept_one(listener: &Listener, shared: &Shared) -> io::Result<(Halves, PeerAddress, Option<Refusal>)> {
    match listener {
        Listener::Unix(listener, _) => {
            let (stream, _) = listener.accept().await?;
            let peer = stream.peer_cred()?;
            let (uid, pid) = (peer.uid(), peer.pid());
            let allowed = shared.config.allowed_uids.as_ref().is_none_or(|uids| uids.contains(&uid));
            let refusal =
                (!allowed).then(|| Refusal::new(RejectReason::NotAllowed, format!("user {uid} is not allowed")));
            Ok((Stream::Unix(stream).split()?, PeerAddress::Unix { uid, pid }, refusal))
        }
        Listener::Tcp(listener) => {
            let (stream, address) = listener.accept().await?;
            // Without it a connection is slower and no less right.
            let _ = stream.set_nodelay(shared.config.tcp_nodelay);
            Ok((Stream::Tcp(stream).split()?, PeerAddress::Tcp(address), None))
        }
    }
}

fn spawn(shared: &Arc<Shared>, stream: Halves, peer: PeerAddress, refusal: Option<Refusal>) {
    let id = shared.bus.next_connection_id();
    let now = Instant::now().into_std();
    let settings = shared.settings();
    let protocol = match refusal {
        Some(refusal) => Connection::refusing(settings, id.0, now, refusal),
        None => Connection::new(settings, id.0, now),
    };
    let handle = ConnectionHandle::new();
    shared.tally.accepted(id.0, handle.clone(), MAX_OPENING);
    let task = tokio::spawn(Driver::new(shared.clone(), id, peer, stream, protocol, handle));
    shared.tally.spawned(id.0, task.abort_handle());
}

impl Endpoint {
    /// The address of a TCP endpoint.
    pub fn local_addr(&self) -> Option<SocketAddr> {
        self.address
    }

    /// The path of a Unix endpoint.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// The name in logs and metrics.
    pub fn name(&self) -> &str {
        &self.shared.name
    }

    /// What happened so far.
    pub fn stats(&self) -> EndpointStats {
        self.shared.tally.stats()
    }

    /// Waits for a moment that is as wanted. It is looked for when a connection has come, is let in, or is gone.
    pub async fn wait_until(&self, until: impl FnMut(&EndpointStats) -> bool) -> EndpointStats {
        self.shared.tally.wait(until).await
    }

    /// A handle to ask for [`EndpointStats`] that does not keep the endpoint.
    pub fn stats_handle(&self) -> EndpointStatsHandle {
        EndpointStatsHandle(self.shared.clone())
    }

    /// The clients that are there now, in the order in which they connected, with what became of the messages for each.
    pub fn clients(&self) -> Vec<(Arc<ClientInfo>, ClientStats)> {
        self.shared.tally.clients()
    }

    /// A handle of a connection that there is now.
    pub fn connection(&self, id: ConnectionId) -> Option<ConnectionHandle> {
        self.shared.tally.handle(id.0)
    }

    /// Accepts nothing more, removes the socket file if it is this endpoint's, writes what is queued for clients, says
    /// `Goodbye` and waits for their ends of stream; all within the drain limit. What is still there then is closed.
    /// Calling it again, or twice at a time, waits for the same end.
    pub async fn shutdown(&self) {
        begin_shutdown(&self.shared);
        let limit = deadline::from_now(self.shared.config.drain_limit.saturating_add(DRAIN_SLACK));
        while self.shared.listening.load(Ordering::Acquire) {
            let stopped = self.shared.stopped.notified();
            if self.shared.listening.load(Ordering::Acquire) {
                stopped.await;
            }
        }
        // Those that were accepted in the meantime.
        self.shared.tally.close_all(GoodbyeReason::Shutdown, "the bridge shuts down");
        if timeout_at(limit, self.shared.tally.emptied()).await.is_err() {
            tracing::warn!(endpoint = &*self.shared.name, "connections outlive the drain limit, and are cut off");
            self.shared.tally.abort_all();
            self.shared.tally.emptied().await;
        }
        tracing::info!(endpoint = &*self.shared.name, "closed");
    }
}

fn begin_shutdown(shared: &Shared) {
    if !shared.stopping.swap(true, Ordering::AcqRel) {
        shared.stop.cancel();
        shared.tally.close_all(GoodbyeReason::Shutdown, "the bridge shuts down");
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        begin_shutdown(&self.shared);
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint").field("name", &self.shared.name).finish_non_exhaustive()
    }
}

/// Tells [`EndpointStats`], also after the endpoint is gone.
#[derive(Clone)]
pub struct EndpointStatsHandle(Arc<Shared>);

impl EndpointStatsHandle {
    /// The endpoint's name.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// What happened so far.
    pub fn stats(&self) -> EndpointStats {
        self.0.tally.stats()
    }
}

impl fmt::Debug for EndpointStatsHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EndpointStatsHandle").field("name", &self.0.name).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Unset, a message may wait for the answer to the one before it.
    #[tokio::test]
    async fn small_writes_go_out_at_once_where_that_is_wanted() {
        for nodelay in [true, false] {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let _client = tokio::net::TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
            let config = EndpointConfig::new([0; 32]).tcp_nodelay(nodelay);
            let shared = share(config, &MessageBus::new(), String::new());
            let ((reader, _writer), ..) = accept_one(&Listener::Tcp(listener), &shared).await.unwrap();
            assert_eq!(reader.is_nodelay(), nodelay);
        }
    }
}
