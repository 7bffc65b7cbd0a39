//! The bus: a client at the near end, the bus with its endpoint at the far one, each with a runtime of its own, as if
//! they were two processes. Messages are published one at a time.

use std::io::{Read as _, Write as _};
use std::net::SocketAddr;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use mycelium_bus::client::{Client, ClientConfig, ClientPublisher, ClientSubscriber};
use mycelium_bus::{Endpoint, EndpointConfig, MessageBus, OverflowPolicy, Publisher, Registry, Subscriber};
use mycelium_wire::Message;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;

use super::raw::Drain;
use super::{Carrier, Failure, OneWay, RoundTrip, Size};
use crate::ours::{AnyMessage, Echo as Answer, EchoArgs, TextMessage, TextMessageArgs, Tick, TickArgs};

fn runtime() -> Result<Runtime, Failure> {
    Ok(Builder::new_multi_thread().worker_threads(2).enable_all().build()?)
}

/// A runtime for one core: nothing moves between threads.
fn runtime_of_one() -> Result<Runtime, Failure> {
    Ok(Builder::new_current_thread().enable_all().build()?)
}

fn tick() -> Result<Tick, Failure> {
    Ok(Tick::new(TickArgs { instrument: 7, price: -1, sequence: 1 })?)
}

fn text() -> Result<TextMessage, Failure> {
    let content = "Bids are thin above 101.25; the desk waits for the auction before it moves the rest of the order.";
    Ok(TextMessage::new(TextMessageArgs { sender: "desk", content, timestamp: 1_700_000_000 })?)
}

/// A bus with an endpoint under which no frame is dropped.
struct Far {
    bus: MessageBus,
    endpoint: Endpoint,
    runtime: Runtime,
    _folder: tempfile::TempDir,
}

impl Far {
    fn new(carrier: Carrier, runtime: Runtime) -> Result<Self, Failure> {
        let (bus, folder) = (MessageBus::new(), tempfile::tempdir()?);
        let config = EndpointConfig::new(Tick::SCHEMA_DIGEST)
            .registry(Registry::new().with_messages::<AnyMessage>()?)
            .policy(OverflowPolicy::Block);
        let endpoint = runtime.block_on(async {
            match carrier {
                Carrier::Unix => config.bind_unix(&bus, folder.path().join("socket")).await,
                Carrier::Tcp => config.bind_tcp(&bus, "127.0.0.1:0").await,
            }
        })?;
        Ok(Self { bus, endpoint, runtime, _folder: folder })
    }

    fn address(&self) -> Result<Address, Failure> {
        match (self.endpoint.path(), self.endpoint.local_addr()) {
            (Some(path), _) => Ok(Address::Unix(path.to_owned())),
            (None, Some(address)) => Ok(Address::Tcp(address)),
            (None, None) => Err("an endpoint without an address".into()),
        }
    }

    /// A client on a runtime of its own.
    fn client(&self, runtime: &Runtime) -> Result<Client, Failure> {
        runtime.block_on(connect(self.address()?))
    }
}

enum Address {
    Unix(PathBuf),
    Tcp(SocketAddr),
}

async fn connect(address: Address) -> Result<Client, Failure> {
    let config = ClientConfig::new(Tick::SCHEMA_DIGEST, AnyMessage::MESSAGES);
    Ok(match address {
        Address::Unix(path) => Client::connect_unix(path, config).await?,
        Address::Tcp(address) => Client::connect_tcp(address.to_string(), config).await?,
    })
}

/// Says when as many messages as are expected have arrived.
struct Arrivals {
    expect: UnboundedSender<u64>,
    arrived: mpsc::Receiver<Option<Instant>>,
}

impl Arrivals {
    fn wait(&self) -> Result<Instant, Failure> {
        Ok(self.arrived.recv()?.ok_or("the subscription ended")?)
    }
}

macro_rules! arrivals {
    ($runtime:expr, $subscriber:expr) => {{
        let mut subscriber = $subscriber;
        let (expect, mut expected) = unbounded_channel();
        let (arrive, arrived) = mpsc::channel();
        $runtime.spawn(async move {
            while let Some(count) = expected.recv().await {
                let mut all = Some(());
                for _ in 0..count {
                    all = all.and(subscriber.recv().await.map(drop));
                }
                if arrive.send(all.map(|()| Instant::now())).is_err() {
                    break;
                }
            }
        });
        Arrivals { expect, arrived }
    }};
}

