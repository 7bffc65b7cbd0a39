//! Who gets in as a worker.

use std::io::Write;
use std::os::unix::net::UnixStream;
use std::path::Path;

use mycelium_bridge::WorkerState;
use mycelium_bus::protocol::server::HandshakeFailure;
use mycelium_wire::core_messages::{Goodbye, GoodbyeReason, Reject, RejectReason, Welcome};
use mycelium_wire::handshake::CAPABILITY_WORKER;
use rustix::process::Signal;

use crate::place::{Place, eager, soon};
use crate::worker::{hello, playing, read_frame, shell};

/// What a client that says so hears first.
async fn answer(path: &Path, id: &str, token: [u8; 16], capabilities: u32) -> (UnixStream, u16, Vec<u8>) {
    let (path, hello) = (path.to_owned(), hello(id, token, capabilities));
    let answered = tokio::task::spawn_blocking(move || {
        let mut socket = UnixStream::connect(path).unwrap();
        socket.write_all(&hello).unwrap();
        let (type_id, payload) = read_frame(&mut socket).expect("an answer");
        (socket, type_id, payload)
    });
    soon(answered).await.unwrap()
}

async fn refusal(path: &Path, id: &str, token: [u8; 16]) -> String {
    let (_, type_id, payload) = answer(path, id, token, CAPABILITY_WORKER).await;
    assert_eq!(type_id, Reject::TYPE_ID);
    let reject = Reject::decode(&payload).unwrap();
    assert_eq!(reject.reason(), RejectReason::WorkerToken);
    reject.detail().to_owned()
}

/// A worker that leaves its token in a file.
fn telling(folder: &Path) -> mycelium_bridge::WorkerConfig {
    let script = "echo $MYCELIUM_WORKER_TOKEN > token.new; mv token.new token; exec sleep 1000";
    eager(shell("a", script)).current_dir(folder)
}

async fn token(folder: &Path) -> [u8; 16] {
    let text = soon(async {
        loop {
            match std::fs::read_to_string(folder.join("token")) {
                Ok(text) => return text,
                Err(_) => tokio::task::yield_now().await,
            }
        }
    })
    .await;
    let digits = text.trim_end();
    assert_eq!(digits.len(), 32);
    std::array::from_fn(|at| u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).unwrap())
}

#[tokio::test]
async fn the_token_of_this_launch_alone_makes_a_worker_ready() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::new([telling(folder.path())]).await;
    let first = token(folder.path()).await;
    assert_ne!(first, [0; 16]);
    let mut wrong = first;
    wrong[15] ^= 1;
    for token in [wrong, [0; 16]] {
        assert!(refusal(&place.path, "a", token).await.starts_with("not the token"));
    }
    assert!(refusal(&place.path, "other", first).await.starts_with("no worker `other` is supervised here"));
    assert_eq!(place.worker("a").state, WorkerState::Starting);

    // By the test, which knows the token.
    let (mut old, type_id, _) = answer(&place.path, "a", first, CAPABILITY_WORKER).await;
    assert_eq!(type_id, Welcome::TYPE_ID);
    place.ready(1).await.signal(Signal::KILL);
    soon(place.bridge.wait_until(|workers| workers[0].launches == 2 && workers[0].pid.is_some())).await;

    // The connection of the launch before ends with it, and its token is worth nothing.
    let read = tokio::task::spawn_blocking(move || read_frame(&mut old));
    let (type_id, payload) = soon(read).await.unwrap().expect("a goodbye");
    assert_eq!(type_id, Goodbye::TYPE_ID);
    assert_eq!(Goodbye::decode(&payload).unwrap().reason(), GoodbyeReason::Replaced);
    assert!(refusal(&place.path, "a", first).await.starts_with("not the token"));
    let refused = HandshakeFailure::Refused(RejectReason::WorkerToken);
    let endpoint = place.bridge.endpoints().remove(0);
    soon(async {
        while endpoint.stats().handshake_failures.get(&refused) != Some(&4) {
            tokio::task::yield_now().await;
        }
    })
    .await;
    place.end().await;
}

#[tokio::test]
async fn clients_that_are_no_workers_are_nobodys_affair() {
    let place = Place::new([eager(playing("a", "connect serve"))]).await;
    place.ready(1).await;
    let client = tokio::task::spawn_blocking({
        let path = place.path.clone();
        move || {
            let mut socket = UnixStream::connect(path).unwrap();
            socket.write_all(&mycelium_wire::handshake::client_v1(&[7; 32])).unwrap();
            socket
        }
    });
    let client = soon(client).await.unwrap();
    while place.bridge.status().endpoints[0].clients < 2 {
        tokio::task::yield_now().await;
    }
    assert_eq!(place.worker("a").connections, 1);
    drop(client);
    place.end().await;
}

// A bridge whose clients keep its own workers out would be of no use to anybody.
#[tokio::test]
async fn clients_that_fill_the_bridge_do_not_keep_a_worker_out() {
    let place = Place::with(|endpoint| endpoint.max_clients(1), [eager(playing("a", "connect serve"))]).await;
    let worker = place.ready(1).await;
    let (client, type_id, _) = answer(&place.path, "", [0; 16], 0).await;
    assert_eq!(type_id, Welcome::TYPE_ID);
    worker.signal(Signal::KILL);
    let (_, type_id, payload) = answer(&place.path, "", [0; 16], 0).await;
    assert_eq!((type_id, Reject::decode(&payload).unwrap().reason()), (Reject::TYPE_ID, RejectReason::Capacity));
    place.ready(2).await;
    assert_eq!(place.bridge.status().endpoints[0].clients, 2);
    drop(client);
    place.end().await;
}

// Otherwise one worker could take as many places as it likes.
#[tokio::test]
async fn one_connection_of_a_worker_has_a_place_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::with(|endpoint| endpoint.max_clients(1), [telling(folder.path())]).await;
    let token = token(folder.path()).await;
    let mut connections = Vec::new();
    for expected in [Welcome::TYPE_ID, Welcome::TYPE_ID, Reject::TYPE_ID] {
        let (connection, type_id, _) = answer(&place.path, "a", token, CAPABILITY_WORKER).await;
        assert_eq!(type_id, expected, "{}", connections.len());
        connections.push(connection);
        soon(place.bridge.wait_until(|workers| workers[0].connections == connections.len().min(2))).await;
    }
    place.end().await;
}
