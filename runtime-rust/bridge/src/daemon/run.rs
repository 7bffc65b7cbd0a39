//! `myc-bridge run`: from the command line to a bridge that runs, and to the exit code.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use mycelium_bridge::{BridgeError, ForeignBridge};
use mycelium_bus::metrics::Exporter;
use mycelium_bus::{BindError, MessageBus, UnixServer};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::assemble::{Assembled, assemble};
use super::exit::{Exit, Failure, with_causes};
use super::flags::Flags;
use super::http::{self, Listener};
use super::life::{self, Signals};
use super::pages::Pages;
use super::values::{Digest, Value};
use super::{config, logs, runtime};

/// After the bridge has ended: for what still runs in the background.
const END_LIMIT: Duration = Duration::from_secs(1);

/// Run a bridge and its workers until SIGTERM or SIGINT
#[derive(Args, Debug)]
#[command(after_help = "\
Every key of the configuration has a flag, and flags win. SIGTERM and SIGINT end
the bridge and its workers in order, a second one at once. SIGHUP does nothing
but say so: restart the bridge to change its configuration.

Examples:
  myc-bridge run --config bridge.yaml
  myc-bridge run --config bridge.yaml --log-format json --http 127.0.0.1:9464
  myc-bridge run --contracts contracts.yaml --socket bus.sock \\
    --worker echo=./echo.exe
  myc-bridge run --config bridge.yaml \\
    --worker-set 'echo.args=[--fast]' --worker-set echo.grace=1s")]
pub struct RunArgs {
    /// The configuration; paths in it are relative to its folder
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    flags: Flags,
}

pub fn run(args: RunArgs) -> Result<(), Failure> {
    let cannot_start = |error: &dyn std::error::Error| Failure::io(format!("cannot start: {}", with_causes(error)));
    let configuration = config::load(args.config.as_deref(), &args.flags.0)?;
    logs::begin().map_err(|error| cannot_start(&error))?;
    let mut assembled = assemble(configuration)?;
    if let Some(room) = logs::room() {
        assembled.bridge = assembled.bridge.output_room(room);
    }
    let settings = &assembled.settings;
    let filter = config::filter(&settings.log()).map_err(|words| Failure::usage(format!("log: {words}")))?;
    logs::start(settings.log_format(), filter).map_err(|error| cannot_start(&error))?;
    let recorder = match settings.http {
        Some(_) => Some(recorder()?),
        None => None,
    };
    let runtime = runtime::of_many_threads()?;
    let ended = runtime.block_on(daemon(assembled, recorder));
    runtime.shutdown_timeout(END_LIMIT);
    ended
}

fn recorder() -> Result<PrometheusHandle, Failure> {
    let recorder = PrometheusBuilder::new().install_recorder();
    let recorder = recorder.map_err(|error| Failure::io(format!("cannot measure: {}", with_causes(&error))))?;
    mycelium_bus::metrics::describe();
    mycelium_bridge::metrics::describe();
    Ok(recorder)
}

async fn daemon(assembled: Assembled, recorder: Option<PrometheusHandle>) -> Result<(), Failure> {
    let Assembled { settings, bridge, contract, digest } = assembled;
    // From here on a signal ends the bridge in order.
    let signals = Signals::new().map_err(|error| Failure::io(format!("cannot wait for signals: {error}")))?;
    let http = match &settings.http {
        Some(address) => Some(
            TcpListener::bind(address)
                .await
                .map_err(|error| Failure::io(format!("http: cannot listen on {address}: {error}")))?,
        ),
        None => None,
    };
    let control = match config::control_socket(&settings) {
        Some(path) => Some(UnixServer::bind(&path, 0o600).await.map_err(|error| bind(&error))?),
        None => None,
    };
    let bus = MessageBus::new();
    let bridge = ForeignBridge::start(&bus, bridge).await.map_err(|error| match &error {
        BridgeError::Bind(error) => bind(error),
        BridgeError::Config(_) => Failure::usage(error.to_string()),
        _ => Failure::io(with_causes(&error)),
    })?;
    let bridge = Arc::new(bridge);
    let exporter = bridge.endpoints().into_iter().fold(Exporter::new(bus.clone()), Exporter::endpoint);
    let pages = Arc::new(Pages::new(&settings, contract.as_ref(), Arc::clone(&bridge), exporter, recorder));
    let stop = CancellationToken::new();
    let mut servers = tokio::task::JoinSet::new();
    if let Some(listener) = http {
        if let Ok(address) = listener.local_addr() {
            tracing::info!(%address, "metrics and health are served");
        }
        servers.spawn(http::serve(Listener::Tcp(listener), pages.clone().public(), stop.clone()));
    }
    if let Some(server) = control {
        servers.spawn(http::serve(Listener::Unix(server), pages.clone().control(), stop.clone()));
    }
    tracing::info!(
        bridge = bridge.name(),
        version = env!("CARGO_PKG_VERSION"),
        pid = std::process::id(),
        digest = Digest(digest).text(),
        unix = bridge.path().map(|path| path.display().to_string()),
        tcp = bridge.local_addr().map(|address| address.to_string()),
        workers = settings.workers.len(),
        "the bridge is started",
    );
    let ended = life::live(&settings, &bridge, &pages, signals).await;
    stop.cancel();
    while servers.join_next().await.is_some() {}
    bus.close();
    if ended == Exit::Done { Ok(()) } else { Err(Failure::silent(ended)) }
}

/// What is in the way of a socket is the machine's, not the command line's.
fn bind(error: &BindError) -> Failure {
    match error {
        BindError::PathTooLong { .. } => Failure::usage(with_causes(error)),
        _ => Failure::io(with_causes(error)),
    }
}
