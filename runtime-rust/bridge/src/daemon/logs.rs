//! Where logs go: stderr, as text or as one JSON object a line. Nobody waits for its reader but workers' output:
//! [`queue`].

mod queue;

use std::backtrace::{Backtrace, BacktraceStatus};
use std::cell::RefCell;
use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd;
use std::panic::PanicHookInfo;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use mycelium_bridge::OUTPUT_TARGET;
use tokio::sync::watch;
use tracing::{Level, Metadata};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::{self, MakeWriter};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};

use super::values::LogFormat;
use queue::{Queue, Whose};

/// At the end, for what is still queued: without anything of it being read, and in all.
const STUCK: Duration = Duration::from_secs(2);
const LAST: Duration = Duration::from_secs(5);

/// The same for a panic, before its thread goes on.
const PANIC: Duration = Duration::from_secs(1);

static QUEUE: OnceLock<Arc<Queue>> = OnceLock::new();

thread_local! {
    /// The thread that writes has nobody to write for it: what it says is collected here.
    static OWN: RefCell<Option<Vec<u8>>> = const { RefCell::new(None) };
}

/// From here on nobody writes to stderr but a thread that does nothing else: what is logged, [`words`] and panics are
/// queued. Once in a process.
pub fn begin() -> io::Result<()> {
    let queue = Queue::start(io::stderr().as_fd().try_clone_to_owned()?, notice)?;
    if QUEUE.set(queue).is_ok() {
        std::panic::set_hook(Box::new(panicked));
    }
    Ok(())
}

/// Begins to log, after [`begin`]. Once in a process.
pub fn start(format: LogFormat, filter: Targets) -> Result<(), TryInitError> {
    // That something is missing is said in every log.
    let registry = tracing_subscriber::registry().with(filter.with_target(module_path!(), Level::WARN));
    match format {
        LogFormat::Text => {
            let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
            let layer = fmt::layer().with_writer(Lines).with_ansi(io::stderr().is_terminal() && !no_color);
            registry.with(layer).try_init()
        }
        LogFormat::Json => registry.with(fmt::layer().with_writer(Lines).json().flatten_event(true)).try_init(),
    }
}

/// Whether there is room for what workers print, and word of when there is.
pub fn room() -> Option<watch::Receiver<bool>> {
    QUEUE.get().map(|queue| queue.room())
}

/// Lines that are missing in the log.
pub fn dropped() -> u64 {
    QUEUE.get().map(|queue| queue.dropped()).unwrap_or_default()
}

/// Queues words that are no line of the log. Whether there is a queue; without one nothing has happened.
pub fn words(text: &str) -> bool {
    QUEUE.get().map(|queue| queue.push(text.as_bytes(), Whose::Last)).is_some()
}

/// At the end of the process: waits until all is written, for a reader that reads.
pub fn finish() {
    if let Some(queue) = QUEUE.get() {
        queue.flush(STUCK, LAST);
    }
}

/// A line of the log.
fn notice(lines: u64) -> Vec<u8> {
    OWN.set(Some(Vec::new()));
    tracing::warn!(lines, "{lines} lines of the log were dropped");
    OWN.take().unwrap_or_default()
}

/// Says what Rust says of a panic.
fn panicked(info: &PanicHookInfo<'_>) {
    let thread = std::thread::current();
    let backtrace = Backtrace::capture();
    let rest = match backtrace.status() {
        BacktraceStatus::Captured => format!("stack backtrace:\n{backtrace}"),
        _ => "note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace\n".to_owned(),
    };
    if words(&format!("\nthread '{}' {info}\n{rest}", thread.name().unwrap_or("<unnamed>")))
        && let Some(queue) = QUEUE.get()
    {
        // The process may end by it.
        queue.flush(PANIC, PANIC);
    }
}

/// Makes the writers of lines.
struct Lines;

impl MakeWriter<'_> for Lines {
    type Writer = Line;

    fn make_writer(&self) -> Line {
        Line(Whose::Bridge)
    }

    fn make_writer_for(&self, event: &Metadata<'_>) -> Line {
        Line(if event.target() == OUTPUT_TARGET { Whose::Worker } else { Whose::Bridge })
    }
}

/// Gets one line, in one piece.
struct Line(Whose);

impl Write for Line {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let is_own = OWN.with_borrow_mut(|own| own.as_mut().map(|text| text.extend_from_slice(line)).is_some());
        if !is_own && let Some(queue) = QUEUE.get() {
            queue.push(line, self.0);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
