//! Generated messages as their users see them, by the framework's own.

use std::collections::BTreeSet;

use mycelium_wire::core_messages::{
    AnyMessage, ClientHello, ClientHelloArgs, Goodbye, GoodbyeArgs, GoodbyeReason, MessageSummary, MessageSummaryArgs,
    Ping, PingArgs, SchemaMode, SchemaSummary, SchemaSummaryArgs, Subscribe, SubscribeArgs,
};
use mycelium_wire::{Code, Message, frame};

const HELLO: ClientHelloArgs<'_> = ClientHelloArgs {
    schema_digest: &[1; 32],
    protocol_version: 2,
    capabilities: 1,
    client_name: "bench",
    worker_id: "",
    worker_token: &[0; 16],
};

#[test]
fn encoding_in_place_gives_the_bytes_of_the_constructor() {
    let hello = ClientHello::new(HELLO).unwrap();
    for before in [0x00, 0xff] {
        let mut buffer = vec![before; ClientHello::SIZE];
        assert_eq!(ClientHello::encode_into(HELLO, &mut buffer).unwrap(), &hello);
        assert_eq!(buffer, hello.as_bytes());
    }
    assert_eq!((hello.client_name(), hello.worker_id(), hello.capabilities()), ("bench", "", 1));
}

// A connection's send buffer holds other messages too: a refused one must not spoil it.
#[test]
fn a_refused_encode_leaves_the_buffer_alone() {
    let long = "x".repeat(65);
    let cases = [
        (ClientHelloArgs { client_name: &long, ..HELLO }, 200, Code::Count, "client_name"),
        (ClientHelloArgs { protocol_version: 1, ..HELLO }, 200, Code::Rule("min"), "protocol_version"),
        // The first in declared order.
        (
            ClientHelloArgs { protocol_version: 1, client_name: &long, ..HELLO },
            200,
            Code::Rule("min"),
            "protocol_version",
        ),
        (HELLO, 199, Code::Length, ""),
        (HELLO, 201, Code::Length, ""),
    ];
    for (args, size, code, path) in cases {
        let mut buffer = vec![0xaa; size];
        let error = ClientHello::encode_into(args, &mut buffer).unwrap_err();
        assert_eq!((error.code(), error.path()), (code, path));
        assert!(buffer.iter().all(|byte| *byte == 0xaa));
    }
}

// Payloads lie at any address of a receive buffer.
#[test]
fn decoding_needs_no_alignment_and_copies_nothing() {
    let hello = ClientHello::new(HELLO).unwrap();
    let mut buffer = vec![0; ClientHello::SIZE + 8];
    for at in 0..8 {
        let place = &mut buffer[at..at + ClientHello::SIZE];
        place.copy_from_slice(hello.as_bytes());
        let decoded = ClientHello::decode(place).unwrap();
        assert_eq!(decoded, &hello);
        assert_eq!(decoded.as_bytes().as_ptr(), place.as_ptr());
        assert_eq!(ClientHello::read(place).unwrap(), hello);
    }
}

#[test]
fn decoding_reports_the_first_failure_with_its_path() {
    let entry = |name| MessageSummary::new(MessageSummaryArgs { type_id: 7, fingerprint: &[7; 8], name }).unwrap();
    let entries = [entry("First"), entry("Second")];
    let good = SchemaSummary::new(SchemaSummaryArgs { entries: &entries, last: true }).unwrap();
    assert_eq!(good.entries()[1].name(), "Second");
    // The second entry's name begins at 8 + 82 + 10.
    for (at, byte, code, path) in [
        (0, 33, Code::Count, "entries"),
        (3, 1, Code::Padding, "entries"),
        (100, 65, Code::Count, "entries[1].name"),
        (110, 0xff, Code::Utf8, "entries[1].name"),
        (130, 1, Code::Padding, "entries[1].name"),
        (175, 1, Code::Padding, "entries"),
        (SchemaSummary::SIZE - 2, 2, Code::Bool, "last"),
        (SchemaSummary::SIZE - 1, 1, Code::Padding, "last"),
    ] {
        let mut bytes = good.as_bytes().to_vec();
        bytes[at] = byte;
        let error = SchemaSummary::decode(&bytes).unwrap_err();
        assert_eq!((error.code(), error.path()), (code, path), "byte {at}");
        assert_eq!(SchemaSummary::read(&bytes).unwrap_err(), error);
    }
    for size in [0, SchemaSummary::SIZE - 1, SchemaSummary::SIZE + 1] {
        assert_eq!(SchemaSummary::decode(&vec![0; size]).unwrap_err().code(), Code::Length);
    }
}

#[test]
fn the_enum_over_all_messages_finds_them_by_type_id() {
    let ping = Ping::new(PingArgs { nonce: u64::MAX }).unwrap();
    let any = AnyMessage::decode(Ping::TYPE_ID, ping.as_bytes()).unwrap();
    assert!(matches!(any, AnyMessage::Ping(found) if found.nonce() == u64::MAX));
    assert_eq!((any.type_id(), any.name(), any.topic(), any.as_bytes()), (5, "Ping", "mycelium.core", ping.as_bytes()));
    assert_eq!(AnyMessage::decode(99, &[]).unwrap_err().code(), Code::UnknownType);
    assert_eq!(AnyMessage::decode(Ping::TYPE_ID, &[]).unwrap_err().code(), Code::Length);

    let ids: Vec<u16> = AnyMessage::MESSAGES.iter().map(|message| message.type_id).collect();
    assert_eq!(ids, (1..=11).collect::<Vec<_>>());
    let fingerprints: BTreeSet<_> = AnyMessage::MESSAGES.iter().map(|message| message.fingerprint).collect();
    assert_eq!(fingerprints.len(), ids.len());
}

