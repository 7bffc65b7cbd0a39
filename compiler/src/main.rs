//! The `myc-schema` command.

fn main() {}
