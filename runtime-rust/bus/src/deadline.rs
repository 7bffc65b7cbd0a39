//! Deadlines from spans of time that anybody may have set, however long.

use std::time::{Duration, Instant};

/// The longest span of time that is counted, 100 years: a longer one is cut to this, which nobody sees the end of. Clocks
/// and timers count further, but not to where `Duration` ends; beyond that they panic.
pub const LONGEST: Duration = Duration::from_secs(100 * 365 * 86_400);

/// So long after `now`, at most [`LONGEST`]: any span will do.
pub fn after(now: Instant, span: Duration) -> Instant {
    let span = span.min(LONGEST);
    // A clock that far from its start has never been seen.
    now.checked_add(span).unwrap_or(now)
}

/// So long from the runtime's now on, as [`after`].
pub fn from_now(span: Duration) -> tokio::time::Instant {
    after(tokio::time::Instant::now().into_std(), span).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    // Adding one of these to a time, or sleeping for it, panics.
    #[tokio::test(start_paused = true)]
    async fn no_span_is_too_long() {
        let now = Instant::now();
        assert_eq!(after(now, Duration::from_secs(7)), now + Duration::from_secs(7));
        for seconds in [i64::MAX as u64 - 100_000_000, i64::MAX as u64, u64::MAX] {
            let span = Duration::from_secs(seconds);
            assert_eq!(after(now, span), now + LONGEST);
            let mut sleep = std::pin::pin!(tokio::time::sleep_until(from_now(span)));
            assert!(
                std::future::poll_fn(|context| std::task::Poll::Ready(sleep.as_mut().poll(context).is_pending())).await
            );
        }
    }
}
