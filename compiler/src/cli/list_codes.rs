//! `myc-schema list-codes`: every diagnostic code.

use clap::Args;
use myc_schema::codes;
use myc_schema::diag::Severity;

use super::exit::Failure;
use super::terminal;

/// List every diagnostic code
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  myc-schema list-codes
  myc-schema list-codes | grep warning")]
pub struct ListCodesArgs {}

pub fn run(_: ListCodesArgs) -> Result<(), Failure> {
    let line = |code: &&codes::Code| {
        let severity = match code.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        format!("{}  {severity:<7}  {}\n", code.id, code.title)
    };
    terminal::data(codes::ALL.iter().map(line).collect::<String>())
}
