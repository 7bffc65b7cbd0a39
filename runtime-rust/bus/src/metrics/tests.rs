use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use ::metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};
use mycelium_wire::core_messages::{ClientHello, ClientHelloArgs};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;
use crate::client::{Client, ClientConfig};
use crate::service::{Service, ServiceContext, ServiceError, ServiceRuntime};
use crate::{EndpointConfig, Frame, MessageBus, OverflowPolicy, SubscriberConfig};

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

// The guide's table is what operators write alerts from.
#[test]
fn the_guide_has_this_table() {
    let mut table = String::from("| metric | kind | labels | |\n| --- | --- | --- | --- |\n");
    for Metric { name, kind, labels, help } in METRICS {
        let labels: Vec<_> = labels.iter().map(|label| format!("`{label}`")).collect();
        table.push_str(&format!("| `{name}` | {} | {} | {help} |\n", kind.name(), labels.join(", ")));
    }
    let guide = include_str!("../../../../docs/bus.md");
    assert!(guide.contains(&table), "docs/bus.md has another table than this one:\n{table}");
}

/// A name, and its labels with their values.
type Series = (String, Vec<(String, String)>);

/// Keeps what it is told.
#[derive(Default)]
struct Kept {
    values: Mutex<BTreeMap<Series, Arc<AtomicU64>>>,
    described: Mutex<BTreeSet<String>>,
}

impl Kept {
    fn value(&self, key: &Key) -> Arc<AtomicU64> {
        let labels = key.labels().map(|label| (label.key().to_owned(), label.value().to_owned())).collect();
        self.values.lock().unwrap().entry((key.name().to_owned(), labels)).or_default().clone()
    }

    fn counter(&self, metric: Metric, labels: &[(&str, &str)]) -> Option<u64> {
        let labels = labels.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect();
        self.values.lock().unwrap().get(&(metric.name.to_owned(), labels)).map(|value| value.load(Ordering::Relaxed))
    }

    fn gauge(&self, metric: Metric, labels: &[(&str, &str)]) -> Option<f64> {
        self.counter(metric, labels).map(f64::from_bits)
    }
}

impl Recorder for Kept {
    fn describe_counter(&self, key: KeyName, _: Option<Unit>, _: SharedString) {
        self.described.lock().unwrap().insert(key.as_str().to_owned());
    }

    fn describe_gauge(&self, key: KeyName, unit: Option<Unit>, words: SharedString) {
        self.describe_counter(key, unit, words);
    }

    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.value(key))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.value(key))
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

struct Broken;

impl Service for Broken {
    fn name(&self) -> &str {
        "broken"
    }

    async fn run(&mut self, _: &ServiceContext) -> Result<(), ServiceError> {
        Err("broken".into())
    }
}

const FRAME: [u8; 8] = [0xe9, 3, 2, 0, 0, 0, 1, 2];

/// The message of type 1001.
fn pair() -> crate::TypeEntry {
    crate::TypeEntry::dynamic(crate::DynamicType {
        type_id: 1001,
        name: "Pair",
        topic: "test",
        size: 2,
        fingerprint: [1; 8],
        redacted: false,
        check: Arc::new(|_| Ok(())),
    })
}

/// Publishes a frame.
async fn publish(bus: &MessageBus, frame: [u8; 8]) {
    let mut ingress = bus.ingress(crate::IngressConfig {
        unknown_types: crate::UnknownTypes::Forward,
        ..crate::IngressConfig::default()
    });
    let frame = Frame::unchecked(frame.to_vec().into()).unwrap();
    ingress.forward(frame.into_run()).await.unwrap();
}

