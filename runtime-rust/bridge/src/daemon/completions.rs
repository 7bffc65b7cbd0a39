//! `myc-bridge completions`: scripts for shells.

use clap::Args;
use clap_complete::Shell;

use super::exit::Failure;
use super::terminal;

/// Print the completion script of a shell
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  myc-bridge completions bash \\
    > ~/.local/share/bash-completion/completions/myc-bridge
  myc-bridge completions zsh > \"${fpath[1]}/_myc-bridge\"
  myc-bridge completions fish > ~/.config/fish/completions/myc-bridge.fish")]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

pub fn run(args: CompletionsArgs) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut super::command(), "myc-bridge", &mut script);
    terminal::data(script)
}
