//! What a running bridge tells: `/metrics`, `/healthz` and `/readyz` to everybody, `/status` to its own user.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use hyper::StatusCode;
use metrics_exporter_prometheus::PrometheusHandle;
use mycelium_bridge::metrics::{BRIDGE, LOG_DROPPED};
use mycelium_bridge::{BridgeStatus, ForeignBridge, WorkerState};
use mycelium_bus::metrics::Exporter;
use serde::Serialize;

use super::contracts::Contract;
use super::http::{self, Page};
use super::logs;
use super::settings::Settings;
use super::values::Ready;

/// The sources of what is told.
pub struct Pages {
    bridge: Arc<ForeignBridge>,
    contracts: Option<ContractStatus>,
    ready: Ready,
    stopping: AtomicBool,
    exporter: Mutex<Exporter>,
    recorder: Option<PrometheusHandle>,
}

#[derive(Clone, Debug, Serialize)]
struct ContractStatus {
    file: String,
    messages: usize,
}

/// The text of `/status`.
#[derive(Serialize)]
struct Status<'a> {
    version: &'static str,
    pid: u32,
    ready: bool,
    contracts: &'a Option<ContractStatus>,
    log_dropped_lines: u64,
    #[serde(flatten)]
    bridge: BridgeStatus,
}

impl Pages {
    /// Pages about a bridge. With a recorder there are metrics.
    pub fn new(
        settings: &Settings,
        contract: Option<&Contract>,
        bridge: Arc<ForeignBridge>,
        exporter: Exporter,
        recorder: Option<PrometheusHandle>,
    ) -> Self {
        let file = settings.contracts.as_ref().map(|path| path.display().to_string()).unwrap_or_default();
        let contracts = contract.map(|contract| ContractStatus { file, messages: contract.schema.messages.len() });
        let (ready, stopping) = (settings.ready(), AtomicBool::new(false));
        Self { bridge, contracts, ready, stopping, exporter: Mutex::new(exporter), recorder }
    }

    /// From here on the bridge is not ready.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Release);
    }

    /// Whether the bridge is ready now, as configured.
    pub fn is_ready(&self) -> bool {
        let all = || self.bridge.workers().iter().all(|worker| worker.state == WorkerState::Ready);
        !self.stopping.load(Ordering::Acquire) && (self.ready == Ready::Start || all())
    }

    /// A line for people: what the bridge is doing.
    pub fn line(&self) -> String {
        let status = self.bridge.status();
        let ready = status.workers.iter().filter(|worker| worker.state == WorkerState::Ready).count();
        let clients: u64 = status.endpoints.iter().map(|endpoint| endpoint.clients).sum();
        format!("{ready} of {} workers ready, {clients} clients", status.workers.len())
    }

    /// What everybody may know who can reach the address.
    pub fn public(self: Arc<Self>) -> http::Pages {
        Arc::new(move |path| match path {
            "/metrics" => self.metrics(),
            "/healthz" => Some(Page::text(StatusCode::OK, "alive\n")),
            "/readyz" if self.is_ready() => Some(Page::text(StatusCode::OK, "ready\n")),
            "/readyz" => Some(Page::text(StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {}\n", self.line()))),
            _ => None,
        })
    }

    /// What the bridge's own user may know.
    pub fn control(self: Arc<Self>) -> http::Pages {
        Arc::new(move |path| (path == "/status").then(|| self.status()))
    }

    fn metrics(&self) -> Option<Page> {
        let recorder = self.recorder.as_ref()?;
        self.exporter.lock().unwrap_or_else(PoisonError::into_inner).export();
        self.bridge.export();
        let bridge = self.bridge.name().to_owned();
        metrics::counter!(LOG_DROPPED.name, BRIDGE => bridge).absolute(logs::dropped());
        let content_type = "text/plain; version=0.0.4; charset=utf-8";
        Some(Page { status: StatusCode::OK, content_type, text: recorder.render() })
    }

    fn status(&self) -> Page {
        let status = Status {
            version: env!("CARGO_PKG_VERSION"),
            pid: std::process::id(),
            ready: self.is_ready(),
            contracts: &self.contracts,
            log_dropped_lines: logs::dropped(),
            bridge: self.bridge.status(),
        };
        match serde_json::to_string_pretty(&status) {
            Ok(text) => Page { status: StatusCode::OK, content_type: "application/json", text: text + "\n" },
            Err(error) => Page::text(StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")),
        }
    }
}
