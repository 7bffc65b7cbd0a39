//! `myc-schema decode`: a payload on stdin to JSON on stdout.

use std::path::PathBuf;

use clap::Args;
use myc_schema::value::{self, JsonStyle};

use super::capture::{self, Choices, From};
use super::contract::{Contract, Reading};
use super::encode::refuse_stdin;
use super::exit::Failure;
use super::payload::{self, MAX_FRAME};
use super::terminal;

/// Turn the bytes of a message on stdin into JSON on stdout, with every check
#[derive(Args, Debug)]
#[command(after_help = "\
A payload that breaks the contract is rejected (exit 1) with the code and field
that the generated decoders report:
`TextMessage rejected: rule:not_empty at sender: is empty`.

The payload of a message that the contract keeps out of logs (`log_payload:
false`, or a `sensitivity`) is checked, and shown with --show-redacted only.
Without it the command ends with exit code 2; in a stream, a line says
`\"redacted\":true`.

With --stream, stdin has any number of frames, and stdout a line of JSON for
each: its offset, its type, and its value or why it is rejected. A client's side
of a connection begins with its handshake (--from client). What was read before
a fault is printed: a line stands for what came whole, whatever follows it, and
the exit code and stderr tell whether all did. A rejected payload is a line with
`error`, and the exit code is 1 at the end. Bytes that no frame can begin with,
and an end in the middle of a frame, end it with exit code 1, and the error
names their offset; --resync goes on with the next frame of the contract
instead, and counts what it passed over.

Examples:
  myc-schema decode TextMessage < text.bin
  myc-schema decode --frame < frame.bin       found by its type id
  echo 07000000000000000100000000000000 | \\
    myc-schema decode CounterUpdate --hex
  nc -U /run/bus.sock < subscribe.bin | myc-schema decode --stream
  myc-schema decode --stream --from client --resync < captured.bin | jq .value")]
pub struct DecodeArgs {
    /// The message's name; with --frame it may be left out, with --stream there is none
    #[arg(required_unless_present_any = ["frame", "stream"])]
    message: Option<String>,
    /// The contract [default: contracts.yaml]
    #[arg(long, value_name = "FILE")]
    contracts: Option<PathBuf>,
    /// Read hex digits instead of bytes; white space is passed over
    #[arg(long)]
    hex: bool,
    /// Read the TLV header in front: type id, length
    #[arg(long)]
    frame: bool,
    /// Write the JSON on one line
    #[arg(long)]
    compact: bool,
    /// Read frames one after the other, and write a line of JSON for each
    #[arg(long, conflicts_with = "frame", help_heading = "Streams")]
    stream: bool,
    /// Whose bytes they are: what a client sends begins with its handshake
    #[arg(
        long,
        value_enum,
        default_value = "bridge",
        requires = "stream",
        help_heading = "Streams",
        value_name = "SIDE"
    )]
    from: From,
    /// Pass over bytes that cannot be a frame, and count them
    #[arg(long, requires = "stream", help_heading = "Streams")]
    resync: bool,
    /// Show payloads that the contract keeps out of logs (`log_payload: false`, `sensitivity`)
    #[arg(long)]
    show_redacted: bool,
    #[command(flatten)]
    reading: Reading,
}

pub fn run(args: DecodeArgs) -> Result<(), Failure> {
    refuse_stdin(args.contracts.as_deref())?;
    let contract = Contract::read_quietly(&args.reading, args.contracts.as_deref())?;
    if args.stream {
        // clap would then not mind --resync without --stream.
        if args.message.is_some() {
            return Err(Failure::usage("a stream has messages of any type: --stream takes no message"));
        }
        let DecodeArgs { from, resync, hex, show_redacted, .. } = args;
        return capture::run(&contract.schema, &Choices { from, resync, hex, show_redacted });
    }
    let named = args.message.as_deref().map(|name| contract.message(name)).transpose()?;
    // A few bytes more than the largest message, so that its decoder says what is wrong.
    let limit = MAX_FRAME + 1024;
    let bytes = if args.hex {
        payload::unhex(&terminal::stdin("hex", 4 * limit)?)?
    } else {
        terminal::stdin("the payload", limit)?
    };
    let (message, payload) = match named {
        Some(message) if !args.frame => (message, &bytes[..]),
        _ => {
            let (type_id, payload) = payload::unframe(&bytes)?;
            let Some(message) = contract.schema.message_by_id(type_id) else {
                return Err(Failure::finding(format!("frame rejected: the contract has no message of type {type_id}")));
            };
            if let Some(named) = named.filter(|named| named.type_id != type_id) {
                return Err(Failure::finding(format!(
                    "frame rejected: its type is {type_id} ({}), {} has {}",
                    message.name, named.name, named.type_id
                )));
            }
            (message, payload)
        }
    };
    let style = if args.compact { JsonStyle::Compact } else { JsonStyle::Pretty };
    let json = value::payload_to_json(&contract.schema, message, payload, style)
        .map_err(|error| payload::rejected(&args.reading, message, args.show_redacted, error))?;
    if message.redacted && !args.show_redacted {
        let name = &message.name;
        return Err(Failure::usage(format!("{name} is accepted, and not shown: the contract keeps it out of logs"))
            .help("to see it, add --show-redacted"));
    }
    terminal::data(json + "\n")
}
