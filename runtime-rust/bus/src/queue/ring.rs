//! The runs of one queue, first in, first out. `VecDeque` is one too, but it takes what it is given through memory; here
//! a run goes from registers to its place.

use crate::Run;

/// Grows by doubling, up to what the limits of the queue allow.
#[derive(Default)]
pub(super) struct Ring {
    /// As many as a power of two, or none.
    slots: Vec<Option<Run>>,
    head: usize,
    length: usize,
}

impl Ring {
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.length == 0
    }

    #[inline(always)]
    pub(super) fn push_back(&mut self, run: Run) {
        if self.length == self.slots.len() {
            self.grow();
        }
        let index = self.index(self.length);
        if let Some(slot) = self.slots.get_mut(index) {
            *slot = Some(run);
            self.length += 1;
        }
    }

    #[inline]
    pub(super) fn front_mut(&mut self) -> Option<&mut Run> {
        // A slot that is not in use is empty.
        self.slots.get_mut(self.head)?.as_mut()
    }

    #[inline(always)]
    pub(super) fn pop_front(&mut self) -> Option<Run> {
        let run = self.slots.get_mut(self.head)?.take()?;
        self.head = self.index(1);
        self.length -= 1;
        Some(run)
    }

    #[inline]
    fn index(&self, offset: usize) -> usize {
        (self.head + offset) & self.slots.len().wrapping_sub(1)
    }

    #[cold]
    fn grow(&mut self) {
        self.slots.rotate_left(self.head);
        self.head = 0;
        let capacity = (self.slots.len() * 2).max(8);
        self.slots.resize_with(capacity, || None);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::*;

    fn run(number: u32) -> Run {
        let mut bytes = vec![200, 0, 4, 0, 0, 0];
        bytes.extend_from_slice(&number.to_le_bytes());
        Run::unchecked(bytes.into()).unwrap()
    }

    // Growing in every position of the head must keep the order.
    #[test]
    fn it_is_the_queue_that_the_standard_library_has() {
        for burst in 1..40 {
            let (mut ring, mut queue, mut next) = (Ring::default(), VecDeque::new(), 0);
            for step in 0..30 {
                for _ in 0..burst + step % 3 {
                    ring.push_back(run(next));
                    queue.push_back(next);
                    next += 1;
                }
                for _ in 0..burst - step % 2 {
                    let expected = queue.pop_front().map(|number| run(number).into_bytes());
                    assert_eq!(ring.front_mut().map(|run| run.clone().into_bytes()), expected);
                    assert_eq!(ring.pop_front().map(Run::into_bytes), expected);
                }
                assert_eq!((ring.is_empty(), ring.length), (queue.is_empty(), queue.len()));
            }
            while let Some(number) = queue.pop_front() {
                assert_eq!(ring.pop_front().map(Run::into_bytes), Some(run(number).into_bytes()));
            }
            assert!(ring.pop_front().is_none() && ring.front_mut().is_none());
        }
    }
}
