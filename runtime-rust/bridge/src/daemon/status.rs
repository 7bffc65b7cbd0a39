//! `myc-bridge status`: how a running bridge is.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use serde::Deserialize;

use super::exit::{Exit, Failure};
use super::terminal::printable;
use super::values::{Period, Value};
use super::{config, control, runtime, terminal};

/// Say how a running bridge is: its workers, clients and counters
#[derive(Args, Debug)]
#[command(after_help = "\
Asks the bridge over its control socket, which only its own user can open.

Examples:
  myc-bridge status --config bridge.yaml
  myc-bridge status --socket bus.sock
  myc-bridge status --config bridge.yaml --ready     exit code 1 unless it is
  myc-bridge status --control bus.sock.control --json | \\
    jq '.workers[] | {id, state, pid}'")]
pub struct StatusArgs {
    /// The bridge's configuration, for where its control socket is
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The bridge's control socket: the path of its Unix socket with `.control` after it, unless configured otherwise
    #[arg(long, value_name = "PATH")]
    control: Option<PathBuf>,
    /// The bridge's Unix socket, beside which its control socket is unless configured otherwise
    #[arg(long, value_name = "PATH", conflicts_with = "control")]
    socket: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// End with exit code 1 unless the bridge is ready
    #[arg(long)]
    ready: bool,
}

pub fn run(args: StatusArgs) -> Result<(), Failure> {
    let control = args.control.or_else(|| args.socket.as_deref().map(config::beside));
    let socket = match (control, args.config) {
        (Some(path), _) => path,
        (None, None) => {
            return Err(Failure::usage("which bridge?").help(
                "name its configuration with --config FILE, its socket with --socket PATH, or its control socket with \
                 --control PATH, by default the path of its Unix socket with `.control` after it",
            ));
        }
        (None, Some(config)) => {
            let settings = config::read(Some(&config))?;
            config::control_socket(&settings).ok_or_else(|| {
                Failure::usage("control: the bridge has no control socket")
                    .help("set `control` in its configuration: without `socket` there is no default")
            })?
        }
    };
    let runtime = runtime::of_one_thread()?;
    let text = runtime.block_on(control::get(&socket, "/status"))?;
    let seen: Seen = serde_json::from_str(&text)
        .map_err(|error| Failure::io(format!("{} answers something else than a status: {error}", socket.display())))?;
    terminal::data(if args.json { text } else { table(&seen) })?;
    if args.ready && !seen.ready {
        return Err(Failure::silent(Exit::Findings));
    }
    Ok(())
}

/// What is shown of a status. One of a later version may have more.
#[derive(Debug, Deserialize)]
struct Seen {
    version: String,
    pid: u32,
    ready: bool,
    name: String,
    schema_digest: String,
    uptime_seconds: f64,
    contracts: Option<SeenContract>,
    /// An earlier version does not count them.
    #[serde(default)]
    log_dropped_lines: u64,
    endpoints: Vec<SeenEndpoint>,
    workers: Vec<SeenWorker>,
}

#[derive(Debug, Deserialize)]
struct SeenContract {
    file: String,
    messages: usize,
}

#[derive(Debug, Deserialize)]
struct SeenEndpoint {
    address: String,
    clients: u64,
    frames_in: u64,
    frames_out: u64,
    queued: u64,
    dropped: u64,
    lost: u64,
    rejected: BTreeMap<String, u64>,
}

#[derive(Debug, Deserialize)]
struct SeenWorker {
    id: String,
    state: String,
    pid: Option<u32>,
    uptime_seconds: Option<f64>,
    restarts: BTreeMap<String, u64>,
    connections: u64,
    last_exit: Option<SeenExit>,
}

#[derive(Debug, Deserialize)]
struct SeenExit {
    reason: String,
    code: Option<i32>,
    signal: Option<i32>,
    error: Option<String>,
}

fn table(seen: &Seen) -> String {
    let ready = if seen.ready { "ready" } else { "not ready" };
    let up = time(Some(seen.uptime_seconds));
    let (name, version) = (printable(&seen.name), printable(&seen.version));
    let mut text = format!("{name}: {ready}, up {up}, pid {}, myc-bridge {version}\n", seen.pid);
    match &seen.contracts {
        Some(SeenContract { file, messages }) => {
            text.push_str(&format!("contract {}, {messages} messages\n", printable(file)));
        }
        None => text.push_str("no contract: messages are not checked\n"),
    }
    text.push_str(&format!("digest {}\n", printable(&seen.schema_digest)));
    if seen.log_dropped_lines > 0 {
        text.push_str(&format!(
            "{} lines are missing in the log: it is not read fast enough\n",
            seen.log_dropped_lines
        ));
    }
    let head = ["SOCKET", "CLIENTS", "IN", "OUT", "QUEUED", "DROPPED", "LOST", "REJECTED"];
    let rows = seen.endpoints.iter().map(|endpoint| {
        let numbers = [
            endpoint.clients,
            endpoint.frames_in,
            endpoint.frames_out,
            endpoint.queued,
            endpoint.dropped,
            endpoint.lost,
            endpoint.rejected.values().sum(),
        ];
        std::iter::once(endpoint.address.clone()).chain(numbers.iter().map(u64::to_string)).collect()
    });
    text.push_str(&columns(&head, rows.collect()));
    if seen.workers.is_empty() {
        text.push_str("\nno workers\n");
        return text;
    }
    let head = ["WORKER", "STATE", "PID", "UP", "CONNECTIONS", "RESTARTS", "LAST EXIT"];
    let rows = seen.workers.iter().map(|worker| {
        vec![
            worker.id.clone(),
            worker.state.clone(),
            worker.pid.map_or_else(|| "-".into(), |pid| pid.to_string()),
            time(worker.uptime_seconds),
            worker.connections.to_string(),
            worker.restarts.values().sum::<u64>().to_string(),
            worker.last_exit.as_ref().map_or_else(|| "-".into(), exit),
        ]
    });
    text.push_str(&columns(&head, rows.collect()));
    text
}

fn exit(exit: &SeenExit) -> String {
    let reason = &exit.reason;
    match (exit.code, exit.signal, &exit.error) {
        (Some(code), ..) => format!("{reason} {code}"),
        (_, Some(signal), _) => format!("{reason} {signal}"),
        (_, _, Some(error)) => format!("{reason}: {error}"),
        _ => reason.clone(),
    }
}

/// Seconds as a time in its two largest units.
fn time(seconds: Option<f64>) -> String {
    let Some(time) = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()) else { return "-".into() };
    let whole = Duration::from_secs(time.as_secs());
    Period(whole).text().split(' ').take(2).collect::<Vec<_>>().join(" ")
}

/// A table after an empty line, each column as wide as it has to be.
fn columns(head: &[&str], rows: Vec<Vec<String>>) -> String {
    let head = head.iter().map(|cell| (*cell).to_owned()).collect();
    let mut rows: Vec<Vec<String>> = std::iter::once(head).chain(rows).collect();
    rows.iter_mut().flatten().for_each(|cell| *cell = printable(cell).into_owned());
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or_default()
    };
    let mut text = String::from("\n");
    for row in &rows {
        let cells: Vec<String> =
            row.iter().enumerate().map(|(column, cell)| format!("{cell:<width$}", width = width(column))).collect();
        text.push_str(cells.join("  ").trim_end());
        text.push('\n');
    }
    text
}
