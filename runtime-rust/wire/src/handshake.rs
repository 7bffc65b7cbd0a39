//! The bytes of the handshake, and what follows from them; no sockets, no deadlines.
//!
//! A client speaks first: `len: u16 | len bytes`. Version 1 is the schema digest alone; version 2
//! begins with a [`ClientHello`]. What the bridge answers, and everything after, are frames of [`crate::core_messages`].
//!
//! ```
//! use mycelium_wire::core_messages::{ClientHello, ClientHelloArgs};
//! use mycelium_wire::handshake::{self, Opening};
//!
//! let hello = ClientHello::new(ClientHelloArgs {
//!     schema_digest: &[7; 32],
//!     protocol_version: handshake::PROTOCOL_VERSION,
//!     capabilities: handshake::CAPABILITY_SHARED,
//!     client_name: "example",
//!     worker_id: "",
//!     worker_token: &[0; 16],
//! })?;
//! let bytes = handshake::client_v2(&hello);
//! let (opening, length) = handshake::decode_opening(&bytes)?;
//! assert_eq!((opening, length), (Opening::V2(&hello), bytes.len()));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use core::fmt;

use crate::core_messages::ClientHello;
use crate::error::DecodeError;

mod summary;

pub use summary::{Differences, MAX_SUMMARY_TYPES, PeerSchema, SummaryError, summaries};

/// The protocol version this crate speaks.
pub const PROTOCOL_VERSION: u16 = 2;

/// Bit of [`ClientHello::capabilities`]: can run in schema mode `Shared`.
pub const CAPABILITY_SHARED: u32 = 1;

/// Bit of [`ClientHello::capabilities`]: is a supervised worker.
pub const CAPABILITY_WORKER: u32 = 1 << 1;

/// The largest `len` that a client may begin with.
pub const MAX_OPENING: usize = 1024;

const V1_SIZE: usize = 32;
const PREFIX: usize = 2;

/// What a version 1 client sends.
pub fn client_v1(schema_digest: &[u8; 32]) -> [u8; PREFIX + V1_SIZE] {
    let mut bytes = [0; PREFIX + V1_SIZE];
    let (prefix, digest) = bytes.split_at_mut(PREFIX);
    prefix.copy_from_slice(&(V1_SIZE as u16).to_le_bytes());
    digest.copy_from_slice(schema_digest);
    bytes
}

/// What a version 2 client sends.
pub fn client_v2(hello: &ClientHello) -> [u8; PREFIX + ClientHello::SIZE] {
    let mut bytes = [0; PREFIX + ClientHello::SIZE];
    let (prefix, payload) = bytes.split_at_mut(PREFIX);
    prefix.copy_from_slice(&(ClientHello::SIZE as u16).to_le_bytes());
    payload.copy_from_slice(hello.as_bytes());
    bytes
}

/// How a client begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening<'a> {
    /// Version 1: the schema digest. It is answered by frames or by closing, never by a core frame.
    V1(&'a [u8; 32]),
    /// Version 2 or later.
    V2(&'a ClientHello),
}

/// Why bytes are not how a client begins.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OpeningError {
    /// What is there is fine, and `needed` more bytes, at least, are missing.
    Incomplete {
        /// How many bytes to wait for before it makes sense to ask again.
        needed: usize,
    },
    /// `len` is that of no version.
    Length(u16),
    /// The bytes are as many as a hello's, and not one.
    Hello(DecodeError),
}

impl fmt::Display for OpeningError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OpeningError::Incomplete { needed } => write!(f, "incomplete handshake: {needed} more bytes needed"),
            OpeningError::Length(length) => write!(f, "malformed handshake: no version has a length of {length} bytes"),
            OpeningError::Hello(_) => f.write_str("malformed handshake: not a ClientHello"),
        }
    }
}

impl core::error::Error for OpeningError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            OpeningError::Hello(error) => Some(error),
            _ => None,
        }
    }
}

/// How a client begins, and how many bytes of `input` that is. What a later version has after its
/// [`ClientHello`] is counted and otherwise ignored.
pub fn decode_opening(input: &[u8]) -> Result<(Opening<'_>, usize), OpeningError> {
    let Some((prefix, rest)) = input.split_first_chunk::<PREFIX>() else {
        return Err(OpeningError::Incomplete { needed: PREFIX - input.len() });
    };
    let length = u16::from_le_bytes(*prefix);
    let size = usize::from(length);
    if size != V1_SIZE && !(ClientHello::SIZE..=MAX_OPENING).contains(&size) {
        return Err(OpeningError::Length(length));
    }
    let Some(body) = rest.get(..size) else {
        return Err(OpeningError::Incomplete { needed: size - rest.len() });
    };
    let opening = match <&[u8; V1_SIZE]>::try_from(body) {
        Ok(schema_digest) => Opening::V1(schema_digest),
        Err(_) => {
            let hello = body.get(..ClientHello::SIZE).unwrap_or_default();
            Opening::V2(ClientHello::decode(hello).map_err(OpeningError::Hello)?)
        }
    };
    Ok((opening, PREFIX + size))
}

