//! Generates what is measured: ours from `contracts.yaml`, sbe_gen's from `sbe.xml`.

use std::error::Error;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    myc_schema::build::Config::new().compile("contracts.yaml")?;
    println!("cargo::rerun-if-changed=sbe.xml");
    let modules = sbe_gen::generate(&fs::read_to_string("sbe.xml")?, &sbe_gen::GeneratorOptions::default())?;
    let mut text = String::new();
    for (file, content) in modules {
        if let Some(name) = file.strip_suffix(".rs").filter(|name| *name != "mod") {
            write!(text, "pub mod {name} {{\n{content}\n}}\n")?;
        }
    }
    fs::write(PathBuf::from(env::var("OUT_DIR")?).join("sbe.rs"), text)?;
    Ok(())
}
