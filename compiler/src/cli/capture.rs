//! `myc-schema decode --stream`: what went over a connection, a JSON line for each thing in it.

use std::io::{Cursor, Read, Write, stdin, stdout};

use clap::ValueEnum;
use myc_schema::hex::hex;
use myc_schema::ir::{Message, Schema};
use myc_schema::source::reason;
use myc_schema::stream::{self, DIGEST_SIZE, Item, Stream, Types, What};
use myc_schema::value::{self, JsonStyle, ValueError};
use serde::Serialize;
use serde_json::value::RawValue;

use super::exit::Failure;
use super::terminal;

/// Whose bytes a captured stream has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum From {
    /// A client's, from its opening on
    Client,
    /// A bridge's: frames from the first byte on
    Bridge,
}

/// How a stream is read.
pub struct Choices {
    /// Whose bytes they are.
    pub from: From,
    /// Pass over bytes that cannot be a frame.
    pub resync: bool,
    /// Hex digits instead of bytes.
    pub hex: bool,
    /// Show payloads that the contract keeps out of logs.
    pub show_redacted: bool,
}

/// The most hex digits that are read: they have to be complete before they are bytes.
const MAX_HEX: u64 = 256 * 1024 * 1024;

#[derive(Serialize)]
#[serde(untagged)]
enum Line<'a> {
    Version1 {
        offset: u64,
        handshake: u8,
        schema_digest: String,
        same_schema: bool,
    },
    Version2 {
        offset: u64,
        handshake: u8,
        same_schema: Option<bool>,
        message: &'a str,
        #[serde(flatten)]
        payload: PayloadJson,
        #[serde(skip_serializing_if = "is_zero")]
        bytes_of_later_versions: usize,
    },
    Frame {
        offset: u64,
        type_id: u16,
        message: Option<&'a str>,
        length: usize,
        #[serde(flatten)]
        payload: PayloadJson,
    },
    Skipped {
        offset: u64,
        skipped: u64,
    },
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum PayloadJson {
    Value(Box<RawValue>),
    Redacted(bool),
    Error(ErrorJson),
}

#[derive(Serialize)]
struct ErrorJson {
    code: String,
    path: String,
    message: String,
}

fn is_zero(number: &usize) -> bool {
    *number == 0
}

/// What was found that a connection should not have.
#[derive(Default)]
struct Findings {
    rejected: u64,
    gaps: u64,
    skipped: u64,
}

/// Reads stdin to its end and prints a line for everything in it, as it comes.
pub fn run(schema: &Schema, choices: &Choices) -> Result<(), Failure> {
    let mut input: Box<dyn Read> = match choices.hex {
        true => Box::new(Cursor::new(super::payload::unhex(&terminal::stdin("hex", MAX_HEX)?)?)),
        false => Box::new(stdin().lock()),
    };
    let types = Types::new(schema);
    let from = match choices.from {
        From::Client => stream::From::Client,
        From::Bridge => stream::From::Bridge,
    };
    let mut stream = Stream::new(&types, from, choices.resync);
    let mut findings = Findings::default();
    let mut buffer = vec![0; 64 * 1024];
    let mut end = None;
    while end.is_none() && !stream.is_done() {
        let read = match input.read(&mut buffer) {
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            other => {
                other.map_err(|error| Failure::io(format!("cannot read the stream from stdin: {}", reason(&error))))?
            }
        };
        match read {
            0 => stream.end(),
            read => stream.feed(&buffer[..read]),
        }
        let mut lines = Vec::new();
        while let Some(Item { offset, what }) = stream.take() {
            let line = match what {
                What::Broken(why) => Err(refused(offset, &why)),
                What::Incomplete(needed) => Err(cut(offset, needed)),
                What::Opening(said) => Ok(opening(schema, &types, offset, &said, &mut findings)),
                What::Frame { type_id, payload } => {
                    Ok(frame(&types, choices.show_redacted, offset, (type_id, &payload), &mut findings))
                }
                What::Skipped(skipped) => Ok(findings.gap(offset, skipped)),
            };
            match line {
                Ok(line) => {
                    // Lines are plain structs, which always have JSON.
                    let _ = serde_json::to_writer(&mut lines, &line);
                    lines.push(b'\n');
                }
                Err(failure) => end = Some(failure),
            }
        }
        let mut stdout = stdout().lock();
        stdout.write_all(&lines).and_then(|()| stdout.flush()).map_err(|error| Failure::stdout(&error))?;
        if read == 0 {
            break;
        }
    }
    match end.or_else(|| findings.failure()) {
        None => Ok(()),
        Some(failure) => Err(failure),
    }
}

