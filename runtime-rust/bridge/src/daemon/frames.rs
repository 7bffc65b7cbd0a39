//! Frames as JSON lines: which are wanted, and what may be shown of them.

use std::collections::BTreeMap;
use std::time::SystemTime;

use myc_schema::ir::{Field, Message, Schema, Type};
use myc_schema::suggest;
use myc_schema::value::{self, JsonStyle};
use mycelium_bus::Frame;
use serde::Serialize;
use serde_json::value::RawValue;

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

/// What a field has to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// As in `bids[3].price`.
    path: String,
    steps: Vec<Step>,
    value: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Field(String),
    Element(usize),
}

impl Condition {
    /// Reads `FIELD=VALUE`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (path, value) = text.split_once('=').ok_or("write `FIELD=VALUE`, such as `limit.exponent=-2`")?;
        let steps = steps(path).ok_or_else(|| {
            format!("`{}` is no field such as `sender`, `limit.exponent` or `bids[3].price`", path.escape_debug())
        })?;
        Ok(Self { path: path.to_owned(), steps, value: value.to_owned() })
    }

    /// Whether messages with these fields can have it.
    fn fits(&self, schema: &Schema, fields: &[Field]) -> bool {
        let mut fields = Some(fields);
        let mut ty: Option<&Type> = None;
        for step in &self.steps {
            match (step, ty, fields) {
                (Step::Field(name), _, Some(of)) => match of.iter().find(|field| field.name == *name) {
                    Some(field) => ty = Some(&field.ty),
                    None => return false,
                },
                (Step::Element(index), Some(Type::Array { elem, len: most } | Type::Vec { elem, bound: most }), _)
                    if *index < *most as usize =>
                {
                    ty = Some(elem);
                }
                _ => return false,
            }
            fields = match ty {
                Some(Type::Struct(id)) => Some(&schema.struct_(*id).fields),
                _ => None,
            };
        }
        true
    }

    fn holds(&self, payload: &serde_json::Value) -> bool {
        let mut found = Some(payload);
        for step in &self.steps {
            found = found.and_then(|value| match step {
                Step::Field(name) => value.get(name),
                Step::Element(index) => value.get(index),
            });
        }
        match found {
            None => false,
            Some(serde_json::Value::String(text)) => *text == self.value,
            Some(serde_json::Value::Number(number)) => {
                let as_float = || Some((number.as_f64()?, self.value.parse::<f64>().ok()?));
                number.to_string() == self.value || as_float().is_some_and(|(a, b)| a == b)
            }
            Some(serde_json::Value::Bool(value)) => self.value == if *value { "true" } else { "false" },
            Some(serde_json::Value::Null) => self.value == "null",
            // A list or a struct is no value to compare with.
            Some(_) => false,
        }
    }
}

fn steps(path: &str) -> Option<Vec<Step>> {
    let is_name =
        |name: &str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let mut steps = Vec::new();
    for part in path.split('.') {
        let (name, indexes) = part.split_once('[').map_or((part, None), |(name, rest)| (name, Some(rest)));
        if !is_name(name) {
            return None;
        }
        steps.push(Step::Field(name.to_owned()));
        for index in indexes.into_iter().flat_map(|indexes| indexes.split('[')) {
            steps.push(Step::Element(index.strip_suffix(']')?.parse().ok()?));
        }
    }
    Some(steps)
}

/// Which messages of a contract are shown, and how.
pub struct Lines<'a> {
    contract: Option<&'a Contract>,
    /// By type id; `None`: every type.
    selected: Option<BTreeMap<u16, &'a Message>>,
    fields: Vec<Condition>,
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
                return Ok(Self { contract: None, selected: None, fields });
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
        let mut selected: BTreeMap<u16, &Message> =
            all().filter(|message| everything || is_named(message)).map(|message| (message.type_id, message)).collect();
        for condition in &fields {
            let fits = |message: &Message| condition.fits(schema, &message.fields);
            let kept_out = selected.values().find(|message| message.redacted && fits(message)).copied();
            selected.retain(|_, message| !message.redacted && fits(message));
            if selected.is_empty() {
                let path = &condition.path;
                return Err(match kept_out {
                    Some(message) => Failure::usage(format!(
                        "the contract keeps the payload of {} out of logs: `{path}` is not looked at",
                        message.name
                    )),
                    None => Failure::usage(format!("no message that is asked for has a field `{path}`")),
                });
            }
        }
        let is_all = everything && fields.is_empty();
        Ok(Self { contract: Some(contract), selected: (!is_all).then_some(selected), fields })
    }

    /// The types to subscribe to; `None`: every type.
    pub fn types(&self) -> Option<Vec<u16>> {
        self.selected.as_ref().map(|selected| selected.keys().copied().collect())
    }

    /// The line of a frame, if it is wanted.
    pub fn line(&self, frame: &Frame) -> Option<String> {
        let type_id = frame.type_id();
        let message = match &self.selected {
            Some(selected) => Some(*selected.get(&type_id)?),
            None => self.contract.and_then(|contract| contract.message(type_id)),
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
                match value::payload_to_json(&contract.schema, message, frame.payload(), JsonStyle::Compact) {
                    Ok(json) => payload = RawValue::from_string(json).ok(),
                    // Not its detail: that may quote the payload.
                    Err(error) if error.path.is_empty() => line.rejected = Some(error.code.to_string()),
                    Err(error) => line.rejected = Some(format!("{} at {}", error.code, error.path)),
                }
            }
        }
        if !self.fields.is_empty() {
            let json: serde_json::Value = serde_json::from_str(payload.as_ref()?.get()).ok()?;
            if !self.fields.iter().all(|condition| condition.holds(&json)) {
                return None;
            }
        }
        line.payload = payload.as_deref();
        serde_json::to_string(&line).ok()
    }
}

fn unknown<'a>(what: &str, name: &str, known: impl Iterator<Item = &'a str> + Clone) -> Failure {
    let failure = Failure::usage(format!("the contract has no {what} `{}`", name.escape_debug()));
    match suggest::nearest(name, known.clone()) {
        Some(near) => failure.help(format_args!("did you mean `{near}`?")),
        None => {
            const SHOWN: usize = 12;
            let mut names: Vec<&str> = known.collect();
            names.dedup();
            let more = if names.len() > SHOWN { ", …" } else { "" };
            names.truncate(SHOWN);
            failure.help(format_args!("it has {}{more}", names.join(", ")))
        }
    }
}

#[cfg(test)]
mod tests;
