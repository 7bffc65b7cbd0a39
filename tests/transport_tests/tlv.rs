//! A client by hand: a socket, and bytes.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::Path;

use mycelium_wire::core_messages::*;
use mycelium_wire::frame::{self, Header};
use mycelium_wire::handshake;
use mycelium_wire::{Message, frame::HEADER_SIZE};

use crate::messages::SCHEMA_DIGEST;
use crate::place::LIMIT;

/// The opening of a version 2 client: its length, and a `ClientHello`.
pub fn opening(digest: [u8; 32], capabilities: u32, worker_id: &str, worker_token: [u8; 16]) -> Vec<u8> {
    let hello = ClientHello::new(ClientHelloArgs {
        schema_digest: &digest,
        protocol_version: 2,
        capabilities,
        client_name: "by hand",
        worker_id,
        worker_token: &worker_token,
    });
    handshake::client_v2(&hello.expect("a hello")).to_vec()
}

/// A message as a frame: type id, length, payload.
pub fn framed<M: Message>(message: &M) -> Vec<u8> {
    let mut bytes = Vec::new();
    frame::encode(message, &mut bytes);
    bytes
}

pub struct Tlv(pub UnixStream);

impl Tlv {
    pub fn connect(path: &Path) -> Self {
        let socket = UnixStream::connect(path).expect("somebody listens");
        socket.set_read_timeout(Some(LIMIT)).expect("a limit");
        Self(socket)
    }

    /// A client that is let in, and has subscribed to everything.
    pub fn client(path: &Path) -> Self {
        let mut client = Self::connect(path);
        client.send(&opening(SCHEMA_DIGEST, 0, "", [0; 16]));
        client.expect::<Welcome>();
        let mut subscribe = vec![0; HEADER_SIZE + Subscribe::SIZE];
        subscribe[..HEADER_SIZE].copy_from_slice(&Header::of::<Subscribe>().to_bytes());
        Subscribe::encode_into(SubscribeArgs { all: true, type_ids: &[], request: 1 }, &mut subscribe[HEADER_SIZE..])
            .expect("a subscription");
        client.send(&subscribe);
        client.expect::<Subscribed>();
        client
    }

    pub fn send(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).expect("the bridge reads");
    }

    /// Nothing more is sent.
    pub fn end(&self) {
        self.0.shutdown(Shutdown::Write).expect("the socket is open");
    }

    /// The next frame; `None` at the end of the stream.
    pub fn frame(&mut self) -> Option<(u16, Vec<u8>)> {
        let mut header = [0; HEADER_SIZE];
        match self.0.read(&mut header[..1]) {
            Ok(0) => return None,
            Ok(_) => self.0.read_exact(&mut header[1..]).expect("a whole header"),
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => return None,
            Err(error) => panic!("{error}"),
        }
        let header = Header::from_bytes(header, frame::MAX_PAYLOAD).expect("a header");
        let mut payload = vec![0; header.length()];
        self.0.read_exact(&mut payload).expect("a whole payload");
        Some((header.type_id(), payload))
    }

    /// The next frame but for pings, which are not answered: too soon for that.
    #[track_caller]
    pub fn expect<M: Message>(&mut self) -> Box<M> {
        loop {
            let (type_id, payload) = self.frame().expect("a frame");
            if type_id == M::TYPE_ID {
                return M::read_boxed(&payload).expect("a message");
            }
            assert_eq!(type_id, Ping::TYPE_ID, "instead of {}", M::NAME);
        }
    }

    #[track_caller]
    pub fn expect_end(&mut self) {
        assert_eq!(self.frame(), None);
    }

    /// The bridge says goodbye for this reason, and ends.
    #[track_caller]
    pub fn expect_goodbye(&mut self, reason: GoodbyeReason) {
        assert_eq!(self.expect::<Goodbye>().reason(), reason);
        self.expect_end();
    }
}