fn refused(offset: u64, why: &str) -> Failure {
    Failure::finding(format!("stream rejected at byte {offset}: {why}"))
        .help("what follows cannot be told apart for certain; with --resync, the next bytes that can be a frame are looked for")
}

fn cut(offset: u64, needed: usize) -> Failure {
    let bytes = if needed == 1 { "byte is" } else { "bytes are" };
    Failure::finding(format!(
        "stream cut short: what begins at byte {offset} is not complete, {needed} more {bytes} needed"
    ))
}

impl Findings {
    fn failure(&self) -> Option<Failure> {
        let mut words = Vec::new();
        let number = |count: u64, one: &str, many: &str| format!("{count} {}", if count == 1 { one } else { many });
        if self.rejected > 0 {
            words.push(format!("{} rejected", number(self.rejected, "frame", "frames")));
        }
        if self.gaps > 0 {
            let gaps = number(self.gaps, "place", "places");
            words.push(format!("{} passed over in {gaps}", number(self.skipped, "byte", "bytes")));
        }
        (!words.is_empty()).then(|| Failure::finding(words.join(", ")))
    }
}

fn opening<'a>(schema: &Schema, types: &Types<'a>, offset: u64, said: &[u8], findings: &mut Findings) -> Line<'a> {
    if said.len() == DIGEST_SIZE {
        let schema_digest = hex(said);
        return Line::Version1 { offset, handshake: 1, schema_digest, same_schema: said == schema.digest };
    }
    let size = types.hello().map_or(0, |(_, hello)| hello.layout.size as usize).min(said.len());
    let (said, later) = said.split_at(size);
    let payload = match types.hello() {
        Some((core, hello)) => value(core, hello, said, true),
        None => Err(unknown(1)),
    };
    let same_schema = payload.is_ok().then(|| said.starts_with(&schema.digest));
    let (payload, bytes_of_later_versions) = (findings.payload(payload), later.len());
    Line::Version2 { offset, handshake: 2, same_schema, message: "ClientHello", payload, bytes_of_later_versions }
}

fn frame<'a>(
    types: &Types<'a>,
    show_redacted: bool,
    offset: u64,
    (type_id, payload): (u16, &[u8]),
    findings: &mut Findings,
) -> Line<'a> {
    let length = payload.len();
    let (message, payload) = match types.get(type_id) {
        Some((schema, message)) => {
            (Some(&*message.name), value(schema, message, payload, show_redacted || !message.redacted))
        }
        None => (None, Err(unknown(type_id))),
    };
    Line::Frame { offset, type_id, message, length, payload: findings.payload(payload) }
}

impl Findings {
    fn payload(&mut self, payload: Result<PayloadJson, ErrorJson>) -> PayloadJson {
        payload.unwrap_or_else(|error| {
            self.rejected += 1;
            PayloadJson::Error(error)
        })
    }

    fn gap(&mut self, offset: u64, skipped: u64) -> Line<'static> {
        self.gaps += 1;
        self.skipped += skipped;
        Line::Skipped { offset, skipped }
    }
}

fn unknown(type_id: u16) -> ErrorJson {
    let message = format!("the contract has no message of type {type_id}");
    ErrorJson { code: "type_id".to_owned(), path: String::new(), message }
}

/// The JSON of a payload; `open`: not kept out of logs.
fn value(schema: &Schema, message: &Message, payload: &[u8], open: bool) -> Result<PayloadJson, ErrorJson> {
    let error = |error: ValueError| ErrorJson {
        code: error.code.to_string(),
        path: error.path,
        // Words about the bytes may have them in them.
        message: if open { error.detail } else { String::new() },
    };
    if !open {
        return value::decode(schema, message, payload).map(|_| PayloadJson::Redacted(true)).map_err(error);
    }
    let json = value::payload_to_json(schema, message, payload, JsonStyle::Compact).map_err(error)?;
    let json = RawValue::from_string(json).map_err(|error| ErrorJson {
        code: "kind".to_owned(),
        path: String::new(),
        message: error.to_string(),
    })?;
    Ok(PayloadJson::Value(json))
}
