//! Descriptors run out on busy machines: the endpoint neither spins nor dies, and goes on when there are some again. By
//! itself in its program, as nothing else can run without descriptors.

#[allow(dead_code)]
mod raw;

#[rustfmt::skip]
#[path = "messages/messages.rs"]
#[allow(dead_code)]
mod messages;
#[path = "endpoint/peer.rs"]
#[allow(dead_code)]
mod peer;

use std::fs::File;
use std::time::Instant;

use messages::{CounterUpdate, SCHEMA_DIGEST};
use peer::{config, hello, place, soon, update};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

#[tokio::test]
async fn an_endpoint_survives_a_lack_of_descriptors() {
    let maximum = getrlimit(Resource::Nofile).maximum;
    setrlimit(Resource::Nofile, Rlimit { current: Some(256), maximum }).unwrap();
    let place = place(config()).await;
    let mut publisher = place.bus.publisher::<CounterUpdate>().unwrap();
    let mut witness = place.listener().await;

    let mut taken: Vec<File> = std::iter::from_fn(|| File::open("/dev/null").ok()).collect();
    assert!(taken.len() > 100);
    // One for the client, and none for the endpoint's side.
    taken.pop();
    let began = Instant::now();
    let mut waiting = place.peer().await;
    let stats = soon(place.endpoint.wait_until(|stats| stats.accept_errors >= 3)).await;
    assert_eq!((stats.active, stats.connections), (1, 1));
    // Others do not notice.
    publisher.publish(&update(1)).await.unwrap();
    assert_eq!(*witness.expect::<CounterUpdate>().await, update(1));
    let tries = place.endpoint.stats().accept_errors;
    assert!(u128::from(tries) <= 2 + began.elapsed().as_millis() / 50, "{tries} tries: it spins");

    drop(taken);
    waiting.hello(&hello(SCHEMA_DIGEST, 0)).await;
    assert_eq!(place.endpoint.stats().active, 2);
}
