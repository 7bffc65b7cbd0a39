//! `ratios [--quick] [--strict] [FILTER]`: every lane of the matrix in interleaved rounds, as Markdown: nanoseconds,
//! ours as a ratio of each, and the goals. `--strict` fails when a goal is not met.

use std::process::ExitCode;
use std::time::Duration;

use mycelium_bench::matrix::{self, Group, PLAIN, PLAIN_AGAIN};
use mycelium_bench::rounds::{self, Plan};

/// About a clock cycle, in nanoseconds.
const CYCLE: f64 = 0.3;

fn main() -> ExitCode {
    let mut plan = Plan { rounds: 1_000, batch: Duration::from_micros(100) };
    let (mut strict, mut filter) = (false, String::new());
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            "--quick" => plan.rounds = 100,
            "--strict" => strict = true,
            _ => filter = argument,
        }
    }
    let mut unmet = 0;
    for mut group in matrix::groups() {
        if group.name.contains(&filter) {
            let best = rounds::minima(&mut group.lanes, plan);
            unmet += report(&group, &best);
        }
    }
    println!("Rust: {unmet} goals not met.");
    if strict && unmet > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// Prints one group; says how many of its goals are not met.
fn report(group: &Group<'_>, best: &[f64]) -> usize {
    let ours = best[0];
    let time = |name| group.lanes.iter().zip(best).find(|(lane, _)| lane.name == name).map(|(_, time)| *time);
    // Two lanes of the same code differ by chance (where the linker puts them, what the machine does), and times come
    // in clock cycles: a ratio is as good as it gets to that precision.
    let spread = match (time(PLAIN), time(PLAIN_AGAIN)) {
        (Some(one), Some(other)) => (one / other).max(other / one) - 1.0,
        _ => 0.0,
    };
    let noise = spread.clamp(0.02, 0.1).max(CYCLE / ours);
    println!("### {}\n", group.name);
    println!("| lane | bytes | ns | ours / lane | goal | |\n| --- | ---: | ---: | ---: | ---: | --- |");
    let mut unmet = 0;
    for (lane, time) in group.lanes.iter().zip(best) {
        let ratio = ours / time;
        let (goal, verdict) = match group.goals.iter().find(|goal| goal.against == lane.name) {
            Some(goal) if ratio <= goal.ratio => (format!("{:.2}", goal.ratio), "met"),
            Some(goal) if ratio <= goal.ratio * (1.0 + noise) => (format!("{:.2}", goal.ratio), "met within noise"),
            Some(goal) => {
                unmet += 1;
                (format!("{:.2}", goal.ratio), "not met")
            }
            None => (String::new(), ""),
        };
        println!("| {} | {} | {time:.2} | {ratio:.2} | {goal} | {verdict} |", lane.name, lane.bytes);
    }
    println!();
    unmet
}
