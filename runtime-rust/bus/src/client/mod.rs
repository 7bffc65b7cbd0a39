//! [`Client`]: a process on the other side of a bridge's socket, with publishers and subscribers as the bus has them. It
//! connects again when the connection is lost, and subscribes again to what was subscribed to. What is said on the
//! connection is left to [`crate::protocol::client`], when to try again to [`crate::supervision`].
//!
//! ```no_run
//! # use mycelium_bus::{Owned, client::{Client, ClientConfig}};
//! # async fn example<M: mycelium_wire::Message>(messages: &'static [mycelium_wire::MessageInfo], message: &M)
//! # -> Result<(), Box<dyn std::error::Error>> {
//! let config = ClientConfig::new(M::SCHEMA_DIGEST, messages);
//! let client = Client::connect_unix("/run/mycelium.sock", config).await?;
//! let mut subscriber = client.subscriber::<M>().await?;
//! let mut publisher = client.publisher::<M>()?;
//! publisher.publish(message).await?;
//! let received: Option<Owned<M>> = subscriber.recv().await;
//! client.close().await;
//! # Ok(())
//! # }
//! ```

mod address;
mod config;
mod drive;
mod error;
mod inbound;
mod link;
mod publisher;
mod session;
mod stats;
mod subscriber;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use mycelium_wire::handshake::Differences;
use mycelium_wire::{Message, MessageInfo};
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub use config::{ClientConfig, PublishWhileDisconnected};
pub use error::{ClientError, ClientPublishError, SubscribeError, UnknownMessage};
pub use link::ClientState;
pub use publisher::ClientPublisher;
pub use stats::ClientCounters;
pub use subscriber::{ClientSubscriber, ClientSubscription};

use crate::SubscriberConfig;
use address::Address;
use drive::Driver;
use link::Shared;

/// A connection to a bridge that is made again when it is lost. Clones, publishers and subscribers share it; it is
/// closed by [`Client::close`], or when the last of them is dropped.
///
/// The connection is driven by one task on the tokio runtime (with I/O and time enabled) in which it was made.
#[derive(Clone, Debug)]
pub struct Client {
    owner: Arc<Owner>,
}

/// What publishers, subscribers and clients hold of a connection: the last of them closes it.
#[derive(Debug)]
struct Owner {
    shared: Arc<Shared>,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl Drop for Owner {
    fn drop(&mut self) {
        // The task writes what is queued, within the drain limit, counts what it could not, and ends.
        self.shared.begin_close();
    }
}

impl Client {
    /// Connects to the Unix socket at `path`, and returns once the bridge has accepted.
    pub async fn connect_unix(path: impl AsRef<Path>, config: ClientConfig) -> Result<Self, ClientError> {
        Self::connect(Address::Unix(path.as_ref().into()), config).await
    }

    /// Connects to `address`, a host name or IP address with a port, and returns once the bridge has accepted.
    pub async fn connect_tcp(address: impl Into<String>, config: ClientConfig) -> Result<Self, ClientError> {
        Self::connect(Address::Tcp(address.into()), config).await
    }

    /// Takes an established connection. It cannot be made again: where it is lost, the client has failed.
    pub async fn over_unix(stream: UnixStream, config: ClientConfig) -> Result<Self, ClientError> {
        Self::connect(Address::given(stream.into()), config).await
    }

    /// As [`Client::over_unix`].
    pub async fn over_tcp(stream: TcpStream, config: ClientConfig) -> Result<Self, ClientError> {
        Self::connect(Address::given(stream.into()), config).await
    }

    async fn connect(address: Address, config: ClientConfig) -> Result<Self, ClientError> {
        let (driver, shared) = Driver::new(address, config)?;
        let task = tokio::spawn(driver.run());
        // From here on, giving up on connecting closes what there is.
        let owner = Owner { shared: Arc::clone(&shared), task: Mutex::new(Some(task)) };
        let client = Self { owner: Arc::new(owner) };
        let mut state = shared.state();
        let reached =
            state.wait_for(|state| !matches!(state, ClientState::Connecting)).await.map(|state| state.clone());
        match reached {
            Ok(ClientState::Failed(error)) => {
                client.join().await;
                Err((*error).clone())
            }
            _ => Ok(client),
        }
    }

    /// A publisher of messages of type `M`, named for the type. The type has to be one of
    /// [`ClientConfig::types`].
    pub fn publisher<M: Message>(&self) -> Result<ClientPublisher<M>, UnknownMessage> {
        ClientPublisher::new(Arc::clone(&self.owner))
    }

