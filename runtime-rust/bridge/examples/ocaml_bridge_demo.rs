//! A bridge with one OCaml worker, from launch to shutdown, told as a timeline: messages both ways, a bad message, a
//! client of another contract, a worker that is killed and comes back, and what was counted.
//!
//! `cargo xtask demo` builds the worker, `tests/demo/worker.ml`, and runs this with the path of its program:
//!
//! ```console
//! $ cargo run -p mycelium-bridge --example ocaml_bridge_demo -- target/demo/ocaml/_build/default/worker.exe
//! ```

#![forbid(unsafe_code)]

use std::error::Error;
use std::fmt::{self, Write as _};
use std::io::Write as _;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use mycelium_bridge::{ForeignBridge, OcamlBridgeConfig, OcamlChildConfig};
use mycelium_bus::client::{Client, ClientConfig};
use mycelium_bus::{MessageBus, OverflowPolicy, Registry, Subscriber};
use mycelium_wire::{frame, handshake};
use tracing::field::{Field, Visit};
use tracing_subscriber::fmt::FmtContext;
use tracing_subscriber::fmt::format::{FormatEvent, FormatFields, Writer};
use tracing_subscriber::registry::LookupSpan;

#[rustfmt::skip]
#[path = "reference/messages.rs"]
mod messages;

use messages::{
    AnyMessage, BatchOperation, BatchOperationArgs, CounterUpdate, CounterUpdateArgs, SCHEMA_DIGEST, TextMessage,
    TextMessageArgs,
};

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// Messages that go to the worker, and come back, one after the other.
const ROUND_TRIPS: u64 = 1_000;
/// Messages that go to the worker, and come back, as fast as they can.
const BURST: u64 = 100_000;
/// After how long this program gives up. Nothing here takes a second.
const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::main]
async fn main() -> Outcome {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [worker] = &arguments[..] else {
        return Err("usage: ocaml_bridge_demo PROGRAM_OF_THE_WORKER".into());
    };
    let metrics = PrometheusBuilder::new().install_recorder()?;
    mycelium_bridge::metrics::describe();
    tracing_subscriber::fmt().event_format(Timeline(Instant::now())).init();
    let folder = std::env::temp_dir().join(format!("mycelium-demo-{}", std::process::id()));
    std::fs::create_dir(&folder)?;
    let shown = tokio::time::timeout(PATIENCE, show(Path::new(worker), &folder.join("bridge.sock"), &metrics)).await;
    std::fs::remove_dir_all(&folder)?;
    shown.map_err(|_| format!("the demo took longer than {PATIENCE:?}"))?
}

macro_rules! rust {
    ($($words:tt)+) => { tracing::info!(target: "rust", $($words)+) };
}

async fn show(worker: &Path, socket: &Path, metrics: &PrometheusHandle) -> Outcome {
    let bus = MessageBus::new();
    let registry = Registry::new().with_messages::<AnyMessage>()?;
    let config = OcamlBridgeConfig::new("demo", SCHEMA_DIGEST)
        .bridge(|bridge| {
            // Publishers wait for a worker that is slower than they are, so that nothing is dropped.
            bridge.unix(socket).endpoint(|endpoint| endpoint.registry(registry).policy(OverflowPolicy::Block))
        })
        .child(OcamlChildConfig::new("echo", worker));
    title("the worker is launched");
    let mut texts = bus.subscriber::<TextMessage>()?;
    let bridge = ForeignBridge::start(&bus, config.into()).await?;
    // A worker is ready once it is connected. That it has subscribed as well, this one says.
    answer(&mut texts).await?;

    title("messages both ways");
    say(&bus, "Grüße, camel").await?;
    answer(&mut texts).await?;
    let items = [[0xfe; 20], [0xed; 20], [0xfa; 20]];
    let batch = BatchOperation::new(BatchOperationArgs { operation_id: 1 << 63, items: &items, total_count: 3 })?;
    rust!("publishes a BatchOperation of {} items", batch.items().len());
    bus.publisher::<BatchOperation>()?.publish(&batch).await?;
    answer(&mut texts).await?;
    drop(texts);
    round_trips(&bus).await?;
    burst(&bus).await?;

    title("what does not fit is not let in");
    bad_message(&bus, socket, &bridge).await?;
    other_contract(socket).await?;

    title("the worker is killed");
    let before = bridge.worker("echo").and_then(|worker| worker.pid).ok_or("the worker has no process")?;
    let mut texts = bus.subscriber::<TextMessage>()?;
    let killed = Instant::now();
    rust!("kill -9 {before}");
    kill(before)?;
    answer(&mut texts).await?;
    rust!("it was gone for {:.0?}", killed.elapsed());
    say(&bus, "Grüße again").await?;
    answer(&mut texts).await?;

    title("what was counted");
    bridge.export();
    let rendered = metrics.render();
    let mut lines: Vec<&str> = rendered.lines().filter(|line| line.starts_with("mycelium_bridge_")).collect();
    lines.sort_unstable();
    lines.iter().for_each(|line| println!("    {line}"));

    title("the end");
    bridge.shutdown().await;
    Ok(())
}

/// Between the parts, an empty line and what the next one is about.
fn title(words: &str) {
    println!("\n{words}");
}

async fn say(bus: &MessageBus, content: &str) -> Outcome {
    rust!("says: {content}");
    bus.publisher::<TextMessage>()?.publish_new(&TextMessageArgs { sender: "Rust", content, timestamp: 1 }).await?;
    Ok(())
}

