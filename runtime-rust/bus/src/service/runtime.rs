//! Where services live: [`ServiceRuntime`], [`ServiceHandle`].

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::runtime::Handle;
use tokio::sync::{broadcast, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::shutdown::{ServiceReport, ShutdownReport, shut_down};
use super::state::{ServiceState, ServiceStatus, Transition};
use super::supervise::{Life, Shared, Supervised};
use super::{Service, ServiceConfig, ServiceMetrics};
use crate::MessageBus;
use crate::supervision::Jitter;

/// Transitions that a receiver may be behind by before it misses some (and is told how many).
const TRANSITIONS: usize = 1024;

/// Why a service was not spawned.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SpawnError {
    /// A service of that name has not ended.
    #[error("a service named `{0}` has not ended yet: give this one another name")]
    NameTaken(String),
    /// Services are tokio tasks.
    #[error("no tokio runtime here: spawn services from within one")]
    NoRuntime,
}

/// Starts services, and starts them again when they fail. Dropping it aborts those that have not ended;
/// [`ServiceRuntime::shutdown`] lets them end.
#[derive(Debug)]
pub struct ServiceRuntime {
    bus: MessageBus,
    config: ServiceConfig,
    jitter: Jitter,
    token: CancellationToken,
    registry: Arc<Registry>,
    transitions: broadcast::Sender<Transition>,
    tasks: Mutex<JoinSet<()>>,
}

impl ServiceRuntime {
    /// A runtime whose services are given `bus`.
    pub fn new(bus: MessageBus) -> Self {
        Self {
            bus,
            config: ServiceConfig::default(),
            jitter: Jitter::random(),
            token: CancellationToken::new(),
            registry: Arc::default(),
            transitions: broadcast::Sender::new(TRANSITIONS),
            tasks: Mutex::default(),
        }
    }

    /// How services are supervised that are spawned without a configuration of their own.
    #[must_use]
    pub fn with_config(mut self, config: ServiceConfig) -> Self {
        self.config = config;
        self
    }

    /// Where the random parts of backoffs come from.
    #[must_use]
    pub fn with_jitter(mut self, jitter: Jitter) -> Self {
        self.jitter = jitter;
        self
    }

    /// Starts a service, supervised as [`ServiceRuntime::with_config`] says.
    pub fn spawn<S: Service>(&self, service: S) -> Result<ServiceHandle, SpawnError> {
        self.spawn_with(service, self.config)
    }

    /// Starts a service, supervised as `config` says.
    pub fn spawn_with<S: Service>(&self, service: S, config: ServiceConfig) -> Result<ServiceHandle, SpawnError> {
        let executor = Handle::try_current().map_err(|_| SpawnError::NoRuntime)?;
        let name: Arc<str> = service.name().into();
        let first = ServiceStatus { state: ServiceState::Starting, starts: 0, last_failure: None };
        let shared = Arc::new(Shared {
            metrics: ServiceMetrics::new(Arc::clone(&name)),
            config,
            token: self.token.child_token(),
            status: watch::Sender::new(first),
            transitions: self.transitions.clone(),
            name,
        });
        self.registry.add(&shared)?;
        let life = Life::new(service, Arc::clone(&shared), Arc::clone(&self.registry));
        let span = tracing::info_span!("service", name = %shared.name);
        let task = Supervised { bus: self.bus.clone(), jitter: self.jitter.clone(), span: span.clone(), life };
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        // Tasks that have ended are taken out, so that services that come and go leave nothing behind.
        while tasks.try_join_next().is_some() {}
        tasks.spawn_on(task.run().instrument(span), &executor);
        Ok(ServiceHandle { shared })
    }

    /// The service of that name: one that has not ended, or one that failed or was aborted.
    pub fn service(&self, name: &str) -> Option<ServiceHandle> {
        self.registry.services().get(name).map(|shared| ServiceHandle { shared: Arc::clone(shared) })
    }

    /// Every service that has not ended, or that failed or was aborted, by name. Those that just stopped are forgotten.
    pub fn services(&self) -> Vec<ServiceHandle> {
        self.registry.services().values().map(|shared| ServiceHandle { shared: Arc::clone(shared) }).collect()
    }

    /// Every change of every service's state from now on. A receiver that is far behind misses the oldest, and is told
    /// how many.
    pub fn transitions(&self) -> broadcast::Receiver<Transition> {
        self.transitions.subscribe()
    }

