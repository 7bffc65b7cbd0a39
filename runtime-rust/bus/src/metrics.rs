//! Every metric of this crate, in one table, [`METRICS`]: what is not in it is not measured, and the guide's table is
//! held against it. Metrics go through the `metrics` facade, with names and labels by the conventions of Prometheus.
//!
//! Services tell theirs as it happens. The bus, endpoints and clients count for themselves, at no cost to messages; an
//! [`Exporter`] passes that on, at an interval or when asked.

mod export;
#[cfg(test)]
mod tests;

pub use export::Exporter;

/// The label with a message's name, or [`UNKNOWN`].
pub const MESSAGE: &str = "message";
/// The value of [`MESSAGE`] for all types together that nobody knows by name.
pub const UNKNOWN: &str = "unknown";
/// The label with the name of a subscriber in this process.
pub const SUBSCRIBER: &str = "subscriber";
/// The label with an endpoint's name.
pub const ENDPOINT: &str = "endpoint";
/// The label with a client's name, or its bridge's address where it has none.
pub const CLIENT: &str = "client";
/// The label with `in` or `out`, as this process sees it.
pub const DIRECTION: &str = "direction";
/// The label with the name of a `RejectReason` or `GoodbyeReason` of the core contract, or `Disconnected`.
pub const REASON: &str = "reason";
/// The label with what is wrong with a message, such as `utf8` or `rule:min`.
pub const CODE: &str = "code";
/// The label with a service's name.
pub const SERVICE: &str = "service";
/// The label with what went wrong, as one lower-case word.
pub const CAUSE: &str = "cause";

/// What a metric is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// It only grows.
    Counter,
    /// It grows and shrinks.
    Gauge,
}

impl Kind {
    /// The kind as one lower-case word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
        }
    }
}

