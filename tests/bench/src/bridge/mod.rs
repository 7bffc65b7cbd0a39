//! A bridge with OCaml workers, a client beside them: what two processes further away cost. The bridge has a thread of
//! its own, as if it were a process.

use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use mycelium_bridge::{ForeignBridge, OcamlBridgeConfig, OcamlChildConfig, WorkerState};
use mycelium_bus::client::{Client, ClientConfig, ClientPublisher, ClientSubscriber};
use mycelium_bus::supervision::{Backoff, Intensity, Supervision};
use mycelium_bus::{MessageBus, OverflowPolicy, Registry};
use mycelium_wire::Message;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;

use crate::ours::{AnyMessage, Echo, Tick, TickArgs};
use crate::transport::{Failure, OneWay, RoundTrip};

/// What the `instrument` of a Tick says to `worker.ml`.
const EVERYBODY: u64 = u64::MAX;
const NOBODY: u64 = u64::MAX - 1;

/// A bridge and its workers, connected and subscribed, and a client.
pub struct Bridged {
    ticks: ClientPublisher<Tick>,
    echos: Option<ClientSubscriber<Echo>>,
    workers: u64,
    runtime: Runtime,
    _client: Client,
    // Ends the bridge's thread, and waits for it.
    _bridge: Ended,
}

struct Ended(Option<(oneshot::Sender<()>, thread::JoinHandle<()>)>);

impl Drop for Ended {
    fn drop(&mut self) {
        if let Some((stop, thread)) = self.0.take() {
            let _ = stop.send(());
            let _ = thread.join();
        }
    }
}

impl Bridged {
    /// As many workers, all of one program; `threads` for the bridge, and as many for the client.
    pub fn new(program: &Path, workers: u64, threads: usize) -> Result<Self, Failure> {
        let folder = tempfile::tempdir()?;
        let socket = folder.path().join("bridge.sock");
        let config = config(program, workers, &socket)?;
        let (far, near) = (runtime(threads)?, runtime(threads)?);
        let (ready, is_ready) = mpsc::channel();
        let (stop, stopped) = oneshot::channel();
        let thread = thread::spawn(move || {
            let _folder = folder;
            far.block_on(async move {
                let bridge = match start(config, workers).await {
                    Ok(bridge) => bridge,
                    Err(error) => return drop(ready.send(Err(error))),
                };
                if ready.send(Ok(())).is_ok() {
                    let _ = stopped.await;
                }
                bridge.shutdown().await;
            });
        });
        let bridge = Ended(Some((stop, thread)));
        is_ready.recv()??;
        let (client, ticks, echos) = near.block_on(async {
            let config = ClientConfig::new(Tick::SCHEMA_DIGEST, AnyMessage::MESSAGES);
            let client = Client::connect_unix(&socket, config).await?;
            let (ticks, echos) = (client.publisher()?, client.subscriber().await?);
            Ok::<_, Failure>((client, ticks, echos))
        })?;
        Ok(Self { ticks, echos: Some(echos), workers, runtime: near, _client: client, _bridge: bridge })
    }

    /// Has the client's runtime run what publishes and receives; it gives the subscriber back for the next run.
    fn on_its_runtime<T, F>(
        &mut self,
        work: impl FnOnce(ClientPublisher<Tick>, ClientSubscriber<Echo>) -> F,
    ) -> Result<T, Failure>
    where
        T: Send + 'static,
        F: Future<Output = Result<(T, ClientSubscriber<Echo>), Failure>> + Send + 'static,
    {
        let echos = self.echos.take().ok_or("the last run failed")?;
        let run = self.runtime.spawn(work(self.ticks.clone(), echos));
        let (found, echos) = self.runtime.block_on(run)??;
        self.echos = Some(echos);
        Ok(found)
    }
}

fn runtime(threads: usize) -> Result<Runtime, Failure> {
    let mut builder = if threads == 1 { Builder::new_current_thread() } else { Builder::new_multi_thread() };
    Ok(builder.worker_threads(threads).enable_all().build()?)
}

