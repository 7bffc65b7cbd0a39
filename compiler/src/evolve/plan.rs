//! A rolling upgrade from one schema to another: which messages flow between peers of the two while it
//! lasts, and in which order to deploy. The rule is the handshake's in mode Shared: a type is sent only
//! if both sides have its id with the same fingerprint.

use std::collections::BTreeMap;

use crate::ir::{Message, Schema};

/// What becomes of each message while peers of both schemas are connected.
#[derive(Clone, Debug)]
pub struct Plan<'a> {
    /// Whether the schemas' digests are equal: peers do not notice the upgrade.
    pub exact: bool,
    /// Sent between all peers, at any time: by type id, the newer schema's.
    pub flowing: Vec<&'a Message>,
    /// Sent between peers of the same version alone, as both have the id with another fingerprint: older and newer.
    pub paused: Vec<(&'a Message, &'a Message)>,
    /// Known to newer peers alone.
    pub added: Vec<&'a Message>,
    /// Known to older peers alone.
    pub removed: Vec<&'a Message>,
}

/// Which side of a bridge to upgrade first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Nothing that matters differs.
    Any,
    /// The bridge, then the workers: each worker has what is new as soon as it is upgraded.
    BridgeFirst,
    /// The workers, then the bridge: what is removed is unused when the bridge forgets it.
    BridgeLast,
    /// Some messages are new and others removed: in two releases, nothing is lost.
    TwoReleases,
}

/// What becomes of each message in an upgrade from `old` to `new`.
pub fn plan<'a>(old: &'a Schema, new: &'a Schema) -> Plan<'a> {
    let exact = old.digest == new.digest;
    let mut plan = Plan { exact, flowing: Vec::new(), paused: Vec::new(), added: Vec::new(), removed: Vec::new() };
    let index = |schema: &'a Schema| {
        schema.messages.iter().map(|message| (message.type_id, message)).collect::<BTreeMap<u16, &'a Message>>()
    };
    let (olds, news) = (index(old), index(new));
    for (id, is) in &news {
        match olds.get(id) {
            Some(was) if was.fingerprint == is.fingerprint => plan.flowing.push(is),
            Some(was) => plan.paused.push((was, is)),
            None => plan.added.push(is),
        }
    }
    plan.removed = olds.iter().filter(|(id, _)| !news.contains_key(id)).map(|(_, was)| *was).collect();
    plan
}

impl Plan<'_> {
    /// What becomes of how many messages: `3 messages keep flowing, 1 pauses and 1 is new`.
    pub fn summary(&self) -> String {
        let counts = [
            (self.flowing.len(), "keeps flowing", "keep flowing"),
            (self.paused.len(), "pauses", "pause"),
            (self.added.len(), "is new", "are new"),
            (self.removed.len(), "is removed", "are removed"),
        ];
        let mut words: Vec<String> = Vec::new();
        for (count, one, many) in counts.into_iter().filter(|(count, ..)| *count > 0) {
            let messages = match (words.is_empty(), count) {
                (false, _) => "",
                (true, 1) => "message ",
                (true, _) => "messages ",
            };
            words.push(format!("{count} {messages}{}", if count == 1 { one } else { many }));
        }
        match words.pop() {
            None => "nothing flows: there are no messages".to_owned(),
            Some(last) if words.is_empty() => last,
            Some(last) => format!("{} and {last}", words.join(", ")),
        }
    }

    /// Which side to upgrade first.
    pub fn order(&self) -> Order {
        match (self.added.is_empty(), self.removed.is_empty()) {
            _ if self.exact => Order::Any,
            (false, false) => Order::TwoReleases,
            (true, false) => Order::BridgeLast,
            // A message that pauses does so in either order; a bridge is one, and workers are many.
            (_, true) => Order::BridgeFirst,
        }
    }
}
