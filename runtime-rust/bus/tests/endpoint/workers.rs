//! The hook that decides about clients and follows them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mycelium_bus::protocol::HeartbeatConfig;
use mycelium_bus::protocol::server::{Ending, HandshakeFailure, Refusal};
use mycelium_bus::{Admission, ClientInfo, ClientStats, ConnectionHandle};
use mycelium_wire::core_messages::*;
use mycelium_wire::handshake::{self, CAPABILITY_WORKER};

use crate::messages::{CounterUpdate, SCHEMA_DIGEST};
use crate::peer::{config, hello, place, soon, update, worker_hello};

#[derive(Default)]
struct Supervisor {
    events: Mutex<Vec<String>>,
    connection: Mutex<Option<ConnectionHandle>>,
}

impl Admission for Supervisor {
    fn admit(&self, client: &ClientInfo) -> Result<(), Refusal> {
        match (client.is_worker, client.worker_token) {
            (true, token) if token != [5; 16] => Err(Refusal::new(RejectReason::WorkerToken, "not of this launch")),
            _ => Ok(()),
        }
    }

    fn connected(&self, client: &ClientInfo, connection: &ConnectionHandle) {
        self.events.lock().unwrap().push(format!("connected {} {}", client.version, client.worker_id));
        *self.connection.lock().unwrap() = Some(connection.clone());
    }

    fn has_place(&self, client: &ClientInfo) -> bool {
        client.worker_token == [5; 16]
    }

    fn silent(&self, client: &ClientInfo) {
        self.events.lock().unwrap().push(format!("silent {}", client.worker_id));
    }

    fn disconnected(&self, client: &ClientInfo, ending: &Ending, stats: &ClientStats) {
        let event = format!("disconnected {} {ending:?} {}", client.worker_id, stats.written);
        self.events.lock().unwrap().push(event);
    }
}

/// Sets something aside for each client that it admits.
#[derive(Default)]
struct Reserving {
    reserved: Mutex<Vec<u64>>,
    refuses: AtomicBool,
}

impl Admission for Reserving {
    fn admit(&self, client: &ClientInfo) -> Result<(), Refusal> {
        if self.refuses.load(Ordering::Relaxed) {
            return Err(Refusal::new(RejectReason::NotAllowed, "not now"));
        }
        self.reserved.lock().unwrap().push(client.connection.0);
        Ok(())
    }

    fn disconnected(&self, client: &ClientInfo, _: &Ending, _: &ClientStats) {
        self.reserved.lock().unwrap().retain(|id| *id != client.connection.0);
    }
}

// What is set aside for a client that is refused afterwards would never be given back; nor may a refusal keep a place.
#[tokio::test]
async fn whom_the_hook_admits_is_let_in() {
    let admission = Arc::new(Reserving::default());
    let place = place(config().max_clients(1).admission(admission.clone())).await;
    admission.refuses.store(true, Ordering::Relaxed);
    for _ in 0..2 {
        let mut refused = place.peer().await;
        refused.send(&hello(SCHEMA_DIGEST, 0)).await;
        assert_eq!(refused.expect::<Reject>().await.reason(), RejectReason::NotAllowed);
    }
    admission.refuses.store(false, Ordering::Relaxed);
    let client = place.client().await;
    let mut late = place.peer().await;
    late.send(&hello(SCHEMA_DIGEST, 0)).await;
    assert_eq!(late.expect::<Reject>().await.reason(), RejectReason::Capacity);
    assert_eq!(admission.reserved.lock().unwrap().len(), 1);
    drop((client, late));
    soon(place.endpoint.wait_until(|stats| stats.active + stats.opening == 0)).await;
    place.bus.close();
    let mut after = place.peer().await;
    after.send(&hello(SCHEMA_DIGEST, 0)).await;
    assert_eq!(after.expect::<Reject>().await.reason(), RejectReason::ShuttingDown);
    assert_eq!(*admission.reserved.lock().unwrap(), [0; 0]);
}