/// One metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metric {
    /// The name, as Prometheus has it.
    pub name: &'static str,
    /// What it is.
    pub kind: Kind,
    /// The names of its labels.
    pub labels: &'static [&'static str],
    /// What it says, in a sentence without its full stop.
    pub help: &'static str,
}

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
    PUBLISHED, Counter "mycelium_bus_published_frames_total" [MESSAGE] "Messages that were published on the bus";
    SUBSCRIBERS, Gauge "mycelium_bus_subscribers" [MESSAGE] "Queues that a message goes to";
    DROPPED, Counter "mycelium_bus_dropped_frames_total" []
        "Frames that the policies of all queues dropped, those of socket clients and past subscribers included";
    QUEUED, Gauge "mycelium_bus_subscriber_queued_frames" [SUBSCRIBER] "Frames that wait for a subscriber";
    QUEUED_BYTES, Gauge "mycelium_bus_subscriber_queued_bytes" [SUBSCRIBER] "Bytes that wait for a subscriber";
    RECEIVED, Counter "mycelium_bus_subscriber_received_frames_total" [SUBSCRIBER] "Frames that a subscriber took";
    SUBSCRIBER_DROPPED, Counter "mycelium_bus_subscriber_dropped_frames_total" [SUBSCRIBER]
        "Frames that a subscriber's policy dropped";
    WAITS, Counter "mycelium_bus_subscriber_publisher_waits_total" [SUBSCRIBER]
        "How often a publisher had to wait for room in a subscriber's queue";

    ENDPOINT_CLIENTS, Gauge "mycelium_bus_endpoint_clients" [ENDPOINT] "Clients that are connected";
    ENDPOINT_CONNECTIONS, Counter "mycelium_bus_endpoint_connections_total" [ENDPOINT] "Connections that were accepted";
    ENDPOINT_HANDSHAKE_FAILURES, Counter "mycelium_bus_endpoint_handshake_failures_total" [ENDPOINT, REASON]
        "Handshakes that did not succeed";
    ENDPOINT_SENT_AWAY, Counter "mycelium_bus_endpoint_sent_away_total" [ENDPOINT, REASON]
        "Clients that the endpoint disconnected";
    ENDPOINT_ACCEPT_ERRORS, Counter "mycelium_bus_endpoint_accept_errors_total" [ENDPOINT]
        "Times that no connection could be accepted";
    ENDPOINT_FRAMES, Counter "mycelium_bus_endpoint_frames_total" [ENDPOINT, DIRECTION]
        "Messages that came from clients, and that were written to them";
    ENDPOINT_BYTES, Counter "mycelium_bus_endpoint_bytes_total" [ENDPOINT, DIRECTION]
        "Bytes that came from clients, and that were written to them";
    ENDPOINT_REJECTED, Counter "mycelium_bus_endpoint_rejected_frames_total" [ENDPOINT, CODE]
        "Messages from clients that were not forwarded because of what is in them";
    ENDPOINT_UNDELIVERED, Counter "mycelium_bus_endpoint_undelivered_frames_total" [ENDPOINT]
        "Messages from clients that the bus did not take";
    ENDPOINT_CUT_OFF, Counter "mycelium_bus_endpoint_cut_off_frames_total" [ENDPOINT]
        "Messages that were begun when their client ended its stream";
    ENDPOINT_QUEUED, Gauge "mycelium_bus_endpoint_queued_frames" [ENDPOINT] "Frames that wait for clients";
    ENDPOINT_DROPPED, Counter "mycelium_bus_endpoint_dropped_frames_total" [ENDPOINT]
        "Frames that the policies of clients' queues dropped";
    ENDPOINT_LOST, Counter "mycelium_bus_endpoint_lost_frames_total" [ENDPOINT]
        "Frames that were queued or partly written when a client's connection ended";
    ENDPOINT_HEARTBEATS_MISSED, Counter "mycelium_bus_endpoint_heartbeats_missed_total" [ENDPOINT]
        "Intervals in which a client gave no sign of life";

    CLIENT_CONNECTED, Gauge "mycelium_bus_client_connected" [CLIENT] "1 while a client is connected to its bridge";
    CLIENT_CONNECTIONS, Counter "mycelium_bus_client_connections_total" [CLIENT] "Connections that were established";
    CLIENT_FAILED_ATTEMPTS, Counter "mycelium_bus_client_failed_attempts_total" [CLIENT] "Attempts to connect that failed";
    CLIENT_DISCONNECTS, Counter "mycelium_bus_client_disconnects_total" [CLIENT] "Connections that were lost";
    CLIENT_FRAMES, Counter "mycelium_bus_client_frames_total" [CLIENT, DIRECTION]
        "Messages that came from the bridge, and that were written to it";
    CLIENT_BYTES, Counter "mycelium_bus_client_bytes_total" [CLIENT, DIRECTION]
        "Bytes of those messages, headers included";
    CLIENT_QUEUED, Gauge "mycelium_bus_client_queued_frames" [CLIENT] "Frames that wait to be sent";
    CLIENT_NOT_SENT, Counter "mycelium_bus_client_not_sent_frames_total" [CLIENT, CAUSE]
        "Messages that were not sent: `dropped`, `refused`, `lost`, `withheld` or `unsent`";
    CLIENT_NOT_RECEIVED, Counter "mycelium_bus_client_not_received_frames_total" [CLIENT, CAUSE]
        "Messages that did not reach subscribers: `rejected`, `discarded` or `dropped_by_bridge`";

    SERVICE_STARTS, Counter "mycelium_bus_service_starts_total" [SERVICE] "How often a service was started";
    SERVICE_FAILURES, Counter "mycelium_bus_service_failures_total" [SERVICE, CAUSE]
        "Failures of a service: `error`, `panic` or `deadline`";
    SERVICE_RUNNING, Gauge "mycelium_bus_service_running" [SERVICE] "1 while a service is in `run`";
    SERVICE_FAILED, Gauge "mycelium_bus_service_failed" [SERVICE] "1 where a service failed and is not started again";
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
