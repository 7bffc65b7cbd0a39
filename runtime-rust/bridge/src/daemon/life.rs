//! The life of a running bridge: what the service manager is told, what signals do, and when it is over.

use std::io;
use std::time::Duration;

use mycelium_bridge::{ForeignBridge, WorkerStatus};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{MissedTickBehavior, interval};

use super::exit::Exit;
use super::notify;
use super::pages::Pages;
use super::settings::Settings;
use super::values::{OnFailure, Ready};

/// What arrives from outside.
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

impl Signals {
    /// From here on they do not end the process.
    pub fn new() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    /// The next one that asks for the end.
    async fn end(&mut self) -> &'static str {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return "SIGTERM",
                _ = self.interrupt.recv() => return "SIGINT",
                _ = self.hang_up.recv() => tracing::warn!(
                    "SIGHUP: nothing is read or opened again; restart the bridge to change its configuration"
                ),
            }
        }
    }
}

/// Sees a bridge through to its end.
pub async fn live(settings: &Settings, bridge: &ForeignBridge, pages: &Pages, mut signals: Signals) -> Exit {
    let (why, exit) = tokio::select! {
        signal = signals.end() => (signal.to_owned(), Exit::Done),
        worker = given_up(settings, bridge) => {
            let exit = worker.last_exit.as_ref().map(|exit| exit.reason.to_string()).unwrap_or_default();
            tracing::error!(worker = &*worker.id, exit, "the bridge ends, as a worker was given up on");
            (format!("worker {} was given up on", worker.id), Exit::Findings)
        }
        () = tell(settings, bridge, pages) => ("nothing is left to do".to_owned(), Exit::Done),
        () = watchdog(pages) => ("the watchdog ended".to_owned(), Exit::Done),
    };
    pages.stop();
    tracing::info!(why, "the bridge is shutting down");
    notify::stopping(&format!("shutting down: {why}"));
    let hurry = async {
        let signal = signals.end().await;
        tracing::warn!(signal, "asked again: workers are killed, connections cut off");
        bridge.hurry();
        loop {
            signals.end().await;
        }
    };
    tokio::select! {
        // What is to be said of the end, the bridge says.
        _ = bridge.shutdown() => {}
        () = hurry => {}
    }
    exit
}

/// Waits until the end for the sake of a worker, if that is configured.
async fn given_up(settings: &Settings, bridge: &ForeignBridge) -> WorkerStatus {
    match settings.on_worker_failure() {
        OnFailure::Exit => bridge.failed().await,
        OnFailure::Continue => std::future::pending().await,
    }
}

/// Tells the service manager when the bridge is ready, and how it goes on.
async fn tell(settings: &Settings, bridge: &ForeignBridge, pages: &Pages) {
    let mut told = settings.ready() == Ready::Start;
    if told {
        notify::ready().await;
    }
    let mut seen: Option<Vec<(&'static str, u64)>> = None;
    loop {
        let key = |workers: &[WorkerStatus]| -> Vec<_> {
            workers.iter().map(|worker| (worker.state.name(), worker.launches)).collect()
        };
        let workers = bridge.wait_until(|workers| seen.as_ref() != Some(&key(workers))).await;
        seen = Some(key(&workers));
        let line = pages.line();
        if !told && pages.is_ready() {
            told = true;
            tracing::info!(status = line, "the bridge is ready");
            notify::ready().await;
        }
        notify::status(&line);
    }
}

/// Tells the service manager that the bridge is alive: that the runtime comes to this task, and that the workers'
/// states can be looked at.
async fn watchdog(pages: &Pages) {
    let Some(every) = notify::watchdog_interval() else { return std::future::pending().await };
    let mut interval = interval(every.max(Duration::from_millis(1)));
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        interval.tick().await;
        let _ = pages.line();
        notify::alive();
    }
}
