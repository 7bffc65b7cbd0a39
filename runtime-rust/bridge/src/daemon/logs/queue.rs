//! Lines on their way to whoever reads the log: [`Queue`]. A thread of its own writes them, so that nobody else ever waits
//! for a pipe that is full, a terminal that is stopped or a disk that is slow.

use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use tokio::sync::watch;

/// Bytes from which on workers' output has to wait. The rest is for what the bridge has to say itself, however much its
/// workers print.
pub const OUTPUT_WAITS: usize = 512 << 10;

/// Bytes from which on a line is dropped: one that a worker printed, where it could not wait any more, and any other.
const OUTPUT_LIMIT: usize = 768 << 10;
const LIMIT: usize = 1 << 20;

/// What is written at once: so much goes into a pipe in one piece, and no line of another writer comes between.
const BATCH: usize = 4096;

/// What a line takes besides its text.
const LINE: usize = 32;

/// Whose line it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// A worker's, which waits for [`Queue::room`] as long as it can.
    Worker,
    /// The bridge's. It does not wait.
    Bridge,
    /// The last words of a program: few, and never dropped.
    Last,
}

impl Whose {
    fn limit(self) -> usize {
        match self {
            Self::Worker => OUTPUT_LIMIT,
            Self::Bridge => LIMIT,
            Self::Last => usize::MAX,
        }
    }
}

/// A queue, bounded in bytes. Lines stay in their order, and where some were dropped the log says so, and how many.
pub struct Queue {
    state: Mutex<State>,
    /// Told when there is something to write.
    more: Condvar,
    /// Told when something was written.
    less: Condvar,
    room: watch::Sender<bool>,
}

#[derive(Default)]
struct State {
    entries: VecDeque<Entry>,
    /// Of all entries, and of what is being written.
    bytes: usize,
    /// Something was taken, and is not written yet.
    writing: bool,
    /// Counts what was written.
    progress: u64,
    dropped: u64,
}

enum Entry {
    Line(Box<[u8]>),
    /// Here so many were dropped.
    Dropped(u64),
}

/// What is written at once.
enum Batch {
    /// So many lines, which take so many bytes of the queue.
    Lines {
        count: u64,
        bytes: usize,
    },
    Dropped(u64),
}

impl Queue {
    /// Begins to write to `to`. `notice` makes a line of the log that says how many were dropped; it is called on the
    /// thread that writes.
    pub fn start(to: OwnedFd, notice: impl Fn(u64) -> Vec<u8> + Send + 'static) -> io::Result<Arc<Self>> {
        let queue = Arc::new(Self {
            state: Mutex::default(),
            more: Condvar::new(),
            less: Condvar::new(),
            room: watch::Sender::new(true),
        });
        let writer = Arc::clone(&queue);
        // It ends with the process: nobody waits for what may never come to an end.
        thread::Builder::new().name("log".into()).spawn(move || writer.write(&to, notice))?;
        Ok(queue)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a line, which ends with its line feed. Never waits.
    pub fn push(&self, line: &[u8], whose: Whose) {
        let mut state = self.lock();
        if state.bytes < whose.limit() {
            state.bytes += line.len() + LINE;
            state.entries.push_back(Entry::Line(line.into()));
        } else {
            state.dropped += 1;
            match state.entries.back_mut() {
                Some(Entry::Dropped(count)) => *count += 1,
                _ => state.entries.push_back(Entry::Dropped(1)),
            }
        }
        self.tell_room(&state);
        self.more.notify_one();
    }

    /// Whether workers' output may come, and word of when it may.
    pub fn room(&self) -> watch::Receiver<bool> {
        self.room.subscribe()
    }

    /// While the state is locked, so that what is told last is what holds.
    fn tell_room(&self, state: &State) {
        let room = state.bytes < OUTPUT_WAITS;
        self.room.send_if_modified(|told| std::mem::replace(told, room) != room);
    }

    /// Lines that were dropped, or could not be written, since the start.
    pub fn dropped(&self) -> u64 {
        self.lock().dropped
    }

    /// Waits until all is written. Gives up when for `stuck` nothing could be, and after `limit` in any case.
    pub fn flush(&self, stuck: Duration, limit: Duration) -> bool {
        let end = Instant::now() + limit;
        let mut state = self.lock();
        let (mut progress, mut patience) = (state.progress, Instant::now() + stuck);
        while state.writing || !state.entries.is_empty() {
            if state.progress != progress {
                (progress, patience) = (state.progress, Instant::now() + stuck);
            }
            let left = patience.min(end).saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            state = self.less.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    /// The thread that writes, without an end.
    fn write(&self, to: &OwnedFd, notice: impl Fn(u64) -> Vec<u8>) {
        let mut text = Vec::with_capacity(BATCH);
        // Lines that are gone, and that the log does not know of.
        let mut unsaid = 0;
        let mut output = Output { to, torn: false };
        loop {
            let batch = self.take(&mut text);
            if let Batch::Dropped(count) = batch {
                unsaid += count;
            }
            if unsaid > 0 && output.write(&notice(unsaid)).is_ok() {
                unsaid = 0;
            }
            let (mut bytes, mut lost) = (0, 0);
            if let Batch::Lines { count, bytes: taken } = batch {
                bytes = taken;
                if let Err(written) = output.write(&text) {
                    let there = text.iter().take(written).filter(|byte| **byte == b'\n').count() as u64;
                    lost = count.saturating_sub(there);
                    unsaid += lost;
                }
            }
            let mut state = self.lock();
            state.bytes -= bytes;
            state.dropped += lost;
            state.writing = false;
            state.progress += 1;
            self.tell_room(&state);
            self.less.notify_all();
        }
    }

    /// Waits for something to write, and takes it.
    fn take(&self, text: &mut Vec<u8>) -> Batch {
        text.clear();
        let mut state = self.lock();
        while state.entries.is_empty() {
            state = self.more.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.writing = true;
        let (mut count, mut bytes) = (0, 0);
        while let Some(entry) = state.entries.front() {
            match entry {
                Entry::Line(line) if text.is_empty() || text.len() + line.len() <= BATCH => {
                    text.extend_from_slice(line);
                    bytes += line.len() + LINE;
                    count += 1;
                }
                Entry::Dropped(dropped) if count == 0 => {
                    let dropped = *dropped;
                    state.entries.pop_front();
                    return Batch::Dropped(dropped);
                }
                _ => break,
            }
            state.entries.pop_front();
        }
        Batch::Lines { count, bytes }
    }
}

/// Where the log goes.
struct Output<'a> {
    to: &'a OwnedFd,
    /// A line was begun and could not be ended: what comes next begins another.
    torn: bool,
}

impl Output<'_> {
    /// Writes whole lines; where not all can be written, the error is how many bytes were.
    fn write(&mut self, lines: &[u8]) -> Result<(), usize> {
        if self.torn {
            self.put(b"\n").map_err(|_| 0_usize)?;
        }
        self.put(lines)
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), usize> {
        let mut done = 0;
        while let Some(left) = bytes.get(done..).filter(|left| !left.is_empty()) {
            match rustix::io::write(self.to, left) {
                Ok(written @ 1..) => {
                    self.torn = left.get(written - 1) != Some(&b'\n');
                    done += written;
                }
                Err(Errno::INTR) => {}
                // Somebody else who has it open has made it so.
                Err(Errno::AGAIN) => match poll(&mut [PollFd::new(&self.to.as_fd(), PollFlags::OUT)], None) {
                    Ok(_) | Err(Errno::INTR) => {}
                    Err(_) => return Err(done),
                },
                Ok(0) | Err(_) => return Err(done),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
