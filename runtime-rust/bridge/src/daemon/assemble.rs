//! From settings to a bridge's configuration: which setting is which of the library's.

use std::sync::Arc;

use mycelium_bridge::{BridgeConfig, ConfigError, WorkerConfig};
use mycelium_bus::protocol::HeartbeatConfig;
use mycelium_bus::supervision::{Backoff, Intensity, Supervision};
use mycelium_bus::{EndpointConfig, QueueLimits, Registry};

use super::config::findings::Findings;
use super::config::{Configuration, checks};
use super::contracts::Contract;
use super::exit::{Exit, Failure};
use super::notify;
use super::settings::{Endpoint, Section, Settings, Worker};
use super::values::{Digest, Value};

/// A bridge that could be started, as far as can be seen without starting it.
pub struct Assembled {
    /// What is set.
    pub settings: Settings,
    /// What is bridged and supervised.
    pub bridge: BridgeConfig,
    /// The contract, where there is one.
    pub contract: Option<Contract>,
    /// The digest that clients are held to.
    pub digest: [u8; 32],
}

/// Checks the settings, reads the contract, and puts both together. The failure is everything that is wrong.
pub fn assemble(configuration: Configuration) -> Result<Assembled, Failure> {
    let Configuration { settings, mut findings } = configuration;
    checks::check(&settings, &mut findings);
    let contract = settings.contracts.as_deref().map(|path| -> Result<_, Failure> {
        let contract = Contract::read(path)?;
        let registry = contract.registry()?;
        Ok((contract, Arc::new(registry)))
    });
    let (contract, refused) = match contract.transpose() {
        Ok(contract) => (contract, None),
        Err(refused) => (None, Some(refused)),
    };
    let (contract, registry) = contract.unzip();
    let digest = digest(&settings, contract.as_ref(), &mut findings);
    if let Some(contract) = &contract {
        sizes(&settings, contract, &mut findings);
    }
    let bridge = bridge(&settings, digest, registry);
    let problems = bridge.problems().into_iter().map(|(worker, problem)| (key(&settings, worker, &problem), problem));
    // What is set wrongly is not there for the library, and much of what it says was said.
    let problems: Vec<_> = problems.filter(|(key, _)| !findings.has(key)).collect();
    for (key, problem) in problems {
        findings.add(&key, problem.to_string());
    }
    // Settings that are wrong are worse than a contract that is.
    let exit = refused.as_ref().map_or(Exit::Usage, |refused| refused.exit);
    let exit = if findings.is_empty() { exit } else { Exit::Usage };
    for line in refused.iter().flat_map(|refused| &refused.lines) {
        findings.add("contracts", line);
        refused.iter().flat_map(|refused| &refused.help).for_each(|help| findings.help(help));
    }
    findings.into_result().map_err(|failure| Failure { exit, ..failure })?;
    Ok(Assembled { settings, bridge, contract, digest })
}

/// Whether every message of the contract may pass. A client with a larger one is sent away, and a worker ends.
fn sizes(settings: &Settings, contract: &Contract, findings: &mut Findings) {
    let limit = settings.endpoint.max_payload().0;
    let largest = contract.schema.messages.iter().max_by_key(|message| message.layout.size);
    if let Some(largest) = largest.filter(|largest| limit > 0 && u64::from(largest.layout.size) > limit) {
        let (name, size) = (&largest.name, largest.layout.size);
        let words = format!("{name} of the contract has {size} bytes, and {limit} may pass: no client could send it");
        findings.add("endpoint.max_payload", words);
        findings.help("raise it, or leave it out");
    }
}

/// The digest that clients are held to; where there is none that was said.
fn digest(settings: &Settings, contract: Option<&Contract>, findings: &mut Findings) -> [u8; 32] {
    let said = settings.digest.map(|digest| digest.0);
    let found = contract.map(|contract| contract.schema.digest);
    if let (Some(said), Some(found)) = (said, found)
        && said != found
    {
        let (said, found) = (Digest(said).text(), Digest(found).text());
        findings.add("digest", format!("it is {said}, and that of the contract is {found}"));
        findings.help("leave the key out, or use the contract that it was written for");
    }
    found.or(said).unwrap_or_default()
}

fn bridge(settings: &Settings, digest: [u8; 32], registry: Option<Arc<Registry>>) -> BridgeConfig {
    let mut bridge = BridgeConfig::new(settings.name(), digest)
        .stats_interval(settings.stats_interval().0)
        .endpoint(|endpoint| of_endpoint(&settings.endpoint, endpoint, registry));
    if let Some(path) = &settings.socket {
        bridge = bridge.unix(path);
    }
    if let Some(address) = &settings.tcp {
        bridge = bridge.tcp(address);
    }
    bridge.workers(settings.workers.iter().map(|worker| of_worker(&worker.with(&settings.worker_defaults))))
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

/// The key that the library's words are about.
fn key(settings: &Settings, worker: Option<usize>, problem: &ConfigError) -> String {
    let Some((index, worker)) = worker.and_then(|index| Some((index, settings.workers.get(index)?))) else {
        return match problem {
            ConfigError::Name { .. } => "name",
            ConfigError::StatsInterval => "stats_interval",
            _ => "socket",
        }
        .to_owned();
    };
    let key = match problem {
        ConfigError::WorkerId { .. } | ConfigError::WorkerTwice { .. } => "id",
        ConfigError::Program { .. } => "program",
        ConfigError::Folder { .. } => "current_dir",
        ConfigError::Variable { .. } | ConfigError::OwnVariable { .. } | ConfigError::NoPlace { .. } => "env",
        ConfigError::NoTcp { .. } => "over_tcp",
        ConfigError::Zero { setting, .. } | ConfigError::ZeroByte { setting, .. } => setting,
        _ => return format!("workers[{index}]"),
    };
    let is_default = !worker.keys().contains(&key) && settings.worker_defaults.keys().contains(&key);
    if is_default { format!("worker_defaults.{key}") } else { format!("workers[{index}].{key}") }
}
