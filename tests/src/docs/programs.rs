//! `rust` and `ocaml` blocks.

use super::blocks::Block;
use super::{Finding, Place};

pub fn check(_place: &Place, _blocks: &[Block]) -> Vec<Finding> {
    Vec::new()
}