/// How a bridge treats a version 2 client, by the digests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Agreement {
    /// The digests are equal: every type flows.
    Exact,
    /// They differ: the types flow that both sides' summaries have with the same fingerprint.
    Shared,
    /// They differ, and one side wants no less than everything: the client is refused.
    Mismatch,
}

/// What a bridge with `schema_digest` answers to `hello`; `shared` is whether the endpoint allows
/// clients of another schema.
pub fn agreement(schema_digest: &[u8; 32], hello: &ClientHello, shared: bool) -> Agreement {
    if hello.schema_digest() == schema_digest {
        Agreement::Exact
    } else if shared && hello.capabilities() & CAPABILITY_SHARED != 0 {
        Agreement::Shared
    } else {
        Agreement::Mismatch
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Code;
    use crate::core_messages::ClientHelloArgs;
    use alloc::string::ToString;
    use alloc::vec;

    fn hello(digest: u8, capabilities: u32) -> alloc::boxed::Box<ClientHello> {
        let args = ClientHelloArgs {
            schema_digest: &[digest; 32],
            protocol_version: 2,
            capabilities,
            client_name: "tests",
            worker_id: "w-1",
            worker_token: &[9; 16],
        };
        alloc::boxed::Box::new(ClientHello::new(args).unwrap())
    }

    // These bytes are what clients in other languages send: they may never change.
    #[test]
    fn both_versions_are_the_bytes_of_the_protocol() {
        let bytes = client_v1(&[0xab; 32]);
        assert_eq!((bytes.len(), &bytes[..3], bytes[33]), (34, &[32, 0, 0xab][..], 0xab));
        assert_eq!(decode_opening(&bytes), Ok((Opening::V1(&[0xab; 32]), 34)));

        assert_eq!(ClientHello::SIZE, 200);
        let bytes = client_v2(&hello(0xcd, 3));
        assert_eq!((bytes.len(), &bytes[..3]), (202, &[200, 0, 0xcd][..]));
        // Digest, version 2, padding, capabilities, then the three texts and the token.
        assert_eq!(bytes[34..44], [2, 0, 0, 0, 3, 0, 0, 0, 5, 0]);
        assert_eq!(&bytes[50..55], b"tests");
        assert_eq!(bytes[114..116], [3, 0]);
        assert_eq!(&bytes[122..125], b"w-1");
        assert_eq!(bytes[186..], [9; 16]);
    }

    // A bridge reads from a socket: it must ask for more, and neither too early give up nor wait in vain.
    #[test]
    fn every_prefix_is_incomplete() {
        for bytes in [&client_v1(&[1; 32])[..], &client_v2(&hello(1, 0))[..]] {
            for end in 0..bytes.len() {
                let needed = if end < 2 { 2 - end } else { bytes.len() - end };
                assert_eq!(decode_opening(&bytes[..end]), Err(OpeningError::Incomplete { needed }));
            }
        }
    }

    #[test]
    fn no_other_length_is_accepted() {
        for length in (0..32).chain(33..200).chain(1025..1100).chain([u16::MAX]) {
            let mut bytes = vec![0; 2 + usize::from(length)];
            bytes[..2].copy_from_slice(&u16::to_le_bytes(length));
            assert_eq!(decode_opening(&bytes), Err(OpeningError::Length(length)));
            // Known as soon as the length is.
            assert_eq!(decode_opening(&bytes[..2]), Err(OpeningError::Length(length)));
        }
    }

    // A later version's client must still get in.
    #[test]
    fn what_follows_the_hello_is_ignored() {
        let hello = hello(4, 1);
        for size in [201u16, 1024] {
            let mut bytes = vec![0xff; 2 + usize::from(size) + 5];
            bytes[..2].copy_from_slice(&size.to_le_bytes());
            bytes[2..202].copy_from_slice(hello.as_bytes());
            assert_eq!(decode_opening(&bytes), Ok((Opening::V2(&hello), 2 + usize::from(size))));
        }
    }

    #[test]
    fn a_hello_that_is_none_says_why() {
        let mut bytes = client_v2(&hello(4, 1));
        bytes[34] = 1;
        let Err(OpeningError::Hello(error)) = decode_opening(&bytes) else { panic!("version 1 in a version 2 hello") };
        assert_eq!((error.code(), error.path()), (Code::Rule("min"), "protocol_version"));
        assert_eq!(OpeningError::Hello(error).to_string(), "malformed handshake: not a ClientHello");
    }

    #[test]
    fn digests_and_capabilities_decide() {
        let cases = [
            (1, 0, false, Agreement::Exact),
            (1, CAPABILITY_SHARED, true, Agreement::Exact),
            (2, CAPABILITY_SHARED, true, Agreement::Shared),
            (2, CAPABILITY_SHARED, false, Agreement::Mismatch),
            (2, CAPABILITY_WORKER, true, Agreement::Mismatch),
        ];
        for (digest, capabilities, shared, expected) in cases {
            assert_eq!(agreement(&[1; 32], &hello(digest, capabilities), shared), expected);
        }
    }
}
