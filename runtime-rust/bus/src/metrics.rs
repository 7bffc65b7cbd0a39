//! Every metric of this crate, in one table, [`METRICS`]: what is not in it is not measured, and the guide's table is
//! held against it. Metrics go through the `metrics` facade, so they cost next to nothing until a recorder is
//! installed; names and labels follow the conventions of Prometheus.

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
    SERVICE_STARTS, Counter "mycelium_bus_service_starts_total" [SERVICE] "How often a service was started";
    SERVICE_FAILURES, Counter "mycelium_bus_service_failures_total" [SERVICE, CAUSE]
        "Errors, panics and missed deadlines of a service";
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_conventions_and_are_unique() {
        for (index, metric) in METRICS.iter().enumerate() {
            let name = metric.name;
            assert!(name.starts_with("mycelium_bus_"), "{name}");
            assert!(name.bytes().all(|byte| byte == b'_' || byte.is_ascii_lowercase()), "{name}");
            assert_eq!(name.ends_with("_total"), metric.kind == Kind::Counter, "{name}");
            assert!(METRICS[..index].iter().all(|other| other.name != name), "{name} is there twice");
            assert!(!metric.help.ends_with('.') && !metric.help.is_empty(), "{name}");
        }
    }
}
