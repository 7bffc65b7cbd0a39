//! The thread that starts processes: [`Launcher`]. The system kills a worker when the thread that started it is gone, so
//! there is one thread for all launches, which stays as long as anybody may launch.

use std::io;
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use rustix::process::{Pid, PidfdFlags, pidfd_open};
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::child;
use super::process::{Handle, Spawned};

/// How long a start that nobody wants any more is waited for.
pub(super) const STUCK: Duration = Duration::from_secs(5);

struct Order {
    command: Command,
    reply: oneshot::Sender<io::Result<Spawned>>,
}

/// Starts processes. The thread ends with the last clone.
#[derive(Clone)]
pub(crate) struct Launcher(Sender<Order>);

/// The end of the launcher's thread.
pub(crate) struct LauncherThread {
    thread: std::thread::JoinHandle<()>,
    over: oneshot::Receiver<()>,
}

impl LauncherThread {
    /// Waits until the thread has ended. To be called when no launcher is left.
    pub(crate) async fn ended(self) {
        // Ends with the sender, whether or not it says something.
        match timeout(STUCK, self.over).await {
            Ok(_) => drop(self.thread.join()),
            Err(_) => tracing::error!("the system is stuck with the start of a worker, which is left to it"),
        }
    }
}

impl Launcher {
    pub(crate) fn start(bridge: &str) -> io::Result<(Self, LauncherThread)> {
        let (orders, receiver) = channel();
        let (alive, over) = oneshot::channel::<()>();
        let name: String = format!("launch {bridge}").chars().filter(|c| *c != '\0').collect();
        let thread = std::thread::Builder::new().name(name).spawn(move || {
            serve(&receiver);
            drop(alive);
        })?;
        Ok((Self(orders), LauncherThread { thread, over }))
    }

    /// Starts a process. Where the returned future is dropped, the process is killed.
    pub(super) async fn launch(&self, command: Command) -> io::Result<Spawned> {
        let (reply, spawned) = oneshot::channel();
        let gone = || io::Error::other("the thread that starts workers is gone");
        self.0.send(Order { command, reply }).map_err(|_| gone())?;
        spawned.await.map_err(|_| gone())?
    }
}

fn serve(orders: &Receiver<Order>) {
    while let Ok(Order { command, reply }) = orders.recv() {
        // If nobody waits any more the process is dropped, and so killed.
        let _ = reply.send(spawn(command));
    }
}

fn spawn(mut command: Command) -> io::Result<Spawned> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    child::prepare(&mut command);
    let mut child = command.spawn()?;
    let pidfd = i32::try_from(child.id()).ok().and_then(Pid::from_raw).ok_or(io::ErrorKind::InvalidData.into());
    let pidfd = pidfd.and_then(|pid| Ok((pid, pidfd_open(pid, PidfdFlags::empty())?)));
    match (pidfd, child.stdout.take(), child.stderr.take()) {
        (Ok((pid, pidfd)), Some(stdout), Some(stderr)) => {
            Ok(Spawned { handle: Handle::new(pid, pidfd), stdout, stderr })
        }
        (pidfd, ..) => {
            let _ = child.kill();
            let _ = child.wait();
            Err(pidfd.err().unwrap_or_else(|| io::ErrorKind::BrokenPipe.into()))
        }
    }
}
