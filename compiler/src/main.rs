//! The `myc-schema` command: everything but the exit code is [`cli`]'s.

use std::process::ExitCode;

mod cli;

fn main() -> ExitCode {
    cli::run(std::env::args_os()).into()
}
