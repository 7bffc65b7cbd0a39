//! What `encode` and `decode` share: hex, the TLV header, and how a rejection is said.

use myc_schema::diag::bytes;
use myc_schema::ir::Message;
use myc_schema::layout::MAX_MESSAGE_SIZE;
use myc_schema::stream::{self, HEADER};
use myc_schema::value::ValueError;

use super::contract::{MessageFormat, Reading};
use super::exit::{Exit, Failure};
use super::terminal;

/// The most bytes of a frame.
pub const MAX_FRAME: u64 = HEADER as u64 + MAX_MESSAGE_SIZE as u64;

/// Says that a payload or its JSON was refused; nothing of it where the contract keeps it out of logs, unless it is
/// shown all the same.
pub fn rejected(reading: &Reading, message: &Message, show_redacted: bool, error: ValueError) -> Failure {
    let error = if message.redacted && !show_redacted { error.redacted() } else { error };
    let (code, message) = (error.code, &message.name);
    match reading.message_format {
        MessageFormat::Json => {
            let line = serde_json::json!({
                "severity": "error",
                "message_name": message,
                "code": code.to_string(),
                "path": error.path,
                "message": error.detail,
            });
            terminal::words(&format!("{line}\n"));
            Failure::silent(Exit::Findings)
        }
        _ => {
            let at = if error.path.is_empty() { String::new() } else { format!(" at {}", error.path) };
            let detail = if error.detail.is_empty() { String::new() } else { format!(": {}", error.detail) };
            Failure::finding(format!("{message} rejected: {code}{at}{detail}"))
        }
    }
}

/// Lower-case hex digits and a line end.
pub fn hex(bytes: &[u8]) -> String {
    format!("{}\n", myc_schema::hex::hex(bytes))
}

/// Bytes of hex digits in either case; `0x` in front and white space anywhere are passed over.
pub fn unhex(text: &[u8]) -> Result<Vec<u8>, Failure> {
    let mut nibbles = Vec::with_capacity(text.len());
    let start = text.trim_ascii_start();
    let digits = start.strip_prefix(b"0x").unwrap_or(start);
    let before = text.len() - digits.len();
    for (at, byte) in digits.iter().enumerate() {
        match char::from(*byte).to_digit(16) {
            Some(nibble) => nibbles.push(nibble as u8),
            None if byte.is_ascii_whitespace() => {}
            None => {
                let found = char::from(*byte).escape_default();
                return Err(Failure::finding(format!("character {} of the hex digits is `{found}`", before + at + 1)));
            }
        }
    }
    if nibbles.len() % 2 != 0 {
        return Err(Failure::finding(format!("an odd number of hex digits: {}", nibbles.len())));
    }
    Ok(nibbles.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

/// A frame: the TLV header and the payload.
pub fn frame(type_id: u16, payload: &[u8]) -> Vec<u8> {
    let mut frame = Vec::with_capacity(HEADER + payload.len());
    frame.extend(type_id.to_le_bytes());
    frame.extend((payload.len() as u32).to_le_bytes());
    frame.extend(payload);
    frame
}

/// The type id and payload of a frame.
pub fn unframe(frame: &[u8]) -> Result<(u16, &[u8]), Failure> {
    let Some((header, payload)) = frame.split_first_chunk::<HEADER>() else {
        let found = frame.len();
        let found = bytes(found);
        return Err(Failure::finding(format!("frame rejected: length: {found}, the header alone has {HEADER}")));
    };
    let (type_id, length) = stream::header(header);
    if length > MAX_MESSAGE_SIZE {
        return Err(Failure::finding(format!(
            "frame rejected: length: the header says {length} bytes, the most is {MAX_MESSAGE_SIZE}"
        )));
    }
    if payload.len() != length as usize {
        let found = payload.len();
        return Err(Failure::finding(format!(
            "frame rejected: length: the header says {}, {found} follow it",
            bytes(length)
        )));
    }
    Ok((type_id, payload))
}
