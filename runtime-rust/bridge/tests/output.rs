//! What workers print is in the log. Alone in its process, whose log it is.

#[path = "supervision/place.rs"]
#[allow(dead_code)]
mod place;
#[path = "supervision/worker.rs"]
#[allow(dead_code)]
mod worker;

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use tracing_subscriber::fmt::MakeWriter;

use place::{Place, eager};
use worker::shell;

/// The log of the worker `printing`.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<String>>);

impl Write for Log {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        if text.contains("worker=\"printing\"") {
            self.0.lock().unwrap().push_str(&text);
        }
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
    fn install() -> Self {
        let log = Self::default();
        let subscriber = tracing_subscriber::fmt().with_writer(log.clone()).without_time().with_ansi(false).finish();
        tracing::subscriber::set_global_default(subscriber).unwrap();
        log
    }

    /// What workers printed.
    fn output(&self) -> Vec<String> {
        let text = self.0.lock().unwrap().clone();
        let lines = text.lines().filter_map(|line| line.split_once("mycelium_bridge::output: "));
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
    let mut lines = log.output();
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
