//! What the service manager is told, by systemd's protocol. Where there is none, nobody is told.

use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

use sd_notify::NotifyState;

/// The variables by which the service manager speaks to this process, and to no worker of it.
pub const VARIABLES: [&str; 6] =
    ["NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC", "LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"];

/// Tells that the bridge is ready.
pub fn ready() {
    tell(&[NotifyState::Ready]);
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

fn tell(states: &[NotifyState<'_>]) {
    let socket = std::env::var_os("NOTIFY_SOCKET").unwrap_or_default();
    let told = match socket.as_bytes() {
        // It is in no folder. The crate knows the others alone.
        [b'@', name @ ..] => SocketAddr::from_abstract_name(name).and_then(|address| tell_at(&address, states)),
        _ => sd_notify::notify(states),
    };
    if let Err(error) = told {
        tracing::warn!(%error, "the service manager cannot be told");
    }
}

fn tell_at(address: &SocketAddr, states: &[NotifyState<'_>]) -> io::Result<()> {
    let text: String = states.iter().map(|state| format!("{state}\n")).collect();
    UnixDatagram::unbound()?.send_to_addr(text.as_bytes(), address).map(drop)
}
