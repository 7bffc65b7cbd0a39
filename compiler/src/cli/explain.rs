//! `myc-schema explain`: what a diagnostic code means.

use clap::Args;
use myc_schema::codes;

use super::exit::Failure;
use super::terminal;

/// Explain a diagnostic code, with a wrong and a right example
#[derive(Args, Debug)]
#[command(after_help = "\
Example:
  myc-schema explain E0201")]
pub struct ExplainArgs {
    /// The code, as diagnostics show it
    code: String,
}

pub fn run(args: ExplainArgs) -> Result<(), Failure> {
    let written = args.code.to_ascii_uppercase();
    let Some(code) = codes::ALL.iter().find(|code| code.id == written) else {
        let failure = Failure::usage(format!("there is no diagnostic code `{}`", args.code.escape_debug()));
        return Err(failure.help("`myc-schema list-codes` lists them all"));
    };
    terminal::data(format!("{}: {}\n\n{}\n", code.id, code.title, code.explanation.trim_end()))
}
