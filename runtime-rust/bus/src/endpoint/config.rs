//! [`EndpointConfig`]: everything that can be set about an endpoint.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use mycelium_wire::frame::MAX_PAYLOAD;
use tokio::net::ToSocketAddrs;

use super::{Admission, BindError, Endpoint, bind};
use crate::protocol::HeartbeatConfig;
use crate::{MessageBus, OverflowPolicy, QueueLimits, Registry, UnknownTypes};

/// How an endpoint is made. Each setting has a default; the digest alone has to be given.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// use mycelium_bus::{EndpointConfig, MessageBus, OverflowPolicy};
///
/// let bus = MessageBus::new();
/// let config = EndpointConfig::new([7; 32]).name("prices").policy(OverflowPolicy::DropNewest).max_clients(16);
/// let endpoint = config.bind_tcp(&bus, "127.0.0.1:0").await?;
/// assert_eq!(endpoint.stats().active, 0);
/// endpoint.shutdown().await;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct EndpointConfig {
    pub(super) schema_digest: [u8; 32],
    pub(super) name: String,
    pub(super) registry: Option<Arc<Registry>>,
    pub(super) share: bool,
    pub(super) unknown_types: Option<UnknownTypes>,
    pub(super) handshake_deadline: Duration,
    pub(super) max_clients: usize,
    pub(super) max_payload: u32,
    pub(super) limits: QueueLimits,
    pub(super) policy: OverflowPolicy,
    pub(super) stall_limit: Duration,
    pub(super) heartbeat: Option<HeartbeatConfig>,
    pub(super) idle_limit: Option<Duration>,
    pub(super) drain_limit: Duration,
    pub(super) unix_mode: u32,
    pub(super) allowed_uids: Option<Vec<u32>>,
    pub(super) tcp_nodelay: bool,
    pub(super) admission: Option<Arc<dyn Admission>>,
}

impl EndpointConfig {
    /// The defaults, for clients with this schema digest.
    pub fn new(schema_digest: [u8; 32]) -> Self {
        Self {
            schema_digest,
            name: String::new(),
            registry: None,
            share: false,
            unknown_types: None,
            handshake_deadline: Duration::from_secs(5),
            max_clients: 1024,
            max_payload: MAX_PAYLOAD,
            limits: QueueLimits { frames: 8192, bytes: 4 << 20 },
            policy: OverflowPolicy::DropOldest,
            stall_limit: Duration::from_secs(10),
            heartbeat: Some(HeartbeatConfig { interval: Duration::from_secs(10), misses: 3 }),
            idle_limit: None,
            drain_limit: Duration::from_secs(5),
            unix_mode: 0o600,
            allowed_uids: None,
            tcp_nodelay: true,
            admission: None,
        }
    }

    /// Names the endpoint in logs and metrics. Default: its address.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// The message types that clients are held to, and that are told to clients of another schema. Default: those
    /// that the bus knows.
    pub fn registry(mut self, registry: impl Into<Arc<Registry>>) -> Self {
        self.registry = Some(registry.into());
        self
    }

    /// Lets clients of another schema run with the types that both sides share, if they can. Default: refused.
    pub fn allow_shared_schema(mut self, allow: bool) -> Self {
        self.share = allow;
        self
    }

    /// What happens to frames of a type that is not known. Default: refused with an
    /// [`EndpointConfig::registry`], otherwise forwarded.
    pub fn unknown_types(mut self, unknown: UnknownTypes) -> Self {
        self.unknown_types = Some(unknown);
        self
    }

    /// How long a client may take to say who it is. Default: 5 s.
    pub fn handshake_deadline(mut self, deadline: Duration) -> Self {
        self.handshake_deadline = deadline;
        self
    }

    /// The most clients at a time, those not counted for whom there is [a place of their own](Admission::has_place);
    /// others are refused with `Capacity`. Default: 1,024.
    pub fn max_clients(mut self, clients: usize) -> Self {
        self.max_clients = clients;
        self
    }

    /// The largest payload that is taken, in bytes; at most, and by default, 4,194,304.
    pub fn max_payload(mut self, bytes: u32) -> Self {
        self.max_payload = bytes.min(MAX_PAYLOAD);
        self
    }

    /// How much is queued for each client. Default: 8,192 frames and 4 MiB.
    pub fn queue_limits(mut self, limits: QueueLimits) -> Self {
        self.limits = limits;
        self
    }

