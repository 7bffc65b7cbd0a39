//! The one table of settings: what each is called in the file and as a flag, its kind, its default and what it does. The
//! structs that hold them, reading them from the file and from flags, and the documentation's table follow from it.

use std::path::PathBuf;

use mycelium_wire::frame::MAX_PAYLOAD;

use super::config::findings::{Findings, inside};
use super::config::yaml::Node;
use super::values::*;

/// One setting, as the help and the documentation tell of it.
#[derive(Clone, Debug)]
pub struct Setting {
    /// Its key in its section.
    pub key: &'static str,
    /// What its value is called.
    pub value: &'static str,
    /// The text of its default, where it has one.
    pub default: Option<String>,
    /// What it does, in a sentence without its full stop.
    pub help: &'static str,
    /// Says what is wrong with a text.
    pub check: fn(&str) -> Result<(), String>,
}

/// What a file or a part of it sets.
pub trait Part: Sized {
    /// What is right of it; the rest is said.
    fn read(node: &Node, path: &str, findings: &mut Findings) -> Self;
}

/// A section of the file.
pub trait Section: Part + Default {
    /// Its settings, in the order of the documentation.
    fn table() -> Vec<Setting>;

    /// Sets one of them, by the text of a flag. `None`: there is none of this key.
    fn set(&mut self, key: &str, text: &str) -> Option<Result<(), String>>;

    /// The keys of those that are set.
    fn keys(&self) -> Vec<&'static str>;
}

/// What can be set in two places.
pub trait Merge {
    /// What is set here, and for the rest what is set there.
    fn or(&self, other: &Self) -> Self;
}

