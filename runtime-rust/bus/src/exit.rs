//! How a program ends that failed: the line that it says, and its exit code. Nothing is printed here.
//!
//! ```
//! use std::error::Error;
//! use std::process::ExitCode;
//!
//! use mycelium_bus::exit;
//!
//! fn main() -> ExitCode {
//!     match run() {
//!         Ok(()) => ExitCode::SUCCESS,
//!         Err(error) => {
//!             eprintln!("my-program: {}", exit::words(&*error));
//!             exit::code(&*error).into()
//!         }
//!     }
//! }
//!
//! fn run() -> Result<(), Box<dyn Error>> {
//!     # Ok(())
//! }
//! ```

use std::error::Error;
use std::io::ErrorKind;
use std::iter::successors;
use std::sync::Arc;

use mycelium_wire::core_messages::GoodbyeReason;

use crate::client::{ClientError, ClientPublishError, SubscribeError, UnknownMessage};
use crate::{BindError, BusError};

/// Something went wrong, and starting the program again may help.
pub const FAILED: u8 = 1;

/// Starting the program again cannot help: its contract, its settings or the bridge's have to change. As `EX_CONFIG` of
/// sysexits.h. A bridge does not start such a worker again, nor does systemd with `RestartPreventExitStatus=78`.
pub const MISCONFIGURED: u8 = 78;

/// A setting that is missing or wrong. The program ends with [`MISCONFIGURED`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {problem}")]
pub struct Misconfigured {
    /// Which: a variable of the environment, a key of a file.
    pub key: String,
    /// What is wrong with it, and what is expected.
    pub problem: String,
}

impl Misconfigured {
    /// A setting, and what is wrong with it.
    pub fn new(key: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { key: key.into(), problem: problem.into() }
    }
}

/// The error and its causes, on one line.
pub fn words(error: &(dyn Error + 'static)) -> String {
    let mut words = String::new();
    for error in chain(error) {
        let next = error.to_string();
        // Many an error repeats its cause.
        if words.ends_with(&next) {
            continue;
        }
        if !words.is_empty() {
            words.push_str(": ");
        }
        words.push_str(&next);
    }
    words
}

/// [`MISCONFIGURED`] if the error or one of its causes is such that starting the program again cannot help, otherwise
/// [`FAILED`].
pub fn code(error: &(dyn Error + 'static)) -> u8 {
    if chain(error).any(is_permanent) { MISCONFIGURED } else { FAILED }
}

fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    successors(Some(error), |error| (*error).source())
}

fn is_permanent(error: &(dyn Error + 'static)) -> bool {
    let client = error.downcast_ref::<ClientError>().or(error.downcast_ref::<Arc<ClientError>>().map(|error| &**error));
    let bus = error.downcast_ref::<BusError>();
    error.is::<Misconfigured>()
        || client.is_some_and(is_permanent_for_client)
        || bus.is_some_and(|error| *error != BusError::Closed)
        || matches!(error.downcast_ref(), Some(BindError::PathTooLong { .. } | BindError::NotASocket { .. }))
        || matches!(error.downcast_ref(), Some(UnknownMessage::NotInContract { .. }))
        || matches!(
            error.downcast_ref(),
            Some(
                ClientPublishError::NotShared { .. }
                    | ClientPublishError::TooLarge { .. }
                    | ClientPublishError::Unknown { .. }
            )
        )
        || matches!(
            error.downcast_ref(),
            Some(
                SubscribeError::NotShared { .. }
                    | SubscribeError::NoSuchTopic { .. }
                    | SubscribeError::Message(UnknownMessage::NotInContract { .. })
            )
        )
}

fn is_permanent_for_client(error: &ClientError) -> bool {
    match error {
        // Another instance is there, or the program closed it: that is an end, and no setting is wrong.
        ClientError::Goodbye { reason: GoodbyeReason::Replaced, .. } | ClientError::Closed => false,
        // A path that no socket can have.
        ClientError::Connect { source, .. } => source.kind() == ErrorKind::InvalidInput,
        error => error.is_final(),
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use mycelium_wire::core_messages::RejectReason;

    use super::*;

    fn connect(kind: ErrorKind) -> ClientError {
        ClientError::Connect { address: "bus.sock".into(), source: Arc::new(io::Error::new(kind, "said the system")) }
    }

    /// Without this, somebody would have to guess why a program could not connect.
    #[test]
    fn the_line_has_the_causes_each_once() {
        assert_eq!(
            words(&connect(ErrorKind::NotFound)),
            "cannot connect to bus.sock: is the bridge running, and this its address?: said the system"
        );
        assert_eq!(words(&connect(ErrorKind::PermissionDenied)), "cannot connect to bus.sock: said the system");
        // This one shows its cause as its own words.
        let repeated = SubscribeError::Message(UnknownMessage::Bus(BusError::Closed));
        assert_eq!(words(&repeated), BusError::Closed.to_string());
        assert_eq!(words(&Misconfigured::new("MYCELIUM_SOCKET", "not set")), "MYCELIUM_SOCKET: not set");
    }

    /// Without this, a supervisor would start a program again and again that has another contract, or give one up whose
    /// bridge is just being started.
    #[test]
    fn the_code_says_whether_starting_again_helps() {
        let mismatch = || ClientError::Mismatch { differences: None };
        let refused = |reason| ClientError::Refused { reason, detail: String::new() };
        let cases: [(u8, Box<dyn Error>); 14] = [
            (78, Misconfigured::new("a", "b").into()),
            (78, mismatch().into()),
            (78, ClientPublishError::Failed(Arc::new(mismatch())).into()),
            (78, SubscribeError::Failed(Arc::new(mismatch())).into()),
            (78, refused(RejectReason::WorkerToken).into()),
            (78, connect(ErrorKind::InvalidInput).into()),
            (78, ClientPublishError::TooLarge { name: "A", size: 2, limit: 1 }.into()),
            (78, BindError::NotASocket { path: "a".into() }.into()),
            (1, connect(ErrorKind::ConnectionRefused).into()),
            (1, refused(RejectReason::Capacity).into()),
            (1, ClientError::Goodbye { reason: GoodbyeReason::Replaced, detail: String::new() }.into()),
            (1, BindError::InUse { path: "a".into() }.into()),
            (1, BusError::Closed.into()),
            (1, "anything else".into()),
        ];
        for (expected, error) in cases {
            assert_eq!(code(&*error), expected, "{error}");
        }
    }
}
