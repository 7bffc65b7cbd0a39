//! When to try again, and when to give up: [`Backoff`] with [`Jitter`], [`Intensity`] as in Erlang/OTP, and
//! [`Supervisor`], which is both. Pure: the clock is passed in. What is tried again (services, connections, worker
//! processes) is left to the caller.
//!
//! ```
//! use std::time::{Duration, Instant};
//! use mycelium_bus::supervision::{Decision, Intensity, Jitter, Supervision, Supervisor};
//!
//! let policy = Supervision { intensity: Intensity::new(1, Duration::from_secs(60)), ..Supervision::default() };
//! let mut supervisor = Supervisor::new(policy, Jitter::fixed(0.0));
//! let now = Instant::now();
//! assert!(matches!(supervisor.failed(now, Duration::ZERO), Decision::Restart { .. }));
//! assert_eq!(supervisor.failed(now, Duration::ZERO), Decision::GiveUp);
//! ```

use std::collections::VecDeque;
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Exponential backoff: the wait before attempt `n` is `initial * factor^n`, at most `max`, less a random part.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Backoff {
    /// The first wait.
    pub initial: Duration,
    /// The longest wait.
    pub max: Duration,
    /// By how much the wait grows each time. Below 1, or not a number: it does not grow.
    pub factor: f64,
    /// The part of a wait that is random, from 0 (every wait is whole) to 1 (anything down to nothing).
    pub jitter: f64,
}

impl Default for Backoff {
    /// 100 ms, doubled up to 30 s, the half of it random.
    fn default() -> Self {
        Self { initial: Duration::from_millis(100), max: Duration::from_secs(30), factor: 2.0, jitter: 0.5 }
    }
}

impl Backoff {
    /// The same wait every time, nothing of it random.
    pub const fn constant(wait: Duration) -> Self {
        Self { initial: wait, max: wait, factor: 1.0, jitter: 0.0 }
    }

    /// The wait before attempt `attempt`, counted from 0.
    pub fn delay(&self, attempt: u32, jitter: &Jitter) -> Duration {
        let factor = if self.factor >= 1.0 { self.factor } else { 1.0 };
        let whole = self.initial.as_secs_f64() * factor.powi(i32::try_from(attempt).unwrap_or(i32::MAX));
        // `initial` of 0 times an infinite factor is not a number: that wait is 0.
        let whole = if whole.is_nan() { 0.0 } else { whole.min(self.max.as_secs_f64()) };
        let random = if self.jitter > 0.0 { self.jitter.min(1.0) * jitter.sample() } else { 0.0 };
        // Rounded to whole seconds by f64 where `max` is that large, so hold it to `max` again.
        Duration::try_from_secs_f64(whole * (1.0 - random)).unwrap_or(self.max).min(self.max)
    }
}

/// Where random parts of waits come from: numbers from 0 up to 1. Clones share their source.
#[derive(Clone)]
pub struct Jitter(Arc<dyn Fn() -> f64 + Send + Sync>);

impl Default for Jitter {
    /// [`Jitter::random`].
    fn default() -> Self {
        Self::random()
    }
}

impl fmt::Debug for Jitter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Jitter(..)")
    }
}

impl Jitter {
    /// Another sequence in every process and for every call; not for secrets.
    pub fn random() -> Self {
        // The standard library's hash keys are the operating system's randomness, and differ by call.
        Self::seeded(RandomState::new().hash_one(0u8))
    }

    /// The same sequence for the same seed.
    pub fn seeded(seed: u64) -> Self {
        let state = AtomicU64::new(seed);
        Self::from_fn(move || {
            // SplitMix64: a counter and a mixer, so concurrent callers need no more than an atomic addition.
            const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
            let mut z = state.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            z ^= z >> 31;
            (z >> 11) as f64 / (1u64 << 53) as f64
        })
    }

    /// Always `value`: 0 makes every wait whole.
    pub fn fixed(value: f64) -> Self {
        Self::from_fn(move || value)
    }

    /// What `source` returns; it is held to 0 and 1.
    pub fn from_fn(source: impl Fn() -> f64 + Send + Sync + 'static) -> Self {
        Self(Arc::new(source))
    }

