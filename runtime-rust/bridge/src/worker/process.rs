//! A worker's process: its end is awaited, it is sent signals, and it is reaped, all without mistaking another process
//! for it. Its number cannot be given to another one before it is reaped, and it is reaped here only; its group, which
//! has the same number, is killed before.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::process::{ChildStderr, ChildStdout};
use std::time::Duration;

use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, WaitIdStatus, getpgid, kill_process_group, pidfd_send_signal, waitid,
};
use tokio::net::unix::pipe::Receiver;

use super::state::ExitReason;

/// Between two looks at a process that has ended and cannot be reaped yet.
const HELD: Duration = Duration::from_millis(20);

/// A process that was started, with its output.
pub(super) struct Spawned {
    pub(super) handle: Handle,
    pub(super) stdout: ChildStdout,
    pub(super) stderr: ChildStderr,
}

/// A process that is not reaped. Dropping it kills it with its group, and reaps it.
pub(super) struct Handle {
    pid: Pid,
    /// Readable once the process has ended.
    pidfd: OwnedFd,
    reaped: bool,
}

impl Handle {
    pub(super) fn new(pid: Pid, pidfd: OwnedFd) -> Self {
        Self { pid, pidfd, reaped: false }
    }

    fn signal(&self, signal: Signal) {
        if self.reaped {
            return;
        }
        // Gone with all of its group: that is no failure.
        let _ = kill_process_group(self.pid, signal);
        // A worker may have moved to another group.
        if getpgid(Some(self.pid)).is_ok_and(|group| group != self.pid) {
            let _ = pidfd_send_signal(&self.pidfd, signal);
        }
    }

    /// Whether it has ended, and how. Does not wait.
    fn look(&self, options: WaitIdOptions) -> io::Result<Option<WaitIdStatus>> {
        loop {
            match waitid(WaitId::PidFd(self.pidfd.as_fd()), WaitIdOptions::EXITED | WaitIdOptions::NOHANG | options) {
                Err(rustix::io::Errno::INTR) => {}
                other => return Ok(other?),
            }
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        if self.reaped {
            return;
        }
        self.signal(Signal::KILL);
        let pid = self.pid.as_raw_nonzero().get();
        tracing::warn!(pid, "a worker is killed, as nobody waits for its end any more");
        // It is gone in a moment, unless the system is stuck with it; a thread of the runtime should not find out.
        let pid = self.pid;
        let waiting = std::thread::Builder::new().name("bridge-reaper".to_owned());
        let _ = waiting
            .spawn(move || while let Err(rustix::io::Errno::INTR) = waitid(WaitId::Pid(pid), WaitIdOptions::EXITED) {});
    }
}

/// A process, watched on the runtime.
pub(super) struct Process {
    handle: Handle,
    /// The same descriptor once more. It is no pipe, but is waited for like one: it is readable when there is news.
    news: Receiver,
}

impl Process {
    /// To be called in a runtime. On failure the process is killed.
    pub(super) fn watch(handle: Handle) -> io::Result<Self> {
        let news = Receiver::from_owned_fd_unchecked(handle.pidfd.try_clone()?)?;
        Ok(Self { handle, news })
    }

    pub(super) fn pid(&self) -> u32 {
        self.handle.pid.as_raw_nonzero().get().unsigned_abs()
    }

    /// Waits until the process has ended, and leaves it to be reaped. Cancel safe.
    pub(super) async fn ended(&self) {
        loop {
            // Nothing can be waited for where the program has somebody else reap it; then it has ended.
            if !matches!(self.handle.look(WaitIdOptions::NOWAIT), Ok(None)) {
                return;
            }
            if self.news.readable().await.is_err() {
                return;
            }
            if matches!(self.handle.look(WaitIdOptions::NOWAIT), Ok(None)) {
                // Ended, and yet not for its parent: a debugger holds it. There is nothing to wait for but time.
                tokio::time::sleep(HELD).await;
            }
        }
    }

    /// To the process and its group.
    pub(super) fn terminate(&self) {
        self.handle.signal(Signal::TERM);
    }

    /// To the process and its group.
    pub(super) fn kill(&self) {
        self.handle.signal(Signal::KILL);
    }

    /// Reaps the process, which has ended. What is left of its group is killed.
    pub(super) fn reap(mut self) -> ExitReason {
        self.kill();
        let handle = &mut self.handle;
        let status = handle.look(WaitIdOptions::empty());
        handle.reaped = true;
        match status {
            Ok(Some(status)) => match (status.exit_status(), status.terminating_signal()) {
                (Some(78), _) => ExitReason::Misconfigured,
                (Some(code), _) => ExitReason::Exit { code },
                (None, Some(signal)) => ExitReason::Signal { signal, core: status.dumped() },
                (None, None) => ExitReason::Exit { code: status.raw_code() },
            },
            // Somebody else has reaped it, and knows how it ended.
            Ok(None) | Err(_) => ExitReason::Exit { code: -1 },
        }
    }
}
