//! What workers print is in the log.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use mycelium_bridge::WorkerState;
use tracing_subscriber::fmt::MakeWriter;

use crate::place::{Place, eager, soon};
use crate::worker::{playing, shell};

/// The log of the workers `printing` of all tests of this program.
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
    /// For the whole program: tests in other threads use the same places in the code.
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

// On one thread: whoever does not give way holds up everything.
#[tokio::test]
async fn a_flood_of_output_holds_up_nobody() {
    let place = Place::new([
        eager(playing("flooding", "flood")).max_line(64),
        eager(playing("flooding too", "flood")).max_line(64),
        eager(playing("quiet", "connect serve")),
    ])
    .await;
    let many = 10_000;
    soon(place.bridge.wait_until(|workers| workers[2].state == WorkerState::Ready)).await;
    // The quiet one goes and comes, however much the others print.
    for launch in 2..5 {
        place.bridge.restart("quiet").unwrap();
        let is_back =
            |worker: &mycelium_bridge::WorkerStatus| worker.launches == launch && worker.state == WorkerState::Ready;
        soon(place.bridge.wait_until(|workers| is_back(&workers[2]))).await;
    }
    soon(async {
        while ["flooding", "flooding too"].iter().any(|id| place.worker(id).output_lines < many) {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert!(place.worker("flooding").output_cut > 0);
    place.end().await;
}