    /// The next number.
    pub fn sample(&self) -> f64 {
        let value = (self.0)();
        if value >= 0.0 { value.min(1.0) } else { 0.0 }
    }
}

/// How many restarts within how long are too many, as in Erlang/OTP: one restart more than `restarts` within `window`
/// is given up on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Intensity {
    /// Restarts that are allowed; 0 allows none at all.
    pub restarts: u32,
    /// Within this time.
    pub window: Duration,
}

impl Default for Intensity {
    /// 5 restarts in 60 s.
    fn default() -> Self {
        Self::new(5, Duration::from_secs(60))
    }
}

impl Intensity {
    /// Never give up.
    pub const UNLIMITED: Self = Self { restarts: u32::MAX, window: Duration::ZERO };

    /// At most `restarts` within `window`.
    pub const fn new(restarts: u32, window: Duration) -> Self {
        Self { restarts, window }
    }
}

/// The whole policy: how long to wait, when to give up, when all is forgiven.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Supervision {
    /// The wait before each restart.
    pub backoff: Backoff,
    /// How many restarts are too many.
    pub intensity: Intensity,
    /// After having run this long, a failure waits as the first one did. The intensity's window goes on as it is.
    pub healthy_after: Duration,
}

impl Default for Supervision {
    /// The defaults of [`Backoff`] and [`Intensity`]; healthy after 60 s.
    fn default() -> Self {
        Self { backoff: Backoff::default(), intensity: Intensity::default(), healthy_after: Duration::from_secs(60) }
    }
}

/// What to do about a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Start again.
    Restart {
        /// How long to wait before.
        delay: Duration,
    },
    /// There were too many restarts.
    GiveUp,
}

/// The failures of one supervised thing.
#[derive(Clone, Debug)]
pub struct Supervisor {
    policy: Supervision,
    jitter: Jitter,
    /// Failures since it was healthy last.
    attempt: u32,
    /// When it was restarted within the window; never longer than the intensity allows.
    restarted: VecDeque<Instant>,
}

impl Supervisor {
    /// A supervisor of something that has not failed yet.
    pub fn new(policy: Supervision, jitter: Jitter) -> Self {
        Self { policy, jitter, attempt: 0, restarted: VecDeque::new() }
    }

    /// Records a failure at `now` after `ran_for` of running (zero where it did not get to run).
    pub fn failed(&mut self, now: Instant, ran_for: Duration) -> Decision {
        if ran_for >= self.policy.healthy_after {
            self.attempt = 0;
        }
        if !self.permit(now) {
            return Decision::GiveUp;
        }
        let delay = self.policy.backoff.delay(self.attempt, &self.jitter);
        self.attempt = self.attempt.saturating_add(1);
        Decision::Restart { delay }
    }

    fn permit(&mut self, now: Instant) -> bool {
        let Intensity { restarts, window } = self.policy.intensity;
        if restarts == u32::MAX {
            return true;
        }
        while self.restarted.front().is_some_and(|then| now.saturating_duration_since(*then) > window) {
            self.restarted.pop_front();
        }
        let permitted = self.restarted.len() < restarts as usize;
        if permitted {
            self.restarted.push_back(now);
        }
        permitted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn delays(backoff: Backoff, jitter: &Jitter, count: u32) -> Vec<u128> {
        (0..count).map(|attempt| backoff.delay(attempt, jitter).as_millis()).collect()
    }

    #[test]
    fn waits_grow_up_to_the_longest() {
        let backoff = Backoff { initial: SECOND / 10, max: SECOND, factor: 2.0, jitter: 0.5 };
        assert_eq!(delays(backoff, &Jitter::fixed(0.0), 6), [100, 200, 400, 800, 1000, 1000]);
        assert_eq!(delays(backoff, &Jitter::fixed(1.0), 6), [50, 100, 200, 400, 500, 500]);
        assert_eq!(delays(Backoff::constant(SECOND), &Jitter::random(), 3), [1000; 3]);
    }

    // Settings come from files: none of them may panic, or make a wait longer than the longest.
    #[test]
    fn any_setting_gives_a_wait() {
        let numbers = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0, 0.0, 0.5, 1.0, 2.0, f64::MAX];
        let times = [Duration::ZERO, Duration::from_nanos(1), SECOND, Duration::MAX];
        for factor in numbers {
            for jitter in numbers {
                for (initial, max) in times.iter().flat_map(|initial| times.map(|max| (*initial, max))) {
                    let backoff = Backoff { initial, max, factor, jitter };
                    for attempt in [0, 1, 31, 1100, u32::MAX] {
                        for sample in numbers {
                            let delay = backoff.delay(attempt, &Jitter::fixed(sample));
                            assert!(delay <= max, "{backoff:?} {attempt} {sample}: {delay:?}");
                        }
                    }
                }
            }
        }
    }

