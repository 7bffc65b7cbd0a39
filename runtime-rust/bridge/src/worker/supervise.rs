//! The task of one worker: launches it, sees that it connects and stays alive, ends it, and launches it again, until the
//! bridge shuts down.

use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use mycelium_bus::deadline::from_now;
use mycelium_bus::supervision::{Decision, Jitter, Supervisor};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::config::{SCHEMA_DIGEST, SOCKET, WORKER_ID, WORKER_TOKEN};
use super::launch::{Launcher, STUCK};
use super::output::{self, Stream};
use super::process::{Process, Spawned};
use super::slot::{Slot, Token};
use super::state::{ExitReason, WorkerExit, WorkerState};

/// After `SIGKILL`: for the system to end a process. One that it does not, as it waits for a device, is left to it.
const KILL_LIMIT: Duration = Duration::from_secs(10);

/// What a worker is supervised with.
pub(crate) struct Supervised {
    pub(crate) slot: Arc<Slot>,
    pub(crate) launcher: Launcher,
    /// What the worker finds in [`SOCKET`].
    pub(crate) address: OsString,
    pub(crate) schema_digest: String,
    pub(crate) jitter: Jitter,
    /// How long its connections may take to end.
    pub(crate) drain_limit: Duration,
    /// The bridge shuts down.
    pub(crate) stop: CancellationToken,
    /// It shuts down without waiting for anybody.
    pub(crate) hurry: CancellationToken,
}

/// However the task ends, nobody waits for the worker any more.
struct Last(Arc<Slot>);

impl Drop for Last {
    fn drop(&mut self) {
        self.0.close();
        if self.0.state() != WorkerState::Failed {
            self.0.enter(WorkerState::Stopped);
        }
    }
}

/// A launch that is over.
struct Over {
    exit: WorkerExit,
    /// How long the worker was ready.
    healthy: Duration,
}

pub(crate) async fn supervise(worker: Supervised) {
    let slot = Arc::clone(&worker.slot);
    let _last = Last(Arc::clone(&slot));
    let supervisor = || Supervisor::new(slot.config.supervision, worker.jitter.clone());
    let mut failures = supervisor();
    while !worker.stop.is_cancelled() {
        let Over { exit, healthy } = worker.launch().await;
        let reason = exit.reason.clone();
        slot.ended(exit);
        if worker.stop.is_cancelled() {
            return;
        }
        let decision = match reason {
            ExitReason::Restart => continue,
            ExitReason::Misconfigured => Decision::GiveUp,
            _ => failures.failed(Instant::now().into_std(), healthy),
        };
        match decision {
            Decision::Restart { delay } => {
                tracing::warn!(bridge = &*slot.bridge, worker = slot.id(), ?delay, "a worker ended: {reason}");
                slot.enter(WorkerState::BackingOff { delay });
                tokio::select! {
                    () = sleep_until(from_now(delay)) => {}
                    () = slot.restart.notified() => {}
                    () = worker.stop.cancelled() => return,
                }
            }
            Decision::GiveUp => {
                tracing::error!(bridge = &*slot.bridge, worker = slot.id(), "a worker is given up on: {reason}");
                slot.enter(WorkerState::Failed);
                tokio::select! {
                    () = slot.restart.notified() => failures = supervisor(),
                    () = worker.stop.cancelled() => return,
                }
            }
        }
    }
}

