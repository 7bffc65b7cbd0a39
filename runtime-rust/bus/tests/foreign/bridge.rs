//! The other side of the connection: a bus of the crate with its endpoints, on threads of its own.

use std::net::SocketAddr;
use std::time::Duration;

use mycelium_bus::{Endpoint, EndpointConfig, EndpointStats, MessageBus, Publisher, Registry, Subscriber};
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

use crate::client::{Client, version_2};
use crate::messages::{BatchOperation, CounterUpdate, CounterUpdateArgs, TextMessage, TextMessageArgs};

const PATIENCE: Duration = Duration::from_secs(60);

pub struct Bridge {
    pub runtime: Runtime,
    pub bus: MessageBus,
    unix: Option<Endpoint>,
    tcp: Endpoint,
    folder: tempfile::TempDir,
}

/// The endpoints' settings: heartbeats aside, the defaults. The digest is that of the reference contract.
pub fn config() -> EndpointConfig {
    EndpointConfig::new(crate::client::digest()).heartbeat(None)
}

/// With the types of the reference contract.
pub fn bridge(config: EndpointConfig) -> Bridge {
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let bus = MessageBus::new();
    let types = Registry::new().with::<TextMessage>().unwrap().with::<CounterUpdate>().unwrap();
    let types = types.with::<BatchOperation>().unwrap();
    bus.register_all(&types).unwrap();
    let config = config.registry(types);
    let unix = runtime.block_on(config.clone().bind_unix(&bus, folder.path().join("bus.sock"))).unwrap();
    let tcp = runtime.block_on(config.bind_tcp(&bus, "127.0.0.1:0")).unwrap();
    Bridge { runtime, bus, unix: Some(unix), tcp, folder }
}

impl Bridge {
    pub fn unix(&self) -> Client {
        Client::unix(&self.folder.path().join("bus.sock"))
    }

    pub fn address(&self) -> SocketAddr {
        self.tcp.local_addr().unwrap()
    }

    pub fn tcp(&self) -> Client {
        Client::tcp(self.address())
    }

    /// A client for each kind of socket.
    pub fn both(&self) -> [Client; 2] {
        [self.unix(), self.tcp()]
    }

    /// A client of version 2 that is let in.
    pub fn client(&self) -> Client {
        let mut client = self.unix();
        client.send(&version_2(crate::client::digest(), 0));
        client.expect_welcome();
        client
    }

    /// A client of version 2 that is subscribed to every type.
    pub fn listener(&self) -> Client {
        let mut client = self.client();
        client.subscribe(crate::client::SUBSCRIBE, true, &[], 1);
        client
    }

    pub fn run<F: Future>(&self, future: F) -> F::Output {
        self.runtime.block_on(async { tokio::time::timeout(PATIENCE, future).await.expect("it takes too long") })
    }

    pub fn wait_until(&self, until: impl FnMut(&EndpointStats) -> bool) -> EndpointStats {
        self.run(self.unix.as_ref().unwrap().wait_until(until))
    }

    pub fn stats(&self) -> EndpointStats {
        self.unix.as_ref().unwrap().stats()
    }

    /// The bridge ends its Unix endpoint, beside the test.
    pub fn shut_down(&mut self) -> JoinHandle<()> {
        let endpoint = self.unix.take().unwrap();
        self.runtime.spawn(async move { endpoint.shutdown().await })
    }

    /// A message of the process itself.
    pub fn publish_update(&self, id: u64) {
        let mut publisher: Publisher<CounterUpdate> = self.bus.publisher().unwrap();
        let args = CounterUpdateArgs { counter_id: id, value: -5, delta: -6 };
        self.run(publisher.publish_new(&args)).unwrap();
    }

    /// As many updates, numbered from 0.
    pub fn publish_updates(&self, count: u64) {
        let mut publisher: Publisher<CounterUpdate> = self.bus.publisher().unwrap();
        self.run(async {
            for counter_id in 0..count {
                let args = CounterUpdateArgs { counter_id, value: -5, delta: -6 };
                publisher.publish_new(&args).await.unwrap();
            }
        });
    }

    pub fn publish_text(&self, sender: &str, content: &str, timestamp: u64) {
        let mut publisher: Publisher<TextMessage> = self.bus.publisher().unwrap();
        self.run(publisher.publish_new(&TextMessageArgs { sender, content, timestamp })).unwrap();
    }

    pub fn texts(&self) -> Subscriber<TextMessage> {
        self.bus.subscriber().unwrap()
    }
}
