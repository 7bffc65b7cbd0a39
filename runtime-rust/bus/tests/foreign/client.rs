//! A client in a program that has none of the project's code: it was written from `docs/wire-protocol.md` alone, and
//! has nothing but the standard library. Numbers are written out as the document gives them.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::sha256::sha256;

pub const WELCOME: u16 = 2;
pub const REJECT: u16 = 3;
pub const SCHEMA_SUMMARY: u16 = 4;
pub const PING: u16 = 5;
pub const PONG: u16 = 6;
pub const SUBSCRIBE: u16 = 7;
pub const UNSUBSCRIBE: u16 = 8;
pub const SUBSCRIBED: u16 = 9;
pub const DROPPED: u16 = 10;
pub const GOODBYE: u16 = 11;

pub const TEXT_MESSAGE: u16 = 1001;
pub const COUNTER_UPDATE: u16 = 1002;
pub const BATCH_OPERATION: u16 = 1003;

/// Capability bit 0.
pub const SHARED: u32 = 1;

/// Longer than anything takes on a busy machine: a read that waits so long has failed.
const PATIENCE: Duration = Duration::from_secs(60);

/// The canonical text of the reference contract: its first two lines, and those of each message.
const CANONICAL: [&str; 2] = ["mycelium canonical-v1\n", "schema 1297695557 1 1\n"];
const TEXT_MESSAGE_LINES: &str = "\
message 1001 TextMessage examples 312 8
field 0 sender string(32) required not_empty=true
field 40 content string(256) required not_empty=true
field 304 timestamp u64 required
";
const COUNTER_UPDATE_LINES: &str = "\
message 1002 CounterUpdate examples 16 8
field 0 counter_id u64 required
field 8 value i32 required
field 12 delta i32 required
";
const BATCH_OPERATION_LINES: &str = "\
message 1003 BatchOperation examples 224 8
field 0 operation_id u64 required
field 8 items vec(array(u8,20),10) required min_length=1
field 216 total_count u32 required
";

pub fn digest() -> [u8; 32] {
    let [first, second] = CANONICAL;
    sha256([first, second, TEXT_MESSAGE_LINES, COUNTER_UPDATE_LINES, BATCH_OPERATION_LINES].concat().as_bytes())
}

/// A message type as a summary tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub type_id: u16,
    pub fingerprint: [u8; 8],
    pub name: String,
}

pub fn entry(type_id: u16, fingerprint: [u8; 8], name: &str) -> Entry {
    Entry { type_id, fingerprint, name: name.to_owned() }
}

/// The types of the reference contract.
pub fn reference_types() -> Vec<Entry> {
    let fingerprint = |lines: &str| {
        let hash = sha256([CANONICAL[0], lines].concat().as_bytes());
        <[u8; 8]>::try_from(&hash[..8]).unwrap()
    };
    vec![
        entry(TEXT_MESSAGE, fingerprint(TEXT_MESSAGE_LINES), "TextMessage"),
        entry(COUNTER_UPDATE, fingerprint(COUNTER_UPDATE_LINES), "CounterUpdate"),
        entry(BATCH_OPERATION, fingerprint(BATCH_OPERATION_LINES), "BatchOperation"),
    ]
}

/// `String<N>` in `size` bytes: the length, six zero bytes, the text, zeros.
fn string(text: &str, size: usize) -> Vec<u8> {
    let mut bytes = u16::try_from(text.len()).unwrap().to_le_bytes().to_vec();
    bytes.resize(8, 0);
    bytes.extend_from_slice(text.as_bytes());
    assert!(bytes.len() <= size);
    bytes.resize(size, 0);
    bytes
}

pub fn frame(type_id: u16, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap();
    [&type_id.to_le_bytes()[..], &length.to_le_bytes(), payload].concat()
}

pub fn text_message(sender: &str, content: &str, timestamp: u64) -> Vec<u8> {
    let payload = [string(sender, 40), string(content, 264), timestamp.to_le_bytes().to_vec()].concat();
    assert_eq!(payload.len(), 312);
    frame(TEXT_MESSAGE, &payload)
}

pub fn counter_update(counter_id: u64, value: i32, delta: i32) -> Vec<u8> {
    let payload = [&counter_id.to_le_bytes()[..], &value.to_le_bytes(), &delta.to_le_bytes()].concat();
    frame(COUNTER_UPDATE, &payload)
}

/// What a client of version 1 sends first.
pub fn version_1(digest: [u8; 32]) -> Vec<u8> {
    [&[32, 0][..], &digest].concat()
}

