//! `myc-schema completions`: a shell's completion script.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::exit::Failure;
use super::{Cli, terminal};

/// Print the completion script of a shell
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  myc-schema completions bash \\
    > ~/.local/share/bash-completion/completions/myc-schema
  myc-schema completions zsh > \"${fpath[1]}/_myc-schema\"
  myc-schema completions fish > ~/.config/fish/completions/myc-schema.fish")]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

pub fn run(args: CompletionsArgs) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "myc-schema", &mut script);
    terminal::data(script)
}
