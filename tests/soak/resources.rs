//! What this process has of the system.

use std::fmt;
use std::fs;
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::time::interval;

/// What an allocator may keep for itself of what was freed, in KiB.
const KEPT: usize = 16 * 1024;

#[derive(Debug, PartialEq, Eq)]
pub struct Resources {
    descriptors: usize,
    threads: usize,
    children: usize,
    resident_kib: usize,
}

fn entries(path: &str) -> usize {
    fs::read_dir(path).expect("a folder of /proc").count()
}

fn children() -> usize {
    let threads = fs::read_dir("/proc/self/task").expect("threads").flatten();
    // A thread may end meanwhile, and its file with it.
    threads
        .map(|thread| fs::read_to_string(thread.path().join("children")).unwrap_or_default())
        .map(|children| children.split_whitespace().count())
        .sum()
}

fn resident_kib() -> usize {
    let status = fs::read_to_string("/proc/self/status").expect("/proc/self/status");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("VmRSS");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

impl Resources {
    /// Once the number of threads does not change any more: those for calls that block end a little later than the call.
    pub fn settled(runtime: &Runtime) -> Self {
        let threads = || entries("/proc/self/task");
        let threads = runtime.block_on(async {
            let mut ticks = interval(Duration::from_millis(500));
            let mut last = threads();
            loop {
                ticks.tick().await;
                ticks.tick().await;
                let now = threads();
                if now == last {
                    return now;
                }
                last = now;
            }
        });
        Self { descriptors: entries("/proc/self/fd"), threads, children: children(), resident_kib: resident_kib() }
    }

    pub fn check(&self, before: &Self) {
        assert_eq!((self.descriptors, self.threads), (before.descriptors, before.threads), "descriptors, threads");
        assert_eq!(self.children, 0, "processes are left");
        assert!(self.resident_kib <= before.resident_kib + KEPT, "memory: {before}, then {self}");
    }
}

impl fmt::Display for Resources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} descriptors, {} threads, {} processes, {} KiB resident",
            self.descriptors, self.threads, self.children, self.resident_kib
        )
    }
}
