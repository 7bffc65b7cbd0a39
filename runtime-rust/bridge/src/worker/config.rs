//! [`WorkerConfig`]: everything that can be set about a worker.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use mycelium_bus::supervision::Supervision;
use tracing::Level;

use crate::ConfigError;

/// Where the worker finds its bridge: a path, or `tcp://HOST:PORT`.
pub const SOCKET: &str = "MYCELIUM_SOCKET";
/// The bridge's schema digest, in hexadecimal digits.
pub const SCHEMA_DIGEST: &str = "MYCELIUM_SCHEMA_DIGEST";
/// The worker's id, which it says in its handshake.
pub const WORKER_ID: &str = "MYCELIUM_WORKER_ID";
/// 16 random bytes in hexadecimal digits, new at every launch; the worker says them in its handshake.
pub const WORKER_TOKEN: &str = "MYCELIUM_WORKER_TOKEN";

/// The longest id, in bytes: the field of the handshake.
const MAX_ID: usize = 64;

/// A program that a bridge starts, watches, and starts again. Each setting has a default; the id and the program have
/// to be given.
///
/// ```
/// use std::time::Duration;
/// use mycelium_bridge::WorkerConfig;
///
/// let worker = WorkerConfig::new("prices", "/usr/lib/desk/prices")
///     .args(["--venue", "XETR"])
///     .env("TZ", "UTC")
///     .env_remove("LD_PRELOAD")
///     .ready_deadline(Duration::from_secs(20));
/// assert_eq!(worker.id(), "prices");
/// ```
#[derive(Clone)]
pub struct WorkerConfig {
    pub(crate) id: String,
    pub(crate) program: PathBuf,
    pub(crate) args: Vec<OsString>,
    pub(crate) clear_env: bool,
    /// `None`: removed.
    pub(crate) env: BTreeMap<OsString, Option<OsString>>,
    pub(crate) current_dir: Option<PathBuf>,
    pub(crate) over_tcp: bool,
    pub(crate) ready_deadline: Duration,
    pub(crate) grace: Duration,
    pub(crate) supervision: Supervision,
    pub(crate) max_line: usize,
    pub(crate) stdout_level: Level,
    pub(crate) stderr_level: Level,
}

impl WorkerConfig {
    /// A worker with the defaults. A program without a `/` is looked for in `PATH`; a relative path begins in the
    /// bridge's folder, whatever the worker's is.
    pub fn new(id: impl Into<String>, program: impl Into<PathBuf>) -> Self {
        Self {
            id: id.into(),
            program: program.into(),
            args: Vec::new(),
            clear_env: false,
            env: BTreeMap::new(),
            current_dir: None,
            over_tcp: false,
            ready_deadline: Duration::from_secs(10),
            grace: Duration::from_secs(5),
            supervision: Supervision::default(),
            max_line: 8 * 1024,
            stdout_level: Level::INFO,
            stderr_level: Level::WARN,
        }
    }

    /// The id: different from every other worker's of the bridge.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The program, as it was given.
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// Adds an argument.
    pub fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// Adds arguments.
    pub fn args(mut self, args: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Sets a variable. The bridge's own variables cannot be set, but for [`SOCKET`]: a worker may see the socket at
    /// another path.
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.env.insert(name.into(), Some(value.into()));
        self
    }

    /// Removes a variable that the worker would have from the bridge.
    pub fn env_remove(mut self, name: impl Into<OsString>) -> Self {
        self.env.insert(name.into(), None);
        self
    }

    /// The worker has nothing of the bridge's environment, only what is set. Default: all of it.
    pub fn env_clear(mut self, clear: bool) -> Self {
        self.clear_env = clear;
        self
    }

