//! NATS core: a `nats-server` of its own, a client that publishes and one that subscribes.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use async_nats::{Client, Subscriber};
use futures_util::StreamExt as _;
use tokio::runtime::Runtime;

use super::{Failure, OneWay, RoundTrip, Size};

/// Longer than any number of messages here takes.
const LIMIT: Duration = Duration::from_secs(60);

/// A server, which ends with this value.
pub struct Server {
    child: Child,
    address: String,
}

impl Server {
    /// Starts `nats-server` on a port that it chooses, and waits until it says that it is ready.
    pub fn start() -> Result<Self, Failure> {
        let mut child =
            Command::new("nats-server").args(["-a", "127.0.0.1", "-p", "-1"]).stderr(Stdio::piped()).spawn()?;
        let log = child.stderr.take().ok_or("nats-server without a log")?;
        let mut address = String::new();
        for line in BufReader::new(log).lines() {
            let line = line?;
            if let Some((_, listening)) = line.split_once("Listening for client connections on ") {
                address = listening.trim().to_owned();
            }
            if line.contains("Server is ready") {
                return Ok(Self { child, address });
            }
        }
        Err("nats-server ended before it was ready".into())
    }

    async fn connect(&self) -> Result<Client, Failure> {
        Ok(async_nats::connect(&self.address).await?)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It has nothing to lose, and may be gone already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn runtime() -> Result<Runtime, Failure> {
    Ok(tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?)
}

async fn subscribed(client: &Client, subject: &'static str) -> Result<Subscriber, Failure> {
    let subscriber = client.subscribe(subject).await?;
    client.flush().await?;
    Ok(subscriber)
}

/// A client that publishes to one that subscribes.
pub struct PublishSubscribe {
    runtime: Runtime,
    publisher: Client,
    frame: bytes::Bytes,
    expect: tokio::sync::mpsc::UnboundedSender<u64>,
    arrived: mpsc::Receiver<Option<Instant>>,
    _subscribers: Runtime,
    _server: Server,
}

impl PublishSubscribe {
    /// A server and both clients, each with a runtime of its own.
    pub fn new(size: Size) -> Result<Self, Failure> {
        let server = Server::start()?;
        let (runtime, subscribers) = (runtime()?, self::runtime()?);
        let publisher = runtime.block_on(server.connect())?;
        let mut subscriber = subscribers.block_on(async { subscribed(&server.connect().await?, "ticks").await })?;
        let (expect, mut expected) = tokio::sync::mpsc::unbounded_channel();
        let (arrive, arrived) = mpsc::channel();
        subscribers.spawn(async move {
            while let Some(count) = expected.recv().await {
                let mut all = Some(());
                for _ in 0..count {
                    all = all.and(subscriber.next().await.map(drop));
                }
                if arrive.send(all.map(|()| Instant::now())).is_err() {
                    break;
                }
            }
        });
        let frame = vec![7; size.frame()].into();
        Ok(Self { runtime, publisher, frame, expect, arrived, _subscribers: subscribers, _server: server })
    }
}

impl OneWay for PublishSubscribe {
    fn run(&mut self, count: u64) -> Result<Duration, Failure> {
        self.expect.send(count)?;
        let start = Instant::now();
        self.runtime.block_on(async {
            for _ in 0..count {
                self.publisher.publish("ticks", self.frame.clone()).await?;
            }
            self.publisher.flush().await?;
            Ok::<_, Failure>(())
        })?;
        // A server that does not keep up drops messages, and the last one never comes.
        let end =
            self.arrived.recv_timeout(LIMIT).map_err(|_| "NATS has lost messages: its server does not keep up")?;
        Ok(end.ok_or("NATS closed the subscription")? - start)
    }
}

/// A publication to a client that answers with another.
pub struct Echo {
    runtime: Runtime,
    client: Client,
    answers: Subscriber,
    frame: bytes::Bytes,
    _far: Runtime,
    _server: Server,
}

impl Echo {
    /// A server and both clients, each with a runtime of its own.
    pub fn new(size: Size) -> Result<Self, Failure> {
        let server = Server::start()?;
        let single = || tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let (runtime, far) = (single()?, single()?);
        far.block_on(async {
            let client = server.connect().await?;
            let mut questions = subscribed(&client, "questions").await?;
            tokio::spawn(async move {
                while let Some(message) = questions.next().await {
                    if client.publish("answers", message.payload).await.is_err() {
                        break;
                    }
                }
            });
            Ok::<_, Failure>(())
        })?;
        let (client, answers) = runtime.block_on(async {
            let client = server.connect().await?;
            let answers = subscribed(&client, "answers").await?;
            Ok::<_, Failure>((client, answers))
        })?;
        Ok(Self { runtime, client, answers, frame: vec![7; size.frame()].into(), _far: far, _server: server })
    }
}

impl RoundTrip for Echo {
    fn run(&mut self, count: usize) -> Result<Vec<Duration>, Failure> {
        self.runtime.block_on(async {
            let mut times = Vec::with_capacity(count);
            for _ in 0..count {
                let start = Instant::now();
                self.client.publish("questions", self.frame.clone()).await?;
                self.answers.next().await.ok_or("NATS closed the subscription")?;
                times.push(start.elapsed());
            }
            Ok(times)
        })
    }
}
