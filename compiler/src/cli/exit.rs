//! Exit codes, and [`Failure`]: why a command ends with one other than 0.

use std::fmt;
use std::io;
use std::process::ExitCode;

use myc_schema::source::reason;

/// How the command ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// All is well.
    Done = 0,
    /// Something was found: errors in the contract, stale output, a rejected payload.
    Findings = 1,
    /// The command line makes no sense.
    Usage = 2,
    /// Something could not be read or written.
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
    /// Said on stderr; `None` where all has been said.
    pub text: Option<String>,
    /// What to do about it.
    pub help: Option<String>,
}

impl Failure {
    /// A failure that has been reported already, or that nobody is left to hear of.
    pub fn silent(exit: Exit) -> Self {
        Self { exit, text: None, help: None }
    }

    /// Something was found.
    pub fn finding(text: impl Into<String>) -> Self {
        Self { text: Some(text.into()), ..Self::silent(Exit::Findings) }
    }

    /// The command line makes no sense.
    pub fn usage(text: impl Into<String>) -> Self {
        Self { text: Some(text.into()), ..Self::silent(Exit::Usage) }
    }

    /// Something could not be read or written.
    pub fn io(text: impl Into<String>) -> Self {
        Self { text: Some(text.into()), ..Self::silent(Exit::Io) }
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
            _ => Self::io(format!("cannot write to stdout: {}", reason(error))),
        }
    }
}
