//! How a connection begins, and all the ways in which it does not.

use std::error::Error;

use mycelium_bus::client::{Client, ClientError, ClientPublishError, ClientState, SubscribeError, UnknownMessage};
use mycelium_wire::core_messages::*;
use mycelium_wire::frame::MAX_PAYLOAD;
use mycelium_wire::handshake::summaries;
use tokio::time::Instant;

use crate::bridge::*;
use crate::messages::{AnyMessage, CounterUpdate, SCHEMA_DIGEST, Snapshot, TextMessage};

fn reject(reason: RejectReason) -> Vec<u8> {
    core::<Reject>(RejectArgs { reason, schema_digest: &[9; 32], detail: "words" })
}

#[tokio::test(start_paused = true)]
async fn a_client_says_who_it_is() {
    let bridge = Bridge::new();
    let mut config = config();
    config.share = true;
    config.worker = Some(("worker-1".into(), [5; 16]));
    let connecting = tokio::spawn(Client::connect_unix(bridge.folder.socket(), config));
    let mut link = bridge.accept().await;
    let hello = link.hello().await;
    assert_eq!((*hello.schema_digest(), hello.protocol_version(), hello.capabilities()), (SCHEMA_DIGEST, 2, 3));
    assert_eq!((hello.client_name(), hello.worker_id(), *hello.worker_token()), ("test", "worker-1", [5; 16]));
    assert!(!connecting.is_finished(), "nobody has answered");
    link.send(&welcome(0, MAX_PAYLOAD, SchemaMode::Exact)).await;
    let client = connecting.await.unwrap().unwrap();
    let state = client.state().borrow().clone();
    assert!(matches!(state, ClientState::Connected { connection_id: 77, shared: false }));
    assert_eq!(client.differences(), None);
    let (_, ()) = tokio::join!(client.close(), link.expect_goodbye());
}

// Sockets cut a stream anywhere.
#[tokio::test(start_paused = true)]
async fn a_stream_may_be_cut_at_every_byte() {
    let bridge = Bridge::new();
    let mut bytes = welcome(0, MAX_PAYLOAD, SchemaMode::Exact);
    bytes.extend(core::<Ping>(PingArgs { nonce: 5 }));
    bytes.extend(core::<Ping>(PingArgs { nonce: 6 }));
    for cut in 0..=bytes.len() {
        let connecting = tokio::spawn(Client::connect_unix(bridge.folder.socket(), config()));
        let mut link = bridge.accept().await;
        link.hello().await;
        link.send(&bytes[..cut]).await;
        // The client has seen the first part when nothing is left to be done.
        tokio::time::sleep(SECOND / 100).await;
        link.send(&bytes[cut..]).await;
        let client = connecting.await.unwrap().unwrap();
        for nonce in [5, 6] {
            assert_eq!(link.expect::<Pong>().await.nonce(), nonce, "cut at {cut}");
        }
        tokio::join!(client.close(), link.expect_goodbye());
    }
}

#[tokio::test(start_paused = true)]
async fn a_mismatch_names_what_differs() {
    let mut types = AnyMessage::MESSAGES.to_vec();
    types[0].fingerprint = [0; 8];
    types[1].name = "NewUpdate";
    types[1].type_id = 2000;
    types.sort_by_key(|info| info.type_id);
    let error = Bridge::refused(config(), async |mut link: Link| {
        link.hello().await;
        link.send(&reject(RejectReason::SchemaMismatch)).await;
        for summary in summaries(&types).unwrap() {
            link.send(&framed(&summary)).await;
        }
        link.send(&goodbye(GoodbyeReason::ProtocolError)).await;
        link.expect_goodbye_or_end().await;
    })
    .await;
    assert!(error.is_final());
    assert_eq!(
        error.to_string(),
        "the bridge was built with another contract: TextMessage differs; CounterUpdate is unknown to the bridge; \
         NewUpdate is unknown to this client; regenerate with `myc-schema compile`"
    );
}

#[tokio::test(start_paused = true)]
async fn every_other_refusal_has_words() {
    let closes =
        Bridge::refused(config(), async |mut link: Link| assert_eq!(link.hello().await.protocol_version(), 2)).await;
    assert!(matches!(&closes, ClientError::ClosedEarly { .. }), "{closes}");
    assert!(closes.to_string().contains("speaks version 1 alone and has another contract"), "{closes}");

    let full = Bridge::refused(config(), async |mut link: Link| {
        link.hello().await;
        link.send(&[reject(RejectReason::Capacity), goodbye(GoodbyeReason::ProtocolError)].concat()).await;
        link.expect_goodbye_or_end().await;
    })
    .await;
    assert_eq!(full.to_string(), "the bridge refused this client (Capacity): words");
    assert!(!full.is_final(), "there may be room later");

    let garbage = Bridge::refused(config(), async |mut link: Link| {
        link.hello().await;
        link.send(b"HTTP/1.1 400 Bad Request\r\n").await;
        link.expect_goodbye_or_end().await;
    })
    .await;
    assert!(matches!(&garbage, ClientError::Protocol(_)), "{garbage}");

    let start = Instant::now();
    let silent = Bridge::refused(config(), async |mut link: Link| {
        link.hello().await;
        link.expect_goodbye_or_end().await;
    })
    .await;
    assert!(matches!(&silent, ClientError::NoAnswer { .. }), "{silent}");
    assert_eq!(start.elapsed().as_secs(), 5);

    let folder = Folder::new();
    let nobody = Client::connect_unix(folder.socket(), config()).await.unwrap_err();
    assert!(nobody.to_string().ends_with("is the bridge running, and this its address?"), "{nobody}");
    assert!(nobody.source().is_some());
}

