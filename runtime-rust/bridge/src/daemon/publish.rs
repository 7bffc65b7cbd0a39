//! `myc-bridge publish`: messages that are given as JSON, to a running bridge.

use std::io::{self, Read};
use std::path::PathBuf;

use clap::Args;
use myc_schema::ir::{Message, Schema};
use myc_schema::value::{self, JsonStyle};
use mycelium_bus::Frame;
use mycelium_bus::client::ClientConfig;
use mycelium_wire::frame::HEADER_SIZE;
use serde_json::value::RawValue;

use super::connect::{Address, Target, connect, difference, not_shared, types};
use super::contracts::Contract;
use super::exit::{Failure, with_causes};
use super::{frames, runtime, terminal};

/// The most that is read of stdin.
const MOST_BYTES: u64 = 256 << 20;

/// Publish messages that are given as JSON
#[derive(Args, Debug)]
#[command(after_help = "\
JSON is an object with every field of the message, or several one after another;
without it stdin is read to its end. All of it is held against the contract
first: where one is wrong, none is published. It ends when the bridge has read
them all; who receives them, and whether anybody does, is the bridge's affair
(`myc-bridge tap` shows them).

Examples:
  myc-bridge publish --config bridge.yaml CounterUpdate \\
    '{\"counter_id\":7,\"value\":1,\"delta\":1}'
  myc-bridge publish --contracts contracts.yaml --socket bus.sock \\
    CounterUpdate < updates.json

Exit codes: 0 published, 1 the contract refuses a message, 2 wrong usage, 3 the
bridge cannot be reached or is gone.")]
pub struct PublishArgs {
    #[command(flatten)]
    target: Target,
    /// The contract
    #[arg(long, value_name = "FILE")]
    contracts: Option<PathBuf>,
    /// The message, by its name in the contract
    message: String,
    /// The message's fields, as JSON
    json: Option<String>,
    /// With another version of the contract than the bridge's, where the message is the same in both
    #[arg(long)]
    share: bool,
}

pub fn run(args: PublishArgs) -> Result<(), Failure> {
    let settings = args.target.settings()?;
    let Some(path) = args.contracts.as_ref().or(settings.contracts.as_ref()) else {
        return Err(Failure::usage("which contract is the message of?")
            .help("name it with --contracts FILE, or a configuration with --config FILE"));
    };
    let contract = Contract::read(path)?;
    let schema = &contract.schema;
    let Some(message) = schema.message(&args.message) else {
        let known = schema.messages.iter().map(|message| &*message.name);
        return Err(frames::unknown("message", &args.message, known));
    };
    let address = args.target.address(&settings)?;
    let json = match args.json {
        Some(json) => json,
        None => stdin()?,
    };
    let frames = frames(schema, message, &json)?;
    let count = frames.len();
    let types = types(&contract);
    let config = ClientConfig {
        name: "myc-bridge publish".into(),
        share: args.share,
        ..ClientConfig::new(schema.digest, &types)
    };
    runtime::of_one_thread()?.block_on(publish(address, config, &message.name, frames))?;
    let messages = if count == 1 { "message" } else { "messages" };
    let (name, id, topic, size) = (&message.name, message.type_id, &message.topic, message.layout.size);
    terminal::data(format!("published {count} {messages} {name}: type {id}, topic {topic}, {size} bytes\n"))
}

fn stdin() -> Result<String, Failure> {
    let mut text = Vec::new();
    let read = io::stdin().lock().take(MOST_BYTES + 1).read_to_end(&mut text);
    read.map_err(|error| Failure::io(format!("cannot read stdin: {error}")))?;
    if text.len() as u64 > MOST_BYTES {
        return Err(Failure::finding("there is more JSON on stdin than the 256 MiB that are taken at a time"));
    }
    String::from_utf8(text).map_err(|error| Failure::finding(format!("the JSON on stdin is not UTF-8: {error}")))
}

/// The frames of all objects in the text.
fn frames(schema: &Schema, message: &Message, json: &str) -> Result<Vec<Frame>, Failure> {
    let example = || {
        let json = value::example(schema, message)
            .and_then(|example| value::to_json(schema, message, &example, JsonStyle::Compact).ok());
        format!("a {} is written so: {}", message.name, json.unwrap_or_default())
    };
    let mut frames = Vec::new();
    for (index, object) in serde_json::Deserializer::from_str(json).into_iter::<&RawValue>().enumerate() {
        let which = format!("message {} is no {}", index + 1, message.name);
        let object = object.map_err(|error| Failure::finding(format!("{which}: {error}")).help(example()))?;
        let payload = value::json_to_payload(schema, message, object.get())
            .map_err(|error| if message.redacted { error.redacted() } else { error })
            .map_err(|error| Failure::finding(format!("{which}: {error}")).help(example()))?;
        let mut bytes = Vec::with_capacity(HEADER_SIZE + payload.len());
        bytes.extend(message.type_id.to_le_bytes());
        bytes.extend((payload.len() as u32).to_le_bytes());
        bytes.extend(payload);
        frames.push(Frame::unchecked(bytes.into()).map_err(|error| Failure::finding(format!("{which}: {error}")))?);
    }
    if frames.is_empty() {
        return Err(Failure::finding("there is no JSON: nothing is published").help(example()));
    }
    Ok(frames)
}

async fn publish(address: Address, config: ClientConfig, name: &str, frames: Vec<Frame>) -> Result<(), Failure> {
    let client = connect(address, config, &[name]).await?;
    let differences = client.differences();
    if let Some(difference) = differences.and_then(|differences| difference(&differences, name)) {
        client.close().await;
        return Err(not_shared(name, difference));
    }
    let count = frames.len() as u64;
    for frame in frames {
        client.publish_frame(frame).await.map_err(|error| Failure::io(with_causes(&error)))?;
    }
    // Writes what is queued, says goodbye, and waits for the bridge, which reads all of it before it does the same.
    let counters = client.close().await;
    match counters.sent {
        sent if sent == count => Ok(()),
        sent => Err(Failure::io(format!("the bridge has gone after {sent} of {count} messages"))),
    }
}
