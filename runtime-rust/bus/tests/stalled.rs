//! A hundred clients that read nothing: their memory is bounded, and others do not notice. By itself in its program, as it
//! is the program's memory that is measured.

#[allow(dead_code)]
mod raw;

#[rustfmt::skip]
#[path = "messages/messages.rs"]
#[allow(dead_code)]
mod messages;
#[path = "endpoint/peer.rs"]
#[allow(dead_code)]
mod peer;

use messages::{CounterUpdate, TextMessage};
use mycelium_bus::QueueLimits;
use peer::{config, place, soon, text, update};
use raw::framed;

/// Of this process, in bytes.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 1024
}

#[tokio::test]
async fn a_hundred_stalled_clients_cost_what_their_queues_hold() {
    const CLIENTS: usize = 100;
    const LIMIT: usize = 64 * 1024;
    // On a busy machine this takes longer than heartbeats let clients be silent.
    let config = config().heartbeat(None).queue_limits(QueueLimits { frames: 100_000, bytes: LIMIT });
    let place = place(config).await;
    let mut stalled = Vec::new();
    for _ in 0..CLIENTS {
        stalled.push(place.listener().await);
    }
    let mut sender = place.client().await;
    let mut witness = place.listener().await;
    let message = text("as much as they like");
    let frame = framed(&message);
    // A quarter of a gigabyte for each of them, were it kept.
    let (mut before, batch) = (0, frame.repeat(100));
    for round in 0..800_u64 {
        sender.send(&batch).await;
        for _ in 0..100 {
            assert_eq!(*witness.expect::<TextMessage>().await, message);
        }
        if round == 20 {
            before = resident();
        }
    }
    let grown = resident().saturating_sub(before);
    // Queue, and what is on its way to the socket.
    let bound = CLIENTS * (LIMIT + 64 * 1024 + LIMIT);
    assert!(grown < bound, "{grown} bytes, more than {bound}");
    for (info, stats) in place.endpoint.clients() {
        if info.connection.0 as usize <= CLIENTS {
            assert_eq!(stats.offered, 80_000);
            assert!(stats.dropped > 70_000, "{stats:?}");
            assert_eq!(stats.offered, stats.written + stats.dropped + stats.queued);
        }
    }
    // Newcomers are served as ever.
    let mut newcomer = place.listener().await;
    sender.send(&framed(&update(5))).await;
    assert_eq!(*newcomer.expect::<CounterUpdate>().await, update(5));
    drop((stalled, newcomer, witness, sender));
    let stats = soon(place.endpoint.wait_until(|stats| stats.active == 0)).await;
    let outgoing = stats.outgoing;
    assert_eq!(outgoing.offered, outgoing.written + outgoing.dropped + outgoing.lost);
}