// A metric that is in no table is in no documentation, and one that nothing tells is a promise that is not kept.
#[tokio::test(start_paused = true)]
async fn every_metric_is_told_with_its_labels_and_no_other() {
    let kept = Kept::default();
    let _installed = ::metrics::set_default_local_recorder(&kept);
    describe();
    let bus = MessageBus::new();
    bus.register(pair()).unwrap();
    // Two types that nobody knows, of which one source is there still.
    publish(&bus, [0xea, 3, 2, 0, 0, 0, 1, 2]).await;
    let unknown_types = crate::UnknownTypes::Forward;
    let mut unknown = bus.ingress(crate::IngressConfig { unknown_types, ..crate::IngressConfig::default() });
    unknown.forward(Frame::unchecked(vec![0xeb, 3, 0, 0, 0, 0].into()).unwrap().into_run()).await.unwrap();
    let config = EndpointConfig::new([7; 32]).name("test").max_clients(2).policy(OverflowPolicy::Block);
    let path = std::env::temp_dir().join(format!("mycelium-metrics-{}.sock", std::process::id()));
    let endpoint = config.bind_unix(&bus, &path).await.unwrap();
    let client = ClientConfig { name: "test".into(), ..ClientConfig::new([7; 32], &[]) };
    let client = Client::connect_unix(&path, client).await.unwrap();
    let mut tap = client.tap().await.unwrap();
    let mut dropping = bus
        .subscribe_types(&[1001], SubscriberConfig::named("slow").frames(1).policy(OverflowPolicy::DropNewest))
        .unwrap();
    for _ in 0..3 {
        publish(&bus, FRAME).await;
        tap.recv().await.unwrap();
    }
    dropping.recv().await.unwrap();
    publish(&bus, FRAME).await;

    // One client of another contract, and one that breaks the rules.
    let hello = |digest| {
        let args = ClientHelloArgs {
            schema_digest: &[digest; 32],
            protocol_version: 2,
            capabilities: 0,
            client_name: "",
            worker_id: "",
            worker_token: &[0; 16],
        };
        mycelium_wire::handshake::client_v2(&ClientHello::new(args).unwrap())
    };
    let core_frame = [hello(7).to_vec(), vec![2, 0, 0, 0, 0, 0]].concat();
    for bytes in [hello(8).to_vec(), core_frame] {
        let mut socket = tokio::net::UnixStream::connect(&path).await.unwrap();
        socket.write_all(&bytes).await.unwrap();
        let _ = socket.read_to_end(&mut Vec::new()).await;
    }
    endpoint.wait_until(|stats| stats.active == 1).await;

    let services = ServiceRuntime::new(bus.clone());
    services.spawn(Broken).unwrap().ended().await;
    let exporter = Exporter::new(bus.clone()).endpoint(endpoint.stats_handle()).client(client.stats_handle());
    let exporting = services.spawn(exporter.every(std::time::Duration::from_secs(60))).unwrap();
    while exporting.status().state != crate::service::ServiceState::Running {
        tokio::task::yield_now().await;
    }

    assert_eq!(kept.counter(PUBLISHED, &[(MESSAGE, "Pair")]), Some(4));
    assert_eq!(kept.counter(PUBLISHED, &[(MESSAGE, UNKNOWN)]), Some(2));
    assert_eq!(kept.gauge(SUBSCRIBERS, &[(MESSAGE, "Pair")]), Some(2.0));
    assert_eq!(kept.counter(DROPPED, &[]), Some(2));
    assert_eq!(kept.counter(SUBSCRIBER_DROPPED, &[(SUBSCRIBER, "slow")]), Some(2));
    assert_eq!(kept.counter(RECEIVED, &[(SUBSCRIBER, "slow")]), Some(1));
    assert_eq!(kept.gauge(QUEUED, &[(SUBSCRIBER, "slow")]), Some(1.0));
    assert_eq!(kept.gauge(QUEUED_BYTES, &[(SUBSCRIBER, "slow")]), Some(FRAME.len() as f64));
    assert_eq!(kept.gauge(ENDPOINT_CLIENTS, &[(ENDPOINT, "test")]), Some(1.0));
    assert_eq!(kept.counter(ENDPOINT_CONNECTIONS, &[(ENDPOINT, "test")]), Some(3));
    let reason = [(ENDPOINT, "test"), (REASON, "SchemaMismatch")];
    assert_eq!(kept.counter(ENDPOINT_HANDSHAKE_FAILURES, &reason), Some(1));
    let reason = [(ENDPOINT, "test"), (REASON, "ProtocolError")];
    assert_eq!(kept.counter(ENDPOINT_SENT_AWAY, &reason), Some(1));
    assert_eq!(kept.counter(CLIENT_CONNECTIONS, &[(CLIENT, "test")]), Some(1));
    assert_eq!(kept.gauge(CLIENT_CONNECTED, &[(CLIENT, "test")]), Some(1.0));
    assert_eq!(kept.counter(SERVICE_FAILURES, &[(SERVICE, "broken"), (CAUSE, "error")]), Some(6));
    assert_eq!(kept.gauge(SERVICE_FAILED, &[(SERVICE, "broken")]), Some(1.0));
    assert_eq!(kept.gauge(SERVICE_RUNNING, &[(SERVICE, "metrics")]), Some(1.0));

    // A subscriber of the same name goes on counting, and one that is gone has nothing queued.
    drop(dropping);
    let again =
        bus.subscribe_types(&[1001], SubscriberConfig::named("slow").frames(1).policy(OverflowPolicy::DropNewest));
    for _ in 0..3 {
        publish(&bus, FRAME).await;
    }
    tokio::time::sleep(std::time::Duration::from_secs(61)).await;
    assert_eq!(kept.counter(SUBSCRIBER_DROPPED, &[(SUBSCRIBER, "slow")]), Some(4));
    drop(again);
    client.close().await;
    services.shutdown().await;
    assert_eq!(kept.gauge(QUEUED, &[(SUBSCRIBER, "slow")]), Some(0.0));
    assert_eq!(kept.gauge(CLIENT_CONNECTED, &[(CLIENT, "test")]), Some(0.0));
    endpoint.shutdown().await;

    let told: BTreeMap<String, Vec<String>> =
        kept.values.lock().unwrap().keys().fold(BTreeMap::new(), |mut told, (name, labels)| {
            told.insert(name.clone(), labels.iter().map(|(label, _)| label.clone()).collect());
            told
        });
    let mut table: BTreeMap<String, Vec<String>> = METRICS
        .iter()
        .map(|metric| (metric.name.to_owned(), metric.labels.iter().map(|label| label.to_string()).collect()))
        .collect();
    assert_eq!(*kept.described.lock().unwrap(), table.keys().cloned().collect());
    // No message was rejected here: the endpoint's own tests do that.
    table.remove(ENDPOINT_REJECTED.name);
    assert_eq!(told, table);
}
