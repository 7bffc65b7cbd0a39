//! Counters of one service: [`ServiceMetrics`].

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::state::{Cause, Failure};
use crate::EndpointStatsHandle;
use crate::metrics as table;

/// Counts what becomes of one service, here and through the `metrics` facade. Clones count together.
#[derive(Clone, Debug)]
pub struct ServiceMetrics(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    name: Arc<str>,
    starts: AtomicU64,
    errors: AtomicU64,
    panics: AtomicU64,
    deadlines: AtomicU64,
    endpoints: Mutex<Vec<EndpointStatsHandle>>,
}

/// The counters of one service at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServiceCounters {
    /// How often it was started.
    pub starts: u64,
    /// Errors that it returned.
    pub errors: u64,
    /// Panics in it.
    pub panics: u64,
    /// How often it took too long to end.
    pub deadlines: u64,
}

impl ServiceMetrics {
    pub(super) fn new(name: Arc<str>) -> Self {
        let [starts, errors, panics, deadlines] = Default::default();
        Self(Arc::new(Inner { name, starts, errors, panics, deadlines, endpoints: Mutex::default() }))
    }

    /// The counters now.
    pub fn counters(&self) -> ServiceCounters {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        ServiceCounters {
            starts: read(&self.0.starts),
            errors: read(&self.0.errors),
            panics: read(&self.0.panics),
            deadlines: read(&self.0.deadlines),
        }
    }

    /// Makes an endpoint that the service bound known to whoever looks at the service. One of the same name, as of an
    /// earlier start, is replaced.
    pub fn share_endpoint(&self, endpoint: EndpointStatsHandle) {
        let mut endpoints = self.endpoints_mut();
        endpoints.retain(|known| known.name() != endpoint.name());
        endpoints.push(endpoint);
    }

    /// The endpoints that the service made known.
    pub fn endpoints(&self) -> Vec<EndpointStatsHandle> {
        self.endpoints_mut().clone()
    }

    fn endpoints_mut(&self) -> MutexGuard<'_, Vec<EndpointStatsHandle>> {
        self.0.endpoints.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A counter of the service's own, labelled with its name.
    pub fn counter(&self, name: &'static str) -> metrics::Counter {
        metrics::counter!(name, table::SERVICE => self.label())
    }

    /// A gauge of the service's own, labelled with its name.
    pub fn gauge(&self, name: &'static str) -> metrics::Gauge {
        metrics::gauge!(name, table::SERVICE => self.label())
    }

    /// A histogram of the service's own, labelled with its name.
    pub fn histogram(&self, name: &'static str) -> metrics::Histogram {
        metrics::histogram!(name, table::SERVICE => self.label())
    }

    pub(super) fn started(&self) -> u64 {
        let starts = add(&self.0.starts);
        self.counter(table::SERVICE_STARTS.name).absolute(starts);
        starts
    }

    pub(super) fn failed(&self, failure: &Failure) {
        let cause = failure.cause();
        let count = add(match cause {
            Cause::Error(_) => &self.0.errors,
            Cause::Panic(_) => &self.0.panics,
            Cause::Deadline(_) => &self.0.deadlines,
        });
        metrics::counter!(table::SERVICE_FAILURES.name, table::SERVICE => self.label(), table::CAUSE => cause.name())
            .absolute(count);
    }

    /// Whether it is up, and whether it was given up on.
    pub(super) fn state(&self, running: bool, failed: bool) {
        self.gauge(table::SERVICE_RUNNING.name).set(f64::from(u8::from(running)));
        self.gauge(table::SERVICE_FAILED.name).set(f64::from(u8::from(failed)));
    }

    fn label(&self) -> String {
        self.0.name.as_ref().to_owned()
    }
}

fn add(counter: &AtomicU64) -> u64 {
    counter.fetch_add(1, Ordering::Relaxed) + 1
}
