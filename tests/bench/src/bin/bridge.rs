//! `bridge [--quick] [--strict] [FILTER] WORKER`: OCaml workers behind a bridge, as Markdown, beside raw sockets and
//! ZeroMQ. WORKER is the program of `tests/bench/bridge`. `--strict` fails when a goal is not met. FILTER is a part of the
//! names of the parts to run: throughput, restarts, round trips.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use mycelium_bench::bridge::{Bridged, FromWorkers, ToWorkers, restarts};
use mycelium_bench::transport::{self, Carrier, Failure, OneWay, Plan, RoundTrip, Size, raw, relay};

/// A round trip over four sockets takes at most so many times that over two.
const LATENCY: f64 = 2.5;
/// Nanoseconds a message, at most: half a million a second.
const THROUGHPUT: f64 = 2_000.0;
/// The other number of workers that is measured.
const MANY: u64 = 10;
const RAW: &str = "raw, two crossings";
/// What of [`PARTS`] runs where all is pinned to one core, which cannot be taken back.
const PINNED: &str = "round trips";

type Part = fn(Plan, &Path) -> Result<usize, Failure>;

/// Each measures, prints, and says how many goals are not met.
const PARTS: [(&str, Part); 3] = [("throughput", throughput), ("restarts", restart), (PINNED, latency)];

fn main() -> ExitCode {
    let mut plan = Plan { rounds: 15, batch: Duration::from_millis(300), trips: 3_000 };
    let (mut strict, mut words) = (false, Vec::new());
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            "--quick" => plan = Plan { rounds: 3, batch: Duration::from_millis(100), trips: 1_000 },
            "--strict" => strict = true,
            _ => words.push(argument),
        }
    }
    if let Some((relay::ECHO, arguments)) = words.split_first().map(|(first, rest)| (&**first, rest)) {
        return if relay::echo(arguments).is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    let outcome = match &words[..] {
        [filter @ .., worker] => run(plan, &filter.join(" "), Path::new(worker)),
        [] => Err("WORKER is missing".into()),
    };
    transport::conclude("Bridge", outcome, strict)
}

/// Measures what was asked for; says how many goals are not met.
fn run(plan: Plan, filter: &str, worker: &Path) -> Result<usize, Failure> {
    let mut unmet = 0;
    for (name, part) in PARTS.iter().filter(|(name, _)| name.contains(filter)) {
        if *name == PINNED {
            transport::pin_to_one_core()?;
        }
        unmet += part(plan, worker)?;
    }
    Ok(unmet)
}

fn restart(plan: Plan, worker: &Path) -> Result<usize, Failure> {
    let mut times = restarts(worker, plan.rounds * 4)?;
    times.sort_unstable();
    let at = |part: usize| times.get(times.len() * part / 100).copied().unwrap_or_default().as_secs_f64() * 1e3;
    println!(
        "### From kill to ready\n\nA worker that is killed is ready again after {:.1} ms (p50), {:.1} ms (p90), its",
        at(50),
        at(90)
    );
    println!("backoff aside.\n");
    Ok(0)
}

fn throughput(plan: Plan, worker: &Path) -> Result<usize, Failure> {
    let bridged = |workers| Bridged::new(worker, workers, 2);
    let mut lanes: Vec<(String, u64, Box<dyn OneWay>)> = Vec::new();
    for workers in [1, MANY] {
        let s = if workers == 1 { "" } else { "s" };
        lanes.push((format!("client to {workers} worker{s}"), workers, Box::new(ToWorkers(bridged(workers)?))));
        lanes.push((format!("{workers} worker{s} to client"), 1, Box::new(FromWorkers(bridged(workers)?))));
    }
    println!("### Messages of 30 bytes through a bridge\n");
    println!("| lane | ns a message | million frames a second into the bridge | out of it | goal | |");
    println!("| --- | ---: | ---: | ---: | ---: | --- |");
    let mut unmet = 0;
    for (name, copies, lane) in lanes {
        let best = transport::one_way(&mut [lane], plan)?[0];
        let one = name.contains(" 1 worker") || name.starts_with("1 worker");
        let (goal, verdict) = match one {
            true if best <= THROUGHPUT => (format!("{THROUGHPUT:.0} ns"), "met"),
            true => {
                unmet += 1;
                (format!("{THROUGHPUT:.0} ns"), "not met")
            }
            false => (String::new(), ""),
        };
        println!("| {name} | {best:.0} | {:.2} | {:.2} | {goal} | {verdict} |", 1e3 / best, copies as f64 * 1e3 / best);
    }
    println!();
    Ok(unmet)
}

fn latency(plan: Plan, worker: &Path) -> Result<usize, Failure> {
    let mut lanes: Vec<(&str, Box<dyn RoundTrip>)> = vec![
        ("client, bridge, worker, and back", Box::new(Bridged::new(worker, 1, 1)?)),
        ("the same, two threads a runtime", Box::new(Bridged::new(worker, 1, 2)?)),
        ("the same with 10 workers", Box::new(Bridged::new(worker, MANY, 1)?)),
        (RAW, Box::new(raw::PingPong::new(Carrier::Unix, Size::Small)?)),
        ("raw, four crossings, blocking reads", Box::new(relay::Relay::new(Size::Small, relay::Wait::Read)?)),
        ("raw, four crossings, epoll", Box::new(relay::Relay::new(Size::Small, relay::Wait::Epoll)?)),
        ("loops on tokio, four crossings", Box::new(relay::Tasks::new(Size::Small)?)),
    ];
    #[cfg(feature = "zeromq")]
    lanes.push(("ZeroMQ REQ/REP, two crossings", Box::new(transport::zeromq::ReqRep::new(Size::Small)?)));
    let (names, mut lanes): (Vec<_>, Vec<_>) = std::mem::take(&mut lanes).into_iter().unzip();
    println!("### Round trips of 30 bytes, all on one core\n");
    println!("| lane | p50 µs | p99 µs | p99.9 µs | the first / lane, p50 | goal | |");
    println!("| --- | ---: | ---: | ---: | ---: | ---: | --- |");
    let mut unmet = 0;
    for (name, ([p50, p99, p999], ratio)) in names.iter().zip(transport::round_trips(&mut lanes, plan)?) {
        let (goal, verdict) = match *name {
            RAW if ratio <= LATENCY => (format!("{LATENCY:.1}"), "met"),
            RAW => {
                unmet += 1;
                (format!("{LATENCY:.1}"), "not met")
            }
            _ => (String::new(), ""),
        };
        println!("| {name} | {p50:.1} | {p99:.1} | {p999:.1} | {ratio:.2} | {goal} | {verdict} |");
    }
    println!();
    Ok(unmet)
}
