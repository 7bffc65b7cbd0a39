//! Running other programs: always from the workspace's folder unless told otherwise, never with a standard input
//! that could block.

use std::process::{Command, Stdio};

use crate::{Failure, workspace};

/// A program to run in the workspace's folder.
pub fn program(name: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(name);
    command.args(arguments).current_dir(workspace::root()).stdin(Stdio::null());
    command
}

/// The cargo that runs this program.
pub fn cargo(arguments: &[&str]) -> Command {
    program(&std::env::var("CARGO").unwrap_or_else(|_| "cargo".into()), arguments)
}

/// Runs to the end with output on the terminal; anything but success is a failure that names the command.
pub fn run(mut command: Command) -> Result<(), Failure> {
    let shown = shown(&command);
    let status = command.status().map_err(|error| Failure(format!("cannot run `{shown}`: {error}")))?;
    if status.success() { Ok(()) } else { Err(Failure(format!("`{shown}` failed ({status})"))) }
}

/// Standard output of a command that succeeds.
pub fn output(mut command: Command) -> Result<String, Failure> {
    let shown = shown(&command);
    let output = command.output().map_err(|error| Failure(format!("cannot run `{shown}`: {error}")))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        Err(Failure(format!("`{shown}` failed ({})\n{words}", output.status)))
    }
}

/// Whether a command can be started and succeeds; its output is thrown away.
pub fn succeeds(mut command: Command) -> bool {
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

/// The command as one would type it.
pub fn shown(command: &Command) -> String {
    let mut words = vec![command.get_program().to_string_lossy().into_owned()];
    if let Some((_, name)) = words[0].rsplit_once('/') {
        words[0] = name.to_owned();
    }
    words.extend(command.get_args().map(|argument| argument.to_string_lossy().into_owned()));
    words.join(" ")
}
