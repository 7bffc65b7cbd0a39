//! [`Exporter`]: from the counters of the bus, endpoints and clients to the `metrics` facade.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use metrics::{counter, gauge};

use super::*;
use crate::client::{ClientState, ClientStatsHandle};
use crate::deadline;
use crate::service::{Service, ServiceContext, ServiceError};
use crate::{EndpointStatsHandle, MessageBus, QueueCounters};

/// Passes counters on to the `metrics` facade: whenever [`Exporter::export`] is called, or as a [`Service`] at an
/// interval and once more at its end.
#[derive(Debug)]
pub struct Exporter {
    bus: MessageBus,
    endpoints: Vec<EndpointStatsHandle>,
    clients: Vec<ClientStatsHandle>,
    interval: Duration,
    /// Of each subscription, what was exported of it.
    exported: BTreeMap<u64, QueueCounters>,
    /// The subscribers that gauges were set for.
    subscribers: BTreeMap<Arc<str>, Queued>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Queued {
    frames: u64,
    bytes: u64,
}

impl Exporter {
    /// An exporter of a bus's counters; every 10 s, when it is a service.
    pub fn new(bus: MessageBus) -> Self {
        let (endpoints, clients) = (Vec::new(), Vec::new());
        let interval = Duration::from_secs(10);
        Self { bus, endpoints, clients, interval, exported: BTreeMap::new(), subscribers: BTreeMap::new() }
    }

    /// Exports an endpoint's counters as well.
    pub fn endpoint(mut self, endpoint: EndpointStatsHandle) -> Self {
        self.endpoints.push(endpoint);
        self
    }

    /// Exports a client's counters as well.
    pub fn client(mut self, client: ClientStatsHandle) -> Self {
        self.clients.push(client);
        self
    }

    /// Sets the interval.
    pub fn every(mut self, interval: Duration) -> Self {
        self.interval = interval;
        self
    }

    /// Tells the installed recorder how things are now.
    pub fn export(&mut self) {
        self.export_bus();
        self.endpoints.iter().for_each(export_endpoint);
        self.clients.iter().for_each(export_client);
    }

    fn export_bus(&mut self) {
        let stats = self.bus.stats();
        // All types that nobody knows are one: peers could send any number of them.
        let (mut unknown, mut is_unknown) = (stats.published_before, stats.published_before > 0);
        for known in &stats.types {
            let Some(message) = known.name.as_ref().map(|name| name.as_ref().to_owned()) else {
                unknown += known.published;
                is_unknown = true;
                continue;
            };
            counter!(PUBLISHED.name, MESSAGE => message.clone()).absolute(known.published);
            gauge!(SUBSCRIBERS.name, MESSAGE => message).set(known.subscribers as f64);
        }
        if is_unknown {
            counter!(PUBLISHED.name, MESSAGE => UNKNOWN).absolute(unknown);
        }
        counter!(DROPPED.name).absolute(stats.dropped);

        // Names may be shared, and a subscriber may be followed by another of its name: so counts are added up.
        let mut queued: BTreeMap<Arc<str>, Queued> =
            self.subscribers.keys().map(|name| (Arc::clone(name), Queued::default())).collect();
        let mut exported = BTreeMap::new();
        for subscription in stats.subscriptions.iter().filter(|subscription| subscription.connection.is_none()) {
            let (name, now) = (subscription.name.as_ref().to_owned(), subscription.counters);
            let before = self.exported.get(&subscription.id).copied().unwrap_or_default();
            exported.insert(subscription.id, now);
            let grown = [
                (RECEIVED, now.received, before.received),
                (SUBSCRIBER_DROPPED, now.dropped, before.dropped),
                (WAITS, now.waits, before.waits),
            ];
            for (metric, now, before) in grown {
                counter!(metric.name, SUBSCRIBER => name.clone()).increment(now.saturating_sub(before));
            }
            let sum = queued.entry(Arc::clone(&subscription.name)).or_default();
            sum.frames += now.queued;
            sum.bytes += now.queued_bytes;
        }
        for (name, Queued { frames, bytes }) in &queued {
            gauge!(QUEUED.name, SUBSCRIBER => name.as_ref().to_owned()).set(*frames as f64);
            gauge!(QUEUED_BYTES.name, SUBSCRIBER => name.as_ref().to_owned()).set(*bytes as f64);
        }
        // One that is gone was set to 0 just now, and is forgotten.
        queued.retain(|name, _| stats.subscriptions.iter().any(|subscription| subscription.name == *name));
        (self.subscribers, self.exported) = (queued, exported);
    }
}

impl Service for Exporter {
    fn name(&self) -> &str {
        "metrics"
    }

