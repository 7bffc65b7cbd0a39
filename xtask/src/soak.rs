//! `cargo xtask soak --minutes N`: the test `soak` for as long as wanted. The gate runs it for a minute.

use crate::{Failure, Outcome, process, setup};

/// One line for the usage text.
pub const ABOUT: &str = "a bridge under load, workers killed, endpoints rebound; --minutes N (default 10)";

const USAGE: &str = "usage: cargo xtask soak [--minutes N]";

/// Runs the test, with its report on the terminal.
pub fn run(arguments: &[String]) -> Outcome {
    let minutes: u64 = match arguments {
        [] => 10,
        [option, minutes] if option == "--minutes" => minutes.parse().map_err(|_| Failure(USAGE.into()))?,
        _ => return Err(Failure(USAGE.into())),
    };
    let seconds = minutes.checked_mul(60).filter(|seconds| *seconds > 0).ok_or_else(|| Failure(USAGE.into()))?;
    setup::ensure(setup::Purpose::Gate)?;
    let mut soak = process::cargo(&["test", "--package", "mycelium-tests", "--test", "soak"]);
    soak.env("MYCELIUM_SOAK_SECONDS", seconds.to_string());
    process::run(soak)
}
