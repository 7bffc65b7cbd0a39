//! Sockets and their files, handshakes, endings.

use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::time::Duration;

use mycelium_bus::protocol::server::HandshakeFailure;
use mycelium_bus::{BindError, MessageBus, UnixServer};
use mycelium_wire::core_messages::*;
use mycelium_wire::handshake::{self, CAPABILITY_SHARED};
use tokio::io::AsyncWriteExt;

use crate::messages::{CounterUpdate, SCHEMA_DIGEST, TextMessage};
use crate::peer::{Folder, Peer, config, core, hello, place, soon, update};
use crate::raw::framed;

#[tokio::test]
async fn the_file_is_the_owners_and_goes_with_the_endpoint() {
    for mode in [0o600, 0o666, 0o660] {
        let place = place(config().unix_mode(mode)).await;
        let metadata = std::fs::metadata(&place.path).unwrap();
        assert!(metadata.file_type().is_socket());
        assert_eq!(metadata.permissions().mode() & 0o777, mode);
        soon(place.endpoint.shutdown()).await;
        assert!(!place.path.exists());
    }
}

// A server that crashed leaves its file behind; the next one has to start nevertheless.
#[tokio::test]
async fn a_stale_file_is_replaced() {
    let folder = Folder::new();
    drop(std::os::unix::net::UnixListener::bind(folder.socket()).unwrap());
    assert!(folder.socket().exists());
    let endpoint = config().bind_unix(&MessageBus::new(), folder.socket()).await.unwrap();
    Peer::unix(&folder.socket()).await.hello(&hello(SCHEMA_DIGEST, 0)).await;
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left aside");
    soon(endpoint.shutdown()).await;
}

// Sockets for other things are as careful with their files as endpoints are.
#[tokio::test]
async fn a_server_of_another_kind_is_as_careful() {
    let folder = Folder::new();
    drop(std::os::unix::net::UnixListener::bind(folder.socket()).unwrap());
    let server = UnixServer::bind(folder.socket(), 0o640).await.unwrap();
    assert_eq!(std::fs::metadata(folder.socket()).unwrap().permissions().mode() & 0o777, 0o640);
    let second = UnixServer::bind(folder.socket(), 0o600).await;
    assert!(matches!(second, Err(BindError::InUse { .. })), "{second:?}");
    let (accepted, connected) =
        soon(async { tokio::join!(server.accept(), tokio::net::UnixStream::connect(folder.socket())) }).await;
    drop((accepted.unwrap(), connected.unwrap()));
    drop(server);
    assert!(!folder.socket().exists());
}

// Many servers that find the same stale file: one of them gets the place, and the others leave it alone.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_of_many_servers_replaces_a_stale_file() {
    for _ in 0..20 {
        let folder = Folder::new();
        drop(std::os::unix::net::UnixListener::bind(folder.socket()).unwrap());
        let mut servers = tokio::task::JoinSet::new();
        for _ in 0..8 {
            let path = folder.socket();
            servers.spawn(async move { config().bind_unix(&MessageBus::new(), path).await });
        }
        let bound: Vec<_> = soon(servers.join_all()).await;
        let (won, lost): (Vec<_>, Vec<_>) = bound.into_iter().partition(Result::is_ok);
        assert_eq!(won.len(), 1);
        assert!(lost.iter().all(|bound| matches!(bound, Err(BindError::InUse { .. }))), "{lost:?}");
        Peer::unix(&folder.socket()).await.hello(&hello(SCHEMA_DIGEST, 0)).await;
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}

#[tokio::test]
async fn a_live_server_is_left_alone() {
    let place = place(config()).await;
    let error = config().bind_unix(&place.bus, &place.path).await.unwrap_err();
    assert!(matches!(error, BindError::InUse { .. }));
    assert!(error.to_string().contains("another server listens there"), "{error}");
    place.client().await;
}

#[tokio::test]
async fn what_is_not_a_socket_is_left_alone() {
    let folder = Folder::new();
    std::fs::write(folder.socket(), "precious").unwrap();
    let error = config().bind_unix(&MessageBus::new(), folder.socket()).await.unwrap_err();
    assert!(matches!(error, BindError::NotASocket { .. }), "{error}");
    assert_eq!(std::fs::read_to_string(folder.socket()).unwrap(), "precious");
}

