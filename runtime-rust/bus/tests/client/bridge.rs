//! A bridge that has nothing but a socket: what it sends is bytes, what it receives is frames.

use std::time::Duration;

use mycelium_bus::client::{Client, ClientConfig, ClientError, ClientState};
use mycelium_bus::supervision::{Backoff, Jitter};
use mycelium_wire::Message;
use mycelium_wire::core_messages::*;
use mycelium_wire::frame;
use mycelium_wire::handshake::{self, Opening};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};

pub use crate::raw::{Folder, core, framed};

use crate::messages::{AnyMessage, CounterUpdate, CounterUpdateArgs, SCHEMA_DIGEST};

pub const SECOND: Duration = Duration::from_secs(1);

/// Waits of 1, 2, 4 … s, none of it random.
pub fn config() -> ClientConfig {
    let mut config = ClientConfig::new(SCHEMA_DIGEST, AnyMessage::MESSAGES);
    config.name = "test".into();
    config.reconnect.backoff = Backoff { initial: SECOND, max: 60 * SECOND, factor: 2.0, jitter: 0.0 };
    config.jitter = Jitter::fixed(0.0);
    config
}

pub fn update(value: i32) -> CounterUpdate {
    CounterUpdate::new(CounterUpdateArgs { counter_id: 1, value, delta: 2 }).unwrap()
}

pub fn welcome(heartbeat_ms: u32, max_payload: u32, schema_mode: SchemaMode) -> Vec<u8> {
    core::<Welcome>(WelcomeArgs {
        schema_digest: &SCHEMA_DIGEST,
        protocol_version: 2,
        schema_mode,
        connection_id: 77,
        heartbeat_interval_ms: heartbeat_ms,
        heartbeat_misses: if heartbeat_ms == 0 { 0 } else { 2 },
        max_payload,
    })
}

pub fn goodbye(reason: GoodbyeReason) -> Vec<u8> {
    core::<Goodbye>(GoodbyeArgs { reason, detail: "by script" })
}

/// A listening socket.
pub struct Bridge {
    listener: UnixListener,
    pub folder: Folder,
}

impl Bridge {
    pub fn new() -> Self {
        let folder = Folder::new();
        Self { listener: UnixListener::bind(folder.socket()).unwrap(), folder }
    }

    pub async fn accept(&self) -> Link {
        Link::new(self.listener.accept().await.unwrap().0)
    }

    /// A client that is let in, and the bridge's end of its connection.
    pub async fn client(&self, config: ClientConfig, heartbeat_ms: u32) -> (Client, Link) {
        let (client, link) = tokio::join!(Client::connect_unix(self.folder.socket(), config), self.open(heartbeat_ms));
        (client.unwrap(), link)
    }

    pub async fn open(&self, heartbeat_ms: u32) -> Link {
        let mut link = self.accept().await;
        link.hello().await;
        link.send(&welcome(heartbeat_ms, frame::MAX_PAYLOAD, SchemaMode::Exact)).await;
        link
    }

    /// Loses a connection, and gets the next.
    pub async fn reopen(&self, link: Link) -> Link {
        drop(link);
        self.open(0).await
    }

    /// What a client says whose bridge follows a script.
    pub async fn refused(config: ClientConfig, script: impl AsyncFnOnce(Link)) -> ClientError {
        let bridge = Self::new();
        let (client, ()) = tokio::join!(Client::connect_unix(bridge.folder.socket(), config), async {
            script(bridge.accept().await).await;
        });
        client.err().unwrap()
    }
}

/// The bridge's end of one connection.
pub struct Link {
    pub socket: UnixStream,
    unread: Vec<u8>,
}

impl Link {
    pub fn new(socket: UnixStream) -> Self {
        Self { socket, unread: Vec::new() }
    }

    pub async fn send(&mut self, bytes: &[u8]) {
        self.socket.write_all(bytes).await.unwrap();
    }

    async fn read(&mut self) -> bool {
        let mut buffer = vec![0; 64 * 1024];
        let read = self.socket.read(&mut buffer).await.unwrap();
        self.unread.extend_from_slice(&buffer[..read]);
        read > 0
    }

    /// The client's opening.
    pub async fn hello(&mut self) -> ClientHello {
        loop {
            if let Ok((opening, used)) = handshake::decode_opening(&self.unread) {
                let Opening::V2(hello) = opening else { panic!("version 1") };
                let hello = *hello;
                self.unread.drain(..used);
                return hello;
            }
            assert!(self.read().await, "the end instead of a handshake");
        }
    }

    /// The next frame; `None` at the end of the stream.
    pub async fn frame(&mut self) -> Option<(u16, Vec<u8>)> {
        loop {
            if let Ok(frame) = frame::decode(&self.unread, frame::MAX_PAYLOAD) {
                let (found, length) = ((frame.type_id, frame.payload.to_vec()), frame.length());
                self.unread.drain(..length);
                return Some(found);
            }
            if !self.read().await {
                assert!(self.unread.is_empty(), "the stream ends inside a frame");
                return None;
            }
        }
    }

    pub async fn expect<M: Message>(&mut self) -> Box<M> {
        let Some((type_id, payload)) = self.frame().await else { panic!("the end instead of {}", M::NAME) };
        assert_eq!(type_id, M::TYPE_ID, "instead of {}", M::NAME);
        M::read_boxed(&payload).unwrap()
    }

    /// The values of so many updates.
    pub async fn updates(&mut self, count: usize) -> Vec<i32> {
        let mut values = Vec::new();
        while values.len() < count {
            values.push(self.expect::<CounterUpdate>().await.value());
        }
        values
    }

    /// A `Subscribe`: the types, and whether to all. It is confirmed.
    pub async fn subscribe(&mut self) -> (bool, Vec<u16>) {
        let request = self.expect::<Subscribe>().await;
        let type_ids: Vec<u16> = request.type_ids().iter().collect();
        let types = type_ids.len() as u32;
        self.send(&core::<Subscribed>(SubscribedArgs { request: request.request(), types })).await;
        (request.all(), type_ids)
    }

    /// The client goes, with or without a word.
    pub async fn expect_goodbye_or_end(mut self) {
        while self.frame().await.is_some() {}
    }

    /// The client says goodbye, ends writing, and is answered.
    pub async fn expect_goodbye(mut self) {
        assert_eq!(self.expect::<Goodbye>().await.reason(), GoodbyeReason::ClientDone);
        assert_eq!(self.frame().await, None);
    }
}

/// Waits until the client is in such a state.
pub async fn reach(client: &Client, wanted: impl Fn(&ClientState) -> bool) -> ClientState {
    client.state().wait_for(wanted).await.unwrap().clone()
}

pub fn is_connected(state: &ClientState) -> bool {
    matches!(state, ClientState::Connected { .. })
}

pub fn is_disconnected(state: &ClientState) -> bool {
    matches!(state, ClientState::Disconnected { .. })
}
