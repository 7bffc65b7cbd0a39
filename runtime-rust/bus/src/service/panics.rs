//! Futures whose panics are values: [`Guarded`] catches those of polling and of dropping.

use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

/// What polling a future came to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Caught<T> {
    /// It is done.
    Done(T),
    /// It panicked with these words, in polling or in being dropped right after.
    Panicked(String),
}

/// A future that may panic. That what it borrows is whole afterwards is not claimed: whoever looks at it again has to
/// put it right, which is what `startup` is for.
pub(super) struct Guarded<F>(Option<Pin<Box<F>>>);

impl<F: Future> Guarded<F> {
    pub(super) fn new(future: F) -> Self {
        Self(Some(Box::pin(future)))
    }

    /// Drops the future now; the words of a panic in that.
    pub(super) fn discard(mut self) -> Result<(), String> {
        catch(|| drop(self.0.take()))
    }
}

impl<F: Future> Future for Guarded<F> {
    type Output = Caught<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(future) = &mut self.0 else {
            return Poll::Ready(Caught::Panicked("polled after it was done".into()));
        };
        let polled = match catch(|| future.as_mut().poll(context)) {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(output)) => Caught::Done(output),
            Err(words) => Caught::Panicked(words),
        };
        Poll::Ready(match (polled, catch(|| drop(self.0.take()))) {
            (Caught::Done(_), Err(words)) => Caught::Panicked(words),
            (polled, _) => polled,
        })
    }
}

impl<F> Drop for Guarded<F> {
    fn drop(&mut self) {
        let _ = catch(|| drop(self.0.take()));
    }
}

/// What `action` returns, or the words of its panic.
pub(super) fn catch<T>(action: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(action)).map_err(words)
}

fn words(payload: Box<dyn Any + Send>) -> String {
    let text = match (payload.downcast_ref::<&str>(), payload.downcast_ref::<String>()) {
        (Some(text), _) => (*text).to_owned(),
        (_, Some(text)) => text.clone(),
        (None, None) => "a value that is not text".to_owned(),
    };
    // The value itself may panic when it is dropped, and so may what it panics with: that one is left alone.
    if let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        std::mem::forget(second);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Bomb;

    impl Drop for Bomb {
        fn drop(&mut self) {
            std::panic::panic_any(Bomb);
        }
    }

    #[test]
    fn any_panic_has_words() {
        assert_eq!(catch(|| panic!("a")), Err::<(), _>("a".into()));
        assert_eq!(catch(|| panic!("a{}", 1)), Err::<(), _>("a1".into()));
        assert_eq!(catch(|| std::panic::panic_any(7)), Err::<(), _>("a value that is not text".into()));
    }

    // Unwinding out of a drop during unwinding ends the process.
    #[test]
    fn a_panic_with_a_value_that_panics_is_caught() {
        assert_eq!(catch(|| std::panic::panic_any(Bomb)), Err::<(), _>("a value that is not text".into()));
        assert!(catch(|| drop(Bomb)).is_err());
    }

    #[tokio::test]
    async fn a_future_may_panic_when_it_is_dropped() {
        let done = Guarded::new(async {
            let _bomb = Bomb;
            7
        });
        assert!(matches!(done.await, Caught::Panicked(_)), "its variables are dropped in its last poll");
        let waiting = Guarded::new(async {
            let _bomb = Bomb;
            std::future::pending::<()>().await;
        });
        let mut waiting = Box::pin(waiting);
        assert!(futures_poll(waiting.as_mut()).is_pending());
        drop(waiting);
        let unpolled = Guarded::new(std::future::ready(Bomb));
        assert!(unpolled.discard().is_err());
    }

    fn futures_poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
        future.poll(&mut Context::from_waker(std::task::Waker::noop()))
    }
}
