//! Every metric of this crate, in one table, [`METRICS`], as the bus has one of its own. Workers are measured as things
//! happen; what passes a bridge's endpoints is told when [`crate::ForeignBridge::export`] is called.

use metrics::{Counter, Gauge, counter, gauge};
pub use mycelium_bus::metrics::{CODE, DIRECTION, Kind, Metric, REASON};

use crate::worker::Slot;
use crate::{EndpointStatus, WorkerStatus};

/// The label with a bridge's name.
pub const BRIDGE: &str = "bridge";
/// The label with a worker's id.
pub const WORKER: &str = "worker";
/// The label with `stdout` or `stderr`.
pub const STREAM: &str = "stream";

macro_rules! table {
    ($($constant:ident, $kind:ident $name:literal $labels:tt $help:literal;)+) => {
        $(
            #[doc = concat!($help, ".")]
            pub const $constant: Metric =
                Metric { name: $name, kind: Kind::$kind, labels: &$labels, help: $help };
        )+

        /// Every metric of this crate.
        pub const METRICS: &[Metric] = &[$($constant),+];
    };
}

table! {
    CLIENTS, Gauge "mycelium_bridge_clients" [BRIDGE] "Clients that are connected, workers included";
    FRAMES, Counter "mycelium_bridge_frames_total" [BRIDGE, DIRECTION]
        "Messages that came from clients, and that were written to them";
    BYTES, Counter "mycelium_bridge_bytes_total" [BRIDGE, DIRECTION]
        "Bytes that came from clients, and that were written to them";
    REJECTED, Counter "mycelium_bridge_rejected_frames_total" [BRIDGE, CODE]
        "Messages from clients that were not forwarded because of what is in them";
    DROPPED, Counter "mycelium_bridge_dropped_frames_total" [BRIDGE]
        "Messages that the policies of clients' queues dropped";
    LOST, Counter "mycelium_bridge_lost_frames_total" [BRIDGE]
        "Messages that were queued or partly written when a connection ended";
    REFUSED, Counter "mycelium_bridge_refused_workers_total" [BRIDGE]
        "Handshakes that were refused because the client is not the worker that it says to be";
    WORKERS, Gauge "mycelium_bridge_workers" [BRIDGE] "Workers that the bridge supervises";
    WORKER_READY, Gauge "mycelium_bridge_worker_ready" [BRIDGE, WORKER] "1 while a worker is connected";
    WORKER_FAILED, Gauge "mycelium_bridge_worker_failed" [BRIDGE, WORKER]
        "1 where a worker was given up on, and is not started again";
    WORKER_LAUNCHES, Counter "mycelium_bridge_worker_launches_total" [BRIDGE, WORKER] "How often a worker was started";
    WORKER_RESTARTS, Counter "mycelium_bridge_worker_restarts_total" [BRIDGE, WORKER, REASON]
        "How often a worker was started again, by what had ended it: `exit`, `signal`, `hang`, `not_ready`, `disconnected`, `misconfigured`, `spawn` or `restart`";
    WORKER_UPTIME, Gauge "mycelium_bridge_worker_uptime_seconds" [BRIDGE, WORKER]
        "How long a worker's process has been there; 0 without one";
    OUTPUT_LINES, Counter "mycelium_bridge_worker_output_lines_total" [BRIDGE, WORKER, STREAM]
        "Lines that a worker printed";
    OUTPUT_CUT, Counter "mycelium_bridge_worker_output_cut_lines_total" [BRIDGE, WORKER, STREAM]
        "Lines that were too long, and were cut";
    LOG_DROPPED, Counter "mycelium_bridge_log_dropped_lines_total" [BRIDGE]
        "Lines that are missing in the log of `myc-bridge`, as it was not read fast enough, or could not be written";
}

/// Tells the installed recorder what every metric means. Once, after it was installed.
pub fn describe() {
    for metric in METRICS {
        match metric.kind {
            Kind::Counter => metrics::describe_counter!(metric.name, metric.help),
            Kind::Gauge => metrics::describe_gauge!(metric.name, metric.help),
        }
    }
}

pub(crate) fn bridge(metric: Metric, bridge: &str) -> Counter {
    counter!(metric.name, BRIDGE => bridge.to_owned())
}

pub(crate) fn worker(metric: Metric, slot: &Slot) -> Gauge {
    gauge!(metric.name, BRIDGE => slot.bridge.to_string(), WORKER => slot.id().to_owned())
}

pub(crate) fn launches(metric: Metric, slot: &Slot) -> Counter {
    counter!(metric.name, BRIDGE => slot.bridge.to_string(), WORKER => slot.id().to_owned())
}

pub(crate) fn restarts(metric: Metric, slot: &Slot, reason: &'static str) -> Counter {
    counter!(metric.name, BRIDGE => slot.bridge.to_string(), WORKER => slot.id().to_owned(), REASON => reason)
}

/// Tells the recorder how the endpoints and workers of a bridge are.
pub(crate) fn export(name: &str, endpoints: &[EndpointStatus], workers: &[WorkerStatus]) {
    let label = || name.to_owned();
    let sum = |of: fn(&EndpointStatus) -> u64| endpoints.iter().map(of).sum::<u64>();
    gauge!(CLIENTS.name, BRIDGE => label()).set(sum(|endpoint| endpoint.clients) as f64);
    gauge!(WORKERS.name, BRIDGE => label()).set(workers.len() as f64);
    let directions = [
        (FRAMES, "in", sum(|endpoint| endpoint.frames_in)),
        (FRAMES, "out", sum(|endpoint| endpoint.frames_out)),
        (BYTES, "in", sum(|endpoint| endpoint.bytes_in)),
        (BYTES, "out", sum(|endpoint| endpoint.bytes_out)),
    ];
    for (metric, direction, count) in directions {
        counter!(metric.name, BRIDGE => label(), DIRECTION => direction).absolute(count);
    }
    bridge(DROPPED, name).absolute(sum(|endpoint| endpoint.dropped));
    bridge(LOST, name).absolute(sum(|endpoint| endpoint.lost));
    let mut rejected = std::collections::BTreeMap::<&str, u64>::new();
    for (code, count) in endpoints.iter().flat_map(|endpoint| &endpoint.rejected) {
        *rejected.entry(code).or_default() += count;
    }
    for (code, count) in rejected {
        counter!(REJECTED.name, BRIDGE => label(), CODE => code.to_owned()).absolute(count);
    }
    for worker in workers {
        let uptime = worker.uptime.unwrap_or_default().as_secs_f64();
        gauge!(WORKER_UPTIME.name, BRIDGE => label(), WORKER => worker.id.clone()).set(uptime);
    }
}
