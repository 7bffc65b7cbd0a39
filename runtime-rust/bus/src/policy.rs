//! How much a queue holds, and what happens to a frame that finds it full.

use std::fmt;
use std::time::Duration;

use crate::ConnectionId;

/// What happens to a frame that finds its subscriber's queue full. A dropped frame is always counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OverflowPolicy {
    /// The publisher waits: nothing is lost, and a slow subscriber slows down its publishers.
    Block,
    /// The oldest queued frames make room.
    DropOldest,
    /// The frame is dropped.
    DropNewest,
    /// The frame is dropped, and so is the subscriber: it gets what is queued, and then its stream ends.
    Disconnect,
}

impl OverflowPolicy {
    /// The name in logs and metrics, such as `drop_oldest`.
    pub const fn name(self) -> &'static str {
        match self {
            OverflowPolicy::Block => "block",
            OverflowPolicy::DropOldest => "drop_oldest",
            OverflowPolicy::DropNewest => "drop_newest",
            OverflowPolicy::Disconnect => "disconnect",
        }
    }
}

impl fmt::Display for OverflowPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// How much a queue holds. Both limits hold, with one exception: an empty queue takes one frame of any size, since a
/// frame over the byte limit could never pass otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueLimits {
    /// The most frames, at least 1.
    pub frames: usize,
    /// The most bytes, headers included.
    pub bytes: usize,
}

impl Default for QueueLimits {
    /// 1,024 frames and 4 MiB.
    fn default() -> Self {
        Self { frames: 1024, bytes: 4 << 20 }
    }
}

/// How a subscriber's queue is made.
#[derive(Clone, Debug)]
pub struct SubscriberConfig {
    /// Names the subscriber in logs, errors and statistics.
    pub name: String,
    /// How much is queued at most.
    pub limits: QueueLimits,
    /// What happens beyond that.
    pub policy: OverflowPolicy,
    /// The connection on whose behalf frames are received: what came from it does not go back to it.
    pub origin: Option<ConnectionId>,
    /// With [`OverflowPolicy::Block`]: a publisher that has waited so long, while the subscriber took nothing, ends the
    /// subscription with [`CloseReason::Stalled`](crate::CloseReason::Stalled). `None`: it waits forever.
    pub stall_limit: Option<Duration>,
}

impl Default for SubscriberConfig {
    /// [`OverflowPolicy::Block`] with the default limits, without a name.
    fn default() -> Self {
        Self {
            name: String::new(),
            limits: QueueLimits::default(),
            policy: OverflowPolicy::Block,
            origin: None,
            stall_limit: None,
        }
    }
}

impl SubscriberConfig {
    /// The defaults, with a name.
    pub fn named(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// Sets the policy.
    pub fn policy(mut self, policy: OverflowPolicy) -> Self {
        self.policy = policy;
        self
    }

    /// Sets the most frames that are queued, at least 1.
    pub fn frames(mut self, frames: usize) -> Self {
        self.limits.frames = frames;
        self
    }

    /// Sets the most bytes that are queued.
    pub fn bytes(mut self, bytes: usize) -> Self {
        self.limits.bytes = bytes;
        self
    }

    /// Sets the stall limit.
    pub fn stall_limit(mut self, limit: Duration) -> Self {
        self.stall_limit = Some(limit);
        self
    }
}