/// A `ClientHello` payload.
pub fn client_hello(digest: [u8; 32], version: u16, capabilities: u32) -> Vec<u8> {
    let mut hello = digest.to_vec();
    hello.extend_from_slice(&version.to_le_bytes());
    hello.extend_from_slice(&[0, 0]);
    hello.extend_from_slice(&capabilities.to_le_bytes());
    hello.extend_from_slice(&string("foreign", 72));
    hello.extend_from_slice(&string("", 72));
    hello.extend_from_slice(&[0; 16]);
    assert_eq!(hello.len(), 200);
    hello
}

/// What a client sends first whose handshake has these bytes.
pub fn opening(bytes: &[u8]) -> Vec<u8> {
    [&u16::try_from(bytes.len()).unwrap().to_le_bytes()[..], bytes].concat()
}

/// What a client of version 2 sends first.
pub fn version_2(digest: [u8; 32], capabilities: u32) -> Vec<u8> {
    opening(&client_hello(digest, 2, capabilities))
}

/// `Subscribe` and `Unsubscribe`.
pub fn subscription(core_type: u16, all: bool, type_ids: &[u16], request: u64) -> Vec<u8> {
    let mut payload = vec![u8::from(all), 0];
    payload.extend_from_slice(&u16::try_from(type_ids.len()).unwrap().to_le_bytes());
    payload.extend_from_slice(&[0; 6]);
    type_ids.iter().for_each(|type_id| payload.extend_from_slice(&type_id.to_le_bytes()));
    payload.resize(528, 0);
    payload.extend_from_slice(&request.to_le_bytes());
    frame(core_type, &payload)
}

pub fn summary(entries: &[Entry], last: bool) -> Vec<u8> {
    let mut payload = u16::try_from(entries.len()).unwrap().to_le_bytes().to_vec();
    payload.resize(8, 0);
    for entry in entries {
        payload.extend_from_slice(&entry.type_id.to_le_bytes());
        payload.extend_from_slice(&entry.fingerprint);
        payload.extend_from_slice(&string(&entry.name, 72));
    }
    payload.resize(2632, 0);
    payload.extend_from_slice(&[u8::from(last), 0]);
    frame(SCHEMA_SUMMARY, &payload)
}

/// `ClientDone`.
pub fn goodbye() -> Vec<u8> {
    frame(GOODBYE, &[&8u16.to_le_bytes()[..], &string("", 208)].concat())
}

pub fn pong(nonce: u64) -> Vec<u8> {
    frame(PONG, &nonce.to_le_bytes())
}

pub fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes(bytes[at..at + 2].try_into().unwrap())
}

pub fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap())
}

pub fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap())
}

fn string_at(bytes: &[u8], at: usize) -> String {
    let text = &bytes[at + 8..at + 8 + usize::from(u16_at(bytes, at))];
    String::from_utf8(text.to_vec()).unwrap()
}

/// The entries of a `SchemaSummary`, and whether it is the last one.
pub fn read_summary(payload: &[u8]) -> (Vec<Entry>, bool) {
    assert_eq!(payload.len(), 2634);
    let entries = (0..usize::from(u16_at(payload, 0))).map(|index| {
        let at = 8 + index * 82;
        let fingerprint = payload[at + 2..at + 10].try_into().unwrap();
        entry(u16_at(payload, at), fingerprint, &string_at(payload, at + 10))
    });
    (entries.collect(), payload[2632] == 1)
}

/// The frame that came, or the end of the stream.
#[derive(Debug, PartialEq, Eq)]
pub enum Heard {
    Frame(u16, Vec<u8>),
    End,
}

enum Socket {
    Unix(UnixStream),
    Tcp(TcpStream),
}

pub struct Client {
    socket: Socket,
    unread: Vec<u8>,
}

impl Client {
    pub fn unix(path: &Path) -> Self {
        let socket = UnixStream::connect(path).unwrap();
        socket.set_write_timeout(Some(PATIENCE)).unwrap();
        Self { socket: Socket::Unix(socket), unread: Vec::new() }
    }

    pub fn tcp(address: SocketAddr) -> Self {
        let socket = TcpStream::connect_timeout(&address, PATIENCE).unwrap();
        socket.set_write_timeout(Some(PATIENCE)).unwrap();
        Self { socket: Socket::Tcp(socket), unread: Vec::new() }
    }

    pub fn send(&mut self, bytes: &[u8]) {
        match &mut self.socket {
            Socket::Unix(socket) => socket.write_all(bytes),
            Socket::Tcp(socket) => socket.write_all(bytes),
        }
        .unwrap();
    }

    pub fn end_writing(&mut self) {
        match &self.socket {
            Socket::Unix(socket) => socket.shutdown(Shutdown::Write),
            Socket::Tcp(socket) => socket.shutdown(Shutdown::Write),
        }
        .unwrap();
    }

