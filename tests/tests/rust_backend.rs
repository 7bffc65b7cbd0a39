//! What generated Rust does besides codecs, in a program that is compiled and run.

use std::process::Command;

use mycelium_tests::contract::Contract;
use mycelium_tests::program::feed;
use mycelium_tests::rust_program;

const LARGE: &str = "
tag_ranges: { app: 100-49999 }
domains: { Test: { description: Size } }
messages:
  Small: { tlv_type: 101, domain: Test, fields: { bulk: \"[u8; 65528]\", count: u64 } }
  Largest: { tlv_type: 100, domain: Test, fields: { text: \"String<65535>\", bulk: \"[[u8; 60000]; 68]\" } }
";

/// A type over 64 KiB is made, read and copied on the heap: never on a stack, and never without its bytes.
#[test]
fn large_messages_live_on_the_heap() {
    let contract = Contract::new("large_messages", LARGE.to_owned());
    let main = r#"
use messages::*;

fn used() {
    let text = "é".repeat(30_000);
    let rows = vec![[7; 60_000]; 68];
    let bulk: &[[u8; 60_000]; 68] = rows[..].try_into().unwrap();
    let message = Largest::new(LargestArgs { text: &text, bulk }).unwrap();
    let copy: Box<Largest> = message.clone();
    let read: Box<Largest> = Largest::read(message.as_bytes()).unwrap();
    for other in [&copy, &read] {
        assert!(other.as_bytes() == message.as_bytes());
        assert!(!std::ptr::eq(&**other, &*message));
        assert!(other.text() == text && other.bulk() == bulk);
    }
    let mut buffer = vec![0xff; Largest::SIZE];
    let written = Largest::encode_into(LargestArgs { text: &text, bulk }, &mut buffer).unwrap();
    assert!(*written == *message);

    // 64 KiB is not more than 64 KiB.
    let small: Small = Small::new(SmallArgs { bulk: &[1; 65_528], count: 2 }).unwrap();
    let copy = small;
    assert!(copy == small && Small::read(small.as_bytes()).unwrap() == small);
}

fn main() {
    // Peers tell each other their messages in this order, whatever the contract's is.
    assert!(AnyMessage::MESSAGES.iter().map(|message| message.type_id).eq([100, 101]));
    std::thread::Builder::new().stack_size(2 << 20).spawn(used).unwrap().join().unwrap();
}
"#;
    feed(Command::new(rust_program::build_one("large_messages", &contract, main)), "").exits(0);
}
