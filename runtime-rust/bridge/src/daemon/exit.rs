//! Exit codes, and [`Failure`]: why a command ends with one other than 0.

use std::fmt;
use std::io;
use std::process::ExitCode;

use rustix::io::Errno;

/// How a command ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// All is well.
    Done = 0,
    /// Something was found: errors in the contract, a worker that was given up on.
    Findings = 1,
    /// The command line or the configuration makes no sense.
    Usage = 2,
    /// Something could not be read, written or bound.
    Io = 3,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit as u8)
    }
}

/// Why a command stops: an exit code and what to say about it.
#[derive(Debug)]
pub struct Failure {
    pub exit: Exit,
    /// Said on stderr, each line for itself; empty where all has been said.
    pub lines: Vec<String>,
    /// What to do about it.
    pub help: Option<String>,
}

impl Failure {
    fn new(exit: Exit, text: impl Into<String>) -> Self {
        Self { exit, lines: vec![text.into()], help: None }
    }

    /// A failure that has been reported already, or that nobody is left to hear of.
    pub fn silent(exit: Exit) -> Self {
        Self { exit, lines: Vec::new(), help: None }
    }

    /// Something was found.
    pub fn finding(text: impl Into<String>) -> Self {
        Self::new(Exit::Findings, text)
    }

    /// The command line or the configuration makes no sense.
    pub fn usage(text: impl Into<String>) -> Self {
        Self::new(Exit::Usage, text)
    }

    /// Something could not be read, written or bound.
    pub fn io(text: impl Into<String>) -> Self {
        Self::new(Exit::Io, text)
    }

    /// The system refuses something, and says why.
    pub fn system(text: impl fmt::Display, error: &io::Error) -> Self {
        let failure = Self::io(format!("{text}: {error}"));
        match error.raw_os_error().map(Errno::from_raw_os_error) {
            Some(Errno::MFILE) => {
                failure.help("no more files may be open in this process: raise the limit, `ulimit -n`")
            }
            Some(Errno::NFILE) => failure.help("no more files may be open in the whole system: raise fs.file-max"),
            _ => failure,
        }
    }

    /// Adds what to do about it, unless that is said.
    pub fn or_help(self, help: impl FnOnce() -> String) -> Self {
        if self.help.is_some() { self } else { self.help(help()) }
    }

    /// Adds what to do about it.
    pub fn help(mut self, help: impl fmt::Display) -> Self {
        self.help = Some(help.to_string());
        self
    }

    /// A write to stdout failed. That its reader has gone is no error.
    pub fn stdout(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::silent(Exit::Done),
            _ => Self::io(format!("cannot write to stdout: {error}")),
        }
    }
}

/// An error with its causes, as in `cannot connect to x: connection refused`.
pub fn with_causes(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        words.push_str(&format!(": {error}"));
        cause = error.source();
    }
    words
}
