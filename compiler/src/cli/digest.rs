//! `myc-schema digest`: the schema digest, and the text it is computed over.

use std::path::PathBuf;

use clap::Args;
use myc_schema::digest;
use myc_schema::hex::hex;
use myc_schema::ir::DigestKind;

use super::contract::{Contract, Reading};
use super::exit::Failure;
use super::terminal;

/// Print the schema digest that both ends of a connection compare
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  myc-schema digest                    64 hex characters
  myc-schema digest --explain          the text they are the SHA-256 of
  diff <(myc-schema digest --explain old.yaml) \\
    <(myc-schema digest --explain new.yaml)")]
pub struct DigestArgs {
    /// The contract, `-` for stdin [default: contracts.yaml]
    file: Option<PathBuf>,
    /// Print the canonical text instead
    #[arg(long)]
    explain: bool,
    #[command(flatten)]
    reading: Reading,
}

pub fn run(args: DigestArgs) -> Result<(), Failure> {
    let contract = Contract::read_quietly(&args.reading, args.file.as_deref())?;
    let schema = &contract.schema;
    if args.explain {
        if schema.digest_kind == DigestKind::Source {
            terminal::words(
                "note: the digest of this contract is over its file's bytes (`schema.digest: source`), not over this text\n",
            );
        }
        return terminal::data(digest::canonical_text(schema));
    }
    terminal::data(format!("{}\n", hex(&schema.digest)))
}
