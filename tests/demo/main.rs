//! The Rust half of `cargo xtask demo`: `write FILE` writes messages as frames, `read FILE` reads and prints them.

#![forbid(unsafe_code)]

mod messages;

use std::error::Error;
use std::fs;

use messages::{
    AnyMessage, BatchOperation, BatchOperationArgs, CounterUpdate, CounterUpdateArgs, TextMessage, TextMessageArgs,
};
use mycelium_wire::frame;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["write", path] => write(path),
        ["read", path] => read(path),
        _ => Err("usage: write FILE | read FILE".into()),
    }
}

fn write(path: &str) -> Result<(), Box<dyn Error>> {
    let mut frames = Vec::new();
    let text = TextMessage::new(TextMessageArgs {
        sender: "Rust",
        content: "Grüße, camel",
        timestamp: 1_700_000_000,
    })?;
    println!("{text:?}");
    frame::encode(&text, &mut frames);

    // The largest u64 and the smallest i32: nothing is cut on the way.
    let counter = CounterUpdate::new(CounterUpdateArgs { counter_id: u64::MAX, value: i32::MIN, delta: -1 })?;
    println!("{counter:?}");
    frame::encode(&counter, &mut frames);

    let items = [[0xfe; 20]];
    let batch = BatchOperation::new(BatchOperationArgs {
        operation_id: 1 << 63,
        items: &items,
        total_count: 4_000_000_000,
    })?;
    println!("{batch:?}");
    frame::encode(&batch, &mut frames);

    // What breaks a rule of the contract cannot be made.
    let refused = TextMessage::new(TextMessageArgs { sender: "", content: "from nobody", timestamp: 0 });
    println!("refused: {}", refused.err().ok_or("a message without a sender was made")?);

    fs::write(path, frames)?;
    Ok(())
}

fn read(path: &str) -> Result<(), Box<dyn Error>> {
    let stream = fs::read(path)?;
    let mut rest = &stream[..];
    while !rest.is_empty() {
        let frame = frame::decode(rest, frame::MAX_PAYLOAD)?;
        rest = &rest[frame.length()..];
        match AnyMessage::decode(frame.type_id, frame.payload)? {
            AnyMessage::TextMessage(text) => println!("{} says: {}", text.sender(), text.content()),
            AnyMessage::CounterUpdate(counter) => {
                println!("counter {} is now {} ({:+})", counter.counter_id(), counter.value(), counter.delta());
            }
            AnyMessage::BatchOperation(batch) => {
                println!("operation {} of {} items", batch.operation_id(), batch.items().len());
            }
        }
    }
    Ok(())
}