    /// More bytes; 0 at the end of the stream, also where it was cut off.
    fn read(&mut self, until: Instant) -> usize {
        let rest = until.saturating_duration_since(Instant::now());
        assert!(!rest.is_zero(), "nothing comes");
        let mut buffer = vec![0; 64 * 1024];
        let read = match &mut self.socket {
            Socket::Unix(socket) => {
                socket.set_read_timeout(Some(rest)).unwrap();
                socket.read(&mut buffer)
            }
            Socket::Tcp(socket) => {
                socket.set_read_timeout(Some(rest)).unwrap();
                socket.read(&mut buffer)
            }
        };
        match read {
            Ok(read) => {
                self.unread.extend_from_slice(&buffer[..read]);
                read
            }
            Err(error) if error.kind() == ErrorKind::ConnectionReset => 0,
            // A read with a timeout is interrupted when the process was stopped and goes on.
            Err(error) if error.kind() == ErrorKind::Interrupted => self.read(until),
            Err(error) => panic!("nothing comes: {error}"),
        }
    }

    pub fn hear(&mut self) -> Heard {
        let until = Instant::now() + PATIENCE;
        loop {
            if self.unread.len() >= 6 {
                let length = u32_at(&self.unread, 2);
                assert!(length <= 4_194_304);
                let end = 6 + length as usize;
                if self.unread.len() >= end {
                    let frame: Vec<u8> = self.unread.drain(..end).collect();
                    return Heard::Frame(u16_at(&frame, 0), frame[6..].to_vec());
                }
            }
            if self.read(until) == 0 {
                assert!(self.unread.is_empty(), "the stream ends inside a frame");
                return Heard::End;
            }
        }
    }

    /// The next frame's payload. The frame is of this type.
    #[track_caller]
    pub fn expect(&mut self, type_id: u16) -> Vec<u8> {
        match self.hear() {
            Heard::Frame(heard, payload) if heard == type_id => payload,
            other => panic!("{other:?} instead of {type_id}"),
        }
    }

    /// The next frame is these bytes.
    #[track_caller]
    pub fn expect_frame(&mut self, bytes: &[u8]) {
        let payload = self.expect(u16_at(bytes, 0));
        assert_eq!(payload, bytes[6..]);
    }

    /// The stream ends, without another byte.
    #[track_caller]
    pub fn expect_end(&mut self) {
        assert_eq!(self.hear(), Heard::End);
    }

    /// A `Goodbye`, and then the stream ends. Gives the reason.
    #[track_caller]
    pub fn expect_goodbye(&mut self) -> u16 {
        let goodbye = self.expect(GOODBYE);
        assert_eq!(goodbye.len(), 210);
        self.expect_end();
        u16_at(&goodbye, 0)
    }

    /// The bridge's types.
    #[track_caller]
    pub fn expect_summaries(&mut self) -> Vec<Entry> {
        let mut types = Vec::new();
        loop {
            let (entries, last) = read_summary(&self.expect(SCHEMA_SUMMARY));
            types.extend(entries);
            if last {
                return types;
            }
        }
    }

    /// A `Reject`'s reason and digest.
    #[track_caller]
    pub fn expect_reject(&mut self) -> (u16, [u8; 32]) {
        let reject = self.expect(REJECT);
        assert_eq!(reject.len(), 242);
        (u16_at(&reject, 0), reject[2..34].try_into().unwrap())
    }

    #[track_caller]
    pub fn expect_welcome(&mut self) -> Welcome {
        let payload = self.expect(WELCOME);
        assert_eq!(payload.len(), 64);
        Welcome {
            digest: payload[..32].try_into().unwrap(),
            protocol_version: u16_at(&payload, 32),
            mode: payload[34],
            connection_id: u64_at(&payload, 40),
            heartbeat_interval_ms: u32_at(&payload, 48),
            heartbeat_misses: u16_at(&payload, 52),
            max_payload: u32_at(&payload, 56),
        }
    }

    /// Adds or takes away types. Gives how many types it is now.
    #[track_caller]
    pub fn subscribe(&mut self, core_type: u16, all: bool, type_ids: &[u16], request: u64) -> u32 {
        self.send(&subscription(core_type, all, type_ids, request));
        let answer = self.expect(SUBSCRIBED);
        assert_eq!((answer.len(), u64_at(&answer, 0)), (16, request));
        u32_at(&answer, 8)
    }

    /// The bridge has taken everything that was sent before: it answers in order.
    #[track_caller]
    pub fn settle(&mut self) {
        self.subscribe(UNSUBSCRIBE, false, &[], u64::MAX);
    }
}

#[derive(Debug, PartialEq, Eq)]
pub struct Welcome {
    pub digest: [u8; 32],
    pub protocol_version: u16,
    pub mode: u8,
    pub connection_id: u64,
    pub heartbeat_interval_ms: u32,
    pub heartbeat_misses: u16,
    pub max_payload: u32,
}
