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

    pub(super) fn subscribe(&mut self, all: bool, types: impl Iterator<Item = u16>) {
        if all {
            *self = Self::all();
        } else {
            self.set(types, true);
        }
    }

    pub(super) fn unsubscribe(&mut self, all: bool, types: impl Iterator<Item = u16>) {
        if all {
            *self = Self::default();
        } else {
            self.set(types, false);
        }
    }

    fn set(&mut self, types: impl Iterator<Item = u16>, wanted: bool) {
        for type_id in types.filter(|type_id| *type_id >= FIRST_USER_TYPE_ID) {
            if wanted != self.all {
                self.listed.insert(type_id);
            } else {
                self.listed.remove(&type_id);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subscriptions_add_and_take_away() {
        let mut wanted = Subscriptions::default();
        wanted.subscribe(false, [100, 200, 99, 0].into_iter());
        wanted.subscribe(false, [300, 100].into_iter());
        assert_eq!(wanted.listed().collect::<Vec<_>>(), [100, 200, 300]);
        wanted.unsubscribe(false, [200, 400].into_iter());
        assert!(wanted.contains(100) && !wanted.contains(200) && !wanted.contains(400) && !wanted.contains(99));

        wanted.subscribe(true, [].into_iter());
        assert!(wanted.contains(200) && wanted.contains(400) && !wanted.contains(99));
        wanted.unsubscribe(false, [400].into_iter());
        assert!(!wanted.contains(400) && wanted.contains(401));
        wanted.subscribe(false, [400].into_iter());
        assert_eq!(wanted, Subscriptions::all());
        wanted.unsubscribe(true, [].into_iter());
        assert_eq!(wanted, Subscriptions::default());
    }
}
