//! `myc-schema annotate`: a payload or frame on stdin, byte by byte, with every fault where it is.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use myc_schema::diag;
use myc_schema::ir::{Field, Message, Schema};
use myc_schema::layout::MAX_MESSAGE_SIZE;
use myc_schema::stream::{self, HEADER, Types};
use myc_schema::value::{self, Annotation, Code, Fault, Part, PartKind};

use super::contract::{Contract, Reading};
use super::encode::refuse_stdin;
use super::exit::{Exit, Failure};
use super::payload::{self, MAX_FRAME};
use super::terminal;

mod json;
mod text;

/// How it is shown.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Format {
    /// Hex with words, a line for what belongs together
    #[default]
    Text,
    /// One JSON object, for programs
    Json,
}

/// Explain every byte of a message on stdin, and mark every fault in it
#[derive(Args, Debug)]
#[command(after_help = "\
Unlike decode it goes on after a fault: each is marked where it is, the first
being the one that decoders report. Inside of what a wrong length or presence
byte makes doubtful nothing is marked: those bytes are shown as `not judged`.
The exit code is 1 if there is any fault. Offsets count from the first byte of
the input. The payload of a message that the contract keeps out of logs is shown
with --show-redacted only.

Examples:
  myc-schema annotate TextMessage < text.bin
  myc-schema annotate --frame < frame.bin     found by its type id
  echo 07000000000000000100000000000000 | \\
    myc-schema annotate CounterUpdate --hex
  myc-schema annotate TextMessage --format json < text.bin | jq .parts")]
pub struct AnnotateArgs {
    /// The message's name; with --frame it may be left out
    #[arg(required_unless_present = "frame")]
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
    /// How to show it
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Show payloads that the contract keeps out of logs (`log_payload: false`, `sensitivity`)
    #[arg(long)]
    show_redacted: bool,
    #[command(flatten)]
    reading: Reading,
}

/// A payload as text, all of it shown.
pub fn explained(schema: &Schema, message: &Message, payload: &[u8]) -> String {
    text::print(&of_payload(schema, message, payload, 0, true), false)
}

/// What the formats print.
struct Shown<'a> {
    /// The message, unless a frame's type is not known.
    message: Option<&'a Message>,
    /// All of the input.
    bytes: &'a [u8],
    /// The parts of the header, where there is one.
    header: Vec<HeaderPart>,
    /// What is wrong with the header.
    header_fault: Option<String>,
    /// Where the payload begins.
    payload_at: usize,
    annotation: Annotation,
    /// Whether the payload is shown.
    redacted: bool,
}

/// A part of a frame's header.
struct HeaderPart {
    offset: usize,
    size: usize,
    name: &'static str,
    /// What its faults begin with.
    code: &'static str,
    ty: &'static str,
    words: String,
}

impl Shown<'_> {
    /// How many faults there are.
    fn faults(&self) -> usize {
        self.annotation.faults.len() + usize::from(self.header_fault.is_some())
    }

    /// The faults that are marked at a part: at the first that has some of its bytes, or that it follows.
    fn faults_of(&self, part: &Part) -> impl Iterator<Item = &Fault> {
        let (start, end) = (part.offset, part.offset + part.size);
        self.annotation.faults.iter().filter(move |fault| (start..end).contains(&fault.bytes.start))
    }
}

pub fn run(args: AnnotateArgs) -> Result<(), Failure> {
    refuse_stdin(args.contracts.as_deref())?;
    let contract = Contract::read_quietly(&args.reading, args.contracts.as_deref())?;
    let named = args.message.as_deref().map(|name| contract.message(name)).transpose()?;
    let limit = MAX_FRAME + 1024;
    let bytes = if args.hex {
        payload::unhex(&terminal::stdin("hex", 4 * limit)?)?
    } else {
        terminal::stdin("the payload", limit)?
    };
    let types = Types::new(&contract.schema);
    let shown = match (args.frame, named) {
        (false, Some(message)) => of_payload(&contract.schema, message, &bytes, 0, args.show_redacted),
        _ => of_frame(&types, named, &bytes, args.show_redacted)?,
    };
    terminal::data(match args.format {
        Format::Text => text::print(&shown, args.reading.colored_data()),
        Format::Json => json::print(&shown),
    })?;
    verdict(&args.reading, &shown)
}

fn of_payload<'a>(
    schema: &Schema,
    message: &'a Message,
    bytes: &'a [u8],
    payload_at: usize,
    show_redacted: bool,
) -> Shown<'a> {
    let mut annotation = value::annotate(schema, message, &bytes[payload_at..]);
    let redacted = message.redacted && !show_redacted;
    if redacted {
        annotation = by_field(message, &annotation, bytes.len() - payload_at);
    }
    let (header, header_fault) = (Vec::new(), None);
    Shown { message: Some(message), bytes, header, header_fault, payload_at, annotation, redacted }
}

