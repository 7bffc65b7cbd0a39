//! `transport [--quick] [--strict] [FILTER]`: messages over sockets, as Markdown: the time of a message or a round trip,
//! ours as a ratio of each lane, and the goals. `--strict` fails when a goal is not met. FILTER is a part of the names
//! of the groups to run.

use std::process::ExitCode;
use std::time::Duration;

use mycelium_bench::transport::groups::{self, Group, Measure};
use mycelium_bench::transport::{self, Failure, Plan};

fn main() -> ExitCode {
    let mut plan = Plan { rounds: 15, batch: Duration::from_millis(150), trips: 3_000 };
    let (mut strict, mut filter) = (false, String::new());
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            "--quick" => plan = Plan { rounds: 3, batch: Duration::from_millis(60), trips: 1_000 },
            "--strict" => strict = true,
            _ => filter = argument,
        }
    }
    transport::conclude("Transport", run(plan, &filter), strict)
}

/// Runs the groups; says how many goals are not met.
fn run(plan: Plan, filter: &str) -> Result<usize, Failure> {
    let mut unmet = 0;
    // Pinning cannot be taken back: what is pinned comes last.
    for pinned in [false, true] {
        if pinned {
            transport::pin_to_one_core()?;
        }
        for group in groups::GROUPS.iter().filter(|group| group.is_pinned() == pinned && group.name.contains(filter)) {
            println!("### {}\n", group.name);
            unmet += match group.measure {
                Measure::OneWay(lanes) => {
                    let (names, mut lanes): (Vec<_>, Vec<_>) = lanes()?.into_iter().unzip();
                    let best = transport::one_way(&mut lanes, plan)?;
                    let ours = best[0];
                    let best: Vec<_> = best.into_iter().map(|time| ([time], ours / time)).collect();
                    println!("| lane | ns a message | million messages a second | ours / lane | goal | |");
                    println!("| --- | ---: | ---: | ---: | ---: | --- |");
                    report(group, &names, &best, |[time]| format!("{time:.0} | {:.2}", 1e3 / time))
                }
                Measure::RoundTrip(lanes) => {
                    let (names, mut lanes): (Vec<_>, Vec<_>) = lanes()?.into_iter().unzip();
                    let best = transport::round_trips(&mut lanes, plan)?;
                    println!("| lane | p50 µs | p99 µs | p99.9 µs | ours / lane, p50 | goal | |");
                    println!("| --- | ---: | ---: | ---: | ---: | ---: | --- |");
                    report(group, &names, &best, |[p50, p99, p999]| format!("{p50:.1} | {p99:.1} | {p999:.1}"))
                }
            };
            println!();
        }
    }
    Ok(unmet)
}

/// Prints the lines of one group: figures, and ours as a part of the lane's.
fn report<const N: usize>(
    group: &Group,
    names: &[&str],
    lanes: &[([f64; N], f64)],
    show: fn(&[f64; N]) -> String,
) -> usize {
    let mut unmet = 0;
    for (name, (figures, ratio)) in names.iter().zip(lanes) {
        let ratio = *ratio;
        let (goal, verdict) = match group.goals.iter().find(|goal| goal.lane == *name) {
            Some(goal) if ratio <= goal.ratio => (format!("{:.2}", goal.ratio), "met"),
            Some(goal) => {
                unmet += 1;
                (format!("{:.2}", goal.ratio), "not met")
            }
            None => (String::new(), ""),
        };
        println!("| {name} | {} | {ratio:.2} | {goal} | {verdict} |", show(figures));
    }
    unmet
}
