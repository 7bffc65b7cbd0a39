//! What a client wants to receive.

use std::collections::BTreeSet;

use mycelium_wire::frame::FIRST_USER_TYPE_ID;

/// A set of message types, or all but a set. Never the framework's own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subscriptions {
    all: bool,
    /// With `all` those that are not wanted, otherwise those that are.
    listed: BTreeSet<u16>,
}

impl Subscriptions {
    /// Every type, as a version 1 client gets.
    pub fn all() -> Self {
        Self { all: true, listed: BTreeSet::new() }
    }

    /// Whether every type is wanted that is not [`Subscriptions::listed`].
    pub fn is_all(&self) -> bool {
        self.all
    }

    /// The types that are wanted; where [`Subscriptions::is_all`], those that are not.
    pub fn listed(&self) -> impl Iterator<Item = u16> + '_ {
        self.listed.iter().copied()
    }

    /// Whether messages of this type are wanted.
    pub fn contains(&self, type_id: u16) -> bool {
        type_id >= FIRST_USER_TYPE_ID && self.all != self.listed.contains(&type_id)
    }

    /// How many are [`Subscriptions::listed`].
    pub(super) fn listed_count(&self) -> usize {
        self.listed.len()
    }

    /// Wants everything, or nothing; whether that is a change.
    pub(super) fn set_all(&mut self, wanted: bool) -> bool {
        let changes = self.all != wanted || !self.listed.is_empty();
        *self = if wanted { Self::all() } else { Self::default() };
        changes
    }

    /// Wants one type, or does not; whether it is listed now, if that is a change.
    pub(super) fn set(&mut self, type_id: u16, wanted: bool) -> Option<bool> {
        if type_id < FIRST_USER_TYPE_ID {
            return None;
        }
        let list = wanted != self.all;
        let changes = if list { self.listed.insert(type_id) } else { self.listed.remove(&type_id) };
        changes.then_some(list)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(wanted: &mut Subscriptions, types: &[u16], add: bool) -> Vec<Option<bool>> {
        types.iter().map(|type_id| wanted.set(*type_id, add)).collect()
    }

    // Who is told of a change that is none does work for nothing, as often as a client likes.
    #[test]
    fn subscriptions_add_and_take_away_and_tell_what_changes() {
        let mut wanted = Subscriptions::default();
        assert_eq!(set(&mut wanted, &[100, 200, 99, 0], true), [Some(true), Some(true), None, None]);
        assert_eq!(set(&mut wanted, &[300, 100], true), [Some(true), None]);
        assert_eq!(wanted.listed().collect::<Vec<_>>(), [100, 200, 300]);
        assert_eq!(set(&mut wanted, &[200, 400], false), [Some(false), None]);
        assert!(wanted.contains(100) && !wanted.contains(200) && !wanted.contains(400) && !wanted.contains(99));

        assert!(wanted.set_all(true) && !wanted.set_all(true));
        assert!(wanted.contains(200) && wanted.contains(400) && !wanted.contains(99));
        assert_eq!(set(&mut wanted, &[400, 400], false), [Some(true), None]);
        assert!(!wanted.contains(400) && wanted.contains(401));
        assert_eq!(set(&mut wanted, &[401, 400], true), [None, Some(false)]);
        assert_eq!(wanted, Subscriptions::all());
        wanted.set(400, false);
        assert!(wanted.set_all(true));
        assert!(wanted.set_all(false) && !wanted.set_all(false));
        assert_eq!(wanted, Subscriptions::default());
    }
}
