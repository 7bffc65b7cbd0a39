//! The type id for the next message of a contract: owns which ids are free, and which of them is offered.

use std::collections::BTreeSet;

use crate::ir::Schema;
use crate::resolve::LAST_FRAMEWORK_ID;

/// The first id of a contract that has none yet and divides nothing.
const FIRST: u16 = 1000;

/// The id that a new message may take: the one after the highest in use in the range it belongs to, or where that range
/// is used to its end, the lowest free one in it. Gaps come last: they may be of messages that were deleted without
/// being retired. No id is offered that the compiler would warn of. `None`: all are taken.
///
/// With a domain, its `type_range` is the range; without one, or where the domain has none, each of the `tag_ranges`
/// in turn without the ranges of domains.
pub fn next_id(schema: &Schema, domain: Option<&str>) -> Option<u16> {
    let of_domain = |name: &str| schema.domains.iter().find(|domain| domain.name == name);
    let range = domain.and_then(of_domain).and_then(|domain| domain.type_range);
    let free = Free::new(schema, range.is_none());
    if let Some((first, last)) = range {
        return free.within(first, last);
    }
    let highest = |domain: &str| {
        let ids = schema.messages.iter().filter(|message| message.domain == domain).map(|message| message.type_id);
        ids.max()
    };
    // Beside its own kind, where a domain has messages but no range.
    let after = domain.and_then(highest).and_then(|highest| {
        let rest = highest.checked_add(1)?..=u16::MAX;
        rest.clone().find(|id| free.is(*id)).filter(|id| free.same_range(highest, *id))
    });
    after.or_else(|| free.anywhere())
}

struct Free<'a> {
    schema: &'a Schema,
    taken: BTreeSet<u16>,
    /// Ranges of domains that the message is none of.
    others: Vec<(u16, u16)>,
}

impl<'a> Free<'a> {
    fn new(schema: &'a Schema, outside_domains: bool) -> Self {
        let ranges = schema.domains.iter().filter_map(|domain| domain.type_range);
        Self {
            schema,
            taken: schema.messages.iter().map(|message| message.type_id).collect(),
            others: ranges.filter(|_| outside_domains).collect(),
        }
    }

    fn is(&self, id: u16) -> bool {
        let is_in = |(first, last): (u16, u16)| (first..=last).contains(&id);
        id != 0
            && !self.taken.contains(&id)
            && !self.schema.reserved_ids.iter().any(|range| is_in(range.value))
            && !self.others.iter().any(|range| is_in(*range))
            && (self.schema.core || id > LAST_FRAMEWORK_ID)
            && self.is_ordinary(id)
    }

    /// Whether an id is in one of the tag ranges that messages of this contract are meant to be in.
    fn is_ordinary(&self, id: u16) -> bool {
        self.schema.tag_ranges.is_empty() || self.ordinary_ranges().any(|(first, last)| (first..=last).contains(&id))
    }

    fn ordinary_ranges(&self) -> impl Iterator<Item = (u16, u16)> {
        let usable = |name: &str| name != "experimental" && (name != "core" || self.schema.core);
        let ranges = self.schema.tag_ranges.iter().filter(move |range| usable(&range.name));
        ranges.map(|range| (range.first, range.last))
    }

    fn same_range(&self, one: u16, other: u16) -> bool {
        let range = |id: u16| self.ordinary_ranges().find(|(first, last)| (*first..=*last).contains(&id));
        range(one) == range(other)
    }

    fn within(&self, first: u16, last: u16) -> Option<u16> {
        let used = self.taken.range(first..=last).next_back().filter(|_| first <= last);
        let after = used.and_then(|used| used.checked_add(1)).unwrap_or(first);
        (after..=last).find(|id| self.is(*id)).or_else(|| (first..=last).find(|id| self.is(*id)))
    }

    fn anywhere(&self) -> Option<u16> {
        if !self.schema.tag_ranges.is_empty() {
            return self.ordinary_ranges().find_map(|(first, last)| self.within(first, last));
        }
        let highest = self.taken.range(FIRST..).next_back().map_or(FIRST, |used| used.saturating_add(1));
        (highest..=u16::MAX).chain(FIRST..=u16::MAX).chain(1..FIRST).find(|id| self.is(*id))
    }
}
