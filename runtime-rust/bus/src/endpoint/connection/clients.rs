//! A client's place: let in, given a queue, subscribed.

use std::sync::Arc;

use mycelium_wire::core_messages::RejectReason;
use mycelium_wire::handshake::Opening;

use super::{Driver, Inlet};
use crate::SubscriberConfig;
use crate::endpoint::admission::ClientInfo;
use crate::error::Hex;
use crate::protocol::Phase;
use crate::protocol::server::Refusal;

impl Driver {
    pub(super) fn admit(&mut self, opening: &Opening<'_>) -> Result<(), Refusal> {
        let shared = self.shared.clone();
        let shutting_down = || Refusal::new(RejectReason::ShuttingDown, "the bridge shuts down");
        if shared.is_stopping() {
            return Err(shutting_down());
        }
        let info = Arc::new(ClientInfo::new(self.id, self.peer, opening));
        let config = &shared.config;
        let name = match &*info.name {
            "" => format!("{} client {}", shared.name, self.id),
            name => format!("{} client {} {name}", shared.name, self.id),
        };
        let subscription = shared.bus.subscription(SubscriberConfig {
            name,
            limits: config.limits,
            policy: config.policy,
            origin: Some(self.id),
            stall_limit: Some(config.stall_limit),
        });
        let subscription = subscription.map_err(|_| shutting_down())?;
        let own_place = shared.admission().is_some_and(|admission| admission.has_place(&info));
        shared.tally.reserve(self.id.0, config.max_clients, own_place)?;
        // Asked last: whom it admits is let in, so that what it sets aside for a client is used.
        if let Some(admission) = shared.admission()
            && let Err(refusal) = admission.admit(&info)
        {
            shared.tally.released(self.id.0);
            return Err(refusal);
        }
        shared.tally.admitted(&info, subscription.queue(), &self.written);
        self.subscription = Some(subscription);
        let ingress = shared.bus.ingress(shared.ingress(self.id));
        self.inlet = Some(Inlet { ingress, shared: shared.clone() });
        self.client = Some(info);
        Ok(())
    }

    pub(super) fn connected(&mut self) {
        let Some(client) = self.client.clone().filter(|_| self.phase() == Phase::Open) else { return };
        tracing::info!(
            endpoint = &*self.shared.name,
            connection = self.id.0,
            client = &*client.name,
            worker = &*client.worker_id,
            peer = %client.peer,
            version = client.version,
            "a client has connected",
        );
        self.apply_subscriptions();
        if let Some(admission) = self.shared.admission() {
            admission.connected(&client, &self.handle);
        }
    }

    /// Says who was not let in, and why. The client is told the same, where it can be.
    pub(super) fn log_stranger(&self) {
        let said = self.protocol.said();
        let client = said.map(|said| said.name.as_str());
        match self.protocol.refused() {
            // It is no fault of the client's, and comes with every end of an endpoint.
            Some(refusal) if refusal.reason != RejectReason::ShuttingDown => tracing::warn!(
                endpoint = &*self.shared.name,
                connection = self.id.0,
                client,
                peer = %self.peer,
                reason = refusal.reason.name(),
                detail = &*refusal.detail,
                client_digest = said.map(|said| Hex(&said.schema_digest).to_string()),
                digest = Hex(&self.shared.config.schema_digest).to_string(),
                "a client was refused",
            ),
            _ => tracing::info!(
                endpoint = &*self.shared.name,
                connection = self.id.0,
                client,
                peer = %self.peer,
                ending = self.protocol.ending().map(ToString::to_string),
                "a connection ended before it was a client's",
            ),
        }
    }

    pub(super) fn log_shared(&self) {
        if let Some(shared) = self.protocol.shared_types() {
            tracing::info!(
                endpoint = &*self.shared.name,
                connection = self.id.0,
                shared = shared.shared().len(),
                differing = ?shared.differing(),
                unknown_here = shared.unknown_here(),
                "the client has another schema, and gets what both sides share",
            );
        }
    }

    /// What the last request changed.
    pub(super) fn change_subscriptions(&self) {
        let (Some(subscription), wanted) = (&self.subscription, self.protocol.subscriptions()) else { return };
        match (self.protocol.changed_types(), self.protocol.shared_types()) {
            (None, _) => self.apply_subscriptions(),
            (Some([]), _) => {}
            (Some(types), None) => subscription.set_each(types, |type_id| wanted.contains(type_id)),
            (Some(types), Some(shared)) => {
                subscription.set_each(types, |type_id| wanted.contains(type_id) && shared.contains(type_id));
            }
        }
    }

    pub(super) fn apply_subscriptions(&self) {
        let Some(subscription) = &self.subscription else { return };
        let wanted = self.protocol.subscriptions();
        match self.protocol.shared_types() {
            None => subscription.set_types(wanted.is_all(), wanted.listed()),
            Some(shared) => {
                let types = shared.shared().iter().copied().filter(|type_id| wanted.contains(*type_id));
                subscription.set_types(false, types);
            }
        }
    }
}
