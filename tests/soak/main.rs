//! A bridge under load for a while: publishers inside and outside, readers that are too slow, workers killed at random,
//! an endpoint that goes and comes back, clients that break the rules. At the end every message is accounted for, and
//! descriptors, threads, processes and memory are where they began.
//!
//! In a process of its own, so that there is nothing else to count. `cargo xtask soak --minutes N` runs it for longer.

mod accounts;
mod load;
mod outside;
mod resources;

#[rustfmt::skip]
#[path = "../../runtime-rust/bus/tests/messages/messages.rs"]
#[allow(dead_code)]
mod messages;
#[path = "../transport_tests/echo.rs"]
mod echo;

use std::time::Duration;

use resources::Resources;

/// How long it takes, in seconds.
const SECONDS: &str = "MYCELIUM_SOAK_SECONDS";
/// What a whole run makes before anything is counted: threads of the runtime, and what is made once.
const WARM_UP: Duration = Duration::from_secs(2);

fn main() {
    let seconds = std::env::var(SECONDS).map_or(60, |seconds| seconds.parse().expect("a number of seconds"));
    let program = echo::program("same");
    // Threads for calls that block are kept for as long: not to be waited for at the end.
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(2).thread_keep_alive(Duration::from_millis(200)).enable_all().build();
    let runtime = runtime.expect("a runtime");
    runtime.block_on(load::run(&program, WARM_UP));
    let before = Resources::settled(&runtime);
    let report = runtime.block_on(load::run(&program, Duration::from_secs(seconds)));
    let after = Resources::settled(&runtime);
    println!("{report}");
    println!("before: {before}\nafter:  {after}");
    report.check();
    after.check(&before);
    println!("soak: every message is accounted for");
}
