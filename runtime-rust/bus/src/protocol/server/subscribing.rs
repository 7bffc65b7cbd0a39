//! What a client asks to receive: what each request changes, and how many types that makes. A request costs what it
//! names, however much was asked for before.

use std::time::Instant;

use mycelium_wire::core_messages::{GoodbyeReason, Subscribed, SubscribedArgs};
use mycelium_wire::frame::FIRST_USER_TYPE_ID;

use super::{Connection, Step};
use crate::protocol::Phase;

/// What the last request changed.
#[derive(Debug, Default)]
pub(super) struct Changed {
    all: bool,
    types: Vec<u16>,
}

impl Connection {
    /// The types of which the last request changed whether they are wanted; `None`: any may be among them.
    pub fn changed_types(&self) -> Option<&[u16]> {
        (!self.changed.all).then_some(&self.changed.types)
    }

    pub(super) fn subscribe(
        &mut self,
        now: Instant,
        request: u64,
        all: bool,
        types: impl Iterator<Item = u16>,
        wanted: bool,
    ) -> Step<'static> {
        self.changed.types.clear();
        self.changed.all = all && self.subscriptions.set_all(wanted);
        if all {
            self.listed_known = 0;
        } else {
            for type_id in types {
                let Some(listed) = self.subscriptions.set(type_id, wanted) else { continue };
                self.changed.types.push(type_id);
                match (self.knows(type_id), listed) {
                    (true, true) => self.listed_known += 1,
                    (true, false) => self.listed_known -= 1,
                    (false, _) => {}
                }
            }
        }
        self.active();
        if self.phase > Phase::Open {
            return Step::Handled;
        }
        if self.control.len() > self.control_limit {
            self.close(now, GoodbyeReason::SlowConsumer, "answers are not read");
            return Step::Handled;
        }
        Step::Subscriptions { request }
    }

    /// Both sides share other types than before.
    pub(super) fn recount(&mut self) {
        self.listed_known = self.subscriptions.listed().filter(|type_id| self.knows(*type_id)).count();
    }

    /// Whether a subscription to all has this type: it is shared, or the endpoint knows it.
    fn knows(&self, type_id: u16) -> bool {
        match &self.shared {
            Some(shared) => shared.contains(type_id),
            None => self.settings.types.binary_search_by_key(&type_id, |summary| summary.type_id).is_ok(),
        }
    }

    /// The change of [`Step::Subscriptions`] has taken effect.
    pub fn subscribed(&mut self, request: u64) {
        if self.phase == Phase::Open {
            let types = u32::try_from(self.subscribed_types()).unwrap_or(u32::MAX);
            self.control.say::<Subscribed>(&SubscribedArgs { request, types });
        }
    }

    /// How many types the client is subscribed to: of those it shares, or, with a subscription to all, of those the
    /// endpoint knows.
    pub(super) fn subscribed_types(&self) -> usize {
        match (&self.shared, self.subscriptions.is_all()) {
            (Some(shared), true) => shared.shared().len() - self.listed_known,
            (Some(_), false) => self.listed_known,
            (None, true) => {
                let types = &self.settings.types;
                let core = types.partition_point(|summary| summary.type_id < FIRST_USER_TYPE_ID);
                types.len() - core - self.listed_known
            }
            (None, false) => self.subscriptions.listed_count(),
        }
    }
}
