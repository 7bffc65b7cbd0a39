//! OCaml workers. What is special about them: where dune puts programs, and the settings of the OCaml runtime. The rest
//! is [`BridgeConfig`], [`WorkerConfig`] and [`BridgeService`]; another language needs no more than a file like this one.

use std::path::Path;

use mycelium_bus::service::{Service, ServiceConfig, ServiceContext, ServiceError};

use crate::{BridgeConfig, BridgeService, WhenWorkerFails, WorkerConfig};

/// The settings of the OCaml runtime.
const RUN_PARAMETERS: &str = "OCAMLRUNPARAM";

/// An OCaml program as a worker. `OCAMLRUNPARAM` has `b`, unless it is set otherwise, so that a worker that ends with an
/// exception prints where that was raised.
///
/// ```
/// use mycelium_bridge::{OcamlChildConfig, WorkerConfig};
///
/// // What `dune build` makes of bin/prices.ml in this folder, with a minor heap of 1 Mi words.
/// let worker = OcamlChildConfig::dune("prices", "/src/desk", "bin/prices.exe").run_parameters("b,s=1M");
/// assert!(WorkerConfig::from(worker).program().ends_with("_build/default/bin/prices.exe"));
/// ```
#[derive(Clone, Debug)]
pub struct OcamlChildConfig {
    worker: WorkerConfig,
}

impl OcamlChildConfig {
    /// A worker by its program.
    pub fn new(id: impl Into<String>, program: impl AsRef<Path>) -> Self {
        Self { worker: WorkerConfig::new(id, program.as_ref()).env(RUN_PARAMETERS, "b") }
    }

    /// A worker by its dune project and the path of its target there, such as `bin/main.exe`. It has to be built:
    /// bridges do not build.
    pub fn dune(id: impl Into<String>, project: impl AsRef<Path>, target: impl AsRef<Path>) -> Self {
        Self::new(id, project.as_ref().join("_build/default").join(target))
    }

    /// The settings of the OCaml runtime, as in `OCAMLRUNPARAM`: `b,s=1M,o=200`.
    pub fn run_parameters(mut self, parameters: impl AsRef<str>) -> Self {
        self.worker = self.worker.env(RUN_PARAMETERS, parameters.as_ref());
        self
    }

    /// Changes what every worker has: `.worker(|worker| worker.arg("--fast"))`.
    pub fn worker(mut self, change: impl FnOnce(WorkerConfig) -> WorkerConfig) -> Self {
        self.worker = change(self.worker);
        self
    }
}

impl From<OcamlChildConfig> for WorkerConfig {
    fn from(child: OcamlChildConfig) -> Self {
        child.worker
    }
}

/// A bridge whose workers are OCaml programs.
#[derive(Clone, Debug)]
pub struct OcamlBridgeConfig {
    bridge: BridgeConfig,
}

impl OcamlBridgeConfig {
    /// As [`BridgeConfig::new`].
    pub fn new(name: impl Into<String>, schema_digest: [u8; 32]) -> Self {
        Self { bridge: BridgeConfig::new(name, schema_digest) }
    }

    /// Adds a worker.
    pub fn child(mut self, child: OcamlChildConfig) -> Self {
        self.bridge = self.bridge.worker(child);
        self
    }

    /// Changes what every bridge has: `.bridge(|bridge| bridge.unix("/run/desk/bus.sock"))`.
    pub fn bridge(mut self, change: impl FnOnce(BridgeConfig) -> BridgeConfig) -> Self {
        self.bridge = change(self.bridge);
        self
    }
}

impl From<OcamlBridgeConfig> for BridgeConfig {
    fn from(config: OcamlBridgeConfig) -> Self {
        config.bridge
    }
}

/// A bridge for OCaml workers that a [`mycelium_bus::service::ServiceRuntime`] runs.
#[derive(Debug)]
pub struct OcamlBridgeService {
    service: BridgeService,
}

impl OcamlBridgeService {
    /// As [`BridgeService::new`].
    pub fn new(config: OcamlBridgeConfig) -> Self {
        Self { service: BridgeService::new(config.into()) }
    }

    /// As [`BridgeService::when_worker_fails`].
    pub fn when_worker_fails(mut self, then: WhenWorkerFails) -> Self {
        self.service = self.service.when_worker_fails(then);
        self
    }

    /// As [`BridgeService::service_config`].
    pub fn service_config(&self) -> ServiceConfig {
        self.service.service_config()
    }
}

impl Service for OcamlBridgeService {
    fn name(&self) -> &str {
        self.service.name()
    }

    async fn startup(&mut self, context: &ServiceContext) -> Result<(), ServiceError> {
        self.service.startup(context).await
    }

    async fn run(&mut self, context: &ServiceContext) -> Result<(), ServiceError> {
        self.service.run(context).await
    }

    async fn shutdown(&mut self, context: &ServiceContext) -> Result<(), ServiceError> {
        self.service.shutdown(context).await
    }
}
