//! The project's own commands: `cargo xtask COMMAND`. One file per command; this one knows only their names.

mod bench;
mod bless;
mod codegen;
mod demo;
mod golden;
mod package;
mod process;
mod setup;
mod soak;
mod test;
mod tidy;
mod workspace;

use std::process::ExitCode;

/// Why a command stopped: finished words for the person at the terminal.
#[derive(Debug)]
pub struct Failure(pub String);

/// What a command comes to.
pub type Outcome = Result<(), Failure>;

struct Command {
    name: &'static str,
    about: &'static str,
    run: fn(&[String]) -> Outcome,
}

static COMMANDS: &[Command] = &[
    Command { name: "setup", about: setup::ABOUT, run: setup::run },
    Command { name: "demo", about: demo::ABOUT, run: demo::run },
    Command { name: "test", about: test::ABOUT, run: test::run },
    Command { name: "bench", about: bench::ABOUT, run: bench::run },
    Command { name: "soak", about: soak::ABOUT, run: soak::run },
    Command { name: "codegen", about: codegen::ABOUT, run: codegen::run },
    Command { name: "bless", about: bless::ABOUT, run: bless::run },
    Command { name: "tidy", about: tidy::ABOUT, run: tidy::run },
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let asked = arguments.first().map(String::as_str);
    if matches!(asked, Some("help" | "--help" | "-h")) {
        println!("{}", usage());
        return ExitCode::SUCCESS;
    }
    let Some(command) = COMMANDS.iter().find(|command| Some(command.name) == asked) else {
        eprintln!("{}", usage());
        return ExitCode::from(2);
    };
    match (command.run)(&arguments[1..]) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure(words)) => {
            eprintln!("\nxtask {}: {words}", command.name);
            ExitCode::FAILURE
        }
    }
}

fn usage() -> String {
    let mut text = String::from("usage: cargo xtask COMMAND\n");
    for Command { name, about, .. } in COMMANDS {
        text.push_str(&format!("\n  {name:<8} {about}"));
    }
    text
}
