//! From settings to a bridge's configuration: which setting is which of the library's.

use std::sync::Arc;

use mycelium_bridge::{BridgeConfig, ConfigError, WorkerConfig};
use mycelium_bus::protocol::HeartbeatConfig;
use mycelium_bus::supervision::{Backoff, Intensity, Supervision};
use mycelium_bus::{EndpointConfig, QueueLimits, Registry};

use super::config::{self, Problem};
use super::contracts::Contract;
use super::exit::Failure;
use super::notify;
use super::settings::{Endpoint, Settings, Worker};
use super::values::{Digest, Value};

/// A bridge that could be started, as far as can be seen without starting it.
pub struct Assembled {
    /// What is bridged and supervised.
    pub bridge: BridgeConfig,
    /// The contract, where there is one.
    pub contract: Option<Contract>,
    /// The digest that clients are held to.
    pub digest: [u8; 32],
}

/// Checks the settings, reads the contract, and puts both together.
pub fn assemble(settings: &Settings) -> Result<Assembled, Failure> {
    config::check(settings)?;
    let contract = settings.contracts.as_deref().map(Contract::read).transpose()?;
    let digest = digest(settings, contract.as_ref())?;
    let registry = match &contract {
        Some(contract) => Some(Arc::new(contract.registry()?)),
        None => None,
    };
    let mut bridge = BridgeConfig::new(settings.name(), digest)
        .stats_interval(settings.stats_interval().0)
        .endpoint(|endpoint| of_endpoint(&settings.endpoint, endpoint, registry));
    if let Some(path) = &settings.socket {
        bridge = bridge.unix(path);
    }
    if let Some(address) = &settings.tcp {
        bridge = bridge.tcp(address);
    }
    bridge = bridge.workers(settings.workers.iter().map(of_worker));
    bridge.check().map_err(|error| problem(settings, &error))?;
    Ok(Assembled { bridge, contract, digest })
}

fn digest(settings: &Settings, contract: Option<&Contract>) -> Result<[u8; 32], Failure> {
    let said = settings.digest.map(|digest| digest.0);
    match (said, contract.map(|contract| contract.schema.digest)) {
        (Some(said), Some(found)) if said != found => Err(Failure::usage(format!(
            "digest: it is {}, and that of the contract is {}",
            Digest(said).text(),
            Digest(found).text()
        ))
        .help("leave the key out, or use the contract that it was written for")),
        (_, Some(digest)) | (Some(digest), None) => Ok(digest),
        (None, None) => Err(Failure::usage("contracts: neither `contracts` nor `digest` is set")),
    }
}

fn of_endpoint(settings: &Endpoint, endpoint: EndpointConfig, registry: Option<Arc<Registry>>) -> EndpointConfig {
    let whole = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
    let heartbeat = settings.heartbeat().0.map(|interval| HeartbeatConfig {
        interval,
        misses: u16::try_from(settings.heartbeat_misses().0).unwrap_or(u16::MAX),
    });
    let mut endpoint = endpoint
        .allow_shared_schema(settings.share())
        .handshake_deadline(settings.handshake_deadline().0)
        .max_clients(whole(settings.max_clients().0))
        .max_payload(u32::try_from(settings.max_payload().0).unwrap_or(u32::MAX))
        .queue_limits(QueueLimits { frames: whole(settings.queue_frames().0), bytes: whole(settings.queue_bytes().0) })
        .policy(settings.policy().into())
        .stall_limit(settings.stall_limit().0)
        .heartbeat(heartbeat)
        .idle_limit(settings.idle_limit().0)
        .drain_limit(settings.drain_limit().0)
        .unix_mode(settings.unix_mode().0)
        .tcp_nodelay(settings.tcp_nodelay());
    if let Some(uids) = &settings.allowed_uids {
        endpoint = endpoint.allowed_uids(uids.0.clone());
    }
    // Without a contract nothing is known, and everything is forwarded.
    if let Some(registry) = registry {
        endpoint = endpoint.registry(registry).unknown_types(settings.unknown_types().into());
    }
    endpoint
}

fn of_worker(settings: &Worker) -> WorkerConfig {
    let program = settings.program.clone().unwrap_or_default();
    let mut worker = WorkerConfig::new(settings.id.clone().unwrap_or_default(), program)
        .args(settings.args().0)
        .env_clear(settings.clear_env())
        .over_tcp(settings.over_tcp())
        .ready_deadline(settings.ready_deadline().0)
        .grace(settings.grace().0)
        .max_line(usize::try_from(settings.max_line().0).unwrap_or(usize::MAX))
        .stdout_level(settings.stdout_level().into())
        .stderr_level(settings.stderr_level().into())
        .supervision(Supervision {
            backoff: Backoff {
                initial: settings.backoff_initial().0,
                max: settings.backoff_max().0,
                factor: settings.backoff_factor().0,
                jitter: settings.backoff_jitter().0,
            },
            intensity: match settings.restarts().0 {
                Some(restarts) => Intensity::new(restarts, settings.restart_window().0),
                None => Intensity::UNLIMITED,
            },
            healthy_after: settings.healthy_after().0,
        });
    // The service manager speaks to the bridge.
    for variable in notify::VARIABLES {
        worker = worker.env_remove(variable);
    }
    for (name, value) in settings.env().0 {
        worker = match value {
            Some(value) => worker.env(name, value),
            None => worker.env_remove(name),
        };
    }
    if let Some(folder) = &settings.current_dir {
        worker = worker.current_dir(folder);
    }
    worker
}

/// The library's words about a worker, with the key that they are about.
fn problem(settings: &Settings, error: &ConfigError) -> Failure {
    let (worker, key) = match error {
        ConfigError::WorkerId { worker } | ConfigError::WorkerTwice { worker } => (worker, "id"),
        ConfigError::Program { worker, .. } => (worker, "program"),
        ConfigError::Folder { worker, .. } => (worker, "current_dir"),
        ConfigError::Variable { worker, .. }
        | ConfigError::OwnVariable { worker, .. }
        | ConfigError::NoPlace { worker } => (worker, "env"),
        ConfigError::Zero { worker, setting } | ConfigError::ZeroByte { worker, setting } => (worker, *setting),
        ConfigError::NoTcp { worker } => (worker, "over_tcp"),
        _ => return Failure::usage(error.to_string()),
    };
    let index = settings.workers.iter().rposition(|of| of.id.as_ref() == Some(worker)).unwrap_or_default();
    let key = format!("workers[{index}].{key}");
    Failure::usage(Problem { key, words: error.to_string() }.to_string())
}
