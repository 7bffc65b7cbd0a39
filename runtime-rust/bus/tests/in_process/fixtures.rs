//! Messages, polls and logs for the tests.

use std::cell::RefCell;
use std::fmt::Debug;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Once};
use std::task::{Context, Poll, Wake, Waker};

use mycelium_bus::{QueueCounters, Run, Subscriber, TryRecvError};
use tracing::field::{Field, Visit};

use crate::messages::{CounterUpdate, CounterUpdateArgs, TextMessage, TextMessageArgs};

/// The message number `value` of publisher `id`.
pub fn update(id: u64, value: i32) -> CounterUpdate {
    CounterUpdate::new(CounterUpdateArgs { counter_id: id, value, delta: 1 }).unwrap()
}

pub fn text(content: &str) -> TextMessage {
    TextMessage::new(TextMessageArgs { sender: "test", content, timestamp: 7 }).unwrap()
}

/// The values that are queued now.
pub fn values(subscriber: &mut Subscriber<CounterUpdate>) -> Vec<i32> {
    let mut values = Vec::new();
    loop {
        match subscriber.try_recv() {
            Ok(message) => values.push(message.value()),
            Err(TryRecvError::Empty | TryRecvError::Closed(_)) => return values,
            Err(other) => panic!("{other}"),
        }
    }
}

/// Every frame is in exactly one of the counters.
pub fn assert_whole(counters: QueueCounters) {
    let QueueCounters { offered, received, queued, dropped, discarded, .. } = counters;
    assert_eq!(offered, received + queued + dropped + discarded, "{counters:?}");
}

/// Frames of updates in one buffer, as a socket reader finds them.
pub fn run_of_updates(values: impl IntoIterator<Item = i32>) -> Run {
    let mut bytes = Vec::new();
    for value in values {
        mycelium_wire::frame::encode(&update(1, value), &mut bytes);
    }
    Run::unchecked(bytes.into()).unwrap()
}

/// A future that is polled by hand, and how often it was woken.
pub struct Polled<'a, T> {
    future: Pin<Box<dyn Future<Output = T> + 'a>>,
    wakes: Arc<Wakes>,
}

#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl<'a, T: Debug> Polled<'a, T> {
    pub fn new(future: impl Future<Output = T> + 'a) -> Self {
        Self { future: Box::pin(future), wakes: Arc::default() }
    }

    pub fn poll(&mut self) -> Poll<T> {
        let waker = Waker::from(self.wakes.clone());
        self.future.as_mut().poll(&mut Context::from_waker(&waker))
    }

    /// The result of a poll that has to be pending.
    pub fn assert_pending(&mut self) {
        match self.poll() {
            Poll::Pending => {}
            Poll::Ready(value) => panic!("ready too early: {value:?}"),
        }
    }

    pub fn assert_ready(&mut self) -> T {
        match self.poll() {
            Poll::Ready(value) => value,
            Poll::Pending => panic!("not ready"),
        }
    }

    /// How often it was woken.
    pub fn wakes(&self) -> usize {
        self.wakes.0.load(Ordering::SeqCst)
    }
}

/// What this thread logs from here on. One subscriber for all threads: with one for each, a place in the code that is
/// first reached by a thread without one may stay silent for the others.
pub fn log() -> Log {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| tracing::subscriber::set_global_default(ByThread).unwrap());
    tracing::callsite::rebuild_interest_cache();
    LINES.with_borrow_mut(Vec::clear);
    Log(PhantomData)
}

thread_local! {
    static LINES: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Lines like `message field=value …` of this thread.
pub struct Log(PhantomData<*const ()>);

impl Log {
    /// The lines since the last call.
    pub fn take(&self) -> Vec<String> {
        LINES.take()
    }
}

struct ByThread;

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "message" {
            self.0 = format!("{value:?}{}", self.0);
        } else {
            self.0 += &format!(" {}={value:?}", field.name());
        }
    }
}

impl tracing::Subscriber for ByThread {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        metadata.target().starts_with("mycelium")
    }

    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }

    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}

    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        let mut line = Line(String::new());
        event.record(&mut line);
        LINES.with_borrow_mut(|lines| lines.push(line.0));
    }

    fn enter(&self, _: &tracing::span::Id) {}

    fn exit(&self, _: &tracing::span::Id) {}
}
