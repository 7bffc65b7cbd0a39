//! `myc-schema explain`: what a diagnostic code means.

use clap::Args;
use myc_schema::codes;
use myc_schema::evolve::rules::{self, Category};

use super::exit::Failure;
use super::terminal;

/// Explain a diagnostic code, with a wrong and a right example
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  myc-schema explain E0201
  myc-schema explain FIELD_ADDED           a rule of `myc-schema breaking`")]
pub struct ExplainArgs {
    /// The code, as diagnostics show it, or the rule of a difference
    code: String,
}

pub fn run(args: ExplainArgs) -> Result<(), Failure> {
    let written = args.code.to_ascii_uppercase();
    if let Some(rule) = rules::find(&written) {
        let (category, about) = (rule.category.name(), rule.category.about());
        let counts = if rule.category == Category::Info { "It does not count." } else { "It counts." };
        let text =
            format!("{}: {}\n\n{category}: {about}. {counts}\n\nWhat to do: {}\n", rule.id, rule.title, rule.advice);
        return terminal::data(text);
    }
    let Some(code) = codes::ALL.iter().find(|code| code.id == written) else {
        let failure = Failure::usage(format!("there is no diagnostic code `{}`", args.code.escape_debug()));
        return Err(failure
            .help("`myc-schema list-codes` lists them all; `myc-schema breaking --list-rules` those of differences"));
    };
    terminal::data(format!("{}: {}\n\n{}\n", code.id, code.title, code.explanation.trim_end()))
}
