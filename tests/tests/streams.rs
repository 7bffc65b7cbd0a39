//! The first bytes of connections and the frames after them, as `golden/streams/` has them: read and written by the
//! wire crate and by OCaml's `Codec` and `Handshake`.

use std::process::Command;
use std::sync::OnceLock;

use mycelium_tests::ocaml_program;
use mycelium_tests::program::feed;
use mycelium_tests::streams::{Stream, openings, payload, streams};
use mycelium_tests::tokens::hex;
use mycelium_wire::core_messages::{AnyMessage, ClientHello, SchemaSummary};
use mycelium_wire::frame::{self, FrameDecoder, FrameError};
use mycelium_wire::handshake::{self, Opening, OpeningError};
use mycelium_wire::{Message, MessageInfo};

/// Sizes of the pieces in which streams arrive.
const PIECES: [usize; 3] = [usize::MAX, 1, 7];

fn ocaml(requests: &[String]) -> Vec<String> {
    static PROGRAM: OnceLock<std::path::PathBuf> = OnceLock::new();
    let program = PROGRAM
        .get_or_init(|| ocaml_program::build_with_runtime("streams", include_str!("../fixtures/ocaml_streams.ml")));
    let run = feed(Command::new(program), requests.join("\n") + "\n").exits(0);
    let replies: Vec<String> = run.text().lines().map(str::to_owned).collect();
    assert_eq!(replies.len(), requests.len(), "{}", run.stderr);
    replies
}

/// What the wire crate says of a client's first bytes.
fn opening(bytes: &[u8]) -> String {
    match handshake::decode_opening(bytes) {
        Ok((Opening::V1(digest), length)) => format!("v1 {} {length}", hex(digest)),
        Ok((Opening::V2(hello), length)) => format!("v2 {} {length}", hex(hello.as_bytes())),
        Err(OpeningError::Incomplete { needed }) => format!("incomplete {needed}"),
        Err(OpeningError::Length(_)) => "length".to_owned(),
        Err(OpeningError::Hello(error)) => format!("hello {} {}", error.code(), error.path()),
        Err(other) => panic!("{other}"),
    }
}

/// A bridge that reads them otherwise shuts out clients that are deployed, or lets in what it must not.
#[test]
fn rust_reads_openings() {
    for case in openings() {
        let expected = case.expected();
        assert_eq!(opening(&case.bytes), expected, "{}", case.name);
        if expected == "length" {
            assert_eq!(opening(&case.bytes[..2]), expected, "{}: not known from its length", case.name);
        }
    }
}

/// The digest or hello of each opening that is nothing else, with all of its bytes.
fn written_openings() -> Vec<(String, String, String)> {
    let cases = openings().into_iter().filter_map(|case| {
        let expected = case.expected();
        let mut words = expected.split(' ');
        let (version, content) = (words.next()?, words.next()?);
        let whole = version.starts_with('v') && case.bytes.len() == 2 + content.len() / 2;
        whole.then(|| (version.to_owned(), content.to_owned(), hex(&case.bytes)))
    });
    let cases: Vec<_> = cases.collect();
    assert!(cases.len() >= 8, "only {} openings are whole", cases.len());
    cases
}

#[test]
fn both_languages_write_openings() {
    let cases = written_openings();
    for (version, content, bytes) in &cases {
        let content = mycelium_tests::tokens::unhex(content).expect("hexadecimal digits");
        let written = match version.as_str() {
            "v1" => hex(&handshake::client_v1(&content.try_into().expect("32 bytes"))),
            _ => hex(&handshake::client_v2(ClientHello::decode(&content).expect("a hello"))),
        };
        assert_eq!(written, *bytes, "{version}");
    }
    let requests: Vec<String> = cases.iter().map(|(version, content, _)| format!("{version} x{content}")).collect();
    for ((_, _, bytes), (request, reply)) in cases.iter().zip(requests.iter().zip(ocaml(&requests))) {
        assert_eq!(reply, *bytes, "{request}");
    }
}

/// What the wire crate finds in a stream that arrives in pieces.
fn read(stream: &Stream, piece: usize) -> String {
    let mut decoder = FrameDecoder::new(stream.row.limit.unwrap_or(frame::MAX_PAYLOAD));
    let mut words = Vec::new();
    let mut pieces = stream.bytes.chunks(piece.min(stream.bytes.len().max(1)));
    loop {
        match decoder.next_frame() {
            Ok(frame) => words.push(format!("{}:{}", frame.type_id, hex(frame.payload))),
            Err(FrameError::Incomplete { needed }) => match pieces.next() {
                Some(piece) => decoder.push(piece),
                None => break words.push(format!("incomplete {needed}")),
            },
            Err(FrameError::Malformed { field, offset, .. }) => {
                break words.push(format!("malformed {field} {offset}"));
            }
            Err(other) => panic!("{other}"),
        }
    }
    words.join(" ")
}

