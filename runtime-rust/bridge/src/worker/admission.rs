//! Who is a worker, among those who connect: [`Gate`].

use std::collections::BTreeMap;
use std::sync::Arc;

use mycelium_bus::protocol::server::{Ending, Refusal};
use mycelium_bus::{Admission, ClientInfo, ClientStats, ConnectionHandle};
use mycelium_wire::core_messages::{GoodbyeReason, RejectReason};

use super::Slot;
use crate::metrics::{REFUSED, bridge};

/// Lets in workers that know the token of their launch, and everybody who does not say to be a worker.
///
/// The id of a supervised worker is its own: whoever says it without the token is refused, also without the capability
/// bit of workers. So is who says to be a supervised worker by an id that is not supervised here: it was started by
/// another bridge, or by hand with a variable that it should not have.
pub(crate) struct Gate {
    pub(crate) bridge: Arc<str>,
    pub(crate) workers: BTreeMap<String, Arc<Slot>>,
    /// Asked about those whom the gate lets in.
    pub(crate) next: Option<Arc<dyn Admission>>,
}

impl Gate {
    fn worker(&self, client: &ClientInfo) -> Option<&Arc<Slot>> {
        self.workers.get(&client.worker_id)
    }

    fn refuse(&self, client: &ClientInfo, detail: String) -> Result<(), Refusal> {
        tracing::warn!(
            bridge = &*self.bridge, client = &*client.name, worker = &*client.worker_id, peer = %client.peer,
            "refused: {detail}",
        );
        bridge(REFUSED, &self.bridge).increment(1);
        Err(Refusal::new(RejectReason::WorkerToken, detail))
    }
}

impl Admission for Gate {
    fn admit(&self, client: &ClientInfo) -> Result<(), Refusal> {
        match self.worker(client) {
            Some(slot) if !slot.is_launch(&client.worker_token) => {
                self.refuse(client, format!("not the token of the launch of `{}` that there is", client.worker_id))?;
            }
            None if client.is_worker => {
                let id = &client.worker_id;
                self.refuse(client, format!("no worker `{id}` is supervised here: unset MYCELIUM_WORKER_ID"))?;
            }
            _ => {}
        }
        self.next.as_ref().map_or(Ok(()), |next| next.admit(client))
    }

    /// A worker's first connection: clients that fill the endpoint do not keep it out. More of them are clients like others.
    fn has_place(&self, client: &ClientInfo) -> bool {
        self.worker(client).is_some_and(|slot| slot.is_expected(&client.worker_token))
            || self.next.as_ref().is_some_and(|next| next.has_place(client))
    }

    fn silent(&self, client: &ClientInfo) {
        if let Some(slot) = self.worker(client) {
            slot.silent(client.connection);
        }
        if let Some(next) = &self.next {
            next.silent(client);
        }
    }

    fn connected(&self, client: &ClientInfo, connection: &ConnectionHandle) {
        if let Some(slot) = self.worker(client)
            && !slot.connected(&client.worker_token, client.connection, connection)
        {
            // The launch ended after the client was let in.
            connection.close(GoodbyeReason::Replaced, "this launch of the worker is over");
        }
        if let Some(next) = &self.next {
            next.connected(client, connection);
        }
    }

    fn disconnected(&self, client: &ClientInfo, ending: &Ending, stats: &ClientStats) {
        if let Some(slot) = self.worker(client) {
            slot.disconnected(client.connection);
        }
        if let Some(next) = &self.next {
            next.disconnected(client, ending, stats);
        }
    }
}
