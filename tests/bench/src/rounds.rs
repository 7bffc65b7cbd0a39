//! Interleaved rounds: every lane runs a short batch in every round, and the fastest batch of a lane counts. Noise
//! on a shared machine comes in bursts and only ever adds time, so minima over interleaved batches compare fairly
//! where means over separate runs do not.

use std::time::{Duration, Instant};

use rkyv::util::AlignedVec;

/// One thing to measure.
pub struct Lane<'a> {
    /// What it is called.
    pub name: &'static str,
    /// Bytes it writes or reads.
    pub bytes: usize,
    run: Box<dyn FnMut(usize, u64) -> Duration + 'a>,
}

/// How many places there are. How long a copy takes depends on where its ends lie in memory: every lane is measured
/// at several places, and the best one counts.
pub const PLACES: usize = 16;

/// Bytes that fit a place.
pub const ROOM: usize = 1024;

/// Where a place begins in an [`arena`]: at all multiples of sixteen bytes within a cache line, over several pages.
pub fn offset(place: usize) -> usize {
    place * (ROOM + 80)
}

/// Memory with `bytes` at every place.
pub fn arena(bytes: &[u8]) -> AlignedVec<64> {
    let mut arena = AlignedVec::new();
    arena.resize(offset(PLACES), 0);
    for place in 0..PLACES {
        arena[offset(place)..][..bytes.len()].copy_from_slice(bytes);
    }
    arena
}

impl<'a> Lane<'a> {
    /// A lane whose `run`, given a place and a number, takes the time of so many calls in a loop of its own.
    pub fn new(name: &'static str, bytes: usize, run: impl FnMut(usize, u64) -> Duration + 'a) -> Self {
        Self { name, bytes, run: Box::new(run) }
    }

    /// The time of `count` calls at `place`.
    pub fn time(&mut self, place: usize, count: u64) -> Duration {
        (self.run)(place % PLACES, count)
    }
}

/// The time of `count` calls of `operation`.
#[inline(always)]
pub fn time(count: u64, mut operation: impl FnMut()) -> Duration {
    let start = Instant::now();
    for _ in 0..count {
        operation();
    }
    start.elapsed()
}

/// How long to measure.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Rounds over all lanes.
    pub rounds: u32,
    /// How long one batch should take.
    pub batch: Duration,
}

/// The fastest batch of each lane, in nanoseconds a call.
pub fn minima(lanes: &mut [Lane<'_>], plan: Plan) -> Vec<f64> {
    let counts: Vec<u64> = lanes.iter_mut().map(|lane| calibrate(lane, plan.batch)).collect();
    let mut best = vec![f64::INFINITY; lanes.len()];
    for round in 0..plan.rounds as usize {
        for step in 0..lanes.len() {
            let index = (round + step) % lanes.len();
            let nanoseconds = lanes[index].time(round, counts[index]).as_secs_f64() * 1e9 / counts[index] as f64;
            best[index] = best[index].min(nanoseconds);
        }
    }
    best
}

/// How many calls take about `batch`. The fastest of some tries: one that was interrupted would make batches so short
/// that reading the clock is most of them.
fn calibrate(lane: &mut Lane<'_>, batch: Duration) -> u64 {
    let mut count = 1;
    loop {
        let time = (0..5).map(|place| lane.time(place, count)).min().unwrap_or_default();
        if time >= batch / 4 || count >= 1 << 30 {
            let scale = batch.as_secs_f64() / time.as_secs_f64().max(1e-9);
            return ((count as f64 * scale) as u64).max(1);
        }
        count *= 2;
    }
}

#[cfg(test)]
mod tests {
    use std::hint::black_box;

    use super::*;

    /// A measurement that cannot tell ten times the work from the work is of no use.
    #[test]
    fn more_work_takes_more_time() {
        let spin = |turns: u64| move || _ = (0..black_box(turns)).map(black_box).max();
        let lane = |name, turns| Lane::new(name, 0, move |_, count| time(count, spin(turns)));
        let mut lanes = [lane("one", 100), lane("ten", 1_000)];
        let plan = Plan { rounds: 50, batch: Duration::from_micros(20) };
        let best = minima(&mut lanes, plan);
        assert!(best[1] / best[0] > 3.0, "{best:?}");
    }
}
