//! The `myc-bridge` command: everything but the exit code is [`daemon`]'s.

use std::process::ExitCode;

mod daemon;

fn main() -> ExitCode {
    daemon::run(std::env::args_os()).into()
}