/// What a payload that is not shown is: its fields, whose places are the same in every payload.
fn by_field(message: &Message, annotation: &Annotation, size: usize) -> Annotation {
    let fields = || message.fields.iter();
    let start_of = |field: &Field| (field.place.offset as usize).min(size);
    let ends = fields().skip(1).map(start_of).chain([size.min(message.layout.size as usize)]);
    let mut parts = Vec::with_capacity(message.fields.len() + 1);
    for (field, end) in fields().zip(ends).filter(|(field, end)| start_of(field) < *end) {
        let (offset, path, words) = (start_of(field), field.name.clone(), REDACTED.to_owned());
        let size = end - offset;
        let within = |part: &&Part| (offset..end).contains(&part.offset);
        let judged = annotation.parts.iter().filter(within).all(|part| part.judged);
        parts.push(Part {
            offset,
            size,
            kind: PartKind::Value,
            path,
            ty: String::new(),
            json: None,
            words,
            unit: None,
            judged,
        });
    }
    parts.extend(annotation.parts.iter().filter(|part| part.kind == PartKind::Surplus).cloned());
    let faults = annotation.faults.iter().cloned().map(|mut fault| {
        let of = |part: &&Part| (part.offset..part.offset + part.size).contains(&fault.bytes.start);
        let part = parts.iter().find(of).filter(|_| !fault.bytes.is_empty());
        fault.bytes = part.map_or(fault.bytes.clone(), |part| part.offset..part.offset + part.size);
        // Words about the bytes may have them in them.
        if fault.error.code != Code::Length {
            fault.error.detail.clear();
        }
        fault
    });
    let faults = faults.collect();
    Annotation { parts, faults }
}

/// What stands for a payload that is not shown.
const REDACTED: &str = "<redacted>";

fn of_frame<'a>(
    types: &Types<'a>,
    named: Option<&'a Message>,
    bytes: &'a [u8],
    show_redacted: bool,
) -> Result<Shown<'a>, Failure> {
    let Some((first, payload)) = bytes.split_first_chunk::<HEADER>() else {
        let found = bytes.len();
        let found = diag::bytes(found);
        return Err(Failure::finding(format!("length: {found}, the header of a frame alone has {HEADER}")));
    };
    let (type_id, length) = stream::header(first);
    let found = types.get(type_id);
    let name = match found {
        Some((_, message)) => message.name.clone(),
        None if type_id == 0 => "no frame has it".to_owned(),
        None => "the contract has no message of this type".to_owned(),
    };
    let part = |offset, size, name, code, ty, words| HeaderPart { offset, size, name, code, ty, words };
    let header = vec![
        part(0, 2, "(type id)", "type_id", "u16", format!("{type_id}: {name}")),
        part(2, 4, "(length)", "length", "u32", format!("{} of payload", diag::bytes(length))),
    ];
    // A frame of one type is explained as another where that is asked for.
    let explained = named.and_then(|message| types.get(message.type_id)).or(found);
    let mut header_fault = match (found, named) {
        (None, _) => Some(format!("type_id: {type_id}: {name}")),
        (Some((_, message)), Some(named)) if message.type_id != named.type_id => {
            let words = format!("{type_id} is {}, {} has {}", message.name, named.name, named.type_id);
            Some(format!("type_id: {words}"))
        }
        _ => None,
    };
    if length > MAX_MESSAGE_SIZE {
        header_fault.get_or_insert(format!("length: {length}, the most is {MAX_MESSAGE_SIZE}"));
    } else if payload.len() != length as usize {
        let follow = match payload.len() {
            1 => "1 byte follows".to_owned(),
            found => format!("{found} bytes follow"),
        };
        header_fault.get_or_insert(format!("length: {length}, and {follow}"));
    }
    let mut shown = match explained {
        Some((schema, message)) => of_payload(schema, message, bytes, HEADER, show_redacted),
        None => {
            let annotation = Annotation { parts: Vec::new(), faults: Vec::new() };
            let (message, payload_at, header_fault) = (None, bytes.len(), None);
            Shown { message, bytes, header: Vec::new(), header_fault, payload_at, annotation, redacted: false }
        }
    };
    (shown.header, shown.header_fault) = (header, header_fault);
    Ok(shown)
}

/// Fails where there is a fault, with the one that decoders report.
fn verdict(reading: &Reading, shown: &Shown<'_>) -> Result<(), Failure> {
    let failure = match (&shown.header_fault, shown.annotation.faults.first(), shown.message) {
        (Some(words), _, _) => Failure::finding(format!("frame rejected: {words}")),
        (None, Some(fault), Some(message)) => payload::rejected(reading, message, !shown.redacted, fault.error.clone()),
        _ => return Ok(()),
    };
    debug_assert_eq!(failure.exit, Exit::Findings);
    Err(match shown.faults() {
        0 | 1 => failure,
        faults if failure.text.is_some() => failure.help(format_args!("{faults} faults are marked in all")),
        _ => failure,
    })
}