#[tokio::test]
async fn a_path_that_is_too_long_is_an_error_that_says_so() {
    let folder = Folder::new();
    let path = folder.path().join("x".repeat(120));
    let error = config().bind_unix(&MessageBus::new(), &path).await.unwrap_err();
    assert!(matches!(error, BindError::PathTooLong { length, .. } if length > 107), "{error}");
    let error = config().bind_unix(&MessageBus::new(), folder.path().join("none/bus.sock")).await.unwrap_err();
    assert!(matches!(error, BindError::Io { .. }), "{error}");
}

// Somebody else's new file at the path is not this endpoint's to remove.
#[tokio::test]
async fn only_its_own_file_is_removed() {
    let place = place(config()).await;
    std::fs::remove_file(&place.path).unwrap();
    let other = std::os::unix::net::UnixListener::bind(&place.path).unwrap();
    soon(place.endpoint.shutdown()).await;
    assert!(place.path.exists());
    drop(other);
}

#[tokio::test]
async fn users_who_are_not_allowed_are_refused() {
    let place = place(config().allowed_uids([u32::MAX - 1])).await;
    let mut peer = place.peer().await;
    peer.send(&hello(SCHEMA_DIGEST, 0)).await;
    assert_eq!(peer.expect::<Reject>().await.reason(), RejectReason::NotAllowed);
    peer.expect_goodbye().await;
    drop(peer);
    let stats = soon(place.endpoint.wait_until(|stats| stats.opening == 0 && stats.connections == 1)).await;
    assert_eq!(stats.handshake_failures[&HandshakeFailure::Refused(RejectReason::NotAllowed)], 1);
}

#[tokio::test]
async fn both_versions_and_both_families_get_what_is_published() {
    let bus = MessageBus::new();
    let mut publisher = bus.publisher::<CounterUpdate>().unwrap();
    for address in ["127.0.0.1:0", "[::1]:0", "localhost:0"] {
        let endpoint = bus.bind_tcp_endpoint_with_digest(address, SCHEMA_DIGEST).await.unwrap();
        let at = endpoint.local_addr().unwrap();
        let mut two = Peer::tcp(at).await;
        let welcome = two.hello(&hello(SCHEMA_DIGEST, 0)).await;
        assert_eq!((welcome.protocol_version(), welcome.schema_mode()), (2, SchemaMode::Exact));
        assert_eq!((*welcome.schema_digest(), welcome.heartbeat_interval_ms()), (SCHEMA_DIGEST, 10_000));
        assert_eq!(two.subscribe(&[CounterUpdate::TYPE_ID]).await, 1);
        let mut one = Peer::tcp(at).await;
        one.send(&handshake::client_v1(&SCHEMA_DIGEST)).await;
        soon(endpoint.wait_until(|stats| stats.active == 2)).await;
        publisher.publish(&update(5)).await.unwrap();
        assert_eq!(*two.expect::<CounterUpdate>().await, update(5));
        assert_eq!(*one.expect::<CounterUpdate>().await, update(5));
        drop((one, two));
        soon(endpoint.shutdown()).await;
    }
}

#[tokio::test]
async fn a_client_of_another_schema_is_told_what_differs() {
    let place = place(config()).await;
    let mut peer = place.peer().await;
    peer.send(&hello([1; 32], CAPABILITY_SHARED)).await;
    let reject = peer.expect::<Reject>().await;
    assert_eq!((reject.reason(), *reject.schema_digest()), (RejectReason::SchemaMismatch, SCHEMA_DIGEST));
    let mut bridge = handshake::PeerSchema::default();
    bridge.add(&*peer.expect::<SchemaSummary>().await).unwrap();
    assert!(bridge.is_complete());
    assert!(bridge.differences(crate::messages::AnyMessage::MESSAGES).is_empty());
    peer.expect_goodbye().await;
    drop(peer);
    let stats = soon(place.endpoint.wait_until(|stats| stats.opening == 0)).await;
    assert_eq!(stats.handshake_failures[&HandshakeFailure::Refused(RejectReason::SchemaMismatch)], 1);
}

