//! What a connection's task looks at each time that it runs, for little: [`Signal`] and [`Timer`]. Both know that they are
//! polled by the same task as last time, and that it will be woken, so that looking again costs a load.

use std::fmt;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use tokio::task::coop::unconstrained;
use tokio::time::{Instant, Sleep, sleep_until};

/// Something that happens now and then, and that one task is to see.
#[derive(Debug, Default)]
pub(crate) struct Signal {
    raised: AtomicBool,
    /// Of the task that has seen everything so far.
    waker: Mutex<Option<Waker>>,
}

/// The one who looks at a [`Signal`].
#[derive(Debug, Default)]
pub(crate) struct Watch {
    /// What the signal has, unless it was raised since.
    waker: Option<Waker>,
}

impl Signal {
    /// Wakes the task, now or when it looks next. Raised twice before that, it is seen once.
    pub(crate) fn raise(&self) {
        let mut waker = self.waker.lock().unwrap_or_else(PoisonError::into_inner);
        self.raised.store(true, Ordering::Release);
        let waker = waker.take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Ready when it was raised since it was last ready.
    pub(crate) fn poll(&self, watch: &mut Watch, context: &mut Context<'_>) -> Poll<()> {
        let is_known = watch.waker.as_ref().is_some_and(|waker| waker.will_wake(context.waker()));
        // A raise that this does not see takes the waker, and has the task look again.
        if is_known && !self.raised.load(Ordering::Acquire) {
            return Poll::Pending;
        }
        let mut waker = self.waker.lock().unwrap_or_else(PoisonError::into_inner);
        if self.raised.swap(false, Ordering::AcqRel) {
            watch.waker = None;
            return Poll::Ready(());
        }
        *waker = Some(context.waker().clone());
        watch.waker = Some(context.waker().clone());
        Poll::Pending
    }
}

/// The next deadline of one task.
pub(crate) struct Timer {
    sleep: Pin<Box<Sleep>>,
    /// Of the task that is woken when `sleep` is over.
    waker: Option<Waker>,
}

impl Timer {
    /// In a tokio runtime with time enabled.
    pub(crate) fn new() -> Self {
        Self { sleep: Box::pin(sleep_until(Instant::now())), waker: None }
    }

    /// Ready when the deadline is over, as often as it is asked.
    pub(crate) fn poll(&mut self, deadline: Instant, context: &mut Context<'_>) -> Poll<()> {
        if self.sleep.deadline() != deadline {
            self.sleep.as_mut().reset(deadline);
            self.waker = None;
        }
        let is_known = self.waker.as_ref().is_some_and(|waker| waker.will_wake(context.waker()));
        if is_known && !self.sleep.is_elapsed() {
            return Poll::Pending;
        }
        // Without the task's budget: once that is used up, a sleep does not take the waker.
        let polled = Pin::new(&mut unconstrained(self.sleep.as_mut())).poll(context);
        self.waker = polled.is_pending().then(|| context.waker().clone());
        polled
    }
}

impl fmt::Debug for Timer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timer").field("deadline", &self.sleep.deadline()).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::sync::Arc;
    use std::sync::atomic::AtomicUsize;
    use std::time::Duration;

    use super::*;
    use crate::wakes::Wakes;

    // A signal that is missed is a client that is never closed.
    #[test]
    fn a_signal_wakes_whoever_looked_last() {
        let (one, other) = (Arc::<Wakes>::default(), Arc::<Wakes>::default());
        let (one_waker, other_waker) = (Waker::from(one.clone()), Waker::from(other.clone()));
        let (mut first, mut second) = (Context::from_waker(&one_waker), Context::from_waker(&other_waker));
        let wakes = || (one.0.load(Ordering::SeqCst), other.0.load(Ordering::SeqCst));
        let (signal, mut watch) = (Signal::default(), Watch::default());
        signal.raise();
        assert_eq!(signal.poll(&mut watch, &mut first), Poll::Ready(()));
        assert_eq!(signal.poll(&mut watch, &mut first), Poll::Pending);
        assert_eq!(signal.poll(&mut watch, &mut first), Poll::Pending);
        signal.raise();
        signal.raise();
        assert_eq!(wakes(), (1, 0));
        assert_eq!(signal.poll(&mut watch, &mut first), Poll::Ready(()));
        assert_eq!(signal.poll(&mut watch, &mut first), Poll::Pending);
        // The task has moved.
        assert_eq!(signal.poll(&mut watch, &mut second), Poll::Pending);
        signal.raise();
        assert_eq!(wakes(), (1, 1));
        // Another one looks, as of the next connection.
        let mut watch = Watch::default();
        assert_eq!(signal.poll(&mut watch, &mut first), Poll::Ready(()));
    }

    // Threads that raise while another looks: nothing that was raised before the last look goes unseen.
    #[test]
    fn no_signal_is_missed() {
        for _ in 0..200 {
            let (signal, count) = (Arc::new(Signal::default()), Arc::new(AtomicUsize::new(0)));
            let raise = {
                let (signal, count) = (signal.clone(), count.clone());
                std::thread::spawn(move || {
                    for _ in 0..100 {
                        count.fetch_add(1, Ordering::SeqCst);
                        signal.raise();
                    }
                })
            };
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let mut watch = Watch::default();
            runtime.block_on(async {
                while count.load(Ordering::SeqCst) < 100 {
                    poll_fn(|context| signal.poll(&mut watch, context)).await;
                }
            });
            raise.join().unwrap();
        }
    }

    // Found ready without being asked in between, moved both ways, and asked by a task that has no budget left.
    #[tokio::test(start_paused = true)]
    async fn a_timer_is_ready_at_its_deadline() {
        let (start, second) = (Instant::now(), Duration::from_secs(1));
        let mut timer = Timer::new();
        for deadline in [start + second, start + 2 * second, start + 2 * second] {
            poll_fn(|context| timer.poll(deadline, context)).await;
            assert_eq!(Instant::now(), deadline);
        }
        let (late, early) = (start + 60 * second, start + 3 * second);
        poll_fn(|context| {
            assert!(timer.poll(late, context).is_pending() && timer.poll(late, context).is_pending());
            timer.poll(early, context)
        })
        .await;
        assert_eq!(Instant::now(), early);
        while tokio::task::coop::has_budget_remaining() {
            let mut ready = std::pin::pin!(tokio::time::sleep(Duration::ZERO));
            let _ = poll_fn(|context| Poll::Ready(ready.as_mut().poll(context))).await;
        }
        poll_fn(|context| timer.poll(late, context)).await;
        assert_eq!(Instant::now(), late);
    }
}
