//! Sockets: what the bus costs beside raw loops over the same kind of socket, ZeroMQ and NATS, in one process. Every
//! lane has its connections open before it is measured, and counts what arrives.

use std::error::Error;
use std::process::ExitCode;
use std::time::{Duration, Instant};

pub mod groups;
#[cfg(feature = "peers")]
pub mod nats;
pub mod ours;
pub mod raw;
pub mod relay;
#[cfg(feature = "zeromq")]
pub mod zeromq;

/// What a lane may fail with while it is set up or runs.
pub type Failure = Box<dyn Error + Send + Sync>;

/// The two messages that are sent, by the size of their frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// Tick: 24 bytes of payload, 30 as a frame.
    Small,
    /// TextMessage: 312 bytes of payload, 318 as a frame.
    Large,
}

impl Size {
    /// Both.
    pub const ALL: [Size; 2] = [Size::Small, Size::Large];

    /// Bytes of a frame.
    pub const fn frame(self) -> usize {
        match self {
            Size::Small => 30,
            Size::Large => 318,
        }
    }
}

/// What carries the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carrier {
    /// A Unix socket.
    Unix,
    /// TCP over the loopback interface, TCP_NODELAY.
    Tcp,
}

/// One way of sending messages from one end to the other.
pub trait OneWay {
    /// The time from the first of `count` messages sent until the last one arrived.
    fn run(&mut self, count: u64) -> Result<Duration, Failure>;
}

/// One way of asking and being answered.
pub trait RoundTrip {
    /// The time of each of `count` round trips, one after the other.
    fn run(&mut self, count: usize) -> Result<Vec<Duration>, Failure>;
}

/// Times `count` calls one by one.
pub fn each(count: usize, mut call: impl FnMut() -> Result<(), Failure>) -> Result<Vec<Duration>, Failure> {
    let mut times = Vec::with_capacity(count);
    for _ in 0..count {
        let start = Instant::now();
        call()?;
        times.push(start.elapsed());
    }
    Ok(times)
}

/// How long to measure.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Rounds over all lanes.
    pub rounds: usize,
    /// How long one lane's part of a round should take.
    pub batch: Duration,
    /// Round trips in one lane's part of a round.
    pub trips: usize,
}

/// Says how many goals are not met, or what went wrong; a failure where goals are `strict`.
pub fn conclude(what: &str, outcome: Result<usize, Failure>, strict: bool) -> ExitCode {
    match outcome {
        Ok(unmet) => {
            println!("{what}: {unmet} goals not met.");
            if strict && unmet > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS }
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The fastest batch of each lane, in nanoseconds a message: rounds go over all lanes, as in [`crate::rounds`].
pub fn one_way(lanes: &mut [Box<dyn OneWay>], plan: Plan) -> Result<Vec<f64>, Failure> {
    let mut counts = Vec::new();
    for lane in &mut *lanes {
        counts.push(calibrate(lane.as_mut(), plan.batch)?);
    }
    let mut best = vec![f64::INFINITY; lanes.len()];
    for _ in 0..plan.rounds {
        for ((lane, count), best) in lanes.iter_mut().zip(&counts).zip(&mut best) {
            *best = best.min(lane.run(*count)?.as_secs_f64() * 1e9 / *count as f64);
        }
    }
    Ok(best)
}

fn calibrate(lane: &mut dyn OneWay, batch: Duration) -> Result<u64, Failure> {
    let mut count = 1_000;
    loop {
        let time = lane.run(count)?;
        if time >= batch / 4 {
            return Ok((count as f64 * batch.as_secs_f64() / time.as_secs_f64()) as u64);
        }
        count *= 2;
    }
}

/// p50, p99 and p99.9 of a lane's round trips, in microseconds: each the least of any round.
pub type Percentiles = [f64; 3];

/// The round trips of each lane, and the first lane's p50 as a part of its: the median of what it was in each round. The
/// processor's clock changes from one second to the next, so that the least of either need not be of the same clock.
pub fn round_trips(lanes: &mut [Box<dyn RoundTrip>], plan: Plan) -> Result<Vec<(Percentiles, f64)>, Failure> {
    let mut best = vec![[f64::INFINITY; 3]; lanes.len()];
    let mut ratios = vec![Vec::new(); lanes.len()];
    for _ in 0..plan.rounds {
        let mut first = None;
        for ((lane, best), ratios) in lanes.iter_mut().zip(&mut best).zip(&mut ratios) {
            let mut times = lane.run(plan.trips)?;
            times.sort_unstable();
            let percentiles = [50.0, 99.0, 99.9].map(|percent| {
                let index = (times.len() as f64 * percent / 100.0) as usize;
                times.get(index).or(times.last()).copied().unwrap_or(Duration::MAX).as_secs_f64() * 1e6
            });
            ratios.push(*first.get_or_insert(percentiles[0]) / percentiles[0]);
            for (best, time) in best.iter_mut().zip(percentiles) {
                *best = best.min(time);
            }
        }
    }
    let median = |mut ratios: Vec<f64>| {
        ratios.sort_unstable_by(f64::total_cmp);
        ratios.get(ratios.len() / 2).copied().unwrap_or(f64::NAN)
    };
    Ok(best.into_iter().zip(ratios.into_iter().map(median)).collect())
}

/// Pins this thread, and those it starts from now on, to one core. Across cores, a round trip measures how long the
/// machine takes to wake one.
pub fn pin_to_one_core() -> Result<(), Failure> {
    // SAFETY: a set of processors is plain old data, for which zeros are the empty set.
    let mut set: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    // SAFETY: the set is a valid one, and processor 0 is within it.
    unsafe { libc::CPU_SET(0, &mut set) };
    // SAFETY: the pointer is to a set of the size that is given.
    match unsafe { libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &set) } {
        0 => Ok(()),
        _ => Err(std::io::Error::last_os_error().into()),
    }
}
