//! Running the real `myc-schema`, as a user would.

use std::ffi::OsStr;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::toolchain::{compiler, missing, without_colours};

/// What a program said and how it ended.
#[derive(Debug, PartialEq, Eq)]
pub struct Run {
    /// The exit code; `None` if a signal ended it.
    pub code: Option<i32>,
    /// Its standard output.
    pub stdout: Vec<u8>,
    /// Its standard error.
    pub stderr: String,
}

impl Run {
    /// Standard output as text.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.stdout).expect("stdout is UTF-8")
    }

    /// Asserts the exit code, and that there is no panic. Gives itself back.
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(
            self.code,
            Some(code),
            "stdout:\n{}\nstderr:\n{}",
            String::from_utf8_lossy(&self.stdout),
            self.stderr
        );
        assert!(!self.stderr.contains("panicked at"), "{}", self.stderr);
        self
    }

    /// Asserts that all is well: exit 0 and nothing on stderr. Gives stdout.
    #[track_caller]
    pub fn quiet(self) -> Vec<u8> {
        let run = self.exits(0);
        assert_eq!(run.stderr, "");
        run.stdout
    }

    /// Asserts that all is well, and that there are no words but about folders that were made. Gives stdout.
    #[track_caller]
    pub fn made_folders(self) -> Vec<u8> {
        let run = self.exits(0);
        assert!(run.stderr.lines().all(|line| line.starts_with("made the folder `")), "{}", run.stderr);
        assert_ne!(run.stderr, "", "no folder was made");
        run.stdout
    }

    /// Asserts that nothing is on stdout and every one of `words` on stderr.
    #[track_caller]
    pub fn says(self, words: &[&str]) -> Self {
        assert_eq!(String::from_utf8_lossy(&self.stdout), "", "stdout is for data, and only when all is well");
        for word in words {
            assert!(self.stderr.contains(word), "no {word:?} in:\n{}", self.stderr);
        }
        self
    }
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        let stderr = String::from_utf8(output.stderr).expect("stderr is UTF-8");
        Self { code: output.status.code(), stdout: output.stdout, stderr }
    }
}

/// `myc-schema` with arguments, in a folder, with nothing on stdin and no colours.
pub fn command<S: AsRef<OsStr>>(folder: &Path, arguments: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(compiler());
    command.args(arguments).current_dir(folder).stdin(Stdio::null());
    without_colours(command)
}

/// Runs `myc-schema` to its end.
pub fn run<S: AsRef<OsStr>>(folder: &Path, arguments: impl IntoIterator<Item = S>) -> Run {
    command(folder, arguments).output().expect("myc-schema runs").into()
}

/// Runs `myc-schema` to its end with `input` on stdin.
pub fn run_with<S: AsRef<OsStr>>(
    folder: &Path,
    arguments: impl IntoIterator<Item = S>,
    input: impl AsRef<[u8]>,
) -> Run {
    feed(command(folder, arguments), input)
}

/// Runs a command to its end with `input` on stdin.
pub fn feed(mut command: Command, input: impl AsRef<[u8]>) -> Run {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|error| missing(&command, &error));
    let mut stdin = child.stdin.take().expect("stdin is a pipe");
    let input = input.as_ref();
    std::thread::scope(|scope| {
        // A program may end without reading all of its input.
        scope.spawn(move || {
            stdin.write_all(input).or_else(|error| match error.kind() {
                std::io::ErrorKind::BrokenPipe => Ok(()),
                _ => Err(error),
            })
        });
        child.wait_with_output().expect("the program ends").into()
    })
}

/// A temporary folder with files in it.
pub fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a file is in a folder")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    }
    folder
}