enum Near {
    Small(ClientPublisher<Tick>, Tick),
    Large(ClientPublisher<TextMessage>, Box<TextMessage>),
}

/// Client, socket, endpoint, bus, typed subscriber.
pub struct ToBus {
    near: Near,
    arrivals: Arrivals,
    runtime: Runtime,
    _far: Far,
}

impl ToBus {
    /// Both ends, connected.
    pub fn new(carrier: Carrier, size: Size) -> Result<Self, Failure> {
        let (far, runtime) = (Far::new(carrier, self::runtime()?)?, self::runtime()?);
        let client = far.client(&runtime)?;
        let (near, arrivals) = match size {
            Size::Small => {
                (Near::Small(client.publisher()?, tick()?), arrivals!(far.runtime, far.bus.subscriber::<Tick>()?))
            }
            Size::Large => (
                Near::Large(client.publisher()?, Box::new(text()?)),
                arrivals!(far.runtime, far.bus.subscriber::<TextMessage>()?),
            ),
        };
        Ok(Self { near, arrivals, runtime, _far: far })
    }
}

impl OneWay for ToBus {
    fn run(&mut self, count: u64) -> Result<Duration, Failure> {
        self.arrivals.expect.send(count)?;
        let start = Instant::now();
        self.runtime.block_on(async {
            for _ in 0..count {
                match &mut self.near {
                    Near::Small(publisher, message) => publisher.publish(message).await?,
                    Near::Large(publisher, message) => publisher.publish(message).await?,
                }
            }
            Ok::<_, Failure>(())
        })?;
        Ok(self.arrivals.wait()? - start)
    }
}

enum Source {
    Small(Publisher<Tick>, Tick),
    Large(Publisher<TextMessage>, Box<TextMessage>),
}

impl Source {
    fn new(bus: &MessageBus, size: Size) -> Result<Self, Failure> {
        Ok(match size {
            Size::Small => Source::Small(bus.publisher()?, tick()?),
            Size::Large => Source::Large(bus.publisher()?, Box::new(text()?)),
        })
    }

    async fn publish(&mut self, count: u64) -> Result<(), Failure> {
        for _ in 0..count {
            match self {
                Source::Small(publisher, message) => publisher.publish(message).await?,
                Source::Large(publisher, message) => publisher.publish(message).await?,
            }
        }
        Ok(())
    }
}

/// Publisher on the bus, endpoint, socket, client, typed subscriber.
pub struct ToClient {
    source: Source,
    arrivals: Arrivals,
    far: Far,
    _runtime: Runtime,
}

impl ToClient {
    /// Both ends, connected and subscribed.
    pub fn new(carrier: Carrier, size: Size) -> Result<Self, Failure> {
        let (far, runtime) = (Far::new(carrier, self::runtime()?)?, self::runtime()?);
        let client = far.client(&runtime)?;
        let arrivals = match size {
            Size::Small => arrivals!(runtime, runtime.block_on(client.subscriber::<Tick>())?),
            Size::Large => arrivals!(runtime, runtime.block_on(client.subscriber::<TextMessage>())?),
        };
        Ok(Self { source: Source::new(&far.bus, size)?, arrivals, far, _runtime: runtime })
    }
}

impl OneWay for ToClient {
    fn run(&mut self, count: u64) -> Result<Duration, Failure> {
        self.arrivals.expect.send(count)?;
        let start = Instant::now();
        self.far.runtime.block_on(self.source.publish(count))?;
        Ok(self.arrivals.wait()? - start)
    }
}

/// Publisher on the bus to many sockets: clients of version 1, which are sent everything.
pub struct FanOut {
    source: Source,
    size: Size,
    drain: Drain,
    far: Far,
}