    /// The folder it runs in. Default: the bridge's.
    pub fn current_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.current_dir = Some(folder.into());
        self
    }

    /// Whether it is told the TCP address where the bridge has a Unix socket as well. Default: it is not.
    pub fn over_tcp(mut self, over_tcp: bool) -> Self {
        self.over_tcp = over_tcp;
        self
    }

    /// How long it may take to connect: from its launch, and again after its last connection is gone. Then it is ended
    /// and started again. Default: 10 s.
    pub fn ready_deadline(mut self, deadline: Duration) -> Self {
        self.ready_deadline = deadline;
        self
    }

    /// How long it may take to end after `SIGTERM`, before `SIGKILL`. Default: 5 s.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// When it is started again, and when it is given up on. It is healthy while it is ready. Default: as services.
    pub fn supervision(mut self, supervision: Supervision) -> Self {
        self.supervision = supervision;
        self
    }

    /// The longest line of its output, in bytes; what is over is left out, and the log says so. Default: 8 KiB.
    pub fn max_line(mut self, bytes: usize) -> Self {
        self.max_line = bytes;
        self
    }

    /// The level at which lines of its standard output are logged. Default: `INFO`.
    pub fn stdout_level(mut self, level: Level) -> Self {
        self.stdout_level = level;
        self
    }

    /// The level at which lines of its standard error are logged. Default: `WARN`.
    pub fn stderr_level(mut self, level: Level) -> Self {
        self.stderr_level = level;
        self
    }

    /// Everything that keeps it from being launched.
    pub(crate) fn problems(&self) -> Vec<ConfigError> {
        let id = || self.id.clone();
        let mut problems = Vec::new();
        if self.id.is_empty() || self.id.len() > MAX_ID || self.id.contains(char::is_control) {
            problems.push(ConfigError::WorkerId { worker: id() });
        }
        let nul = |text: &OsStr| text.as_bytes().contains(&0);
        let folder = self.current_dir.as_deref().map(Path::as_os_str);
        let program_has_nul = nul(self.program.as_os_str());
        let folder_has_nul = folder.is_some_and(nul);
        for (setting, has_nul) in [
            ("program", program_has_nul),
            ("args", self.args.iter().any(|arg| nul(arg))),
            ("current_dir", folder_has_nul),
        ] {
            if has_nul {
                problems.push(ConfigError::ZeroByte { worker: id(), setting });
            }
        }
        for (name, value) in &self.env {
            let is_name = !name.is_empty() && !name.as_bytes().contains(&b'=') && !nul(name);
            if !is_name || value.as_deref().is_some_and(nul) {
                problems.push(ConfigError::Variable { worker: id(), name: name.to_string_lossy().into_owned() });
            }
            if let Some(name) = [SCHEMA_DIGEST, WORKER_ID, WORKER_TOKEN].into_iter().find(|own| *name == **own) {
                problems.push(ConfigError::OwnVariable { worker: id(), name });
            }
            if *name == *SOCKET && value.as_deref().is_none_or(OsStr::is_empty) {
                problems.push(ConfigError::NoPlace { worker: id() });
            }
        }
        for (setting, is_zero) in [("max_line", self.max_line == 0), ("ready_deadline", self.ready_deadline.is_zero())]
        {
            if is_zero {
                problems.push(ConfigError::Zero { worker: id(), setting });
            }
        }
        if let Some(folder) = &self.current_dir
            && !folder_has_nul
            && !folder.is_dir()
        {
            problems.push(ConfigError::Folder { worker: id(), folder: folder.clone() });
        }
        if !program_has_nul && let Some(problem) = self.program_problem() {
            problems.push(ConfigError::Program { worker: id(), program: self.program.clone(), problem });
        }
        problems
    }

    /// Why the program cannot be started, as far as can be seen.
    fn program_problem(&self) -> Option<&'static str> {
        if has_folder(&self.program) {
            return match std::fs::metadata(&self.program) {
                Ok(found) if !found.is_file() => Some("is not a file"),
                Ok(found) if found.permissions().mode() & 0o111 == 0 => Some("is not executable"),
                Ok(_) => None,
                Err(_) => Some("cannot be found"),
            };
        }
        let path = match self.env.get(OsStr::new("PATH")) {
            Some(set) => set.clone(),
            None if self.clear_env => None,
            None => std::env::var_os("PATH"),
        };
        // Without the variable the system looks in folders of its own; what it finds is seen at the launch.
        let path = path?;
        let is_program = |folder: PathBuf| {
            std::fs::metadata(folder.join(&self.program))
                .is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
        };
        if std::env::split_paths(&path).any(is_program) { None } else { Some("is in no folder of PATH") }
    }

    /// The program as it is launched: found from the bridge's folder.
    pub(crate) fn launched(&self) -> PathBuf {
        if !has_folder(&self.program) {
            return self.program.clone();
        }
        std::path::absolute(&self.program).unwrap_or_else(|_| self.program.clone())
    }
}

impl fmt::Debug for WorkerConfig {
    /// Without the values of variables, which may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkerConfig")
            .field("id", &self.id)
            .field("program", &self.program)
            .field("args", &self.args)
            .field("env", &self.env.keys())
            .field("current_dir", &self.current_dir)
            .field("ready_deadline", &self.ready_deadline)
            .field("grace", &self.grace)
            .field("supervision", &self.supervision)
            .finish_non_exhaustive()
    }
}

fn has_folder(program: &Path) -> bool {
    program.as_os_str().as_bytes().contains(&b'/')
}
