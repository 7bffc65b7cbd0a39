//! Frames in shared buffers.
#![cfg(feature = "bytes")]

use std::any::TypeId;

use bytes::{Bytes, BytesMut};
use mycelium_wire::Code;
use mycelium_wire::core_messages::{ClientHello, ClientHelloArgs, Ping, PingArgs, Pong};
use mycelium_wire::frame::{self, FrameCode, FrameError};
use mycelium_wire::shared::{Owned, SharedFrames};

const HELLO: ClientHelloArgs<'_> = ClientHelloArgs {
    schema_digest: &[1; 32],
    protocol_version: 2,
    capabilities: 1,
    client_name: "shared",
    worker_id: "",
    worker_token: &[0; 16],
};

fn ping(nonce: u64) -> Ping {
    Ping::new(PingArgs { nonce }).unwrap()
}

/// Pings in one buffer.
fn pings(nonces: impl IntoIterator<Item = u64>) -> Bytes {
    let mut bytes = Vec::new();
    nonces.into_iter().for_each(|nonce| frame::encode(&ping(nonce), &mut bytes));
    bytes.into()
}

#[test]
fn both_ways_of_writing_give_the_same_frame() {
    let (mut copied, mut in_place) = (BytesMut::new(), BytesMut::new());
    let hello = ClientHello::new(HELLO).unwrap();
    let copied = SharedFrames::from_message(&mut copied, &hello);
    let in_place = SharedFrames::encode::<ClientHello>(&mut in_place, &HELLO).unwrap();
    let mut expected = Vec::new();
    frame::encode(&hello, &mut expected);
    for frame in [copied, in_place] {
        assert_eq!((frame.as_bytes(), frame.count(), frame.type_id()), (&expected[..], 1, 1));
        assert_eq!((frame.kind(), frame.len()), (Some(TypeId::of::<ClientHello>()), 206));
        assert_eq!(frame.payload(), hello.as_bytes());
        assert_eq!(*frame.downcast::<ClientHello>().unwrap(), hello);
    }
}

// Frames share one block, and a block may have something in it already.
#[test]
fn frames_are_cut_from_a_block_and_leave_the_rest() {
    let mut block = BytesMut::with_capacity(64);
    let start = block.as_ptr();
    let one = SharedFrames::from_message(&mut block, &ping(1));
    let two = SharedFrames::encode::<Ping>(&mut block, &PingArgs { nonce: 2 }).unwrap();
    assert_eq!((one.as_bytes().as_ptr(), two.as_bytes().as_ptr()), (start, start.wrapping_add(14)));
    assert!(block.is_empty());
    block.extend_from_slice(b"before");
    let three = SharedFrames::from_message(&mut block, &ping(3));
    assert_eq!(&block[..], b"before");
    let error = SharedFrames::encode::<ClientHello>(&mut block, &ClientHelloArgs { protocol_version: 0, ..HELLO });
    assert_eq!(error.unwrap_err().path(), "protocol_version");
    assert_eq!(&block[..], b"before");
    for (nonce, frame) in [(1, one), (2, two), (3, three)] {
        assert_eq!(frame.downcast::<Ping>().unwrap().nonce(), nonce);
    }
}

#[test]
fn only_whole_frames_of_one_type_are_taken() {
    let good = pings(0..3);
    let frames = SharedFrames::unchecked(good.clone()).unwrap();
    assert_eq!((frames.count(), frames.type_id(), frames.kind()), (3, 5, None));
    assert_eq!(frames.lengths().collect::<Vec<_>>(), [14; 3]);
    assert!(frames.payloads().map(|payload| payload[0]).eq(0..3));
    for end in 0..good.len() {
        let cut = SharedFrames::unchecked(good.slice(..end));
        assert_eq!(cut.is_ok(), end % 14 == 0 && end > 0, "{end} bytes");
        if let Err(error) = cut {
            assert!(matches!(error, FrameError::Incomplete { needed } if needed > 0));
        }
    }
    let mut mixed = good.to_vec();
    mixed[14] = 6;
    let code = FrameCode::OtherTypeId { found: 6, expected: 5 };
    let error = SharedFrames::unchecked(mixed.into()).unwrap_err();
    assert_eq!(error, FrameError::Malformed { code, field: "type_id", offset: 14 });
    assert!(error.to_string().ends_with("type id 6 among frames of type id 5"));
}

