//! Generates `$OUT_DIR/messages.rs` from the contract beside this file.

fn main() -> Result<(), myc_schema::build::Error> {
    myc_schema::build::Config::new().compile("contracts.yaml")
}