fn token() -> io::Result<Token> {
    let mut token = Token::default();
    let mut filled = 0;
    while filled < token.len() {
        let rest = token.get_mut(filled..).unwrap_or_default();
        match rustix::rand::getrandom(rest, rustix::rand::GetRandomFlags::empty()) {
            Ok(count) => filled += count,
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(token)
}

impl Supervised {
    /// One launch, from before the process is there until it is reaped.
    async fn launch(&self) -> Over {
        let slot = &self.slot;
        // Who asked for a restart until now gets one.
        let _ = timeout(Duration::ZERO, slot.restart.notified()).await;
        let launch = slot.launching();
        // The system may take its time with a program on a file system that does not answer. A start that it is done with
        // soon is waited for also when the bridge shuts down, so that its process is ended and reaped here.
        let stuck = async {
            self.stop.cancelled().await;
            sleep(STUCK).await;
        };
        let started = tokio::select! {
            started = self.start() => started.map_err(|error| ExitReason::Spawn { error: error.to_string() }),
            () = stuck => Err(ExitReason::Shutdown),
        };
        let (process, output) = match started {
            Ok(started) => started,
            Err(reason) => {
                slot.close();
                let exit = WorkerExit { launch, pid: None, reason, killed: false, ran_for: Duration::ZERO };
                return Over { exit, healthy: Duration::ZERO };
            }
        };
        let pid = process.pid();
        let (why, healthy) = self.watch(&process).await;
        let killed = match &why {
            Some(_) => self.end(&process, &why).await,
            None => false,
        };
        let ran_for = slot.uptime();
        let status = process.reap();
        output.end().await;
        slot.close();
        let reason = why.unwrap_or(status);
        tracing::info!(
            bridge = &*slot.bridge,
            worker = slot.id(),
            pid,
            launch,
            killed,
            "a worker's process is gone: {reason}"
        );
        Over { exit: WorkerExit { launch, pid: Some(pid), reason, killed, ran_for }, healthy }
    }

    async fn start(&self) -> io::Result<(Process, Output)> {
        let slot = &self.slot;
        let token = token()?;
        slot.open(token);
        let Spawned { handle, stdout, stderr } = self.launcher.launch(self.command(&token)).await?;
        let process = Process::watch(handle)?;
        let pid = process.pid();
        slot.launched(pid);
        tracing::info!(bridge = &*slot.bridge, worker = slot.id(), pid, "a worker is launched");
        Ok((process, Output::follow(slot, pid, stdout.into(), stderr.into())))
    }

    fn command(&self, token: &Token) -> Command {
        let config = &self.slot.config;
        let mut command = Command::new(config.launched());
        command.args(&config.args);
        if config.clear_env {
            command.env_clear();
        }
        command.env(SOCKET, &self.address);
        for (name, value) in &config.env {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command.env(SCHEMA_DIGEST, &self.schema_digest);
        command.env(WORKER_ID, &config.id);
        command.env(WORKER_TOKEN, crate::hex(token));
        if let Some(folder) = &config.current_dir {
            command.current_dir(folder);
        }
        command
    }

    /// Waits for a reason to end the process, or, where there is none, for its end; also says how long it was ready.
    async fn watch(&self, process: &Process) -> (Option<ExitReason>, Duration) {
        let slot = &self.slot;
        let patience = slot.config.ready_deadline;
        let mut link = slot.link.subscribe();
        let mut late = Some(from_now(patience));
        let mut ready = None;
        let healthy = |ready: Option<Instant>| ready.map(|since| since.elapsed()).unwrap_or_default();
        loop {
            let (connected, hangs) = {
                let link = link.borrow_and_update();
                (link.is_connected(), link.hangs)
            };
            if hangs {
                return (Some(ExitReason::Hang), healthy(ready));
            }
            if connected && late.is_some() {
                late = None;
                ready.get_or_insert_with(Instant::now);
                tracing::info!(bridge = &*slot.bridge, worker = slot.id(), pid = process.pid(), "a worker is ready");
                slot.enter(WorkerState::Ready);
            }
            if !connected && late.is_none() {
                late = Some(from_now(patience));
                slot.enter(WorkerState::Disconnected);
            }
            tokio::select! {
                biased;
                () = process.ended() => return (None, healthy(ready)),
                () = self.stop.cancelled() => return (Some(ExitReason::Shutdown), healthy(ready)),
                () = slot.restart.notified() => return (Some(ExitReason::Restart), healthy(ready)),
                // Its sender is in the slot.
                _ = link.changed() => {}
                () = async {
                    match late {
                        Some(late) => sleep_until(late).await,
                        None => std::future::pending().await,
                    }
                } => {
                    let why = if ready.is_some() { ExitReason::Disconnected } else { ExitReason::NotReady };
                    return (Some(why), healthy(ready));
                }
            }
        }
    }

    /// Ends the process: a goodbye on its connections where it can be expected to hear it, `SIGTERM`, `SIGKILL`. Whether
    /// the last was necessary.
    async fn end(&self, process: &Process, why: &Option<ExitReason>) -> bool {
        let slot = &self.slot;
        slot.enter(WorkerState::Stopping);
        if let Some(why @ (ExitReason::Shutdown | ExitReason::Restart)) = why {
            slot.say_goodbye(&why.to_string());
            let mut link = slot.link.subscribe();
            tokio::select! {
                () = process.ended() => {}
                _ = link.wait_for(|link| !link.is_connected()) => {}
                () = sleep_until(from_now(self.drain_limit)) => {}
                () = self.hurry.cancelled() => {}
            }
        }
        process.terminate();
        tokio::select! {
            biased;
            () = process.ended() => return false,
            () = self.hurry.cancelled() => {}
            () = sleep_until(from_now(slot.config.grace)) => {}
        }
        tracing::warn!(
            bridge = &*slot.bridge, worker = slot.id(), pid = process.pid(), grace = ?slot.config.grace,
            "a worker did not end after SIGTERM, and is killed",
        );
        process.kill();
        if timeout(KILL_LIMIT, process.ended()).await.is_err() {
            tracing::error!(
                bridge = &*slot.bridge,
                worker = slot.id(),
                pid = process.pid(),
                "a worker is killed and does not end: the system is stuck with it",
            );
        }
        true
    }
}

/// The two tasks that read what a worker prints.
struct Output {
    tasks: JoinSet<()>,
    ended: CancellationToken,
}

impl Output {
    fn follow(slot: &Arc<Slot>, pid: u32, stdout: OwnedFd, stderr: OwnedFd) -> Self {
        let (mut tasks, ended) = (JoinSet::new(), CancellationToken::new());
        for (stream, pipe) in [(Stream::Stdout, stdout), (Stream::Stderr, stderr)] {
            tasks.spawn(output::follow(Arc::clone(slot), pid, stream, pipe, ended.clone()));
        }
        Self { tasks, ended }
    }

    /// After the end of the process: what it has printed is still read.
    async fn end(mut self) {
        self.ended.cancel();
        while self.tasks.join_next().await.is_some() {}
    }
}