// What is known of frames has to be true of every one of them: the reference to a message is not checked again.
#[test]
fn a_kind_is_given_only_when_every_frame_is_right() {
    let frames = SharedFrames::unchecked(pings(0..3)).unwrap().checked::<Ping>().unwrap();
    assert_eq!(frames.kind(), Some(TypeId::of::<Ping>()));
    let wrong = frames.clone().checked::<Pong>().unwrap_err();
    assert_eq!((wrong.index, wrong.error.code()), (0, Code::UnknownType));
    assert_eq!(frames.clone().downcast::<Pong>().unwrap_err().code(), Code::UnknownType);

    // Right headers, wrong lengths.
    let mut bytes = pings([1]).to_vec();
    bytes.extend_from_slice(&[5, 0, 7, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7]);
    let uneven = SharedFrames::unchecked(bytes.into()).unwrap();
    let bad = uneven.clone().checked::<Ping>().unwrap_err();
    assert_eq!(
        (bad.index, bad.error.code(), bad.to_string()),
        (1, Code::Length, "frame 1 is not a message of its type".into())
    );
    let mut rest = uneven;
    assert_eq!(
        rest.split_first().unwrap().downcast::<Ping>().unwrap().nonce(),
        u64::from_le_bytes([1, 0, 0, 0, 0, 0, 0, 0])
    );
    assert_eq!(rest.downcast::<Ping>().unwrap_err().code(), Code::Length);

    let mut bytes = Vec::new();
    frame::encode(&ClientHello::new(HELLO).unwrap(), &mut bytes);
    bytes[6 + 42 + 6] = 0xff;
    let bad = SharedFrames::unchecked(bytes.into()).unwrap().checked::<ClientHello>().unwrap_err();
    assert_eq!((bad.error.code(), bad.error.path()), (Code::Utf8, "client_name"));
}

#[test]
fn frames_are_split_at_frames() {
    for known in [false, true] {
        for at in 0..=5 {
            let mut frames = SharedFrames::unchecked(pings(0..4)).unwrap();
            if known {
                frames = frames.checked::<Ping>().unwrap();
            }
            let first = frames.split_to(at);
            if at == 0 || at >= 4 {
                assert!(first.is_none() && frames.count() == 4);
                continue;
            }
            let first = first.unwrap();
            assert_eq!(
                (first.count(), first.len(), frames.count(), frames.len()),
                (at, 14 * at, 4 - at, 14 * (4 - at))
            );
            assert!(first.payloads().chain(frames.payloads()).map(|payload| payload[0]).eq(0..4));
            assert_eq!(first.kind(), frames.kind());
        }
    }
}

#[test]
fn an_owned_message_lives_without_its_frames_and_on_another_thread() {
    let frames = SharedFrames::unchecked(pings(7..9)).unwrap();
    let address = frames.payload().as_ptr();
    let owned: Owned<Ping> = frames.downcast().unwrap();
    assert_eq!(owned.as_bytes().as_ptr(), address);
    let clone = owned.clone();
    drop(owned);
    let clone = std::thread::spawn(move || clone).join().unwrap();
    assert_eq!((clone.nonce(), *clone == ping(7), clone == ping(8)), (7, true, false));
    assert_eq!(format!("{clone:?}"), format!("{:?}", ping(7)));
    assert_eq!(clone.frame_bytes()[..6], [5, 0, 8, 0, 0, 0]);
    let frames = SharedFrames::from(clone);
    assert_eq!((frames.count(), frames.kind(), frames.type_id()), (1, Some(TypeId::of::<Ping>()), Ping::TYPE_ID));
}