    /// A subscriber to messages of type `M`. What is published after this returned is received, as long as the
    /// connection lasts; what is published between its loss and the next is not.
    ///
    /// Its queue holds up the connection while it is full ([`OverflowPolicy::Block`](crate::OverflowPolicy::Block), the
    /// default): then messages wait in the bridge, which drops some when they become too many, and says how many. With
    /// another policy it drops them itself, and the connection goes on.
    pub async fn subscriber<M: Message>(&self) -> Result<ClientSubscriber<M>, SubscribeError> {
        self.subscriber_with(SubscriberConfig::default()).await
    }

    /// [`Client::subscriber`] with another configuration.
    pub async fn subscriber_with<M: Message>(
        &self,
        config: SubscriberConfig,
    ) -> Result<ClientSubscriber<M>, SubscribeError> {
        ClientSubscriber::new(Arc::clone(&self.owner), config).await
    }

    /// Frames of the messages of the contract that have this topic; those that the bridge does not share do not come.
    pub async fn subscribe_topic(&self, topic: &str) -> Result<ClientSubscription, SubscribeError> {
        self.subscribe_topic_with(topic, SubscriberConfig::default()).await
    }

    /// [`Client::subscribe_topic`] with another configuration.
    pub async fn subscribe_topic_with(
        &self,
        topic: &str,
        config: SubscriberConfig,
    ) -> Result<ClientSubscription, SubscribeError> {
        ClientSubscription::topic(Arc::clone(&self.owner), topic, config).await
    }

    /// Frames of these type ids; those that the bridge does not have, or does not share, do not come.
    pub async fn subscribe_types(
        &self,
        type_ids: &[u16],
        config: SubscriberConfig,
    ) -> Result<ClientSubscription, SubscribeError> {
        ClientSubscription::types(Arc::clone(&self.owner), type_ids.to_vec(), config).await
    }

    /// Frames of every type that the bridge has for this client.
    pub async fn tap(&self) -> Result<ClientSubscription, SubscribeError> {
        self.tap_with(SubscriberConfig::named("tap")).await
    }

    /// [`Client::tap`] with another configuration.
    pub async fn tap_with(&self, config: SubscriberConfig) -> Result<ClientSubscription, SubscribeError> {
        ClientSubscription::all(Arc::clone(&self.owner), config).await
    }

    /// Whether the client is connected, now and as it changes.
    pub fn state(&self) -> watch::Receiver<ClientState> {
        self.owner.shared.state()
    }

    /// How the bridge's contract differs from this client's, by the names of messages: while there is a connection with
    /// [`ClientConfig::share`] to a bridge with another contract. What differs, or is unknown to one side, does not flow.
    pub fn differences(&self) -> Option<Arc<Differences>> {
        self.owner.shared.differences()
    }

    /// What became of frames and connections so far.
    pub fn counters(&self) -> ClientCounters {
        self.owner.shared.counters()
    }

    /// The counters and the state, for those who are not to keep the client open.
    pub fn stats_handle(&self) -> ClientStatsHandle {
        ClientStatsHandle { shared: Arc::clone(&self.owner.shared) }
    }

    /// Writes what is queued, says goodbye, and closes, all within [`ClientConfig::drain_limit`]. Publishing fails
    /// from the call on, and subscribers end after what they have queued. The counters afterwards:
    /// [`ClientCounters::unsent`] is what could not be written.
    pub async fn close(&self) -> ClientCounters {
        self.owner.shared.begin_close();
        self.join().await;
        self.counters()
    }

    /// Waits until the task is over. Of several callers one waits for the task, the others for the state.
    async fn join(&self) {
        let task = self.owner.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(task) = task {
            // The task does not panic; were it to, the runtime has told.
            let _ = task.await;
        }
        let over = |state: &ClientState| matches!(state, ClientState::Closed | ClientState::Failed(_));
        let _ = self.owner.shared.state().wait_for(over).await;
    }
}

/// The counters and the state of a client. It does not keep the client open, and stays right when that is gone.
#[derive(Clone, Debug)]
pub struct ClientStatsHandle {
    shared: Arc<Shared>,
}

impl ClientStatsHandle {
    /// The client's name, or where it connects to where it has none.
    pub fn name(&self) -> &str {
        if self.shared.config.name.is_empty() { self.address() } else { &self.shared.config.name }
    }

    /// Where the client connects to.
    pub fn address(&self) -> &str {
        &self.shared.address
    }

    /// What became of frames and connections so far.
    pub fn counters(&self) -> ClientCounters {
        self.shared.counters()
    }

    /// Whether the client is connected, now and as it changes.
    pub fn state(&self) -> watch::Receiver<ClientState> {
        self.shared.state()
    }
}

/// Whether `types` has this very message.
fn known<M: Message>(types: &[MessageInfo]) -> Result<(), UnknownMessage> {
    let is_known = types.iter().any(|info| info.type_id == M::TYPE_ID && info.fingerprint == M::FINGERPRINT);
    if is_known { Ok(()) } else { Err(UnknownMessage::NotInContract { name: M::NAME }) }
}
