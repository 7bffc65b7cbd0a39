//! Whether a peer is alive, and whether a connection is of use.

use std::time::{Duration, Instant};

use crate::deadline;

/// How often a peer is asked for a sign of life, and how long it may be silent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeartbeatConfig {
    /// From one `Ping` to the next; whole milliseconds count, and at least one.
    pub interval: Duration,
    /// This many intervals without a byte end the connection; at least one.
    pub misses: u16,
}

impl HeartbeatConfig {
    pub(super) fn interval_ms(&self) -> u32 {
        u32::try_from(self.interval.as_millis()).unwrap_or(u32::MAX).max(1)
    }

    fn interval(&self) -> Duration {
        Duration::from_millis(self.interval_ms().into())
    }
}

/// The state of one connection's heartbeat.
#[derive(Debug)]
pub(super) struct Heartbeat {
    config: HeartbeatConfig,
    next: Instant,
    /// A byte came since the last tick.
    heard: bool,
    /// This side could have read whatever came since the last tick.
    ready: bool,
    reading: bool,
    asked: bool,
    misses: u16,
    nonce: u64,
}

/// What a tick of the heartbeat asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Beat {
    /// The interval counts as missed.
    pub(super) missed: bool,
    /// The peer is given up.
    pub(super) dead: bool,
    /// To be asked next.
    pub(super) nonce: u64,
}

impl Heartbeat {
    pub(super) fn new(config: HeartbeatConfig, now: Instant) -> Self {
        let next = now + config.interval();
        Self { config, next, heard: false, ready: true, reading: true, asked: false, misses: 0, nonce: 0 }
    }

    pub(super) fn deadline(&self) -> Instant {
        self.next
    }

    pub(super) fn heard(&mut self) {
        self.heard = true;
    }

    /// Whether this side reads what comes.
    pub(super) fn reading(&mut self, reading: bool) {
        self.reading = reading;
        self.ready &= reading;
    }

    /// `nothing_unread`: whether the socket, looked at now, has nothing to read. Asked only where an
    /// interval would count as missed.
    pub(super) fn tick(&mut self, now: Instant, nothing_unread: impl FnOnce() -> bool) -> Option<Beat> {
        if now < self.next {
            return None;
        }
        // A process that was not run could not read either: an interval that is noticed late says nothing.
        let punctual = now - self.next <= self.config.interval() / 2;
        let missed = self.asked && !self.heard && self.ready && punctual && nothing_unread();
        if missed {
            self.misses = self.misses.saturating_add(1);
        } else if self.heard {
            self.misses = 0;
        }
        (self.heard, self.ready, self.asked) = (false, self.reading, true);
        self.next = if punctual { self.next } else { now } + self.config.interval();
        self.nonce += 1;
        Some(Beat { missed, dead: missed && self.misses >= self.config.misses.max(1), nonce: self.nonce })
    }
}

/// Finds connections on which nothing but heartbeats happens.
#[derive(Debug)]
pub(super) struct IdleWatch {
    limit: Duration,
    since: Instant,
    next: Instant,
    active: bool,
}

impl IdleWatch {
    pub(super) fn new(limit: Duration, now: Instant) -> Self {
        Self { limit, since: now, next: deadline::after(now, limit), active: false }
    }

    pub(super) fn deadline(&self) -> Instant {
        self.next
    }

    pub(super) fn active(&mut self) {
        self.active = true;
    }

    /// Whether the limit is over. Activity is only looked at here, so that it costs nothing when it
    /// happens: the limit is kept to within a quarter.
    pub(super) fn tick(&mut self, now: Instant) -> bool {
        if now < self.next {
            return false;
        }
        if std::mem::take(&mut self.active) {
            self.since = now;
        }
        self.next = deadline::after(now, self.limit / 4);
        now - self.since >= self.limit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn heartbeat(now: Instant) -> Heartbeat {
        Heartbeat::new(HeartbeatConfig { interval: SECOND, misses: 2 }, now)
    }

    fn beat(missed: bool, dead: bool, nonce: u64) -> Option<Beat> {
        Some(Beat { missed, dead, nonce })
    }

    #[test]
    fn a_silent_peer_is_asked_and_then_given_up() {
        let start = Instant::now();
        let mut heart = heartbeat(start);
        assert_eq!(heart.tick(start + SECOND / 2, || true), None);
        // Nobody has asked yet, so nothing was missed.
        assert_eq!(heart.tick(start + SECOND, || true), beat(false, false, 1));
        assert_eq!(heart.tick(start + 2 * SECOND, || true), beat(true, false, 2));
        assert_eq!(heart.tick(start + 3 * SECOND, || true), beat(true, true, 3));
    }

    #[test]
    fn any_byte_is_life() {
        let start = Instant::now();
        let mut heart = heartbeat(start);
        for second in 1..20 {
            // Every other interval is silent: never two in a row.
            if second % 2 == 0 {
                heart.heard();
            }
            assert!(!heart.tick(start + second * SECOND, || true).unwrap().dead);
        }
    }

    // A bridge that is busy, stopped, or waits for a subscriber must not blame its clients.
    #[test]
    fn intervals_in_which_this_side_did_not_read_do_not_count() {
        let start = Instant::now();
        let mut heart = heartbeat(start);
        heart.tick(start + SECOND, || true);
        heart.reading(false);
        assert_eq!(heart.tick(start + 2 * SECOND, || true), beat(false, false, 2));
        heart.reading(true);
        assert_eq!(heart.tick(start + 3 * SECOND, || true), beat(false, false, 3), "blocked in part of it");
        assert_eq!(heart.tick(start + 4 * SECOND, || false), beat(false, false, 4), "bytes wait in the socket");
        let late = start + 60 * SECOND;
        assert_eq!(heart.tick(late, || true), beat(false, false, 5), "was not run");
        assert_eq!(heart.deadline(), late + SECOND);
        assert_eq!(heart.tick(late + SECOND, || true), beat(true, false, 6));
    }

    #[test]
    fn idle_is_a_whole_limit_without_activity() {
        let start = Instant::now();
        let mut watch = IdleWatch::new(4 * SECOND, start);
        assert!(!watch.tick(start + 3 * SECOND));
        watch.active();
        assert!(!watch.tick(start + 4 * SECOND));
        assert!((5..8).all(|second| !watch.tick(start + second * SECOND)));
        assert!(watch.tick(start + 8 * SECOND));
    }
}
