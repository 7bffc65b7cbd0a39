//! What the service manager is told, by systemd's protocol. Where there is none, nobody is told.

use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sd_notify::NotifyState;

/// The variables by which the service manager speaks to this process, and to no worker of it.
pub const VARIABLES: [&str; 6] =
    ["NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC", "LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"];

/// Tells that the bridge is ready. A service manager that does not listen at the moment is waited for.
pub async fn ready() {
    let told = async {
        let Some(socket) = connect()? else { return Ok(()) };
        let socket = tokio::net::UnixDatagram::from_std(socket)?;
        socket.send(text(&[NotifyState::Ready]).as_bytes()).await.map(drop)
    };
    report(told.await);
}

/// Tells that the bridge is ending, and why.
pub fn stopping(why: &str) {
    tell(&[NotifyState::Stopping, NotifyState::Status(why)]);
}

/// Tells what the bridge is doing, in a line for people.
pub fn status(line: &str) {
    tell(&[NotifyState::Status(line)]);
}

/// Tells that the bridge is alive.
pub fn alive() {
    tell(&[NotifyState::Watchdog]);
}

/// How often the service manager has to be told that the bridge is alive: twice in the time after which it would kill.
pub fn watchdog_interval() -> Option<Duration> {
    sd_notify::watchdog_enabled().map(|limit| limit / 2).filter(|interval| !interval.is_zero())
}

/// What finds no room, as nobody reads it, is not told: nothing waits for the service manager.
fn tell(states: &[NotifyState<'_>]) {
    report(connect().and_then(|socket| match socket {
        Some(socket) => socket.send(text(states).as_bytes()).map(drop),
        None => Ok(()),
    }));
}

fn text(states: &[NotifyState<'_>]) -> String {
    states.iter().map(|state| format!("{state}\n")).collect()
}

/// A socket that leads to the service manager, and does not wait for it.
fn connect() -> io::Result<Option<UnixDatagram>> {
    let Some(path) = std::env::var_os("NOTIFY_SOCKET").filter(|path| !path.is_empty()) else { return Ok(None) };
    let address = match path.as_bytes() {
        // It is in no folder.
        [b'@', name @ ..] => SocketAddr::from_abstract_name(name)?,
        _ => SocketAddr::from_pathname(&path)?,
    };
    let socket = UnixDatagram::unbound()?;
    socket.set_nonblocking(true)?;
    socket.connect_addr(&address)?;
    Ok(Some(socket))
}

/// Says that something could not be told: once, until something can be again.
fn report(told: io::Result<()>) {
    static SAID: AtomicBool = AtomicBool::new(false);
    let said = SAID.swap(told.is_err(), Ordering::Relaxed);
    if let Err(error) = told
        && !said
    {
        tracing::warn!(%error, "the service manager cannot be told");
    }
}
