//! JSON-RPC as the Language Server Protocol frames it: messages read from a stream, and written to one. What they ask
//! for is left to [`super::server`].
//!
//! There are crates for it. They end with the first message that is not one, make room for whatever length is announced,
//! and take answers apart into trees, which for the symbols of a large contract is most of a gigabyte.

use std::io::{self, BufRead, Read, Write};

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::error::Category;
use serde_json::value::RawValue;

use crate::cli::expected::said;

/// The longest message that is read, in bytes: a contract of the largest size, each of its bytes escaped.
pub const LONGEST: u64 = 6 * myc_schema::source::MAX_BYTES + 64 * 1024;

/// The longest header that is read, in bytes.
const LONGEST_HEADER: u64 = 4 * 1024;

/// The numbers that errors have in the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// It is not JSON.
    Parse = -32700,
    /// It is not a message, or not one that may come now.
    InvalidRequest = -32600,
    /// There is no such method.
    MethodNotFound = -32601,
    /// The method has other parameters.
    InvalidParams = -32602,
    /// The answer cannot be said in JSON.
    Internal = -32603,
    /// `initialize` comes first.
    NotInitialized = -32002,
    /// The client asked for the answer, and then not any more.
    Cancelled = -32800,
    /// The text is not the one any more that was asked about.
    Modified = -32801,
}

/// What a request and its answer have in common, as the client wrote it: a number or a text.
#[derive(Clone, Debug, Deserialize)]
#[serde(transparent)]
pub struct Id(Box<RawValue>);

impl PartialEq for Id {
    fn eq(&self, other: &Self) -> bool {
        self.0.get() == other.0.get()
    }
}

/// A message from the client.
#[derive(Debug)]
pub enum Incoming {
    /// It waits for an answer.
    Request(Id, String, Params),
    /// It does not.
    Notification(String, Params),
    /// The answer to a request of ours.
    Answer,
    /// It is none. The id is there where it can be read.
    Refused(Option<Id>, Code, String),
}

/// The parameters of a message, not looked at yet.
#[derive(Debug)]
pub struct Params(Option<Box<RawValue>>);

impl Params {
    /// The parameters as those of a method.
    pub fn read<'a, T: Deserialize<'a>>(&'a self) -> Result<T, String> {
        let params = self.0.as_ref().map_or("null", |params| params.get());
        if params.starts_with('[') {
            // Serde would take the members in the order of our sources.
            return Err("`params` is an array, expected an object".to_owned());
        }
        serde_json::from_str(params).map_err(|error| format!("`params`: {}", said(&error.to_string(), "an object")))
    }
}

/// Why nothing more can be read from a stream: where the next message begins is not known.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    /// A line before a message that is no header.
    #[error("expected a header such as `Content-Length: 2`, found {0:?}")]
    Header(String),
    /// Headers without the one that counts.
    #[error("a message without `Content-Length`")]
    NoLength,
    /// The length is not a number, or too large a one.
    #[error("`Content-Length: {0}`: expected a number of bytes, {LONGEST} at most")]
    Length(String),
    /// The end of the stream.
    #[error("they end within a message")]
    Ended,
    /// It could not be read.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// The next message of a stream; `None` at its end.
pub fn read(from: &mut impl BufRead) -> Result<Option<Incoming>, Broken> {
    let Some(length) = read_length(from)? else { return Ok(None) };
    // It grows with what comes, not with what is announced.
    let mut body = Vec::new();
    if from.by_ref().take(length).read_to_end(&mut body)? as u64 != length {
        return Err(Broken::Ended);
    }
    Ok(Some(parse(&body)))
}

fn read_length(from: &mut impl BufRead) -> Result<Option<u64>, Broken> {
    let mut length = None;
    let mut first = true;
    loop {
        let mut line = Vec::new();
        from.by_ref().take(LONGEST_HEADER).read_until(b'\n', &mut line)?;
        if line.is_empty() && first {
            return Ok(None);
        }
        first = false;
        let line = String::from_utf8_lossy(&line);
        let header = || Broken::Header(line.chars().take(80).collect());
        let Some(text) = line.strip_suffix('\n') else {
            return Err(if line.len() as u64 >= LONGEST_HEADER { header() } else { Broken::Ended });
        };
        let text = text.trim_end_matches('\r');
        if text.is_empty() {
            return length.ok_or(Broken::NoLength).map(Some);
        }
        let (name, value) = text.split_once(':').ok_or_else(header)?;
        if name.eq_ignore_ascii_case("Content-Length") {
            let value = value.trim();
            let number = value.parse().ok().filter(|number| *number <= LONGEST);
            length = Some(number.ok_or_else(|| Broken::Length(value.chars().take(40).collect()))?);
        }
    }
}

