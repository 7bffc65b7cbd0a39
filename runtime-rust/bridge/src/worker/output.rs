//! What a worker prints, line by line into the log.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use metrics::Counter;
use tokio::net::unix::pipe::Receiver;
use tokio_util::sync::CancellationToken;
use tracing::Level;

use super::slot::Slot;
use crate::metrics::{BRIDGE, OUTPUT_CUT, OUTPUT_LINES, STREAM, WORKER};

/// Bytes that are read at once; then others have their turn.
const TURN: usize = 8 * 1024;

/// What is still read of a worker that has ended: at least what a pipe can hold. A process that it left behind may go on
/// writing for ever.
const REST: usize = 2 << 20;

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stream {
    Stdout,
    Stderr,
}

impl Stream {
    fn name(self) -> &'static str {
        match self {
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
        }
    }
}

/// Reads until the end of the stream, or, once the worker has ended, until there is nothing to be read at the moment.
pub(super) async fn follow(slot: Arc<Slot>, pid: u32, stream: Stream, pipe: OwnedFd, ended: CancellationToken) {
    let log = Log::new(slot, pid, stream);
    if let Err(error) = read(&log, pipe, &ended).await {
        tracing::warn!(
            bridge = &*log.slot.bridge, worker = log.slot.id(), pid, stream = stream.name(), %error,
            "a worker's output cannot be read",
        );
    }
}

async fn read(log: &Log, pipe: OwnedFd, ended: &CancellationToken) -> io::Result<()> {
    let pipe = Receiver::from_owned_fd(pipe)?;
    let mut lines = Lines::new(log.slot.config.max_line);
    let mut buffer = vec![0; TURN];
    let mut left = REST;
    loop {
        let over = ended.is_cancelled();
        // What the runtime knows of the pipe may be older than the worker's last words.
        let read = if over {
            rustix::io::read(&pipe, &mut buffer).map_err(io::Error::from)
        } else {
            pipe.try_read(&mut buffer)
        };
        match read {
            Ok(0) => break,
            Ok(read) => {
                lines.take(buffer.get(..read).unwrap_or_default(), |line, cut| log.line(line, cut));
                if over {
                    left = left.saturating_sub(read);
                }
                if left == 0 {
                    break;
                }
                tokio::task::yield_now().await;
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                if over {
                    break;
                }
                tokio::select! {
                    biased;
                    ready = pipe.readable() => ready?,
                    () = ended.cancelled() => {}
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    lines.end(|line, cut| log.line(line, cut));
    Ok(())
}

/// Cuts a stream of bytes into lines.
struct Lines {
    max: usize,
    line: Vec<u8>,
    /// Bytes of the line that were left out.
    cut: u64,
    /// Whether a line was begun.
    begun: bool,
}

impl Lines {
    fn new(max: usize) -> Self {
        Self { max, line: Vec::new(), cut: 0, begun: false }
    }

    fn take(&mut self, bytes: &[u8], mut emit: impl FnMut(&[u8], u64)) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let (content, whole) = match piece.split_last() {
                Some((b'\n', content)) => (content, true),
                _ => (piece, false),
            };
            let room = self.max - self.line.len();
            let kept = content.get(..room).unwrap_or(content);
            self.line.extend_from_slice(kept);
            self.cut += (content.len() - kept.len()) as u64;
            self.begun = true;
            if whole {
                self.end(&mut emit);
            }
        }
    }

    fn end(&mut self, mut emit: impl FnMut(&[u8], u64)) {
        if std::mem::take(&mut self.begun) {
            let cut = std::mem::take(&mut self.cut);
            let line = self.line.strip_suffix(b"\r").filter(|_| cut == 0).unwrap_or(&self.line);
            emit(line, cut);
        }
        self.line.clear();
    }
}

/// Bytes as text on one line: what is not UTF-8 is replaced, control characters are escaped.
fn printable(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    if !text.chars().any(|c| c.is_control() && c != '\t') {
        return text.into_owned();
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c.is_control() && c != '\t' {
            true => escaped.extend(c.escape_default()),
            false => escaped.push(c),
        }
    }
    escaped
}

struct Log {
    slot: Arc<Slot>,
    pid: u32,
    stream: Stream,
    lines: Counter,
    cuts: Counter,
}

impl Log {
    fn new(slot: Arc<Slot>, pid: u32, stream: Stream) -> Self {
        let counter = |name: &'static str| metrics::counter!(name, BRIDGE => slot.bridge.to_string(), WORKER => slot.id().to_owned(), STREAM => stream.name());
        let (lines, cuts) = (counter(OUTPUT_LINES.name), counter(OUTPUT_CUT.name));
        Self { slot, pid, stream, lines, cuts }
    }

    fn line(&self, line: &[u8], cut: u64) {
        self.lines.increment(1);
        self.slot.printed(cut > 0);
        if cut > 0 {
            self.cuts.increment(1);
        }
        let level = match self.stream {
            Stream::Stdout => self.slot.config.stdout_level,
            Stream::Stderr => self.slot.config.stderr_level,
        };
        let (bridge, worker, pid, stream) = (&*self.slot.bridge, self.slot.id(), self.pid, self.stream.name());
        let cut = (cut > 0).then_some(cut);
        macro_rules! event {
            ($level:expr) => {
                tracing::event!(
                    target: "mycelium_bridge::output", $level,
                    bridge, worker, pid, stream, cut_bytes = cut, "{}", printable(line)
                )
            };
        }
        // The level of an event is part of the program, not of its data.
        match level {
            Level::ERROR => event!(Level::ERROR),
            Level::WARN => event!(Level::WARN),
            Level::INFO => event!(Level::INFO),
            Level::DEBUG => event!(Level::DEBUG),
            _ => event!(Level::TRACE),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(max: usize, pieces: &[&[u8]]) -> Vec<(String, u64)> {
        let mut lines = Lines::new(max);
        let mut found = Vec::new();
        for piece in pieces {
            lines.take(piece, |line, cut| found.push((printable(line), cut)));
        }
        lines.end(|line, cut| found.push((printable(line), cut)));
        found
    }

    #[track_caller]
    fn check(max: usize, pieces: &[&[u8]], expected: &[(&str, u64)]) {
        let expected: Vec<_> = expected.iter().map(|(line, cut)| ((*line).to_owned(), *cut)).collect();
        assert_eq!(lines(max, pieces), expected);
        // However the stream is cut, the lines are the same.
        let bytes: Vec<_> = pieces.concat();
        let single: Vec<_> = bytes.chunks(1).collect();
        assert_eq!(lines(max, &single), expected);
    }

    #[test]
    fn lines_are_the_same_however_they_come() {
        check(80, &[b"one\ntw", b"o\r\n\nthree"], &[("one", 0), ("two", 0), ("", 0), ("three", 0)]);
        check(80, &[b""], &[]);
    }

    // Without the limit a worker that never ends its line takes all memory.
    #[test]
    fn long_lines_are_cut_and_say_so() {
        check(4, &[b"abcd\nabcdef", b"gh\nx\n"], &[("abcd", 0), ("abcd", 4), ("x", 0)]);
    }

    // Without it a worker could write lines of its own into a log, or confuse a terminal.
    #[test]
    fn binary_junk_is_text_on_one_line() {
        check(80, &[b"\xff\x00a\x1b[2J\tb\n"], &[("\u{fffd}\\u{0}a\\u{1b}[2J\tb", 0)]);
    }
}
