//! What is allocated, counted by the allocator: in a process of its own, and for each test by its own thread.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use mycelium_bus::{BLOCK_SIZE, MessageBus, OverflowPolicy, Subscriber, SubscriberConfig};

#[rustfmt::skip]
#[path = "messages/messages.rs"]
#[allow(dead_code)]
mod messages;
#[path = "endpoint/peer.rs"]
#[allow(dead_code)]
mod peer;
#[allow(dead_code)]
mod raw;

use messages::{TextMessage, TextMessageArgs};
use mycelium_wire::core_messages::{Subscribe, SubscribeArgs, Subscribed};
use peer::{config, place};
use raw::core;

struct Counting;

thread_local! {
    /// Of this thread: the test's harness has others.
    static ALLOCATED: Cell<usize> = const { Cell::new(0) };
    /// What was freed again included.
    static EVER: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: every call goes to the system's allocator as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATED.set(ALLOCATED.get().wrapping_add(layout.size()));
        EVER.set(EVER.get().wrapping_add(layout.size()));
        // SAFETY: the caller's promises are the ones that are asked for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        ALLOCATED.set(ALLOCATED.get().wrapping_sub(layout.size()));
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const FRAME: usize = 318;
const SUBSCRIBERS: usize = 100;
const FRAMES: usize = 64;
/// A run in a queue, which has places for a power of two, and what a subscriber is besides.
const PLACE: usize = 64;
const SUBSCRIBER: usize = 2048;

fn allocated() -> usize {
    ALLOCATED.get()
}

fn subscriber(bus: &MessageBus, policy: OverflowPolicy, frames: usize) -> Subscriber<TextMessage> {
    bus.subscriber_with(SubscriberConfig::named("stalled").policy(policy).frames(frames)).unwrap()
}

// A subscriber that receives nothing must cost its queue and no more, however much is published: neither what was
// dropped, nor the block that a frame is a small part of beyond its size.
#[test]
fn stalled_subscribers_keep_no_more_than_their_queues() {
    let message = TextMessage::new(TextMessageArgs { sender: "s", content: "c", timestamp: 1 }).unwrap();
    let before_all = allocated();
    let bus = MessageBus::new();
    let mut publisher = bus.publisher::<TextMessage>().unwrap();
    let mut publish = |count: usize| (0..count).for_each(|_| publisher.try_publish(&message).unwrap());

    // The last frames, the same ones in every queue.
    let before = allocated();
    let oldest: Vec<_> = (0..SUBSCRIBERS).map(|_| subscriber(&bus, OverflowPolicy::DropOldest, FRAMES)).collect();
    publish(20_000);
    let queues = SUBSCRIBERS * (FRAMES * PLACE + SUBSCRIBER);
    // Whole blocks, of which the first and the last may be used in part.
    let frames = (FRAMES.div_ceil(BLOCK_SIZE / FRAME) + 2) * (BLOCK_SIZE + 64);
    let used = allocated() - before;
    assert!(used <= queues + frames, "{used} bytes for {queues} of queues and {frames} of frames");
    assert!(oldest.iter().all(|subscriber| subscriber.counters().dropped == 20_000 - FRAMES as u64));
    drop(oldest);

    // One frame each, every one in another block.
    let before = allocated();
    let mut newest = Vec::new();
    for _ in 0..SUBSCRIBERS {
        newest.push(subscriber(&bus, OverflowPolicy::DropNewest, 1));
        publish(2 * BLOCK_SIZE / FRAME);
    }
    let limit = SUBSCRIBERS * (8 * PLACE + SUBSCRIBER + BLOCK_SIZE + 64) + 2 * BLOCK_SIZE;
    let used = allocated() - before;
    assert!(used <= limit, "{used} bytes, and {limit} at most");
    // And it is because of them that there is anything: the measurement measures.
    assert!(used >= SUBSCRIBERS * BLOCK_SIZE);
    drop(newest);

    publish(1_000);
    drop(publisher);
    drop(bus);
    assert_eq!(allocated(), before_all, "everything is let go of");
}

// A client may ask again and again: what it has asked for before must not be gone through each time, under the bus's lock.
#[tokio::test]
async fn a_request_costs_what_it_names_however_much_was_asked_for_before() {
    const REQUESTS: usize = 100;
    let place = place(config()).await;
    let mut peer = place.client().await;
    let all: Vec<u16> = (100..u16::MAX).collect();
    for type_ids in all.chunks(256) {
        peer.subscribe(type_ids).await;
    }
    let again = core::<Subscribe>(SubscribeArgs { all: false, type_ids: &[100, 5000], request: 1 }).repeat(REQUESTS);
    let before = EVER.get();
    peer.send(&again).await;
    for _ in 0..REQUESTS {
        assert_eq!(peer.expect::<Subscribed>().await.types() as usize, all.len());
    }
    // The peer's own buffer to read into is the most of it.
    let each = (EVER.get() - before) / REQUESTS;
    assert!(each < 80_000, "{each} bytes allocated for one request");
}