    /// What happens when a client's queue is full. Default: [`OverflowPolicy::DropOldest`].
    pub fn policy(mut self, policy: OverflowPolicy) -> Self {
        self.policy = policy;
        self
    }

    /// With [`OverflowPolicy::Block`]: a client that takes nothing for so long while publishers wait for it is
    /// disconnected. Default: 10 s.
    pub fn stall_limit(mut self, limit: Duration) -> Self {
        self.stall_limit = limit;
        self
    }

    /// How often version 2 clients are asked for a sign of life, and when they are given up; `None`: never.
    /// Default: every 10 s, and after 3 misses.
    pub fn heartbeat(mut self, heartbeat: Option<HeartbeatConfig>) -> Self {
        self.heartbeat = heartbeat;
        self
    }

    /// After how long without a message in either direction a version 2 client is disconnected. Default: never.
    pub fn idle_limit(mut self, limit: Option<Duration>) -> Self {
        self.idle_limit = limit;
        self
    }

    /// How long a connection may take to end: what is queued is written, and the client's end of stream awaited.
    /// Default: 5 s.
    pub fn drain_limit(mut self, limit: Duration) -> Self {
        self.drain_limit = limit;
        self
    }

    /// The permissions of a Unix socket. Default: 0600.
    pub fn unix_mode(mut self, mode: u32) -> Self {
        self.unix_mode = mode & 0o777;
        self
    }

    /// The users that may connect to a Unix socket, by what the operating system says of them. Default: whoever the
    /// permissions let through.
    pub fn allowed_uids(mut self, uids: impl Into<Vec<u32>>) -> Self {
        self.allowed_uids = Some(uids.into());
        self
    }

    /// Whether TCP sends what is written at once. Default: it does.
    pub fn tcp_nodelay(mut self, nodelay: bool) -> Self {
        self.tcp_nodelay = nodelay;
        self
    }

    /// Decides about clients, and follows them. Default: everybody is let in.
    pub fn admission(mut self, admission: Arc<dyn Admission>) -> Self {
        self.admission = Some(admission);
        self
    }

    /// Who decides about clients, as set.
    pub fn set_admission(&self) -> Option<&Arc<dyn Admission>> {
        self.admission.as_ref()
    }

    /// How long a connection may take to end, as set.
    pub fn set_drain_limit(&self) -> Duration {
        self.drain_limit
    }

    /// Listens on a Unix socket.
    ///
    /// A socket file whose server is gone is replaced. Anything else at the path is left alone, and is an error. The
    /// file is made with its permissions: at no time can others connect.
    pub async fn bind_unix(self, bus: &MessageBus, path: impl AsRef<Path>) -> Result<Endpoint, BindError> {
        bind::unix(self, bus, path.as_ref()).await
    }

    /// Listens on a TCP port of an IPv4 or IPv6 address or host name.
    pub async fn bind_tcp(self, bus: &MessageBus, address: impl ToSocketAddrs) -> Result<Endpoint, BindError> {
        bind::tcp(self, bus, address).await
    }
}

impl fmt::Debug for EndpointConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EndpointConfig")
            .field("name", &self.name)
            .field("share", &self.share)
            .field("handshake_deadline", &self.handshake_deadline)
            .field("max_clients", &self.max_clients)
            .field("max_payload", &self.max_payload)
            .field("limits", &self.limits)
            .field("policy", &self.policy)
            .field("heartbeat", &self.heartbeat)
            .field("idle_limit", &self.idle_limit)
            .field("drain_limit", &self.drain_limit)
            .finish_non_exhaustive()
    }
}

impl MessageBus {
    /// Listens on a Unix socket for clients with this schema digest, with the defaults of [`EndpointConfig`].
    pub async fn bind_unix_endpoint_with_digest(
        &self,
        path: impl AsRef<Path>,
        schema_digest: [u8; 32],
    ) -> Result<Endpoint, BindError> {
        EndpointConfig::new(schema_digest).bind_unix(self, path).await
    }

    /// Listens on a TCP port for clients with this schema digest, with the defaults of [`EndpointConfig`].
    pub async fn bind_tcp_endpoint_with_digest(
        &self,
        address: impl ToSocketAddrs,
        schema_digest: [u8; 32],
    ) -> Result<Endpoint, BindError> {
        EndpointConfig::new(schema_digest).bind_tcp(self, address).await
    }
}