// Without it, clients that fill the endpoint keep its workers out.
#[tokio::test]
async fn a_place_of_its_own_is_not_taken_by_others() {
    let place = place(config().max_clients(1).admission(Arc::new(Supervisor::default()))).await;
    let worker_hello = |token| worker_hello(SCHEMA_DIGEST, CAPABILITY_WORKER, "echo", token);
    let full = async || {
        let mut late = place.peer().await;
        late.send(&hello(SCHEMA_DIGEST, 0)).await;
        assert_eq!(late.expect::<Reject>().await.reason(), RejectReason::Capacity);
    };
    let client = place.client().await;
    full().await;
    let mut worker = place.peer().await;
    worker.hello(&worker_hello([5; 16])).await;
    let mut other = place.peer().await;
    other.send(&worker_hello([6; 16])).await;
    assert_eq!(other.expect::<Reject>().await.reason(), RejectReason::Capacity);
    // Nor does the worker take the place of somebody else.
    drop((client, other));
    soon(place.endpoint.wait_until(|stats| stats.active + stats.opening == 1)).await;
    let _client = place.client().await;
    full().await;
}

// Its end may take a second, in which a worker that hangs could have been started again.
#[tokio::test]
async fn a_silent_client_is_told_of_before_it_is_gone() {
    let supervisor = Arc::new(Supervisor::default());
    let heartbeat = HeartbeatConfig { interval: Duration::from_millis(20), misses: 2 };
    let place = place(config().admission(supervisor.clone()).heartbeat(Some(heartbeat))).await;
    let mut worker = place.peer().await;
    worker.hello(&worker_hello(SCHEMA_DIGEST, CAPABILITY_WORKER, "echo", [5; 16])).await;
    // It neither answers nor ends its side.
    let told = async {
        while supervisor.events.lock().unwrap().len() < 2 {
            tokio::task::yield_now().await;
        }
    };
    soon(told).await;
    assert_eq!(*supervisor.events.lock().unwrap(), ["connected 2 echo", "silent echo"]);
    assert_eq!(place.endpoint.stats().active, 1);
    soon(place.endpoint.wait_until(|stats| stats.active == 0)).await;
    let last = "disconnected echo Goodbye(HeartbeatMissed, \"no sign of life\") 0";
    assert_eq!(*supervisor.events.lock().unwrap(), ["connected 2 echo", "silent echo", last]);
}

#[tokio::test]
async fn workers_are_admitted_by_their_token_and_followed() {
    let supervisor = Arc::new(Supervisor::default());
    let place = place(config().admission(supervisor.clone())).await;
    let mut wrong = place.peer().await;
    wrong.send(&worker_hello(SCHEMA_DIGEST, CAPABILITY_WORKER, "echo", [6; 16])).await;
    let reject = wrong.expect::<Reject>().await;
    assert_eq!((reject.reason(), reject.detail()), (RejectReason::WorkerToken, "not of this launch"));
    wrong.expect_goodbye().await;
    drop(wrong);

    let mut worker = place.peer().await;
    worker.hello(&worker_hello(SCHEMA_DIGEST, CAPABILITY_WORKER, "echo", [5; 16])).await;
    worker.subscribe_all().await;
    place.bus.publisher::<CounterUpdate>().unwrap().publish(&update(1)).await.unwrap();
    worker.expect::<CounterUpdate>().await;
    let handle = supervisor.connection.lock().unwrap().clone().unwrap();
    handle.close(GoodbyeReason::Replaced, "a new launch");
    let goodbye = worker.expect_goodbye().await;
    assert_eq!((goodbye.reason(), goodbye.detail()), (GoodbyeReason::Replaced, "a new launch"));
    drop(worker);

    let mut old = place.peer().await;
    old.send(&handshake::client_v1(&SCHEMA_DIGEST)).await;
    soon(place.endpoint.wait_until(|stats| stats.active == 1 && stats.clients == 2)).await;
    drop(old);
    let stats = soon(place.endpoint.wait_until(|stats| stats.active + stats.opening == 0)).await;
    assert_eq!(stats.handshake_failures[&HandshakeFailure::Refused(RejectReason::WorkerToken)], 1);
    soon(place.endpoint.shutdown()).await;
    let events = supervisor.events.lock().unwrap();
    assert_eq!(
        *events,
        [
            "connected 2 echo",
            "disconnected echo Goodbye(Replaced, \"a new launch\") 1",
            "connected 1 ",
            "disconnected  PeerClosed 0",
        ]
    );
}
