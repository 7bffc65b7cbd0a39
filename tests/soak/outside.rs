//! Those who break the rules: bad frames, bad handshakes, connections that say nothing.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::Path;

use mycelium_wire::core_messages::{ClientHello, ClientHelloArgs, Goodbye, GoodbyeArgs, GoodbyeReason};
use mycelium_wire::frame::{self, HEADER_SIZE};
use mycelium_wire::handshake;

use crate::messages::{SCHEMA_DIGEST, TextMessage, TextMessageArgs};

/// What has been done.
#[derive(Clone, Copy, Debug, Default)]
pub struct Mischief {
    /// Frames that are no messages.
    pub bad: u64,
    /// Handshakes that cannot succeed.
    pub refused: u64,
}

/// One round of it. Blocks.
pub fn mischief(path: &Path) -> std::io::Result<Mischief> {
    let bad = bad_frames(path)?;
    for bytes in [&[7u8; 40][..], &[0xff; 3], &[32, 0, 1, 2, 3], &[]] {
        let mut socket = UnixStream::connect(path)?;
        // It may be gone already.
        let _ = socket.write_all(bytes);
    }
    let mut socket = UnixStream::connect(path)?;
    socket.write_all(&handshake::client_v1(&[9; 32]))?;
    socket.read_to_end(&mut Vec::new())?;
    Ok(Mischief { bad, refused: 1 })
}

/// A client that is let in, and sends frames that are no messages, then says goodbye in order.
fn bad_frames(path: &Path) -> std::io::Result<u64> {
    let hello = ClientHello::new(ClientHelloArgs {
        schema_digest: &SCHEMA_DIGEST,
        protocol_version: 2,
        capabilities: 0,
        client_name: "bad",
        worker_id: "",
        worker_token: &[0; 16],
    });
    let hello = hello.expect("a hello");
    let text = TextMessage::new(TextMessageArgs { sender: "bad", content: "bad", timestamp: 1 }).expect("a message");
    let mut frames = Vec::new();
    frame::encode(&text, &mut frames);
    // The sender's first byte: no UTF-8 begins so.
    frames[HEADER_SIZE + 8] = 0xff;
    let count = 5;
    let mut frames = frames.repeat(count);
    let goodbye = GoodbyeArgs { reason: GoodbyeReason::ClientDone, detail: "" };
    frame::encode(&Goodbye::new(goodbye).expect("a goodbye"), &mut frames);
    let mut socket = UnixStream::connect(path)?;
    socket.write_all(&handshake::client_v2(&hello))?;
    socket.write_all(&frames)?;
    socket.shutdown(Shutdown::Write)?;
    socket.read_to_end(&mut Vec::new())?;
    Ok(count as u64)
}
