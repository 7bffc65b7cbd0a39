//! `myc-schema json-schema`: the contract language for editors that know JSON Schema.

use clap::Args;

use super::exit::Failure;
use super::terminal;

/// Print the contract language as a JSON Schema (draft 07), for editors
#[derive(Args, Debug)]
#[command(after_help = "\
The schema never refuses what the compiler accepts; the compiler finds much that
no schema can (unknown types, ids used twice, rules that contradict each other).
`myc-schema lsp` has all of it. The first line of a contract names the schema to
yaml-language-server:

  # yaml-language-server: $schema=contracts.schema.json

Examples:
  myc-schema json-schema > contracts.schema.json")]
pub struct JsonSchemaArgs {}

pub fn run(_: JsonSchemaArgs) -> Result<(), Failure> {
    terminal::data(myc_schema::json_schema::text())
}