/// What is next that somebody else has said. This process is a subscriber like any other, and hears itself as well.
async fn answer(texts: &mut Subscriber<TextMessage>) -> Outcome {
    loop {
        let text = texts.recv().await.ok_or("the bus was closed")?;
        if text.sender() != "Rust" {
            rust!("hears {}: {}", text.sender(), text.content());
            return Ok(());
        }
    }
}

fn counter(id: u64) -> Outcome<CounterUpdate> {
    Ok(CounterUpdate::new(CounterUpdateArgs { counter_id: id, value: i32::MIN, delta: 0 })?)
}

/// Updates that the worker publishes have a delta of 1.
async fn counted(counters: &mut Subscriber<CounterUpdate>) -> Outcome<u64> {
    loop {
        let counter = counters.recv().await.ok_or("the bus was closed")?;
        if counter.delta() == 1 {
            return Ok(counter.counter_id());
        }
    }
}

async fn round_trips(bus: &MessageBus) -> Outcome {
    let mut counters = bus.subscriber::<CounterUpdate>()?;
    let mut publisher = bus.publisher::<CounterUpdate>()?;
    let start = Instant::now();
    for id in 0..ROUND_TRIPS {
        publisher.publish(&counter(id)?).await?;
        if counted(&mut counters).await? != id {
            return Err(format!("another answer came than that to {id}").into());
        }
    }
    let each = start.elapsed() / u32::try_from(ROUND_TRIPS)?;
    rust!("{ROUND_TRIPS} times to OCaml and back, one after the other: {each:.1?} each");
    Ok(())
}

async fn burst(bus: &MessageBus) -> Outcome {
    let mut counters = bus.subscriber::<CounterUpdate>()?;
    let mut publisher = bus.publisher::<CounterUpdate>()?;
    let start = Instant::now();
    // The subscriber makes the publisher wait when its queue is full, and the bridge has to wait for the worker: what
    // is published and what is received are two tasks.
    let publishing = tokio::spawn(async move {
        for id in 0..BURST {
            publisher
                .publish(&counter(id).map_err(|error| error.to_string())?)
                .await
                .map_err(|error| error.to_string())?;
        }
        Ok::<(), String>(())
    });
    for id in 0..BURST {
        let next = counted(&mut counters).await?;
        if next != id {
            return Err(format!("{next} came back in the place of {id}").into());
        }
    }
    publishing.await??;
    let rate = BURST as f64 / start.elapsed().as_secs_f64();
    rust!("{BURST} to OCaml and back, as fast as they go: {rate:.0} a second, none lost, all in order");
    Ok(())
}

/// A client that is nothing but a socket: 32 bytes of digest are its whole handshake.
async fn bad_message(bus: &MessageBus, socket: &Path, bridge: &ForeignBridge) -> Outcome {
    let mut texts = bus.subscriber::<TextMessage>()?;
    let args = TextMessageArgs { sender: "a socket", content: "and I am still here", timestamp: 2 };
    let text = TextMessage::new(args)?;
    let mut good = Vec::new();
    frame::encode(&text, &mut good);
    let mut bad = good.clone();
    // The first byte of the sender's name, after the header and the length of the name: no UTF-8 begins so.
    bad[frame::HEADER_SIZE + 8] = 0xff;
    let mut stream = UnixStream::connect(socket)?;
    rust!("a client sends a TextMessage whose sender is no UTF-8, then a good one");
    stream.write_all(&handshake::client_v1(&SCHEMA_DIGEST))?;
    stream.write_all(&[bad, good].concat())?;
    answer(&mut texts).await?;
    let rejected: Vec<String> =
        bridge.status().endpoints[0].rejected.iter().map(|(code, count)| format!("{code}: {count}")).collect();
    rust!("rejected by the bridge, for its {}", rejected.join(", "));
    Ok(())
}

async fn other_contract(socket: &Path) -> Outcome {
    let mut types = AnyMessage::MESSAGES.to_vec();
    types[0].fingerprint = [0; 8];
    let mut config = ClientConfig::new([7; 32], &types);
    config.name = "of another contract".into();
    match Client::connect_unix(socket, config).await {
        Ok(_) => Err("a client of another contract was let in".into()),
        Err(error) => {
            rust!("a client of another contract is told: {error}");
            Ok(())
        }
    }
}

fn kill(pid: u32) -> Outcome {
    let pid = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw).ok_or("no process")?;
    Ok(rustix::process::kill_process(pid, rustix::process::Signal::KILL)?)
}

/// The log as a timeline: when, who, what.
struct Timeline(Instant);

impl<S, N> FormatEvent<S, N> for Timeline
where
    S: tracing::Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut to: Writer<'_>, event: &tracing::Event<'_>) -> fmt::Result {
        let mut words = Words::default();
        event.record(&mut words);
        let who = match event.metadata().target() {
            "mycelium_bridge::output" => "ocaml",
            target if target == "rust" || target.starts_with("mycelium_bus::client") => "rust",
            _ => "bridge",
        };
        write!(to, "  {:7.3} s  {who:<6}  {}", self.0.elapsed().as_secs_f64(), words.message)?;
        if who == "bridge" && !words.details.is_empty() {
            write!(to, " ({})", words.details.join(", "))?;
        }
        writeln!(to)
    }
}

/// Fields of events that are shown behind their words.
const DETAILS: &[&str] = &["pid", "code", "path", "reason"];

#[derive(Default)]
struct Words {
    message: String,
    details: Vec<String>,
}

impl Visit for Words {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            let _ = write!(self.message, "{value:?}");
        } else if DETAILS.contains(&field.name()) {
            self.details.push(format!("{} {value:?}", field.name()));
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }
}
