//! What the service manager is told, by systemd's protocol. Where there is none, nobody is told.

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
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!(%error, "the service manager cannot be told");
    }
}
