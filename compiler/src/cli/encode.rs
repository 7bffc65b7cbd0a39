//! `myc-schema encode`: JSON on stdin to a payload on stdout.

use std::path::PathBuf;

use clap::Args;
use myc_schema::value::{self, Code, ValueError};

use super::contract::{Contract, Reading, is_stdin};
use super::exit::Failure;
use super::{payload, terminal};

/// The longest JSON text that is read; the largest message has far less.
const MAX_JSON: u64 = 256 * 1024 * 1024;

/// Turn JSON on stdin into the bytes of a message on stdout
#[derive(Args, Debug)]
#[command(after_help = "\
JSON: integers of 8 to 32 bits are numbers, wider ones strings of decimal digits
(numbers are accepted); floats are numbers or \"NaN\", \"Infinity\", \"-Infinity\";
[u8; N] and Vec<u8, N> are \"0x..\" hex; enums are names; structs are objects; an
absent optional is null. Every field must be there once.

Examples:
  echo '{\"counter_id\": \"7\", \"value\": 1, \"delta\": -1}' | \\
    myc-schema encode CounterUpdate --hex
  myc-schema encode TextMessage --frame < text.json > frame.bin
  myc-schema encode TextMessage --contracts api.yaml --frame < text.json | \\
    nc -U /run/bus.sock")]
pub struct EncodeArgs {
    /// The message's name
    message: String,
    /// The contract [default: contracts.yaml]
    #[arg(long, value_name = "FILE")]
    contracts: Option<PathBuf>,
    /// Write hex digits instead of bytes
    #[arg(long)]
    hex: bool,
    /// Write the TLV header in front: type id, length
    #[arg(long)]
    frame: bool,
    #[command(flatten)]
    reading: Reading,
}

pub fn run(args: EncodeArgs) -> Result<(), Failure> {
    refuse_stdin(args.contracts.as_deref())?;
    let contract = Contract::read_quietly(&args.reading, args.contracts.as_deref())?;
    let message = contract.message(&args.message)?;
    let json = terminal::stdin("JSON", MAX_JSON)?;
    // Some programs begin every text with a byte order mark.
    let json = json.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&json);
    if json.trim_ascii().is_empty() {
        let detail = "there is nothing on stdin, where the message is expected as JSON".to_owned();
        let error = ValueError { code: Code::Syntax, path: String::new(), detail };
        return Err(payload::rejected(&args.reading, message, false, error));
    }
    let payload = std::str::from_utf8(json)
        .map_err(|error| ValueError {
            code: Code::Syntax,
            path: String::new(),
            detail: format!("byte {} is not UTF-8", error.valid_up_to()),
        })
        .and_then(|json| value::json_to_payload(&contract.schema, message, json))
        .map_err(|error| payload::rejected(&args.reading, message, false, error))?;
    let bytes = if args.frame { payload::frame(message.type_id, &payload) } else { payload };
    if args.hex { terminal::data(payload::hex(&bytes)) } else { terminal::data(bytes) }
}

/// Stdin has the message, so the contract must be elsewhere.
pub fn refuse_stdin(contracts: Option<&std::path::Path>) -> Result<(), Failure> {
    match contracts {
        Some(path) if is_stdin(path) => {
            Err(Failure::usage("the contract cannot come from stdin: the message does")
                .help("give a file to --contracts"))
        }
        _ => Ok(()),
    }
}
