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

/// The cargo that runs this program. It builds for this machine and where [`workspace::target`] says, whatever the
/// user's settings: that is where what it built is looked for.
pub fn cargo(arguments: &[&str]) -> Command {
    let mut command = program(&std::env::var("CARGO").unwrap_or_else(|_| "cargo".into()), arguments);
    command.env("CARGO_TARGET_DIR", workspace::target()).env_remove("CARGO_BUILD_TARGET");
    command
}

/// Variables by which git, when it calls a hook, says what repository it speaks of.
const REPOSITORY: &[&str] = &[
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_COMMON_DIR",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_PREFIX",
];

/// git on the repository that the workspace is in, whoever owns the folder (in containers that is often somebody else:
/// git would not read it), and not on the one of a hook that calls this program.
pub fn git(arguments: &[&str]) -> Command {
    let mut command = program("git", &["-c", "safe.directory=*"]);
    command.args(arguments);
    for name in REPOSITORY {
        command.env_remove(name);
    }
    command
}

/// Runs to the end with output on the terminal; anything but success is a failure that names the command.
pub fn run(mut command: Command) -> Result<(), Failure> {
    let shown = shown(&command);
    let status = command.status().map_err(|error| Failure(format!("cannot run `{shown}`: {error}")))?;
    if status.success() { Ok(()) } else { Err(Failure(format!("`{shown}` failed ({status})"))) }
}

/// Standard output of a command that succeeds, without colours even where the surroundings want them everywhere.
pub fn output(mut command: Command) -> Result<String, Failure> {
    let shown = shown(&command);
    command.env("CARGO_TERM_COLOR", "never").env_remove("CLICOLOR_FORCE").env_remove("FORCE_COLOR");
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

#[cfg(test)]
mod tests {
    use super::*;

    /// CARGO_TERM_COLOR=always is common in continuous integration: escape codes would end up in what is read.
    #[test]
    fn what_is_read_has_no_colours() {
        let shown = "echo \"$CARGO_TERM_COLOR,$CLICOLOR_FORCE\"";
        let mut command = program("sh", &["-c", shown]);
        command.env("CARGO_TERM_COLOR", "always").env("CLICOLOR_FORCE", "1");
        assert!(matches!(output(command).as_deref(), Ok("never,\n")));
    }
}
