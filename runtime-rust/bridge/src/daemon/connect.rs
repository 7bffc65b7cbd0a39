//! Commands that are clients of a running bridge: where it is, and what is said in the handshake.

use std::io::ErrorKind;
use std::path::PathBuf;

use clap::Args;
use mycelium_bus::client::{Client, ClientConfig, ClientError};
use mycelium_wire::MessageInfo;
use mycelium_wire::handshake::Differences;

use super::config;
use super::contracts::Contract;
use super::exit::{Failure, with_causes};
use super::settings::Settings;

/// The bridge that a command is a client of.
#[derive(Args, Debug)]
pub struct Target {
    /// The bridge's configuration: where it is, and its contract
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The Unix socket of the bridge
    #[arg(long, value_name = "PATH", conflicts_with = "tcp")]
    socket: Option<PathBuf>,
    /// The TCP address of the bridge
    #[arg(long, value_name = "HOST:PORT")]
    tcp: Option<String>,
}

/// Where a bridge is.
pub enum Address {
    Unix(PathBuf),
    Tcp(String),
}

impl Target {
    /// What the configuration says of the bridge; nothing where none is named.
    pub fn settings(&self) -> Result<Settings, Failure> {
        config::read(self.config.as_deref())
    }

    /// Where the bridge is, by the command line or these settings.
    pub fn address(self, settings: &Settings) -> Result<Address, Failure> {
        match (self.socket, self.tcp, settings.socket.clone(), settings.tcp.clone()) {
            (Some(path), ..) | (None, None, Some(path), _) => Ok(Address::Unix(path)),
            (None, Some(address), ..) | (None, None, None, Some(address)) => Ok(Address::Tcp(address)),
            (None, None, None, None) => Err(Failure::usage("where is the bridge?")
                .help("say it with --socket PATH or --tcp HOST:PORT, or name a configuration with --config FILE")),
        }
    }
}

/// Connects once; what is wrong with that is an error. `wanted` are the messages that are asked for, by name.
pub async fn connect(address: Address, config: ClientConfig, wanted: &[&str]) -> Result<Client, Failure> {
    let share = config.share;
    let client = match address {
        Address::Unix(path) => Client::connect_unix(path, config).await,
        Address::Tcp(address) => Client::connect_tcp(address, config).await,
    };
    client.map_err(|error| {
        let help = match &error {
            ClientError::Mismatch { .. } if share => Some(NO_SHARING.to_owned()),
            ClientError::Mismatch { differences: Some(differences) } => sharing_helps(differences, wanted),
            ClientError::Connect { source, .. } if source.kind() == ErrorKind::PermissionDenied => {
                Some("`unix_mode` of the bridge's configuration says who may connect, by default its own user".into())
            }
            ClientError::Protocol(_) => Some(NOT_BRIDGE.to_owned()),
            _ => None,
        };
        let failure = Failure::io(with_causes(&error));
        help.into_iter().fold(failure, Failure::help)
    })
}

/// What may be meant instead of an endpoint that answers something else.
const NOT_BRIDGE: &str = "is this the bridge's own socket? The one with `.control` after it, and its HTTP address, are for `status` and metrics";

/// What to do where a bridge with another contract refuses to share.
const NO_SHARING: &str =
    "this bridge lets nobody share: use its contract, or set `endpoint.share: true` in its configuration";

/// Where something that is asked for is the same in both contracts, how to get it.
fn sharing_helps(differences: &Differences, wanted: &[&str]) -> Option<String> {
    let same: Vec<&str> = wanted.iter().copied().filter(|name| difference(differences, name).is_none()).collect();
    let what = match same[..] {
        [] => return None,
        [name] => format!("{name} is"),
        _ => format!("{} messages are", same.len()),
    };
    Some(format!("{what} the same in both: add --share, which the bridge has to allow (`endpoint.share: true`)"))
}

/// What keeps messages of this name from passing between two contracts, if something does.
pub fn difference(differences: &Differences, name: &str) -> Option<&'static str> {
    let has = |names: &[String]| names.iter().any(|other| other == name);
    if has(&differences.differ) {
        Some("it differs in the bridge's contract")
    } else if has(&differences.unknown_to_peer) {
        Some("the bridge's contract has none")
    } else {
        None
    }
}

/// Messages of this name do not pass, for this [`difference`].
pub fn not_shared(name: &str, difference: &str) -> Failure {
    Failure::io(format!("no {name} passes between the two contracts: {difference}"))
        .help("name the bridge's contract with --contracts FILE, or build both with one")
}

/// What the handshake tells of the contract's messages. A command has one contract in its life: the names stay.
pub fn types(contract: &Contract) -> Vec<MessageInfo> {
    let mut types: Vec<MessageInfo> = contract
        .schema
        .messages
        .iter()
        .map(|message| MessageInfo {
            type_id: message.type_id,
            topic: message.topic.clone().leak(),
            name: message.name.clone().leak(),
            size: message.layout.size as usize,
            fingerprint: message.fingerprint,
            redacted: message.redacted,
        })
        .collect();
    types.sort_by_key(|info| info.type_id);
    types
}
