//! `myc-bridge man`: the manual page, of the whole or of one command.

use std::io::{self, Write};

use clap::Args;
use clap_mangen::Man;
use myc_schema::suggest;

use super::exit::Failure;
use super::terminal;

/// Print the manual page, in roff
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  myc-bridge man | man -l -
  myc-bridge man run > myc-bridge-run.1")]
pub struct ManArgs {
    /// The page of this command instead of the whole
    command: Option<String>,
}

pub fn run(args: ManArgs) -> Result<(), Failure> {
    let mut root = super::command();
    root.build();
    let command = match &args.command {
        None => root,
        Some(name) => match root.find_subcommand(name) {
            Some(command) => command.clone(),
            None => {
                let failure = Failure::usage(format!("there is no command `{}`", name.escape_debug()));
                let known = root.get_subcommands().map(|command| command.get_name());
                return Err(match suggest::nearest(name, known) {
                    Some(near) => failure.help(format_args!("did you mean `{near}`?")),
                    None => failure.help("`myc-bridge --help` lists them"),
                });
            }
        },
    };
    terminal::data(page(command).map_err(|error| Failure::io(format!("cannot make the page: {error}")))?)
}

fn page(command: clap::Command) -> io::Result<Vec<u8>> {
    let examples = command.get_after_help().map(ToString::to_string);
    let subcommands = command.has_subcommands();
    let man = Man::new(command).source(concat!("myc-bridge ", env!("CARGO_PKG_VERSION"))).manual("Mycelium");
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    if subcommands {
        man.render_subcommands_section(&mut page)?;
    }
    if let Some(examples) = examples {
        // As they are, line by line: filled paragraphs would tear commands apart.
        writeln!(page, ".SH EXAMPLES\n.nf")?;
        for line in examples.lines().map(|line| line.strip_prefix("Examples:").unwrap_or(line)) {
            writeln!(page, "\\&{}", line.replace('\\', "\\e").replace('-', "\\-"))?;
        }
        writeln!(page, ".fi")?;
    }
    Ok(page)
}
