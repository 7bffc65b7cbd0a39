//! The cases in `golden/streams/`: how connections begin, and frames one after the other. The formats are in
//! `golden/README.md`.

use std::path::Path;

use serde::Deserialize;

use crate::contract::{files, stem};
use crate::golden::{bytes, folder, yaml};
use crate::tokens::{hex, unhex};

/// The first bytes of a client.
pub struct Opening {
    /// File name without extension.
    pub name: String,
    /// The bytes.
    pub bytes: Vec<u8>,
    /// What they are.
    pub row: OpeningRow,
}

/// What an opening is: `version`, `incomplete` or `rejected`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpeningRow {
    version: Option<u8>,
    digest: Option<String>,
    hello: Option<String>,
    length: Option<usize>,
    incomplete: Option<usize>,
    rejected: Option<String>,
    code: Option<String>,
    path: Option<String>,
}

/// Bytes after a handshake.
pub struct Stream {
    /// File name without extension.
    pub name: String,
    /// The bytes.
    pub bytes: Vec<u8>,
    /// What they are.
    pub row: StreamRow,
}

/// The frames of a stream, and what is after the last: `incomplete` or `malformed`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StreamRow {
    /// The longest payload that the receiver takes, if that is not the format's own limit.
    pub limit: Option<u32>,
    /// The frames.
    pub frames: Vec<FrameRow>,
    incomplete: Option<usize>,
    malformed: Option<Malformed>,
}

/// A frame.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FrameRow {
    /// The type id.
    pub type_id: u16,
    /// The payload, a file of `golden/` without extension.
    pub payload: Option<String>,
    /// The payload's length, where it is no file.
    pub length: Option<usize>,
}

/// What is wrong with a header.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Malformed {
    field: String,
    offset: u64,
}

/// Every opening.
pub fn openings() -> Vec<Opening> {
    load("openings", |name, bytes, row| Opening { name, bytes, row })
}

/// Every stream of frames.
pub fn streams() -> Vec<Stream> {
    load("frames", |name, bytes, row| Stream { name, bytes, row })
}

fn load<R: for<'de> Deserialize<'de>, T>(kind: &str, case: impl Fn(String, Vec<u8>, R) -> T) -> Vec<T> {
    let folder = folder().join("streams").join(kind);
    let paths = files(&folder, ".bin");
    assert_eq!(paths.len(), files(&folder, ".yaml").len(), "a .yaml for every .bin of {kind}");
    let read = |path: &Path| case(stem(path, ".bin"), bytes(path), yaml(&path.with_extension("yaml")));
    paths.iter().map(|path| read(path)).collect()
}

/// A payload of `golden/`.
pub fn payload(path: &str) -> Vec<u8> {
    bytes(&folder().join(format!("{path}.bin")))
}

impl Opening {
    /// What a reader says of the bytes: `v1 DIGEST LENGTH`, `v2 HELLO LENGTH`, `incomplete NEEDED`, `length`, or
    /// `hello CODE PATH`.
    pub fn expected(&self) -> String {
        match &self.row {
            OpeningRow { version: Some(1), digest: Some(digest), length: Some(length), .. } => {
                format!("v1 {digest} {length}")
            }
            OpeningRow { version: Some(2), hello: Some(hello), length: Some(length), .. } => {
                format!("v2 {} {length}", hex(&payload(hello)))
            }
            OpeningRow { incomplete: Some(needed), .. } => format!("incomplete {needed}"),
            OpeningRow { rejected: Some(what), code: Some(code), path: Some(path), .. } => {
                format!("{what} {code} {path}")
            }
            OpeningRow { rejected: Some(what), .. } => what.clone(),
            _ => panic!("{}: a row without a meaning", self.name),
        }
    }
}

impl Stream {
    /// What a reader finds: each frame as `TYPE_ID:PAYLOAD`, and how it ends.
    pub fn expected(&self) -> String {
        let (mut words, mut rest) = (Vec::new(), &self.bytes[..]);
        for row in &self.row.frames {
            let payload = match (&row.payload, row.length) {
                (Some(path), None) => payload(path),
                (None, Some(length)) => rest[6..6 + length].to_vec(),
                _ => panic!("{}: a frame has either a payload or a length", self.name),
            };
            rest = &rest[6 + payload.len()..];
            words.push(format!("{}:{}", row.type_id, hex(&payload)));
        }
        words.push(match (&self.row.incomplete, &self.row.malformed) {
            (Some(needed), None) => format!("incomplete {needed}"),
            (None, Some(Malformed { field, offset })) => format!("malformed {field} {offset}"),
            _ => panic!("{}: a stream ends in one way", self.name),
        });
        words.join(" ")
    }

    /// The frames that are messages of the core contract: type id, payload, and all of the frame.
    pub fn core_frames(&self) -> Vec<(u16, Vec<u8>, Vec<u8>)> {
        let (mut frames, mut rest) = (Vec::new(), &self.bytes[..]);
        for (row, word) in self.row.frames.iter().zip(self.expected().split(' ')) {
            let digits = word.split_once(':').expect("a frame").1;
            let payload = unhex(digits).expect("hexadecimal digits");
            let (frame, after) = rest.split_at(6 + payload.len());
            if row.type_id < 100 && !payload.is_empty() {
                frames.push((row.type_id, payload, frame.to_vec()));
            }
            rest = after;
        }
        frames
    }
}