    async fn run(&mut self, context: &ServiceContext) -> Result<(), ServiceError> {
        while !context.is_cancelled() {
            self.export();
            tokio::select! {
                () = tokio::time::sleep_until(deadline::from_now(self.interval)) => {}
                () = context.cancelled() => {}
            }
        }
        self.export();
        Ok(())
    }
}

fn export_endpoint(endpoint: &EndpointStatsHandle) {
    let (name, stats) = (endpoint.name(), endpoint.stats());
    let label = || name.to_owned();
    for (metric, count) in [(ENDPOINT_CLIENTS, stats.active), (ENDPOINT_QUEUED, stats.outgoing.queued)] {
        gauge!(metric.name, ENDPOINT => label()).set(count as f64);
    }
    let counters = [
        (ENDPOINT_CONNECTIONS, stats.connections),
        (ENDPOINT_ACCEPT_ERRORS, stats.accept_errors),
        (ENDPOINT_UNDELIVERED, stats.undelivered),
        (ENDPOINT_CUT_OFF, stats.cut_off),
        (ENDPOINT_DROPPED, stats.outgoing.dropped),
        (ENDPOINT_LOST, stats.outgoing.lost),
        (ENDPOINT_HEARTBEATS_MISSED, stats.heartbeats_missed),
    ];
    for (metric, count) in counters {
        counter!(metric.name, ENDPOINT => label()).absolute(count);
    }
    let directions = [
        (ENDPOINT_FRAMES, "in", stats.frames_in),
        (ENDPOINT_FRAMES, "out", stats.outgoing.written),
        (ENDPOINT_BYTES, "in", stats.bytes_in),
        (ENDPOINT_BYTES, "out", stats.bytes_out),
    ];
    for (metric, direction, count) in directions {
        counter!(metric.name, ENDPOINT => label(), DIRECTION => direction).absolute(count);
    }
    for (failure, count) in &stats.handshake_failures {
        counter!(ENDPOINT_HANDSHAKE_FAILURES.name, ENDPOINT => label(), REASON => failure.name()).absolute(*count);
    }
    for (reason, count) in &stats.sent_away {
        counter!(ENDPOINT_SENT_AWAY.name, ENDPOINT => label(), REASON => reason.name()).absolute(*count);
    }
    for (code, count) in stats.rejected {
        counter!(ENDPOINT_REJECTED.name, ENDPOINT => label(), CODE => code).absolute(count);
    }
}

fn export_client(client: &ClientStatsHandle) {
    let (name, counters) = (client.name(), client.counters());
    let label = || name.to_owned();
    let connected = matches!(&*client.state().borrow(), ClientState::Connected { .. });
    gauge!(CLIENT_CONNECTED.name, CLIENT => label()).set(f64::from(u8::from(connected)));
    gauge!(CLIENT_QUEUED.name, CLIENT => label()).set(counters.queued as f64);
    let totals = [
        (CLIENT_CONNECTIONS, counters.connections),
        (CLIENT_FAILED_ATTEMPTS, counters.failed_attempts),
        (CLIENT_DISCONNECTS, counters.disconnects),
    ];
    for (metric, count) in totals {
        counter!(metric.name, CLIENT => label()).absolute(count);
    }
    let directions = [
        (CLIENT_FRAMES, "in", counters.received),
        (CLIENT_FRAMES, "out", counters.sent),
        (CLIENT_BYTES, "in", counters.received_bytes),
        (CLIENT_BYTES, "out", counters.sent_bytes),
    ];
    for (metric, direction, count) in directions {
        counter!(metric.name, CLIENT => label(), DIRECTION => direction).absolute(count);
    }
    let causes = [
        (CLIENT_NOT_SENT, "dropped", counters.dropped),
        (CLIENT_NOT_SENT, "refused", counters.refused),
        (CLIENT_NOT_SENT, "lost", counters.lost),
        (CLIENT_NOT_SENT, "withheld", counters.withheld),
        (CLIENT_NOT_SENT, "unsent", counters.unsent),
        (CLIENT_NOT_RECEIVED, "rejected", counters.rejected),
        (CLIENT_NOT_RECEIVED, "discarded", counters.discarded),
        (CLIENT_NOT_RECEIVED, "dropped_by_bridge", counters.dropped_by_bridge),
    ];
    for (metric, cause, count) in causes {
        counter!(metric.name, CLIENT => label(), CAUSE => cause).absolute(count);
    }
}
