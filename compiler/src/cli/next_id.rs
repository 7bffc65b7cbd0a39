//! `myc-schema next-id`: a free type id for the next message.

use std::path::PathBuf;

use clap::Args;
use myc_schema::next_id::next_id;

use super::contract::{Contract, Reading, unknown_name};
use super::exit::Failure;
use super::terminal;

/// Print a free type id for the next message
#[derive(Args, Debug)]
#[command(after_help = "\
The id after the highest in use, in the range of the domain, or else in the
`tag_ranges`. A gap is offered only when nothing is free above it: it may be of
a message that was deleted without being retired. Ids that are retired, the
framework's or experimental are not offered. Exit 1: all are taken.

Examples:
  myc-schema next-id                       of contracts.yaml
  myc-schema next-id --domain Examples     within the domain's type_range
  myc-schema next-id api.yaml")]
pub struct NextIdArgs {
    /// The contract, `-` for stdin [default: contracts.yaml]
    file: Option<PathBuf>,
    /// The domain of the next message
    #[arg(long, value_name = "DOMAIN")]
    domain: Option<String>,
    #[command(flatten)]
    reading: Reading,
}

pub fn run(args: NextIdArgs) -> Result<(), Failure> {
    let contract = Contract::read_quietly(&args.reading, args.file.as_deref())?;
    let schema = &contract.schema;
    if let Some(domain) = &args.domain {
        let declared = schema.domains.iter().map(|domain| domain.name.as_str());
        let mut known: Vec<&str> = declared.chain(schema.messages.iter().map(|message| &*message.domain)).collect();
        known.sort_unstable();
        known.dedup();
        if !known.contains(&domain.as_str()) {
            return Err(unknown_name("domain", domain, known.iter().copied()));
        }
    }
    match next_id(schema, args.domain.as_deref()) {
        Some(id) => terminal::data(format!("{id}\n")),
        None => Err(Failure::finding("no type id is free").help("widen the range of the domain or the `tag_ranges`")),
    }
}