    /// Waits until a service has failed for good, or been aborted; returns at once if one was. By name, if several.
    pub async fn failed(&self) -> ServiceReport {
        let found = || self.registry.services().values().find(|shared| is_failure(shared)).map(ServiceReport::of);
        self.registry.wait(found).await
    }

    /// Waits until no service is left that has not ended.
    pub async fn idle(&self) {
        let all_over = || self.registry.services().values().all(|shared| shared.status.borrow().state.is_final());
        self.registry.wait(|| all_over().then_some(())).await;
    }

    /// Asks every service to end, all at once, each with its own deadline, and waits until they have. Dropping the
    /// returned future aborts those that have not.
    ///
    /// The report has every service that had not ended by then, and those that had failed before.
    pub async fn shutdown(mut self) -> ShutdownReport {
        let services: Vec<_> = self.registry.services().values().cloned().collect();
        let tasks = std::mem::take(self.tasks.get_mut().unwrap_or_else(PoisonError::into_inner));
        self.token.cancel();
        shut_down(services, tasks).await
    }
}

impl Drop for ServiceRuntime {
    fn drop(&mut self) {
        // Tells tasks that services started on their own; the services themselves are aborted by their set.
        self.token.cancel();
    }
}

fn is_failure(shared: &Arc<Shared>) -> bool {
    matches!(shared.status.borrow().state, ServiceState::Failed | ServiceState::Aborted)
}

/// A spawned service, as others see it. Dropping the handle does nothing to the service.
#[derive(Clone)]
pub struct ServiceHandle {
    shared: Arc<Shared>,
}

impl fmt::Debug for ServiceHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceHandle").field("name", &self.name()).field("status", &self.status()).finish()
    }
}

impl ServiceHandle {
    /// The service's name.
    pub fn name(&self) -> &str {
        &self.shared.name
    }

    /// What it is doing now.
    pub fn status(&self) -> ServiceStatus {
        self.shared.status.borrow().clone()
    }

    /// What it is doing, as it changes. States that were over before the receiver looked are skipped;
    /// [`ServiceRuntime::transitions`] has all.
    pub fn watch(&self) -> watch::Receiver<ServiceStatus> {
        self.shared.status.subscribe()
    }

    /// The counters of the service.
    pub fn metrics(&self) -> &ServiceMetrics {
        &self.shared.metrics
    }

    /// Asks the service to end, in the time of its [`ServiceConfig::shutdown_deadline`], and does not wait.
    pub fn stop(&self) {
        self.shared.token.cancel();
    }

    /// Waits until it has ended for good.
    pub async fn ended(&self) -> ServiceStatus {
        let mut status = self.watch();
        match status.wait_for(|status| status.state.is_final()).await {
            Ok(last) => last.clone(),
            // Its sender is in this handle.
            Err(_) => self.status(),
        }
    }
}

/// The services of one runtime, by name.
#[derive(Debug, Default)]
pub(super) struct Registry {
    services: Mutex<BTreeMap<Arc<str>, Arc<Shared>>>,
    /// How many services have ended, for those who wait for that.
    ended: watch::Sender<u64>,
}

impl Registry {
    fn services(&self) -> MutexGuard<'_, BTreeMap<Arc<str>, Arc<Shared>>> {
        self.services.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, shared: &Arc<Shared>) -> Result<(), SpawnError> {
        let mut services = self.services();
        if services.get(&shared.name).is_some_and(|other| !other.status.borrow().state.is_final()) {
            return Err(SpawnError::NameTaken(shared.name.as_ref().to_owned()));
        }
        services.insert(Arc::clone(&shared.name), Arc::clone(shared));
        Ok(())
    }

    /// A service's task is over: one that stopped is forgotten, one that failed is kept to be reported.
    pub(super) fn ended(&self, shared: &Arc<Shared>) {
        let mut services = self.services();
        let is_this = services.get(&shared.name).is_some_and(|current| Arc::ptr_eq(current, shared));
        if is_this && !is_failure(shared) {
            services.remove(&shared.name);
        }
        drop(services);
        self.ended.send_modify(|count| *count += 1);
    }

    /// Waits until `found` finds something; asked again whenever a service has ended.
    async fn wait<T>(&self, found: impl Fn() -> Option<T>) -> T {
        let mut ended = self.ended.subscribe();
        loop {
            ended.mark_unchanged();
            if let Some(found) = found() {
                return found;
            }
            if ended.changed().await.is_err() {
                // Its sender is in `self`.
                std::future::pending::<()>().await;
            }
        }
    }
}
