//! Frames as JSON lines: which are wanted, and what may be shown of them.

use std::collections::BTreeMap;
use std::time::SystemTime;

use myc_schema::ir::Message;
use myc_schema::suggest;
use myc_schema::value::{self, JsonStyle};
use mycelium_bus::Frame;
use serde::Serialize;
use serde_json::value::RawValue;

use super::condition::{self, Condition, Impossible, Test};
use super::contracts::Contract;
use super::exit::Failure;

/// What is wanted.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Topics; with messages, those as well.
    pub topics: Vec<String>,
    /// Names of messages.
    pub messages: Vec<String>,
    /// What fields have to be, all of them.
    pub fields: Vec<Condition>,
}

/// Which messages of a contract are shown, and how.
pub struct Lines<'a> {
    contract: Option<&'a Contract>,
    /// By type id, with what has to hold; `None`: every type.
    selected: Option<BTreeMap<u16, (&'a Message, Vec<Test>)>>,
}

#[derive(Serialize)]
struct Line<'a> {
    time: String,
    type_id: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    topic: Option<&'a str>,
    size: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    redacted: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rejected: Option<String>,
}

impl<'a> Lines<'a> {
    /// Looks up what is wanted in the contract.
    pub fn new(contract: Option<&'a Contract>, wanted: Wanted) -> Result<Self, Failure> {
        let Wanted { topics, messages, fields } = wanted;
        let Some(contract) = contract else {
            if topics.is_empty() && messages.is_empty() && fields.is_empty() {
                return Ok(Self { contract: None, selected: None });
            }
            return Err(Failure::usage("topics, messages and fields are known by a contract alone")
                .help("name it with --contracts FILE"));
        };
        let schema = &contract.schema;
        let all = || schema.messages.iter();
        for name in &messages {
            if schema.message(name).is_none() {
                return Err(unknown("message", name, all().map(|message| &*message.name)));
            }
        }
        for topic in &topics {
            if !all().any(|message| message.topic == *topic) {
                return Err(unknown("topic", topic, all().map(|message| &*message.topic)));
            }
        }
        let everything = topics.is_empty() && messages.is_empty();
        let is_named = |message: &&Message| messages.contains(&message.name) || topics.contains(&message.topic);
        let mut selected: Vec<(&Message, Vec<Test>)> =
            all().filter(|message| everything || is_named(message)).map(|message| (message, Vec::new())).collect();
        for condition in &fields {
            let before: Vec<&Message> = selected.iter().map(|(message, _)| *message).collect();
            selected.retain_mut(|(message, tests)| {
                let test = if message.redacted { None } else { condition.of(schema, message).ok() };
                test.is_some_and(|test| (tests.push(test), true).1)
            });
            if selected.is_empty() {
                return Err(nowhere(contract, condition, &before));
            }
        }
        let is_all = everything && fields.is_empty();
        let selected = selected.into_iter().map(|(message, tests)| (message.type_id, (message, tests))).collect();
        Ok(Self { contract: Some(contract), selected: (!is_all).then_some(selected) })
    }

    /// The types to subscribe to; `None`: every type.
    pub fn types(&self) -> Option<Vec<u16>> {
        self.selected.as_ref().map(|selected| selected.keys().copied().collect())
    }

    /// The names of the messages that are wanted; none where there is no contract.
    pub fn names(&self) -> Vec<&'a str> {
        match (&self.selected, self.contract) {
            (Some(selected), _) => selected.values().map(|(message, _)| &*message.name).collect(),
            (None, Some(contract)) => contract.schema.messages.iter().map(|message| &*message.name).collect(),
            (None, None) => Vec::new(),
        }
    }

    /// The line of a frame, if it is wanted.
    pub fn line(&self, frame: &Frame) -> Option<String> {
        let type_id = frame.type_id();
        let (message, tests) = match &self.selected {
            Some(selected) => selected.get(&type_id).map(|(message, tests)| (Some(*message), &tests[..]))?,
            None => (self.contract.and_then(|contract| contract.message(type_id)), &[][..]),
        };
        let mut line = Line {
            time: humantime::format_rfc3339_micros(SystemTime::now()).to_string(),
            type_id,
            message: message.map(|message| &*message.name),
            topic: message.map(|message| &*message.topic),
            size: frame.payload().len(),
            payload: None,
            redacted: None,
            rejected: None,
        };
        let mut payload = None;
        if let (Some(message), Some(contract)) = (message, self.contract) {
            if message.redacted {
                line.redacted = Some(true);
            } else {
                match value::decode(&contract.schema, message, frame.payload()) {
                    Ok(value) if !tests.iter().all(|test| test.holds(&value)) => return None,
                    Ok(value) => {
                        let json = value::to_json(&contract.schema, message, &value, JsonStyle::Compact).ok()?;
                        payload = RawValue::from_string(json).ok();
                    }
                    // A message that is none has nothing that it could be asked for.
                    Err(_) if !tests.is_empty() => return None,
                    // Not its detail: that may quote the payload.
                    Err(error) if error.path.is_empty() => line.rejected = Some(error.code.to_string()),
                    Err(error) => line.rejected = Some(format!("{} at {}", error.code, error.path)),
                }
            }
        }
        line.payload = payload.as_deref();
        serde_json::to_string(&line).ok()
    }
}

/// Why none of these messages can be as wanted.
fn nowhere(contract: &Contract, condition: &Condition, messages: &[&Message]) -> Failure {
    let (schema, path) = (&contract.schema, &condition.path);
    let mut never = None;
    for message in messages {
        match condition.of(schema, message) {
            Ok(_) => {
                return Failure::usage(format!(
                    "the contract keeps the payload of {} out of logs: `{path}` is not looked at",
                    message.name
                ));
            }
            Err(Impossible::Never { words, help }) if !message.redacted => drop(never.get_or_insert((words, help))),
            Err(_) => {}
        }
    }
    if let Some((words, help)) = never {
        return Failure::usage(words).help(help);
    }
    let shown = messages.iter().filter(|message| !message.redacted);
    let mut known: Vec<String> = shown.flat_map(|message| condition::paths(schema, &message.fields)).collect();
    known.sort();
    known.dedup();
    let failure = Failure::usage(format!("no message that is asked for has a field `{path}`"));
    suggest(failure, path, known.iter().map(String::as_str), "there are")
}

/// A name that the contract does not have, with a suggestion.
pub fn unknown<'a>(what: &str, name: &str, known: impl Iterator<Item = &'a str> + Clone) -> Failure {
    suggest(Failure::usage(format!("the contract has no {what} `{}`", name.escape_debug())), name, known, "it has")
}

fn suggest<'a>(failure: Failure, name: &str, known: impl Iterator<Item = &'a str> + Clone, there: &str) -> Failure {
    match suggest::nearest(name, known.clone()) {
        Some(near) => failure.help(format_args!("did you mean `{near}`?")),
        None => {
            const SHOWN: usize = 12;
            let mut names: Vec<&str> = known.collect();
            names.dedup();
            let more = if names.len() > SHOWN { ", …" } else { "" };
            names.truncate(SHOWN);
            failure.help(format_args!("{there} {}{more}", names.join(", ")))
        }
    }
}

#[cfg(test)]
mod tests;
