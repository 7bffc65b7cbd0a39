//! The example of each message: out of a folder, or made up.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use myc_schema::ir::{Message, Schema};
use myc_schema::source::reason;
use myc_schema::value::{self, JsonStyle};

use crate::cli::annotate;
use crate::cli::contract::Reading;
use crate::cli::exit::Failure;
use crate::cli::payload;

/// The case that is preferred to others.
const PREFERRED: &str = "typical.json";

/// Messages with more bytes have no example: nobody would read it.
const MOST_BYTES: u32 = 4096;

/// And of an explanation no more lines than these are shown.
const MOST_LINES: usize = 80;

/// Payloads out of a folder, by message.
pub struct Examples {
    payloads: BTreeMap<String, Vec<u8>>,
}

/// An example, ready to be shown.
pub struct Example {
    /// The value.
    pub json: String,
    /// The bytes, explained.
    pub bytes: String,
    /// Whether it is made up.
    pub made_up: bool,
}

impl Examples {
    /// Those in a folder. One that the contract rejects is an error.
    pub fn read(reading: &Reading, schema: &Schema, folder: Option<&Path>) -> Result<Self, Failure> {
        let mut payloads = BTreeMap::new();
        let Some(folder) = folder else { return Ok(Self { payloads }) };
        list(folder)?;
        for message in &schema.messages {
            let own = folder.join(&message.name);
            let cases = match fs::symlink_metadata(&own) {
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                _ => list(&own)?,
            };
            let mut cases: Vec<PathBuf> = cases
                .into_iter()
                .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
                .collect();
            cases.sort_by_key(|path| (!path.ends_with(PREFERRED), path.clone()));
            let Some(path) = cases.first() else { continue };
            let json = fs::read_to_string(path).map_err(|error| unreadable(path, &error))?;
            let payload = value::json_to_payload(schema, message, &json).map_err(|error| {
                let mut failure = payload::rejected(reading, message, false, error);
                failure.text = failure.text.map(|text| format!("{}: {text}", path.display()));
                failure
            })?;
            payloads.insert(message.name.clone(), payload);
        }
        Ok(Self { payloads })
    }

    /// The example of a message, if there can be one.
    pub fn of(&self, schema: &Schema, message: &Message) -> Option<Example> {
        if message.layout.size > MOST_BYTES {
            return None;
        }
        let given = self.payloads.get(&message.name);
        let payload = match given {
            Some(payload) => payload.clone(),
            None => value::encode(schema, message, &value::example(schema, message)?).ok()?,
        };
        let json = value::payload_to_json(schema, message, &payload, JsonStyle::Pretty).ok()?;
        // The heading is on the page already.
        let explained = annotate::explained(schema, message, &payload);
        let lines = explained.split_once('\n').map_or("", |(_, lines)| lines);
        Some(Example { json: cut(&json), bytes: cut(lines), made_up: given.is_none() })
    }
}

/// The first lines of a text.
fn cut(text: &str) -> String {
    let mut lines: Vec<&str> = text.lines().take(MOST_LINES + 1).collect();
    if lines.len() > MOST_LINES {
        lines[MOST_LINES] = "…";
    }
    lines.join("\n")
}

fn list(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let entries = fs::read_dir(folder).map_err(|error| unreadable(folder, &error))?;
    let paths = entries.map(|entry| entry.map(|entry| entry.path()));
    paths.collect::<Result<_, _>>().map_err(|error| unreadable(folder, &error))
}

fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::io(format!("cannot read `{}`: {}", path.display(), reason(error)))
}
