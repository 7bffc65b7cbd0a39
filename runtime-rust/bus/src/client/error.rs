//! What can go wrong between a client and its bridge.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use mycelium_wire::core_messages::{GoodbyeReason, RejectReason};
use mycelium_wire::handshake::Differences;

use crate::protocol::client::{Ending, Rejection};
use crate::{BusError, PublishError};

/// Why there is no connection.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// Nobody answers there.
    #[error("cannot connect to {address}{}", if denied(source) { "" } else { ": is the bridge running, and this its address?" })]
    Connect {
        /// Where.
        address: Arc<str>,
        /// What the operating system says.
        #[source]
        source: Arc<io::Error>,
    },
    /// The bridge did not answer the handshake in time.
    #[error("{address} did not answer the handshake within {after:?}: is it a Mycelium bridge?")]
    NoAnswer {
        /// Where.
        address: Arc<str>,
        /// How long it had.
        after: Duration,
    },
    /// The bridge was built with another contract.
    #[error("the bridge was built with another contract: {}", words(differences))]
    Mismatch {
        /// What differs, if the bridge said.
        differences: Option<Box<Differences>>,
    },
    /// The bridge refused the client.
    #[error("the bridge refused this client ({reason:?}): {detail}")]
    Refused {
        /// Why.
        reason: RejectReason,
        /// In the bridge's words.
        detail: String,
    },
    /// The connection ended before the handshake did.
    #[error(
        "{address} closed the connection instead of answering the handshake: it speaks version 1 alone and has another \
         contract, or it is no Mycelium bridge"
    )]
    ClosedEarly {
        /// Where.
        address: Arc<str>,
    },
    /// The bridge ended the connection.
    #[error("the bridge said goodbye ({reason:?}){}", after_colon(detail))]
    Goodbye {
        /// Why.
        reason: GoodbyeReason,
        /// In the bridge's words.
        detail: String,
    },
    /// The bridge's end of the connection is gone.
    #[error("the bridge closed the connection without a goodbye")]
    Lost,
    /// Nothing came for longer than the bridge's heartbeat allows.
    #[error("the bridge was silent for longer than its heartbeat allows")]
    Silent,
    /// The bridge broke the protocol.
    #[error("the bridge broke the protocol: {0}")]
    Protocol(String),
    /// Reading or writing failed.
    #[error("the connection failed")]
    Io(#[source] Arc<io::Error>),
    /// The contract's types cannot be.
    #[error(transparent)]
    Types(#[from] BusError),
    /// The client was closed while it connected.
    #[error("the client was closed")]
    Closed,
}

impl ClientError {
    /// Whether trying again would be of no use, and would harm in case another instance took this client's place.
    pub fn is_final(&self) -> bool {
        match self {
            Self::Mismatch { .. } | Self::Types(_) | Self::Closed => true,
            Self::Goodbye { reason, .. } => *reason == GoodbyeReason::Replaced,
            Self::Refused { reason, .. } => {
                !matches!(reason, RejectReason::Capacity | RejectReason::ShuttingDown | RejectReason::Deadline)
            }
            _ => false,
        }
    }

    pub(super) fn of(ending: Option<&Ending>, opened: bool, address: &Arc<str>, after: Duration) -> Self {
        match ending {
            Some(Ending::Rejected(rejection)) => Self::rejected(rejection),
            Some(Ending::Deadline) => Self::NoAnswer { address: Arc::clone(address), after },
            Some(Ending::PeerGoodbye(reason, detail)) => Self::Goodbye { reason: *reason, detail: detail.clone() },
            Some(Ending::PeerClosed) | None if opened => Self::Lost,
            Some(Ending::PeerClosed) | None => Self::ClosedEarly { address: Arc::clone(address) },
            Some(Ending::Silent) => Self::Silent,
            Some(Ending::ProtocolError(detail)) => Self::Protocol(detail.clone()),
            Some(Ending::Done) => Self::Closed,
        }
    }

    fn rejected(rejection: &Rejection) -> Self {
        match rejection.reason {
            RejectReason::SchemaMismatch => Self::Mismatch { differences: rejection.differences.clone().map(Box::new) },
            reason => Self::Refused { reason, detail: rejection.detail.clone() },
        }
    }
}

/// Whether somebody is there, whom this program may not talk to.
fn denied(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::PermissionDenied
}

fn words(differences: &Option<Box<Differences>>) -> String {
    match differences {
        Some(differences) if !differences.is_empty() => differences.describe("this client", "the bridge"),
        Some(_) => {
            "every message is the same, and the digests differ, as by an edit of a contract of `digest: source`; \
                    build both with the same file"
                .into()
        }
        None => "it did not say what differs; build both with the same contract".into(),
    }
}

fn after_colon(detail: &str) -> String {
    if detail.is_empty() { String::new() } else { format!(": {detail}") }
}

/// Why a message was not published. It is sent to nobody.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientPublishError {
    /// There is no connection, and the client is configured not to wait for one.
    #[error("not connected to the bridge: publish again later, or buffer while disconnected")]
    Disconnected,
    /// The bridge's contract has another message of this type id, or none.
    #[error("the bridge does not have {name} as this client was built with it: build both with the same contract")]
    NotShared {
        /// The message's name.
        name: &'static str,
    },
    /// The bridge does not take messages of this size.
    #[error("{name} has {size} bytes, and the bridge takes {limit}: raise `endpoint.max_payload` of its configuration")]
    TooLarge {
        /// The message's name.
        name: &'static str,
        /// Its size, in bytes.
        size: usize,
        /// The largest payload that the bridge takes, in bytes.
        limit: u32,
    },
    /// The client's contract has no such message.
    #[error("no message of the contract that this client was made for has type id {type_id}")]
    Unknown {
        /// The frame's type id.
        type_id: u16,
    },
    /// The client was closed.
    #[error("the client was closed: nothing can be published any more")]
    Closed,
    /// The client gave up on connecting.
    #[error("the client has given up on the bridge")]
    Failed(#[source] Arc<ClientError>),
    /// The queue was full, or the contract refuses the values.
    #[error(transparent)]
    Queue(PublishError),
}

/// Why a client has no place for a message type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnknownMessage {
    /// The client was made for another contract.
    #[error(
        "{name} is no message of the contract that this client was made for: its `types` are `AnyMessage::MESSAGES` of \
         the contract's generated code"
    )]
    NotInContract {
        /// The message's name.
        name: &'static str,
    },
    /// The type cannot be on a bus, or the client was closed.
    #[error(transparent)]
    Bus(#[from] BusError),
}