    // Without it, everything that failed together starts again together.
    #[test]
    fn random_parts_are_spread_and_differ() {
        for jitter in [Jitter::random(), Jitter::seeded(0)] {
            let mut quarters = [0; 4];
            for _ in 0..4000 {
                quarters[(jitter.sample() * 4.0) as usize] += 1;
            }
            assert!(quarters.iter().all(|&count| (800..1200).contains(&count)), "{quarters:?}");
        }
        let sequence = |jitter: Jitter| (0..4).map(|_| jitter.sample().to_bits()).collect::<Vec<_>>();
        assert_ne!(sequence(Jitter::random()), sequence(Jitter::random()));
        assert_eq!(sequence(Jitter::seeded(7)), sequence(Jitter::seeded(7)));
        let shared = Jitter::seeded(7);
        assert_ne!(sequence(shared.clone()), sequence(shared));
    }

    fn supervisor(restarts: u32, window: Duration) -> Supervisor {
        let backoff = Backoff { initial: SECOND, max: 100 * SECOND, factor: 2.0, jitter: 0.0 };
        let intensity = Intensity::new(restarts, window);
        Supervisor::new(Supervision { backoff, intensity, healthy_after: 10 * SECOND }, Jitter::fixed(0.0))
    }

    fn restart(seconds: u32) -> Decision {
        Decision::Restart { delay: seconds * SECOND }
    }

    #[test]
    fn one_restart_more_than_allowed_is_given_up_on() {
        let now = Instant::now();
        let mut three = supervisor(3, 60 * SECOND);
        let decisions = [0; 4].map(|_| three.failed(now, Duration::ZERO));
        assert_eq!(decisions, [restart(1), restart(2), restart(4), Decision::GiveUp]);
        assert_eq!(supervisor(0, 60 * SECOND).failed(now, 1000 * SECOND), Decision::GiveUp);
    }

    // OTP's window slides: it has no fixed borders across which twice as many restarts would pass.
    #[test]
    fn the_window_slides() {
        let start = Instant::now();
        let mut two = supervisor(2, 10 * SECOND);
        let mut at = |seconds: u32| two.failed(start + seconds * SECOND, Duration::ZERO) != Decision::GiveUp;
        assert_eq!([0, 9, 10, 11, 12].map(&mut at), [true, true, false, true, false]);
        assert_eq!([19, 20, 22].map(&mut at), [false, true, true]);
    }

    #[test]
    fn a_healthy_run_starts_the_waits_over_but_not_the_window() {
        let start = Instant::now();
        let mut four = supervisor(4, 1000 * SECOND);
        let runs = [0, 9, 10, 0, 50].map(|seconds| four.failed(start, seconds * SECOND));
        assert_eq!(runs, [restart(1), restart(2), restart(1), restart(2), Decision::GiveUp]);
    }

    // A clock that a caller passed in may stand still, and something may fail for years.
    #[test]
    fn unlimited_never_gives_up_and_keeps_nothing() {
        let policy = Supervision { intensity: Intensity::UNLIMITED, ..Supervision::default() };
        let mut unlimited = Supervisor::new(policy, Jitter::random());
        unlimited.attempt = u32::MAX - 5;
        let now = Instant::now();
        assert!((0..10).all(|_| unlimited.failed(now, Duration::ZERO) != Decision::GiveUp));
        assert!(unlimited.restarted.is_empty());
    }
}
