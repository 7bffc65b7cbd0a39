//! `yaml bridge` blocks: the configuration of a bridge, held against the command that it is for.

use std::fs;
use std::process::Command;

use super::blocks::Block;
use super::contracts::kept_name;
use super::{Mismatch, Place};
use crate::toolchain;

pub(super) fn check(place: &Place, block: &Block) -> Result<(), Mismatch> {
    let Some(name) = kept_name(&block.body) else {
        return Err(Mismatch::Wrong("the first line does not name the file, as `# bridge.yaml` does".into()));
    };
    fs::write(place.folder.join(name), &block.body).map_err(|error| Mismatch::Wrong(format!("{name}: {error}")))?;
    let mut command = Command::new(toolchain::bridge());
    command.args(["check", "--config", name]).current_dir(&place.folder);
    let output = toolchain::run(toolchain::without_colours(command));
    let said = String::from_utf8_lossy(&output.stderr);
    // The workers' programs are the reader's.
    let is_missing_program = |line: &str| line.contains(".program: ") && line.contains("cannot be found");
    match output.status.code() {
        Some(0) => Ok(()),
        Some(2) if !said.is_empty() && said.lines().all(is_missing_program) => Ok(()),
        _ => Err(Mismatch::Wrong(format!("`myc-bridge check` says:\n{said}"))),
    }
}