// A rolling upgrade: of two schemas that differ in one message, the others flow, in both directions.
#[tokio::test]
async fn clients_of_another_schema_share_what_is_the_same() {
    let place = place(config().allow_shared_schema(true)).await;
    let mut subscriber = place.bus.subscriber::<CounterUpdate>().unwrap();
    let mut texts = place.bus.publisher::<TextMessage>().unwrap();
    let mut updates = place.bus.publisher::<CounterUpdate>().unwrap();
    let mut peer = place.peer().await;
    let welcome = peer.hello(&hello([1; 32], CAPABILITY_SHARED)).await;
    assert_eq!(welcome.schema_mode(), SchemaMode::Shared);
    assert!(peer.expect::<SchemaSummary>().await.last());
    let entry = |type_id, fingerprint: &[u8; 8]| {
        MessageSummary::new(MessageSummaryArgs { type_id, fingerprint, name: "M" }).unwrap()
    };
    let entries = [entry(TextMessage::TYPE_ID, &[9; 8]), entry(CounterUpdate::TYPE_ID, &CounterUpdate::FINGERPRINT)];
    peer.send(&core::<SchemaSummary>(SchemaSummaryArgs { entries: &entries, last: true })).await;
    assert_eq!(peer.subscribe_all().await, 1);
    texts.publish(&crate::peer::text("not to be misread")).await.unwrap();
    updates.publish(&update(1)).await.unwrap();
    assert_eq!(*peer.expect::<CounterUpdate>().await, update(1));
    peer.send(&[framed(&crate::peer::text("x")), framed(&update(2))].concat()).await;
    assert_eq!(soon(subscriber.recv()).await.unwrap(), update(1));
    assert_eq!(soon(subscriber.recv()).await.unwrap(), update(2));
    let stats = place.endpoint.stats();
    assert_eq!((stats.frames_in, stats.rejected["unknown_type"]), (2, 1));
}

#[tokio::test]
async fn more_clients_than_there_may_be_are_refused() {
    let place = place(config().max_clients(2)).await;
    let (first, _second) = (place.client().await, place.client().await);
    let mut third = place.peer().await;
    third.send(&hello(SCHEMA_DIGEST, 0)).await;
    assert_eq!(third.expect::<Reject>().await.reason(), RejectReason::Capacity);
    third.expect_goodbye().await;
    drop((first, third));
    soon(place.endpoint.wait_until(|stats| (stats.active, stats.opening) == (1, 0))).await;
    place.client().await;
    let stats = place.endpoint.stats();
    assert_eq!((stats.clients, stats.handshake_failures.len()), (3, 1));
}

#[tokio::test]
async fn shutdown_delivers_what_is_queued_and_takes_what_is_sent() {
    let place = place(config()).await;
    let mut publisher = place.bus.publisher::<CounterUpdate>().unwrap();
    let mut subscriber = place.bus.subscriber::<CounterUpdate>().unwrap();
    let mut two = place.listener().await;
    let mut one = place.peer().await;
    one.send(&handshake::client_v1(&SCHEMA_DIGEST)).await;
    soon(place.endpoint.wait_until(|stats| stats.active == 2)).await;
    // More than the sockets' buffers hold.
    for id in 0..1000 {
        publisher.publish(&update(id)).await.unwrap();
        subscriber.recv().await.unwrap();
    }
    let shutdown = async {
        place.endpoint.shutdown().await;
    };
    let clients = async {
        for id in 0..1000 {
            assert_eq!(two.expect::<CounterUpdate>().await.counter_id(), id);
            assert_eq!(one.expect::<CounterUpdate>().await.counter_id(), id);
        }
        assert_eq!(two.expect::<Goodbye>().await.reason(), GoodbyeReason::Shutdown);
        // The bridge reads to the end: what a client had still to say arrives.
        two.send(&framed(&update(7))).await;
        two.socket.shutdown().await.unwrap();
        two.expect_end().await;
        one.expect_end().await;
        drop(one);
    };
    soon(async { tokio::join!(shutdown, clients) }).await;
    assert_eq!(soon(subscriber.recv()).await.unwrap(), update(7));
    let stats = place.endpoint.stats();
    assert_eq!((stats.active, stats.opening, stats.outgoing.written, stats.outgoing.lost), (0, 0, 2000, 0));
    assert_eq!(stats.sent_away[&GoodbyeReason::Shutdown], 2);
    assert!(tokio::net::UnixStream::connect(&place.path).await.is_err());
}