/// The members of a message.
#[derive(Deserialize)]
struct Members {
    jsonrpc: Option<String>,
    #[serde(default, deserialize_with = "present")]
    id: Option<Box<RawValue>>,
    method: Option<String>,
    params: Option<Box<RawValue>>,
    #[serde(default, deserialize_with = "present")]
    result: Option<serde::de::IgnoredAny>,
    error: Option<serde::de::IgnoredAny>,
}

/// A member that is there, also where it is `null`.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Option<T>, D::Error> {
    T::deserialize(from).map(Some)
}

/// What is said of an array, with several messages or none.
const AN_ARRAY: &str = "not a message: it is an array, expected an object; each message comes alone";

fn parse(body: &[u8]) -> Incoming {
    let is_array = body.trim_ascii_start().starts_with(b"[");
    let members: Members = match serde_json::from_slice(body) {
        // Serde takes an array for the members in the order of our sources.
        Ok(_) if is_array => return Incoming::Refused(None, Code::InvalidRequest, AN_ARRAY.to_owned()),
        Ok(members) => members,
        Err(error) if error.classify() == Category::Data => {
            let words = match is_array {
                true => AN_ARRAY.to_owned(),
                false => format!("not a message: {}", said(&error.to_string(), "an object")),
            };
            return Incoming::Refused(id_of(body), Code::InvalidRequest, words);
        }
        Err(error) => return Incoming::Refused(None, Code::Parse, format!("not JSON: {error}")),
    };
    let Members { jsonrpc, id, method, params, result, error } = members;
    let refused = |id: Option<Id>, words: &str| Incoming::Refused(id, Code::InvalidRequest, words.to_owned());
    let id = match id.map(|id| checked(&id)).transpose() {
        Ok(id) => id,
        Err(_) => return refused(None, "not a message: `id` is a number or a text"),
    };
    if jsonrpc.as_deref() != Some("2.0") {
        return refused(id, "not a message: expected `\"jsonrpc\": \"2.0\"`");
    }
    match (method, id) {
        (Some(method), Some(id)) => Incoming::Request(id, method, Params(params)),
        (Some(method), None) => Incoming::Notification(method, Params(params)),
        (None, Some(_)) if result.is_some() || error.is_some() => Incoming::Answer,
        (None, id) => refused(id, "not a message: it has no `method`"),
    }
}

/// An id, where it is one: the protocol has no others than whole numbers and texts.
fn checked(raw: &RawValue) -> Result<Id, serde_json::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Known {
        Number(#[allow(dead_code)] i64),
        Text(#[allow(dead_code)] String),
    }
    serde_json::from_str::<Known>(raw.get())?;
    Ok(Id(raw.to_owned()))
}

/// The id of what is otherwise no message.
fn id_of(body: &[u8]) -> Option<Id> {
    #[derive(Deserialize)]
    struct Only {
        id: Box<RawValue>,
    }
    checked(&serde_json::from_slice::<Only>(body).ok()?.id).ok()
}

/// A message to the client, as it is written.
#[derive(Debug, Default)]
pub struct Outgoing(Vec<u8>);

impl Outgoing {
    /// The answer to a request.
    pub fn answer(id: &Id, result: &impl Serialize) -> Self {
        #[derive(Serialize)]
        struct Answer<'a, T> {
            jsonrpc: &'static str,
            id: &'a RawValue,
            result: &'a T,
        }
        match serde_json::to_vec(&Answer { jsonrpc: "2.0", id: &id.0, result }) {
            Ok(bytes) => Self(bytes),
            Err(error) => Self::refusal(Some(id), Code::Internal, &error.to_string()),
        }
    }

    /// An error for an answer.
    pub fn refusal(id: Option<&Id>, code: Code, words: &str) -> Self {
        let id = id.map_or("null", |id| id.0.get());
        let words = serde_json::Value::from(words);
        Self(format!(r#"{{"jsonrpc":"2.0","id":{id},"error":{{"code":{},"message":{words}}}}}"#, code as i32).into())
    }

    /// What the client is told unasked.
    pub fn notification(method: &'static str, params: &impl Serialize) -> Self {
        #[derive(Serialize)]
        struct Notification<'a, T> {
            jsonrpc: &'static str,
            method: &'static str,
            params: &'a T,
        }
        Self(serde_json::to_vec(&Notification { jsonrpc: "2.0", method, params }).unwrap_or_default())
    }

    /// Writes it to a stream.
    pub fn write(&self, to: &mut impl Write) -> io::Result<()> {
        write!(to, "Content-Length: {}\r\n\r\n", self.0.len())?;
        to.write_all(&self.0)?;
        to.flush()
    }
}
