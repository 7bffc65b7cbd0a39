//! What a worker prints, line by line into the log, and no faster than there is room: [`Room`].

use std::io;
use std::os::fd::OwnedFd;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use metrics::Counter;
use tokio::net::unix::pipe::Receiver;
use tokio::sync::{Mutex, MutexGuard, watch};
use tokio_util::sync::CancellationToken;
use tracing::Level;

use super::slot::Slot;
use crate::metrics::{BRIDGE, OUTPUT_CUT, OUTPUT_LINES, STREAM, WORKER};

/// Bytes that are read at once; then others have their turn.
const TURN: usize = 8 * 1024;

/// What is still read of a worker that has ended: at least what a pipe can hold. A process that it left behind may go on
/// writing for ever.
const REST: usize = 2 << 20;

/// How long the last words of a worker that has ended wait for room in the log. Then they are logged without, and may be
/// lost: its next launch has to come, or the end of the bridge.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// The `target` of the events that are lines of workers' output.
pub const OUTPUT_TARGET: &str = "mycelium_bridge::output";

/// Room in the log, which all workers share. Whoever waits has one line each in turn, so that one who prints without end
/// does not silence the others.
#[derive(Debug)]
pub(crate) struct Room {
    room: Mutex<watch::Receiver<bool>>,
}

impl Room {
    pub(crate) fn new(room: watch::Receiver<bool>) -> Self {
        Self { room: Mutex::new(room) }
    }

    /// Waits for room and for its turn, which lasts as long as what it gives.
    async fn turn(&self) -> MutexGuard<'_, watch::Receiver<bool>> {
        let mut room = self.room.lock().await;
        // Where nobody is left to say that there is room, nobody keeps anything.
        let _ = room.wait_for(|room| *room).await;
        room
    }
}

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
    let mut late = pin!(async {
        ended.cancelled().await;
        tokio::time::sleep(LAST_WORDS).await;
    });
    let mut is_late = false;
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
                let mut bytes = buffer.get(..read).unwrap_or_default();
                while let Some(rest) = lines.take(bytes) {
                    bytes = rest;
                    let _turn = match &log.slot.room {
                        Some(room) if !is_late => tokio::select! {
                            biased;
                            turn = room.turn() => Some(turn),
                            () = &mut late => {
                                is_late = true;
                                None
                            }
                        },
                        _ => None,
                    };
                    lines.end(|line, cut| log.line(line, cut));
                }
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

    /// Takes bytes up to the end of a line, which is then to be had from [`Lines::end`], and gives the rest; `None` where
    /// none of them ends a line, and all are taken.
    fn take<'a>(&mut self, bytes: &'a [u8]) -> Option<&'a [u8]> {
        let end = bytes.iter().position(|byte| *byte == b'\n');
        let (content, rest) = match end {
            Some(end) => (bytes.get(..end).unwrap_or_default(), bytes.get(end + 1..)),
            None => (bytes, None),
        };
        let room = self.max - self.line.len();
        let kept = content.get(..room).unwrap_or(content);
        self.line.extend_from_slice(kept);
        self.cut += (content.len() - kept.len()) as u64;
        self.begun |= !bytes.is_empty();
        rest
    }

    fn end(&mut self, emit: impl FnOnce(&[u8], u64)) {
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
                    target: OUTPUT_TARGET, $level,
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
        for mut piece in pieces.iter().copied() {
            while let Some(rest) = lines.take(piece) {
                piece = rest;
                lines.end(|line, cut| found.push((printable(line), cut)));
            }
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