#[tokio::test]
async fn goodbye_from_a_client_is_followed_by_what_was_queued() {
    let place = place(config()).await;
    let mut publisher = place.bus.publisher::<CounterUpdate>().unwrap();
    let mut peer = place.listener().await;
    for id in 0..100 {
        publisher.publish(&update(id)).await.unwrap();
    }
    peer.send(&core::<Goodbye>(GoodbyeArgs { reason: GoodbyeReason::ClientDone, detail: "" })).await;
    peer.socket.shutdown().await.unwrap();
    for id in 0..100 {
        assert_eq!(peer.expect::<CounterUpdate>().await.counter_id(), id);
    }
    peer.expect_end().await;
    let stats = soon(place.endpoint.wait_until(|stats| stats.active == 0)).await;
    assert_eq!((stats.outgoing.written, stats.outgoing.lost, stats.sent_away.len()), (100, 0, 0));
}

// A client that takes no notice of anything cannot hold up a shutdown.
#[tokio::test]
async fn shutdown_has_a_limit() {
    let place = place(config().drain_limit(Duration::from_millis(50))).await;
    let mut publisher = place.bus.publisher::<TextMessage>().unwrap();
    let _silent = place.peer().await;
    let _deaf = place.listener().await;
    let message = crate::peer::text("x");
    for _ in 0..4000 {
        publisher.publish(&message).await.unwrap();
        tokio::task::yield_now().await;
    }
    soon(place.endpoint.shutdown()).await;
    let stats = place.endpoint.stats();
    assert_eq!((stats.active, stats.opening), (0, 0));
    let outgoing = stats.outgoing;
    assert!(outgoing.lost > 0);
    assert_eq!((outgoing.offered, outgoing.queued), (outgoing.written + outgoing.dropped + outgoing.lost, 0));
}

#[tokio::test]
async fn an_idle_client_is_sent_away_and_a_busy_one_stays() {
    let place = place(config().idle_limit(Some(Duration::from_millis(200)))).await;
    let (mut idle, mut busy) = (place.listener().await, place.client().await);
    idle.send(&core::<Unsubscribe>(UnsubscribeArgs { all: true, type_ids: &[], request: 1 })).await;
    idle.expect::<Subscribed>().await;
    let busy = async {
        loop {
            busy.send(&framed(&update(1))).await;
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        () = busy => {},
        goodbye = idle.expect_goodbye() => assert_eq!(goodbye.reason(), GoodbyeReason::Idle),
    }
    drop(idle);
    let stats = soon(place.endpoint.wait_until(|stats| stats.opening == 0 && stats.active == 1)).await;
    assert_eq!(stats.sent_away[&GoodbyeReason::Idle], 1);
}

#[tokio::test]
async fn dropping_an_endpoint_shuts_it_down() {
    let place = place(config()).await;
    let mut peer = place.listener().await;
    let stats = place.endpoint.stats_handle();
    drop(place.endpoint);
    assert_eq!(peer.expect_goodbye().await.reason(), GoodbyeReason::Shutdown);
    assert_eq!(stats.stats().sent_away.len(), usize::from(stats.stats().active == 0));
}

#[tokio::test]
async fn closing_the_bus_says_goodbye_after_what_is_queued() {
    let place = place(config()).await;
    let mut publisher = place.bus.publisher::<CounterUpdate>().unwrap();
    let mut peer = place.listener().await;
    publisher.publish(&update(3)).await.unwrap();
    place.bus.close();
    assert_eq!(*peer.expect::<CounterUpdate>().await, update(3));
    assert_eq!(peer.expect_goodbye().await.reason(), GoodbyeReason::Shutdown);
    let mut late = place.peer().await;
    late.send(&hello(SCHEMA_DIGEST, 0)).await;
    assert_eq!(late.expect::<Reject>().await.reason(), RejectReason::ShuttingDown);
}