fn config(program: &Path, workers: u64, socket: &Path) -> Result<OcamlBridgeConfig, Failure> {
    let registry = Registry::new().with_messages::<AnyMessage>()?;
    let config = OcamlBridgeConfig::new("bench", Tick::SCHEMA_DIGEST).bridge(|bridge| {
        let endpoint =
            |endpoint: mycelium_bus::EndpointConfig| endpoint.registry(registry).policy(OverflowPolicy::Block);
        bridge.unix(socket).endpoint(endpoint)
    });
    // Started again at once: what is measured is the bridge, not its patience.
    let supervision = Supervision {
        backoff: Backoff::constant(Duration::ZERO),
        intensity: Intensity::UNLIMITED,
        ..Supervision::default()
    };
    Ok((0..workers).fold(config, |config, index| {
        let child = OcamlChildConfig::new(format!("worker-{index}"), program);
        config.child(child.worker(|worker| worker.arg(index.to_string()).supervision(supervision)))
    }))
}

/// Starts a bridge, and waits until its workers are subscribed.
async fn start(config: OcamlBridgeConfig, workers: u64) -> Result<ForeignBridge, Failure> {
    let bus = MessageBus::new();
    let mut echos = bus.subscriber::<Echo>()?;
    let bridge = ForeignBridge::start(&bus, config.into()).await?;
    for _ in 0..workers {
        echos.recv().await.ok_or("the bus was closed")?;
    }
    Ok(bridge)
}

fn tick(instrument: u64, price: i64) -> Result<Tick, Failure> {
    Ok(Tick::new(TickArgs { instrument, price, sequence: 1 })?)
}

/// Client, bridge, worker, bridge, client; with several workers each is asked in turn.
impl RoundTrip for Bridged {
    fn run(&mut self, count: usize) -> Result<Vec<Duration>, Failure> {
        let questions: Vec<Tick> = (0..self.workers).map(|index| tick(index, 1)).collect::<Result<_, _>>()?;
        self.on_its_runtime(|mut ticks, mut echos| async move {
            let mut times = Vec::with_capacity(count);
            for question in questions.iter().cycle().take(count) {
                let start = Instant::now();
                ticks.publish(question).await?;
                echos.recv().await.ok_or("the subscription ended")?;
                times.push(start.elapsed());
            }
            Ok((times, echos))
        })
    }
}

/// From the client to every worker: the last message is answered.
pub struct ToWorkers(pub Bridged);

impl OneWay for ToWorkers {
    fn run(&mut self, count: u64) -> Result<Duration, Failure> {
        let workers = self.0.workers;
        let (silent, last) = (tick(NOBODY, 0)?, tick(EVERYBODY, 1)?);
        self.0.on_its_runtime(|mut ticks, mut echos| async move {
            let start = Instant::now();
            for _ in 1..count {
                ticks.publish(&silent).await?;
            }
            ticks.publish(&last).await?;
            for _ in 0..workers {
                echos.recv().await.ok_or("the subscription ended")?;
            }
            Ok((start.elapsed(), echos))
        })
    }
}

/// From the workers to the client: each sends its share.
pub struct FromWorkers(pub Bridged);

impl OneWay for FromWorkers {
    fn run(&mut self, count: u64) -> Result<Duration, Failure> {
        let share = count.div_ceil(self.0.workers);
        let (question, total) = (tick(EVERYBODY, i64::try_from(share)?)?, share * self.0.workers);
        self.0.on_its_runtime(|mut ticks, mut echos| async move {
            let start = Instant::now();
            ticks.publish(&question).await?;
            for _ in 0..total {
                echos.recv().await.ok_or("the subscription ended")?;
            }
            Ok((start.elapsed(), echos))
        })
    }
}

/// The time from the end of a worker by `SIGKILL` until the next one of it is ready, as often as asked for.
pub fn restarts(program: &Path, count: usize) -> Result<Vec<Duration>, Failure> {
    let folder = tempfile::tempdir()?;
    let config = config(program, 1, &folder.path().join("bridge.sock"))?;
    runtime(1)?.block_on(async {
        let bridge = start(config, 1).await?;
        let mut times = Vec::with_capacity(count);
        for _ in 0..count {
            let before = bridge.workers()[0].pid.ok_or("the worker has no process")?;
            let start = Instant::now();
            // SAFETY: a signal to a process has no preconditions; the worker is a child that is not reaped yet.
            if unsafe { libc::kill(i32::try_from(before)?, libc::SIGKILL) } != 0 {
                return Err(std::io::Error::last_os_error().into());
            }
            bridge.wait_until(|workers| workers[0].state == WorkerState::Ready && workers[0].pid != Some(before)).await;
            times.push(start.elapsed());
        }
        bridge.shutdown().await;
        Ok(times)
    })
}