macro_rules! section {
    (
        $(#[$meta:meta])* $name:ident $expected:literal
        $([$inner:ident: $section:ty])*
        $($key:ident: $kind:ty [$($default:expr)?] $value:literal $help:literal;)+
    ) => {
        #[derive(Clone, Debug, Default, PartialEq)]
        $(#[$meta])*
        pub struct $name {
            $(
                #[doc = concat!($help, ".")]
                pub $key: Option<$kind>,
            )+
            $(
                #[doc = concat!("The section `", stringify!($inner), "`.")]
                pub $inner: $section,
            )*
        }

        #[allow(dead_code, reason = "workers' settings are read where they and their defaults are together")]
        impl $name {
            $(section!(@getter $key $kind [$($default)?] $help);)+
        }

        impl Part for $name {
            fn read(node: &Node, path: &str, findings: &mut Findings) -> Self {
                let mut section = Self::default();
                let expected = concat!("keys and values such as `", $expected, "`");
                for (key, node) in node.entries(expected, path, findings).unwrap_or_default() {
                    let inner = inside(path, &key.text);
                    match &*key.text {
                        $(stringify!($key) => section.$key = <$kind as Value>::read(node, &inner, findings),)+
                        $(stringify!($inner) => section.$inner = <$section as Part>::read(node, &inner, findings),)*
                        unknown => {
                            let known = [$(stringify!($key),)+ $(stringify!($inner),)*];
                            findings.unknown_key(key.place, path, unknown, &known);
                        }
                    }
                }
                section
            }
        }

        impl Section for $name {
            fn table() -> Vec<Setting> {
                vec![$(
                    Setting {
                        key: stringify!($key),
                        value: $value,
                        default: section!(@default $kind [$($default)?]),
                        help: $help,
                        check: |text| <$kind as Value>::parse(text).map(drop),
                    },
                )+]
            }

            fn set(&mut self, key: &str, text: &str) -> Option<Result<(), String>> {
                match key {
                    $(stringify!($key) => Some(<$kind as Value>::parse(text).map(|value| self.$key = Some(value))),)+
                    _ => None,
                }
            }

            fn keys(&self) -> Vec<&'static str> {
                let keys = [$((stringify!($key), self.$key.is_some()),)+];
                keys.into_iter().filter_map(|(key, is_set)| is_set.then_some(key)).collect()
            }
        }

        impl Merge for $name {
            fn or(&self, other: &Self) -> Self {
                Self {
                    $($key: self.$key.clone().or_else(|| other.$key.clone()),)+
                    $($inner: self.$inner.or(&other.$inner),)*
                }
            }
        }
    };
    (@getter $key:ident $kind:ty [] $help:literal) => {};
    (@getter $key:ident $kind:ty [$default:expr] $help:literal) => {
        #[doc = concat!($help, ".")]
        pub fn $key(&self) -> $kind {
            self.$key.clone().unwrap_or($default)
        }
    };
    (@default $kind:ty []) => { None };
    (@default $kind:ty [$default:expr]) => {{
        let default: $kind = $default;
        Some(default.text())
    }};
}

const fn seconds(seconds: u64) -> Period {
    Period(std::time::Duration::from_secs(seconds))
}

const fn milliseconds(milliseconds: u64) -> Period {
    Period(std::time::Duration::from_millis(milliseconds))
}

section! {
    /// All settings: those of the bridge as a whole, and the sections.
    Settings "socket: bus.sock"
    [endpoint: Endpoint] [worker_defaults: WorkerDefaults] [workers: Vec<Worker>]
    name: String ["mycelium".into()] "NAME" "The bridge's name in logs and metrics";
    contracts: PathBuf [] "FILE" "The contract: every message is checked against it, and clients are held to its digest";
    digest: Digest [] "HEX" "The schema digest that clients are held to; with a contract, what it has to be";
    socket: PathBuf [] "PATH" "The Unix socket that clients and workers connect to";
    tcp: String [] "HOST:PORT" "The TCP address that clients connect to, and workers where there is no Unix socket";
    control: PathOrOff [] "PATH"
        "The Unix socket that `myc-bridge status` asks, or `off`; without it the path of `socket` with `.control` after it";
    http: String [] "HOST:PORT" "The TCP address of `/metrics`, `/healthz` and `/readyz`; without it there is none";
    log: String ["info".into()] "FILTER" "What is logged: a level, or levels by target as `warn,mycelium_bridge=debug`";
    log_format: LogFormat [LogFormat::Text] "FORMAT" "How logs are written to stderr: `text` or `json`";
    stats_interval: Limit [Limit(Some(seconds(60).0))] "TIME" "How often a line of statistics is logged, or `never`";
    ready: Ready [Ready::Workers] "WHEN"
        "When the bridge is ready, for the service manager and `/readyz`: with its `workers`, or from the `start`";
    on_worker_failure: OnFailure [OnFailure::Exit] "WHAT"
        "When a worker was given up on: `exit` with code 1, or `continue` with the others";
}

section! {
    /// What is set about the sockets and their clients.
    Endpoint "{ max_clients: 64 }"
    share: bool [false] "BOOL"
        "Lets clients of another version of the contract run with the messages that are the same in both";
    unknown_types: Unknown [Unknown::Refuse] "WHAT"
        "Frames of a type that is not in the contract: `refuse` or `forward`; without a contract everything is forwarded";
    handshake_deadline: Period [seconds(5)] "TIME" "How long a client may take to say who it is";
    max_clients: Count [Count(1024)] "N" "The most clients at a time, on each socket; each worker has a place of its own beside them";
    max_payload: Size [Size(MAX_PAYLOAD as u64)] "SIZE" "The largest payload that is taken, 4MiB at most";
    queue_frames: Count [Count(8192)] "N" "The most frames that are queued for a client";
    queue_bytes: Size [Size(4 << 20)] "SIZE" "The most bytes that are queued for a client";
    policy: Policy [Policy::DropOldest] "POLICY"
        "A frame that finds its client's queue full: `block`, `drop_oldest`, `drop_newest` or `disconnect`";
    stall_limit: Period [seconds(10)] "TIME"
        "With `block`: a client that takes nothing for so long while publishers wait is disconnected";
    heartbeat: Limit [Limit(Some(seconds(10).0))] "TIME" "How often clients are asked for a sign of life, or `never`";
    heartbeat_misses: Count [Count(3)] "N" "After so many intervals without a byte a client is given up";
    idle_limit: Limit [Limit(None)] "TIME" "A client without a message for so long is disconnected, or `never`";
    drain_limit: Period [seconds(5)] "TIME" "How long a connection may take to end, with what is queued for it";
    unix_mode: Mode [Mode(0o600)] "MODE" "The permissions of the Unix socket";
    allowed_uids: Uids [] "UID,…" "The users that may connect to the Unix socket; without it whom the permissions let";
    tcp_nodelay: bool [true] "BOOL" "Whether TCP sends what is written at once";
}

/// Passes what is set about a worker, after a head, to [`section`].
macro_rules! worker_section {
    ($($head:tt)*) => {
        section! {
            $($head)*
            ready_deadline: Period [seconds(10)] "TIME" "How long a worker may take to connect: from its start, and again when its connections are gone";
            grace: Period [seconds(5)] "TIME" "How long a worker may take to end after SIGTERM; then SIGKILL";
            max_line: Size [Size(8 << 10)] "SIZE" "A longer line of a worker's output is cut; 64KiB at most";
            stdout_level: Level [Level::Info] "LEVEL" "The level at which lines of its standard output are logged";
            stderr_level: Level [Level::Warn] "LEVEL" "The level at which lines of its standard error are logged";
            backoff_initial: Period [milliseconds(100)] "TIME" "The wait before the first restart";
            backoff_max: Period [seconds(30)] "TIME" "The longest wait before a restart";
            backoff_factor: Factor [Factor(2.0)] "X" "By how much the wait grows with each restart";
            backoff_jitter: Factor [Factor(0.5)] "X" "The part of a wait that is random, from 0 to 1";
            restarts: Restarts [Restarts(Some(5))] "N"
                "How many restarts within `restart_window` are allowed, or `unlimited`; at one more the worker is given up on";
            restart_window: Period [seconds(60)] "TIME" "The time in which restarts are counted";
            healthy_after: Period [seconds(60)] "TIME" "After having run so long, a worker's waits begin anew";
        }
    };
}

worker_section! {
    /// What is set about every worker that does not say otherwise.
    WorkerDefaults "{ grace: 10s }"
}

worker_section! {
    /// What is set about one worker.
    Worker "{ id: echo, program: ./echo }"
    id: String [] "ID" "The worker's id, `MYCELIUM_WORKER_ID`: in logs, metrics and `status`";
    program: PathBuf [] "PROGRAM" "The program; a name without a `/` is looked for in `PATH`";
    args: Words [Words::default()] "LIST" "Its arguments";
    env: Environment [Environment::default()] "MAP" "Variables of its environment, beside the bridge's own; `null` removes one";
    clear_env: bool [false] "BOOL" "Whether it gets nothing of the bridge's own environment";
    over_tcp: bool [false] "BOOL" "Whether it is told the TCP address where the bridge has a Unix socket as well";
    current_dir: PathBuf [] "DIR" "Its working directory; without it the bridge's";
}

impl Worker {
    /// With the defaults for what it does not say.
    pub fn with(&self, defaults: &WorkerDefaults) -> Self {
        let mut from_defaults = Self::default();
        macro_rules! copy {
            ($($key:ident)+) => { $(from_defaults.$key = defaults.$key;)+ };
        }
        copy!(ready_deadline grace max_line stdout_level stderr_level backoff_initial backoff_max backoff_factor backoff_jitter);
        copy!(restarts restart_window healthy_after);
        self.or(&from_defaults)
    }
}

impl Part for Vec<Worker> {
    fn read(node: &Node, path: &str, findings: &mut Findings) -> Self {
        let nodes = node.elements(path, findings).unwrap_or_default().iter().enumerate();
        nodes.map(|(index, node)| Worker::read(node, &format!("{path}[{index}]"), findings)).collect()
    }
}

impl Merge for Vec<Worker> {
    /// Workers are the same where their ids are.
    fn or(&self, other: &Self) -> Self {
        let of = |workers: &Self, id| workers.iter().find(|worker: &&Worker| worker.id == id).cloned();
        let both = other.iter().map(|there| match of(self, there.id.clone()) {
            Some(here) => here.or(there),
            None => there.clone(),
        });
        let here_alone = self.iter().filter(|here| of(other, here.id.clone()).is_none()).cloned();
        both.chain(here_alone).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tables() -> [Vec<Setting>; 4] {
        [Settings::table(), Endpoint::table(), WorkerDefaults::table(), Worker::table()]
    }

    // A default that is not a text of its own setting could not be written down by anybody.
    #[test]
    fn every_default_can_be_written() {
        for setting in tables().iter().flatten() {
            if let Some(default) = &setting.default {
                assert_eq!((setting.check)(default), Ok(()), "{}", setting.key);
            }
        }
    }

    // A setting of all workers that is not passed on would be silently without effect.
    #[test]
    fn defaults_reach_workers() {
        for setting in WorkerDefaults::table() {
            let text = match (setting.default.as_deref(), setting.value) {
                (_, "TIME") => "7ms",
                (_, "SIZE" | "N" | "X") => "7",
                (_, "LEVEL") => "trace",
                (default, value) => panic!("{}: {default:?} {value}", setting.key),
            };
            let mut defaults = WorkerDefaults::default();
            assert_eq!(defaults.set(setting.key, text), Some(Ok(())));
            let mut expected = Worker::default();
            assert_eq!(expected.set(setting.key, text), Some(Ok(())));
            assert_eq!(Worker::default().with(&defaults), expected, "{}", setting.key);
            // What the worker says itself stays.
            let mut own = Worker::default();
            assert_eq!(own.set(setting.key, setting.default.as_deref().expect("all have one")), Some(Ok(())));
            assert_eq!(own.with(&defaults), own, "{}", setting.key);
        }
    }
}