#[test]
fn rust_reads_frames() {
    for case in streams() {
        for piece in PIECES {
            assert_eq!(read(&case, piece), case.expected(), "{} in pieces of {piece}", case.name);
        }
    }
}

#[test]
fn ocaml_reads_frames() {
    let cases = streams();
    let limit = |case: &Stream| case.row.limit.map_or("-".to_owned(), |limit| limit.to_string());
    let asked = cases.iter().flat_map(|case| PIECES.map(|piece| (case, piece.min(1 << 30))));
    let requests: Vec<(String, String)> = asked
        .map(|(case, piece)| (format!("frames {} {piece} x{}", limit(case), hex(&case.bytes)), case.expected()))
        .collect();
    let replies = ocaml(&requests.iter().map(|(request, _)| request.clone()).collect::<Vec<_>>());
    for ((request, expected), reply) in requests.iter().zip(replies) {
        assert_eq!(reply, *expected, "{request}");
    }
}

fn framed<M: Message>(message: &M) -> Vec<u8> {
    let mut out = Vec::new();
    frame::encode(message, &mut out);
    out
}

/// Type ids and lengths in the headers that are written, for every message of the core contract that has frames.
#[test]
fn both_languages_write_core_frames() {
    let frames: Vec<_> = streams().iter().flat_map(Stream::core_frames).collect();
    for type_id in 2..=11 {
        assert!(frames.iter().any(|(id, ..)| *id == type_id), "no frame of type {type_id}");
    }
    for (type_id, payload, bytes) in &frames {
        let message = AnyMessage::decode(*type_id, payload).unwrap_or_else(|error| panic!("type {type_id}: {error}"));
        let written = match message {
            AnyMessage::ClientHello(_) => panic!("a ClientHello is never in a frame"),
            AnyMessage::Welcome(message) => framed(message),
            AnyMessage::Reject(message) => framed(message),
            AnyMessage::SchemaSummary(message) => framed(message),
            AnyMessage::Ping(message) => framed(message),
            AnyMessage::Pong(message) => framed(message),
            AnyMessage::Subscribe(message) => framed(message),
            AnyMessage::Unsubscribe(message) => framed(message),
            AnyMessage::Subscribed(message) => framed(message),
            AnyMessage::Dropped(message) => framed(message),
            AnyMessage::Goodbye(message) => framed(message),
        };
        assert_eq!(hex(&written), hex(bytes), "type {type_id}");
    }
    let requests: Vec<String> =
        frames.iter().map(|(type_id, payload, _)| format!("message {type_id} x{}", hex(payload))).collect();
    for ((request, (_, _, bytes)), reply) in requests.iter().zip(&frames).zip(ocaml(&requests)) {
        assert_eq!(reply, hex(bytes), "{request}");
    }
}

/// A peer tells schemas apart by these frames: how many there are, what is in each, and which is the last.
#[test]
fn rust_writes_summaries_of_any_length() {
    let mut sizes = Vec::new();
    for case in streams().iter().filter(|case| case.name.contains("summar")) {
        let frames = case.core_frames();
        let summaries = frames.iter().map(|(_, payload, _)| SchemaSummary::decode(payload).expect("a summary"));
        let infos: Vec<MessageInfo> = summaries
            .flat_map(SchemaSummary::entries)
            .map(|entry| MessageInfo {
                type_id: entry.type_id(),
                name: String::leak(entry.name().to_owned()),
                fingerprint: *entry.fingerprint(),
                ..SchemaSummary::INFO
            })
            .collect();
        let written: Vec<u8> = handshake::summaries(&infos).expect("names that fit").iter().flat_map(framed).collect();
        assert_eq!(hex(&written), hex(&case.bytes), "{}", case.name);
        sizes.push(infos.len());
    }
    sizes.sort_unstable();
    assert_eq!(sizes, [0, 3, 33, 64]);
}

/// The payloads in the streams are those that `golden/core` has for the same messages.
#[test]
fn a_hello_is_the_same_in_an_opening() {
    assert_eq!(payload("core/ClientHello/typical"), payload("streams/openings/v2_feed_handler")[2..]);
}