// Whoever is started first waits for the other.
#[tokio::test(start_paused = true)]
async fn the_first_connection_may_be_tried_again() {
    let folder = Folder::new();
    let mut config = config();
    config.retry_first = true;
    let start = Instant::now();
    let connecting = tokio::spawn(Client::connect_unix(folder.socket(), config));
    tokio::time::sleep(2 * SECOND).await;
    let listener = tokio::net::UnixListener::bind(folder.socket()).unwrap();
    let mut link = Link::new(listener.accept().await.unwrap().0);
    assert_eq!(start.elapsed(), 3 * SECOND);
    link.hello().await;
    link.send(&welcome(0, MAX_PAYLOAD, SchemaMode::Exact)).await;
    let client = connecting.await.unwrap().unwrap();
    let counters = client.counters();
    assert_eq!((counters.connections, counters.failed_attempts, counters.disconnects), (1, 2, 0));
}

// A type that the other side reads otherwise must not be sent to it.
#[tokio::test(start_paused = true)]
async fn with_another_contract_the_common_messages_flow() {
    let bridge = Bridge::new();
    let mut config = config();
    config.share = true;
    let connecting = tokio::spawn(Client::connect_unix(bridge.folder.socket(), config));
    let mut link = bridge.accept().await;
    assert_eq!(link.hello().await.capabilities(), 1);
    link.send(&welcome(0, 1000, SchemaMode::Shared)).await;
    let mut types = AnyMessage::MESSAGES.to_vec();
    types.retain(|info| info.name != "BatchOperation");
    types[0].fingerprint = [0; 8];
    for summary in summaries(&types).unwrap() {
        link.send(&framed(&summary)).await;
    }
    let own = link.expect::<SchemaSummary>().await;
    assert_eq!((own.entries().len(), own.last()), (AnyMessage::MESSAGES.len(), true));
    let client = connecting.await.unwrap().unwrap();
    assert!(matches!(&*client.state().borrow(), ClientState::Connected { shared: true, .. }));
    // Who takes what comes has to know what cannot.
    let differences = client.differences().unwrap();
    assert_eq!(
        (&differences.differ[..], &differences.unknown_to_peer[..]),
        (&["TextMessage".into()][..], &["BatchOperation".into()][..])
    );

    let text = crate::messages::TextMessageArgs { sender: "a", content: "b", timestamp: 1 };
    let refused = client.publisher::<TextMessage>().unwrap().publish_new(&text).await.unwrap_err();
    assert!(matches!(refused, ClientPublishError::NotShared { name: "TextMessage" }));
    let subscribing = client.subscriber::<TextMessage>();
    let (refused, _) = tokio::join!(subscribing, link.subscribe());
    assert!(matches!(refused, Err(SubscribeError::NotShared { name: "TextMessage" })));
    assert_eq!(link.expect::<Unsubscribe>().await.type_ids().iter().collect::<Vec<_>>(), [1001]);

    let large = client.publisher::<Snapshot>().unwrap().verdict_of_a_large_one().await;
    assert!(matches!(large, ClientPublishError::TooLarge { name: "Snapshot", size: 70_008, limit: 1000 }));
    client.publisher::<CounterUpdate>().unwrap().publish(&update(1)).await.unwrap();
    assert_eq!(link.updates(1).await, [1]);
    assert_eq!((client.counters().sent, client.counters().refused), (1, 2));
}

trait Large {
    async fn verdict_of_a_large_one(self) -> ClientPublishError;
}

impl Large for mycelium_bus::client::ClientPublisher<Snapshot> {
    async fn verdict_of_a_large_one(mut self) -> ClientPublishError {
        let args = crate::messages::SnapshotArgs { id: 1, data: &[0; 8750] };
        self.publish_new(&args).await.unwrap_err()
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_of_another_contract_has_no_publisher() {
    let bridge = Bridge::new();
    let mut config = config();
    config.types.retain(|info| info.name != "CounterUpdate");
    let (client, _link) = bridge.client(config, 0).await;
    let error = client.publisher::<CounterUpdate>().unwrap_err();
    assert_eq!(error, UnknownMessage::NotInContract { name: "CounterUpdate" });
    assert!(matches!(client.subscriber::<CounterUpdate>().await, Err(SubscribeError::Message(_))));
}