#[test]
fn messages_are_printed_by_their_fields() {
    let args = GoodbyeArgs { reason: GoodbyeReason::Shutdown, detail: "by \"hand\"" };
    let goodbye = Goodbye::new(args).unwrap();
    assert_eq!(format!("{goodbye:?}"), r#"Goodbye { reason: Shutdown, detail: "by \"hand\"" }"#);
    let subscribe = Subscribe::new(SubscribeArgs { all: false, type_ids: &[1000, 40000], request: 1 }).unwrap();
    assert_eq!(format!("{subscribe:?}"), "Subscribe { all: false, type_ids: [1000, 40000], request: 1 }");
}

#[test]
fn enums_convert_both_ways_and_refuse_the_rest() {
    assert_eq!(SchemaMode::try_from(2), Ok(SchemaMode::Shared));
    assert_eq!(u8::from(SchemaMode::Exact), 1);
    assert_eq!("Shared".parse(), Ok(SchemaMode::Shared));
    assert_eq!(SchemaMode::try_from(3).unwrap_err().to_string(), "3 is not a value of SchemaMode");
    assert!("shared".parse::<SchemaMode>().is_err());
    let names: Vec<_> = GoodbyeReason::ALL.iter().map(|reason| reason.name()).collect();
    assert_eq!((names.len(), names[0], GoodbyeReason::Idle.to_string().as_str()), (8, "Shutdown", "Idle"));
}

#[test]
fn frames_carry_messages() {
    let ping = Ping::new(PingArgs { nonce: 3 }).unwrap();
    let mut stream = Vec::new();
    frame::encode(&ping, &mut stream);
    assert_eq!(stream, [&[5, 0, 8, 0, 0, 0][..], ping.as_bytes()].concat());
    let frame = frame::decode(&stream, frame::MAX_PAYLOAD).unwrap();
    assert_eq!((frame.type_id, Ping::decode(frame.payload).unwrap()), (Ping::TYPE_ID, &ping));
}

/// What a generic subscriber does.
fn decode_as<M: Message>(payload: &[u8]) -> Option<Box<M>> {
    M::decode(payload).ok()?;
    M::read_boxed(payload).ok()
}

#[test]
fn generic_code_needs_the_trait_alone() {
    let ping = Ping::new(PingArgs { nonce: 3 }).unwrap();
    assert_eq!(decode_as::<Ping>(ping.as_bytes()).as_deref(), Some(&ping));
    assert_eq!(<Ping as Message>::INFO, AnyMessage::MESSAGES[4]);
    let mut buffer = [0; Ping::SIZE];
    assert_eq!(<Ping as Message>::encode_into(&PingArgs { nonce: 3 }, &mut buffer).unwrap(), &ping);
}

// Elements are converted as they are read, so each way of reading them is one of its own.
#[test]
fn elements_are_read_from_both_ends() {
    let type_ids: [u16; 5] = [1, 300, 40_000, 7, 65_535];
    let subscribe = Subscribe::new(SubscribeArgs { all: false, type_ids: &type_ids, request: 1 }).unwrap();
    let elements = subscribe.type_ids();
    assert_eq!(elements, type_ids);
    assert_eq!((elements.len(), elements.get(4), elements.get(5)), (5, Some(65_535), None));
    let mut iter = elements.iter();
    assert_eq!((iter.len(), iter.nth(1), iter.len()), (5, Some(300), 3));
    assert_eq!((iter.next_back(), iter.next(), iter.next_back()), (Some(65_535), Some(40_000), Some(7)));
    assert_eq!((iter.next(), iter.next_back(), iter.nth(1)), (None, None, None));
    assert!(elements.iter().rev().eq([65_535, 7, 40_000, 300, 1]));
    assert!(elements.iter().step_by(2).eq([1, 40_000, 65_535]));
    assert!(elements.into_iter().skip(3).eq([7, 65_535]));
}

// Sent between threads, and used as keys.
#[test]
fn messages_are_plain_values() {
    fn plain<T: Copy + Eq + std::hash::Hash + std::fmt::Debug + Send + Sync + 'static>() {}
    plain::<ClientHello>();
    plain::<MessageSummary>();
    plain::<SchemaMode>();
}

// One line in a log, and nothing in it that could pass for something else. The same texts are tested in OCaml.
#[test]
fn text_is_printed_legibly_and_without_hidden_characters() {
    let printed = |name: &str| {
        let summary = MessageSummary::new(MessageSummaryArgs { type_id: 1, fingerprint: &[0; 8], name }).unwrap();
        let printed = format!("{summary:?}");
        let (_, text) = printed.split_once(", name: ").unwrap();
        text.strip_suffix(" }").unwrap().to_owned()
    };
    for legible in ["", "it's", "Grüße, κόσμε", "語", "🐫", "ÿ", "\u{2027}"] {
        assert_eq!(printed(legible), format!("\"{legible}\""));
    }
    assert_eq!(printed("a\"b\\c"), r#""a\"b\\c""#);
    assert_eq!(printed("\0\t\n\r\x1b[2J\x7f"), r#""\0\t\n\r\u{1b}[2J\u{7f}""#);
    let hidden = [
        '\u{85}',
        '\u{9f}',
        '\u{61c}',
        '\u{200b}',
        '\u{200f}',
        '\u{2028}',
        '\u{2029}',
        '\u{202a}',
        '\u{202e}',
        '\u{2066}',
        '\u{2069}',
        '\u{feff}',
        '\u{e0041}',
    ];
    for character in hidden {
        assert_eq!(printed(&format!("ü{character}x")), format!("\"ü{}x\"", character.escape_unicode()));
    }
}
