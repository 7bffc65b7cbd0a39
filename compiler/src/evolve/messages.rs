//! Messages: which came and went, their ids, names and topics, and what is said about them.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::ir::{Message, Schema};

use super::rules::{
    DESCRIPTION_CHANGED, DOMAIN_CHANGED, MESSAGE_ADDED, MESSAGE_ID_CHANGED, MESSAGE_REMOVED, MESSAGE_RENAMED,
    PRIOR_MESSAGES_CHANGED, REDACTION_ADDED, REDACTION_REMOVED, RUST_TYPE_CHANGED, SENSITIVITY_CHANGED, TOPIC_CHANGED,
    TYPE_ID_NOT_RESERVED, TYPE_ID_REUSED,
};
use super::types::Users;
use super::{Comparison, Finding, deprecation, fields, quote};

/// Reports what changed about messages.
pub fn compare(comparison: &mut Comparison) {
    let (old, new) = (comparison.old, comparison.new);
    for (a, b) in comparison.pairs.messages.clone() {
        let (was, is) = (&old.messages[a], &new.messages[b]);
        let start = comparison.findings.len();
        one(comparison, was, is);
        if comparison.findings.len() > start {
            let ids: Arc<[u16]> = Arc::new([was.type_id]);
            comparison.findings[start..].iter_mut().for_each(|finding| finding.type_ids = Arc::clone(&ids));
        }
        let place = fields::Place { name: &is.name, old: (was.span, was.layout), new: (is.span, is.layout) };
        fields::compare(comparison, &place, &was.fields, &is.fields, Users::Message(was.type_id));
    }
    for index in comparison.pairs.removed.clone() {
        let was = &old.messages[index];
        let message = format!("message {} with type id {} is gone", quote(&was.name), was.type_id);
        let finding = Finding::new(&MESSAGE_REMOVED, &was.name, message).at(was.span, None);
        comparison.report(finding.concerning(Arc::new([was.type_id])));
    }
    for index in comparison.pairs.added.clone() {
        let is = &new.messages[index];
        let message = format!("message {} with type id {} is new", quote(&is.name), is.type_id);
        comparison.report(Finding::new(&MESSAGE_ADDED, &is.name, message).at(None, is.span));
    }
    ids(comparison);
}

/// Reports ids that mean something else, or could come to.
fn ids(comparison: &mut Comparison) {
    let (old, new) = (comparison.old, comparison.new);
    let now: BTreeMap<u16, usize> =
        new.messages.iter().enumerate().map(|(index, message)| (message.type_id, index)).collect();
    let paired: BTreeMap<usize, usize> = comparison.pairs.messages.iter().copied().collect();
    let reserved = Reserved::of(new);
    for (index, was) in old.messages.iter().enumerate() {
        let after = paired.get(&index);
        let ids: Arc<[u16]> = Arc::new([was.type_id]);
        match now.get(&was.type_id) {
            Some(same) if Some(same) == after => {}
            Some(&other) => {
                let is = &new.messages[other];
                let message = format!("type id {} was {}, is {}", was.type_id, quote(&was.name), quote(&is.name));
                let finding = Finding::new(&TYPE_ID_REUSED, &is.name, message).at(was.span, is.span);
                comparison.report(finding.concerning(ids));
            }
            None if reserved.has(was.type_id) => {}
            None => {
                let finding = not_reserved(was, after.map(|&index| &new.messages[index]));
                comparison.report(finding.concerning(ids));
            }
        }
    }
}

/// An id that nothing has and that is not reserved.
fn not_reserved(was: &Message, after: Option<&Message>) -> Finding {
    let id = was.type_id;
    let message = format!("type id {id} of {} is free, and not reserved", quote(&was.name));
    let name = if after.is_none_or(|after| after.name != was.name) { &*was.name } else { "" };
    let names = if name.is_empty() { String::new() } else { format!(", names: [{name}]") };
    let help = format!("add to the contract: `reserved: {{ tlv_types: [{id}]{names} }}`");
    Finding::new(&TYPE_ID_NOT_RESERVED, &was.name, message).at(was.span, after.map(|after| after.span)).help(help)
}

/// The reserved ids of a schema, to be looked up.
struct Reserved(Vec<(u16, u16)>);

impl Reserved {
    fn of(schema: &Schema) -> Self {
        Self(super::header::merged(schema.reserved_ids.iter().map(|range| range.value)))
    }

    fn has(&self, id: u16) -> bool {
        let at = self.0.partition_point(|(_, last)| *last < id);
        self.0.get(at).is_some_and(|(first, _)| *first <= id)
    }
}

/// Reports what changed about one message, but for its fields.
fn one(comparison: &mut Comparison, was: &Message, is: &Message) {
    let everything = comparison.everything();
    let mut found = |rule, message: String| {
        comparison.findings.push(Finding::new(rule, &*is.name, message).at(was.span, is.span));
    };
    let name = quote(&is.name);
    if was.name != is.name {
        found(&MESSAGE_RENAMED, format!("message {} is now called {name}", quote(&was.name)));
    }
    if was.type_id != is.type_id {
        found(&MESSAGE_ID_CHANGED, format!("{name} had type id {}, has {}", was.type_id, is.type_id));
    }
    if was.topic != is.topic {
        found(&TOPIC_CHANGED, format!("{name} had topic {}, has {}", quote(&was.topic), quote(&is.topic)));
    }
    if !everything {
        return;
    }
    if was.domain != is.domain {
        found(&DOMAIN_CHANGED, format!("{name} was of domain {}, is of {}", quote(&was.domain), quote(&is.domain)));
    }
    match (was.redacted, is.redacted) {
        (true, false) => found(&REDACTION_REMOVED, format!("{name} is no longer redacted: logs can have its payload")),
        (false, true) => found(&REDACTION_ADDED, format!("{name} is redacted now")),
        _ => {}
    }
    if was.sensitivity != is.sensitivity {
        found(&SENSITIVITY_CHANGED, format!("the sensitivity of {name} changed"));
    }
    if was.rust_type != is.rust_type {
        let ty = |message: &Message| quote(message.rust_type.as_deref().unwrap_or(&message.name));
        found(&RUST_TYPE_CHANGED, format!("the Rust type of {name} was {}, is {}", ty(was), ty(is)));
    }
    deprecation(&mut found, &name, &was.deprecated, &is.deprecated);
    if was.description != is.description {
        found(&DESCRIPTION_CHANGED, format!("the description of {name} changed"));
    }
    if was.required_prior_messages != is.required_prior_messages {
        found(&PRIOR_MESSAGES_CHANGED, format!("the messages that come before {name} changed"));
    }
}