impl FanOut {
    /// A bus and as many clients.
    pub fn new(clients: usize, size: Size) -> Result<Self, Failure> {
        let far = Far::new(Carrier::Unix, runtime()?)?;
        let path = far.endpoint.path().ok_or("an endpoint without a path")?;
        let mut sockets = Vec::new();
        for _ in 0..clients {
            let mut socket = UnixStream::connect(path)?;
            socket.write_all(&mycelium_wire::handshake::client_v1(&Tick::SCHEMA_DIGEST))?;
            sockets.push(socket);
        }
        // Such a client is told nothing: a first message shows that it is in.
        let mut source = Source::new(&far.bus, size)?;
        far.runtime.block_on(async {
            far.endpoint.wait_until(|stats| stats.active == clients as u64 && stats.opening == 0).await;
            source.publish(1).await
        })?;
        for socket in &mut sockets {
            socket.read_exact(&mut vec![0; size.frame()])?;
        }
        Ok(Self { source, size, drain: Drain::new(sockets)?, far })
    }
}

impl OneWay for FanOut {
    fn run(&mut self, count: u64) -> Result<Duration, Failure> {
        self.drain.expect(self.size.frame() * usize::try_from(count)?)?;
        let start = Instant::now();
        self.far.runtime.block_on(self.source.publish(count))?;
        Ok(self.drain.wait()? - start)
    }
}

enum Ends {
    Small(ClientPublisher<Tick>, Tick, ClientSubscriber<Answer>),
    Large(ClientPublisher<TextMessage>, Box<TextMessage>, ClientSubscriber<Answer>),
}

/// A message from a client to the bus, and one that answers it. Its answer to either is small.
pub struct Echo {
    /// Not while a run has them, nor after one that failed.
    ends: Option<Ends>,
    runtime: Runtime,
    // Ends the far thread.
    _stop: oneshot::Sender<()>,
}

impl Echo {
    /// Both ends, connected and subscribed, each on a thread of its own.
    pub fn new(carrier: Carrier, size: Size) -> Result<Self, Failure> {
        let (far, runtime) = (Far::new(carrier, runtime_of_one()?)?, runtime_of_one()?);
        let answer = Answer::new(EchoArgs { instrument: 7, price: -1, sequence: 1 })?;
        let publisher = far.bus.publisher::<Answer>()?;
        match size {
            Size::Small => drop(far.runtime.spawn(answer_each(far.bus.subscriber::<Tick>()?, publisher, answer))),
            Size::Large => {
                drop(far.runtime.spawn(answer_each(far.bus.subscriber::<TextMessage>()?, publisher, answer)))
            }
        }
        // A runtime of one thread runs while it is waited on: here in turn, from now on on the far thread.
        let address = far.address()?;
        let (stop, stopped) = oneshot::channel();
        thread::spawn(move || {
            let far = far;
            far.runtime.block_on(stopped)
        });
        let ends = runtime.block_on(async {
            let client = connect(address).await?;
            let answers = client.subscriber::<Answer>().await?;
            Ok::<_, Failure>(match size {
                Size::Small => Ends::Small(client.publisher()?, tick()?, answers),
                Size::Large => Ends::Large(client.publisher()?, Box::new(text()?), answers),
            })
        })?;
        Ok(Self { ends: Some(ends), runtime, _stop: stop })
    }
}

async fn answer_each<M: Message>(mut questions: Subscriber<M>, mut answers: Publisher<Answer>, answer: Answer) {
    while questions.recv().await.is_some() {
        if answers.publish(&answer).await.is_err() {
            break;
        }
    }
}

impl RoundTrip for Echo {
    fn run(&mut self, count: usize) -> Result<Vec<Duration>, Failure> {
        let mut ends = self.ends.take().ok_or("the last run failed")?;
        // A task, as services are: what `block_on` itself runs has the runtime look at its sockets before each turn.
        let trips = self.runtime.spawn(async move {
            let times = ends.trips(count).await?;
            Ok::<_, Failure>((ends, times))
        });
        let (ends, times) = self.runtime.block_on(trips)??;
        self.ends = Some(ends);
        Ok(times)
    }
}

impl Ends {
    async fn trips(&mut self, count: usize) -> Result<Vec<Duration>, Failure> {
        let mut times = Vec::with_capacity(count);
        for _ in 0..count {
            let start = Instant::now();
            let answer = match self {
                Ends::Small(publisher, question, answers) => {
                    publisher.publish(question).await?;
                    answers.recv().await
                }
                Ends::Large(publisher, question, answers) => {
                    publisher.publish(question).await?;
                    answers.recv().await
                }
            };
            answer.ok_or("the subscription ended")?;
            times.push(start.elapsed());
        }
        Ok(times)
    }
}
