//! A client that has nothing but a socket: what it sends is bytes, what it receives is frames.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::time::Duration;

use mycelium_bus::{Endpoint, EndpointConfig, MessageBus};
use mycelium_wire::Message;
use mycelium_wire::core_messages::*;
use mycelium_wire::frame;
use mycelium_wire::handshake;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};

pub use crate::raw::{Folder, core};

use crate::messages::{CounterUpdate, CounterUpdateArgs, SCHEMA_DIGEST, TextMessage, TextMessageArgs};

/// Longer than anything takes on a busy machine; a test that waits so long has failed.
pub async fn soon<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(120), future).await.expect("it takes too long")
}

/// A bus with a Unix endpoint.
pub struct Place {
    pub bus: MessageBus,
    pub endpoint: Endpoint,
    pub path: PathBuf,
    _folder: Folder,
}

/// With limits that no busy machine reaches; what is about a limit sets its own.
pub fn config() -> EndpointConfig {
    let long = Duration::from_secs(60);
    EndpointConfig::new(SCHEMA_DIGEST).name("test").handshake_deadline(long).drain_limit(long)
}

pub async fn place(config: EndpointConfig) -> Place {
    let (bus, folder) = (MessageBus::new(), Folder::new());
    bus.register_all(&mycelium_bus::Registry::new().with_messages::<crate::messages::AnyMessage>().unwrap()).unwrap();
    let path = folder.socket();
    let endpoint = config.bind_unix(&bus, &path).await.unwrap();
    Place { bus, endpoint, path, _folder: folder }
}

impl Place {
    pub async fn peer(&self) -> Peer {
        Peer::unix(&self.path).await
    }

    /// A version 2 client that is let in.
    pub async fn client(&self) -> Peer {
        let mut peer = self.peer().await;
        peer.hello(&hello(SCHEMA_DIGEST, 0)).await;
        peer
    }

    /// A version 2 client that is let in and subscribed to every type.
    pub async fn listener(&self) -> Peer {
        let mut peer = self.client().await;
        peer.subscribe_all().await;
        peer
    }
}

pub fn hello(digest: [u8; 32], capabilities: u32) -> Vec<u8> {
    worker_hello(digest, capabilities, "", [0; 16])
}

pub fn worker_hello(digest: [u8; 32], capabilities: u32, worker_id: &str, token: [u8; 16]) -> Vec<u8> {
    let hello = ClientHello::new(ClientHelloArgs {
        schema_digest: &digest,
        protocol_version: 2,
        capabilities,
        client_name: "peer",
        worker_id,
        worker_token: &token,
    });
    handshake::client_v2(&hello.unwrap()).to_vec()
}

pub fn update(id: u64) -> CounterUpdate {
    CounterUpdate::new(CounterUpdateArgs { counter_id: id, value: 1, delta: 2 }).unwrap()
}

pub fn text(content: &str) -> TextMessage {
    TextMessage::new(TextMessageArgs { sender: "peer", content, timestamp: 3 }).unwrap()
}

pub trait Socket: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Socket for S {}

pub struct Peer {
    pub socket: Box<dyn Socket>,
    unread: Vec<u8>,
}

impl Peer {
    pub async fn unix(path: &Path) -> Self {
        let socket = soon(UnixStream::connect(path)).await.unwrap();
        Self { socket: Box::new(socket), unread: Vec::new() }
    }

    pub async fn tcp(address: std::net::SocketAddr) -> Self {
        let socket = soon(TcpStream::connect(address)).await.unwrap();
        socket.set_nodelay(true).unwrap();
        Self { socket: Box::new(socket), unread: Vec::new() }
    }

    pub async fn send(&mut self, bytes: &[u8]) {
        soon(self.socket.write_all(bytes)).await.unwrap();
    }

    /// Sends as much as the other side takes before it goes away.
    pub async fn send_what_it_takes(&mut self, bytes: &[u8]) {
        let _ = soon(self.socket.write_all(bytes)).await;
    }

    /// The next frame; `None` at the end of the stream, or when it was reset.
    pub async fn frame(&mut self) -> Option<(u16, Vec<u8>)> {
        soon(async {
            loop {
                if let Ok(frame) = frame::decode(&self.unread, frame::MAX_PAYLOAD) {
                    let (found, length) = ((frame.type_id, frame.payload.to_vec()), frame.length());
                    self.unread.drain(..length);
                    return Some(found);
                }
                let mut buffer = vec![0; 64 * 1024];
                match self.socket.read(&mut buffer).await {
                    Ok(0) | Err(_) => {
                        assert!(self.unread.is_empty(), "the stream ends inside a frame");
                        return None;
                    }
                    Ok(read) => self.unread.extend_from_slice(&buffer[..read]),
                }
            }
        })
        .await
    }

    /// The next frame, which is an `M`; pings are answered on the way.
    pub async fn expect<M: Message>(&mut self) -> Box<M> {
        loop {
            let Some((type_id, payload)) = self.frame().await else { panic!("the end instead of {}", M::NAME) };
            match type_id {
                _ if type_id == M::TYPE_ID => return M::read_boxed(&payload).unwrap(),
                Ping::TYPE_ID => {
                    let nonce = Ping::decode(&payload).unwrap().nonce();
                    self.send(&core::<Pong>(PongArgs { nonce })).await;
                }
                // Told in between, as soon as something was dropped.
                Dropped::TYPE_ID => {}
                Goodbye::TYPE_ID => panic!("{:?} instead of {}", Goodbye::decode(&payload), M::NAME),
                _ => panic!("frame {type_id} instead of {}", M::NAME),
            }
        }
    }

    pub async fn hello(&mut self, hello: &[u8]) -> Box<Welcome> {
        self.send(hello).await;
        self.expect::<Welcome>().await
    }

    pub async fn subscribe(&mut self, type_ids: &[u16]) -> u32 {
        self.send(&core::<Subscribe>(SubscribeArgs { all: false, type_ids, request: 7 })).await;
        let answer = self.expect::<Subscribed>().await;
        assert_eq!(answer.request(), 7);
        answer.types()
    }

    pub async fn subscribe_all(&mut self) -> u32 {
        self.send(&core::<Subscribe>(SubscribeArgs { all: true, type_ids: &[], request: 8 })).await;
        self.expect::<Subscribed>().await.types()
    }

    /// The next frame is a goodbye, and then the stream ends.
    pub async fn expect_goodbye(&mut self) -> Goodbye {
        let goodbye = *self.expect::<Goodbye>().await;
        assert_eq!(self.frame().await, None);
        goodbye
    }

    /// Nothing is received any more.
    pub async fn expect_end(&mut self) {
        assert_eq!(self.frame().await, None);
    }
}