/// Why there is no subscriber.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SubscribeError {
    /// The type cannot be subscribed to.
    #[error(transparent)]
    Message(UnknownMessage),
    /// The bridge's contract has another message of this type id, or none.
    #[error("the bridge does not have {name} as this client was built with it: build both with the same contract")]
    NotShared {
        /// The message's name.
        name: &'static str,
    },
    /// No message of the contract has the topic.
    #[error("no message of the contract that this client was made for has the topic `{topic}`")]
    NoSuchTopic {
        /// The topic.
        topic: Arc<str>,
    },
    /// The bridge did not confirm in time.
    #[error("the bridge did not confirm the subscription within {after:?}: {}", why(held_up_by))]
    Unconfirmed {
        /// How long it had.
        after: Duration,
        /// The subscriber whose full queue holds up the connection, if one does.
        held_up_by: Option<Arc<str>>,
    },
    /// The client was closed.
    #[error("the client was closed: nothing can be subscribed to any more")]
    Closed,
    /// The client gave up on connecting.
    #[error("the client has given up on the bridge")]
    Failed(#[source] Arc<ClientError>),
}

impl From<UnknownMessage> for SubscribeError {
    fn from(error: UnknownMessage) -> Self {
        match error {
            UnknownMessage::Bus(BusError::Closed) => Self::Closed,
            error => Self::Message(error),
        }
    }
}

fn why(held_up_by: &Option<Arc<str>>) -> String {
    match held_up_by {
        Some(name) => format!(
            "the queue of subscriber `{name}` is full and holds up the connection; receive from it, or give it another \
             policy"
        ),
        None => "it is not connected, or not answering".into(),
    }
}
