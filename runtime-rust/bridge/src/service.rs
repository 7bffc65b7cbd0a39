//! A bridge as a service of the bus: [`BridgeService`].

use std::time::Duration;

use mycelium_bus::service::{Service, ServiceConfig, ServiceContext, ServiceError};

use crate::{BridgeConfig, ForeignBridge, WorkerStatus};

/// What a bridge that is a service does when a worker was given up on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WhenWorkerFails {
    /// It goes on with the others.
    #[default]
    Continue,
    /// It fails as well, and is started again with all of its workers, as its runtime supervises it.
    Fail,
}

/// A bridge that a [`mycelium_bus::service::ServiceRuntime`] runs. Its endpoints are seen through the service's metrics.
#[derive(Debug)]
pub struct BridgeService {
    config: BridgeConfig,
    when_worker_fails: WhenWorkerFails,
    bridge: Option<ForeignBridge>,
}

/// A worker was given up on.
#[derive(Debug, thiserror::Error)]
#[error("the worker `{}` is given up on: {}", .0.id, .0.last_exit.as_ref().map(|exit| exit.reason.to_string()).unwrap_or_default())]
struct GivenUp(WorkerStatus);

impl BridgeService {
    /// A service that is called as the bridge is.
    pub fn new(config: BridgeConfig) -> Self {
        Self { config, when_worker_fails: WhenWorkerFails::default(), bridge: None }
    }

    /// What happens when a worker was given up on. Default: the bridge goes on with the others.
    pub fn when_worker_fails(mut self, then: WhenWorkerFails) -> Self {
        self.when_worker_fails = then;
        self
    }

    /// How it should be supervised: with time to end its connections, then its workers.
    pub fn service_config(&self) -> ServiceConfig {
        let grace = self.config.workers.iter().map(|worker| worker.grace).max().unwrap_or_default();
        let drain = self.config.endpoint.set_drain_limit();
        let shutdown_deadline = drain.saturating_add(grace).saturating_add(Duration::from_secs(2));
        ServiceConfig { shutdown_deadline, ..ServiceConfig::default() }
    }
}

impl Service for BridgeService {
    fn name(&self) -> &str {
        &self.config.name
    }

    async fn startup(&mut self, context: &ServiceContext) -> Result<(), ServiceError> {
        let bridge = ForeignBridge::start(context.bus(), self.config.clone()).await?;
        bridge.endpoints().into_iter().for_each(|endpoint| context.metrics().share_endpoint(endpoint));
        self.bridge = Some(bridge);
        Ok(())
    }

    async fn run(&mut self, context: &ServiceContext) -> Result<(), ServiceError> {
        let Some(bridge) = &self.bridge else { return Ok(()) };
        let failed = async {
            match self.when_worker_fails {
                WhenWorkerFails::Continue => std::future::pending().await,
                WhenWorkerFails::Fail => bridge.failed().await,
            }
        };
        tokio::select! {
            () = context.cancelled() => Ok(()),
            worker = failed => Err(GivenUp(worker).into()),
        }
    }

    async fn shutdown(&mut self, _context: &ServiceContext) -> Result<(), ServiceError> {
        if let Some(bridge) = self.bridge.take() {
            bridge.shutdown().await;
        }
        Ok(())
    }
}
