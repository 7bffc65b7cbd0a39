//! What workers print is in the log, and statistics are. Alone in its process, whose log it is.

#[path = "supervision/place.rs"]
#[allow(dead_code)]
mod place;
#[path = "supervision/worker.rs"]
#[allow(dead_code)]
mod worker;

use std::io::{self, Write};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use mycelium_bridge::{BridgeConfig, ForeignBridge};
use mycelium_bus::MessageBus;
use tracing_subscriber::fmt::MakeWriter;

use place::{Place, eager};
use worker::shell;

/// The log of this program.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<String>>);

impl Write for Log {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().push_str(&String::from_utf8_lossy(line));
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

impl Log {
    fn install() -> &'static Self {
        static LOG: OnceLock<Log> = OnceLock::new();
        LOG.get_or_init(|| {
            let log = Self::default();
            let subscriber =
                tracing_subscriber::fmt().with_writer(log.clone()).without_time().with_ansi(false).finish();
            tracing::subscriber::set_global_default(subscriber).unwrap();
            log
        })
    }

    /// The events of a target, without it.
    fn events(&self, target: &str) -> Vec<String> {
        let text = self.0.lock().unwrap().clone();
        let lines = text.lines().filter_map(|line| line.split_once(&format!(" {target}: ")));
        lines.map(|(level, line)| format!("{} {line}", level.trim())).collect()
    }
}

#[tokio::test]
async fn lines_are_events_with_fields() {
    let log = Log::install();
    let script =
        r"echo one; printf 'bad \377 \033[2J\n'; printf '%40s\n' x; printf 'no end'; sleep 0; echo two >&2; exit 78";
    let place = Place::new([eager(shell("printing", script)).max_line(20)]).await;
    let worker = place.failed().await;
    let pid = worker.last_exit.unwrap().pid.unwrap();
    let mut lines = log.events("mycelium_bridge::output");
    // The two streams have no order among each other.
    lines.sort_by_key(|line| line.contains("stderr"));
    let fields = |stream: &str| format!("bridge=\"test\" worker=\"printing\" pid={pid} stream=\"{stream}\"");
    let (out, err) = (fields("stdout"), fields("stderr"));
    let expected = [
        format!("INFO one {out}"),
        format!("INFO bad \u{fffd} \\u{{1b}}[2J {out}"),
        format!("INFO {} {out} cut_bytes=20", " ".repeat(20)),
        format!("INFO no end {out}"),
        format!("WARN two {err}"),
    ];
    assert_eq!(lines, expected);
    assert_eq!((worker.output_lines, worker.output_cut), (5, 1));
    place.end().await;
}

#[tokio::test(start_paused = true)]
async fn statistics_are_logged_at_their_interval() {
    let log = Log::install();
    let interval = Duration::from_secs(60);
    let config = BridgeConfig::new("counting", [7; 32]).tcp("127.0.0.1:0").stats_interval(Some(interval));
    let bridge = ForeignBridge::start(&MessageBus::new(), config).await.unwrap();
    // By the clock of the runtime, which does not wait.
    tokio::time::sleep(interval * 2 + interval / 2).await;
    bridge.shutdown().await;
    let words = "INFO statistics bridge=\"counting\" workers=0 ready=0 failed=0 restarts=0 clients=0 frames_in=0 \
                 frames_out=0 rejected=0 queued=0 dropped=0 lost=0";
    let events = log.events("mycelium_bridge::bridge");
    assert_eq!(events.iter().filter(|event| **event == words).count(), 2, "{events:#?}");
}
