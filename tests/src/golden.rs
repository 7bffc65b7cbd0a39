//! The cases in `golden/`: what its README.md describes, read.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde::Deserialize;

use crate::contract::{Contract, files, read, stem};
use crate::driver::Driver;
use crate::toolchain::root;
use crate::{ocaml_program, rust_program};

/// A contract of `golden/` and the cases of its messages.
pub struct Golden {
    /// The contract.
    pub contract: Contract,
    /// Its folder.
    pub folder: PathBuf,
    /// The messages in the contract's order.
    pub messages: Vec<Cases>,
}

/// The cases of one message.
pub struct Cases {
    /// The message.
    pub message: String,
    /// Payloads that every implementation accepts.
    pub accepted: Vec<Accepted>,
    /// Payloads that every implementation rejects.
    pub rejected: Vec<Rejected>,
}

/// A value and its bytes.
pub struct Accepted {
    /// File name without extension.
    pub name: String,
    /// The value.
    pub json: String,
    /// The payload.
    pub bytes: Vec<u8>,
}

/// Bytes that are no payload, and why.
pub struct Rejected {
    /// How the case came about, as `rejected.yaml` tells it.
    pub row: Row,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// A line of `rejected.yaml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// The case; its bytes are in `rejected/CASE.bin`.
    pub case: String,
    /// The accepted case it was made from.
    pub base: String,
    /// Bytes laid over the base.
    #[serde(default)]
    pub patch: Vec<Patch>,
    /// The length to which the base was then cut or extended with zeros.
    pub length: Option<usize>,
    /// The error code.
    pub code: String,
    /// The field's path; empty for the whole payload.
    pub path: String,
}

/// Bytes laid over a base.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Patch {
    /// Offset of the first.
    pub at: usize,
    /// Hexadecimal digits.
    pub bytes: String,
}

/// `digests.yaml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Digests {
    /// The schema digest in hexadecimal.
    pub schema: String,
    /// The fingerprint of each message in hexadecimal.
    pub fingerprints: std::collections::BTreeMap<String, String>,
}

/// The contracts alone.
pub fn contracts() -> Vec<Contract> {
    load().into_iter().map(|golden| golden.contract).collect()
}

/// The generated Rust of all contracts.
pub fn rust() -> &'static Driver {
    static DRIVER: OnceLock<Driver> = OnceLock::new();
    DRIVER.get_or_init(|| rust_program::build("golden", &contracts(), &[]))
}

/// The generated OCaml of all contracts.
pub fn ocaml() -> &'static Driver {
    static DRIVER: OnceLock<Driver> = OnceLock::new();
    DRIVER.get_or_init(|| ocaml_program::build("golden", &contracts(), &[]))
}

/// The folder `golden/`.
pub fn folder() -> PathBuf {
    root().join("golden")
}

/// Every contract of `golden/`, by name.
pub fn load() -> Vec<Golden> {
    let mut contracts: Vec<PathBuf> = folders(&folder());
    contracts.retain(|folder| !folder.ends_with("streams"));
    contracts.sort();
    contracts.into_iter().map(|folder| load_one(&folder)).collect()
}

fn load_one(folder: &Path) -> Golden {
    let contract = Contract::read(&stem(folder, ""), &folder.join("contracts.yaml"));
    let messages: Vec<Cases> = contract.schema.messages.iter().map(|message| cases(folder, &message.name)).collect();
    let strays: Vec<PathBuf> =
        folders(folder).into_iter().filter(|path| contract.schema.message(&stem(path, "")).is_none()).collect();
    assert!(strays.is_empty(), "folders without a message: {strays:?}");
    Golden { contract, folder: folder.to_owned(), messages }
}

fn cases(folder: &Path, message: &str) -> Cases {
    let folder = folder.join(message);
    let accepted = files(&folder, ".bin").into_iter().map(|path| Accepted {
        name: stem(&path, ".bin"),
        json: read(&path.with_extension("json")),
        bytes: bytes(&path),
    });
    let rows = files(&folder, ".yaml").into_iter().flat_map(|path| -> Vec<Row> { yaml(&path) });
    let rejected =
        rows.map(|row| Rejected { bytes: bytes(&folder.join("rejected").join(format!("{}.bin", row.case))), row });
    let cases = Cases { message: message.to_owned(), accepted: accepted.collect(), rejected: rejected.collect() };
    assert_eq!(files(&folder, ".json").len(), cases.accepted.len(), "a .bin for every .json of {message}");
    assert!(!cases.accepted.is_empty() && !cases.rejected.is_empty(), "{message} has no cases");
    let rejected = files(&folder.join("rejected"), "").len();
    assert_eq!(rejected, cases.rejected.len(), "a row for every rejected .bin of {message}");
    cases
}

impl Golden {
    /// The digests that the contract must have.
    pub fn digests(&self) -> Digests {
        yaml(&self.folder.join("digests.yaml"))
    }
}

impl Cases {
    /// The bytes that a rejected case's row says.
    pub fn described(&self, row: &Row) -> Vec<u8> {
        let base = self.accepted.iter().find(|case| case.name == row.base);
        let base = base.unwrap_or_else(|| panic!("{}: no base {}", row.case, row.base));
        let mut bytes = base.bytes.clone();
        for patch in &row.patch {
            let patched = crate::tokens::unhex(&patch.bytes).expect("hexadecimal digits");
            bytes[patch.at..patch.at + patched.len()].copy_from_slice(&patched);
        }
        if let Some(length) = row.length {
            bytes.resize(length, 0);
        }
        bytes
    }
}

pub(crate) fn yaml<T: for<'de> Deserialize<'de>>(path: &Path) -> T {
    serde_yaml::from_str(&read(path)).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

pub(crate) fn bytes(path: &Path) -> Vec<u8> {
    fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn folders(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    entries.map(|entry| entry.expect("a readable folder").path()).filter(|path| path.is_dir()).collect()
}
