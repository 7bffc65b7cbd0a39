//! Interleaved rounds: every lane runs a short batch in every round, and the fastest batch of a lane counts. Noise
//! on a shared machine comes in bursts and only ever adds time, so minima over interleaved batches compare fairly
//! where means over separate runs do not.

use std::time::{Duration, Instant};

/// One thing to measure.
pub struct Lane<'a> {
    /// What it is called.
    pub name: &'static str,
    /// Bytes it writes or reads.
    pub bytes: usize,
    run: Box<dyn FnMut(u64) -> Duration + 'a>,
}

impl<'a> Lane<'a> {
    /// A lane that calls `operation`, whose loop is compiled together with it.
    pub fn new(name: &'static str, bytes: usize, mut operation: impl FnMut() + 'a) -> Self {
        let run = move |count| {
            let start = Instant::now();
            for _ in 0..count {
                operation();
            }
            start.elapsed()
        };
        Self { name, bytes, run: Box::new(run) }
    }

    /// The time of `count` calls.
    pub fn time(&mut self, count: u64) -> Duration {
        (self.run)(count)
    }
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
            let nanoseconds = lanes[index].time(counts[index]).as_secs_f64() * 1e9 / counts[index] as f64;
            best[index] = best[index].min(nanoseconds);
        }
    }
    best
}

/// How many calls take about `batch`.
fn calibrate(lane: &mut Lane<'_>, batch: Duration) -> u64 {
    let mut count = 1;
    loop {
        let time = lane.time(count);
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
        let spin = |turns: u64| move || (0..black_box(turns)).for_each(|turn| _ = black_box(turn));
        let mut lanes = [Lane::new("one", 0, spin(100)), Lane::new("ten", 0, spin(1_000))];
        let plan = Plan { rounds: 50, batch: Duration::from_micros(20) };
        let best = minima(&mut lanes, plan);
        assert!(best[1] / best[0] > 3.0, "{best:?}");
    }
}
